package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"pgregory.net/rapid"

	"setu/gateway"
	"setu/ledgerclient"
)

// day is how long the suite's requests are known.
const day = 24 * time.Hour

// requested is a transaction in a lane of its own that is known by its digest.
func requested(w *world, digest string, r ledgerclient.Receipt) gateway.Effect {
	e := transaction("lane-"+string(r), r)
	e.Lease = true
	e.Tx.Request = &gateway.Request{Digest: digest, Until: w.clock().Add(day), Repeat: gateway.Repeat{Within: day, Done: "done"}}
	return e
}

// again asks once more for what has the digest, and gives the receipt of the
// earlier transaction; empty if there was none, and then r is its receipt.
func (w *world) again(digest string, r ledgerclient.Receipt) ledgerclient.Receipt {
	w.Helper()
	_, err := w.commit(gateway.Commit{Effects: []gateway.Effect{requested(w, digest, r)}})
	var again *gateway.RepeatedError
	switch {
	case errors.As(err, &again):
		return again.Receipt
	case err != nil:
		w.Fatalf("Commit() = %v", err)
	}
	return ""
}

func requestStands(w *world) {
	for i, tt := range []struct {
		end  gateway.Progress
		want bool // the request stands
	}{
		{gateway.Progress{}, true}, // none: it waits
		{gateway.Progress{State: gateway.Endorsed}, true},
		{gateway.Progress{State: gateway.Submitted}, true},
		{gateway.Progress{State: gateway.Unknown}, true},
		{gateway.Progress{State: gateway.Parked}, true},
		{gateway.Progress{State: gateway.Recorded, Code: "done"}, true},
		{gateway.Progress{State: gateway.Recorded, Code: "too-heavy"}, false},
		{gateway.Progress{State: gateway.Rejected, Code: "done"}, false},
		{gateway.Progress{State: gateway.Expired}, false},
		{gateway.Progress{State: gateway.Superseded}, false},
		{gateway.Progress{State: gateway.Withdrawn}, false},
		{gateway.Progress{State: gateway.Dead}, false},
	} {
		digest, first := fmt.Sprint("digest", i), ledgerclient.Receipt(fmt.Sprint("first", i))
		it := w.lease(requested(w, digest, first))
		if tt.end.State != 0 {
			w.word(it, tt.end)
		}
		if i%2 == 0 {
			w.reopen()
		}
		want := first
		if !tt.want {
			want = ""
		}
		if got := w.again(digest, "second"+first); got != want {
			w.Errorf("after %v %s: asked for again gives %q, want %q", tt.end.State, tt.end.Code, got, want)
		}
		if got := w.again("other"+digest, "third"+first); got != "" {
			w.Errorf("another request was taken for %q", got)
		}
	}
}

// requestTakenBack: what is being taken back may be asked for again, unless it
// turns out that it could not be taken back.
func requestTakenBack(w *world) {
	for i, tt := range []struct {
		end  gateway.Progress // of the transaction that takes the first one back
		want bool             // the request stands
	}{
		{gateway.Progress{}, false},
		{gateway.Progress{State: gateway.Unknown}, false},
		{gateway.Progress{State: gateway.Recorded, Code: gateway.CodeUndone}, false},
		{gateway.Progress{State: gateway.Recorded, Code: "late"}, true},
		{gateway.Progress{State: gateway.Rejected, Code: gateway.CodeUndone}, true},
		{gateway.Progress{State: gateway.Dead}, true},
	} {
		digest, first, by := fmt.Sprint("digest", i), ledgerclient.Receipt(fmt.Sprint("first", i)), ledgerclient.Receipt(fmt.Sprint("undo", i))
		w.word(w.lease(requested(w, digest, first)), gateway.Progress{State: gateway.Recorded, Code: "done"})
		undo := transaction("lane-"+string(by), by)
		undo.Tx.Undoes = first
		if it := w.lease(undo); tt.end.State != 0 {
			w.word(it, tt.end)
		}
		w.reopen()
		undone := tt.end.State == gateway.Recorded && tt.end.Code == gateway.CodeUndone
		if st := w.standing(first); st.Undone != undone || st.State != gateway.Recorded || st.Code != "done" || w.standing(by).Undone {
			w.Errorf("taken back with %v %s: %+v, want it recorded and undone %v", tt.end.State, tt.end.Code, st, undone)
		}
		want := first
		if !tt.want {
			want = ""
		}
		if got := w.again(digest, "second"+first); got != want {
			w.Errorf("taken back with %v %s: asked for again gives %q, want %q", tt.end.State, tt.end.Code, got, want)
		}
	}
}

