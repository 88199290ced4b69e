package outbox_test

import (
	"context"
	"slices"
	"testing"

	"setu/gateway"
	"setu/gateway/outbox"
	"setu/ledgerclient"
)

// putSession writes down where a citizen stands.
func (b *box) putSession(s gateway.Session) {
	b.t.Helper()
	done := make(chan error, 1)
	b.store.Commit(gateway.Commit{Session: &s}, func(_ gateway.Committed, err error) { done <- err })
	if err := <-done; err != nil {
		b.t.Fatal(err)
	}
}

// TestWorker_Stopped: who has sent STOP after she asked is sent no result and no
// late answer; what she asked for is done all the same. What answers her at once,
// and what is put into her app, still comes.
func TestWorker_Stopped(t *testing.T) {
	t.Parallel()
	b := open(t, t.TempDir())
	b.ledger.down = true
	b.start()
	question := gateway.Effect{Kind: gateway.Question, Lane: gateway.Question.Lane(citizen), To: route(), Ask: &gateway.Ask{}}
	b.put(transaction("1", "first"), question)
	b.putSession(gateway.Session{Citizen: citizen, Stopped: true})
	inApp := transaction("2", "second")
	inApp.To.Medium = gateway.App
	b.put(inApp, message("we will send no more"))
	b.ledger.mu.Lock()
	b.ledger.down = false
	b.ledger.mu.Unlock()
	b.worker.WakeLedger()
	b.until("told in the app", func() bool { return slices.Contains(b.link.texts(), "done2") })
	if got, want := b.link.texts(), []string{"we will send no more", "done2"}; !slices.Equal(got, want) {
		t.Errorf("sent %q, want %q", got, want)
	}
	if st, err := b.store.Standing(t.Context(), "1"); err != nil || st.State != gateway.Recorded {
		t.Errorf("her transaction is %v, %v; want recorded", st.State, err)
	}
	items, err := b.store.List(t.Context(), gateway.Filter{States: []gateway.State{gateway.Withdrawn}})
	if err != nil || len(items) != 2 || items[0].Reason == "" {
		t.Errorf("withdrawn are %d items, %v; want the result and the late answer, with a reason", len(items), err)
	}
}

// noSessions is a store that cannot read sessions for a while.
type noSessions struct {
	outbox.Store
	fail chan error
}

func (n noSessions) Session(ctx context.Context, c gateway.Address) (gateway.Session, error) {
	select {
	case err := <-n.fail:
		return gateway.Session{}, err
	default:
		return n.Store.Session(ctx, c)
	}
}

// TestWorker_SessionUnread: a result waits until it is known whether it is wanted.
func TestWorker_SessionUnread(t *testing.T) {
	t.Parallel()
	fail := make(chan error, 1)
	fail <- ledgerclient.ErrText // any
	b := openOn(t, t.TempDir(), func(s outbox.Store) outbox.Store { return noSessions{s, fail} })
	b.start()
	b.put(transaction("1", "body"))
	b.until("told", func() bool { return slices.Equal(b.link.texts(), []string{"done1"}) })
	if n := b.worker.Counts().Faults.Load(); n != 1 {
		t.Errorf("%d faults are counted, want 1", n)
	}
}
