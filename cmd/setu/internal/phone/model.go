package phone

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"

	"setu/channels/sms"
	"setu/i18n"
)

// sender passes a message on; what becomes of it is told to the model as
// messageSettled.
type sender interface {
	Send(id int, number, text string) error
}

// tick is how far a message of ours has come.
type tick uint8

const (
	sending  tick = iota
	accepted      // the gateway has it on disk
	answered      // something came back
	failed
)

// bubble is one message of a conversation.
type bubble struct {
	id         int // of ours; 0 for the gateway's
	text       string
	coding     sms.Coding
	segments   int
	at         time.Time
	tick       tick
	why        string // of failed
	incomplete bool
}

// focus is what the input line is for.
type focus uint8

const (
	writing focus = iota
	numbering
)

// model is the handset's screen. It knows no wire and no terminal: messages
// go in by Update, lines come out by View.
type model struct {
	cfg    Config
	style  styles
	sender sender

	number        string
	conversations map[string][]bubble // by number
	lastID        int
	link          linkChanged
	linkKnown     bool

	input   editor
	scroll  scroll
	focus   focus
	draft   string // what was being written when the input line was taken for a number
	help    bool
	notice  string // for the status line, until the next key
	history []string
	recall  int // place in history; its length is the line being written
	width   int
	height  int
}

// The smallest screen that is drawn; anything smaller is told so.
const (
	minWidth  = 30
	minHeight = 8
)

func newModel(cfg Config, r *lipgloss.Renderer, s sender) *model {
	m := &model{
		cfg: cfg, style: newStyles(r), sender: s, number: cfg.Number,
		conversations: map[string][]bubble{},
	}
	m.resize(80, 24) // until the terminal says, which one that is none never does
	m.refresh()
	return m
}

// Init has nothing to start.
func (m *model) Init() tea.Cmd { return nil }

// Update takes one event.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	var cmd tea.Cmd
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.resize(msg.Width, msg.Height)
	case tea.KeyMsg:
		m.notice = ""
		cmd = m.key(msg)
	case linkChanged:
		m.link, m.linkKnown = msg, true
	case messageSettled:
		m.settle(msg)
	case messageReceived:
		m.receive(msg)
	default:
		return m, nil
	}
	m.refresh()
	return m, cmd
}

func (m *model) resize(width, height int) {
	m.width, m.height = width, height
	m.scroll.height = max(height-chromeLines, 1)
	m.scroll.follow = true
}

// key handles one key press.
func (m *model) key(k tea.KeyMsg) tea.Cmd {
	switch k.Type {
	case tea.KeyCtrlC:
		return tea.Quit
	case tea.KeyEsc:
		return m.escape()
	case tea.KeyF1:
		m.help = !m.help
		m.scroll.rewind(!m.help)
	case tea.KeyCtrlN:
		m.askNumber()
	case tea.KeyCtrlL:
		delete(m.conversations, m.number)
		m.scroll.rewind(true)
	case tea.KeyEnter:
		return m.enter()
	case tea.KeyUp:
		m.remember(-1)
	case tea.KeyDown:
		m.remember(1)
	case tea.KeyPgUp, tea.KeyShiftUp, tea.KeyCtrlUp, tea.KeyPgDown, tea.KeyShiftDown, tea.KeyCtrlDown:
		m.scroll.key(k.Type)
	default:
		m.input.key(k)
	}
	return nil
}

// escape leaves what is open, or else the handset.
func (m *model) escape() tea.Cmd {
	switch {
	case m.help:
		m.help = false
		m.scroll.rewind(true)
	case m.focus == numbering:
		m.write()
	default:
		return tea.Quit
	}
	return nil
}

// remember puts an earlier or a later line into the input.
func (m *model) remember(by int) {
	if m.focus != writing {
		return
	}
	to := m.recall + by
	if to < 0 || to > len(m.history) {
		return
	}
	if m.recall == len(m.history) {
		m.draft = m.input.value()
	}
	m.recall = to
	line := m.draft
	if to < len(m.history) {
		line = m.history[to]
	}
	m.input.set(line)
}

