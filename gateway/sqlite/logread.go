package sqlite

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"setu/gateway"
	"setu/ledgerclient"
)

const (
	sqlReadLeaves = `SELECT first, leaves FROM audit_leaf
WHERE first >= (SELECT max(first) FROM audit_leaf WHERE first <= ?1) AND first < ?2 ORDER BY first`
	sqlReadTile      = `SELECT hashes FROM audit_tile WHERE id = ?`
	sqlPutTile       = `INSERT INTO audit_tile (id, hashes) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET hashes = ?2`
	sqlPutCheckpoint = `INSERT INTO audit_checkpoint (size, at, note, anchor) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT DO UPDATE SET anchor = ?4 WHERE note = ?3 AND anchor = ''`
	sqlReadByReceipt      = `SELECT ` + itemColumns + ` FROM outbox INDEXED BY outbox_transaction WHERE receipt = ? AND receipt IS NOT NULL LIMIT 1`
	sqlReadCheckpoints    = `SELECT size, at, note, anchor FROM audit_checkpoint WHERE size >= ?1 ORDER BY size LIMIT +?2`
	sqlReadLastCheckpoint = `SELECT size, at, note, anchor FROM audit_checkpoint ORDER BY size DESC LIMIT 1`
	sqlReadLastAnchored   = `SELECT size, at, note, anchor FROM audit_checkpoint INDEXED BY audit_anchored WHERE anchor <> '' ORDER BY size DESC LIMIT 1`
)

// ErrLog says that the stored audit log cannot be read, since it was damaged or
// changed by hand.
var ErrLog = errors.New("sqlite: audit log is damaged")

// Observe writes the leaves of those observations that are not as they were at
// the last call.
func (s *Store) Observe(ctx context.Context, all []gateway.Observation) error {
	if err := s.do(ctx, func(w *writer) error { return w.observe(all) }); err != nil {
		return fmt.Errorf("observe: %w", err)
	}
	return nil
}

