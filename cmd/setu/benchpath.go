package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"setu/gateway"
	"setu/gateway/outbox"
	"setu/gateway/sqlite"
	"setu/i18n"
	"setu/ledgerclient"
	"setu/ledgerclient/circuit"
	"setu/ledgerclient/fabric"
	"setu/ledgerclient/sandbox"
)

// benchClients are those that take turns.
type benchClients struct {
	signer   *signer
	through  *benchPath
	bare     *fabric.Ceiling // nil: the ledger has no client of its own
	embedded *benchPath      // the same way to a sandbox; nil: that is the ledger
	closers  []func() error
}

// openBare opens Fabric's own client.
func (c *benchClients) openBare(cfg Config) error {
	m, err := cfg.member()
	if err != nil {
		return err
	}
	o, err := cfg.Ledger.Fabric.driver(m)
	if err != nil {
		return err
	}
	c.closers = append(c.closers, m.close)
	if c.bare, err = fabric.OpenCeiling(o); err == nil {
		c.closers = append(c.closers, c.bare.Close)
	}
	return err
}

// openEmbedded opens a sandbox of the run's own, in a folder beside the store's.
func (c *benchClients) openEmbedded(ctx context.Context) error {
	dir, err := os.MkdirTemp(".", "setu-bench-sandbox-")
	if err != nil {
		return err
	}
	c.closers = append(c.closers, func() error { return os.RemoveAll(dir) })
	l, err := sandbox.Open(sandbox.Options{
		Path: filepath.Join(dir, ledgerFile), Seed: sandboxSeed, Keys: c.signer.verifier,
		Pseudonym: c.signer.store.Pseudonym, Now: time.Now,
	})
	if err != nil {
		return fmt.Errorf("open sandbox: %w", err)
	}
	c.closers = append(c.closers, l.Close)
	c.embedded, err = newBenchPath(ctx, l, c.signer)
	return err
}

func (c *benchClients) close() {
	for _, p := range []*benchPath{c.through, c.embedded} {
		if p != nil {
			p.close()
		}
	}
	for _, f := range slices.Backward(c.closers) {
		_ = f() // the run has ended
	}
}

// benchEnvelope is a lot of paddy of some citizen.
func benchEnvelope(s *signer) (ledgerclient.Envelope, error) {
	now := time.Now().UTC()
	pseudonym, err := s.Pseudonym("agriculture", "+919830000001")
	return ledgerclient.Envelope{
		Receipt: ledgerclient.NewReceipt(), Key: "bench-" + rand.Text(), Service: "produce", Version: "1", Time: now,
		Call: ledgerclient.Call{Contract: "produce", Function: "Register", Args: map[string]string{
			"crop": "paddy", "weight": "120", "date": now.AddDate(0, 0, 7).Format(time.DateOnly),
		}},
		Caller: ledgerclient.Caller{Pseudonym: pseudonym, Channel: "sms", Assurance: ledgerclient.Number},
	}, err
}

func benchQuery(by ledgerclient.Caller) ledgerclient.Query {
	return ledgerclient.Query{
		Call:   ledgerclient.Call{Contract: "produce", Function: "Price", Args: map[string]string{"crop": "paddy"}},
		Caller: by, Time: time.Now().UTC(),
	}
}

// benchPath is the gateway's way to the ledger: store, outbox, circuit, driver.
type benchPath struct {
	signer *signer
	ledger *circuit.Ledger
	store  *sqlite.Store
	worker *outbox.Worker

	waiting sync.Map // receipt -> chan struct{}
	lanes   atomic.Int64
	stop    context.CancelFunc
	ended   chan struct{}
	dir     string
}

// newBenchPath puts the path together on the disk that the gateway would use.
func newBenchPath(ctx context.Context, driver ledgerclient.Ledger, s *signer) (*benchPath, error) {
	dir, err := os.MkdirTemp(".", "setu-bench-ledger-")
	if err != nil {
		return nil, err
	}
	p := &benchPath{signer: s, ledger: circuit.New(driver, circuit.Options{}), dir: dir, ended: make(chan struct{})}
	if p.store, err = sqlite.Open(dir, sqlite.Options{Log: slog.New(slog.DiscardHandler)}); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	p.worker = outbox.New(outbox.Config{
		Store: p.store, Ledger: p.ledger, Dialogue: mute{}, Words: mute{}, Signer: s,
		Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Outcome: func(r ledgerclient.Receipt, _ gateway.Reply) {
			if done, ok := p.waiting.LoadAndDelete(r); ok {
				close(done.(chan struct{}))
			}
		},
	})
	ctx, p.stop = context.WithCancel(ctx)
	go func() {
		defer close(p.ended)
		_ = p.worker.Run(ctx) // which ends with ctx alone
	}()
	return p, nil
}

func (p *benchPath) close() {
	p.stop()
	<-p.ended
	_ = p.store.Close()
	_ = os.RemoveAll(p.dir)
}

// transact signs an envelope, commits it, and waits until its outcome is
// committed.
func (p *benchPath) transact(ctx context.Context) error {
	e, err := benchEnvelope(p.signer)
	if err != nil {
		return err
	}
	signed, err := p.signer.SignEnvelope(ctx, e)
	if err != nil {
		return err
	}
	done := make(chan struct{})
	p.waiting.Store(e.Receipt, done)
	defer p.waiting.Delete(e.Receipt)
	stored := make(chan error, 1)
	p.store.Commit(gateway.Commit{Effects: []gateway.Effect{{
		Kind: gateway.Transaction, Lane: fmt.Sprint("bench:", p.lanes.Add(1)), Lease: true, Ask: &gateway.Ask{Silent: true},
		Tx: &gateway.TxOut{Receipt: e.Receipt, Key: e.Key, Envelope: signed},
	}}}, func(c gateway.Committed, err error) {
		stored <- err
		p.worker.Dispatch(c.Items)
	})
	if err := <-stored; err != nil {
		return err
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ask signs a query and asks it.
func (p *benchPath) ask(ctx context.Context) error {
	pseudonym, err := p.signer.Pseudonym("open", "+919830000001")
	if err != nil {
		return err
	}
	q, err := p.signer.SignQuery(ctx, benchQuery(ledgerclient.Caller{Pseudonym: pseudonym, Channel: "sms", Assurance: ledgerclient.Open}))
	if err != nil {
		return err
	}
	_, err = p.ledger.Evaluate(ctx, q)
	return err
}

// mute says nothing to citizens.
type mute struct{}

// Settle is no reply.
func (mute) Settle(gateway.Ask, ledgerclient.Answer, ledgerclient.Receipt) gateway.Reply {
	return gateway.Reply{}
}

// Notice is no reply.
func (mute) Notice(i18n.Format, string, map[string]i18n.Value) gateway.Reply { return gateway.Reply{} }

// Render is no text.
func (mute) Render(gateway.Reply, gateway.Medium) string { return "" }
