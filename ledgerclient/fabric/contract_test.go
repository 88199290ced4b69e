package fabric_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"testing"
	"time"

	"setu/ledgerclient/fabric/contract"
	"setu/test/fabricnet"
)

// A peer reaches the contract over TLS.
func TestContract_TLS(t *testing.T) {
	t.Parallel()
	fabricnet.Need(t)
	w := sharedWorld(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	self := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "contract"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, self, self, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	octets, id, err := fabricnet.PackageTLS("secret", l.Addr().String(), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.InstallPackage(t.Context(), octets); err != nil {
		t.Fatal(err)
	}
	serve := contract.Server{PackageID: id, TLS: &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
	}}
	go func() { _ = serve.Run(t.Context(), l) }()
	p := (&world{w.Network, id}).place(t)
	business, e := p.envelope(100)
	if out, _ := p.settle(p.open(w.Orgs[0].User), business, e); out.Answer.Code != "done" {
		t.Errorf("Submit() to a contract over TLS = %q, want done", out.Answer.Code)
	}
}
