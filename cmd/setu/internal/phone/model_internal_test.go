package phone

import (
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
	"github.com/google/go-cmp/cmp"

	"setu/channels/smpp"
	"setu/channels/sms"
)

var update = flag.Bool("update", false, "rewrite the golden screens")

// noon is when all messages of these tests are written.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// script drives a model as a terminal would.
type script struct {
	t    *testing.T
	m    *model
	sent []string
	fail error
}

// Send notes the message.
func (s *script) Send(_ int, number, text string) error {
	s.sent = append(s.sent, number+": "+text)
	return s.fail
}

func newScript(t *testing.T, width, height int) *script {
	t.Helper()
	cfg, err := Config{Now: func() time.Time { return noon }}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	s := &script{t: t}
	s.m = newModel(cfg, lipgloss.NewRenderer(io.Discard), s)
	s.m.Init()
	s.do(tea.WindowSizeMsg{Width: width, Height: height})
	return s
}

// do hands an event over and runs the command that follows from it.
func (s *script) do(msg tea.Msg) tea.Cmd {
	_, cmd := s.m.Update(msg)
	if cmd == nil {
		return nil
	}
	if next := cmd(); next != nil {
		if _, quit := next.(tea.QuitMsg); quit {
			return cmd
		}
		s.m.Update(next)
	}
	return nil
}

func (s *script) press(keys ...tea.KeyType) (quit bool) {
	for _, k := range keys {
		quit = s.do(tea.KeyMsg{Type: k}) != nil
	}
	return quit
}

func (s *script) write(text string) { s.do(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(text)}) }

func (s *script) say(text string) {
	s.write(text)
	s.press(tea.KeyEnter)
	s.do(messageSettled{id: s.m.lastID})
}

func (s *script) answer(text string) {
	coding, segments, _ := sms.Count(text)
	s.do(messageReceived{number: s.m.number, text: text, coding: coding, segments: segments, at: noon})
}

// golden compares the screen with its file.
func (s *script) golden(name string) {
	s.t.Helper()
	lines := strings.Split(s.m.View(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	got := strings.Join(lines, "\n") + "\n"
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			s.t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatalf("%v (-update writes it)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		s.t.Errorf("screen %s (-want +got):\n%s", name, diff)
	}
}

func TestScreens(t *testing.T) {
	t.Parallel()
	long := "১. ভাতা ২. ফসল ৩. জমি ৪. শংসাপত্র ৫. পরীক্ষার ফল ৬. স্বাস্থ্য ৭. সরকারি সাইট ৮. অভিযোগ ৯. আরও"
	for _, tt := range []struct {
		name          string
		width, height int
		do            func(s *script)
	}{
		{"empty", 72, 20, func(*script) {}},
		{"conversation", 72, 24, func(s *script) {
			s.do(linkChanged{up: true})
			s.say("ভাতা ১০০০০০০০০১")
			s.answer("লক্ষ্মীর ভাণ্ডার: 1,500 টাকা, 2 নভেম্বর 2026।\nরসিদ 1234-5678-9012")
			s.say("BHATA RECEIVED 1000000001")
			s.write("HE")
		}},
		{"narrow", 32, 24, func(s *script) {
			s.do(linkChanged{up: true})
			s.say("মেনু")
			s.answer(long)
		}},
		{"long-input", 60, 12, func(s *script) {
			s.do(linkChanged{up: true})
			s.write("This message – with a dash – goes on and on until it does not fit in the line any more")
		}},
		{"down", 72, 12, func(s *script) {
			s.do(linkChanged{err: errors.New("connection refused"), retry: 1500 * time.Millisecond})
			s.fail = smpp.ErrNotBound
			s.write("HELP")
			s.press(tea.KeyEnter)
		}},
		{"help", 72, 24, func(s *script) { s.press(tea.KeyF1) }},
		{"number", 72, 12, func(s *script) {
			s.write("half a mess")
			s.press(tea.KeyCtrlN)
		}},
		{"too-small", 20, 5, func(*script) {}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, tt.width, tt.height)
			s.t = t
			tt.do(s)
			s.golden(tt.name)
			view := strings.Split(s.m.View(), "\n")
			if tt.width >= minWidth && len(view) != tt.height {
				t.Errorf("the screen has %d lines, want %d", len(view), tt.height)
			}
			for i, line := range view {
				if columns(line) > tt.width && tt.width >= minWidth {
					t.Errorf("line %d is %d columns wide, more than %d: %q", i, columns(line), tt.width, line)
				}
			}
		})
	}
}

