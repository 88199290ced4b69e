package catalogue_test

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"setu/gateway/catalogue"
	"setu/gateway/conversation"
	"setu/gateway/dialogue"
	"setu/ledgerclient/keys"
	"setu/ledgerclient/sandbox"
)

var update = flag.Bool("update", false, "write conversations as they come out")

// tenth is the example of a service from outside, as a department would add it.
const tenth = "../../test/services"

// folders of services whose conversations are played.
var folders = []string{"services", tenth}

// openSandbox opens a sandbox of its own for one conversation.
func openSandbox(t *testing.T, extra []sandbox.Record) conversation.Signed {
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
		Pseudonym: store.Pseudonym, Now: clock, Extra: extra,
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

// registers reads the sandbox.yaml files of service folders.
func registers(t *testing.T, dir string) []sandbox.Record {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*", "sandbox.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var records []sandbox.Record
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var parsed struct {
			Registers map[string]map[string]map[string]string `yaml:"registers"`
		}
		if err := yaml.UnmarshalWithOptions(src, &parsed, yaml.Strict()); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for register, entries := range parsed.Registers {
			for key, fields := range entries {
				records = append(records, sandbox.Record{Register: register, Key: key, Fields: fields})
			}
		}
	}
	return records
}

// TestServices_Conversations plays the golden conversations of all services on
// a sandbox.
func TestServices_Conversations(t *testing.T) {
	t.Parallel()
	words := loadEmbedded(t, os.DirFS(tenth))
	engine := conversation.Engine(words)
	extra := registers(t, tenth)
	for _, folder := range folders {
		files, err := fs.Glob(os.DirFS(folder), "*/test/*.txt")
		if err != nil {
			t.Fatal(err)
		}
		if len(files) == 0 {
			t.Fatalf("no conversations in %s", folder)
		}
		for _, file := range files {
			t.Run(path.Join(path.Dir(path.Dir(file)), strings.TrimSuffix(path.Base(file), ".txt")), func(t *testing.T) {
				t.Parallel()
				play(t, words, engine, filepath.Join(folder, file), extra)
			})
		}
	}
}

func play(t *testing.T, words *catalogue.Catalogue, engine *dialogue.Engine, file string, extra []sandbox.Record) {
	t.Helper()
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got, err := conversation.Play(words, engine, openSandbox(t, extra), bytes.NewReader(want), conversation.Options{})
	if err != nil {
		t.Fatalf("%s: %v", file, err)
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
}
