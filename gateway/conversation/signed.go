package conversation

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"time"

	"setu/gateway"
	"setu/i18n"
	"setu/ledgerclient"
)

// Signer signs as a gateway does.
type Signer interface {
	ledgerclient.Signer
	ledgerclient.EnvelopeSigner
	Pseudonym(department, number string) (string, error)
}

// Signed plays on a real ledger, such as a sandbox: every call is signed.
type Signed struct {
	Ledger ledgerclient.Ledger
	Signer Signer
	// Clock is told the conversation's time before each call, so that the
	// ledger's own clock can follow it. Nil is for a ledger that need not.
	Clock func(time.Time)
}

var _ Ledger = Signed{}

// patience bounds one call.
const patience = 30 * time.Second

func (l Signed) begin(at time.Time) (context.Context, context.CancelFunc) {
	if l.Clock != nil {
		l.Clock(at)
	}
	return context.WithTimeout(context.Background(), patience) // a conversation is played from its file to its end
}

func (l Signed) caller(ask gateway.Ask, from gateway.Address) (ledgerclient.Caller, error) {
	pseudonym, err := l.Signer.Pseudonym(ask.Department, from.Reveal())
	return ledgerclient.Caller{
		Pseudonym: pseudonym, Channel: string(ask.Medium), Assurance: cmp.Or(ask.Assurance, ledgerclient.Number),
	}, err
}

// Query answers a question.
func (l Signed) Query(ask gateway.Ask, from gateway.Address, at time.Time) (ledgerclient.Answer, error) {
	ctx, cancel := l.begin(at)
	defer cancel()
	by, err := l.caller(ask, from)
	if err != nil {
		return ledgerclient.Answer{}, err
	}
	q, err := ledgerclient.SignQuery(ctx, l.Signer, ledgerclient.Query{Call: ask.Call, Caller: by, Time: at.UTC()})
	if err != nil {
		return ledgerclient.Answer{}, err
	}
	return l.Ledger.Evaluate(ctx, q)
}

// Submit records a transaction. Of private arguments the ledger gets a hash.
func (l Signed) Submit(ask gateway.Ask, r ledgerclient.Receipt, from gateway.Address, at time.Time) (ledgerclient.Answer, error) {
	ctx, cancel := l.begin(at)
	defer cancel()
	call := ask.Call
	call.Args = maps.Clone(call.Args)
	for _, name := range ask.Private {
		sum := sha256.Sum256([]byte(i18n.NFC(call.Args[name])))
		call.Args[name] = "sha256:" + hex.EncodeToString(sum[:])
	}
	by, err := l.caller(ask, from)
	if err != nil {
		return ledgerclient.Answer{}, err
	}
	signed, err := ledgerclient.SignEnvelope(ctx, l.Signer, ledgerclient.Envelope{
		Receipt: r, Key: "conversation-" + string(r), Service: ask.Service, Version: ask.Version,
		Call: call, Caller: by, Consent: ask.Consent, Time: at.UTC(),
	})
	if err != nil {
		return ledgerclient.Answer{}, err
	}
	tx, out, err := l.Ledger.Prepare(ctx, signed)
	if err == nil && !out.Found {
		out, err = l.Ledger.Submit(ctx, tx)
	}
	if err != nil {
		return ledgerclient.Answer{}, fmt.Errorf("record: %w", err)
	}
	return out.Answer, nil
}
