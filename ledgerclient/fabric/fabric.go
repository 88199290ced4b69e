// Package fabric is the ledger driver for Hyperledger Fabric 2.4 and later: it
// speaks to the gateway service of one's own organisation's peers, where
// package contract is deployed.
//
// What it is built on, measured on Fabric 3.1:
//
//   - A successful submit is not durable. An orderer that dies before it cuts a
//     block loses what it has acknowledged. Only a commit status ends a
//     transaction; until then the same octets are sent again.
//   - The transaction's identifier makes that safe: of any number of copies at
//     most one is valid, and the status of all is that of the first.
//   - A peer's gateway asks for three signatures and has no deadlines of its
//     own, so each phase has one here ([Timeouts]).
//   - Blocks have no time. An outcome's time is that of its transaction, as the
//     peers that endorsed it checked it against their clocks.
package fabric

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hyperledger/fabric-gateway/pkg/client"
	"google.golang.org/grpc"

	"setu/ledgerclient"
	"setu/ledgerclient/fabric/protocol"
)

// Options say how a [Ledger] reaches its network.
type Options struct {
	Channel  string
	Contract string // the name that the contract was committed under
	// MSP, Certificate (PEM) and Key are who this gateway is: a client of its
	// organisation. The key may be in a hardware module.
	MSP         string
	Certificate []byte
	Key         crypto.Signer
	// Peers of the own organisation, the preferred one first. When one does
	// not answer the next is asked.
	Peers    []Peer
	Timeouts Timeouts
	// Now is the clock; nil is the system's.
	Now func() time.Time
	// Dial are further options of the connections, such as interceptors.
	Dial []grpc.DialOption
}

// Peer is where a peer listens, and how it is known.
type Peer struct {
	Address    string         // host:port
	Roots      *x509.CertPool // authorities of its TLS certificate
	ServerName string         // in that certificate, when it is not the host
}

// Timeouts bound one call of each phase. A zero value is the default.
type Timeouts struct {
	Evaluate time.Duration // 5 s
	Endorse  time.Duration // 10 s
	Submit   time.Duration // 10 s
	// Status is the longest wait for a submitted transaction to be in a
	// block before it is submitted again: 5 s, more than twice the two
	// seconds after which Fabric cuts a block by default.
	Status time.Duration
}

func (t Timeouts) withDefaults() Timeouts {
	for _, d := range []struct {
		at    *time.Duration
		value time.Duration
	}{{&t.Evaluate, 5 * time.Second}, {&t.Endorse, 10 * time.Second}, {&t.Submit, 10 * time.Second}, {&t.Status, 5 * time.Second}} {
		if *d.at <= 0 {
			*d.at = d.value
		}
	}
	return t
}

// ErrOptions says that options do not fit together.
var ErrOptions = errors.New("fabric: options are not complete")

// Ledger is a channel of a Fabric network. Its methods may be called from many
// goroutines.
type Ledger struct {
	channel  string
	name     string // of the contract
	msp      string
	route    *route
	timeouts Timeouts
	now      func() time.Time
	member   atomic.Pointer[member]
	renewing sync.Mutex
	members  []*member // that ever were, to be closed
	head     head
	fresh    fresh
	blocks   *follower
	stop     context.CancelFunc
	followed chan struct{} // closed when the follower has ended
}

var _ ledgerclient.Ledger = (*Ledger)(nil)

