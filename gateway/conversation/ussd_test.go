package conversation_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/gateway/conversation"
	"setu/ivr"
	"setu/ledgerclient/keys"
	"setu/ledgerclient/sandbox"
	"setu/ussd"
)

var update = flag.Bool("update", false, "write conversations as they come out")

// pinFolder holds a service that asks for a PIN.
const pinFolder = "../../test/pin"

// openSandbox opens a sandbox of its own for one conversation.
func openSandbox(t *testing.T) conversation.Signed {
	t.Helper()
	var now atomic.Pointer[time.Time]
	start := conversation.DefaultStart()
	now.Store(&start)
	clock := func() time.Time { return *now.Load() }
	dir := t.TempDir()
	store, err := keys.OpenSandbox(dir, keys.Options{Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	ledger, err := sandbox.Open(sandbox.Options{
		Path: filepath.Join(dir, "sandbox.ledger"), Seed: 1, Keys: keys.NewVerifier(store),
		Pseudonym: store.Pseudonym, Now: clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ledger.Close(); err != nil {
			t.Error(err)
		}
	})
	return conversation.Signed{Ledger: ledger, Signer: store, Clock: func(at time.Time) { now.Store(&at) }}
}

// TestPlay_Dialled plays the conversations of citizens who dial, as their
// handsets show them.
func TestPlay_Dialled(t *testing.T) {
	t.Parallel()
	c, err := catalogue.Load(catalogue.Limits{gateway.USSD: ussd.Limit{}.Texts(), gateway.IVR: ivr.Texts()}, catalogue.Embedded(), os.DirFS(pinFolder))
	if err != nil {
		t.Fatal(err)
	}
	e := conversation.Engine(c)
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 15 {
		t.Fatalf("%d conversations, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := conversation.Play(c, e, openSandbox(t), bytes.NewReader(want), conversation.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := conversation.Difference(string(want), got); diff != "" {
				t.Errorf("%s differs at %s", file, diff)
			}
		})
	}
}
