package gateway

import (
	"strconv"
	"strings"
	"time"

	"setu/i18n"
	"setu/ledgerclient"
)

// Medium is the kind of channel that a message came by.
type Medium string

// The media.
const (
	SMS  Medium = "sms"
	USSD Medium = "ussd"
	IVR  Medium = "ivr"
	App  Medium = "app"
)

// Live says that a citizen waits for her answer on the medium: what she is told
// there is no message, and ends with the dialogue.
func (m Medium) Live() bool { return m == USSD || m == IVR || m == App }

// Event is what happened on a channel.
type Event uint8

// The events. A message is Input; the others belong to live channels.
const (
	Input   Event = iota // the citizen wrote or pressed something
	New                  // a session was opened
	Abort                // the citizen hung up or cancelled
	Timeout              // the network ended the session
)

// Inbound is one thing that a citizen did.
type Inbound struct {
	// Key tells this message from all others of the same Link, so that one
	// that is delivered again is known. It is the provider's identifier; a
	// provider that gives none (SMPP 3.4 does not) gets a digest of the
	// message, and then Bind matters.
	Key string
	// Bind names the connection that brought the message when Key is only a
	// digest of it: the same digest on the same bind is the citizen saying
	// the same thing again, on a later bind it is a redelivery. It is empty
	// when Key is the provider's own identifier.
	Bind   string
	Link   string // the driver's link, and so the way back
	Medium Medium
	Event  Event
	// Session is the provider's identifier of a live dialogue: an input with
	// another one than the citizen's last opens a new dialogue. It is empty on
	// message channels, and where the provider gives none.
	Session string
	// Cumulative says that Text holds all inputs of the live dialogue, with *
	// between, and the latest one last.
	Cumulative bool
	From       Address // the citizen
	To         Address // the short code or number that she wrote to
	Text       Private // NFC is made by the dialogue, not here
	At         time.Time
	// Incomplete says that parts of a long message never came.
	Incomplete bool
	// Undecodable says that the octets were no text in the stated alphabet.
	Undecodable bool

	// Lang is the language that a program asks for on the citizen's behalf;
	// empty is hers.
	Lang i18n.Lang
	// Form is given in the place of Text by a channel that draws forms.
	Form *Form
	// Assurance is how sure it is who she is; empty means by her number.
	Assurance ledgerclient.Assurance
	// Device is her phone's own signature, where Assurance is that of a device.
	Device *ledgerclient.DeviceSignature
}

// RetryKey names the input among those of its dialogue, as Key does, without
// holding what was typed: of cumulative text it counts the inputs and octets.
// It is empty if a retry cannot be told from a new input.
func (in *Inbound) RetryKey() string {
	if in.Key == "" || !in.Cumulative {
		return in.Key
	}
	text := in.Text.Reveal()
	return strconv.Itoa(strings.Count(text, "*")) + "/" + strconv.Itoa(len(text))
}
