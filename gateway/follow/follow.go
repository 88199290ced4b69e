// Package follow keeps a gateway in step with what its ledger has recorded. It
// reads the ledger's blocks in their order, each once:
//
//   - A transaction of ours whose outcome is awaited is settled by the block that
//     holds it. So after a lost answer or a restart nobody has to ask.
//   - A transaction that carries an envelope signed by a key of ours for which
//     the store cannot account is a [gateway.Finding]: it is kept, counted and
//     told to operators.
//
// Where it stands is kept in the same commit as what the blocks have told. So a
// block that is read again, after a crash or at another peer, has no second
// effect; and a store that was restored from an older copy reads again from where
// that copy stood, and finds what it has forgotten.
//
// Who submits a transaction usually hears of it first, and settles it. The
// follower gives a holder of work some time ([Config].Patience) before it does
// that in its place.
package follow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"setu/gateway"
	"setu/internal/panics"
	"setu/ledgerclient"
)

// Defaults of [Config].
const (
	// DefaultPatience is how long a transaction in a block is left to who holds
	// it: many times the few milliseconds of a commit.
	DefaultPatience = time.Second
	// DefaultQuiet is how long no block comes before the ledger is asked
	// whether there are any. A stream may die without a word.
	DefaultQuiet = 30 * time.Second
	// DefaultCatchUp is how long the outbox waits at most for the blocks of the
	// time when the gateway was down.
	DefaultCatchUp = 3 * time.Second
)

const (
	// gatherFor is how long blocks are gathered for one commit, while those who
	// have submitted settle what they can themselves.
	gatherFor = 50 * time.Millisecond
	// maxGathered is how many transactions are gathered at most: twice those
	// of a large block.
	maxGathered = 2000
	// queued blocks wait between the stream and the commit.
	queued = 64
	// Pauses between two tries of a stream that breaks.
	firstPause = 200 * time.Millisecond
	maxPause   = 30 * time.Second
)

// Errors of a stream.
var (
	// ErrShort says that the ledger holds fewer blocks than were followed: a
	// peer that lags behind, or another chain under the same name.
	ErrShort = errors.New("follow: the ledger holds fewer blocks than were followed")
	// ErrSilent says that blocks are there which the stream did not bring.
	ErrSilent = errors.New("follow: the stream of blocks has gone silent")
	// ErrGap says that a block is missing in a stream.
	ErrGap = errors.New("follow: blocks do not follow one another")

	errPanic = errors.New("follow: panic; see the log")
)

// Ledger is a ledger whose blocks can be followed.
type Ledger interface {
	// Height is the number of blocks. It finds a node that answers.
	Height(ctx context.Context) (uint64, error)
	// Follow hands each block from number next on to take, in order, and
	// returns when ctx ends, the stream breaks or take fails.
	Follow(ctx context.Context, next uint64, take func(ledgerclient.Block) error) error
}

// Store keeps what the blocks have told.
type Store interface {
	// Followed is the first block of a chain that was not followed yet.
	Followed(ctx context.Context, chain string) (uint64, error)
	// Standing is where a receipt's transaction stands.
	Standing(ctx context.Context, r ledgerclient.Receipt) (gateway.Standing, error)
	// Awaited is the unfinished item of a receipt's transaction, if any.
	Awaited(ctx context.Context, r ledgerclient.Receipt) (gateway.Item, bool, error)
	// Follow keeps what blocks have told.
	Follow(ctx context.Context, f gateway.Followed) (gateway.Landed, error)
}

// Outbox ends transactions and tells citizens.
type Outbox interface {
	// Settlement is the word that ends a transaction, and what is to be called
	// when it is on disk.
	Settlement(it gateway.Item, out ledgerclient.Outcome) (gateway.Progress, func())
	// Dispatch passes on what was leased by that.
	Dispatch(items []gateway.Item)
}

