package sqlite

import (
	"context"
	"fmt"

	"setu/gateway"
	"setu/ledgerclient"
)

const (
	// A request stands while its transaction is under way, or has done what was
	// asked (state 8 is recorded) and is not being taken back. What the request
	// was let go for is looked up when it is made again, so that no end of a
	// transaction has to write it down.
	sqlRepeated = `SELECT q.receipt FROM request q JOIN receipt r ON r.receipt = q.receipt
  LEFT JOIN undo ON undo.receipt = q.receipt LEFT JOIN receipt u ON u.receipt = undo.by
WHERE q.digest = +?1 AND q.until > +?2 AND (r.state < 6 OR r.state = 8 AND r.code = +?3)
  AND (u.state IS NULL OR u.state >= 6 AND NOT (u.state = 8 AND u.code = '` + gateway.CodeUndone + `'))`
	sqlPutRequest = `INSERT INTO request (digest, receipt, until) VALUES (?1, ?2, ?3)
ON CONFLICT DO UPDATE SET receipt = excluded.receipt, until = excluded.until`
	sqlPutUndo = `INSERT INTO undo (receipt, by) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET by = excluded.by`

	sqlStepRequest  = `SELECT max(digest) FROM (SELECT digest FROM request WHERE digest > ? ORDER BY digest LIMIT +?)`
	sqlPruneRequest = `DELETE FROM request WHERE digest > ?1 AND digest <= ?2 AND until <= ?3`
)

// repeated refuses effects if one of them is a transaction that was asked for
// before.
func (w *writer) repeated(effects []effect) error {
	for i := range effects {
		tx := effects[i].Tx
		if tx == nil || tx.Request == nil || tx.Request.Wanted {
			continue
		}
		v, err := w.first(qRepeated, tx.Request.Digest, w.nowValue, tx.Request.Done)
		if err != nil {
			return fmt.Errorf("look for an earlier request: %w", err)
		}
		if v != nil {
			return refusal{&gateway.RepeatedError{Receipt: ledgerclient.Receipt(text(v[0]))}}
		}
	}
	return nil
}

// putRequest keeps the request of a transaction, and which one it takes back.
func (w *writer) putRequest(tx *gateway.TxOut) error {
	if r := tx.Request; r != nil {
		if err := w.run(qPutRequest, r.Digest, string(tx.Receipt), ms(r.Until)); err != nil {
			return fmt.Errorf("keep request: %w", err)
		}
	}
	if tx.Undoes == "" {
		return nil
	}
	if err := w.run(qPutUndo, string(tx.Undoes), string(tx.Receipt)); err != nil {
		return fmt.Errorf("keep what is taken back: %w", err)
	}
	return nil
}

// pruneRequests deletes the requests whose time is over, a step at a time. Their
// keys are as good as random, so that all are walked: an index by time would
// cost each transaction a page more.
func (s *Store) pruneRequests(ctx context.Context) (total int64, err error) {
	for at, more := "", true; more; {
		var next string
		var n int64
		err := s.do(ctx, func(w *writer) error {
			v, err := w.first(qStepRequest, at, int64(pruneBatch))
			if err != nil {
				return err
			}
			next, n, more = text(v[0]), 0, v[0] != nil
			if more {
				_, n, err = w.exec(qPruneRequest, at, next, w.nowValue)
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
