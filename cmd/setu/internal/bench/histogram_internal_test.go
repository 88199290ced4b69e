package bench

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestHistogram_Quantile(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Int64Range(0, int64(time.Hour)), 1, 300).Draw(t, "values")
		q := rapid.Float64Range(0, 1).Draw(t, "q")
		var h histogram
		for _, v := range values {
			h.add(time.Duration(v))
		}
		slices.Sort(values)
		want := values[max(int(q*float64(len(values))+0.999999), 1)-1]
		got := int64(h.quantile(q))
		if got < want || got > want+want/subs+1 {
			t.Fatalf("quantile(%v) = %d, want %d and at most 1/128 more", q, got, want)
		}
	})
}

func TestHistogram_Empty(t *testing.T) {
	t.Parallel()
	var h histogram
	if got := h.quantile(0.5); got != 0 {
		t.Errorf("quantile of nothing = %v, want 0", got)
	}
}

func TestNumber_RoundTrip(t *testing.T) {
	t.Parallel()
	tr := &traffic{base: 20_000, citizens: make([]citizen, 1000)}
	for _, n := range []int{0, 7, 999} {
		if got, ok := tr.citizenOf("+" + number(20_000+n)); got != n || !ok {
			t.Errorf("citizenOf(%q) = %d, %v, want %d", number(20_000+n), got, ok, n)
		}
	}
	for _, other := range []string{"", "919830000001", number(21_000), number(19_999), "9170x0020001", number(20_001) + "0", "9170-0020001"} {
		if got, ok := tr.citizenOf(other); ok {
			t.Errorf("citizenOf(%q) = %d, want none", other, got)
		}
	}
}

func TestAlike(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"Lot 123 is registered", "Lot 987 is registered and more", true},
		{"Lot 123 is registered", "Lot 12 is registered", false},
		{"Sorry", "Lot 12 is registered", false},
		{"", "x", false},
		{"The same beginning, then this", "The same beginning, then that", true},
	} {
		if got := alike([]byte(tt.a), []byte(tt.b)); got != tt.want {
			t.Errorf("alike(%q, %q) = %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}
