package callback_test

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"setu/gateway"
	"setu/gateway/sqlite"
	"setu/i18n"
	"setu/ivr/callback"
)

const (
	rina  = gateway.Address("+919830000001")
	sohel = gateway.Address("+919830000002")
	ours  = gateway.Address("+913322000000")
)

// noon is a time of day at which people may be called.
var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, callback.IST())

// clock is a clock that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// line is a fake line: it answers as it is told, the last result for ever.
type line struct {
	mu      sync.Mutex
	results []callback.Result
	calls   []gateway.Address
	during  func(to gateway.Address)
}

func (l *line) Call(_ context.Context, from, to gateway.Address) callback.Result {
	l.mu.Lock()
	defer l.mu.Unlock()
	if from != ours {
		return callback.Result{Outcome: callback.Refused, Reason: "403 whose number is that?"}
	}
	l.calls = append(l.calls, to)
	if l.during != nil {
		l.during(to)
	}
	r := l.results[0]
	if len(l.results) > 1 {
		l.results = l.results[1:]
	}
	return r
}

func (l *line) placed() []gateway.Address {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.calls)
}

// world is a Dialler on a real store.
type world struct {
	*testing.T
	*clock
	store   *sqlite.Store
	line    *line
	dialler *callback.Dialler
	desk    *callback.Desk
}

func newWorld(t *testing.T, p callback.Policy, results ...callback.Result) *world {
	t.Helper()
	w := &world{T: t, clock: &clock{now: noon}, line: &line{results: results}}
	store, err := sqlite.Open(t.TempDir(), sqlite.Options{Now: w.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	w.store = store
	p.Prefixes = []string{"+91"}
	c := callback.Config{
		Queue: store, Sessions: store, Lines: []callback.Line{{Name: "test", Caller: w.line}}, Policy: p, From: ours,
		Log: slog.New(slog.DiscardHandler), Now: w.Now, Poll: time.Millisecond,
		Over: func(ctx context.Context, citizen gateway.Address) { w.desk.Over(ctx, citizen) },
	}
	w.dialler = callback.New(c)
	w.desk = &callback.Desk{
		Next: menu{}, Answers: store, Sessions: store, Dialler: w.dialler,
		Length: func(gateway.Reply) time.Duration { return 6 * time.Second },
	}
	return w
}

// run runs the Dialler until the test ends.
func (w *world) run() {
	w.Helper()
	ctx, stop := context.WithCancel(w.Context())
	done := make(chan error, 1)
	go func() { done <- w.dialler.Run(ctx) }()
	w.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			w.Errorf("Run() = %v", err)
		}
	})
}

// wait waits for a condition, for a bounded time.
func (w *world) wait(what string, ok func() bool) {
	w.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); {
		if time.Now().After(deadline) {
			w.Fatalf("%s: not within 10 s", what)
		}
		time.Sleep(time.Millisecond) //nolint:forbidigo // polls another goroutine
	}
}

// put puts a citizen's session into the store.
func (w *world) put(s gateway.Session) {
	w.Helper()
	done := make(chan error, 1)
	w.store.Commit(gateway.Commit{Session: &s}, func(_ gateway.Committed, err error) { done <- err })
	if err := <-done; err != nil {
		w.Fatal(err)
	}
}

// calls are the call-backs in the store.
func (w *world) calls() []gateway.Call {
	w.Helper()
	list, err := w.store.Calls(context.WithoutCancel(w.Context()), gateway.CallFilter{All: true})
	if err != nil {
		w.Fatal(err)
	}
	return list
}

// state waits until the first call-back stands somewhere.
func (w *world) state(want gateway.CallState) {
	w.Helper()
	w.wait("state "+want.String(), func() bool { l := w.calls(); return len(l) > 0 && l[0].State == want })
}

