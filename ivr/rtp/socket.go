//go:build unix

package rtp

import (
	"fmt"
	"net/netip"
	"os"
	"syscall"
)

// socket is a UDP port that is asked and never waited for. Go's own connections
// are registered with the poller, which a packet on any of them wakes: for a
// thousand calls that is most of the cost of receiving.
type socket struct {
	fd   int
	port uint16
	v6   bool
	to4  syscall.SockaddrInet4 // scratch: the destination
	to6  syscall.SockaddrInet6
}

// roomOctets is what the kernel keeps of what has arrived, a second of sound with
// its overhead: a flood of one port costs no more.
const roomOctets = 64 << 10

// forward is the DSCP class of voice, EF, as the octet of IP has it (RFC 3246).
const forward = 46 << 2

// openSocket binds a port; 0 is any.
func openSocket(host netip.Addr, port uint16) (s socket, err error) {
	s.v6 = host.Is6()
	family := syscall.AF_INET
	if s.v6 {
		family = syscall.AF_INET6
	}
	syscall.ForkLock.RLock()
	s.fd, err = syscall.Socket(family, syscall.SOCK_DGRAM, 0)
	if err == nil {
		syscall.CloseOnExec(s.fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return socket{}, os.NewSyscallError("socket", err)
	}
	if err = s.bind(host, port); err != nil {
		s.close()
		return socket{}, fmt.Errorf("bind %s: %w", netip.AddrPortFrom(host, port), err)
	}
	return s, nil
}

func (s *socket) bind(host netip.Addr, port uint16) error {
	if err := syscall.SetNonblock(s.fd, true); err != nil {
		return err
	}
	if err := syscall.Bind(s.fd, s.sockaddr(netip.AddrPortFrom(host, port))); err != nil {
		return err
	}
	bound, err := syscall.Getsockname(s.fd)
	if err != nil {
		return err
	}
	switch a := bound.(type) {
	case *syscall.SockaddrInet4:
		s.port = uint16(a.Port)
	case *syscall.SockaddrInet6:
		s.port = uint16(a.Port)
	}
	// What follows makes it better and may be refused.
	level, option := syscall.IPPROTO_IP, syscall.IP_TOS
	if s.v6 {
		level, option = syscall.IPPROTO_IPV6, syscall.IPV6_TCLASS
	}
	_ = syscall.SetsockoptInt(s.fd, level, option, forward)
	_ = syscall.SetsockoptInt(s.fd, syscall.SOL_SOCKET, syscall.SO_RCVBUF, roomOctets)
	stampArrivals(s.fd)
	return nil
}

// sockaddr is an address as the kernel takes it; it is good until the next.
func (s *socket) sockaddr(to netip.AddrPort) syscall.Sockaddr {
	if s.v6 {
		s.to6.Addr, s.to6.Port = to.Addr().As16(), int(to.Port())
		return &s.to6
	}
	s.to4.Addr, s.to4.Port = to.Addr().Unmap().As4(), int(to.Port())
	return &s.to4
}

// reaches says that the socket can send to an address at all.
func (s *socket) reaches(to netip.AddrPort) bool {
	return to.IsValid() && to.Port() != 0 && (s.v6 || to.Addr().Unmap().Is4())
}

// send sends a datagram, or drops it if the kernel has no room.
func (s *socket) send(b []byte, to netip.AddrPort) error {
	return syscall.Sendto(s.fd, b, 0, s.sockaddr(to))
}

// close gives the port back.
func (s *socket) close() { _ = syscall.Close(s.fd) }
