package proof

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"setu/ledgerclient"
)

// Version is what a proof's file begins with.
const Version = "setu proof 1"

// MaxProof bounds a proof's file, octets. Paths grow with the logarithm of the
// log: 64 hashes are 3 KiB.
const MaxProof = 1 << 20

// Errors of a proof.
var (
	// ErrProof says that octets are no proof.
	ErrProof = errors.New("proof: not a proof of a receipt")
	// ErrPath says that a leaf is not in the log that the checkpoint is of.
	ErrPath = errors.New("proof: leaf is not in the log of the checkpoint")
	// ErrReceipt says that a leaf tells of another receipt.
	ErrReceipt = errors.New("proof: leaf is not of this receipt")
	// ErrEnvelope says that the envelope is not what was decided on.
	ErrEnvelope = errors.New("proof: envelope is not that of the leaf, or is not signed")
	// ErrAnchor says that the ledger holds another checkpoint than the proof's.
	ErrAnchor = errors.New("proof: anchor does not match the checkpoint")
	// ErrShrunk says that the log is not the one that an older checkpoint is
	// of: leaves were changed or taken away since.
	ErrShrunk = errors.New("proof: log does not hold what it held at the older checkpoint")
)

// Proof shows that a transaction was decided on, and how it ended, to anybody who
// has the gateway's public key.
type Proof struct {
	Version    string               `json:"version"`
	Receipt    ledgerclient.Receipt `json:"receipt"`
	Leaves     []Inclusion          `json:"leaves"`     // of the decision, and of the end once it has come
	Checkpoint string               `json:"checkpoint"` // signed
	// Anchor is where the ledger holds the checkpoint, once it does.
	Anchor *Anchor `json:"anchor,omitempty"`
	// Since is the size of an older checkpoint, and Consistency shows that the
	// log has only grown since (RFC 6962 section 2.1.2).
	Since       int64          `json:"since,omitempty"`
	Consistency tlog.TreeProof `json:"consistency,omitempty"`
	// Envelope is what was signed for the citizen; it is left out unless it is
	// asked for.
	Envelope *ledgerclient.SignedEnvelope `json:"envelope,omitempty"`
}

// Inclusion is a leaf with the path from it to the root.
type Inclusion struct {
	Index int64            `json:"index"` // of the leaf, from 0
	Leaf  string           `json:"leaf"`  // its octets
	Path  tlog.RecordProof `json:"path"`
}

// Anchor is a checkpoint on the ledger, where the function audit.Checkpoint of
// Setu's contract gives it.
type Anchor struct {
	Size    int64                `json:"size"`
	Root    tlog.Hash            `json:"root"`
	Receipt ledgerclient.Receipt `json:"receipt"` // of the transaction that brought it
	State   string               `json:"state"`   // of that transaction: recorded, or why not
	Block   uint64               `json:"block,omitempty"`
	TxID    string               `json:"tx,omitempty"`
}

// Parse reads a proof's file. The error is [ErrProof].
func Parse(octets []byte) (Proof, error) {
	var p Proof
	if len(octets) > MaxProof {
		return p, fmt.Errorf("%w: longer than %d octets", ErrProof, MaxProof)
	}
	if err := json.Unmarshal(octets, &p); err != nil {
		return p, fmt.Errorf("%w: %w", ErrProof, err)
	}
	if p.Version != Version {
		return p, fmt.Errorf("%w: version %q, this program knows %q", ErrProof, p.Version, Version)
	}
	return p, nil
}

// Trust is what the checker of a proof knows by other ways than from whoever gave
// the proof.
type Trust struct {
	Keys []PublicKey
	// Older is a checkpoint that the checker has kept; nil: none.
	Older *Checkpoint
	// Ledger is the checkpoint that the checker's own ledger node gives; nil: it
	// was not asked.
	Ledger *Anchor
}

// Verdict is what a proof has shown.
type Verdict struct {
	Checkpoint Checkpoint
	Decision   Leaf
	Ended      *Leaf // nil: the end had not come
	Envelope   *ledgerclient.Envelope
	// Grown says that the log was seen to have only grown since the older
	// checkpoint, OnLedger that the ledger holds the checkpoint.
	Grown, OnLedger bool
}

// Check verifies all that a proof says. The errors are [ErrProof],
// [ErrCheckpoint], [ErrUnsigned], [ErrLeaf], [ErrPath], [ErrReceipt],
// [ErrEnvelope], [ErrAnchor] and [ErrShrunk].
func (p Proof) Check(t Trust) (Verdict, error) {
	var v Verdict
	var err error
	if v.Checkpoint, err = OpenCheckpoint(p.Checkpoint, t.Keys); err != nil {
		return v, err
	}
	if err = p.checkLeaves(&v); err == nil {
		err = p.checkEnvelope(&v, t)
	}
	if err == nil {
		err = p.checkAnchor(&v, t)
	}
	if err == nil && t.Older != nil {
		err = p.checkOlder(&v, *t.Older)
	}
	return v, err
}

