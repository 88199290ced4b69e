package sandbox

import (
	"context"
	"errors"
	"time"

	"setu/ledgerclient"
)

// Faults make the sandbox behave badly, for demonstrations and tests. The zero
// value is a ledger that works.
type Faults struct {
	// Delay is how long each answer is held back. A submitted transaction is
	// recorded first, and then its answer waits.
	Delay time.Duration `json:"delay,omitempty"`
	// Down makes the ledger unreachable: every call fails, class Before.
	Down bool `json:"down,omitempty"`
	// ForgetAnswers is how many submitted transactions are still recorded
	// with their answers lost, class Unknown.
	ForgetAnswers int `json:"forget_answers,omitempty"`
	// RefuseBefore is how many calls still fail, class Before, as over a
	// link that drops packets.
	RefuseBefore int `json:"refuse_before,omitempty"`
}

var (
	errDown   = errors.New("sandbox: down by request")
	errForgot = errors.New("sandbox: answer lost by request")
)

// Near says that queries are answered from memory at once: no faults are in
// force.
func (l *Ledger) Near() bool { return !l.faulty.Load() }

// SetFaults replaces the faults.
func (l *Ledger) SetFaults(f Faults) {
	l.faultsMu.Lock()
	defer l.faultsMu.Unlock()
	l.faults = f
	l.faulty.Store(f != Faults{})
}

// Faults are those in force, with what is left of each count.
func (l *Ledger) Faults() Faults {
	l.faultsMu.Lock()
	defer l.faultsMu.Unlock()
	return l.faults
}

// reach fails if the ledger is to be out of reach for this call.
func (l *Ledger) reach(op string) error {
	if !l.faulty.Load() {
		return nil
	}
	l.faultsMu.Lock()
	defer l.faultsMu.Unlock()
	switch {
	case l.faults.Down:
		return &ledgerclient.Error{Class: ledgerclient.Before, Op: op, Err: errDown}
	case l.faults.RefuseBefore > 0:
		l.faults.RefuseBefore--
		return &ledgerclient.Error{Class: ledgerclient.Before, Op: op, Err: errDown}
	}
	return nil
}

// hold waits for the delay in force, or until ctx ends.
func (l *Ledger) hold(ctx context.Context) error {
	if !l.faulty.Load() {
		return ctx.Err()
	}
	delay := l.Faults().Delay
	if delay <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(delay)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// forget says that the answer of a recorded transaction is to be lost.
func (l *Ledger) forget() bool {
	if !l.faulty.Load() {
		return false
	}
	l.faultsMu.Lock()
	defer l.faultsMu.Unlock()
	if l.faults.ForgetAnswers <= 0 {
		return false
	}
	l.faults.ForgetAnswers--
	return true
}