// quiet checks that no further call is placed.
func (w *world) quiet(placed int) {
	w.Helper()
	time.Sleep(30 * time.Millisecond) //nolint:forbidigo // that nothing happens takes time
	if got := w.line.placed(); len(got) != placed {
		w.Fatalf("%d calls were placed, want %d", len(got), placed)
	}
}

func (w *world) missed(from gateway.Address) {
	w.Helper()
	if err := w.dialler.Missed(w.Context(), from); err != nil {
		w.Fatalf("Missed() = %v", err)
	}
}

// menu is a dialogue that always asks for a choice.
type menu struct{}

func (menu) Handle(context.Context, gateway.Inbound) (gateway.Reply, error) {
	return gateway.Reply{Parts: []gateway.Part{{Text: "menu"}}}, nil
}

func paid() gateway.Reply {
	return gateway.Reply{Format: i18n.Format{Lang: i18n.Bengali}, Parts: []gateway.Part{{Service: "benefit", Text: "paid"}}}
}

func TestDialler_OneCallForManyMissed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, callback.Policy{}, callback.Result{Outcome: callback.Answered})
	w.run()
	for range 5 {
		w.missed(rina)
	}
	w.quiet(0) // her line is to be free first
	w.pass(callback.DefaultDelay)
	w.state(gateway.CallReached)
	w.missed(rina)
	w.pass(callback.DefaultDelay)
	w.quiet(1)
	w.pass(callback.DefaultApart)
	w.missed(rina)
	w.pass(callback.DefaultDelay)
	w.wait("second call", func() bool { return len(w.line.placed()) == 2 })
	if got := w.dialler.Counts().Merged.Load(); got != 5 {
		t.Errorf("merged = %d, want 5", got)
	}
}

func TestDialler_BackOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t, callback.Policy{Retry: []time.Duration{2 * time.Minute, 10 * time.Minute}},
		callback.Result{Outcome: callback.Busy, Reason: "486 Busy Here"}, callback.Result{Outcome: callback.NoAnswer, Reason: "480"})
	w.run()
	w.missed(rina)
	for i, pause := range []time.Duration{callback.DefaultDelay, 2 * time.Minute, 10 * time.Minute} {
		w.pass(pause - time.Second)
		w.quiet(i)
		w.pass(time.Second)
		w.wait("try", func() bool { return len(w.line.placed()) == i+1 && w.calls()[0].State != gateway.CallDialling })
	}
	w.state(gateway.CallGivenUp)
	w.pass(time.Hour)
	w.quiet(3)
}

func TestDialler_Refusals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		policy callback.Policy
		from   gateway.Address
		set    func(w *world)
		want   int // calls in the queue
	}{
		{name: "abroad", from: "+8821600000", want: 0},
		{name: "ourselves", policy: callback.Policy{Own: []gateway.Address{ours}}, from: ours, want: 0},
		{name: "stopped", from: rina, want: 1, set: func(w *world) {
			w.put(gateway.Session{Citizen: rina, Lang: i18n.Hindi, Stopped: true})
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tt.policy, callback.Result{Outcome: callback.Answered})
			if tt.set != nil {
				tt.set(w)
			}
			w.run()
			w.missed(tt.from)
			w.pass(callback.DefaultDelay)
			w.wait("refusal", func() bool { return w.dialler.Counts().Refused.Load() == 1 })
			w.quiet(0)
			if got := w.calls(); len(got) != tt.want || tt.want > 0 && got[0].State != gateway.CallRefused {
				t.Errorf("calls: %+v, want %d that are refused", got, tt.want)
			}
		})
	}
}

