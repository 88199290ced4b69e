package bench

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxCallers is the most sessions that may be under way: each has a
	// connection of its own, as an aggregator's gateway has one for each call
	// that waits for an answer.
	maxCallers = 20_000
	// enrolling is how many citizens dial at once before the runs.
	enrolling = 200
)

// crowd is callers with a connection each to one server. A caller walks one
// session after another, without a pause between its screens.
type crowd struct {
	cfg     USSDConfig
	talk    *talk
	addr    string
	epoch   time.Time
	callers []*caller

	left atomic.Int64 // sessions of the phase not yet begun, as fast as it goes

	mu    sync.Mutex
	tally ussdTally
	// At a fixed rate: when sessions were due that wait for a caller, and the
	// callers who wait for one. The last to be free is the next to be busy, as
	// in a pool of connections.
	paced   bool
	waiting []time.Duration
	idle    []*caller
	paceEnd bool // no further session will be due
}

// ussdTally is what a crowd has counted.
type ussdTally struct {
	sessions, screens int // ended well; answered
	wrong             int // screens that are not what they should be
	lost              int // screens that never came: no answer in time, or a broken connection
	refused           int // screens whose HTTP status was not 200
	latency           histogram
	wrongText         string
	lastErr           error
	status            int
}

// trouble says what went wrong.
func (t *ussdTally) trouble() string {
	s := fmt.Sprintf("%d wrong, %d lost, %d refused", t.wrong, t.lost, t.refused)
	if t.wrong > 0 {
		s += fmt.Sprintf("; the latest wrong screen was %q", t.wrongText)
	}
	if t.refused > 0 {
		s += fmt.Sprintf("; the latest status was %d", t.status)
	}
	if t.lastErr != nil {
		s += "; " + t.lastErr.Error()
	}
	return s
}

// newCrowd connects all callers.
func newCrowd(ctx context.Context, cfg USSDConfig, t *talk, addr string, callers int) (*crowd, error) {
	c := &crowd{cfg: cfg, talk: t, addr: addr, epoch: cfg.Now(), callers: make([]*caller, callers)}
	for i := range c.callers {
		c.callers[i] = &caller{crowd: c}
		if err := c.callers[i].connect(ctx); err != nil {
			c.close()
			return nil, fmt.Errorf("connect to %s (is `setu serve` running?): %w", addr, err)
		}
	}
	return c, nil
}

func (c *crowd) close() {
	for _, caller := range c.callers {
		if caller != nil && caller.conn != nil {
			_ = caller.conn.Close()
		}
	}
}

func (c *crowd) clock() time.Duration { return c.cfg.Now().Sub(c.epoch) }

// phase walks n sessions: as fast as they end, or begun at a rate a second.
func (c *crowd) phase(ctx context.Context, n int, rate float64) error {
	c.left.Store(int64(n))
	c.paced, c.paceEnd, c.waiting, c.idle = rate > 0, false, nil, nil
	var wg sync.WaitGroup
	for _, caller := range c.callers {
		wg.Go(func() { caller.work(ctx) })
	}
	if c.paced {
		wg.Go(func() { c.pace(ctx, n, rate) })
	}
	wg.Wait()
	return ctx.Err()
}

// pace lets sessions begin at a rate, whether or not a caller is free.
func (c *crowd) pace(ctx context.Context, n int, rate float64) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	start, begun := c.clock(), 0
	for begun < n && ctx.Err() == nil {
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
		now := c.clock()
		for want := min(int(rate*(now-start).Seconds()), n); begun < want; begun++ {
			c.deal(now) // that this clock ticks once a millisecond is not the gateway's
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.paceEnd = true
	for _, caller := range c.idle {
		close(caller.turn)
	}
	c.idle = nil
}

// deal gives a session that is due to a caller, or lets it wait for one.
func (c *crowd) deal(due time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.idle) == 0 {
		c.waiting = append(c.waiting, due)
		return
	}
	last := len(c.idle) - 1
	c.idle[last].turn <- due
	c.idle = c.idle[:last]
}

// next says when the caller's next session was due; false after the last.
func (c *crowd) next(caller *caller) (time.Duration, bool) {
	if !c.paced {
		return c.clock(), c.left.Add(-1) >= 0
	}
	c.mu.Lock()
	if len(c.waiting) > 0 {
		due := c.waiting[0]
		c.waiting = c.waiting[1:]
		c.mu.Unlock()
		return due, true
	}
	if c.paceEnd {
		c.mu.Unlock()
		return 0, false
	}
	caller.turn = make(chan time.Duration, 1)
	c.idle = append(c.idle, caller)
	c.mu.Unlock()
	due, ok := <-caller.turn
	return due, ok
}

// count adds up one screen.
func (c *crowd) count(took time.Duration) {
	c.mu.Lock()
	c.tally.screens++
	c.tally.latency.add(took)
	c.mu.Unlock()
}

// note adds up anything else.
func (c *crowd) note(fn func(*ussdTally)) {
	c.mu.Lock()
	fn(&c.tally)
	c.mu.Unlock()
}
