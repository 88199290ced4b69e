package storetest

import (
	"errors"
	"time"

	"setu/gateway"
	"setu/ledgerclient"
)

func finalNeverChanges(w *world) {
	for s := gateway.Queued; s.String() != "none"; s++ {
		if !s.Final() {
			continue
		}
		it := w.lease(message("l"))
		w.word(it, gateway.Progress{State: s, Code: "c", Block: 7})
		for later := gateway.Queued; later.String() != "none"; later++ {
			_, err := w.tell(gateway.Progress{ID: it.ID, Token: it.Token, State: later})
			if !errors.Is(err, gateway.ErrFinal) {
				w.Errorf("from %v to %v = %v, want ErrFinal", s, later, err)
			}
		}
		if err := w.Requeue(w.Context(), it.ID); !errors.Is(err, gateway.ErrFinal) {
			w.Errorf("Requeue of %v = %v, want ErrFinal", s, err)
		}
		if err := w.Discard(w.Context(), it.ID, "why"); !errors.Is(err, gateway.ErrFinal) {
			w.Errorf("Discard of %v = %v, want ErrFinal", s, err)
		}
		w.state(it.ID, s)
	}
}

func receiptStanding(w *world) {
	if st := w.standing("1"); st.State != 0 {
		w.Errorf("standing of no receipt: %+v", st)
	}
	it := w.lease(transaction("t", "1"))
	made := w.clock()
	if st := w.standing("1"); st.State != gateway.Queued || st.Service != "benefit" || !st.At.Equal(made) || st.Receipt != "1" {
		w.Errorf("standing when queued: %+v", st)
	}
	w.pass(time.Second)
	for _, tt := range []struct{ to, want gateway.State }{
		{gateway.Endorsed, gateway.Queued},
		{gateway.Submitted, gateway.Submitted},
		{gateway.Unknown, gateway.Submitted},
	} {
		w.word(it, gateway.Progress{State: tt.to})
		if st := w.standing("1"); st.State != tt.want {
			w.Errorf("standing when %v: %+v, want %v", tt.to, st, tt.want)
		}
	}
	w.pass(time.Second)
	w.word(it, gateway.Progress{State: gateway.Recorded, Code: "done", Block: 42})
	want := gateway.Standing{Receipt: "1", State: gateway.Recorded, Service: "benefit", Code: "done", Block: 42, At: w.clock(), Leaf: 1, Ended: 2}
	if st := w.standing("1"); st != want {
		w.Errorf("standing when recorded: %+v, want %+v", st, want)
	}
	no := w.lease(transaction("t", "2"))
	w.word(no, gateway.Progress{State: gateway.Rejected, Code: "already"})
	w.reopen()
	if st := w.standing("2"); st.State != gateway.Rejected || st.Code != "already" {
		w.Errorf("standing when rejected: %+v", st)
	}
}

func receiptTaken(w *world) {
	w.put(transaction("t", "1"))
	_, err := w.commit(gateway.Commit{Accept: inbound("k"), Effects: []gateway.Effect{message("l"), transaction("u", "1")}})
	if !errors.Is(err, gateway.ErrTaken) {
		w.Errorf("Commit of a number in use = %v, want ErrTaken", err)
	}
	if len(w.accepted(0, 1)) > 0 || len(w.claim(gateway.Message, "")) > 0 {
		w.Error("a refused commit was kept in part")
	}
	w.put(transaction("t", "2"))
}

// received is the message that a transaction is received, which waits a while
// for its outcome.
func received(w *world, r ledgerclient.Receipt) gateway.Effect {
	e := message("receipt:" + string(r))
	e.Unless, e.Due, e.Lease = r, w.clock().Add(10*time.Second), true
	return e
}

// only is the one message of the outbox.
func (w *world) only() gateway.Item {
	w.Helper()
	items, err := w.List(w.Context(), gateway.Filter{Kind: gateway.Message})
	if err != nil || len(items) != 1 {
		w.Fatalf("%d messages, %v; want 1", len(items), err)
	}
	return items[0]
}

func unlessSuperseded(w *world) {
	tx := transaction("t", "1")
	tx.Lease = true
	leased := w.put(tx, received(w, "1"))
	if len(leased) != 1 {
		w.Fatalf("leased %+v", leased)
	}
	w.word(leased[0], gateway.Progress{State: gateway.Recorded, Code: "done", Block: 1})
	w.state(w.only().ID, gateway.Superseded)
	w.pass(time.Minute)
	if got := w.claim(gateway.Message, ""); len(got) > 0 {
		w.Errorf("claimed %+v, which is needless", got)
	}
}

func unlessHeld(w *world) {
	tx := w.lease(transaction("t", "1"))
	w.put(received(w, "1"))
	w.pass(10 * time.Second)
	held := w.claimOne(gateway.Message)
	w.word(tx, gateway.Progress{State: gateway.Rejected, Code: "no"})
	w.state(held.ID, gateway.Queued)
	w.word(held, gateway.Progress{State: gateway.Sent})

	// One that was given back, or never heard of again, is needless by then.
	for i, back := range []func(gateway.Item){
		func(it gateway.Item) {
			w.word(it, gateway.Progress{State: gateway.Queued, Due: w.clock().Add(time.Second)})
		},
		func(gateway.Item) { w.pass(Lease); _ = w.claim(gateway.Message, "") },
		func(gateway.Item) { w.reopen() },
	} {
		r := ledgerclient.Receipt(rune('a' + i))
		tx := w.lease(transaction("t", r))
		w.put(received(w, r))
		w.pass(10 * time.Second)
		held := w.claimOne(gateway.Message)
		w.word(tx, gateway.Progress{State: gateway.Recorded})
		back(held)
		w.state(held.ID, gateway.Superseded)
		if _, err := w.tell(gateway.Progress{ID: held.ID, Token: held.Token, State: gateway.Sent}); !errors.Is(err, gateway.ErrFinal) {
			w.Errorf("word about a superseded item = %v, want ErrFinal", err)
		}
	}
}

