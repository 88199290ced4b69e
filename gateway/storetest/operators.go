package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"setu/gateway"
	"setu/ledgerclient"
)

func (w *world) list(f gateway.Filter) (ids []int64) {
	w.Helper()
	items, err := w.List(w.Context(), f)
	if err != nil {
		w.Fatalf("List(%+v) = %v", f, err)
	}
	for _, it := range items {
		ids = append(ids, it.ID)
	}
	return ids
}

func operatorList(w *world) {
	var ids []int64
	for i := range 5 {
		ids = append(ids, w.lease(message(fmt.Sprint(i))).ID)
	}
	first, second := w.item(ids[0]), w.item(ids[1])
	w.word(first, gateway.Progress{State: gateway.Parked, Reason: "why"})
	w.word(second, gateway.Progress{State: gateway.Sent})
	tx := w.lease(transaction("t", "1"))
	w.put(transaction("t", "2"))
	ids = append(ids, tx.ID, tx.ID+1)
	for _, tt := range []struct {
		name string
		f    gateway.Filter
		want []int64
	}{
		{"all", gateway.Filter{}, ids},
		{"messages", gateway.Filter{Kind: gateway.Message}, ids[:5]},
		{"parked", gateway.Filter{States: []gateway.State{gateway.Parked}}, ids[:1]},
		{"queued, leased or not", gateway.Filter{States: []gateway.State{gateway.Queued}}, ids[2:]},
		{"queued transactions", gateway.Filter{States: []gateway.State{gateway.Queued}, Kind: gateway.Transaction}, ids[5:]},
		{"waiting and final", gateway.Filter{States: []gateway.State{gateway.Parked, gateway.Sent}}, ids[:2]},
		{"limit", gateway.Filter{Limit: 2}, ids[:2]},
		{"page", gateway.Filter{Limit: 2, After: ids[1]}, ids[2:4]},
		{"page of queued", gateway.Filter{States: []gateway.State{gateway.Queued}, Limit: 2, After: ids[4]}, ids[5:7]},
		{"none", gateway.Filter{States: []gateway.State{gateway.Dead}}, nil},
	} {
		if diff := cmp.Diff(tt.want, w.list(tt.f)); diff != "" {
			w.Errorf("list of %s (-want +got):\n%s", tt.name, diff)
		}
	}
	if got := w.item(ids[0]); got.Reason != "why" || got.State != gateway.Parked || got.Lane != "0" {
		w.Errorf("parked item: %+v", got)
	}
	if _, err := w.Item(w.Context(), 999); err == nil {
		w.Error("Item of no number gave one")
	}
}

// stands checks where a receipt's transaction stands.
func (w *world) stands(r ledgerclient.Receipt, want gateway.State) {
	w.Helper()
	if got := w.standing(r).State; got != want {
		w.Errorf("receipt %s is %v, want %v", r, got, want)
	}
}

