package catalogue

import (
	"slices"
	"time"

	"setu/gateway"
	"setu/i18n"
	"setu/ledgerclient"
)

// Service is one service folder, checked and prepared. It is read-only.
type Service struct {
	ID         string
	Version    string
	Department string // names the key of the citizens' pseudonyms
	Order      int    // place in the main menu, ascending
	Access     ledgerclient.Assurance
	Steps      []*Step // the first is where a dialogue begins
	// Fields are the answers' fields that texts show, by name.
	Fields map[string]Field

	steps     map[string]*Step
	slots     map[string]*Input // by the slot that they fill
	keywords  words
	shortcuts []shortcut
	limits    map[gateway.Medium]int
	texts     map[string]*Text
	titles    map[string]i18n.Value // by language
	at        place                 // service.yaml
}

// Step finds a step by its identifier.
func (s *Service) Step(id string) (*Step, bool) {
	st, ok := s.steps[id]
	return st, ok
}

// Text finds a text by its key, such as "paid", "card" or "card.again".
func (s *Service) Text(key string) (*Text, bool) {
	t, ok := s.texts[key]
	return t, ok
}

// Titles are the service's name in the menu as the values name+".bn", ".hi"
// and ".en" of a slot, added to dst.
func (s *Service) Titles(dst map[string]i18n.Value, name string) {
	for lang, v := range s.titles {
		dst[name+"."+lang] = v
	}
}

// Label adds the label of an option of the slot to dst, in all languages, as
// the values slot+".bn", ".hi" and ".en".
func (s *Service) Label(dst map[string]i18n.Value, slot, option string) {
	for _, st := range s.Steps {
		if st.Slot() != slot {
			continue
		}
		if t, ok := s.texts[st.ID+".options."+option]; ok {
			for _, lang := range i18n.Langs() {
				dst[slot+"."+string(lang)] = i18n.Value{Raw: t.form(lang).src}
			}
			return
		}
	}
}

// Keyword is the word to write for the service in a language: the first of
// that language.
func (s *Service) Keyword(l i18n.Lang) string {
	if list := s.keywords[l]; len(list) > 0 {
		return list[0].text
	}
	return ""
}

// Field is how one field of an answer is shown.
type Field struct {
	Kind i18n.Kind
	Max  int // characters or digits, as in i18n.Widest; 0 is its default
}

// Step is one question, one call of the ledger, or both.
type Step struct {
	ID    string
	Input *Input // nil: nothing is asked
	Call  *Call  // nil: nothing is called
	Next  string // after the input, when there is no call
	// Answers say what follows each code of the call.
	Answers map[string]Answer

	// Page is how many options fit a screen of each medium in all languages.
	Page map[gateway.Medium]int

	at      place
	answers []string // codes, in the order of the file
}

// Slot is the name under which the step's input is kept.
func (st *Step) Slot() string {
	switch {
	case st.Input == nil:
		return ""
	case st.Input.SaveAs != "":
		return st.Input.SaveAs
	}
	return st.ID
}

// Answer is what follows one code of a call: a text, and then perhaps another
// step. Without Next and Retry the dialogue ends.
type Answer struct {
	Say   string
	Next  string
	Retry string // asks this step again, which counts as a wrong try
	// Undoable says that the transaction did what was asked and can be taken
	// back: of a submit with undo, the first answer.
	Undoable bool
	at       place
}

// Call is a step's call of the ledger.
type Call struct {
	Contract string
	Function string
	Args     []Arg // sorted by name
	// The rest is for transactions.
	Submit  bool
	Confirm string // key of the yes-or-no question; empty: none
	Undo    *Undo
	// Repeat is for how long the same call of the same citizen is a repetition,
	// which is not signed unless she wants it; 0: never.
	Repeat  time.Duration
	Private []string // arguments of which the ledger gets a salted hash only
	at      place
}

// IsPrivate says that the ledger never sees the argument itself.
func (c *Call) IsPrivate(arg string) bool {
	return slices.Contains(c.Private, arg)
}

// Arg is one argument: a slot's value or a fixed text.
type Arg struct {
	Name  string
	Slot  string // empty: Fixed is meant
	Fixed string
}

// Done is the code of a transaction that did what was asked: the first of its
// answers.
func (st *Step) Done() string { return st.answers[0] }

// Codes are the answers of the step's call, in the order of the file.
func (st *Step) Codes() []string { return st.answers }
