package sqlite

import (
	"context"
	"errors"
	"fmt"

	"setu/gateway"
)

const (
	sqlReadItem = `SELECT ` + itemColumns + ` FROM outbox WHERE id = ?`
	// ?1 has a bit set for each wanted state.
	sqlReadList = `SELECT ` + itemColumns + ` FROM outbox
WHERE (?1 >> state) & 1 AND (+?2 = 0 OR kind = +?2) AND id > ?3 ORDER BY id LIMIT +?4`
	// Unfinished items are few beside finished ones, and indexed. The signs
	// keep SQLite from walking through all items in the order of their ids.
	sqlReadListWaiting = `SELECT ` + itemColumns + ` FROM outbox
WHERE state < 6 AND (?1 >> state) & 1 AND (+?2 = 0 OR kind = +?2) AND +id > ?3 ORDER BY +id LIMIT +?4`
	sqlReadWaiting   = `SELECT kind, state, count(*) FROM outbox INDEXED BY outbox_lane WHERE state < 6 GROUP BY kind, state`
	sqlReadOldest    = `SELECT ifnull(min(created), 0) FROM outbox INDEXED BY outbox_lane WHERE state < 6`
	sqlReadAccepting = `SELECT count(*) FROM inbox INDEXED BY inbox_waiting WHERE turned = 0`

	sqlRequeue = `UPDATE outbox SET state = ?1, token = 0, due = ?2, next = ?2, updated = ?2 WHERE id = ?3`
)

// ErrNoItem says that the outbox holds no item with a number.
var ErrNoItem = errors.New("sqlite: no such item")

// pageOfItems is the limit of [Store.List] when none is given.
const pageOfItems = 100

// List are the items that f chooses, in the order of their numbers.
func (s *Store) List(ctx context.Context, f gateway.Filter) ([]gateway.Item, error) {
	limit := f.Limit
	if limit <= 0 {
		limit = pageOfItems
	}
	var mask int64
	q := rListWaiting
	for _, st := range f.States {
		mask |= 1 << st
		if st.Final() {
			q = rList
		}
	}
	if len(f.States) == 0 {
		q, mask = rList, -1
	}
	var rows [][]value
	err := s.read(ctx, func(c *conn) error {
		return c.each(q, func(v []value) error {
			rows = append(rows, append([]value(nil), v...))
			return nil
		}, mask, int64(f.Kind), f.After, int64(limit))
	})
	if err != nil {
		return nil, fmt.Errorf("list items: %w", err)
	}
	return decodeItems(rows)
}

// Item is one item of the outbox. The error is [ErrNoItem] when it is not there.
func (s *Store) Item(ctx context.Context, id int64) (gateway.Item, error) {
	var it gateway.Item
	err := s.read(ctx, func(c *conn) error {
		v, err := c.first(rItem, id)
		if err != nil {
			return err
		}
		if v == nil {
			return ErrNoItem
		}
		it, err = decodeItem(v)
		return err
	})
	if err != nil {
		return gateway.Item{}, fmt.Errorf("read item %d: %w", id, err)
	}
	return it, nil
}

// Requeue lets an item be claimed now that is parked or waits for its time. A
// transaction whose final bytes are saved becomes Unknown, since it may have
// been submitted: the ledger is asked before anything is repeated. Errors:
// [ErrNoItem], [gateway.ErrFinal], and [gateway.ErrLease] while a worker holds
// it.
func (s *Store) Requeue(ctx context.Context, id int64) error {
	err := s.do(ctx, func(w *writer) error {
		v, err := w.free(id)
		if err != nil {
			return err
		}
		it, err := decodeItem(v)
		if err != nil {
			return err
		}
		state := gateway.Queued
		if it.Tx != nil && len(it.Tx.Saved.Bytes) > 0 {
			state = gateway.Unknown
		}
		_, _, err = w.exec(qRequeue, int64(state), w.now, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("requeue item %d: %w", id, err)
	}
	return nil
}

// Discard ends an item undone, with an operator's reason; its lane goes on. The
// errors are those of [Store.Requeue].
func (s *Store) Discard(ctx context.Context, id int64, reason string) error {
	err := s.do(ctx, func(w *writer) error {
		if _, err := w.free(id); err != nil {
			return err
		}
		return w.end(id, gateway.Dead, reason)
	})
	if err != nil {
		return fmt.Errorf("discard item %d: %w", id, err)
	}
	return nil
}

// free is the row of an unfinished item that nobody holds.
func (w *writer) free(id int64) ([]value, error) {
	v, err := w.first(qHeld, id)
	switch {
	case err != nil:
		return nil, err
	case v == nil:
		return nil, refusal{ErrNoItem}
	case gateway.State(number(v[colState])).Final(): //nolint:gosec // written by this package
		return nil, refusal{gateway.ErrFinal}
	case number(v[colToken]) != 0 && number(v[colNext]) > w.now:
		return nil, refusal{gateway.ErrLease}
	}
	return v, nil
}

// Stats is how the queue stands. It reads the unfinished items only.
func (s *Store) Stats(ctx context.Context) (gateway.Stats, error) {
	st := gateway.Stats{Full: s.full.Load()}
	st.Finished, st.MaybeDoubled = s.finished.counts()
	err := s.read(ctx, func(c *conn) error {
		err := c.each(rWaiting, func(v []value) error {
			st.Waiting = append(st.Waiting, gateway.Count{
				Kind: gateway.Kind(number(v[0])), State: gateway.State(number(v[1])), Items: number(v[2]), //nolint:gosec // written by this package
			})
			return nil
		})
		if err != nil {
			return err
		}
		v, err := c.first(rOldest)
		if err != nil {
			return err
		}
		st.Oldest = instant(number(v[0]))
		if v, err = c.first(rAccepting); err == nil {
			st.Accepted = number(v[0])
		}
		return err
	})
	if err != nil {
		return gateway.Stats{}, fmt.Errorf("count items: %w", err)
	}
	return st, nil
}
