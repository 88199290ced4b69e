package dialogue

import (
	"strings"
	"unicode"

	"setu/gateway"
	"setu/gateway/catalogue"
)

// What was done to an input, in [gateway.Meter.Outcome].
const (
	noteDigits     = "digits"     // of another script were written as 0 to 9
	noteNFC        = "nfc"        // letters were brought into Unicode's one form
	noteSeparators = "separators" // within a number were removed
	noteKeyword    = "keyword"    // a keyword that was nearly right was taken
)

// Why an input was not taken; within a step it is the name of the engine's text
// that says so, without "again-".
const (
	noteIncomplete  = "incomplete"
	noteUndecodable = "undecodable"
	noteTooLong     = "too-long"
	noteUnknown     = "unknown"
	noteReceipt     = "receipt"
	noteChoice      = "choice"
)

// note counts what was done to an input where the dialogue stands, or why it was
// not taken. What she wrote is not in it.
func (m *move) note(kind gateway.Metered, what string) {
	n := gateway.Meter{Kind: kind, Outcome: what}
	if s := m.service(); s != nil {
		n.Department, n.Service, n.Step = s.Department, s.ID, m.s.Dialogue.Step
	}
	m.out.Notes = append(m.out.Notes, n)
}

// refused counts an input that a step did not take, by the text that says so.
func (m *move) refused(text string) {
	m.note(gateway.MeterRefused, strings.TrimPrefix(text, "again-"))
}

// cleansed counts what was done to the tokens that became a step's value.
func (m *move) cleansed(st *catalogue.Step, raw, value string) {
	if strings.ContainsFunc(raw, func(r rune) bool { return r > unicode.MaxASCII && unicode.IsDigit(r) }) && st.Input.Type != catalogue.InputText {
		m.note(gateway.MeterCleansed, noteDigits)
	}
	switch st.Input.Type {
	case catalogue.InputDigits, catalogue.InputNumber, catalogue.InputMoney, catalogue.InputPhone:
		if strings.ContainsAny(raw, separators) && !strings.ContainsAny(value, separators) {
			m.note(gateway.MeterCleansed, noteSeparators)
		}
	}
}

// separators are what people put between the digits of a number.
const separators = " -,/()"
