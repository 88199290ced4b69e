package smpp

import (
	"math/bits"
	"time"
)

// slot is one request of ours that waits for its response.
type slot struct {
	want   CommandID // id of the response; 0 marks a free slot
	seq    uint32
	sent   time.Time
	offset uint64 // of the PDU's first octet in all that the session has queued
	done   func(Resp, error)
}

// window holds the requests under way, keyed by response id and sequence number. It is
// a ring indexed by the low bits of the sequence number: numbers whose place is still
// taken are passed over, which the standard allows (§3.2 asks for unique ones).
type window struct {
	slots []slot
	seq   uint32 // last number given
	n     int    // taken slots
}

func newWindow(size int) window {
	return window{slots: make([]slot, 1<<bits.Len(uint(2*size-1)))}
}

func (w *window) at(seq uint32) *slot {
	return &w.slots[seq&uint32(len(w.slots)-1)]
}

// next gives a sequence number that no request under way bears. The caller holds fewer
// requests than there are slots.
func (w *window) next() uint32 {
	for {
		w.seq++
		if w.seq > MaxSequence {
			w.seq = 1
		}
		if w.at(w.seq).want == 0 {
			return w.seq
		}
	}
}

// open takes the place of s.seq, which next has given.
func (w *window) open(s slot) {
	*w.at(s.seq) = s
	w.n++
}

// take removes the request that the response id answers. A generic_nack answers any
// request with its number, since it does not say which command it refuses.
func (w *window) take(id CommandID, seq uint32) (slot, bool) {
	p := w.at(seq)
	if p.want == 0 || p.seq != seq || (p.want != id && id != GenericNack) {
		return slot{}, false
	}
	s := *p
	*p = slot{}
	w.n--
	return s, true
}

// expire removes the requests that were sent at t or before.
func (w *window) expire(t time.Time) []slot {
	var old []slot
	for i := range w.slots {
		if p := &w.slots[i]; p.want != 0 && !p.sent.After(t) {
			old = append(old, *p)
			*p = slot{}
			w.n--
		}
	}
	return old
}

// drain removes all requests.
func (w *window) drain() []slot {
	var all []slot
	for i := range w.slots {
		if p := &w.slots[i]; p.want != 0 {
			all = append(all, *p)
			*p = slot{}
		}
	}
	w.n = 0
	return all
}