func operatorRequeue(w *world) {
	it := w.lease(message("l"))
	if err := w.Requeue(w.Context(), it.ID); !errors.Is(err, gateway.ErrLease) {
		w.Errorf("Requeue of a leased item = %v, want ErrLease", err)
	}
	w.word(it, gateway.Progress{State: gateway.Parked})
	if err := w.Requeue(w.Context(), it.ID); err != nil {
		w.Errorf("Requeue of a parked item = %v", err)
	}
	if got := w.claimOne(gateway.Message); got.ID != it.ID || got.State != gateway.Queued {
		w.Errorf("requeued item: %+v", got)
	}
	later := w.lease(message("later"))
	w.word(later, gateway.Progress{State: gateway.Queued, Due: w.clock().Add(time.Hour)})
	if err := w.Requeue(w.Context(), later.ID); err != nil || w.claimOne(gateway.Message).ID != later.ID {
		w.Errorf("Requeue of a waiting item = %v", err)
	}
	tx := w.lease(transaction("t", "1"))
	w.word(tx, gateway.Progress{State: gateway.Parked})
	w.stands("1", gateway.Parked)
	if err := w.Requeue(w.Context(), tx.ID); err != nil {
		w.Errorf("Requeue of a transaction = %v", err)
	}
	w.stands("1", gateway.Queued)
	tx = w.claimOne(gateway.Transaction)
	w.word(tx, gateway.Progress{State: gateway.Endorsed, Saved: &ledgerclient.Transaction{ID: "x", Bytes: []byte("x")}})
	w.word(tx, gateway.Progress{State: gateway.Parked})
	w.stands("1", gateway.Parked)
	if err := w.Requeue(w.Context(), tx.ID); err != nil {
		w.Errorf("Requeue of a transaction with its bytes saved = %v", err)
	}
	w.stands("1", gateway.Submitted)
	if got := w.claimOne(gateway.Transaction); got.State != gateway.Unknown {
		w.Errorf("a transaction that may have been submitted is %v, want unknown", got.State)
	}
	if err := w.Requeue(w.Context(), 999); err == nil {
		w.Error("Requeue of no item succeeded")
	}
}

func operatorDiscard(w *world) {
	it := w.lease(transaction("t", "1"))
	w.put(transaction("t", "2"), transaction("t", "3"), received(w, "1"))
	if err := w.Discard(w.Context(), it.ID, "why", message("m")); !errors.Is(err, gateway.ErrLease) {
		w.Errorf("Discard of a leased item = %v, want ErrLease", err)
	}
	if err := w.Discard(w.Context(), it.ID+1, "twice sent"); err != nil {
		w.Errorf("Discard of a follower = %v", err)
	}
	if got := w.claim(gateway.Transaction, ""); len(got) > 0 {
		w.Fatalf("claimed %+v past a leased item", got)
	}
	w.word(it, gateway.Progress{State: gateway.Parked})
	if err := w.Discard(w.Context(), it.ID, "asked by the office"); err != nil {
		w.Errorf("Discard of a parked item = %v", err)
	}
	if got := w.item(it.ID); got.State != gateway.Dead || got.Reason != "asked by the office" {
		w.Errorf("discarded item is %v because %q", got.State, got.Reason)
	}
	if st := w.standing("1"); st.State != gateway.Dead {
		w.Errorf("its receipt: %+v", st)
	}
	w.state(w.only().ID, gateway.Superseded)
	if got := w.claim(gateway.Message, ""); len(got) > 0 {
		w.Errorf("claimed %+v, want nothing that was to be told of an item which was not discarded", got)
	}
	if got := w.claimOne(gateway.Transaction); got.Tx.Receipt != "3" {
		w.Errorf("claimed %v after the discarded ones, want 3", got.Tx.Receipt)
	} else {
		w.word(got, gateway.Progress{State: gateway.Parked})
		if err := w.Discard(w.Context(), got.ID, "why", message("m")); err != nil || w.claimOne(gateway.Message).Lane != "m" {
			w.Errorf("Discard with a message = %v", err)
		}
	}
	if err := w.Discard(w.Context(), 999, "why"); err == nil {
		w.Error("Discard of no item succeeded")
	}
}

func (w *world) stats() gateway.Stats {
	w.Helper()
	st, err := w.Stats(w.Context())
	if err != nil {
		w.Fatalf("Stats() = %v", err)
	}
	return st
}

