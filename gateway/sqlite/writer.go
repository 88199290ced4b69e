package sqlite

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"setu/gateway"
	"setu/gateway/crashpoint"
	"setu/internal/panics"
)

// op is one caller's wish.
type op interface {
	// apply does it within the writer's transaction. It may be called twice:
	// with others, and again alone when one of those failed.
	apply(w *writer) error
	// answer tells the caller; err is nil when it is on disk.
	answer(err error)
	// fresh says that it brings new work, which a full disk refuses.
	fresh() bool
}

// refusal is an error of apply after which nothing was written, so that the
// rest of the batch can be committed.
type refusal struct{ error }

// writer owns the only connection that writes.
type writer struct {
	*conn
	s   *Store
	now int64 // Unix ms, of the transaction
	// nowValue and leaseValue are now and the end of a lease given now, as
	// arguments that are made once.
	nowValue, leaseValue    value
	epoch                   int64
	token                   int64 // last one minted in this epoch
	leases                  *leases
	recent                  *recent
	lanes                   lanes
	waiting                 waiting
	leasedFrom, waitingFrom mark
	lastItem                int64 // the newest one of the outbox
	// early says that there may be delivery receipts that came too soon.
	early bool
	// lastRow is the newest message of the inbox, oldRow that of the epochs
	// before this one, and pause the time that passed, in ms, between its coming and the opening.
	lastRow, oldRow, pause int64
	// done counts what came to a final state in this transaction, counters all
	// that is metered.
	done     tally
	counters counters
	log      leafLog
}

// write runs until the queue is closed and drained.
func (s *Store) write() {
	defer s.running.Done()
	defer close(s.committed)
	for {
		ops := s.queue.take()
		if len(ops) == 0 {
			return
		}
		ops = s.w.batch(ops)
		s.queue.sets(true)
		s.committed <- ops
	}
}

// batch commits the ops, together with those that come while an earlier commit
// is on its way to the disk, and gives all of them. When one fails for a reason
// that nobody foresaw, nothing of the batch is kept, and each gets a commit of
// its own, so that the bad one fails alone.
func (w *writer) batch(ops []entry) []entry {
	err := w.transaction(func() error {
		for done := 0; ; {
			if err := w.together(ops[done:]); err != nil {
				return err
			}
			done = len(ops)
			more := w.s.queue.more(maxBatch - done)
			if len(more) == 0 {
				return nil
			}
			ops = append(ops, more...)
			w.s.queue.reuse(more)
		}
	})
	if err != nil {
		for i := range ops {
			ops[i].err = w.s.noted(w.alone(ops[i].op))
		}
	}
	return ops
}

// together applies the ops within a transaction. The error is that of the first
// which failed for a reason that nobody foresaw.
func (w *writer) together(ops []entry) error {
	for i := range ops {
		if ops[i].err = w.apply(ops[i].op); ops[i].err == nil {
			continue
		}
		var no refusal
		if !errors.As(ops[i].err, &no) {
			return ops[i].err
		}
		ops[i].err = no.error
	}
	return nil
}

// alone commits one op.
func (w *writer) alone(o op) error {
	err := w.transaction(func() error { return w.apply(o) })
	var no refusal
	if errors.As(err, &no) {
		return no.error
	}
	return err
}

// apply refuses new work when the disk is full, and turns a panic into an
// error.
func (w *writer) apply(o op) (err error) {
	if o.fresh() && w.s.full.Load() {
		return refusal{gateway.ErrFull}
	}
	defer func() {
		if p := recover(); p != nil {
			w.s.log.Error("writer panicked", slog.String(keyPanic, panics.Text(p)), slog.String(keyStack, string(debug.Stack())))
			err = fmt.Errorf("sqlite: panic: %s", panics.Text(p))
		}
	}()
	return o.apply(w)
}

// transaction commits what do wrote, or nothing.
func (w *writer) transaction(do func() error) error {
	w.now = w.s.now().UnixMilli()
	w.nowValue, w.leaseValue = w.now, w.leaseEnd()
	w.done = tally{}
	w.counters.begin(w.now)
	if err := w.sift(); err != nil {
		return err
	}
	w.leases.begin()
	w.waiting.begin()
	w.recent.begin(w.now, w.s.window)
	w.log.begin()
	leasedFrom, waitingFrom, lastItem, lastRow := w.leasedFrom, w.waitingFrom, w.lastItem, w.lastRow
	if err := w.run(qBegin); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	err := do()
	if err == nil {
		err = w.commit()
	}
	if err == nil {
		return nil
	}
	w.leases.rollback()
	w.recent.rollback()
	w.log.rollback()
	w.leasedFrom, w.waitingFrom, w.lastItem, w.lastRow = leasedFrom, waitingFrom, lastItem, lastRow
	// SQLite has rolled back on its own after some errors, such as a full disk.
	if !w.db.AutoCommit() {
		if rerr := w.run(qRollback); rerr != nil {
			err = errors.Join(err, fmt.Errorf("roll back: %w", rerr))
		}
	}
	return err
}

// commit writes the transaction into the log, where readers see it; on the disk
// it is after [Store.sync].
func (w *writer) commit() error {
	raise(&w.leasedFrom, w.lastItem, w.leases.byID)
	raise(&w.waitingFrom, w.lastRow, w.waiting.rows)
	for _, row := range w.waiting.came {
		w.waitingFrom.lower(row)
	}
	if err := errors.Join(w.note(&w.leasedFrom), w.note(&w.waitingFrom)); err != nil {
		return fmt.Errorf("note marks: %w", err)
	}
	if err := w.writeCounts(); err != nil {
		return err
	}
	if err := w.putLeaves(); err != nil {
		return fmt.Errorf("write audit log: %w", err)
	}
	crashpoint.Here(crashpoint.InCommit)
	if err := w.run(qCommit); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	w.leasedFrom.noted, w.waitingFrom.noted = w.leasedFrom.from, w.waitingFrom.from
	w.waiting.commit()
	w.s.finished.add(&w.done)
	w.s.counted.add(w.counters.counts)
	w.s.firstEnd.Store(w.leases.first())
	return nil
}

// mint is the next fencing token: the epoch in the upper half, so that no token
// of an earlier run is ever valid.
func (w *writer) mint() int64 {
	t := w.nextToken()
	w.token++
	return t
}

// nextToken is what mint will give.
func (w *writer) nextToken() int64 { return w.epoch<<32 | (w.token + 1) }

// leaseEnd is when a lease that is given now ends, Unix ms.
func (w *writer) leaseEnd() int64 { return w.now + w.s.lease }

// ms is t as Unix milliseconds, 0 for the zero time.
func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// instant is the UTC time of Unix milliseconds, zero for 0.
func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
