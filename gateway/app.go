package gateway

import (
	"strings"
	"time"

	"setu/ledgerclient"
)

// Form are inputs of a service that are given at once, by a channel that draws
// forms instead of asking one question after another.
type Form struct {
	// Service begins a service; empty goes on with the dialogue under way.
	Service string
	// Inputs are by the slot that each fills. What is chosen, an option or the
	// row of a list, is given by its identifier.
	Inputs map[string]Private
	// Confirmed says that she has seen what the transaction does, and has said
	// yes to it.
	Confirmed bool
}

// Result is what a reply tells of the ledger, for a channel on which a program
// reads it too. The zero value is nothing.
type Result struct {
	// Code is the outcome in the contract's words, such as found or done.
	Code string `json:"code,omitempty"`
	// Receipt is that of the transaction; empty for a question.
	Receipt ledgerclient.Receipt `json:"receipt,omitempty"`
	Block   uint64               `json:"block,omitempty"` // that the answer was read at
	At      time.Time            `json:"at,omitzero"`     // UTC, when that block was made
	// Refused says that the contract refused the transaction for good: it is not on
	// the ledger.
	Refused bool `json:"refused,omitempty"`
	// Pending says that the answer is not there yet, and follows.
	Pending bool `json:"pending,omitempty"`
	// Needs is the assurance that the service asks for and that she does not
	// have: nothing was done.
	Needs ledgerclient.Assurance `json:"needs,omitempty"`
	// Repeated says that Receipt is that of an earlier transaction, which was
	// asked for once more: nothing was signed.
	Repeated bool `json:"repeated,omitempty"`
}

// guestMark begins the address of somebody whose number is not known.
const guestMark = "guest:"

// Guest is the address of somebody whose number is not known, for as long as
// she keeps id. She can use open services; what is remembered of her is in
// memory only.
func Guest(id string) Address { return Address(guestMark + id) }

// Guest says that a is the address of somebody whose number is not known.
func (a Address) Guest() bool { return strings.HasPrefix(string(a), guestMark) }
