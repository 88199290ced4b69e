// Package gatewaytest builds the gateway's binary and runs it as an operator
// does: its own process, its own data folder, ports of its own on loopback.
package gatewaytest

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// upTime is how long a gateway may take to be ready; the first start makes
// keys and a ledger.
const upTime = 60 * time.Second

// Build builds the binary with the given build tags into dir.
func Build(dir string, tags ...string) (string, error) {
	return build(dir, "setu", "-tags", strings.Join(tags, ","))
}

// BuildVerifier builds setu-verify into dir.
func BuildVerifier(dir string) (string, error) { return build(dir, "setu-verify") }

func build(dir, name string, flags ...string) (string, error) {
	bin := filepath.Join(dir, name)
	args := append([]string{"build", "-buildvcs=false", "-o", bin}, flags...)
	cmd := exec.Command("go", append(args, "setu/cmd/"+name)...) //nolint:gosec // fixed words
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", name, err, out)
	}
	return bin, dependOnSources()
}

// dependOnSources looks at every source file, so that `go test` does not give
// an old result for a binary that has changed: it remembers what a test has
// looked at.
func dependOnSources() error {
	mod, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return fmt.Errorf("find the module: %w", err)
	}
	return filepath.WalkDir(filepath.Dir(strings.TrimSpace(string(mod))), func(path string, d fs.DirEntry, err error) error {
		switch name := d.Name(); {
		case err != nil:
			return err
		case d.IsDir() && (name == ".git" || name == "node_modules"):
			return filepath.SkipDir
		case !d.IsDir() && strings.Contains(".go .yaml .sql", filepath.Ext(name)) && filepath.Ext(name) != "":
			_, err = os.Stat(path)
			return err
		}
		return nil
	})
}

// Options are how a gateway is started.
type Options struct {
	Bin string
	Dir string // data folder; a new one when empty
	// Host is where it listens, an address of the loopback network; 127.0.0.1 when
	// empty.
	Host string
	// HTTP is the public address; one that is free when empty.
	HTTP string
	// SIP is the address of calls; none when empty, since their prompts take a
	// while to be spoken.
	SIP string
	Env []string // in addition to the test's own
	// Config is a configuration file's content; the addresses and the data
	// folder are set by flags.
	Config string
	Args   []string
}

// Gateway is a running gateway.
type Gateway struct {
	SMPP, Admin string
	HTTP        string // public
	SIP         string // empty: no calls
	Dir         string
	Bin         string

	t    testing.TB
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
	err  error         // of Wait, after done
	log  *lockedBuffer
}

var partners = regexp.MustCompile(`Partners bind at ([0-9.:]+), operators look at http://([0-9.:]+)/readyz, USSD gateways call http://([0-9.:]+)/ussd/(?:, phones call sip:([0-9.:]+))?`)

// Start starts a gateway and waits until it is ready. It is stopped when the
// test ends.
func Start(t testing.TB, o Options) *Gateway {
	t.Helper()
	g := Launch(t, o)
	if !g.Ready(upTime) {
		t.Fatalf("gateway is not ready after %v:\n%s", upTime, g.Log())
	}
	return g
}

// Launch starts a gateway without waiting until it is ready: it may die first.
func Launch(t testing.TB, o Options) *Gateway {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	free := net.JoinHostPort(cmp.Or(o.Host, "127.0.0.1"), "0")
	args := append([]string{"serve", "--data", o.Dir, "--smpp", free, "--admin", free, "--public", cmp.Or(o.HTTP, free), "--sip", cmp.Or(o.SIP, "none")}, o.Args...)
	if o.Config != "" {
		path := filepath.Join(t.TempDir(), "setu.yaml")
		if err := os.WriteFile(path, []byte(o.Config), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--config", path)
	}
	g := &Gateway{t: t, Dir: o.Dir, Bin: o.Bin, done: make(chan struct{}), log: &lockedBuffer{}}
	g.cmd = exec.Command(o.Bin, args...) //nolint:gosec // the binary under test
	g.cmd.Env = append(os.Environ(), o.Env...)
	g.cmd.Stderr = g.log
	out, err := g.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := g.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	addresses := make(chan []string, 1)
	go func() {
		defer close(addresses)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if m := partners.FindStringSubmatch(lines.Text()); m != nil {
				addresses <- m
			}
		}
		g.err = g.cmd.Wait()
		close(g.done)
	}()
	t.Cleanup(g.Kill)
	select {
	case m := <-addresses:
		if m != nil {
			g.SMPP, g.Admin, g.HTTP, g.SIP = m[1], m[2], m[3], m[4]
		}
	case <-time.After(upTime):
	}
	return g
}

// Ready waits until the gateway says that it is ready, or has ended.
func (g *Gateway) Ready(within time.Duration) bool {
	deadline := time.Now().Add(within)
	for time.Now().Before(deadline) {
		if g.Ended() || g.Admin == "" {
			return false
		}
		if code, _ := g.Get("/readyz"); code == http.StatusOK {
			return true
		}
		time.Sleep(20 * time.Millisecond)
	}
	return false
}

// Get asks the admin listener.
func (g *Gateway) Get(path string) (int, string) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+g.Admin+path, nil)
	if err != nil {
		g.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, ""
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, ""
	}
	return resp.StatusCode, string(body)
}

// Setu runs another command of the binary against this gateway, such as
// "queue", "list".
func (g *Gateway) Setu(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, g.Bin, append(args, "--admin", g.Admin, "--data", g.Dir)...) //nolint:gosec // the binary under test
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// PID is the gateway's process.
func (g *Gateway) PID() int { return g.cmd.Process.Pid }

// Ended says that the process is gone.
func (g *Gateway) Ended() bool {
	select {
	case <-g.done:
		return true
	default:
		return false
	}
}

// Wait waits until the process has ended.
func (g *Gateway) Wait(within time.Duration) bool {
	select {
	case <-g.done:
		return true
	case <-time.After(within):
		return false
	}
}

// Stop ends the gateway in good order.
func (g *Gateway) Stop() error {
	if err := g.cmd.Process.Signal(syscall.SIGTERM); err != nil && !g.Ended() {
		return err
	}
	if !g.Wait(45 * time.Second) {
		g.Kill()
		return fmt.Errorf("gateway did not stop:\n%s", g.Log())
	}
	return g.err
}

// Kill ends the gateway as a power failure of the process would.
func (g *Gateway) Kill() {
	_ = g.cmd.Process.Kill() // it may have ended
	<-g.done
}

// Log is what the gateway has logged.
func (g *Gateway) Log() string { return g.log.String() }

// FreeAddress is a loopback address that was free a moment ago, for peers that
// must be configured before they listen.
func FreeAddress(t testing.TB) string {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return addr
}

// lockedBuffer is a buffer that a process writes and a test reads.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
