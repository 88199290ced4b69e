package turn_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"setu/gateway"
	"setu/gateway/packed"
	"setu/gateway/sqlite"
	"setu/gateway/turn"
	"setu/i18n"
)

// dialled is an input of a live session.
func dialled(session, key, text string) gateway.Inbound {
	return gateway.Inbound{
		Key: key, Session: session, Link: "gw", Medium: gateway.USSD, From: citizen, To: "51969", Text: gateway.Private(text), At: at,
	}
}

// back is the way by SMS to everybody.
func back(in gateway.Inbound) gateway.Route {
	return gateway.Route{Medium: gateway.SMS, Link: "op", Citizen: in.From, Code: "51969"}
}

func live(h *house, c *turn.Config, _ *sqlite.Options) { c.Back = back }

// shown is the text of the screen that an input gets.
func (h *house) shown(in gateway.Inbound) (string, error) {
	h.t.Helper()
	r, err := h.taker.Handle(h.t.Context(), in)
	if r.Empty() {
		h.t.Fatalf("no screen, %v", err)
	}
	return h.dialogue.Render(r, in.Medium), err
}

func TestTaker_Handle(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h := open(t, dir, live)
	for i, want := range []string{"a 1", "b 2"} {
		got, err := h.shown(dialled("s", fmt.Sprint("s/", i), want[:1]))
		if err != nil || got != want {
			t.Fatalf("screen = %q, %v; want %q", got, err, want)
		}
	}
	s, err := h.store.Session(t.Context(), citizen)
	if err != nil || s.Version != 2 || s.Live.Shown != packed.Of(said("b 2")) {
		t.Fatalf("stored session %+v, %v; want the screen that was shown in it", s.Live, err)
	}
	if left, err := h.store.Accepted(t.Context(), 0, 10); err != nil || len(left) != 0 {
		t.Errorf("Accepted = %v, %v; want no row of the inbox", left, err)
	}
	h.close()
	second := open(t, dir, live)
	if got, err := second.shown(dialled("s", "s/2", "c")); err != nil || got != "c 3" {
		t.Errorf("after a restart: %q, %v; want c 3", got, err)
	}
}

// TestTaker_HandleAgain: the same input once more changes nothing, also when it
// comes while the first is under way.
func TestTaker_HandleAgain(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), live)
	h.dialogue.retries = true
	var screens sync.Map
	var calls sync.WaitGroup
	for i := range 8 {
		calls.Go(func() {
			got, err := h.shown(dialled("s", "s/1", "submit"))
			if err != nil {
				t.Errorf("call %d: %v", i, err)
			}
			screens.Store(got, true)
		})
	}
	calls.Wait()
	n := 0
	screens.Range(func(any, any) bool { n++; return true })
	if n != 1 || len(h.signer.envelopes) != 1 {
		t.Errorf("%d different screens, %d transactions; want one of each", n, len(h.signer.envelopes))
	}
}

func TestTaker_HandleEvents(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), live)
	for _, event := range []gateway.Event{gateway.Abort, gateway.Timeout} {
		in := dialled("s", "", "")
		in.Event = event
		if r, err := h.taker.Handle(t.Context(), in); err != nil || !r.Empty() {
			t.Errorf("event %d: %v, %v; want nothing said", event, r, err)
		}
	}
	if s, err := h.store.Session(t.Context(), citizen); err != nil || s.Version != 0 {
		t.Errorf("session has version %d, %v; want nothing written", s.Version, err)
	}
}

