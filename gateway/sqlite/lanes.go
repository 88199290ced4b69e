package sqlite

import (
	"errors"
	"fmt"
	"io"
)

const sqlLanes = `SELECT lane FROM outbox INDEXED BY outbox_lane WHERE head < 2`

// laneBits is the size of the filter of lanes, 128 KiB; with laneFill lanes in
// it, one in sixteen others is taken for one of them.
const (
	laneBits = 1 << 20
	laneFill = laneBits / 16
)

// lanes is a filter of the lanes that have unfinished items which nobody holds.
// It may say so of others too, and then the file is asked; of most citizens it
// knows without that that nothing of theirs waits.
type lanes struct {
	bits  [laneBits / 64]uint64
	added int  // since it was built
	all   bool // there are too many to tell apart
}

func (l *lanes) add(lane string) {
	at := uint64(hashOf("", lane)) % laneBits //nolint:gosec // any bits will do
	l.bits[at/64] |= 1 << (at % 64)
	l.added++
}

func (l *lanes) has(lane string) bool {
	at := uint64(hashOf("", lane)) % laneBits //nolint:gosec // any bits will do
	return l.all || l.bits[at/64]&(1<<(at%64)) != 0
}

// sift builds the filter anew when much has been added to it, between two
// transactions: what finished since then is left out.
func (w *writer) sift() error {
	if w.lanes.added < laneFill {
		return nil
	}
	w.lanes = lanes{}
	err := w.each(qLanes, func(v []value) error {
		w.lanes.add(text(v[0]))
		if w.lanes.added < laneFill {
			return nil
		}
		return io.EOF
	})
	w.lanes.all, w.lanes.added = err != nil, 0 // all: until as many more have come
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("list lanes: %w", err)
	}
	return nil
}
