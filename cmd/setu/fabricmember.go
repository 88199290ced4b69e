package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"setu/gateway/console"
	"setu/ledgerclient/fabric"
	"setu/ledgerclient/keys"
)

const (
	// memberEvery is how often the files of the Fabric identity are looked at.
	memberEvery = 2 * time.Second
	// expiresSoon is how long before its end a certificate is a word at
	// /readyz: enough for an authority's working days.
	expiresSoon = 14 * 24 * time.Hour
)

// fabricMember is who a gateway is on a Fabric network: a certificate in a file,
// and its key in a file or in a token.
type fabricMember struct {
	certFile, keyFile string
	token             keys.TokenConfig
	label             string           // of the key in the token; "" is in keyFile
	opened            []*keys.Identity // the newest one last
}

// member is the configured one.
func (c Config) member() (*fabricMember, error) {
	f := c.Ledger.Fabric
	m := &fabricMember{certFile: f.CertFile, keyFile: f.KeyFile, label: f.KeyLabel}
	var err error
	if m.label != "" {
		m.token, err = c.token()
	}
	return m, err
}

// read reads the certificate and finds its key.
func (m *fabricMember) read() ([]byte, crypto.Signer, error) {
	cert, err := os.ReadFile(m.certFile)
	if err != nil {
		return nil, nil, fmt.Errorf("read ledger.fabric.cert_file: %w", err)
	}
	if m.label == "" {
		key, err := readPrivateKey(m.keyFile)
		if err != nil {
			return nil, nil, fmt.Errorf("read ledger.fabric.key_file: %w", err)
		}
		return cert, key, nil
	}
	block, _ := pem.Decode(cert)
	if block == nil {
		return nil, nil, fmt.Errorf("read ledger.fabric.cert_file: %s holds no PEM", m.certFile)
	}
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, nil, fmt.Errorf("read ledger.fabric.cert_file: %w", err)
	}
	if n := len(m.opened); n > 0 && m.opened[n-1].Is(parsed.PublicKey) {
		return cert, m.opened[n-1], nil
	}
	key, err := keys.OpenIdentity(m.token, m.label, parsed.PublicKey)
	if err != nil {
		return nil, nil, fmt.Errorf("find ledger.fabric.key_label in the token: %w", err)
	}
	m.opened = append(m.opened, key)
	return cert, key, nil
}

// close closes the sessions with the token, if there are any.
func (m *fabricMember) close() error {
	var errs []error
	for _, key := range m.opened {
		errs = append(errs, key.Close())
	}
	m.opened = nil
	return errors.Join(errs...)
}

// stamp changes when the files do.
func (m *fabricMember) stamp() string {
	var b strings.Builder
	for _, path := range []string{m.certFile, m.keyFile} {
		if info, err := os.Stat(path); path != "" && err == nil {
			fmt.Fprintf(&b, "%d %d ", info.ModTime().UnixNano(), info.Size())
		}
	}
	return b.String()
}

// watch lets a ledger go on by another certificate when the file is another, so
// that what waits for it need not wait for a restart too.
func (m *fabricMember) watch(ctx context.Context, l *fabric.Ledger, log *slog.Logger, renewed func()) {
	tick := time.NewTicker(memberEvery)
	defer tick.Stop()
	for seen := m.stamp(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := m.stamp()
		if now == seen {
			continue
		}
		seen = now
		cert, key, err := m.read()
		if err == nil {
			err = l.Renew(cert, key)
		}
		if err != nil {
			log.ErrorContext(ctx, "certificate of the ledger not taken; the one before stays in force, and the files are read again when they change",
				slog.String("error", err.Error()))
			continue
		}
		log.InfoContext(ctx, "certificate of the ledger read again", slog.Time("not_after", l.NotAfter()))
		renewed()
	}
}

// watchMember watches the identity's files, until the gateway closes.
func (g *gatewayParts) watchMember(m *fabricMember, l *fabric.Ledger) {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		m.watch(ctx, l, g.log.With(slog.String("part", "ledger")), func() {
			if g.outbox != nil {
				g.outbox.WakeLedger()
			}
		})
	}()
	g.closers = append(g.closers, m.close, func() error { stop(); <-ended; return nil })
	g.member = l
}

// memberCheck says when the certificate expires, once that matters.
func (g *gatewayParts) memberCheck() console.Check {
	return console.Check{Name: "ledger certificate", Ready: func(context.Context) (bool, string) {
		end := g.member.NotAfter()
		left := time.Until(end)
		const what = "replace ledger.fabric.cert_file, which is read again at once"
		switch {
		case left <= 0:
			return false, fmt.Sprintf("expired on %s: transactions wait; %s", end.UTC().Format(time.RFC3339), what)
		case left < expiresSoon:
			return false, fmt.Sprintf("expires on %s; %s", end.UTC().Format(time.RFC3339), what)
		}
		return true, ""
	}}
}

// memberMetrics registers when the certificate expires.
func (g *gatewayParts) memberMetrics(r *prometheus.Registry) {
	if g.member == nil {
		return
	}
	r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "setu_ledger_certificate_expiry_timestamp_seconds", Help: "When the certificate of our identity on the ledger expires.",
	}, func() float64 { return float64(g.member.NotAfter().Unix()) }))
}

// keysRequestCmd asks for the certificate of a key in the token.
type keysRequestCmd struct {
	keysAt
	Name string `help:"Common name in the certificate." default:"setu-gateway"`
}

// Run makes the key, unless it is there, and prints the request.
func (k *keysRequestCmd) Run(io streams) error {
	c, err := k.configuration()
	if err != nil {
		return err
	}
	label := c.Ledger.Fabric.KeyLabel
	if label == "" {
		return errors.New("ledger.fabric.key_label is not set: name the key that the token is to hold")
	}
	token, err := c.token()
	if err != nil {
		return err
	}
	key, err := keys.CreateIdentity(token, label)
	if errors.Is(err, keys.ErrExists) {
		key, err = keys.OpenIdentity(token, label, nil)
	}
	if err != nil {
		return err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: k.Name, OrganizationalUnit: []string{"client"}},
	}, key)
	if err != nil {
		return errors.Join(err, key.Close())
	}
	return errors.Join(pem.Encode(io.out, &pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), key.Close())
}
