package gateway

import (
	"time"

	"setu/ledgerclient"
)

// Kind is the kind of work that waits in the outbox.
type Kind uint8

// The kinds.
const (
	Message     Kind = iota + 1 // an SMS to a citizen
	Transaction                 // a signed envelope for the ledger
	Question                    // a query that the ledger did not answer in time
)

// String is the kind's name in `setu queue` and metrics.
func (k Kind) String() string {
	switch k {
	case Message:
		return "message"
	case Transaction:
		return "transaction"
	case Question:
		return "question"
	}
	return "unknown"
}

// ParseKind reads a kind's name.
func ParseKind(s string) (Kind, bool) {
	for k := Message; k <= Question; k++ {
		if k.String() == s {
			return k, true
		}
	}
	return 0, false
}

// Lane is the lane of a citizen's work of kind k. Her transactions and
// questions share one, so that a question sees what she did before it; her
// messages have another, which does not wait for the ledger.
func (k Kind) Lane(citizen Address) string {
	if k == Message {
		return "sms:" + citizen.Reveal()
	}
	return "ledger:" + citizen.Reveal()
}

// State is where an outbox item stands. Final states never change.
type State uint8

// The states. The zero value is no state.
const (
	Queued    State = iota + 1 // waits for its turn in the lane, for its time or for the link
	Endorsed                   // a transaction's final bytes are saved, not yet submitted
	Submitted                  // handed over; the outcome is awaited
	Unknown                    // handed over, and the answer was lost: it is asked for before anything is repeated
	Parked                     // kept for an operator; its lane waits behind it

	Sent       // final but for the delivery receipt: the operator took the message
	Delivered  // final: the handset has it
	Recorded   // final: on the ledger
	Rejected   // final: the contract or the operator said no, with a code
	Expired    // final: its time ran out before it could be done
	Superseded // final: a later message made it needless
	Withdrawn  // final: taken back by the citizen before it went
	Dead       // final: an operator discarded it, with a reason
	Answered   // final: the ledger has answered the question
)

// stateNames are the names in `setu queue`, metrics and the store.
var stateNames = [...]string{
	Queued: "queued", Endorsed: "endorsed", Submitted: "submitted", Unknown: "unknown", Parked: "parked",
	Sent: "sent", Delivered: "delivered", Recorded: "recorded", Rejected: "rejected", Expired: "expired",
	Superseded: "superseded", Withdrawn: "withdrawn", Dead: "dead", Answered: "answered",
}

// String is the state's name.
func (s State) String() string {
	if s > 0 && int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "none"
}

// ParseState reads a state's name.
func ParseState(s string) (State, bool) {
	for st := Queued; int(st) < len(stateNames); st++ {
		if stateNames[st] == s {
			return st, true
		}
	}
	return 0, false
}

// Unfinished are the states that work is left in.
func Unfinished() []State { return []State{Queued, Endorsed, Submitted, Unknown, Parked} }

// Final says that no work is left: the item no longer holds up its lane.
func (s State) Final() bool { return s >= Sent }

// Effect is work that a commit puts into the outbox.
type Effect struct {
	Kind Kind
	// Lane orders the work: items of one lane are done one after another, in
	// the order of their commits. It is made of the citizen and the kind.
	Lane string
	// Due is when it may be done; the zero value is at once.
	Due time.Time
	// Expires ends all tries; the zero value is never.
	Expires time.Time
	// Unless names a receipt: the item is superseded, undone, as soon as
	// that receipt's transaction is final.
	Unless ledgerclient.Receipt
	// Lease asks that the item be leased to the caller at once if it is the
	// head of its lane and due.
	Lease bool

	SMS *SMSOut // Message
	Tx  *TxOut  // Transaction
	Ask *Ask    // Question, and the context of a Transaction's answer
	To  Route   // where the answer goes
}

// Route is the way back to a citizen.
type Route struct {
	Medium  Medium
	Link    string
	Citizen Address
	Code    Address // the short code that she wrote to
}

// SMSOut is a message in its final words.
type SMSOut struct {
	Text Private
	// Class says what the message is, for the policy on lost answers and for
	// metrics: answer, receipt, notice.
	Class string
	// Say is an answer that came late as it is said, to somebody who asked by
	// telephone; nil is nothing to be said.
	Say *Reply
	// Service and Result say, to a program that reads the message, what it is
	// about; on channels that no program reads they are empty.
	Service string
	Result  *Result
}

// TxOut is a transaction's envelope and, once endorsed, its saved bytes.
type TxOut struct {
	Receipt  ledgerclient.Receipt
	Key      string
	Envelope ledgerclient.SignedEnvelope
	Saved    ledgerclient.Transaction
	// Rebuilt counts the saved bytes that were thrown away before these, since
	// the ledger would never record them.
	Rebuilt int
	// Salts are those of the private arguments, by name: with the text they
	// give the hash that is on the ledger.
	Salts map[string]string
	// Device is the opening of the phone's own signature, of which the envelope
	// holds the hash; its salt is Salts["device"]. Empty if no phone signed.
	Device string
	// Request makes it known when it is asked for again; nil: it is not.
	Request *Request
	// Undoes is the receipt of the transaction that this one takes back; empty
	// is none. Like Request it is for the commit alone, and is not in the item
	// that is read back.
	Undoes ledgerclient.Receipt
}

// Item is an effect in the outbox.
type Item struct {
	Effect
	ID    int64
	State State
	// Token is the fencing token of the lease under which the caller holds
	// the item. Every later word about the item must show it; a stale one is
	// refused.
	Token int64
	// Leased is when the lease ends, UTC. Work that has not begun by then is
	// left alone: another claims it.
	Leased   time.Time
	Attempts int
	Created  time.Time
	// Reason is why it failed last, in an operator's words.
	Reason string
}

// Progress is a word about a leased item.
type Progress struct {
	ID    int64
	Token int64
	State State
	// Due is when a queued item is tried again, which ends the lease.
	Due    time.Time
	Reason string
	// Retry counts this as an attempt.
	Retry bool

	Saved     *ledgerclient.Transaction // with Endorsed
	Rebuilt   int                       // with Saved: see TxOut
	MessageID string                    // with Sent: the operator's identifier
	Code      string                    // with Recorded and Rejected: the contract's outcome
	Block     uint64                    // with Recorded
	TxID      string                    // with Recorded: the ledger's identifier

	// Effects are added in the same commit: the answer to a citizen.
	Effects []Effect
}
