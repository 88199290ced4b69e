// Package callback calls citizens: who gave a missed call, which costs her
// nothing, who has asked for a call, and whose answer came late.
//
// Its rules:
//
//   - A wish is on disk before her call is rejected or her message answered.
//     Wishes of one number within [Policy.Apart] are one.
//   - That a call is placed is on disk before it is. What was placed when the
//     process died has an unknown fate and is not placed again: a telephone that
//     rings twice for one missed call, at the state's cost, is worse than one that
//     has to be asked again.
//   - Busy and not answered is tried again after growing pauses, within the hours
//     and the caps of a day. All of these are on disk.
//   - What she has not heard by the end becomes an SMS, in the same commit.
package callback

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"setu/gateway"
)

// Outcome is what became of a call that was placed.
type Outcome uint8

// The outcomes.
const (
	Unknown     Outcome = iota // it may have rung
	Answered                   // and is over
	Busy                       // or turned away by her
	NoAnswer                   // or out of reach
	Refused                    // there is no such number
	Unavailable                // it rang nowhere: the line is down or full
)

// String is the outcome's name in logs.
func (o Outcome) String() string {
	if names := [...]string{"unknown", "answered", "busy", "no-answer", "refused", "unavailable"}; int(o) < len(names) {
		return names[o]
	}
	return "none"
}

// Result is the outcome of a call.
type Result struct {
	Outcome Outcome
	Reason  string // of the network, such as "486 Busy Here"; never a number
}

// Caller places calls.
type Caller interface {
	// Call rings a citizen from a number of ours. When she answers she talks with
	// the dialogue, and it returns when the call is over; a call that is under
	// way when ctx ends is ended.
	Call(ctx context.Context, from, to gateway.Address) Result
}

// Line is a way to place calls.
type Line struct {
	Name string
	Caller
}

// Queue is where the wishes are kept.
type Queue interface {
	WishCall(ctx context.Context, w gateway.CallWish) (added bool, err error)
	DueCalls(ctx context.Context, limit int) ([]gateway.Call, error)
	BeginCall(ctx context.Context, id int64, caps gateway.CallCaps) error
	EndCall(ctx context.Context, e gateway.CallEnd) error
}

// Sessions are what is known of citizens.
type Sessions interface {
	Session(ctx context.Context, citizen gateway.Address) (gateway.Session, error)
}

// Defaults of [Config].
const (
	DefaultLines = 10          // calls at one time
	DefaultPoll  = time.Second // between two looks at the queue
)

// Config is what a [Dialler] works with. Queue, Sessions, Lines, Log and Now are
// required.
type Config struct {
	Queue    Queue
	Sessions Sessions
	Lines    []Line // in the order in which they are tried
	Policy   Policy
	// From is the number that is shown to those who are called.
	From gateway.Address
	// Over is told when a call that was placed is over, before that is written
	// down; nil is nobody.
	Over func(ctx context.Context, citizen gateway.Address)
	Log  *slog.Logger
	Now  func() time.Time

	AtOnce int           // calls; see DefaultLines
	Poll   time.Duration // see DefaultPoll
}

// Counts are what a Dialler has done since it was made.
type Counts struct {
	Missed, Merged                                              atomic.Int64 // calls that were turned away: in all, and that were wishes once more
	Placed, Answered, Busy, Unanswered, Unavailable, Unknown    atomic.Int64
	GivenUp, Refused, Capped, Expired, OutOfHours, Late, Faults atomic.Int64
}

// Dialler calls those who wait. Make one with [New].
type Dialler struct {
	Config
	counts Counts
	busy   sync.Map // IDs of calls under way
	lines  chan struct{}
}

// New makes a Dialler.
func New(c Config) *Dialler {
	c.Policy = c.Policy.withDefaults()
	if c.AtOnce <= 0 {
		c.AtOnce = DefaultLines
	}
	if c.Poll <= 0 {
		c.Poll = DefaultPoll
	}
	return &Dialler{Config: c, lines: make(chan struct{}, c.AtOnce)}
}

// Counts are the Dialler's own, live.
func (d *Dialler) Counts() *Counts { return &d.counts }

// UnderWay is how many calls are being placed or go on.
func (d *Dialler) UnderWay() int { return len(d.lines) }

