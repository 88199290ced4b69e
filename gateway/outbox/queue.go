package outbox

import (
	"context"
	"sync"
	"time"

	"setu/gateway"
)

// queue holds leased items in memory, up to a bound, and whether their route is
// down.
type queue struct {
	mu     sync.Mutex
	items  []gateway.Item
	head   int
	bound  int
	down   bool          // the route did not carry the last item
	probe  time.Time     // when a route that is down is tried again
	filled chan struct{} // has a token when items may be there
}

func newQueue(bound int) *queue {
	return &queue{bound: bound, filled: make(chan struct{}, 1)}
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

// pause says that the route is down, and when it is to be tried again.
func (q *queue) pause(until time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.down, q.probe = true, until
}

// resume says that the route carries. It reports whether that is news.
func (q *queue) resume() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	was := q.down
	q.down = false
	return was
}

// tryNow lets a route that is down be tried at once.
func (q *queue) tryNow() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.probe = time.Time{}
}

// wanted is how many items may be claimed at a time: for a route that is down
// one, to try it with, and none before its time.
func (q *queue) wanted(now time.Time) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	waiting := len(q.items) - q.head
	switch {
	case !q.down:
		return q.bound - waiting
	case waiting > 0 || now.Before(q.probe):
		return 0
	}
	return 1
}

func nudge(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
