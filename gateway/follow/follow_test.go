package follow_test

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"setu/gateway"
	"setu/gateway/follow"
	"setu/gateway/sqlite"
	"setu/ledgerclient"
	"setu/ledgerclient/keys"
)

// chain is a ledger's chain with named failures.
type chain struct {
	mu      sync.Mutex
	blocks  []ledgerclient.Block
	grown   chan struct{}
	breaks  int  // streams still break after one block
	silent  bool // streams bring nothing
	down    bool
	panics  int // so many streams panic
	streams []uint64
}

var errBroken = errors.New("broken by request")

func (c *chain) Height(context.Context) (uint64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.down {
		return 0, errBroken
	}
	return uint64(len(c.blocks)), nil
}

func (c *chain) Follow(ctx context.Context, next uint64, take func(ledgerclient.Block) error) error {
	c.mu.Lock()
	c.streams = append(c.streams, next)
	if c.panics > 0 {
		c.panics--
		c.mu.Unlock()
		panic("driver fault")
	}
	breaks := c.breaks > 0
	if breaks {
		c.breaks--
	}
	c.mu.Unlock()
	for ; ; next++ {
		b, grown, ok := c.block(next)
		for !ok {
			select {
			case <-grown:
			case <-ctx.Done():
				return ctx.Err()
			}
			b, grown, ok = c.block(next)
		}
		if err := take(b); err != nil {
			return err
		}
		if breaks {
			return errBroken
		}
	}
}

func (c *chain) block(n uint64) (ledgerclient.Block, <-chan struct{}, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.silent || n >= uint64(len(c.blocks)) {
		return ledgerclient.Block{}, c.grown, false
	}
	return c.blocks[n], c.grown, true
}

func (c *chain) add(entries ...ledgerclient.Entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range entries {
		entries[i].Index = i
		entries[i].Outcome.Answer.AsOf.Block = uint64(len(c.blocks))
	}
	c.blocks = append(c.blocks, ledgerclient.Block{Number: uint64(len(c.blocks)), Entries: entries})
	close(c.grown)
	c.grown = make(chan struct{})
}

func (c *chain) set(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}

// box ends transactions as the outbox does.
type box struct {
	mu         sync.Mutex
	told       []string
	dispatched int
}

func (b *box) Settlement(it gateway.Item, out ledgerclient.Outcome) (gateway.Progress, func()) {
	p := gateway.Progress{ID: it.ID, State: gateway.Recorded, Code: out.Answer.Code, Block: out.Answer.AsOf.Block, Effects: []gateway.Effect{{
		Kind: gateway.Message, Lane: "sms", Lease: true, SMS: &gateway.SMSOut{Text: "recorded"},
	}}}
	return p, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.told = append(b.told, it.Tx.Key)
	}
}

func (b *box) Dispatch(items []gateway.Item) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.dispatched += len(items)
}

func (b *box) heard() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	told := slices.Clone(b.told)
	slices.Sort(told)
	return told
}

// world is a follower over a real store and real keys.
type world struct {
	*testing.T
	dir   string
	keys  *keys.Store
	chain *chain
	box   *box
	store *sqlite.Store
	*follow.Follower
	stop func()
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, dir: t.TempDir(), chain: &chain{grown: make(chan struct{})}, box: &box{}}
	w.keys = w.newKeys()
	w.openStore()
	return w
}

func (w *world) newKeys() *keys.Store {
	w.Helper()
	s, err := keys.Create(filepath.Join(w.TempDir(), "keys.age"), "test", keys.Options{WorkFactor: 1})
	if err != nil {
		w.Fatal(err)
	}
	return s
}

func (w *world) openStore() {
	w.Helper()
	var err error
	if w.store, err = sqlite.Open(w.dir, sqlite.Options{Reserve: -1}); err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = w.store.Close() })
}

// start starts a follower on the store.
func (w *world) start() {
	w.Helper()
	w.Follower = follow.New(follow.Config{
		Chain: "test", Ledger: w.chain, Store: w.store, Outbox: w.box, Keys: keys.NewVerifier(w.keys),
		Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Patience: 100 * time.Millisecond, Quiet: 50 * time.Millisecond, CatchUp: 10 * time.Second, Jitter: func() float64 { return 0 },
	})
	ctx, cancel := context.WithCancel(w.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); w.Follower.Run(ctx) }()
	w.stop = sync.OnceFunc(func() { cancel(); <-ended })
	w.Cleanup(w.stop)
}