// Run places calls until ctx ends, then waits for those under way.
func (d *Dialler) Run(ctx context.Context) error {
	var calls sync.WaitGroup
	defer calls.Wait()
	tick := time.NewTicker(d.Poll)
	defer tick.Stop()
	for {
		d.look(ctx, &calls)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// look begins the calls that are due, as far as there are lines.
func (d *Dialler) look(ctx context.Context, calls *sync.WaitGroup) {
	if len(d.lines) == cap(d.lines) {
		return
	}
	// Those that are being looked at wait in the store until they are placed.
	due, err := d.Queue.DueCalls(ctx, cap(d.lines))
	if err != nil {
		d.fault(ctx, "look for calls", err)
		return
	}
	for _, c := range due {
		if _, at := d.busy.LoadOrStore(c.ID, struct{}{}); at {
			continue
		}
		select {
		case d.lines <- struct{}{}:
		default:
			d.busy.Delete(c.ID)
			return
		}
		calls.Go(func() {
			defer func() { <-d.lines; d.busy.Delete(c.ID) }()
			d.guarded(ctx, c)
		})
	}
}

// guarded serves one call; a panic ends it alone.
func (d *Dialler) guarded(ctx context.Context, c gateway.Call) {
	defer func() {
		if p := recover(); p != nil {
			d.counts.Faults.Add(1)
			d.Log.ErrorContext(ctx, "call-back panicked", slog.Int64("call", c.ID), slog.String("stack", string(debug.Stack())))
			d.end(ctx, gateway.CallEnd{ID: c.ID, State: gateway.CallUnknown, Note: "a fault in the gateway: see its log"})
		}
	}()
	d.serve(ctx, c)
}

// serve places a call whose time has come, or says why not.
func (d *Dialler) serve(ctx context.Context, c gateway.Call) {
	now := d.Now()
	if end, ok, err := d.bar(ctx, c, now); err != nil {
		d.fault(ctx, "look at call", err)
		return
	} else if ok {
		d.end(ctx, end)
		return
	}
	day := d.Policy.Day(now)
	err := d.Queue.BeginCall(ctx, c.ID, gateway.CallCaps{Day: day, PerNumber: d.Policy.PerNumber, InAll: d.Policy.InAll})
	switch {
	case errors.Is(err, gateway.ErrNotFound):
		return // she called herself meanwhile
	case errors.Is(err, gateway.ErrNumberCap):
		d.counts.Capped.Add(1)
		d.end(ctx, gateway.CallEnd{ID: c.ID, State: gateway.CallRefused, Note: "called often enough today: ivr.call_back.per_number"})
		return
	case errors.Is(err, gateway.ErrDayCap):
		d.counts.Capped.Add(1)
		d.end(ctx, gateway.CallEnd{ID: c.ID, State: gateway.CallWaiting, Due: d.Policy.Tomorrow(now), Note: "enough calls today: ivr.call_back.in_all"})
		return
	case err != nil:
		d.fault(ctx, "begin call", err)
		return
	}
	c.Tries++
	r := d.place(ctx, c)
	if d.Over != nil {
		d.Over(context.WithoutCancel(ctx), c.Citizen)
	}
	end := d.after(c, r)
	if r.Outcome == Unavailable {
		end.Day = day // it counts for nothing
	}
	d.end(ctx, end)
}

// bar is why a call is not placed now.
func (d *Dialler) bar(ctx context.Context, c gateway.Call, now time.Time) (e gateway.CallEnd, ok bool, err error) {
	e.ID = c.ID
	if !c.Expires.IsZero() && now.After(c.Expires) {
		d.counts.Expired.Add(1)
		e.State, e.Note = gateway.CallExpired, "not placed in time"
		return e, true, nil
	}
	if !d.Policy.May(c.Citizen) {
		d.counts.Refused.Add(1)
		e.State, e.Note = gateway.CallRefused, "not a number that may be called: ivr.call_back.prefixes"
		return e, true, nil
	}
	if at := d.Policy.Opens(now); at.After(now) {
		d.counts.OutOfHours.Add(1)
		e.State, e.Due, e.Note = gateway.CallWaiting, at, "waits for the hours of calls"
		return e, true, nil
	}
	s, err := d.Sessions.Session(ctx, c.Citizen)
	if err != nil || !s.Stopped {
		return e, false, err
	}
	d.counts.Refused.Add(1)
	e.State, e.Note = gateway.CallRefused, "the citizen has sent STOP"
	return e, true, nil
}

// place tries the lines in their order until it rings.
func (d *Dialler) place(ctx context.Context, c gateway.Call) (r Result) {
	r = Result{Unavailable, "no line is configured: ivr.call_back.lines"}
	for _, l := range d.Lines {
		d.counts.Placed.Add(1)
		begun := d.Now()
		r = l.Call(ctx, d.From, c.Citizen)
		d.Log.InfoContext(ctx, "call-back placed", slog.Int64("call", c.ID), slog.String("line", l.Name), slog.Int("try", c.Tries),
			slog.String("outcome", r.Outcome.String()), slog.String("reason", r.Reason), slog.Duration("took", d.Now().Sub(begun).Round(time.Millisecond)))
		if r.Outcome != Unavailable {
			return r
		}
		d.counts.Unavailable.Add(1)
	}
	return r
}

// Pauses after all lines were down or full, or would not call this number: no cap
// counts such calls, so that they come ever more rarely the longer that lasts.
const (
	unavailablePause = 30 * time.Second
	unavailableShare = 4 // of the time since she could be called
	unavailableMost  = 10 * time.Minute
)

// answerPatience is how long a late answer waits for a line.
const answerPatience = 15 * time.Minute

// after is what follows from a call's result.
func (d *Dialler) after(c gateway.Call, r Result) gateway.CallEnd {
	e := gateway.CallEnd{ID: c.ID, Note: r.Reason}
	switch r.Outcome {
	case Answered:
		d.counts.Answered.Add(1)
		e.State = gateway.CallReached
		return e
	case Refused:
		d.counts.Refused.Add(1)
		e.State = gateway.CallRefused
		return e
	case Unavailable:
		now := d.Now()
		tried := now.Sub(d.Policy.Opens(c.Created)) // at night nobody was called
		e.State, e.Due = gateway.CallWaiting, now.Add(max(unavailablePause, min(tried/unavailableShare, unavailableMost)))
		if c.Reason == gateway.CallAnswer && now.Sub(c.Created) > answerPatience {
			d.counts.GivenUp.Add(1)
			e.State = gateway.CallGivenUp // she gets an SMS now
		}
		return e
	case Busy:
		d.counts.Busy.Add(1)
	case NoAnswer:
		d.counts.Unanswered.Add(1)
	case Unknown:
		d.counts.Unknown.Add(1)
		e.State = gateway.CallUnknown
		return e
	}
	pause, ok := d.Policy.Again(c.Tries)
	if !ok {
		d.counts.GivenUp.Add(1)
		e.State = gateway.CallGivenUp
		return e
	}
	e.State, e.Due = gateway.CallWaiting, d.Policy.Opens(d.Now().Add(pause))
	return e
}

// end writes what has become of a call, also when the gateway is stopping.
func (d *Dialler) end(ctx context.Context, e gateway.CallEnd) {
	const long = 5 * time.Second
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), long)
	defer cancel()
	if err := d.Queue.EndCall(ctx, e); err != nil {
		d.fault(ctx, "end call", err)
	}
}

