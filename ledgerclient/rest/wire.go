// Package rest is the ledger as a service: JSON over HTTPS, for a department
// that runs no node. [Ledger] is the driver that a gateway uses; package baas
// is the service. openapi.yaml ([OpenAPI]) describes what goes between them, for
// whoever writes another client or another service.
//
// Every request is signed by RFC 9421 and every body has a digest by RFC 9530
// (package httpsig), inside TLS, which may be mutual. What a citizen asked is
// signed once more on its own, as on every ledger: a service that forwards it
// cannot change it. The driver never repeats a call by itself. It says the
// class of each failure, and the outbox decides by it.
package rest

import (
	_ "embed" // the description
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/dunglas/httpsfv"

	"setu/ledgerclient"
)

// Paths of the service, below its URL.
const (
	PathQueries      = "/v1/queries"
	PathProposals    = "/v1/proposals"
	PathTransactions = "/v1/transactions" // POST; or GET with "/" and the key after it
	PathBlocks       = "/v1/blocks"       // GET: how many; with "/" and a number after it what they hold from there on
	PathOpenAPI      = "/v1/openapi.yaml"
	PathProblems     = "/problems/" // and a name: what a problem means
)

// Media types.
const (
	TypeJSON    = "application/json"
	TypeProblem = "application/problem+json" // RFC 9457
)

// Fields of requests.
const (
	// FieldKey holds the idempotency key of the envelope, as a string of
	// RFC 8941 (draft-ietf-httpapi-idempotency-key-header).
	FieldKey = "Idempotency-Key"
	// FieldPrefer says with "wait=5" (RFC 7240 section 4.3) how many
	// seconds the sender will wait for the answer.
	FieldPrefer = "Prefer"
)

// MaxBody is the most octets of a body in either direction. An envelope is at
// most about 400 kB in base64; a prepared transaction holds it once or twice.
const MaxBody = 2 << 20

//go:embed openapi.yaml
var openapi []byte

// OpenAPI is the description of the service: OpenAPI 3.1, in YAML.
func OpenAPI() []byte { return openapi }

// Signed are canonical octets with their signature: an envelope or a query.
type Signed = ledgerclient.SignedEnvelope

// Proposal is the answer to an envelope that was proposed: a transaction to save
// and to submit, or an outcome that is final already.
type Proposal struct {
	Transaction *ledgerclient.Transaction `json:"transaction,omitempty"`
	Outcome     *Outcome                  `json:"outcome,omitempty"`
}

// Submission is what is submitted: a transaction, with the envelope that it was
// made of. Its encoding is what the gateway saves and sends, octet by octet.
type Submission struct {
	Envelope    Signed                   `json:"envelope"`
	Transaction ledgerclient.Transaction `json:"transaction"`
}

// Outcome is where a transaction stands; see [ledgerclient.Outcome].
type Outcome struct {
	Found  bool                 `json:"found"`
	TxID   string               `json:"tx_id,omitempty"`
	Answer *ledgerclient.Answer `json:"answer,omitempty"`
}

// OutcomeOf is an outcome as it is written.
func OutcomeOf(o ledgerclient.Outcome) Outcome {
	if !o.Found {
		return Outcome{}
	}
	return Outcome{Found: true, TxID: o.TxID, Answer: &o.Answer}
}

var errOutcome = errors.New("rest: an outcome without its answer")

// read is the outcome that was written.
func (o *Outcome) read() (ledgerclient.Outcome, error) {
	switch {
	case o == nil || !o.Found:
		return ledgerclient.Outcome{}, nil
	case o.Answer == nil || o.Answer.Code == "":
		return ledgerclient.Outcome{}, errOutcome
	}
	return ledgerclient.Outcome{Found: true, TxID: o.TxID, Answer: *o.Answer}, nil
}

// Decode reads one JSON value and nothing after it. Names that v does not have
// are errors.
func Decode(r io.Reader, v any) error {
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("rest: more than one value")
	}
	return nil
}

// FormatKey writes an idempotency key as the field holds it: a quoted string,
// or a byte sequence (RFC 8941 section 3.3.5) of UTF-8 beyond ASCII.
func FormatKey(key string) (string, error) {
	if strings.Trim(key, printable) == "" {
		return httpsfv.Marshal(httpsfv.NewItem(key))
	}
	return httpsfv.Marshal(httpsfv.NewItem([]byte(key)))
}

// printable are the characters of a quoted string.
const printable = ` !"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_` + "`abcdefghijklmnopqrstuvwxyz{|}~"

// ParseKey reads the idempotency key of a request; "" is none or a malformed
// one.
func ParseKey(h http.Header) string {
	item, err := httpsfv.UnmarshalItem(h.Values(FieldKey))
	if err != nil {
		return ""
	}
	switch v := item.Value.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	}
	return ""
}

// formatWait says in whole seconds how long the sender waits, and "" for less
// than one.
func formatWait(d time.Duration) string {
	if d < time.Second {
		return ""
	}
	item, err := httpsfv.Marshal(httpsfv.NewItem(int64(d / time.Second)))
	if err != nil {
		return ""
	}
	return "wait=" + item
}

// ParseWait is how long the sender of a request waits; zero when it says
// nothing.
func ParseWait(h http.Header) time.Duration {
	dict, err := httpsfv.UnmarshalDictionary(h.Values(FieldPrefer))
	if err != nil {
		return 0
	}
	member, _ := dict.Get("wait")
	item, ok := member.(httpsfv.Item)
	if !ok {
		return 0
	}
	seconds, ok := item.Value.(int64)
	if !ok || seconds < 0 || seconds > 3600 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}
