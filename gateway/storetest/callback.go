package storetest

import (
	"errors"
	"time"

	"github.com/google/go-cmp/cmp"

	"setu/gateway"
	"setu/i18n"
)

// apart is the least time between two calls in these tests.
const apart = 2 * time.Minute

func (w *world) wishFor(citizen gateway.Address, why gateway.CallReason) gateway.CallWish {
	return gateway.CallWish{Citizen: citizen, Reason: why, Due: w.clock(), Expires: w.clock().Add(time.Hour), Apart: apart}
}

// wish wishes for a call, and reports whether it is a new one.
func (w *world) wish(c gateway.CallWish) bool {
	w.Helper()
	added, err := w.WishCall(w.Context(), c)
	if err != nil {
		w.Fatalf("WishCall() = %v", err)
	}
	return added
}

func (w *world) due() []gateway.Call {
	w.Helper()
	calls, err := w.DueCalls(w.Context(), 10)
	if err != nil {
		w.Fatalf("DueCalls() = %v", err)
	}
	return calls
}

// dueOne is the only call that is due.
func (w *world) dueOne() gateway.Call {
	w.Helper()
	calls := w.due()
	if len(calls) != 1 {
		w.Fatalf("%d calls are due, want 1", len(calls))
	}
	return calls[0]
}

func (w *world) beginCall(id int64) {
	w.Helper()
	if err := w.BeginCall(w.Context(), id, gateway.CallCaps{Day: 20261102}); err != nil {
		w.Fatalf("BeginCall(%d) = %v", id, err)
	}
}

func (w *world) endCall(e gateway.CallEnd) {
	w.Helper()
	if err := w.EndCall(w.Context(), e); err != nil {
		w.Fatalf("EndCall(%v) = %v", e.State, err)
	}
}

// allCalls are the call-backs, finished or not.
func (w *world) allCalls() []gateway.Call {
	w.Helper()
	calls, err := w.Calls(w.Context(), gateway.CallFilter{All: true})
	if err != nil {
		w.Fatalf("Calls() = %v", err)
	}
	return calls
}

func (w *world) unheard(citizen gateway.Address) []gateway.Unheard {
	w.Helper()
	list, err := w.Unheard(w.Context(), citizen)
	if err != nil {
		w.Fatalf("Unheard() = %v", err)
	}
	return list
}

// answerFor is an answer that a citizen has not heard.
func answerFor(citizen gateway.Address, key string) *gateway.Unheard {
	return &gateway.Unheard{
		Citizen: citizen, Key: key,
		Reply: gateway.Reply{Format: i18n.Format{Lang: i18n.Hindi}, End: true, Parts: []gateway.Part{{
			Service: "benefit", Text: "paid", Values: map[string]i18n.Value{"amount": {Kind: i18n.Money, Raw: "125000"}},
		}}},
		To:      gateway.Route{Medium: gateway.SMS, Link: "a", Citizen: citizen, Code: "51969"},
		SMS:     gateway.SMSOut{Text: gateway.Private("text of " + key), Class: "result"},
		Expires: time.Date(2026, 11, 3, 9, 0, 0, 0, time.UTC),
	}
}

func callbackOne(w *world) {
	const rina, sohel = gateway.Address("+919830000001"), gateway.Address("+919830000002")
	later := w.wishFor(rina, gateway.CallMissed)
	later.Due = w.clock().Add(10 * time.Second)
	if !w.wish(later) {
		w.Error("the first wish is not a new one")
	}
	if !w.wish(w.wishFor(sohel, gateway.CallMissed)) {
		w.Error("the wish of another is not a new one")
	}
	if w.wish(w.wishFor(rina, gateway.CallAsked)) {
		w.Error("a second wish is a new one")
	}
	calls := w.due()
	if len(calls) != 2 || calls[1].Citizen != rina && calls[0].Citizen != rina {
		w.Fatalf("due: %+v, want both, since the second wish was for now", calls)
	}
	for _, c := range calls {
		if c.Citizen == rina && c.Reason != gateway.CallMissed|gateway.CallAsked {
			w.Errorf("reason = %v, want both", c.Reason)
		}
		w.beginCall(c.ID)
	}
	if got := w.due(); len(got) != 0 {
		w.Errorf("due while they are placed: %+v", got)
	}
	if err := w.BeginCall(w.Context(), calls[0].ID, gateway.CallCaps{}); !errors.Is(err, gateway.ErrNotFound) {
		w.Errorf("BeginCall() once more = %v, want ErrNotFound", err)
	}
	for _, c := range calls {
		w.endCall(gateway.CallEnd{ID: c.ID, State: gateway.CallReached})
	}
	if err := w.EndCall(w.Context(), gateway.CallEnd{ID: calls[0].ID, State: gateway.CallGivenUp}); !errors.Is(err, gateway.ErrFinal) {
		w.Errorf("EndCall() once more = %v, want ErrFinal", err)
	}
	w.pass(apart - time.Second)
	if w.wish(w.wishFor(rina, gateway.CallMissed)) {
		w.Error("a wish soon after the call is a new one")
	}
	w.pass(2 * time.Second)
	if !w.wish(w.wishFor(rina, gateway.CallMissed)) {
		w.Error("a wish long after the call is none")
	}
}

