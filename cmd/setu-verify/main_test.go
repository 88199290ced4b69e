package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"setu/gateway/audit/proof"
)

// The files in testdata are of a gateway in the sandbox: a receipt's proof, alone
// and with envelope and growth (full.json), the whole log, a checkpoint, the
// ledger's answer, and the keys of this gateway and of another. What was once
// proven must stay so: they are never made anew.

// tell runs the command and gives its exit code and all that it says.
func tell(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(args, &o, &e)
	return code, o.String(), e.String()
}

func TestRun(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, args string
		code       int
		want       string // in what it says
	}{
		{"a proof", "--key testdata/keys.json testdata/proof.json", good, "in block 1, transaction"},
		{"one with an envelope", "--key testdata/keys.json testdata/full.json", good, "signed for the citizen: benefits.Acknowledge"},
		{"beside the ledger", "--key testdata/keys.json --ledger testdata/ledger.json testdata/proof.json", good, "the ledger holds this checkpoint"},
		{"since a checkpoint", "--key testdata/keys.json --since testdata/older.txt testdata/full.json", good, "only grown since your checkpoint"},
		{"an export", "--key testdata/keys.json testdata/log.jsonl", good, "leaves 0 to 10 are whole"},
		{"an export beside the ledger", "--key testdata/keys.json --ledger testdata/ledger.json --since testdata/older.txt testdata/log.jsonl", good, "the ledger holds its checkpoint of 9 leaves"},

		{"another key", "--key testdata/others.json testdata/proof.json", wrong, "NOT PROVEN: " + proof.ErrUnsigned.Error()},
		{"another key for an export", "--key testdata/others.json testdata/log.jsonl", wrong, "NOT PROVEN: checkpoint after leaf 8: " + proof.ErrUnsigned.Error()},
		{"keys for a proof", "--key testdata/keys.json testdata/keys.json", wrong, proof.ErrProof.Error()},
		{"no proof", "--key testdata/keys.json " + os.DevNull, wrong, proof.ErrProof.Error()},

		{"no arguments", "", unasked, "usage: setu-verify"},
		{"no key", "testdata/proof.json", unasked, "usage: setu-verify"},
		{"no file", "--key testdata/keys.json", unasked, "usage: setu-verify"},
		{"two files", "--key testdata/keys.json testdata/proof.json testdata/full.json", unasked, "usage: setu-verify"},
		{"an unknown flag", "--trust testdata/keys.json testdata/proof.json", unasked, "not defined: -trust"},
		{"a file that is not there", "--key testdata/keys.json testdata/nothing.json", unasked, "testdata/nothing.json"},
		{"a folder", "--key testdata/keys.json testdata", unasked, "is a directory"},
		{"keys that are not there", "--key testdata/nothing.json testdata/proof.json", unasked, "testdata/nothing.json"},
		{"keys that are none", "--key testdata/proof.json testdata/proof.json", unasked, "`setu keys public` prints them"},
		{"a checkpoint that is none", "--key testdata/keys.json --since testdata/keys.json testdata/proof.json", unasked, proof.ErrCheckpoint.Error()},
		{"a checkpoint of another gateway", "--key testdata/others.json --since testdata/older.txt testdata/proof.json", unasked, proof.ErrUnsigned.Error()},
		{"an answer that is none", "--key testdata/keys.json --ledger testdata/keys.json testdata/proof.json", unasked, "not the answer of audit.Checkpoint"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			code, out, errs := tell(t, strings.Fields(tt.args)...)
			if code != tt.code || !strings.Contains(out+errs, tt.want) {
				t.Errorf("setu-verify %s ended with %d, want %d and %q:\n%s%s", tt.args, code, tt.code, tt.want, out, errs)
			}
			if (code == good) != (errs == "") || code != good && strings.Contains(out, "PROVEN") {
				t.Errorf("setu-verify %s ended with %d and said %q, and %q of errors", tt.args, code, out, errs)
			}
		})
	}
}