func unlessLate(w *world) {
	tx := w.lease(transaction("t", "1"))
	w.word(tx, gateway.Progress{State: gateway.Recorded})
	e := message("l")
	e.Unless, e.Lease = "1", true
	if got := w.put(e); len(got) > 0 {
		w.Errorf("leased %+v, which is needless", got)
	}
	w.state(w.only().ID, gateway.Superseded)
	w.lease(message("l")) // the lane is free
}

func unlessPromotes(w *world) {
	tx := w.lease(transaction("t", "1"))
	first := message("l")
	first.Unless, first.Due = "1", w.clock().Add(time.Hour)
	w.put(first, message("l"))
	if got := w.claim(gateway.Message, ""); len(got) > 0 {
		w.Fatalf("claimed %+v out of order", got)
	}
	w.word(tx, gateway.Progress{State: gateway.Recorded})
	if got := w.claimOne(gateway.Message); got.Unless != "" {
		w.Errorf("claimed %+v, which is needless", got)
	}
}

func progressEffects(w *world) {
	tx := w.lease(transaction("t", "1"))
	w.put(transaction("t", "2"))
	answer := message("l")
	answer.Lease = true
	leased := w.word(tx, gateway.Progress{State: gateway.Recorded, Effects: []gateway.Effect{answer, answer}})
	kinds := map[gateway.Kind]int{}
	for _, it := range leased {
		kinds[it.Kind]++
		w.word(it, gateway.Progress{State: gateway.Unknown})
	}
	if kinds[gateway.Message] != 1 || kinds[gateway.Transaction] != 1 {
		w.Errorf("leased %v, want the first answer and the next transaction", kinds)
	}
	// A word that is refused leaves no effects.
	_, err := w.tell(gateway.Progress{ID: tx.ID, Token: tx.Token, State: gateway.Recorded, Effects: []gateway.Effect{message("x")}})
	if !errors.Is(err, gateway.ErrFinal) {
		w.Errorf("second outcome = %v, want ErrFinal", err)
	}
	if got := w.claim(gateway.Message, ""); len(got) > 0 {
		w.Errorf("a refused word left %+v", got)
	}
}

// deliver waits for a delivery receipt.
func (w *world) deliver(link string, state gateway.State, ids ...string) bool {
	w.Helper()
	type result struct {
		matched bool
		err     error
	}
	ch := make(chan result, 1)
	w.Delivery(link, ids, state, "stat:"+state.String(), func(m bool, err error) { ch <- result{m, err} })
	r := <-ch
	if r.err != nil {
		w.Errorf("Delivery(%q, %v) = %v", link, ids, r.err)
	}
	return r.matched
}

func deliveryMatched(w *world) {
	for i, tt := range []struct {
		id    string
		ids   []string
		state gateway.State
	}{
		{"m1", []string{"m1"}, gateway.Delivered},
		{"291", []string{"123", "291"}, gateway.Rejected}, // the same number in decimal
		{"m3", []string{"m3", "M3"}, gateway.Expired},
	} {
		it := w.lease(message("l"))
		w.word(it, gateway.Progress{State: gateway.Sent, MessageID: tt.id})
		if i == 1 {
			w.reopen()
		}
		if w.deliver("b", tt.state, tt.id+"x") {
			w.Error("another link's receipt was matched")
		}
		if !w.deliver("a", tt.state, tt.ids...) {
			w.Errorf("receipt %v for %q was not matched", tt.ids, tt.id)
		}
		got := w.item(it.ID)
		if got.State != tt.state || got.Reason != "stat:"+tt.state.String() {
			w.Errorf("delivered item is %v because %q", got.State, got.Reason)
		}
		if !w.deliver("a", gateway.Delivered, tt.id) {
			w.Error("a second receipt was not matched")
		}
		w.state(it.ID, tt.state)
	}
	failed := make(chan error, 1)
	w.Delivery("a", []string{"m1"}, gateway.Queued, "", func(_ bool, err error) { failed <- err })
	if err := <-failed; err == nil {
		w.Error("a receipt put a message back into the queue")
	}
}

func deliveryEarly(w *world) {
	w.put(message("l"))
	if w.deliver("a", gateway.Delivered, "7b", "123") {
		w.Error("a receipt was matched before its message was sent")
	}
	if w.deliver("b", gateway.Rejected, "m1") {
		w.Error("a receipt was matched with nothing")
	}
	w.reopen()
	it := w.claimOne(gateway.Message)
	w.word(it, gateway.Progress{State: gateway.Sent, MessageID: "123"})
	w.state(it.ID, gateway.Delivered)
	// The other spelling of that receipt is used up with it.
	for _, id := range []string{"7b", "m1"} {
		next := w.lease(message("l"))
		w.word(next, gateway.Progress{State: gateway.Sent, MessageID: id})
		w.state(next.ID, gateway.Sent)
	}
}
