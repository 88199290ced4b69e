package rtp

import (
	"net/netip"
	"time"
)

// quiet is how long the source of a call has to be silent before another may take
// its place.
const quiet = 2 * time.Second

// latch holds a call to the address that its sound really comes from. Behind an
// address translator that is not the one in the session description, so that the
// first who sends is believed. Who guesses the port is kept out: the hosts that
// signalling knows come before any other, at any time; and once somebody is
// believed, nobody else is before two seconds of silence, and then only from the
// same host or with the same SSRC.
type latch struct {
	media  netip.AddrPort // of the session description
	signal netip.Addr     // that signalling comes from
	strict bool

	at   netip.AddrPort // the source; invalid: none yet
	ssrc uint32
	last time.Time // its last packet
}

// begin holds to a session description. The same address as before leaves all as
// it is.
func (l *latch) begin(media netip.AddrPort, signal netip.Addr, strict bool) {
	same := l.media == media && l.signal == signal && l.strict == strict
	l.media, l.signal, l.strict = media, signal, strict
	if !same {
		l.at = netip.AddrPort{}
	}
}

// known says that signalling knows a host.
func (l *latch) known(host netip.Addr) bool { return host == l.media.Addr() || host == l.signal }

// take says whether a valid packet is of the call.
func (l *latch) take(from netip.AddrPort, ssrc uint32, now time.Time) bool {
	if from == l.at {
		l.last, l.ssrc = now, ssrc
		return true
	}
	known := l.known(from.Addr())
	switch {
	case l.strict && !known:
		return false
	case !l.at.IsValid(), known && !l.known(l.at.Addr()):
	case now.Sub(l.last) < quiet:
		return false
	case from.Addr() != l.at.Addr() && ssrc != l.ssrc:
		return false
	}
	l.at, l.ssrc, l.last = from, ssrc, now
	return true
}

// target is where to send: the source, or before there is one, the address of the
// session description.
func (l *latch) target() netip.AddrPort {
	if l.at.IsValid() {
		return l.at
	}
	return l.media
}
