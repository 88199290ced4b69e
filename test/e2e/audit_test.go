package e2e_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"setu/gateway/audit/proof"
	"setu/gateway/sqlite"
	"setu/test/fabricnet"
	"setu/test/gatewaytest"
)

// sealing has the audit log sealed and anchored while a test waits.
const sealing = "audit: {checkpoint: 200ms, anchor: 1s}\n"

// stranger is a folder of somebody who has the verifier, files that she was given,
// and nothing else: no gateway, no data folder, no environment.
type stranger struct {
	t   *testing.T
	dir string
}

func (s *stranger) path(name string) string { return filepath.Join(s.dir, name) }

func (s *stranger) read(name string) string {
	s.t.Helper()
	octets, err := os.ReadFile(s.path(name))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(octets)
}

// verify runs setu-verify there and gives its exit code and all that it says.
func (s *stranger) verify(args ...string) (int, string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, verifier, args...)
	cmd.Dir, cmd.Env = s.dir, []string{}
	out, err := cmd.CombinedOutput()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		s.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// proves asserts what setu-verify says of files that are as they should be.
func (s *stranger) proves(args []string, want ...string) {
	s.t.Helper()
	code, out := s.verify(args...)
	if code != 0 {
		s.t.Errorf("setu-verify %v ended with %d: %s", args, code, out)
	}
	within(s.t, "setu-verify", out, want...)
}

// keys writes the public keys of a data folder.
func (s *stranger) keys(name, data string) {
	s.t.Helper()
	out, err := command(s.t, "keys", "public", "--data", data)
	if err != nil {
		s.t.Fatalf("setu keys public: %v\n%s", err, out)
	}
	write(s.t, s.path(name), out)
}

// transact has a citizen acknowledge her benefit, and gives the receipt.
func (w *town) transact() string {
	w.t.Helper()
	number := newNumber()
	w.ask(number, "RECEIVED 1000000001")
	return lastReceipt(w.t, w.ask(number, "YES"))
}

// TestAudit_Receipt brings a receipt from an SMS to a proof that a stranger
// checks, who then is given others that are not quite it.
func TestAudit_Receipt(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{Config: sealing})
	s := &stranger{t, t.TempDir()}
	receipt := w.transact()
	var older struct{ Checkpoint string }
	w.until("a checkpoint is made", func() bool {
		decode(t, w.setu("audit", "status"), &older)
		return older.Checkpoint != ""
	})
	write(t, s.path("older.txt"), older.Checkpoint)
	w.until("the checkpoint of the receipt is on the ledger", func() bool {
		var p struct{ Anchor *struct{ State string } }
		decode(t, w.setu("audit", "prove", receipt), &p)
		return p.Anchor != nil && p.Anchor.State == "recorded"
	})
	within(t, "setu receipt", w.setu("receipt", receipt, "--proof", s.path("proof.json")), `"state": "recorded"`, `"leaf"`, `"checkpoint"`)
	if out, err := w.Setu("receipt", receipt, "--proof", s.path("proof.json")); err == nil || !strings.Contains(out, "exists") {
		t.Errorf("a file that is there was overwritten: %v\n%s", err, out)
	}
	s.keys("keys.json", w.Dir)
	s.keys("others.json", t.TempDir())
	w.setu("audit", "ledger", "--proof", s.path("proof.json"), "-o", s.path("ledger.json"))
	w.setu("audit", "prove", receipt, "--envelope", "--since", s.path("older.txt"), "-o", s.path("full.json"))

	s.proves([]string{"--key", "keys.json", "proof.json"}, receipt, "recorded", "in block", "said to be on the ledger", "PROVEN")
	s.proves([]string{"--key", "keys.json", "--ledger", "ledger.json", "proof.json"}, "the ledger holds this checkpoint", "PROVEN")
	s.proves([]string{"--key", "keys.json", "--since", "older.txt", "full.json"}, "has only grown", "benefits.Acknowledge", "PROVEN")
	if strings.Contains(s.read("proof.json"), "canonical") {
		t.Error("the proof holds what was signed for the citizen although nobody asked for it")
	}
	tampered(t, s)
	if code, out := s.verify("--key", "nobody.json", "proof.json"); code != 2 || strings.Contains(out, "PROVEN") {
		t.Errorf("without keys: setu-verify ended with %d: %s", code, out)
	}
	if out, err := w.Setu("audit", "prove", "1234-5678-9018"); err == nil || !strings.Contains(out, "no such receipt") {
		t.Errorf("a proof of a receipt that there is not: %v\n%s", err, out)
	}
	if out, err := w.Setu("audit", "ledger", "--size", "1000000"); err == nil || !strings.Contains(out, "no checkpoint of 1000000 leaves") {
		t.Errorf("a checkpoint of the future: %v\n%s", err, out)
	}
}

