package e2e_test

import (
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
