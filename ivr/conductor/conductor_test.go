package conductor_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/i18n"
	"setu/ivr"
	"setu/ivr/conductor"
	"setu/ivr/speech"
	"setu/ivr/voice"
)

// leg plays in the test's own time.
type leg struct {
	hold    bool // nothing is played
	keys    chan byte
	mu      sync.Mutex
	playing *time.Timer
	stops   int
}

func (l *leg) Play(clips []voice.Clip, played func()) {
	var d time.Duration
	for _, c := range clips {
		d += c.Length()
	}
	l.Stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.hold {
		return
	}
	l.playing = time.AfterFunc(d, played)
}

func (l *leg) Stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stops++
	if l.playing != nil {
		l.playing.Stop()
	}
}

func (l *leg) Keys() <-chan byte { return l.keys }

// mouth speaks a second for each sentence.
type mouth struct {
	err    error
	panics bool
}

func (m mouth) Clips(_ context.Context, s []speech.Sentence) ([]voice.Clip, error) {
	if m.panics {
		panic("a text that must not be logged")
	}
	return []voice.Clip{voice.Silence(time.Duration(len(s)) * time.Second)}, m.err
}

// desk answers inputs.
type desk struct {
	mu     sync.Mutex
	got    []gateway.Inbound
	answer func(in gateway.Inbound) (gateway.Reply, error)
}

func (d *desk) Handle(_ context.Context, in gateway.Inbound) (gateway.Reply, error) {
	d.mu.Lock()
	d.got = append(d.got, in)
	d.mu.Unlock()
	return d.answer(in)
}

// events are what the desk was told, such as "new" and "1".
func (d *desk) events() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []string
	for _, in := range d.got {
		switch in.Event {
		case gateway.New:
			list = append(list, "new")
		case gateway.Abort:
			list = append(list, "abort")
		default:
			list = append(list, in.Text.Reveal())
		}
	}
	return strings.Join(list, " ")
}

func question() gateway.Reply {
	return gateway.Reply{
		Format: i18n.Format{Lang: i18n.English}, Expect: "digits", Back: true,
		Parts: []gateway.Part{{Service: "benefit", Text: "card"}},
	}
}

func result() gateway.Reply {
	return gateway.Reply{Format: i18n.Format{Lang: i18n.English}, End: true, Parts: []gateway.Part{{Text: "later"}}}
}

// house is a call and all around it.
type house struct {
	desk  desk
	leg   leg
	said  []string
	stop  chan struct{}
	mouth mouth
	over  chan struct{} // closed when the call has ended
}

// wait lets time pass; false is that the call has ended meanwhile.
func (h *house) wait(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-h.over:
		return false
	}
}