// Config is what a [Follower] works with. The first block is required.
type Config struct {
	Chain  string // names the ledger's chain in the store
	Ledger Ledger
	Store  Store
	Outbox Outbox
	// Keys are the gateway's own, those that are retired or revoked included.
	Keys ledgerclient.Verifier
	Log  *slog.Logger
	Now  func() time.Time

	Patience time.Duration // see DefaultPatience
	Quiet    time.Duration // see DefaultQuiet
	CatchUp  time.Duration // see DefaultCatchUp
	// Jitter is a random number in [0, 1); nil is the standard library's.
	Jitter func() float64
}

// Counts are what a Follower has seen and done since it was made.
type Counts struct {
	Blocks    atomic.Int64 // followed
	Confirmed atomic.Int64 // transactions that the store knew to be recorded
	Settled   atomic.Int64 // transactions whose outcome was awaited
	Invalid   atomic.Int64 // transactions without effect
	Findings  atomic.Int64 // envelopes of ours for which the store cannot account
	Broken    atomic.Int64 // streams that broke
	// Next is the first block that was not followed yet, Head the number of
	// blocks that the ledger is known to hold.
	Next, Head atomic.Uint64
	// Latest is when the newest followed block came, Unix seconds; 0: none did.
	Latest atomic.Int64
}

// Follower follows one chain while [Follower.Run] runs.
type Follower struct {
	Config
	counts   Counts
	caughtUp chan struct{}
	release  func() // closes caughtUp
	up       atomic.Bool
	reason   atomic.Pointer[string] // why it is not up
}

// New makes a Follower.
func New(c Config) *Follower {
	if c.Patience <= 0 {
		c.Patience = DefaultPatience
	}
	if c.Quiet <= 0 {
		c.Quiet = DefaultQuiet
	}
	if c.CatchUp <= 0 {
		c.CatchUp = DefaultCatchUp
	}
	if c.Jitter == nil {
		c.Jitter = rand.Float64
	}
	f := &Follower{Config: c, caughtUp: make(chan struct{})}
	f.release = sync.OnceFunc(func() { close(f.caughtUp) })
	return f
}

// Counts are the Follower's own, live.
func (f *Follower) Counts() *Counts { return &f.counts }

// CaughtUp is closed when the blocks that were there at the start have been
// followed, or when that takes longer than [Config].CatchUp.
func (f *Follower) CaughtUp() <-chan struct{} { return f.caughtUp }

// Up says whether blocks are coming, and if not in an operator's words why.
func (f *Follower) Up() (bool, string) {
	if f.up.Load() {
		return true, ""
	}
	if why := f.reason.Load(); why != nil {
		return false, *why
	}
	return false, "not started"
}

// Run follows the chain until ctx ends.
func (f *Follower) Run(ctx context.Context) {
	late := time.AfterFunc(f.CatchUp, f.release)
	defer late.Stop()
	for broken := 0; ctx.Err() == nil; broken++ {
		before := f.counts.Blocks.Load()
		err := f.follow(ctx)
		if ctx.Err() != nil {
			return
		}
		if f.counts.Blocks.Load() > before {
			broken = 0 // it worked for a while
		}
		f.broke(ctx, err)
		if !rest(ctx, f.pause(broken)) {
			return
		}
	}
}

// broke tells operators that a stream broke, once for each reason.
func (f *Follower) broke(ctx context.Context, err error) {
	f.counts.Broken.Add(1)
	why := err.Error()
	if was := f.reason.Swap(&why); f.up.Swap(false) || was == nil || *was != why {
		f.Log.WarnContext(ctx, "blocks of the ledger are not followed for now", slog.String("error", why))
	}
}

// pause is the time to the next try after n failed ones: at least half of what
// doubles each time.
func (f *Follower) pause(n int) time.Duration {
	ceiling := maxPause
	if n < 10 {
		ceiling = min(maxPause, firstPause<<n)
	}
	return time.Duration((0.5 + f.Jitter()/2) * float64(ceiling))
}

