package e2e_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"setu/test/gatewaytest"
	"setu/test/siptest"
)

// has waits until the gateway's metrics hold a line.
func has(t *testing.T, g *gatewaytest.Gateway, line string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if _, metrics := g.Get("/metrics"); strings.Contains(metrics, line+"\n") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the metrics do not come to hold %s; log:\n%s", line, g.Log())
		}
	}
}

// TestTrunk_Registers: sipp is the registrar. It is told who we are with the password,
// again and again; that it refuses us is told to operators with what to look at, and
// it is told when we go.
func TestTrunk_Registers(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("sipp"); err != nil {
		t.Skip("sipp is not installed: scripts/setup test")
	}
	scenario, err := filepath.Abs("testdata/sipp/registrar.xml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	secret := filepath.Join(dir, "password")
	if err := os.WriteFile(secret, []byte("open sesame\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	at := gatewaytest.FreeAddress(t)
	_, port, _ := net.SplitHostPort(at)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	//nolint:gosec // words of the test
	registrar := exec.CommandContext(ctx, "sipp", "-sf", scenario, "-i", "127.0.0.1", "-p", port, "-m", "1", "-nostdin", "-trace_err", "-error_file", "errors")
	registrar.Dir = dir
	if err := registrar.Start(); err != nil {
		t.Fatal(err)
	}
	g := gatewaytest.Start(t, gatewaytest.Options{Bin: bin, SIP: "127.0.0.1:0", Config: fmt.Sprintf(
		"ivr:\n  cache: %s\n  sip: {trunks: [{name: state, address: %q, register: true, user: setu, password_file: %q}]}\n", speechCache(t), at, secret)})
	has(t, g, `setu_sip_trunk_up{link="state"} 1`)
	has(t, g, `setu_sip_trunk_up{link="state"} 0`) // refused
	has(t, g, `setu_sip_trunk_up{link="state"} 1`)
	within(t, "log", g.Log(), "trunk is down", "trunk=state", "403 Forbidden: look at user and password", "trunk is up")
	if err := g.Stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	if err := registrar.Wait(); err != nil {
		wrong, _ := os.ReadFile(filepath.Join(dir, "errors")) // there may be none
		t.Errorf("registrar: %v\n%s", err, wrong)
	}
	if strings.Contains(g.Log(), "sesame") {
		t.Error("the password is in the log")
	}
}

// TestTrunk_Failover: of two trunks the second takes the calls while the first says
// nothing, and the first when it is back.
func TestTrunk_Failover(t *testing.T) {
	t.Parallel()
	first, second := newTrunkOf(t), newTrunkOf(t)
	g := gatewaytest.Start(t, gatewaytest.Options{Bin: bin, SIP: "127.0.0.1:0", Config: fmt.Sprintf(`
ivr:
  cache: %s
  sip:
    trunks:
      - {name: first, address: %q, allow: ["127.0.0.0/8"], keep_alive: 1s}
      - {name: second, address: %q, keep_alive: 1s}
  missed_call: ["033-2200-0001"]
  call_back: {from: "03322000000", delay: 1s, retry: [2s]}
`, speechCache(t), first.Addr(), second.Addr())})
	rings := func(n int, want *trunkOf) {
		t.Helper()
		number := fmt.Sprintf("+91983000730%d", n)
		if _, err := first.Call(t.Context(), g.SIP, siptest.Options{From: number, To: "+913322000001"}); siptest.Code(err) != 603 {
			t.Fatalf("missed call: %v", err)
		}
		late := time.After(patience)
		for {
			select {
			case r := <-want.rings:
				err := r.Refuse(404)
				if r.To() != number {
					continue // repeated since the trunk was dead, and taken back
				}
				if err != nil {
					t.Fatal(err)
				}
				return
			case <-late:
				t.Fatalf("call %d does not come; log:\n%s", n, g.Log())
			}
		}
	}
	has(t, g, `setu_sip_trunk_up{link="first"} 1`)
	has(t, g, `setu_sip_trunk_up{link="second"} 1`)
	rings(1, first)
	first.die(true)
	rings(2, second) // before anybody knows
	has(t, g, `setu_sip_trunk_up{link="first"} 0`)
	rings(3, second)
	first.die(false)
	has(t, g, `setu_sip_trunk_up{link="first"} 1`)
	rings(4, first)
	within(t, "log", g.Log(), "trunk is down", "trunk=first", "is the address right", "trunk is up")
}

// trunkOf is a trunk that can die.
type trunkOf struct {
	*siptest.Exchange
	rings chan siptest.Ringing
}

func newTrunkOf(t *testing.T) *trunkOf {
	t.Helper()
	x := &trunkOf{siptest.New(t), make(chan siptest.Ringing, 8)}
	x.die(false)
	return x
}

// die makes the trunk say nothing to what comes, or come back.
func (x *trunkOf) die(dead bool) {
	if dead {
		silent := func(_ *sip.Request, tx sip.ServerTransaction) { <-tx.Done() }
		x.Handle(sip.OPTIONS, silent)
		x.Handle(sip.INVITE, func(_ *sip.Request, tx sip.ServerTransaction) { tx.Terminate() })
		return
	}
	x.Handle(sip.OPTIONS, func(req *sip.Request, tx sip.ServerTransaction) {
		_ = tx.Respond(sip.NewResponseFromRequest(req, 200, "OK", nil)) // or it is asked again
	})
	x.Ring(x.rings)
}

// TestTrunk_TLS: a call comes over TLS, and a trunk is asked over TLS whose
// certificate we know; one that we do not know is down, and the log says why.
func TestTrunk_TLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	known, knownFile := certificate(t, dir, "known")
	other, _ := certificate(t, dir, "other")
	asked := make(chan string, 64)
	good, bad := tlsTrunk(t, known, asked), tlsTrunk(t, other, asked)
	sips := gatewaytest.FreeAddress(t)
	g := gatewaytest.Start(t, gatewaytest.Options{Bin: bin, SIP: "127.0.0.1:0", Config: fmt.Sprintf(`
listen: {sips: %q}
ivr:
  cache: %s
  sip:
    cert_file: %s
    key_file: %s
    ca_file: %s
    trunks:
      - {name: good, address: %q, transport: tls, allow: ["127.0.0.0/8"], keep_alive: 1s}
      - {name: bad, address: %q, transport: tls, keep_alive: 1s}
`, sips, speechCache(t), knownFile, filepath.Join(dir, "known.key"), knownFile, good, bad)})
	select {
	case line := <-asked:
		if !strings.HasPrefix(line, "OPTIONS ") {
			t.Errorf("the trunk is asked %q", line)
		}
	case <-time.After(patience):
		t.Fatalf("the trunk is not asked; log:\n%s", g.Log())
	}
	has(t, g, `setu_sip_trunk_up{link="good"} 1`)
	has(t, g, `setu_sip_trunk_up{link="bad"} 0`)
	within(t, "log", g.Log(), "trunk is down", "trunk=bad", "certificate")

	pool := x509.NewCertPool()
	pool.AddCert(known.Leaf)
	conn, err := tls.Dial("tcp", sips, &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}) //nolint:noctx // loopback
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }() // what was asked is answered
	say := func(method, to, cseq string) string {
		body := ""
		if method == "INVITE" {
			body = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 8\r\n"
		}
		_, err := fmt.Fprintf(conn, "%s sip:1800@%s;transport=tls SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bK%s%s\r\nFrom: <sip:+919830000044@127.0.0.1>;tag=a\r\nTo: %s\r\n"+
			"Call-ID: over-tls\r\nCSeq: %s %s\r\nContact: <sip:a@127.0.0.1:9;transport=tls>\r\nMax-Forwards: 70\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s",
			method, sips, method, cseq, to, cseq, method, len(body), body)
		if err != nil {
			t.Fatal(err)
		}
		return to
	}
	answers := bufio.NewReader(conn)
	_ = conn.SetReadDeadline(time.Now().Add(patience)) // or it is refused below
	say("INVITE", "<sip:1800@127.0.0.1>", "1")
	status, to := sipAnswer(t, answers)
	for strings.HasPrefix(status, "SIP/2.0 1") {
		status, to = sipAnswer(t, answers)
	}
	if status != "SIP/2.0 200 OK" {
		t.Fatalf("the call is answered %q", status)
	}
	say("ACK", to, "1")
	say("BYE", to, "2")
	for {
		status, _ = sipAnswer(t, answers)
		if strings.HasPrefix(status, "SIP/2.0 200") {
			break
		}
	}
	has(t, g, `setu_calls_total{end="hung_up",link="good"} 1`)
}

