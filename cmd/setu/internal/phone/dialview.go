package phone

import (
	"fmt"
	"strings"
	"time"
)

// dialPlaceholder is what an empty entry line shows.
const dialPlaceholder = "keys, then Enter"

// View draws the screen.
func (m *dialModel) View() string {
	if m.width < minWidth || m.height < minHeight {
		return fmt.Sprintf("The window is too small:\n%d x %d at least.", minWidth, minHeight)
	}
	return strings.Join([]string{
		titleLine(m.style, m.width, " Setu   "+m.number+" → "+m.dialled+"   "+m.s.Dialect, "F1 help "),
		m.scroll.view(),
		m.style.faint.Render(strings.Repeat("─", m.width)),
		m.entry(),
		m.style.faint.Render(fit(m.hint(), m.width)),
		m.status(),
	}, "\n")
}

// entry is the line of keys; a PIN is not shown.
func (m *dialModel) entry() string {
	prompt, e := "> ", m.input
	switch {
	case m.focus == numbering:
		prompt = "new number: "
	case m.state == open && m.last.secret:
		prompt, e = "PIN: ", editor{before: hidden(e.before), after: hidden(e.after)}
	}
	return e.view(prompt, dialPlaceholder, m.width, m.style.cursor, m.style.faint)
}

// hint says what Enter and Esc do.
func (m *dialModel) hint() string {
	switch {
	case m.focus == numbering:
		return "Enter takes the number, Esc keeps " + m.number
	case m.state == asking:
		return "the gateway is to answer; Esc cancels"
	case m.state == open:
		return "Enter answers, Esc cancels, Ctrl-R dials again"
	}
	return "Enter dials " + m.dialled + " again, Esc leaves"
}

// status says where the session stands and whether SMS can come.
func (m *dialModel) status() string {
	if m.notice != "" {
		return m.style.bad.Render(fit(m.notice, m.width))
	}
	line, style := "○ no session", m.style.faint
	switch m.state {
	case asking:
		line = "● …"
	case open:
		line, style = fmt.Sprintf("● screen %d, %s left", m.screens, clock(m.deadline.Sub(m.cfg.Now()))), m.style.good
	case over:
		line = fmt.Sprintf("○ over after %s", plural(m.screens, "screen"))
	case dropped:
		line, style = "○ "+m.why, m.style.bad
	}
	right := "no SMS"
	if m.link.up {
		right = "SMS at " + m.cfg.Addr
	}
	if gap := m.width - columns(line) - columns(right); gap > 1 {
		return style.Render(line) + strings.Repeat(" ", gap) + m.style.faint.Render(right)
	}
	return style.Render(fit(line, m.width))
}

// clock is a duration as minutes and seconds.
func clock(d time.Duration) string {
	s := max(int((d+time.Second-1)/time.Second), 0)
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// refresh lays out what stands above the entry line.
func (m *dialModel) refresh() {
	if m.help {
		m.scroll.set(m.helpText(), false)
		return
	}
	lines := append(m.display(), m.messages()...)
	m.scroll.set(lines, false)
}

// display draws the handset's screen at its own width. There is no edge on the
// right: terminals disagree about the width of Indic letters.
func (m *dialModel) display() []string {
	if m.screens == 0 {
		return []string{"", m.style.faint.Render("  dialling " + m.dialled)}
	}
	style := m.style.theirs
	if m.state != open {
		style = m.style.faint
	}
	edge := strings.Repeat("━", m.s.Columns+1)
	lines := []string{"", margin + style.Render("┏"+edge)}
	for _, line := range wrap(m.last.Text, m.s.Columns) {
		lines = append(lines, margin+style.Render(bar)+line)
	}
	lines = append(lines, margin+style.Render("┗"+edge))
	room := m.style.faint
	if !m.last.fits() {
		room = m.style.bad
	}
	for _, line := range wrap(m.last.room(), m.width-len(margin)) {
		lines = append(lines, margin+room.Render(line))
	}
	return lines
}

// margin stands before the handset's screen.
const margin = "  "

// messages are the SMS that have come, the latest first.
func (m *dialModel) messages() []string {
	var lines []string
	for i := len(m.sms) - 1; i >= 0; i-- {
		s := &m.sms[i]
		to := ""
		if s.number != m.number {
			to = "  to " + s.number
		}
		note := fmt.Sprintf("SMS  %s  %s%s", s.at.Format("15:04"), plural(s.segments, "segment"), to)
		lines = append(lines, "", margin+m.style.mine.Render(fit(note, m.width-len(margin))))
		for _, line := range wrap(s.text, min(m.width-len(margin)-columns(bar), 64)) {
			lines = append(lines, margin+m.style.mine.Render(bar)+line)
		}
	}
	return lines
}

// helpText is what F1 shows.
func (m *dialModel) helpText() []string {
	return wrap(fmt.Sprintf(`
Enter        send the keys; dial again when no session is open
*%s*1#    dial another code
Esc          Cancel: end the session; then leave the handset
Ctrl-R       dial again
Ctrl-D       let the network end the session
Ctrl-N       another number
PgUp, PgDn   scroll; also Shift with Up and Down
F1, Esc      leave this help

Under the screen: what it takes of the 160 octets that USSD has, which are 182 characters in English letters or 80 in Bengali or Hindi. The network ends a session after %s without a key. SMS that follow are shown below.`, m.cfg.Code, clock(m.s.Timeout)), m.width-2)
}
