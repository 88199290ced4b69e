// Package sqlite is the durable store of one gateway: sessions, the inbox, the
// outbox, receipts and fragments in one SQLite file.
//
// Accepted means kept: a callback without an error says that the commit is in
// the write-ahead log and that the log was synced after it. One goroutine writes
// and another syncs: what comes while one commit is on its way to the disk makes
// up the next, so that a lone message is on disk after one sync and a thousand at
// once share one.
//
// A lane is a queue of outbox items that are done one after another. Its first
// unfinished item, its head, is the only one that can be leased. A lease is
// held by a fencing token; the epoch in the token's upper half is counted up by
// every [Open], so that no lease outlives its process.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"setu/gateway"
)

const (
	// FileName is the database in the data folder. SQLite keeps two files
	// beside it, with -wal and -shm; a copy of the file alone is no backup.
	FileName = "setu.db"
	// DefaultLease is how long a leased item is left to its holder.
	DefaultLease = 60 * time.Second
	// DefaultRedeliveryWindow is how long after the first copy of a message
	// an equal one on another bind is taken for a redelivery.
	DefaultRedeliveryWindow = 2 * time.Minute
	// DefaultReserve is the free space, in octets, below which new work is
	// refused, so that what was accepted can still be done.
	DefaultReserve = 64 << 20
	// DefaultReaders is the number of connections that read.
	DefaultReaders = 4
)

// Keys of the log.
const (
	keyError   = "error"
	keyFree    = "free_octets"
	keyItems   = "items"
	keyPanic   = "panic"
	keyReserve = "reserve_octets"
	keyStack   = "stack"
)

// background is for statements that must not be broken off.
//
//nolint:gochecknoglobals // immutable
var background = context.Background()

// Options are how a store works. The zero value is good.
type Options struct {
	Log *slog.Logger     // nil: none
	Now func() time.Time // nil: time.Now

	Lease            time.Duration // 0: DefaultLease; in the last 25 s of one the outbox hands nothing over
	RedeliveryWindow time.Duration // 0: DefaultRedeliveryWindow
	Reserve          int64         // octets; 0: DefaultReserve, negative: none
	Readers          int           // 0: DefaultReaders
	// Redelivers says whether the bind may bring again what came on the bind
	// first and was stored at that time: a provider with several binds at once
	// spreads a citizen's messages over them, and delivers nothing again while
	// it has the first. It is called by the writer and must not
	// block. Nil: no bind is known to be up.
	Redelivers func(first, bind string, stored time.Time) bool
	// MaxPages caps the file, in pages of 4 KiB, as a small disk would; 0 is
	// no cap. It is for tests.
	MaxPages int
	flush    func() error // in the place of a sync, for tests
}

// Store is an open data folder. It is safe for concurrent use. Its methods
// return [gateway.ErrClosed] after [Store.Close].
type Store struct {
	dir     string
	log     *slog.Logger
	now     func() time.Time
	lease   int64 // ms
	window  int64 // ms
	reserve int64 // octets
	again   func(first, bind string, stored time.Time) bool

	lock      *os.File
	w         *writer
	queue     *queue
	committed chan []entry // and not on the disk yet
	walFile   *os.File
	flush     func() error // of the log to the disk
	broken    atomic.Pointer[error]
	readers   chan *conn
	nReader   int

	full     atomic.Bool
	firstEnd atomic.Int64 // of a lease, Unix ms; 0: none
	finished tallies
	counted  totals
	closing  chan struct{}
	closed   sync.Once
	running  sync.WaitGroup
}