// TestRun_Cut: no beginning of a file is as good as the whole.
func TestRun_Cut(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"full.json", "log.jsonl"} {
		whole, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		whole = bytes.TrimSpace(whole)
		cut := filepath.Join(t.TempDir(), name)
		for n := 0; n < len(whole); n += 7 {
			if err := os.WriteFile(cut, whole[:n], 0o600); err != nil {
				t.Fatal(err)
			}
			if code, out, errs := tell(t, "--key", "testdata/keys.json", cut); code != wrong || !strings.Contains(errs, "NOT PROVEN") || out != "" {
				t.Errorf("the first %d of %d octets of %s: setu-verify ended with %d and said %q %q", n, len(whole), name, code, out, errs)
			}
		}
	}
}

// TestRun_Unsigned: what anybody could have written proves nothing.
func TestRun_Unsigned(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log.jsonl")
	lines := `{"begin":{"version":"setu audit export 1","origin":"setu/x","from":0}}
{"leaf":"{\"at\":\"2026-11-23T02:03:45.039Z\",\"kind\":\"began\",\"origin\":\"setu/x\"}"}
{"end":{"size":1}}
`
	if err := os.WriteFile(path, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := tell(t, "--key", "testdata/keys.json", path); code != wrong || out != "" || !strings.Contains(errs, "NOT PROVEN") || !strings.Contains(errs, "nothing of it is signed") {
		t.Errorf("an export without a checkpoint: setu-verify ended with %d and said %q %q", code, out, errs)
	}
}

// TestRun_Long gives what does not end.
func TestRun_Long(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"proof.json": strings.Repeat(" ", proof.MaxProof+1) + "{}",
		"log.jsonl":  `{"begin":` + strings.Repeat(" ", 3*proof.MaxLine) + "{}}\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, _, errs := tell(t, "--key", "testdata/keys.json", path); code != wrong {
			t.Errorf("%s that is too long: setu-verify ended with %d: %s", name, code, errs)
		}
	}
}

// FuzzExamine: a file is proven only if it says of a receipt, or of the log, what
// the true ones say.
func FuzzExamine(f *testing.F) {
	octets, err := os.ReadFile("testdata/keys.json")
	if err != nil {
		f.Fatal(err)
	}
	keys, err := proof.ParseKeys(octets)
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range []string{"proof.json", "full.json", "log.jsonl", "ledger.json", "older.txt"} {
		if octets, err = os.ReadFile(filepath.Join("testdata", name)); err != nil {
			f.Fatal(err)
		}
		f.Add(octets)
	}
	f.Fuzz(func(t *testing.T, octets []byte) {
		var out bytes.Buffer
		err := examine(bytes.NewReader(octets), proof.Trust{Keys: keys}, &out)
		said := out.String()
		switch {
		case err != nil && said != "":
			t.Fatalf("said %q, and then %v", said, err)
		case err != nil:
		case strings.HasPrefix(said, "receipt 7734-6278-3253\n") && strings.HasSuffix(said, "PROVEN\n"):
		case strings.HasPrefix(said, "log setu/r5jg3jd5hpyn3e3kvttumaghdy: leaves "):
		default:
			t.Fatalf("proven: %s", said)
		}
	})
}

// FuzzParseAnswer: an answer is one only if it has a size and a whole root.
func FuzzParseAnswer(f *testing.F) {
	octets, err := os.ReadFile("testdata/ledger.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(octets)
	f.Add([]byte(`{"code":"missing","as_of":{"block":1}}`))
	f.Add([]byte(`{"code":"found","fields":{"size":"-1","root":"00"}}`))
	f.Fuzz(func(t *testing.T, octets []byte) {
		a, err := parseAnswer(octets)
		if (a == nil) == (err == nil) {
			t.Fatalf("parseAnswer = %v, %v", a, err)
		}
		if err == nil && a.Size <= 0 {
			t.Fatalf("an answer of %d leaves", a.Size)
		}
	})
}
