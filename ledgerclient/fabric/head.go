package fabric

import (
	"context"
	"sync"
	"time"

	"setu/ledgerclient"
)

// headFresh is how long the newest known block stands for the newest one: a
// quarter of the two seconds after which Fabric cuts a block by default.
const headFresh = 500 * time.Millisecond

// head is the newest block that we know of. It only grows, so an answer that
// names it is never older than it says.
type head struct {
	asking sync.Mutex // held by who asks the peer

	mu    sync.Mutex
	at    ledgerclient.AsOf
	asked time.Time
}

func (h *head) known() (ledgerclient.AsOf, time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at, h.asked
}

// advance takes a block note of.
func (h *head) advance(at ledgerclient.AsOf) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if at.Block > h.at.Block || h.at.Time.IsZero() {
		h.at = at
	}
}

// asOf is the newest block, asked for anew when it was last a while ago. Of
// many callers one asks, and the others take what is known, if anything is.
func (l *Ledger) asOf(ctx context.Context) (ledgerclient.AsOf, error) {
	h := &l.head
	at, asked := h.known()
	if !at.Time.IsZero() {
		if l.now().Sub(asked) < headFresh || !h.asking.TryLock() {
			return at, nil
		}
	} else {
		h.asking.Lock()
	}
	defer h.asking.Unlock()
	if at, asked = h.known(); !at.Time.IsZero() && l.now().Sub(asked) < headFresh {
		return at, nil
	}
	now := l.now().UTC()
	height, err := l.height(ctx)
	if err != nil {
		return at, err
	}
	h.mu.Lock()
	h.asked = now
	h.mu.Unlock()
	h.advance(ledgerclient.AsOf{Block: height - 1, Time: now})
	at, _ = h.known()
	return at, nil
}