// tampered changes one thing each in what the stranger was given.
func tampered(t *testing.T, s *stranger) {
	t.Helper()
	full := s.read("full.json")
	var p struct {
		Leaves []struct {
			Index int64
			Path  []string
		}
	}
	decode(t, full, &p)
	other := func(text, old, to string) string {
		t.Helper()
		if strings.Count(text, old) == 0 {
			t.Fatalf("there is no %q to change in %s", old, text)
		}
		return strings.Replace(text, old, to, 1)
	}
	root := regexp.MustCompile(`"root": "([^"]+)"`).FindStringSubmatch(full)[1]
	signature := regexp.MustCompile(`— setu/[a-z0-9]+ ([A-Za-z0-9+/]+)`).FindStringSubmatch(full)[1]
	envelope := regexp.MustCompile(`"canonical": "([^"]+)"`).FindStringSubmatch(full)[1]
	flipped := func(s string) string { return s[:20] + map[bool]string{true: "B", false: "A"}[s[20] == 'A'] + s[21:] }
	for _, tt := range []struct{ name, proof, cause string }{
		{"a leaf", other(full, `service\":\"benefit`, `service\":\"benefiz`), "not in the log of the checkpoint"},
		{"its end", other(full, `state\":\"recorded`, `state\":\"rejected`), "not in the log of the checkpoint"},
		{"an index", other(full, fmt.Sprintf(`"index": %d`, p.Leaves[0].Index), fmt.Sprintf(`"index": %d`, p.Leaves[0].Index+1)), "not in the log of the checkpoint"},
		{"a path", other(full, p.Leaves[0].Path[0], flipped(p.Leaves[0].Path[0])), "not in the log of the checkpoint"},
		{"the root", strings.ReplaceAll(full, root, flipped(root)), "not signed by a key that counts"},
		{"the signature", other(full, signature, flipped(signature)), "not signed by a key that counts"},
		{"the anchor", other(full, `"root": "`+root, `"root": "`+flipped(root)), "anchor does not match"},
		{"the envelope", other(full, envelope, flipped(envelope)), "envelope is not that of the leaf"},
		{"the version", other(full, "setu proof 1", "setu proof 9"), "not a proof of a receipt"},
		{"cut off", full[:len(full)/2], "not a proof of a receipt"},
		{"nothing", "", "not a proof of a receipt"},
	} {
		write(t, s.path("tampered.json"), tt.proof)
		if code, out := s.verify("--key", "keys.json", "tampered.json"); code != 1 || !strings.Contains(out, "NOT PROVEN: ") || !strings.Contains(out, tt.cause) {
			t.Errorf("%s changed: setu-verify ended with %d and not by %q: %s", tt.name, code, tt.cause, out)
		}
	}
	if code, out := s.verify("--key", "others.json", "proof.json"); code != 1 || !strings.Contains(out, "NOT PROVEN: proof: checkpoint is not signed by a key that counts") {
		t.Errorf("by another key: setu-verify ended with %d: %s", code, out)
	}
	answer := regexp.MustCompile(`"root": "[0-9a-f]{4}`).ReplaceAllString(s.read("ledger.json"), `"root": "0123`)
	write(t, s.path("tampered.json"), answer)
	if code, out := s.verify("--key", "keys.json", "--ledger", "tampered.json", "proof.json"); code != 1 || !strings.Contains(out, "NOT PROVEN: proof: anchor does not match") {
		t.Errorf("another root on the ledger: setu-verify ended with %d: %s", code, out)
	}
}

// decode reads JSON that must be such.
func decode(t *testing.T, text string, out any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), out); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}

