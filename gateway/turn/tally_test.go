package turn_test

import (
	"fmt"
	"sync"
	"testing"

	"setu/gateway"
	"setu/gateway/sqlite"
	"setu/gateway/turn"
)

// TestTaker_Tally: questions of guests, of whom nothing is kept, are counted one
// and all, in few commits, and those last asked are not lost by a stop.
func TestTaker_Tally(t *testing.T) {
	t.Parallel()
	disk := &smallDisk{}
	h := open(t, t.TempDir(), func(h *house, _ *turn.Config, _ *sqlite.Options) { h.disk = disk })
	const guests = 200
	var all sync.WaitGroup
	for i := range guests {
		all.Go(func() {
			in := dialled(fmt.Sprint("g", i), fmt.Sprint("g", i, "/0"), "query")
			in.From = gateway.Guest(in.Session)
			if _, err := h.taker.Handle(t.Context(), in); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	h.taker.Close(t.Context())
	answered := gateway.Meter{Kind: gateway.MeterQuery, Department: "d", Service: "s", Partner: "gw", Outcome: "answered"}
	h.metered("after the stop", map[gateway.Meter]int64{answered: guests})
	if n := disk.commits.Load(); n > guests/10 {
		t.Errorf("%d commits for %d questions", n, guests)
	}
}
