package sqlite

import (
	"context"
	"fmt"

	"setu/gateway"
)

const (
	itemColumns = `id, kind, lane, state, token, due, next, expires, unless, payload, saved, attempts, reason, created, head, link, receipt`

	sqlClaim = `SELECT ` + itemColumns + ` FROM outbox
WHERE head = 1 AND state < 5 AND kind = +?1 AND link = +?2 AND next <= ?3 ORDER BY next LIMIT +?4`
	sqlLease = `UPDATE outbox SET head = 2, attempts = ?1, token = ?2, next = ?3, updated = ?4 WHERE id = ?5`
	sqlHeld  = `SELECT ` + itemColumns + ` FROM outbox WHERE id = ?`

	sqlReadLinks = `WITH RECURSIVE l(link) AS (
  SELECT min(link) FROM outbox WHERE head = 1 AND state < 5 AND kind = 1
  UNION ALL
  SELECT (SELECT min(o.link) FROM outbox o WHERE o.head = 1 AND o.state < 5 AND o.kind = 1 AND o.link > l.link) FROM l WHERE l.link IS NOT NULL
)
SELECT link FROM l WHERE link IS NOT NULL`
)

// Claim leases up to limit items of the kind that are due and head their lane,
// oldest due first: messages of one link, other kinds with an empty one. An item whose lease has run out is claimed again; a message of that kind
// counts an attempt, since it may have been sent. When ctx ends while the claim
// is on its way, what it leased falls due again with its lease.
func (s *Store) Claim(ctx context.Context, kind gateway.Kind, link string, limit int) ([]gateway.Item, error) {
	var rows [][]value
	err := s.do(ctx, func(w *writer) error {
		var err error
		rows, err = w.claim(kind, link, limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claim: %w", err)
	}
	return decodeItems(rows)
}

// Links are the links that have messages waiting unleased, due or not.
func (s *Store) Links(ctx context.Context) ([]string, error) {
	if end := s.firstEnd.Load(); end != 0 && end <= s.now().UnixMilli() {
		if err := s.do(ctx, (*writer).expire); err != nil {
			return nil, fmt.Errorf("list links: %w", err)
		}
	}
	var links []string
	err := s.read(ctx, func(c *conn) error {
		return c.each(rLinks, func(v []value) error {
			links = append(links, text(v[0]))
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list links: %w", err)
	}
	return links, nil
}

func (w *writer) claim(kind gateway.Kind, link string, limit int) ([][]value, error) {
	if err := w.expire(); err != nil {
		return nil, err
	}
	found, err := w.rows(qClaim, int64(kind), link, w.now, int64(limit))
	if err != nil {
		return nil, err
	}
	leased := found[:0]
	for _, v := range found {
		needless, err := w.supersede(heldOf(v))
		if err != nil {
			return nil, err
		}
		if needless {
			continue
		}
		if err := w.lease(v); err != nil {
			return nil, err
		}
		leased = append(leased, v)
	}
	return leased, nil
}

// lease leases the item of a row, and brings the row up to date.
func (w *writer) lease(v []value) error {
	before := heldOf(v)
	before.followers, before.behind = true, false
	h := w.hold(before)
	attempts := number(v[colAttempts])
	if before.token != 0 && before.kind == gateway.Message {
		attempts++
		w.done.doubled++
	}
	v[colToken], v[colNext], v[colAttempts], v[colHead] = h.token, h.until, attempts, int64(isLeased)
	err := w.run(qLease, attempts, h.token, h.until, w.now, h.id)
	return err
}

// heldOf is what the writer remembers of the item of a row.
func heldOf(v []value) held {
	return held{
		id: number(v[colID]), token: number(v[colToken]), until: number(v[colNext]), created: number(v[colCreated]),
		kind: gateway.Kind(number(v[colKind])), state: gateway.State(number(v[colState])), //nolint:gosec // written by this package
		lane: text(v[colLane]), link: text(v[colLink]), receipt: text(v[colReceipt]), unless: text(v[colUnless]),
		behind: number(v[colHead]) == 0,
	}
}
