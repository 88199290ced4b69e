package fault_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"setu/channels/smpp"
	"setu/gateway/console"
	"setu/gateway/crashpoint"
)

// patientConfig shortens the time that questions wait for the ledger.
const patientConfig = "ledger: {driver: sandbox, patience: 500ms}\n"

// TestKill_LedgerDown kills while the ledger is out of reach, with questions
// and transactions waiting for it.
func TestKill_LedgerDown(t *testing.T) {
	t.Parallel()
	for _, dir := range []direction{partner, operator} {
		t.Run(string(dir), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, dir, *seed)
			w.config += patientConfig
			for range 2 * rounds() {
				l := w.ready("", 0)
				l.fault(console.Faults{Down: true})
				b := w.write(writers)
				l.amid(b)
				l.within(time.Duration(w.random.IntN(1500)) * time.Millisecond)
				l.kill()
				l = w.ready("", 0)
				if w.random.IntN(2) == 0 { // down again, with the queue of the life before
					l.fault(console.Faults{Down: true})
					l.within(time.Duration(w.random.IntN(1000)) * time.Millisecond)
					l.kill()
					l = w.ready("", 0)
				}
				l.drain(b)
				l.end()
			}
			w.audit()
		})
	}
}

// TestKill_LedgerForgets kills while the outcome of transactions is unknown: they
// are on the ledger and their answers were lost.
func TestKill_LedgerForgets(t *testing.T) {
	t.Parallel()
	w := newWorld(t, partner, *seed)
	places := []string{"", crashpoint.BeforeSubmit, crashpoint.AfterSubmit, crashpoint.BeforeSend}
	for range 2 * rounds() {
		l := w.ready(places[w.random.IntN(len(places))], 1+w.random.IntN(10))
		l.fault(console.Faults{Forget: 1 + w.random.IntN(8)})
		b := w.write(writers)
		l.amid(b)
		l.within(time.Duration(w.random.IntN(200)) * time.Millisecond)
		l.kill()
		l = w.ready("", 0)
		l.fault(console.Faults{Forget: w.random.IntN(4)})
		l.drain(b)
		l.end()
	}
	w.audit()
}

// TestKill_FirstStart kills a gateway that makes its store, keys and ledger.
func TestKill_FirstStart(t *testing.T) {
	t.Parallel()
	for i := range 3 * rounds() {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			w := newWorld(t, partner, *seed)
			for range 1 + w.random.IntN(3) {
				w.interrupt(time.Duration(w.random.IntN(250)) * time.Millisecond)
			}
			b := w.write(2)
			l := w.ready("", 0)
			l.drain(b)
			l.stop()
			w.audit()
		})
	}
}

// TestLinks_Lost breaks the link again and again while the gateway lives, with
// messages under way in both directions.
func TestLinks_Lost(t *testing.T) {
	t.Parallel()
	for _, dir := range []direction{partner, operator} {
		t.Run(string(dir), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, dir, *seed)
			for range rounds() {
				// A life each: the gateway waits longer for each bind after
				// one that was lost soon.
				l := w.ready("", 0)
				b := w.write(writers)
				for range 3 {
					w.breakLink(time.Duration(w.random.IntN(40)) * time.Millisecond)
				}
				l.drain(b)
				l.end()
			}
			w.audit()
		})
	}
}

// breakLink waits for a link and breaks it after a time. To the audit, what was
// told over it was told in a life of its own.
func (w *world) breakLink(after time.Duration) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, drainTime)
	defer cancel()
	s, err := w.provider.link(ctx)
	if err != nil {
		w.t.Fatalf("no link: %v", err)
	}
	if err := pause(ctx, after); err != nil {
		w.t.Fatal(err)
	}
	cut(s)
	w.provider.lost(s)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deaths[w.life] = time.Now()
	w.life++
	w.provider.beginAnew(w.life)
}

// cut ends a session at once, without a word to the peer.
func cut(s *smpp.Session) {
	now, cancel := context.WithCancel(context.Background())
	cancel()
	_ = s.Close(now) // says that now has come
}
