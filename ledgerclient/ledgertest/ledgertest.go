// Package ledgertest is the suite that every ledger driver must pass. A driver's
// test calls [Exercise] with a way to make a fresh ledger that holds the made-up
// world of the sandbox: the records and numbers that package synthetic names.
package ledgertest

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"setu/ledgerclient"
)

// Keys sign for the gateway under test.
type Keys interface {
	ledgerclient.Signer
	ledgerclient.EnvelopeSigner
}

// Harness is a ledger with all that the suite needs to use and to disturb it. A
// disturbance that a driver cannot make is nil, and its tests are skipped.
type Harness struct {
	Ledger ledgerclient.Ledger
	Keys   Keys // the ledger accepts what they sign
	// Strangers are keys that the ledger has never heard of.
	Strangers Keys
	Pseudonym func(department, number string) (string, error)
	Now       func() time.Time

	// Down makes the ledger unreachable, or reachable again.
	Down func(down bool)
	// Slow holds back answers by so much.
	Slow func(by time.Duration)
	// Forget lets that many submitted transactions be recorded without an
	// answer.
	Forget func(transactions int)
	// Revoke ends the key that signs.
	Revoke func() error
}

// citizen is the number that the suite mostly asks for.
const citizen = "+919830000001"

// Exercise runs the suite, each test on a ledger of its own.
func Exercise(t *testing.T, fresh func(t *testing.T) Harness) {
	t.Helper()
	for _, test := range []struct {
		name string
		run  func(*suite)
	}{
		{"queries", (*suite).queries},
		{"transactions", (*suite).transactions},
		{"refusals", (*suite).refusals},
		{"the same transaction again", (*suite).sameTransaction},
		{"a new transaction of the same envelope", (*suite).sameEnvelope},
		{"many of the same envelope at once", (*suite).sameEnvelopeAtOnce},
		{"find", (*suite).find},
		{"undo", (*suite).undo},
		{"the ledger moves on", (*suite).movesOn},
		{"many citizens at once", (*suite).concurrent},
		{"a citizen in order", (*suite).order},
		{"unknown function", (*suite).unknownFunction},
		{"forged signatures", (*suite).forged},
		{"strangers", (*suite).strangers},
		{"revoked key", (*suite).revoked},
		{"down", (*suite).down},
		{"answer forgotten", (*suite).forgotten},
		{"deadline", (*suite).deadline},
		{"context that has ended", (*suite).ended},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(&suite{T: t, Harness: fresh(t)})
		})
	}
}

// suite is one test on one ledger.
type suite struct {
	*testing.T
	Harness
}

// call makes a call of pairs of name and value.
func call(contract, function string, pairs ...string) ledgerclient.Call {
	c := ledgerclient.Call{Contract: contract, Function: function}
	if len(pairs) > 0 {
		c.Args = make(map[string]string, len(pairs)/2)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		c.Args[pairs[i]] = pairs[i+1]
	}
	return c
}

// departments have a pseudonym each; the test needs one for each contract.
func department(contract string) string {
	switch contract {
	case "benefits":
		return "women-child"
	case "produce":
		return "agriculture"
	case "health":
		return "health"
	case "grievances":
		return "grievance"
	case "consents":
		return "consent"
	}
	return "open"
}

func (s *suite) caller(c ledgerclient.Call, number string) ledgerclient.Caller {
	s.Helper()
	pseudonym, err := s.Pseudonym(department(c.Contract), number)
	if err != nil {
		s.Fatalf("Pseudonym(): %v", err)
	}
	return ledgerclient.Caller{
		Pseudonym: pseudonym, Channel: "sms", Assurance: ledgerclient.Number,
	}
}

func (s *suite) query(c ledgerclient.Call, number string) ledgerclient.SignedQuery {
	s.Helper()
	q := ledgerclient.Query{Call: c, Caller: s.caller(c, number), Time: s.Now()}
	signed, err := ledgerclient.SignQuery(s.Context(), s.Keys, q)
	if err != nil {
		s.Fatalf("SignQuery(%s.%s): %v", c.Contract, c.Function, err)
	}
	return signed
}

// ask asks a query that must be answered.
func (s *suite) ask(c ledgerclient.Call, number string) ledgerclient.Answer {
	s.Helper()
	a, err := s.Ledger.Evaluate(s.Context(), s.query(c, number))
	if err != nil {
		s.Fatalf("Evaluate(%s.%s): %v", c.Contract, c.Function, err)
	}
	return a
}

// envelope makes an envelope with a new key and receipt.
func (s *suite) envelope(c ledgerclient.Call, number string) ledgerclient.Envelope {
	return ledgerclient.Envelope{
		Receipt: ledgerclient.NewReceipt(), Key: rand.Text(), Service: "test", Version: "1",
		Call: c, Caller: s.caller(c, number), Time: s.Now(),
	}
}

func (s *suite) sign(e ledgerclient.Envelope) ledgerclient.SignedEnvelope {
	s.Helper()
	signed, err := ledgerclient.SignEnvelope(s.Context(), s.Keys, e)
	if err != nil {
		s.Fatalf("SignEnvelope(%s.%s): %v", e.Call.Contract, e.Call.Function, err)
	}
	return signed
}

// prepare makes a transaction, which must not be refused.
func (s *suite) prepare(se ledgerclient.SignedEnvelope) ledgerclient.Transaction {
	s.Helper()
	tx, out, err := s.Ledger.Prepare(s.Context(), se)
	if err != nil || out.Found || tx.ID == "" || len(tx.Bytes) == 0 {
		s.Fatalf("Prepare() = %q, found %v (%s), %v, want a transaction", tx.ID, out.Found, out.Answer.Code, err)
	}
	return tx
}

// submit submits a transaction, which must be recorded.
func (s *suite) submit(tx ledgerclient.Transaction) ledgerclient.Outcome {
	s.Helper()
	out, err := s.Ledger.Submit(s.Context(), tx)
	if err != nil || !out.Found {
		s.Fatalf("Submit() found %v, %v, want an outcome", out.Found, err)
	}
	return out
}

// do carries a call out for a citizen.
func (s *suite) do(c ledgerclient.Call, number string) ledgerclient.Outcome {
	s.Helper()
	return s.submit(s.prepare(s.sign(s.envelope(c, number))))
}

func (s *suite) wantClass(op string, err error, want ledgerclient.Class) {
	s.Helper()
	if err == nil || ledgerclient.ClassOf(err) != want {
		s.Errorf("%s: %v, want an error of class %s", op, err, want)
	}
}

// wantAction is for faults that drivers may tell apart more or less finely.
func (s *suite) wantAction(op string, err error, want ...ledgerclient.Action) {
	s.Helper()
	if err != nil {
		for _, a := range want {
			if ledgerclient.ClassOf(err).Action() == a {
				return
			}
		}
	}
	s.Errorf("%s: %v, want an error whose action is one of %v", op, err, want)
}

// within gives a context that ends soon.
func (s *suite) within(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(s.Context(), d)
}
