package proof_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"setu/gateway/audit/proof"
	"setu/ledgerclient"
)

func TestProof_Check(t *testing.T) {
	t.Parallel()
	w, p, older := proven(t)
	v, err := again(t, p).Check(proof.Trust{Keys: w.keys(), Older: &older, Ledger: p.Anchor})
	if err != nil {
		t.Fatal(err)
	}
	if v.Decision.Get("service") != "benefit" || v.Ended == nil || v.Ended.Get("block") != "7" || !v.Grown || !v.OnLedger ||
		v.Envelope == nil || v.Envelope.Call.Function != "Acknowledge" || v.Checkpoint.Size != 317 {
		t.Errorf("Check = %+v", v)
	}
	p.Leaves, p.Anchor, p.Envelope = p.Leaves[:1], nil, nil
	if v, err := again(t, p).Check(proof.Trust{Keys: w.keys()}); err != nil || v.Ended != nil || v.Grown || v.OnLedger {
		t.Errorf("of a decision alone: Check = %+v, %v", v, err)
	}
}

// TestProof_Attacks changes one thing each.
func TestProof_Attacks(t *testing.T) {
	t.Parallel()
	_, stranger := newKey(t)
	for _, tt := range []struct {
		name   string
		change func(w *world, p *proof.Proof, trust *proof.Trust)
		want   error
	}{
		{"a changed leaf", func(_ *world, p *proof.Proof, _ *proof.Trust) {
			p.Leaves[0].Leaf = strings.Replace(p.Leaves[0].Leaf, "benefit", "benefiz", 1)
		}, proof.ErrPath},
		{"a changed end", func(_ *world, p *proof.Proof, _ *proof.Trust) {
			p.Leaves[1].Leaf = strings.Replace(p.Leaves[1].Leaf, "recorded", "rejected", 1)
		}, proof.ErrPath},
		{"a leaf that is none", func(_ *world, p *proof.Proof, _ *proof.Trust) { p.Leaves[0].Leaf = "{}" }, proof.ErrLeaf},
		{"a changed path", func(_ *world, p *proof.Proof, _ *proof.Trust) { p.Leaves[0].Path[3][0] ^= 1 }, proof.ErrPath},
		{"a shorter path", func(_ *world, p *proof.Proof, _ *proof.Trust) { p.Leaves[0].Path = p.Leaves[0].Path[1:] }, proof.ErrPath},
		{"another place", func(_ *world, p *proof.Proof, _ *proof.Trust) { p.Leaves[0].Index++ }, proof.ErrPath},
		{"a place outside", func(_ *world, p *proof.Proof, _ *proof.Trust) { p.Leaves[0].Index = 1 << 40 }, proof.ErrPath},
		{"another receipt", func(_ *world, p *proof.Proof, _ *proof.Trust) { p.Receipt = "223456789017" }, proof.ErrReceipt},
		{"no leaf", func(_ *world, p *proof.Proof, _ *proof.Trust) { p.Leaves = nil }, proof.ErrProof},
		{"the leaves swapped", func(_ *world, p *proof.Proof, _ *proof.Trust) {
			p.Leaves[0], p.Leaves[1] = p.Leaves[1], p.Leaves[0]
		}, proof.ErrReceipt},
		{"a wrong key", func(_ *world, _ *proof.Proof, trust *proof.Trust) { trust.Keys = []proof.PublicKey{stranger} }, proof.ErrUnsigned},
		{"a wrong key by the right name", func(w *world, _ *proof.Proof, trust *proof.Trust) {
			trust.Keys = []proof.PublicKey{{ID: w.public.ID, Public: stranger.Public}}
		}, proof.ErrUnsigned},
		{"no key", func(_ *world, _ *proof.Proof, trust *proof.Trust) { trust.Keys = nil }, proof.ErrUnsigned},
		{"a revoked key", func(w *world, _ *proof.Proof, trust *proof.Trust) { trust.Keys[0].Revoked = w.now }, proof.ErrUnsigned},
		{"a checkpoint not signed", func(_ *world, p *proof.Proof, _ *proof.Trust) {
			text, _, _ := strings.Cut(p.Checkpoint, "\n\n")
			p.Checkpoint = text + "\n\n"
		}, proof.ErrCheckpoint},
		{"a checkpoint of another size", func(_ *world, p *proof.Proof, _ *proof.Trust) {
			p.Checkpoint = strings.Replace(p.Checkpoint, "\n317\n", "\n318\n", 1)
		}, proof.ErrUnsigned},
		{"an anchor of another size", func(_ *world, p *proof.Proof, _ *proof.Trust) { p.Anchor.Size-- }, proof.ErrAnchor},
		{"an anchor of another root", func(_ *world, p *proof.Proof, _ *proof.Trust) { p.Anchor.Root[0] ^= 1 }, proof.ErrAnchor},
		{"another root on the ledger", func(_ *world, p *proof.Proof, trust *proof.Trust) {
			other := *p.Anchor
			other.Root[31] ^= 1
			trust.Ledger = &other
		}, proof.ErrAnchor},
		{"a shrunk log", func(w *world, _ *proof.Proof, trust *proof.Trust) {
			w.fill(20)
			later := w.checkpoint()
			trust.Older = &later
		}, proof.ErrShrunk},
		{"a log with another past", func(_ *world, _ *proof.Proof, trust *proof.Trust) { trust.Older.Root[5] ^= 1 }, proof.ErrShrunk},
		{"another log", func(_ *world, _ *proof.Proof, trust *proof.Trust) { trust.Older.Origin = "setu/other" }, proof.ErrCheckpoint},
		{"no path from the older checkpoint", func(_ *world, p *proof.Proof, _ *proof.Trust) { p.Since = 0 }, proof.ErrProof},
		{"a changed path from the older checkpoint", func(_ *world, p *proof.Proof, _ *proof.Trust) { p.Consistency[1][2] ^= 1 }, proof.ErrShrunk},
		{"another envelope", func(w *world, p *proof.Proof, _ *proof.Trust) {
			e := w.envelope(ledgerclient.NewReceipt())
			p.Envelope = &e
		}, proof.ErrEnvelope},
		{"an envelope not signed", func(_ *world, p *proof.Proof, _ *proof.Trust) { p.Envelope.Signature.Sig[9] ^= 1 }, proof.ErrEnvelope},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, p, older := proven(t)
			trust := proof.Trust{Keys: w.keys(), Older: &older}
			tt.change(w, &p, &trust)
			if _, err := again(t, p).Check(trust); !errors.Is(err, tt.want) {
				t.Errorf("Check = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestParse_Bad(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "null", "[]", `{"version":"setu proof 2"}`, `{"version":"setu proof 1"} x`, strings.Repeat(" ", proof.MaxProof+1)} {
		if _, err := proof.Parse([]byte(bad)); !errors.Is(err, proof.ErrProof) {
			t.Errorf("Parse(%.20q) = %v, want ErrProof", bad, err)
		}
	}
}

func TestOpenCheckpoint(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill(3)
	c := w.checkpoint()
	signed := w.sign(c)
	if got, err := proof.OpenCheckpoint(signed, w.keys()); err != nil || got != c || !c.IsText(signed) {
		t.Errorf("OpenCheckpoint = %+v, %v, want %+v", got, err, c)
	}
	if c.Size++; c.IsText(signed) {
		t.Error("another size is its text too")
	}
	for name, bad := range map[string]string{
		"empty": "", "a line more": "x\n" + signed, "a negative size": strings.Replace(signed, "\n4\n", "\n-4\n", 1),
		"a size with a sign": strings.Replace(signed, "\n4\n", "\n+4\n", 1), "no time": strings.Replace(signed, "time ", "tide ", 1),
		"an origin with a space": strings.Replace(signed, origin, "setu test", 1),
	} {
		if _, err := proof.OpenCheckpoint(bad, w.keys()); !errors.Is(err, proof.ErrCheckpoint) {
			t.Errorf("%s: OpenCheckpoint = %v, want ErrCheckpoint", name, err)
		}
	}
}

// TestTree compares the tree with the reference implementation, at each size.
func TestTree(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.leaves, w.hashes = nil, nil
	var tree proof.Tree
	if want, _ := tlog.TreeHash(0, w.reader()); tree.Root() != want {
		t.Errorf("root of the empty tree = %s, want %s", tree.Root(), want)
	}
	for n := range int64(600) {
		w.fill(1)
		tree.Add(tlog.RecordHash(w.leaves[n]), func(level int, k int64, root tlog.Hash) {
			if want := w.hashes[tlog.StoredHashIndex(level, k)]; root != want {
				t.Errorf("size %d: subtree %d of level %d = %s, want %s", n+1, k, level, root, want)
			}
		})
		want, err := tlog.TreeHash(n+1, w.reader())
		if err != nil || tree.Root() != want || tree.Size() != n+1 {
			t.Fatalf("size %d: root = %s, want %s, %v", n+1, tree.Root(), want, err)
		}
		other, err := proof.NewTree(tree.Size(), tree.Edge())
		if err != nil || other.Root() != want {
			t.Fatalf("size %d: made again of its edge: %v", n+1, err)
		}
	}
	for _, bad := range []int64{-1, 1, 7} {
		if _, err := proof.NewTree(bad, nil); !errors.Is(err, proof.ErrTree) {
			t.Errorf("NewTree(%d, nil) = %v, want ErrTree", bad, err)
		}
	}
}

// FuzzParse: nothing but the true proof is a proof of this receipt.
func FuzzParse(f *testing.F) {
	w, p, older := proven(f)
	octets, err := json.Marshal(p)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(octets)
	f.Add([]byte(`{"version":"setu proof 1","leaves":[{"index":-1,"path":[]}]}`))
	ours := []error{
		proof.ErrProof, proof.ErrCheckpoint, proof.ErrUnsigned, proof.ErrLeaf, proof.ErrPath, proof.ErrReceipt,
		proof.ErrEnvelope, proof.ErrAnchor, proof.ErrShrunk,
	}
	f.Fuzz(func(t *testing.T, octets []byte) {
		got, err := proof.Parse(octets)
		if err == nil {
			var v proof.Verdict
			if v, err = got.Check(proof.Trust{Keys: w.keys(), Older: &older}); err == nil {
				if got.Receipt != receipt || v.Decision.Get("receipt") != string(receipt) || got.Leaves[0].Leaf != p.Leaves[0].Leaf {
					t.Fatalf("proven: %+v", got)
				}
				return
			}
		}
		for _, known := range ours {
			if errors.Is(err, known) {
				return
			}
		}
		t.Fatalf("error of another kind: %v", err)
	})
}

func FuzzOpenCheckpoint(f *testing.F) {
	w := newWorld(f)
	w.fill(3)
	c := w.checkpoint()
	f.Add(w.sign(c))
	f.Add("a\n1\nAAAA\ntime x\n\n")
	f.Fuzz(func(t *testing.T, signed string) {
		got, err := proof.OpenCheckpoint(signed, w.keys())
		switch {
		case err == nil && got != c:
			t.Fatalf("signed by nobody: %+v", got)
		case err != nil && !errors.Is(err, proof.ErrCheckpoint) && !errors.Is(err, proof.ErrUnsigned):
			t.Fatalf("error of another kind: %v", err)
		}
	})
}

func TestParseKeys(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "{}x", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"} {
		if got, err := proof.ParseKeys([]byte(bad)); !errors.Is(err, proof.ErrKeys) {
			t.Errorf("ParseKeys(%q) = %v, %v, want ErrKeys", bad, got, err)
		}
	}
}
