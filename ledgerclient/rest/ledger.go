package rest

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"setu/ledgerclient"
	"setu/ledgerclient/rest/httpsig"
)

// Defaults of [Options].
const (
	DefaultConns         = 64
	DefaultReadTimeout   = 10 * time.Second // of a query, a proposal and a search
	DefaultSubmitTimeout = 30 * time.Second
)

// Options say which service a [Ledger] uses.
type Options struct {
	// URL of the service: https, a host and perhaps a path.
	URL string
	// TLS says whom to trust and which certificate to show. Nil trusts the
	// system's authorities and shows none.
	TLS *tls.Config
	// Keys sign the requests.
	Keys ledgerclient.EnvelopeSigner
	// Now is the clock; nil is the system's.
	Now func() time.Time
	// Conns is the most connections at a time; zero is DefaultConns.
	Conns int
	// ReadTimeout and SubmitTimeout end one call, whatever its context
	// allows; zero is the default.
	ReadTimeout, SubmitTimeout time.Duration
}

// Ledger is a ledger that a service keeps. Its methods may be called from many
// goroutines.
type Ledger struct {
	base      *url.URL
	client    *http.Client
	transport *http.Transport
	signer    httpsig.Signer
	read      time.Duration
	submit    time.Duration
}

var _ ledgerclient.Ledger = (*Ledger)(nil)

// Errors of this driver, which are wrapped in a [ledgerclient.Error].
var (
	// ErrURL says that the service's URL cannot be used.
	ErrURL = errors.New("rest: the URL must be https with a host, without user, query and fragment")
	// errAnswer says that an answer cannot be believed.
	errAnswer = errors.New("rest: the answer is not what the service's description says")
)

