package e2e_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"setu/test/gatewaytest"
)

// bin is the gateway under test and verifier what checks its proofs, built once
// by TestMain.
var bin, verifier string

func TestMain(m *testing.M) { os.Exit(build(m)) }

func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "setu-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }() // in the system's folder for such
	if bin, err = gatewaytest.Build(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if verifier, err = gatewaytest.BuildVerifier(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	// Tests wait for each other's machine much less than for gateways.
	if err := flag.Set("test.parallel", "6"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// patience bounds whatever a test waits for, on a machine that is busy.
const patience = 2 * time.Minute

// quick is a configuration whose questions wait for the ledger for two seconds
// only, for tests that take the ledger away.
const quick = "ledger: {patience: 2s}\n"

// languages are the three, with what a citizen writes to look a receipt up and
// to go on.
var languages = []struct{ code, receipt, menu, help, yes, cancel string }{
	{"bn", "রসিদ", "মেনু", "সাহায্য", "হ্যাঁ", "বাতিল"},
	{"hi", "रसीद", "मेनू", "मदद", "हाँ", "रद्द"},
	{"en", "RECEIPT", "MENU", "HELP", "YES", "CANCEL"},
}

// numbers hands out citizens that no other test knows. The range is one that
// the sandbox has no records for.
var numbers struct {
	sync.Mutex
	last int
}

func newNumber() string {
	numbers.Lock()
	defer numbers.Unlock()
	numbers.last++
	return fmt.Sprintf("91700%07d", 4_300_000+numbers.last*17)
}

// town is a running gateway with its citizens. When its test ends, nothing
// that operators can see may hold what the citizens wrote or were told.
type town struct {
	*gatewaytest.Gateway
	*gatewaytest.Phones
	t    *testing.T
	gone []*gatewaytest.Gateway // processes before this one, on the same data
	old  []*gatewaytest.Phones
}

// open starts a gateway and binds its citizens' phones.
func open(t *testing.T, o gatewaytest.Options) *town {
	t.Helper()
	o.Bin = bin
	w := &town{t: t, Gateway: gatewaytest.Start(t, o)}
	w.Phones = gatewaytest.Dial(t, w.SMPP, "sandbox", "sandbox")
	t.Cleanup(w.checkPrivacy)
	return w
}

// again starts the gateway anew on the same data, after it was stopped or
// killed.
func (w *town) again(o gatewaytest.Options) {
	w.t.Helper()
	w.gone, w.old = append(w.gone, w.Gateway), append(w.old, w.Phones)
	w.Phones.Close()
	o.Bin, o.Dir = bin, w.Dir
	w.Gateway = gatewaytest.Start(w.t, o)
	w.Phones = gatewaytest.Dial(w.t, w.SMPP, "sandbox", "sandbox")
}

// setu runs a command of an operator that must succeed.
func (w *town) setu(args ...string) string {
	w.t.Helper()
	out, err := w.Setu(args...)
	if err != nil {
		w.t.Fatalf("setu %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// ask sends a text and gives the reply.
func (w *town) ask(number, text string) string {
	w.t.Helper()
	n := len(w.Told(number))
	w.send(number, text)
	return w.await(number, n)
}

// await gives the message after the n-th to a number.
func (w *town) await(number string, n int) string {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	text, err := w.Await(ctx, number, n)
	if err != nil {
		w.t.Fatalf("%v\n%s", err, w.state())
	}
	return text
}

// state is what operators see, for the message of a test that has failed.
func (w *town) state() string {
	list, _ := w.Setu("queue", "list", "--limit", "20") // an error is in the output
	stats, _ := w.Setu("queue", "stats")
	return list + stats + w.Log()
}

// send sends a text that the gateway must accept.
func (w *town) send(number, text string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	if err := w.Send(ctx, number, text); err != nil {
		w.t.Fatalf("send: %v", err)
	}
}

// settle waits until nothing waits in the gateway any more: after it, a reply
// that has not come will not come.
func (w *town) settle() {
	w.t.Helper()
	w.until("nothing waits", func() bool {
		return strings.Contains(w.setu("queue", "list"), "nothing waits") && strings.Contains(w.setu("queue", "stats"), `"accepted": 0`)
	})
}

// until waits until the condition holds.
func (w *town) until(what string, holds func() bool) {
	w.t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline.C:
			w.t.Fatalf("not so after %v: %s\n%s", patience, what, w.state())
		}
	}
}

// within asserts that a text holds all that it should.
func within(t testing.TB, what, text string, want ...string) {
	t.Helper()
	for _, part := range want {
		if !strings.Contains(text, part) {
			t.Errorf("%s: %q holds no %q", what, text, part)
		}
	}
}

// told asserts all messages that a number got, each by a part of it.
func (w *town) told(number string, want ...string) {
	w.t.Helper()
	got := w.Told(number)
	if len(got) != len(want) {
		w.t.Errorf("told %d messages, want %d:\n%s", len(got), len(want), strings.Join(got, "\n--\n"))
		return
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) {
			w.t.Errorf("message %d is %q, want one with %q", i, got[i], want[i])
		}
	}
}

// command runs the binary with these words only.
func command(t *testing.T, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, bin, args...).CombinedOutput()
	return string(out), err
}

// distinct are the different ones of a list.
func distinct(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
