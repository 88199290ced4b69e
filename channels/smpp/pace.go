package smpp

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

const (
	// pacerTop is the rate in messages a second from which a link without a configured
	// rate comes down when its peer first throttles, and at which it is free again.
	pacerTop = 10_000

	// pacerFloor is the slowest rate in messages a second that throttling leads to, unless
	// the configured one is slower.
	pacerFloor = 1

	// pacerHold is how long one halving is given to show: a window of requests that were
	// all refused together is one sign, not sixty-four.
	pacerHold = 250 * time.Millisecond

	// pacerSteps is how many seconds a rate needs to grow from nothing to its top.
	pacerSteps = 20
)

// pacer keeps the rate of a link: a token bucket whose rate halves when the peer
// throttles and grows back by equal steps while it does not.
type pacer struct {
	top     rate.Limit
	bounded bool // the operator has set a rate; otherwise top is only a memory aid
	now     func() time.Time
	limiter *rate.Limiter
	slowed  atomic.Bool

	mu      sync.Mutex
	changed time.Time
}

// newPacer takes a rate in messages a second; 0 for none.
func newPacer(perSecond float64, now func() time.Time) *pacer {
	p := &pacer{top: rate.Limit(perSecond), bounded: perSecond > 0, now: now}
	if !p.bounded {
		p.top = pacerTop
	}
	p.limiter = rate.NewLimiter(p.top, burst(p.top))
	return p
}

// burst lets a twentieth of a second's messages go at once, since timers are coarse.
func burst(l rate.Limit) int { return max(1, int(l/20)) }

// wait returns when the next message may go.
func (p *pacer) wait(ctx context.Context) error {
	if !p.bounded && !p.slowed.Load() {
		return ctx.Err()
	}
	return p.limiter.Wait(ctx)
}

// hear takes the status of each answer.
func (p *pacer) hear(s Status) {
	switch {
	case s.Congested():
		p.slowDown()
	case p.slowed.Load():
		p.speedUp()
	}
}

func (p *pacer) slowDown() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if now.Sub(p.changed) < pacerHold {
		return
	}
	p.set(now, max(min(pacerFloor, p.top), p.limiter.Limit()/2))
}

func (p *pacer) speedUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if now.Sub(p.changed) < time.Second {
		return
	}
	p.set(now, min(p.top, p.limiter.Limit()+p.top/pacerSteps))
}

func (p *pacer) set(now time.Time, l rate.Limit) {
	p.changed = now
	p.limiter.SetLimitAt(now, l)
	p.limiter.SetBurstAt(now, burst(l))
	p.slowed.Store(l < p.top)
}

// limit gives the present rate in messages a second; 0 for none.
func (p *pacer) limit() float64 {
	if !p.bounded && !p.slowed.Load() {
		return 0
	}
	return float64(p.limiter.Limit())
}
