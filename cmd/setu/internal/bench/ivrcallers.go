package bench

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	"setu/cmd/setu/internal/softphone"
	"setu/ivr/rtp"
)

// line is one call's sound as it arrives. Gaps are between the times at which the
// kernel has got two packets, so that this process's own delays are not in them.
type line struct {
	crowd *arrivals

	mu    sync.Mutex
	last  time.Time // the packet before
	began time.Time // the first one that counts
	first uint32    // its timestamp
	at    uint32    // the latest timestamp
	seq   uint16
	lost  int

	spoke  time.Time // the last sound
	keyed  time.Time // the key that waits for sound; zero: none
	keys   int
	silent int // keys that nothing was said to
}

// arrivals is what all calls have in common.
type arrivals struct {
	mu      sync.Mutex
	counted bool
	gaps    histogram
	replies histogram
	late    int
}

// Limits of pacing: a packet that comes half a frame late is late, which telephones
// even out; a call whose sound takes a hundredth longer than it should is stretched.
const (
	frameLength = 20 * time.Millisecond
	lateGap     = 30 * time.Millisecond
	stretch     = 1.01
)

// hear takes a packet.
func (l *line) hear(f rtp.Frame) {
	l.mu.Lock()
	defer l.mu.Unlock()
	gap := f.At.Sub(l.last)
	known := !l.last.IsZero()
	switch {
	case !known:
	case l.began.IsZero():
		l.began, l.first = f.At, f.Timestamp
	default:
		l.lost += int(int16(f.Seq - l.seq - 1)) // one that was overtaken is taken back
	}
	l.last, l.at, l.seq = f.At, f.Timestamp, f.Seq
	spoken := len(bytes.Trim(f.Payload, "\xff\xd5\x7f\x55")) > 0
	var reply time.Duration
	if spoken {
		if !l.keyed.IsZero() {
			reply = f.At.Sub(l.keyed)
			l.keyed = time.Time{}
		}
		l.spoke = f.At
	}
	l.crowd.take(known, gap, reply)
}

func (a *arrivals) take(known bool, gap, reply time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.counted {
		return
	}
	if known {
		a.gaps.add(gap)
		if gap > lateGap {
			a.late++
		}
	}
	if reply > 0 {
		a.replies.add(reply)
	}
}

// restart begins to count.
func (l *line) restart() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.began, l.lost, l.keys, l.silent = time.Time{}, 0, 0, 0
}

// stretched says that the sound took longer than it should.
func (l *line) stretched() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	sound := time.Duration(l.at-l.first) * time.Second / 8000
	return sound <= 0 || float64(l.last.Sub(l.began)) > stretch*float64(sound)+float64(2*frameLength)
}

// Times of a caller who listens and presses a key.
const (
	listened  = 1200 * time.Millisecond // nothing is said for so long when a prompt is over
	answerFor = 5 * time.Second         // a key is answered, or it was lost
)

// due says that a caller presses a key now.
func (l *line) due(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.keyed.IsZero() {
		if now.Sub(l.keyed) < answerFor {
			return false
		}
		l.silent++
		l.keyed = time.Time{}
	}
	if l.spoke.IsZero() || now.Sub(l.spoke) < listened {
		return false
	}
	l.keys++
	l.keyed = now
	return true
}

// walk is what a caller presses, one after the other: her language, the lesson's
// key, then a benefit's last payment, which the ledger is asked for, and another.
var walk = []string{"3", "1", "1", "1", "1000000001", "1", "*"}

// callers are the calls of a measurement.
type callers struct {
	cfg   IVRConfig
	phone *softphone.Phone
	arrivals

	calls   []*softphone.Call
	lines   []*line
	steps   []int
	setUp   histogram
	refused int
	why     error // the first refusal
}

// dial sets the calls up at the configured rate.
func (c *callers) dial(ctx context.Context) error {
	var mu sync.Mutex
	var all sync.WaitGroup
	tick := time.NewTicker(time.Duration(float64(time.Second) / c.cfg.Rate))
	defer tick.Stop()
	first := c.cfg.Now().UnixNano() / int64(time.Millisecond) % 90_000_000 * 10 // others than in the run before
	for i := range c.cfg.Calls {
		from := fmt.Sprintf("+919%09d", (first+int64(i))%1_000_000_000)
		all.Go(func() {
			call, err := c.phone.Call(ctx, from, c.cfg.Code, c.cfg.Now)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				c.refused++
				if c.why == nil {
					c.why = err
				}
				return
			}
			l := &line{crowd: &c.arrivals}
			call.Stream.Hear(l.hear)
			c.calls, c.lines, c.steps = append(c.calls, call), append(c.lines, l), append(c.steps, 0)
			c.setUp.add(call.SetUp)
		})
		select {
		case <-tick.C:
		case <-ctx.Done():
			all.Wait()
			return ctx.Err()
		}
	}
	all.Wait()
	if len(c.calls) == 0 {
		return fmt.Errorf("no call came about: %w", c.why)
	}
	return nil
}

// talk lets the callers press keys for a while.
func (c *callers) talk(ctx context.Context, d time.Duration) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := c.cfg.Now().Add(d); c.cfg.Now().Before(end); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		for i, l := range c.lines {
			if !l.due(c.cfg.Now()) {
				continue
			}
			// A call that has ended takes no keys, and is counted at the end.
			_ = c.calls[i].Stream.Send(walk[c.steps[i]%len(walk)])
			c.steps[i]++
		}
	}
	return nil
}

// begin starts to count.
func (c *callers) begin(ctx context.Context, g gauge) (before reading, own time.Duration) {
	for _, l := range c.lines {
		l.restart()
	}
	c.mu.Lock()
	c.counted, c.gaps, c.replies, c.late = true, histogram{}, histogram{}, 0
	c.mu.Unlock()
	before, _ = g.read(ctx) // that it cannot be read has been noted
	return before, ownCPU()
}

// sum sums up what was counted.
func (c *callers) sum(r *IVRReport) {
	c.mu.Lock()
	c.counted = false
	c.mu.Unlock()
	r.Seconds, r.Refused = c.cfg.Talk.Seconds(), c.refused
	if c.why != nil {
		r.Notes = append(r.Notes, c.why.Error())
	}
	r.SetUp, r.Replies = quantiles(&c.setUp), quantiles(&c.replies)
	r.Pacing = c.pacing(c.lines)
	for i, l := range c.lines {
		l.mu.Lock()
		r.Keys += l.keys
		r.Unanswered += l.silent
		l.mu.Unlock()
		select {
		case <-c.calls[i].Ended():
			r.Dropped++
		default:
		}
	}
}

// pacing sums up how packets have come.
func (a *arrivals) pacing(lines []*line) Pacing {
	a.mu.Lock()
	p := Pacing{Packets: a.gaps.n, Gap: quantiles(&a.gaps), Late: a.late}
	a.mu.Unlock()
	for _, l := range lines {
		if l.stretched() {
			p.Stretched++
		}
		l.mu.Lock()
		p.Lost += max(l.lost, 0)
		l.mu.Unlock()
	}
	return p
}

// hangUp ends the calls, not all at the same moment.
func (c *callers) hangUp(ctx context.Context) {
	const atOnce = 20
	slots := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for _, call := range c.calls {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			_ = call.HangUp(ctx) // the gateway ends a call whose BYE is lost by itself
		})
	}
	all.Wait()
}
