package phone

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"

	"setu/i18n"
)

// state is where the handset's session stands.
type state uint8

const (
	idle    state = iota // nothing was dialled yet
	asking               // the gateway is to answer
	open                 // a screen waits for a key
	over                 // the last screen is shown
	dropped              // the network, its owner or an error ended it
)

// screenReceived is the gateway's answer to one entry of one session.
type screenReceived struct {
	session int
	answer  Answer
	err     error
}

// second passes.
type second struct{}

// dialModel is the screen of a handset that dials. Like [model] it knows no
// wire and no terminal.
type dialModel struct {
	cfg   Config
	s     Session
	style styles
	ctx   context.Context //nolint:containedctx // that of the one program which runs the commands

	owns     func(number string) // tells the radio; nil without one
	tick     func() tea.Cmd      // lets a second pass
	number   string
	state    state
	call     Call
	session  int       // counts, so that an answer to an earlier one is known
	screens  int       // of this session
	last     shown     // the screen that is shown
	deadline time.Time // of the session that is open
	why      string    // it was dropped
	sms      []messageReceived
	link     linkChanged

	input   editor
	scroll  scroll
	focus   focus
	help    bool
	notice  string // for the status line, until the next key
	dialled string // last
	width   int
	height  int
}

func newDialModel(ctx context.Context, cfg Config, s Session, r *lipgloss.Renderer) *dialModel {
	m := &dialModel{cfg: cfg, s: s, ctx: ctx, style: newStyles(r), number: cfg.Number, dialled: s.Dial, tick: everySecond}
	m.resize(80, 24)
	m.refresh()
	return m
}

// Init dials, and lets the seconds pass.
func (m *dialModel) Init() tea.Cmd { return tea.Batch(m.dial(m.s.Dial), m.tick()) }

// then runs one command, which there may be none of, and then another, whose
// message is what comes of both.
func then(first, next tea.Cmd) tea.Cmd {
	if first == nil {
		return next
	}
	return func() tea.Msg {
		first()
		return next()
	}
}

func everySecond() tea.Cmd {
	return tea.Tick(time.Second, func(time.Time) tea.Msg { return second{} })
}

// Update takes one event.
func (m *dialModel) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	var cmd tea.Cmd
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.resize(msg.Width, msg.Height)
	case tea.KeyMsg:
		m.notice = ""
		cmd = m.key(msg)
	case second:
		cmd = tea.Batch(m.expire(), m.tick())
	case screenReceived:
		m.answer(msg)
	case linkChanged:
		m.link = msg
	case messageReceived:
		m.sms = append(m.sms, msg)
		m.notice = "an SMS has come"
	default:
		return m, nil
	}
	m.refresh()
	return m, cmd
}

func (m *dialModel) resize(width, height int) {
	m.width, m.height = width, height
	m.scroll.height = max(height-chromeLines, 1)
}

// key handles one key press.
func (m *dialModel) key(k tea.KeyMsg) tea.Cmd {
	switch k.Type {
	case tea.KeyCtrlC:
		return then(m.hangUp(false, "cancelled"), tea.Quit)
	case tea.KeyEsc:
		return m.escape()
	case tea.KeyF1:
		m.help = !m.help
		m.scroll.rewind(false)
	case tea.KeyCtrlN:
		m.askNumber()
	case tea.KeyCtrlR:
		return m.dial(m.dialled)
	case tea.KeyCtrlD:
		return m.hangUp(true, "the network has ended the session")
	case tea.KeyEnter:
		return m.enter()
	case tea.KeyPgUp, tea.KeyShiftUp, tea.KeyCtrlUp, tea.KeyPgDown, tea.KeyShiftDown, tea.KeyCtrlDown:
		m.scroll.key(k.Type)
	default:
		m.input.key(k)
	}
	return nil
}

// escape leaves what is open: the help, a number, the session, the handset.
func (m *dialModel) escape() tea.Cmd {
	switch {
	case m.help:
		m.help = false
		m.scroll.rewind(false)
	case m.focus == numbering:
		m.focus = writing
		m.input.set("")
	case m.state == open || m.state == asking:
		return m.hangUp(false, "cancelled")
	default:
		return tea.Quit
	}
	return nil
}

func (m *dialModel) askNumber() {
	m.help = false
	m.focus = numbering
	m.input.set(following(m.number))
}

