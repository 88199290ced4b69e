package sqlite

import (
	"sync"

	"setu/gateway"
)

// kinds and states bound the numbers that are counted.
const (
	kinds  = int(gateway.Question) + 1
	states = int(gateway.Answered) + 1
)

// tally counts what came to a final state.
type tally struct {
	items   [kinds][states]int64
	doubled int64
	any     bool
}

// count counts one.
func (t *tally) count(k gateway.Kind, s gateway.State) { t.add(k, s, 1) }

func (t *tally) add(k gateway.Kind, s gateway.State, n int64) {
	if int(k) < kinds && int(s) < states {
		t.items[k][s] += n
		t.any = true
	}
}

func (t *tally) counts() (counts []gateway.Count) {
	for k := range t.items {
		for s, n := range t.items[k] {
			if n > 0 {
				counts = append(counts, gateway.Count{Kind: gateway.Kind(k), State: gateway.State(s), Items: n}) //nolint:gosec // small
			}
		}
	}
	return counts
}

// tallies add up what was committed since the store was opened.
type tallies struct {
	mu  sync.Mutex
	sum tally
}

func (t *tallies) add(d *tally) {
	if !d.any && d.doubled == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for k := range d.items {
		for s, n := range d.items[k] {
			t.sum.items[k][s] += n
		}
	}
	t.sum.doubled += d.doubled
}

func (t *tallies) counts() (counts []gateway.Count, doubled int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sum.counts(), t.sum.doubled
}
