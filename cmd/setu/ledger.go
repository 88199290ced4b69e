package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"time"

	"github.com/goccy/go-yaml"

	"setu/ledgerclient"
	"setu/ledgerclient/keys"
	"setu/ledgerclient/sandbox"
)

// ledgerFile is the sandbox's ledger, in the data folder.
const ledgerFile = "sandbox.ledger"

// signer signs with the gateway's keys: queries in batches, each envelope on
// its own.
type signer struct {
	store *keys.Store
	pool  *keys.Pool
	// verifier knows the pool's signatures without computing them again.
	verifier *keys.Verifier
}

// Pseudonym is what a department's ledger calls a number.
func (s *signer) Pseudonym(department, number string) (string, error) {
	return s.store.Pseudonym(department, number)
}

// SignQuery signs a query.
func (s *signer) SignQuery(ctx context.Context, q ledgerclient.Query) (ledgerclient.SignedQuery, error) {
	return ledgerclient.SignQuery(ctx, s.pool, q)
}

// SignEnvelope signs an envelope.
func (s *signer) SignEnvelope(ctx context.Context, e ledgerclient.Envelope) (ledgerclient.SignedEnvelope, error) {
	return ledgerclient.SignEnvelope(ctx, s.store, e)
}

// openKeys opens the keys and starts the signing pool.
func (g *gatewayParts) openKeys() (*signer, error) {
	store, err := openKeystore(g.cfg)
	if err != nil {
		return nil, fmt.Errorf("open keys: %w", err)
	}
	verifier := keys.NewVerifier(store)
	pool := keys.NewPool(store, verifier.Made)
	g.keys = store
	g.closers = append(g.closers, store.Close, func() error { pool.Close(); return nil })
	return &signer{store: store, pool: pool, verifier: verifier}, nil
}

// openSandbox opens the embedded ledger with its synthetic citizens.
func openSandbox(g *gatewayParts, s *signer) (ledgerclient.Ledger, error) {
	return openSandboxFor(g, s.verifier, s.store)
}

// openSandboxFor opens the embedded ledger for whose signatures a verifier knows.
// Its citizens' pseudonyms are those of a keystore.
func openSandboxFor(g *gatewayParts, trusted *keys.Verifier, citizens *keys.Store) (ledgerclient.Ledger, error) {
	extra, err := sandboxRecords(g.cfg)
	if err != nil {
		return nil, err
	}
	l, err := sandbox.Open(sandbox.Options{
		Path: g.cfg.path(ledgerFile), Seed: sandboxSeed, Keys: trusted, Pseudonym: citizens.Pseudonym,
		Now: time.Now, Extra: extra, Log: g.log.With(slog.String("part", "ledger")),
	})
	if err != nil {
		return nil, fmt.Errorf("open sandbox ledger: %w", err)
	}
	g.sandbox = l
	g.closers = append(g.closers, l.Close)
	return l, nil
}

// sandboxSeed chooses the synthetic citizens: the same ones in every sandbox, so
// that what the documents tell to type works.
const sandboxSeed = 1

// sandboxFile holds a service folder's synthetic records.
const sandboxFile = "sandbox.yaml"

// sandboxRecords are the synthetic records that service folders bring along.
func sandboxRecords(c Config) ([]sandbox.Record, error) {
	folders, err := serviceFolders(c)
	if err != nil {
		return nil, err
	}
	var out []sandbox.Record
	for _, fsys := range folders {
		files, err := fs.Glob(fsys, path.Join("*", sandboxFile))
		if err != nil {
			return nil, err
		}
		for _, name := range files {
			if out, err = appendRecords(out, fsys, name); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return out, nil
}

// appendRecords reads one file of records: register, key, fields.
func appendRecords(out []sandbox.Record, fsys fs.FS, name string) ([]sandbox.Record, error) {
	raw, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, err
	}
	var file struct {
		Registers map[string]map[string]map[string]string `yaml:"registers"`
	}
	if err := yaml.UnmarshalWithOptions(raw, &file, yaml.Strict()); err != nil {
		return nil, errors.New(yaml.FormatError(err, false, true))
	}
	for register, records := range file.Registers {
		for key, fields := range records {
			out = append(out, sandbox.Record{Register: register, Key: key, Fields: fields})
		}
	}
	return out, nil
}
