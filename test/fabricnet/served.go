package fabricnet

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"slices"
	"time"
)

// ServeContract deploys the contract that a gateway's binary serves, under the
// name "setu", and starts that beside the network until stop is called.
func (n *Network) ServeContract(ctx context.Context, bin string) (stop func(), err error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, err
	}
	if err := n.Deploy(ctx, n.Channel, "setu", address); err != nil {
		return nil, err
	}
	_, id, err := Package("setu", address)
	if err != nil {
		return nil, err
	}
	serve := exec.Command(bin, "contract", "serve", "--package-id", id, "--listen", address) //nolint:gosec // the binary under test
	if err := serve.Start(); err != nil {
		return nil, err
	}
	stop = func() {
		_ = serve.Process.Kill() // it may have ended
		_ = serve.Wait()
	}
	if err := awaitPort(ctx, address); err != nil {
		stop()
		return nil, fmt.Errorf("serve the contract at %s: %w", address, err)
	}
	return stop, nil
}

// awaitPort waits until somebody listens.
func awaitPort(ctx context.Context, address string) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			return c.Close()
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

// Administer does a step of `setu contract` as the organisation's admin, with a
// gateway's configuration.
func (g *Org) Administer(ctx context.Context, bin, step, config string) error {
	args := slices.Concat([]string{"contract", step, "--config", config}, g.AdminFlags())
	if out, err := exec.CommandContext(ctx, bin, args...).CombinedOutput(); err != nil { //nolint:gosec // the binary under test
		return fmt.Errorf("setu contract %s: %w\n%s", step, err, out)
	}
	return nil
}
