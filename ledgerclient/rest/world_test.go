package rest_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"setu/ledgerclient"
	"setu/ledgerclient/keys"
	"setu/ledgerclient/rest"
	"setu/ledgerclient/rest/baas"
	"setu/ledgerclient/sandbox"
)

// service is the service in front of a sandbox, over TLS on loopback, with a
// gateway that uses it.
type service struct {
	t        testing.TB
	keys     *keys.Store // sign envelopes and queries
	requests *keys.Store // sign requests
	clients  *baas.Clients
	sandbox  *sandbox.Ledger
	http     *httptest.Server
	link     *link
	meddler  *meddler
}

func newKeys(t testing.TB) *keys.Store {
	t.Helper()
	s, err := keys.Create(filepath.Join(t.TempDir(), "keys.age"), "test", keys.Options{WorkFactor: 1})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// list gives the keys of stores.
func list(stores ...*keys.Store) func() ([]keys.Key, error) {
	return func() ([]keys.Key, error) {
		var all []keys.Key
		for _, s := range stores {
			all = append(all, s.List()...)
		}
		return all, nil
	}
}

// newService starts a service; change may alter how, and who uses it beside
// others.
func newService(t testing.TB, change func(*baas.Options, *baas.Client), others ...baas.Client) *service {
	t.Helper()
	s := &service{t: t, keys: newKeys(t), requests: newKeys(t)}
	client := baas.Client{Name: "district", Keys: list(s.keys, s.requests)}
	o := baas.Options{Log: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&o, &client)
	}
	var err error
	if s.clients, err = baas.NewClients(append(others, client)...); err != nil {
		t.Fatal(err)
	}
	if s.sandbox, err = sandbox.Open(sandbox.Options{
		Path: filepath.Join(t.TempDir(), "sandbox.ledger"), Seed: 1, Keys: keys.NewVerifier(s.clients),
		Pseudonym: s.keys.Pseudonym, Now: time.Now,
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.sandbox.Close() })
	if o.Ledger == nil {
		o.Ledger = s.sandbox
	}
	o.Clients = s.clients
	s.meddler = &meddler{inner: baas.New(o)}
	if _, test := t.(*testing.T); test {
		s.meddler.inner = newContract(t, s.meddler.inner)
	}
	s.http = httptest.NewUnstartedServer(s.meddler)
	s.http.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	s.http.StartTLS()
	t.Cleanup(s.http.Close)
	s.link = newLink(t, s.http.Listener.Addr().String())
	return s
}

// trust is a TLS configuration that trusts the service.
func (s *service) trust() *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(s.http.Certificate())
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

// driver is a gateway's driver; change may alter its options.
func (s *service) driver(change func(*rest.Options)) *rest.Ledger {
	s.t.Helper()
	o := rest.Options{URL: "https://" + s.link.address(), TLS: s.trust(), Keys: s.requests}
	if change != nil {
		change(&o)
	}
	l, err := rest.New(o)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = l.Close() })
	return l
}

// with is an option that sets the clock of the driver off.
func off(by time.Duration) func(*rest.Options) {
	return func(o *rest.Options) { o.Now = func() time.Time { return time.Now().Add(by) } }
}

func (s *service) caller(number string) ledgerclient.Caller {
	return ledgerclient.Caller{
		Pseudonym: pseudonym(s.t, s.keys, "women-child", number), Channel: "sms", Assurance: ledgerclient.Number,
	}
}

func (s *service) query() ledgerclient.SignedQuery {
	s.t.Helper()
	q, err := ledgerclient.SignQuery(context.Background(), s.keys, ledgerclient.Query{
		Call:   ledgerclient.Call{Contract: "benefits", Function: "Status", Args: map[string]string{"beneficiary": "1000000001"}},
		Caller: s.caller("+919830000001"), Time: time.Now(),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return q
}

// envelope is a signed envelope of a new request, and its key.
func (s *service) envelope() (ledgerclient.SignedEnvelope, string) {
	s.t.Helper()
	key := rand.Text()
	return s.envelopeOf(key, s.keys), key
}

func (s *service) envelopeOf(key string, by ledgerclient.EnvelopeSigner) ledgerclient.SignedEnvelope {
	s.t.Helper()
	e, err := ledgerclient.SignEnvelope(context.Background(), by, ledgerclient.Envelope{
		Receipt: ledgerclient.NewReceipt(), Key: key, Service: "test", Version: "1",
		Call:   ledgerclient.Call{Contract: "registry", Function: "Put", Args: map[string]string{"register": "test", "key": rand.Text()[:12]}},
		Caller: s.caller("+919830000001"), Time: time.Now(),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return e
}

func (s *service) prepare(l *rest.Ledger) (ledgerclient.Transaction, string) {
	s.t.Helper()
	e, key := s.envelope()
	tx, out, err := l.Prepare(context.Background(), e)
	if err != nil || out.Found {
		s.t.Fatalf("Prepare() = found %v, %v, want a transaction", out.Found, err)
	}
	return tx, key
}

// link is the way between a gateway and the service, which can be cut.
type link struct {
	listener net.Listener
	to       string

	mu    sync.Mutex
	down  bool
	conns map[net.Conn]bool
	group sync.WaitGroup
}

func newLink(t testing.TB, to string) *link {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k := &link{listener: l, to: to, conns: map[net.Conn]bool{}}
	k.group.Go(k.accept)
	t.Cleanup(func() {
		_ = l.Close()
		k.cut(true)
		k.group.Wait()
	})
	return k
}

func (k *link) address() string { return k.listener.Addr().String() }

func (k *link) accept() {
	for {
		near, err := k.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", k.to)
		if err != nil || !k.join(near, far) {
			_ = near.Close()
			if far != nil {
				_ = far.Close()
			}
			continue
		}
		k.group.Go(func() { k.pass(near, far) })
		k.group.Go(func() { k.pass(far, near) })
	}
}

func (k *link) join(conns ...net.Conn) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, c := range conns {
		k.conns[c] = true
	}
	return !k.down
}

func (k *link) pass(from, to net.Conn) {
	_, _ = io.Copy(to, from)
	_, _ = from.Close(), to.Close()
}

// cut cuts the link, or mends it.
func (k *link) cut(down bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.down = down
	if down {
		for c := range k.conns {
			_ = c.Close()
			delete(k.conns, c)
		}
	}
}

// meddler serves requests as the inner handler does, until it is told to do
// something else with the next one.
type meddler struct {
	inner http.Handler

	mu   sync.Mutex
	next func(http.ResponseWriter, *http.Request, http.Handler)
}

func (m *meddler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	next := m.next
	m.next = nil
	m.mu.Unlock()
	if next == nil {
		m.inner.ServeHTTP(w, r)
		return
	}
	next(w, r, m.inner)
}

// once does something else with the next request.
func (m *meddler) once(next func(http.ResponseWriter, *http.Request, http.Handler)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.next = next
}

// answered is what the inner handler answers, before it goes anywhere.
func answered(r *http.Request, inner http.Handler) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	inner.ServeHTTP(w, r)
	return w
}

// forward sends an answer on.
func forward(w http.ResponseWriter, a *httptest.ResponseRecorder, body []byte) {
	for name, values := range a.Header() {
		w.Header()[name] = values
	}
	w.Header().Del("Content-Length")
	w.WriteHeader(a.Code)
	_, _ = w.Write(body)
}

// hangUp ends the connection without an answer.
func hangUp(http.ResponseWriter) { panic(http.ErrAbortHandler) }

func marshal(v any) ([]byte, error) { return json.Marshal(v) }
