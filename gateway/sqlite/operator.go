package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"setu/gateway"
)

const (
	sqlReadItem = `SELECT ` + itemColumns + ` FROM outbox WHERE id = ?`
	// ?1 has a bit set for each wanted state.
	sqlReadList = `SELECT ` + itemColumns + ` FROM outbox
WHERE (?1 >> state) & 1 AND (+?2 = 0 OR kind = +?2) AND id > ?3 ORDER BY id LIMIT +?4`
	// The signs keep SQLite from walking through all items in the order of
	// their numbers.
	sqlReadListWaiting = `SELECT ` + itemColumns + ` FROM outbox
WHERE head < 2 AND (?1 >> state) & 1 AND (+?2 = 0 OR kind = +?2) AND +id > ?3 ORDER BY +id LIMIT +?4`
	sqlReadWaiting = `SELECT kind, state, count(*) FROM outbox INDEXED BY outbox_lane WHERE head < 2 GROUP BY kind, state`
	sqlReadOldest  = `SELECT ifnull(min(created), 0) FROM outbox INDEXED BY outbox_lane WHERE head < 2`

	sqlRequeue = `UPDATE outbox SET state = ?1, token = 0, due = ?2, next = ?2, updated = ?2 WHERE id = ?3`
)

// ErrNoItem says that the outbox holds no item with a number.
var ErrNoItem = gateway.ErrNotFound

// pageOfItems is the limit of [Store.List] when none is given.
const pageOfItems = 100

// List are the items that f chooses, in the order of their numbers.
func (s *Store) List(ctx context.Context, f gateway.Filter) ([]gateway.Item, error) {
	if f.Limit <= 0 {
		f.Limit = pageOfItems
	}
	list := s.listAll
	if len(f.States) > 0 && !slices.ContainsFunc(f.States, gateway.State.Final) {
		list = s.listWaiting
	}
	rows, err := list(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("list items: %w", err)
	}
	return decodeItems(rows)
}

// listAll walks through all items in the order of their numbers.
func (s *Store) listAll(ctx context.Context, f gateway.Filter) (rows [][]value, err error) {
	err = s.read(ctx, func(c *conn) error {
		rows, err = c.rows(rList, wanted(f), int64(f.Kind), f.After, int64(f.Limit))
		return err
	})
	return rows, err
}

// listWaiting finds unfinished items, which are few beside the finished ones:
// those that nobody holds by their index, the others from the writer's memory.
func (s *Store) listWaiting(ctx context.Context, f gateway.Filter) (rows [][]value, err error) {
	var leased []int64
	err = s.do(ctx, func(w *writer) error {
		for _, h := range w.leases.byID {
			if h.id > f.After && wanted(f)>>h.state&1 == 1 && (f.Kind == 0 || f.Kind == h.kind) {
				leased = append(leased, h.id)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(leased)
	err = s.read(ctx, func(c *conn) error {
		rows, err = c.rows(rListWaiting, wanted(f), int64(f.Kind), f.After, int64(f.Limit))
		for _, id := range leased[:min(len(leased), f.Limit)] {
			if err != nil {
				return err
			}
			var one [][]value
			one, err = c.rows(rItem, id)
			rows = append(rows, one...)
		}
		return err
	})
	byID := func(a, b []value) int { return cmp.Compare(number(a[colID]), number(b[colID])) }
	slices.SortFunc(rows, byID)
	// An item may have been given back between the two looks.
	rows = slices.CompactFunc(rows, func(a, b []value) bool { return byID(a, b) == 0 })
	return rows[:min(len(rows), f.Limit)], err
}

// wanted has a bit set for each state that f asks for.
func wanted(f gateway.Filter) int64 {
	if len(f.States) == 0 {
		return -1
	}
	var mask int64
	for _, st := range f.States {
		mask |= 1 << st
	}
	return mask
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
		h := heldOf(v)
		if err := w.run(qRequeue, int64(state), w.now, id); err != nil {
			return err
		}
		if err := w.moveReceipt(&h, state); err != nil {
			return err
		}
		w.log.add(actLeaf("queue.retry", id, instant(w.now)))
		return nil
	})
	if err != nil {
		return fmt.Errorf("requeue item %d: %w", id, err)
	}
	return nil
}

// Discard ends an item undone, with an operator's reason; its lane goes on. The
// effects are added in the same commit: what its citizen is told. The errors are
// those of [Store.Requeue].
func (s *Store) Discard(ctx context.Context, id int64, reason string, effects ...gateway.Effect) error {
	told, err := encodeEffects(effects, s.now())
	if err != nil {
		return fmt.Errorf("discard item %d: %w", id, err)
	}
	err = s.do(ctx, func(w *writer) error {
		v, err := w.free(id)
		if err != nil {
			return err
		}
		h := heldOf(v)
		w.log.add(actLeaf("queue.discard", id, instant(w.now)))
		if err := w.end(&h, gateway.Dead, reason); err != nil {
			return err
		}
		_, err = w.add(nil, told)
		return err
	})
	if err != nil {
		return fmt.Errorf("discard item %d: %w", id, err)
	}
	return nil
}

// free is the row of an unfinished item that nobody holds.
func (w *writer) free(id int64) ([]value, error) {
	if err := w.expire(); err != nil {
		return nil, err
	}
	v, err := w.first(qHeld, id)
	switch {
	case err != nil:
		return nil, err
	case v == nil:
		return nil, refusal{ErrNoItem}
	case gateway.State(number(v[colState])).Final(): //nolint:gosec // written by this package
		return nil, refusal{gateway.ErrFinal}
	case number(v[colHead]) == isLeased:
		return nil, refusal{gateway.ErrLease}
	}
	return v, nil
}

// Stats is how the queue stands. It reads the unfinished items only.
func (s *Store) Stats(ctx context.Context) (gateway.Stats, error) {
	st := gateway.Stats{Full: s.full.Load()}
	st.Finished, st.MaybeDoubled = s.finished.counts()
	var waiting tally
	var oldest int64
	err := s.do(ctx, func(w *writer) error {
		st.Accepted = int64(len(w.waiting.rows))
		for _, h := range w.leases.byID {
			waiting.add(h.kind, h.state, 1)
			oldest = earlier(oldest, h.created)
		}
		return nil
	})
	if err == nil {
		err = s.read(ctx, func(c *conn) error {
			v, err := c.first(rOldest)
			if err != nil {
				return err
			}
			oldest = earlier(oldest, number(v[0]))
			return c.each(rWaiting, func(v []value) error {
				waiting.add(gateway.Kind(number(v[0])), gateway.State(number(v[1])), number(v[2])) //nolint:gosec // written by this package
				return nil
			})
		})
	}
	if err != nil {
		return gateway.Stats{}, fmt.Errorf("count items: %w", err)
	}
	st.Waiting, st.Oldest = waiting.counts(), instant(oldest)
	return st, nil
}

// earlier is the earlier of two times in Unix ms, of which 0 is none.
func earlier(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
