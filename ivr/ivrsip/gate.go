package ivrsip

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"
	"golang.org/x/time/rate"
)

// Bounds of what one host may send, in messages a second and at once. A call takes
// under ten; a trunk that carries a hundred new ones a second stays below the
// first, and a scanner above the second.
const (
	knownRate    = 3000
	strangerRate = 20
	// newCalls is how many calls one host may begin in a second by digest.
	newCalls = 5
	// maxHosts bounds the hosts that are remembered.
	maxHosts = 4096
)

// gate keeps out whom no trunk knows, before anything of a message is read, and
// holds back who sends too much.
type gate struct {
	trunks  []*trunk
	dropped atomic.Int64 // messages

	all *rate.Limiter // new calls

	messages, calls limits
}

func (g *gate) open(trunks []*trunk, perSecond float64) {
	g.trunks, g.all = trunks, rate.NewLimiter(rate.Limit(perSecond), max(1, int(perSecond)))
}

// find is the trunk of a host: the one that lists it before one that lets in
// everybody who has the password. Nil is none.
func (g *gate) find(host netip.Addr) *trunk {
	var any *trunk
	for _, t := range g.trunks {
		switch {
		case !t.lets(host):
		case t.Caller == "" || len(t.Allow) > 0 || t.is(host):
			return t
		case any == nil:
			any = t
		}
	}
	return any
}

// admits says that a message of a host is looked at.
func (g *gate) admits(host netip.Addr, now time.Time) bool {
	t := g.find(host)
	if t == nil {
		g.dropped.Add(1)
		return false
	}
	limit := rate.Limit(knownRate)
	if t.Caller != "" && len(t.Allow) == 0 {
		limit = strangerRate
	}
	if !g.messages.allow(host, limit, now) {
		g.dropped.Add(1)
		return false
	}
	return true
}

// limits hold back each host by itself. The zero value is ready.
type limits struct {
	mu    sync.Mutex
	hosts map[netip.Addr]*rate.Limiter
}

func (l *limits) allow(host netip.Addr, perSecond rate.Limit, now time.Time) bool {
	l.mu.Lock()
	one, ok := l.hosts[host]
	if !ok {
		if l.hosts == nil || len(l.hosts) >= maxHosts {
			l.hosts = make(map[netip.Addr]*rate.Limiter)
		}
		one = rate.NewLimiter(perSecond, int(perSecond))
		l.hosts[host] = one
	}
	l.mu.Unlock()
	return one.AllowN(now, 1)
}

// filter drops what the gate does not admit, for the library. It never fails,
// since an error would end the listener.
func (d *Driver) filter(from sip.TransportReadProps, data []byte) ([]byte, error) {
	at, err := netip.ParseAddrPort(from.RemoteAddr.String())
	if err != nil || !d.gate.admits(at.Addr().Unmap(), d.cfg.Now()) {
		return nil, nil
	}
	return data, nil
}

// Dropped is how many messages came from hosts that no trunk knows, or that sent
// too many.
func (d *Driver) Dropped() int64 { return d.gate.dropped.Load() }

// hostOf is the host of a message's source.
func hostOf(source string) netip.Addr {
	at, err := netip.ParseAddrPort(source)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap()
}
