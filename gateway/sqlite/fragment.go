package sqlite

import (
	"context"
	"fmt"
	"time"

	"setu/gateway"
)

const (
	fragmentColumns = `grp, seq, raw, key, bind, medium, at, digest, stored, epoch, joined`

	sqlFragments = `SELECT ` + fragmentColumns + ` FROM fragment
WHERE link = +? AND sender = +? AND dest = +? AND ref = +? AND total = +? ORDER BY grp DESC, seq`
	sqlPutFragment = `INSERT INTO fragment (link, sender, dest, ref, total, grp, seq, digest, raw, key, bind, medium, at, stored, epoch, joined)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)`
	sqlJoin = `UPDATE fragment SET joined = 1, raw = x''
WHERE link = ? AND sender = ? AND dest = ? AND ref = ? AND total = ? AND grp = ? AND joined = 0`
	sqlReadFragments = `SELECT link, sender, dest, ref, total, ` + fragmentColumns + ` FROM fragment f
WHERE joined = 0 AND (
  (SELECT max(stored) FROM fragment g WHERE g.link = f.link AND g.sender = f.sender AND g.dest = f.dest
    AND g.ref = f.ref AND g.total = f.total AND g.grp = f.grp) < ?1
  OR f.total = (SELECT count(*) FROM fragment g WHERE g.link = f.link AND g.sender = f.sender AND g.dest = f.dest
    AND g.ref = f.ref AND g.total = f.total AND g.grp = f.grp))
ORDER BY link, sender, dest, ref, total, grp, seq`
)

// wideRef is added to a 16-bit reference, which is another than the 8-bit one
// of the same value.
const wideRef = 1 << 16

// part is a stored fragment.
type part struct {
	gateway.Fragment
	digest, stored, epoch int64
	joined                bool
}

// fragmentOp is a part of a long message.
type fragmentOp struct {
	f      gateway.Fragment
	digest int64
	done   func([]gateway.Fragment, error)
	all    []gateway.Fragment
}

// PutFragment queues a part of a long message. done is called as for
// [Store.Commit], with all parts in order when this one was the last that was
// missing, and otherwise with none. A copy of a part that is there, or that was
// redelivered after the message had been joined, changes nothing. A part that
// differs from the stored one of the same number begins another message with
// the same reference. Errors: [gateway.ErrFull], [gateway.ErrClosed].
func (s *Store) PutFragment(f gateway.Fragment, done func(all []gateway.Fragment, err error)) {
	if f.Seq == 0 || f.Seq > f.Key.Total {
		done(nil, fmt.Errorf("sqlite: part %d of %d", f.Seq, f.Key.Total))
		return
	}
	o := &fragmentOp{f: f, digest: hashOf("", f.Raw.Reveal()), done: done}
	if !s.queue.put(o) {
		done(nil, gateway.ErrClosed)
	}
}

func (o *fragmentOp) fresh() bool { return true }

func (o *fragmentOp) answer(err error) {
	if err != nil {
		o.all = nil
	}
	o.done(o.all, err)
}

func (o *fragmentOp) apply(w *writer) error {
	o.all = nil
	parts, err := w.parts(o.f.Key)
	if err != nil {
		return fmt.Errorf("read fragments: %w", err)
	}
	set, taken := int64(0), false
	if len(parts) > 0 {
		set = parts[0].Key.Set // the newest
		taken = parts[0].joined
	}
	for _, p := range parts {
		if p.Seq != o.f.Seq {
			continue
		}
		if o.copied(w, p) {
			return nil
		}
		taken = taken || p.Key.Set == set
	}
	if taken {
		set++
	}
	if err := o.put(w, set); err != nil {
		return fmt.Errorf("put fragment: %w", err)
	}
	return o.collect(w, set)
}

