package sqlite

import (
	"encoding/json"
	"fmt"

	"setu/gateway"
)

const (
	// ?9 says that the lease ends with this word.
	sqlMove = `UPDATE outbox SET state = ?1, reason = CASE ?2 WHEN '' THEN reason ELSE ?2 END, attempts = attempts + ?3,
  saved = ifnull(?4, saved), updated = ?5,
  token = CASE WHEN ?9 THEN 0 ELSE token END, due = CASE WHEN ?9 THEN ?6 ELSE due END, next = CASE WHEN ?9 THEN ?6 ELSE next END
WHERE id = ?7 AND token = ?8 AND state < 6`
	sqlMoveReceipt = `UPDATE receipt SET state = ?1, at = ?2
WHERE receipt = (SELECT receipt FROM outbox WHERE id = ?3) AND state <> ?1`
	sqlFinish = `UPDATE outbox SET state = ?1, token = 0, reason = CASE ?2 WHEN '' THEN reason ELSE ?2 END, attempts = attempts + ?3,
  message_id = ?4, code = ?5, block = ?6, updated = ?7
WHERE id = ?8 AND token = ?9 AND state < 6`
	sqlStand = `SELECT state, token, next FROM outbox WHERE id = ?`
	// The item that has become final, and the first unfinished one of its lane.
	sqlAfter = `SELECT o.kind, o.head, o.receipt, o.link, n.id, n.head, n.due
FROM outbox o LEFT JOIN outbox n ON n.id = (SELECT id FROM outbox WHERE lane = o.lane AND state < 6 ORDER BY id LIMIT 1)
WHERE o.id = +?`
	sqlEnd        = `UPDATE outbox SET state = ?1, token = 0, reason = CASE ?2 WHEN '' THEN reason ELSE ?2 END, updated = ?3 WHERE id = ?4 AND state < 6`
	sqlEndReceipt = `UPDATE receipt SET state = ?, code = ?, block = ?, at = ? WHERE receipt = ?`
	// A sender that holds one of them may have passed it on already.
	sqlNeedless = `SELECT id FROM outbox WHERE unless = ? AND unless IS NOT NULL AND state = 1 AND (token = 0 OR next <= ?)`
	sqlLeft     = `SELECT unless FROM outbox WHERE id = ?`
	sqlPromote  = `UPDATE outbox SET head = 1, token = ?, next = ? WHERE id = ?`
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
// parked, or is given a time at which to try again.
//
// Errors: [gateway.ErrLease] when the token is stale, [gateway.ErrFinal] when
// the item is final, [gateway.ErrFull] when the disk has no octet left for it,
// [gateway.ErrClosed].
func (s *Store) Progress(p gateway.Progress, done func([]gateway.Item, error)) {
	o := &progressOp{p: p, done: done}
	var err error
	if p.Saved != nil {
		if o.saved, err = json.Marshal(p.Saved); err != nil {
			done(nil, fmt.Errorf("encode transaction: %w", err))
			return
		}
	}
	if o.effects, err = encodeEffects(p.Effects); err != nil {
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
	var err error
	switch {
	case o.p.Token == 0:
		return o.refuse(w)
	case !known(o.p.State):
		return refusal{fmt.Errorf("sqlite: %d is no state to go to", o.p.State)}
	case o.p.State.Final():
		err = o.finish(w)
	default:
		err = o.move(w)
	}
	if err != nil {
		return err
	}
	o.items, err = w.add(o.items, o.effects)
	return err
}

// known says that s is one of the states.
func known(s gateway.State) bool { return s.String() != gateway.State(0).String() }

// refuse says why the word was not taken.
func (o *progressOp) refuse(w *writer) error {
	v, err := w.first(qStand, o.p.ID)
	switch {
	case err != nil:
		return err
	case v != nil && gateway.State(number(v[0])).Final():
		return refusal{gateway.ErrFinal}
	}
	return refusal{gateway.ErrLease}
}

// move writes a word that leaves the item unfinished.
func (o *progressOp) move(w *writer) error {
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
	_, n, err := w.exec(qMove, int64(p.State), p.Reason, one(p.Retry), saved, w.now, due, p.ID, p.Token, one(ends))
	switch {
	case err != nil:
		return fmt.Errorf("move item: %w", err)
	case n == 0:
		return o.refuse(w)
	}
	if stands := standing(p.State); stands != 0 {
		if _, _, err := w.exec(qMoveReceipt, int64(stands), w.now, p.ID); err != nil {
			return fmt.Errorf("move receipt: %w", err)
		}
	}
	if !ends || p.State != gateway.Queued {
		return nil
	}
	v, err := w.first(qLeft, p.ID)
	if err != nil {
		return err
	}
	_, err = w.supersede(p.ID, v[0])
	return err
}

// standing is what a citizen is told of an unfinished transaction; zero: what
// she was told before. Parking changes nothing about what the ledger may hold.
func standing(s gateway.State) gateway.State {
	switch s {
	case gateway.Queued, gateway.Endorsed:
		return gateway.Queued
	case gateway.Submitted, gateway.Unknown:
		return gateway.Submitted
	}
	return 0
}

// finish writes a word that ends the item.
func (o *progressOp) finish(w *writer) error {
	p := &o.p
	_, n, err := w.exec(qFinish, int64(p.State), p.Reason, one(p.Retry), optional(p.MessageID), p.Code, int64(p.Block), w.now, p.ID, p.Token) //nolint:gosec // a ledger has fewer than 2^63 blocks
	switch {
	case err != nil:
		return fmt.Errorf("finish item: %w", err)
	case n == 0:
		return o.refuse(w)
	}
	a, err := w.ended(p.ID, p.State, p.Code, p.Block)
	if err != nil {
		return err
	}
	if p.State == gateway.Sent && p.MessageID != "" && w.early {
		if err := w.applyEarly(p.ID, a.link, p.MessageID); err != nil {
			return err
		}
	}
	o.next, err = w.promote(a, true)
	return err
}

// after is an item that has become final, and the next of its lane.
type after struct {
	kind gateway.Kind
	link string
	// next is the lane's first unfinished item, if the final one had headed
	// the lane; 0 is none.
	next, due int64
}

// ended does what follows from a final state: it counts it, keeps the receipt in
// step, and supersedes what waited for the outcome.
func (w *writer) ended(id int64, state gateway.State, code string, block uint64) (after, error) {
	v, err := w.first(qAfter, id)
	if err != nil {
		return after{}, err
	}
	a := after{kind: gateway.Kind(number(v[0])), link: text(v[3])} //nolint:gosec // written by put
	if number(v[1]) == 1 && v[4] != nil && number(v[5]) == 0 {
		a.next, a.due = number(v[4]), number(v[6])
	}
	receipt := text(v[2])
	w.done.count(a.kind, state)
	if receipt == "" {
		return a, nil
	}
	if _, _, err := w.exec(qEndReceipt, int64(state), code, int64(block), w.now, receipt); err != nil { //nolint:gosec // see finish
		return after{}, fmt.Errorf("end receipt: %w", err)
	}
	var ids []int64
	err = w.each(qNeedless, func(v []value) error {
		ids = append(ids, number(v[0]))
		return nil
	}, receipt, w.now)
	if err != nil {
		return after{}, err
	}
	for _, id := range ids {
		if err := w.end(id, gateway.Superseded, needless); err != nil {
			return after{}, err
		}
	}
	return a, nil
}

// end makes an item final on the store's own account. The next of its lane is
// left to be claimed.
func (w *writer) end(id int64, state gateway.State, reason string) error {
	if _, _, err := w.exec(qEnd, int64(state), reason, w.now, id); err != nil {
		return fmt.Errorf("end item: %w", err)
	}
	a, err := w.ended(id, state, "", 0)
	if err != nil {
		return err
	}
	_, err = w.promote(a, false)
	return err
}

// supersede ends a queued item that waits for the outcome of the receipt in
// unless, if that has come.
func (w *writer) supersede(id int64, unless value) (bool, error) {
	if unless == nil {
		return false, nil
	}
	final, err := w.first(qReceiptFinal, unless)
	if err != nil || final == nil {
		return false, err
	}
	return true, w.end(id, gateway.Superseded, needless)
}

// promote makes the next item the head of its lane. If it is due and lease is
// set it is leased, and its row returned.
func (w *writer) promote(a after, lease bool) ([]value, error) {
	if a.next == 0 {
		return nil, nil
	}
	var token int64
	next := a.due
	lease = lease && a.due <= w.now
	if lease {
		token, next = w.mint(), w.lease()
	}
	if _, _, err := w.exec(qPromote, token, next, a.next); err != nil {
		return nil, fmt.Errorf("promote: %w", err)
	}
	if !lease {
		return nil, nil
	}
	v, err := w.first(qHeld, a.next)
	if err != nil {
		return nil, err
	}
	return append([]value(nil), v...), nil
}

// one is 1 for true.
func one(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
