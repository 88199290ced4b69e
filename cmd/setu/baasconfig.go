package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"sync"
	"time"

	"setu/ledgerclient/keys"
	"setu/ledgerclient/rest/baas"
)

// BaaS says what `setu baas` serves, and to whom.
type BaaS struct {
	// CertFile and KeyFile are the service's certificate; a sandbox makes
	// its own.
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"`
	// ClientCAFile are the authorities of the clients' certificates. With
	// it, only who shows such a certificate is heard (mutual TLS).
	ClientCAFile string `yaml:"client_ca_file"`
	// Window is how far a request's time may be from ours.
	Window Duration `yaml:"window"`
	// Clients are the gateways that may use the service. A sandbox without
	// any serves the gateway of its own data folder.
	Clients []BaaSClient `yaml:"clients"`
}

// BaaSClient is a gateway that may use the service.
type BaaSClient struct {
	Name string `yaml:"name"`
	// KeysFile holds the gateway's public keys, as `setu keys public` prints
	// them there. It is read again whenever it changes.
	KeysFile string `yaml:"keys_file"`
	// Certificate is the name in the TLS certificate that it must show.
	Certificate string   `yaml:"certificate"`
	Contracts   []string `yaml:"contracts"` // that it may call; none named is all
	Rate        float64  `yaml:"rate"`      // requests a second; 0 is no limit
}

// Files that a sandbox's service makes in the data folder.
const (
	baasCert = "baas-cert.pem"
	baasKey  = "baas-key.pem"
)

// baasClients are the clients of the configuration, or else, in a sandbox, the
// gateway whose keystore this is.
func baasClients(c Config, own *keys.Store) (*baas.Clients, error) {
	var list []baas.Client
	for i, one := range c.BaaS.Clients {
		switch {
		case one.Name == "" || one.KeysFile == "":
			return nil, fmt.Errorf("baas.clients[%d] needs name and keys_file", i)
		case one.Certificate != "" && c.BaaS.ClientCAFile == "":
			return nil, fmt.Errorf("client %q has a certificate, but baas.client_ca_file is not set", one.Name)
		}
		list = append(list, baas.Client{
			Name: one.Name, Certificate: one.Certificate, Contracts: one.Contracts, Rate: one.Rate,
			Keys: whenChanged(one.KeysFile, func() ([]keys.Key, error) { return publicKeys(one.KeysFile) }),
		})
	}
	if len(list) == 0 && own != nil {
		path := c.path(keys.SandboxStore)
		if c.Keys.Driver == tokenKeys {
			path = c.path(registerFile)
		}
		list = append(list, baas.Client{Name: sandboxPartner, Keys: whenChanged(path, func() ([]keys.Key, error) {
			err := own.Reload()
			return own.List(), err
		})})
	}
	if len(list) == 0 {
		return nil, errors.New("baas.clients is empty: name the gateways that may use the service")
	}
	return baas.NewClients(list...)
}

// publicKeys reads the keys of a client.
func publicKeys(path string) ([]keys.Key, error) {
	octets, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	list, err := baas.ParseKeys(octets)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; put the output of the gateway's `setu keys public` there", path, err)
	}
	return list, nil
}

// whenChanged reads keys again only when their file has changed.
func whenChanged(path string, read func() ([]keys.Key, error)) func() ([]keys.Key, error) {
	var (
		mu   sync.Mutex
		last fs.FileInfo
		list []keys.Key
	)
	return func() ([]keys.Key, error) {
		mu.Lock()
		defer mu.Unlock()
		now, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if last != nil && os.SameFile(last, now) && now.ModTime().Equal(last.ModTime()) && now.Size() == last.Size() {
			return list, nil
		}
		fresh, err := read()
		if err != nil {
			return nil, err
		}
		last, list = now, fresh
		return list, nil
	}
}

// baasTLS is how the service shows itself, and whom it hears.
func baasTLS(c Config) (*tls.Config, error) {
	certFile, keyFile := c.BaaS.CertFile, c.BaaS.KeyFile
	if certFile == "" && c.Profile == sandboxProfile {
		certFile, keyFile = c.path(baasCert), c.path(baasKey)
		if err := sandboxCertificate(certFile, keyFile, time.Now()); err != nil {
			return nil, err
		}
	}
	if certFile == "" {
		return nil, errors.New("baas.cert_file and key_file are not set: the service speaks TLS only")
	}
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("read baas.cert_file and key_file: %w", err)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}, NextProtos: []string{"http/1.1"}}
	if c.BaaS.ClientCAFile == "" {
		return config, nil
	}
	authorities, err := os.ReadFile(c.BaaS.ClientCAFile)
	if err != nil {
		return nil, fmt.Errorf("read baas.client_ca_file: %w", err)
	}
	config.ClientCAs = x509.NewCertPool()
	if !config.ClientCAs.AppendCertsFromPEM(authorities) {
		return nil, fmt.Errorf("baas.client_ca_file %s holds no certificate", c.BaaS.ClientCAFile)
	}
	config.ClientAuth = tls.RequireAndVerifyClientCert
	return config, nil
}

// sandboxLife is how long a sandbox's own certificate is valid.
const sandboxLife = 366 * 24 * time.Hour

// sandboxCertificate makes a certificate for this machine's own use, unless
// there is one that is still valid.
func sandboxCertificate(certFile, keyFile string, now time.Time) error {
	if pair, err := tls.LoadX509KeyPair(certFile, keyFile); err == nil && now.Add(24*time.Hour).Before(pair.Leaf.NotAfter) {
		return nil
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "setu sandbox ledger service"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(sandboxLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	if err := os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600); err != nil {
		return fmt.Errorf("write the sandbox's certificate: %w", err)
	}
	if err := os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		return fmt.Errorf("write the sandbox's certificate: %w", err)
	}
	return nil
}
