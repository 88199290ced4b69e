package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"strconv"
	"time"

	"setu/gateway"
	"setu/gateway/audit"
	"setu/gateway/audit/proof"
	"setu/ledgerclient"
)

// defaultData is the data folder that commands ask when none is named.
const defaultData = "data"

// stopped is the configuration of a gateway that may not run: of the file, with
// its data folder unless another is named.
func (r running) stopped(file string) (Config, error) {
	if file != "" && r.Data == defaultData {
		r.Data = ""
	}
	return keysAt{Config: file, Data: r.Data}.configuration()
}

// evaluator answers signed queries.
type evaluator interface {
	Evaluate(ctx context.Context, q ledgerclient.SignedQuery) (ledgerclient.Answer, error)
}

// ledgerCheckpoint asks a ledger for its checkpoint of a log, of a size or the
// latest for 0.
func ledgerCheckpoint(ctx context.Context, l evaluator, s *signer, origin string, size int64) (ledgerclient.Answer, error) {
	q, err := audit.OnLedger(origin, size, s.Pseudonym, time.Now())
	if err != nil {
		return ledgerclient.Answer{}, err
	}
	signed, err := s.SignQuery(ctx, q)
	if err != nil {
		return ledgerclient.Answer{}, err
	}
	return l.Evaluate(ctx, signed)
}

// ownLedger is a configured ledger, asked without a gateway.
type ownLedger struct {
	parts  *gatewayParts
	signer *signer
	ledger evaluator
}

// openOwnLedger opens the ledger of a configuration, and the keys that sign for it.
// The caller closes its parts.
func openOwnLedger(c Config) (*ownLedger, error) {
	l := &ownLedger{parts: &gatewayParts{cfg: c, log: slog.New(slog.DiscardHandler)}}
	var err error
	if l.signer, err = l.parts.openKeys(); err == nil {
		l.ledger, err = ledgerDrivers[c.Ledger.Driver](l.parts, l.signer)
	}
	if err != nil {
		l.parts.close()
		return nil, err
	}
	return l, nil
}

// checkpoint asks for the checkpoint of a log.
func (l *ownLedger) checkpoint(ctx context.Context, origin string, size int64) (ledgerclient.Answer, error) {
	return ledgerCheckpoint(ctx, l.ledger, l.signer, origin, size)
}

// ledgerCheckpoint has the running gateway ask its ledger.
func (r running) ledgerCheckpoint(ctx context.Context, origin string, size int64) (out ledgerclient.Answer, err error) {
	ask := url.Values{"origin": {origin}, "size": {strconv.FormatInt(size, 10)}}
	return out, r.fromGateway(ctx, auditLedgerDoc, ask, &out)
}

// compareLedger compares each anchor with what the ledger holds.
func compareLedger(ctx context.Context, out streams, report proof.Report, ask func(ctx context.Context, origin string, size int64) (ledgerclient.Answer, error)) error {
	compared := 0
	for _, anchor := range report.Anchors {
		if anchor.State != gateway.Recorded.String() {
			continue
		}
		on, err := ask(ctx, report.Origin, anchor.Size)
		if err != nil {
			return err
		}
		if on.Fields["root"] != hex.EncodeToString(anchor.Root[:]) {
			return fmt.Errorf("%w: of %d leaves the ledger has root %q", proof.ErrAnchor, anchor.Size, on.Fields["root"])
		}
		compared++
	}
	fmt.Fprintf(out.out, "the ledger holds the %d anchors that it is said to hold\n", compared)
	return nil
}

type auditLedgerCmd struct {
	running
	Config string `help:"Configuration file with a ledger of one's own, which is asked without a gateway." type:"existingfile"`
	Proof  string `help:"Proof whose checkpoint is asked for, in the place of --origin and --size." type:"existingfile"`
	Origin string `help:"Name of the log; the running gateway's own when empty."`
	Size   int64  `help:"Leaves that the checkpoint covers; 0 is the latest."`
	Out    string `help:"File to write; standard output when empty." short:"o"`
}

// Run writes what the ledger holds.
func (a *auditLedgerCmd) Run(ctx context.Context, out streams) error {
	if a.Proof != "" {
		if err := a.fromProof(); err != nil {
			return fmt.Errorf("%s: %w", a.Proof, err)
		}
	}
	answer, err := a.answer(ctx)
	if err != nil {
		return err
	}
	if answer.Fields["root"] == "" {
		what := "no checkpoint of this log"
		if a.Size > 0 {
			what = fmt.Sprintf("no checkpoint of %d leaves of this log", a.Size)
		}
		return fmt.Errorf("the ledger holds %s; `setu audit status` shows the latest that it was brought", what)
	}
	return writeNew(a.Out, out.out, func(w io.Writer) error { return indented(w, answer) })
}

// fromProof takes origin and size of a proof's checkpoint.
func (a *auditLedgerCmd) fromProof() error {
	octets, err := os.ReadFile(a.Proof)
	if err != nil {
		return err
	}
	p, err := proof.Parse(octets)
	if err != nil {
		return err
	}
	c, err := proof.ReadCheckpoint(p.Checkpoint)
	a.Origin, a.Size = c.Origin, c.Size
	return err
}

// answer asks the running gateway's ledger, or the one of the configuration.
func (a *auditLedgerCmd) answer(ctx context.Context) (ledgerclient.Answer, error) {
	var none ledgerclient.Answer
	if a.Config == "" {
		return a.ledgerCheckpoint(ctx, a.Origin, a.Size)
	}
	if a.Origin == "" {
		return none, errors.New("name the log: --proof FILE, or --origin as in the first line of a checkpoint")
	}
	c, err := a.stopped(a.Config)
	if err != nil {
		return none, err
	}
	l, err := openOwnLedger(c)
	if err != nil {
		return none, err
	}
	defer l.parts.close()
	return l.checkpoint(ctx, a.Origin, a.Size)
}
