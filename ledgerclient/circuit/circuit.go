// Package circuit keeps a ledger that is out of reach from being asked over
// and over: after a few failures of the route, calls are refused at once, and
// one call at a time tries whether it is back.
//
// There are two circuits, since a ledger can answer while it takes nothing new:
// on Fabric peers answer and endorse without an orderer. One is for submits, the
// other for all that only asks.
package circuit

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"setu/ledgerclient"
)

// ErrOpen is the cause of the errors (class Before) that an open circuit gives.
var ErrOpen = errors.New("circuit: the ledger is out of reach")

// Defaults of [Options].
const (
	DefaultFailures = 5
	DefaultPause    = 2 * time.Second
)

// Options are the circuit's settings; zero values are the defaults.
type Options struct {
	// Failures in a row that open the circuit.
	Failures uint32
	// Pause before one call may try the route again.
	Pause time.Duration
	// OnChange is told when one of the ways is lost (false) and found again.
	OnChange func(up bool)
}

// Ledger is a ledger behind a circuit breaker.
type Ledger struct {
	inner          ledgerclient.Ledger
	asking, submit *breaker
}

// breaker is a circuit that remembers what opened it, for operators.
type breaker struct {
	*gobreaker.TwoStepCircuitBreaker[struct{}]
	last atomic.Pointer[string]
}

var _ ledgerclient.Ledger = (*Ledger)(nil)

// New puts inner behind a circuit breaker.
func New(inner ledgerclient.Ledger, o Options) *Ledger {
	if o.Failures == 0 {
		o.Failures = DefaultFailures
	}
	if o.Pause <= 0 {
		o.Pause = DefaultPause
	}
	return &Ledger{inner: inner, asking: newBreaker("asking", o), submit: newBreaker("submit", o)}
}

func newBreaker(name string, o Options) *breaker {
	return &breaker{TwoStepCircuitBreaker: gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name:        name,
		MaxRequests: 1,
		Timeout:     o.Pause,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= o.Failures },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			// A call that tries the route in vain leads from half-open to
			// open again, which is no news.
			if o.OnChange != nil && (from == gobreaker.StateClosed || to == gobreaker.StateClosed) {
				o.OnChange(to == gobreaker.StateClosed)
			}
		},
	})}
}

// Up says that all calls go through. While it is false most submits, or most of
// the other calls, are refused at once with class Before and cause [ErrOpen].
func (l *Ledger) Up() bool {
	return l.asking.State() == gobreaker.StateClosed && l.submit.State() == gobreaker.StateClosed
}

// Near says that the driver answers from this process's memory, by its own
// method of that name; a driver without one does not.
func (l *Ledger) Near() bool {
	n, ok := l.inner.(interface{ Near() bool })
	return ok && n.Near() && l.Up()
}

// Evaluate answers a query through the circuit.
func (l *Ledger) Evaluate(ctx context.Context, q ledgerclient.SignedQuery) (a ledgerclient.Answer, err error) {
	err = through(l.asking, "evaluate", func() error {
		a, err = l.inner.Evaluate(ctx, q)
		return err
	})
	return a, err
}

// Prepare makes a transaction through the circuit.
func (l *Ledger) Prepare(ctx context.Context, e ledgerclient.SignedEnvelope) (tx ledgerclient.Transaction, o ledgerclient.Outcome, err error) {
	err = through(l.asking, "prepare", func() error {
		tx, o, err = l.inner.Prepare(ctx, e)
		return err
	})
	return tx, o, err
}

// Submit hands a transaction over through the circuit.
func (l *Ledger) Submit(ctx context.Context, tx ledgerclient.Transaction) (o ledgerclient.Outcome, err error) {
	err = through(l.submit, "submit", func() error {
		o, err = l.inner.Submit(ctx, tx)
		return err
	})
	return o, err
}

// Find looks a transaction up through the circuit.
func (l *Ledger) Find(ctx context.Context, key string) (o ledgerclient.Outcome, err error) {
	err = through(l.asking, "find", func() error {
		o, err = l.inner.Find(ctx, key)
		return err
	})
	return o, err
}

func through(b *breaker, op string, call func() error) error {
	done, err := b.Allow()
	if err != nil {
		return &ledgerclient.Error{Class: ledgerclient.Before, Op: op, Err: b.open()}
	}
	healthy := false
	defer func() { done(healthy) }() // also when a driver panics
	err = call()
	if healthy = !routeFailed(err); !healthy {
		why := err.Error()
		b.last.Store(&why)
	}
	return err
}

// open is [ErrOpen] with what the route said last. Of that only the words: its
// class is that of another call.
func (b *breaker) open() error {
	if why := b.last.Load(); why != nil {
		return fmt.Errorf("%w: %s", ErrOpen, *why)
	}
	return ErrOpen
}

// routeFailed says that err speaks of the way to the ledger, or of this
// gateway's standing there, rather than of one request.
func routeFailed(err error) bool {
	if err == nil {
		return false
	}
	switch ledgerclient.ClassOf(err) {
	case ledgerclient.Before, ledgerclient.Config, ledgerclient.Unknown:
		return true
	case ledgerclient.Poison, ledgerclient.Stale, ledgerclient.Conflict,
		ledgerclient.DuplicateID, ledgerclient.Policy, ledgerclient.Refused, ledgerclient.Disowned:
	}
	return false
}
