package proof_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"setu/gateway/audit/proof"
	"setu/ledgerclient"
)

const origin = "setu/test"

// world is a log in memory with a key that signs its checkpoints.
type world struct {
	t      testing.TB
	key    *ecdsa.PrivateKey
	public proof.PublicKey
	leaves [][]byte
	hashes []tlog.Hash // as tlog stores them
	now    time.Time
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, now: noon.UTC().Truncate(time.Millisecond)}
	w.key, w.public = newKey(t)
	w.add(proof.Encode(proof.Began, w.now, field("origin", origin)))
	return w
}

func newKey(t testing.TB) (*ecdsa.PrivateKey, proof.PublicKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := proof.NewPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return key, public
}

func (w *world) keys() []proof.PublicKey { return []proof.PublicKey{w.public} }

func (w *world) reader() tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, i := range indexes {
			out = append(out, w.hashes[i])
		}
		return out, nil
	})
}

// add adds a leaf, by the reference implementation.
func (w *world) add(leaf []byte) int64 {
	w.t.Helper()
	n := int64(len(w.leaves))
	more, err := tlog.StoredHashes(n, leaf, w.reader())
	if err != nil {
		w.t.Fatal(err)
	}
	w.leaves, w.hashes = append(w.leaves, leaf), append(w.hashes, more...)
	return n
}

func (w *world) fill(n int) {
	w.t.Helper()
	for range n {
		w.add(proof.Encode(proof.Act, w.now, field("act", "queue.retry"), field("item", fmt.Sprint(len(w.leaves)))))
	}
}

// checkpoint states the log as it is, unsigned.
func (w *world) checkpoint() proof.Checkpoint {
	w.t.Helper()
	w.now = w.now.Add(time.Minute)
	size := int64(len(w.leaves))
	root, err := tlog.TreeHash(size, w.reader())
	if err != nil {
		w.t.Fatal(err)
	}
	return proof.Checkpoint{Origin: origin, Size: size, Root: root, Time: w.now}
}

// sign signs a checkpoint.
func (w *world) sign(c proof.Checkpoint) string {
	w.t.Helper()
	return signBy(w.t, w.key, w.public.ID, c)
}

func signBy(t testing.TB, key *ecdsa.PrivateKey, id string, c proof.Checkpoint) string {
	t.Helper()
	digest := c.Digest()
	sig, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	signed, err := c.Note(ledgerclient.Signature{KeyID: id, Sig: sig})
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// envelope signs an envelope for a receipt.
func (w *world) envelope(r ledgerclient.Receipt) ledgerclient.SignedEnvelope {
	w.t.Helper()
	canonical, err := ledgerclient.Envelope{
		Receipt: r, Key: "key-" + string(r), Service: "benefit", Version: "1", Time: w.now, KeyID: w.public.ID,
		Call:   ledgerclient.Call{Contract: "benefits", Function: "Acknowledge", Args: map[string]string{"beneficiary": "1000000001"}},
		Caller: ledgerclient.Caller{Pseudonym: "1.a-pseudonym-of-somebody", Channel: "sms", Assurance: ledgerclient.Number},
	}.Canonical()
	if err != nil {
		w.t.Fatal(err)
	}
	digest := sha256.Sum256(canonical)
	sig, err := ecdsa.SignASN1(rand.Reader, w.key, digest[:])
	if err != nil {
		w.t.Fatal(err)
	}
	return ledgerclient.SignedEnvelope{Canonical: canonical, Signature: ledgerclient.Signature{KeyID: w.public.ID, Sig: sig}}
}

const receipt = ledgerclient.Receipt("123456789018")

// proven is a log with a transaction in its midst, its proof, and an older
// checkpoint.
func proven(t testing.TB) (*world, proof.Proof, proof.Checkpoint) {
	t.Helper()
	w := newWorld(t)
	w.fill(5)
	older := w.checkpoint()
	e := w.envelope(receipt)
	sum := sha256.Sum256(e.Canonical)
	p := proof.Proof{Version: proof.Version, Receipt: receipt, Envelope: &e, Since: older.Size}
	places := []int64{w.add(proof.Encode(proof.Decision, w.now, field("receipt", string(receipt)), field("service", "benefit"),
		field("medium", "sms"), field("envelope", hex.EncodeToString(sum[:])), field("key", w.public.ID)))}
	w.fill(300)
	places = append(places, w.add(proof.Encode(proof.Outcome, w.now, field("receipt", string(receipt)), field("state", "recorded"),
		field("code", "done"), field("block", "7"), field("tx", "f00"))))
	w.fill(9)
	c := w.checkpoint()
	p.Checkpoint = w.sign(c)
	for _, n := range places {
		path, err := tlog.ProveRecord(c.Size, n, w.reader())
		if err != nil {
			t.Fatal(err)
		}
		p.Leaves = append(p.Leaves, proof.Inclusion{Index: n, Leaf: string(w.leaves[n]), Path: path})
	}
	var err error
	if p.Consistency, err = tlog.ProveTree(c.Size, older.Size, w.reader()); err != nil {
		t.Fatal(err)
	}
	p.Anchor = &proof.Anchor{Size: c.Size, Root: c.Root, Receipt: "223456789017", State: "recorded", Block: 9, TxID: "a"}
	return w, p, older
}

// again is p as it comes out of its file.
func again(t testing.TB, p proof.Proof) proof.Proof {
	t.Helper()
	octets, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	out, err := proof.Parse(octets)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
