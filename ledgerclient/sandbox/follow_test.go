package sandbox_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"setu/ledgerclient"
	"setu/ledgerclient/sandbox"
)

// follow gives the blocks from next on to a channel, and how it ended.
func follow(t *testing.T, l *sandbox.Ledger, next uint64) (<-chan ledgerclient.Block, <-chan error) {
	t.Helper()
	blocks, ended := make(chan ledgerclient.Block, 16), make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	go func() {
		ended <- l.Follow(ctx, next, func(b ledgerclient.Block) error { blocks <- b; return nil })
	}()
	return blocks, ended
}

// TestFollow reads blocks from the file and those that come, with the outcome
// that the citizen was told.
func TestFollow(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	l := p.open()
	first := p.record(l, "a")
	blocks, _ := follow(t, l, 0)
	second := p.record(l, "b")
	later, ended := follow(t, l, second.Answer.AsOf.Block)
	for _, tt := range []struct {
		name string
		from <-chan ledgerclient.Block
		want ledgerclient.Outcome
	}{
		{"the made-up world", blocks, ledgerclient.Outcome{}},
		{"from the file", blocks, first},
		{"as it comes", blocks, second},
		{"from the middle", later, second},
	} {
		b := <-tt.from
		switch {
		case tt.want.TxID == "":
			if b.Number != 0 || len(b.Entries) != 0 {
				t.Errorf("%s: %+v, want block 0 without requests", tt.name, b)
			}
		case b.Number != tt.want.Answer.AsOf.Block || len(b.Entries) != 1:
			t.Errorf("%s: block %d with %d requests, want %d with one", tt.name, b.Number, len(b.Entries), tt.want.Answer.AsOf.Block)
		default:
			got := b.Entries[0].Outcome
			if !got.Found || got.TxID != tt.want.TxID || got.Answer.Code != "done" || !got.Answer.AsOf.Time.Equal(tt.want.Answer.AsOf.Time) {
				t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
			}
		}
	}
	if height, err := l.Height(t.Context()); err != nil || height != second.Answer.AsOf.Block+1 {
		t.Errorf("Height() = %d, %v", height, err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; ledgerclient.ClassOf(err) != ledgerclient.Before {
		t.Errorf("Follow of a closed ledger = %v, want class before", err)
	}
}

// TestFollow_Down: a ledger that is out of reach gives no blocks.
func TestFollow_Down(t *testing.T) {
	t.Parallel()
	l := newPlace(t).open()
	l.SetFaults(sandbox.Faults{Down: true})
	_, ended := follow(t, l, 0)
	if err := <-ended; ledgerclient.ClassOf(err) != ledgerclient.Before {
		t.Errorf("Follow() = %v, want class before", err)
	}
	if _, err := l.Height(t.Context()); ledgerclient.ClassOf(err) != ledgerclient.Before {
		t.Errorf("Height() = %v, want class before", err)
	}
	l.SetFaults(sandbox.Faults{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Follow(ctx, 99, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Follow() of blocks to come = %v, want it to wait for its context", err)
	}
}
