// Package sandbox is an embedded ledger with made-up citizens, in one file: a
// chain of blocks, one JSON line each, that holds every accepted envelope with
// its signature and what it changed. A transaction is answered when its block
// is on disk. Whatever is queued shares a block and its fsync.
//
// It behaves as a permissioned ledger does towards a gateway: it checks the
// signatures of envelopes and queries, knows a request by its idempotency key,
// and can be made slow, unreachable or forgetful ([Faults]).
package sandbox

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"setu/ledgerclient"
	"setu/ledgerclient/contracts"
	"setu/ledgerclient/sandbox/synthetic"
)

// Options say how a sandbox is opened.
type Options struct {
	// Path of the file, in a folder that exists. It is made if it is not
	// there, and locked while it is open.
	Path string
	// Seed chooses the made-up world of a new file; see package synthetic.
	Seed uint64
	// Keys checks the signatures of envelopes and queries.
	Keys ledgerclient.Verifier
	// Pseudonym is what the ledger calls a phone number in a department.
	Pseudonym func(department, number string) (string, error)
	// Now is the clock of the blocks.
	Now func() time.Time
	// Extra records are added when the ledger does not hold them yet.
	Extra []Record
	// Log gets a warning when a block that a crash cut off is dropped. Nil
	// logs nothing.
	Log *slog.Logger
}

// Record is a record of a register, as the contract function registry.Get
// reads it.
type Record struct {
	Register, Key string
	Fields        map[string]string
}

// Ledger is an open sandbox. Its methods may be called from many goroutines.
type Ledger struct {
	keys ledgerclient.Verifier
	now  func() time.Time
	file *file

	// mu guards what the committer changes and others read.
	mu    sync.RWMutex
	world world
	head  ledgerclient.AsOf
	times []time.Time    // of the blocks, by number
	refs  map[string]ref // by the state key of the idempotency key
	txs   int
	size  int64         // of the file
	grown chan struct{} // closed when there are more blocks

	headHash digest // the committer's own, as is broken
	broken   bool

	// followedTo is where who follows the blocks has come to.
	followedTo atomic.Pointer[place]

	queue     chan *submission
	closing   chan struct{}
	closed    chan struct{} // when the committer has ended
	closeOnce sync.Once
	closeErr  error

	faulty   atomic.Bool
	faultsMu sync.Mutex
	faults   Faults
}

var _ ledgerclient.Ledger = (*Ledger)(nil)

// ref is where a transaction stands.
type ref struct {
	block uint64
	id    string
}

// Open opens a sandbox, or makes a new one, and starts its committer, which
// ends with [Ledger.Close]. The whole chain is read and checked. The errors are
// [ErrInUse], [ErrCorrupt] and those of the file.
func Open(o Options) (*Ledger, error) {
	f, err := openFile(o.Path)
	if err != nil {
		return nil, err
	}
	l := &Ledger{
		keys: o.Keys, now: o.Now, file: f,
		refs:    make(map[string]ref),
		grown:   make(chan struct{}),
		queue:   make(chan *submission, maxBlock),
		closing: make(chan struct{}),
		closed:  make(chan struct{}),
	}
	err = l.replay(o.Log)
	if err == nil {
		err = l.lay(o)
	}
	if err != nil {
		return nil, errors.Join(err, f.f.Close())
	}
	go l.commitAll()
	return l, nil
}

// Close records what is queued, stops the committer and closes the file.
// Later calls fail, class Before.
func (l *Ledger) Close() error {
	l.closeOnce.Do(func() {
		close(l.closing)
		<-l.closed
		l.closeErr = l.file.f.Close()
	})
	return l.closeErr
}

// replay rebuilds the state from the file.
func (l *Ledger) replay(log *slog.Logger) error {
	size, dropped, err := walk(l.file.path, l.file.f, func(b *block, hash digest) error {
		var writes []write
		for i := range b.Txs {
			for _, w := range b.Txs[i].Writes {
				w.Value = bytes.Clone(w.Value) // which shares the memory of the whole line
				writes = append(writes, w)
				if strings.HasPrefix(w.Key, contracts.IdempotencyPrefix) {
					l.refs[w.Key] = ref{b.Number, b.Txs[i].ID}
				}
			}
		}
		l.install(b, hash, writes)
		return nil
	})
	if err != nil {
		return err
	}
	l.file.size, l.size = size, size
	if dropped > 0 {
		if log != nil {
			log.Warn("dropped a block that was cut off", slog.Int64("octets", dropped), slog.Uint64("block", l.head.Block+1))
		}
		return l.file.cut()
	}
	return nil
}

