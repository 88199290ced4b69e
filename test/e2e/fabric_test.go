package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"setu/test/fabricnet"
	"setu/test/gatewaytest"
)

// chain is a Fabric network with the contract of the gateway's own
// binary beside it.
type chain struct {
	*fabricnet.Network
	t    *testing.T
	file string // a configuration for the operators' commands
}

// startChain starts a network with the contract, registers the key of the gateway
// that will keep its data in dir, and loads the citizens.
func startChain(t *testing.T, dir string, o fabricnet.Options) *chain {
	t.Helper()
	c := newChain(t, o)
	c.file = filepath.Join(t.TempDir(), "admin.yaml")
	write(t, c.file, "data: "+dir+"\n"+c.config())
	setu := func(args ...string) (string, error) { return command(t, args...) }
	for _, step := range []string{"register", "load", "keys"} {
		c.administer(setu, step, "--config", c.file)
	}
	return c
}

// newChain starts a network and serves the contract by the binary.
func newChain(t *testing.T, o fabricnet.Options) *chain {
	t.Helper()
	fabricnet.Need(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	n, err := fabricnet.Start(ctx, t.TempDir(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	stop, err := n.ServeContract(ctx, bin)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return &chain{Network: n, t: t}
}

// administer does a step as the organisation's admin. setu is the binary in a
// gateway's environment, flags name its configuration.
func (c *chain) administer(setu func(...string) (string, error), step string, flags ...string) {
	c.t.Helper()
	args := slices.Concat([]string{"contract", step}, flags, c.Orgs[0].AdminFlags())
	if out, err := setu(args...); err != nil {
		c.t.Fatalf("setu %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// config is a gateway's configuration with the network as its ledger.
func (c *chain) config() string {
	return c.GatewayConfig(c.Orgs[0], "setu") + "  patience: 2s\naudit: {anchor: -1s}\n" // so that only citizens make blocks
}

// count gives the number of valid transactions of a contract function.
func (c *chain) count(function string) int {
	c.t.Helper()
	entries, err := c.Orgs[0].Entries(c.t.Context(), c.Channel)
	if err != nil {
		c.t.Fatal(err)
	}
	n := 0
	for _, e := range entries {
		if e.Code == peer.TxValidationCode_VALID && bytes.Contains(e.Octets, []byte(`"function":"`+function+`"`)) {
			n++
		}
	}
	return n
}

// TestFabric serves citizens of all languages from a Fabric network whose
// orderer and peer are killed in between. What they register is recorded once.
func TestFabric(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := startChain(t, dir, fabricnet.Options{})
	w := open(t, gatewaytest.Options{Dir: dir, Config: c.config()})
	sell := []string{"বিক্রি ধান %d " + fromToday(240*time.Hour), "बिक्री धान %d " + fromToday(240*time.Hour), "SELL DHAN %d " + fromToday(240*time.Hour)}
	benefit := []struct{ ask, answer string }{
		{"ভাতা 1000000001", "বার্ধক্য ভাতা: 1,000 টাকা"}, {"भत्ता 1000000001", "वृद्धावस्था पेंशन: 1,000 रुपये"}, {"BENEFIT 1000000001", "Old Age Pension: Rs 1,000"},
	}
	var citizens [3]string
	for l := range citizens {
		citizens[l] = newNumber()
		within(t, "question", w.ask(citizens[l], benefit[l].ask), benefit[l].answer)
		w.ask(citizens[l], fmt.Sprintf(sell[l], 100+l))
		w.send(citizens[l], languages[l].yes)
	}
	w.settle()
	recorded := func(what, number string) {
		t.Helper()
		within(t, what, w.setu("receipt", lastReceipt(t, strings.Join(w.Told(number), "\n"))), `"state": "recorded"`, `"code": "done"`)
	}
	for l := range citizens {
		recorded("registered while all was well", citizens[l])
	}

	// The orderer dies: questions are answered, transactions wait.
	c.Orderers[0].Kill()
	for l := range citizens {
		w.ask(citizens[l], fmt.Sprintf(sell[l], 200+l))
		within(t, "transaction without an orderer", w.ask(citizens[l], languages[l].yes), received[l])
		within(t, "question without an orderer", w.ask(newNumber(), benefit[l].ask), benefit[l].answer)
	}
	if err := c.Orderers[0].Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.settle()
	for l := range citizens {
		recorded("registered while the orderer was dead", citizens[l])
	}

	// The peer dies: all waits. So does the gateway, and starts again first.
	c.Orgs[0].Peers[0].Kill()
	for l := range citizens {
		w.ask(citizens[l], fmt.Sprintf(sell[l], 300+l))
		within(t, "transaction without a peer", w.ask(citizens[l], languages[l].yes), received[l])
		within(t, "question without a peer", w.ask(citizens[l], benefit[l].ask), later[l])
	}
	w.Kill()
	w.again(gatewaytest.Options{Config: c.config()})
	if err := c.Orgs[0].Peers[0].Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.settle()
	for l := range citizens {
		within(t, "answered after the peer was back", strings.Join(w.Told(citizens[l]), "\n"), benefit[l].answer)
	}
	if n := c.count("Register"); n != 9 {
		t.Errorf("the ledger holds %d registrations, want 9", n)
	}

	out, err := command(t, "bench", "ledger", "--config", c.file, "-n", "10", "--rounds", "1", "--at", "5")
	if err != nil {
		t.Errorf("setu bench ledger: %v\n%s", err, out)
	}
	within(t, "setu bench ledger", out, "transactions through setu", "queries, bare client", "of the bare client",
		"transactions through setu, sandbox", "queries: the ledger at")
	if n := c.count("Register"); n != 9+2*10 {
		t.Errorf("the ledger holds %d registrations after the measurement, want 20 more", n)
	}
}
