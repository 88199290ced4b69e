package mobileapi

import (
	"sync"
	"time"
)

// guestBurst is for how many seconds' worth of requests those of one source may
// come at once: behind one address of an operator's there are many phones.
const guestBurst = 10

// maxSources bounds the sources that are remembered, of about 100 octets each.
const maxSources = 1 << 16

// guests bounds the requests that anybody may send, by their source. It is the
// generic cell rate algorithm (ITU-T I.371): of each source one time is kept. A nil
// one bounds nothing.
type guests struct {
	every time.Duration // between two requests
	mu    sync.Mutex
	due   map[string]time.Time // when the source has used up nothing
}

// newGuests bounds each source to so many requests a second; 0 is no bound.
func newGuests(perSecond int) *guests {
	if perSecond <= 0 {
		return nil
	}
	return &guests{every: time.Second / time.Duration(perSecond), due: map[string]time.Time{}}
}

// take takes one request of a source; a wait that is not 0 says that there is none
// to take before.
func (g *guests) take(source string, now time.Time) (wait time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	due := g.due[source]
	if due.Before(now) {
		due = now
	}
	if ahead := due.Add(g.every).Sub(now); ahead > guestBurst*time.Second {
		return ahead - guestBurst*time.Second
	}
	if len(g.due) >= maxSources {
		g.forget(now)
	}
	g.due[source] = due.Add(g.every)
	return 0
}

// forget makes room: sources that have used up nothing go, and if there are none
// any one.
func (g *guests) forget(now time.Time) {
	for source, due := range g.due {
		if due.Before(now) {
			delete(g.due, source)
		}
	}
	for source := range g.due {
		if len(g.due) < maxSources {
			return
		}
		delete(g.due, source)
	}
}

// guest lets a request in that no bound phone has signed. The error is a problem.
func (a *API) guest(r *request) error {
	if a.guests == nil {
		return nil
	}
	wait := a.guests.take(a.origin(r), a.cfg.Now())
	if wait == 0 {
		return nil
	}
	p := problem(tooMany, "requests that need no phone that is bound are limited by address")
	p.retry = wait
	return p
}
