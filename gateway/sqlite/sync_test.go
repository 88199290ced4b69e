package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"setu/gateway"
)

// slowDisk lets a sync wait for the test, and then end as that says.
type slowDisk struct {
	begun chan struct{}
	end   chan error
	syncs atomic.Int64
}

func newSlowDisk() *slowDisk {
	return &slowDisk{begun: make(chan struct{}, 100), end: make(chan error)}
}

func (d *slowDisk) flush() error {
	d.syncs.Add(1)
	d.begun <- struct{}{}
	return <-d.end
}

func accepted(i int) gateway.Commit {
	return gateway.Commit{Accept: &gateway.Inbound{Key: fmt.Sprint(i), Link: "a"}, Turned: true}
}

// TestSync_AnswersWhenOnDisk holds the disk up: nobody is answered before it,
// and what comes in that time shares the next sync.
func TestSync_AnswersWhenOnDisk(t *testing.T) {
	t.Parallel()
	disk := newSlowDisk()
	s, err := Open(t.TempDir(), Options{flush: disk.flush})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	const n = 50
	var answered atomic.Int64
	var all sync.WaitGroup
	put := func(i int) {
		all.Add(1)
		s.Commit(accepted(i), func(_ gateway.Committed, err error) {
			if err != nil {
				t.Errorf("commit %d: %v", i, err)
			}
			answered.Add(1)
			all.Done()
		})
	}
	put(0)
	<-disk.begun
	for i := range n {
		put(i + 1)
	}
	for waiting := true; waiting; runtime.Gosched() { // until the writer has all in hand
		s.queue.mu.Lock()
		waiting = len(s.queue.ops) > 0
		s.queue.mu.Unlock()
	}
	if got := answered.Load(); got != 0 {
		t.Errorf("%d answered before the disk", got)
	}
	disk.end <- nil
	<-disk.begun
	if got := answered.Load(); got > 1 {
		t.Errorf("%d answered by a sync that began before their commit", got-1)
	}
	disk.end <- nil
	all.Wait()
	if got := disk.syncs.Load(); got != 2 {
		t.Errorf("%d syncs for one commit and %d during its sync, want 2", got, n)
	}
}

// TestSync_Fails lets one sync fail: neither its commits nor any later ones are
// acknowledged, until the store is opened again.
func TestSync_Fails(t *testing.T) {
	t.Parallel()
	dir, disk := t.TempDir(), newSlowDisk()
	s, err := Open(dir, Options{flush: disk.flush})
	if err != nil {
		t.Fatal(err)
	}
	fault := errors.New("input/output error")
	go func() { <-disk.begun; disk.end <- fault }()
	for i := range 2 {
		if _, err := commit(s, accepted(i)); !errors.Is(err, fault) {
			t.Errorf("commit %d on a broken disk = %v, want %v", i, err, fault)
		}
	}
	if _, err := s.Stats(t.Context()); !errors.Is(err, fault) {
		t.Errorf("Stats = %v, want %v: an operator must see it", err, fault)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(dir, Options{}); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if _, err := commit(s, accepted(3)); err != nil {
		t.Errorf("commit after opening again: %v", err)
	}
}

// TestSync_PowerCut keeps what the files hold when a sync ends, and takes the
// power away there: whatever was answered by then is in them. A writer that
// answered earlier, or synced something else, would lose messages here.
func TestSync_PowerCut(t *testing.T) {
	t.Parallel()
	const cutAt = 20
	dir, left := t.TempDir(), t.TempDir()
	var syncs atomic.Int64
	flush := func() error {
		if syncs.Add(1) != cutAt {
			return nil
		}
		for _, suffix := range []string{"", "-wal"} {
			content, err := os.ReadFile(filepath.Join(dir, FileName+suffix)) //nolint:gosec // the test's own
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(left, FileName+suffix), content, 0o600); err != nil {
				return err
			}
		}
		return nil
	}
	s, err := Open(dir, Options{flush: flush})
	if err != nil {
		t.Fatal(err)
	}
	answered := map[string]bool{} // before the cut; callbacks come one after another
	var all sync.WaitGroup
	for i := 0; syncs.Load() <= cutAt+1; i++ {
		c, done := accepted(i), make(chan struct{})
		all.Add(1)
		s.Commit(c, func(_ gateway.Committed, err error) {
			if err != nil {
				t.Errorf("commit %d: %v", i, err)
			}
			if syncs.Load() <= cutAt {
				answered[c.Accept.Key] = true
			}
			all.Done()
			close(done)
		})
		if i%50 == 0 { // several commits, not one
			<-done
		}
	}
	all.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	after, err := connect(filepath.Join(left, FileName), reads)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = after.close() }()
	if sound, err := after.pragma("PRAGMA integrity_check"); err != nil || sound != "ok" {
		t.Fatalf("integrity_check = %q, %v", sound, err)
	}
	rows, err := after.db.Query("SELECT key FROM inbox", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	dest := make([]value, 1)
	for rows.Next(dest) == nil {
		delete(answered, text(dest[0]))
	}
	if len(answered) > 0 {
		t.Errorf("%d messages were answered before the power went and are gone", len(answered))
	}
}