// enter sends the line, dials it, or takes the number.
func (m *dialModel) enter() tea.Cmd {
	line := strings.TrimSpace(m.input.value())
	switch {
	case m.focus == numbering:
		return m.takeNumber(line)
	case isDialString(line):
		m.input.set("")
		return m.dial(line)
	case m.state == asking || m.state == open && line == "":
		return nil
	case m.state == open:
		m.input.set("")
		return m.send(line)
	case line == "":
		return m.dial(m.dialled)
	}
	m.notice = "no session is open: Enter dials " + m.dialled
	m.input.set("")
	return nil
}

func (m *dialModel) takeNumber(line string) tea.Cmd {
	number, err := i18n.ParsePhone(line)
	if err != nil {
		m.notice = "not a phone number: ten digits, or + and the country's code"
		return nil
	}
	end := m.hangUp(false, "")
	if m.owns != nil {
		m.owns(number)
	}
	m.number, m.focus, m.state = number, writing, idle
	m.input.set("")
	return end
}

// dial begins a session, after the one that may be open.
func (m *dialModel) dial(dialled string) tea.Cmd {
	end := m.hangUp(false, "")
	code, rest := split(dialled, m.cfg.Code)
	m.dialled, m.screens = dialled, 0
	m.session++
	m.call = &oneAtATime{call: m.s.Network.Dial(m.number, code)}
	return then(end, m.send(rest))
}

// send passes an entry on; what comes of it is told as screenReceived.
func (m *dialModel) send(input string) tea.Cmd {
	m.state, m.help = asking, false
	call, session := m.call, m.session
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(m.ctx, m.cfg.Timeout)
		defer cancel()
		a, err := call.Send(ctx, input)
		return screenReceived{session, a, err}
	}
}

// answer shows the next screen.
func (m *dialModel) answer(a screenReceived) {
	if a.session != m.session || m.state != asking {
		return // to a session that was cancelled
	}
	if a.err != nil {
		m.state, m.why, m.call = dropped, noScreen(a.err), nil
		return
	}
	m.last = measure(a.answer)
	m.screens++
	m.deadline = m.cfg.Now().Add(m.s.Timeout)
	m.scroll.rewind(false)
	if m.state = open; m.last.End {
		m.state, m.call = over, nil
	}
}

// hangUp ends the session, if there is one, and tells the gateway.
func (m *dialModel) hangUp(timeout bool, why string) tea.Cmd {
	if m.call == nil {
		return nil
	}
	call := m.call
	m.state, m.why, m.call = dropped, why, nil
	m.session++
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(m.ctx, m.cfg.Timeout)
		defer cancel()
		_ = call.Abort(ctx, timeout) // the session is over either way
		return nil
	}
}

// expire ends a session that was left alone too long.
func (m *dialModel) expire() tea.Cmd {
	if m.state != open || m.cfg.Now().Before(m.deadline) {
		return nil
	}
	return m.hangUp(true, "the network has ended the session after "+clock(m.s.Timeout))
}

// oneAtATime lets Cancel wait for the answer that is under way.
type oneAtATime struct {
	mu   sync.Mutex
	call Call
}

// Send is that of the call.
func (o *oneAtATime) Send(ctx context.Context, input string) (Answer, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.call.Send(ctx, input)
}

// Abort is that of the call.
func (o *oneAtATime) Abort(ctx context.Context, timeout bool) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.call.Abort(ctx, timeout)
}

var _ Call = (*oneAtATime)(nil)

// dialScreen shows the handset on the whole screen.
func dialScreen(ctx context.Context, cfg Config, s Session, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()

	events := make(chan any, queued)
	radio, err := newHandset(cfg, func(e any) {
		select {
		case events <- e:
		case <-ctx.Done():
		}
	})
	if err != nil {
		return err
	}
	m := newDialModel(ctx, cfg, s, lipgloss.NewRenderer(out))
	m.owns = radio.owns
	program := tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(out), tea.WithAltScreen())
	wg.Go(func() { radio.run(ctx) })
	wg.Go(func() { forward(ctx, events, program) })
	if _, err := program.Run(); err != nil && !errors.Is(err, tea.ErrProgramKilled) {
		return fmt.Errorf("run the screen: %w", err)
	}
	return nil
}

// forward hands the radio's events to the program.
func forward(ctx context.Context, events <-chan any, program *tea.Program) {
	for {
		select {
		case e := <-events:
			program.Send(e)
		case <-ctx.Done():
			return
		}
	}
}
