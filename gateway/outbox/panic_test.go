package outbox_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"setu/gateway"
)

// journal is a log that is read while it is written.
type journal struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.String()
}

// broken is a link whose driver panics with what it was given.
type broken struct{}

func (broken) Send(_ context.Context, _ gateway.Route, m gateway.SMSOut, _ func(string, error)) error {
	panic(m.Text.Reveal())
}

// TestWorker_PanicIsNotQuoted: what a driver panics with may be a citizen's text,
// and does not reach the log.
func TestWorker_PanicIsNotQuoted(t *testing.T) {
	t.Parallel()
	b := open(t, t.TempDir())
	var log journal
	b.worker.Log = slog.New(slog.NewTextHandler(&log, nil))
	b.worker.Senders["op"] = broken{}
	b.ledger.panics = true
	b.start()
	b.put(message("PIN 4711"), transaction("2", "body"))
	b.until("both panics are in the log", func() bool {
		return strings.Contains(log.String(), "sender panicked") && strings.Contains(log.String(), "ledger work panicked")
	})
	for _, quoted := range []string{"4711", "driver fault"} {
		if strings.Contains(log.String(), quoted) {
			t.Errorf("the log quotes %q:\n%s", quoted, log.String())
		}
	}
}
