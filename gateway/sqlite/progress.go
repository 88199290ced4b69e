package sqlite

import (
	"encoding/json"
	"fmt"

	"setu/gateway"
)

const (
	// ?8 says that the lease ends with this word.
	sqlMove = `UPDATE outbox SET state = ?1, reason = CASE ?2 WHEN '' THEN reason ELSE ?2 END, attempts = attempts + ?3,
  saved = ifnull(?4, saved), updated = ?5, head = CASE WHEN ?8 THEN 1 ELSE head END,
  token = CASE WHEN ?8 THEN 0 ELSE token END, due = CASE WHEN ?8 THEN ?6 ELSE due END, next = CASE WHEN ?8 THEN ?6 ELSE next END
WHERE id = ?7`
	sqlMoveReceipt = `UPDATE receipt SET state = ?1, at = ?2 WHERE receipt = ?3 AND state <> ?1`
	sqlFinish      = `UPDATE outbox SET state = ?1, reason = CASE ?2 WHEN '' THEN reason ELSE ?2 END, attempts = attempts + ?3,
  message_id = ?4, code = ?5, block = ?6, updated = ?7
WHERE id = ?8`
	sqlFinishPlain = `UPDATE OR FAIL outbox SET state = ?1, updated = ?2 WHERE id = ?3`
	sqlUnlist      = `UPDATE outbox SET head = 2 WHERE id = ?`
	sqlNext        = `SELECT id, head, due FROM outbox WHERE lane = +? AND head < 2 ORDER BY id LIMIT 1`
	sqlEndReceipt  = `UPDATE receipt SET state = ?, code = ?, block = ?, tx = ?, ended = ?, at = ? WHERE receipt = ?`
	// A sender that holds one of them may have passed it on already.
	sqlNeedless = `SELECT ` + itemColumns + ` FROM outbox WHERE unless = +? AND unless IS NOT NULL AND head < 2 AND state = 1`
	sqlPromote  = `UPDATE outbox SET head = 1 WHERE id = ?`
)

// needless is the reason of what is superseded.
const needless = "the transaction's outcome came first"

// progressOp is a [gateway.Progress] as the writer takes it.
type progressOp struct {
	p       gateway.Progress
	saved   []byte // nil: unchanged
	effects []effect
	done    func([]gateway.Item, error)
	items   []gateway.Item
	next    []value // the row of the item that is promoted and leased
}

// Progress queues a word about a leased item and returns at once. done is
// called as for [Store.Commit], with the items that were leased to the caller
// by it. The lease ends when the item becomes final, goes back to the queue, is
// parked, or is given a time at which to try again. A holder whose lease has
// run out is heard until another claims the item.
//
// Errors: [gateway.ErrLease] when the token is stale, [gateway.ErrFinal] when
// the item is final, [gateway.ErrFull] when the disk has no octet left for it,
// [gateway.ErrTaken] and [gateway.ErrClosed].
func (s *Store) Progress(p gateway.Progress, done func([]gateway.Item, error)) {
	o := &progressOp{p: p, done: done}
	var err error
	if p.Saved != nil {
		if o.saved, err = json.Marshal(storedSaved{*p.Saved, p.Rebuilt}); err != nil {
			done(nil, fmt.Errorf("encode transaction: %w", err))
			return
		}
	}
	if o.effects, err = encodeEffects(p.Effects, s.now()); err != nil {
		done(nil, err)
		return
	}
	if !s.queue.put(o) {
		done(nil, gateway.ErrClosed)
	}
}

// fresh is false: a full disk is drained by progress.
func (o *progressOp) fresh() bool { return false }

func (o *progressOp) answer(err error) {
	if err == nil && o.next != nil {
		var it gateway.Item
		if it, err = decodeItem(o.next); err == nil {
			o.items = append(o.items, it)
		}
	}
	if err != nil {
		o.items = nil
	}
	o.done(o.items, err)
}

func (o *progressOp) apply(w *writer) error {
	o.items, o.next = nil, nil
	if !known(o.p.State) {
		return refusal{fmt.Errorf("sqlite: %d is no state to go to", o.p.State)}
	}
	h, err := w.held(o.p.ID, o.p.Token)
	if err != nil {
		return err
	}
	if o.p.State.Final() {
		err = o.finish(w, h)
	} else {
		err = o.move(w, h)
	}
	if err != nil {
		return err
	}
	o.items, err = w.add(o.items, o.effects)
	return err
}

// known says that s is one of the states.
func known(s gateway.State) bool { return s.String() != gateway.State(0).String() }

// held is the item that is leased under the token, or why there is none.
func (w *writer) held(id, token int64) (*held, error) {
	if h := w.leases.byID[id]; h != nil && h.token == token {
		return h, nil
	}
	v, err := w.first(qHeld, id)
	switch {
	case err != nil:
		return nil, err
	case v == nil:
		return nil, refusal{gateway.ErrLease}
	}
	h := heldOf(v)
	switch {
	case h.state.Final():
		return nil, refusal{gateway.ErrFinal}
	case token == 0 || h.token != token:
		return nil, refusal{gateway.ErrLease}
	}
	h.followers = true
	return &h, nil
}

