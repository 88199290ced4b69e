package rtp

import (
	"encoding/binary"
	"net/netip"
	"syscall"
	"time"
	"unsafe"
)

// What an inbox takes at once, and of each datagram: sound in packets of 60 ms has
// 492 octets, and reports of RTCP have fewer than 1,500.
const (
	inboxLetters = 8
	letterOctets = 1500
)

// stampOctets is the room of a kernel timestamp among what comes beside a datagram.
const stampOctets = 64

// inbox reads what has arrived at a socket: up to eight datagrams by one call of
// recvmmsg, each with the time at which the kernel has got it. It is for one
// goroutine and for one socket after the other.
type inbox struct {
	headers [inboxLetters]mmsghdr
	parts   [inboxLetters]syscall.Iovec
	from    [inboxLetters]syscall.RawSockaddrInet6
	beside  [inboxLetters][stampOctets]byte
	octets  [inboxLetters][letterOctets]byte
}

// mmsghdr is struct mmsghdr of recvmmsg(2).
type mmsghdr struct {
	msg    syscall.Msghdr
	length uint32
}

func newInbox() *inbox {
	in := new(inbox)
	for i := range in.headers {
		in.parts[i].Base = &in.octets[i][0]
		in.parts[i].SetLen(letterOctets)
		m := &in.headers[i].msg
		m.Name, m.Iov, m.Iovlen = (*byte)(unsafe.Pointer(&in.from[i])), &in.parts[i], 1 //nolint:gosec // as the system call wants it
		m.Control = &in.beside[i][0]
	}
	return in
}

// stampArrivals asks the kernel for the time at which a datagram arrives.
func stampArrivals(fd int) {
	_ = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_TIMESTAMPNS, 1)
}

// receive reads what is there, and says how many there were.
func (in *inbox) receive(s *socket) int {
	for i := range in.headers {
		m := &in.headers[i].msg
		m.Namelen = uint32(unsafe.Sizeof(in.from[i])) //nolint:gosec // a size
		m.SetControllen(stampOctets)
	}
	n, _, errno := syscall.Syscall6(syscall.SYS_RECVMMSG, uintptr(s.fd),
		uintptr(unsafe.Pointer(&in.headers[0])), inboxLetters, syscall.MSG_DONTWAIT, 0, 0) //nolint:gosec // as the system call wants it
	if errno != 0 {
		return 0
	}
	return int(n)
}

// full says that more may have come than was read.
func (in *inbox) full(n int) bool { return n == inboxLetters }

// letter is a datagram, good until the next receive. Without a time of the
// kernel's it has come now.
func (in *inbox) letter(i int, now time.Time) (b []byte, from netip.AddrPort, at time.Time) {
	b = in.octets[i][:min(in.headers[i].length, letterOctets)]
	return b, in.sender(i), in.stamp(i, now)
}

func (in *inbox) sender(i int) netip.AddrPort {
	raw := &in.from[i]
	// The port is in the order of the net, whatever that of the machine.
	port := binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&raw.Port))[:]) //nolint:gosec // two octets of a known layout
	if raw.Family == syscall.AF_INET {
		v4 := (*syscall.RawSockaddrInet4)(unsafe.Pointer(raw)) //nolint:gosec // the smaller of the two
		return netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), port)
	}
	return netip.AddrPortFrom(netip.AddrFrom16(raw.Addr).Unmap(), port)
}

func (in *inbox) stamp(i int, now time.Time) time.Time {
	const head = syscall.SizeofCmsghdr
	var stamp syscall.Timespec
	if uint64(in.headers[i].msg.Controllen) < uint64(head+unsafe.Sizeof(stamp)) { //nolint:gosec // a size
		return now
	}
	c := (*syscall.Cmsghdr)(unsafe.Pointer(&in.beside[i][0])) //nolint:gosec // the kernel has written it
	if c.Level != syscall.SOL_SOCKET || c.Type != syscall.SO_TIMESTAMPNS {
		return now
	}
	stamp = *(*syscall.Timespec)(unsafe.Pointer(&in.beside[i][head])) //nolint:gosec // so much was written
	return time.Unix(stamp.Unix())
}
