package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"setu/gateway"
	"setu/gateway/console"
	"setu/gateway/follow"
	"setu/ledgerclient"
	"setu/ledgerclient/keys"
)

// openFollower makes the follower of a ledger's blocks, if the driver gives
// them.
func (g *gatewayParts) openFollower(driver ledgerclient.Ledger) {
	blocks, ok := driver.(follow.Ledger)
	if !ok {
		return
	}
	g.follower = follow.New(follow.Config{
		Chain: g.cfg.Ledger.chain(), Ledger: blocks, Store: g.store, Outbox: settler{g}, Keys: keys.NewVerifier(g.keys),
		Log: g.log.With(slog.String("part", "follower")), Now: time.Now,
	})
}

// chain names the configured ledger's chain in the store.
func (l Ledger) chain() string {
	switch l.Driver {
	case "fabric":
		return "fabric " + l.Fabric.Channel + " " + l.Fabric.Contract
	case "rest":
		return "rest " + l.URL
	}
	return l.Driver
}

// settler passes what blocks tell on to the outbox, which is made after the
// follower: it begins its ledger work when the follower has caught up.
type settler struct{ g *gatewayParts }

// Settlement is the outbox's.
func (s settler) Settlement(it gateway.Item, out ledgerclient.Outcome) (gateway.Progress, func()) {
	return s.g.outbox.Settlement(it, out)
}

// Dispatch is the outbox's.
func (s settler) Dispatch(items []gateway.Item) { s.g.outbox.Dispatch(items) }

// caughtUp is closed when the ledger's work may begin.
func (g *gatewayParts) caughtUp() <-chan struct{} {
	if g.follower == nil {
		return nil
	}
	return g.follower.CaughtUp()
}

// following says that the ledger's blocks are coming.
func (g *gatewayParts) following() bool {
	if g.follower == nil {
		return false
	}
	up, _ := g.follower.Up()
	return up
}

// followerMetrics registers what the follower counts.
func (g *gatewayParts) followerMetrics(r *prometheus.Registry) {
	if g.follower == nil {
		return
	}
	n := g.follower.Counts()
	for _, m := range []struct {
		name, help string
		value      *atomic.Int64
	}{
		{"setu_ledger_blocks_followed_total", "Blocks of the ledger that were read.", &n.Blocks},
		{"setu_ledger_events_confirmed_total", "Transactions in them that the store knew to be recorded.", &n.Confirmed},
		{"setu_ledger_events_settled_total", "Transactions in them whose outcome was awaited: settled by the block.", &n.Settled},
		{"setu_ledger_events_invalid_total", "Transactions in them that have no effect.", &n.Invalid},
		{"setu_ledger_findings_total", "Transactions in them, signed by us, for which the store cannot account.", &n.Findings},
		{"setu_ledger_streams_broken_total", "Streams of blocks that broke and were opened again.", &n.Broken},
	} {
		r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: m.name, Help: m.help},
			func() float64 { return float64(m.value.Load()) }))
	}
	for _, m := range []struct {
		name, help string
		value      func() float64
	}{
		{"setu_ledger_following", "1 when the ledger's blocks are coming.", func() float64 { return truth(g.following()) }},
		{"setu_ledger_next_block", "The first block that was not read yet.", func() float64 { return float64(n.Next.Load()) }},
		{"setu_ledger_lag_blocks", "Blocks that the ledger is known to hold and that were not read yet.", func() float64 {
			next := n.Next.Load()
			return float64(max(n.Head.Load(), next) - next)
		}},
		{"setu_ledger_block_timestamp_seconds", "When the newest block was read; 0 when none was.", func() float64 { return float64(n.Latest.Load()) }},
	} {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: m.name, Help: m.help}, m.value))
	}
}

// findingsCmd lists what the ledger holds and the store cannot account for.
type findingsCmd struct {
	running
	Limit int `help:"At most so many, the newest ones." default:"50"`
}

// Run lists the findings.
func (f *findingsCmd) Run(ctx context.Context, io streams) error {
	var list []console.Finding
	if err := f.call(ctx, http.MethodGet, fmt.Sprintf("/api/findings?limit=%d", f.Limit), nil, &list); err != nil {
		return err
	}
	if len(list) == 0 {
		fmt.Fprintln(io.out, "nothing found: the store accounts for every transaction on the ledger that was signed here")
		return nil
	}
	w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "FOUND\tBLOCK\tRECEIPT\tSTANDS\tKEY\tTRANSACTION")
	for _, n := range list {
		fmt.Fprintf(w, "%s\t%d/%d\t%s\t%s\t%s\t%s\n", n.At.Format(time.RFC3339), n.Block, n.Entry, n.Receipt, n.Stands, n.KeyID, n.TxID)
	}
	return w.Flush()
}
