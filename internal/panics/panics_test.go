package panics_test

import (
	"errors"
	"strings"
	"testing"

	"setu/internal/panics"
)

// TestText: the runtime is quoted, nobody else.
func TestText(t *testing.T) {
	t.Parallel()
	recovered := func(does func()) (p any) {
		defer func() { p = recover() }()
		does()
		return nil
	}
	var none map[string]int
	if got := panics.Text(recovered(func() { none["a"] = 1 })); !strings.Contains(got, "nil map") {
		t.Errorf("of the runtime: %q", got)
	}
	for _, p := range []any{"PIN 4711", errors.New("PIN 4711"), []byte("4711")} {
		if got := panics.Text(p); strings.Contains(got, "4711") || got == "" {
			t.Errorf("of %T: %q", p, got)
		}
	}
}
