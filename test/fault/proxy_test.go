package fault_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"setu/test/gatewaytest"
)

// mischief is what a proxy does to a call.
type mischief int

const (
	refuse mischief = iota // it never comes to the service
	lose                   // the service does it, and its answer is lost
	twice                  // it comes to the service twice; the second answer counts
	delay                  // its answer comes late, after those of later calls
	page                   // a page of the proxy's comes in the place of the answer
	mischiefs
)

// names are what a report calls them.
func (m mischief) String() string {
	return [...]string{"refused", "answer lost", "sent twice", "late", "page instead"}[m]
}

// longest is how long an answer is late at most.
const longest = time.Second

// proxy stands between a gateway and a ledger service.
type proxy struct {
	t       *testing.T
	address string
	service string
	client  *http.Client

	mu     sync.Mutex
	random *rand.Rand
	done   [mischiefs]int
	left   atomic.Int64 // mischiefs that it may still do
}

// newProxy serves with the service's own certificate until the test ends.
func newProxy(t *testing.T, r *rand.Rand, data, service string) *proxy {
	t.Helper()
	certFile, keyFile := filepath.Join(data, "baas-cert.pem"), filepath.Join(data, "baas-key.pem")
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	octets, err := os.ReadFile(certFile) //nolint:gosec // the test's own
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(octets)
	p := &proxy{
		t: t, service: service, random: r,
		client: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}, DisableCompression: true}},
	}
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.address = l.Addr().String()
	server := &http.Server{
		Handler: http.HandlerFunc(p.serve), ReadHeaderTimeout: time.Minute,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}},
	}
	served := make(chan struct{})
	go func() { defer close(served); _ = server.ServeTLS(l, "", "") }() // ends with the test
	t.Cleanup(func() {
		_ = server.Close()
		<-served
		p.client.CloseIdleConnections()
	})
	return p
}

// draw draws what becomes of a call: mostly nothing.
func (p *proxy) draw() (m mischief, wait time.Duration, does bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m, wait = mischief(p.random.IntN(int(mischiefs))), time.Duration(p.random.Int64N(int64(longest)))
	if p.random.IntN(3) > 0 || p.left.Add(-1) < 0 {
		return m, wait, false
	}
	p.done[m]++
	return m, wait, true
}

// serve passes one call on, or does mischief to it.
func (p *proxy) serve(w http.ResponseWriter, r *http.Request) {
	m, wait, does := p.draw()
	body, err := io.ReadAll(r.Body)
	if err != nil || does && m == refuse {
		panic(http.ErrAbortHandler) // which closes the connection
	}
	if does && m == page {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
		_, _ = io.WriteString(w, "<html>bad gateway</html>")
		return
	}
	a, err := p.pass(r, body)
	if does && m == twice && err == nil {
		a, err = p.pass(r, body)
	}
	if does && m == delay {
		_ = pause(r.Context(), wait) // who waits may have gone
	}
	if err != nil || does && m == lose {
		panic(http.ErrAbortHandler)
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.octets) // who waits may have gone
}

// passed is the service's answer to a call.
type passed struct {
	status int
	header http.Header
	octets []byte
}

// pass passes a call on, even if nobody waits for it any more.
func (p *proxy) pass(r *http.Request, body []byte) (passed, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), time.Minute)
	defer cancel()
	out, err := http.NewRequestWithContext(ctx, r.Method, "https://"+p.service+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return passed{}, err
	}
	out.Header, out.Host = r.Header.Clone(), r.Host // which is signed
	answer, err := p.client.Do(out)
	if err != nil {
		return passed{}, err
	}
	defer func() { _ = answer.Body.Close() }()
	octets, err := io.ReadAll(answer.Body)
	return passed{answer.StatusCode, answer.Header, octets}, err
}

// TestLedger_BehindProxy has another process keep the ledger, behind a proxy that
// refuses calls, loses answers, sends calls twice and lets answers overtake each
// other, while that process and the gateway are killed.
func TestLedger_BehindProxy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, partner, *seed)
	service := gatewaytest.ServeLedger(t, built, gatewaytest.FreeAddress(t), "--data", w.data)
	p := newProxy(t, rand.New(rand.NewPCG(w.random.Uint64(), 3)), w.data, service.Address) //nolint:gosec // to be repeated
	w.config = fmt.Sprintf("ledger: {driver: rest, url: %q, tls: {ca_file: %q}, patience: 500ms}\n",
		"https://"+p.address, filepath.Join(w.data, "baas-cert.pem"))
	for range 1 + rounds() {
		p.left.Store(25)
		b := w.write(writers)
		l := w.ready("", 0)
		l.amid(b)
		switch w.random.IntN(3) {
		case 0:
			service.Kill()
			l.within(time.Duration(w.random.IntN(500)) * time.Millisecond)
			service.Start()
		case 1:
			l.kill()
			l = w.ready("", 0)
		}
		l.drain(b)
		l.end()
	}
	p.left.Store(0)
	w.last = service.Stop
	w.audit()
	t.Logf("the proxy's doing: %v", p.report())
}

// report counts what was done, and fails if something never was.
func (p *proxy) report() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := ""
	for m, n := range p.done {
		text += fmt.Sprintf("%d %v; ", n, mischief(m))
		if n == 0 {
			p.t.Errorf("no call was %v", mischief(m))
		}
	}
	return text
}
