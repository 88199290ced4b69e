package storetest

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"setu/gateway"
	"setu/gateway/audit/proof"
	"setu/ledgerclient"
)

// Log is what the audit log needs.
type Log interface {
	LogSize(ctx context.Context) (int64, error)
	Leaves(ctx context.Context, from, to int64) ([][]byte, error)
	Observe(ctx context.Context, all []gateway.Observation) error
	Tree
}

// Tree is what is kept above the leaves.
type Tree interface {
	Seal(ctx context.Context, s gateway.Seal) ([]gateway.Item, error)
	Checkpoints(ctx context.Context, size int64, limit int) ([]gateway.LogCheckpoint, error)
	LastCheckpoint(ctx context.Context, anchored bool) (gateway.LogCheckpoint, error)
	Tile(ctx context.Context, level int, n int64) ([]byte, error)
}

// leaves are all leaves but the first, each as its kind and the values of some
// fields.
func (w *world) leaves(fields ...string) []string {
	w.Helper()
	size, err := w.LogSize(w.Context())
	if err != nil {
		w.Fatalf("LogSize() = %v", err)
	}
	all, err := w.Leaves(w.Context(), 0, size)
	if err != nil {
		w.Fatalf("Leaves(0, %d) = %v", size, err)
	}
	var out []string
	for i, octets := range all {
		l, err := proof.ParseLeaf(octets)
		if err != nil {
			w.Fatalf("leaf %d: %v", i, err)
		}
		if (i == 0) != (l.Kind == proof.Began) || i == 0 && l.Get("origin") == "" {
			w.Errorf("leaf %d: %s", i, octets)
		}
		words := []string{string(l.Kind)}
		for _, f := range fields {
			if v := l.Get(f); v != "" {
				words = append(words, v)
			}
		}
		out = append(out, strings.Join(words, " "))
	}
	return out[1:]
}

// logTells: each commit leaves what it is to leave, and a refused one nothing.
func logTells(w *world) {
	c := w.must(gateway.Commit{Accept: inbound("k")})
	if again := w.must(gateway.Commit{Accept: inbound("k")}); !again.Duplicate {
		w.Error("the second copy is no duplicate")
	}
	w.must(gateway.Commit{Inbox: c.Inbox, Turned: true})
	w.must(gateway.Commit{Session: &gateway.Session{Citizen: citizen}, Live: &gateway.Inbound{Link: "u", Medium: gateway.USSD, From: citizen, Text: "1"}})
	if _, err := w.commit(gateway.Commit{Accept: inbound("stale"), Session: &gateway.Session{Citizen: citizen, Version: 9}}); err == nil {
		w.Error("a stale session was taken")
	}
	it := w.lease(transaction("t", "1"))
	if _, err := w.commit(gateway.Commit{Accept: inbound("taken"), Effects: []gateway.Effect{transaction("u", "1")}}); err == nil {
		w.Error("a receipt was taken twice")
	}
	w.word(it, gateway.Progress{State: gateway.Endorsed})
	w.word(it, gateway.Progress{State: gateway.Recorded, Code: "done", Block: 42, TxID: "f0"})
	w.must(gateway.Commit{Session: &gateway.Session{Citizen: citizen, Version: 1}, Act: "pin.reset"})
	want := []string{
		"message a", "turn u", "decision 1 benefit", "outcome 1 recorded done 42 f0", "act pin.reset",
	}
	if diff := cmp.Diff(want, w.leaves("link", "receipt", "service", "state", "code", "block", "tx", "act")); diff != "" {
		w.Errorf("leaves (-want +got):\n%s", diff)
	}
	st := w.standing("1")
	if st.Leaf != 3 || st.Ended != 4 || st.TxID != "f0" {
		w.Errorf("standing: leaves %d and %d, transaction %q; want 3, 4, f0", st.Leaf, st.Ended, st.TxID)
	}
}

// logOperators: what operators do is told with it.
func logOperators(w *world) {
	it := w.lease(transaction("t", "1"))
	w.word(it, gateway.Progress{State: gateway.Parked, Reason: "why"})
	if err := w.Requeue(w.Context(), it.ID); err != nil {
		w.Fatal(err)
	}
	if err := w.Discard(w.Context(), it.ID, "asked for"); err != nil {
		w.Fatal(err)
	}
	if err := w.Discard(w.Context(), it.ID, "again"); err == nil {
		w.Error("a final item was discarded")
	}
	want := []string{"decision", "act queue.retry 1", "act queue.discard 1", "outcome dead"}
	if diff := cmp.Diff(want, w.leaves("act", "item", "state")); diff != "" {
		w.Errorf("leaves (-want +got):\n%s", diff)
	}
}