func TestDialler_HoursAndCaps(t *testing.T) {
	t.Parallel()
	w := newWorld(t, callback.Policy{InAll: 1}, callback.Result{Outcome: callback.Answered})
	w.pass(9 * time.Hour) // 21:00
	w.run()
	w.missed(rina)
	w.missed(sohel)
	w.pass(callback.DefaultDelay)
	w.wait("waiting", func() bool { return w.dialler.Counts().OutOfHours.Load() == 2 })
	w.quiet(0)
	w.pass(11 * time.Hour) // 8:00
	w.wait("one call and one cap", func() bool { return w.dialler.Counts().Capped.Load() == 1 && len(w.line.placed()) == 1 })
	var due time.Time
	w.wait("put off", func() bool {
		for _, c := range w.calls() {
			if c.State == gateway.CallWaiting && c.Note != "" {
				due = c.Due
			}
		}
		return due.After(w.Now())
	})
	if want := time.Date(2026, 11, 4, 8, 0, 0, 0, callback.IST()); !due.Equal(want) {
		t.Errorf("due = %v, want %v", due, want)
	}
	w.pass(24 * time.Hour)
	w.wait("expired", func() bool { return w.dialler.Counts().Expired.Load() == 1 })
}

func TestDialler_NextLine(t *testing.T) {
	t.Parallel()
	w := newWorld(t, callback.Policy{}, callback.Result{Outcome: callback.Unavailable, Reason: "503"})
	second := &line{results: []callback.Result{{Outcome: callback.Answered}}}
	w.dialler.Lines = append(w.dialler.Lines, callback.Line{Name: "second", Caller: second})
	w.run()
	w.missed(rina)
	w.pass(callback.DefaultDelay)
	w.state(gateway.CallReached)
	if a, b := len(w.line.placed()), len(second.placed()); a != 1 || b != 1 {
		t.Errorf("placed on the lines: %d, %d, want one each", a, b)
	}
}

func TestDialler_Panic(t *testing.T) {
	t.Parallel()
	w := newWorld(t, callback.Policy{}, callback.Result{Outcome: callback.Answered})
	w.line.during = func(to gateway.Address) {
		if to == rina {
			panic("driver")
		}
	}
	w.run()
	w.missed(rina)
	w.missed(sohel)
	w.pass(callback.DefaultDelay)
	w.wait("both", func() bool {
		l := w.calls()
		return len(l) == 2 && l[0].State == gateway.CallUnknown && l[1].State == gateway.CallReached
	})
}

// TestDialler_Unavailable: while no line places a call it is tried again, ever more
// rarely.
func TestDialler_Unavailable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, callback.Policy{}, callback.Result{Outcome: callback.Unavailable, Reason: "403"})
	w.run()
	w.missed(rina)
	for i, pause := range []time.Duration{callback.DefaultDelay, 30 * time.Second, 30 * time.Second, time.Hour, 10 * time.Minute, 10 * time.Minute} {
		if pause < time.Hour {
			w.pass(pause - time.Second)
			w.quiet(i)
			w.pass(time.Second)
		} else {
			w.pass(pause)
		}
		w.wait("try", func() bool { return len(w.line.placed()) == i+1 && w.calls()[0].State == gateway.CallWaiting })
	}
}

// TestDialler_UnavailableInTheMorning: who asked at night is tried as often as those who ask
// when calls begin.
func TestDialler_UnavailableInTheMorning(t *testing.T) {
	t.Parallel()
	w := newWorld(t, callback.Policy{}, callback.Result{Outcome: callback.Unavailable, Reason: "503"})
	w.pass(9 * time.Hour) // 21:00
	w.run()
	w.missed(rina)
	w.pass(callback.DefaultDelay)
	w.wait("waiting", func() bool { return w.dialler.Counts().OutOfHours.Load() == 1 })
	for i, pause := range []time.Duration{11*time.Hour - callback.DefaultDelay, 30 * time.Second, 30 * time.Second} {
		w.pass(pause)
		w.wait("try", func() bool { return len(w.line.placed()) == i+1 && w.calls()[0].State == gateway.CallWaiting })
	}
}

