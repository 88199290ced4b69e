package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"setu/test/fabricnet"
	"setu/test/gatewaytest"
)

// TestRestoredCopy starts a gateway with a copy of its store that is older than
// what it has recorded. The ledger knows better, and operators are told.
func TestRestoredCopy(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{})
	sell := func(weight int) string {
		t.Helper()
		number := newNumber()
		w.ask(number, fmt.Sprintf("SELL DHAN %d %s", weight, fromToday(240*time.Hour)))
		return lastReceipt(t, w.ask(number, "YES"))
	}
	sell(501)
	within(t, "setu findings", w.setu("findings"), "nothing found")
	w.stopped()
	path := filepath.Join(w.Dir, "setu.db")
	older := readFile(t, path)
	w.again(gatewaytest.Options{})
	forgotten := sell(502)
	w.stopped()
	for _, beside := range []string{"-wal", "-shm"} {
		if err := os.Remove(path + beside); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	write(t, path, older)
	w.again(gatewaytest.Options{})
	w.until("it is found", func() bool { return strings.Contains(w.setu("findings"), forgotten) })
	if lines := strings.Count(w.setu("findings"), "\n"); lines != 2 {
		t.Errorf("setu findings has %d lines, want one below its heading:\n%s", lines, w.setu("findings"))
	}
	if n := w.metric("setu_ledger_findings_total"); n != 1 {
		t.Errorf("setu_ledger_findings_total = %v, want 1", n)
	}
	within(t, "the log", w.Log(), "cannot account for")
	sell(503)
}

// stopped stops the gateway in good order.
func (w *town) stopped() {
	w.t.Helper()
	if err := w.Stop(); err != nil {
		w.t.Fatal(err)
	}
}

// TestFabric_Follow: blocks of a Fabric network tell what became of transactions
// whose answer no process heard, while peers die and the gateway does.
func TestFabric_Follow(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := startChain(t, dir, fabricnet.Options{Peers: 2, Block: fabricnet.Block{Timeout: 2 * time.Second, Messages: 100}})
	config := c.config()
	w := open(t, gatewaytest.Options{Dir: dir, Config: config})
	following := func() {
		t.Helper()
		w.until("blocks are followed", func() bool {
			return w.metric("setu_ledger_following") == 1 && w.metric("setu_ledger_lag_blocks") == 0
		})
	}
	following()
	sells := 0
	begin := func() string {
		t.Helper()
		number := newNumber()
		sells++
		w.ask(number, fmt.Sprintf("SELL DHAN %d %s", 600+sells, fromToday(240*time.Hour)))
		w.send(number, "YES")
		return number
	}
	// The gateway dies when the orderer has the transactions and no block
	// holds them yet.
	height := func() uint64 { return uint64(w.metric("setu_ledger_next_block")) }
	before := height()
	waiting := []string{begin(), begin(), begin()}
	w.until("all are handed over", func() bool {
		return strings.Count(w.setu("queue", "list", "--kind", "transaction"), "endorsed") == len(waiting) || height() > before
	})
	time.Sleep(300 * time.Millisecond) // for the orderer to have them; a block takes two seconds
	w.Kill()
	time.Sleep(2500 * time.Millisecond) // for the block
	w.again(gatewaytest.Options{Config: config})
	w.settle()
	if n := w.metric("setu_ledger_events_settled_total"); n != float64(len(waiting)) {
		t.Errorf("%v transactions were settled by their blocks after a restart, want %d", n, len(waiting))
	}
	if n := w.metric("setu_transactions_settled_total"); n != 0 {
		t.Errorf("%v transactions were asked for, want 0", n)
	}

	// The peer dies whose blocks are followed.
	c.Orgs[0].Peers[0].Kill()
	begin()
	w.settle()
	following()
	if n := w.metric("setu_ledger_streams_broken_total"); n == 0 {
		t.Error("no stream broke with its peer")
	}
	if err := c.Orgs[0].Peers[0].Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.Orgs[0].Peers[1].Kill()
	begin()
	w.settle()
	following()
	if n := c.count("Register"); n != sells {
		t.Errorf("the ledger holds %d registrations, want %d", n, sells)
	}
	within(t, "setu findings", w.setu("findings"), "nothing found")
	_, ready := w.Get("/readyz")
	within(t, "/readyz", ready, `"ledger blocks":"ok"`)
}