// run conducts a call, while does happens.
func (h *house) run(t *testing.T, does func(hangUp context.CancelCauseFunc)) conductor.End {
	t.Helper()
	words, err := catalogue.Load(catalogue.Limits{gateway.IVR: ivr.Texts()}, catalogue.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	var end conductor.End
	synctest.Test(t, func(t *testing.T) {
		h.leg.keys, h.stop, h.over = make(chan byte, 64), make(chan struct{}), make(chan struct{})
		if h.desk.answer == nil {
			h.desk.answer = func(in gateway.Inbound) (gateway.Reply, error) {
				if in.Text != "" {
					return result(), nil
				}
				return question(), nil
			}
		}
		c := conductor.New(conductor.Config{Handler: &h.desk, Words: words, Voice: h.mouth, Log: slog.New(slog.DiscardHandler), Now: time.Now})
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		go does(cancel)
		end = c.Run(ctx, conductor.Call{
			ID: "call-1", Link: "trunk", From: "+919830000001", To: "1800", Stop: h.stop,
			Said: func(text string) { h.said = append(h.said, text) },
		}, &h.leg)
		close(h.over)
	})
	return end
}

// press presses keys a tenth of a second apart, from a moment on.
func (h *house) press(after time.Duration, keys string) {
	ok := h.wait(after)
	for i := 0; ok && i < len(keys); i++ {
		h.leg.keys <- keys[i]
		ok = h.wait(100 * time.Millisecond)
	}
}

// TestRun_Ends: how calls end, what the dialogue was told and what was heard.
func TestRun_Ends(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		house  *house
		does   func(h *house, hangUp context.CancelCauseFunc)
		want   conductor.End
		events string
		heard  string // somewhere in what was said
	}{
		{
			"service", &house{},
			func(h *house, _ context.CancelCauseFunc) {
				h.press(time.Second, "10000000011")
				h.press(6*time.Second, "9")
			},
			conductor.Completed, "new 1000000001 abort", "Goodbye.",
		},
		{
			"hung up behind the result", &house{},
			func(h *house, hangUp context.CancelCauseFunc) {
				h.press(0, "10000000011")
				h.wait(time.Second)
				hangUp(nil)
			},
			conductor.Completed, "new 1000000001 abort", "The answer is taking time.",
		},
		{
			"hung up in the middle", &house{},
			func(h *house, hangUp context.CancelCauseFunc) { h.press(0, "1000"); hangUp(nil) },
			conductor.HungUp, "new abort", "Press the ten digits",
		},
		{
			"telephone falls silent", &house{},
			func(h *house, hangUp context.CancelCauseFunc) { h.wait(time.Second); hangUp(conductor.ErrLost) },
			conductor.Lost, "new abort", "",
		},
		{"left alone", &house{}, func(*house, context.CancelCauseFunc) {}, conductor.GaveUp, "new abort", "You can call again later"},
		{
			"presses nonsense for ever", &house{},
			func(h *house, _ context.CancelCauseFunc) {
				for range 3000 {
					h.press(time.Second, "1*")
				}
			},
			conductor.TooLong, "new abort", "This call has become long",
		},
		{
			"gateway stops", &house{},
			func(h *house, _ context.CancelCauseFunc) { h.wait(time.Second); close(h.stop) },
			conductor.Stopped, "new abort", "We have to stop",
		},
		{"no voice", &house{mouth: mouth{err: voice.ErrEngine}}, func(*house, context.CancelCauseFunc) {}, conductor.Unspoken, "new abort", ""},
		{"panic while speaking", &house{mouth: mouth{panics: true}}, func(*house, context.CancelCauseFunc) {}, conductor.Fault, "new abort", ""},
		{
			"panic in a turn", &house{desk: desk{answer: func(in gateway.Inbound) (gateway.Reply, error) {
				if in.Event == gateway.Abort {
					return gateway.Reply{}, nil
				}
				panic("a number that must not be logged")
			}}},
			func(*house, context.CancelCauseFunc) {},
			conductor.Fault, "new abort", "",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := tt.house
			end := h.run(t, func(hangUp context.CancelCauseFunc) { tt.does(h, hangUp) })
			if end != tt.want || h.desk.events() != tt.events || !strings.Contains(strings.Join(h.said, "\n"), tt.heard) {
				t.Errorf("ended %s, want %s; told %q, want %q; said:\n%s\nwant %q", end, tt.want, h.desk.events(), tt.events, strings.Join(h.said, "\n"), tt.heard)
			}
		})
	}
}

// TestRun_PleaseWait: a slow turn is covered by a word, keys that she presses
// meanwhile choose nothing, and the answer is said behind the word.
func TestRun_PleaseWait(t *testing.T) {
	t.Parallel()
	h := &house{}
	h.desk.answer = func(in gateway.Inbound) (gateway.Reply, error) {
		if in.Text != "" {
			h.wait(4 * time.Second)
			return result(), nil
		}
		return question(), nil
	}
	end := h.run(t, func(hangUp context.CancelCauseFunc) {
		h.press(0, "10000000011")
		h.press(2*time.Second, "999")
		h.wait(10 * time.Second)
		hangUp(nil)
	})
	wait := slices.Index(h.said, "Please wait a moment.")
	if end != conductor.Completed || wait < 0 || wait == len(h.said)-1 || !strings.HasPrefix(h.said[wait+1], "The answer is taking time.") {
		t.Errorf("ended %s:\n%s", end, strings.Join(h.said, "\n"))
	}
}

// TestRun_TypedAhead: keys that come while a turn takes its usual moment are those
// of the next question.
func TestRun_TypedAhead(t *testing.T) {
	t.Parallel()
	h := &house{}
	h.desk.answer = func(gateway.Inbound) (gateway.Reply, error) {
		h.wait(300 * time.Millisecond)
		return question(), nil
	}
	h.run(t, func(hangUp context.CancelCauseFunc) {
		h.press(0, "1000000001110000000021")
		h.wait(time.Second)
		hangUp(nil)
	})
	if got, want := h.desk.events(), "new 1000000001 1000000002 abort"; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
}

