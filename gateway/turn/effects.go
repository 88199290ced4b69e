package turn

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
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
	// NoticeExpired says that there is no answer and none will follow: she has
	// written STOP, or there is no way back.
	NoticeExpired = "late-expired"
	// NoticeQuiet says that a transaction is received, to somebody who is not
	// sent its outcome.
	NoticeQuiet = "received-quiet"
)

// Classes of messages, for metrics.
const (
	ClassAnswer  = "answer"  // to a message, at once
	ClassReceipt = "receipt" // a transaction is received, and not yet recorded
)

// route is the way back to whoever sent in: by SMS if she is on a live channel.
func (t *Taker) route(in gateway.Inbound) gateway.Route {
	switch {
	case !in.Medium.Live():
	case t.Back == nil:
		return gateway.Route{Medium: gateway.SMS, Citizen: in.From}
	default:
		return t.Back(in)
	}
	return gateway.Route{Medium: in.Medium, Link: in.Link, Citizen: in.From, Code: in.To}
}

// late is the way of an answer that comes late.
func (t *Taker) late(in gateway.Inbound) gateway.Route {
	to := t.route(in)
	if t.Late != nil && to.Link != "" {
		to = t.Late(in, to)
	}
	return to
}

// wish is the call that out asks for; nil is none.
func (t *Taker) wish(s *gateway.Session, out *gateway.Outcome) *gateway.CallWish {
	if !out.CallBack || t.CallBack == nil {
		return nil
	}
	return t.CallBack(s.Citizen)
}

// say adds the message that r renders to, unless there is nothing to say.
func (t *Taker) say(effects []gateway.Effect, in gateway.Inbound, r gateway.Reply, class string, due time.Time) []gateway.Effect {
	if r.Empty() {
		return effects
	}
	to := t.route(in)
	return append(effects, gateway.Effect{
		Kind: gateway.Message, Lane: gateway.Message.Lane(in.From), Lease: due.IsZero(),
		Due: due, Expires: t.Now().Add(t.AnswerLife), To: to,
		SMS: &gateway.SMSOut{Text: gateway.Private(t.Words.Render(r, to.Medium)), Class: class, Result: r.Result},
	})
}

// evaluate signs ask and asks the ledger.
func (t *Taker) evaluate(ctx context.Context, ask gateway.Ask, in gateway.Inbound) (ledgerclient.Answer, error) {
	by, err := t.caller(ask, in.From)
	if err != nil {
		return ledgerclient.Answer{}, err
	}
	q, err := t.Signer.SignQuery(ctx, ledgerclient.Query{Call: ask.Call, Caller: by, Time: t.Now().UTC()})
	if err != nil {
		return ledgerclient.Answer{}, fmt.Errorf("sign query: %w", err)
	}
	return t.Ledger.Evaluate(ctx, q)
}

// caller is the citizen as the department of ask may know her.
func (t *Taker) caller(ask gateway.Ask, citizen gateway.Address) (ledgerclient.Caller, error) {
	pseudonym, err := t.Signer.Pseudonym(ask.Department, citizen.Reveal())
	if err != nil {
		return ledgerclient.Caller{}, fmt.Errorf("find a citizen's pseudonym: %w", err)
	}
	return ledgerclient.Caller{
		Pseudonym: pseudonym, Channel: string(ask.Medium), Assurance: cmp.Or(ask.Assurance, ledgerclient.Number),
	}, nil
}

// submit signs the transaction that out asks for and queues it. The citizen is
// told that it is received when the ledger has not recorded it by the end of
// the channel's patience, or at once while the ledger is out of reach; when it
// is recorded, the outbox tells her so.
func (t *Taker) submit(j *job, out gateway.Outcome) (gateway.Outcome, []gateway.Effect, error) {
	if err := t.acceptFirst(j); err != nil || j.dropped {
		return out, nil, err
	}
	if j.repeats != "" {
		if next, ok, err := t.repeated(j, out); err != nil || ok {
			return next, nil, err
		}
	}
	ask, now := *out.Submit, t.Now().UTC()
	request, err := t.request(j, &out, now)
	if err != nil {
		return out, nil, err
	}
	ask.Silent, ask.Partner = t.silent(j, &out.Session), j.in.Link
	receipt := ledgerclient.NewReceipt()
	salts := sealPrivate(&ask)
	opening, sealed := sealDevice(j.in.Device, &salts)
	key := businessKey(j)
	by, err := t.caller(ask, j.in.From)
	if err != nil {
		return out, nil, err
	}
	signed, err := t.Signer.SignEnvelope(t.ctx, ledgerclient.Envelope{
		Receipt: receipt, Key: key, Service: ask.Service, Version: ask.Version,
		Call: ask.Call, Caller: by, Consent: ask.Consent, Device: sealed, Time: now,
	})
	if err != nil {
		return out, nil, fmt.Errorf("sign envelope: %w", err)
	}
	ask.Call.Args = nil // the envelope holds them
	effects := []gateway.Effect{{
		Kind: gateway.Transaction, Lane: gateway.Transaction.Lane(j.in.From), Lease: true, Ask: &ask, To: t.route(j.in),
		Tx: &gateway.TxOut{Receipt: receipt, Key: key, Envelope: signed, Salts: salts, Device: opening, Request: request, Undoes: out.Undoes},
	}}
	if ask.Silent {
		out.Reply = quietly(out.Reply)
	}
	received := withReceipt(out.Reply, receipt)
	if ask.Medium == gateway.App {
		received.Result = &gateway.Result{Receipt: receipt, Pending: true}
	}
	if !ask.Silent {
		effects = append(effects, t.sayReceived(j, &ask, received, receipt)...)
	}
	if out.Session.Undo != nil && out.Session.Undo.Receipt == "" {
		undo := *out.Session.Undo
		undo.Receipt = receipt
		out.Session.Undo = &undo
	}
	out.Session.Pending = receipt
	out.Submit, out.Reply = nil, gateway.Reply{}
	if j.live() {
		out.Reply = received
	}
	t.counts.Submitted.Add(1)
	return out, effects, nil
}

