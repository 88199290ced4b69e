package gateway

import (
	"setu/i18n"
)

// Reply is what a citizen is to be told, before any channel has put it into
// words: keys of texts with their values, the options on offer, and what is
// expected of her next.
type Reply struct {
	Format i18n.Format `json:"format"` // language and digits
	// Parts are said in order, such as an error and then the question again.
	Parts []Part `json:"parts,omitempty"`
	// Options are the numbered choices on this page.
	Options []Option `json:"options,omitempty"`
	// More says that another page follows, which 9 or "more" shows.
	More bool `json:"more,omitempty"`
	// Expect is the input that is waited for; empty when nothing is.
	Expect string `json:"expect,omitempty"`
	// Back says that 0 leads somewhere from here.
	Back bool `json:"back,omitempty"`
	// Page is the screen of a reply that takes several on its medium, from 0.
	Page int `json:"page,omitempty"`
	// End says that this is the last screen of the dialogue; where the reply
	// takes several, that the last of them is.
	End bool `json:"end,omitempty"`
	// Result is what it tells of the ledger; nil is nothing, and on channels
	// that no program reads.
	Result *Result `json:"result,omitempty"`
}

// Empty says that there is nothing to tell, as for a citizen who wrote STOP.
func (r Reply) Empty() bool { return len(r.Parts) == 0 && len(r.Options) == 0 }

// PartBySMS is the engine's text on a call that says that the question, which keys
// cannot answer, is asked by SMS.
const PartBySMS = "by-sms"

// Part is one text of a service: its key and the values of its slots.
type Part struct {
	Service string                `json:"service,omitempty"` // empty: the engine's own texts
	Text    string                `json:"text"`
	Values  map[string]i18n.Value `json:"values,omitempty"`
}

// Option is one numbered choice: the digit that chooses it and its text.
type Option struct {
	Digit string `json:"digit"`
	// Value chooses it too, on a channel that shows all options at once; empty
	// where Digit alone does.
	Value string `json:"value,omitempty"`
	Label Part   `json:"label"`
}
