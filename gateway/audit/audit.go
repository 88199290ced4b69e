// Package audit keeps the audit log of a gateway: it follows the leaves that the
// store writes with everything that happens, grows the Merkle tree over them,
// signs a checkpoint of it at an interval, and has the ledger keep the checkpoint.
//
// The leaves themselves are written by the store, in the same commit as what they
// tell, so that nothing here can lose one: after a crash the keeper goes on from
// the last checkpoint and comes to the same tree. What others need to check the
// log is in package proof.
package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"setu/gateway"
	"setu/gateway/audit/proof"
	"setu/ledgerclient"
)

// Defaults of [Config].
const (
	// DefaultEvery is how often a checkpoint is made, if the log has grown.
	DefaultEvery = time.Minute
	// DefaultAnchor is how often one is brought to the ledger.
	DefaultAnchor = 10 * time.Minute
	// followEvery is how often new leaves are hashed: often, so that it is never
	// much at one time.
	followEvery = time.Second
	// chunk is how many leaves are read at one time.
	chunk = 2048
)

// Service is the service that anchors are of, in queues, receipts and leaves.
const Service = "audit"

// Errors of a [Keeper].
var (
	// ErrChanged says that what is stored is not what was signed: somebody
	// changed the log, or the disk did.
	ErrChanged = errors.New("audit: the stored log is not the one that its last checkpoint was signed for; restore the data folder from its backup, and compare with `setu audit verify`")
	// ErrNoReceipt says that the log holds no decision on a receipt.
	ErrNoReceipt = errors.New("audit: no such receipt in the audit log")
)

// Store is what a keeper needs of the store.
type Store interface {
	LogSize(ctx context.Context) (int64, error)
	// Leaves are those from one number up to, and without, another.
	Leaves(ctx context.Context, from, to int64) ([][]byte, error)
	// Observe writes the leaves of what is not as it was at the last call.
	Observe(ctx context.Context, all []gateway.Observation) error
	Standing(ctx context.Context, r ledgerclient.Receipt) (gateway.Standing, error)
	Tree
}

// Tree is what is stored above the leaves.
type Tree interface {
	Tile(ctx context.Context, level int, n int64) ([]byte, error)
	Seal(ctx context.Context, s gateway.Seal) ([]gateway.Item, error)
	Checkpoints(ctx context.Context, size int64, limit int) ([]gateway.LogCheckpoint, error)
	LastCheckpoint(ctx context.Context, anchored bool) (gateway.LogCheckpoint, error)
}

// Config is what a [Keeper] works with. Store, Signer, Log and Now are required.
type Config struct {
	Store  Store
	Signer ledgerclient.EnvelopeSigner
	Log    *slog.Logger
	Now    func() time.Time

	Every  time.Duration // between checkpoints; 0: DefaultEvery
	Anchor time.Duration // between anchors; 0: DefaultAnchor, negative: none
	// Pseudonym is how the ledger is to know this log's keeper.
	Pseudonym func(department, number string) (string, error)
	// Dispatch passes on an anchor that is leased to this process; nil: it is
	// claimed later.
	Dispatch func([]gateway.Item)
	// Look gives what is outside the store, before each checkpoint, and what is
	// to be called when that is on disk; nil: nothing. What was not kept has to be
	// given again at the next look.
	Look func(ctx context.Context) (seen []gateway.Observation, kept func(), err error)
}

// Keeper keeps the log. Its methods may be called from many goroutines.
type Keeper struct {
	Config
	origin string

	mu    sync.Mutex
	tree  *proof.Tree
	fresh []node // complete subtrees that no stored tile has yet
	// news says that there are leaves since the last checkpoint that are not
	// only of anchors, which would call for anchors without end.
	news     bool
	last     gateway.LogCheckpoint
	anchored gateway.LogCheckpoint
	held     gateway.LogCheckpoint // the latest that the ledger is known to hold
	asked    time.Time             // when the latest anchor was made
	fault    error
	failures int64 // see Figures
}

// node is the root of a complete subtree of 256^level leaves, the n-th of them.
type node struct {
	level int
	n     int64
	hash  tlog.Hash
}

// Open takes up the log where its last checkpoint left it. When that does not fit
// what is stored the keeper signs nothing: [Keeper.Fault] says so.
func Open(ctx context.Context, c Config) (*Keeper, error) {
	if c.Every <= 0 {
		c.Every = DefaultEvery
	}
	if c.Anchor == 0 {
		c.Anchor = DefaultAnchor
	}
	k := &Keeper{Config: c}
	first, err := c.Store.Leaves(ctx, 0, 1)
	if err != nil {
		return nil, err
	}
	began, err := proof.ParseLeaf(first[0])
	if err != nil {
		return nil, err
	}
	k.origin = began.Get("origin")
	if k.anchored, err = c.Store.LastCheckpoint(ctx, true); err != nil {
		return nil, err
	}
	if k.asked = k.anchored.Time; k.anchored.Size == 0 {
		k.asked = c.Now() // the first one is as far away as the second
	}
	if k.last, err = c.Store.LastCheckpoint(ctx, false); err != nil {
		return nil, err
	}
	if k.tree, err = k.restore(ctx, k.last); err != nil {
		return nil, err
	}
	return k, nil
}

