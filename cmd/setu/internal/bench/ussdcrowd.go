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

	left  atomic.Int64       // sessions of the phase not yet begun
	due   chan time.Duration // when sessions are to begin, at a fixed rate
	mu    sync.Mutex
	tally ussdTally
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
	var wg sync.WaitGroup
	c.due = nil
	if rate > 0 {
		c.due = make(chan time.Duration, n)
		wg.Go(func() { c.pace(ctx, n, rate) })
	}
	for _, caller := range c.callers {
		wg.Go(func() { caller.work(ctx) })
	}
	wg.Wait()
	return ctx.Err()
}

// pace lets sessions begin at a rate, whether or not a caller is free.
func (c *crowd) pace(ctx context.Context, n int, rate float64) {
	defer close(c.due)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	start, begun := c.clock(), 0
	for begun < n {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		now := c.clock()
		for want := min(int(rate*(now-start).Seconds()), n); begun < want; begun++ {
			c.due <- now // that this clock ticks once a millisecond is not the gateway's
		}
	}
}

// next says when the next session is to begin; false after the last.
func (c *crowd) next() (time.Duration, bool) {
	if c.due != nil {
		at, ok := <-c.due
		return at, ok
	}
	return c.clock(), c.left.Add(-1) >= 0
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
