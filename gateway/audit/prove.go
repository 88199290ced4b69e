package audit

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"setu/gateway"
	"setu/gateway/audit/proof"
	"setu/ledgerclient"
)

// considered is how many checkpoints behind a leaf are looked at for one that is
// on the ledger.
const considered = 256

// Prove makes the proof of a receipt. Its checkpoint is the first one behind the
// leaves that is on the ledger, or else the first; when there is none yet, one is
// made. older is the size of a checkpoint that the asker has kept; 0: none. The
// errors are [ErrNoReceipt], [ErrChanged], [proof.ErrShrunk] and those of the store.
func (k *Keeper) Prove(ctx context.Context, r ledgerclient.Receipt, older int64) (proof.Proof, error) {
	p := proof.Proof{Version: proof.Version, Receipt: r}
	st, err := k.Store.Standing(ctx, r)
	switch {
	case err != nil:
		return p, err
	case st.Leaf == 0:
		return p, ErrNoReceipt
	}
	at, anchor, err := k.covering(ctx, max(st.Leaf+1, st.Ended+1, older))
	if err != nil {
		return p, err
	}
	p.Checkpoint, p.Anchor = at.Note, anchor
	hashes := k.hashes(ctx)
	for _, n := range []int64{st.Leaf, st.Ended} {
		if n == 0 {
			continue
		}
		in, err := k.include(ctx, hashes, at.Size, n)
		if err != nil {
			return p, err
		}
		p.Leaves = append(p.Leaves, in)
	}
	if older > 0 && older < at.Size {
		p.Since = older
		if p.Consistency, err = tlog.ProveTree(at.Size, older, hashes); err != nil {
			return p, fmt.Errorf("prove growth: %w", err)
		}
	}
	return p, k.holds(p)
}

// holds is nil if the paths of a proof lead to its checkpoint.
func (k *Keeper) holds(p proof.Proof) error {
	c, err := proof.ReadCheckpoint(p.Checkpoint)
	if err != nil {
		return err
	}
	for _, in := range p.Leaves {
		if tlog.CheckRecord(in.Path, c.Size, c.Root, in.Index, tlog.RecordHash([]byte(in.Leaf))) != nil {
			return ErrChanged
		}
	}
	return nil
}

// include is the leaf n with its path to the root of a tree of the size.
func (k *Keeper) include(ctx context.Context, hashes tlog.HashReader, size, n int64) (proof.Inclusion, error) {
	leaves, err := k.Store.Leaves(ctx, n, n+1)
	if err != nil {
		return proof.Inclusion{}, err
	}
	path, err := tlog.ProveRecord(size, n, hashes)
	if err != nil {
		return proof.Inclusion{}, fmt.Errorf("prove leaf %d: %w", n, err)
	}
	return proof.Inclusion{Index: n, Leaf: string(leaves[0]), Path: path}, nil
}

// covering is a checkpoint of at least size leaves, with its anchor.
func (k *Keeper) covering(ctx context.Context, size int64) (gateway.LogCheckpoint, *proof.Anchor, error) {
	var none gateway.LogCheckpoint
	list, err := k.Store.Checkpoints(ctx, size, considered)
	if err == nil && len(list) == 0 {
		if err = k.sealNow(ctx); err == nil {
			list, err = k.Store.Checkpoints(ctx, size, considered)
		}
	}
	switch {
	case err != nil:
		return none, nil, err
	case len(list) == 0:
		return none, nil, fmt.Errorf("%w: the log has fewer than %d leaves", proof.ErrShrunk, size)
	}
	for _, c := range list {
		a, err := k.anchorOf(ctx, c)
		if err != nil {
			return none, nil, err
		}
		if a != nil && a.State == gateway.Recorded.String() {
			return c, a, nil
		}
	}
	a, err := k.anchorOf(ctx, list[0])
	return list[0], a, err
}

func (k *Keeper) sealNow(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.seal(ctx, true)
}

// anchorOf is where a checkpoint's anchor stands; nil: it has none.
func (k *Keeper) anchorOf(ctx context.Context, c gateway.LogCheckpoint) (*proof.Anchor, error) {
	if c.Anchor == "" {
		return nil, nil
	}
	text, err := proof.ReadCheckpoint(c.Note)
	if err != nil {
		return nil, err
	}
	st, err := k.Store.Standing(ctx, c.Anchor)
	if err != nil {
		return nil, err
	}
	return &proof.Anchor{Size: text.Size, Root: text.Root, Receipt: c.Anchor, State: st.State.String(), Block: st.Block, TxID: st.TxID}, nil
}

