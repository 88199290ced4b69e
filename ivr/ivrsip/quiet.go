package ivrsip

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// quietTime is how often the library may say the same.
const quietTime = time.Minute

// quiet passes on what the library logs as warnings and errors, without its
// attributes, which hold messages and with them the numbers of citizens, and each
// no more than once a minute: whoever sends rubbish must not fill the disk.
type quiet struct {
	to  *slog.Logger
	now func() time.Time

	mu   *sync.Mutex
	said map[string]time.Time
}

func newQuiet(to *slog.Logger, now func() time.Time) *quiet {
	return &quiet{to: to, now: now, mu: new(sync.Mutex), said: make(map[string]time.Time)}
}

// Enabled lets warnings and errors through.
func (*quiet) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }

// Handle logs a record's message.
func (q *quiet) Handle(ctx context.Context, r slog.Record) error {
	q.mu.Lock()
	last, known := q.said[r.Message]
	now := q.now()
	again := known && now.Sub(last) < quietTime
	if !again && (known || len(q.said) < maxHosts) {
		q.said[r.Message] = now
	}
	q.mu.Unlock()
	if !again {
		q.to.WarnContext(ctx, "SIP library", slog.String("says", r.Message))
	}
	return nil
}

// WithAttrs drops the attributes.
func (q *quiet) WithAttrs([]slog.Attr) slog.Handler { return q }

// WithGroup drops the group.
func (q *quiet) WithGroup(string) slog.Handler { return q }
