package ledgerclient

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// EnvelopeVersion is the version of the envelope's format.
const EnvelopeVersion = "1"

// TimeLayout is how canonical forms write a time: RFC 3339 in UTC with three
// decimals of a second, always. Finer parts are cut off.
const TimeLayout = "2006-01-02T15:04:05.000Z"

// MaxKeyOctets is the longest idempotency key.
const MaxKeyOctets = 128

// ErrEnvelope says that an envelope or query lacks something that it must
// have, or holds something that must never be signed.
var ErrEnvelope = errors.New("ledgerclient: envelope is not complete")

// Envelope is what a citizen asked for, as the gateway accepted it. Its
// canonical form is signed once and never changes.
type Envelope struct {
	Receipt Receipt
	// Key is the idempotency key: the same request has the same key at the
	// provider, in the store and on the ledger. It must not be or hold a
	// phone number.
	Key     string
	Service string
	Version string // of the service's definition
	Call    Call
	Caller  Caller
	Consent string // reference of the consent that it relies on, if any
	// Device is the salted hash ([Hide]) of the phone's own signature
	// ([DeviceSignature.Opening]); empty if no phone signed, and then it is not
	// in the canonical form.
	Device string
	Time   time.Time
	// KeyID names the key that signs the envelope; [SignEnvelope] fills it
	// in, so that nobody can pass the signature off as another key's.
	KeyID string
}

// Canonical is the envelope in RFC 8785 JSON: one object of strings (and one
// object of strings for the arguments), all names but "device" always there, values in
// NFC. The errors are [ErrEnvelope], [ErrReceipt], [ErrName] and [ErrText].
func (e Envelope) Canonical() ([]byte, error) {
	return e.AppendCanonical(make([]byte, 0, 640))
}

// AppendCanonical appends the canonical form to dst. On an error dst's end
// means nothing.
func (e Envelope) AppendCanonical(dst []byte) ([]byte, error) {
	switch {
	case e.Key == "" || len(e.Key) > MaxKeyOctets:
		return dst, fmt.Errorf("%w: key", ErrEnvelope)
	case e.Caller.Pseudonym == "":
		return dst, fmt.Errorf("%w: citizen", ErrEnvelope)
	case !isReceipt(string(e.Receipt)):
		return dst, ErrReceipt
	}
	w := writer{b: dst}
	w.call(e.Call, e.Caller, func() { w.field("consent", e.Consent) }, e.Device)
	w.field("key", e.Key)
	w.field("kid", e.KeyID)
	w.field("receipt", string(e.Receipt))
	w.field("service", e.Service)
	w.field("service_version", e.Version)
	w.time(e.Time)
	w.field("type", "transaction")
	w.field("v", EnvelopeVersion)
	w.b = append(w.b, '}')
	return w.b, w.err
}

// ParseEnvelope reads what [Envelope.Canonical] wrote, and nothing else: one
// octet more, less or elsewhere is [ErrNotCanonical].
func ParseEnvelope(canonical []byte) (Envelope, error) {
	var e Envelope
	d := decoder{rest: string(canonical)}
	d.call(&e.Call, &e.Caller, func() { e.Consent = d.field("consent") }, &e.Device)
	e.Key = d.field("key")
	e.KeyID = d.field("kid")
	e.Receipt = Receipt(d.field("receipt"))
	e.Service = d.field("service")
	e.Version = d.field("service_version")
	e.Time = d.time()
	d.literal(`,"type":"transaction","v":"` + EnvelopeVersion + `"}`)
	if d.bad || d.rest != "" {
		return Envelope{}, ErrNotCanonical
	}
	again, err := e.Canonical()
	if err != nil || string(again) != string(canonical) {
		return Envelope{}, ErrNotCanonical
	}
	return e, nil
}

// Canonical is the query in RFC 8785 JSON; see [Envelope.Canonical].
func (q Query) Canonical() ([]byte, error) {
	return q.AppendCanonical(make([]byte, 0, 320))
}

// AppendCanonical appends the canonical form to dst. On an error dst's end
// means nothing.
func (q Query) AppendCanonical(dst []byte) ([]byte, error) {
	w := writer{b: dst}
	w.call(q.Call, q.Caller, func() {}, "")
	w.time(q.Time)
	w.field("type", "query")
	w.field("v", EnvelopeVersion)
	w.b = append(w.b, '}')
	return w.b, w.err
}

