package phone

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/lipgloss"

	"setu/channels/sms"
)

// chromeLines are the lines around the conversation: title, rule, counting,
// input and status.
const chromeLines = 5

// bar stands before each line of a bubble. There is none behind: terminals
// disagree about the width of Indic letters, so a right edge would be ragged.
const bar = "┃ "

// styles are the colours of the screen.
type styles struct {
	title, cursor, mine, theirs, faint, good, bad lipgloss.Style
}

// newStyles takes colours that read well on light and on dark ground.
func newStyles(r *lipgloss.Renderer) styles {
	colour := func(light, dark string) lipgloss.Style {
		return r.NewStyle().Foreground(lipgloss.AdaptiveColor{Light: light, Dark: dark})
	}
	return styles{
		title:  r.NewStyle().Bold(true).Reverse(true),
		cursor: r.NewStyle().Reverse(true),
		mine:   colour("25", "75"),
		theirs: colour("28", "114"),
		faint:  colour("242", "245"),
		good:   colour("28", "114"),
		bad:    colour("160", "203"),
	}
}

// View draws the screen.
func (m *model) View() string {
	if m.width < minWidth || m.height < minHeight {
		return fmt.Sprintf("The window is too small:\n%d x %d at least.", minWidth, minHeight)
	}
	return strings.Join([]string{
		m.title(),
		m.scroll.view(),
		m.style.faint.Render(strings.Repeat("─", m.width)),
		m.input.view(m.prompt(), placeholder, m.width, m.style.cursor, m.style.faint),
		m.style.faint.Render(fit(m.counting(), m.width)),
		m.status(),
	}, "\n")
}

// placeholder is what an empty input line shows.
const placeholder = "Write a message, such as HELP or ভাতা 1000000001"

// prompt says what the input line is for.
func (m *model) prompt() string {
	if m.focus == numbering {
		return "new number: "
	}
	return "> "
}

// title names both ends.
func (m *model) title() string {
	return titleLine(m.style, m.width, " Setu   "+m.number+" → "+m.cfg.Code, "F1 help ")
}

// titleLine is the first line of a screen; the right part gives way.
func titleLine(style styles, width int, left, right string) string {
	gap := width - columns(left) - columns(right)
	if gap < 1 {
		left, right, gap = fit(left, width), "", max(width-columns(fit(left, width)), 0)
	}
	return style.title.Render(left + strings.Repeat(" ", gap) + right)
}

// status says whether the gateway is there, and what all has cost.
func (m *model) status() string {
	if m.notice != "" {
		return m.style.bad.Render(fit(m.notice, m.width))
	}
	line, style := m.linkLine()
	ours, theirs := m.totals()
	cost := fmt.Sprintf("sent %d, %s   received %d, %s", ours, money(sms.Cost(ours, m.cfg.Paise)), theirs, money(sms.Cost(theirs, m.cfg.Paise)))
	if gap := m.width - columns(line) - columns(cost); gap > 1 {
		return style.Render(line) + strings.Repeat(" ", gap) + m.style.faint.Render(cost)
	}
	return style.Render(fit(line, m.width))
}

func (m *model) linkLine() (string, lipgloss.Style) {
	switch {
	case !m.linkKnown:
		return "○ binding to " + m.cfg.Addr, m.style.faint
	case m.link.up:
		return "● bound to " + m.cfg.Addr, m.style.good
	}
	line := fmt.Sprintf("○ reconnecting within %.0f s: is `setu serve` running?", max(m.link.retry.Seconds(), 1))
	if m.link.err != nil {
		line += " " + m.link.err.Error()
	}
	return line, m.style.bad
}

// conversation lays the bubbles out, the oldest first.
func (m *model) conversation() []string {
	var lines []string
	bubbles := m.conversations[m.number]
	for i := range bubbles {
		if i > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, m.bubble(&bubbles[i])...)
	}
	return lines
}

// bubble gives the lines of one message: ours to the right, the gateway's to
// the left.
func (m *model) bubble(b *bubble) []string {
	style := m.style.theirs
	if b.id > 0 {
		style = m.style.mine
	}
	widest := min(max(m.width*3/4, minWidth-4), 64)
	text := wrap(b.text, widest)
	note := m.note(b)
	longest := columns(note)
	for _, line := range text {
		longest = max(longest, columns(line))
	}
	indent := ""
	if b.id > 0 {
		indent = strings.Repeat(" ", max(m.width-longest-columns(bar)-1, 0))
	}
	lines := make([]string, 0, len(text)+1)
	for _, line := range text {
		lines = append(lines, indent+style.Render(bar)+line)
	}
	noteStyle := m.style.faint
	if b.tick == failed {
		noteStyle = m.style.bad
	}
	return append(lines, indent+style.Render(bar)+noteStyle.Render(fit(note, m.width-columns(bar))))
}

// note is the line under a message: when, how large, how dear, how far.
func (m *model) note(b *bubble) string {
	s := fmt.Sprintf("%s  %s  %s", b.at.Format("15:04"), plural(b.segments, "segment"), money(sms.Cost(b.segments, m.cfg.Paise)))
	switch {
	case b.incomplete:
		return s + "  incomplete"
	case b.id == 0:
		return s
	}
	switch b.tick {
	case accepted:
		return s + "  ✓"
	case answered:
		return s + "  ✓✓"
	case failed:
		return "✗ " + b.why
	default:
		return s + "  …"
	}
}

// greeting is the text of an empty conversation.
const greeting = `
This handset writes to the gateway by SMS. Try:

  HELP     সাহায্য     मदद
  MENU     মেনু        मेनू
  BHATA 1000000001
  ভাতা ১০০০০০০০০১
  भत्ता १००००००००१

F1 shows the keys.`

// welcome is what an empty conversation shows.
func (m *model) welcome() []string {
	lines := wrap(greeting, m.width-2)
	for i := range lines {
		lines[i] = m.style.faint.Render(lines[i])
	}
	return lines
}

// helpText is what F1 shows.
func (m *model) helpText() []string {
	return wrap(`
Enter        send the message
Up, Down     earlier messages, to send again
PgUp, PgDn   scroll; also Shift with Up and Down
Ctrl-N       write from another number
Ctrl-L       clear the conversation
F1, Esc      leave this help; Esc leaves the handset

…    on its way
✓    the gateway has stored it
✓✓   answered
✗    not sent

Under the line that you write: its alphabet, its length and what the segments hold, and what it costs. A text in English letters has 160 characters in a segment, one in Bengali or Hindi has 70.`, m.width-2)
}
