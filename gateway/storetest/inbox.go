package storetest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"setu/gateway"
	"setu/gateway/packed"
	"setu/i18n"
	"setu/ledgerclient"
)

func sessionUnknown(w *world) {
	got, err := w.Session(w.Context(), citizen)
	if err != nil {
		w.Fatal(err)
	}
	if diff := cmp.Diff(gateway.Session{Citizen: citizen}, got); diff != "" {
		w.Errorf("session of a stranger (-want +got):\n%s", diff)
	}
}

func sessionRoundTrip(w *world) {
	ask := gateway.Ask{
		Call:    ledgerclient.Call{Contract: "benefits", Function: "Status", Args: map[string]string{"beneficiary": "1000000001"}},
		Service: "benefit", Version: "1", Step: "card", Format: i18n.Format{Lang: i18n.Hindi, Native: true}, Medium: gateway.SMS,
		Slots: map[string]i18n.Value{"amount": {Kind: i18n.Money, Raw: "1500"}},
	}
	s := gateway.Session{
		Citizen: citizen, Lang: i18n.Bengali, LangChosen: true, Native: true, Stopped: true, Pending: "123456789012",
		Updated: w.clock(),
		Undo:    &gateway.Undo{Ask: ask, Receipt: "123456789012", Until: w.clock().Add(time.Minute)},
		Dialogue: gateway.Dialogue{
			Service: "benefit", Version: "1", Step: "card",
			Slots:  map[string]gateway.Private{"card": "১০০০০০০০০১", "quote": "\"\\\n\x00"},
			Offers: []gateway.Offer{{Do: "value", Value: "1"}}, Items: []map[string]string{{"id": "7"}},
			Trail: []string{"want"}, Tries: 2, Page: 1,
			Last: packed.Of(gateway.Reply{
				Format: i18n.Format{Lang: i18n.Bengali}, Expect: "digits", More: true, End: true,
				Parts:   []gateway.Part{{Service: "benefit", Text: "card", Values: map[string]i18n.Value{"n": {Kind: i18n.Number, Raw: "3"}}}},
				Options: []gateway.Option{{Digit: "1", Label: gateway.Part{Text: "yes"}}},
			}),
		},
	}
	for version := range int64(3) {
		s.Version = version
		s.Dialogue.Tries++
		w.must(gateway.Commit{Session: &s})
		if version == 1 {
			w.reopen()
		}
		want := s
		want.Version++
		got, err := w.Session(w.Context(), citizen)
		if err != nil {
			w.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			w.Fatalf("session after commit %d (-want +got):\n%s", version+1, diff)
		}
	}
}

func sessionStale(w *world) {
	w.must(gateway.Commit{Session: &gateway.Session{Citizen: citizen}})
	for _, version := range []int64{0, 2, 7} {
		_, err := w.commit(gateway.Commit{
			Accept: inbound("k"), Turned: true, Effects: []gateway.Effect{message("l")},
			Session: &gateway.Session{Citizen: citizen, Version: version, Lang: i18n.Hindi},
		})
		if !errors.Is(err, gateway.ErrStale) {
			w.Errorf("Commit of version %d on 1 = %v, want ErrStale", version, err)
		}
	}
	if got := w.claim(gateway.Message, ""); len(got) > 0 {
		w.Errorf("stale commits left %d effects", len(got))
	}
	out := w.must(gateway.Commit{
		Accept: inbound("k"), Turned: true,
		Session: &gateway.Session{Citizen: citizen, Version: 1, Lang: i18n.Bengali},
	})
	if out.Duplicate {
		w.Error("a stale commit left its message in the inbox")
	}
	s, err := w.Session(w.Context(), citizen)
	if err != nil || s.Version != 2 || s.Lang != i18n.Bengali {
		w.Errorf("session is version %d in %q, %v; want 2 in bn", s.Version, s.Lang, err)
	}
}

func (w *world) accepted(after int64, limit int) []gateway.Accepted {
	w.Helper()
	got, err := w.Accepted(w.Context(), after, limit)
	if err != nil {
		w.Fatalf("Accepted() = %v", err)
	}
	return got
}

func inboxAccepted(w *world) {
	in := inbound("k")
	in.Bind, in.Event, in.Incomplete, in.Undecodable = "a/1", gateway.Timeout, true, true
	row := w.must(gateway.Commit{Accept: in}).Inbox
	turned := w.must(gateway.Commit{Accept: inbound("other"), Turned: true}).Inbox
	if row == 0 || turned <= row {
		w.Errorf("rows %d and %d are not in order", row, turned)
	}
	want := []gateway.Accepted{{Row: row, Inbound: *in}}
	for range 2 {
		if diff := cmp.Diff(want, w.accepted(0, 10)); diff != "" {
			w.Errorf("accepted (-want +got):\n%s", diff)
		}
		w.reopen()
	}
	w.must(gateway.Commit{Inbox: row, Turned: true})
	w.reopen()
	if got := w.accepted(0, 10); len(got) > 0 {
		w.Errorf("%d messages wait after the only turn", len(got))
	}
}

