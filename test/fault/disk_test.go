package fault_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"setu/test/gatewaytest"
)

// TestDiskFull fills the disk at random moments, up to the reserve or to the last
// octet, and kills some of the gateways that have none left. When there is room
// again, all goes on.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	disk := gatewaytest.SmallDisk(t, "128m")
	w := newWorld(t, directionOf(*seed), *seed)
	w.data, w.full = filepath.Join(disk, "data"), true
	if err := os.Mkdir(w.data, 0o700); err != nil {
		t.Fatal(err)
	}
	for range 2 * rounds() {
		w.fill(filepath.Join(disk, "ballast"))
	}
	w.audit()
}

// mostBatches is how many times citizens begin to write on one full disk.
const mostBatches = 100

// fill lets citizens write while the disk is full for a time, until one of them
// at least is refused.
func (w *world) fill(ballast string) {
	w.t.Helper()
	written := []*batch{w.write(writers)}
	l := w.ready("", 0)
	l.amid(written[0])
	left := []uint64{0, 4 << 10, 64 << 10, 32 << 20} // of which the last is only under the reserve
	gatewaytest.Fill(w.t, ballast, left[w.random.IntN(len(left))])
	killed := w.random.IntN(3) == 0
	refused := w.provider.refused.Load()
	for w.provider.refused.Load() == refused { // a fast machine answers many before the gateway looks
		if len(written) == mostBatches {
			w.t.Fatalf("nothing was refused of what %d citizens wrote on a full disk:\n%s", mostBatches*writers, l.Log())
		}
		b := w.write(writers)
		written = append(written, b)
		l.await(2*time.Second, func() bool { return w.provider.refused.Load() > refused || b.answered() })
	}
	l.within(time.Duration(w.random.IntN(500)) * time.Millisecond)
	if l.Ended() {
		w.t.Errorf("the gateway ended when the disk was full:\n%s", l.Log())
	}
	if killed {
		l.kill()
	}
	if err := os.Remove(ballast); err != nil {
		w.t.Fatal(err)
	}
	if killed {
		l = w.ready("", 0)
	}
	for _, b := range written {
		l.drain(b)
	}
	l.end()
}
