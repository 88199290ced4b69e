package dialogue

import (
	"strconv"
	"strings"
	"unicode"

	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/i18n"
)

// take reads the step's input from the front of a message, which is not empty.
// n is how many tokens it takes; reason, when not nil, is why it takes none.
func (m *move) take(st *catalogue.Step, msg *said) (value string, n int, reason *gateway.Part) {
	switch st.Input.Type {
	case catalogue.InputChoice:
		return m.takeChoice(st, msg)
	case catalogue.InputItem:
		return "", 0, own("again-choice")
	}
	return takeValue(st.Input, msg, m.now)
}

// takeChoice reads an option by word or digit. The first option of a branching
// choice is also taken when the message fits the step that it leads to.
func (m *move) takeChoice(st *catalogue.Step, msg *said) (value string, n int, reason *gateway.Part) {
	in := st.Input
	const longest = 5 // tokens of a label
	for n := min(len(msg.tokens), longest); n > 0; n-- {
		if option, ok := in.Word(msg.phrase(n)); ok {
			return option, n, nil
		}
	}
	first := msg.tokens[0].folded
	if isDigits(first) && len(first) <= 2 {
		if i, err := strconv.Atoi(first); err == nil && i >= 1 && i <= m.choosable(st) {
			return in.Options[i-1].ID, 1, nil
		}
		return "", 0, own("again-choice")
	}
	if in.Branching() && m.fitsDefault(in, msg) {
		return in.Options[0].ID, 0, nil
	}
	return "", 0, own("again-choice")
}

// choosable is how many options of a step digits mean by their place: as on the
// first page, and all when they are dialled before anything is shown. On a live
// channel what is not on the screen is not chosen by a slip of the finger.
func (m *move) choosable(st *catalogue.Step) int {
	all := len(st.Input.Options)
	switch {
	case m.fresh:
		return all
	case m.s.Dialogue.Page > 0:
		return 0
	case m.live():
		return min(all, m.optionsOnPage(st))
	case all > catalogue.MaxOptions:
		return 0
	}
	return all
}

// fitsDefault says that a message is meant for the step behind the first
// option: it is a right answer there, or a number that was to be one.
func (m *move) fitsDefault(in *catalogue.Input, msg *said) bool {
	to, ok := m.service().Step(in.Options[0].Next)
	if !ok || to.Input == nil {
		return false
	}
	switch to.Input.Type {
	case catalogue.InputItem, catalogue.InputPIN:
		return false
	case catalogue.InputChoice:
		for n := len(msg.tokens); n > 0; n-- {
			if _, ok := to.Input.Word(msg.phrase(n)); ok {
				return true
			}
		}
		return false
	case catalogue.InputText:
		return true
	}
	if _, _, reason := takeValue(to.Input, msg, m.now); reason == nil {
		return true
	}
	return strings.ContainsAny(msg.tokens[0].folded, digits)
}

func own(key string) *gateway.Part { return &gateway.Part{Text: key} }

// ownWith is an engine's text with one or two numbers.
func ownWith(key string, vals map[string]i18n.Value) *gateway.Part {
	return &gateway.Part{Text: key, Values: vals}
}

func numberValue(n int) i18n.Value { return i18n.Value{Kind: i18n.Number, Raw: strconv.Itoa(n)} }

// letters counts the letters, digits and other characters of a text without
// the signs on them and invisible ones.
func letters(text string) int {
	n := 0
	for _, r := range text {
		if !unicode.In(r, unicode.M, unicode.Cf) {
			n++
		}
	}
	return n
}
