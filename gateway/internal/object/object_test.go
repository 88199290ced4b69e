package object_test

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"setu/gateway/internal/object"
)

// TestQuote: whatever stands in a string, encoding/json reads it as it would its own.
func TestQuote(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringMatching(`[\x00-\x7f]{0,20}`)).Draw(t, "s")
		if raw := rapid.SliceOf(rapid.Byte()).Draw(t, "raw"); len(raw) > 4 {
			s += string(raw)
		}
		var o object.JSON
		o.Quote(s)
		var want, got string
		reference, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(reference, &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(o, &got); err != nil || got != want {
			t.Fatalf("Quote(%q) = %s, which reads as %q, %v", s, o, got, err)
		}
	})
}
