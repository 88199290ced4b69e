package circuit_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"setu/ledgerclient"
	"setu/ledgerclient/circuit"
)

// ledger fails with err, and counts the calls that reach it.
type ledger struct {
	err   error
	calls int
}

func (l *ledger) Evaluate(context.Context, ledgerclient.SignedQuery) (ledgerclient.Answer, error) {
	l.calls++
	return ledgerclient.Answer{}, l.err
}

func (l *ledger) Prepare(context.Context, ledgerclient.SignedEnvelope) (ledgerclient.Transaction, ledgerclient.Outcome, error) {
	l.calls++
	return ledgerclient.Transaction{}, ledgerclient.Outcome{}, l.err
}

func (l *ledger) Submit(context.Context, ledgerclient.Transaction) (ledgerclient.Outcome, error) {
	l.calls++
	return ledgerclient.Outcome{}, l.err
}

func (l *ledger) Find(context.Context, string) (ledgerclient.Outcome, error) {
	l.calls++
	return ledgerclient.Outcome{}, l.err
}

func classed(c ledgerclient.Class) error {
	return &ledgerclient.Error{Class: c, Op: "test", Err: errors.New("cause")}
}

func TestLedger_OpensAndTriesAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inner := &ledger{err: classed(ledgerclient.Before)}
		var changes []bool
		l := circuit.New(inner, circuit.Options{Failures: 3, Pause: time.Second, OnChange: func(up bool) { changes = append(changes, up) }})
		for range 10 {
			_, err := l.Find(t.Context(), "k")
			if got := ledgerclient.ClassOf(err); got != ledgerclient.Before {
				t.Fatalf("class of %v = %v, want before", err, got)
			}
		}
		if inner.calls != 3 || l.Up() { // the other seven were refused at once
			t.Errorf("calls = %d, up = %v; want 3 calls and an open circuit", inner.calls, l.Up())
		}
		for range 3 { // tries in vain
			time.Sleep(1100 * time.Millisecond)
			_, _ = l.Find(t.Context(), "k")
		}
		inner.err = nil
		time.Sleep(1100 * time.Millisecond)
		if _, err := l.Find(t.Context(), "k"); err != nil {
			t.Errorf("Find after the pause = %v, want nil", err)
		}
		if !l.Up() || len(changes) != 2 || changes[0] || !changes[1] {
			t.Errorf("up = %v, changes = %v; want up again, told once each way", l.Up(), changes)
		}
	})
}

func TestLedger_RequestFaultsKeepItClosed(t *testing.T) {
	t.Parallel()
	for _, c := range []ledgerclient.Class{ledgerclient.Poison, ledgerclient.Conflict, ledgerclient.Refused, ledgerclient.Disowned, ledgerclient.Stale} {
		inner := &ledger{err: classed(c)}
		l := circuit.New(inner, circuit.Options{Failures: 2})
		for range 5 {
			if _, err := l.Submit(t.Context(), ledgerclient.Transaction{}); ledgerclient.ClassOf(err) != c {
				t.Errorf("class of %v, want %v", err, c)
			}
		}
		if inner.calls != 5 || !l.Up() {
			t.Errorf("%v: calls = %d, up = %v; want all calls through", c, inner.calls, l.Up())
		}
	}
}

// A ledger that takes nothing new may still answer.
func TestLedger_SubmitAlone(t *testing.T) {
	t.Parallel()
	inner := &ledger{err: classed(ledgerclient.Unknown)}
	l := circuit.New(inner, circuit.Options{Failures: 3})
	for range 3 {
		_, _ = l.Submit(t.Context(), ledgerclient.Transaction{})
		inner.err = nil // it is found between the tries that the ledger knows nothing of it
		if _, err := l.Find(t.Context(), "k"); err != nil {
			t.Errorf("Find() between submits that fail = %v, want nil", err)
		}
		inner.err = classed(ledgerclient.Unknown)
	}
	if l.Up() {
		t.Error("Up() after three submits that failed: true, want false")
	}
	inner.err = nil
	if _, err := l.Submit(t.Context(), ledgerclient.Transaction{}); !errors.Is(err, circuit.ErrOpen) || !strings.Contains(err.Error(), "unknown") {
		t.Errorf("Submit() over an open circuit = %v, want ErrOpen and what opened it", err)
	}
	if _, err := l.Evaluate(t.Context(), ledgerclient.SignedQuery{}); err != nil {
		t.Errorf("Evaluate() while submits are refused = %v, want nil", err)
	}
	if _, _, err := l.Prepare(t.Context(), ledgerclient.SignedEnvelope{}); err != nil {
		t.Errorf("Prepare() while submits are refused = %v, want nil", err)
	}
}

// atHand is a driver that answers from memory.
type atHand struct{ ledger }

func (*atHand) Near() bool { return true }

func TestLedger_Near(t *testing.T) {
	t.Parallel()
	if circuit.New(&ledger{}, circuit.Options{}).Near() {
		t.Error("a driver that does not say so is near")
	}
	inner := &atHand{}
	l := circuit.New(inner, circuit.Options{Failures: 1})
	if !l.Near() {
		t.Error("a driver that says so is not near")
	}
	inner.err = classed(ledgerclient.Before)
	if _, err := l.Find(t.Context(), "k"); err == nil || l.Near() {
		t.Errorf("Find = %v, near = %v; want a ledger out of reach not near", err, l.Near())
	}
}