// TestTaker_HandleOutcome: a transaction that is recorded in time is told on the
// screen, another is said to be received.
func TestTaker_HandleOutcome(t *testing.T) {
	t.Parallel()
	recorded := said("recorded")
	recorded.End = true
	for _, tt := range []struct {
		name   string
		change func(*house, *turn.Config)
		settle bool
		want   string
		notice bool // the SMS that it is received
	}{
		{"in time", func(*house, *turn.Config) {}, true, "recorded", true},
		{"late", func(_ *house, c *turn.Config) {
			c.LivePatience = map[gateway.Medium]time.Duration{gateway.USSD: 20 * time.Millisecond}
		}, false, "received", true},
		{"ledger down", func(h *house, _ *turn.Config) { h.ledger.down = true }, false, "received", true},
		{"stopped", func(h *house, c *turn.Config) {
			c.LivePatience = map[gateway.Medium]time.Duration{gateway.USSD: 20 * time.Millisecond}
			h.dialogue.stopped = true
		}, false, turn.NoticeQuiet, false},
		{"no way back", func(h *house, c *turn.Config) { c.Back, h.ledger.down = nil, true }, false, turn.NoticeQuiet, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := open(t, t.TempDir(), func(h *house, c *turn.Config, o *sqlite.Options) { live(h, c, o); tt.change(h, c) })
			if tt.settle {
				h.tray.dispatched = func(items []gateway.Item) {
					for _, it := range items {
						if it.Kind == gateway.Transaction {
							go h.taker.Settled(it.Tx.Receipt, recorded)
						}
					}
				}
			}
			got, err := h.shown(dialled("s", "s/1", "submit"))
			if err != nil {
				t.Fatal(err)
			}
			items := h.items(1)
			receipt := items[0].Tx.Receipt
			if !tt.settle {
				tt.want += " " + string(receipt)
			}
			if got != tt.want {
				t.Errorf("screen = %q, want %q", got, tt.want)
			}
			if items[0].Ask.Silent == tt.notice || (len(items) == 2) != tt.notice {
				t.Errorf("%d items, silent %v; want the notice %v", len(items), items[0].Ask.Silent, tt.notice)
			}
			if to := items[0].To; tt.notice && (to.Medium != gateway.SMS || to.Link != "op") {
				t.Errorf("answers go to %v by %q, want the way back by SMS", to.Link, to.Medium)
			}
			s, err := h.store.Session(t.Context(), citizen)
			if shown, ok := packed.Reply(s.Live.Shown); err != nil || !ok || h.dialogue.Render(shown, gateway.USSD) != got {
				t.Errorf("stored screen = %+v, %v; want the one that was shown", shown, err)
			}
			if (s.Pending == "") != tt.settle {
				t.Errorf("pending = %q", s.Pending)
			}
			if n := h.taker.Waiting(); n != 0 {
				t.Errorf("%d turns still wait for an outcome", n)
			}
			h.taker.Settled(receipt, recorded) // nobody waits any more
		})
	}
}

// TestTaker_HandleLate: a question that the ledger answers too late is kept, if
// its answer can be sent.
func TestTaker_HandleLate(t *testing.T) {
	t.Parallel()
	slow := func(h *house, c *turn.Config, o *sqlite.Options) {
		live(h, c, o)
		h.ledger.let = make(chan struct{})
		c.LivePatience = map[gateway.Medium]time.Duration{gateway.USSD: 20 * time.Millisecond}
	}
	h := open(t, t.TempDir(), slow)
	if got, err := h.shown(dialled("s", "s/1", "query")); err != nil || got != "notice later" {
		t.Errorf("screen = %q, %v; want notice later", got, err)
	}
	if items := h.items(1); items[0].Kind != gateway.Question || items[0].To.Link != "op" || len(items) != 1 {
		t.Errorf("items = %+v, want the question, to be answered by SMS", items)
	}
	for _, tt := range []struct {
		name, ask string
		stopped   bool
	}{{"of a stopped citizen", "query", true}, {"of an answer for the screen only", "query silently", false}} {
		h := open(t, t.TempDir(), slow)
		h.dialogue.stopped = tt.stopped
		if got, err := h.shown(dialled("s", "s/1", tt.ask)); err != nil || got != "notice late-expired" {
			t.Errorf("screen %s = %q, %v", tt.name, got, err)
		}
		if items := h.items(0); len(items) != 0 {
			t.Errorf("items %s = %v; want nothing sent", tt.name, items)
		}
	}
}

// TestTaker_HandleLateStopped: who has written STOP is sent no SMS, and finds in
// her app what it asked.
func TestTaker_HandleLateStopped(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), func(h *house, c *turn.Config, _ *sqlite.Options) {
		h.dialogue.stopped, h.ledger.let = true, make(chan struct{})
		c.LivePatience = map[gateway.Medium]time.Duration{gateway.App: 20 * time.Millisecond}
		c.Back = func(in gateway.Inbound) gateway.Route {
			return gateway.Route{Medium: in.Medium, Link: "app", Citizen: in.From}
		}
	})
	in := dialled("s", "s/1", "query")
	in.Medium = gateway.App
	if got, err := h.shown(in); err != nil || got != "notice later" {
		t.Errorf("shown %q, %v; want notice later", got, err)
	}
	if items := h.items(1); items[0].Kind != gateway.Question || items[0].To.Medium != gateway.App {
		t.Errorf("items = %+v, want the question, to be answered in the app", items)
	}
}

// TestTaker_HandleCopy: an answer is sent by SMS too if it takes several screens
// or is shorter on them.
func TestTaker_HandleCopy(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		screens int
		short   bool
		stopped bool
		ask     string
		want    int
	}{
		{"one screen", 1, false, false, "query", 0},
		{"two screens", 2, false, false, "query", 1},
		{"shorter on the screen", 1, true, false, "query", 1},
		{"stopped", 2, false, true, "query", 0},
		{"for the screen only", 2, true, false, "query silently", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := open(t, t.TempDir(), func(h *house, c *turn.Config, o *sqlite.Options) {
				live(h, c, o)
				c.Screens = func(gateway.Reply, gateway.Medium, string) int { return tt.screens }
			})
			h.dialogue.short, h.dialogue.stopped = tt.short, tt.stopped
			if _, err := h.shown(dialled("s", "s/1", tt.ask)); err != nil {
				t.Fatal(err)
			}
			items, err := h.store.List(t.Context(), gateway.Filter{})
			if err != nil || len(items) != tt.want {
				t.Fatalf("%d messages, %v; want %d", len(items), err, tt.want)
			}
			if tt.want == 1 && items[0].SMS.Text.Reveal() != "answer found" {
				t.Errorf("copy = %q, want the whole answer", items[0].SMS.Text.Reveal())
			}
		})
	}
}