func inboxOneTurn(w *world) {
	row := w.must(gateway.Commit{Accept: inbound("k")}).Inbox
	turn := gateway.Commit{Inbox: row, Turned: true, Effects: []gateway.Effect{message("l")}}
	w.must(turn)
	for _, c := range []gateway.Commit{turn, {Inbox: row + 1, Turned: true, Effects: turn.Effects}} {
		if _, err := w.commit(c); !errors.Is(err, gateway.ErrTurned) {
			w.Errorf("second turn of row %d = %v, want ErrTurned", c.Inbox, err)
		}
	}
	w.reopen()
	if _, err := w.commit(turn); !errors.Is(err, gateway.ErrTurned) {
		w.Errorf("second turn after a restart = %v, want ErrTurned", err)
	}
	w.word(w.claimOne(gateway.Message), gateway.Progress{State: gateway.Sent})
	if got := w.claim(gateway.Message, ""); len(got) > 0 {
		w.Errorf("%d more effects of a refused turn", len(got))
	}
}

func inboxPages(w *world) {
	var rows []int64
	for i := range 5 {
		rows = append(rows, w.must(gateway.Commit{Accept: inbound(fmt.Sprint(i))}).Inbox)
	}
	w.must(gateway.Commit{Inbox: rows[1], Turned: true})
	var got []int64
	for after := int64(0); ; {
		page := w.accepted(after, 2)
		if len(page) == 0 {
			break
		}
		for _, a := range page {
			got = append(got, a.Row)
			after = a.Row
		}
	}
	if diff := cmp.Diff([]int64{rows[0], rows[2], rows[3], rows[4]}, got); diff != "" {
		w.Errorf("pages of accepted rows (-want +got):\n%s", diff)
	}
}

func inboxDuplicates(w *world) {
	for i, tt := range []struct {
		name        string
		bind, again string
		later       time.Duration
		change      func(*gateway.Inbound)
		want        bool
	}{
		{name: "provider's own key", want: true},
		{name: "provider's own key, days later", later: 72 * time.Hour, want: true},
		{name: "other key", change: func(in *gateway.Inbound) { in.Key += "x" }},
		{name: "other link", change: func(in *gateway.Inbound) { in.Link = "b" }},
		{name: "digest on another bind", bind: "a/1", again: "a/2", later: Window - time.Second, want: true},
		{name: "digest on another bind, too late", bind: "a/1", again: "a/2", later: Window + time.Second},
		{name: "digest on the same bind", bind: "a/1", again: "a/1"},
		{name: "other digest on another bind", bind: "a/1", again: "a/2", change: func(in *gateway.Inbound) { in.Key += "x" }},
	} {
		first := inbound(fmt.Sprint("k", i))
		first.Bind = tt.bind
		row := w.must(gateway.Commit{Accept: first, Turned: true}).Inbox
		w.pass(tt.later)
		second := *first
		second.Bind = tt.again
		if tt.change != nil {
			tt.change(&second)
		}
		out := w.must(gateway.Commit{Accept: &second})
		if out.Duplicate != tt.want || (out.Inbox == row) != tt.want {
			w.Errorf("%s: %+v after row %d, want duplicate %v", tt.name, out, row, tt.want)
		}
	}
}

func inboxDuplicatesAfterRestart(w *world) {
	first := inbound("k")
	first.Bind = "a/1"
	row := w.must(gateway.Commit{Accept: first}).Inbox
	w.pass(time.Minute)
	w.must(gateway.Commit{Accept: inbound("last")})
	if err := w.Store.Close(); err != nil {
		w.Fatal(err)
	}
	w.pass(8 * time.Hour) // down: the provider kept its unacknowledged messages
	w.Store = w.open(w.T, w.dir, w.clock)
	w.pass(30 * time.Second)
	// The name of the bind is used again, the bind is another.
	if out := w.must(gateway.Commit{Accept: first}); !out.Duplicate || out.Inbox != row {
		w.Errorf("redelivery after a restart: %+v, want duplicate of row %d", out, row)
	}
	w.pass(Window)
	if out := w.must(gateway.Commit{Accept: first}); out.Duplicate {
		w.Error("a new message long after a restart was taken for a redelivery")
	}
}

func inboxDuplicateChangesNothing(w *world) {
	w.must(gateway.Commit{Accept: inbound("k"), Turned: true})
	out := w.must(gateway.Commit{
		Accept: inbound("k"), Turned: true, Session: &gateway.Session{Citizen: citizen},
		Effects: []gateway.Effect{message("l"), transaction("t", "1")},
	})
	if !out.Duplicate || len(out.Items) > 0 {
		w.Errorf("commit of a duplicate: %+v", out)
	}
	if s, err := w.Session(w.Context(), citizen); err != nil || s.Version != 0 {
		w.Errorf("a duplicate moved the session to version %d, %v", s.Version, err)
	}
	if n := len(w.claim(gateway.Message, "")) + len(w.claim(gateway.Transaction, "")); n > 0 {
		w.Errorf("a duplicate left %d effects", n)
	}
	if st := w.standing("1"); st.State != 0 {
		w.Errorf("a duplicate left a receipt: %+v", st)
	}
}

