package main

import (
	"context"
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

	"setu/ledgerclient"
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
	c := benchClients{signer: s}
	defer c.close()
	if c.through, err = newBenchPath(ctx, driver, s); err != nil {
		return err
	}
	if g.cfg.Ledger.Driver == "fabric" {
		if err := c.openBare(g.cfg); err != nil {
			return err
		}
	}
	if g.sandbox == nil {
		if err := c.openEmbedded(ctx); err != nil {
			return err
		}
	}
	return b.measure(ctx, io.out, &c)
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
func (b *benchLedgerCmd) measure(ctx context.Context, out io.Writer, c *benchClients) error {
	var setuTx, bareTx, boxTx, setuQ, bareQ, boxQ tally
	rounds := max(1, b.Rounds)
	each := max(1, b.N/rounds)
	path := func(p *benchPath, tx, q *tally) {
		tx.run(ctx, b.At, b.Wait, each, func(ctx context.Context, _ int) error { return p.transact(ctx) })
		q.run(ctx, b.At, b.Wait, 10*each, func(ctx context.Context, _ int) error { return p.ask(ctx) })
	}
	for range rounds {
		if c.bare != nil {
			envelopes, queries, err := b.requests(ctx, c.signer, each)
			if err != nil {
				return err
			}
			bareTx.run(ctx, b.At, b.Wait, len(envelopes), func(ctx context.Context, i int) error { return c.bare.Submit(ctx, envelopes[i]) })
			bareQ.run(ctx, b.At, b.Wait, 10*len(queries), func(ctx context.Context, i int) error {
				return c.bare.Evaluate(ctx, queries[i%len(queries)])
			})
		}
		path(c.through, &setuTx, &setuQ)
		if c.embedded != nil {
			path(c.embedded, &boxTx, &boxQ)
		}
	}
	fmt.Fprintf(out, "%d under way, %d rounds\n", b.At, rounds)
	for _, lines := range []struct {
		what            string
		setu, bare, box *tally
	}{{"transactions", &setuTx, &bareTx, &boxTx}, {"queries", &setuQ, &bareQ, &boxQ}} {
		lines.setu.print(out, lines.what+" through setu", lines.bare)
		lines.bare.print(out, lines.what+", bare client", nil)
		lines.box.print(out, lines.what+" through setu, sandbox", nil)
		ratio(out, lines.what, lines.setu, lines.box)
	}
	return errors.Join(setuTx.err(), bareTx.err(), boxTx.err(), setuQ.err(), bareQ.err(), boxQ.err())
}

// ratio says how the configured ledger's rate stands to the sandbox's, by the
// same way on the same machine: what is lost is the network's.
func ratio(out io.Writer, what string, ledger, box *tally) {
	if ledger.rate() > 0 && box.rate() > 0 {
		fmt.Fprintf(out, "%s: the ledger at %.1f %% of the embedded sandbox\n", what, 100*ledger.rate()/box.rate())
	}
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
	fmt.Fprintf(out, "%-35s %8.0f/s   median %8v   99 %% %8v   %6v of processor each", what, t.rate(), quantile(0.5), quantile(0.99),
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
