package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	sqlite3 "github.com/mattn/go-sqlite3"
)

const (
	ceilingFile   = "ceiling.db"
	ceilingSchema = `CREATE TABLE inbox (id INTEGER PRIMARY KEY, body BLOB NOT NULL, done INTEGER NOT NULL);
CREATE TABLE outbox (id INTEGER PRIMARY KEY, body BLOB NOT NULL, due INTEGER NOT NULL, sent INTEGER NOT NULL);
CREATE INDEX outbox_due ON outbox (due) WHERE sent = 0`
	ceilingAccept = `INSERT INTO inbox (body, done) VALUES (?, 0)`
	ceilingTurn   = `UPDATE inbox SET done = 1 WHERE id = ?`
	ceilingReply  = `INSERT INTO outbox (body, due, sent) VALUES (?, ?, 0)`
	ceilingSent   = `UPDATE outbox SET sent = 1 WHERE id = ?`

	// ceilingCallers wait for their commits at the same time.
	ceilingCallers = 1000
	// ceilingBody is the size of a row's content, in octets.
	ceilingBody = 300
)

// Ceiling measures what the machine and SQLite allow a gateway that keeps its
// promises: round trips per second of n messages, each with three awaited
// steps (message in; message done and reply in; reply sent), asked for by a
// thousand goroutines of one writer that takes whatever waits into one commit
// with synchronous=FULL. There is nothing else: no look for duplicates, no
// lanes, no leases, no sessions. It works in a file of its own in dir, which
// should be on the gateway's disk and is left empty of it.
func Ceiling(ctx context.Context, dir string, n int) (roundTripsPerSecond float64, err error) {
	path := filepath.Join(dir, ceilingFile)
	if err := removeDatabase(path); err != nil {
		return 0, fmt.Errorf("ceiling: %w", err)
	}
	defer func() { err = errors.Join(err, removeDatabase(path)) }()
	c, err := connect(path, syncs)
	if err != nil {
		return 0, fmt.Errorf("ceiling: %w", err)
	}
	defer func() { err = errors.Join(err, c.close()) }()
	b := &ceiling{conn: c}
	b.filled.L = &b.mu
	if err := b.prepare(); err != nil {
		return 0, fmt.Errorf("ceiling: %w", err)
	}
	rate, err := b.measure(ctx, n)
	if err != nil {
		return 0, fmt.Errorf("ceiling: %w", err)
	}
	return rate, nil
}

// ceiling is a writer with nothing but what the measurement needs.
type ceiling struct {
	conn                                        *conn
	begin, commit, accept, turn, reply, sentOff *sqlite3.SQLiteStmt

	mu     sync.Mutex
	filled sync.Cond
	steps  []ceilingStep
	closed bool
}

// ceilingStep is one awaited step of a message.
type ceilingStep struct {
	step int // 0, 1, 2
	id   int64
	done chan ceilingDone
}

type ceilingDone struct {
	id  int64
	err error
}

func (b *ceiling) prepare() error {
	if err := b.conn.script(writerPragmas); err != nil {
		return err
	}
	if err := b.conn.script(ceilingSchema); err != nil {
		return err
	}
	for _, p := range []struct {
		st  **sqlite3.SQLiteStmt
		sql string
	}{
		{&b.begin, "BEGIN IMMEDIATE"},
		{&b.commit, "COMMIT"},
		{&b.accept, ceilingAccept},
		{&b.turn, ceilingTurn},
		{&b.reply, ceilingReply},
		{&b.sentOff, ceilingSent},
	} {
		st, err := b.conn.db.Prepare(p.sql)
		if err != nil {
			return err
		}
		*p.st, _ = st.(*sqlite3.SQLiteStmt)
	}
	return nil
}

// measure runs callers and writer, and joins both.
func (b *ceiling) measure(ctx context.Context, n int) (float64, error) {
	var left atomic.Int64
	left.Store(int64(n))
	failed := make(chan error, ceilingCallers)
	var writer, callers sync.WaitGroup
	writer.Go(b.write)
	start := time.Now()
	for range min(ceilingCallers, n) {
		callers.Go(func() {
			done := make(chan ceilingDone, 1)
			for left.Add(-1) >= 0 && ctx.Err() == nil {
				if err := b.message(done); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	callers.Wait()
	took := time.Since(start)
	b.mu.Lock()
	b.closed = true
	b.filled.Signal()
	b.mu.Unlock()
	writer.Wait()
	select {
	case err := <-failed:
		return 0, err
	default:
	}
	return float64(n) / took.Seconds(), ctx.Err()
}

// message takes the three steps of one message.
func (b *ceiling) message(done chan ceilingDone) error {
	var d ceilingDone
	for step := range 3 {
		b.mu.Lock()
		b.steps = append(b.steps, ceilingStep{step: step, id: d.id, done: done})
		if len(b.steps) == 1 {
			b.filled.Signal()
		}
		b.mu.Unlock()
		if d = <-done; d.err != nil {
			return d.err
		}
	}
	return nil
}

// write commits what waits until b is closed.
func (b *ceiling) write() {
	var steps, spare []ceilingStep
	for {
		b.mu.Lock()
		for len(b.steps) == 0 && !b.closed {
			b.filled.Wait()
		}
		steps, b.steps = b.steps, spare[:0]
		b.mu.Unlock()
		if len(steps) == 0 {
			return
		}
		for rest := steps; len(rest) > 0; {
			batch := rest[:min(len(rest), maxBatch)]
			err := b.batch(batch)
			for _, s := range batch {
				s.done <- ceilingDone{s.id, err}
			}
			rest = rest[len(batch):]
		}
		spare = steps
	}
}

func (b *ceiling) batch(steps []ceilingStep) error {
	if _, err := b.begin.ExecContext(background, nil); err != nil {
		return err
	}
	for i := range steps {
		if err := b.step(&steps[i]); err != nil {
			return err
		}
	}
	_, err := b.commit.ExecContext(background, nil)
	return err
}

func (b *ceiling) step(s *ceilingStep) error {
	body := make([]byte, ceilingBody)
	var res driver.Result
	var err error
	switch s.step {
	case 0:
		res, err = b.accept.ExecContext(background, b.conn.bind([]value{body}))
	case 1:
		if _, err = b.turn.ExecContext(background, b.conn.bind([]value{s.id})); err != nil {
			return err
		}
		res, err = b.reply.ExecContext(background, b.conn.bind([]value{body, s.id}))
	default:
		_, err = b.sentOff.ExecContext(background, b.conn.bind([]value{s.id}))
		return err
	}
	if err != nil {
		return err
	}
	s.id, err = res.LastInsertId()
	return err
}
