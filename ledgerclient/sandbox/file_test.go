package sandbox

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"setu/ledgerclient"
)

// anySigner signs everything with its name, and honest takes only that.
type anySigner struct{}

func (anySigner) KeyID() string { return "any" }

func (anySigner) SignBy(_ context.Context, id string, d [sha256.Size]byte) (ledgerclient.Signature, error) {
	return ledgerclient.Signature{KeyID: id, Sig: d[:]}, nil
}

func (anySigner) Verify(d [sha256.Size]byte, s ledgerclient.Signature, _ time.Time) error {
	if !bytes.Equal(d[:], s.Sig) {
		return ledgerclient.ErrSignature
	}
	return nil
}

func options(path string) Options {
	return Options{
		Path: path, Seed: 1, Keys: anySigner{}, Now: time.Now,
		Pseudonym: func(department, number string) (string, error) {
			return "pseudonym-of-" + department + number, nil
		},
	}
}

func transaction(t *testing.T, l *Ledger, key string) ledgerclient.Transaction {
	t.Helper()
	e, err := ledgerclient.SignEnvelope(t.Context(), anySigner{}, ledgerclient.Envelope{
		Receipt: ledgerclient.NewReceipt(), Key: key, Service: "test", Version: "1",
		Call:   ledgerclient.Call{Contract: "registry", Function: "Put", Args: map[string]string{"register": "test", "key": key}},
		Caller: ledgerclient.Caller{Pseudonym: "pseudonym-of-somebody", Channel: "sms", Assurance: ledgerclient.Number},
		Time:   time.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	tx, _, err := l.Prepare(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

func mustOpen(t *testing.T, o Options) *Ledger {
	t.Helper()
	l, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// fill opens a sandbox, records the keys, and closes it.
func fill(t *testing.T, o Options, keys ...string) {
	t.Helper()
	l := mustOpen(t, o)
	for _, key := range keys {
		if _, err := l.Submit(t.Context(), transaction(t, l, key)); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestOpen_DropsTornBlock(t *testing.T) {
	t.Parallel()
	o := options(filepath.Join(t.TempDir(), "sandbox.ledger"))
	fill(t, o, "one", "two")
	whole, err := os.ReadFile(o.Path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(o.Path, whole[:len(whole)-100], 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	l := mustOpen(t, o)
	if !strings.Contains(log.String(), "cut off") || !strings.Contains(log.String(), "block=2") {
		t.Errorf("log = %q, want a warning about block 2", log.String())
	}
	for key, want := range map[string]bool{"one": true, "two": false} {
		if out, err := l.Find(t.Context(), key); err != nil || out.Found != want {
			t.Errorf("Find(%q) = %v, %v, want %v", key, out.Found, err, want)
		}
	}
	// The ledger goes on in the place of what was dropped.
	if _, err := l.Submit(t.Context(), transaction(t, l, "three")); err != nil {
		t.Fatal(err)
	}
	if r, err := l.Verify(); err != nil || r.Blocks != 3 {
		t.Errorf("Verify() = %+v, %v, want 3 blocks", r, err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if l := mustOpen(t, o); l.head.Block != 2 {
		t.Errorf("newest block = %d, want 2", l.head.Block)
	}
}

func TestOpen_RefusesFlippedOctet(t *testing.T) {
	t.Parallel()
	o := options(filepath.Join(t.TempDir(), "sandbox.ledger"))
	fill(t, o, "one", "two")
	whole, err := os.ReadFile(o.Path)
	if err != nil {
		t.Fatal(err)
	}
	for block, at := range map[uint64]int{0: 5000, 1: bytes.IndexByte(whole, '\n') + 200, 2: len(whole) - 200} {
		octets := bytes.Clone(whole)
		octets[at] ^= 1
		if err := os.WriteFile(o.Path, octets, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(o)
		var corrupt *CorruptError
		if !errors.As(err, &corrupt) || corrupt.Block != block {
			t.Errorf("Open() with octet %d flipped: %v, want ErrCorrupt at block %d", at, err, block)
		}
		if after, err := os.ReadFile(o.Path); err != nil || !bytes.Equal(after, octets) {
			t.Errorf("Open() changed a corrupt file, %v", err)
		}
	}
}

// Who can write the whole file can make a new chain of hashes, and still not
// what the gateway signed.
func TestVerify_FindsForgery(t *testing.T) {
	t.Parallel()
	o := options(filepath.Join(t.TempDir(), "sandbox.ledger"))
	fill(t, o, "one", "two")
	f, err := os.Open(o.Path)
	if err != nil {
		t.Fatal(err)
	}
	var forged []byte
	var hash digest
	_, _, err = walk(o.Path, f, func(b *block, _ digest) error {
		if b.Number == 1 {
			tx := &b.Txs[0]
			tx.Envelope.Canonical = bytes.Replace(tx.Envelope.Canonical, []byte(`"one"`), []byte(`"two"`), 1)
		}
		b.Previous = hash
		line, h, err := b.seal()
		forged, hash = append(forged, line...), h
		return err
	})
	if err = errors.Join(err, f.Close(), os.WriteFile(o.Path, forged, 0o600)); err != nil {
		t.Fatal(err)
	}
	l := mustOpen(t, o)
	var corrupt *CorruptError
	if _, err := l.Verify(); !errors.As(err, &corrupt) || corrupt.Block != 1 || !errors.Is(err, ledgerclient.ErrSignature) {
		t.Errorf("Verify() of a forged chain: %v, want ErrSignature at block 1", err)
	}
}

// When a block cannot be written for certain, its transactions are unknown, and
// nothing is added before the file has been read again.
func TestSubmit_BrokenFile(t *testing.T) {
	t.Parallel()
	o := options(filepath.Join(t.TempDir(), "sandbox.ledger"))
	l := mustOpen(t, o)
	first, second := transaction(t, l, "one"), transaction(t, l, "two")
	readable, err := os.Open(o.Path) // and not writable
	if err != nil {
		t.Fatal(err)
	}
	working := l.file.f
	l.file.f = readable
	defer func() { _ = working.Close() }()
	if _, err := l.Submit(t.Context(), first); ledgerclient.ClassOf(err) != ledgerclient.Unknown {
		t.Errorf("Submit() to a file that cannot be written: %v, want class unknown", err)
	}
	if _, err := l.Submit(t.Context(), second); ledgerclient.ClassOf(err) != ledgerclient.Before || !errors.Is(err, errBroken) {
		t.Errorf("Submit() afterwards: %v, want class before", err)
	}
	if out, err := l.Find(t.Context(), "one"); err != nil || out.Found {
		t.Errorf("Find() = %v, %v, want nothing", out.Found, err)
	}
}

// A block that cannot be written, as on a full disk, leaves nothing behind, and
// the ledger goes on when there is room again.
func TestSubmit_FullDisk(t *testing.T) {
	t.Parallel()
	o := options(filepath.Join(t.TempDir(), "sandbox.ledger"))
	l := mustOpen(t, o)
	tx := transaction(t, l, "one")
	// A file opened to append refuses WriteAt, and can be truncated.
	full, err := os.OpenFile(o.Path, os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	working := l.file.f
	l.file.f = full
	if _, err := l.Submit(t.Context(), tx); ledgerclient.ClassOf(err) != ledgerclient.Before {
		t.Errorf("Submit() to a full disk: %v, want class before", err)
	}
	l.file.f = working
	if out, err := l.Submit(t.Context(), tx); err != nil || out.Answer.Code != "done" {
		t.Errorf("Submit() when there is room again = %q, %v, want done", out.Answer.Code, err)
	}
	if r, err := l.Verify(); err != nil || r.Blocks != 2 {
		t.Errorf("Verify() = %+v, %v, want 2 blocks", r, err)
	}
	if err := full.Close(); err != nil {
		t.Fatal(err)
	}
}

// Transactions that wait at the same time share a block.
func TestCommit_Group(t *testing.T) {
	t.Parallel()
	o := options(filepath.Join(t.TempDir(), "sandbox.ledger"))
	l := mustOpen(t, o)
	var batch []*submission
	for _, key := range []string{"a", "b", "a", "c"} {
		tx := transaction(t, l, key)
		s := &submission{tx: blockTx{ID: tx.ID}, done: make(chan result, 1)}
		s.envelope = ledgerclient.Envelope{
			Receipt: ledgerclient.NewReceipt(), Key: key,
			Call:   ledgerclient.Call{Contract: "registry", Function: "Put", Args: map[string]string{"register": "test", "key": key}},
			Caller: ledgerclient.Caller{Pseudonym: "pseudonym-of-somebody", Assurance: ledgerclient.Number}, Time: time.Now(),
		}
		batch = append(batch, s)
	}
	l.commit(batch)
	ids := map[int]string{}
	for i, s := range batch {
		r := <-s.done
		if r.err != nil || !r.outcome.Found || r.outcome.Answer.AsOf.Block != 1 {
			t.Errorf("transaction %d: %+v, %v, want it in block 1", i, r.outcome, r.err)
		}
		ids[i] = r.outcome.TxID
	}
	if ids[0] != ids[2] || ids[0] == ids[1] {
		t.Errorf("transactions %v, want the third to be the first, which has the same key", ids)
	}
	if l.txs != 4 { // the made-up world counts as one
		t.Errorf("the ledger holds %d transactions, want 4", l.txs)
	}
}
