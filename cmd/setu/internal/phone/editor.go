package phone

import (
	"strings"
	"unicode"
	"unicode/utf8"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
	"github.com/rivo/uniseg"
)

// maxTyped is the longest message that is edited, in octets: more than 255
// segments hold.
const maxTyped = 128 << 10

// editor is the line being written. The cursor moves by characters as a
// reader sees them, so it never stands between a Bengali letter and its vowel
// sign; Backspace takes one sign away at a time, as phones do.
type editor struct {
	before string // the cursor
	after  string
}

func (e *editor) value() string { return e.before + e.after }

// set replaces the line; the cursor goes to its end.
func (e *editor) set(s string) { e.before, e.after = s, "" }

// insert types or pastes a text. Line breaks become spaces; control
// characters are left out.
func (e *editor) insert(s string) {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case r == utf8.RuneError || unicode.IsControl(r):
			return -1
		}
		return r
	}, s)
	if len(e.before)+len(e.after)+len(s) <= maxTyped {
		e.before += s
	}
}

// key handles an editing key.
func (e *editor) key(k tea.KeyMsg) {
	switch k.Type {
	case tea.KeyRunes, tea.KeySpace:
		if !k.Alt {
			e.insert(string(k.Runes))
		}
	case tea.KeyBackspace:
		_, n := utf8.DecodeLastRuneInString(e.before)
		e.before = e.before[:len(e.before)-n]
	case tea.KeyDelete:
		_, e.after = firstCluster(e.after)
	case tea.KeyLeft:
		last := lastCluster(e.before)
		e.before, e.after = e.before[:len(e.before)-len(last)], last+e.after
	case tea.KeyRight:
		first, rest := firstCluster(e.after)
		e.before, e.after = e.before+first, rest
	case tea.KeyHome, tea.KeyCtrlA:
		e.before, e.after = "", e.value()
	case tea.KeyEnd, tea.KeyCtrlE:
		e.set(e.value())
	case tea.KeyCtrlU:
		e.before = ""
	case tea.KeyCtrlK:
		e.after = ""
	case tea.KeyCtrlW:
		trimmed := strings.TrimRight(e.before, " ")
		e.before = trimmed[:strings.LastIndexByte(trimmed, ' ')+1]
	}
}

func firstCluster(s string) (first, rest string) {
	first, rest, _, _ = uniseg.FirstGraphemeClusterInString(s, -1)
	return first, rest
}

func lastCluster(s string) string {
	last := ""
	for g := uniseg.NewGraphemes(s); g.Next(); {
		last = g.Str()
	}
	return last
}

// view draws the line in at most width columns, with the cursor in sight.
func (e *editor) view(prompt, placeholder string, width int, cursor, faint lipgloss.Style) string {
	room := max(width-columns(prompt)-1, 2)
	if e.before == "" && e.after == "" {
		return prompt + cursor.Render(" ") + faint.Render(fit(placeholder, room-1))
	}
	under, rest := firstCluster(e.after)
	if under == "" {
		under = " "
	}
	before := tail(e.before, room-columns(under))
	shown := head(rest, room-columns(before)-columns(under))
	return prompt + before + cursor.Render(under) + shown
}

// tail is the end of s in at most width columns.
func tail(s string, width int) string {
	for over := columns(s) - width; over > 0 && s != ""; {
		var first string
		first, s = firstCluster(s)
		over -= columns(first)
	}
	return s
}

// head is the beginning of s in at most width columns.
func head(s string, width int) string {
	used, end := 0, 0
	for g := uniseg.NewGraphemes(s); g.Next(); {
		if used += columns(g.Str()); used > width {
			break
		}
		_, end = g.Positions()
	}
	return s[:end]
}
