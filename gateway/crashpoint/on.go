//go:build crashpoints

// Package crashpoint, built with its tag: see off.go.
package crashpoint

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// armed is "place:n" of the environment: die at the n-th passing.
var armed, passings = os.Getenv("SETU_CRASH"), new(atomic.Int64)

// Here kills the process, as by kill -9, if it is the armed place and passing.
func Here(place string) {
	name, n, _ := strings.Cut(armed, ":")
	if name != place {
		return
	}
	after, err := strconv.ParseInt(n, 10, 64)
	if err != nil || passings.Add(1) != after {
		return
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // until the signal arrives
}
