package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/go-cmp/cmp"

	"setu/gateway"
	"setu/ledgerclient"
)

func laneOrder(w *world) {
	e := message("l")
	e.Lease = true
	first := w.put(e, e)
	if len(first) != 1 {
		w.Fatalf("%d of two items of a lane leased, want 1", len(first))
	}
	if more := w.put(e); len(more) > 0 {
		w.Fatalf("a third item was leased before the first was done")
	}
	if got := w.claim(gateway.Message, ""); len(got) > 0 {
		w.Fatalf("%d items claimed behind a leased one", len(got))
	}
	second := w.word(first[0], gateway.Progress{State: gateway.Sent})
	if len(second) != 1 || second[0].ID <= first[0].ID {
		w.Fatalf("after the first: %+v", second)
	}
	if diff := cmp.Diff(first[0].SMS, second[0].SMS); diff != "" {
		w.Errorf("text of the promoted item (-want +got):\n%s", diff)
	}
	w.reopen()
	again := w.claimOne(gateway.Message)
	if again.ID != second[0].ID {
		w.Errorf("claimed item %d after a restart, want %d", again.ID, second[0].ID)
	}
	third := w.word(again, gateway.Progress{State: gateway.Rejected, Code: "11"})
	if len(third) != 1 || third[0].ID <= again.ID {
		w.Fatalf("after the second: %+v", third)
	}
	if next := w.word(third[0], gateway.Progress{State: gateway.Expired}); len(next) > 0 {
		w.Errorf("after the last: %+v", next)
	}
	if next := w.put(e); len(next) != 1 {
		w.Errorf("a lane that was emptied did not lease the next item")
	}
}

func laneApart(w *world) {
	a, b := w.lease(message("a")), w.lease(message("b"))
	if a.Token == b.Token {
		w.Error("two leases share a token")
	}
	if next := w.word(a, gateway.Progress{State: gateway.Sent}); len(next) > 0 {
		w.Errorf("the end of lane a leased %+v", next)
	}
	w.word(b, gateway.Progress{State: gateway.Sent})
}

func laneParked(w *world) {
	first := w.lease(transaction("t", "1"))
	w.put(transaction("t", "2"))
	w.word(first, gateway.Progress{State: gateway.Parked, Reason: "poison", Retry: true})
	w.pass(Lease * 10)
	for range 2 {
		if got := w.claim(gateway.Transaction, ""); len(got) > 0 {
			w.Fatalf("claimed %+v behind a parked item", got)
		}
		w.reopen()
	}
	got := w.item(first.ID)
	if got.State != gateway.Parked || got.Reason != "poison" || got.Attempts != 1 || got.Token != 0 {
		w.Errorf("parked item: state %v, reason %q, attempts %d, token %d", got.State, got.Reason, got.Attempts, got.Token)
	}
}

func laneNotDue(w *world) {
	e := message("l")
	e.Due, e.Lease = w.clock().Add(time.Hour), true
	if got := w.put(e); len(got) > 0 {
		w.Error("an item was leased before its time")
	}
	behind := message("l")
	behind.Lease = true
	if got := w.put(behind); len(got) > 0 {
		w.Error("an item was leased before the one ahead of it")
	}
	if got := w.claim(gateway.Message, ""); len(got) > 0 {
		w.Error("an item was claimed before its time")
	}
	w.pass(time.Hour)
	first := w.claimOne(gateway.Message)
	if !first.Due.Equal(e.Due) {
		w.Errorf("due %v, want %v", first.Due, e.Due)
	}
	if next := w.word(first, gateway.Progress{State: gateway.Sent}); len(next) != 1 {
		w.Errorf("%d items follow, want 1", len(next))
	}
}

// laneLong is a citizen who sends without end: her lane must not make claims
// for others slow, nor lose its order.
func laneLong(w *world) {
	const n = 10_000
	effects := make([]gateway.Effect, n)
	for i := range effects {
		effects[i] = message("flood")
	}
	w.put(effects...)
	other := w.lease(message("other"))
	it := w.claimOne(gateway.Message)
	for range 200 {
		next := w.word(it, gateway.Progress{State: gateway.Sent})
		if len(next) != 1 || next[0].ID != it.ID+1 {
			w.Fatalf("after item %d: %+v", it.ID, next)
		}
		it = next[0]
	}
	w.word(other, gateway.Progress{State: gateway.Sent})
}