// Open makes a driver and starts to follow the channel's blocks, until
// [Ledger.Close]. It does not wait for a peer to be reached. The errors are
// [ErrOptions] and those of certificate and key.
func Open(o Options) (*Ledger, error) {
	if o.Channel == "" || o.Contract == "" || o.MSP == "" || o.Key == nil || len(o.Peers) == 0 {
		return nil, fmt.Errorf("%w: channel, contract, msp, key and peers are needed", ErrOptions)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	l := &Ledger{
		channel: o.Channel, name: o.Contract, msp: o.MSP, timeouts: o.Timeouts.withDefaults(), now: o.Now,
		followed: make(chan struct{}),
	}
	var err error
	if l.route, err = newRoute(o.Peers, l.timeouts, o.Dial); err != nil {
		return nil, err
	}
	if err = l.Renew(o.Certificate, o.Key); err != nil {
		return nil, errors.Join(err, l.route.close())
	}
	l.blocks = &follower{network: l.network, head: &l.head, now: o.Now, waiting: make(map[string]chan heard)}
	following, stop := context.WithCancel(context.Background())
	l.stop = stop
	go func() {
		defer close(l.followed)
		l.blocks.run(following)
	}()
	return l, nil
}

// Close closes the connections. Calls under way fail.
func (l *Ledger) Close() error {
	l.stop()
	err := errors.Join(l.closeMembers(), l.route.close())
	<-l.followed
	return err
}

// Evaluate answers a query from one peer's state. The answer holds as of the
// newest block that this driver had heard of before it asked, or of a later
// one; the time is when it heard of it.
func (l *Ledger) Evaluate(ctx context.Context, q ledgerclient.SignedQuery) (ledgerclient.Answer, error) {
	const op = opEvaluate
	var a ledgerclient.Answer
	var few [512]byte
	if again, err := q.Query.AppendCanonical(few[:0]); err != nil || string(again) != string(q.Canonical) {
		return a, fault(op, ledgerclient.Refused, ledgerclient.ErrNotCanonical)
	}
	at, err := l.asOf(ctx)
	if err != nil {
		return a, classify(ctx, op, err)
	}
	sig, err := json.Marshal(q.Signature)
	if err != nil {
		return a, fault(op, ledgerclient.Poison, err)
	}
	if err := l.ask(ctx, &a, protocol.Query, q.Canonical, sig); err != nil {
		return ledgerclient.Answer{}, classifyQuery(ctx, err)
	}
	a.AsOf = at
	return a, nil
}

// network is the channel as it is asked now.
func (l *Ledger) network() (*client.Network, error) {
	m, err := l.as()
	if err != nil {
		return nil, err
	}
	return m.network, nil
}

// ask evaluates a function of the contract and reads its result.
func (l *Ledger) ask(ctx context.Context, result any, function string, args ...[]byte) error {
	m, err := l.as()
	if err != nil {
		return err
	}
	proposal, err := m.contract.NewProposal(function, client.WithBytesArguments(args...))
	if err != nil {
		return err
	}
	payload, err := proposal.EvaluateWithContext(ctx)
	if err != nil {
		return err
	}
	return readResult(payload, result)
}

// readResult reads what the contract answers.
func readResult(payload []byte, result any) error {
	if err := json.Unmarshal(payload, result); err != nil {
		return fmt.Errorf("%w: %w", errContract, err)
	}
	return nil
}

// errContract says that the contract under the configured name is another one.
var errContract = errors.New("fabric: the contract does not answer as Setu's does")

// Prepare has an envelope endorsed, and signs the transaction that comes of it.
func (l *Ledger) Prepare(ctx context.Context, e ledgerclient.SignedEnvelope) (ledgerclient.Transaction, ledgerclient.Outcome, error) {
	const op = opPrepare
	none, nowhere := ledgerclient.Transaction{}, ledgerclient.Outcome{}
	sig, err := json.Marshal(e.Signature)
	if err != nil {
		return none, nowhere, fault(op, ledgerclient.Poison, err)
	}
	m, err := l.as()
	if err != nil {
		return none, nowhere, classify(ctx, op, err)
	}
	proposal, err := m.contract.NewProposal(protocol.Invoke, client.WithBytesArguments(e.Canonical, sig))
	if err != nil {
		return none, nowhere, fault(op, ledgerclient.Poison, err)
	}
	endorsed, err := proposal.EndorseWithContext(ctx)
	if err != nil {
		return none, nowhere, classify(ctx, op, err)
	}
	var r protocol.Result
	if err := readResult(endorsed.Result(), &r); err != nil {
		return none, nowhere, classify(ctx, op, err)
	}
	if !r.Wrote {
		out, err := l.outcome(ctx, op, r)
		return none, out, err
	}
	signed, err := m.sign(endorsed)
	if err != nil {
		return none, nowhere, fault(op, ledgerclient.Config, err)
	}
	octets, err := signed.Bytes()
	if err != nil {
		return none, nowhere, fault(op, ledgerclient.Poison, err)
	}
	id := proposal.TransactionID()
	l.fresh.put(id, freshTx{octets, saved{id: id, result: r, canonical: e.Canonical, signature: sig, notAfter: m.notAfter}, signed})
	return ledgerclient.Transaction{ID: id, Bytes: octets}, nowhere, nil
}

// Find looks a transaction up by its envelope's idempotency key.
func (l *Ledger) Find(ctx context.Context, key string) (ledgerclient.Outcome, error) {
	const op = opFind
	var r protocol.Result
	if err := l.ask(ctx, &r, protocol.Find, []byte(key)); err != nil {
		return ledgerclient.Outcome{}, classify(ctx, op, err)
	}
	if !r.Found {
		return ledgerclient.Outcome{}, nil
	}
	return l.outcome(ctx, op, r)
}

// outcome is what a result means that needs no transaction: what was recorded
// before, or a refusal.
func (l *Ledger) outcome(ctx context.Context, op string, r protocol.Result) (ledgerclient.Outcome, error) {
	out := ledgerclient.Outcome{Found: true, Answer: r.Answer, TxID: r.TxID}
	if !r.Found {
		at, err := l.asOf(ctx)
		if err != nil {
			return ledgerclient.Outcome{}, classify(ctx, op, err)
		}
		out.Answer.AsOf = at
		return out, nil
	}
	s, err := l.status(ctx, r.TxID, l.timeouts.Status)
	if err != nil {
		return ledgerclient.Outcome{}, classify(ctx, op, err)
	}
	out.Answer.AsOf = ledgerclient.AsOf{Block: s.BlockNumber, Time: r.Time}
	return out, nil
}
