package rest_test

import (
	"context"
	"testing"
	"time"

	"setu/ledgerclient"
	"setu/ledgerclient/keys"
	"setu/ledgerclient/rest"
	"setu/ledgerclient/rest/baas"
	"setu/ledgerclient/sandbox"
)

// blocks follows a ledger until the test ends.
func blocks(t *testing.T, l *rest.Ledger, next uint64) (<-chan ledgerclient.Block, <-chan error) {
	t.Helper()
	out, ended := make(chan ledgerclient.Block, 64), make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	go func() {
		ended <- l.Follow(ctx, next, func(b ledgerclient.Block) error { out <- b; return nil })
	}()
	return out, ended
}

// TestFollow: a gateway hears of each of its transactions once, with every
// block's number, and of nobody else's.
func TestFollow(t *testing.T) {
	t.Parallel()
	other := newKeys(t)
	s := newService(t, nil, baas.Client{Name: "neighbour", Keys: list(other)})
	mine, theirs := s.driver(nil), s.driver(func(o *rest.Options) { o.Keys = other })
	record := func(l *rest.Ledger, key string, by *keys.Store) ledgerclient.Outcome {
		t.Helper()
		tx, _, err := l.Prepare(t.Context(), s.envelopeOf(key, by))
		if err != nil {
			t.Fatal(err)
		}
		out, err := l.Submit(t.Context(), tx)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	first := record(mine, "k1", s.keys)
	record(theirs, "k2", other)
	got, _ := blocks(t, mine, 0)
	hear := func(n uint64, want *ledgerclient.Outcome) {
		t.Helper()
		b := <-got
		if b.Number != n || len(b.Entries) != map[bool]int{true: 1}[want != nil] {
			t.Errorf("heard of block %d with %d transactions, want block %d", b.Number, len(b.Entries), n)
			return
		}
		if want == nil {
			return
		}
		e := b.Entries[0]
		if _, err := e.Envelope.Open(keys.NewVerifier(s.clients), time.Now()); err != nil {
			t.Errorf("the envelope in block %d: %v", n, err)
		}
		if e.Outcome.TxID != want.TxID || e.Outcome.Answer.Code != want.Answer.Code || e.Outcome.Answer.AsOf.Block != n {
			t.Errorf("heard of %+v, want %+v", e.Outcome, *want)
		}
	}
	hear(0, nil) // the made-up world
	hear(1, &first)
	hear(2, nil) // the neighbour's
	if h, err := mine.Height(t.Context()); err != nil || h != 3 {
		t.Errorf("Height() = %d, %v, want 3", h, err)
	}
	later := record(mine, "k3", s.keys)
	hear(3, &later)
	again, _ := blocks(t, mine, 3)
	if b := <-again; b.Number != 3 || len(b.Entries) != 1 {
		t.Errorf("from block 3 on: %+v", b)
	}
}

// plain is a ledger that gives no blocks.
type plain struct{ ledgerclient.Ledger }

// TestFollow_Fails: an operator reads why no blocks come.
func TestFollow_Fails(t *testing.T) {
	t.Parallel()
	s := newService(t, func(o *baas.Options, _ *baas.Client) { o.Ledger = plain{} })
	if _, err := s.driver(nil).Height(t.Context()); ledgerclient.ClassOf(err) != ledgerclient.Config {
		t.Errorf("Height() of a ledger without blocks = %v, want class config", err)
	}
	s = newService(t, nil)
	s.sandbox.SetFaults(sandbox.Faults{Down: true})
	_, ended := blocks(t, s.driver(nil), 0)
	if err := <-ended; ledgerclient.ClassOf(err) != ledgerclient.Before {
		t.Errorf("Follow() of a ledger that is down = %v, want class before", err)
	}
}
