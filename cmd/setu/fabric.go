package main

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"time"

	"setu/ledgerclient"
	"setu/ledgerclient/fabric"
)

// Fabric says how a Hyperledger Fabric network is reached, and as whom.
type Fabric struct {
	Channel  string `yaml:"channel"`
	Contract string `yaml:"contract"` // the name that it was committed under
	MSP      string `yaml:"msp"`      // our organisation
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"` // PEM, for the gateway alone to read
	// KeyLabel is the label (CKA_LABEL) of the key in the token of keys.module,
	// in the place of KeyFile.
	KeyLabel string `yaml:"key_label"`
	// Peers of our organisation, the preferred one first.
	Peers    []FabricPeer   `yaml:"peers"`
	Timeouts FabricTimeouts `yaml:"timeouts"`
}

// FabricPeer is one peer.
type FabricPeer struct {
	Address    string `yaml:"address"`
	CAFile     string `yaml:"ca_file"`     // PEM, of its TLS certificate's authority
	ServerName string `yaml:"server_name"` // in that certificate, if it is not the host
}

// FabricTimeouts bound one call of each phase; see fabric.Timeouts.
type FabricTimeouts struct {
	Evaluate Duration `yaml:"evaluate"`
	Endorse  Duration `yaml:"endorse"`
	Submit   Duration `yaml:"submit"`
	Status   Duration `yaml:"status"`
}

// validate checks what can be checked without opening anything.
func (f Fabric) validate(k Keys) error {
	for _, field := range []struct{ name, value string }{
		{"channel", f.Channel}, {"contract", f.Contract}, {"msp", f.MSP}, {"cert_file", f.CertFile}, {"key_file", cmp.Or(f.KeyFile, f.KeyLabel)},
	} {
		if field.value == "" {
			return fmt.Errorf("ledger.fabric.%s is missing", field.name)
		}
	}
	if f.KeyFile != "" && f.KeyLabel != "" {
		return errors.New("ledger.fabric has key_file and key_label: the key is in one place only")
	}
	if f.KeyLabel != "" && (k.Module == "" || k.TokenLabel == "" || k.PINFile == "") {
		return errors.New("ledger.fabric.key_label needs keys.module, keys.token_label and keys.pin_file: the token that holds it")
	}
	if len(f.Peers) == 0 {
		return errors.New("ledger.fabric.peers is empty: name at least one peer of the own organisation")
	}
	for i, p := range f.Peers {
		if p.Address == "" || p.CAFile == "" {
			return fmt.Errorf("ledger.fabric.peers[%d] needs address and ca_file", i)
		}
	}
	return nil
}

// driver gives the options as the driver takes them.
func (f Fabric) driver(m *fabricMember) (fabric.Options, error) {
	o := fabric.Options{
		Channel: f.Channel, Contract: f.Contract, MSP: f.MSP, Now: time.Now,
		Timeouts: fabric.Timeouts{
			Evaluate: time.Duration(f.Timeouts.Evaluate), Endorse: time.Duration(f.Timeouts.Endorse),
			Submit: time.Duration(f.Timeouts.Submit), Status: time.Duration(f.Timeouts.Status),
		},
	}
	var err error
	if o.Certificate, o.Key, err = m.read(); err != nil {
		return o, err
	}
	for _, p := range f.Peers {
		octets, err := os.ReadFile(p.CAFile)
		if err != nil {
			return o, fmt.Errorf("read ca_file of peer %s: %w", p.Address, err)
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(octets) {
			return o, fmt.Errorf("ca_file %s holds no certificate", p.CAFile)
		}
		o.Peers = append(o.Peers, fabric.Peer{Address: p.Address, Roots: roots, ServerName: p.ServerName})
	}
	return o, nil
}

// readPrivateKey reads a key in PEM, as PKCS #8 or SEC 1. It refuses a file that
// others than its owner may read.
func readPrivateKey(path string) (crypto.Signer, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("others may read %s: run chmod 600 on it", path)
	}
	octets, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(octets)
	if block == nil {
		return nil, fmt.Errorf("%s holds no PEM", path)
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s holds no private key: %w", path, err)
	}
	private, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s: Fabric wants a key of P-256", path)
	}
	return private, nil
}

// openFabric opens the channel of a Fabric network.
func openFabric(g *gatewayParts, _ *signer) (ledgerclient.Ledger, error) {
	m, err := g.cfg.member()
	if err != nil {
		return nil, err
	}
	o, err := g.cfg.Ledger.Fabric.driver(m)
	if err != nil {
		return nil, err
	}
	l, err := fabric.Open(o)
	if err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	g.closers = append(g.closers, l.Close)
	g.watchMember(m, l)
	return l, nil
}

// fabricAdmin is the identity of an organisation's admin, which a gateway does
// not have: only these commands are given it.
type fabricAdmin struct {
	keysAt
	AdminCert string `help:"Certificate of an admin of the organisation (PEM)." type:"existingfile" placeholder:"FILE"`
	AdminKey  string `help:"The admin's private key (PEM)." type:"existingfile" placeholder:"FILE"`
}

// open opens the configured network, as its admin when one is given.
func (a fabricAdmin) open() (*fabric.Ledger, Config, error) {
	c, err := a.configuration()
	if err != nil {
		return nil, c, err
	}
	if c.Ledger.Driver != "fabric" {
		return nil, c, fmt.Errorf("ledger.driver is %q: this command needs a configuration with fabric", c.Ledger.Driver)
	}
	m, err := c.member()
	if err != nil {
		return nil, c, err
	}
	m.certFile = cmp.Or(a.AdminCert, m.certFile)
	if a.AdminKey != "" {
		m.keyFile, m.label = a.AdminKey, ""
	}
	o, err := c.Ledger.Fabric.driver(m)
	if err != nil {
		return nil, c, err
	}
	l, err := fabric.Open(o)
	return l, c, err
}
