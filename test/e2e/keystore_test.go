package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"setu/test/gatewaytest"
)

// softHSM is where Debian's package puts the module.
const softHSM = "/usr/lib/softhsm/libsofthsm2.so"

const tokenPIN = "471108"

// office is a gateway's configuration with what belongs to it, outside of its
// data folder.
type office struct {
	t      *testing.T
	dir    string
	data   string
	config string // path
	env    []string
}

func newOffice(t *testing.T) *office {
	t.Helper()
	return &office{t: t, dir: t.TempDir(), data: t.TempDir()}
}

func (o *office) file(name, content string) string {
	o.t.Helper()
	path := filepath.Join(o.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		o.t.Fatal(err)
	}
	return path
}

// run runs a command of the binary in the office's environment.
func (o *office) run(args ...string) (string, error) {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin, args...)
	cmd.Env = append(os.Environ(), o.env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// must runs a command that must succeed.
func (o *office) must(args ...string) string {
	o.t.Helper()
	out, err := o.run(args...)
	if err != nil {
		o.t.Fatalf("setu %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// refused runs a command that must fail and say why.
func (o *office) refused(want string, args ...string) {
	o.t.Helper()
	if out, err := o.run(args...); err == nil || !strings.Contains(out, want) {
		o.t.Errorf("setu %s: %v, want %q in\n%s", strings.Join(args, " "), err, want, out)
	}
}

// operator makes an operator's key and gives its file and its line of the
// configuration.
func (o *office) operator(name string) (file, line string) {
	o.t.Helper()
	file = filepath.Join(o.dir, name+".operator")
	out := o.must("operator", "new", name, "--out", file)
	_, line, _ = strings.Cut(out, "operators:\n")
	return file, line
}

// withToken gives the office a token of SoftHSM and a configuration that uses it.
func (o *office) withToken(more string) {
	o.t.Helper()
	tool, err := exec.LookPath("softhsm2-util")
	if err != nil {
		o.t.Skip("SoftHSM is not installed: scripts/setup test installs it")
	}
	tokens := filepath.Join(o.dir, "tokens")
	if err := os.Mkdir(tokens, 0o700); err != nil {
		o.t.Fatal(err)
	}
	o.env = []string{"SOFTHSM2_CONF=" + o.file("softhsm2.conf", "directories.tokendir = "+tokens+"\nlog.level = ERROR\n")}
	cmd := exec.CommandContext(o.t.Context(), tool, "--init-token", "--free", "--label", "setu", "--so-pin", "so-"+tokenPIN, "--pin", tokenPIN)
	cmd.Env = append(os.Environ(), o.env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		o.t.Fatalf("softhsm2-util: %v\n%s", err, out)
	}
	o.config = o.file("setu.yaml", fmt.Sprintf("keys: {driver: pkcs11, module: %s, token_label: setu, pin_file: %s}\n%s",
		softHSM, o.file("pin", tokenPIN+"\n"), more))
}

// open starts the office's gateway.
func (o *office) open() *town {
	o.t.Helper()
	return open(o.t, gatewaytest.Options{Dir: o.data, Env: o.env, Args: []string{"--config", o.config}})
}

// TestTokenKeys signs transactions with keys that are in a token, which two
// operators rotate and revoke while the gateway runs.
func TestTokenKeys(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	asha, first := o.operator("asha")
	ben, second := o.operator("ben")
	o.withToken(quick + "operators:\n" + first + second)
	at := []string{"--config", o.config, "--data", o.data}
	o.refused("setu keys init", append([]string{"keys", "list"}, at...)...)
	o.must(append([]string{"keys", "init"}, at...)...)
	o.refused("exists", append([]string{"keys", "init"}, at...)...)
	w := o.open()
	sell := func(number, weight string) string {
		t.Helper()
		w.ask(number, "SELL DHAN "+weight+" "+fromToday(240*time.Hour))
		return lastReceipt(t, w.ask(number, "YES"))
	}
	recorded := func(receipt string) {
		t.Helper()
		within(t, "setu receipt", w.setu("receipt", receipt), `"recorded"`, `"done"`)
	}
	list := func() []string {
		t.Helper()
		return strings.Split(strings.TrimSpace(o.must(append([]string{"keys", "list"}, at...)...)), "\n")[1:]
	}
	signed := func(key string) int {
		t.Helper()
		raw, err := os.ReadFile(filepath.Join(w.Dir, "sandbox.ledger"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(raw), key)
	}
	old := strings.Fields(list()[0])[0]
	recorded(sell(newNumber(), "211"))
	if signed(old) == 0 {
		t.Errorf("the ledger holds nothing that key %s signed", old)
	}
	register, err := os.ReadFile(filepath.Join(o.data, "keys.json"))
	if err != nil || strings.Contains(string(register), "private") || strings.Contains(string(register), tokenPIN) {
		t.Errorf("the register holds more than it should: %v\n%s", err, register)
	}

	// One operator alone, or nobody in particular, changes nothing.
	if out, err := w.Setu("keys", "rotate"); err == nil || !strings.Contains(out, "--as") {
		t.Errorf("rotated by nobody: %v, %s", err, out)
	}
	stranger := o.file("mallory.operator", strings.Replace(readFile(t, asha), "asha", "mallory", 1))
	if out, err := w.Setu("keys", "rotate", "--as", stranger); err == nil || !strings.Contains(out, "not signed by an operator") {
		t.Errorf("rotated by a stranger: %v, %s", err, out)
	}
	act := w.proposed("keys", "rotate", "--as", asha)
	if out, err := w.Setu("acts", "confirm", act, "--as", asha); err == nil || !strings.Contains(out, "another operator") {
		t.Errorf("confirmed by who proposed it: %v, %s", err, out)
	}
	within(t, "waiting", w.setu("acts", "list", "--as", ben), act, "waiting", "keys.rotate")
	if n := len(list()); n != 1 {
		t.Fatalf("%d keys before it is confirmed, want 1", n)
	}
	within(t, "confirm", w.setu("acts", "confirm", act, "--as", ben), "asha proposed", "keys.rotate", "done", "signs from")
	fresh := strings.Fields(list()[1])[0]
	recorded(sell(newNumber(), "212"))
	if signed(fresh) == 0 {
		t.Errorf("the running gateway does not sign with %s at once", fresh)
	}

	// What waits when its key is revoked is parked, and given up by two.
	w.setu("sandbox", "down")
	number := newNumber()
	sell(number, "213")
	w.setu("acts", "confirm", w.proposed("keys", "rotate", "--as", ben), "--as", asha)
	w.setu("acts", "confirm", w.proposed("keys", "revoke", fresh, "--as", asha), "--as", ben)
	w.setu("sandbox", "up")
	item := firstItem(t, w.setu("queue", "list", "--kind", "transaction"))
	w.until("it is parked", func() bool { return strings.Contains(w.setu("queue", "show", item), `"parked"`) })
	within(t, "why", w.setu("queue", "show", item), "disowned", "revoked")
	if out, err := w.Setu("queue", "discard", item, "--reason", "key was lost"); err == nil || !strings.Contains(out, "--as") {
		t.Errorf("discarded by nobody: %v, %s", err, out)
	}
	act = w.proposed("queue", "discard", item, "--reason", "key was lost", "--as", ben)
	within(t, "discard", w.setu("acts", "confirm", act, "--as", asha), "discarded")
	within(t, "discarded", w.setu("queue", "show", item), `"dead"`, "key was lost")
	recorded(sell(newNumber(), "214"))

	// Over a restart, all is as it was, and the chain of the log holds.
	w.kill()
	w.again(gatewaytest.Options{Env: o.env, Args: []string{"--config", o.config}})
	recorded(sell(newNumber(), "215"))
	log := o.must(append([]string{"acts", "log"}, at...)...)
	for _, who := range []string{`"operator":"asha"`, `"operator":"ben"`} {
		if strings.Count(log, who) < 3 {
			t.Errorf("the log names %s %d times, want all of her acts:\n%s", who, strings.Count(log, who), log)
		}
	}
	states := strings.Join(list(), "\n")
	if strings.Count(states, "retired") != 1 || strings.Count(states, "revoked") != 1 || strings.Count(states, "active") != 1 {
		t.Errorf("keys at last:\n%s", states)
	}
	path := filepath.Join(o.data, "operators.log")
	if err := os.WriteFile(path, []byte(strings.Replace(readFile(t, path), `"operator":"ben"`, `"operator":"eve"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	o.refused("the log was changed", append([]string{"acts", "log"}, at...)...)
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// proposed proposes an act and gives its number.
func (w *town) proposed(args ...string) string {
	w.t.Helper()
	_, rest, ok := strings.Cut(w.setu(args...), "proposed as ")
	act, _, _ := strings.Cut(rest, ";")
	if !ok || act == "" {
		w.t.Fatalf("setu %v proposes nothing", args)
	}
	return act
}

// TestOverlap makes a key that takes over a little later, without anybody's doing.
func TestOverlap(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{})
	within(t, "rotate", w.setu("keys", "rotate", "--after", "3s"), "signs from")
	within(t, "at first", w.keys(), "active", "next")
	w.until("the next key has taken over", func() bool {
		return strings.Count(w.keys(), "active") == 1 && strings.Count(w.keys(), "retired") == 1
	})
	number := newNumber()
	w.ask(number, "SELL DHAN 311 "+fromToday(240*time.Hour))
	within(t, "setu receipt", w.setu("receipt", lastReceipt(t, w.ask(number, "YES"))), `"recorded"`)
}

// TestKeystore_Refused starts gateways whose keys are not as they should be.
func TestKeystore_Refused(t *testing.T) {
	t.Parallel()
	sandbox := open(t, gatewaytest.Options{})
	sandbox.kill()
	o := newOffice(t)
	o.config = o.file("setu.yaml", "profile: production\nledger: {driver: rest, url: 'https://127.0.0.1:1'}\nkeys: {driver: file, passphrase_file: "+
		o.file("passphrase", readFile(t, filepath.Join(sandbox.Dir, "sandbox-keys.passphrase")))+"}\n")
	at := []string{"--config", o.config, "--data", o.data}
	o.refused("setu keys init", append([]string{"serve"}, at...)...)
	o.must(append([]string{"keys", "init"}, at...)...)
	within(t, "keys of a production gateway", o.must(append([]string{"keys", "list"}, at...)...), "active")
	lent := readFile(t, filepath.Join(sandbox.Dir, "sandbox-keys.age"))
	if err := os.WriteFile(filepath.Join(o.data, "keys.age"), []byte(lent), 0o600); err != nil {
		t.Fatal(err)
	}
	o.refused("made by a sandbox", append([]string{"serve"}, at...)...)

	for name, tt := range map[string]struct{ config, want string }{
		"no module":      {"keys: {driver: pkcs11, token_label: setu, pin_file: pin}\n", "needs module"},
		"no such driver": {"keys: {driver: cloud}\n", "use file or pkcs11"},
		"one operator":   {"operators: [{name: asha, key: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='}]\n", "another must confirm"},
		"no key":         {"operators: [{name: asha, key: 'AAAA'}, {name: ben, key: 'AAAA'}]\n", "asha"},
	} {
		o.refused(tt.want, "serve", "--config", o.file(name+".yaml", tt.config), "--data", o.data)
	}
}

// TestTokenGone starts a gateway whose token refuses it.
func TestTokenGone(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.withToken(quick)
	at := []string{"--config", o.config, "--data", o.data}
	o.must(append([]string{"keys", "init"}, at...)...)
	o.file("pin", "000000\n")
	o.refused("refuses the PIN", append([]string{"serve"}, at...)...)
	o.file("pin", tokenPIN+"\n")
	w := o.open()
	var ready struct{ Checks map[string]string }
	if _, body := w.Get("/readyz"); json.Unmarshal([]byte(body), &ready) != nil || ready.Checks["keys"] != "ok" {
		t.Errorf("/readyz = %q, want keys ok", body)
	}
}

// TestNoKey revokes the only key: what citizens ask for meanwhile waits, and is
// done when another key is made.
func TestNoKey(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{Config: quick})
	only := strings.Fields(strings.Split(w.keys(), "\n")[1])[0]
	seller, asker := newNumber(), newNumber()
	w.ask(seller, "SELL DHAN 411 "+fromToday(240*time.Hour))
	within(t, "revoke", w.setu("keys", "revoke", only), "no key signs")
	within(t, "question", w.ask(asker, "BENEFIT 1000000001"), later[2])
	n := len(w.Told(seller))
	w.send(seller, "YES")
	if _, body := w.Get("/readyz"); !strings.Contains(body, "no active key") {
		t.Errorf("/readyz = %q, want it to miss a key", body)
	}
	w.setu("keys", "rotate")
	within(t, "answer", w.await(asker, 1), "Old Age Pension")
	within(t, "setu receipt", w.setu("receipt", lastReceipt(t, w.await(seller, n))), `"recorded"`, `"done"`)
}