func commitOrder(w *world) {
	const n = 3000
	var wg sync.WaitGroup
	wg.Add(n)
	var got []int
	for i := range n {
		c := gateway.Commit{Accept: inbound(fmt.Sprint(i))}
		switch {
		case i%100 == 50: // some are refused
			c.Session = &gateway.Session{Citizen: citizen, Version: 9}
		case i%1000 == 500: // and some fail
			c.Effects = []gateway.Effect{transaction("t", "1"), transaction("t", "1")}
		}
		w.Commit(c, func(gateway.Committed, error) {
			got = append(got, i)
			wg.Done()
		})
	}
	wg.Wait()
	for i, g := range got {
		if i != g {
			w.Fatalf("callback %d was that of commit %d", i, g)
		}
	}
}

func commitMany(w *world) {
	const n = 1000
	var wg sync.WaitGroup
	rows := make([]int64, n)
	for i := range n {
		wg.Go(func() {
			out, err := w.commit(gateway.Commit{Accept: inbound(fmt.Sprint("k", i)), Effects: []gateway.Effect{message(fmt.Sprint(i))}})
			if err != nil {
				w.Errorf("commit %d = %v", i, err)
			}
			rows[i] = out.Inbox
		})
	}
	wg.Wait()
	w.reopen()
	kept := map[int64]string{}
	for _, a := range w.accepted(0, 2*n) {
		kept[a.Row] = a.Inbound.Key
	}
	for i, row := range rows {
		if kept[row] != fmt.Sprint("k", i) {
			w.Errorf("row %d holds %q, want k%d", row, kept[row], i)
		}
	}
	items, err := w.Claim(w.Context(), gateway.Message, "a", 2*n)
	if err != nil || len(items) != n || len(kept) != n {
		w.Errorf("%d messages and %d items kept, %v; want %d", len(kept), len(items), err, n)
	}
}

func commitAlone(w *world) {
	w.put(transaction("t", "1"))
	const n = 50
	errs := make([]error, n)
	var wg sync.WaitGroup
	wg.Add(n)
	for i := range n {
		c := gateway.Commit{Accept: inbound(fmt.Sprint(i)), Effects: []gateway.Effect{message("l")}}
		if i%10 == 5 {
			c.Effects = append(c.Effects, transaction("t", "1")) // a number that is in use
		}
		w.Commit(c, func(_ gateway.Committed, err error) {
			errs[i] = err
			wg.Done()
		})
	}
	wg.Wait()
	for i, err := range errs {
		if bad := i%10 == 5; bad != errors.Is(err, gateway.ErrTaken) || !bad && err != nil {
			w.Errorf("commit %d = %v", i, err)
		}
	}
	if got := len(w.accepted(0, 2*n)); got != n-n/10 {
		w.Errorf("%d messages kept, want %d", got, n-n/10)
	}
}

func commitPanic(w *world) {
	w.Commit(gateway.Commit{Accept: inbound("1")}, func(c gateway.Committed, _ error) {
		_ = c.Items[len(c.Items)] // out of range
	})
	w.must(gateway.Commit{Accept: inbound("2")})
	if got := len(w.accepted(0, 10)); got != 2 {
		w.Errorf("%d messages kept, want 2", got)
	}
}

func commitClosed(w *world) {
	var told int
	for i := range 100 {
		w.Commit(gateway.Commit{Accept: inbound(fmt.Sprint(i))}, func(_ gateway.Committed, err error) {
			if err == nil {
				told++
			}
		})
	}
	if err := w.Close(); err != nil {
		w.Fatal(err)
	}
	if told != 100 {
		w.Errorf("%d of 100 queued commits were made by Close", told)
	}
	if err := w.Close(); err != nil {
		w.Errorf("second Close() = %v", err)
	}
	if _, err := w.commit(gateway.Commit{}); !errors.Is(err, gateway.ErrClosed) {
		w.Errorf("Commit after Close = %v", err)
	}
	if _, err := w.tell(gateway.Progress{ID: 1, Token: 1, State: gateway.Sent}); !errors.Is(err, gateway.ErrClosed) {
		w.Errorf("Progress after Close = %v", err)
	}
	if _, err := w.Claim(w.Context(), gateway.Message, link, 1); !errors.Is(err, gateway.ErrClosed) {
		w.Errorf("Claim after Close = %v", err)
	}
	if _, err := w.Session(w.Context(), citizen); !errors.Is(err, gateway.ErrClosed) {
		w.Errorf("Session after Close = %v", err)
	}
	w.Store = w.open(w.T, w.dir, w.clock)
	if got := len(w.accepted(0, 200)); got != 100 {
		w.Errorf("%d of 100 messages kept", got)
	}
}
