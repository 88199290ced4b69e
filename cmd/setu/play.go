package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync/atomic"
	"time"

	"setu/gateway/catalogue"
	"setu/gateway/conversation"
	"setu/gateway/dialogue"
	"setu/ledgerclient/keys"
	"setu/ledgerclient/sandbox"
)

// conversations are where the conversations of a service folder are.
const conversations = "*/test/*.txt"

// stage is what conversations are played on: the services, and for each
// conversation a sandbox of its own.
type stage struct {
	words  *catalogue.Catalogue
	engine *dialogue.Engine
	extra  []sandbox.Record
	out    io.Writer
	// update writes what comes out in the place of what was written down.
	update bool
}

// playAll plays the conversations of all service folders, and says which
// differ from what is written down.
func playAll(c Config, words *catalogue.Catalogue, update bool, out io.Writer) (played, failed int, err error) {
	extra, err := sandboxRecords(c)
	if err != nil {
		return 0, 0, err
	}
	s := &stage{words: words, engine: conversation.Engine(words), extra: extra, out: out}
	folders := map[string]fs.FS{"": catalogue.Embedded()}
	for _, dir := range c.Services {
		folders[dir] = os.DirFS(dir)
	}
	for dir, fsys := range folders {
		files, err := fs.Glob(fsys, conversations)
		if err != nil {
			return played, failed, err
		}
		s.update = update && dir != "" // the state's own are in the binary
		for _, name := range files {
			same, err := s.play(fsys, dir, name)
			if err != nil {
				return played, failed, fmt.Errorf("%s: %w", path.Join(dir, name), err)
			}
			played++
			if !same {
				failed++
			}
		}
	}
	return played, failed, nil
}

// play plays one conversation.
func (s *stage) play(fsys fs.FS, dir, name string) (same bool, err error) {
	want, err := fs.ReadFile(fsys, name)
	if err != nil {
		return false, err
	}
	ledger, closeLedger, err := s.ledger()
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, closeLedger()) }()
	got, err := conversation.Play(s.words, s.engine, ledger, bytes.NewReader(want), conversation.Options{})
	if err != nil {
		return false, err
	}
	diff := conversation.Difference(string(want), got)
	switch {
	case diff == "":
		return true, nil
	case s.update:
		fmt.Fprintf(s.out, "%s is written anew\n", path.Join(dir, name))
		return true, os.WriteFile(filepath.Join(dir, name), []byte(got), 0o600)
	}
	fmt.Fprintf(s.out, "%s differs at %s\n", path.Join(dir, name), diff)
	return false, nil
}

// ledger opens a sandbox in a folder of its own, with a clock that the
// conversation moves.
func (s *stage) ledger() (conversation.Signed, func() error, error) {
	var now atomic.Pointer[time.Time]
	start := conversation.DefaultStart()
	now.Store(&start)
	clock := func() time.Time { return *now.Load() }
	folder, err := os.MkdirTemp("", "setu-check-")
	if err != nil {
		return conversation.Signed{}, nil, err
	}
	remove := func() error { return os.RemoveAll(folder) }
	store, err := keys.OpenSandbox(folder, keys.Options{Now: clock})
	if err != nil {
		return conversation.Signed{}, nil, errors.Join(err, remove())
	}
	ledger, err := sandbox.Open(sandbox.Options{
		Path: filepath.Join(folder, ledgerFile), Seed: sandboxSeed, Keys: keys.NewVerifier(store),
		Pseudonym: store.Pseudonym, Now: clock, Extra: s.extra,
	})
	if err != nil {
		return conversation.Signed{}, nil, errors.Join(err, remove())
	}
	played := conversation.Signed{Ledger: ledger, Signer: store, Clock: func(at time.Time) { now.Store(&at) }}
	return played, func() error { return errors.Join(ledger.Close(), remove()) }, nil
}