// callbackOneMore: what she is promised while she is being called, or soon after, is
// kept, and a call-back that is cut off is called back once.
func callbackOneMore(w *world) {
	const rina = gateway.Address("+919830000001")
	during := func(why gateway.CallReason, end gateway.CallEnd) {
		w.Helper()
		c := w.dueOne()
		w.beginCall(c.ID)
		w.pass(10 * time.Second)
		w.wish(w.wishFor(rina, why))
		end.ID = c.ID
		w.endCall(end)
	}
	again := func(want int) {
		w.Helper()
		if got := w.due(); len(got) != 0 {
			w.Errorf("due at once: %+v", got)
		}
		w.pass(apart)
		if got := w.due(); len(got) != want || want > 0 && got[0].Tries != 0 {
			w.Errorf("due: %+v, want %d calls without a try", got, want)
		}
	}
	reached := gateway.CallEnd{State: gateway.CallReached}
	w.wish(w.wishFor(rina, gateway.CallMissed))
	during(gateway.CallAsked, reached)
	again(1)
	during(gateway.CallAsked, gateway.CallEnd{State: gateway.CallGivenUp})
	again(1)
	during(gateway.CallDropped, reached)
	again(1)
	during(gateway.CallDropped, reached)
	again(0)
	w.wish(w.wishFor(rina, gateway.CallMissed))
	during(gateway.CallMissed, reached) // impatient
	if w.wish(w.wishFor(rina, gateway.CallMissed)) {
		w.Error("an impatient wish soon after the call is a new one")
	}
	if !w.wish(w.wishFor(rina, gateway.CallAsked)) {
		w.Error("what is asked for soon after the call is none")
	}
	again(1)
	during(gateway.CallAsked, gateway.CallEnd{State: gateway.CallRefused}) // there is no such number
	again(0)
}

func callbackTurn(w *world) {
	in := inbound("k1")
	wish := w.wishFor(in.From, gateway.CallAsked)
	w.must(gateway.Commit{Accept: in, Turned: true, Call: &wish})
	w.must(gateway.Commit{Accept: in, Turned: true, Call: &wish}) // delivered again
	if got := w.dueOne(); got.Citizen != in.From || got.Reason != gateway.CallAsked {
		w.Errorf("due: %+v", got)
	}
}

func callbackCaps(w *world) {
	caps := gateway.CallCaps{Day: 20261102, PerNumber: 2, InAll: 3}
	try := func(citizen gateway.Address, want error) {
		w.Helper()
		w.pass(apart + time.Second)
		w.wish(w.wishFor(citizen, gateway.CallMissed))
		c := w.dueOne()
		if err := w.BeginCall(w.Context(), c.ID, caps); !errors.Is(err, want) {
			w.Errorf("BeginCall() = %v, want %v", err, want)
		}
		w.endCall(gateway.CallEnd{ID: c.ID, State: gateway.CallRefused})
	}
	try("+1", nil)
	try("+1", nil)
	try("+1", gateway.ErrNumberCap)
	w.reopen() // caps outlive the process
	try("+1", gateway.ErrNumberCap)
	try("+2", nil)
	try("+3", gateway.ErrDayCap)
	caps.Day++
	try("+1", nil)
	w.pass(apart + time.Second)
	w.wish(w.wishFor("+4", gateway.CallMissed))
	c := w.dueOne()
	for range 5 { // what rings nowhere does not count
		if err := w.BeginCall(w.Context(), c.ID, caps); err != nil {
			w.Fatalf("BeginCall() = %v", err)
		}
		w.endCall(gateway.CallEnd{ID: c.ID, State: gateway.CallWaiting, Due: w.clock(), Day: caps.Day})
	}
	if got := w.dueOne(); got.Tries != 0 {
		w.Errorf("tries = %d, want 0", got.Tries)
	}
}

func callbackTries(w *world) {
	w.wish(w.wishFor("+1", gateway.CallMissed))
	c := w.dueOne()
	w.beginCall(c.ID)
	w.endCall(gateway.CallEnd{ID: c.ID, State: gateway.CallWaiting, Due: w.clock().Add(10 * time.Minute), Note: "486 Busy Here"})
	if got := w.due(); len(got) != 0 {
		w.Errorf("due during the pause: %+v", got)
	}
	w.wish(w.wishFor("+1", gateway.CallMissed)) // impatient
	if got := w.due(); len(got) != 0 {
		w.Errorf("due after an impatient wish: %+v", got)
	}
	w.pass(apart + time.Second)
	w.wish(w.wishFor("+1", gateway.CallMissed)) // she is free now
	got := w.dueOne()
	if got.Tries != 1 || got.Note != "486 Busy Here" || got.ID != c.ID {
		w.Errorf("due: %+v, want the same call with one try", got)
	}
}

