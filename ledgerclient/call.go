// Package ledgerclient is what Setu knows of every ledger: the calls that it
// makes, the envelopes that it signs, the receipts that it hands out and the
// classes of what can go wrong. It does no I/O. The drivers below it
// (sandbox, later fabric and rest) carry the calls out, and each must pass
// the suite in ledgertest.
//
// Two layers are signed. The envelope says what the citizen asked; it is made
// when the request is accepted and never changes. The ledger transaction that
// carries it is made by a driver when the link is up, saved, and submitted as
// the same bytes until its outcome is known.
package ledgerclient

import (
	"context"
	"time"
)

// Call names a function of a contract and its arguments. Argument values are
// NFC strings; amounts and numbers are strings too, so that no canonical form
// of numbers is ever in question.
type Call struct {
	Contract string            `json:"contract"`
	Function string            `json:"function"`
	Args     map[string]string `json:"args,omitempty"`
}

// Assurance is how well the citizen behind a call is known.
type Assurance string

// The levels of assurance, weakest first.
const (
	Open   Assurance = "open"   // anyone
	Number Assurance = "number" // the message came from this number, which a network vouches for
	PIN    Assurance = "pin"    // the citizen typed her PIN
	Device Assurance = "device" // signed by a key that never leaves her phone
)

// Caller is the citizen as a ledger may know her.
type Caller struct {
	// Pseudonym is a keyed hash of the phone number, one per department, so
	// that two departments cannot join their records. It is never a number.
	Pseudonym string `json:"pseudonym"`
	// Channel is the medium that the request came by: sms, ussd, ivr or app.
	Channel   string    `json:"channel"`
	Assurance Assurance `json:"assurance"`
}

// Query is a question to the ledger, which changes nothing.
type Query struct {
	Call
	Caller Caller
	Time   time.Time // UTC, when it was asked
}

// AsOf is the state of the ledger that an answer was read at.
type AsOf struct {
	Block uint64    `json:"block"`
	Time  time.Time `json:"time"` // UTC, when that block was made
}

// Answer is what a contract function returns, for queries and transactions.
type Answer struct {
	// Code is the outcome in the contract's words, such as "found",
	// "missing" or "done". A service says which text follows each code.
	Code string `json:"code"`
	// Fields are the values of the answer in canonical form: amounts in
	// rupees ("1500.50"), dates as 2006-01-02, times as RFC 3339, weights
	// in kilograms. A name that differs by language is given once for each
	// as "name.bn", "name.hi" and "name.en".
	Fields map[string]string `json:"fields,omitempty"`
	// Items are the rows of a list, each with an "id" field.
	Items []map[string]string `json:"items,omitempty"`
	AsOf  AsOf                `json:"as_of"`
}

// Transaction is an endorsed or otherwise final form of a signed envelope: the
// bytes that are saved before they are submitted, and submitted again
// unchanged until the outcome is known.
type Transaction struct {
	ID    string `json:"id"` // the ledger's own identifier
	Bytes []byte `json:"bytes"`
}

// Outcome is where a transaction stands on the ledger.
type Outcome struct {
	// Found says that the ledger holds the transaction, or that it refused
	// it for good. When it is false the other fields mean nothing yet.
	Found  bool
	Answer Answer // Answer.AsOf.Block is the block that holds it
	TxID   string
}

// Ledger is what a driver offers. All methods return errors of class [Class]
// (see [ClassOf]); a refusal by the contract is an [Answer] with its code, not
// an error.
type Ledger interface {
	// Evaluate answers a query.
	Evaluate(ctx context.Context, q SignedQuery) (Answer, error)
	// Prepare turns an envelope into a transaction. Nothing is on the
	// ledger after it. A contract that refuses already says so here: then
	// the outcome is Found and the transaction is empty.
	Prepare(ctx context.Context, e SignedEnvelope) (Transaction, Outcome, error)
	// Submit hands a prepared transaction over and waits until ctx ends for
	// it to be recorded. It may be called again with the same transaction.
	Submit(ctx context.Context, tx Transaction) (Outcome, error)
	// Find looks a transaction up by the idempotency key of its envelope.
	// Found is false when the ledger does not hold it.
	Find(ctx context.Context, key string) (Outcome, error)
}