func leaseExclusive(w *world) {
	w.put(message("l"))
	it := w.claimOne(gateway.Message)
	if !it.Leased.Equal(w.clock().Add(Lease)) || it.Token == 0 || !it.Created.Equal(w.clock()) {
		w.Errorf("leased until %v with token %d, made %v; it is %v", it.Leased, it.Token, it.Created, w.clock())
	}
	if diff := cmp.Diff(message("l").SMS, it.SMS); diff != "" || it.To != message("l").To {
		w.Errorf("claimed item goes to %#v (-want +got):\n%s", it.To, diff)
	}
	w.pass(Lease - time.Second)
	if got := w.claim(gateway.Message, ""); len(got) > 0 {
		w.Error("a leased item was claimed by another")
	}
}

func leaseExpires(w *world) {
	for _, tt := range []struct {
		effect   gateway.Effect
		attempts int // a message may have been sent by who held it
	}{{message("m"), 1}, {transaction("t", "1"), 0}} {
		held := w.lease(tt.effect)
		w.pass(Lease)
		again := w.claimOne(tt.effect.Kind)
		if again.ID != held.ID || again.Token == held.Token || again.Attempts != tt.attempts {
			w.Errorf("%v claimed again: %+v, want %d attempts", tt.effect.Kind, again, tt.attempts)
		}
		if _, err := w.tell(gateway.Progress{ID: held.ID, Token: held.Token, State: gateway.Sent}); !errors.Is(err, gateway.ErrLease) {
			w.Errorf("word under the old token = %v, want ErrLease", err)
		}
		w.word(again, gateway.Progress{State: gateway.Sent})
	}
}

func leaseLateWord(w *world) {
	held := w.lease(message("l"))
	w.put(message("l"))
	w.pass(Lease * 2)
	if links, err := w.Links(w.Context()); err != nil || len(links) != 1 {
		w.Errorf("Links() = %v, %v; want the link of an item whose lease is over", links, err)
	}
	if next := w.word(held, gateway.Progress{State: gateway.Sent}); len(next) != 1 {
		w.Errorf("%d items follow, want 1", len(next))
	}
	if got := w.claim(gateway.Message, ""); len(got) > 0 {
		w.Errorf("claimed %+v after the late word", got)
	}
}

func leaseRetry(w *world) {
	it := w.lease(message("l"))
	due := w.clock().Add(10 * time.Second)
	w.word(it, gateway.Progress{State: gateway.Queued, Due: due, Reason: "throttled", Retry: true})
	if _, err := w.tell(gateway.Progress{ID: it.ID, Token: it.Token, State: gateway.Sent}); !errors.Is(err, gateway.ErrLease) {
		w.Errorf("word after the lease was given back = %v, want ErrLease", err)
	}
	if got := w.claim(gateway.Message, ""); len(got) > 0 {
		w.Error("a retry was claimed before its time")
	}
	w.pass(10 * time.Second)
	again := w.claimOne(gateway.Message)
	if again.Attempts != 1 || again.Reason != "throttled" || !again.Due.Equal(due) || again.State != gateway.Queued {
		w.Errorf("retried item: %+v", again)
	}
	w.word(again, gateway.Progress{State: gateway.Unknown, Due: w.clock().Add(time.Second)})
	w.pass(time.Second)
	if got := w.claimOne(gateway.Message); got.State != gateway.Unknown || got.Attempts != 1 {
		w.Errorf("unknown item: %+v", got)
	}
}

func leaseSaved(w *world) {
	it := w.lease(transaction("t", "1"))
	tx := ledgerclient.Transaction{ID: "tx1", Bytes: []byte{1, 0, 255}}
	if got := w.word(it, gateway.Progress{State: gateway.Endorsed, Saved: &tx, Rebuilt: 2}); len(got) > 0 {
		w.Errorf("saving leased %+v", got)
	}
	w.word(it, gateway.Progress{State: gateway.Submitted}) // the same lease goes on
	w.reopen()
	again := w.claimOne(gateway.Transaction)
	want := transaction("t", "1").Tx
	want.Saved, want.Rebuilt = tx, 2
	if diff := cmp.Diff(want, again.Tx); diff != "" || again.State != gateway.Submitted {
		w.Errorf("after a restart it is %v (-want +got):\n%s", again.State, diff)
	}
	if diff := cmp.Diff(transaction("t", "1").Ask, again.Ask); diff != "" {
		w.Errorf("its context (-want +got):\n%s", diff)
	}
	w.word(again, gateway.Progress{State: gateway.Queued, Saved: &ledgerclient.Transaction{}})
	if got := w.claimOne(gateway.Transaction); len(got.Tx.Saved.Bytes) > 0 || got.Tx.Rebuilt != 0 {
		w.Error("saved bytes were not cleared")
	}
}

