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
)

var (
	rounds = flag.Int("fault.rounds", fromEnv("SETU_FAULT_ROUNDS", 2), "rounds for each place and direction")
	seed   = flag.Uint64("fault.seed", 0, "seed of all that is random; 0 draws one")
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
	flag.Parse()
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano()) //nolint:gosec // any 64 bits will do
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

// random is the test's own source, from the common seed and its name.
func random(t *testing.T) *rand.Rand {
	t.Helper()
	t.Logf("seed %d: repeat with -args -fault.seed %d", *seed, *seed)
	var own uint64
	for _, r := range t.Name() {
		own = own*31 + uint64(r) //nolint:gosec // a rune is positive
	}
	return rand.New(rand.NewPCG(*seed, own)) //nolint:gosec // to be repeated, not to be secret
}