// citizens makes the synthetic world up.
func citizens(o Options) ([]synthetic.Entry, error) {
	var failed error
	entries := synthetic.Entries(synthetic.Options{
		Seed: o.Seed, Day: o.Now().UTC(),
		Pseudonym: func(department, number string) string {
			if failed != nil {
				return ""
			}
			pseudonym, err := o.Pseudonym(department, number)
			failed = err
			return pseudonym
		},
	})
	return entries, failed
}

// lay writes the made-up world into a new file, and the extra records into any
// file that lacks them.
func (l *Ledger) lay(o Options) error {
	var writes []write
	add := func(key string, r ledgerclient.Record) error {
		value, err := r.Append(nil)
		writes = append(writes, write{key, value})
		return err
	}
	if len(l.times) == 0 {
		entries, err := citizens(o)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := add(e.Key, e.Record); err != nil {
				return err
			}
		}
	}
	for _, x := range o.Extra {
		key := contracts.RegistryKey(x.Register, x.Key)
		if value, _ := l.world.Get(key); value != nil {
			continue
		}
		if err := add(key, ledgerclient.NewRecord(x.Fields)); err != nil {
			return err
		}
	}
	if len(writes) == 0 {
		return nil
	}
	b := l.next()
	b.Txs = []blockTx{{ID: "seed-" + hex.EncodeToString(l.headHash[:4]), Writes: writes}}
	if err := l.write(b, writes, nil); err != nil {
		return err
	}
	return l.file.syncFolder()
}