func TestTaker_HandlePIN(t *testing.T) {
	t.Parallel()
	var logged strings.Builder
	h := open(t, t.TempDir(), func(h *house, c *turn.Config, o *sqlite.Options) {
		live(h, c, o)
		c.Log = slog.New(slog.NewTextHandler(&logged, nil))
	})
	if got, err := h.shown(dialled("s", "s/1", "pin 4817")); err != nil || got != "proven p-setu/pin" {
		t.Errorf("screen = %q, %v; want the digest handed back", got, err)
	}
	if strings.Contains(logged.String(), "4817") {
		t.Errorf("the PIN is in the log: %s", logged.String())
	}
}

// TestTaker_BusyInHerLanguage: who cannot be served is told so in the language and
// the letters that she reads, in memory or not.
func TestTaker_BusyInHerLanguage(t *testing.T) {
	t.Parallel()
	hers := i18n.Format{Lang: i18n.Hindi, Native: true, Latin: true}
	for _, tt := range []struct {
		name, text string
		full       bool
		message    bool
	}{
		{"a screen that is not kept", "one", true, false},
		{"a screen after a panic", "panic", false, false},
		{"a message after a panic", "panic", false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := open(t, t.TempDir(), func(h *house, c *turn.Config, o *sqlite.Options) {
				live(h, c, o)
				h.disk = &smallDisk{}
			})
			h.keep(gateway.Session{Citizen: citizen, Lang: hers.Lang, Native: hers.Native, Latin: hers.Latin})
			h.disk.full.Store(tt.full)
			if tt.message {
				if err := h.say(inbound(tt.text)); err != nil {
					t.Fatal(err)
				}
			} else if got, err := h.shown(dialled("s", "s/1", tt.text)); err == nil || got != "notice busy" {
				t.Errorf("screen = %q, %v; want busy and an error", got, err)
			}
			if h.dialogue.noticed != hers {
				t.Errorf("told in %+v, want %+v", h.dialogue.noticed, hers)
			}
		})
	}
}

// TestTaker_HandleFaults: whatever goes wrong, there is a screen, and the next
// input is served.
func TestTaker_HandleFaults(t *testing.T) {
	t.Parallel()
	t.Run("panic", func(t *testing.T) {
		t.Parallel()
		var logged strings.Builder
		h := open(t, t.TempDir(), func(h *house, c *turn.Config, o *sqlite.Options) {
			live(h, c, o)
			c.Log = slog.New(slog.NewTextHandler(&logged, nil))
		})
		if got, err := h.shown(dialled("s", "s/1", "panic")); err == nil || got != "notice busy" {
			t.Errorf("screen = %q, %v; want busy and an error", got, err)
		}
		if log := logged.String(); !strings.Contains(log, "turn panicked") || strings.Contains(log, "fault in a service") {
			t.Errorf("logged %s; want that it panicked, not the words", log)
		}
		if got, err := h.shown(dialled("s", "s/2", "next")); err != nil || got != "next 1" {
			t.Errorf("after it: %q, %v", got, err)
		}
	})
	t.Run("disk full", func(t *testing.T) {
		t.Parallel()
		h := open(t, t.TempDir(), func(h *house, c *turn.Config, o *sqlite.Options) { live(h, c, o); o.Reserve = 1 << 62 })
		if got, err := h.shown(dialled("s", "s/1", "one")); !errors.Is(err, gateway.ErrFull) || got != "notice busy" {
			t.Errorf("screen = %q, %v; want busy and ErrFull", got, err)
		}
	})
	t.Run("session moved on", func(t *testing.T) {
		t.Parallel()
		h := open(t, t.TempDir(), live)
		if _, err := h.shown(dialled("s", "s/1", "one")); err != nil {
			t.Fatal(err)
		}
		s, err := h.store.Session(t.Context(), citizen)
		if err != nil {
			t.Fatal(err)
		}
		s.Dialogue.Page = 41
		done := make(chan error, 1)
		h.store.Commit(gateway.Commit{Session: &s}, func(_ gateway.Committed, err error) { done <- err })
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if got, err := h.shown(dialled("s", "s/2", "two")); err != nil || got != "two 42" {
			t.Errorf("screen = %q, %v; want the turn taken again on the later session", got, err)
		}
	})
	t.Run("caller gone", func(t *testing.T) {
		t.Parallel()
		h := open(t, t.TempDir(), func(h *house, c *turn.Config, o *sqlite.Options) {
			live(h, c, o)
			h.ledger.let = make(chan struct{})
		})
		first := make(chan error, 1)
		go func() {
			_, err := h.taker.Handle(context.WithoutCancel(t.Context()), dialled("s", "s/1", "query"))
			first <- err
		}()
		h.asked(1)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if r, err := h.taker.Handle(ctx, dialled("s", "s/2", "second")); !errors.Is(err, context.Canceled) || r.Empty() {
			t.Errorf("screen for a caller who has gone: %v, %v", r, err)
		}
		close(h.ledger.let)
		if err := <-first; err != nil {
			t.Fatal(err)
		}
		if got, err := h.shown(dialled("s", "s/3", "third")); err != nil || got != "third 3" {
			t.Errorf("screen = %q, %v; want the input before it taken", got, err)
		}
	})
	t.Run("too many", func(t *testing.T) {
		t.Parallel()
		h := open(t, t.TempDir(), func(h *house, c *turn.Config, o *sqlite.Options) {
			live(h, c, o)
			h.ledger.let = make(chan struct{})
		})
		var calls sync.WaitGroup
		var mu sync.Mutex
		busy := 0
		calls.Go(func() { _, _ = h.taker.Handle(t.Context(), dialled("s", "s/1", "query")) })
		h.asked(1)
		for i := range 20 {
			calls.Go(func() {
				if _, err := h.taker.Handle(t.Context(), dialled("s", fmt.Sprint("m", i), "more")); errors.Is(err, turn.ErrBusy) {
					mu.Lock()
					defer mu.Unlock()
					if busy++; busy == 4 {
						close(h.ledger.let)
					}
				}
			})
		}
		calls.Wait()
		if busy != 4 {
			t.Errorf("%d of 21 turned away, want 4: one in hand, 16 behind it", busy)
		}
	})
}

