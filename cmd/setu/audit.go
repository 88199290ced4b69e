package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"setu/gateway/audit"
	"setu/gateway/audit/proof"
	"setu/gateway/sqlite"
	"setu/ledgerclient/rest/baas"
)

// auditCmd shows and checks the audit log.
type auditCmd struct {
	Status auditStatusCmd `cmd:"" default:"withargs" help:"Show how the log stands: leaves, latest checkpoint, latest anchor."`
	Export auditExportCmd `cmd:"" help:"Write the log, with its checkpoints and anchors, to a file that anybody can check with setu-verify."`
	Verify auditVerifyCmd `cmd:"" help:"Compute the whole log anew, of a file or of the gateway, and compare it with its checkpoints and the ledger."`
	Prove  auditProveCmd  `cmd:"" help:"Write the proof of a receipt, for setu-verify."`
	Ledger auditLedgerCmd `cmd:"" help:"Write the checkpoint that the ledger holds, for setu-verify --ledger; of a running gateway's ledger, or of one's own."`
}

// fromGateway asks the running gateway for a document about the log.
func (r running) fromGateway(ctx context.Context, name string, ask url.Values, out any) error {
	return r.call(ctx, http.MethodGet, "/api/documents/"+name+"?"+ask.Encode(), nil, out)
}

type auditStatusCmd struct{ running }

// Run shows the status.
func (a *auditStatusCmd) Run(ctx context.Context, io streams) error {
	var s audit.Status
	if err := a.fromGateway(ctx, auditStatusDoc, nil, &s); err != nil {
		return err
	}
	return indented(io.out, s)
}

// logSource gives the lines of a log: of a running gateway, or of its folder.
type logSource interface {
	Begin(ctx context.Context, from int64) (proof.Begin, error)
	Page(ctx context.Context, from int64) (audit.Page, error)
}

var _ logSource = (*audit.Keeper)(nil)

// Begin asks the running gateway.
func (r running) Begin(ctx context.Context, from int64) (out proof.Begin, err error) {
	ask := url.Values{"from": {strconv.FormatInt(from, 10)}, "begin": {"true"}}
	return out, r.fromGateway(ctx, auditPageDoc, ask, &out)
}

// Page asks the running gateway.
func (r running) Page(ctx context.Context, from int64) (out audit.Page, err error) {
	return out, r.fromGateway(ctx, auditPageDoc, url.Values{"from": {strconv.FormatInt(from, 10)}}, &out)
}

// exportLines gives the lines of an export, encoded.
func exportLines(ctx context.Context, s logSource, from int64, line func([]byte) error) error {
	put := func(l proof.Line) error {
		octets, err := json.Marshal(l)
		if err != nil {
			return err
		}
		return line(octets)
	}
	begin, err := s.Begin(ctx, from)
	if err != nil {
		return err
	}
	if err := put(proof.Line{Begin: &begin}); err != nil {
		return err
	}
	for {
		page, err := s.Page(ctx, from)
		if err != nil {
			return err
		}
		for _, l := range page.Lines {
			if err := put(l); err != nil {
				return err
			}
		}
		if from = page.Next; from >= page.Size {
			return put(proof.Line{End: &proof.End{Size: from}})
		}
	}
}

type auditExportCmd struct {
	running
	Out  string `help:"File to write; standard output when empty." short:"o"`
	From int64  `help:"Number of the first leaf, such as the size of a checkpoint that you have; 0 is the whole log."`
}

// Run writes an export.
func (a *auditExportCmd) Run(ctx context.Context, out streams) error {
	return writeNew(a.Out, out.out, func(to io.Writer) error {
		w := bufio.NewWriter(to)
		err := exportLines(ctx, a.running, a.From, func(octets []byte) error {
			_, err := w.Write(append(octets, '\n'))
			return err
		})
		return errors.Join(err, w.Flush())
	})
}

