package sqlite

import (
	"fmt"

	"setu/gateway"
)

// A lease that has run out leaves its token: the holder may still say what
// became of the item until another claims it.
const sqlExpire = `UPDATE outbox SET head = 1, next = due WHERE id = ?`

// held is an item under a lease. It is never changed: another takes its place.
type held struct {
	id, token, until, created int64
	kind                      gateway.Kind
	state                     gateway.State
	lane, link                string
	receipt, unless           string
	meter                     *gateway.Meter // without its outcome; nil: in the payload
	// followers says that others may wait behind it in its lane, behind that
	// it waits behind others itself, and so is not held but only looked at.
	followers, behind bool
}

// leases are the items under a lease, in the writer's memory. In the file they
// are marked, but in no index, so that the usual item, which is leased as it is
// made and finished soon after, costs no work on indexes: that is half of the
// work on it (measured, see BenchmarkRoundTrip). They are few: what the
// workers of one process hold.
type leases struct {
	byID   map[int64]*held
	byLane map[string]*held
	// ends are the leases in the order of their ends; those from next on
	// have not been looked at.
	ends []leaseEnd
	next int

	// What the transaction under way has changed, to be put back when it is
	// rolled back.
	changed           []change
	endsWere, nextWas int
}

type leaseEnd struct{ id, token, until int64 }

type change struct {
	id       int64
	old, new *held
}

func newLeases() *leases {
	return &leases{byID: map[int64]*held{}, byLane: map[string]*held{}}
}

// set puts h in the place of what is held under id; nil is none.
func (l *leases) set(id int64, h *held) {
	old := l.byID[id]
	l.changed = append(l.changed, change{id, old, h})
	l.swap(id, old, h)
	if h != nil && (old == nil || old.token != h.token) {
		l.ends = append(l.ends, leaseEnd{id, h.token, h.until})
	}
}

func (l *leases) swap(id int64, from, to *held) {
	if from != nil {
		delete(l.byID, id)
		delete(l.byLane, from.lane)
	}
	if to != nil {
		l.byID[id] = to
		l.byLane[to.lane] = to
	}
}

// begin notes where a transaction begins.
func (l *leases) begin() {
	if len(l.ends) > 2*len(l.byID)+4*maxBatch {
		l.compact()
	}
	l.changed, l.endsWere, l.nextWas = l.changed[:0], len(l.ends), l.next
}

// compact forgets the ends of leases that were given back before.
func (l *leases) compact() {
	kept := l.ends[:0]
	for _, e := range l.ends[l.next:] {
		if h := l.byID[e.id]; h != nil && h.token == e.token {
			kept = append(kept, e)
		}
	}
	l.ends, l.next = kept, 0
}

// rollback puts back what was held when the transaction began.
func (l *leases) rollback() {
	for i := len(l.changed) - 1; i >= 0; i-- {
		c := l.changed[i]
		l.swap(c.id, c.new, c.old)
	}
	l.changed, l.ends, l.next = l.changed[:0], l.ends[:l.endsWere], l.nextWas
}

// ended is the next lease that has ended by now, or nil.
func (l *leases) ended(now int64) *held {
	for l.next < len(l.ends) {
		e := l.ends[l.next]
		h := l.byID[e.id]
		if h == nil || h.token != e.token {
			l.next++ // given back before its end
			continue
		}
		if e.until > now {
			return nil
		}
		l.next++
		return h
	}
	return nil
}

// first is when the first lease ends, Unix ms, or 0 when there is none.
func (l *leases) first() int64 {
	for l.next < len(l.ends) {
		e := l.ends[l.next]
		if h := l.byID[e.id]; h != nil && h.token == e.token {
			return e.until
		}
		l.next++
	}
	return 0
}

// hold leases an item: h has all but token and end.
func (w *writer) hold(h held) *held {
	h.token, h.until = w.mint(), w.leaseEnd()
	w.leases.set(h.id, &h)
	w.leasedFrom.lower(h.id)
	return &h
}

// expire makes the items claimable whose leases have run out.
func (w *writer) expire() error {
	for {
		h := w.leases.ended(w.now)
		if h == nil {
			return nil
		}
		if err := w.run(qExpire, h.id); err != nil {
			return fmt.Errorf("expire lease: %w", err)
		}
		w.lanes.add(h.lane)
		w.leases.set(h.id, nil)
	}
}
