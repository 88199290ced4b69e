package ussdhttp_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"setu/ussd/ussdhttp"
)

var update = flag.Bool("update", false, "write the recorded conversations anew, as they come out")

// TestRecorded plays the recorded conversations of every dialect that ships.
func TestRecorded(t *testing.T) {
	t.Parallel()
	all := dialects(t)
	recorded, err := ussdhttp.Recorded(os.DirFS("dialects"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range all.Names() {
		if len(recorded[name]) == 0 {
			t.Errorf("dialect %s has no recorded conversation", name)
		}
		for _, file := range recorded[name] {
			t.Run(file, func(t *testing.T) {
				t.Parallel()
				at := filepath.Join("dialects", file)
				want, err := os.ReadFile(at)
				if err != nil {
					t.Fatal(err)
				}
				got, err := ussdhttp.Replay(all[name], want)
				if err != nil {
					t.Fatalf("%s: %v", at, err)
				}
				if *update {
					if err := os.WriteFile(at, got, 0o600); err != nil {
						t.Fatal(err)
					}
					return
				}
				if diff := cmp.Diff(string(want), string(got)); diff != "" {
					t.Errorf("%s comes out otherwise (-update rewrites it):\n%s", at, diff)
				}
			})
		}
		delete(recorded, name)
	}
	for name := range recorded {
		t.Errorf("a conversation is recorded for %s, which is no dialect", name)
	}
}