// ParseQuery reads what [Query.Canonical] wrote, and nothing else: one octet
// more, less or elsewhere is [ErrNotCanonical].
func ParseQuery(canonical []byte) (Query, error) {
	var q Query
	d := decoder{rest: string(canonical)}
	d.call(&q.Call, &q.Caller, func() {}, nil)
	q.Time = d.time()
	d.literal(`,"type":"query","v":"` + EnvelopeVersion + `"}`)
	if d.bad || d.rest != "" {
		return Query{}, ErrNotCanonical
	}
	again, err := q.Canonical()
	if err != nil || string(again) != string(canonical) {
		return Query{}, ErrNotCanonical
	}
	return q, nil
}

// writer appends the fields of an envelope or query and keeps the first error.
type writer struct {
	b   []byte
	err error
}

func (w *writer) field(name, value string) {
	if w.err != nil {
		return
	}
	w.b = append(w.b, ',')
	w.b, w.err = appendField(w.b, name, value)
}

func (w *writer) time(t time.Time) {
	if t = t.UTC(); t.Year() < 2000 || t.Year() > 9999 {
		w.err = fmt.Errorf("%w: time", ErrEnvelope)
	}
	if w.err == nil {
		w.b = append(w.b, `,"time":"`...)
		w.b = t.AppendFormat(w.b, TimeLayout)
		w.b = append(w.b, '"')
	}
}

// call writes what envelopes and queries share. consent writes the one field
// of an envelope that sorts in between, and device another if it is there.
func (w *writer) call(c Call, by Caller, consent func(), device string) {
	switch {
	case !isName(c.Contract) || !isName(c.Function) || !isName(by.Channel):
		w.err = fmt.Errorf("%w: contract, function or channel", ErrName)
		return
	case !by.Assurance.Valid():
		w.err = fmt.Errorf("%w: assurance", ErrEnvelope)
		return
	case looksLikeNumber(by.Pseudonym):
		w.err = fmt.Errorf("%w: citizen is a phone number, not a pseudonym", ErrEnvelope)
		return
	}
	var few [16]Field // most calls have fewer, and then nothing is allocated
	args := Record(few[:0])
	for name, value := range c.Args {
		i := len(args)
		for i > 0 && args[i-1].Name > name {
			i--
		}
		args = slices.Insert(args, i, Field{name, value})
	}
	w.b = append(w.b, `{"args":`...)
	if w.b, w.err = args.Append(w.b); w.err != nil {
		return
	}
	w.field("assurance", string(by.Assurance))
	w.field("channel", by.Channel)
	w.field("citizen", by.Pseudonym)
	consent()
	w.field("contract", c.Contract)
	if device != "" {
		w.field("device", device)
	}
	w.field("function", c.Function)
}

func (d *decoder) field(name string) string {
	d.literal(`,"` + name + `":`)
	return d.text()
}

func (d *decoder) time() time.Time {
	t, err := time.Parse(TimeLayout, d.field("time"))
	d.bad = d.bad || err != nil
	return t
}

func (d *decoder) call(c *Call, by *Caller, consent func(), device *string) {
	d.literal(`{"args":`)
	if r := d.record(); len(r) > 0 {
		c.Args = make(map[string]string, len(r))
		for _, f := range r {
			c.Args[f.Name] = f.Value
		}
	}
	by.Assurance = Assurance(d.field("assurance"))
	by.Channel = d.field("channel")
	by.Pseudonym = d.field("citizen")
	consent()
	c.Contract = d.field("contract")
	if device != nil && strings.HasPrefix(d.rest, `,"device":`) {
		*device = d.field("device")
	}
	c.Function = d.field("function")
}

// Valid says that a is one of the four levels.
func (a Assurance) Valid() bool {
	switch a {
	case Open, Number, PIN, Device:
		return true
	}
	return false
}

// looksLikeNumber finds a phone number where a pseudonym belongs: E.164 has at
// most 15 digits, and pseudonyms are longer.
func looksLikeNumber(s string) bool {
	if s == "" || len(s) > 16 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c != '+' || i > 0) {
			return false
		}
	}
	return true
}
