package rtp

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
)

// ErrPorts says that no pair of ports is free.
var ErrPorts = errors.New("rtp: no ports free")

// Ports are the ports that media may use, both ends included: each call takes an
// even one for RTP and the next for RTCP (RFC 3550 §11). The zero value leaves the
// choice to the system.
type Ports struct {
	First, Last uint16
}

// pairs is how many calls there can be.
func (p Ports) pairs() int { return (int(p.Last) + 1 - p.even()) / 2 }

// even is the first port for RTP.
func (p Ports) even() int { return (int(p.First) + 1) &^ 1 }

func (p Ports) valid() bool { return p == (Ports{}) || p.First > 0 && p.pairs() > 0 }

// pool gives pairs of ports, one after the other, so that what still comes for a
// call that has ended does not reach the next.
type pool struct {
	host  netip.Addr
	ports Ports

	mu   sync.Mutex
	next int
}

// anyTries is how often the system is asked for a pair: it gives even and odd
// ports alike.
const anyTries = 64

// take binds a pair. Errors are [ErrPorts], and what the system says.
func (p *pool) take() (media, control socket, err error) {
	pairs, first := anyTries, 0
	if p.ports != (Ports{}) {
		pairs, first = p.ports.pairs(), p.ports.even()
	}
	for range pairs {
		port := 0
		if first > 0 {
			p.mu.Lock()
			port = first + 2*(p.next%pairs)
			p.next++
			p.mu.Unlock()
		}
		if media, control, err = pair(p.host, uint16(port)); err == nil {
			return media, control, nil
		}
	}
	return socket{}, socket{}, fmt.Errorf("%w: %w", ErrPorts, err)
}

// errOdd says that the system has given an odd port.
var errOdd = errors.New("an odd port")

// pair binds a port and the next.
func pair(host netip.Addr, port uint16) (media, control socket, err error) {
	if media, err = openSocket(host, port); err != nil {
		return socket{}, socket{}, err
	}
	if media.port%2 != 0 {
		media.close()
		return socket{}, socket{}, errOdd
	}
	if control, err = openSocket(host, media.port+1); err != nil {
		media.close()
		return socket{}, socket{}, err
	}
	return media, control, nil
}