// again starts another process on the same data.
func (w *world) again() {
	w.Helper()
	w.stop()
	if err := w.store.Close(); err != nil {
		w.Fatal(err)
	}
	w.openStore()
	w.start()
}

// sign signs a request by one of the keystores.
func (w *world) sign(by *keys.Store) ledgerclient.Envelope {
	w.Helper()
	return ledgerclient.Envelope{
		Receipt: ledgerclient.NewReceipt(), Key: rand.Text(), Service: "produce", Version: "1",
		Call:   ledgerclient.Call{Contract: "produce", Function: "Register"},
		Caller: ledgerclient.Caller{Pseudonym: "aaaaaaaaaaaaaaaaaaaaaaaa", Channel: "sms", Assurance: ledgerclient.Number},
		Time:   time.Now(), KeyID: by.KeyID(),
	}
}

// entry is a request on the ledger.
func (w *world) entry(e ledgerclient.Envelope, by *keys.Store) ledgerclient.Entry {
	w.Helper()
	se, err := ledgerclient.SignEnvelope(w.Context(), by, e)
	if err != nil {
		w.Fatal(err)
	}
	return ledgerclient.Entry{
		Envelope: se, Outcome: ledgerclient.Outcome{Found: true, TxID: "tx-" + e.Key, Answer: ledgerclient.Answer{Code: "done"}},
	}
}

// put puts a request into the outbox, whose item is leased if that is asked for.
func (w *world) put(e ledgerclient.Envelope, entry ledgerclient.Entry, leased bool) int64 {
	w.Helper()
	done := make(chan error, 1)
	w.store.Commit(gateway.Commit{Effects: []gateway.Effect{{
		Kind: gateway.Transaction, Lane: "l" + e.Key, Lease: leased, Ask: &gateway.Ask{},
		Tx: &gateway.TxOut{Receipt: e.Receipt, Key: e.Key, Envelope: entry.Envelope},
	}}}, func(_ gateway.Committed, err error) { done <- err })
	if err := <-done; err != nil {
		w.Fatal(err)
	}
	it, ok, err := w.store.Awaited(w.Context(), e.Receipt)
	if !ok || err != nil {
		w.Fatalf("Awaited = %v, %v", ok, err)
	}
	return it.ID
}

func (w *world) standing(e ledgerclient.Envelope) gateway.Standing {
	w.Helper()
	st, err := w.store.Standing(w.Context(), e.Receipt)
	if err != nil {
		w.Fatal(err)
	}
	return st
}

func (w *world) until(what string, ok func() bool) {
	w.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			_, why := w.Up()
			w.Fatalf("never came: %s (%s)", what, why)
		}
		time.Sleep(2 * time.Millisecond) // the follower runs on its own goroutines
	}
}

// followed waits until all blocks have been followed.
func (w *world) followed() {
	w.Helper()
	w.until("all blocks are followed", func() bool {
		height, _ := w.chain.Height(w.Context())
		return w.Counts().Next.Load() == height
	})
}

// TestFollower_Settles: what waits is settled by its block, at once when nobody
// holds it and after a while when somebody does; and once, though the stream
// breaks and the process dies.
func TestFollower_Settles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.chain.add() // without transactions
	w.chain.breaks, w.chain.panics = 3, 1
	w.start()
	var envelopes []ledgerclient.Envelope
	var keys []string
	for i := range 6 {
		e := w.sign(w.keys)
		entry := w.entry(e, w.keys)
		w.put(e, entry, i%2 == 1)
		w.chain.add(entry)
		envelopes, keys = append(envelopes, e), append(keys, e.Key)
		if i == 3 {
			w.again()
		}
	}
	w.followed()
	for i, e := range envelopes {
		if st := w.standing(e); st.State != gateway.Recorded || st.Block != uint64(i+1) || st.Code != "done" {
			t.Errorf("request %d stands %+v, want recorded in block %d", i, st, i+1)
		}
	}
	slices.Sort(keys)
	if got := w.box.heard(); !slices.Equal(got, keys) {
		t.Errorf("told of %v, want each of %v once", got, keys)
	}
	if w.box.dispatched == 0 {
		t.Error("the messages to citizens were not passed on")
	}
	// Nothing has a second effect, and what is known is only confirmed.
	w.again()
	w.chain.add(w.chain.blocks[1].Entries...)
	w.followed()
	if n := w.Counts().Settled.Load(); n != 0 {
		t.Errorf("settled %d by blocks that were followed before, want 0", n)
	}
}

