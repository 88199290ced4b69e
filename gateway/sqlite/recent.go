package sqlite

import (
	"errors"
	"fmt"
	"io"
)

const (
	sqlCopy = `SELECT link, key, bind, stored FROM inbox WHERE id = ?`
	// Provider's own keys are known for as long as the message is kept.
	sqlKey       = `SELECT id, link, key, bind, stored FROM inbox WHERE hash = +? AND bind = '' AND link = +? AND key = +? LIMIT 1`
	sqlBackwards = `SELECT id, hash, bind, stored FROM inbox ORDER BY id DESC`
)

// maxRecent is the number of messages that are remembered at least, if so many
// come within the redelivery window; twice as many at most, in about 32 octets
// each: 16 MiB. It is 13 s of the highest rate that was measured (see
// BenchmarkRoundTrip), and all of the window at 2,000 messages a second.
const maxRecent = 1 << 18

// recent remembers the messages of the redelivery window whose key is only a
// digest, by the hash of link and key, with the newest row of each. An index on
// disk would be written to all over for each message and be of use for two
// minutes (a fifth of the work on a message: measured, see BenchmarkRoundTrip).
type recent struct {
	young, old map[int64]int64
	since      int64 // Unix ms: the first of young
	undo       []remembered
}

// remembered is an entry as it was before the transaction under way.
type remembered struct {
	hash, row int64
	known     bool
}

func newRecent() *recent { return &recent{young: map[int64]int64{}} }

// find is the newest row with the hash.
func (r *recent) find(hash int64) (int64, bool) {
	if row, ok := r.young[hash]; ok {
		return row, true
	}
	row, ok := r.old[hash]
	return row, ok
}

func (r *recent) put(hash, row int64) {
	was, known := r.young[hash]
	r.undo = append(r.undo, remembered{hash, was, known})
	r.young[hash] = row
}

// begin begins a transaction, and forgets what is older than the window.
func (r *recent) begin(now, window int64) {
	r.undo = r.undo[:0]
	if now-r.since > window || len(r.young) >= maxRecent {
		r.young, r.old, r.since = map[int64]int64{}, r.young, now
	}
}

func (r *recent) rollback() {
	for i := len(r.undo) - 1; i >= 0; i-- {
		u := r.undo[i]
		if u.known {
			r.young[u.hash] = u.row
		} else {
			delete(r.young, u.hash)
		}
	}
	r.undo = r.undo[:0]
}

// loadRecent remembers what came in the last window of the process before.
func (w *writer) loadRecent(last int64) error {
	err := w.each(qBackwards, func(v []value) error {
		if number(v[3]) < last-w.s.window || len(w.recent.young) >= maxRecent {
			return io.EOF
		}
		if _, known := w.recent.young[number(v[1])]; !known && text(v[2]) != "" {
			w.recent.young[number(v[1])] = number(v[0])
		}
		return nil
	})
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("look for recent messages: %w", err)
	}
	w.recent.since = w.now
	return nil
}

// firstCopy is the row that a message is a redelivery of, or 0. Under the
// provider's own key, which comes without a bind, it is any with that key. Under
// a digest it is the newest one, if that came on another bind and not long ago.
// No bind outlives its process, so that every message of an earlier epoch came
// on another one; the time that the gateway was down does not count.
func (w *writer) firstCopy(hash, link, key value, bind string) (int64, error) {
	if bind == "" {
		v, err := w.first(qKey, hash, link, key)
		if err != nil || v == nil {
			return 0, err
		}
		return number(v[0]), nil
	}
	row, ok := w.recent.find(number(hash))
	if !ok {
		return 0, nil
	}
	v, err := w.first(qCopy, row)
	if err != nil || v == nil || v[0] != link || v[1] != key {
		return 0, err
	}
	oldest := w.now - w.s.window
	if row <= w.oldRow {
		oldest -= w.pause
	} else if first := text(v[2]); first == bind || w.s.again != nil && !w.s.again(first, bind, instant(number(v[3]))) {
		return 0, nil
	}
	if number(v[3]) < oldest {
		return 0, nil
	}
	return row, nil
}