// move writes a word that leaves the item unfinished.
func (o *progressOp) move(w *writer, h *held) error {
	p := &o.p
	due := ms(p.Due)
	ends := due != 0 || p.State == gateway.Queued || p.State == gateway.Parked
	if due == 0 {
		due = w.now
	}
	var saved value
	if o.saved != nil {
		saved = o.saved
	}
	err := w.run(qMove, int64(p.State), p.Reason, one(p.Retry), saved, w.now, due, p.ID, one(ends))
	if err != nil {
		return fmt.Errorf("move item: %w", err)
	}
	if err := w.moveReceipt(h, p.State); err != nil {
		return err
	}
	moved := *h
	moved.state = p.State
	if !ends {
		if w.leases.byID[h.id] != nil {
			w.leases.set(h.id, &moved)
		}
		return nil
	}
	w.leases.set(h.id, nil)
	w.lanes.add(h.lane)
	_, err = w.supersede(moved)
	return err
}

// moveReceipt keeps the receipt in step with an item that is unfinished.
func (w *writer) moveReceipt(h *held, s gateway.State) error {
	if h.receipt == "" {
		return nil
	}
	if err := w.run(qMoveReceipt, int64(standing(s)), w.now, h.receipt); err != nil {
		return fmt.Errorf("move receipt: %w", err)
	}
	return nil
}

// standing is what a citizen is told of an unfinished transaction: that it waits,
// that the ledger has it, or that an operator is looking into it.
func standing(s gateway.State) gateway.State {
	switch s {
	case gateway.Submitted, gateway.Unknown:
		return gateway.Submitted
	case gateway.Parked:
		return gateway.Parked
	}
	return gateway.Queued
}

// finish writes a word that ends the item.
func (o *progressOp) finish(w *writer, h *held) error {
	p := &o.p
	var err error
	if p.Reason == "" && p.Code == "" && p.MessageID == "" && !p.Retry && p.Block == 0 {
		err = w.run(qFinishPlain, int64(p.State), w.nowValue, p.ID)
	} else {
		err = w.run(qFinish, int64(p.State), p.Reason, one(p.Retry), optional(p.MessageID), p.Code, int64(p.Block), w.now, p.ID) //nolint:gosec // a ledger has fewer than 2^63 blocks
	}
	if err != nil {
		return fmt.Errorf("finish item: %w", err)
	}
	if err := w.ended(h, ending{p.State, p.Code, p.Block, p.TxID}); err != nil {
		return err
	}
	if p.State == gateway.Sent && p.MessageID != "" && w.early {
		if err := w.applyEarly(p.ID, h.link, p.MessageID); err != nil {
			return err
		}
	}
	o.next, err = w.promote(h, true)
	return err
}

// ending is how an item ends.
type ending struct {
	state gateway.State
	code  string
	block uint64
	tx    string
}

// ended does what follows from a final state: it counts and meters it, ends the lease,
// keeps the receipt in step, and supersedes what waited for the outcome.
func (w *writer) ended(h *held, e ending) error {
	w.done.count(h.kind, e.state)
	var err error
	if h.kind != gateway.Message {
		if err := w.meter(h, e.state); err != nil {
			return err
		}
	}
	if w.leases.byID[h.id] != nil {
		w.leases.set(h.id, nil)
	} else {
		err = w.run(qUnlist, h.id)
	}
	if err != nil || h.receipt == "" {
		return err
	}
	err = w.run(qEndReceipt, int64(e.state), e.code, int64(e.block), e.tx, w.log.next, w.now, h.receipt) //nolint:gosec // see finish
	if err != nil {
		return fmt.Errorf("end receipt: %w", err)
	}
	w.log.add(outcomeLeaf(h.receipt, e, instant(w.now)))
	if err := w.expire(); err != nil {
		return err
	}
	return w.endAll(qNeedless, h.receipt)
}

// endAll supersedes the items that a query finds. Each is read again when its
// turn comes, since the end of one may make the next the head of their lane.
func (w *writer) endAll(q query, args ...value) error {
	var ids []int64
	err := w.each(q, func(v []value) error {
		ids = append(ids, number(v[colID]))
		return nil
	}, args...)
	if err != nil {
		return err
	}
	for _, id := range ids {
		v, err := w.first(qHeld, id)
		if err != nil {
			return err
		}
		h := heldOf(v)
		if err := w.end(&h, gateway.Superseded, needless); err != nil {
			return err
		}
	}
	return nil
}

// end makes an item final on the store's own account. The next of its lane is
// left to be claimed.
func (w *writer) end(h *held, state gateway.State, reason string) error {
	if err := w.run(qFinish, int64(state), reason, int64(0), nil, "", int64(0), w.now, h.id); err != nil {
		return fmt.Errorf("end item: %w", err)
	}
	if err := w.ended(h, ending{state: state}); err != nil {
		return err
	}
	h.followers = true
	_, err := w.promote(h, false)
	return err
}

// supersede ends a queued item that waits for the outcome of a receipt, if that
// has come.
func (w *writer) supersede(h held) (bool, error) {
	if h.unless == "" || h.state != gateway.Queued {
		return false, nil
	}
	final, err := w.first(qReceiptFinal, h.unless)
	if err != nil || final == nil {
		return false, err
	}
	return true, w.end(&h, gateway.Superseded, needless)
}

// promote makes the next item the head of the lane that h has left. If it is
// due and lease is set it is leased, and its row returned.
func (w *writer) promote(h *held, lease bool) ([]value, error) {
	if h.behind || !h.followers || w.leases.byLane[h.lane] != nil {
		return nil, nil
	}
	v, err := w.first(qNext, h.lane)
	if err != nil || v == nil || number(v[1]) == isHead {
		return nil, err
	}
	id, due := number(v[0]), number(v[2])
	if !lease || due > w.now {
		err := w.run(qPromote, id)
		return nil, err
	}
	if v, err = w.first(qHeld, id); err != nil {
		return nil, err
	}
	next := append([]value(nil), v...)
	return next, w.lease(next)
}

// one is 1 for true.
func one(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