// LogSize is the number of leaves in the audit log.
func (s *Store) LogSize(ctx context.Context) (int64, error) {
	var size int64
	err := s.read(ctx, func(c *conn) error {
		v, err := c.first(rLogSize)
		if err == nil {
			size = number(v[0])
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("read size of audit log: %w", err)
	}
	return size, nil
}

// Leaves are the leaves of the audit log from one number up to, and without,
// another. The error is [ErrLog] when one of them is missing.
func (s *Store) Leaves(ctx context.Context, from, to int64) ([][]byte, error) {
	r := leafRange{from: from, to: to, leaves: make([][]byte, 0, max(0, to-from))}
	err := s.read(ctx, func(c *conn) error { return c.each(rLeaves, r.add, from, to) })
	if err == nil && r.next() < to {
		err = r.missing()
	}
	if err != nil {
		return nil, fmt.Errorf("read audit log: %w", err)
	}
	return r.leaves, nil
}

// leafRange gathers leaves from one number up to, and without, another.
type leafRange struct {
	from, to int64
	leaves   [][]byte
}

// next is the number of the leaf that comes next.
func (r *leafRange) next() int64 { return r.from + int64(len(r.leaves)) }

func (r *leafRange) missing() error { return fmt.Errorf("%w: leaf %d is missing", ErrLog, r.next()) }

// add takes what lies in the range from a row: the number of its first leaf, and
// the leaves, each behind its length.
func (r *leafRange) add(row []value) error {
	first, rest := number(row[0]), octets(row[1])
	for n := first; len(rest) > 0 && n < r.to; n++ {
		length, size := binary.Uvarint(rest)
		if size <= 0 || length > uint64(len(rest)-size) {
			return fmt.Errorf("%w: row %d", ErrLog, first)
		}
		end := size + int(length) //nolint:gosec // not longer than rest
		switch {
		case n < r.from:
		case n != r.next():
			return r.missing()
		default:
			r.leaves = append(r.leaves, append([]byte(nil), rest[size:end]...))
		}
		rest = rest[end:]
	}
	return nil
}

// tileID is the row of a tile: its level in the upper octet.
func tileID(level int, n int64) int64 { return int64(level)<<56 | n }

// Tile are the stored hashes of a tile; nil when there are none.
func (s *Store) Tile(ctx context.Context, level int, n int64) ([]byte, error) {
	var out []byte
	err := s.read(ctx, func(c *conn) error {
		v, err := c.first(rTile, tileID(level, n))
		if err == nil && v != nil {
			out = append(out, octets(v[0])...)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read tile of audit log: %w", err)
	}
	return out, nil
}

// Seal adds a checkpoint with the tiles below it and its anchor, or gives one that
// is there its anchor, and gives the items that are leased by that. The error is
// [ErrLog] when there is another checkpoint of that size.
func (s *Store) Seal(ctx context.Context, seal gateway.Seal) (items []gateway.Item, err error) {
	effects, err := encodeEffects(seal.Effects, s.now())
	if err == nil {
		err = s.do(ctx, func(w *writer) (err error) {
			items, err = w.seal(&seal, effects)
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("seal audit log: %w", err)
	}
	return items, nil
}

// seal writes the tiles, the checkpoint and what follows from its anchor.
func (w *writer) seal(seal *gateway.Seal, effects []effect) ([]gateway.Item, error) {
	for _, t := range seal.Tiles {
		if err := w.run(qPutTile, tileID(t.Level, t.N), t.Hashes); err != nil {
			return nil, fmt.Errorf("put tile: %w", err)
		}
	}
	c := &seal.Checkpoint
	_, changed, err := w.exec(qPutCheckpoint, c.Size, ms(c.Time), c.Note, string(c.Anchor))
	if err == nil && changed == 0 {
		err = refusal{fmt.Errorf("%w: another checkpoint of %d leaves is there", ErrLog, c.Size)}
	}
	if err != nil {
		return nil, fmt.Errorf("put checkpoint: %w", err)
	}
	return w.add(nil, effects)
}

// Checkpoints are those that cover at least size leaves, the smallest first, up
// to a limit.
func (s *Store) Checkpoints(ctx context.Context, size int64, limit int) (out []gateway.LogCheckpoint, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.each(rCheckpoints, func(v []value) error {
			out = append(out, checkpointOf(v))
			return nil
		}, size, int64(limit))
	})
	if err != nil {
		return nil, fmt.Errorf("read checkpoints: %w", err)
	}
	return out, nil
}

// Envelope is the signed envelope of a receipt, as long as its transaction is
// kept. The error is [ErrNoItem] when it is not.
func (s *Store) Envelope(ctx context.Context, r ledgerclient.Receipt) (out ledgerclient.SignedEnvelope, err error) {
	err = s.read(ctx, func(c *conn) error {
		v, err := c.first(rByReceipt, string(r))
		if err == nil && v == nil {
			err = ErrNoItem
		}
		if err != nil {
			return err
		}
		it, err := decodeItem(v)
		if err == nil && it.Tx != nil {
			out = it.Tx.Envelope
		}
		return err
	})
	if err != nil {
		return out, fmt.Errorf("read envelope: %w", err)
	}
	return out, nil
}

// LastCheckpoint is the largest checkpoint, of all or of those that have an
// anchor; its size is 0 when there is none.
func (s *Store) LastCheckpoint(ctx context.Context, anchored bool) (out gateway.LogCheckpoint, err error) {
	q := rLastCheckpoint
	if anchored {
		q = rLastAnchored
	}
	err = s.read(ctx, func(c *conn) error {
		v, err := c.first(q)
		if err == nil && v != nil {
			out = checkpointOf(v)
		}
		return err
	})
	if err != nil {
		return out, fmt.Errorf("read last checkpoint: %w", err)
	}
	return out, nil
}

func checkpointOf(v []value) gateway.LogCheckpoint {
	return gateway.LogCheckpoint{
		Size: number(v[0]), Time: instant(number(v[1])), Note: text(v[2]), Anchor: ledgerclient.Receipt(text(v[3])),
	}
}
