package gateway

import (
	"time"

	"setu/i18n"
	"setu/ledgerclient"
)

// Ask is a call to the ledger together with all that is needed to say its
// answer later, when the dialogue may have moved on.
type Ask struct {
	Call    ledgerclient.Call `json:"call"`
	Service string            `json:"service"`
	Version string            `json:"version"`
	// Department names the key of the citizen's pseudonym.
	Department string      `json:"department"`
	Step       string      `json:"step"`
	Format     i18n.Format `json:"format"`
	Medium     Medium      `json:"medium"`
	// Partner is the link, partner or USSD gateway that it came by, for the
	// meter.
	Partner string `json:"partner,omitempty"`
	// Private names the arguments of which the ledger gets only a salted hash.
	Private []string              `json:"private,omitempty"`
	Consent string                `json:"consent,omitempty"`
	Slots   map[string]i18n.Value `json:"slots,omitempty"`
	// Undo, when not nil, is the call that takes a transaction back. The
	// receipt is added as the argument "receipt" when it is known.
	Undo *UndoOffer `json:"undo,omitempty"`
	// Assurance is how sure it is who asks; empty means by her number.
	Assurance ledgerclient.Assurance `json:"assurance,omitempty"`
	// Silent says that the answer is not sent to her: she wrote STOP, there is no
	// way back, or it is for her screen only, since she had to type her PIN.
	Silent bool `json:"silent,omitempty"`
	// Own says that the gateway asks on its own account, for no citizen and no
	// department: it is not metered.
	Own bool `json:"own,omitempty"`
}

// UndoOffer is how a transaction may be taken back.
type UndoOffer struct {
	Call   ledgerclient.Call `json:"call"`
	Window time.Duration     `json:"window"`
	Until  time.Time         `json:"until"` // UTC, when the window ends
}

// Outcome is what one step of the dialogue decided. At most one of Query,
// Submit, Lookup and PIN is set.
type Outcome struct {
	Session Session
	// Reply is what to say now. It is empty when a query or a look-up must
	// be answered first, or when nothing may be said.
	Reply Reply
	// Query is asked of the ledger; its answer goes to the dialogue's
	// Resume with Session.
	Query *Ask
	// Submit is signed and queued as a transaction. Reply then says that
	// the request is received, with the value "receipt" still to be filled
	// in by the turn, which draws the number.
	Submit *Ask
	// Repeat says when Submit is a request that she has made before, Asked where
	// she stood as she made it: for the dialogue's Repeated.
	Repeat Repeat
	Asked  *Session
	// Undoes is the receipt of the transaction that Submit takes back.
	Undoes ledgerclient.Receipt
	// Lookup is a receipt number whose standing is wanted; it goes to the
	// dialogue's Standing.
	Lookup ledgerclient.Receipt
	// PIN is what she typed as her PIN: its keyed digest goes to the
	// dialogue's Proven with Session. It is to be forgotten at once.
	PIN Private
	// CallBack says that she wants to be called, as Reply promises.
	CallBack bool
	// Message is sent by SMS beside Reply, which says so by [PartBySMS].
	Message *Reply
	// Notes are what was done to the input, or why it was not taken; the turn
	// counts them, with the medium and the partner. They hold nothing of what
	// she wrote.
	Notes []Meter
	// Again says that Reply is the screen that she was shown before, since the
	// same input came once more: nothing has changed.
	Again bool
}

// In is the outcome in the language that a program asks for, which leaves the
// citizen's own as it is; empty changes nothing.
func (o Outcome) In(l i18n.Lang) Outcome {
	if l == "" {
		return o
	}
	o.Reply.Format.Lang = l
	for _, ask := range []*Ask{o.Query, o.Submit} {
		if ask != nil {
			ask.Format.Lang = l
		}
	}
	return o
}

// Standing is where a receipt's transaction stands.
type Standing struct {
	Receipt ledgerclient.Receipt
	State   State     // zero: no such receipt
	Service string    // that it was made by
	Code    string    // the contract's outcome, once there is one
	Block   uint64    // that holds it, once recorded
	At      time.Time // UTC, of the latest change
	TxID    string    // the ledger's identifier, once recorded
	// Undone says that a later transaction has taken it back. State stays what
	// became of the transaction itself, which the ledger holds as before.
	Undone bool
	// Leaf and Ended are the numbers in the audit log of its decision and of its
	// end; 0 is none.
	Leaf, Ended int64
}