// askNumber takes the input line for a new number, and offers the next one.
func (m *model) askNumber() {
	if m.focus == numbering {
		return
	}
	m.help = false
	m.focus, m.draft = numbering, m.input.value()
	m.input.set(following(m.number))
}

// following is the number after this one.
func following(number string) string {
	n, err := strconv.ParseUint(strings.TrimPrefix(number, "+"), 10, 64)
	if err != nil {
		return number
	}
	return "+" + strconv.FormatUint(n+1, 10)
}

// write gives the input line back to messages.
func (m *model) write() {
	m.focus = writing
	m.input.set(m.draft)
}

// enter sends the line, or takes the number.
func (m *model) enter() tea.Cmd {
	line := strings.TrimSpace(m.input.value())
	if m.focus == numbering {
		m.takeNumber(line)
		return nil
	}
	if line == "" {
		return nil
	}
	m.help = false
	m.history = append(m.history, line)
	m.recall = len(m.history)
	m.draft = ""
	m.input.set("")
	return m.say(line)
}

func (m *model) takeNumber(line string) {
	number, err := i18n.ParsePhone(line)
	if err != nil {
		m.notice = "not a phone number: ten digits, or + and the country's code"
		return
	}
	m.number = number
	m.write()
	m.scroll.follow = true
}

// say puts a message into the conversation and passes it on.
func (m *model) say(text string) tea.Cmd {
	m.lastID++
	coding, segments, _ := sms.Count(text)
	id, number := m.lastID, m.number
	m.conversations[number] = append(m.conversations[number],
		bubble{id: id, text: text, coding: coding, segments: segments, at: m.cfg.Now()})
	m.scroll.follow = true
	return func() tea.Msg {
		if err := m.sender.Send(id, number, text); err != nil {
			return messageSettled{id, err}
		}
		return nil
	}
}

// settle marks a message of ours as taken or failed.
func (m *model) settle(s messageSettled) {
	for _, conversation := range m.conversations {
		for i := range conversation {
			b := &conversation[i]
			switch {
			case b.id != s.id:
			case s.err != nil:
				b.tick, b.why = failed, refusal(s.err)
			case b.tick == sending:
				b.tick = accepted
			}
		}
	}
}

// receive puts a message of the gateway into its conversation. It answers
// all that was said before it.
func (m *model) receive(r messageReceived) {
	conversation := m.conversations[r.number]
	for i := range conversation {
		if b := &conversation[i]; b.id > 0 && b.tick != failed {
			b.tick = answered
		}
	}
	m.conversations[r.number] = append(conversation, bubble{
		text: r.text, coding: r.coding, segments: r.segments, at: r.at, incomplete: r.incomplete,
	})
	if r.number != m.number {
		m.notice = "a message came to " + r.number
	}
}

// refresh lays the conversation out again, and stays at its end if it was there.
func (m *model) refresh() {
	switch {
	case m.help:
		m.scroll.set(m.helpText(), false)
	case len(m.conversations[m.number]) == 0:
		m.scroll.set(m.welcome(), false)
	default:
		m.scroll.set(m.conversation(), true)
	}
}

// totals are the segments of this number's conversation, ours and the gateway's.
func (m *model) totals() (ours, theirs int) {
	for _, b := range m.conversations[m.number] {
		switch {
		case b.id == 0:
			theirs += b.segments
		case b.tick != failed:
			ours += b.segments
		}
	}
	return ours, theirs
}

// counting says what the line being written would be sent as.
func (m *model) counting() string {
	text := strings.TrimSpace(m.input.value())
	if m.focus == numbering {
		return "Enter takes the number, Esc keeps " + m.number
	}
	coding, segments, units := sms.Count(text)
	if text == "" {
		segments = 0
	}
	header := 0
	if segments > 1 {
		header = 6 // octets of the user data header with a reference of 8 bits
	}
	s := fmt.Sprintf("%s  %d/%d  %s  %s", alphabet(coding), units, max(segments, 1)*sms.Limit(coding, header),
		plural(segments, "segment"), money(sms.Cost(segments, m.cfg.Paise)))
	if hints := sms.Suggest(text); len(hints) > 0 && hints[0].Known {
		s += "  cheaper: " + hints[0].String()
	}
	return s
}
