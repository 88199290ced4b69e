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
	number, r, err := l.from(f, next)
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
		for ; r.at < size; number++ {
			line, err := r.line()
			if err != nil {
				return fault("follow", ledgerclient.Before, err)
			}
			if number < next {
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
		l.followedTo.Store(&place{number, r.at})
		select {
		case <-grown:
		case <-l.closing:
			return fault("follow", ledgerclient.Before, errClosed)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// place is where a block begins in the file.
type place struct {
	number uint64
	at     int64
}

// from reads from the block next on, or from one before it: whoever followed last
// has left word where that is, so that not the whole file is read again.
func (l *Ledger) from(f *os.File, next uint64) (number uint64, r *chainReader, err error) {
	r = &chainReader{r: bufio.NewReaderSize(f, 1<<16)}
	if p := l.followedTo.Load(); p != nil && p.number <= next {
		number = p.number
		r.at, err = f.Seek(p.at, io.SeekStart)
	}
	return number, r, err
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

// chainReader reads the lines of a file that grows.
type chainReader struct {
	r  *bufio.Reader
	at int64 // what was read
}

// line is the next line, which is there.
func (c *chainReader) line() ([]byte, error) {
	line, err := c.r.ReadBytes('\n')
	c.at += int64(len(line))
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