func callbackUnheard(w *world) {
	const rina = gateway.Address("+919830000001")
	wish := w.wishFor(rina, gateway.CallAnswer)
	wish.Answer = answerFor(rina, "one")
	w.wish(wish)
	w.wish(wish) // the same once more
	wish.Answer = answerFor(rina, "two")
	w.wish(wish)
	list := w.unheard(rina)
	if len(list) != 2 {
		w.Fatalf("%d answers are unheard, want 2", len(list))
	}
	want := *answerFor(rina, "one")
	want.ID, want.Created = list[0].ID, list[0].Created
	reveal := cmp.Comparer(func(a, b gateway.Private) bool { return a == b })
	if diff := cmp.Diff(want, list[0], reveal); diff != "" {
		w.Errorf("unheard answer (-want +got):\n%s", diff)
	}
	c := w.dueOne()
	w.beginCall(c.ID)
	if err := w.Heard(w.Context(), rina, list[0].ID); err != nil {
		w.Fatal(err)
	}
	if got := w.claim(gateway.Message, "a"); len(got) != 0 {
		w.Errorf("messages before the call is over: %+v", got)
	}
	w.endCall(gateway.CallEnd{ID: c.ID, State: gateway.CallReached})
	got := w.claimOne(gateway.Message)
	if got.SMS.Text.Reveal() != "text of two" || got.SMS.Say != nil || got.To.Citizen != rina || !got.Expires.Equal(want.Expires) {
		w.Errorf("message: %+v, want the second answer", got)
	}
	if left := w.unheard(rina); len(left) != 0 {
		w.Errorf("still unheard: %+v", left)
	}
}

func callbackNeedless(w *world) {
	const rina = gateway.Address("+919830000001")
	wish := w.wishFor(rina, gateway.CallAnswer)
	wish.Answer = answerFor(rina, "one")
	w.wish(wish)
	if err := w.Heard(w.Context(), rina); err != nil { // she is there, and has heard nothing yet
		w.Fatal(err)
	}
	c := w.dueOne()
	if err := w.Heard(w.Context(), rina, w.unheard(rina)[0].ID); err != nil {
		w.Fatal(err)
	}
	if got := w.due(); len(got) != 0 {
		w.Errorf("due after she came: %+v", got)
	}
	if got := w.allCalls(); len(got) != 1 || got[0].State != gateway.CallNeedless {
		w.Errorf("calls: %+v, want one that is needless", got)
	}
	w.wish(w.wishFor(rina, gateway.CallMissed))
	c = w.dueOne()
	w.beginCall(c.ID)
	if err := w.Heard(w.Context(), rina); err != nil { // she calls while she is being called
		w.Fatal(err)
	}
	w.endCall(gateway.CallEnd{ID: c.ID, State: gateway.CallWaiting, Due: w.clock(), Note: "busy"})
	if got := w.due(); len(got) != 0 {
		w.Errorf("due after she came: %+v", got)
	}
}

func callbackDied(w *world) {
	const rina, sohel = gateway.Address("+919830000001"), gateway.Address("+919830000002")
	wish := w.wishFor(rina, gateway.CallMissed|gateway.CallAnswer)
	wish.Answer = answerFor(rina, "one")
	w.wish(wish)
	w.beginCall(w.dueOne().ID)
	w.wish(w.wishFor(sohel, gateway.CallMissed))
	w.reopen()
	if got := w.dueOne(); got.Citizen != sohel {
		w.Errorf("due: %+v, want who was not being called", got)
	}
	if got := w.allCalls(); got[0].State != gateway.CallUnknown || got[0].Tries != 1 {
		w.Errorf("the call that was placed: %+v, want unknown", got[0])
	}
	if got := w.claimOne(gateway.Message); got.To.Citizen != rina {
		w.Errorf("message: %+v, want her answer", got)
	}
	if w.wish(w.wishFor(rina, gateway.CallMissed)) {
		w.Error("she may have been called, and is called again at once")
	}
}

func callbackListed(w *world) {
	for _, citizen := range []gateway.Address{"+1", "+2", "+3"} {
		w.wish(w.wishFor(citizen, gateway.CallMissed))
		w.pass(time.Second)
	}
	first := w.due()[0]
	w.beginCall(first.ID)
	w.endCall(gateway.CallEnd{ID: first.ID, State: gateway.CallGivenUp, Note: "no answer"})
	open, err := w.Calls(w.Context(), gateway.CallFilter{})
	if err != nil || len(open) != 2 {
		w.Errorf("Calls() = %+v, %v, want the two that wait", open, err)
	}
	counts, err := w.CallCounts(w.Context())
	if diff := cmp.Diff(map[gateway.CallState]int64{gateway.CallWaiting: 2, gateway.CallGivenUp: 1}, counts); diff != "" || err != nil {
		w.Errorf("CallCounts() error %v (-want +got):\n%s", err, diff)
	}
	w.pass(48 * time.Hour)
	if _, err := w.Prune(w.Context(), w.clock().Add(-time.Hour)); err != nil {
		w.Fatal(err)
	}
	if got := w.allCalls(); len(got) != 2 {
		w.Errorf("%d calls after pruning, want the two that wait", len(got))
	}
}
