package phone

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
	"github.com/google/go-cmp/cmp"

	"setu/channels/sms"
)

// exchange is a network whose gateway answers what reply says, and takes down
// what it was told.
type exchange struct {
	reply func(keys []string) (Answer, error)

	mu   sync.Mutex
	told []string
}

func (x *exchange) note(s string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.told = append(x.told, s)
}

func (x *exchange) heard() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return append([]string(nil), x.told...)
}

// Dial begins a session.
func (x *exchange) Dial(from, code string) Call {
	x.note("dial " + from + " " + code)
	return &exchangeCall{x: x}
}

type exchangeCall struct {
	x    *exchange
	keys []string
}

// Send notes the input and answers.
func (c *exchangeCall) Send(_ context.Context, input string) (Answer, error) {
	c.x.note("send " + input)
	c.keys = append(c.keys, input)
	return c.x.reply(c.keys)
}

// Abort notes the end.
func (c *exchangeCall) Abort(_ context.Context, timeout bool) error {
	if timeout {
		c.x.note("time-out")
	} else {
		c.x.note("abort")
	}
	return nil
}

var _ Network = (*exchange)(nil)

const (
	menuScreen = "কী জানতে চান?\n1 শেষ টাকা\n2 টাকা পেয়েছি\n0 পিছনে"
	cardScreen = "Write the 10 digits of your card.\n0 Back"
	pinScreen  = "আপনার পিন লিখুন।\n0 পিছনে"
)

// allowances is a service of two questions; 2 asks for a PIN first.
func allowances(keys []string) (Answer, error) {
	switch {
	case keys[len(keys)-1] == "9":
		return Answer{}, errors.New("gateway: status 502")
	case keys[len(keys)-1] == "8":
		return Answer{Text: strings.Repeat("long ", 40)}, nil
	case len(keys) == 1 && keys[0] != "":
		return Answer{Text: "Old Age Pension: Rs 1,000", End: true}, nil
	case len(keys) == 1:
		return Answer{Text: menuScreen}, nil
	case len(keys) == 2 && keys[1] == "2":
		return Answer{Text: pinScreen}, nil
	case len(keys) == 2:
		return Answer{Text: cardScreen}, nil
	}
	return Answer{Text: "Old Age Pension: Rs 1,000 sent on 13 Nov 2026.", End: true}, nil
}

func TestDial_Plain(t *testing.T) {
	t.Parallel()
	const menu = `< কী জানতে চান?
  1 শেষ টাকা
  2 টাকা পেয়েছি
  0 পিছনে
  # 94 of 160 octets, 47 of 80 characters UCS-2
`
	for _, tt := range []struct {
		name  string
		s     Session
		in    string
		want  string
		heard []string
		err   error
	}{
		{
			name: "keys", s: Session{Keys: []string{"1", "1000000001"}},
			want: "> *51969#\n" + menu + `> 1
< Write the 10 digits of your card.
  0 Back
  # 35 of 160 octets, 40 of 182 characters GSM 7-bit
> 1000000001
< Old Age Pension: Rs 1,000 sent on 13 Nov 2026.
  # 41 of 160 octets, 46 of 182 characters GSM 7-bit, the session is over
`,
			heard: []string{"dial +919830000001 51969", "send ", "send 1", "send 1000000001"},
		},
		{
			name: "deep dial", s: Session{Dial: "*51969*1*1000000001#", Keys: []string{}},
			want: `> *51969*1*1000000001#
< Old Age Pension: Rs 1,000
  # 22 of 160 octets, 25 of 182 characters GSM 7-bit, the session is over
`,
			heard: []string{"dial +919830000001 51969", "send 1*1000000001"},
		},
		{
			name: "lines, and a PIN that is not shown", in: "# said before\n> 2\n4711\n",
			want: "> *51969#\n" + menu + `> 2
< আপনার পিন লিখুন।
  0 পিছনে
  # 48 of 160 octets, 24 of 80 characters UCS-2
> ••••
< Old Age Pension: Rs 1,000 sent on 13 Nov 2026.
  # 41 of 160 octets, 46 of 182 characters GSM 7-bit, the session is over
`,
			heard: []string{"dial +919830000001 51969", "send ", "send 2", "send 4711"},
		},
		{
			name: "cancel, drop and another number", in: "@ cancel\n*51969#\n@ drop\n@ number 9830000009\n*51969#\n@ dance\n",
			want: "> *51969#\n" + menu + "! cancelled\n> *51969#\n" + menu + "! the network has ended the session\n" +
				"> *51969#\n" + menu + "! passed over: @ dance\n",
			heard: []string{
				"dial +919830000001 51969", "send ", "abort", "dial +919830000001 51969", "send ", "time-out",
				"dial +919830000009 51969", "send ",
			},
		},
		{
			name: "after the end", s: Session{Keys: []string{"1", "2", "3"}}, err: ErrNoSession,
			heard: []string{"dial +919830000001 51969", "send ", "send 1", "send 2"},
		},
		{
			name: "no screen", s: Session{Keys: []string{"9"}}, want: "> *51969#\n" + menu + "> 9\n! gateway: status 502\n",
			heard: []string{"dial +919830000001 51969", "send ", "send 9"},
		},
		{
			name: "too long", s: Session{Keys: []string{"8"}}, err: ErrOver,
			heard: []string{"dial +919830000001 51969", "send ", "send 8"},
		},
		{
			name: "left alone", s: Session{Timeout: time.Nanosecond, Keys: []string{"1"}}, err: ErrNoSession,
			heard: []string{"dial +919830000001 51969", "send ", "time-out"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			op := &operator{}
			x := &exchange{reply: allowances}
			tt.s.Network = x
			var out strings.Builder
			err := Dial(t.Context(), Config{Addr: op.listen(t), Settle: -1}, tt.s, strings.NewReader(tt.in), &out)
			if tt.err != nil && !errors.Is(err, tt.err) {
				t.Errorf("Dial() = %v, want %v", err, tt.err)
			}
			if tt.want != "" {
				if diff := cmp.Diff(tt.want, out.String()); diff != "" {
					t.Errorf("output (-want +got):\n%s", diff)
				}
			}
			if diff := cmp.Diff(tt.heard, x.heard()); diff != "" {
				t.Errorf("the gateway heard (-want +got):\n%s", diff)
			}
		})
	}
}

