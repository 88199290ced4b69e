package fault_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"setu/test/gatewaytest"
	"setu/test/powercut"
)

var (
	seeds = flag.Int("fault.seeds", fromEnv("SETU_FAULT_SEEDS", 2), "how many seeds, one after another, are tried")
	seed  = flag.Uint64("fault.seed", uint64(fromEnv("SETU_FAULT_SEED", 0)), "the first of them; 0 draws one") //nolint:gosec // not negative
	// built is the gateway under test, built once.
	built string
)

func fromEnv(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

func TestMain(m *testing.M) {
	powercut.Follower()
	flag.Parse()
	if *seed == 0 {
		*seed = 1 + uint64(time.Now().UnixMicro()%1e9) //nolint:gosec // not negative
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "setu-fault-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }() // left to the system's cleaning otherwise
	if built, err = gatewaytest.Build(dir, "crashpoints"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// eachSeed runs a test with each of the first n seeds, whose number is in its
// name.
func eachSeed(t *testing.T, n int, f func(t *testing.T, seed uint64)) {
	t.Helper()
	for i := range n {
		s := *seed + uint64(i) //nolint:gosec // not negative
		t.Run("seed-"+strconv.FormatUint(s, 10), func(t *testing.T) {
			t.Parallel()
			f(t, s)
		})
	}
}

// rounds is how often a test that works on one world does what it does: once for
// each seed, up to a number after which its world is only larger.
func rounds() int { return min(*seeds, 20) }

// random is the test's own source, from a seed and its name.
func random(t *testing.T, first uint64) *rand.Rand {
	t.Helper()
	t.Logf("seed %d of %d: repeat with -run %s -args -fault.seed %d", first, *seeds, t.Name(), first)
	var own uint64
	for _, r := range t.Name() {
		own = own*31 + uint64(r) //nolint:gosec // a rune is positive
	}
	return rand.New(rand.NewPCG(first, own)) //nolint:gosec // to be repeated, not to be secret
}