// TestAudit_Log exports and verifies a whole log, running and stopped; then a leaf
// is changed in the database.
func TestAudit_Log(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{Config: sealing})
	s := &stranger{t, t.TempDir()}
	var receipts []string
	for range 3 {
		before := w.metric("setu_audit_anchor_leaves")
		receipts = append(receipts, w.transact())
		w.until("it is anchored", func() bool { return w.metric("setu_audit_anchor_leaves") > before })
	}
	if sealed, at, failed := w.metric("setu_audit_checkpoint_leaves"), w.metric("setu_audit_anchor_timestamp_seconds"), w.metric("setu_audit_failures_total"); sealed < 9 || sealed > w.metric("setu_audit_leaves") || at == 0 || failed != 0 {
		t.Errorf("metrics: %v leaves in the latest checkpoint, the latest anchor of %v, %v failures", sealed, at, failed)
	}
	s.keys("keys.json", w.Dir)
	w.setu("audit", "export", "-o", s.path("log.jsonl"))
	s.proves([]string{"--key", "keys.json", "log.jsonl"}, "are whole and in order", "decision")
	s.atIntervals("log.jsonl")
	w.setu("audit", "ledger", "-o", s.path("ledger.json"))
	s.proves([]string{"--key", "keys.json", "--ledger", "ledger.json", "log.jsonl"}, "the ledger holds its checkpoint")
	write(t, s.path("cut.jsonl"), strings.Join(strings.SplitAfter(s.read("log.jsonl"), "\n")[:7], ""))
	if code, out := s.verify("--key", "keys.json", "cut.jsonl"); code != 1 || !strings.Contains(out, "breaks off") {
		t.Errorf("an export that was cut off: setu-verify ended with %d: %s", code, out)
	}
	within(t, "setu audit verify FILE", w.setu("audit", "verify", s.path("log.jsonl")), "are whole and in order", "anchors that it is said to hold")
	if out, err := command(t, "audit", "verify", "--admin", "127.0.0.1:1", "--data", w.Dir); err == nil || !strings.Contains(out, "refused") || !strings.Contains(out, "in use by another gateway") {
		t.Errorf("setu audit verify at a wrong address, while the gateway runs: %v\n%s", err, out)
	}
	w.setu("audit", "export", "--from", "2", "-o", s.path("later.jsonl"))
	s.proves([]string{"--key", "keys.json", "later.jsonl"}, "leaves 2 to")
	within(t, "setu audit verify", w.setu("audit", "verify"), "are whole and in order", "anchors that it is said to hold")
	var traced struct {
		Log struct{ Leaf int64 } `json:"audit_log"`
	}
	decode(t, w.setu("receipt", receipts[1]), &traced)
	if err := w.Stop(); err != nil {
		t.Fatal(err)
	}
	within(t, "setu audit verify of a gateway that is stopped", w.setu("audit", "verify"), "are whole and in order",
		fmt.Sprintf("the ledger holds the %d anchors", w.onLedger("Anchor")))
	alone := w.setu("audit", "verify", "--key", s.path("keys.json"), s.path("log.jsonl"))
	within(t, "setu audit verify FILE without a gateway", alone, "are whole and in order", "anchors were not compared with a ledger")

	w.changeLeaf(receipts[1])
	out, err := w.Setu("audit", "verify")
	named := regexp.MustCompile(`one of the leaves (\d+) to (\d+) was changed`).FindStringSubmatch(out)
	if err == nil || named == nil {
		t.Fatalf("setu audit verify of a log with a changed leaf: %v\n%s", err, out)
	}
	first, _ := strconv.ParseInt(named[1], 10, 64)
	last, _ := strconv.ParseInt(named[2], 10, 64)
	if leaf := traced.Log.Leaf; leaf < first || leaf > last || first == 0 {
		t.Errorf("leaf %d was changed, setu audit verify names %d to %d", leaf, first, last)
	}
	w.again(gatewaytest.Options{Config: sealing})
	_, ready := w.Get("/readyz")
	within(t, "/readyz of a gateway whose log was changed", ready, "not the one that its last checkpoint was signed for")
	if out, err := w.Setu("audit", "verify"); err == nil || !strings.Contains(out, named[0]) {
		t.Errorf("setu audit verify of a running gateway with a changed leaf: %v\n%s", err, out)
	}
}

// atIntervals asserts that an export holds anchors, about as far apart as sealing
// says.
func (s *stranger) atIntervals(name string) {
	s.t.Helper()
	anchors, sealed, last := 0, time.Time{}, time.Time{}
	for line := range strings.Lines(s.read(name)) {
		var l proof.Line
		decode(s.t, line, &l)
		if l.Checkpoint != "" {
			c, err := proof.ReadCheckpoint(l.Checkpoint)
			if err != nil {
				s.t.Fatal(err)
			}
			sealed = c.Time
		}
		if l.Anchor == nil {
			continue
		}
		anchors++
		// The interval is between two wishes for an anchor; its checkpoint is signed a moment before or after one.
		if gap := sealed.Sub(last); gap < time.Second/2 {
			s.t.Errorf("the anchor of %d leaves came %v after the one before it", l.Anchor.Size, gap)
		}
		last = sealed
	}
	if anchors < 3 {
		s.t.Errorf("%d anchors after three intervals", anchors)
	}
}