// copied says that p is an earlier copy of the part.
func (o *fragmentOp) copied(w *writer, p part) bool {
	in := &o.f.Inbox
	switch {
	case p.digest != o.digest:
		return false
	case !p.joined:
		return p.Raw == o.f.Raw
	case in.Bind == "":
		return p.Inbox.Key == in.Key
	case p.epoch != w.epoch:
		return p.stored >= w.now-w.s.window-w.pause
	}
	return p.Inbox.Bind != in.Bind && p.stored >= w.now-w.s.window
}

func (o *fragmentOp) put(w *writer, set int64) error {
	k, in := &o.f.Key, &o.f.Inbox
	err := w.run(qPutFragment, k.Link, k.From.Reveal(), k.To.Reveal(), reference(k), int64(k.Total), set, int64(o.f.Seq),
		o.digest, []byte(o.f.Raw.Reveal()), in.Key, in.Bind, string(in.Medium), ms(in.At), w.now, w.epoch)
	return err
}

// collect gathers the set if it is complete.
func (o *fragmentOp) collect(w *writer, set int64) error {
	parts, err := w.parts(o.f.Key)
	if err != nil {
		return err
	}
	var all []gateway.Fragment
	for _, p := range parts {
		if p.Key.Set == set {
			all = append(all, p.Fragment)
		}
	}
	if len(all) == int(o.f.Key.Total) {
		o.all = all
	}
	return nil
}

// parts are the stored fragments under k, in every set, the newest set first.
func (w *writer) parts(k gateway.FragmentKey) ([]part, error) {
	var parts []part
	err := w.each(qFragments, func(v []value) error {
		parts = append(parts, decodePart(k, v))
		return nil
	}, k.Link, k.From.Reveal(), k.To.Reveal(), reference(&k), int64(k.Total))
	return parts, err
}

// decodePart decodes a row of fragmentColumns.
func decodePart(k gateway.FragmentKey, v []value) part {
	k.Set = number(v[0])
	return part{
		Fragment: gateway.Fragment{
			Key: k, Seq: uint8(number(v[1])), Raw: gateway.Private(octets(v[2])), //nolint:gosec // written by put
			Inbox: gateway.Inbound{
				Key: text(v[3]), Bind: text(v[4]), Link: k.Link, Medium: gateway.Medium(text(v[5])),
				From: k.From, To: k.To, At: instant(number(v[6])),
			},
		},
		digest: number(v[7]), stored: number(v[8]), epoch: number(v[9]), joined: number(v[10]) != 0,
	}
}

// join lets the fragments of a message go that is in the inbox now. What tells
// a redelivered copy of them stays until it is pruned.
func (w *writer) join(k gateway.FragmentKey) error {
	err := w.run(qJoin, k.Link, k.From.Reveal(), k.To.Reveal(), reference(&k), int64(k.Total), k.Set)
	if err != nil {
		return fmt.Errorf("join fragments: %w", err)
	}
	return nil
}

func reference(k *gateway.FragmentKey) int64 {
	if k.Wide {
		return int64(k.Ref) + wideRef
	}
	return int64(k.Ref)
}

// Fragments are the messages that are not joined and have all their parts, or
// got none since before: each is a slice of parts in order.
func (s *Store) Fragments(ctx context.Context, before time.Time) ([][]gateway.Fragment, error) {
	var out [][]gateway.Fragment
	var last gateway.FragmentKey
	err := s.read(ctx, func(c *conn) error {
		return c.each(rFragments, func(v []value) error {
			ref := number(v[3])
			k := gateway.FragmentKey{
				Link: text(v[0]), From: gateway.Address(text(v[1])), To: gateway.Address(text(v[2])),
				Ref: uint16(ref), Wide: ref >= wideRef, Total: uint8(number(v[4])), //nolint:gosec // written by put
			}
			f := decodePart(k, v[5:]).Fragment
			if len(out) == 0 || f.Key != last {
				out, last = append(out, nil), f.Key
			}
			out[len(out)-1] = append(out[len(out)-1], f)
			return nil
		}, before.UnixMilli())
	})
	if err != nil {
		return nil, fmt.Errorf("list fragments: %w", err)
	}
	return out, nil
}
