package storetest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"setu/gateway"
	"setu/ledgerclient"
)

// readings are all that was counted on the suite's days, as "kind service
// outcome" with the number.
func (w *world) readings(kinds ...gateway.Metered) map[string]int64 {
	w.Helper()
	out := map[string]int64{}
	for _, r := range w.read(gateway.ByMonth, kinds...) {
		out[fmt.Sprint(r.Kind, " ", r.Service, " ", r.Outcome)] += r.Count
	}
	return out
}

func (w *world) read(by gateway.Period, kinds ...gateway.Metered) []gateway.Reading {
	w.Helper()
	from := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	list, err := w.Readings(w.Context(), from, from.AddDate(1, 0, 0), by, kinds...)
	if err != nil {
		w.Fatalf("Readings() = %v", err)
	}
	return list
}

func (w *world) counted(when string, want map[string]int64) {
	w.Helper()
	if diff := cmp.Diff(want, w.readings()); diff != "" {
		w.Errorf("counted %s (-want +got):\n%s", when, diff)
	}
}

// query is the counter of a query that was answered.
func query(service string) gateway.Meter {
	return gateway.Meter{
		Kind: gateway.MeterQuery, Department: "d", Service: service, Medium: gateway.USSD, Partner: "operator-a",
		Outcome: gateway.Answered.String(),
	}
}

func meterCommits(w *world) {
	refused := gateway.Meter{Kind: gateway.MeterRefused, Service: "b", Step: "card", Outcome: "check"}
	w.must(gateway.Commit{
		Accept: inbound("1"), Turned: true, Session: &gateway.Session{Citizen: citizen},
		Meters: []gateway.Meter{query("b"), query("b"), refused},
	})
	want := map[string]int64{"query b answered": 2, "refused b check": 1}
	w.counted("with a commit", want)
	if _, err := w.commit(gateway.Commit{
		Accept: inbound("2"), Turned: true, Session: &gateway.Session{Citizen: citizen, Version: 7}, Meters: []gateway.Meter{query("b")},
	}); !errors.Is(err, gateway.ErrStale) {
		w.Errorf("stale commit = %v", err)
	}
	w.counted("after a refused commit", want)
	w.must(gateway.Commit{Accept: inbound("1"), Turned: true, Meters: []gateway.Meter{query("b")}})
	want["refused  "+gateway.RefusedDuplicate] = 1
	w.counted("after a duplicate", want)
	w.reopen()
	w.counted("after a restart", want)
	if got := w.readings(gateway.MeterQuery); len(got) != 1 || got["query b answered"] != 2 {
		w.Errorf("readings of queries: %v", got)
	}
}

// meterItems: transactions and questions count once, when they become final, and
// whoever ends them.
func meterItems(w *world) {
	recorded, discarded, left := w.lease(transaction("1", "1")), w.lease(transaction("2", "2")), w.lease(transaction("3", "3"))
	ask := transaction("4", "4")
	ask.Kind, ask.Tx = gateway.Question, nil
	question := w.lease(ask)
	w.word(recorded, gateway.Progress{State: gateway.Queued, Retry: true, Due: w.clock().Add(time.Second)})
	w.counted("while all wait", map[string]int64{})
	w.pass(2 * time.Second)
	w.word(w.claimOne(gateway.Transaction), gateway.Progress{State: gateway.Recorded, Effects: []gateway.Effect{message("m")}})
	if _, err := w.tell(gateway.Progress{ID: recorded.ID, Token: recorded.Token, State: gateway.Rejected}); err == nil {
		w.Error("a late word about a final item was taken")
	}
	w.word(discarded, gateway.Progress{State: gateway.Parked})
	if err := w.Discard(w.Context(), discarded.ID, "why"); err != nil {
		w.Fatal(err)
	}
	w.word(question, gateway.Progress{State: gateway.Answered})
	want := map[string]int64{"transaction benefit recorded": 1, "transaction benefit dead": 1, "query benefit answered": 1}
	w.counted("when three are final", want)
	w.reopen()
	w.word(w.claimOne(gateway.Transaction), gateway.Progress{State: gateway.Rejected})
	w.state(left.ID, gateway.Rejected)
	want["transaction benefit rejected"] = 1
	w.counted("after a restart", want)
	for _, it := range w.claim(gateway.Message, "") {
		w.word(it, gateway.Progress{State: gateway.Sent})
	}
	w.counted("when a message is sent", want)
}

// meterOwn: what the gateway asks on its own account is not counted, nor after a
// restart.
func meterOwn(w *world) {
	own := func(r ledgerclient.Receipt) gateway.Effect {
		e := transaction("lane-"+string(r), r)
		e.Ask.Own = true
		return e
	}
	w.word(w.lease(own("1")), gateway.Progress{State: gateway.Recorded, Code: "done"})
	w.put(own("2"))
	w.reopen()
	w.word(w.claimOne(gateway.Transaction), gateway.Progress{State: gateway.Recorded, Code: "done"})
	w.stands("2", gateway.Recorded)
	w.counted("of the gateway's own", map[string]int64{})
}

// meterPeriods: days and months are those of Indian Standard Time, in which
// hours begin half an hour after those of UTC.
func meterPeriods(w *world) {
	at := func(month time.Month, day, hour, minute int) time.Time {
		return time.Date(2026, month, day, hour, minute, 0, 0, gateway.IST).UTC()
	}
	for _, t := range []time.Time{at(11, 30, 23, 29), at(11, 30, 23, 59), at(12, 1, 0, 0), at(12, 1, 1, 15)} {
		w.pass(t.Sub(w.clock()))
		w.must(gateway.Commit{Meters: []gateway.Meter{query("b")}})
	}
	type sum struct {
		Start time.Time
		Count int64
	}
	for _, tt := range []struct {
		by   gateway.Period
		want []sum
	}{
		{gateway.ByHour, []sum{{at(11, 30, 23, 0), 2}, {at(12, 1, 0, 0), 1}, {at(12, 1, 1, 0), 1}}},
		{gateway.ByDay, []sum{{at(11, 30, 0, 0), 2}, {at(12, 1, 0, 0), 2}}},
		{gateway.ByMonth, []sum{{at(11, 1, 0, 0), 2}, {at(12, 1, 0, 0), 2}}},
	} {
		var got []sum
		for _, r := range w.read(tt.by) {
			got = append(got, sum{r.Start, r.Count})
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			w.Errorf("by %s (-want +got):\n%s", tt.by, diff)
		}
	}
	list, err := w.Readings(w.Context(), at(11, 1, 0, 0), at(12, 1, 0, 0), gateway.ByMonth)
	if err != nil || len(list) != 1 || list[0].Count != 2 {
		w.Errorf("Readings of November = %v, %v", list, err)
	}
}

// meterMany: what many count at once is counted exactly.
func meterMany(w *world) {
	const callers, each = 16, 50
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			for range each {
				if _, err := w.commit(gateway.Commit{Meters: []gateway.Meter{query(fmt.Sprint(i % 2)), query("all")}}); err != nil {
					w.Error(err)
				}
			}
		})
	}
	all.Wait()
	const n = callers * each
	w.counted("by many", map[string]int64{"query 0 answered": n / 2, "query 1 answered": n / 2, "query all answered": n})
}
