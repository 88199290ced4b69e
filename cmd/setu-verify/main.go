// Command setu-verify checks what a gateway says of itself, without the gateway:
// the proof of a receipt, or an export of the audit log. It needs the file and the
// gateway's public keys, reads nothing else and asks nobody.
//
//	setu-verify --key keys.json proof.json
//	setu-verify --key keys.json --since checkpoint.txt export.jsonl
//
// It says what it found and ends with 0, or says what is wrong and ends with 1;
// with 2 when it could not look.
package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"setu/gateway/audit/proof"
	"setu/ledgerclient"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// Exit codes.
const (
	good    = 0
	wrong   = 1
	unasked = 2 // the files could not be read
)

// question is what is to be checked, and by what.
type question struct {
	file, key, since, ledger string
}

// run carries out one command line and gives its exit code.
func run(args []string, out, errs io.Writer) int {
	var q question
	flags := flag.NewFlagSet("setu-verify", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.StringVar(&q.key, "key", "", "`file` with the gateway's public keys, as 'setu keys public' prints them, or PEM; from somebody whom you trust")
	flags.StringVar(&q.since, "since", "", "`file` with an older checkpoint that you have kept: the log must still hold it")
	flags.StringVar(&q.ledger, "ledger", "", "`file` with the answer of audit.Checkpoint from your own ledger node: the checkpoint must be there")
	flags.Usage = func() {
		fmt.Fprintln(errs, "usage: setu-verify --key KEYS [--since CHECKPOINT] [--ledger ANSWER] FILE\n\nFILE is a proof (setu audit prove) or an export (setu audit export).")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return unasked
	}
	if q.file = flags.Arg(0); flags.NArg() != 1 || q.key == "" {
		flags.Usage()
		return unasked
	}
	trust, err := q.trust()
	if err != nil {
		fmt.Fprintln(errs, "setu-verify:", err)
		return unasked
	}
	err = q.check(trust, out)
	var missing *os.PathError
	switch {
	case err == nil:
		return good
	case errors.As(err, &missing):
		fmt.Fprintln(errs, "setu-verify:", err)
		return unasked
	}
	fmt.Fprintln(errs, "setu-verify: NOT PROVEN:", err)
	return wrong
}

// trust reads what the checker knows by other ways.
func (q question) trust() (proof.Trust, error) {
	var t proof.Trust
	octets, err := os.ReadFile(q.key)
	if err != nil {
		return t, err
	}
	if t.Keys, err = proof.ParseKeys(octets); err != nil {
		return t, err
	}
	if q.since != "" {
		if octets, err = os.ReadFile(q.since); err != nil {
			return t, err
		}
		// Who keeps a checkpoint has checked it, or checks it now.
		older, err := proof.OpenCheckpoint(string(octets), t.Keys)
		if err != nil {
			return t, fmt.Errorf("%s: %w", q.since, err)
		}
		t.Older = &older
	}
	if q.ledger != "" {
		if octets, err = os.ReadFile(q.ledger); err != nil {
			return t, err
		}
		if t.Ledger, err = parseAnswer(octets); err != nil {
			return t, fmt.Errorf("%s: %w", q.ledger, err)
		}
	}
	return t, nil
}

// parseAnswer reads the answer of the contract's function audit.Checkpoint.
func parseAnswer(octets []byte) (*proof.Anchor, error) {
	var a ledgerclient.Answer
	if err := json.Unmarshal(octets, &a); err != nil {
		return nil, err
	}
	size, err := strconv.ParseInt(a.Fields["size"], 10, 64)
	root, rootErr := hex.DecodeString(a.Fields["root"])
	out := &proof.Anchor{Size: size}
	if err != nil || rootErr != nil || size <= 0 || len(root) != len(out.Root) {
		return nil, fmt.Errorf("code %q without size and root: not the answer of audit.Checkpoint", a.Code)
	}
	copy(out.Root[:], root)
	return out, nil
}

// check checks the file.
func (q question) check(t proof.Trust, out io.Writer) error {
	f, err := os.Open(q.file)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	return examine(f, t, out)
}

// examine checks a proof or an export, whichever it is.
func examine(file io.Reader, t proof.Trust, out io.Writer) error {
	in := bufio.NewReaderSize(file, proof.MaxLine)
	head, err := in.Peek(len(`{"begin":`))
	if err == nil && bytes.Equal(head, []byte(`{"begin":`)) {
		return checkExport(in, t, out)
	}
	octets, err := io.ReadAll(io.LimitReader(in, proof.MaxProof+1))
	if err != nil {
		return err
	}
	p, err := proof.Parse(octets)
	if err != nil {
		return err
	}
	v, err := p.Check(t)
	if err != nil {
		return err
	}
	report(out, p, v)
	return nil
}

// checkExport checks an export.
func checkExport(in io.Reader, t proof.Trust, out io.Writer) error {
	var older []proof.Checkpoint
	if t.Older != nil {
		older = append(older, *t.Older)
	}
	found, err := proof.ReadExport(in, t.Keys, older...)
	if err != nil {
		return err
	}
	if t.Ledger == nil {
		fmt.Fprintln(out, found)
		return nil
	}
	for _, a := range found.Anchors {
		if a.Size == t.Ledger.Size && a.Root == t.Ledger.Root {
			fmt.Fprintf(out, "%s\nthe ledger holds its checkpoint of %d leaves\n", found, a.Size)
			return nil
		}
	}
	return fmt.Errorf("%w: no checkpoint is the ledger's, of %d leaves", proof.ErrAnchor, t.Ledger.Size)
}

// report says what a proof has shown.
func report(out io.Writer, p proof.Proof, v proof.Verdict) {
	d := v.Decision
	fmt.Fprintf(out, "receipt %s\n  accepted %s, %s by %s; leaf %d, key %s\n", p.Receipt, d.At.Format(time.RFC3339), d.Get("service"), d.Get("medium"),
		p.Leaves[0].Index, d.Get("key"))
	if e := v.Ended; e != nil {
		fmt.Fprintf(out, "  %s %s", e.Get("state"), e.At.Format(time.RFC3339))
		if e.Get("block") != "" {
			fmt.Fprintf(out, " in block %s, transaction %s", e.Get("block"), e.Get("tx"))
		}
		fmt.Fprintf(out, "; code %q, leaf %d\n", e.Get("code"), p.Leaves[1].Index)
	} else {
		fmt.Fprintln(out, "  its end had not come when the proof was made")
	}
	c := v.Checkpoint
	fmt.Fprintf(out, "  in the log %s of %d leaves, signed %s\n", c.Origin, c.Size, c.Time.Format(time.RFC3339))
	switch a := p.Anchor; {
	case v.OnLedger:
		fmt.Fprintln(out, "  the ledger holds this checkpoint")
	case a != nil && a.Block > 0:
		fmt.Fprintf(out, "  said to be on the ledger in block %d, transaction %s: ask a node of your own for audit.Checkpoint (--ledger)\n", a.Block, a.TxID)
	}
	if v.Grown {
		fmt.Fprintln(out, "  the log has only grown since your checkpoint")
	}
	if e := v.Envelope; e != nil {
		fmt.Fprintf(out, "  signed for the citizen: %s.%s %v\n", e.Call.Contract, e.Call.Function, e.Call.Args)
	}
	fmt.Fprintln(out, "PROVEN")
}
