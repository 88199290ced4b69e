package bench

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// TestSoakReport_Clean: whatever is left of calls is told.
func TestSoakReport_Clean(t *testing.T) {
	t.Parallel()
	clean := SoakReport{
		Placed: 10, Kinds: [kinds]int64{2, 2, 2, 2, 2},
		Before: Holding{Ended: 5, Goroutines: 100, Files: 30}, After: Holding{Ended: 13, Goroutines: 110, Files: 31},
	}
	for _, tt := range []struct {
		name   string
		change func(r *SoakReport)
		want   bool
	}{
		{"clean", func(*SoakReport) {}, true},
		{"no call", func(r *SoakReport) { r.Placed, r.Kinds = 0, [kinds]int64{} }, false},
		{"one under way", func(r *SoakReport) { r.After.Live = 1 }, false},
		{"one without an end", func(r *SoakReport) { r.After.Ended = 12 }, false},
		{"a stream", func(r *SoakReport) { r.After.Streams = 1 }, false},
		{"goroutines", func(r *SoakReport) { r.After.Goroutines += slackGoroutines }, false},
		{"files", func(r *SoakReport) { r.After.Files += slackFiles }, false},
	} {
		r := clean
		tt.change(&r)
		if r.Clean() != tt.want || strings.Contains(r.String(), "something is left") == tt.want {
			t.Errorf("%s: clean is %v, want %v:\n%s", tt.name, r.Clean(), tt.want, r)
		}
	}
	if _, err := SoakIVR(t.Context(), IVRConfig{}, time.Second, io.Discard); !errors.Is(err, errAdmin) {
		t.Errorf("without an admin listener: %v, want errAdmin", err)
	}
}
