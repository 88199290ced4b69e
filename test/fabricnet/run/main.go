// Command run starts a Fabric network on loopback with Setu's contract on it,
// and keeps it until it is interrupted. `make fabric` calls it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"setu/ledgerclient/fabric/contract"
	"setu/test/fabricnet"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "fabric:", err)
		os.Exit(1)
	}
}

// name is what the contract is committed under.
const name = "setu"

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("fabric", flag.ContinueOnError)
	dir := flags.String("dir", "", "folder of the network; a new one in the system's when empty, removed at the end")
	setu := flags.String("setu", "bin/setu", "the gateway's binary")
	bft := flags.Bool("bft", false, "four orderers that tolerate a treacherous one, in place of one")
	orgs := flags.Int("orgs", 1, "organisations: 1, or 2 that both endorse")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *dir == "" {
		made, err := os.MkdirTemp("", "setu-fabric-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(made) }()
		*dir = made
	}
	fmt.Fprintln(out, "building Fabric's commands (three minutes the first time) ...")
	if err := fabricnet.Build(); err != nil {
		return err
	}
	start := time.Now()
	n, err := fabricnet.Start(ctx, *dir, fabricnet.Options{BFT: *bft, Orgs: *orgs})
	if err != nil {
		return err
	}
	defer n.Close()
	serving, err := serve(ctx, n)
	if err != nil {
		return err
	}
	file, err := prepare(ctx, n, *setu)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "A Fabric network is up after %v: channel %q, contract %q, made-up citizens.\n\nIn another terminal:\n  %s serve --config %s\n  %s phone --send 'ভাতা ১০০০০০০০০১'\n\nCtrl-C ends the network.\n",
		time.Since(start).Round(time.Millisecond), n.Channel, name, *setu, file, *setu)
	return <-serving
}

// serve deploys the contract and serves it until ctx ends.
func serve(ctx context.Context, n *fabricnet.Network) (<-chan error, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	id, err := n.Install(ctx, name, l.Addr().String())
	if err == nil {
		err = n.Define(ctx, n.Channel, name, id)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	ended := make(chan error, 1)
	go func() { ended <- contract.Server{PackageID: id}.Run(ctx, l) }()
	return ended, nil
}

// prepare writes a gateway's configuration, registers its key and loads the
// made-up citizens.
func prepare(ctx context.Context, n *fabricnet.Network, setu string) (file string, err error) {
	org := n.Orgs[0]
	file = filepath.Join(n.Dir, "setu.yaml")
	config := fmt.Sprintf("data: %s\n", filepath.Join(n.Dir, "data")) + n.GatewayConfig(org, name)
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return "", err
	}
	for _, step := range []string{"register", "load"} {
		args := append([]string{"contract", step, "--config", file}, org.AdminFlags()...)
		if said, err := exec.CommandContext(ctx, setu, args...).CombinedOutput(); err != nil { //nolint:gosec // our own binary
			return "", fmt.Errorf("setu contract %s: %w: %s", step, err, said)
		}
	}
	return file, nil
}
