package storetest

import (
	"errors"
	"time"

	"github.com/google/go-cmp/cmp"

	"setu/gateway"
)

// part is part seq of total of a long message.
func part(ref uint16, total, seq uint8, raw string) gateway.Fragment {
	in := inbound("digest of " + raw)
	in.Text, in.Bind = "", "a/1"
	return gateway.Fragment{
		Key: gateway.FragmentKey{Link: in.Link, From: in.From, To: in.To, Ref: ref, Total: total},
		Seq: seq, Raw: gateway.Private(raw), Inbox: *in,
	}
}

// putPart waits for a part; it gives the texts of all parts once they are there.
func (w *world) putPart(f gateway.Fragment) []gateway.Fragment {
	w.Helper()
	type result struct {
		all []gateway.Fragment
		err error
	}
	ch := make(chan result, 1)
	w.PutFragment(f, func(all []gateway.Fragment, err error) { ch <- result{all, err} })
	r := <-ch
	if r.err != nil {
		w.Fatalf("PutFragment() = %v", r.err)
	}
	return r.all
}

func raws(all []gateway.Fragment) (out []string) {
	for _, f := range all {
		out = append(out, f.Raw.Reveal())
	}
	return out
}

func (w *world) fragments(before time.Time) [][]gateway.Fragment {
	w.Helper()
	got, err := w.Fragments(w.Context(), before)
	if err != nil {
		w.Fatalf("Fragments() = %v", err)
	}
	return got
}

func fragmentAnyOrder(w *world) {
	parts := []gateway.Fragment{part(7, 3, 1, "one\xff\x00"), part(7, 3, 2, "two"), part(7, 3, 3, "three")}
	for _, i := range []int{2, 0} {
		if all := w.putPart(parts[i]); all != nil {
			w.Errorf("complete after part %d: %v", i+1, raws(all))
		}
		w.reopen()
	}
	all := w.putPart(parts[1])
	if diff := cmp.Diff(parts, all); diff != "" {
		w.Fatalf("joined (-want +got):\n%s", diff)
	}
	w.must(gateway.Commit{Accept: inbound("whole"), Joined: all[0].Key})
	if got := w.fragments(w.clock().Add(time.Hour)); len(got) > 0 {
		w.Errorf("%d messages are still in parts", len(got))
	}
	bad := make(chan error, 1)
	for _, seq := range []uint8{0, 4} {
		w.PutFragment(part(8, 3, seq, "x"), func(_ []gateway.Fragment, err error) { bad <- err })
		if err := <-bad; err == nil {
			w.Errorf("part %d of 3 was kept", seq)
		}
	}
}

func fragmentNeverMixed(w *world) {
	w.putPart(part(7, 2, 1, "mine"))
	for _, change := range []func(*gateway.FragmentKey){
		func(k *gateway.FragmentKey) { k.From = "+919830000002" },
		func(k *gateway.FragmentKey) { k.To = "51970" },
		func(k *gateway.FragmentKey) { k.Link = "b" },
		func(k *gateway.FragmentKey) { k.Ref = 8 },
		func(k *gateway.FragmentKey) { k.Wide = true },
		func(k *gateway.FragmentKey) { k.Total = 3 },
	} {
		f := part(7, 2, 2, "another's")
		change(&f.Key)
		f.Inbox.From, f.Inbox.To, f.Inbox.Link = f.Key.From, f.Key.To, f.Key.Link
		if all := w.putPart(f); all != nil {
			w.Errorf("mixed under %#v: %v", f.Key, raws(all))
		}
	}
	if all := w.putPart(part(7, 2, 2, "also mine")); len(all) != 2 {
		w.Errorf("not joined with its own: %v", raws(all))
	}
}

func fragmentCopies(w *world) {
	one, two := part(7, 2, 1, "one"), part(7, 2, 2, "two")
	w.putPart(one)
	if all := w.putPart(one); all != nil {
		w.Errorf("complete with a copy: %v", raws(all))
	}
	all := w.putPart(two)
	if diff := cmp.Diff([]string{"one", "two"}, raws(all)); diff != "" {
		w.Fatalf("joined (-want +got):\n%s", diff)
	}
	w.must(gateway.Commit{Accept: inbound("whole"), Turned: true, Joined: all[0].Key})
	// The acknowledgement of a part was lost, and it comes again.
	two.Inbox.Bind = "a/2"
	if all := w.putPart(two); all != nil {
		w.Errorf("complete with a redelivered part: %v", raws(all))
	}
	if got := w.fragments(w.clock().Add(time.Hour)); len(got) > 0 {
		w.Errorf("a redelivered part was kept: %v", raws(got[0]))
	}
	w.reopen()
	two.Inbox.Bind = "a/1" // as named by the process before
	w.putPart(two)
	if got := w.fragments(w.clock().Add(time.Hour)); len(got) > 0 {
		w.Errorf("a part redelivered after a restart was kept: %v", raws(got[0]))
	}
	// On the bind that brought it, the citizen says it again.
	w.pass(Window + time.Second)
	w.putPart(one)
	if all := w.putPart(two); len(all) != 2 {
		w.Errorf("the same message, later: %v", raws(all))
	}
}

func fragmentReused(w *world) {
	w.putPart(part(7, 3, 1, "old one"))
	w.putPart(part(7, 3, 2, "old two"))
	// The phone has come round to reference 7 again.
	w.putPart(part(7, 3, 1, "one"))
	w.putPart(part(7, 3, 2, "two"))
	all := w.putPart(part(7, 3, 3, "three"))
	if diff := cmp.Diff([]string{"one", "two", "three"}, raws(all)); diff != "" {
		w.Fatalf("joined (-want +got):\n%s", diff)
	}
	w.must(gateway.Commit{Accept: inbound("whole"), Joined: all[0].Key})
	left := w.fragments(w.clock().Add(time.Hour))
	if len(left) != 1 || cmp.Diff([]string{"old one", "old two"}, raws(left[0])) != "" {
		w.Errorf("left in parts: %d messages", len(left))
	}
}

func fragmentLeft(w *world) {
	w.putPart(part(1, 2, 1, "old"))
	w.pass(time.Minute)
	edge := w.clock()
	w.putPart(part(2, 2, 1, "young"))
	w.putPart(part(3, 2, 2, "b"))
	w.putPart(part(3, 2, 1, "a"))
	w.reopen() // before anyone has joined it
	var got [][]string
	for _, m := range w.fragments(edge) {
		got = append(got, raws(m))
	}
	if diff := cmp.Diff([][]string{{"old"}, {"a", "b"}}, got); diff != "" {
		w.Errorf("old or complete (-want +got):\n%s", diff)
	}
	old := w.fragments(edge)[0][0]
	w.must(gateway.Commit{Accept: &gateway.Inbound{Key: "old", Link: "a", Incomplete: true}, Joined: old.Key})
	if got := w.fragments(edge); len(got) != 1 {
		w.Errorf("%d messages left, want 1", len(got))
	}
	if err := w.Close(); err != nil {
		w.Fatal(err)
	}
	closed := make(chan error, 1)
	w.PutFragment(part(9, 2, 1, "x"), func(_ []gateway.Fragment, err error) { closed <- err })
	if err := <-closed; !errors.Is(err, gateway.ErrClosed) {
		w.Errorf("PutFragment after Close = %v", err)
	}
}
