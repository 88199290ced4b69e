// Package fabricnet runs a real Hyperledger Fabric 3.1 network on loopback:
// orderers and peers with TLS, a channel, and contracts that run as services.
// It needs no container and no command of the user's own: Fabric's programs are
// built from their source by the module in tools. A network is there in about
// half a second, in a folder of its own, and its programs end with the test.
//
//	fabricnet.Need(t)
//	n, err := fabricnet.Start(t.Context(), t.TempDir(), fabricnet.Options{})
//	defer n.Close()
//	err = n.Deploy(t.Context(), n.Channel, "setu", address)
package fabricnet

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// Options choose a network. The zero value is one raft orderer and one peer.
type Options struct {
	// Orderers of the raft: 1 (the zero value) or 3. BFT always has 4.
	Orderers int
	BFT      bool
	// Orgs that have peers: 1 (the zero value) or 2. Of two, both endorse.
	Orgs int
	// Peers of each organisation; the zero value is 1.
	Peers int
	// Channel that Start makes; the zero value is "setu".
	Channel string
	// Block says when a block is cut.
	Block Block
	// InFlight is the most calls that a peer's gateway serves at one time;
	// the zero value is Fabric's own, 500.
	InFlight int
}

// Block says when the orderers cut a block.
type Block struct {
	Timeout  time.Duration // after the first transaction; the zero value is 100 ms
	Messages int           // in one block; the zero value is 10
}

func (o Options) withDefaults() Options {
	if o.BFT {
		o.Orderers = 4
	}
	o.Orderers, o.Orgs, o.Peers = max(1, o.Orderers), max(1, o.Orgs), max(1, o.Peers)
	if o.Channel == "" {
		o.Channel = "setu"
	}
	if o.InFlight == 0 {
		o.InFlight = 500
	}
	o.Block = o.Block.withDefaults()
	return o
}

func (b Block) withDefaults() Block {
	if b.Timeout == 0 {
		b.Timeout = 100 * time.Millisecond
	}
	if b.Messages == 0 {
		b.Messages = 10
	}
	return b
}

// Network is a running network.
type Network struct {
	Dir      string
	Channel  string
	Orderers []*Orderer
	Orgs     []*Org

	options  Options
	commands commands
	channels int
}

// Org is an organisation with peers.
type Org struct {
	Name, Domain, MSP string
	Peers             []*Peer
	// Admin may join channels, install contracts, and register keys with the
	// contract. User is who a gateway is.
	Admin, User Identity

	folder string
}

// node is what orderers and peers share.
type node struct {
	process
	Name string
	Port int

	Dir, TLS, MSPDir string
	Operations       int
}

// Address is where the node listens.
func (n *node) Address() string { return "127.0.0.1:" + strconv.Itoa(n.Port) }

// TLSCA is the file of the authority of the node's TLS certificate.
func (n *node) TLSCA() string { return filepath.Join(n.TLS, "ca.crt") }

// Kill ends the program at once, as a crash does.
func (n *node) Kill() { n.stop(syscall.SIGKILL) }

// Stop lets the program end in order.
func (n *node) Stop() { n.stop(syscall.SIGTERM) }

// Freeze stops the program's clock, and Thaw lets it go on.
func (n *node) Freeze() { n.signal(syscall.SIGSTOP) }

// Thaw ends Freeze.
func (n *node) Thaw() { n.signal(syscall.SIGCONT) }

// Start runs the program again after Kill or Stop, and waits until it listens.
func (n *node) Start(ctx context.Context) error {
	if err := n.start(); err != nil {
		return err
	}
	return n.ready(ctx)
}

// Orderer is a node that orders transactions.
type Orderer struct {
	node
	ID    int
	Admin int
	Cert  string
}

// Peer is a node that keeps the ledger and endorses.
type Peer struct {
	node
	MSP, Bootstrap, Builder string
	Chaincode, InFlight     int
}

// Start starts a network in dir, which it leaves behind, and makes a channel.
func Start(ctx context.Context, dir string, o Options) (n *Network, err error) {
	n = &Network{Dir: dir, options: o.withDefaults()}
	n.Channel = n.options.Channel
	if n.commands, err = findCommands(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			n.Close()
		}
	}()
	if err := n.plan(); err != nil {
		return nil, err
	}
	if err := n.write(ctx); err != nil {
		return nil, err
	}
	if err := n.startAll(ctx); err != nil {
		return nil, err
	}
	return n, n.AddChannel(ctx, n.Channel, n.options.Block)
}

