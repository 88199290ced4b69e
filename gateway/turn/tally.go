package turn

import (
	"log/slog"
	"sync"
	"time"

	"setu/gateway"
)

// tallyPause is how long what was counted waits for more, so that a hundred
// questions of an app cost the disk one commit.
const tallyPause = 50 * time.Millisecond

// maxTally bounds the counts that wait, and with them the commit that they make.
const maxTally = 1024

// tally gathers what turns count that change nothing.
type tally struct {
	mu     sync.Mutex
	meters []gateway.Meter
}

// add adds counts; with the first ones it has write called after a pause, and
// with very many at once.
func (y *tally) add(meters []gateway.Meter, write func()) {
	if len(meters) == 0 {
		return
	}
	y.mu.Lock()
	first := len(y.meters) == 0
	y.meters = append(y.meters, meters...)
	full := len(y.meters) >= maxTally
	y.mu.Unlock()
	switch {
	case full:
		write()
	case first:
		time.AfterFunc(tallyPause, write)
	}
}

// take gives all that was gathered, and leaves nothing.
func (y *tally) take() []gateway.Meter {
	y.mu.Lock()
	defer y.mu.Unlock()
	meters := y.meters
	y.meters = nil
	return meters
}

// writeTally writes what was gathered.
func (t *Taker) writeTally() {
	meters := t.tally.take()
	if len(meters) == 0 {
		return
	}
	if _, err := t.write(gateway.Commit{Meters: meters}); err != nil {
		t.Log.Warn("questions were not counted", slog.Int("counts", len(meters)), slog.String("error", err.Error()))
	}
}
