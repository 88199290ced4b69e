package rtp

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Lateness is how late packets have left, as a histogram. It comes from
// [Engine.Lateness].
type Lateness struct {
	// Counts has one more than [LatenessBounds]: that of what was later still.
	Counts [len(latenessBounds) + 1]uint64
	Sum    time.Duration
}

// latenessBounds are the upper bounds, each included.
var latenessBounds = [...]time.Duration{
	250 * time.Microsecond, 500 * time.Microsecond,
	1 * time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond,
	20 * time.Millisecond, 40 * time.Millisecond, 80 * time.Millisecond, 160 * time.Millisecond,
}

// LatenessBounds are the upper bounds of the counts of a [Lateness].
func LatenessBounds() []time.Duration { return latenessBounds[:] }

// Count is how many were counted.
func (l Lateness) Count() uint64 {
	var n uint64
	for _, c := range l.Counts {
		n += c
	}
	return n
}

// Quantile is the bound below which a share q of all lies, 0 to 1; for what lies
// above every bound it is twice the last.
func (l Lateness) Quantile(q float64) time.Duration {
	want := uint64(q * float64(l.Count()))
	for i, c := range l.Counts[:len(latenessBounds)] {
		if want < c {
			return latenessBounds[i]
		}
		want -= c
	}
	if l.Count() == 0 {
		return 0
	}
	return 2 * latenessBounds[len(latenessBounds)-1]
}

// watch measures the lateness of one wheel.
type watch struct {
	counts [len(latenessBounds) + 1]atomic.Uint64
	sum    atomic.Int64
	due    atomic.Int64 // when the place after this is due, in ns of the engine's clock; 0: it stands still
	busy   atomic.Bool  // at the end of the last slice

	tooLate time.Duration
	end     time.Duration // of this slice
	all     int
	late    int
	past    uint16 // the slices before it, a bit each: 1 is that it was late
}

// A judgement looks at some slices of time. One in which more than a share of the
// packets, one of lateShare, left too late was late, and the wheel is busy when
// lateSlices of them were: load lasts, and a machine that stands still for a moment
// turns nobody away.
const (
	slice      = 200 * time.Millisecond
	slices     = 10
	lateSlices = 3
	lateShare  = 100
)

// note counts a place of the wheel that was done at a time of the engine's clock.
func (w *watch) note(due, now time.Duration) {
	late := max(now-due, 0)
	i := 0
	for i < len(latenessBounds) && late > latenessBounds[i] {
		i++
	}
	w.counts[i].Add(1)
	w.sum.Add(int64(late))
	if now > w.end {
		w.past <<= 1
		if w.late*lateShare > w.all {
			w.past |= 1
		}
		w.busy.Store(bits.OnesCount16(w.past&(1<<slices-1)) >= lateSlices)
		w.end, w.all, w.late = now+slice, 0, 0
	}
	w.all++
	if late > w.tooLate {
		w.late++
	}
}

// rest says that the wheel has nothing to turn for.
func (w *watch) rest() {
	w.due.Store(0)
	w.busy.Store(false)
	w.all, w.late, w.past = 0, 0, 0
}

// isBusy says that the wheel is late, or has stopped turning.
func (w *watch) isBusy(now time.Duration) bool {
	due := time.Duration(w.due.Load())
	return w.busy.Load() || due != 0 && now-due > 5*w.tooLate
}

// add adds the counts to a sum over all wheels.
func (w *watch) add(l *Lateness) {
	for i := range w.counts {
		l.Counts[i] += w.counts[i].Load()
	}
	l.Sum += time.Duration(w.sum.Load())
}
