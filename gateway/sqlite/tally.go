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

func (t *tally) count(k gateway.Kind, s gateway.State) {
	if int(k) < kinds && int(s) < states {
		t.items[k][s]++
		t.any = true
	}
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
	for k := range t.sum.items {
		for s, n := range t.sum.items[k] {
			if n > 0 {
				counts = append(counts, gateway.Count{Kind: gateway.Kind(k), State: gateway.State(s), Items: n}) //nolint:gosec // small
			}
		}
	}
	return counts, t.sum.doubled
}
