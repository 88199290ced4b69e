package sqlite

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"

	"setu/gateway/crashpoint"
	"setu/internal/panics"
)

// SQLite writes a commit into its write-ahead log and, with synchronous=FULL,
// waits there for the disk, while the processor has nothing to write. Here the
// writer goes on with the next transaction in that time: its connection leaves
// the sync of a commit to the goroutine below (synchronous=NORMAL, which still
// syncs what a checkpoint hangs on, in the right order), and no caller is
// answered before the sync that began after its commit. What is on the disk
// after a power cut is the same: all that was answered, and perhaps a commit
// that was not. It saves a fifth of the time of a message (measured, see
// DECISIONS).

// openLog opens the write-ahead log of an open database, to sync it. It is one
// file for as long as a connection is open. SQLite has no locks on it, which
// closing a file of our own would give up.
func openLog(database string) (*os.File, error) {
	return os.OpenFile(database+"-wal", os.O_RDWR, 0) //nolint:gosec // beside the configured database
}

// sync makes commits durable, one after another, and answers their callers,
// until the writer has ended.
func (s *Store) sync() {
	defer s.running.Done()
	for ops := range s.committed {
		crashpoint.Here(crashpoint.BeforeSync)
		// What a failed sync has left of the log in the memory of the system
		// is not known: nothing after it can be promised.
		if s.broken.Load() == nil {
			if err := s.flush(); err != nil {
				err = fmt.Errorf("sync log: %w; start the gateway again once the disk is in order", err)
				s.broken.Store(&err)
				s.log.Error("nothing more is acknowledged", slog.Any(keyError, err))
			}
		}
		s.queue.sets(false)
		for i := range ops {
			if err := s.broken.Load(); err != nil {
				ops[i].err = errors.Join(ops[i].err, *err)
			}
			s.answer(ops[i])
		}
		s.queue.reuse(ops)
	}
}

// answer survives a panic in a callback.
func (s *Store) answer(e entry) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("callback of the store panicked", slog.String(keyPanic, panics.Text(p)), slog.String(keyStack, string(debug.Stack())))
		}
	}()
	e.op.answer(e.err)
}