// TestRun_Barge: a key stops a question, and a result is heard to its end.
func TestRun_Barge(t *testing.T) {
	t.Parallel()
	h := &house{desk: desk{answer: func(gateway.Inbound) (gateway.Reply, error) { return result(), nil }}}
	end := h.run(t, func(hangUp context.CancelCauseFunc) {
		h.press(100*time.Millisecond, "9") // dropped
		h.wait(9 * time.Second)
		hangUp(nil)
	})
	if end != conductor.Completed || strings.Contains(strings.Join(h.said, "\n"), "Goodbye") {
		t.Errorf("a key cut a result short: %s\n%s", end, strings.Join(h.said, "\n"))
	}
}

// TestRun_Hold: a call that is on hold for ever, and hears nothing, ends.
func TestRun_Hold(t *testing.T) {
	t.Parallel()
	h := &house{leg: leg{hold: true}}
	if end := h.run(t, func(context.CancelCauseFunc) {}); end != conductor.TooLong {
		t.Errorf("ended %s, want %s", end, conductor.TooLong)
	}
}

// TestRun_LastWords: words that have begun when the longest time is over are said to their
// end.
func TestRun_LastWords(t *testing.T) {
	t.Parallel()
	h := &house{}
	var took time.Duration
	end := h.run(t, func(context.CancelCauseFunc) {
		began := time.Now()
		for time.Since(began) < conductor.DefaultMaxLength-2*time.Second {
			h.press(time.Second, "1*")
		}
		h.wait(conductor.DefaultMaxLength - time.Since(began) - time.Second/2)
		close(h.stop)
		<-h.over
		took = time.Since(began)
	})
	if end != conductor.Stopped || took < conductor.DefaultMaxLength+time.Second/4 {
		t.Errorf("ended %s after %v, want %s behind its words", end, took, conductor.Stopped)
	}
}

// TestAnonymous: the three languages say that a number is needed.
func TestAnonymous(t *testing.T) {
	t.Parallel()
	words, err := catalogue.Load(catalogue.Limits{gateway.IVR: ivr.Texts()}, catalogue.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		var l leg
		c := conductor.New(conductor.Config{Words: words, Voice: mouth{}, Log: slog.New(slog.DiscardHandler), Now: time.Now})
		began := time.Now()
		if end := c.Anonymous(t.Context(), conductor.Call{}, &l); end != conductor.NoNumber {
			t.Errorf("ended %s", end)
		}
		if took := time.Since(began); took < 3*time.Second {
			t.Errorf("said in %v, and it is three languages of two sentences", took)
		}
		l.hold = true
		if end := c.Anonymous(t.Context(), conductor.Call{}, &l); end != conductor.NoNumber {
			t.Errorf("on hold ended %s", end)
		}
		c.Voice = mouth{err: errors.New("no voice")}
		if end := c.Anonymous(t.Context(), conductor.Call{}, &l); end != conductor.Unspoken {
			t.Errorf("without a voice ended %s", end)
		}
	})
}

// TestBoard: what is under way, what has ended how, and no more than so many.
func TestBoard(t *testing.T) {
	t.Parallel()
	var b conductor.Board
	now := time.Now()
	for range 300 {
		id := b.Begin("trunk", false, now)
		b.Answered(id, now)
		b.End(id, conductor.Completed, now)
		b.End(id, conductor.Fault, now)
	}
	under := b.Begin("trunk", true, now)
	b.Refused("trunk", "busy")
	lines := b.Lines()
	if len(lines) != 201 || lines[0].ID != under || lines[1].ID != 300 || lines[1].End != conductor.Completed || b.Live() != 1 {
		t.Errorf("%d lines, first %+v, %d under way", len(lines), lines[:2], b.Live())
	}
	if ends := b.Ends(); ends[conductor.Ending{Link: "trunk", End: conductor.Completed}] != 300 || ends[conductor.Ending{Link: "trunk", End: "busy"}] != 1 || len(ends) != 2 {
		t.Errorf("ends %v", ends)
	}
}