// Evaluate answers a query from the newest block.
func (l *Ledger) Evaluate(ctx context.Context, q ledgerclient.SignedQuery) (ledgerclient.Answer, error) {
	const op = "evaluate"
	if err := l.reach(op); err != nil {
		return ledgerclient.Answer{}, err
	}
	if err := l.hold(ctx); err != nil {
		return ledgerclient.Answer{}, fault(op, ledgerclient.Before, err)
	}
	if err := q.Verify(l.keys, l.now()); err != nil {
		return ledgerclient.Answer{}, fault(op, classOf(err), err)
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	a, err := contracts.Query(&l.world, contracts.Request{Call: q.Query.Call, Caller: q.Query.Caller, Time: q.Query.Time})
	if err != nil {
		return ledgerclient.Answer{}, fault(op, classOf(err), err)
	}
	a.AsOf = l.head
	return a, nil
}

// proposal is what a transaction's bytes hold. The nonce makes every proposal
// another transaction, as on Fabric, though the envelope be the same.
type proposal struct {
	Nonce    string                      `json:"nonce"`
	Envelope ledgerclient.SignedEnvelope `json:"envelope"`
}

// Prepare checks an envelope, tries it on the newest block and makes a
// transaction of it.
func (l *Ledger) Prepare(ctx context.Context, se ledgerclient.SignedEnvelope) (ledgerclient.Transaction, ledgerclient.Outcome, error) {
	const op = "prepare"
	none, nowhere := ledgerclient.Transaction{}, ledgerclient.Outcome{}
	if err := l.reach(op); err != nil {
		return none, nowhere, err
	}
	if err := l.hold(ctx); err != nil {
		return none, nowhere, fault(op, ledgerclient.Before, err)
	}
	e, err := se.Open(l.keys, l.now())
	if err != nil {
		return none, nowhere, fault(op, classOfEnvelope(err), err)
	}
	outcome, err := l.try(e)
	if err != nil || outcome.Found {
		return none, outcome, err
	}
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // never fails (Go 1.24 and later)
	octets, err := json.Marshal(proposal{hex.EncodeToString(nonce[:]), se})
	if err != nil {
		return none, nowhere, fault(op, ledgerclient.Poison, err)
	}
	return ledgerclient.Transaction{ID: idOf(octets), Bytes: octets}, nowhere, nil
}

// try runs an envelope on the newest block without changing it. It is found
// when the ledger holds it already or the contract refuses it.
func (l *Ledger) try(e ledgerclient.Envelope) (ledgerclient.Outcome, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	a, wrote, err := contracts.Invoke(newOverlay(&l.world), request(e))
	switch {
	case err != nil:
		return ledgerclient.Outcome{}, fault("prepare", classOf(err), err)
	case wrote:
		return ledgerclient.Outcome{}, nil
	}
	at, ok := l.refs[contracts.IdempotencyKey(e.Key)]
	if !ok {
		at.block = l.head.Block
	}
	return l.outcome(a, at, nil), nil
}

// Submit records a transaction.
func (l *Ledger) Submit(ctx context.Context, tx ledgerclient.Transaction) (ledgerclient.Outcome, error) {
	const op = "submit"
	if err := l.reach(op); err != nil {
		return ledgerclient.Outcome{}, err
	}
	var p proposal
	if err := json.Unmarshal(tx.Bytes, &p); err != nil || tx.ID != idOf(tx.Bytes) {
		return ledgerclient.Outcome{}, fault(op, ledgerclient.Refused, ledgerclient.ErrNotCanonical)
	}
	e, err := p.Envelope.Open(l.keys, l.now())
	if err != nil {
		return ledgerclient.Outcome{}, fault(op, classOfEnvelope(err), err)
	}
	outcome, err := l.record(ctx, blockTx{ID: tx.ID, Envelope: p.Envelope}, e)
	if err != nil {
		return ledgerclient.Outcome{}, err
	}
	if l.forget() {
		return ledgerclient.Outcome{}, fault(op, ledgerclient.Unknown, errForgot)
	}
	if err := l.hold(ctx); err != nil {
		return ledgerclient.Outcome{}, fault(op, ledgerclient.Unknown, err)
	}
	return outcome, nil
}

// Find looks a transaction up by its envelope's idempotency key.
func (l *Ledger) Find(ctx context.Context, key string) (ledgerclient.Outcome, error) {
	const op = "find"
	if err := l.reach(op); err != nil {
		return ledgerclient.Outcome{}, err
	}
	if err := l.hold(ctx); err != nil {
		return ledgerclient.Outcome{}, fault(op, ledgerclient.Before, err)
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	a, found, err := contracts.First(&l.world, key)
	switch {
	case err != nil:
		return ledgerclient.Outcome{}, fault(op, classOf(err), err)
	case !found:
		return ledgerclient.Outcome{}, nil
	}
	return l.outcome(a, l.refs[contracts.IdempotencyKey(key)], nil), nil
}

// outcome is a final outcome at a block, which may be the one in the making.
func (l *Ledger) outcome(a ledgerclient.Answer, at ref, making *block) ledgerclient.Outcome {
	a.AsOf.Block = at.block
	if making != nil && at.block == making.Number {
		a.AsOf.Time = making.Time
	} else {
		a.AsOf.Time = l.times[at.block]
	}
	return ledgerclient.Outcome{Found: true, Answer: a, TxID: at.id}
}

func request(e ledgerclient.Envelope) contracts.Request {
	return contracts.Request{Call: e.Call, Caller: e.Caller, Time: e.Time, Receipt: e.Receipt, Key: e.Key}
}

func idOf(octets []byte) string {
	sum := sha256.Sum256(octets)
	return hex.EncodeToString(sum[:])
}

func fault(op string, c ledgerclient.Class, err error) error {
	return &ledgerclient.Error{Class: c, Op: op, Err: err}
}

// classOfEnvelope is classOf for what is signed once: when its key was revoked,
// no second try helps, while a question is signed anew each time.
func classOfEnvelope(err error) ledgerclient.Class {
	if errors.Is(err, ledgerclient.ErrRevoked) {
		return ledgerclient.Disowned
	}
	return classOf(err)
}

// classOf gives the class of an error of a contract or of a signature.
func classOf(err error) ledgerclient.Class {
	switch {
	case errors.Is(err, ledgerclient.ErrSignature), errors.Is(err, ledgerclient.ErrNotCanonical),
		errors.Is(err, contracts.ErrRequest):
		return ledgerclient.Refused
	case errors.Is(err, contracts.ErrFunction), errors.Is(err, contracts.ErrKind),
		errors.Is(err, ledgerclient.ErrKey):
		return ledgerclient.Config
	}
	return ledgerclient.Poison
}