// follow follows the chain until the stream breaks.
func (f *Follower) follow(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = f.panicked(ctx, p)
		}
	}()
	next, err := f.Store.Followed(ctx, f.Chain)
	if err != nil {
		return err
	}
	f.counts.Next.Store(next)
	height, err := f.Ledger.Height(ctx)
	if err != nil {
		return err
	}
	if height < next {
		return fmt.Errorf("%w: %d, and %d were; if this is another chain, restore the one before or give the new one another name", ErrShort, height, next)
	}
	f.counts.Head.Store(height)
	f.up.Store(true)
	s := f.open(ctx, next)
	defer s.close()
	for {
		if s.next >= height {
			f.release()
		}
		batch, err := f.gather(ctx, s)
		if err != nil {
			return err
		}
		if err := f.keep(ctx, s.next, batch); err != nil {
			return err
		}
		s.next += uint64(len(batch))
	}
}

// panicked makes an error of a panic.
func (f *Follower) panicked(ctx context.Context, p any) error {
	f.Log.ErrorContext(ctx, "following blocks panicked", slog.String("panic", panics.Text(p)), slog.String("stack", string(debug.Stack())))
	return errPanic
}

// stream is an open stream of blocks.
type stream struct {
	next   uint64 // the next block to be kept
	blocks chan ledgerclient.Block
	err    error // why blocks was closed
	cancel context.CancelFunc
}

// open opens a stream at block next. The stream ends with [stream.close].
func (f *Follower) open(ctx context.Context, next uint64) *stream {
	ctx, cancel := context.WithCancel(ctx)
	s := &stream{next: next, blocks: make(chan ledgerclient.Block, queued), cancel: cancel}
	go func() {
		defer close(s.blocks)
		defer func() {
			if p := recover(); p != nil {
				s.err = f.panicked(ctx, p)
			}
		}()
		s.err = f.Ledger.Follow(ctx, next, func(b ledgerclient.Block) error {
			if b.Number != next {
				return fmt.Errorf("%w: %d after %d", ErrGap, b.Number, next-1)
			}
			next++
			select {
			case s.blocks <- b:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	return s
}

// close ends the stream and waits for its end.
func (s *stream) close() {
	s.cancel()
	for range s.blocks { //nolint:revive // until it is closed
	}
}

// gather waits for a block, and then a little for those that follow it.
func (f *Follower) gather(ctx context.Context, s *stream) ([]ledgerclient.Block, error) {
	first, err := f.first(ctx, s)
	if err != nil {
		return nil, err
	}
	batch, entries := []ledgerclient.Block{first}, len(first.Entries)
	more := time.NewTimer(gatherFor)
	defer more.Stop()
	for entries < maxGathered {
		select {
		case b, ok := <-s.blocks:
			if !ok {
				return batch, nil // the error is for the next time
			}
			batch, entries = append(batch, b), entries+len(b.Entries)
		case <-more.C:
			return batch, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return batch, nil
}

// first waits for a block. When none comes for a while, the ledger is asked
// whether there is one.
func (f *Follower) first(ctx context.Context, s *stream) (ledgerclient.Block, error) {
	quiet := time.NewTicker(f.Quiet)
	defer quiet.Stop()
	for {
		select {
		case b, ok := <-s.blocks:
			if !ok {
				return b, s.err
			}
			return b, nil
		case <-quiet.C:
			height, err := f.Ledger.Height(ctx)
			switch {
			case err != nil:
				return ledgerclient.Block{}, err
			case height > s.next && len(s.blocks) == 0:
				return ledgerclient.Block{}, fmt.Errorf("%w: the ledger holds %d blocks, and %d came", ErrSilent, height, s.next)
			}
		case <-ctx.Done():
			return ledgerclient.Block{}, ctx.Err()
		}
	}
}

// rest waits for d; it is false when ctx ends before.
func rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
