package turn

import (
	"sync"
	"sync/atomic"

	"setu/gateway"
)

// Counts are what a Taker has done since it was made.
type Counts struct {
	Turns      atomic.Int64 // taken and committed
	Duplicates atomic.Int64 // messages that had come before
	Deferred   atomic.Int64 // questions that the ledger did not answer in time
	Submitted  atomic.Int64 // transactions signed and queued
	Repeated   atomic.Int64 // transactions that were asked for before, and not signed again
	Throttled  atomic.Int64 // messages turned away: too many of one citizen
	Faults     atomic.Int64 // turns that could not be taken
}

// Counts are the Taker's own, live.
func (t *Taker) Counts() *Counts { return &t.counts }

// sessionCache keeps sessions that are on disk, so that a citizen in the middle
// of a dialogue is not read back for each message. This process is the only
// writer of its store; against others each commit shows its version.
type sessionCache struct {
	mu    sync.Mutex
	limit int
	m     map[gateway.Address]gateway.Session
}

func (c *sessionCache) get(a gateway.Address) (gateway.Session, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.m[a]
	return s, ok
}

// put keeps s, in the place of some other one when the cache is full.
func (c *sessionCache) put(s gateway.Session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.m == nil {
		c.m = map[gateway.Address]gateway.Session{}
	}
	if _, known := c.m[s.Citizen]; !known && len(c.m) >= c.limit {
		for other := range c.m { // Go's order is random enough
			delete(c.m, other)
			break
		}
	}
	c.m[s.Citizen] = s
}

func (c *sessionCache) drop(a gateway.Address) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.m, a)
}
