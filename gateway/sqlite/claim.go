package sqlite

import (
	"context"
	"fmt"

	"setu/gateway"
)

const (
	itemColumns = `id, kind, lane, state, token, due, next, expires, unless, payload, saved, attempts, reason, created`

	sqlClaim = `SELECT ` + itemColumns + ` FROM outbox
WHERE head = 1 AND state < 5 AND kind = +?1 AND link = +?2 AND next <= ?3 ORDER BY next LIMIT +?4`
	sqlClaimAny = `SELECT ` + itemColumns + ` FROM outbox
WHERE head = 1 AND state < 5 AND kind = +?1 AND next <= ?2 ORDER BY next LIMIT +?3`
	// A message whose holder was not heard of again may have been sent.
	sqlLease = `UPDATE outbox SET attempts = attempts + (token <> 0 AND kind = 1), token = ?1, next = ?2, updated = ?3 WHERE id = ?4`
	sqlHeld  = `SELECT ` + itemColumns + ` FROM outbox WHERE id = ?`

	sqlReadLinks = `WITH RECURSIVE l(link) AS (
  SELECT min(link) FROM outbox WHERE head = 1 AND state < 5 AND kind = 1
  UNION ALL
  SELECT (SELECT min(o.link) FROM outbox o WHERE o.head = 1 AND o.state < 5 AND o.kind = 1 AND o.link > l.link) FROM l WHERE l.link IS NOT NULL
)
SELECT link FROM l WHERE link IS NOT NULL AND EXISTS (
  SELECT 1 FROM outbox o WHERE o.head = 1 AND o.state < 5 AND o.kind = 1 AND o.link = l.link AND (o.token = 0 OR o.next <= ?1))`
)

// Claim leases up to limit items of the kind that are due and head their lane,
// oldest due first. link narrows messages to one link; an empty one stands for
// all. An item whose lease has run out is claimed again. When ctx ends while
// the claim is on its way, what it leased falls due again with its lease.
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

// Links are the links that have messages waiting unleased.
func (s *Store) Links(ctx context.Context) ([]string, error) {
	var links []string
	err := s.read(ctx, func(c *conn) error {
		return c.each(rLinks, func(v []value) error {
			links = append(links, text(v[0]))
			return nil
		}, s.now().UnixMilli())
	})
	if err != nil {
		return nil, fmt.Errorf("list links: %w", err)
	}
	return links, nil
}

func (w *writer) claim(kind gateway.Kind, link string, limit int) ([][]value, error) {
	q, args := qClaim, []value{int64(kind), link, w.now, int64(limit)}
	if kind == gateway.Message && link == "" {
		q, args = qClaimAny, []value{int64(kind), w.now, int64(limit)}
	}
	var found [][]value
	err := w.each(q, func(v []value) error {
		found = append(found, append([]value(nil), v...))
		return nil
	}, args...)
	if err != nil {
		return nil, err
	}
	held := found[:0]
	for _, v := range found {
		if gateway.State(number(v[colState])) == gateway.Queued { //nolint:gosec // written by this package
			needless, err := w.supersede(number(v[colID]), v[colUnless])
			if err != nil {
				return nil, err
			}
			if needless {
				continue
			}
		}
		if err := w.hold(v); err != nil {
			return nil, err
		}
		held = append(held, v)
	}
	return held, nil
}

// hold leases the item of a row, and brings the row up to date.
func (w *writer) hold(v []value) error {
	token, until := w.mint(), w.lease()
	if number(v[colToken]) != 0 && number(v[colKind]) == int64(gateway.Message) {
		v[colAttempts] = number(v[colAttempts]) + 1
		w.done.doubled++
	}
	v[colToken], v[colNext] = token, until
	_, _, err := w.exec(qLease, token, until, w.now, v[colID])
	return err
}