// TestTaker_LiveAndMessagesShareALane: a message that comes during a live turn
// waits for it, is acknowledged at once, and has its own turn.
func TestTaker_LiveAndMessagesShareALane(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), func(h *house, c *turn.Config, o *sqlite.Options) {
		live(h, c, o)
		h.ledger.let = make(chan struct{})
	})
	first := make(chan error, 1)
	go func() {
		_, err := h.taker.Handle(context.WithoutCancel(t.Context()), dialled("s", "s/1", "query"))
		first <- err
	}()
	h.asked(1)
	if err := h.say(inbound("message")); err != nil {
		t.Fatal(err)
	}
	close(h.ledger.let)
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	if got := h.items(1)[0].SMS.Text.Reveal(); got != "message 2" {
		t.Errorf("answer to the message = %q, want message 2", got)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	h.taker.Close(ctx)
	if left, err := h.store.Accepted(t.Context(), 0, 10); err != nil || len(left) != 0 {
		t.Errorf("Accepted = %v, %v; want none left", left, err)
	}
}

// TestTaker_LiveKeys: two inputs that nothing tells apart but their time make
// two transactions, each with an idempotency key of its own.
func TestTaker_LiveKeys(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), func(h *house, c *turn.Config, o *sqlite.Options) { live(h, c, o); h.ledger.down = true })
	for range 2 {
		if _, err := h.shown(dialled("", "", "submit")); err != nil {
			t.Fatal(err)
		}
	}
	if e := h.signer.envelopes; len(e) != 2 || e[0].Key == e[1].Key {
		t.Errorf("envelopes %v, want two keys", e)
	}
}

func BenchmarkTaker_Handle(b *testing.B) {
	store, err := sqlite.Open(b.TempDir(), sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	d := &dialogue{}
	taker := turn.New(b.Context(), turn.Config{
		Store: store, Dialogue: d, Ledger: &ledger{}, Signer: &signer{}, Words: d, Outbox: &tray{},
		Log: slog.New(slog.DiscardHandler), Now: time.Now, Back: back,
	})
	defer func() {
		taker.Close(context.Background())
		if err := store.Close(); err != nil {
			b.Error(err)
		}
	}()
	b.ReportAllocs()
	var under sync.WaitGroup
	room := make(chan struct{}, 1000)
	n := 0
	for b.Loop() {
		n++
		in := dialled("s", fmt.Sprint(n), "m")
		in.From = gateway.Address(fmt.Sprintf("+9198%08d", n%10000))
		room <- struct{}{}
		under.Go(func() {
			if _, err := taker.Handle(b.Context(), in); err != nil {
				b.Error(err)
			}
			<-room
		})
	}
	under.Wait()
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "screens/s")
}