// TestDial_SMS shows the SMS that follow, and dials where there are none.
func TestDial_SMS(t *testing.T) {
	t.Parallel()
	op := &operator{}
	addr := op.listen(t)
	x := &exchange{reply: func([]string) (Answer, error) {
		<-op.bound
		op.mu.Lock()
		defer op.mu.Unlock()
		op.deliver(op.session, "919830000001", "Old Age Pension: Rs 1,000", 1)
		return Answer{Text: "Later by SMS.", End: true}, nil
	}}
	var out strings.Builder
	if err := Dial(t.Context(), Config{Addr: addr}, Session{Network: x, Keys: []string{}}, nil, &out); err != nil {
		t.Fatal(err)
	}
	const want = "& Old Age Pension: Rs 1,000\n  # 1 segment GSM 7-bit, 15 paise\n"
	if !strings.Contains(out.String(), "< Later by SMS.") || !strings.HasSuffix(out.String(), want) {
		t.Errorf("printed %q, want %q at the end", out.String(), want)
	}
	x.reply = allowances
	out.Reset()
	err := Dial(t.Context(), Config{Addr: "127.0.0.1:1", Settle: -1}, Session{Network: x, Keys: []string{}}, nil, &out)
	if err != nil || !strings.Contains(out.String(), "! no SMS will be shown") || !strings.Contains(out.String(), "কী জানতে চান?") {
		t.Errorf("Dial() without SMS = %v and %q", err, out.String())
	}
}

func TestDial_Errors(t *testing.T) {
	t.Parallel()
	x := &exchange{reply: allowances}
	for _, tt := range []struct {
		name string
		s    Session
	}{
		{"no network", Session{}},
		{"no code", Session{Network: x, Dial: "51969"}},
		{"letters", Session{Network: x, Dial: "*BHATA#"}},
		{"wide", Session{Network: x, Columns: 80}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := Dial(t.Context(), Config{}, tt.s, nil, io.Discard); !errors.Is(err, ErrConfig) {
				t.Errorf("Dial() = %v, want %v", err, ErrConfig)
			}
		})
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ dialled, own, code, rest string }{
		{"*51969#", "51969", "51969", ""},
		{"*51969*1*1000000001#", "51969", "51969", "1*1000000001"},
		{"*99*1#", "51969", "99", "1"},
		{"*384*123*1#", "384*123", "384*123", "1"},
		{"*519690#", "51969", "519690", ""},
	} {
		if code, rest := split(tt.dialled, tt.own); code != tt.code || rest != tt.rest {
			t.Errorf("split(%q, %q) = %q, %q, want %q, %q", tt.dialled, tt.own, code, rest, tt.code, tt.rest)
		}
	}
}