// restore is the tree at a checkpoint; a tree that is not the checkpoint's is
// noted as a fault.
func (k *Keeper) restore(ctx context.Context, at gateway.LogCheckpoint) (*proof.Tree, error) {
	edge, err := k.edge(ctx, at.Size)
	if err == nil {
		var tree *proof.Tree
		if tree, err = proof.NewTree(at.Size, edge); err == nil {
			c := proof.Checkpoint{Origin: k.origin, Size: at.Size, Root: tree.Root(), Time: at.Time}
			if at.Size > 0 && !c.IsText(at.Note) {
				k.fault = ErrChanged
			}
			return tree, nil
		}
	}
	if errors.Is(err, errTile) {
		k.fault = ErrChanged
		return &proof.Tree{}, nil
	}
	return nil, err
}

// Origin names the log.
func (k *Keeper) Origin() string { return k.origin }

// Fault says why nothing is signed; nil: all is well.
func (k *Keeper) Fault() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.fault
}

// Run follows the log, and makes checkpoints and anchors, until ctx ends; then
// it makes a last checkpoint, without anchor, since nobody would bring it.
func (k *Keeper) Run(ctx context.Context) {
	tick := time.NewTicker(min(followEvery, k.Every))
	defer tick.Stop()
	next := k.Now().Add(k.Every)
	for {
		act := k.follow
		if now := k.Now(); !now.Before(next) {
			act, next = k.Checkpoint, now.Add(k.Every)
		}
		k.tell(ctx, act(ctx))
		select {
		case <-ctx.Done():
			const lastTime = 5 * time.Second
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastTime)
			defer cancel()
			k.mu.Lock()
			k.Anchor = -1
			k.mu.Unlock()
			k.tell(last, k.Checkpoint(last))
			return
		case <-tick.C:
		}
	}
}

// tell logs an error, unless the gateway is stopping.
func (k *Keeper) tell(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil && !errors.Is(err, gateway.ErrClosed) {
		k.failed()
		k.Log.ErrorContext(ctx, "audit log not sealed", slog.String("error", err.Error()))
	}
}

// follow adds the leaves that are new to the tree.
func (k *Keeper) follow(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.grow(ctx)
}

func (k *Keeper) grow(ctx context.Context) error {
	if k.fault != nil {
		return k.fault
	}
	size, err := k.Store.LogSize(ctx)
	if err != nil {
		return err
	}
	for k.tree.Size() < size {
		leaves, err := k.Store.Leaves(ctx, k.tree.Size(), min(size, k.tree.Size()+chunk))
		if err != nil {
			return err
		}
		for _, leaf := range leaves {
			k.news = k.news || !k.ofAnchor(leaf)
			k.tree.Add(tlog.RecordHash(leaf), k.completed)
		}
	}
	return nil
}

// completed notes a subtree that a tile is to hold.
func (k *Keeper) completed(level int, n int64, root tlog.Hash) {
	if level%tileHeight == 0 {
		k.fresh = append(k.fresh, node{level / tileHeight, n, root})
	}
}

// ofAnchor says that a leaf tells of an anchor: that it was made, or, of the
// latest, how it ended. After a restart the end of one before may count as news,
// once, which costs one checkpoint.
func (k *Keeper) ofAnchor(octets []byte) bool {
	l, err := proof.ParseLeaf(octets)
	if err != nil {
		return false
	}
	return l.Get("service") == Service || l.Kind == proof.Outcome && l.Get("receipt") == string(k.anchored.Anchor)
}

// Checkpoint looks at what is outside, signs a checkpoint if the log has grown,
// and anchors it if it is time.
func (k *Keeper) Checkpoint(ctx context.Context) error {
	if err := k.lookAround(ctx); err != nil {
		return fmt.Errorf("look around: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.seal(ctx, false)
}

// lookAround writes leaves of what is outside and has changed.
func (k *Keeper) lookAround(ctx context.Context) error {
	if k.Look == nil {
		return nil
	}
	seen, kept, err := k.Look(ctx)
	if err != nil {
		return err
	}
	if err := k.Store.Observe(ctx, seen); err != nil {
		return err
	}
	kept()
	return nil
}

// seal makes a checkpoint of all leaves. Without need it makes none when there is
// nothing new.
func (k *Keeper) seal(ctx context.Context, need bool) error {
	if err := k.grow(ctx); err != nil {
		return err
	}
	seal := gateway.Seal{Checkpoint: k.last}
	grown := k.tree.Size() > k.last.Size && (k.news || need)
	if grown {
		var err error
		if seal, err = k.checkpoint(ctx); err != nil {
			return err
		}
	}
	anchors, err := k.anchor(ctx, &seal)
	if err != nil {
		return err
	}
	if !grown && !anchors {
		return nil
	}
	items, err := k.Store.Seal(ctx, seal)
	if err != nil {
		return err
	}
	k.last = seal.Checkpoint
	if grown {
		k.fresh, k.news = nil, false
	}
	if anchors {
		k.anchored, k.asked = seal.Checkpoint, k.Now()
	}
	if k.Dispatch != nil {
		k.Dispatch(items)
	}
	return nil
}

// checkpoint signs a checkpoint of the tree, and puts the tiles below it together.
func (k *Keeper) checkpoint(ctx context.Context) (gateway.Seal, error) {
	var seal gateway.Seal
	c := proof.Checkpoint{Origin: k.origin, Size: k.tree.Size(), Root: k.tree.Root(), Time: k.Now().UTC().Truncate(time.Millisecond)}
	sig, err := k.Signer.SignBy(ctx, k.Signer.KeyID(), c.Digest())
	if err != nil {
		return seal, fmt.Errorf("sign checkpoint: %w", err)
	}
	note, err := c.Note(sig)
	if err != nil {
		return seal, err
	}
	seal.Checkpoint = gateway.LogCheckpoint{Size: c.Size, Note: note, Time: c.Time}
	seal.Tiles, err = k.tiles(ctx, k.fresh)
	return seal, err
}