func operatorStats(w *world) {
	if diff := cmp.Diff(gateway.Stats{}, w.stats()); diff != "" {
		w.Errorf("stats of an empty store (-want +got):\n%s", diff)
	}
	oldest := w.clock()
	held := w.lease(message("a"))
	w.pass(time.Second)
	w.put(message("a"), message("b"), transaction("t", "1"))
	w.must(gateway.Commit{Accept: inbound("k")})
	done := w.lease(message("c"))
	w.word(done, gateway.Progress{State: gateway.Sent, MessageID: "m"})
	w.deliver("a", gateway.Delivered, "m")
	parked := w.claimOne(gateway.Transaction)
	w.word(parked, gateway.Progress{State: gateway.Parked})
	sorted := cmpopts.SortSlices(func(a, b gateway.Count) bool { return fmt.Sprint(a) < fmt.Sprint(b) })
	want := gateway.Stats{
		Waiting:  []gateway.Count{{Kind: gateway.Message, State: gateway.Queued, Items: 3}, {Kind: gateway.Transaction, State: gateway.Parked, Items: 1}},
		Finished: []gateway.Count{{Kind: gateway.Message, State: gateway.Sent, Items: 1}, {Kind: gateway.Message, State: gateway.Delivered, Items: 1}},
		Oldest:   oldest, Accepted: 1,
	}
	if diff := cmp.Diff(want, w.stats(), sorted); diff != "" {
		w.Errorf("stats (-want +got):\n%s", diff)
	}
	w.pass(Lease)
	for _, it := range w.claim(gateway.Message, "") {
		w.word(it, gateway.Progress{State: gateway.Queued, Due: w.clock().Add(time.Hour)})
	}
	w.state(held.ID, gateway.Queued)
	if st := w.stats(); st.MaybeDoubled != 1 || !st.Oldest.Equal(oldest) {
		w.Errorf("after a lost lease: %+v", st)
	}
}

func prune(w *world) {
	var kept, gone []int64
	finish := func(s gateway.State) int64 {
		it := w.lease(message(fmt.Sprint(len(kept), len(gone))))
		w.word(it, gateway.Progress{State: s})
		return it.ID
	}
	tx := w.lease(transaction("t", "1"))
	w.word(tx, gateway.Progress{State: gateway.Recorded, Code: "done", Block: 3})
	gone = append(gone, tx.ID)
	for i := range 1200 { // more than one batch
		if i%400 == 0 {
			kept = append(kept, w.lease(message(fmt.Sprint("held", i))).ID)
		}
		gone = append(gone, finish(gateway.Sent))
		w.must(gateway.Commit{Accept: inbound(fmt.Sprint("old", i)), Turned: true})
	}
	waiting := w.must(gateway.Commit{Accept: inbound("waiting")}).Inbox
	w.pass(time.Hour)
	edge := w.clock()
	kept = append(kept, finish(gateway.Sent))
	w.must(gateway.Commit{Accept: inbound("new"), Turned: true})
	n, err := w.Prune(w.Context(), edge)
	if err != nil || n != int64(len(gone)+1200) {
		w.Errorf("Prune() = %d, %v; want %d", n, err, len(gone)+1200)
	}
	if diff := cmp.Diff(kept, w.list(gateway.Filter{Limit: 5000})); diff != "" {
		w.Errorf("items kept (-want +got):\n%s", diff)
	}
	if got := w.accepted(0, 10); len(got) != 1 || got[0].Row != waiting {
		w.Errorf("waiting messages kept: %+v", got)
	}
	if out := w.must(gateway.Commit{Accept: inbound("new")}); !out.Duplicate {
		w.Error("a young message was pruned")
	}
	if out := w.must(gateway.Commit{Accept: inbound("old1")}); out.Duplicate {
		w.Error("an old message was not pruned")
	}
	if st := w.standing("1"); st.State != gateway.Recorded || st.Block != 3 {
		w.Errorf("receipt after its item was pruned: %+v", st)
	}
	// Numbers are not used again, even when all is pruned.
	last := kept[len(kept)-1]
	w.pass(time.Hour)
	if _, err := w.Prune(w.Context(), w.clock()); err != nil {
		w.Fatal(err)
	}
	w.reopen()
	if it := w.lease(message("after")); it.ID <= last {
		w.Errorf("item %d is numbered as one before %d", it.ID, last)
	}
}
