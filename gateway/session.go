package gateway

import (
	"log/slog"
	"time"

	"setu/i18n"
	"setu/ledgerclient"
)

// Session is what Setu remembers of a citizen between two messages: her
// preferences, which last, and the dialogue under way, which expires. It is
// one for all media, so that a language or a STOP given by SMS holds on a
// call too.
type Session struct {
	Citizen Address
	// Version counts the commits of this session; 0 has never been stored.
	// A commit with another version than the stored one is refused.
	Version int64

	Lang       i18n.Lang // empty until the first letters
	LangChosen bool      // by the citizen, not by the script of her message
	Native     bool      // digits of her script on output
	Latin      bool      // her handset shows Latin letters only
	Stopped    bool      // wrote STOP: nothing but answers to START

	Dialogue Dialogue
	Live     Live
	PIN      PIN
	Undo     *Undo
	// Pending is her latest transaction as long as it may be unfinished: a
	// question of hers waits for it, so that its answer shows what she did.
	Pending ledgerclient.Receipt
	Updated time.Time // UTC, of the last input
}

// Dialogue is where a citizen stands within a service. The zero value is no
// dialogue.
type Dialogue struct {
	Service string
	Version string
	Step    string
	Slots   map[string]Private
	// Offers is what each digit on the screen stands for, in order.
	Offers []Offer
	// Items are the rows of the last answer, to choose from.
	Items []map[string]string
	// Trail holds the steps behind this one, for "back".
	Trail []string
	Tries int // wrong inputs at this step
	Page  int // of the options on the screen, from 0
	// Last is the reply that ended the last dialogue, for "repeat". Within a
	// dialogue the question is made anew instead.
	Last Packed
}

// Packed is a reply that a session keeps, in the form of package packed. The empty one is
// none. It holds what the citizen was told, and hides that in logs.
type Packed string

const packedText = "[packed reply]"

// String hides the reply.
func (Packed) String() string { return packedText }

// LogValue hides the reply in logs.
func (Packed) LogValue() slog.Value { return slog.StringValue(packedText) }

// Live is the last screen of a live channel. The zero value is none.
type Live struct {
	// Session is the provider's identifier of the dialogue, see [Inbound].
	Session string
	// Key is that of the input that Shown answers: the same input again is a
	// retry, and gets the same screen.
	Key   string
	Shown Packed
	// Proved says that she has typed her PIN in this dialogue.
	Proved bool
	// Device says that her phone has signed this input.
	Device bool
}

// PIN is what is known of a citizen's PIN, which itself is never kept. The zero
// value is that she has none.
type PIN struct {
	// MAC is the keyed digest of her PIN. What stands before its first dot
	// names the key: with another key the digest cannot be compared.
	MAC string
	// Chosen is the digest of the PIN that she is choosing and has typed once.
	Chosen string
	Wrong  int       // tries in a row
	Locks  int       // in a row, without a right PIN between
	Until  time.Time // UTC, when the latest lock ends
}

// Offer is what choosing an option does.
type Offer struct {
	// Do is service, option, item, yes, no, meant, lang, letters, speech,
	// resume, restart, or pin, which is on no screen.
	Do    string `json:"do"`
	Value string `json:"value,omitempty"`
}

// Undo is the last transaction, as long as CANCEL takes it back.
type Undo struct {
	Ask     Ask
	Receipt ledgerclient.Receipt
	Until   time.Time
}

// Rests says that nothing would be lost if after were not stored in the place of
// s but what "repeat" says: no dialogue is under way in either, and all that
// lasts is the same. The time of the last input matters only to a dialogue. The
// answer that "repeat" says again stays in memory until something else is
// stored; to write it for each question would cost as much as the question (a
// sixth of the rate, measured), and whoever misses it asks again.
func (s *Session) Rests(after *Session) bool {
	return s.Version > 0 && s.Lang == after.Lang && s.LangChosen == after.LangChosen && s.Native == after.Native &&
		s.Latin == after.Latin && s.Live == after.Live && s.PIN == after.PIN && s.Stopped == after.Stopped && s.Undo == after.Undo && s.Pending == after.Pending &&
		s.Dialogue.rests() && after.Dialogue.rests()
}

// rests says that nothing is waited for; the last reply may be there.
func (d *Dialogue) rests() bool {
	return d.Service == "" && d.Step == "" && d.Tries == 0 && d.Page == 0 &&
		len(d.Slots)+len(d.Offers)+len(d.Items)+len(d.Trail) == 0
}
