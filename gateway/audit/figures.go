package audit

import (
	"context"
	"time"

	"setu/gateway"
)

// Figures say how far the log is sealed, for those who watch it.
type Figures struct {
	Leaves int64
	// Sealed is how many of them the latest checkpoint covers, and SealedAt when
	// it was signed; zero: there is none.
	Sealed   int64
	SealedAt time.Time
	// Anchored and AnchoredAt are those of the latest checkpoint that the ledger is
	// known to hold; zero: of none yet.
	Anchored   int64
	AnchoredAt time.Time
	// Failures counts since the start what was not sealed in its turn, and anchors
	// that the ledger did not take. What failed is tried again.
	Failures int64
}

// Figures reads them, which costs two queries.
func (k *Keeper) Figures(ctx context.Context) (Figures, error) {
	leaves, err := k.Store.LogSize(ctx)
	if err != nil {
		return Figures{}, err
	}
	if err := k.lookAtAnchor(ctx); err != nil {
		return Figures{}, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return Figures{
		Leaves: leaves, Sealed: k.last.Size, SealedAt: k.last.Time,
		Anchored: k.held.Size, AnchoredAt: k.held.Time, Failures: k.failures,
	}, nil
}

// lookAtAnchor notes the latest anchor if the ledger holds it by now.
func (k *Keeper) lookAtAnchor(ctx context.Context) error {
	k.mu.Lock()
	latest, known := k.anchored, k.held.Size
	k.mu.Unlock()
	if latest.Size == known {
		return nil
	}
	st, err := k.Store.Standing(ctx, latest.Anchor)
	if err != nil || st.State != gateway.Recorded {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if latest.Size > k.held.Size {
		k.held = latest
	}
	return nil
}

// failed counts a failure.
func (k *Keeper) failed() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.failures++
}
