package sqlite

import (
	"fmt"
	"hash/fnv"

	"setu/gateway"
)

const (
	sqlAccept = `INSERT INTO inbox (hash, link, key, bind, medium, event, sender, dest, text, at, flags, stored, turned)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	sqlCopies     = `SELECT id, bind, stored FROM inbox WHERE hash = +? AND link = +? AND key = +? ORDER BY id DESC LIMIT 1`
	sqlUnaccept   = `DELETE FROM inbox WHERE id = ?`
	sqlTurn       = `UPDATE inbox SET turned = 1 WHERE id = ? AND turned = 0`
	sqlNewSession = `INSERT INTO session (citizen, version, body) VALUES (?, 1, ?) ON CONFLICT DO NOTHING`
	sqlSession    = `UPDATE session SET version = version + 1, body = ? WHERE citizen = ? AND version = ?`
)

// commitOp is a [gateway.Commit] as the writer takes it: encoded already.
type commitOp struct {
	c       gateway.Commit
	in      gateway.Inbound
	hash    int64
	citizen string
	version int64
	body    []byte // of the session; nil: unchanged
	effects []effect
	done    func(gateway.Committed, error)
	out     gateway.Committed
}

// Commit queues c and returns at once. done is called from one goroutine, in
// the order of the calls, when c is on disk or has been refused; it must not
// block. A commit that brings a message, or that belongs to none, is new work:
// it is refused while the disk is full.
//
// Errors: [gateway.ErrStale] when the session has moved on, [gateway.ErrTurned]
// when the message in the inbox has had its turn, [gateway.ErrTaken] when a
// receipt number is in use, [gateway.ErrFull] and [gateway.ErrClosed].
func (s *Store) Commit(c gateway.Commit, done func(gateway.Committed, error)) {
	o := &commitOp{c: c, done: done}
	var err error
	if c.Accept != nil {
		o.in = *c.Accept
		o.hash = hashOf(o.in.Link, o.in.Key)
	}
	if c.Session != nil {
		o.citizen, o.version = c.Session.Citizen.Reveal(), c.Session.Version
		if o.body, err = encodeSession(c.Session); err != nil {
			done(gateway.Committed{}, fmt.Errorf("encode session: %w", err))
			return
		}
	}
	if o.effects, err = encodeEffects(c.Effects); err != nil {
		done(gateway.Committed{}, err)
		return
	}
	if !s.queue.put(o) {
		done(gateway.Committed{}, gateway.ErrClosed)
	}
}

// hashOf is a stable hash of a provider's key; equal keys are told apart from
// unlucky ones by comparing them.
func hashOf(link, key string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(link))
	_, _ = h.Write([]byte{0})
	_, _ = h.Write([]byte(key))
	return int64(h.Sum64()) //nolint:gosec // any 64 bits will do
}

func (o *commitOp) fresh() bool { return o.c.Accept != nil || o.c.Inbox == 0 }

func (o *commitOp) answer(err error) {
	if err != nil {
		o.out = gateway.Committed{}
	}
	o.done(o.out, err)
}

func (o *commitOp) apply(w *writer) error {
	o.out = gateway.Committed{Inbox: o.c.Inbox}
	if o.c.Accept != nil {
		if err := o.accept(w); err != nil || o.out.Duplicate {
			return err
		}
	}
	if o.body != nil {
		if err := o.session(w); err != nil {
			return err
		}
	}
	if o.c.Accept == nil && o.c.Inbox != 0 && o.c.Turned {
		_, n, err := w.exec(qTurn, o.c.Inbox)
		if err == nil && n == 0 {
			err = gateway.ErrTurned
		}
		if err != nil {
			return fmt.Errorf("turn: %w", err)
		}
	}
	if o.c.Joined != (gateway.FragmentKey{}) {
		if err := w.join(o.c.Joined); err != nil {
			return err
		}
	}
	var err error
	o.out.Items, err = w.add(o.out.Items, o.effects)
	return err
}

// accept puts the message into the inbox, or finds that it is there.
func (o *commitOp) accept(w *writer) error {
	in := &o.in
	v, err := w.first(qCopies, o.hash, in.Link, in.Key)
	if err != nil {
		return fmt.Errorf("look for copies: %w", err)
	}
	if v != nil && w.redelivered(in.Bind, number(v[0]), text(v[1]), number(v[2])) {
		o.out = gateway.Committed{Inbox: number(v[0]), Duplicate: true}
		return nil
	}
	var flags int64
	if in.Incomplete {
		flags |= flagIncomplete
	}
	if in.Undecodable {
		flags |= flagUndecodable
	}
	o.out.Inbox, _, err = w.exec(qAccept, o.hash, in.Link, in.Key, in.Bind, string(in.Medium), int64(in.Event),
		in.From.Reveal(), in.To.Reveal(), in.Text.Reveal(), ms(in.At), flags, w.now, one(o.c.Turned))
	if err != nil {
		return fmt.Errorf("accept: %w", err)
	}
	return nil
}

// redelivered says that a message which came on bind is the one in row, whose
// link and key it has, and which came on bind firstBind and was stored then.
//
// Under the provider's own key (no bind) it always is. Under a digest it is
// when the first one came on another bind and not long ago. No bind outlives its
// process, so that every message of an earlier epoch came on another one; the
// time that the gateway was down does not count.
func (w *writer) redelivered(bind string, row int64, firstBind string, stored int64) bool {
	switch {
	case bind == "":
		return true
	case row <= w.lastInbox:
		return stored >= w.now-w.s.window-w.pause
	}
	return firstBind != bind && stored >= w.now-w.s.window
}

// session writes the session if it is still the one that the turn began with.
func (o *commitOp) session(w *writer) error {
	var n int64
	var err error
	if o.version == 0 {
		_, n, err = w.exec(qNewSession, o.citizen, o.body)
	} else {
		_, n, err = w.exec(qSession, o.body, o.citizen, o.version)
	}
	if err != nil {
		return fmt.Errorf("write session: %w", err)
	}
	if n == 1 {
		return nil
	}
	if o.c.Accept != nil {
		if _, _, err := w.exec(qUnaccept, o.out.Inbox); err != nil {
			return fmt.Errorf("take message back: %w", err)
		}
	}
	return refusal{gateway.ErrStale}
}