// Status is how the log stands.
type Status struct {
	Origin     string        `json:"origin"`
	Size       int64         `json:"size"` // leaves
	Checkpoint string        `json:"checkpoint,omitempty"`
	Anchor     *proof.Anchor `json:"anchor,omitempty"` // the latest
	Fault      string        `json:"fault,omitempty"`
}

// Status is how the log stands.
func (k *Keeper) Status(ctx context.Context) (Status, error) {
	k.mu.Lock()
	out := Status{Origin: k.origin, Checkpoint: k.last.Note}
	anchored, fault := k.anchored, k.fault
	k.mu.Unlock()
	if fault != nil {
		out.Fault = fault.Error()
	}
	var err, anchorErr error
	out.Size, err = k.Store.LogSize(ctx)
	out.Anchor, anchorErr = k.anchorOf(ctx, anchored)
	return out, errors.Join(err, anchorErr)
}

// Covers is the size of the first checkpoint that covers a leaf, and where its
// anchor stands; 0: none does yet.
func (k *Keeper) Covers(ctx context.Context, leaf int64) (int64, *proof.Anchor, error) {
	list, err := k.Store.Checkpoints(ctx, leaf+1, 1)
	if err != nil || len(list) == 0 {
		return 0, nil, err
	}
	a, err := k.anchorOf(ctx, list[0])
	return list[0].Size, a, err
}

// Export gives the lines of an export from a leaf on. An export from 0 needs
// nothing else to be checked; one from a later leaf has the tree's edge there.
func (k *Keeper) Export(ctx context.Context, from int64, line func(proof.Line) error) error {
	size, err := k.Store.LogSize(ctx)
	if err != nil {
		return err
	}
	if from < 0 || from > size {
		return fmt.Errorf("%w: the log has %d leaves", ErrNoLeaf, size)
	}
	// What is behind the last checkpoint has no tiles above it yet.
	last, err := k.Store.LastCheckpoint(ctx, false)
	if err != nil {
		return err
	}
	if from > last.Size {
		return fmt.Errorf("%w: the last checkpoint is of %d leaves; begin there", ErrNoLeaf, last.Size)
	}
	edge, err := k.edge(ctx, from)
	if err != nil {
		return err
	}
	if err := line(proof.Line{Begin: &proof.Begin{Version: proof.ExportVersion, Origin: k.origin, From: from, Edge: edge}}); err != nil {
		return err
	}
	if err := k.exportLeaves(ctx, from, size, line); err != nil {
		return err
	}
	return line(proof.Line{End: &proof.End{Size: size}})
}

// ErrNoLeaf says that the log has no such leaf.
var ErrNoLeaf = errors.New("audit: no such leaf")

// exportLeaves gives the leaves with the checkpoints among them.
func (k *Keeper) exportLeaves(ctx context.Context, from, size int64, line func(proof.Line) error) error {
	var sealed []gateway.LogCheckpoint
	at := from
	for at < size {
		if len(sealed) == 0 {
			var err error
			if sealed, err = k.Store.Checkpoints(ctx, at+1, considered); err != nil {
				return err
			}
		}
		to := min(size, at+chunk)
		if len(sealed) > 0 {
			to = min(to, sealed[0].Size)
		}
		leaves, err := k.Store.Leaves(ctx, at, to)
		if err != nil {
			return err
		}
		for _, l := range leaves {
			if err := line(proof.Line{Leaf: string(l)}); err != nil {
				return err
			}
		}
		if at = to; len(sealed) > 0 && sealed[0].Size == at {
			if err := k.exportCheckpoint(ctx, sealed[0], line); err != nil {
				return err
			}
			sealed = sealed[1:]
		}
	}
	return nil
}

func (k *Keeper) exportCheckpoint(ctx context.Context, c gateway.LogCheckpoint, line func(proof.Line) error) error {
	if err := line(proof.Line{Checkpoint: c.Note}); err != nil {
		return err
	}
	a, err := k.anchorOf(ctx, c)
	if err != nil || a == nil {
		return err
	}
	return line(proof.Line{Anchor: a})
}
