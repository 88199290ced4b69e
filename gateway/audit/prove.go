package audit

import (
	"context"
	"errors"
	"fmt"
	"time"

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

// Trace is what the log tells of a receipt.
type Trace struct {
	Accepted time.Time     `json:"accepted"`             // UTC, when it was decided on
	Leaf     int64         `json:"leaf"`                 // of the decision
	Ended    int64         `json:"ended_leaf,omitempty"` // of the end; 0: it has not come
	Covered  int64         `json:"checkpoint,omitempty"` // leaves of the first checkpoint that covers them; 0: none does yet
	Anchor   *proof.Anchor `json:"anchor,omitempty"`     // of that checkpoint
}

// Trace finds the leaves of a receipt. The error is [ErrNoReceipt].
func (k *Keeper) Trace(ctx context.Context, r ledgerclient.Receipt) (Trace, error) {
	st, err := k.Store.Standing(ctx, r)
	if err == nil && st.Leaf == 0 {
		err = ErrNoReceipt
	}
	if err != nil {
		return Trace{}, err
	}
	out := Trace{Leaf: st.Leaf, Ended: st.Ended}
	leaves, err := k.Store.Leaves(ctx, st.Leaf, st.Leaf+1)
	if err != nil {
		return out, err
	}
	l, err := proof.ParseLeaf(leaves[0])
	if err != nil {
		return out, err
	}
	out.Accepted = l.At
	list, err := k.Store.Checkpoints(ctx, max(st.Leaf, st.Ended)+1, 1)
	if err != nil || len(list) == 0 {
		return out, err
	}
	out.Covered = list[0].Size
	out.Anchor, err = k.anchorOf(ctx, list[0])
	return out, err
}

// Begin is the head of an export from a leaf on. One from 0 needs nothing else to
// be checked; one from a later leaf has the tree's edge there.
func (k *Keeper) Begin(ctx context.Context, from int64) (proof.Begin, error) {
	b := proof.Begin{Version: proof.ExportVersion, Origin: k.origin, From: from}
	// What is behind the last checkpoint has no tiles above it yet.
	last, err := k.Store.LastCheckpoint(ctx, false)
	if err != nil {
		return b, err
	}
	if from < 0 || from > last.Size {
		return b, fmt.Errorf("%w: the last checkpoint is of %d leaves; begin there or before", ErrNoLeaf, last.Size)
	}
	b.Edge, err = k.edge(ctx, from)
	return b, err
}

// Page is a part of an export.
type Page struct {
	Lines []proof.Line `json:"lines"` // leaves from From on, with checkpoints and anchors
	Next  int64        `json:"next"`  // number of the leaf that the next page begins with
	Size  int64        `json:"size"`  // leaves in the log
}

// Page gives the lines of an export from a leaf on, as many as make a page. At
// the end of the log it has none.
func (k *Keeper) Page(ctx context.Context, from int64) (Page, error) {
	size, err := k.Store.LogSize(ctx)
	switch {
	case err != nil:
		return Page{}, err
	case from < 0 || from > size:
		return Page{}, fmt.Errorf("%w: the log has %d leaves", ErrNoLeaf, size)
	}
	p := Page{Next: min(size, from+chunk), Size: size}
	sealed, err := k.Store.Checkpoints(ctx, from+1, chunk)
	if err != nil {
		return p, err
	}
	leaves, err := k.Store.Leaves(ctx, from, p.Next)
	if err != nil {
		return p, err
	}
	for i, l := range leaves {
		p.Lines = append(p.Lines, proof.Line{Leaf: string(l)})
		if len(sealed) == 0 || sealed[0].Size != from+int64(i)+1 {
			continue
		}
		p.Lines = append(p.Lines, proof.Line{Checkpoint: sealed[0].Note})
		a, err := k.anchorOf(ctx, sealed[0])
		if err != nil {
			return p, err
		}
		if a != nil {
			p.Lines = append(p.Lines, proof.Line{Anchor: a})
		}
		sealed = sealed[1:]
	}
	return p, nil
}

// ErrNoLeaf says that the log has no such leaf.
var ErrNoLeaf = errors.New("audit: no such leaf")
