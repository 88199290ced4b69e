package fabric_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"testing"
	"time"

	"setu/ledgerclient"
	"setu/ledgerclient/fabric"
)

// certificate is one that a key has made for itself, in PEM.
func certificate(t *testing.T, key *ecdsa.PrivateKey, notAfter time.Time) []byte {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "gateway"}, NotBefore: notAfter.Add(-time.Hour), NotAfter: notAfter,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// unwilling is a key whose token is out of reach.
type unwilling struct{ crypto.Signer }

func (unwilling) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("token is gone")
}

// TestRenew lets a certificate expire and replaces it. Until then nothing is
// sent, and all requests wait for an operator.
func TestRenew(t *testing.T) {
	t.Parallel()
	key, now := newKey(t), time.Now().Truncate(time.Second)
	l, err := fabric.Open(fabric.Options{
		Channel: "c", Contract: "setu", MSP: "m", Certificate: certificate(t, key, now), Key: key, Now: func() time.Time { return now },
		Peers: []fabric.Peer{{Address: "127.0.0.1:1", Roots: x509.NewCertPool()}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	for name, call := range map[string]func() error{
		"Find": func() error { _, err := l.Find(t.Context(), "k"); return err },
		"Prepare": func() error {
			_, _, err := l.Prepare(t.Context(), ledgerclient.SignedEnvelope{})
			return err
		},
		"Height": func() error { _, err := l.Height(t.Context()); return err },
		"Follow": func() error { return l.Follow(t.Context(), 0, nil) },
	} {
		if err := call(); !errors.Is(err, fabric.ErrExpired) || ledgerclient.ClassOf(err) != ledgerclient.Config {
			t.Errorf("%s by an expired certificate = %v, want ErrExpired of class config", name, err)
		}
	}
	if err := l.Renew(certificate(t, newKey(t), now.Add(time.Hour)), key); !errors.Is(err, fabric.ErrOptions) {
		t.Errorf("Renew by another key's certificate = %v, want ErrOptions", err)
	}
	if !l.NotAfter().Equal(now) {
		t.Error("a certificate that was refused is in force")
	}
	if err := l.Renew(certificate(t, key, now.Add(time.Hour)), key); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Find(t.Context(), "k"); ledgerclient.ClassOf(err) != ledgerclient.Before {
		t.Errorf("Find after Renew = %v, want it to try the peer", err)
	}
	if err := l.Renew(certificate(t, key, now.Add(time.Hour)), unwilling{key}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Find(t.Context(), "k"); ledgerclient.ClassOf(err) != ledgerclient.Config {
		t.Errorf("Find when the token is gone = %v, want class config", err)
	}
}
