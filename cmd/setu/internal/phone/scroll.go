package phone

import (
	"strings"

	tea "github.com/charmbracelet/bubbletea"
)

// scroll is the part of the lines that is in sight. Lines are drawn as they
// are, without the padding to full width that would break the screen of a
// terminal which gives Indic letters more columns than others do.
type scroll struct {
	lines  []string
	top    int // first line in sight
	height int
	follow bool // stays at the end
}

// set replaces the lines; with ends, a reader at the end stays there.
func (s *scroll) set(lines []string, ends bool) {
	s.lines = lines
	if s.follow && ends {
		s.top = s.last()
	}
	s.top = min(s.top, s.last())
}

// rewind goes to the first line; follow says whether to go on to the end when
// there is one to stay at.
func (s *scroll) rewind(follow bool) { s.top, s.follow = 0, follow }

// last is the top line of the end.
func (s *scroll) last() int { return max(len(s.lines)-s.height, 0) }

// key moves by a page or a line.
func (s *scroll) key(k tea.KeyType) {
	by := 1
	switch k {
	case tea.KeyPgUp:
		by = -s.height
	case tea.KeyPgDown:
		by = s.height
	case tea.KeyShiftUp, tea.KeyCtrlUp:
		by = -1
	}
	s.top = min(max(s.top+by, 0), s.last())
	s.follow = s.top == s.last()
}

// view is what is in sight, with empty lines below if there is too little.
func (s *scroll) view() string {
	shown := s.lines[s.top:min(s.top+s.height, len(s.lines))]
	return strings.Join(shown, "\n") + strings.Repeat("\n", s.height-max(len(shown), 1))
}
