package sandbox

import (
	"fmt"
	"io"
	"os"
	"time"

	"setu/ledgerclient"
)

// Report is what [Ledger.Verify] saw.
type Report struct {
	Blocks       int
	Transactions int // of citizens
}

// Verify reads the whole chain again and checks every hash and every signature.
// A key that was revoked later does not spoil what it signed before. The error
// is a [CorruptError].
func (l *Ledger) Verify() (Report, error) {
	l.mu.RLock()
	size := l.size
	l.mu.RUnlock()
	f, err := os.Open(l.file.path)
	if err != nil {
		return Report{}, err
	}
	defer func() { _ = f.Close() }()
	var r Report
	_, _, err = walk(l.file.path, io.LimitReader(f, size), func(b *block, _ digest) error {
		r.Blocks++
		for i := range b.Txs {
			if b.Txs[i].Envelope.Canonical == nil {
				continue
			}
			r.Transactions++
			if err := verifyTx(l.keys, &b.Txs[i], b.Time); err != nil {
				return err
			}
		}
		return nil
	})
	return r, err
}

func verifyTx(keys ledgerclient.Verifier, tx *blockTx, at time.Time) error {
	if _, err := tx.Envelope.Open(keys, at); err != nil {
		return fmt.Errorf("transaction %s: %w", tx.ID, err)
	}
	return nil
}
