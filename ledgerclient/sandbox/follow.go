package sandbox

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"setu/ledgerclient"
	"setu/ledgerclient/contracts"
)

// Height is the number of blocks.
func (l *Ledger) Height(context.Context) (uint64, error) {
	if err := l.down("follow"); err != nil {
		return 0, err
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	return uint64(len(l.times)), nil
}

// Follow hands each block from number next on to take, in order, until ctx ends,
// the ledger is closed or take fails. It never returns nil.
func (l *Ledger) Follow(ctx context.Context, next uint64, take func(ledgerclient.Block) error) error {
	f, err := os.Open(l.file.path)
	if err != nil {
		return fault("follow", ledgerclient.Before, err)
	}
	defer func() { _ = f.Close() }() // nothing was written to it
	r, err := l.from(f, next)
	if err != nil {
		return fault("follow", ledgerclient.Before, err)
	}
	for {
		l.mu.RLock()
		size, grown := l.size, l.grown
		l.mu.RUnlock()
		if err := l.down("follow"); err != nil {
			return err
		}
		if err := l.hand(r, size, next, take); err != nil {
			return err
		}
		reached := r.place
		l.followedTo.Store(&reached)
		select {
		case <-grown:
		case <-l.closing:
			return fault("follow", ledgerclient.Before, errClosed)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// hand reads the file as far as size and hands on its blocks, but for those before
// number next.
func (l *Ledger) hand(r *chainReader, size int64, next uint64, take func(ledgerclient.Block) error) error {
	for r.at < size {
		wanted := r.number >= next
		line, err := r.line()
		if err != nil {
			return fault("follow", ledgerclient.Before, err)
		}
		if !wanted {
			continue
		}
		b, err := l.followed(line)
		if err != nil {
			return fault("follow", ledgerclient.Poison, err)
		}
		if err := take(b); err != nil {
			return err
		}
	}
	return nil
}

// place is where a block begins in the file.
type place struct {
	number uint64
	at     int64
}

// from reads from the block next on, or from one before it: whoever followed last
// has left word where that is, so that not the whole file is read again.
func (l *Ledger) from(f *os.File, next uint64) (*chainReader, error) {
	r := &chainReader{r: bufio.NewReaderSize(f, 1<<16)}
	p := l.followedTo.Load()
	if p == nil || p.number > next {
		return r, nil
	}
	r.place = *p
	_, err := f.Seek(p.at, io.SeekStart)
	return r, err
}

// followed is what a line of the file says of citizens' transactions.
func (l *Ledger) followed(line []byte) (ledgerclient.Block, error) {
	b, _, err := unseal(line)
	if err != nil {
		return ledgerclient.Block{}, err
	}
	out := ledgerclient.Block{Number: b.Number}
	for i, tx := range b.Txs {
		if tx.Envelope.Canonical == nil {
			continue // laid down by the sandbox itself
		}
		e, err := ledgerclient.ParseEnvelope(tx.Envelope.Canonical)
		if err != nil {
			return out, fmt.Errorf("%w: %w", errBlock, err)
		}
		l.mu.RLock()
		answer, found, err := contracts.First(&l.world, e.Key)
		l.mu.RUnlock()
		if err != nil {
			return out, fmt.Errorf("read request of block %d: %w", b.Number, err)
		}
		if !found {
			return out, fmt.Errorf("%w: a request of block %d is not in the state", errBlock, b.Number)
		}
		answer.AsOf = ledgerclient.AsOf{Block: b.Number, Time: b.Time}
		out.Entries = append(out.Entries, ledgerclient.Entry{
			Index: i, Envelope: tx.Envelope, Outcome: ledgerclient.Outcome{Found: true, Answer: answer, TxID: tx.ID},
		})
	}
	return out, nil
}

// chainReader reads the lines of a file that grows, each a block.
type chainReader struct {
	r     *bufio.Reader
	place // of the next line
}

// line is the next line, which is there.
func (c *chainReader) line() ([]byte, error) {
	line, err := c.r.ReadBytes('\n')
	c.at += int64(len(line))
	c.number++
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return line, err
}

// down fails while the ledger is to be out of reach.
func (l *Ledger) down(op string) error {
	if l.Faults().Down {
		return fault(op, ledgerclient.Before, errDown)
	}
	return nil
}