// late sends a late answer to rina.
func (w *world) late() {
	w.Helper()
	say := paid()
	s := callback.Sender{
		Dialler: w.dialler, Life: time.Hour, SMS: noSMS{w.T},
		Way: func(citizen gateway.Address) gateway.Route {
			return gateway.Route{Medium: gateway.SMS, Link: "a", Citizen: citizen}
		},
	}
	var sent error
	err := s.Send(w.Context(), gateway.Route{Citizen: rina}, gateway.SMSOut{Text: "paid", Class: "result", Say: &say}, func(_ string, err error) { sent = err })
	if err != nil || sent != nil {
		w.Fatalf("Send() = %v, %v", err, sent)
	}
}

// noSMS is a link on which nothing is to be sent.
type noSMS struct{ *testing.T }

func (n noSMS) Send(context.Context, gateway.Route, gateway.SMSOut, func(string, error)) error {
	n.Error("sent by SMS")
	return nil
}

func TestDesk_LateAnswer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		result callback.Result
		talk   func(w *world, in gateway.Inbound) // after she has answered
		want   gateway.CallState
		sms    int
	}{
		{"heard and gone on", callback.Result{Outcome: callback.Answered}, func(w *world, in gateway.Inbound) {
			in.Event, in.Text = gateway.Input, "00"
			if r, _ := w.desk.Handle(w.Context(), in); len(r.Parts) != 1 || r.Parts[0].Text != "menu" {
				w.Errorf("after the answer: %+v, want the menu", r)
			}
		}, gateway.CallReached, 0},
		{"heard to its end", callback.Result{Outcome: callback.Answered}, func(w *world, _ gateway.Inbound) { w.pass(7 * time.Second) }, gateway.CallReached, 0},
		{"hung up at once", callback.Result{Outcome: callback.Answered}, func(w *world, _ gateway.Inbound) { w.pass(2 * time.Second) }, gateway.CallReached, 1},
		{"never answered", callback.Result{Outcome: callback.Refused, Reason: "604"}, nil, gateway.CallRefused, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, callback.Policy{}, tt.result)
			w.line.during = func(to gateway.Address) {
				if tt.talk == nil {
					return
				}
				in := gateway.Inbound{Medium: gateway.IVR, Event: gateway.New, From: to, Session: "s1"}
				r, err := w.desk.Handle(w.Context(), in)
				if err != nil || !r.End || len(r.Parts) != 1 || r.Parts[0].Text != "paid" {
					w.Errorf("first words: %+v, %v, want the answer", r, err)
				}
				tt.talk(w, in)
			}
			w.late()
			w.run()
			w.pass(callback.DefaultDelay)
			w.state(tt.want)
			items, err := w.store.List(t.Context(), gateway.Filter{})
			if err != nil || len(items) != tt.sms {
				t.Errorf("%d messages, %v, want %d", len(items), err, tt.sms)
			}
		})
	}
}

func TestDesk_SheCallsHerself(t *testing.T) {
	t.Parallel()
	w := newWorld(t, callback.Policy{}, callback.Result{Outcome: callback.Answered})
	w.late()
	in := gateway.Inbound{Medium: gateway.IVR, Event: gateway.New, From: rina, Session: "s1"}
	if r, _ := w.desk.Handle(t.Context(), in); !r.End {
		t.Fatalf("first words: %+v, want the answer", r)
	}
	in.Event = gateway.Abort // at once: she has not heard it
	_, _ = w.desk.Handle(t.Context(), in)
	if got := w.calls(); got[0].State != gateway.CallWaiting {
		t.Fatalf("calls: %+v, want one that waits", got)
	}
	in.Event, in.Session = gateway.New, "s2"
	_, _ = w.desk.Handle(t.Context(), in)
	in.Event = gateway.Input
	_, _ = w.desk.Handle(t.Context(), in)
	w.run()
	w.pass(time.Minute)
	w.quiet(0)
	if got := w.calls(); got[0].State != gateway.CallNeedless {
		t.Errorf("calls: %+v, want one that is needless", got)
	}
}

