package fault_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"setu/ledgerclient"
	"setu/test/fabricnet"
)

// fabricSeeds is how many seeds are tried at most: each has a network of its own,
// of which two processors carry few.
const fabricSeeds = 10

// TestFabric_Killed kills the orderer, the peer or the gateway of a real Fabric
// network in the midst of citizens' orders, and starts it again. What the peer
// holds as valid in the end is what they confirmed.
func TestFabric_Killed(t *testing.T) {
	t.Parallel()
	fabricnet.Need(t)
	eachSeed(t, min((*seeds+1)/2, fabricSeeds), func(t *testing.T, seed uint64) {
		t.Helper()
		w := newWorld(t, partner, seed)
		n := w.overFabric()
		for range 4 {
			w.killOne(n)
		}
		w.audit()
	})
}

// overFabric makes a Fabric network the world's ledger.
func (w *world) overFabric() *fabricnet.Network {
	w.t.Helper()
	fatal := func(err error) {
		if err != nil {
			w.t.Helper()
			w.t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(w.ctx, time.Minute)
	defer cancel()
	n, err := fabricnet.Start(ctx, w.t.TempDir(), fabricnet.Options{})
	fatal(err)
	w.t.Cleanup(n.Close)
	stop, err := n.ServeContract(ctx, built)
	fatal(err)
	w.t.Cleanup(stop)
	org := n.Orgs[0]
	w.config = n.GatewayConfig(org, "setu") + "  patience: 2s\n"
	file := filepath.Join(w.t.TempDir(), "admin.yaml")
	fatal(os.WriteFile(file, []byte("data: "+w.data+"\n"+w.config), 0o600))
	for _, step := range []string{"register", "load", "keys"} {
		fatal(org.Administer(ctx, built, step, file))
	}
	w.read = func() []entry { return w.fabricEntries(n) }
	return n
}

// killOne kills one of the programs while citizens write.
func (w *world) killOne(n *fabricnet.Network) {
	w.t.Helper()
	b := w.write(writers)
	l := w.ready("", 0)
	l.amid(b)
	pass := func() { l.within(time.Duration(w.random.IntN(1500)) * time.Millisecond) }
	var err error
	switch w.random.IntN(3) {
	case 0:
		n.Orderers[0].Kill()
		pass()
		err = n.Orderers[0].Start(w.ctx)
		w.hits["orderer"]++
	case 1:
		node := n.Orgs[0].Peers[0]
		node.Kill()
		pass()
		err = node.Start(w.ctx)
		w.hits["peer"]++
	default:
		l.kill()
		l = w.ready("", 0)
		w.hits["gateway"]++
	}
	if err != nil {
		w.t.Fatal(err)
	}
	l.drain(b)
	l.end()
}

// fabricEntries are the valid transactions of citizens that the peer holds. Those
// that came twice or too late are in its blocks too, as invalid.
func (w *world) fabricEntries(n *fabricnet.Network) []entry {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // a test's own ends before its clean-up
	defer cancel()
	all, err := n.Orgs[0].Entries(ctx, n.Channel)
	if err != nil {
		w.t.Fatal(err)
	}
	var out []entry
	for _, tx := range all {
		if e, ok := envelopeIn(tx.Octets); ok && tx.Code == peer.TxValidationCode_VALID {
			out = append(out, entry{e, tx.Block})
		}
	}
	return out
}

// envelopeIn finds a citizen's envelope in a transaction of Fabric's.
func envelopeIn(octets []byte) (ledgerclient.Envelope, bool) {
	for rest := octets; ; rest = rest[1:] {
		at := bytes.Index(rest, []byte(`{"`))
		if at < 0 {
			return ledgerclient.Envelope{}, false
		}
		rest = rest[at:]
		var canonical json.RawMessage
		if json.NewDecoder(bytes.NewReader(rest)).Decode(&canonical) != nil {
			continue
		}
		if e, err := ledgerclient.ParseEnvelope(canonical); err == nil {
			return e, true
		}
	}
}
