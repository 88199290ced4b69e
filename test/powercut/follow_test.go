package powercut_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"setu/test/powercut"
)

// writerFolder names the folder to a process that writes, and writerSyncs that
// it syncs what it wrote.
const (
	writerFolder = "SETU_POWERCUT_TEST_FOLDER"
	writerSyncs  = "SETU_POWERCUT_TEST_SYNCS"
)

func TestMain(m *testing.M) {
	powercut.Follower()
	if folder := os.Getenv(writerFolder); folder != "" {
		if err := appendLines(folder); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// appendLines writes a hundred numbers into a file, makes each sure, and says it.
func appendLines(folder string) error {
	f, err := os.OpenFile(filepath.Join(folder, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // the test's own
	if err != nil {
		return err
	}
	d, err := os.Open(folder) //nolint:gosec // the test's own
	if err != nil {
		return err
	}
	if err := d.Sync(); err != nil {
		return err
	}
	for i := range 100 {
		if _, err := fmt.Fprintf(f, "%0300d\n", i); err != nil {
			return err
		}
		if os.Getenv(writerSyncs) != "" {
			if err := f.Sync(); err != nil {
				return err
			}
		}
		fmt.Println(i)
	}
	return f.Close()
}

// follow runs the writer under a plan. It gives what that said, and what is left
// of its file.
func follow(t *testing.T, p powercut.Plan, syncs bool) (said []string, left string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := powercut.Possible(t.Context(), t.TempDir()); err != nil {
		t.Skip(err)
	}
	p.Program, p.Folder = self, t.TempDir()
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), p.Env(), writerFolder+"="+p.Folder)
	if syncs {
		cmd.Env = append(cmd.Env, writerSyncs+"=1")
	}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said = append(said, lines.Text())
	}
	err = cmd.Wait()
	if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); p.N > 0 && (!ok || !ws.Signaled() || ws.Signal() != syscall.SIGKILL) {
		t.Fatalf("the program was not killed: %v", err)
	}
	octets, err := os.ReadFile(filepath.Join(p.Folder, "log"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return said, string(octets)
}

// TestFollow cuts the power of a program that syncs, at many moments: each line
// that it said is left.
func TestFollow(t *testing.T) {
	t.Parallel()
	for n := 3; n < 150; n += 21 {
		said, left := follow(t, powercut.Plan{N: n, Seed: uint64(n)}, true) //nolint:gosec // positive
		if len(said) == 100 {
			t.Errorf("the program came to its end before operation %d", n)
		}
		for _, line := range said {
			i, err := strconv.Atoi(line)
			if err != nil || !strings.Contains(left, fmt.Sprintf("%0300d\n", i)) {
				t.Errorf("operation %d: line %q was said to be sure and is lost, %v", n, line, err)
			}
		}
	}
}

// TestFollow_Loses does the same to a program that syncs nothing: some of what it
// said is lost.
func TestFollow_Loses(t *testing.T) {
	t.Parallel()
	lost := 0
	for seed := range uint64(8) {
		said, left := follow(t, powercut.Plan{Op: powercut.Write, File: "/log", N: 50, Seed: seed}, false)
		if len(said) != 49 {
			t.Errorf("the program said %d lines before its 50th write", len(said))
		}
		if len(left) < 49*301 {
			lost++
		}
	}
	if lost == 0 {
		t.Error("nothing was lost in 8 cuts")
	}
}

// TestFollow_ToTheEnd lets a program end by itself.
func TestFollow_ToTheEnd(t *testing.T) {
	t.Parallel()
	said, left := follow(t, powercut.Plan{}, true)
	if len(said) != 100 || len(left) != 100*301 {
		t.Errorf("%d lines were said and %d octets are left, want 100 and %d", len(said), len(left), 100*301)
	}
}
