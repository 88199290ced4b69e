package sqlite

import (
	"context"
	"fmt"
	"time"
)

// Rows are made in the order of their numbers, so that the old ones are found
// without an index: a walk in steps of pruneBatch ends at the first step that
// was made too late. The newest row stays, so that no number is used again.
const (
	sqlStepOutbox  = `SELECT max(id), min(created) FROM (SELECT id, created FROM outbox WHERE id > ? ORDER BY id LIMIT +?)`
	sqlPruneOutbox = `DELETE FROM outbox WHERE id > ?1 AND id <= ?2 AND state >= 6 AND updated < ?3
  AND id < (SELECT max(id) FROM outbox)`
	sqlStepInbox  = `SELECT max(id), min(stored) FROM (SELECT id, stored FROM inbox WHERE id > ? ORDER BY id LIMIT +?)`
	sqlPruneInbox = `DELETE FROM inbox WHERE id > ?1 AND id <= ?2 AND turned = 1 AND stored < ?3
  AND id < (SELECT max(id) FROM inbox)`
	sqlPruneFragments = `DELETE FROM fragment WHERE joined = 1 AND stored < ?1`
	sqlPruneEarly     = `DELETE FROM early_receipt WHERE at < ?1`
)

// pruneBatch is the most rows that one operation of the writer looks at.
const pruneBatch = 500

// Prune deletes what was finished before the given time: messages that had
// their turn, items in a final state, joined fragments and unmatched delivery
// receipts. Requests go when their own time is over; receipts of transactions and
// sessions stay. It works in small batches between the other work, and returns
// the number of rows deleted.
func (s *Store) Prune(ctx context.Context, before time.Time) (int64, error) {
	outbox, err := s.walk(ctx, qStepOutbox, qPruneOutbox, before.UnixMilli())
	if err != nil {
		return outbox, fmt.Errorf("prune outbox: %w", err)
	}
	inbox, err := s.walk(ctx, qStepInbox, qPruneInbox, before.UnixMilli())
	if err != nil {
		return outbox + inbox, fmt.Errorf("prune inbox: %w", err)
	}
	requests, err := s.pruneRequests(ctx)
	if err != nil {
		return outbox + inbox + requests, fmt.Errorf("prune requests: %w", err)
	}
	var rest int64
	err = s.do(ctx, func(w *writer) error {
		rest = 0
		for _, q := range []query{qPruneFragments, qPruneEarly, qPruneCalls, qPruneCounts} {
			at := before.UnixMilli()
			if q == qPruneCounts {
				at = int64(dayOf(before))
			}
			_, n, err := w.exec(q, at)
			if err != nil {
				return err
			}
			rest += n
		}
		return w.lookForEarly()
	})
	if err != nil {
		return outbox + inbox + requests, fmt.Errorf("prune fragments: %w", err)
	}
	return outbox + inbox + requests + rest, nil
}

// walk deletes the finished rows of a table, a step at a time.
func (s *Store) walk(ctx context.Context, step, prune query, before int64) (int64, error) {
	var total, at int64
	for more := true; more; {
		var next, n int64
		err := s.do(ctx, func(w *writer) error {
			v, err := w.first(step, at, int64(pruneBatch))
			if err != nil {
				return err
			}
			next, n, more = number(v[0]), 0, v[0] != nil && number(v[1]) < before
			if more {
				_, n, err = w.exec(prune, at, next, before)
			}
			return err
		})
		if err != nil {
			return total, err
		}
		at, total = next, total+n
	}
	return total, nil
}
