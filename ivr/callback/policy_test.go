package callback_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"setu/ivr/callback"
)

func TestPolicy_Opens(t *testing.T) {
	t.Parallel()
	day := callback.Policy{From: 8 * time.Hour, Until: 20 * time.Hour, Zone: callback.IST()}
	for _, tt := range []struct {
		name, at, want string
	}{
		{"early", "2026-11-02T06:30:00+05:30", "2026-11-02T08:00:00+05:30"},
		{"at eight", "2026-11-02T08:00:00+05:30", "2026-11-02T08:00:00+05:30"},
		{"noon", "2026-11-02T12:00:00+05:30", "2026-11-02T12:00:00+05:30"},
		{"in another zone", "2026-11-02T02:29:59Z", "2026-11-02T08:00:00+05:30"},
		{"at the end", "2026-11-02T20:00:00+05:30", "2026-11-03T08:00:00+05:30"},
		{"over the year", "2026-12-31T23:00:00+05:30", "2027-01-01T08:00:00+05:30"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			at, err := time.Parse(time.RFC3339, tt.at)
			if err != nil {
				t.Fatal(err)
			}
			if got := day.Opens(at).In(callback.IST()).Format(time.RFC3339); got != tt.want {
				t.Errorf("Opens(%q) = %v, want %v", tt.at, got, tt.want)
			}
		})
	}
}

// TestPolicy_OpensWithinHours holds that calls are placed within the hours only,
// never before they were wanted, and never more than a day later.
func TestPolicy_OpensWithinHours(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		from := time.Duration(rapid.IntRange(0, 23).Draw(t, "from")) * time.Hour
		until := from + time.Duration(rapid.IntRange(1, 24-int(from/time.Hour)).Draw(t, "hours"))*time.Hour
		p := callback.Policy{From: from, Until: until, Zone: callback.IST()}
		at := time.Unix(rapid.Int64Range(1.7e9, 1.9e9).Draw(t, "at"), 0)
		got := p.Opens(at)
		since := got.In(p.Zone).Sub(time.Date(got.In(p.Zone).Year(), got.In(p.Zone).Month(), got.In(p.Zone).Day(), 0, 0, 0, 0, p.Zone))
		if got.Before(at) || got.Sub(at) > 24*time.Hour || since < from || since >= until {
			t.Fatalf("Opens(%v) = %v with %v to %v", at, got, from, until)
		}
		if tomorrow := p.Tomorrow(at); p.Day(tomorrow) == p.Day(at) {
			t.Fatalf("Tomorrow(%v) = %v", at, tomorrow)
		}
	})
}
