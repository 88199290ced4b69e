package sqlite

import (
	"fmt"
	"log/slog"
)

const (
	// A message whose holder is gone may have been sent.
	sqlVoid = `UPDATE outbox SET attempts = attempts + (kind = 1), token = 0, head = 1, next = due
WHERE id >= (SELECT value FROM meta WHERE name = 'leased_from') AND head = 2 AND state < 6`
	// A token that has outlived its lease does not outlive its epoch.
	sqlForget = `UPDATE outbox SET attempts = attempts + (kind = 1), token = 0 WHERE head = 1 AND token <> 0`
	// What its holder did not pass on before an outcome came.
	sqlStaleNeedless = `SELECT ` + itemColumns + ` FROM outbox WHERE unless IS NOT NULL AND head < 2 AND state = 1 AND EXISTS (
  SELECT 1 FROM receipt r WHERE r.receipt = outbox.unless AND r.state >= 6)`
)

// begin begins an epoch: leases of earlier ones are void, and what only the
// memory of the process before knew is found again.
func (w *writer) begin() error {
	var voided int64
	err := w.transaction(func() error {
		for _, step := range []func() error{
			w.countEpoch,
			w.beginLog,
			w.recallInbox,
			func() (err error) { voided, err = w.void(); return err },
			w.setMarks,
			w.lookForEarly,
		} {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = w.transaction(w.recallCalls)
	}
	if err == nil && voided > 0 {
		w.s.log.Info("leases of an earlier process ended", slog.Int64(keyItems, voided))
	}
	return err
}

// countEpoch counts this process.
func (w *writer) countEpoch() (err error) {
	if err := w.script("UPDATE meta SET value = value + 1 WHERE name = 'epoch'"); err != nil {
		return fmt.Errorf("count epoch: %w", err)
	}
	w.epoch, err = w.int("SELECT value FROM meta WHERE name = 'epoch'")
	return err
}

// First says that no process has opened this data folder before.
func (s *Store) First() bool { return s.w.epoch == 1 }

// recallInbox finds the messages that wait and those that may come again.
func (w *writer) recallInbox() (err error) {
	if w.lastRow, err = w.int("SELECT ifnull(max(id), 0) FROM inbox"); err != nil {
		return err
	}
	last, err := w.int("SELECT ifnull(max(stored), 0) FROM inbox WHERE id = (SELECT max(id) FROM inbox)")
	if err != nil {
		return err
	}
	w.oldRow, w.pause = w.lastRow, max(0, w.now-last)
	if err := w.loadRecent(last); err != nil {
		return err
	}
	return w.loadWaiting()
}

// setMarks begins the marks at what is known now.
func (w *writer) setMarks() (err error) {
	if w.lastItem, err = w.int("SELECT ifnull(max(id), 0) FROM outbox"); err != nil {
		return err
	}
	// Noted as what they never are, so that they are written now.
	w.lanes.added = laneFill // to be built before the next transaction
	w.leasedFrom = mark{name: "leased_from", from: w.lastItem + 1, noted: -1}
	w.waitingFrom = mark{name: "waiting_from", from: w.lastRow + 1, noted: -1}
	for row := range w.waiting.rows {
		w.waitingFrom.lower(row)
	}
	return nil
}

// void ends the leases of earlier processes.
func (w *writer) void() (int64, error) {
	_, voided, err := w.exec(qVoid)
	if err != nil {
		return 0, err
	}
	if err := w.run(qForget); err != nil {
		return 0, err
	}
	return voided, w.endAll(qStaleNeedless)
}
