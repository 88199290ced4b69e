package sqlite

import "sync"

// maxBatch is the number of operations at which a commit takes no more. At 1000
// the sync is a small part of the commit already (measured, see
// BenchmarkCeiling), and the first caller does not wait long for the last.
const maxBatch = 1000

// maxSpare is the number of emptied slices that are kept: one that is filled,
// one in the writer's hands and one on its way to the disk.
const maxSpare = 3

// entry is an op with what became of it.
type entry struct {
	op  op
	err error
}

// queue passes ops to the writer in order.
type queue struct {
	mu     sync.Mutex
	wakes  sync.Cond // of the writer
	ops    []entry
	spare  [][]entry // emptied, to be filled again
	closed bool
	// syncing says that a commit is on its way to the disk.
	syncing bool
}

func newOpQueue() *queue {
	q := &queue{}
	q.wakes.L = &q.mu
	return q
}

// put adds o, unless the queue is closed.
func (q *queue) put(o op) bool {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return false
	}
	q.ops = append(q.ops, entry{op: o})
	wake := len(q.ops) == 1
	q.mu.Unlock()
	if wake {
		q.wakes.Signal()
	}
	return true
}

// take waits for ops and takes all of them; none means that the queue is closed
// and drained.
func (q *queue) take() []entry {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.ops) == 0 && !q.closed {
		q.wakes.Wait()
	}
	return q.all()
}

// more takes what comes while a commit is on its way to the disk. It gives none
// when that is there, so that the next one can follow; without room it only
// waits for that.
func (q *queue) more(room int) []entry {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.syncing && (len(q.ops) == 0 || room <= 0) {
		q.wakes.Wait()
	}
	if !q.syncing {
		return nil
	}
	return q.all()
}

// all takes what there is.
func (q *queue) all() []entry {
	ops := q.ops
	q.ops = nil
	if last := len(q.spare) - 1; last >= 0 {
		q.ops, q.spare = q.spare[last], q.spare[:last]
	}
	return ops
}

// sets says whether a commit is on its way to the disk.
func (q *queue) sets(syncing bool) {
	q.mu.Lock()
	q.syncing = syncing
	q.mu.Unlock()
	q.wakes.Signal()
}

// reuse gives the memory of ops back.
func (q *queue) reuse(ops []entry) {
	clear(ops)
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.spare) < maxSpare && cap(ops) <= 4*maxBatch {
		q.spare = append(q.spare, ops[:0])
	}
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.wakes.Signal()
}
