package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"setu/ledgerclient/keys"
)

// TestLookout_Acts: the lines of the operators' log are given until they are kept,
// and then not before there are new ones.
func TestLookout_Acts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	k, err := keys.OpenSandbox(dir, keys.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	l := &lookout{g: &gatewayParts{cfg: Config{Data: dir}, keys: k}}
	look := func(when string, want int) (kept func()) {
		t.Helper()
		seen, kept, err := l.look(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, o := range seen {
			if strings.HasPrefix(o.Subject, "act/") {
				n++
			}
		}
		if n != want {
			t.Errorf("%s: %d lines of the operators' log, want %d", when, n, want)
		}
		return kept
	}
	write := func(lines string) {
		t.Helper()
		if err := os.WriteFile(l.g.cfg.path(actsFile), []byte(lines), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	look("without a log", 0)()
	write("{\"n\":1}\n{\"n\":2}\n")
	look("at first", 2)
	look("when they were not kept", 2)()
	look("when they were kept", 0)()
	look("when nothing changed", 0)()
	write("{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n")
	look("when there is a new one", 3)()
}
