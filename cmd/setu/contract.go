package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"text/tabwriter"
	"time"

	"setu/ledgerclient"
	"setu/ledgerclient/contracts"
	"setu/ledgerclient/fabric"
	"setu/ledgerclient/fabric/contract"
	"setu/ledgerclient/keys"
	"setu/ledgerclient/sandbox/synthetic"
)

// contractCmd serves the contract on Fabric and administers it.
type contractCmd struct {
	Serve    contractServeCmd    `cmd:"" help:"Serve the contract to the peers of a Fabric network, as a chaincode service."`
	Keys     contractKeysCmd     `cmd:"" help:"List the gateways' keys that the organisation has registered on the ledger."`
	Register contractRegisterCmd `cmd:"" help:"Register this gateway's active key on the ledger, and the next one before it takes over; an admin of the organisation does it."`
	Revoke   contractRevokeCmd   `cmd:"" help:"Revoke a gateway's key on the ledger; an admin of the organisation does it."`
	Load     contractLoadCmd     `cmd:"" help:"Load the made-up citizens of the sandbox onto the ledger of a trial network."`
}

type contractServeCmd struct {
	PackageID string `help:"Identifier of the installed package, label:hash, as the peer printed it." required:"" env:"CHAINCODE_ID"`
	Listen    string `help:"Address for the peers." default:"127.0.0.1:9999" env:"CHAINCODE_SERVER_ADDRESS"`
	TLSCert   string `help:"Certificate (PEM). Without it there is no TLS, and the address must be on loopback." name:"tls-cert" type:"existingfile"`
	TLSKey    string `help:"The certificate's private key (PEM)." name:"tls-key" type:"existingfile"`
	ClientCA  string `help:"Authority of the peers' client certificates (PEM); others are refused." name:"client-ca" type:"existingfile"`
}

// Run serves until it is told to stop.
func (c *contractServeCmd) Run(ctx context.Context, io streams) error {
	s := contract.Server{PackageID: c.PackageID}
	var err error
	if s.TLS, err = c.tls(); err != nil {
		return err
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen for peers: %w", err)
	}
	if tcp, ok := l.Addr().(*net.TCPAddr); s.TLS == nil && (!ok || !tcp.IP.IsLoopback()) {
		return errors.Join(fmt.Errorf("%s is not on loopback: give --tls-cert and --tls-key", c.Listen), l.Close())
	}
	fmt.Fprintf(io.out, "Setu's contract serves peers at %s as %s\n", l.Addr(), c.PackageID)
	return s.Run(ctx, l)
}

func (c *contractServeCmd) tls() (*tls.Config, error) {
	if c.TLSCert == "" {
		return nil, nil
	}
	cert, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("read --tls-cert and --tls-key: %w", err)
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}}
	if c.ClientCA != "" {
		octets, err := os.ReadFile(c.ClientCA)
		if err != nil {
			return nil, fmt.Errorf("read --client-ca: %w", err)
		}
		t.ClientAuth, t.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		if !t.ClientCAs.AppendCertsFromPEM(octets) {
			return nil, fmt.Errorf("--client-ca %s holds no certificate", c.ClientCA)
		}
	}
	return t, nil
}

type contractKeysCmd struct{ fabricAdmin }

// Run lists the keys.
func (c *contractKeysCmd) Run(ctx context.Context, io streams) error {
	l, _, err := c.open()
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }()
	list, err := l.Keys(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "KEY\tORGANISATION\tREVOKED")
	for _, k := range list {
		revoked := "-"
		if !k.Revoked.IsZero() {
			revoked = k.Revoked.Format(time.RFC3339)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", k.ID, k.MSP, revoked)
	}
	return w.Flush()
}

type contractRegisterCmd struct{ fabricAdmin }

// Run registers the active key, and the next one, if it waits to take over.
func (c *contractRegisterCmd) Run(ctx context.Context, io streams) error {
	l, cfg, err := c.open()
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }()
	store, err := keystore(cfg)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	some := false
	for _, key := range store.List() {
		if key.State != keys.Active && key.State != keys.Next {
			continue
		}
		public, err := x509.MarshalPKIXPublicKey(key.Public)
		if err != nil {
			return err
		}
		registered, err := l.RegisterKey(ctx, public)
		if err != nil {
			return err
		}
		fmt.Fprintf(io.out, "%s may sign for %s\n", registered.ID, registered.MSP)
		some = true
	}
	if !some {
		return keys.ErrNoKey
	}
	return nil
}

// keystore opens the configured keystore in a data folder that may be new.
func keystore(c Config) (*keys.Store, error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	return openKeystore(c)
}

type contractRevokeCmd struct {
	fabricAdmin
	Key string `arg:"" help:"The key's identifier."`
}

// Run revokes a key on the ledger.
func (c *contractRevokeCmd) Run(ctx context.Context, io streams) error {
	l, _, err := c.open()
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }()
	key, err := l.RevokeKey(ctx, c.Key)
	if err != nil {
		return err
	}
	fmt.Fprintf(io.out, "%s is revoked on the ledger since %s\n", key.ID, key.Revoked.Format(time.RFC3339))
	return nil
}

type contractLoadCmd struct{ fabricAdmin }

// Run loads the made-up citizens, whom the ledger knows by the pseudonyms that
// this gateway's keystore gives them.
func (c *contractLoadCmd) Run(ctx context.Context, io streams) error {
	l, cfg, err := c.open()
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }()
	if cfg.Profile != sandboxProfile {
		return errors.New("the made-up citizens are loaded by the sandbox profile only")
	}
	store, err := keystore(cfg)
	if err != nil {
		return err
	}
	records, err := madeUp(cfg, store)
	if err != nil {
		return err
	}
	n, err := l.Load(ctx, records)
	if err != nil {
		return err
	}
	fmt.Fprintf(io.out, "loaded %d of %d records; the others were there\n", n, len(records))
	return nil
}

// madeUp are the records that a new sandbox holds.
func madeUp(c Config, store *keys.Store) ([]fabric.Record, error) {
	extra, err := sandboxRecords(c)
	if err != nil {
		return nil, err
	}
	var failed error
	var out []fabric.Record
	for _, e := range synthetic.Entries(synthetic.Options{
		Seed: sandboxSeed, Day: time.Now().UTC(),
		Pseudonym: func(department, number string) string {
			p, err := store.Pseudonym(department, number)
			failed = errors.Join(failed, err)
			return p
		},
	}) {
		out = append(out, fabric.Record{Key: e.Key, Record: e.Record})
	}
	for _, x := range extra {
		out = append(out, fabric.Record{Key: contracts.RegistryKey(x.Register, x.Key), Record: ledgerclient.NewRecord(x.Fields)})
	}
	return out, failed
}
