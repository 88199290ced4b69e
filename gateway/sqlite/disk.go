package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"syscall"
	"time"

	sqlite3 "github.com/mattn/go-sqlite3"

	"setu/gateway"
)

// probeEvery is how often the free space is looked at.
const probeEvery = time.Second

// watch keeps s.full in step with the free space until Close.
func (s *Store) watch() {
	defer s.running.Done()
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for {
		s.probe()
		select {
		case <-s.closing:
			return
		case <-tick.C:
		}
	}
}

// probe looks at the free space once. It also clears the mark that a failed
// write has left: the next work tries the disk again.
func (s *Store) probe() {
	free, err := free(s.dir)
	if err != nil {
		s.log.Error("free disk space not known", slog.Any(keyError, err))
		return
	}
	full := free < s.reserve
	if s.full.Swap(full) == full {
		return
	}
	if full {
		s.log.Error("disk reserve reached; new work is refused until there is room", slog.Int64(keyFree, free), slog.Int64(keyReserve, s.reserve))
	} else {
		s.log.Info("disk has room again", slog.Int64(keyFree, free))
	}
}

// free is the number of octets that an unprivileged process may still write.
func free(dir string) (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return int64(st.Bavail) * st.Bsize, nil //nolint:gosec // no disk has 2^63 octets
}

// isFull says that err means a full disk: SQLite's own word, a page limit, or
// a write that the file system or a quota refused.
func isFull(err error) bool {
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return false
	}
	return e.Code == sqlite3.ErrFull ||
		errors.Is(e.SystemErrno, syscall.ENOSPC) || errors.Is(e.SystemErrno, syscall.EDQUOT)
}

// noted marks the disk as full when err says so, and names that error.
func (s *Store) noted(err error) error {
	if !isFull(err) {
		return err
	}
	s.full.Store(true)
	return fmt.Errorf("%w: %w", gateway.ErrFull, err)
}

// removeDatabase removes a database and the files that SQLite keeps beside it.
func removeDatabase(path string) error {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