// writeNew writes a file that must not be there yet, for its owner alone, or to
// out if it has no name. One that could not be written whole is taken away.
func writeNew(name string, out io.Writer, write func(io.Writer) error) error {
	if name == "" {
		return write(out)
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // named by the operator
	if err != nil {
		return err
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return nil
}

type auditVerifyCmd struct {
	running
	Config string   `help:"Configuration file, if no gateway runs: its data folder is checked, or the file, beside its ledger." type:"existingfile"`
	Key    string   `help:"File with the gateway's public keys; those of the gateway itself when empty." type:"existingfile"`
	Since  []string `help:"Files with older checkpoints that the log must still hold." type:"existingfile"`
	File   string   `arg:"" optional:"" help:"Export to check; the log of the gateway when empty." type:"existingfile"`
}

// Run verifies a log.
func (a *auditVerifyCmd) Run(ctx context.Context, io streams) error {
	older, err := readCheckpoints(a.Since)
	if err != nil {
		return err
	}
	if a.File != "" {
		return a.verifyFile(ctx, io, older)
	}
	if err := a.fromGateway(ctx, auditStatusDoc, nil, &audit.Status{}); err != nil {
		return a.verifyFolder(ctx, io, older, err)
	}
	return a.verifyRunning(ctx, io, older)
}

// readCheckpoints reads checkpoints that somebody has kept.
func readCheckpoints(files []string) ([]proof.Checkpoint, error) {
	var out []proof.Checkpoint
	for _, name := range files {
		octets, err := os.ReadFile(name) //nolint:gosec // named by the operator
		if err != nil {
			return nil, err
		}
		c, err := proof.ReadCheckpoint(string(octets))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, c)
	}
	return out, nil
}

// trusted are the public keys: of the file, or of the gateway that is asked.
func (a *auditVerifyCmd) trusted(own func() ([]byte, error)) ([]proof.PublicKey, error) {
	var octets []byte
	var err error
	if a.Key != "" {
		octets, err = os.ReadFile(a.Key)
	} else {
		octets, err = own()
	}
	if err != nil {
		return nil, fmt.Errorf("read public keys: %w", err)
	}
	return proof.ParseKeys(octets)
}

func (a *auditVerifyCmd) verifyFile(ctx context.Context, io streams, older []proof.Checkpoint) error {
	all, err := a.trusted(func() (raw []byte, err error) {
		var out json.RawMessage
		err = a.fromGateway(ctx, auditKeysDoc, nil, &out)
		return out, err
	})
	if err != nil {
		return err
	}
	f, err := os.Open(a.File)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	report, err := proof.ReadExport(f, all, older...)
	if err != nil {
		return err
	}
	fmt.Fprintln(io.out, report)
	return a.compareFile(ctx, io, report)
}

// compareFile compares the anchors of an export with the ledger of --config, or of
// the running gateway if the export is of its log. Who has neither is told so.
func (a *auditVerifyCmd) compareFile(ctx context.Context, io streams, report proof.Report) error {
	if a.Config != "" {
		c, err := a.stopped(a.Config)
		if err != nil {
			return err
		}
		return compareOwn(ctx, io, c, report)
	}
	var own audit.Status
	err := a.fromGateway(ctx, auditStatusDoc, nil, &own)
	if err == nil && own.Origin != report.Origin {
		err = fmt.Errorf("the gateway at %s keeps another log", a.Admin)
	}
	if err != nil {
		fmt.Fprintf(io.out, "anchors were not compared with a ledger: %v; name a ledger with --config\n", err)
		return nil
	}
	return compareLedger(ctx, io, report, a.ledgerCheckpoint)
}

func (a *auditVerifyCmd) verifyRunning(ctx context.Context, io streams, older []proof.Checkpoint) error {
	all, err := a.trusted(func() (raw []byte, err error) {
		var out json.RawMessage
		err = a.fromGateway(ctx, auditKeysDoc, nil, &out)
		return out, err
	})
	if err != nil {
		return err
	}
	r := proof.NewReader(all, older...)
	if err := exportLines(ctx, a.running, 0, r.Line); err != nil {
		return err
	}
	report, err := conclude(io.out, r)
	if err != nil {
		return err
	}
	return compareLedger(ctx, io, report, a.ledgerCheckpoint)
}

// verifyFolder checks the log of a gateway that does not run: away is what came of
// asking it.
func (a *auditVerifyCmd) verifyFolder(ctx context.Context, io streams, older []proof.Checkpoint, away error) error {
	c, err := a.stopped(a.Config)
	if err != nil {
		return err
	}
	store, err := sqlite.Open(c.Data, sqlite.Options{})
	if err != nil {
		return fmt.Errorf("the gateway at %s cannot be asked: %w; nor can its folder be read: %w", a.Admin, away, err)
	}
	defer func() { _ = store.Close() }()
	all, err := a.trusted(func() ([]byte, error) {
		ks, err := openKeystore(c)
		if err != nil {
			return nil, err
		}
		defer func() { _ = ks.Close() }()
		return baas.FormatKeys(ks.List())
	})
	if err != nil {
		return err
	}
	keeper, err := audit.Open(ctx, audit.Config{Store: store, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		return err
	}
	r := proof.NewReader(all, older...)
	if err := exportLines(ctx, keeper, 0, r.Line); err != nil {
		return err
	}
	report, err := conclude(io.out, r)
	if err != nil {
		return err
	}
	return compareOwn(ctx, io, c, report)
}

// compareOwn compares each anchor with what the ledger of a configuration holds.
func compareOwn(ctx context.Context, io streams, c Config, report proof.Report) error {
	if len(report.Anchors) == 0 {
		return nil
	}
	l, err := openOwnLedger(c)
	if err != nil {
		return fmt.Errorf("the log is whole, and its anchors cannot be compared with the ledger: %w", err)
	}
	defer l.parts.close()
	return compareLedger(ctx, io, report, l.checkpoint)
}

// conclude says what an export has shown.
func conclude(w io.Writer, r *proof.Reader) (proof.Report, error) {
	out, err := r.End()
	if err != nil {
		return out, err
	}
	fmt.Fprintln(w, out)
	return out, nil
}

type auditProveCmd struct {
	running
	Receipt  string `arg:"" help:"The receipt's number."`
	Out      string `help:"File to write; standard output when empty." short:"o"`
	Envelope bool   `help:"Include what was signed for the citizen: her pseudonym and what she asked for. Only for who may have it."`
	Since    string `help:"File with an older checkpoint: show that the log has only grown since." type:"existingfile"`
}

// Run writes a proof.
func (a *auditProveCmd) Run(ctx context.Context, out streams) error {
	ask := url.Values{"receipt": {strings.ReplaceAll(a.Receipt, " ", "")}}
	if a.Envelope {
		ask.Set("envelope", "true")
	}
	if a.Since != "" {
		older, err := readCheckpoints([]string{a.Since})
		if err != nil {
			return err
		}
		ask.Set("since", strconv.FormatInt(older[0].Size, 10))
	}
	var p proof.Proof
	if err := a.fromGateway(ctx, auditProofDoc, ask, &p); err != nil {
		return err
	}
	return writeNew(a.Out, out.out, func(w io.Writer) error { return indented(w, p) })
}
