package fabric_test

import (
	"context"
	"testing"
	"time"

	"setu/ledgerclient"
	"setu/ledgerclient/keys"
	"setu/test/fabricnet"
)

// TestFollow_PeersDie follows blocks while the peers are killed in turn: each
// transaction comes once, with the outcome that its citizen was told.
func TestFollow_PeersDie(t *testing.T) {
	t.Parallel()
	p := ownWorld(t, fabricnet.Options{Peers: 2}).place(t)
	l := p.open(p.Orgs[0].User)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	events := make(chan ledgerclient.Entry, 64)
	var next uint64
	ended := make(chan struct{})
	streams := 0
	follow := func() {
		defer close(ended)
		for ; ctx.Err() == nil; time.Sleep(50 * time.Millisecond) { // a pause, as the gateway makes
			if height, err := l.Height(ctx); err != nil || height < next {
				continue // a peer that is not there yet
			}
			streams++
			_ = l.Follow(ctx, next, func(b ledgerclient.Block) error {
				if b.Number != next {
					t.Errorf("block %d after %d", b.Number, next-1)
				}
				next++
				for _, e := range b.Entries {
					events <- e
				}
				return nil
			})
		}
	}
	go follow()
	for i := range 6 {
		switch i {
		case 2:
			p.Orgs[0].Peers[0].Kill()
		case 4:
			if err := p.Orgs[0].Peers[0].Start(ctx); err != nil {
				t.Fatal(err)
			}
			p.Orgs[0].Peers[1].Kill()
		}
		key, envelope := p.envelope(700 + i)
		want, _ := p.settle(l, key, envelope)
		select {
		case got := <-events:
			if got.Invalid != "" || got.Outcome.TxID != want.TxID || got.Outcome.Answer.Code != want.Answer.Code ||
				got.Outcome.Answer.AsOf != want.Answer.AsOf || len(got.Envelope.Canonical) == 0 {
				t.Errorf("heard of %+v, want %+v", got.Outcome, want)
			}
			if _, err := got.Envelope.Open(keys.NewVerifier(p.keys), time.Now()); err != nil {
				t.Errorf("the envelope in the block: %v", err)
			}
		case <-ctx.Done():
			t.Fatalf("never heard of transaction %d", i)
		}
	}
	cancel()
	<-ended
	if streams < 3 {
		t.Errorf("%d streams, want one more for each peer that died", streams)
	}
	select {
	case e := <-events:
		t.Errorf("heard of %s once more", e.Outcome.TxID)
	default:
	}
}
