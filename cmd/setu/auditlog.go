package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"setu/gateway"
	"setu/gateway/audit"
	"setu/gateway/audit/proof"
	"setu/gateway/console"
	"setu/gateway/operators"
	"setu/ledgerclient"
	"setu/ledgerclient/rest/baas"
)

// Audit says how the audit log is sealed.
type Audit struct {
	// Checkpoint is how often a checkpoint is signed, if the log has grown; 0 is
	// a minute, and 10 s in the sandbox.
	Checkpoint Duration `yaml:"checkpoint"`
	// Anchor is how often one is brought to the ledger; 0 is ten minutes, and a
	// minute in the sandbox; negative is never.
	Anchor Duration `yaml:"anchor"`
}

// In the sandbox people wait for what they want to see.
const (
	sandboxCheckpoint = 10 * time.Second
	sandboxAnchor     = time.Minute
)

// openAudit takes up the audit log.
func (g *gatewayParts) openAudit(ctx context.Context, s *signer) error {
	c := audit.Config{
		Store: g.store, Signer: s.store, Log: g.log.With(slog.String("part", "audit")), Now: time.Now,
		Every: time.Duration(g.cfg.Audit.Checkpoint), Anchor: time.Duration(g.cfg.Audit.Anchor),
		Pseudonym: s.Pseudonym, Dispatch: g.outbox.Dispatch, Look: (&lookout{g: g}).look,
	}
	if g.cfg.Profile == sandboxProfile && c.Every == 0 {
		c.Every = sandboxCheckpoint
	}
	if g.cfg.Profile == sandboxProfile && c.Anchor == 0 {
		c.Anchor = sandboxAnchor
	}
	g.signer = s
	var err error
	if g.audit, err = audit.Open(ctx, c); err != nil {
		return fmt.Errorf("open audit log: %w", err)
	}
	if err := g.audit.Fault(); err != nil {
		g.log.ErrorContext(ctx, "nothing more is sealed", slog.String("error", err.Error()))
	}
	return nil
}

// lookout looks at what the audit log tells of that is not in the store.
type lookout struct {
	g    *gatewayParts
	acts os.FileInfo // of the operators' log, as it was when its lines were kept last
}

func (l *lookout) look(context.Context) (seen []gateway.Observation, kept func(), err error) {
	now := time.Now()
	seen = keysSeen(l.g, now)
	partners, err := partnersSeen(l.g.cfg, now)
	if err != nil {
		return nil, nil, err
	}
	acts, info, err := l.actsSeen()
	if err != nil {
		return nil, nil, err
	}
	return append(append(seen, partners...), acts...), func() { l.acts = info }, nil
}

// keysSeen are the signing keys in their states.
func keysSeen(g *gatewayParts, now time.Time) []gateway.Observation {
	var out []gateway.Observation
	for _, k := range g.keys.List() {
		out = append(out, gateway.Observation{
			Subject: "key/" + k.ID, Value: string(k.State),
			Leaf: proof.Encode(proof.Key, now, fieldOf("key", k.ID), fieldOf("state", string(k.State))),
		})
	}
	return out
}

// partnersSeen are the settings of partners and links, without secrets, and which
// of them there are.
func partnersSeen(c Config, now time.Time) ([]gateway.Observation, error) {
	var out []gateway.Observation
	var names []string
	see := func(kind, name string, settings any) error {
		raw, err := json.Marshal(settings)
		if err != nil {
			return fmt.Errorf("describe %s %q: %w", kind, name, err)
		}
		digest := hexDigest(raw)
		names = append(names, kind+"/"+name)
		out = append(out, gateway.Observation{
			Subject: kind + "/" + name, Value: digest,
			Leaf: proof.Encode(proof.Partner, now, fieldOf(kind, name), fieldOf("digest", digest)),
		})
		return nil
	}
	for _, p := range c.Partners {
		p.Password = ""
		if err := see("partner", p.SystemID, p); err != nil {
			return nil, err
		}
	}
	for _, l := range c.Links {
		if err := see("link", l.Name, l); err != nil {
			return nil, err
		}
	}
	slices.Sort(names)
	all := hexDigest([]byte(strings.Join(names, "\n")))
	return append(out, gateway.Observation{
		Subject: "partners", Value: all, Leaf: proof.Encode(proof.Partner, now, fieldOf("count", strconv.Itoa(len(names))), fieldOf("digest", all)),
	}), nil
}

// actsSeen are the lines of the operators' log, if it has changed since they were
// kept last, and how the file is now.
func (l *lookout) actsSeen() ([]gateway.Observation, os.FileInfo, error) {
	path := l.g.cfg.path(actsFile)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && l.acts != nil && info.Size() == l.acts.Size() && info.ModTime().Equal(l.acts.ModTime()) {
		return nil, l.acts, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("look at the operators' log: %w", err)
	}
	raw, err := os.ReadFile(path) //nolint:gosec // of the data folder
	if err != nil {
		return nil, nil, err
	}
	var out []gateway.Observation
	for octets := range bytes.Lines(raw) {
		whole, ended := bytes.CutSuffix(octets, []byte("\n"))
		var line operators.Line
		if !ended || json.Unmarshal(whole, &line) != nil {
			break // being written, or not a log: what opens it says so
		}
		n, digest := strconv.Itoa(line.N), hexDigest(whole)
		out = append(out, gateway.Observation{
			Subject: "act/" + n, Value: digest,
			Leaf: proof.Encode(proof.Act, line.Time, fieldOf("act", strings.Trim(line.Kind+" "+string(line.Event), " ")), fieldOf("by", line.Operator), fieldOf("line", n), fieldOf("digest", digest)),
		})
	}
	return out, info, nil
}

