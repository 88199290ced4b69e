package gatewaytest

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// LedgerService is a process of `setu baas`.
type LedgerService struct {
	Address string

	t    testing.TB
	bin  string
	args []string
	cmd  *exec.Cmd
	log  string // file of what it says
}

// ServeLedger starts a service at an address and waits until it listens. It is
// killed when the test ends.
func ServeLedger(t testing.TB, bin, address string, args ...string) *LedgerService {
	t.Helper()
	s := &LedgerService{
		t: t, bin: bin, Address: address, args: append([]string{"baas", "--listen", address}, args...),
		log: filepath.Join(t.TempDir(), "baas.log"),
	}
	s.Start()
	t.Cleanup(s.Kill)
	return s
}

// Start starts the service, which must have ended.
func (s *LedgerService) Start() {
	s.t.Helper()
	log, err := os.OpenFile(s.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = log.Close() }()     // the process has its own
	s.cmd = exec.Command(s.bin, s.args...) //nolint:gosec // the binary under test
	s.cmd.Stderr = log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || !strings.Contains(line, "https://"+s.Address) {
		said, _ := os.ReadFile(s.log)
		s.t.Fatalf("setu baas said %q, %v\n%s", line, err, said)
	}
}

// Kill ends the service as a power failure of the process would.
func (s *LedgerService) Kill() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill() // it may have ended
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}

// Stop ends the service in good order.
func (s *LedgerService) Stop() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Wait(); err != nil {
		s.t.Errorf("setu baas ended: %v", err)
	}
	s.cmd = nil
}