func TestMeasure(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		a      Answer
		octets int
		fits   bool
		secret bool
	}{
		{"182 septets", Answer{Text: strings.Repeat("a", 182)}, 160, true, false},
		{"183 septets", Answer{Text: strings.Repeat("a", 183)}, 161, false, false},
		{"80 units", Answer{Text: strings.Repeat("ক", 80)}, 160, true, false},
		{"81 units", Answer{Text: strings.Repeat("ক", 81)}, 162, false, false},
		{"two septets each", Answer{Text: "[]"}, 4, true, false},
		{"asks for a PIN", Answer{Text: "Enter your PIN.\n0 Back"}, 20, true, true},
		{"is told to mask", Answer{Text: "Enter it.", Masked: true}, 8, true, true},
		{"names PIN in a menu", Answer{Text: "1 Change PIN\n2 Help"}, 17, true, false},
		{"PIN in a last screen", Answer{Text: "Wrong PIN.", End: true}, 9, true, false},
		{"a word with pin in it", Answer{Text: "Write the PIN-CODE?"}, 17, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := measure(tt.a)
			if d.octets != tt.octets || d.fits() != tt.fits || d.secret != tt.secret {
				t.Errorf("measure(%q) = %d octets, fits %v, secret %v, want %d, %v, %v", tt.a.Text, d.octets, d.fits(), d.secret, tt.octets, tt.fits, tt.secret)
			}
		})
	}
}

// dialScript drives a model as a terminal would, with a clock of its own.
type dialScript struct {
	t   *testing.T
	m   *dialModel
	x   *exchange
	now time.Time
}

func newDialScript(t *testing.T, width, height int) *dialScript {
	t.Helper()
	s := &dialScript{t: t, x: &exchange{reply: allowances}, now: noon}
	cfg, err := Config{Now: func() time.Time { return s.now }}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	session, err := Session{Network: s.x, Dialect: "africastalking"}.withDefaults(cfg.Code)
	if err != nil {
		t.Fatal(err)
	}
	s.m = newDialModel(t.Context(), cfg, session, lipgloss.NewRenderer(io.Discard))
	s.m.tick = func() tea.Cmd { return nil }
	s.run(s.m.Init())
	s.do(tea.WindowSizeMsg{Width: width, Height: height})
	return s
}

// do hands an event over and runs the command that follows from it.
func (s *dialScript) do(msg tea.Msg) (quit bool) {
	_, cmd := s.m.Update(msg)
	return s.run(cmd)
}

func (s *dialScript) run(cmd tea.Cmd) (quit bool) {
	if cmd == nil {
		return false
	}
	switch msg := cmd().(type) {
	case nil:
		return false
	case tea.QuitMsg:
		return true
	case tea.BatchMsg:
		for _, c := range msg {
			quit = s.run(c) || quit
		}
		return quit
	default:
		return s.do(msg)
	}
}

func (s *dialScript) press(keys ...tea.KeyType) (quit bool) {
	for _, k := range keys {
		quit = s.do(tea.KeyMsg{Type: k})
	}
	return quit
}

func (s *dialScript) enter(text string) {
	s.do(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(text)})
	s.press(tea.KeyEnter)
}

func (s *dialScript) pass(d time.Duration) {
	s.now = s.now.Add(d)
	s.do(second{})
}

func (s *dialScript) sms(number, text string) {
	coding, segments, _ := sms.Count(text)
	s.do(messageReceived{number: number, text: text, coding: coding, segments: segments, at: s.now})
}