// logKept: leaves outlive the process and the messages.
func logKept(w *world) {
	for range 3 {
		c := w.must(gateway.Commit{Accept: inbound(w.clock().String()), Turned: true})
		if c.Duplicate {
			w.Fatal("a message was taken for a copy")
		}
		w.pass(time.Second)
	}
	before := w.leaves("at", "digest")
	w.reopen()
	w.pass(time.Hour)
	if n, err := w.Prune(w.Context(), w.clock()); err != nil || n != 2 { // the newest row stays
		w.Errorf("Prune() = %d, %v", n, err)
	}
	if diff := cmp.Diff(before, w.leaves("at", "digest")); diff != "" {
		w.Errorf("leaves after a restart and pruning (-before +after):\n%s", diff)
	}
	w.must(gateway.Commit{Accept: inbound("later")})
	if n := len(w.leaves()); n != 4 {
		w.Errorf("%d leaves, want 4", n)
	}
	for _, gap := range [][2]int64{{3, 9}, {7, 9}} {
		if got, err := w.Leaves(w.Context(), gap[0], gap[1]); err == nil {
			w.Errorf("Leaves(%d, %d) = %d leaves, want an error", gap[0], gap[1], len(got))
		}
	}
	some, err := w.Leaves(w.Context(), 2, 4)
	if err != nil || len(some) != 2 || !strings.Contains(string(some[0]), strings.Fields(before[1])[2]) {
		w.Errorf("Leaves(2, 4) = %q, %v", some, err)
	}
}

// logObserves: a leaf for each change, and none for what stays.
func logObserves(w *world) {
	see := func(subject, value string) {
		w.Helper()
		leaf := proof.Encode(proof.Partner, w.clock(), ledgerclient.Field{Name: "partner", Value: subject}, ledgerclient.Field{Name: "digest", Value: value})
		if err := w.Observe(w.Context(), []gateway.Observation{{Subject: subject, Value: value, Leaf: leaf}}); err != nil {
			w.Fatal(err)
		}
	}
	see("a", "1")
	see("b", "1")
	see("a", "1")
	w.reopen()
	see("a", "1")
	see("a", "2")
	see("never", "")
	see("b", "")
	want := []string{"partner a 1", "partner b 1", "partner a 2", "partner b"}
	if diff := cmp.Diff(want, w.leaves("partner", "digest")); diff != "" {
		w.Errorf("leaves (-want +got):\n%s", diff)
	}
}

// logSeals: checkpoints and tiles are there after a restart, and an anchor is
// work like any other.
func logSeals(w *world) {
	anchor := transaction("audit", "7")
	anchor.Lease = true
	items, err := w.Seal(w.Context(), gateway.Seal{
		Tiles:      []gateway.LogTile{{Level: 1, N: 3, Hashes: []byte("abc")}, {Level: 2, N: 3, Hashes: []byte("z")}},
		Checkpoint: gateway.LogCheckpoint{Size: 5, Note: "five", Time: w.clock(), Anchor: "7"},
		Effects:    []gateway.Effect{anchor},
	})
	if err != nil || len(items) != 1 || items[0].Tx.Receipt != "7" {
		w.Fatalf("Seal() = %+v, %v", items, err)
	}
	w.pass(time.Minute)
	if _, err := w.Seal(w.Context(), gateway.Seal{
		Tiles:      []gateway.LogTile{{Level: 1, N: 3, Hashes: []byte("abcd")}},
		Checkpoint: gateway.LogCheckpoint{Size: 9, Note: "nine", Time: w.clock()},
	}); err != nil {
		w.Fatal(err)
	}
	if _, err := w.Seal(w.Context(), gateway.Seal{Checkpoint: gateway.LogCheckpoint{Size: 9, Note: "other"}}); err == nil {
		w.Error("two checkpoints of one size")
	}
	w.reopen()
	for anchored, want := range map[bool]int64{true: 5, false: 9} {
		if got, err := w.LastCheckpoint(w.Context(), anchored); err != nil || got.Size != want {
			w.Errorf("LastCheckpoint(%v) = %+v, %v, want size %d", anchored, got, err, want)
		}
	}
	for _, tt := range []struct {
		level int
		n     int64
		want  string
	}{{1, 3, "abcd"}, {2, 3, "z"}, {1, 4, ""}} {
		if got, err := w.Tile(w.Context(), tt.level, tt.n); err != nil || string(got) != tt.want {
			w.Errorf("Tile(%d, %d) = %q, %v, want %q", tt.level, tt.n, got, err, tt.want)
		}
	}
	all, err := w.Checkpoints(w.Context(), 0, 10)
	notes := make([]string, 0, len(all))
	for _, c := range all {
		notes = append(notes, c.Note)
	}
	if err != nil || !slices.Equal(notes, []string{"five", "nine"}) || all[0].Anchor != "7" || all[1].Anchor != "" || !all[1].Time.Equal(w.clock()) {
		w.Errorf("Checkpoints() = %+v, %v", all, err)
	}
	if some, err := w.Checkpoints(w.Context(), 6, 1); err != nil || len(some) != 1 || some[0].Size != 9 {
		w.Errorf("Checkpoints(6) = %+v, %v", some, err)
	}
	// An anchor may come later, and once.
	for i, anchor := range []ledgerclient.Receipt{"8", "9"} {
		_, err := w.Seal(w.Context(), gateway.Seal{Checkpoint: gateway.LogCheckpoint{Size: 9, Note: "nine", Time: w.clock(), Anchor: anchor}})
		if got, readErr := w.LastCheckpoint(w.Context(), true); (err == nil) != (i == 0) || readErr != nil || got.Anchor != "8" {
			w.Errorf("anchor %s: %v; the anchor is %s, %v", anchor, err, got.Anchor, readErr)
		}
	}
}