// TestFollower_CatchUp: the ledger's work may begin when the blocks are read
// that were there at the start.
func TestFollower_CatchUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.sign(w.keys)
	entry := w.entry(e, w.keys)
	w.put(e, entry, false)
	w.chain.add(entry)
	w.start()
	select {
	case <-w.CaughtUp():
	case <-time.After(10 * time.Second):
		t.Fatal("never caught up")
	}
	if st := w.standing(e); st.State != gateway.Recorded {
		t.Errorf("caught up while the request stands %+v", st)
	}
}

// TestFollower_Findings has a row for what may be on a ledger.
func TestFollower_Findings(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		make func(w *world) ledgerclient.Entry
		want gateway.State
		none bool
	}{
		{
			name: "ours and unknown", want: 0,
			make: func(w *world) ledgerclient.Entry { return w.entry(w.sign(w.keys), w.keys) },
		},
		{
			name: "ours and given up", want: gateway.Dead,
			make: func(w *world) ledgerclient.Entry {
				e := w.sign(w.keys)
				entry := w.entry(e, w.keys)
				if err := w.store.Discard(w.Context(), w.put(e, entry, false), "lost"); err != nil {
					w.Fatal(err)
				}
				return entry
			},
		},
		{
			name: "ours with the receipt of another that waits", want: gateway.Queued,
			make: func(w *world) ledgerclient.Entry {
				e := w.sign(w.keys)
				w.put(e, w.entry(e, w.keys), false)
				e.Key = rand.Text()
				return w.entry(e, w.keys)
			},
		},
		{
			name: "by a key of ours that is revoked", want: 0,
			make: func(w *world) ledgerclient.Entry {
				entry := w.entry(w.sign(w.keys), w.keys)
				if _, err := w.keys.Revoke(w.keys.KeyID()); err != nil {
					w.Fatal(err)
				}
				return entry
			},
		},
		{
			name: "another gateway's", none: true,
			make: func(w *world) ledgerclient.Entry {
				other := w.newKeys()
				return w.entry(w.sign(other), other)
			},
		},
		{
			name: "another's with our key's name", none: true,
			make: func(w *world) ledgerclient.Entry {
				entry := w.entry(w.sign(w.keys), w.keys)
				entry.Envelope.Signature.Sig[9] ^= 1
				return entry
			},
		},
		{
			name: "without effect", none: true,
			make: func(w *world) ledgerclient.Entry {
				entry := w.entry(w.sign(w.keys), w.keys)
				entry.Invalid = "MVCC_READ_CONFLICT"
				return entry
			},
		},
		{
			name: "no envelope", none: true,
			make: func(w *world) ledgerclient.Entry {
				return ledgerclient.Entry{Envelope: ledgerclient.SignedEnvelope{Canonical: []byte("{}")}}
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.chain.add(tt.make(w))
			w.start()
			w.followed()
			got, err := w.store.Findings(t.Context(), 10)
			switch {
			case err != nil:
				t.Fatal(err)
			case tt.none && len(got) != 0:
				t.Errorf("found %+v, want nothing", got)
			case !tt.none && (len(got) != 1 || got[0].State != tt.want || !strings.HasPrefix(got[0].TxID, "tx-")):
				t.Errorf("found %+v, want one that stands %v", got, tt.want)
			}
			if n := w.Counts().Findings.Load(); n != int64(len(got)) {
				t.Errorf("counted %d, want %d", n, len(got))
			}
		})
	}
}

// TestFollower_Says tells operators why blocks do not come, and goes on when
// they do.
func TestFollower_Says(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.chain.silent = true
	w.chain.add()
	w.start()
	says := func(want error) {
		t.Helper()
		w.until(want.Error(), func() bool { _, why := w.Up(); return strings.Contains(why, want.Error()) })
	}
	says(follow.ErrSilent)
	w.chain.set(func() { w.chain.down = true })
	says(errBroken)
	w.chain.set(func() { w.chain.down, w.chain.silent = false, false })
	w.until("blocks come again", func() bool { up, _ := w.Up(); return up })
	w.followed()
	w.chain.add()
	w.followed()
	w.stop()
	w.chain.set(func() { w.chain.blocks = w.chain.blocks[:1] })
	w.start()
	says(follow.ErrShort)
	w.chain.add()
	w.chain.set(func() { w.chain.blocks = append(w.chain.blocks, ledgerclient.Block{Number: 7}) })
	says(follow.ErrGap)
	if n := w.Counts().Broken.Load(); n < 2 {
		t.Errorf("counted %d broken streams, want 2 at least", n)
	}
}
