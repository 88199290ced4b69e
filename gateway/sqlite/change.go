package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"setu/gateway"
	"setu/ledgerclient"
)

const (
	sqlPutChange = `INSERT INTO change (citizen, class, service, text, result, at) VALUES (?, ?, ?, ?, ?, ?)`
	sqlKeep      = `INSERT OR IGNORE INTO kept (citizen, key, digest, status, location, body, at) VALUES (?, ?, ?, ?, ?, ?, ?)`
	sqlPutProof  = `INSERT OR IGNORE INTO proof (receipt, salt, opening) VALUES (?, ?, ?)`

	sqlReadChanges = `SELECT id, class, service, text, result, at FROM change INDEXED BY change_citizen WHERE citizen = +?1 AND id > +?2 ORDER BY id LIMIT +?3`
	sqlReadKept    = `SELECT digest, status, location, body FROM kept WHERE citizen = ? AND key = ?`
	sqlReadProof   = `SELECT salt, opening FROM proof WHERE receipt = ?`

	sqlPruneChanges    = `DELETE FROM change WHERE at < ?1`
	sqlPruneKept       = `DELETE FROM kept WHERE at < ?1`
	sqlPruneNonces     = `DELETE FROM nonce WHERE until < ?1`
	sqlPruneAllowances = `DELETE FROM allowance WHERE until < ?1`
)

// KeptFor is how long the answer to a request is kept for its repetition, and a
// citizen's changes at least: phones may be offline for a week, and queues of
// requests are kept for as long.
const KeptFor = 30 * 24 * time.Hour

// AddChange adds to what a citizen is told; its identifier and time are the
// store's.
func (s *Store) AddChange(ctx context.Context, c gateway.Change) error {
	result := ""
	if c.Result != nil {
		raw, err := json.Marshal(c.Result)
		if err != nil {
			return fmt.Errorf("encode change: %w", err)
		}
		result = string(raw)
	}
	return s.do(ctx, func(w *writer) error {
		return w.run(qPutChange, c.Citizen.Reveal(), c.Class, c.Service, c.Text.Reveal(), result, w.now)
	})
}

// Changes are what a citizen was told after a cursor, oldest first.
func (s *Store) Changes(ctx context.Context, citizen gateway.Address, after int64, limit int) (all []gateway.Change, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.each(rChanges, func(v []value) error {
			one := gateway.Change{
				ID: number(v[0]), Citizen: citizen, Class: text(v[1]), Service: text(v[2]), Text: gateway.Private(text(v[3])), At: instant(number(v[5])),
			}
			if raw := text(v[4]); raw != "" {
				if err := json.Unmarshal([]byte(raw), &one.Result); err != nil {
					return fmt.Errorf("decode change %d: %w", one.ID, err)
				}
			}
			all = append(all, one)
			return nil
		}, citizen.Reveal(), after, int64(limit))
	})
	return all, err
}

// Keep keeps the answer to a request. The first one stays.
func (s *Store) Keep(ctx context.Context, k gateway.Kept) error {
	return s.do(ctx, func(w *writer) error {
		return w.run(qKeep, k.Citizen.Reveal(), k.Key, k.Digest, int64(k.Status), k.Location, k.Body, w.now)
	})
}

// Kept is the answer that was kept for a citizen's key; the error is
// [gateway.ErrNotFound] if there is none.
func (s *Store) Kept(ctx context.Context, citizen gateway.Address, key string) (k gateway.Kept, err error) {
	err = s.read(ctx, func(c *conn) error {
		v, err := c.first(rKept, citizen.Reveal(), key)
		if err == nil && v == nil {
			return gateway.ErrNotFound
		}
		if err == nil {
			k = gateway.Kept{
				Citizen: citizen, Key: key, Digest: append([]byte(nil), octets(v[0])...), Status: int(number(v[1])),
				Location: text(v[2]), Body: append([]byte(nil), octets(v[3])...),
			}
		}
		return err
	})
	return k, err
}

// Proof is what is behind the hash of the phone's signature in the envelope of a
// receipt; the error is [gateway.ErrNotFound] if no phone signed it.
func (s *Store) Proof(ctx context.Context, r ledgerclient.Receipt) (p gateway.Proof, err error) {
	err = s.read(ctx, func(c *conn) error {
		v, err := c.first(rProof, string(r))
		if err == nil && v == nil {
			return gateway.ErrNotFound
		}
		if err == nil {
			p = gateway.Proof{Receipt: r, Salt: text(v[0]), Opening: text(v[1])}
		}
		return err
	})
	return p, err
}

// PruneApp deletes what the app needs no longer: answers and changes that are old
// enough, nonces and allowances that have ended.
func (s *Store) PruneApp(ctx context.Context) error {
	err := s.do(ctx, func(w *writer) error {
		for q, before := range map[query]int64{
			qPruneChanges: w.now - KeptFor.Milliseconds(), qPruneKept: w.now - KeptFor.Milliseconds(),
			qPruneNonces: w.now, qPruneAllowances: w.now,
		} {
			if err := w.run(q, before); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("prune the app's rows: %w", err)
	}
	return nil
}
