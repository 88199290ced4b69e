// Package contracts holds the contract functions behind the services: what a
// ledger answers and what it changes. The sandbox runs them, and the same code
// can run as chaincode on a Fabric network, so they are deterministic: time
// and identity come from the request, nothing is read but the [State], and no
// order depends on a map. It does no I/O.
//
// A function that accepts writes its records; one that refuses writes nothing
// and says why by its code. [Invoke] adds what every transaction shares: the
// record of the idempotency key, which is read before it is written, and what
// is needed to take the transaction back.
//
// Codes that any function may answer with: "invalid" (the field "field" names
// the argument) and, for transactions, "denied" (the caller is not known well
// enough).
package contracts

import (
	"errors"
	"fmt"
	"time"

	"setu/ledgerclient"
)

// Errors of [Query] and [Invoke]. They mean that gateway and ledger do not fit
// together, not that a citizen asked for something wrong.
var (
	ErrFunction = errors.New("contracts: no such function")
	ErrKind     = errors.New("contracts: a query was sent as a transaction, or the other way round")
	ErrRequest  = errors.New("contracts: transaction has no receipt or key")
	ErrRecord   = errors.New("contracts: stored record cannot be read")
)

// State is the ledger's world state as a function sees it. Within one
// transaction a Get or Range gives what stood there before it began, or, for
// keys that it put, either: functions never rely on reading their own writes.
type State interface {
	// Get is the value of a key, and nil when there is none. The caller
	// does not change it.
	Get(key string) ([]byte, error)
	// Put sets a value. A nil value removes the key.
	Put(key string, value []byte) error
	// Range calls each for the keys from <= key < to in their order until
	// it returns false.
	Range(from, to string, each func(key string, value []byte) bool) error
}

// Request is one call with all that a function may know.
type Request struct {
	Call   ledgerclient.Call
	Caller ledgerclient.Caller
	Time   time.Time // UTC, when the citizen asked

	// Of transactions only.
	Receipt ledgerclient.Receipt
	Key     string // the idempotency key
}

// Codes that several functions answer with.
const (
	codeFound   = "found"
	codeMissing = "missing"
	codeDone    = "done"
	codeAlready = "already"
	codeInvalid = "invalid"
	codeDenied  = "denied"
)

type name struct{ contract, function string }

type function struct {
	run    func(*call) ledgerclient.Answer
	submit bool
	undo   bool                   // Undo takes it back
	least  ledgerclient.Assurance // of transactions; the zero value asks for none
}

// functions is the table of all that can be called. It never changes.
var functions = map[name]function{
	{"benefits", "Status"}:      {run: benefitStatus},
	{"benefits", "Acknowledge"}: {run: benefitAcknowledge, submit: true, undo: true, least: ledgerclient.Number},
	{"benefits", "Undo"}:        {run: undo, submit: true, least: ledgerclient.Number},
	{"produce", "Price"}:        {run: producePrice},
	{"produce", "Register"}:     {run: produceRegister, submit: true, undo: true},
	{"produce", "Status"}:       {run: produceStatus},
	{"produce", "Undo"}:         {run: undo, submit: true, least: ledgerclient.Number},
	{"land", "Mutation"}:        {run: landMutation},
	{"land", "Plot"}:            {run: landPlot},
	{"documents", "Verify"}:     {run: documentVerify},
	{"documents", "VerifyHash"}: {run: documentVerifyHash},
	{"academic", "Verify"}:      {run: academicVerify},
	{"health", "Balance"}:       {run: healthBalance},
	{"sites", "Check"}:          {run: siteCheck},
	{"grievances", "Raise"}:     {run: grievanceRaise, submit: true, undo: true},
	{"grievances", "Follow"}:    {run: grievanceFollow},
	{"grievances", "Undo"}:      {run: undo, submit: true, least: ledgerclient.Number},
	{"consents", "List"}:        {run: consentList},
	{"consents", "Withdraw"}:    {run: consentWithdraw, submit: true, undo: true, least: ledgerclient.Number},
	{"consents", "Grant"}:       {run: consentGrant, submit: true, undo: true, least: ledgerclient.Number},
	{"consents", "Undo"}:        {run: undo, submit: true, least: ledgerclient.Number},
	{"registry", "Get"}:         {run: registryGet},
	{"registry", "Put"}:         {run: registryPut, submit: true, undo: true},
	{"registry", "Undo"}:        {run: undo, submit: true, least: ledgerclient.Number},
	{"audit", "Anchor"}:         {run: auditAnchor, submit: true},
	{"audit", "Checkpoint"}:     {run: auditCheckpoint},
}

// Query answers a query on s, to which it writes nothing. The errors are
// [ErrFunction], [ErrKind], [ErrRecord] and those of s.
func Query(s State, r Request) (ledgerclient.Answer, error) {
	f, ok := functions[name{r.Call.Contract, r.Call.Function}]
	switch {
	case !ok:
		return ledgerclient.Answer{}, fmt.Errorf("%w: %s.%s", ErrFunction, r.Call.Contract, r.Call.Function)
	case f.submit:
		return ledgerclient.Answer{}, fmt.Errorf("%w: %s.%s", ErrKind, r.Call.Contract, r.Call.Function)
	}
	c := call{Request: &r, state: s}
	a := f.run(&c)
	return a, c.err
}

// Invoke carries a transaction out on s and says whether it wrote anything.
// It wrote nothing if the function refused, or if the idempotency key is on
// the ledger already: then the answer is that of the first time, whatever is
// asked now. The errors are [ErrFunction], [ErrKind], [ErrRequest],
// [ErrRecord] and those of s; after an error the writes must be thrown away.
func Invoke(s State, r Request) (a ledgerclient.Answer, wrote bool, err error) {
	f, ok := functions[name{r.Call.Contract, r.Call.Function}]
	switch {
	case !ok:
		return a, false, fmt.Errorf("%w: %s.%s", ErrFunction, r.Call.Contract, r.Call.Function)
	case !f.submit:
		return a, false, fmt.Errorf("%w: %s.%s", ErrKind, r.Call.Contract, r.Call.Function)
	case r.Key == "" || r.Receipt == "":
		return a, false, ErrRequest
	}
	c := call{Request: &r, state: s}
	if first, ok := c.first(); ok || c.err != nil {
		return first, false, c.err
	}
	if r.Caller.Pseudonym == "" || f.least != "" && r.Caller.Assurance == ledgerclient.Open {
		return answer(codeDenied), false, nil
	}
	a = f.run(&c)
	if c.err != nil || len(c.written) == 0 {
		return a, false, c.err
	}
	c.remember(a, f.undo)
	return a, true, c.err
}

// First is the answer that the ledger holds for an idempotency key, and false
// when it holds none.
func First(s State, key string) (ledgerclient.Answer, bool, error) {
	c := call{Request: &Request{Key: key}, state: s}
	a, ok := c.first()
	return a, ok, c.err
}
