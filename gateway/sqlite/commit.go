package sqlite

import (
	"errors"
	"fmt"
	"time"

	"setu/gateway"
)

const (
	sqlAccept = `INSERT INTO inbox (id, hash, link, key, bind, medium, event, sender, dest, text, at, flags, turned, salt, stored)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	sqlUnaccept   = `DELETE FROM inbox WHERE id = ?`
	sqlNewSession = `INSERT INTO session (citizen, version, body) VALUES (?, 1, ?)`
	sqlSession    = `UPDATE session SET version = version + 1, body = ? WHERE citizen = ? AND version = ?`
)

// commitOp is a [gateway.Commit] as the writer takes it: encoded already.
type commitOp struct {
	c       gateway.Commit
	args    *[acceptArgs]value // of sqlAccept; nil: no message comes in
	citizen value
	version int64
	body    []byte // of the session; nil: unchanged
	effects []effect
	leaf    []byte // of the audit log; nil: none but those of the effects
	again   []byte // the leaf of a request that was made before; nil: none
	done    func(gateway.Committed, error)
	out     gateway.Committed
}

// Commit queues c and returns at once. done is called by the writer, in the order
// of the calls, when c is on disk or has been refused; it must not block. A commit that brings a message, or that belongs to none, is new work:
// it is refused while the disk is full.
//
// Errors: [gateway.ErrStale] when the session has moved on, [gateway.ErrTurned]
// when the message in the inbox has had its turn, [*gateway.RepeatedError] when a
// transaction was asked for before, [gateway.ErrTaken] when a receipt number is in use, [gateway.ErrFull] and [gateway.ErrClosed].
func (s *Store) Commit(c gateway.Commit, done func(gateway.Committed, error)) {
	o := &commitOp{c: c, done: done}
	now := s.now()
	var err error
	if c.Accept != nil {
		o.encode(c.Accept, now)
	} else {
		o.leaf = leafOf(&c, now)
	}
	if c.Repeated != nil {
		o.again = repeatLeaf(c.Repeated, now)
	}
	if c.Session != nil {
		o.citizen, o.version = c.Session.Citizen.Reveal(), c.Session.Version
		if o.body, err = encodeSession(c.Session); err != nil {
			done(gateway.Committed{}, fmt.Errorf("encode session: %w", err))
			return
		}
	}
	if o.effects, err = encodeEffects(c.Effects, now); err != nil {
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
	h := uint64(fnvBasis)
	for i := range len(link) {
		h = (h ^ uint64(link[i])) * fnvPrime
	}
	h *= fnvPrime // as for a zero octet
	for i := range len(key) {
		h = (h ^ uint64(key[i])) * fnvPrime
	}
	return int64(h) //nolint:gosec // any 64 bits will do
}

// FNV-1a with 64 bits. It is part of the file's format.
const (
	fnvBasis = 14695981039346656037
	fnvPrime = 1099511628211
)

// The arguments of sqlAccept. The writer fills in the first and the last; the
// look for copies takes three of them.
const (
	acceptID = iota
	acceptHash
	acceptLink
	acceptKey
	acceptBind
	acceptMedium
	acceptEvent
	acceptFrom
	acceptTo
	acceptText
	acceptAt
	acceptFlags
	acceptTurned
	acceptSalt
	acceptNow
	acceptArgs
)

// encode prepares the arguments of sqlAccept, and the leaf.
func (o *commitOp) encode(in *gateway.Inbound, now time.Time) {
	var flags int64
	if in.Incomplete {
		flags |= flagIncomplete
	}
	if in.Undecodable {
		flags |= flagUndecodable
	}
	o.args = &[acceptArgs]value{
		acceptHash: hashOf(in.Link, in.Key), acceptLink: in.Link, acceptKey: in.Key, acceptBind: in.Bind,
		acceptMedium: string(in.Medium), acceptEvent: int64(in.Event), acceptFrom: in.From.Reveal(), acceptTo: in.To.Reveal(),
		acceptText: in.Text.Reveal(), acceptAt: ms(in.At), acceptFlags: flags, acceptTurned: one(o.c.Turned),
	}
	o.leaf, o.args[acceptSalt] = acceptedLeaf(in, now)
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
	if o.turns() && !w.waiting.has(o.c.Inbox) {
		return refusal{gateway.ErrTurned}
	}
	if o.c.Accept != nil {
		if err := o.accept(w); err != nil || o.out.Duplicate {
			return err
		}
	}
	if err := w.repeated(o.effects); err != nil {
		return o.unaccept(w, err)
	}
	if o.body != nil {
		if err := o.session(w); err != nil {
			return o.unaccept(w, err)
		}
	}
	return o.leave(w)
}

// turns says that a message of the inbox has its turn with this commit.
func (o *commitOp) turns() bool { return o.c.Accept == nil && o.c.Inbox != 0 && o.c.Turned }

// leave writes what cannot be refused any more.
func (o *commitOp) leave(w *writer) error {
	if o.turns() {
		if err := w.run(qTurn, o.c.Inbox); err != nil {
			return fmt.Errorf("turn: %w", err)
		}
		w.waiting.went[o.c.Inbox] = struct{}{}
	}
	if o.c.Joined != (gateway.FragmentKey{}) {
		if err := w.join(o.c.Joined); err != nil {
			return err
		}
	}
	if o.c.Call != nil {
		if _, err := w.wish(o.c.Call); err != nil {
			return err
		}
	}
	w.counters.count(o.c.Meters)
	for _, leaf := range [...][]byte{o.leaf, o.again} {
		if leaf != nil {
			w.log.add(leaf)
		}
	}
	var err error
	o.out.Items, err = w.add(o.out.Items, o.effects)
	return err
}

// accept puts the message into the inbox, or finds that it is there.
func (o *commitOp) accept(w *writer) error {
	a := o.args
	first, err := w.firstCopy(a[acceptHash], a[acceptLink], a[acceptKey], o.c.Accept.Bind)
	if err != nil {
		return fmt.Errorf("look for copies: %w", err)
	}
	if first != 0 {
		o.out = gateway.Committed{Inbox: first, Duplicate: true}
		w.counters.counts[duplicate(o.c.Accept)]++
		return nil
	}
	o.out.Inbox = w.lastRow + 1
	a[acceptID], a[acceptNow] = o.out.Inbox, w.nowValue
	if err := w.run(qAccept, a[:]...); err != nil {
		return fmt.Errorf("accept: %w", err)
	}
	w.lastRow = o.out.Inbox
	if o.c.Accept.Bind != "" {
		w.recent.put(number(a[acceptHash]), w.lastRow)
	}
	if !o.c.Turned {
		w.waiting.came = append(w.waiting.came, w.lastRow)
	}
	return nil
}

// session writes the session if it is still the one that the turn began with.
func (o *commitOp) session(w *writer) error {
	written := int64(1)
	var err error
	if o.version == 0 {
		err = w.run(qNewSession, o.citizen, o.body)
		if isTaken(err) {
			written, err = 0, nil
		}
	} else {
		_, written, err = w.exec(qSession, o.body, o.citizen, o.version)
	}
	if err != nil {
		return fmt.Errorf("write session: %w", err)
	}
	if written == 1 {
		return nil
	}
	return refusal{gateway.ErrStale}
}

// unaccept takes the message that came with a commit out of the inbox, since the
// commit is refused for the reason that it gives.
func (o *commitOp) unaccept(w *writer, reason error) error {
	var no refusal
	if o.c.Accept == nil || !errors.As(reason, &no) {
		return reason
	}
	if err := w.run(qUnaccept, o.out.Inbox); err != nil {
		return fmt.Errorf("take message back: %w", err)
	}
	if n := len(w.waiting.came); n > 0 && w.waiting.came[n-1] == o.out.Inbox {
		w.waiting.came = w.waiting.came[:n-1]
	}
	return reason
}
