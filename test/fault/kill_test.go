package fault_test

import (
	"syscall"
	"testing"
	"time"

	"setu/gateway/crashpoint"
)

// writers is how many citizens write at the same time.
const writers = 8

// TestKill_AtEachPlace kills the gateway at the n-th passing of each place, n
// drawn at random among those that the traffic reaches.
func TestKill_AtEachPlace(t *testing.T) {
	t.Parallel()
	for _, dir := range []direction{partner, operator} {
		t.Run(string(dir), func(t *testing.T) {
			t.Parallel()
			eachSeed(t, *seeds, func(t *testing.T, seed uint64) {
				t.Helper()
				w := newWorld(t, dir, seed)
				for _, place := range crashpoint.Places() {
					if place == crashpoint.BeforeReceipt && dir == partner {
						continue // partners give no delivery receipts
					}
					w.round(place)
				}
				w.audit()
			})
		})
	}
}

// round kills once at a place, perhaps once more in the life after it, and then
// lets a life bring all to its end.
func (w *world) round(place string) {
	w.t.Helper()
	b := w.write(writers)
	n := 1 + w.random.IntN(w.reach(place, b))
	l := w.launch(place, n)
	l.await(drainTime, b.answered)
	if !l.within(10 * time.Second) {
		w.t.Fatalf("the gateway did not die at passing %d of %s:\n%s", n, place, l.Log())
	}
	w.hits[place]++
	if w.random.IntN(2) == 0 {
		w.again()
	}
	w.settle(b)
}

// reach is how often the traffic of a batch passes a place at least.
func (w *world) reach(place string, b *batch) int {
	messages, requests := b.count()
	switch place {
	case crashpoint.BeforeSave, crashpoint.BeforeSubmit, crashpoint.AfterSubmit:
		return requests
	case crashpoint.BeforeAccept:
		return messages - len(b.citizens) // parts of long messages do not pass it
	case crashpoint.InCommit, crashpoint.BeforeSync:
		longest := 0 // others' messages may share the commits of hers
		for _, c := range b.citizens {
			longest = max(longest, len(c.steps))
		}
		return longest
	default:
		return messages
	}
}

// again kills a life that takes up what the one before it left: at its n-th
// passing of any place, or at a random moment of its start.
func (w *world) again() {
	w.t.Helper()
	places := crashpoint.Places()
	place := places[w.random.IntN(len(places))]
	l := w.launch(place, 1+w.random.IntN(4))
	if l.within(time.Duration(w.random.IntN(600)) * time.Millisecond) {
		w.hits[place]++
		return
	}
	l.kill()
}

// settle lets a life bring a batch to its end.
func (w *world) settle(b *batch) {
	w.t.Helper()
	l := w.ready("", 0)
	l.drain(b)
	l.end()
}

// TestKill_AtRandomMoments kills from outside, at any moment of start and
// work, up to four times in a row while the citizens go on.
func TestKill_AtRandomMoments(t *testing.T) {
	t.Parallel()
	for _, dir := range []direction{partner, operator} {
		t.Run(string(dir), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, dir, *seed)
			for range 4 * rounds() {
				b := w.write(2 * writers)
				for range 1 + w.random.IntN(4) {
					w.atRandom(b)
				}
				w.settle(b)
			}
			w.audit()
		})
	}
}

// TestKill_UnderLoad kills while thousands of messages are on their way, as many
// as pass the marks that the store keeps of what waits.
func TestKill_UnderLoad(t *testing.T) {
	t.Parallel()
	for _, dir := range []direction{partner, operator} {
		t.Run(string(dir), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, dir, *seed)
			for range 2 * rounds() {
				b := w.write(50 * writers)
				for range 1 + w.random.IntN(3) {
					w.atRandom(b)
				}
				w.settle(b)
			}
			w.audit()
		})
	}
}

// atRandom kills a life at a random moment: of its start, its work or its end.
func (w *world) atRandom(b *batch) {
	w.t.Helper()
	if w.random.IntN(3) == 0 {
		w.interrupt(time.Duration(w.random.IntN(400)) * time.Millisecond)
		return
	}
	l := w.launch("", 0)
	l.amid(b)
	if w.random.IntN(4) == 0 { // in the middle of an orderly end, if it takes that long
		if err := syscall.Kill(l.PID(), syscall.SIGTERM); err != nil {
			w.t.Fatalf("stop: %v\n%s", err, l.Log())
		}
		if l.Wait(time.Duration(w.random.IntN(100)) * time.Millisecond) {
			return
		}
	}
	l.kill()
}
