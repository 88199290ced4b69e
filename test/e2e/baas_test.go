package e2e_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"setu/test/fabricnet"
	"setu/test/gatewaytest"
)

// TestBaaS runs a gateway whose ledger another process keeps: questions and
// transactions by SMS, while that process is killed and started again.
func TestBaaS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	service := gatewaytest.ServeLedger(t, bin, gatewaytest.FreeAddress(t), "--data", dir)
	w := open(t, gatewaytest.Options{Dir: dir, Config: fmt.Sprintf(
		"ledger: {driver: rest, url: %q, tls: {ca_file: %q}, patience: 2s}\n", "https://"+service.Address, filepath.Join(dir, "baas-cert.pem"))})
	words := []string{"বার্ধক্য ভাতা: 1,000 টাকা", "वृद्धावस्था पेंशन: 1,000 रुपये", "Old Age Pension: Rs 1,000"}
	for i, ask := range []string{"ভাতা 1000000001", "भत्ता 1000000001", "BENEFIT 1000000001"} {
		within(t, "question", w.ask(newNumber(), ask), words[i])
	}
	seller := newNumber()
	w.ask(seller, "SELL DHAN 150 "+fromToday(240*time.Hour))
	within(t, "transaction", w.ask(seller, "YES"), "Registered, lot")

	service.Kill()
	waiting := newNumber()
	within(t, "question without a service", w.ask(waiting, "BENEFIT 1000000001"), later[2])
	w.ask(waiting, "SELL DHAN 160 "+fromToday(240*time.Hour))
	within(t, "transaction without a service", w.ask(waiting, "YES"), received[2])
	receipt := lastReceipt(t, w.Told(waiting)[2])
	service.Start()
	within(t, "late answer", w.await(waiting, 3), "Old Age Pension: Rs 1,000")
	within(t, "late result", w.await(waiting, 4), receipt)
	w.settle()
	within(t, "setu receipt", w.setu("receipt", receipt), `"state": "recorded"`, `"code": "done"`)

	// Killed in the midst of transactions, again and again.
	const sellers = 6
	for i := range sellers {
		number := newNumber()
		w.ask(number, fmt.Sprintf("SELL DHAN %d %s", 200+i, fromToday(240*time.Hour)))
		w.send(number, "YES")
		if i%2 == 0 {
			service.Kill()
			service.Start()
		}
	}
	w.settle()
	if n := w.onLedger("Register"); n != sellers+2 {
		t.Errorf("the ledger holds %d registrations, want %d", n, sellers+2)
	}
	service.Stop()
}

// certificates makes an authority and certificates by it, and writes them as
// NAME.pem and NAME.key.
func certificates(t *testing.T, dir string, names ...string) {
	t.Helper()
	var authority *x509.Certificate
	var signer *ecdsa.PrivateKey
	for i, name := range names {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: name},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		}
		if authority == nil {
			authority, signer = template, key
			template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
		}
		der, err := x509.CreateCertificate(rand.Reader, template, authority, &key.PublicKey, signer)
		if err != nil {
			t.Fatal(err)
		}
		secret, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name+".pem"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
		write(t, filepath.Join(dir, name+".key"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestBaaS_Department runs a service and a gateway that share nothing but what
// their operators have exchanged: public keys and certificates.
func TestBaaS_Department(t *testing.T) {
	t.Parallel()
	pki, dir, home := t.TempDir(), t.TempDir(), t.TempDir()
	at := func(name string) string { return filepath.Join(pki, name) }
	certificates(t, pki, "authority", "service", "gateway.example")
	public := func() string {
		t.Helper()
		out, err := command(t, "keys", "public", "--data", dir)
		if err != nil {
			t.Fatalf("setu keys public: %v\n%s", err, out)
		}
		return out
	}
	write(t, at("gateway.jwks"), public())
	write(t, at("baas.yaml"), fmt.Sprintf(`
baas:
  cert_file: %q
  key_file: %q
  client_ca_file: %q
  clients:
    - {name: district, keys_file: %q, certificate: gateway.example, contracts: [benefits, produce]}
`, at("service.pem"), at("service.key"), at("authority.pem"), at("gateway.jwks")))
	service := gatewaytest.ServeLedger(t, bin, gatewaytest.FreeAddress(t), "--data", home, "--config", at("baas.yaml"))
	w := open(t, gatewaytest.Options{Dir: dir, Config: fmt.Sprintf(`
ledger:
  driver: rest
  url: %q
  tls: {ca_file: %q, cert_file: %q, key_file: %q}
  patience: 2s
`, "https://"+service.Address, at("authority.pem"), at("gateway.example.pem"), at("gateway.example.key"))})
	number := newNumber()
	within(t, "question", w.ask(number, "BENEFIT 1000000001"), "Old Age Pension: Rs 1,000")
	w.ask(number, "SELL DHAN 150 "+fromToday(240*time.Hour))
	within(t, "transaction", w.ask(number, "YES"), "Registered, lot")
	within(t, "a contract that is not the client's", w.ask(newNumber(), "HEALTH 4000000004"), later[2])

	// A new key that the service has not heard of: all waits until it has.
	w.setu("keys", "rotate")
	number = newNumber()
	within(t, "question by an unknown key", w.ask(number, "BENEFIT 1000000001"), later[2])
	write(t, at("gateway.jwks"), public())
	within(t, "late answer", w.await(number, 1), "Old Age Pension: Rs 1,000")
	service.Stop()
}

// TestBaaS_Fabric serves a real Fabric network to a gateway that has only the
// service's address.
func TestBaaS_Fabric(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := startChain(t, dir, fabricnet.Options{})
	file := filepath.Join(t.TempDir(), "baas.yaml")
	write(t, file, "data: "+dir+"\n"+c.config())
	service := gatewaytest.ServeLedger(t, bin, gatewaytest.FreeAddress(t), "--config", file)
	w := open(t, gatewaytest.Options{Dir: dir, Config: fmt.Sprintf(
		"ledger: {driver: rest, url: %q, tls: {ca_file: %q}, patience: 5s}\n", "https://"+service.Address, filepath.Join(dir, "baas-cert.pem"))})
	within(t, "question", w.ask(newNumber(), "BENEFIT 1000000001"), "Old Age Pension: Rs 1,000")
	seller := newNumber()
	w.ask(seller, "SELL DHAN 150 "+fromToday(240*time.Hour))
	within(t, "transaction", w.ask(seller, "YES"), "Registered, lot")
	service.Kill()
	w.ask(seller, "SELL DHAN 160 "+fromToday(240*time.Hour))
	within(t, "transaction without a service", w.ask(seller, "YES"), received[2])
	service.Start()
	w.settle()
	if n := c.count("Register"); n != 2 {
		t.Errorf("the ledger holds %d registrations, want 2", n)
	}
}
