package fabric

import (
	"context"
	"sync"
	"time"

	"github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"setu/ledgerclient"
)

// follower hears of every new block, so that a transaction's outcome costs no
// call of its own. It only ever saves a question: whatever it did not hear, or
// may have missed, is asked of the peer.
type follower struct {
	network func() (*client.Network, error)
	head    *head
	now     func() time.Time

	mu      sync.Mutex
	live    bool // blocks are coming; none was missed since
	waiting map[string]chan heard
}

// heard is what a block says of a transaction.
type heard struct {
	code  peer.TxValidationCode
	block uint64
}

// refollow is the pause before a broken stream of blocks is opened again.
const refollow = 200 * time.Millisecond

// run follows the blocks until ctx ends.
func (f *follower) run(ctx context.Context) {
	for ctx.Err() == nil {
		f.follow(ctx)
		pause := time.NewTimer(refollow)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
		}
	}
}

// follow hears blocks until the stream ends.
func (f *follower) follow(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	network, err := f.network()
	if err != nil {
		return
	}
	blocks, err := network.FilteredBlockEvents(ctx)
	if err != nil {
		return
	}
	defer f.lost()
	for b := range blocks {
		f.hear(b)
	}
}

// hear tells those who wait what became of their transactions.
func (f *follower) hear(b *peer.FilteredBlock) {
	f.head.advance(ledgerclient.AsOf{Block: b.GetNumber(), Time: f.now().UTC()})
	f.mu.Lock()
	defer f.mu.Unlock()
	f.live = true
	for _, tx := range b.GetFilteredTransactions() {
		if wait, ok := f.waiting[tx.GetTxid()]; ok {
			wait <- heard{tx.GetTxValidationCode(), b.GetNumber()} // which has room for one
			delete(f.waiting, tx.GetTxid())
		}
	}
}

// lost sends all who wait to ask for themselves.
func (f *follower) lost() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.live = false
	for id, wait := range f.waiting {
		close(wait)
		delete(f.waiting, id)
	}
}

// expect is where the outcome of a transaction will be told that is about to be
// submitted for the first time, or nil when no blocks are coming.
func (f *follower) expect(id string) <-chan heard {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.live {
		return nil
	}
	wait := make(chan heard, 1)
	f.waiting[id] = wait
	return wait
}

// forget ends an expectation.
func (f *follower) forget(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.waiting, id)
}

// await waits for a transaction to be in a block: for the follower's word if
// that is expected, else for the peer's.
func (l *Ledger) await(ctx context.Context, id string, expected <-chan heard) (*client.Status, error) {
	if expected == nil {
		return l.status(ctx, id, l.timeouts.Status)
	}
	patience := time.NewTimer(l.timeouts.Status)
	defer patience.Stop()
	select {
	case h, ok := <-expected:
		// A copy of it says nothing: the first one counts.
		if ok && h.code != peer.TxValidationCode_DUPLICATE_TXID {
			return &client.Status{Code: h.code, Successful: h.code == peer.TxValidationCode_VALID, TransactionID: id, BlockNumber: h.block}, nil
		}
		return l.status(ctx, id, l.timeouts.Status)
	case <-patience.C:
		return l.status(ctx, id, afterError)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// fresh are the transactions that were prepared and not submitted yet, so that
// what was just made need not be read again.
type fresh struct {
	mu  sync.Mutex
	txs map[string]freshTx
}

type freshTx struct {
	octets      []byte
	saved       saved
	transaction *client.Transaction
}

// maxFresh bounds those that are never submitted: a gateway has fewer than 300
// between the two.
const maxFresh = 4096

func (f *fresh) put(id string, tx freshTx) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.txs == nil || len(f.txs) >= maxFresh {
		f.txs = make(map[string]freshTx)
	}
	f.txs[id] = tx
}

// take gives a transaction once.
func (f *fresh) take(tx ledgerclient.Transaction) (freshTx, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t, ok := f.txs[tx.ID]
	delete(f.txs, tx.ID)
	return t, ok && string(t.octets) == string(tx.Bytes)
}
