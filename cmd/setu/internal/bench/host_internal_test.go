package bench

import (
	"strings"
	"testing"
)

// TestProcessors: time that the host took is the eighth number, and the last of those
// that make up the whole.
func TestProcessors(t *testing.T) {
	t.Parallel()
	before := parseProcessors("cpu  100 0 50 800 10 0 5 35 7 0\ncpu0 1 2 3\n")
	if want := (processors{all: 1000, taken: 35}); before != want {
		t.Errorf("read %+v, want %+v", before, want)
	}
	after := parseProcessors("cpu  160 0 70 900 12 0 8 50 9 0\n")
	did := after.since(before)
	if got, want := did.host().String(), "took 8 % of the processors for others meanwhile"; got != want {
		t.Errorf("said %q, want %q", got, want) // 15 of 200
	}
	if got, want := did.plus(processors{all: 800}).host(), Host(0.015); got != want {
		t.Errorf("of both parts %v, want %v", float64(got), float64(want))
	}
	for _, bad := range []string{"", "cpu 1 2 3\n", "cpu  1 2 3 4 5 6 7 x\n", "intr 1 2 3 4 5 6 7 8\n"} {
		if p := parseProcessors(bad); p != (processors{}) || p.host() != 0 {
			t.Errorf("%q: %+v, want nothing", bad, p)
		}
	}
}

// TestHost_Row: a report is silent about a host that took nothing worth a line.
func TestHost_Row(t *testing.T) {
	t.Parallel()
	for h, want := range map[Host]string{0: "", 0.009: "", 0.31: "  host          took 31 % of the processors for others meanwhile\n"} {
		var b strings.Builder
		if h.row(&b); b.String() != want {
			t.Errorf("%v: %q, want %q", float64(h), b.String(), want)
		}
	}
}
