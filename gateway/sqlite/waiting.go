package sqlite

import "fmt"

const (
	sqlTurn     = `UPDATE OR FAIL inbox SET turned = 1 WHERE id = ?`
	sqlUnturned = `SELECT id FROM inbox WHERE id >= (SELECT value FROM meta WHERE name = 'waiting_from') AND turned = 0`
)

// waiting are the messages of the inbox that have not had their turn. They are
// in the writer's memory: an index of them would be touched twice for each
// message and read once in the life of a process.
type waiting struct {
	rows map[int64]struct{}
	// What the transaction under way adds and takes away.
	came []int64
	went map[int64]struct{}
}

// begin forgets what was rolled back.
func (a *waiting) begin() {
	a.came = a.came[:0]
	clear(a.went)
}

// commit makes the transaction's changes.
func (a *waiting) commit() {
	for _, row := range a.came {
		a.rows[row] = struct{}{}
	}
	for row := range a.went {
		delete(a.rows, row)
	}
}

// has says that a message waits.
func (a *waiting) has(row int64) bool {
	if _, gone := a.went[row]; gone {
		return false
	}
	_, ok := a.rows[row]
	return ok
}

// loadWaiting reads what an earlier process left behind.
func (w *writer) loadWaiting() error {
	w.waiting = waiting{rows: map[int64]struct{}{}, went: map[int64]struct{}{}}
	err := w.each(qUnturned, func(v []value) error {
		w.waiting.rows[number(v[0])] = struct{}{}
		return nil
	})
	if err != nil {
		return fmt.Errorf("look for waiting messages: %w", err)
	}
	return nil
}