// New makes a driver. It connects when it is first used. The error is [ErrURL].
func New(o Options) (*Ledger, error) {
	base, err := url.Parse(o.URL)
	if err != nil || base.Scheme != "https" || base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, fmt.Errorf("%w: %q", ErrURL, o.URL)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Conns == 0 {
		o.Conns = DefaultConns
	}
	if o.ReadTimeout == 0 {
		o.ReadTimeout = DefaultReadTimeout
	}
	if o.SubmitTimeout == 0 {
		o.SubmitTimeout = DefaultSubmitTimeout
	}
	t := newTransport(o)
	return &Ledger{
		base: base, transport: t, read: o.ReadTimeout, submit: o.SubmitTimeout,
		client: &http.Client{
			Transport: t,
			// A signature covers the path: elsewhere it means nothing.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		signer: httpsig.Signer{Keys: o.Keys, Now: o.Now},
	}, nil
}

// Close closes the connections that nobody uses.
func (l *Ledger) Close() error {
	l.transport.CloseIdleConnections()
	return nil
}

// Evaluate answers a query.
func (l *Ledger) Evaluate(ctx context.Context, q ledgerclient.SignedQuery) (ledgerclient.Answer, error) {
	c := l.call("evaluate")
	again, err := q.Query.Canonical()
	if err != nil || !bytes.Equal(again, q.Canonical) {
		return ledgerclient.Answer{}, c.fault(ledgerclient.Refused, ledgerclient.ErrNotCanonical)
	}
	body, err := json.Marshal(Signed{Canonical: q.Canonical, Signature: q.Signature})
	if err != nil {
		return ledgerclient.Answer{}, c.fault(ledgerclient.Refused, err)
	}
	var a ledgerclient.Answer
	if err := c.post(ctx, PathQueries, "", body, &a); err != nil {
		return ledgerclient.Answer{}, err
	}
	if a.Code == "" {
		return ledgerclient.Answer{}, c.fault(c.sent, errAnswer)
	}
	return a, nil
}

// Prepare proposes an envelope.
func (l *Ledger) Prepare(ctx context.Context, se ledgerclient.SignedEnvelope) (ledgerclient.Transaction, ledgerclient.Outcome, error) {
	none, nowhere := ledgerclient.Transaction{}, ledgerclient.Outcome{}
	c := l.call("prepare")
	e, err := ledgerclient.ParseEnvelope(se.Canonical)
	if err != nil {
		return none, nowhere, c.fault(ledgerclient.Refused, err)
	}
	body, err := json.Marshal(se)
	if err != nil {
		return none, nowhere, c.fault(ledgerclient.Refused, err)
	}
	var p Proposal
	if err := c.post(ctx, PathProposals, e.Key, body, &p); err != nil {
		return none, nowhere, err
	}
	if p.Outcome != nil {
		out, err := p.Outcome.read()
		if err != nil || !out.Found || p.Transaction != nil {
			return none, nowhere, c.fault(c.sent, errAnswer)
		}
		return none, out, nil
	}
	if p.Transaction == nil || p.Transaction.ID == "" || len(p.Transaction.Bytes) == 0 {
		return none, nowhere, c.fault(c.sent, errAnswer)
	}
	octets, err := json.Marshal(Submission{Envelope: se, Transaction: *p.Transaction})
	if err != nil {
		return none, nowhere, c.fault(c.sent, err)
	}
	return ledgerclient.Transaction{ID: p.Transaction.ID, Bytes: octets}, nowhere, nil
}

// Submit hands a transaction over, as the octets that [Ledger.Prepare] gave.
func (l *Ledger) Submit(ctx context.Context, tx ledgerclient.Transaction) (ledgerclient.Outcome, error) {
	c := l.call("submit")
	c.sent, c.timeout = ledgerclient.Unknown, l.submit
	var s Submission
	if err := Decode(bytes.NewReader(tx.Bytes), &s); err != nil || s.Transaction.ID != tx.ID {
		return ledgerclient.Outcome{}, c.fault(ledgerclient.Refused, ledgerclient.ErrNotCanonical)
	}
	e, err := ledgerclient.ParseEnvelope(s.Envelope.Canonical)
	if err != nil {
		return ledgerclient.Outcome{}, c.fault(ledgerclient.Refused, err)
	}
	if err := ctx.Err(); err != nil {
		// Not this time; but nobody says that it was the first time.
		return ledgerclient.Outcome{}, c.fault(ledgerclient.Unknown, err)
	}
	return c.outcome(ctx, http.MethodPost, PathTransactions, e.Key, tx.Bytes)
}

// Find asks what became of an idempotency key.
func (l *Ledger) Find(ctx context.Context, key string) (ledgerclient.Outcome, error) {
	c := l.call("find")
	return c.outcome(ctx, http.MethodGet, PathTransactions+"/"+url.PathEscape(key), "", nil)
}

// call is one call of the service.
type call struct {
	*Ledger
	op string
	// sent is the class of whatever fails once the request may have reached
	// the service.
	sent    ledgerclient.Class
	timeout time.Duration
	limit   int64 // octets of the answer
}

func (l *Ledger) call(op string) *call {
	return &call{Ledger: l, op: op, sent: ledgerclient.Before, timeout: l.read, limit: MaxBody}
}

func (c *call) fault(class ledgerclient.Class, err error) error {
	return &ledgerclient.Error{Class: class, Op: c.op, Err: err}
}

func (c *call) post(ctx context.Context, path, key string, body []byte, into any) error {
	return c.do(ctx, http.MethodPost, path, key, body, into)
}

// outcome makes a call whose answer is an outcome.
func (c *call) outcome(ctx context.Context, method, path, key string, body []byte) (ledgerclient.Outcome, error) {
	var o Outcome
	if err := c.do(ctx, method, path, key, body, &o); err != nil {
		return ledgerclient.Outcome{}, err
	}
	out, err := o.read()
	if err != nil {
		return out, c.fault(c.sent, err)
	}
	return out, nil
}

// do sends one request and reads its answer.
func (c *call) do(ctx context.Context, method, path, key string, body []byte, into any) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	w := &wire{}
	r, err := c.request(w.trace(ctx), method, path, key, body)
	if err != nil {
		return err
	}
	resp, err := c.client.Do(r)
	if err != nil {
		return c.fault(c.lost(ctx, w, err), err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, c.limit+1))
	switch {
	case err != nil:
		return c.fault(c.sent, fmt.Errorf("read the answer: %w", err))
	case int64(len(answer)) > c.limit:
		return c.fault(c.sent, fmt.Errorf("%w: too long", errAnswer))
	}
	return c.readAnswer(resp, answer, into)
}