// checkLeaves checks that the leaves are in the log and of the receipt: that of
// the decision, and that of the end once it has come.
func (p Proof) checkLeaves(v *Verdict) error {
	if len(p.Leaves) < 1 || len(p.Leaves) > 2 {
		return fmt.Errorf("%w: %d leaves", ErrProof, len(p.Leaves))
	}
	var err error
	if v.Decision, err = p.checkLeaf(p.Leaves[0], Decision, v.Checkpoint); err != nil || len(p.Leaves) == 1 {
		return err
	}
	ended, err := p.checkLeaf(p.Leaves[1], Outcome, v.Checkpoint)
	if err != nil {
		return err
	}
	v.Ended = &ended
	return nil
}

// checkLeaf reads one leaf, which must be of a kind, of the receipt and in the log
// of the checkpoint.
func (p Proof) checkLeaf(in Inclusion, kind Kind, c Checkpoint) (Leaf, error) {
	l, err := ParseLeaf([]byte(in.Leaf))
	switch {
	case err != nil:
		return Leaf{}, err
	case l.Kind != kind || l.Get("receipt") != string(p.Receipt):
		return Leaf{}, fmt.Errorf("%w: leaf %d", ErrReceipt, in.Index)
	case in.Index < 0 || in.Index >= c.Size:
		return Leaf{}, fmt.Errorf("%w: leaf %d of %d", ErrPath, in.Index, c.Size)
	case tlog.CheckRecord(in.Path, c.Size, c.Root, in.Index, tlog.RecordHash([]byte(in.Leaf))) != nil:
		return Leaf{}, fmt.Errorf("%w: leaf %d", ErrPath, in.Index)
	}
	return l, nil
}

// checkEnvelope checks that the envelope is the one that was decided on.
func (p Proof) checkEnvelope(v *Verdict, t Trust) error {
	if p.Envelope == nil {
		return nil
	}
	sum := sha256.Sum256(p.Envelope.Canonical)
	if hex.EncodeToString(sum[:]) != v.Decision.Get("envelope") {
		return ErrEnvelope
	}
	e, err := p.Envelope.Open(verifier(t.Keys), v.Decision.At)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrEnvelope, err)
	case e.Receipt != p.Receipt:
		return fmt.Errorf("%w: its receipt is another", ErrEnvelope)
	}
	v.Envelope = &e
	return nil
}

// verifier checks envelopes by the keys.
type verifier []PublicKey

// Verify checks one signature.
func (k verifier) Verify(digest [sha256.Size]byte, s ledgerclient.Signature, at time.Time) error {
	for _, key := range k {
		if key.ID != s.KeyID {
			continue
		}
		if !key.Revoked.IsZero() && !at.Before(key.Revoked) {
			return ledgerclient.ErrRevoked
		}
		return s.Verify(key.Public, digest)
	}
	return ledgerclient.ErrKey
}

// checkAnchor checks that the anchor is the checkpoint's, and the ledger's too.
func (p Proof) checkAnchor(v *Verdict, t Trust) error {
	c := v.Checkpoint
	if a := p.Anchor; a != nil && (a.Size != c.Size || a.Root != c.Root) {
		return fmt.Errorf("%w: the anchor is of size %d, the checkpoint of %d", ErrAnchor, a.Size, c.Size)
	}
	if t.Ledger == nil {
		return nil
	}
	if t.Ledger.Size != c.Size || t.Ledger.Root != c.Root {
		return fmt.Errorf("%w: the ledger has size %d, root %s", ErrAnchor, t.Ledger.Size, t.Ledger.Root)
	}
	v.OnLedger = true
	return nil
}

// checkOlder checks that the log has only grown since an older checkpoint.
func (p Proof) checkOlder(v *Verdict, older Checkpoint) error {
	c := v.Checkpoint
	switch {
	case older.Origin != c.Origin:
		return fmt.Errorf("%w: it is of another log, %s", ErrCheckpoint, older.Origin)
	case older.Size > c.Size:
		return fmt.Errorf("%w: it had %d leaves and has %d", ErrShrunk, older.Size, c.Size)
	case older.Size == c.Size:
		if older.Root != c.Root {
			return ErrShrunk
		}
	case p.Since != older.Size:
		return fmt.Errorf("%w: it has no path from size %d; ask for one with --since", ErrProof, older.Size)
	case older.Size > 0 && tlog.CheckTree(p.Consistency, c.Size, c.Root, older.Size, older.Root) != nil:
		return ErrShrunk
	}
	v.Grown = true
	return nil
}
