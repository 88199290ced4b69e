package fabric_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"setu/ledgerclient"
	"setu/ledgerclient/fabric"
	"setu/ledgerclient/fabric/contract"
	"setu/ledgerclient/keys"
	"setu/ledgerclient/sandbox/synthetic"
	"setu/test/fabricnet"
)

// shared is the network that most tests use, each with a contract of its own.
var shared struct {
	once  sync.Once
	world *world
	err   error
	stop  func()
	names atomic.Int32
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.stop != nil {
		shared.stop()
	}
	os.Exit(code)
}

// world is a network with the contract's service beside it.
type world struct {
	*fabricnet.Network
	packageID string
}

// startWorld starts a network and serves the contract to it until ctx ends.
func startWorld(ctx context.Context, dir string, o fabricnet.Options) (*world, error) {
	starting, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	n, err := fabricnet.Start(starting, dir, o)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	id, err := n.Install(starting, "setu", l.Addr().String())
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	go func() { _ = contract.Server{PackageID: id}.Run(ctx, l) }()
	return &world{n, id}, nil
}

// own is held by the test that has a network of its own.
var own sync.Mutex

// ownWorld is a network for one test, which may kill what it likes of it.
func ownWorld(t testing.TB, o fabricnet.Options) *world {
	t.Helper()
	fabricnet.Need(t)
	own.Lock() // one at a time: two cores carry one such network
	t.Cleanup(own.Unlock)
	w, err := startWorld(t.Context(), t.TempDir(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

// sharedWorld is the network that tests share.
func sharedWorld(t testing.TB) *world {
	t.Helper()
	fabricnet.Need(t)
	shared.once.Do(func() {
		ctx, cancel := context.WithCancel(context.Background())
		var dir string
		if dir, shared.err = os.MkdirTemp("", "setu-fabric-"); shared.err != nil { //nolint:usetesting // it outlives the test that comes first
			cancel()
			return
		}
		shared.world, shared.err = startWorld(ctx, dir, fabricnet.Options{Block: fabricnet.Block{Timeout: 50 * time.Millisecond, Messages: 20}})
		shared.stop = func() {
			if shared.world != nil {
				shared.world.Close()
			}
			cancel()
			_ = os.RemoveAll(dir)
		}
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.world
}

// place is a contract of a test's own with a gateway's keys.
type place struct {
	*world
	t    testing.TB
	name string
	keys *keys.Store
}

func (w *world) place(t testing.TB) *place {
	t.Helper()
	p := &place{world: w, t: t, name: fmt.Sprintf("setu%d", shared.names.Add(1)), keys: newKeys(t)}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := w.Define(ctx, w.Channel, p.name, w.packageID); err != nil {
		t.Fatal(err)
	}
	admin := p.open(w.Orgs[0].Admin)
	var records []fabric.Record
	for _, e := range synthetic.Entries(synthetic.Options{Seed: 1, Day: time.Now().UTC(), Pseudonym: p.pseudonym}) {
		records = append(records, fabric.Record{Key: e.Key, Record: e.Record})
	}
	if n, err := admin.Load(ctx, records); err != nil || n != len(records) {
		t.Fatalf("Load(%d) = %d, %v", len(records), n, err)
	}
	if _, err := admin.RegisterKey(ctx, p.public(p.keys)); err != nil {
		t.Fatal(err)
	}
	return p
}

func newKeys(t testing.TB) *keys.Store {
	t.Helper()
	s, err := keys.Create(filepath.Join(t.TempDir(), "keys.age"), "test", keys.Options{WorkFactor: 1})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (p *place) pseudonym(department, number string) string {
	s, err := p.keys.Pseudonym(department, number)
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

func (p *place) public(s *keys.Store) []byte {
	p.t.Helper()
	key, _ := s.Public(s.KeyID())
	der, err := x509.MarshalPKIXPublicKey(key.Public)
	if err != nil {
		p.t.Fatal(err)
	}
	return der
}

// options are those of a driver with the identity.
func (p *place) options(id fabricnet.Identity) fabric.Options {
	o := fabric.Options{
		Channel: p.Channel, Contract: p.name, MSP: id.MSP, Certificate: id.Certificate, Key: id.Key,
	}
	for _, g := range p.Orgs {
		if g.MSP != id.MSP {
			continue
		}
		for _, x := range g.Peers {
			pem, err := os.ReadFile(x.TLSCA())
			if err != nil {
				p.t.Fatal(err)
			}
			roots := x509.NewCertPool()
			roots.AppendCertsFromPEM(pem)
			o.Peers = append(o.Peers, fabric.Peer{Address: x.Address(), Roots: roots})
		}
	}
	return o
}

func (p *place) open(id fabricnet.Identity) *fabric.Ledger {
	p.t.Helper()
	return p.openWith(p.options(id))
}

func (p *place) openWith(o fabric.Options) *fabric.Ledger {
	p.t.Helper()
	l, err := fabric.Open(o)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = l.Close() })
	return l
}

// faults stand between a driver and its peer.
type faults struct {
	mu     sync.Mutex
	down   bool
	slow   time.Duration
	forget int
}

type forgotten struct{}

// intercept makes the faults in force happen to a call.
func (f *faults) intercept(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	f.mu.Lock()
	down, slow := f.down, f.slow
	f.mu.Unlock()
	if down {
		return status.Error(codes.Unavailable, "down by request")
	}
	err := invoke(ctx, method, req, reply, conn, opts...)
	if ctx.Value(forgotten{}) != nil && method == "/gateway.Gateway/CommitStatus" {
		<-ctx.Done()
	} else if slow > 0 {
		select {
		case <-ctx.Done():
		case <-time.After(slow):
		}
	}
	if ctx.Err() != nil {
		return status.FromContextError(ctx.Err()).Err()
	}
	return err
}

// forgetful is a ledger whose answers to submitted transactions can be lost.
type forgetful struct {
	*fabric.Ledger
	*faults
}

func (f forgetful) Submit(ctx context.Context, tx ledgerclient.Transaction) (ledgerclient.Outcome, error) {
	f.mu.Lock()
	lose := f.forget > 0
	if lose {
		f.forget--
	}
	f.mu.Unlock()
	if lose {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithValue(ctx, forgotten{}, true), time.Second)
		defer cancel()
	}
	return f.Ledger.Submit(ctx, tx)
}