// request makes a signed request.
func (c *call) request(ctx context.Context, method, path, key string, body []byte) (*http.Request, error) {
	u, err := url.Parse(strings.TrimSuffix(c.base.String(), "/") + path)
	if err != nil {
		return nil, c.fault(ledgerclient.Poison, err)
	}
	var content io.Reader
	if body != nil {
		// Only a reader: with more, net/http would repeat the request by
		// itself when a connection breaks, and its nonce counts once.
		content = struct{ io.Reader }{bytes.NewReader(body)}
	}
	r, err := http.NewRequestWithContext(ctx, method, u.String(), content)
	if err != nil {
		return nil, c.fault(ledgerclient.Poison, err)
	}
	r.ContentLength = int64(len(body))
	r.Header.Set("Accept", TypeJSON+", "+TypeProblem)
	if body != nil {
		r.Header.Set("Content-Type", TypeJSON)
	}
	if key != "" {
		field, err := FormatKey(key)
		if err != nil {
			return nil, c.fault(ledgerclient.Refused, err)
		}
		r.Header.Set(FieldKey, field)
	}
	if until, ok := ctx.Deadline(); ok {
		if wait := formatWait(until.Sub(c.signer.Now()) * 9 / 10); wait != "" {
			r.Header.Set(FieldPrefer, wait)
		}
	}
	if err := c.signer.Sign(ctx, r, body); err != nil {
		return nil, c.fault(c.unsigned(ctx), err)
	}
	return r, nil
}

// unsigned is the class of a request that could not be signed.
func (c *call) unsigned(ctx context.Context) ledgerclient.Class {
	if ctx.Err() != nil {
		return c.sent
	}
	return ledgerclient.Config // no key may sign: an operator must rotate
}

// readAnswer reads an answer, or the problem in its place.
func (c *call) readAnswer(resp *http.Response, answer []byte, into any) error {
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil {
		kind = ""
	}
	good := resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusAccepted
	if (good && kind == TypeJSON) || kind == TypeProblem {
		if err := httpsig.CheckDigest(resp.Header, answer); err != nil {
			return c.fault(c.sent, fmt.Errorf("the answer: %w", err))
		}
	}
	switch {
	case good && kind == TypeJSON:
		if err := json.Unmarshal(answer, into); err != nil {
			return c.fault(c.sent, fmt.Errorf("%w: %w", errAnswer, err))
		}
		return nil
	case good:
		// A page that somebody between us made of it.
		return c.fault(c.sent, fmt.Errorf("%w: content type %q", errAnswer, kind))
	case kind == TypeProblem:
		return c.problem(resp.StatusCode, answer)
	}
	return c.fault(statusClass(resp.StatusCode, c.sent), fmt.Errorf("%w: status %d without a problem of the service; look at what is between", errAnswer, resp.StatusCode))
}

// problem is the error that a problem stands for.
func (c *call) problem(status int, answer []byte) error {
	var p Problem
	if err := json.Unmarshal(answer, &p); err != nil {
		return c.fault(statusClass(status, c.sent), fmt.Errorf("%w: %w", errAnswer, err))
	}
	said, ok := class(p.Class)
	if !ok {
		said = statusClass(status, c.sent)
	}
	name := strings.TrimPrefix(p.Type, PathProblems)
	if said == ledgerclient.Unknown || name == Replayed.Name {
		// Nothing but a submission can be on the ledger. And a submission
		// that was seen before may be.
		said = c.sent
	}
	return c.fault(said, &ServiceError{Problem: p})
}

// ServiceError is a problem that the service answered with.
type ServiceError struct{ Problem Problem }

// Error says the problem in the service's words.
func (e *ServiceError) Error() string {
	p := e.Problem
	text := fmt.Sprintf("rest: service says %d %s: %s", p.Status, strings.TrimPrefix(p.Type, PathProblems), p.Title)
	if p.Detail != "" {
		text += " " + p.Detail
	}
	for _, k := range Kinds() {
		if p.Type == PathProblems+k.Name && k.Class == ledgerclient.Config {
			text += " " + k.Next
		}
	}
	return text
}
