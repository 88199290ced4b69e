package keys

import (
	"context"
	"crypto/sha256"
	"runtime"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"setu/ledgerclient"
)

// Pool signs digests for many callers. Digests that wait at the same time share
// one signature, over the root of their Merkle tree, so the busier the gateway
// the less a signature costs; see BenchmarkPool. A digest that is alone gets a
// plain signature.
type Pool struct {
	signer  ledgerclient.Signer
	made    func(digest [sha256.Size]byte, s ledgerclient.Signature)
	queue   chan *order
	closing chan struct{}
	workers sync.WaitGroup
	ended   chan struct{} // when all workers have
	once    sync.Once
}

var _ ledgerclient.Signer = (*Pool)(nil)

type order struct {
	digest [sha256.Size]byte
	done   chan signature // takes one without a reader
}

type signature struct {
	sig ledgerclient.Signature
	err error
}

// NewPool starts a pool of one worker for every two processors that Go uses:
// while fewer sign, more digests gather for the next signature, and it is the
// verifiers who gain most (a tenth of a query: measured with `setu bench sms`).
// made is told of each signature before its callers are, see [Verifier.Made];
// nil: nobody is. It ends with [Pool.Close].
func NewPool(s ledgerclient.Signer, made func(digest [sha256.Size]byte, s ledgerclient.Signature)) *Pool {
	if made == nil {
		made = func([sha256.Size]byte, ledgerclient.Signature) {}
	}
	p := &Pool{
		signer:  s,
		made:    made,
		queue:   make(chan *order, 4*ledgerclient.MaxBatch),
		closing: make(chan struct{}),
		ended:   make(chan struct{}),
	}
	for range max(1, runtime.GOMAXPROCS(0)/2) {
		p.workers.Go(p.work)
	}
	return p
}

// Close signs what waits still, ends the workers and waits for them.
func (p *Pool) Close() {
	p.once.Do(func() {
		close(p.closing)
		p.workers.Wait()
		close(p.ended)
	})
	<-p.ended
}

// Sign signs a digest, alone or with others. The errors are [ErrClosed], that
// of ctx and those of the signer.
func (p *Pool) Sign(ctx context.Context, digest [sha256.Size]byte) (ledgerclient.Signature, error) {
	o := &order{digest: digest, done: make(chan signature, 1)}
	select {
	case p.queue <- o:
	case <-p.closing:
		return ledgerclient.Signature{}, ErrClosed
	case <-ctx.Done():
		return ledgerclient.Signature{}, ctx.Err()
	}
	select {
	case s := <-o.done:
		return s.sig, s.err
	case <-ctx.Done():
		return ledgerclient.Signature{}, ctx.Err()
	case <-p.ended:
		select {
		case s := <-o.done:
			return s.sig, s.err
		default: // it came after the last worker
			return ledgerclient.Signature{}, ErrClosed
		}
	}
}

func (p *Pool) work() {
	batch := make([]*order, 0, ledgerclient.MaxBatch)
	for {
		select {
		case o := <-p.queue:
			// Others that are ready to run may be about to sign: they go
			// first. When nobody is, this costs nothing.
			runtime.Gosched()
			p.sign(p.gather(append(batch[:0], o)))
		case <-p.closing:
			for {
				rest := p.gather(batch[:0])
				if len(rest) == 0 {
					return
				}
				p.sign(rest)
			}
		}
	}
}

// gather adds what waits.
func (p *Pool) gather(batch []*order) []*order {
	for len(batch) < ledgerclient.MaxBatch {
		select {
		case o := <-p.queue:
			batch = append(batch, o)
		default:
			return batch
		}
	}
	return batch
}

// sign signs a batch.
func (p *Pool) sign(batch []*order) {
	if len(batch) == 1 {
		sig, err := p.compute(batch[0].digest)
		batch[0].done <- signature{sig, err}
		return
	}
	t := newTree(batch)
	size := int64(len(batch))
	sig, err := p.compute(ledgerclient.BatchDigest(size, t.root()))
	for i, o := range batch {
		own := sig
		own.Index, own.Size = int64(i), size
		own.Path = t.path(i)
		o.done <- signature{own, err}
	}
}

// compute makes one signature. Its context is no caller's: each waits by its own.
func (p *Pool) compute(digest [sha256.Size]byte) (ledgerclient.Signature, error) {
	sig, err := p.signer.Sign(context.Background(), digest)
	if err == nil {
		p.made(digest, sig)
	}
	return sig, err
}

// tree is the Merkle tree of RFC 9162 section 2.1.1, level by level from the
// leaves up. A last node without a neighbour rises unchanged.
type tree [][]tlog.Hash

func newTree(batch []*order) tree {
	level := make([]tlog.Hash, len(batch))
	for i, o := range batch {
		level[i] = tlog.RecordHash(o.digest[:])
	}
	t := tree{level}
	for len(level) > 1 {
		above := make([]tlog.Hash, 0, (len(level)+1)/2)
		for i := 0; i+1 < len(level); i += 2 {
			above = append(above, tlog.NodeHash(level[i], level[i+1]))
		}
		if len(level)%2 == 1 {
			above = append(above, level[len(level)-1])
		}
		t, level = append(t, above), above
	}
	return t
}

func (t tree) root() tlog.Hash { return t[len(t)-1][0] }

// path is the audit path of leaf i.
func (t tree) path(i int) []byte {
	path := make([]byte, 0, len(t)*sha256.Size)
	for _, level := range t[:len(t)-1] {
		if beside := i ^ 1; beside < len(level) {
			path = append(path, level[beside][:]...)
		}
		i /= 2
	}
	return path
}
