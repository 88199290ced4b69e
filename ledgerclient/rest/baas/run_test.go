package baas_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"log/slog"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"setu/ledgerclient"
	"setu/ledgerclient/keys"
	"setu/ledgerclient/rest"
	"setu/ledgerclient/rest/baas"
)

// authority signs certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, pool: x509.NewCertPool()}
	made := a.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
	a.cert, a.key = made.Leaf, made.PrivateKey.(*ecdsa.PrivateKey)
	a.pool.AddCert(a.cert)
	return a
}

func (a *authority) sign(template *x509.Certificate) tls.Certificate {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func (a *authority) client(name string) tls.Certificate {
	a.t.Helper()
	return a.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: name}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
}

// slow is a calm ledger that waits until it is let go.
type slow struct {
	calm
	began, release chan struct{}
}

func (s *slow) Find(ctx context.Context, key string) (ledgerclient.Outcome, error) {
	if key == "slow" {
		close(s.began)
		select {
		case <-s.release:
		case <-ctx.Done():
		}
	}
	return s.calm.Find(ctx, key)
}

// running is a service that hears only clients with a certificate.
type running struct {
	t         *testing.T
	authority *authority
	address   string
	stop      context.CancelFunc
	done      chan error
}

func run(t *testing.T, s *baas.Server) *running {
	t.Helper()
	r := &running{t: t, authority: newAuthority(t), done: make(chan error, 1)}
	cert := r.authority.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "service"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.address = l.Addr().String()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	r.stop = stop
	go func() {
		r.done <- s.Run(ctx, l, &tls.Config{
			MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert},
			ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: r.authority.pool,
		})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-r.done; err != nil {
			t.Errorf("Run() = %v, want nil", err)
		}
	})
	return r
}

func (r *running) driver(by ledgerclient.EnvelopeSigner, certs ...tls.Certificate) *rest.Ledger {
	r.t.Helper()
	l, err := rest.New(rest.Options{
		URL: "https://" + r.address, Keys: by,
		TLS: &tls.Config{RootCAs: r.authority.pool, Certificates: certs, MinVersion: tls.VersionTLS12},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = l.Close() })
	return l
}

// TestRun_MutualTLS calls with the agreed certificate, another client's, one of
// nobody's, and none.
func TestRun_MutualTLS(t *testing.T) {
	t.Parallel()
	own := newKeys(t)
	clients, err := baas.NewClients(baas.Client{Name: "district", Keys: of(own), Certificate: "gateway.example"})
	if err != nil {
		t.Fatal(err)
	}
	r := run(t, baas.New(baas.Options{Ledger: &calm{}, Clients: clients, Log: slog.New(slog.DiscardHandler)}))
	for _, tt := range []struct {
		name  string
		certs []tls.Certificate
		want  bool
	}{
		{"the agreed certificate", []tls.Certificate{r.authority.client("gateway.example")}, true},
		{"another client's", []tls.Certificate{r.authority.client("other.example")}, false},
		{"one that nobody vouches for", []tls.Certificate{newAuthority(t).client("gateway.example")}, false},
		{"none", nil, false},
	} {
		_, err := r.driver(own, tt.certs...).Find(t.Context(), "k")
		switch {
		case tt.want && err != nil:
			t.Errorf("Find() with %s = %v, want nil", tt.name, err)
		case !tt.want && ledgerclient.ClassOf(err) != ledgerclient.Config:
			t.Errorf("Find() with %s = %v, want class config", tt.name, err)
		}
	}
}

// TestRun_Rotate changes a client's keys while the service runs.
func TestRun_Rotate(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	first, second := newKeys(t), newKeys(t)
	now := first
	clients, err := baas.NewClients(baas.Client{Name: "district", Keys: func() ([]keys.Key, error) {
		mu.Lock()
		defer mu.Unlock()
		return now.List(), nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	r := run(t, baas.New(baas.Options{Ledger: &calm{}, Clients: clients, Log: slog.New(slog.DiscardHandler)}))
	cert := r.authority.client("x")
	old, fresh := r.driver(first, cert), r.driver(second, cert)
	if _, err := old.Find(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	now = second
	mu.Unlock()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := fresh.Find(t.Context(), "k"); err == nil {
			break
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatal("the new key is not known")
		}
	}
	if _, err := old.Find(t.Context(), "k"); ledgerclient.ClassOf(err) != ledgerclient.Config {
		t.Errorf("Find() by the key that was taken away = %v, want class config", err)
	}
}

// TestRun_Drain stops the service with a request under way, which is answered.
func TestRun_Drain(t *testing.T) {
	t.Parallel()
	own, ledger := newKeys(t), &slow{began: make(chan struct{}), release: make(chan struct{})}
	clients, err := baas.NewClients(baas.Client{Name: "district", Keys: of(own)})
	if err != nil {
		t.Fatal(err)
	}
	r := run(t, baas.New(baas.Options{Ledger: ledger, Clients: clients, Log: slog.New(slog.DiscardHandler)}))
	l := r.driver(own, r.authority.client("x"))
	answer := make(chan error, 1)
	go func() {
		_, err := l.Find(context.Background(), "slow")
		answer <- err
	}()
	<-ledger.began
	r.stop()
	if _, err := r.driver(own, r.authority.client("x")).Find(t.Context(), "k"); err == nil {
		// It may have come in a moment before the listener closed; never after.
		<-time.NewTimer(100 * time.Millisecond).C
		if _, err := r.driver(own, r.authority.client("x")).Find(t.Context(), "k"); err == nil {
			t.Error("a service that stops takes new requests")
		}
	}
	close(ledger.release)
	if err := <-answer; err != nil {
		t.Errorf("the request that was under way = %v, want nil", err)
	}
}
