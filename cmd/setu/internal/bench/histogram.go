package bench

import (
	"math/bits"
	"time"
)

// Buckets of a histogram: 128 to each doubling, so that a value is known to
// within 0.8 %.
const (
	subBits = 7
	subs    = 1 << subBits
)

// histogram counts durations in buckets that widen with the value. The zero
// value is ready.
type histogram struct {
	counts [(64 - subBits) * subs]uint32
	n      int
	max    time.Duration
}

func (h *histogram) add(d time.Duration) {
	d = max(d, 0)
	h.counts[bucket(uint64(d))]++
	h.n++
	h.max = max(h.max, d)
}

// quantile is the duration that the share q of all values does not exceed; 0
// of an empty histogram.
func (h *histogram) quantile(q float64) time.Duration {
	if h.n == 0 {
		return 0
	}
	rank := max(int(q*float64(h.n)+0.999999), 1)
	for i, c := range h.counts {
		rank -= int(c)
		if rank <= 0 {
			return min(time.Duration(upper(i)), h.max)
		}
	}
	return h.max
}

// bucket is the index of a value's bucket: values under subs have one each.
func bucket(v uint64) int {
	if v < subs {
		return int(v)
	}
	shift := bits.Len64(v) - subBits - 1
	return (shift+1)*subs + int(v>>shift) - subs
}

// upper is the highest value of a bucket.
func upper(i int) uint64 {
	if i < subs {
		return uint64(i)
	}
	shift := i/subs - 1
	return (uint64(i%subs)+subs+1)<<shift - 1
}