func requestRefused(w *world) {
	w.lease(requested(w, "digest", "1"))
	for _, c := range []gateway.Commit{
		{Accept: inbound("k"), Turned: true},
		{Accept: inbound("k")},
		{Live: inbound("k")},
	} {
		c.Session, c.Meters = &gateway.Session{Citizen: citizen}, []gateway.Meter{query("b")}
		c.Effects = []gateway.Effect{message("l"), requested(w, "digest", "2")}
		var again *gateway.RepeatedError
		if _, err := w.commit(c); !errors.As(err, &again) || again.Receipt != "1" {
			w.Fatalf("Commit of the same request = %v, want the receipt of the first", err)
		}
	}
	if s, err := w.Session(w.Context(), citizen); err != nil || s.Version != 0 {
		w.Errorf("a refused commit moved the session to version %d, %v", s.Version, err)
	}
	if len(w.accepted(0, 1)) > 0 || len(w.claim(gateway.Message, "")) > 0 || w.standing("2").State != 0 {
		w.Error("a refused commit was kept in part")
	}
	w.counted("after refused commits", map[string]int64{})
	w.must(gateway.Commit{Accept: inbound("k"), Turned: true, Repeated: &gateway.Repeated{Receipt: "1", Service: "benefit", Medium: gateway.USSD}})
	want := []string{"decision 1 benefit sms", "message sms", "repeat 1 benefit ussd"}
	if got := w.leaves("receipt", "service", "medium"); !slices.Equal(got, want) {
		w.Errorf("leaves = %q, want %q", got, want)
	}
	wanted := requested(w, "digest", "3")
	wanted.Tx.Request.Wanted = true
	w.lease(wanted)
	if got := w.again("digest", "4"); got != "3" {
		w.Errorf("after one more was wanted: %q, want 3", got)
	}
}

// requestOnce: of the same request from many sides at once, one is taken.
func requestOnce(w *world) {
	const n = 200
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		wg.Go(func() {
			_, errs[i] = w.commit(gateway.Commit{Effects: []gateway.Effect{requested(w, fmt.Sprint("d", i%4), ledgerclient.Receipt(fmt.Sprint("r", i)))}})
		})
	}
	wg.Wait()
	taken := map[int]int{}
	for i, err := range errs {
		var again *gateway.RepeatedError
		switch {
		case err == nil:
			taken[i%4]++
		case !errors.As(err, &again):
			w.Errorf("commit %d = %v", i, err)
		}
	}
	for d := range 4 {
		if taken[d] != 1 {
			w.Errorf("request %d was taken %d times, want once", d, taken[d])
		}
	}
}

// requestForgotten: requests are known until their time is over, and pruned
// after it.
func requestForgotten(w *world) {
	const old = 1200 // more than one batch
	for i := range old {
		w.lease(requested(w, fmt.Sprint("old", i), ledgerclient.Receipt(fmt.Sprint("old", i))))
	}
	w.pass(day - time.Second)
	if got := w.again("old1", "x"); got != "old1" {
		w.Errorf("within its time: %q, want old1", got)
	}
	w.lease(requested(w, "young", "young"))
	if n, err := w.Prune(w.Context(), w.clock().Add(-48*time.Hour)); n != 0 || err != nil {
		w.Errorf("Prune() = %d, %v before any is over", n, err)
	}
	w.pass(time.Second)
	if got := w.again("old2", "y"); got != "" {
		w.Errorf("after its time: %q, want none", got)
	}
	if n, err := w.Prune(w.Context(), w.clock().Add(-48*time.Hour)); n != old-1 || err != nil {
		w.Errorf("Prune() = %d, %v; want all but the young ones, %d", n, err, old-1)
	}
	for digest, want := range map[string]ledgerclient.Receipt{"young": "young", "old2": "y", "old3": ""} {
		if got := w.again(digest, ledgerclient.Receipt("after-"+digest)); got != want {
			w.Errorf("%s after pruning: %q, want %q", digest, got, want)
		}
	}
}

