package e2e_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"setu/channels/smpp"
	"setu/test/gatewaytest"
)

// peak is the most memory that the gateway's process has had, in octets.
func (w *town) peak() int64 {
	w.t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", w.PID()))
	if err != nil {
		w.t.Fatal(err)
	}
	for line := range strings.SplitSeq(string(raw), "\n") {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "VmHWM:" {
			kib, err := strconv.ParseInt(f[1], 10, 64)
			if err != nil {
				w.t.Fatal(err)
			}
			return kib << 10
		}
	}
	w.t.Fatal("no VmHWM")
	return 0
}

// TestFlood lets one number send ten thousand messages as fast as it can. What
// the gateway turns away is sent again, as providers do; each accepted one has
// its turn, memory stays bounded, and others are served meanwhile.
func TestFlood(t *testing.T) {
	t.Parallel()
	const total = 10_000
	w := open(t, gatewaytest.Options{})
	number, other := newNumber(), newNumber()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var senders sync.WaitGroup
	throttled := make([]int, 64)
	errs := make(chan error, len(throttled))
	for i := range throttled {
		senders.Go(func() {
			for n := i; n < total; n += len(throttled) {
				for {
					status, err := w.Raw(ctx, message(number, 0, []byte("HELP")))
					if err != nil {
						errs <- err
						return
					}
					if status == smpp.ROK {
						break
					}
					if status != smpp.RThrottled && status != smpp.RMsgQFul {
						errs <- fmt.Errorf("refused with %v", status)
						return
					}
					throttled[i]++
				}
			}
		})
	}
	w.Note(number)
	slowest := time.Duration(0)
	flooded := make(chan struct{})
	go func() { senders.Wait(); close(flooded) }()
	served := 0
	for under := true; under; served++ {
		select {
		case <-flooded:
			under = false
		default:
		}
		start := time.Now()
		within(t, "another citizen", w.ask(other, "BENEFIT 1000000001"), "Old Age Pension")
		slowest = max(slowest, time.Since(start))
	}
	close(errs)
	for err := range errs {
		t.Fatal(err)
	}
	w.settle()
	w.until("all have their answers", func() bool { return len(w.Told(number)) >= total })
	w.settle()
	if got := len(w.Told(number)); got != total {
		t.Errorf("told %d answers to %d messages", got, total)
	}
	turned := 0
	for _, n := range throttled {
		turned += n
	}
	peak := w.peak()
	t.Logf("%d turned away and sent again, %d answers to another meanwhile (slowest %v), peak memory %d MiB", turned, served, slowest, peak>>20)
	if peak > 128<<20 {
		t.Errorf("the gateway took %d MiB, want at most 128", peak>>20)
	}
	if slowest > 5*time.Second {
		t.Errorf("another citizen waited %v", slowest)
	}
}
