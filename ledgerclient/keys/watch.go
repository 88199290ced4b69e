package keys

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"time"
)

// watchEvery is how often a running keystore looks at its file: one stat.
const watchEvery = time.Second

// Watch keeps an open keystore up to date until ctx ends: what another process
// rotated or revoked takes effect within a second or two, and the private half
// of a key is destroyed when the next one has taken over.
func (s *Store) Watch(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := s.Refresh(); err != nil {
			log.ErrorContext(ctx, "keystore not read again; what was read before stays in force", slog.String("error", err.Error()))
		}
	}
}

// Refresh is one look of [Store.Watch]. It gives the errors of [Store.Reload],
// each version of the file once.
func (s *Store) Refresh() error {
	if s.changed() {
		if err := s.Reload(); err != nil {
			return err
		}
	}
	if s.ring.Load().superseded(s.options.Now()) {
		return s.edit(func(keys []signingKey) ([]signingKey, error) { return slices.Clone(keys), nil })
	}
	return nil
}

// changed says that the file is another one than was seen last.
func (s *Store) changed() bool {
	s.change.Lock()
	defer s.change.Unlock()
	is, err := os.Stat(s.path)
	if err != nil {
		// It is being restored, perhaps. What was read stays in force.
		return false
	}
	was := s.seen
	s.seen = is
	return was == nil || !os.SameFile(was, is) || !was.ModTime().Equal(is.ModTime()) || was.Size() != is.Size()
}
