//go:build unix && !linux

package rtp

import (
	"net/netip"
	"syscall"
	"time"
)

const letterOctets = 1500

// inbox reads what has arrived at a socket, one datagram at a time and without the
// kernel's time. It is for one goroutine and for one socket after the other.
type inbox struct {
	octets [letterOctets]byte
	length int
	from   netip.AddrPort
}

func newInbox() *inbox { return new(inbox) }

func stampArrivals(int) {}

// receive reads what is there, and says how many there were.
func (in *inbox) receive(s *socket) int {
	n, from, err := syscall.Recvfrom(s.fd, in.octets[:], 0)
	if err != nil {
		return 0
	}
	in.length = n
	switch a := from.(type) {
	case *syscall.SockaddrInet4:
		in.from = netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *syscall.SockaddrInet6:
		in.from = netip.AddrPortFrom(netip.AddrFrom16(a.Addr).Unmap(), uint16(a.Port))
	}
	return 1
}

// full says that more may have come than was read.
func (in *inbox) full(n int) bool { return n == 1 }

// letter is a datagram, good until the next receive.
func (in *inbox) letter(_ int, now time.Time) (b []byte, from netip.AddrPort, at time.Time) {
	return in.octets[:in.length], in.from, now
}