// fault counts and logs an error of the store, unless the gateway is stopping.
func (d *Dialler) fault(ctx context.Context, act string, err error) {
	if ctx.Err() != nil {
		return
	}
	d.counts.Faults.Add(1)
	d.Log.ErrorContext(ctx, "call-back fault", slog.String("act", act), slog.String("error", err.Error()))
}

// Missed queues a call to somebody whose call is turned away. The error is that of
// the store: then nothing is promised to her.
func (d *Dialler) Missed(ctx context.Context, from gateway.Address) error {
	d.counts.Missed.Add(1)
	if !d.Policy.May(from) {
		d.counts.Refused.Add(1)
		return nil
	}
	added, err := d.Queue.WishCall(ctx, d.Policy.wish(from, gateway.CallMissed, d.Now()))
	if err != nil {
		return fmt.Errorf("queue call-back: %w", err)
	}
	if !added {
		d.counts.Merged.Add(1)
	}
	return nil
}

// Wish is a wish for a call that is made now, to be committed with what made it;
// nil if the number may not be called.
func (d *Dialler) Wish(citizen gateway.Address, why gateway.CallReason) *gateway.CallWish {
	if !d.Policy.May(citizen) {
		return nil
	}
	w := d.Policy.wish(citizen, why, d.Now())
	return &w
}
