package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"time"

	"setu/ledgerclient"
	"setu/ledgerclient/keys"
	"setu/ledgerclient/rest/baas"
)

// baasCmd serves a ledger to other gateways.
type baasCmd struct {
	Config string `help:"Configuration file; without it the sandbox's ledger is served." type:"existingfile"`
	Data   string `help:"Data folder, in place of the configured one."`
	Listen string `help:"Address for gateways, in place of the configured one."`
}

// Run serves until it is told to stop.
func (b *baasCmd) Run(ctx context.Context, io streams) error {
	c, err := (&serveCmd{Config: b.Config, Data: b.Data}).configuration()
	if err != nil {
		return err
	}
	if b.Listen != "" {
		c.Listen.BaaS = b.Listen
	}
	log, err := logger(c.Log, io.err)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return fmt.Errorf("make data folder: %w", err)
	}
	g := &gatewayParts{cfg: c, log: log}
	defer g.close()
	return serveBaaS(ctx, g, io)
}

func serveBaaS(ctx context.Context, g *gatewayParts, io streams) error {
	var own *keys.Store
	if g.cfg.Profile == sandboxProfile {
		var err error
		if own, err = openKeystore(g.cfg); err != nil {
			return fmt.Errorf("open keys: %w", err)
		}
		g.closers = append(g.closers, own.Close)
	}
	clients, err := baasClients(g.cfg, own)
	if err != nil {
		return err
	}
	config, err := baasTLS(g.cfg)
	if err != nil {
		return err
	}
	ledger, err := openServed(g, clients, own)
	if err != nil {
		return err
	}
	since, err := wholeSecond(ctx)
	if err != nil {
		return err
	}
	server := baas.New(baas.Options{
		Ledger: ledger, Clients: clients, Since: since, Window: time.Duration(g.cfg.BaaS.Window),
		Log: g.log.With(slog.String("part", "baas")),
	})
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", g.cfg.Listen.BaaS)
	if err != nil {
		return fmt.Errorf("listen for gateways: %w; another program has the address, or listen.baas is empty", err)
	}
	greetGateways(io.out, g.cfg, l.Addr().String(), config)
	return server.Run(ctx, l, config)
}

// openServed opens the ledger behind the service. What goes there is signed by
// the clients' keys already. own is a sandbox's keystore, whose pseudonyms its
// citizens have.
func openServed(g *gatewayParts, clients *baas.Clients, own *keys.Store) (ledgerclient.Ledger, error) {
	switch driver := g.cfg.Ledger.Driver; {
	case driver == "sandbox" && own != nil:
		return openSandboxFor(g, keys.NewVerifier(clients), own)
	case driver == "fabric":
		return openFabric(g, nil)
	default:
		return nil, fmt.Errorf("ledger.driver is %q: the service needs a ledger of its own, sandbox or fabric", driver)
	}
}

// wholeSecond waits for the next second to begin. Requests say their time in
// whole seconds, and what was made before the service started is refused: so no
// request that an earlier process has seen is taken again.
func wholeSecond(ctx context.Context) (time.Time, error) {
	now := time.Now()
	next := now.Truncate(time.Second).Add(time.Second)
	t := time.NewTimer(next.Sub(now))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return next, ctx.Err()
	case <-t.C:
		return next, nil
	}
}

// greetGateways tells what to write into a gateway's configuration.
func greetGateways(w io.Writer, c Config, address string, config *tls.Config) {
	fmt.Fprintf(w, "Setu serves its ledger (%s) at https://%s; GET /v1/openapi.yaml describes it.\n", c.Ledger.Driver, address)
	if c.Profile != sandboxProfile || c.BaaS.CertFile != "" || config.ClientCAs != nil {
		return
	}
	fmt.Fprintf(w, `
In the setu.yaml of a gateway on this machine:
  ledger: {driver: rest, url: "https://%s", tls: {ca_file: %q}}
`, address, c.path(baasCert))
}