// changeLeaf changes the decision of a receipt in the store of a gateway that is
// stopped.
func (w *town) changeLeaf(receipt string) {
	w.t.Helper()
	db, err := sql.Open("sqlite3", filepath.Join(w.Dir, sqlite.FileName))
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	number := `"receipt":"` + strings.ReplaceAll(receipt, "-", "") + `"`
	res, err := db.ExecContext(w.t.Context(), `UPDATE audit_leaf SET leaves = CAST(replace(CAST(leaves AS TEXT), '"kind":"decision","medium":"sms"', '"kind":"decision","medium":"app"') AS BLOB)
WHERE instr(CAST(leaves AS TEXT), ?) AND instr(CAST(leaves AS TEXT), '"kind":"decision"')`, number)
	if err != nil {
		w.t.Fatal(err)
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		w.t.Fatalf("changed %d rows: %v", n, err)
	}
}

// TestAudit_Fabric anchors the log on a real Fabric network. A witness with a
// folder and a registered key of its own asks the network, not the gateway, which
// is gone by then.
func TestAudit_Fabric(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := startChain(t, dir, fabricnet.Options{})
	config := c.GatewayConfig(c.Orgs[0], "setu") + sealing
	w := open(t, gatewaytest.Options{Dir: dir, Config: config})
	s := &stranger{t, t.TempDir()}
	receipt := w.transact()
	var p proof.Proof
	w.until("the checkpoint of the receipt is on Fabric", func() bool {
		p = proof.Proof{}
		decode(t, w.setu("audit", "prove", receipt), &p)
		return p.Anchor != nil && p.Anchor.State == "recorded" && len(p.Leaves) == 2
	})
	w.setu("receipt", receipt, "--proof", s.path("proof.json"))
	s.keys("keys.json", w.Dir)
	if n := c.count("Anchor"); n == 0 {
		t.Error("the network holds no anchor")
	}
	c.holds(p)
	within(t, "setu audit verify", w.setu("audit", "verify"), "are whole and in order", "anchors that it is said to hold")
	if err := w.Stop(); err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(t.TempDir(), "own.yaml")
	write(t, own, "data: "+t.TempDir()+"\n"+c.GatewayConfig(c.Orgs[0], "setu"))
	ask := []string{"audit", "ledger", "--config", own, "--proof", s.path("proof.json"), "-o", s.path("ledger.json")}
	if out, err := command(t, ask...); err == nil {
		t.Errorf("a witness whose key nobody registered was answered:\n%s", out)
	}
	c.administer(func(args ...string) (string, error) { return command(t, args...) }, "register", "--config", own)
	if out, err := command(t, ask...); err != nil {
		t.Fatalf("setu audit ledger of a witness: %v\n%s", err, out)
	}
	s.proves([]string{"--key", "keys.json", "--ledger", "ledger.json", "proof.json"}, receipt, "in block", "the ledger holds this checkpoint", "PROVEN")
	write(t, c.file, "data: "+dir+"\n"+config)
	if out, err := command(t, "audit", "verify", "--config", c.file); err != nil || !strings.Contains(out, "anchors that it is said to hold") {
		t.Errorf("setu audit verify of a gateway that is stopped: %v\n%s", err, out)
	}
}

// holds asserts that the network's blocks hold the transactions that a proof
// names, valid, and in the blocks that it says.
func (c *chain) holds(p proof.Proof) {
	c.t.Helper()
	ended, err := proof.ParseLeaf([]byte(p.Leaves[1].Leaf))
	if err != nil {
		c.t.Fatal(err)
	}
	entries, err := c.Orgs[0].Entries(c.t.Context(), c.Channel)
	if err != nil {
		c.t.Fatal(err)
	}
	found := map[string]string{}
	for _, e := range entries {
		if e.Code == peer.TxValidationCode_VALID {
			found[e.TxID] = strconv.FormatUint(e.Block, 10)
		}
	}
	for tx, block := range map[string]string{ended.Get("tx"): ended.Get("block"), p.Anchor.TxID: strconv.FormatUint(p.Anchor.Block, 10)} {
		if found[tx] != block || block == "" {
			c.t.Errorf("transaction %s is in block %q, the proof says %q", tx, found[tx], block)
		}
	}
}