// sayReceived is the message that a transaction is received. It is superseded if
// the outcome comes before the channel's patience ends.
func (t *Taker) sayReceived(j *job, ask *gateway.Ask, received gateway.Reply, receipt ledgerclient.Receipt) []gateway.Effect {
	due := t.Now().UTC()
	if t.Ledger.Up() {
		due = due.Add(t.Patience)
	}
	said := t.say(nil, j.in, received, ClassReceipt, due)
	for i := range said {
		// A lane of its own, so that waiting for the ledger holds up nothing.
		said[i].Lane, said[i].Unless = "receipt:"+string(receipt), receipt
		said[i].SMS.Service = service(ask)
	}
	return said
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

// silent says that nothing is sent to the citizen behind j. What is put among
// the changes of an app comes to nobody who does not look, STOP or not.
func (t *Taker) silent(j *job, s *gateway.Session) bool {
	if !j.live() {
		return false
	}
	to := t.route(j.in)
	return to.Link == "" || s.Stopped && to.Medium != gateway.App
}

// beside adds the message that goes out beside a screen. If none can, the screen
// does not say that it does.
func (t *Taker) beside(effects []gateway.Effect, j *job, out *gateway.Outcome) []gateway.Effect {
	switch {
	case !slices.ContainsFunc(out.Reply.Parts, isBySMS):
		return effects
	case t.silent(j, &out.Session):
		out.Reply.Parts = slices.DeleteFunc(slices.Clone(out.Reply.Parts), isBySMS)
	case out.Message != nil:
		return t.say(effects, j.in, *out.Message, ClassAnswer, time.Time{})
	}
	return effects
}

func isBySMS(p gateway.Part) bool { return p.Service == "" && p.Text == gateway.PartBySMS }

// quietly is the reply to a transaction for somebody who is not sent its outcome.
func quietly(r gateway.Reply) gateway.Reply {
	r.Parts = slices.Clone(r.Parts)
	for i := range r.Parts {
		if p := &r.Parts[i]; p.Service == "" && p.Text == "received" {
			p.Text = NoticeQuiet
		}
	}
	return r
}

// businessKey is the idempotency key of the transaction that a message asked
// for: the same however often its turn is taken. A live input has no row in the
// inbox; its dialogue and its key there, or a nonce, stand for it.
func businessKey(j *job) string {
	in := &j.in
	parts := []string{"setu/1", in.Link, in.Key, in.Bind, strconv.FormatInt(in.At.UnixMilli(), 10), strconv.FormatInt(j.row, 10)}
	if j.live() {
		if in.Medium == gateway.App && in.Key != "" { // a program's key holds however late it is repeated
			parts[4] = ""
		}
		parts[2] = in.RetryKey()
		parts = append(parts, in.Session, in.From.Reveal(), j.nonce)
	}
	h := sha256.New()
	for _, s := range parts {
		_, _ = h.Write([]byte(s))
		_, _ = h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:20])
}

// service is what a message is about, for a program that reads it.
func service(ask *gateway.Ask) string {
	if ask.Medium != gateway.App {
		return ""
	}
	return ask.Service
}

// saltDevice is the name of the salt of the phone's signature.
const saltDevice = "device"

// sealDevice is the phone's own signature as one line, and the salted hash of it
// that goes to the ledger. Both are empty if no phone signed.
func sealDevice(d *ledgerclient.DeviceSignature, salts *map[string]string) (opening, sealed string) {
	if d == nil {
		return "", ""
	}
	if *salts == nil {
		*salts = make(map[string]string, 1)
	}
	salt := ledgerclient.NewSalt()
	(*salts)[saltDevice] = salt
	opening = d.Opening()
	return opening, ledgerclient.Hide(opening, salt)
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
