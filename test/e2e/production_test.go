package e2e_test

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"setu/test/fabricnet"
	"setu/test/gatewaytest"
)

// production is the configuration of a production gateway but for its keys and
// its ledger: two operators, and a partner with a password of its own.
func (o *office) production() string {
	o.t.Helper()
	_, first := o.operator("asha")
	_, second := o.operator("ben")
	return fmt.Sprintf(`profile: production
operators:
%s%spartners:
  - {system_id: sandbox, password_file: %q, allow: ["127.0.0.0/8"], short_codes: ["51969"]}
`, first, second, o.file("partner", "sandbox\n"))
}

// certify has an authority of the network sign a request for a certificate, and
// writes what comes of it.
func (c *chain) certify(request, path string, life time.Duration) {
	c.t.Helper()
	block, _ := pem.Decode([]byte(request))
	if block == nil {
		c.t.Fatalf("no request in %q", request)
	}
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err == nil {
		err = csr.CheckSignature()
	}
	if err != nil {
		c.t.Fatal(err)
	}
	cert, err := c.Orgs[0].Issue(csr.PublicKey, csr.Subject.CommonName, csr.Subject.OrganizationalUnit[0], time.Now().Add(-time.Minute), time.Now().Add(life))
	if err != nil {
		c.t.Fatal(err)
	}
	write(c.t, path, string(cert))
}

// TestProduction runs a production gateway on a Fabric network with all of its
// keys in a token: those that sign for citizens, and the one of its Fabric
// identity, whose certificate expires and is replaced while requests wait.
func TestProduction(t *testing.T) {
	t.Parallel()
	c := newChain(t, fabricnet.Options{})
	o := newOffice(t)
	cert := filepath.Join(o.dir, "member.pem")
	user := c.Orgs[0].User
	o.withToken(o.production() + strings.NewReplacer(
		"key_file: "+user.KeyFile, "key_label: fabric-member", user.CertFile, cert).Replace(c.config()))
	at := []string{"--config", o.config, "--data", o.data}
	o.must(append([]string{"keys", "init"}, at...)...)
	request := o.must(append([]string{"keys", "request", "--name", "gw.dept.example"}, at...)...)
	c.certify(request, cert, time.Hour)
	c.administer(o.run, "register", at...)
	c.administer(o.run, "load", "--config", o.file("trial.yaml", "data: "+t.TempDir()+"\n"+c.config())) // which a production gateway refuses to do
	w := o.open()
	sell := []string{"বিক্রি ধান %d " + fromToday(240*time.Hour), "बिक्री धान %d " + fromToday(240*time.Hour), "SELL DHAN %d " + fromToday(240*time.Hour)}
	for l := range languages {
		number := newNumber()
		w.ask(number, fmt.Sprintf(sell[l], 100+l))
		w.send(number, languages[l].yes)
		w.settle()
		within(t, "setu receipt", w.setu("receipt", lastReceipt(t, strings.Join(w.Told(number), "\n"))), `"state": "recorded"`, `"code": "done"`)
	}

	// Another request is of the same key, whose certificate soon expires.
	ready := func() string { _, body := w.Get("/readyz"); return body }
	c.certify(o.must(append([]string{"keys", "request"}, at...)...), cert, 5*time.Second)
	w.until("the certificate has expired", func() bool {
		return strings.Contains(ready(), "ledger.fabric.cert_file") && strings.Contains(ready(), "expired on")
	})
	number := newNumber()
	within(t, "question without a certificate", w.ask(newNumber(), "BENEFIT 1000000001"), later[2])
	w.ask(number, "SELL DHAN 200 "+fromToday(240*time.Hour))
	within(t, "transaction without a certificate", w.ask(number, "YES"), received[2])
	within(t, "why it waits", w.setu("queue", "show", firstItem(t, w.setu("queue", "list", "--kind", "transaction"))), "expired", "replace it")
	c.certify(request, cert, time.Hour)
	w.settle()
	within(t, "setu receipt", w.setu("receipt", lastReceipt(t, strings.Join(w.Told(number), "\n"))), `"state": "recorded"`, `"code": "done"`)
	if n := c.count("Register"); n != len(languages)+1 {
		t.Errorf("the ledger holds %d registrations, want %d", n, len(languages)+1)
	}
	within(t, "setu findings", w.setu("findings"), "nothing found")
	within(t, "/readyz", ready(), `"ledger certificate":"expires on`)

	// A certificate of another key is not taken, and the one before stays.
	write(t, cert, string(user.Certificate))
	w.until("the wrong certificate is refused", func() bool { return strings.Contains(w.Log(), "that of another key") })
	within(t, "question after that", w.ask(newNumber(), "BENEFIT 1000000001"), "Old Age Pension: Rs 1,000")
}

// TestProduction_REST runs a production gateway whose ledger another department
// keeps: two processes that share nothing but certificates and public keys.
func TestProduction_REST(t *testing.T) {
	t.Parallel()
	o, home := newOffice(t), t.TempDir()
	at := func(name string) string { return filepath.Join(o.dir, name) }
	certificates(t, o.dir, "authority", "service", "gateway.example")
	service := gatewaytest.FreeAddress(t)
	o.config = o.file("setu.yaml", o.production()+fmt.Sprintf(`
keys: {driver: file, passphrase_file: %q}
ledger:
  driver: rest
  url: %q
  tls: {ca_file: %q, cert_file: %q, key_file: %q}
  patience: 2s
`, o.file("passphrase", "a long and random one\n"), "https://"+service, at("authority.pem"), at("gateway.example.pem"), at("gateway.example.key")))
	flags := []string{"--config", o.config, "--data", o.data}
	o.must(append([]string{"keys", "init"}, flags...)...)
	write(t, at("gateway.jwks"), o.must(append([]string{"keys", "public"}, flags...)...))
	write(t, at("baas.yaml"), fmt.Sprintf(`
baas:
  cert_file: %q
  key_file: %q
  client_ca_file: %q
  clients:
    - {name: district, keys_file: %q, certificate: gateway.example, contracts: [benefits, produce]}
`, at("service.pem"), at("service.key"), at("authority.pem"), at("gateway.jwks")))
	kept := gatewaytest.ServeLedger(t, bin, service, "--data", home, "--config", at("baas.yaml"))
	w := o.open()
	within(t, "question", w.ask(newNumber(), "BENEFIT 1000000001"), "Old Age Pension: Rs 1,000")
	number := newNumber()
	w.ask(number, "SELL DHAN 150 "+fromToday(240*time.Hour))
	within(t, "transaction", w.ask(number, "YES"), "Registered, lot")
	kept.Kill()
	w.ask(number, "SELL DHAN 160 "+fromToday(240*time.Hour))
	within(t, "transaction without a service", w.ask(number, "YES"), received[2])
	kept.Start()
	w.settle()
	within(t, "setu receipt", w.setu("receipt", lastReceipt(t, strings.Join(w.Told(number), "\n"))), `"state": "recorded"`, `"code": "done"`)
	w.until("both are heard of in blocks", func() bool {
		return w.metric("setu_ledger_following") == 1 &&
			w.metric("setu_ledger_events_confirmed_total")+w.metric("setu_ledger_events_settled_total") == 2
	})
	within(t, "setu findings", w.setu("findings"), "nothing found")
	kept.Stop()
}
