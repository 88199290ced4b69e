package outbox

import (
	"context"
	"sync"

	"setu/gateway"
)

// queue holds leased items in memory, up to a bound, and the signal that its
// route should be tried.
type queue struct {
	mu     sync.Mutex
	items  []gateway.Item
	head   int
	bound  int
	down   bool
	filled chan struct{} // has a token when items may be there
	signal chan struct{} // has a token when the route should be tried now
}

func newQueue(bound int) *queue {
	return &queue{bound: bound, filled: make(chan struct{}, 1), signal: make(chan struct{}, 1)}
}

// push adds it unless the queue is full.
func (q *queue) push(it gateway.Item) {
	q.mu.Lock()
	if len(q.items)-q.head < q.bound {
		q.items = append(q.items, it)
	}
	q.mu.Unlock()
	nudge(q.filled)
}

// pop waits for an item, or for ctx to end.
func (q *queue) pop(ctx context.Context) (gateway.Item, bool) {
	for {
		if it, ok := q.take(); ok {
			return it, true
		}
		select {
		case <-ctx.Done():
			return gateway.Item{}, false
		case <-q.filled:
		}
	}
}

// take takes the first item, and leaves a token for the next taker while there
// are more.
func (q *queue) take() (gateway.Item, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.head == len(q.items) {
		return gateway.Item{}, false
	}
	it := q.items[q.head]
	q.items[q.head] = gateway.Item{} // for the garbage collector
	q.head++
	switch {
	case q.head == len(q.items):
		q.items, q.head = q.items[:0], 0
	case q.head > 1024 && q.head*2 > len(q.items):
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items, q.head = q.items[:n], 0
	}
	if q.head < len(q.items) {
		nudge(q.filled)
	}
	return it, true
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.items) - q.head
}

func (q *queue) room() int { return q.bound - q.len() }

// setPaused says whether the route is waiting to be tried again.
func (q *queue) setPaused(down bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.down = down
}

func (q *queue) paused() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.down
}

func (q *queue) wake() { nudge(q.signal) }

// woken has a token after wake.
func (q *queue) woken() <-chan struct{} { return q.signal }

func nudge(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
