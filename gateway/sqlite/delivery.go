package sqlite

import (
	"fmt"
	"slices"

	"setu/gateway"
)

const (
	// An operator may use an identifier again after months: the latest counts.
	sqlDelivered = `SELECT id, state FROM outbox WHERE message_id = +? AND message_id IS NOT NULL AND link = +? ORDER BY id DESC LIMIT 1`
	sqlDeliver   = `UPDATE outbox SET state = ?1, reason = CASE ?2 WHEN '' THEN reason ELSE ?2 END, updated = ?3 WHERE id = ?4 AND state = 6`
	sqlPutEarly  = `INSERT OR REPLACE INTO early_receipt (message_id, link, grp, state, reason, at) VALUES (?, ?, ?, ?, ?, ?)`
	sqlEarly     = `SELECT state, reason, grp FROM early_receipt WHERE message_id = ? AND link = ?`
	sqlDropEarly = `DELETE FROM early_receipt WHERE grp = ?`
	sqlAnyEarly  = `SELECT 1 FROM early_receipt LIMIT 1`
)

// deliveryOp is a delivery receipt.
type deliveryOp struct {
	link, reason string
	ids          []string
	state        gateway.State
	done         func(bool, error)
	matched      bool
}

// Delivery queues what an operator said of a message after it took it: state is
// Delivered, Rejected or Expired. ids are the spellings of the operator's
// identifier to try, best first; done tells whether one is known. A receipt
// that comes before the answer to its message is kept, and applied when that
// comes. done is called as for [Store.Commit].
func (s *Store) Delivery(link string, ids []string, state gateway.State, reason string, done func(matched bool, err error)) {
	switch state {
	case gateway.Delivered, gateway.Rejected, gateway.Expired:
	default:
		done(false, fmt.Errorf("sqlite: %v is no end of a delivery", state))
		return
	}
	o := &deliveryOp{link: link, ids: slices.Clone(ids), state: state, reason: reason, done: done}
	if !s.queue.put(o) {
		done(false, gateway.ErrClosed)
	}
}

func (o *deliveryOp) fresh() bool      { return false }
func (o *deliveryOp) answer(err error) { o.done(o.matched && err == nil, err) }

func (o *deliveryOp) apply(w *writer) error {
	o.matched = false
	for _, id := range o.ids {
		v, err := w.first(qDelivered, id, o.link)
		if err != nil {
			return fmt.Errorf("find sent message: %w", err)
		}
		if v != nil {
			o.matched = true
			return w.deliver(number(v[0]), o.state, o.reason)
		}
	}
	w.early = true
	group := w.mint()
	for _, id := range o.ids {
		if err := w.run(qPutEarly, id, o.link, group, int64(o.state), o.reason, w.now); err != nil {
			return fmt.Errorf("keep early receipt: %w", err)
		}
	}
	return nil
}

// deliver ends a message that was sent; one that has ended already stays.
func (w *writer) deliver(id int64, state gateway.State, reason string) error {
	_, n, err := w.exec(qDeliver, int64(state), reason, w.now, id)
	if err != nil {
		return fmt.Errorf("deliver: %w", err)
	}
	if n == 1 {
		w.done.count(gateway.Message, state)
	}
	return nil
}

// applyEarly applies the receipt that came before the message was known to be
// sent.
func (w *writer) applyEarly(id int64, link, messageID string) error {
	v, err := w.first(qEarly, messageID, link)
	if err != nil || v == nil {
		return err
	}
	state, reason, group := gateway.State(number(v[0])), text(v[1]), number(v[2]) //nolint:gosec // written by Delivery
	if err := w.run(qDropEarly, group); err != nil {
		return err
	}
	return w.deliver(id, state, reason)
}

// lookForEarly finds out whether early receipts wait, so that other messages
// need not look for one.
func (w *writer) lookForEarly() error {
	v, err := w.first(qAnyEarly)
	w.early = v != nil
	return err
}
