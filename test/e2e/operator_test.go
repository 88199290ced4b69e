package e2e_test

import (
	"strconv"
	"strings"
	"testing"
)

// firstItem is the number of the first item that `setu queue list` shows.
func firstItem(t *testing.T, list string) string {
	t.Helper()
	lines := strings.Split(list, "\n")
	if len(lines) < 2 || len(strings.Fields(lines[1])) == 0 {
		t.Fatalf("no item in %q", list)
	}
	return strings.Fields(lines[1])[0]
}

// metric is the value of a metric without labels, or of one with the labels
// that its name includes.
func (w *town) metric(name string) float64 {
	w.t.Helper()
	_, page := w.Get("/metrics")
	for line := range strings.SplitSeq(page, "\n") {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			v, err := strconv.ParseFloat(rest, 64)
			if err != nil {
				w.t.Fatal(err)
			}
			return v
		}
	}
	w.t.Fatalf("no metric %s", name)
	return 0
}
