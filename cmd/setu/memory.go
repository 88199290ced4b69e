package main

import (
	"context"
	"os"
	"runtime/debug"
	"time"
)

// The gateway's live heap is small, and what a message leaves behind is garbage
// at once: collecting less often costs little memory and saves a tenth of the
// processor. Under the soft limit the collector works as often as it must.
const (
	gcPercent   = 200
	memoryLimit = 76 << 20 // octets; SQLite's caches and stacks come on top
	// memoryOfCall is what an open HTTP connection may hold: its two buffers,
	// the stack of its goroutine, which a turn makes grow, and the request under
	// way. With some thousand of them open and without this the collector would
	// do little else: `setu bench ussd --sessions 5000` came to a third of its
	// screens.
	memoryOfCall = 64 << 10 // octets
	memoryEvery  = 250 * time.Millisecond
)

// ownMemory says that whoever started the gateway has left memory to it.
func ownMemory() bool { return os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" }

// limitMemory keeps the soft limit above what the open connections need, which
// calls says the number of, until ctx ends.
func limitMemory(ctx context.Context, calls func() int32) {
	tick := time.NewTicker(memoryEvery)
	defer tick.Stop()
	held, last := int64(0), int64(0)
	for {
		// What a connection held is free some time after it is closed: the HTTP
		// server keeps its goroutine and its buffers for the next one.
		if held = max(int64(calls()), held-held/128-1); held != last {
			debug.SetMemoryLimit(memoryLimit + held*memoryOfCall)
			last = held
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