// sipAnswer reads a message: its first line and its To.
func sipAnswer(t *testing.T, r *bufio.Reader) (status, to string) {
	t.Helper()
	length := 0
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		line = strings.TrimRight(line, "\r\n")
		name, value, _ := strings.Cut(line, ":")
		switch {
		case line == "" && status != "":
			if _, err := io.CopyN(io.Discard, r, int64(length)); err != nil {
				t.Fatal(err)
			}
			return status, to
		case status == "":
			status = line
		case name == "To":
			to = strings.TrimSpace(value)
		case name == "Content-Length":
			if _, err := fmt.Sscan(value, &length); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// tlsTrunk answers each request over TLS, and tells its first line.
func tlsTrunk(t *testing.T, cert tls.Certificate, asked chan<- string) string {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }() // the gateway has gone
				var head []string
				for lines := bufio.NewScanner(conn); lines.Scan(); {
					if head = append(head, lines.Text()); lines.Text() != "" {
						continue
					}
					asked <- head[0]
					var kept []string
					for _, h := range head[1:] {
						if name, _, _ := strings.Cut(h, ":"); name == "Via" || name == "From" || name == "To" || name == "Call-ID" || name == "CSeq" {
							kept = append(kept, h)
						}
					}
					_, _ = fmt.Fprintf(conn, "SIP/2.0 200 OK\r\n%s\r\nContent-Length: 0\r\n\r\n", strings.Join(kept, "\r\n")) // or it is asked again
					head = nil
				}
			}()
		}
	}()
	return l.Addr().String()
}

// certificate makes one of 127.0.0.1 that vouches for itself, and files of it and its
// key.
func certificate(t *testing.T, dir, name string) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, name+".pem")
	for path, block := range map[string]*pem.Block{file: {Type: "CERTIFICATE", Bytes: der}, filepath.Join(dir, name+".key"): {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, file
}
