package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"setu/gateway"
	"setu/gateway/outbox"
	"setu/gateway/sqlite"
	"setu/i18n"
	"setu/ledgerclient"
	"setu/ledgerclient/circuit"
	"setu/ledgerclient/fabric"
)

// benchLedgerCmd measures the way to the ledger: transactions through the
// gateway's store and outbox with all durability on, and queries, side by side
// with what the ledger's own client does on the same network in the same run.
type benchLedgerCmd struct {
	Config string        `help:"Configuration file of the gateway whose ledger is measured." type:"existingfile"`
	Data   string        `help:"Data folder, in place of the configured one; its keys sign."`
	N      int           `short:"n" help:"Transactions of each client, and ten times as many queries." default:"1000"`
	Rounds int           `help:"Rounds that the clients take turns in." default:"4"`
	At     int           `help:"Requests under way." default:"50"`
	Wait   time.Duration `help:"Before a request is given up." default:"60s"`
}

// ledgerGoal is the least share of the bare client's rate that the gateway is
// to reach.
const ledgerGoal = 0.85

// Run measures and reports.
func (b *benchLedgerCmd) Run(ctx context.Context, io streams) error {
	g, err := b.open()
	if err != nil {
		return err
	}
	defer g.close()
	s, err := g.openKeys()
	if err != nil {
		return err
	}
	driver, err := ledgerDrivers[g.cfg.Ledger.Driver](g, s)
	if err != nil {
		return err
	}
	through, err := newBenchPath(ctx, driver, s)
	if err != nil {
		return err
	}
	defer through.close()
	var bare *fabric.Ceiling
	if g.cfg.Ledger.Driver == "fabric" {
		m, err := g.cfg.member()
		if err != nil {
			return err
		}
		o, err := g.cfg.Ledger.Fabric.driver(m)
		if err != nil {
			return err
		}
		defer func() { _ = m.close() }()
		if bare, err = fabric.OpenCeiling(o); err != nil {
			return err
		}
		defer func() { _ = bare.Close() }()
	}
	return b.measure(ctx, io.out, s, through, bare)
}

func (b *benchLedgerCmd) open() (*gatewayParts, error) {
	c, err := (&serveCmd{Config: b.Config, Data: b.Data}).configuration()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	return &gatewayParts{cfg: c, log: slog.New(slog.DiscardHandler)}, nil
}

// measure lets the clients take turns and reports.
func (b *benchLedgerCmd) measure(ctx context.Context, out io.Writer, s *signer, through *benchPath, bare *fabric.Ceiling) error {
	var setuTx, bareTx, setuQ, bareQ tally
	rounds := max(1, b.Rounds)
	for range rounds {
		envelopes, queries, err := b.requests(ctx, s, max(1, b.N/rounds))
		if err != nil {
			return err
		}
		if bare != nil {
			bareTx.run(ctx, b.At, b.Wait, len(envelopes), func(ctx context.Context, i int) error { return bare.Submit(ctx, envelopes[i]) })
			bareQ.run(ctx, b.At, b.Wait, 10*len(queries), func(ctx context.Context, i int) error {
				return bare.Evaluate(ctx, queries[i%len(queries)])
			})
		}
		setuTx.run(ctx, b.At, b.Wait, len(envelopes), func(ctx context.Context, _ int) error { return through.transact(ctx) })
		setuQ.run(ctx, b.At, b.Wait, 10*len(queries), func(ctx context.Context, _ int) error { return through.ask(ctx) })
	}
	fmt.Fprintf(out, "%d under way, %d rounds\n", b.At, rounds)
	setuTx.print(out, "transactions through setu", &bareTx)
	bareTx.print(out, "transactions, bare client", nil)
	setuQ.print(out, "queries through setu", &bareQ)
	bareQ.print(out, "queries, bare client", nil)
	return errors.Join(setuTx.err(), bareTx.err(), setuQ.err(), bareQ.err())
}

// requests signs what the bare client will send, which does not sign for
// citizens; through the gateway signing is part of what is measured.
func (b *benchLedgerCmd) requests(ctx context.Context, s *signer, n int) ([]ledgerclient.SignedEnvelope, []ledgerclient.SignedQuery, error) {
	envelopes, queries := make([]ledgerclient.SignedEnvelope, n), make([]ledgerclient.SignedQuery, n)
	for i := range n {
		e, err := benchEnvelope(s)
		if err == nil {
			envelopes[i], err = s.SignEnvelope(ctx, e)
		}
		if err == nil {
			queries[i], err = s.SignQuery(ctx, benchQuery(e.Caller))
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return envelopes, queries, nil
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

// tally is what one client did in all its rounds.
type tally struct {
	mu     sync.Mutex
	took   []time.Duration
	whole  time.Duration
	cpu    time.Duration // of this process
	failed int
	first  error
}

// run makes n calls, so many at a time.
func (t *tally) run(ctx context.Context, at int, wait time.Duration, n int, call func(ctx context.Context, i int) error) {
	var next atomic.Int64
	var callers sync.WaitGroup
	start, cpu := time.Now(), ownCPU()
	for range at {
		callers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				begun := time.Now()
				ctx, cancel := context.WithTimeout(ctx, wait)
				err := call(ctx, i)
				cancel()
				t.note(time.Since(begun), err)
			}
		})
	}
	callers.Wait()
	t.whole += time.Since(start)
	t.cpu += ownCPU() - cpu
}

// ownCPU is the processor time that this process has used.
func ownCPU() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func (t *tally) note(took time.Duration, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		if t.failed++; t.failed == 1 {
			t.first = err
		}
		return
	}
	t.took = append(t.took, took)
}

func (t *tally) rate() float64 {
	if t.whole <= 0 {
		return 0
	}
	return float64(len(t.took)) / t.whole.Seconds()
}

func (t *tally) err() error {
	if t.failed == 0 {
		return nil
	}
	return fmt.Errorf("%d requests failed, the first: %w", t.failed, t.first)
}

// print prints a line, and the share of another client's rate.
func (t *tally) print(out io.Writer, what string, of *tally) {
	if len(t.took) == 0 {
		return
	}
	slices.Sort(t.took)
	quantile := func(q float64) time.Duration {
		return t.took[min(len(t.took)-1, int(q*float64(len(t.took))))].Round(100 * time.Microsecond)
	}
	fmt.Fprintf(out, "%-26s %8.0f/s   median %8v   99 %% %8v   %6v of processor each", what, t.rate(), quantile(0.5), quantile(0.99),
		(t.cpu / time.Duration(len(t.took))).Round(10*time.Microsecond))
	if of != nil && of.rate() > 0 {
		share, verdict := t.rate()/of.rate(), "reached"
		if share < ledgerGoal {
			verdict = "missed"
		}
		fmt.Fprintf(out, "   %.0f %% of the bare client (goal %.0f %%, %s)", 100*share, 100*ledgerGoal, verdict)
	}
	fmt.Fprintln(out)
}