// plan gives every node its name, folder and ports.
func (n *Network) plan() error {
	o := n.options
	free, err := ports(3*o.Orderers + 3*o.Orgs*o.Peers)
	if err != nil {
		return err
	}
	take := func() (port int) { port, free = free[0], free[1:]; return port }
	crypto := n.crypto()
	for i := range o.Orderers {
		x := &Orderer{ID: i + 1, Admin: take()}
		x.Name, x.Port, x.Operations = fmt.Sprintf("orderer%d", i), take(), take()
		x.Dir = filepath.Join(n.Dir, x.Name)
		home := filepath.Join(crypto, "ordererOrganizations/orderer.test/orderers", x.Name+".orderer.test")
		x.TLS, x.MSPDir = filepath.Join(home, "tls"), filepath.Join(home, "msp")
		x.Cert = filepath.Join(x.MSPDir, "signcerts", x.Name+".orderer.test-cert.pem")
		x.process = n.process(x.Dir, n.commands.orderer, x.Address(), nil)
		n.Orderers = append(n.Orderers, x)
	}
	for i := range o.Orgs {
		g := &Org{Name: fmt.Sprintf("Org%d", i+1), Domain: fmt.Sprintf("org%d.test", i+1), MSP: fmt.Sprintf("Org%dMSP", i+1)}
		g.folder = filepath.Join(crypto, "peerOrganizations", g.Domain)
		for j := range o.Peers {
			p := &Peer{MSP: g.MSP, Chaincode: take(), Builder: filepath.Join(n.Dir, "ccaas"), InFlight: o.InFlight}
			p.Name, p.Port, p.Operations = fmt.Sprintf("peer%d.%s", j, g.Domain), take(), take()
			p.Dir = filepath.Join(n.Dir, p.Name)
			home := filepath.Join(g.folder, "peers", p.Name)
			p.TLS, p.MSPDir = filepath.Join(home, "tls"), filepath.Join(home, "msp")
			p.process = n.process(p.Dir, n.commands.peer, p.Address(), []string{"node", "start"})
			g.Peers = append(g.Peers, p)
			p.Bootstrap = g.Peers[0].Address()
		}
		n.Orgs = append(n.Orgs, g)
	}
	return nil
}

func (n *Network) crypto() string { return filepath.Join(n.Dir, "crypto") }

func (n *Network) process(dir, path, port string, args []string) process {
	return process{
		path: path, args: args, port: port, log: dir + ".log",
		env: []string{"FABRIC_CFG_PATH=" + dir, "FABRIC_LOGGING_SPEC=warning"},
	}
}

// write makes certificates and configuration files.
func (n *Network) write(ctx context.Context) error {
	config := filepath.Join(n.Dir, "crypto-config.yaml")
	err := errors.Join(render(config, cryptoConfigYAML, n), writeBuilder(filepath.Join(n.Dir, "ccaas")))
	for _, x := range n.Orderers {
		err = errors.Join(err, render(filepath.Join(x.Dir, "orderer.yaml"), ordererYAML, x))
	}
	for _, g := range n.Orgs {
		for _, p := range g.Peers {
			err = errors.Join(err, render(filepath.Join(p.Dir, "core.yaml"), coreYAML, p))
		}
	}
	if err != nil {
		return err
	}
	if err := run(ctx, nil, n.commands.cryptogen, "generate", "--config", config, "--output", n.crypto()); err != nil {
		return err
	}
	for _, g := range n.Orgs {
		g.Admin, err = readIdentity(g.MSP, filepath.Join(g.folder, "users", "Admin@"+g.Domain, "msp"))
		if err == nil {
			g.User, err = readIdentity(g.MSP, filepath.Join(g.folder, "users", "User1@"+g.Domain, "msp"))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// startAll starts every program and waits for all their ports: a BFT orderer
// that finds another's port closed waits for a second or more, and a peer asks
// its organisation's first one only once, so those come before the others.
func (n *Network) startAll(ctx context.Context) error {
	var first, others []*node
	for _, x := range n.Orderers {
		first = append(first, &x.node)
	}
	for _, g := range n.Orgs {
		first = append(first, &g.Peers[0].node)
		for _, p := range g.Peers[1:] {
			others = append(others, &p.node)
		}
	}
	for _, nodes := range [][]*node{first, others} {
		var group errgroup.Group
		for _, x := range nodes {
			group.Go(func() error { return x.Start(ctx) })
		}
		if err := group.Wait(); err != nil {
			return err
		}
	}
	return nil
}

// Close ends all programs.
func (n *Network) Close() {
	for _, g := range n.Orgs {
		for _, p := range g.Peers {
			p.Kill()
		}
	}
	for _, x := range n.Orderers {
		x.Kill()
	}
}