// TestDesk_Asked: who asks for a call within a call gets it, whatever the dialogue
// has asked her, in her language.
func TestDesk_Asked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, callback.Policy{}, callback.Result{Outcome: callback.Answered})
	for _, tt := range []struct {
		from  gateway.Address
		want  string
		calls int
	}{{rina, "will-call", 1}, {rina, "will-call", 1}, {"+8801700000000", "no-calls", 1}, {sohel, "will-call", 2}} {
		r, err := w.desk.Handle(t.Context(), gateway.Inbound{Medium: gateway.IVR, Event: gateway.Input, From: tt.from, Session: "s1", Text: gateway.AskCall})
		if err != nil || len(r.Parts) != 1 || r.Parts[0].Text != tt.want || r.Format.Lang != i18n.Bengali {
			t.Errorf("asked for a call: %+v, %v, want %q", r, err, tt.want)
		}
		if got := w.calls(); len(got) != tt.calls || got[0].Reason != gateway.CallAsked {
			t.Errorf("calls: %+v, want %d that were asked for", got, tt.calls)
		}
	}
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := w.desk.Handle(t.Context(), gateway.Inbound{Medium: gateway.IVR, Event: gateway.Input, From: rina, Session: "s1", Text: gateway.AskCall})
	if err != nil || len(r.Parts) != 1 || r.Parts[0].Text != "busy" {
		t.Errorf("without a store she is told %+v, %v", r, err)
	}
}

// TestDesk_AskedWithinOurCall: who asks for a call within one that we placed is
// called once more, and who has sent STOP is promised none.
func TestDesk_AskedWithinOurCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t, callback.Policy{}, callback.Result{Outcome: callback.Answered})
	asks := true
	w.line.during = func(to gateway.Address) {
		if !asks {
			return
		}
		asks = false
		r, err := w.desk.Handle(w.Context(), gateway.Inbound{Medium: gateway.IVR, Event: gateway.Input, From: to, Session: "s1", Text: gateway.AskCall})
		if err != nil || r.Parts[0].Text != "will-call" {
			w.Errorf("asked for a call: %+v, %v", r, err)
		}
	}
	w.run()
	w.missed(rina)
	w.pass(callback.DefaultDelay)
	w.state(gateway.CallWaiting)
	w.quiet(1)
	w.pass(callback.DefaultApart)
	w.state(gateway.CallReached)
	w.quiet(2)
	w.put(gateway.Session{Citizen: sohel, Lang: i18n.Hindi, Stopped: true})
	r, err := w.desk.Handle(t.Context(), gateway.Inbound{Medium: gateway.IVR, Event: gateway.Input, From: sohel, Session: "s2", Text: gateway.AskCall})
	if err != nil || r.Parts[0].Text != "no-calls" || len(w.calls()) != 1 {
		t.Errorf("who has sent STOP asked for a call: %+v, %v", r, err)
	}
}

func TestDesk_Dropped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, callback.Policy{}, callback.Result{Outcome: callback.Answered})
	s := gateway.Session{Citizen: rina, Lang: i18n.Hindi, Dialogue: gateway.Dialogue{Service: "benefit", Step: "card"}, Live: gateway.Live{Session: "s1"}}
	w.put(s)
	hangUp := func(want int) {
		t.Helper()
		_, _ = w.desk.Handle(t.Context(), gateway.Inbound{Medium: gateway.IVR, Event: gateway.Abort, From: rina, Session: "s1"})
		if got := w.calls(); len(got) != want {
			t.Errorf("calls: %+v, want %d", got, want)
		}
	}
	hangUp(0)
	w.desk.Dropped = true
	s.Version, s.Stopped = 1, true
	w.put(s)
	hangUp(0) // who has sent STOP is not called
	s.Version, s.Stopped = 2, false
	w.put(s)
	hangUp(1)
}