// Open opens the data folder, which must exist, and takes it for this process.
// All leases of earlier processes end. It starts the store's goroutines, which
// end with [Store.Close].
func Open(dir string, o Options) (*Store, error) {
	s := &Store{
		dir: dir, log: o.Log, now: o.Now, again: o.Redelivers,
		lease:   defaultTo(o.Lease, DefaultLease).Milliseconds(),
		window:  defaultTo(o.RedeliveryWindow, DefaultRedeliveryWindow).Milliseconds(),
		reserve: defaultTo(o.Reserve, int64(DefaultReserve)),
		nReader: defaultTo(o.Readers, DefaultReaders),
		queue:   newOpQueue(),
		// One, so that the writer goes on while callers are answered.
		committed: make(chan []entry, 1),
		closing:   make(chan struct{}),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	var err error
	if s.lock, err = lock(dir); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if err := s.open(o); err != nil {
		return nil, errors.Join(fmt.Errorf("open store: %w", err), s.release())
	}
	s.probe()
	s.running.Add(3)
	go s.write()
	go s.sync()
	go s.watch()
	return s, nil
}

// defaultTo is v, or d when v is zero.
func defaultTo[T comparable](v, d T) T {
	var zero T
	if v == zero {
		return d
	}
	return v
}

// open opens the connections and begins an epoch.
func (s *Store) open(o Options) error {
	path := filepath.Join(s.dir, FileName)
	// SQLite gives the files beside it the same permissions.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	c, err := connect(path, writes)
	if err != nil {
		return err
	}
	s.w = &writer{conn: c, s: s, leases: newLeases(), recent: newRecent()}
	if o.MaxPages > 0 {
		if err := c.script(fmt.Sprintf("PRAGMA max_page_count = %d", o.MaxPages)); err != nil {
			return err
		}
	}
	if err := c.script(writerPragmas); err != nil {
		return err
	}
	if err := migrate(c); err != nil {
		return err
	}
	if err := c.prepare(0, lastWrite); err != nil {
		return err
	}
	if err := s.w.begin(); err != nil {
		return fmt.Errorf("begin epoch: %w", err)
	}
	if s.walFile, err = openLog(path); err != nil {
		return err
	}
	if s.flush = s.walFile.Sync; o.flush != nil {
		s.flush = o.flush
	}
	return s.openReaders(path)
}

func (s *Store) openReaders(path string) error {
	s.readers = make(chan *conn, s.nReader)
	for range s.nReader {
		r, err := connect(path, reads)
		if err != nil {
			return err
		}
		s.readers <- r
		if err := r.prepare(lastWrite+1, queries-1); err != nil {
			return err
		}
	}
	return nil
}

// writerPragmas tune the writer: a cache that holds the pages in use, and a log
// long enough that a page which changes with every batch is copied into the
// file once in many of them.
const writerPragmas = `PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 8000; PRAGMA journal_size_limit = 67108864`

// Close takes no more work, finishes what is queued, and gives the folder back.
// Later calls do nothing.
func (s *Store) Close() error {
	var err error
	s.closed.Do(func() {
		s.queue.close()
		close(s.closing)
		s.running.Wait()
		err = s.release()
	})
	if err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}

// release closes what is open. Closing the last connection writes the log into
// the file.
func (s *Store) release() error {
	var errs []error
	if s.readers != nil {
		for range len(s.readers) {
			errs = append(errs, (<-s.readers).close())
		}
	}
	if s.w != nil {
		errs = append(errs, s.w.close())
	}
	if s.walFile != nil {
		errs = append(errs, s.walFile.Close())
	}
	return errors.Join(append(errs, unlock(s.lock))...)
}

// call is an op for which its caller waits.
type call struct {
	do   func(w *writer) error
	done chan error
}

func (c *call) apply(w *writer) error { return c.do(w) }
func (c *call) answer(err error)      { c.done <- err }
func (c *call) fresh() bool           { return false }

// do runs f in the writer and waits until it is on disk or ctx ends. When ctx
// ends f may still be run.
func (s *Store) do(ctx context.Context, f func(w *writer) error) error {
	c := &call{do: f, done: make(chan error, 1)}
	if !s.queue.put(c) {
		return gateway.ErrClosed
	}
	select {
	case err := <-c.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// read runs f with a connection that reads. A query that has begun is brought
// to its end: none of them is long.
func (s *Store) read(ctx context.Context, f func(c *conn) error) error {
	select {
	case <-s.closing:
		return gateway.ErrClosed
	default:
	}
	select {
	case c := <-s.readers:
		defer func() { s.readers <- c }()
		return f(c)
	case <-s.closing:
		return gateway.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}
