package mobileapi

import "sync/atomic"

// Statuses of HTTP lie from 100 up to, and without, 600.
const (
	firstStatus = 100
	allStatuses = 500
)

// elsewhere is what requests are counted under that name no operation.
const elsewhere = "none"

// Counts are what requests have come to since the start. They may be read at any
// time.
type Counts struct {
	// Faults are requests that failed by a fault of ours, each of which is logged.
	Faults     atomic.Int64
	operations []*tally
	problems   map[string]*atomic.Int64 // is not changed once it is made
}

// tally counts the answers of one operation by their status.
type tally struct {
	operation string
	by        [allStatuses]atomic.Int64
}

func newCounts() *Counts {
	c := &Counts{problems: map[string]*atomic.Int64{}}
	for _, k := range kinds() {
		c.problems[k.code] = new(atomic.Int64)
	}
	return c
}

// of adds an operation to count.
func (c *Counts) of(operation string) *tally {
	t := &tally{operation: operation}
	c.operations = append(c.operations, t)
	return t
}

func (t *tally) add(status int) {
	if i := status - firstStatus; i >= 0 && i < allStatuses {
		t.by[i].Add(1)
	}
}

// Requests gives the operations, such as "GET /v1/services", with how often each
// was answered with a status.
func (c *Counts) Requests(each func(operation string, status int, n int64)) {
	for _, t := range c.operations {
		for i := range t.by {
			if n := t.by[i].Load(); n > 0 {
				each(t.operation, firstStatus+i, n)
			}
		}
	}
}

// Problems gives the codes of the problems, with how often each was answered.
func (c *Counts) Problems(each func(code string, n int64)) {
	for code, n := range c.problems {
		each(code, n.Load())
	}
}