// requestModel asks at random, and checks each answer against what is known of
// the latest transaction of a digest.
func requestModel(w *world) {
	rapid.Check(w.T, func(t *rapid.T) {
		m := &requests{w: newWorld(w.T, w.open), latest: map[string]*asked{}}
		t.Repeat(map[string]func(*rapid.T){
			"ask": m.ask, "end": m.end, "undo": m.undo,
			"pass":   func(t *rapid.T) { m.w.pass(time.Duration(rapid.IntRange(1, 30).Draw(t, "hours")) * time.Hour) },
			"reopen": func(*rapid.T) { m.w.reopen() },
			"prune": func(t *rapid.T) {
				if _, err := m.w.Prune(m.w.Context(), m.w.clock().Add(-100*day)); err != nil {
					t.Fatal(err)
				}
			},
		})
		if err := m.w.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// asked is the latest transaction of a digest.
type asked struct {
	receipt ledgerclient.Receipt
	until   time.Time
	ended   bool
	gone    bool // it has come to nothing
}

type requests struct {
	w      *world
	latest map[string]*asked
	n      int
}

func (m *requests) digest(t *rapid.T) string {
	return rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "digest")
}

func (m *requests) receipt() ledgerclient.Receipt {
	m.n++
	return ledgerclient.Receipt(fmt.Sprint("r", m.n))
}

func (m *requests) ask(t *rapid.T) {
	digest, r := m.digest(t), m.receipt()
	e := requested(m.w, digest, r)
	e.Tx.Request.Wanted = rapid.IntRange(0, 3).Draw(t, "wanted") == 0
	_, err := m.w.commit(gateway.Commit{Effects: []gateway.Effect{e}})
	was := m.latest[digest]
	if was != nil && !was.gone && m.w.clock().Before(was.until) && !e.Tx.Request.Wanted {
		var again *gateway.RepeatedError
		if !errors.As(err, &again) || again.Receipt != was.receipt {
			t.Fatalf("asked for again: %v, want receipt %s", err, was.receipt)
		}
		return
	}
	if err != nil {
		t.Fatalf("asked for: %v, want it taken", err)
	}
	m.latest[digest] = &asked{receipt: r, until: m.w.clock().Add(day)}
}

func (m *requests) end(t *rapid.T) {
	one := m.latest[m.digest(t)]
	if one == nil || one.ended {
		return
	}
	m.w.pass(2 * Lease)
	items, err := m.w.Claim(m.w.Context(), gateway.Transaction, "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range items {
		if it.Tx.Receipt != one.receipt {
			continue
		}
		p := gateway.Progress{State: rapid.SampledFrom([]gateway.State{gateway.Recorded, gateway.Rejected, gateway.Dead, gateway.Expired}).Draw(t, "state")}
		p.Code = rapid.SampledFrom([]string{"done", "no"}).Draw(t, "code")
		m.w.word(it, p)
		one.ended, one.gone = true, one.gone || p.State != gateway.Recorded || p.Code != "done"
		return
	}
	t.Fatalf("transaction %s is not to be claimed", one.receipt)
}

func (m *requests) undo(t *rapid.T) {
	one := m.latest[m.digest(t)]
	if one == nil {
		return
	}
	r := m.receipt()
	e := transaction("lane-"+string(r), r)
	e.Tx.Undoes = one.receipt
	m.w.put(e)
	one.gone = true
}
