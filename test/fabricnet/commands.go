package fabricnet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// ErrCommands says that Fabric's commands could not be built.
var ErrCommands = errors.New("fabricnet: Fabric's commands cannot be built here")

// commands are the paths of Fabric's programs.
type commands struct{ cryptogen, configtxgen, orderer, peer string }

// findCommands builds Fabric's commands, or finds them in Go's build cache, and
// does so once for a process.
var findCommands = sync.OnceValues(func() (commands, error) {
	var c commands
	_, here, _, _ := runtime.Caller(0)
	for name, at := range map[string]*string{"cryptogen": &c.cryptogen, "configtxgen": &c.configtxgen, "orderer": &c.orderer, "peer": &c.peer} {
		cmd := exec.CommandContext(context.Background(), "go", "tool", "-n", "github.com/hyperledger/fabric/cmd/"+name)
		cmd.Dir = filepath.Join(filepath.Dir(here), "tools")
		// The race detector and coverage of the caller's build are not theirs.
		cmd.Env = append(os.Environ(), "GOFLAGS=-buildvcs=false", "GOWORK=off")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			return c, fmt.Errorf("%w: go tool -n %s: %w: %s", ErrCommands, name, err, tail(stderr.String()))
		}
		*at = strings.TrimSpace(string(out))
	}
	return c, nil
})

// tail is the end of what a command said.
func tail(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-3):], "; ")
}

// Build builds Fabric's commands: three minutes on two cores the first time, a
// second from the build cache. The error is [ErrCommands].
func Build() error {
	_, err := findCommands()
	return err
}

// Need skips a test when Fabric's commands cannot be built, as without a network
// and with an empty module cache. In CI they must be there.
func Need(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: no Fabric network")
	}
	err := Build()
	switch {
	case err != nil && os.Getenv("SETU_FABRIC") == "required":
		t.Fatal(err)
	case err != nil:
		t.Skip(err)
	}
}