func TestModel_Keys(t *testing.T) {
	t.Parallel()
	s := newScript(t, 60, 14)
	s.say("ONE")
	s.say("TWO")
	s.write("draft")
	s.press(tea.KeyUp)
	if got := s.m.input.value(); got != "TWO" {
		t.Errorf("Up shows %q, want TWO", got)
	}
	s.press(tea.KeyUp, tea.KeyUp)
	if got := s.m.input.value(); got != "ONE" {
		t.Errorf("Up at the oldest shows %q, want ONE", got)
	}
	s.press(tea.KeyDown, tea.KeyDown, tea.KeyDown)
	if got := s.m.input.value(); got != "draft" {
		t.Errorf("Down to the end shows %q, want the draft", got)
	}
	s.press(tea.KeyCtrlN)
	s.press(tea.KeyEsc)
	if got := s.m.input.value(); got != "draft" || s.m.number != "+919830000001" {
		t.Errorf("Ctrl-N and Esc leave %q and %s", got, s.m.number)
	}
	s.press(tea.KeyCtrlN, tea.KeyEnter)
	if s.m.number != "+919830000002" || s.m.input.value() != "draft" {
		t.Errorf("Ctrl-N and Enter give %s and %q, want the next number and the draft", s.m.number, s.m.input.value())
	}
	s.press(tea.KeyCtrlN, tea.KeyCtrlU)
	s.write("12")
	s.press(tea.KeyEnter)
	if s.m.number != "+919830000002" || s.m.notice == "" {
		t.Errorf("12 was taken for a number: %s", s.m.number)
	}
	s.press(tea.KeyEsc, tea.KeyCtrlU)
	s.say("THREE")
	if diff := cmp.Diff([]string{"+919830000001: ONE", "+919830000001: TWO", "+919830000002: THREE"}, s.sent); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	s.do(messageReceived{number: "+919830000001", text: "late", segments: 1, at: noon})
	if !strings.Contains(s.m.View(), "a message came to +919830000001") {
		t.Error("a message to an earlier number is not announced")
	}
	s.press(tea.KeyCtrlL)
	if len(s.m.conversations[s.m.number]) != 0 || len(s.m.conversations["+919830000001"]) != 3 {
		t.Error("Ctrl-L clears this conversation, and no other")
	}
	s.press(tea.KeyF1)
	if s.press(tea.KeyEsc) {
		t.Error("Esc leaves the handset while the help is open")
	}
	if !s.press(tea.KeyEsc) || !s.press(tea.KeyCtrlC) {
		t.Error("Esc and Ctrl-C do not leave the handset")
	}
}

func TestModel_Scroll(t *testing.T) {
	t.Parallel()
	s := newScript(t, 40, 12)
	for range 12 {
		s.say("HELP")
	}
	bottom := s.m.scroll.top
	s.press(tea.KeyPgUp)
	up := s.m.scroll.top
	s.press(tea.KeyShiftDown)
	if up >= bottom || s.m.scroll.top != up+1 {
		t.Errorf("offsets: bottom %d, PgUp %d, Shift-Down %d", bottom, up, s.m.scroll.top)
	}
	s.answer("Something new")
	if s.m.scroll.top != up+1 {
		t.Error("an answer moves the screen away from what is being read")
	}
	s.say("HELP")
	if !strings.Contains(s.m.View(), "✓") || s.m.scroll.top <= bottom {
		t.Error("what was just sent is out of sight")
	}
	s.press(tea.KeyF1, tea.KeyPgDown)
	if s.m.scroll.top == 0 {
		t.Error("the help cannot be scrolled")
	}
	s.press(tea.KeyEsc)
	if s.m.scroll.top <= bottom {
		t.Error("leaving the help does not go back to the latest message")
	}
}

func TestModel_Ticks(t *testing.T) {
	t.Parallel()
	s := newScript(t, 60, 14)
	s.write("HELP")
	s.press(tea.KeyEnter)
	last := func() tick { return s.m.conversations[s.m.number][0].tick }
	if last() != sending {
		t.Errorf("tick = %v before the gateway has it", last())
	}
	s.do(messageSettled{id: 1})
	if last() != accepted {
		t.Errorf("tick = %v, want accepted", last())
	}
	s.answer("Hello")
	if last() != answered {
		t.Errorf("tick = %v, want answered", last())
	}
	s.do(messageSettled{id: 1}) // an answer may overtake the acknowledgement
	if last() != answered {
		t.Errorf("tick = %v after a late acknowledgement, want answered", last())
	}
}

func TestEditor(t *testing.T) {
	t.Parallel()
	keys := func(types ...tea.KeyType) (all []tea.KeyMsg) {
		for _, k := range types {
			all = append(all, tea.KeyMsg{Type: k})
		}
		return all
	}
	for _, tt := range []struct {
		name, text    string
		keys          []tea.KeyMsg
		before, after string
	}{
		{"a letter keeps its vowel sign", "ভাতা", keys(tea.KeyLeft), "ভা", "তা"},
		{"backspace takes one sign", "ভাতা", keys(tea.KeyBackspace), "ভাত", ""},
		{"delete takes a whole letter", "ভাতা", keys(tea.KeyHome, tea.KeyDelete), "", "তা"},
		{"right and end", "abc", keys(tea.KeyHome, tea.KeyRight), "a", "bc"},
		{"word", "BHATA 100 ", keys(tea.KeyCtrlW), "BHATA ", ""},
		{"ends", "abc", keys(tea.KeyLeft, tea.KeyCtrlU), "", "c"},
		{"kill", "abc", keys(tea.KeyLeft, tea.KeyCtrlK), "ab", ""},
		{"nothing to take", "", keys(tea.KeyBackspace, tea.KeyDelete, tea.KeyLeft, tea.KeyRight, tea.KeyCtrlW), "", ""},
		{"pasted lines", "a\nb\x1b[31m\tc", nil, "a b[31m c", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var e editor
			e.insert(tt.text)
			for _, k := range tt.keys {
				e.key(k)
			}
			if e.before != tt.before || e.after != tt.after {
				t.Errorf("line is %q|%q, want %q|%q", e.before, e.after, tt.before, tt.after)
			}
		})
	}
}
