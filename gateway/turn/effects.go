package turn

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"strconv"
	"time"

	"setu/gateway"
	"setu/i18n"
	"setu/ledgerclient"
)

// Keys of the dialogue's notices that a turn gives.
const (
	NoticeLater = "later" // the answer follows
	NoticeBusy  = "busy"  // try again later
)

// Classes of messages, for metrics.
const (
	ClassAnswer  = "answer"  // to a message, at once
	ClassReceipt = "receipt" // a transaction is received, and not yet recorded
)

// route is the way back to whoever sent in.
func route(in gateway.Inbound) gateway.Route {
	return gateway.Route{Medium: in.Medium, Link: in.Link, Citizen: in.From, Code: in.To}
}

// say adds the message that r renders to, unless there is nothing to say.
func (t *Taker) say(effects []gateway.Effect, in gateway.Inbound, r gateway.Reply, class string, due time.Time) []gateway.Effect {
	if r.Empty() {
		return effects
	}
	return append(effects, gateway.Effect{
		Kind: gateway.Message, Lane: gateway.Message.Lane(in.From), Lease: due.IsZero(),
		Due: due, Expires: t.Now().Add(t.AnswerLife), To: route(in),
		SMS: &gateway.SMSOut{Text: gateway.Private(t.Words.Render(r, in.Medium)), Class: class},
	})
}

// evaluate signs ask and asks the ledger.
func (t *Taker) evaluate(ctx context.Context, ask gateway.Ask, in gateway.Inbound) (ledgerclient.Answer, error) {
	q, err := t.Signer.SignQuery(ctx, ledgerclient.Query{Call: ask.Call, Caller: t.caller(ask, in.From), Time: t.Now().UTC()})
	if err != nil {
		return ledgerclient.Answer{}, fmt.Errorf("sign query: %w", err)
	}
	return t.Ledger.Evaluate(ctx, q)
}

// caller is the citizen as the department of ask may know her.
func (t *Taker) caller(ask gateway.Ask, citizen gateway.Address) ledgerclient.Caller {
	return ledgerclient.Caller{
		Pseudonym: t.Signer.Pseudonym(ask.Department, citizen.Reveal()),
		Channel:   string(ask.Medium), Assurance: ledgerclient.Number,
	}
}

// submit signs the transaction that out asks for and queues it. The citizen is
// told that it is received when the ledger has not recorded it by the end of
// the channel's patience, or at once while the ledger is out of reach; when it
// is recorded, the outbox tells her so.
func (t *Taker) submit(j *job, out gateway.Outcome) (gateway.Outcome, []gateway.Effect, error) {
	ask, now := *out.Submit, t.Now().UTC()
	receipt := ledgerclient.NewReceipt()
	salts := sealPrivate(&ask)
	key := businessKey(j.in, j.row)
	signed, err := t.Signer.SignEnvelope(t.ctx, ledgerclient.Envelope{
		Receipt: receipt, Key: key, Service: ask.Service, Version: ask.Version,
		Call: ask.Call, Caller: t.caller(ask, j.in.From), Consent: ask.Consent, Time: now,
	})
	if err != nil {
		return out, nil, fmt.Errorf("sign envelope: %w", err)
	}
	ask.Call.Args = nil // the envelope holds them
	effects := []gateway.Effect{{
		Kind: gateway.Transaction, Lane: gateway.Transaction.Lane(j.in.From), Lease: true, Ask: &ask, To: route(j.in),
		Tx: &gateway.TxOut{Receipt: receipt, Key: key, Envelope: signed, Salts: salts},
	}}
	received := withReceipt(out.Reply, receipt)
	due := now.Add(t.Patience)
	if !t.Ledger.Up() {
		due = now
	}
	if said := t.say(nil, j.in, received, ClassReceipt, due); len(said) > 0 {
		// A lane of its own, so that waiting for the ledger holds up nothing.
		said[0].Lane, said[0].Unless = "receipt:"+string(receipt), receipt
		effects = append(effects, said[0])
	}
	if out.Session.Undo != nil && out.Session.Undo.Receipt == "" {
		undo := *out.Session.Undo
		undo.Receipt = receipt
		out.Session.Undo = &undo
	}
	out.Session.Pending = receipt
	out.Submit, out.Reply = nil, gateway.Reply{}
	t.counts.Submitted.Add(1)
	return out, effects, nil
}

// withReceipt gives every part of r the receipt's number.
func withReceipt(r gateway.Reply, receipt ledgerclient.Receipt) gateway.Reply {
	parts := make([]gateway.Part, len(r.Parts))
	for i, p := range r.Parts {
		p.Values = maps.Clone(p.Values)
		if p.Values == nil {
			p.Values = map[string]i18n.Value{}
		}
		p.Values["receipt"] = i18n.Value{Kind: i18n.Receipt, Raw: string(receipt)}
		parts[i] = p
	}
	r.Parts = parts
	return r
}

// businessKey is the idempotency key of the transaction that the message in
// row asked for: the same however often its turn is taken.
func businessKey(in gateway.Inbound, row int64) string {
	h := sha256.New()
	for _, s := range []string{"setu/1", in.Link, in.Key, in.Bind, strconv.FormatInt(in.At.UnixMilli(), 10), strconv.FormatInt(row, 10)} {
		_, _ = h.Write([]byte(s))
		_, _ = h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:20])
}

// sealPrivate replaces the private arguments of ask by salted hashes, and gives
// the salts: who holds salt and text can show what was meant, and the ledger
// tells nobody.
func sealPrivate(ask *gateway.Ask) map[string]string {
	if len(ask.Private) == 0 {
		return nil
	}
	args, salts := maps.Clone(ask.Call.Args), map[string]string{}
	for _, name := range ask.Private {
		salts[name] = ledgerclient.NewSalt()
		args[name] = ledgerclient.Hide(args[name], salts[name])
	}
	ask.Call.Args = args
	return salts
}
