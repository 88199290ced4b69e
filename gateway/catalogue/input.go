package catalogue

import "time"

// InputType is the kind of input that a step waits for.
type InputType string

// The types of input.
const (
	InputDigits InputType = "digits" // a number that names something; leading zeros count
	InputNumber InputType = "number"
	InputMoney  InputType = "money"
	InputDate   InputType = "date"
	InputChoice InputType = "choice" // one of fixed options
	InputItem   InputType = "item"   // one row of the last answer
	InputText   InputType = "text"   // all the rest of the message
	InputPhone  InputType = "phone"
	InputHash   InputType = "hash" // hexadecimal
	InputHost   InputType = "host" // name of a web site
	InputCode   InputType = "code" // letters and digits by a pattern
	InputPIN    InputType = "pin"  // never asked by SMS, never kept
)

// MaxText is the longest text input, in characters (without the signs on them).
const MaxText = 500

// Input is what a step asks for.
type Input struct {
	Type   InputType
	SaveAs string // slot's name; empty: the step's

	MinLength int    // digits, hash: fewest characters
	MaxLength int    // digits, hash, text: most characters
	Check     string // digits: rule of the check digit, as in i18n.CheckDigit; empty: none
	Min, Max  string // number, money: canonical bounds; empty: none
	Decimals  int    // number, money: most places behind the point
	When      string // date: past, future (both with today) or empty
	Pattern   string // code: A is a letter, 9 a digit, anything else itself
	Upper     bool   // text, code, hash: kept in capitals
	Lower     bool   // in small letters

	Options []Option // choice, in the order of the screen

	words map[string]string // folded word -> option
	at    place
}

// Branching says that each option leads to a step of its own. The first is
// taken when the input is none of the options but fits the step it leads to.
func (in *Input) Branching() bool {
	return in.Type == InputChoice && len(in.Options) > 0 && in.Options[0].Next != ""
}

// listed says that the screen shows what can be chosen.
func (in *Input) listed() bool { return in.Type == InputChoice || in.Type == InputItem }

// Option is one option of a choice.
type Option struct {
	ID   string
	Next string // step that it leads to; empty: the step goes on as a plain input
	at   place
}

// Option finds an option by its identifier.
func (in *Input) Option(id string) (Option, bool) {
	for _, o := range in.Options {
		if o.ID == id {
			return o, true
		}
	}
	return Option{}, false
}

// Word finds the option that a folded word stands for: its label or one of its
// words, in any of the languages.
func (in *Input) Word(folded string) (option string, ok bool) {
	option, ok = in.words[folded]
	return option, ok
}

// Undo is how a transaction is taken back.
type Undo struct {
	Function string
	Window   time.Duration // from the citizen's yes
}
