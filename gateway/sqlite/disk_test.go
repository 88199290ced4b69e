package sqlite

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"setu/gateway"
)

// await calls a store and waits for its callback.
func await(call func(done func(gateway.Committed, error))) (gateway.Committed, error) {
	type result struct {
		c   gateway.Committed
		err error
	}
	ch := make(chan result, 1)
	call(func(c gateway.Committed, err error) { ch <- result{c, err} })
	r := <-ch
	return r.c, r.err
}

func commit(s *Store, c gateway.Commit) (gateway.Committed, error) {
	return await(func(done func(gateway.Committed, error)) { s.Commit(c, done) })
}

func progress(s *Store, p gateway.Progress) error {
	_, err := await(func(done func(gateway.Committed, error)) {
		s.Progress(p, func(_ []gateway.Item, err error) { done(gateway.Committed{}, err) })
	})
	return err
}

func big(i int) gateway.Commit {
	return gateway.Commit{
		Accept: &gateway.Inbound{Key: fmt.Sprint(i), Link: "a"}, Turned: true,
		Effects: []gateway.Effect{{
			Kind: gateway.Message, Lane: fmt.Sprint(i), Lease: true,
			SMS: &gateway.SMSOut{Text: gateway.Private(strings.Repeat("ক", 1000))},
		}},
	}
}

// TestDisk_Full fills a disk of 400 KiB: what was accepted is kept and can be
// finished, new work is refused, and when there is room it is taken again.
func TestDisk_Full(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := Open(dir, Options{MaxPages: 100})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	var items []gateway.Item
	for i := range 1000 {
		var c gateway.Committed
		if c, err = commit(s, big(i)); err != nil {
			break
		}
		items = append(items, c.Items...)
	}
	if !errors.Is(err, gateway.ErrFull) || len(items) < 20 {
		t.Fatalf("after %d commits: %v, want ErrFull", len(items), err)
	}
	st, err := s.Stats(t.Context())
	if err != nil || !st.Full || st.Waiting[0].Items != int64(len(items)) {
		t.Errorf("Stats() = %+v, %v; want full with %d items", st, err, len(items))
	}
	for _, it := range items {
		if err := progress(s, gateway.Progress{ID: it.ID, Token: it.Token, State: gateway.Sent}); err != nil {
			t.Fatalf("finish item %d on a full disk: %v", it.ID, err)
		}
	}
	if _, err := s.Prune(t.Context(), time.Now().Add(time.Hour)); err != nil {
		t.Fatalf("Prune on a full disk = %v", err)
	}
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for i := 1000; ; i++ {
		if _, err = commit(s, big(i)); err == nil {
			break
		}
		select {
		case <-deadline:
			t.Fatalf("still refused when there is room: %v", err)
		case <-tick.C:
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	c, err := connect(filepath.Join(dir, FileName), writes)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.close() }()
	if got, err := c.pragma("PRAGMA integrity_check"); got != "ok" {
		t.Errorf("integrity_check = %s, %v", got, err)
	}
}

// TestDisk_Reserve works on a disk that has less room than the reserve.
func TestDisk_Reserve(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := Open(dir, Options{Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	before, err := commit(s, gateway.Commit{Accept: &gateway.Inbound{Key: "k", Link: "a"}})
	if err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
	if s, err = Open(dir, Options{Reserve: 1 << 62}); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for name, c := range map[string]gateway.Commit{
		"a message":   {Accept: &gateway.Inbound{Key: "k2", Link: "a"}},
		"a live turn": {Session: &gateway.Session{Citizen: "+91"}},
	} {
		if _, err := commit(s, c); !errors.Is(err, gateway.ErrFull) {
			t.Errorf("%s = %v, want ErrFull", name, err)
		}
	}
	_, err = await(func(done func(gateway.Committed, error)) {
		f := gateway.Fragment{Key: gateway.FragmentKey{Link: "a", Total: 2}, Seq: 1}
		s.PutFragment(f, func(_ []gateway.Fragment, err error) { done(gateway.Committed{}, err) })
	})
	if !errors.Is(err, gateway.ErrFull) {
		t.Errorf("a fragment = %v, want ErrFull", err)
	}
	// What was accepted before is drained.
	c := big(1)
	c.Accept, c.Inbox = nil, before.Inbox
	out, err := commit(s, c)
	if err != nil || len(out.Items) != 1 {
		t.Fatalf("turn of a message that was accepted = %+v, %v", out, err)
	}
	it := out.Items[0]
	if err := progress(s, gateway.Progress{ID: it.ID, Token: it.Token, State: gateway.Sent}); err != nil {
		t.Errorf("Progress = %v", err)
	}
}
