package baas_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"setu/ledgerclient"
	"setu/ledgerclient/keys"
	"setu/ledgerclient/rest"
	"setu/ledgerclient/rest/baas"
	"setu/ledgerclient/rest/httpsig"
)

func newKeys(t testing.TB) *keys.Store {
	t.Helper()
	s, err := keys.Create(filepath.Join(t.TempDir(), "keys.age"), "test", keys.Options{WorkFactor: 1})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func of(s *keys.Store) func() ([]keys.Key, error) {
	return func() ([]keys.Key, error) { return s.List(), nil }
}

// calm is a ledger that answers everything at once, and counts.
type calm struct{ calls atomic.Int64 }

func (c *calm) Evaluate(context.Context, ledgerclient.SignedQuery) (ledgerclient.Answer, error) {
	c.calls.Add(1)
	return ledgerclient.Answer{Code: "found"}, nil
}

func (c *calm) Prepare(context.Context, ledgerclient.SignedEnvelope) (ledgerclient.Transaction, ledgerclient.Outcome, error) {
	c.calls.Add(1)
	return ledgerclient.Transaction{ID: "tx", Bytes: []byte("bytes")}, ledgerclient.Outcome{}, nil
}

func (c *calm) Submit(context.Context, ledgerclient.Transaction) (ledgerclient.Outcome, error) {
	c.calls.Add(1)
	return ledgerclient.Outcome{Found: true, TxID: "tx", Answer: ledgerclient.Answer{Code: "done"}}, nil
}

func (c *calm) Find(context.Context, string) (ledgerclient.Outcome, error) {
	c.calls.Add(1)
	return ledgerclient.Outcome{}, nil
}

// place is a service in front of a calm ledger, asked by hand.
type place struct {
	t      *testing.T
	keys   *keys.Store
	ledger *calm
	server *baas.Server
}

func newPlace(t *testing.T, change func(*baas.Options, *baas.Client)) *place {
	t.Helper()
	p := &place{t: t, keys: newKeys(t), ledger: &calm{}}
	client := baas.Client{Name: "district", Keys: of(p.keys)}
	o := baas.Options{Ledger: p.ledger, Log: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&o, &client)
	}
	clients, err := baas.NewClients(client)
	if err != nil {
		t.Fatal(err)
	}
	o.Clients = clients
	p.server = baas.New(o)
	return p
}

