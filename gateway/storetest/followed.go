package storetest

import (
	"errors"
	"time"

	"github.com/google/go-cmp/cmp"

	"setu/gateway"
	"setu/ledgerclient"
)

// follow keeps what blocks have told; it must be taken.
func (w *world) follow(f gateway.Followed) gateway.Landed {
	w.Helper()
	out, err := w.Follow(w.Context(), f)
	if err != nil {
		w.Fatalf("Follow(%+v) = %v", f, err)
	}
	return out
}

func (w *world) followed(chain string) uint64 {
	w.Helper()
	next, err := w.Followed(w.Context(), chain)
	if err != nil {
		w.Fatalf("Followed(%q) = %v", chain, err)
	}
	return next
}

func (w *world) awaited(r ledgerclient.Receipt) (gateway.Item, bool) {
	w.Helper()
	it, ok, err := w.Awaited(w.Context(), r)
	if err != nil {
		w.Fatalf("Awaited(%q) = %v", r, err)
	}
	return it, ok
}

// followedOnce goes over the same blocks again.
func followedOnce(w *world) {
	if next := w.followed("c"); next != 0 {
		w.Errorf("Followed of a new chain = %d, want 0", next)
	}
	found := gateway.Finding{Block: 2, Entry: 1, TxID: "t", Receipt: "9", KeyID: "k", State: gateway.Dead}
	blocks := gateway.Followed{Chain: "c", From: 0, Next: 3, Findings: []gateway.Finding{found}}
	w.follow(blocks)
	w.reopen()
	if next := w.followed("c"); next != 3 {
		w.Errorf("Followed = %d, want 3", next)
	}
	if next := w.followed("another"); next != 0 {
		w.Errorf("Followed of another chain = %d, want 0", next)
	}
	for _, from := range []uint64{0, 2, 4} {
		blocks.From, blocks.Next = from, from+3
		if _, err := w.Follow(w.Context(), blocks); !errors.Is(err, gateway.ErrFollowed) {
			w.Errorf("Follow from %d when 3 are followed = %v, want ErrFollowed", from, err)
		}
	}
	later := found
	later.Block = 4
	w.pass(time.Second)
	w.follow(gateway.Followed{Chain: "c", From: 3, Next: 5, Findings: []gateway.Finding{later}})
	found.At, later.At = w.clock().Add(-time.Second), w.clock()
	got, err := w.Findings(w.Context(), 10)
	if diff := cmp.Diff([]gateway.Finding{later, found}, got); diff != "" || err != nil {
		w.Errorf("Findings = %v (-want +got):\n%s", err, diff)
	}
	if got, err = w.Findings(w.Context(), 1); len(got) != 1 || err != nil {
		w.Errorf("Findings(1) = %+v, %v", got, err)
	}
}

// followedSettles ends transactions by blocks: one that waits, one that somebody
// holds, one in the midst of its lane, and one that is final.
func followedSettles(w *world) {
	held := w.lease(transaction("a", "1"))
	w.put(transaction("a", "2"))
	w.put(transaction("b", "3"), transaction("b", "4"))
	done := w.lease(transaction("c", "5"))
	w.word(done, gateway.Progress{State: gateway.Recorded, Code: "done", Block: 1})
	for _, r := range []ledgerclient.Receipt{"5", "6"} {
		if it, ok := w.awaited(r); ok {
			w.Errorf("Awaited(%q) = %+v, want none", r, it)
		}
	}
	var f gateway.Followed
	f.Chain, f.Next = "c", 1
	for _, r := range []ledgerclient.Receipt{"1", "4"} {
		it, ok := w.awaited(r)
		if !ok || it.Tx.Receipt != r || it.Leased.IsZero() == (r == "1") {
			w.Fatalf("Awaited(%q) = %+v, %v", r, it, ok)
		}
		told := message("sms" + string(r))
		told.Lease = r == "1"
		f.Settled = append(f.Settled, gateway.Progress{ID: it.ID, State: gateway.Recorded, Code: "done", Block: 7, Effects: []gateway.Effect{told}})
	}
	f.Settled = append(f.Settled, gateway.Progress{ID: done.ID, State: gateway.Recorded, Code: "again", Block: 9, Effects: []gateway.Effect{message("sms")}})
	out := w.follow(f)
	if len(out.Settled) != 2 || len(out.Items) != 2 {
		w.Errorf("Follow = %+v; want two settled, and leased the next of the lane and the message", out)
	}
	for r, block := range map[ledgerclient.Receipt]uint64{"1": 7, "4": 7, "5": 1} {
		if st := w.standing(r); st.State != gateway.Recorded || st.Code != "done" || st.Block != block {
			w.Errorf("standing of %q: %+v, want recorded in block %d", r, st, block)
		}
	}
	if _, err := w.tell(gateway.Progress{ID: held.ID, Token: held.Token, State: gateway.Unknown}); !errors.Is(err, gateway.ErrFinal) {
		w.Errorf("a late word of who held it = %v, want ErrFinal", err)
	}
	if it := w.claimOne(gateway.Transaction); it.Tx.Receipt != "3" {
		w.Errorf("claimed %q, want the head of the other lane", it.Tx.Receipt)
	}
	if n := len(w.claim(gateway.Message, "")); n != 1 {
		w.Errorf("%d messages are left to be claimed, want 1", n)
	}
}
