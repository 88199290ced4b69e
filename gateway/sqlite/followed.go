package sqlite

import (
	"context"
	"fmt"

	"setu/gateway"
	"setu/ledgerclient"
)

const (
	sqlFollowed    = `SELECT next FROM followed WHERE chain = ?`
	sqlPutFollowed = `INSERT INTO followed (chain, next, at) VALUES (?1, ?2, ?3)
ON CONFLICT (chain) DO UPDATE SET next = excluded.next, at = excluded.at`
	sqlPutFinding = `INSERT INTO finding (chain, block, entry, tx, receipt, key, state, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
	sqlAwaited    = `SELECT ` + itemColumns + ` FROM outbox WHERE receipt = +? AND receipt IS NOT NULL AND head < 2 LIMIT 1`

	sqlReadFollowed = sqlFollowed
	sqlReadFindings = `SELECT block, entry, tx, receipt, key, state, at FROM finding ORDER BY at DESC, block DESC, entry DESC LIMIT +?`
)

// Followed is the first block of a chain that was not followed yet: 0 when none
// was.
func (s *Store) Followed(ctx context.Context, chain string) (uint64, error) {
	var next uint64
	err := s.read(ctx, func(c *conn) error {
		v, err := c.first(rFollowed, chain)
		if v != nil {
			next = block(v[0])
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("read what was followed: %w", err)
	}
	return next, nil
}

// Awaited is the unfinished item of a receipt's transaction. Leased says until
// when somebody holds it. It is false when there is none.
func (s *Store) Awaited(ctx context.Context, r ledgerclient.Receipt) (gateway.Item, bool, error) {
	var row []value
	err := s.do(ctx, func(w *writer) error {
		v, err := w.awaited(string(r))
		row = append([]value(nil), v...)
		return err
	})
	if err != nil || len(row) == 0 {
		return gateway.Item{}, false, err
	}
	it, err := decodeItem(row)
	return it, err == nil, err
}

// awaited is the row of a receipt's unfinished item: by the index if nobody
// holds it, else from memory.
func (w *writer) awaited(receipt string) ([]value, error) {
	if err := w.expire(); err != nil {
		return nil, err
	}
	if v, err := w.first(qAwaited, receipt); err != nil || v != nil {
		return v, err
	}
	for id, h := range w.leases.byID {
		if h.receipt == receipt {
			return w.first(qHeld, id)
		}
	}
	return nil, nil
}

// Follow keeps what blocks have told, and where to go on after them. Errors:
// [gateway.ErrFollowed] when the store stands elsewhere than at f.From, and
// [gateway.ErrClosed].
func (s *Store) Follow(ctx context.Context, f gateway.Followed) (gateway.Landed, error) {
	settled := make([]*progressOp, len(f.Settled))
	for i, p := range f.Settled {
		effects, err := encodeEffects(p.Effects, s.now())
		if err != nil {
			return gateway.Landed{}, err
		}
		settled[i] = &progressOp{p: p, effects: effects}
	}
	var out gateway.Landed
	err := s.do(ctx, func(w *writer) error {
		out = gateway.Landed{}
		if err := w.follow(&f); err != nil {
			return err
		}
		for _, o := range settled {
			if err := o.land(w, &out); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return gateway.Landed{}, fmt.Errorf("keep what blocks have told: %w", err)
	}
	return out, nil
}

// follow moves the place in the chain, and keeps the findings.
func (w *writer) follow(f *gateway.Followed) error {
	v, err := w.first(qFollowed, f.Chain)
	if err != nil {
		return err
	}
	if v != nil && block(v[0]) != f.From || v == nil && f.From != 0 {
		return refusal{gateway.ErrFollowed}
	}
	if err := w.run(qPutFollowed, f.Chain, int64(f.Next), w.now); err != nil { //nolint:gosec // see finish
		return err
	}
	for _, n := range f.Findings {
		err := w.run(qPutFinding, f.Chain, int64(n.Block), int64(n.Entry), n.TxID, string(n.Receipt), n.KeyID, int64(n.State), w.now) //nolint:gosec // see finish
		if err != nil {
			return fmt.Errorf("keep finding: %w", err)
		}
	}
	return nil
}

// land ends one item, whoever holds it.
func (o *progressOp) land(w *writer, out *gateway.Landed) error {
	o.next = nil
	v, err := w.first(qHeld, o.p.ID)
	if err != nil || v == nil {
		return err
	}
	h := heldOf(v)
	if h.state.Final() || !o.p.State.Final() {
		return nil
	}
	if leased := w.leases.byID[h.id]; leased != nil {
		h = *leased
	} else {
		h.followers = true
	}
	if err := o.finish(w, &h); err != nil {
		return err
	}
	if o.next != nil {
		it, err := decodeItem(o.next)
		if err != nil {
			return err
		}
		out.Items = append(out.Items, it)
	}
	out.Settled = append(out.Settled, h.id)
	out.Items, err = w.add(out.Items, o.effects)
	return err
}

// Findings are the newest envelopes on ledgers for which the store does not
// account, newest first.
func (s *Store) Findings(ctx context.Context, limit int) ([]gateway.Finding, error) {
	var out []gateway.Finding
	err := s.read(ctx, func(c *conn) error {
		return c.each(rFindings, func(v []value) error {
			out = append(out, gateway.Finding{
				Block: block(v[0]), Entry: int(number(v[1])), TxID: text(v[2]), Receipt: ledgerclient.Receipt(text(v[3])),
				KeyID: text(v[4]), State: gateway.State(number(v[5])), At: instant(number(v[6])), //nolint:gosec // written by this package
			})
			return nil
		}, int64(limit))
	})
	if err != nil {
		return nil, fmt.Errorf("list findings: %w", err)
	}
	return out, nil
}

// block reads the number of a block.
func block(v value) uint64 { return uint64(number(v)) } //nolint:gosec // see finish