// envelope is the body of a proposal, with the envelope's key.
func (p *place) envelope() (body []byte, key string) {
	p.t.Helper()
	key = rand.Text()
	e, err := ledgerclient.SignEnvelope(p.t.Context(), p.keys, ledgerclient.Envelope{
		Receipt: ledgerclient.NewReceipt(), Key: key, Service: "test", Version: "1",
		Call:   ledgerclient.Call{Contract: "registry", Function: "Put"},
		Caller: ledgerclient.Caller{Pseudonym: "1.pG0gQ5JW27833_DwoE_FiQ4v", Channel: "sms", Assurance: ledgerclient.Number},
		Time:   time.Now(),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	body, err = json.Marshal(e)
	if err != nil {
		p.t.Fatal(err)
	}
	return body, key
}

// request is a signed request. key is put into quotes; "" is none.
func (p *place) request(method, path, key string, body []byte) *http.Request {
	p.t.Helper()
	r := httptest.NewRequestWithContext(p.t.Context(), method, "https://ledger.example"+path, bytes.NewReader(body))
	if body != nil {
		r.Header.Set("Content-Type", rest.TypeJSON)
	}
	if key != "" {
		r.Header.Set(rest.FieldKey, `"`+key+`"`)
	}
	if err := (&httpsig.Signer{Keys: p.keys, Now: time.Now}).Sign(p.t.Context(), r, body); err != nil {
		p.t.Fatal(err)
	}
	return r
}

func (p *place) serve(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	p.server.ServeHTTP(w, r)
	return w
}

// want asserts a problem, and that the ledger was not asked.
func (p *place) want(what string, w *httptest.ResponseRecorder, k rest.Kind) {
	p.t.Helper()
	var got rest.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != k.Status || got.Type != rest.PathProblems+k.Name {
		p.t.Errorf("%s = %d %s, want %d and the problem %q", what, w.Code, w.Body, k.Status, k.Name)
	}
	if w.Header().Get("Content-Type") != rest.TypeProblem || httpsig.CheckDigest(w.Header(), w.Body.Bytes()) != nil {
		p.t.Errorf("%s: content type %q, or the digest is not the answer's", what, w.Header().Get("Content-Type"))
	}
	if n := p.ledger.calls.Load(); n != 0 {
		p.t.Errorf("%s: the ledger was asked %d times, want none", what, n)
	}
}

// TestRequests_Refused sends what a client of somebody else's making may send.
func TestRequests_Refused(t *testing.T) {
	t.Parallel()
	p := newPlace(t, nil)
	good, key := p.envelope()
	post := func(path, key string, body []byte) *httptest.ResponseRecorder {
		return p.serve(p.request(http.MethodPost, path, key, body))
	}
	submission := func(key string, envelope []byte) []byte {
		return []byte(`{"envelope":` + string(envelope) + `,"transaction":{"id":"tx","bytes":"AAAA"}}`)
	}
	for _, body := range []string{"", "x", "[]", "{}{}", `{"canonical":1}`, `{"other":1}`, string(good) + "x"} {
		for _, path := range []string{rest.PathQueries, rest.PathProposals, rest.PathTransactions} {
			p.want("a body that is "+body+" to "+path, post(path, key, []byte(body)), rest.Malformed)
		}
	}
	p.want("an empty object", post(rest.PathProposals, key, []byte("{}")), rest.LedgerRefused)
	p.want("a proposal without a key", post(rest.PathProposals, "", good), rest.WrongKey)
	p.want("a proposal with another key", post(rest.PathProposals, "other", good), rest.WrongKey)
	p.want("a submission with another key", post(rest.PathTransactions, "other", submission(key, good)), rest.WrongKey)
	p.want("an envelope as a query", post(rest.PathQueries, "", good), rest.LedgerRefused)
	p.want("a key that is too long", p.serve(p.request(http.MethodGet, rest.PathTransactions+"/"+strings.Repeat("k", 129), "", nil)), rest.Malformed)
	p.want("a body that is too large", post(rest.PathProposals, key, bytes.Repeat([]byte(" "), rest.MaxBody+1)), rest.TooLarge)
	p.want("another path", post("/v2/proposals", key, good), rest.NoSuchPath)
	w := p.serve(p.request(http.MethodDelete, rest.PathProposals, key, good))
	p.want("another method", w, rest.WrongMethod)
	if got := w.Header().Get("Allow"); got != http.MethodPost {
		t.Errorf("Allow = %q, want POST", got)
	}
	r := p.request(http.MethodPost, rest.PathProposals, key, good)
	r.Header.Del("Signature")
	p.want("no signature", p.serve(r), rest.Unsigned)
	r = p.request(http.MethodPost, rest.PathProposals, key, good)
	r.Body = http.NoBody
	p.want("a body left out", p.serve(r), rest.WrongDigest)
	other, _ := p.envelope()
	r = p.request(http.MethodPost, rest.PathProposals, key, good)
	r.Body = httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", bytes.NewReader(other)).Body
	p.want("another body", p.serve(r), rest.WrongDigest)
	r = p.request(http.MethodPost, rest.PathProposals, key, good)
	r.URL.Path = rest.PathQueries
	p.want("a request to another path", p.serve(r), rest.Unsigned)
	var se ledgerclient.SignedEnvelope
	if err := json.Unmarshal(good, &se); err != nil {
		t.Fatal(err)
	}
	se.Canonical = bytes.Replace(se.Canonical, []byte("Put"), []byte("Del"), 1)
	forged, err := json.Marshal(se)
	if err != nil {
		t.Fatal(err)
	}
	p.want("a forged envelope", post(rest.PathProposals, key, forged), rest.LedgerRefused)
	p.want("a submission of a forged envelope", post(rest.PathTransactions, key, submission(key, forged)), rest.LedgerRefused)
	if w := post(rest.PathProposals, key, good); w.Code != http.StatusOK || p.ledger.calls.Load() != 1 {
		t.Errorf("a good proposal = %d %s, want 200", w.Code, w.Body)
	}
}

// TestReplay sends the octets of a request again, to the same service and to
// the one that is started after it.
func TestReplay(t *testing.T) {
	t.Parallel()
	p := newPlace(t, nil)
	body, key := p.envelope()
	r := p.request(http.MethodPost, rest.PathProposals, key, body)
	again := func() *http.Request {
		c := r.Clone(t.Context())
		c.Body = httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", bytes.NewReader(body)).Body
		return c
	}
	if w := p.serve(again()); w.Code != http.StatusOK {
		t.Fatalf("first = %d %s, want 200", w.Code, w.Body)
	}
	p.ledger.calls.Store(0)
	p.want("the same request", p.serve(again()), rest.Replayed)
	next := newPlace(t, func(o *baas.Options, c *baas.Client) {
		c.Keys = of(p.keys)
		o.Since = time.Now().Truncate(time.Second).Add(time.Second)
	})
	next.want("the same request to the next service", next.serve(again()), rest.Clock)
}

func TestRate(t *testing.T) {
	t.Parallel()
	now := time.Now()
	p := newPlace(t, func(o *baas.Options, c *baas.Client) {
		c.Rate = 3
		o.Now = func() time.Time { return now }
	})
	find := func() *httptest.ResponseRecorder {
		return p.serve(p.request(http.MethodGet, rest.PathTransactions+"/k", "", nil))
	}
	for i := range 3 {
		if w := find(); w.Code != http.StatusOK {
			t.Errorf("request %d = %d, want 200", i, w.Code)
		}
	}
	p.ledger.calls.Store(0)
	w := find()
	p.want("a request too many", w, rest.TooMany)
	if w.Header().Get("Retry-After") == "" {
		t.Error("nothing says when to try again")
	}
}

func TestCertificate(t *testing.T) {
	t.Parallel()
	p := newPlace(t, func(_ *baas.Options, c *baas.Client) { c.Certificate = "gateway.example" })
	shown := func(names ...string) *httptest.ResponseRecorder {
		r := p.request(http.MethodGet, rest.PathTransactions+"/k", "", nil)
		r.TLS = &tls.ConnectionState{}
		if names != nil {
			r.TLS.VerifiedChains = [][]*x509.Certificate{{{Subject: pkix.Name{CommonName: names[0]}, DNSNames: names[1:]}}}
		}
		return p.serve(r)
	}
	p.want("no certificate", shown(), rest.Certificate)
	p.want("another certificate", shown("other.example", "www.other.example"), rest.Certificate)
	for _, names := range [][]string{{"gateway.example"}, {"x", "gateway.example"}} {
		if w := shown(names...); w.Code != http.StatusOK {
			t.Errorf("a certificate of %q = %d, want 200", names, w.Code)
		}
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	p := newPlace(t, nil)
	for _, k := range rest.Kinds() {
		w := p.serve(httptest.NewRequestWithContext(t.Context(), http.MethodGet, rest.PathProblems+k.Name, http.NoBody))
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), k.Next) {
			t.Errorf("GET %s%s = %d %q, want what to do next", rest.PathProblems, k.Name, w.Code, w.Body)
		}
	}
	if w := p.serve(httptest.NewRequestWithContext(t.Context(), http.MethodGet, rest.PathProblems+"none", http.NoBody)); w.Code != http.StatusNotFound {
		t.Errorf("GET of a problem that there is not = %d, want 404", w.Code)
	}
}

func TestClients(t *testing.T) {
	t.Parallel()
	if _, err := baas.NewClients(); !errors.Is(err, baas.ErrNoClient) {
		t.Errorf("NewClients() = %v, want ErrNoClient", err)
	}
	one := newKeys(t)
	if _, err := baas.NewClients(baas.Client{Name: "a", Keys: of(one)}, baas.Client{Name: "b", Keys: of(one)}); !errors.Is(err, baas.ErrKeyTwice) {
		t.Errorf("NewClients(two with one key) = %v, want ErrKeyTwice", err)
	}
	var broken error
	c, err := baas.NewClients(baas.Client{Name: "a", Keys: func() ([]keys.Key, error) { return one.List(), broken }})
	if err != nil {
		t.Fatal(err)
	}
	old := one.KeyID()
	if _, err := one.Revoke(old); err != nil {
		t.Fatal(err)
	}
	broken = errors.New("disk gone")
	if err := c.Reload(); !errors.Is(err, broken) {
		t.Errorf("Reload() = %v, want the file's error", err)
	}
	if k, ok := c.Public(old); !ok || k.State != keys.Active {
		t.Errorf("after a reload that failed the key is %v %s, want as it was", ok, k.State)
	}
	broken = nil
	if err := c.Reload(); err != nil {
		t.Fatal(err)
	}
	if k, _ := c.Public(old); k.State != keys.Revoked {
		t.Errorf("after a reload the key is %s, want revoked", k.State)
	}
}

// A client whose keys cannot be read, or who names another's, holds up neither
// the revocations nor the new keys of the others.
func TestClients_OneBroken(t *testing.T) {
	t.Parallel()
	one, two := newKeys(t), newKeys(t)
	var broken error
	more := one.List()
	c, err := baas.NewClients(
		baas.Client{Name: "a", Keys: func() ([]keys.Key, error) { return more, broken }},
		baas.Client{Name: "b", Keys: of(two)},
	)
	if err != nil {
		t.Fatal(err)
	}
	states := func(fault error, want ...keys.State) {
		t.Helper()
		if err := c.Reload(); !errors.Is(err, fault) || !strings.Contains(err.Error(), `"a"`) {
			t.Errorf("Reload() = %v, want %v of client a", err, fault)
		}
		for i, id := range []string{one.List()[0].ID, two.List()[0].ID, two.KeyID()} {
			if k, ok := c.Public(id); !ok || k.State != want[i] {
				t.Errorf("key %d is %v %q, want %q", i, ok, k.State, want[i])
			}
		}
	}
	if _, err := two.Rotate(); err != nil {
		t.Fatal(err)
	}
	broken = errors.New("disk gone")
	states(broken, keys.Active, keys.Retired, keys.Active)

	broken, more = nil, append(one.List(), two.List()...)
	if _, err := two.Revoke(two.List()[0].ID); err != nil {
		t.Fatal(err)
	}
	states(baas.ErrKeyTwice, keys.Active, keys.Revoked, keys.Active)
}