func TestDialScreens(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name          string
		width, height int
		do            func(s *dialScript)
	}{
		{"ussd-menu", 72, 16, func(s *dialScript) {
			s.do(linkChanged{up: true})
			s.pass(6 * time.Second)
		}},
		{"ussd-pin", 72, 16, func(s *dialScript) {
			s.enter("2")
			s.do(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("4711")})
		}},
		{"ussd-end", 72, 20, func(s *dialScript) {
			s.enter("1")
			s.enter("1000000001")
			s.sms("+919830000001", "Old Age Pension: Rs 1,000 sent on 13 Nov 2026. Next payment 13 Dec 2026.")
			s.sms("+919830000009", "ধন্যবাদ")
			s.press(tea.KeyLeft) // the notice of the SMS goes
		}},
		{"ussd-dropped", 72, 16, func(s *dialScript) { s.pass(120 * time.Second) }},
		{"ussd-failed", 72, 16, func(s *dialScript) { s.enter("9") }},
		{"ussd-over", 40, 24, func(s *dialScript) { s.enter("8") }},
		{"ussd-help", 72, 24, func(s *dialScript) { s.press(tea.KeyF1) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newDialScript(t, tt.width, tt.height)
			tt.do(s)
			view := s.m.View()
			goldenScreen(t, tt.name, view)
			lines := strings.Split(view, "\n")
			if len(lines) != tt.height {
				t.Errorf("the screen has %d lines, want %d", len(lines), tt.height)
			}
			for i, line := range lines {
				if columns(line) > tt.width {
					t.Errorf("line %d is %d columns wide, more than %d: %q", i, columns(line), tt.width, line)
				}
			}
		})
	}
}

// goldenScreen compares a screen with its file.
func goldenScreen(t *testing.T, name, view string) {
	t.Helper()
	lines := strings.Split(view, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	got := strings.Join(lines, "\n") + "\n"
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (-update writes it)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("screen %s (-want +got):\n%s", name, diff)
	}
}

func TestDialModel(t *testing.T) {
	t.Parallel()
	s := newDialScript(t, 72, 20)
	s.press(tea.KeyEnter) // nothing is entered
	s.enter("1")
	s.press(tea.KeyEsc) // Cancel
	if s.m.state != dropped {
		t.Errorf("state after Cancel = %v, want dropped", s.m.state)
	}
	s.do(screenReceived{session: s.m.session - 1, answer: Answer{Text: "late"}})
	if s.m.last.Text == "late" {
		t.Error("an answer to a cancelled session is shown")
	}
	s.enter("1") // no session
	if s.m.notice == "" {
		t.Error("a key without a session is not remarked on")
	}
	s.press(tea.KeyEnter) // dials again
	s.enter("*51969*1*1000000001#")
	if s.m.state != over || s.m.last.Text != "Old Age Pension: Rs 1,000" {
		t.Errorf("a deep dial shows %q", s.m.last.Text)
	}
	s.press(tea.KeyCtrlR, tea.KeyCtrlN, tea.KeyEnter)
	s.enter("*51969#")
	s.press(tea.KeyCtrlD)
	s.pass(time.Hour) // nothing is open
	s.press(tea.KeyCtrlN)
	s.press(tea.KeyCtrlU)
	s.enter("12")
	if s.m.number != "+919830000002" || s.m.notice == "" {
		t.Errorf("12 was taken for a number: %s", s.m.number)
	}
	s.press(tea.KeyEsc, tea.KeyCtrlR)
	if !s.press(tea.KeyCtrlC) {
		t.Error("Ctrl-C does not leave the handset")
	}
	const first, second = "dial +919830000001 51969", "dial +919830000002 51969"
	want := []string{
		first, "send ", "send 1", "abort", first, "send ", first, "abort", "send 1*1000000001",
		first, "send 1*1000000001", second, "send ", "time-out", second, "send ", "abort",
	}
	if diff := cmp.Diff(want, s.x.heard()); diff != "" {
		t.Errorf("the gateway heard (-want +got):\n%s", diff)
	}
	s.press(tea.KeyF1)
	if s.press(tea.KeyEsc) || !s.press(tea.KeyEsc) {
		t.Error("Esc leaves the help, then the handset")
	}
}

// TestDialScreen types into the real program.
func TestDialScreen(t *testing.T) {
	t.Parallel()
	op := &operator{}
	cfg, err := Config{Addr: op.listen(t)}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	x := &exchange{reply: allowances}
	session, err := Session{Network: x}.withDefaults(cfg.Code)
	if err != nil {
		t.Fatal(err)
	}
	keys, typed := io.Pipe()
	screen := &screenText{}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- dialScreen(ctx, cfg, session, keys, screen) }()
	for _, step := range []struct{ see, press string }{
		{"SMS at", ""}, {"টাকা পেয়েছি", "1\r"}, {"Write the 10", "1000000001\r"}, {"over after 3 screens", "\x03"},
	} {
		for !screen.contains(step.see) {
			select {
			case <-ctx.Done():
				t.Fatalf("the screen never showed %q", step.see)
			case <-time.After(5 * time.Millisecond):
			}
		}
		if _, err := io.WriteString(typed, step.press); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-ended; err != nil {
		t.Errorf("dialScreen() = %v", err)
	}
}
