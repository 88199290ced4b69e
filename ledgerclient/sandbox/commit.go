package sandbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"setu/ledgerclient"
	"setu/ledgerclient/contracts"
)

// maxBlock is the most transactions of one block, and so of one fsync.
const maxBlock = 1000

var (
	errClosed = errors.New("sandbox: ledger is closed")
	errBroken = errors.New("sandbox: an earlier block could not be written for certain; restart to read the file again")
)

// submission is a transaction that waits for its block.
type submission struct {
	tx       blockTx
	envelope ledgerclient.Envelope
	done     chan result // takes one result without a reader
}

type result struct {
	outcome ledgerclient.Outcome
	err     error
}

// record hands a transaction to the committer and waits for its block to be on
// disk, or for ctx. Once ctx has ended nothing is known: it may be recorded.
func (l *Ledger) record(ctx context.Context, tx blockTx, e ledgerclient.Envelope) (ledgerclient.Outcome, error) {
	if err := ctx.Err(); err != nil {
		// Not this time; but nobody says that it was the first time.
		return ledgerclient.Outcome{}, fault("submit", ledgerclient.Unknown, err)
	}
	s := &submission{tx: tx, envelope: e, done: make(chan result, 1)}
	select {
	case l.queue <- s:
	case <-l.closing:
		return ledgerclient.Outcome{}, fault("submit", ledgerclient.Before, errClosed)
	case <-ctx.Done():
		return ledgerclient.Outcome{}, fault("submit", ledgerclient.Unknown, ctx.Err())
	}
	select {
	case r := <-s.done:
		return r.outcome, r.err
	case <-l.closed:
		select {
		case r := <-s.done:
			return r.outcome, r.err
		default: // it came after the last block
			return ledgerclient.Outcome{}, fault("submit", ledgerclient.Before, errClosed)
		}
	case <-ctx.Done():
		return ledgerclient.Outcome{}, fault("submit", ledgerclient.Unknown, ctx.Err())
	}
}

// commitAll is the committer: one goroutine that puts whatever is queued into
// one block, until the ledger is closed. Then it serves what is queued still.
func (l *Ledger) commitAll() {
	defer close(l.closed)
	for {
		select {
		case s := <-l.queue:
			l.commit(l.gather(s))
		case <-l.closing:
			for {
				batch := l.gather(nil)
				if len(batch) == 0 {
					return
				}
				l.commit(batch)
			}
		}
	}
}

// gather takes what is queued, after s if there is one.
func (l *Ledger) gather(s *submission) []*submission {
	var batch []*submission
	if s != nil {
		batch = append(batch, s)
	}
	for len(batch) < maxBlock {
		select {
		case s := <-l.queue:
			batch = append(batch, s)
		default:
			return batch
		}
	}
	return batch
}

// commit executes a batch in order, writes one block, and then answers.
func (l *Ledger) commit(batch []*submission) {
	b := l.next()
	pending := newOverlay(&l.world)
	results := make([]result, len(batch))
	refs := make(map[string]ref, len(batch))
	for i, s := range batch {
		results[i] = l.execute(s, b, pending, refs)
	}
	if len(b.Txs) > 0 {
		if err := l.write(b, pending.writes(), refs); err != nil {
			for i := range results {
				results[i] = result{err: err}
			}
		}
	}
	for i, s := range batch {
		s.done <- results[i]
	}
}

// execute runs one transaction on top of those before it in the block.
func (l *Ledger) execute(s *submission, b *block, pending *overlay, refs map[string]ref) (r result) {
	defer func() {
		if p := recover(); p != nil {
			r = result{err: fault("submit", ledgerclient.Poison, fmt.Errorf("sandbox: contract panicked: %v", p))}
		}
	}()
	own := newOverlay(pending)
	answer, wrote, err := contracts.Invoke(own, request(s.envelope))
	if err != nil {
		return result{err: fault("submit", classOf(err), err)}
	}
	key := contracts.IdempotencyKey(s.envelope.Key)
	if wrote {
		tx := s.tx
		tx.Writes = own.writes()
		pending.take(tx.Writes)
		b.Txs = append(b.Txs, tx)
		refs[key] = ref{block: b.Number, id: tx.ID}
	}
	at, ok := refs[key]
	if !ok {
		at, ok = l.refs[key]
	}
	if !ok { // refused: nothing is on the ledger
		at = ref{block: b.Number - 1}
	}
	return result{outcome: l.outcome(answer, at, b)}
}

// write puts a block on disk and then into the state. The error has its class.
func (l *Ledger) write(b *block, writes []write, refs map[string]ref) error {
	if l.broken {
		return fault("submit", ledgerclient.Before, errBroken)
	}
	line, hash, err := b.seal()
	if err != nil {
		return fault("submit", ledgerclient.Poison, err)
	}
	if sure, err := l.file.append(line); err != nil {
		if sure {
			return fault("submit", ledgerclient.Before, err)
		}
		l.broken = true
		return fault("submit", ledgerclient.Unknown, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.install(b, hash, writes)
	l.size = l.file.size
	close(l.grown)
	l.grown = make(chan struct{})
	for key, r := range refs {
		l.refs[key] = r
	}
	return nil
}

// install makes a block the newest one.
func (l *Ledger) install(b *block, hash digest, writes []write) {
	l.world.apply(writes)
	l.head, l.headHash = ledgerclient.AsOf{Block: b.Number, Time: b.Time}, hash
	l.times = append(l.times, b.Time)
	l.txs += len(b.Txs)
}

// next is an empty block to follow the newest. Its time never runs backwards.
func (l *Ledger) next() *block {
	t := l.now().UTC().Truncate(time.Millisecond)
	if t.Before(l.head.Time) {
		t = l.head.Time
	}
	b := &block{Time: t, Previous: l.headHash}
	if len(l.times) > 0 {
		b.Number = l.head.Block + 1
	}
	return b
}
