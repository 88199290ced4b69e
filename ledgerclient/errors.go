package ledgerclient

import (
	"context"
	"errors"
)

// Class says what an error from a ledger means for the request that met it:
// whether anything may be on the ledger, and so what may be done next.
type Class uint8

// The classes. A driver maps every error of its ledger to one of them.
const (
	// Poison is anything unclassified. The request is parked for an
	// operator and the citizen's later requests wait behind it. It is the
	// zero value, so that a forgotten mapping is never taken for safe.
	Poison Class = iota
	// Before means that nothing can be on the ledger: it was not reached.
	Before
	// Stale means that the ledger refused the transaction for its age.
	Stale
	// Config means that this gateway may not do this: identity, channel or
	// contract are wrong. All requests on the route wait for an operator.
	Config
	// Unknown means that the transaction may or may not be on the ledger.
	Unknown
	// Conflict means that another transaction came between reading and
	// writing. It is recorded without effect.
	Conflict
	// DuplicateID means that the ledger holds this transaction already.
	DuplicateID
	// Policy means that too few endorsed it. It is recorded without effect.
	Policy
	// Refused means that the ordering service will not take these bytes.
	Refused
	// Disowned means that the key that signed the envelope was revoked since.
	// The envelope is never changed, so no try will be taken.
	Disowned
)

// Action is what the outbox does about a class.
type Action uint8

// The actions.
const (
	Park    Action = iota // keep for an operator, hold the citizen's followers
	Retry                 // the same envelope again, after a pause, without limit
	Rebuild               // a new transaction from the same envelope, a few times
	Settle                // ask by key, then submit the same bytes again, without limit
	Trip                  // as Retry, and open the circuit of the whole route
)

type classRule struct {
	name   string
	action Action
}

// classRules is the table that the outbox and its tests share.
var classRules = [...]classRule{
	Poison:      {"poison", Park},
	Before:      {"before", Retry},
	Stale:       {"stale", Rebuild},
	Config:      {"config", Trip},
	Unknown:     {"unknown", Settle},
	Conflict:    {"conflict", Rebuild},
	DuplicateID: {"duplicate_id", Settle},
	Policy:      {"policy", Rebuild},
	Refused:     {"refused", Park},
	Disowned:    {"disowned", Park},
}

// String is the class's name in logs, metrics and `setu queue`.
func (c Class) String() string {
	if int(c) < len(classRules) {
		return classRules[c].name
	}
	return classRules[Poison].name
}

// Action is what may be done after an error of class c.
func (c Class) Action() Action {
	if int(c) < len(classRules) {
		return classRules[c].action
	}
	return Park
}

// Error is an error of a ledger with its class. Its text is for operators and
// never reaches a citizen.
type Error struct {
	Class Class
	Op    string // the step: evaluate, prepare, submit, find
	Err   error
}

// Error says the step, the class and the cause.
func (e *Error) Error() string {
	return "ledger " + e.Op + " (" + e.Class.String() + "): " + e.Err.Error()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// ClassOf is the class of err. An error without one is [Poison], save for a
// context that ended, which is [Unknown]: the call may have been made.
func ClassOf(err error) Class {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e.Class
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return Unknown
	}
	return Poison
}