func leaseVoid(w *world) {
	held := w.lease(message("m"))
	tx := w.lease(transaction("t", "1"))
	w.word(tx, gateway.Progress{State: gateway.Unknown})
	waits := w.lease(message("never held"))
	w.word(waits, gateway.Progress{State: gateway.Queued, Due: w.clock().Add(time.Hour)})
	w.reopen()
	for _, old := range []gateway.Item{held, tx} {
		if _, err := w.tell(gateway.Progress{ID: old.ID, Token: old.Token, State: gateway.Sent}); !errors.Is(err, gateway.ErrLease) {
			w.Errorf("word under a token of the process before = %v, want ErrLease", err)
		}
	}
	m := w.claimOne(gateway.Message)
	if m.ID != held.ID || m.State != gateway.Queued || m.Attempts != 1 || m.Token == held.Token {
		w.Errorf("message after a restart: %+v", m)
	}
	if got := w.claimOne(gateway.Transaction); got.State != gateway.Unknown || got.Attempts != 0 {
		w.Errorf("transaction after a restart: %+v", got)
	}
}

func leaseStale(w *world) {
	it := w.lease(message("l"))
	for _, p := range []gateway.Progress{
		{ID: it.ID, Token: it.Token + 1, State: gateway.Sent},
		{ID: it.ID, Token: 0, State: gateway.Sent},
		{ID: it.ID + 1, Token: it.Token, State: gateway.Sent},
	} {
		if _, err := w.tell(p); !errors.Is(err, gateway.ErrLease) {
			w.Errorf("Progress(%+v) = %v, want ErrLease", p, err)
		}
	}
	unleased := w.put(message("l"), message("z"))
	if len(unleased) > 0 {
		w.Fatal("items were leased that nobody asked for")
	}
	if _, err := w.tell(gateway.Progress{ID: it.ID + 1, Token: 0, State: gateway.Sent}); !errors.Is(err, gateway.ErrLease) {
		w.Errorf("word about an unleased item = %v, want ErrLease", err)
	}
	for _, s := range []gateway.State{0, 99} {
		if _, err := w.tell(gateway.Progress{ID: it.ID, Token: it.Token, State: s}); err == nil {
			w.Errorf("an item went to state %d", s)
		}
	}
	w.word(it, gateway.Progress{State: gateway.Sent})
}

func claimByLink(w *world) {
	for i := range 4 {
		e := message(fmt.Sprint(i))
		e.To.Link = []string{"a", "b"}[i%2]
		e.Due = w.clock().Add(-time.Duration(i) * time.Minute)
		w.put(e)
	}
	w.put(transaction("t", "1"))
	links, err := w.Links(w.Context())
	if diff := cmp.Diff([]string{"a", "b"}, links); diff != "" || err != nil {
		w.Errorf("Links() = %v (-want +got):\n%s", err, diff)
	}
	got := w.claim(gateway.Message, "b")
	if len(got) != 2 || got[0].To.Link != "b" || got[1].To.Link != "b" || got[0].Due.After(got[1].Due) {
		w.Errorf("Claim of link b: %+v", got)
	}
	if links, err = w.Links(w.Context()); len(links) != 1 || err != nil {
		w.Errorf("Links() = %v, %v; want a alone", links, err)
	}
	if one, err := w.Claim(w.Context(), gateway.Message, "a", 1); err != nil || len(one) != 1 || one[0].Lane != "2" {
		w.Errorf("Claim of one = %+v, %v; want the oldest due", one, err)
	}
	if got := w.claim(gateway.Question, ""); len(got) > 0 {
		w.Errorf("claimed %+v as a question", got)
	}
	if got := w.claimOne(gateway.Transaction); got.Tx == nil {
		w.Error("a transaction without its envelope")
	}
}