func fieldOf(name, value string) ledgerclient.Field {
	return ledgerclient.Field{Name: name, Value: value}
}

func hexDigest(octets []byte) string {
	sum := sha256.Sum256(octets)
	return hex.EncodeToString(sum[:])
}

// auditReady says whether the log is sealed.
func (g *gatewayParts) auditReady(context.Context) (bool, string) {
	if err := g.audit.Fault(); err != nil {
		return false, err.Error()
	}
	return true, ""
}

// Names of the documents about the audit log.
const (
	auditStatusDoc  = "audit"
	auditReceiptDoc = "audit-receipt"
	auditProofDoc   = "audit-proof"
	auditPageDoc    = "audit-page"
	auditLedgerDoc  = "audit-ledger"
	auditKeysDoc    = "audit-keys"
)

// auditDocuments are what operators ask the audit log for.
func (g *gatewayParts) auditDocuments(to map[string]func(context.Context, url.Values) (console.Document, error)) {
	for name, write := range map[string]func(ctx context.Context, ask url.Values) (any, error){
		auditStatusDoc: func(ctx context.Context, _ url.Values) (any, error) { return g.audit.Status(ctx) },
		auditReceiptDoc: func(ctx context.Context, ask url.Values) (any, error) {
			r, err := ledgerclient.ParseReceipt(ask.Get("receipt"))
			if err != nil {
				return nil, err
			}
			return g.audit.Trace(ctx, r)
		},
		auditProofDoc: g.auditProof,
		auditPageDoc: func(ctx context.Context, ask url.Values) (any, error) {
			from, err := strconv.ParseInt(ask.Get("from"), 10, 64)
			if err != nil {
				return nil, fmt.Errorf("%w: from is the number of a leaf", console.ErrAsked)
			}
			if ask.Get("begin") != "" {
				return g.audit.Begin(ctx, from)
			}
			return g.audit.Page(ctx, from)
		},
		auditLedgerDoc: g.auditOnLedger,
	} {
		to[name] = func(ctx context.Context, ask url.Values) (console.Document, error) {
			v, err := write(ctx, ask)
			if err != nil {
				return console.Document{}, asked(err)
			}
			body, err := json.Marshal(v)
			return console.Document{Type: "application/json", Body: body}, err
		}
	}
	to[auditKeysDoc] = func(context.Context, url.Values) (console.Document, error) {
		body, err := baas.FormatKeys(g.keys.List())
		return console.Document{Type: "application/jwk-set+json", Body: body}, err
	}
}

// asked marks the errors that an operator can do something about.
func asked(err error) error {
	for _, known := range []error{audit.ErrNoReceipt, audit.ErrNoLeaf, audit.ErrChanged, proof.ErrShrunk, ledgerclient.ErrReceipt} {
		if errors.Is(err, known) {
			return fmt.Errorf("%w: %w", console.ErrAsked, err)
		}
	}
	return err
}

// auditProof makes a proof, with the envelope if that is asked for.
func (g *gatewayParts) auditProof(ctx context.Context, ask url.Values) (any, error) {
	r, err := ledgerclient.ParseReceipt(ask.Get("receipt"))
	if err != nil {
		return nil, err
	}
	var older int64
	if since := ask.Get("since"); since != "" {
		if older, err = strconv.ParseInt(since, 10, 64); err != nil {
			return nil, fmt.Errorf("%w: since is a number of leaves", console.ErrAsked)
		}
	}
	p, err := g.audit.Prove(ctx, r, older)
	if err != nil || ask.Get("envelope") == "" {
		return p, err
	}
	e, err := g.store.Envelope(ctx, r)
	if errors.Is(err, gateway.ErrNotFound) {
		return nil, fmt.Errorf("%w: the envelope is not kept any more; leave --envelope out", console.ErrAsked)
	}
	p.Envelope = &e
	return p, err
}

// auditOnLedger asks the ledger for a checkpoint, of this log if no other is named.
func (g *gatewayParts) auditOnLedger(ctx context.Context, ask url.Values) (any, error) {
	size, err := strconv.ParseInt(ask.Get("size"), 10, 64)
	if err != nil || size < 0 {
		return nil, fmt.Errorf("%w: size is a number of leaves", console.ErrAsked)
	}
	a, err := ledgerCheckpoint(ctx, g.ledger, g.signer, cmp.Or(ask.Get("origin"), g.audit.Origin()), size)
	if err != nil {
		return nil, fmt.Errorf("%w: the ledger: %w", console.ErrAsked, err)
	}
	return a, nil
}
