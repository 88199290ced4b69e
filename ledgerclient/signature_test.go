package ledgerclient_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"setu/ledgerclient"
)

// oneKey signs and verifies by a key of the test.
type oneKey struct {
	id      string
	private *ecdsa.PrivateKey
}

func newKey(t testing.TB) oneKey {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return oneKey{"test", private}
}

func (k oneKey) KeyID() string { return k.id }

func (k oneKey) Sign(_ context.Context, digest [sha256.Size]byte) (ledgerclient.Signature, error) {
	// Without a source of randomness the signature is that of RFC 6979, which
	// is the same every time.
	sig, err := k.private.Sign(nil, digest[:], crypto.SHA256)
	return ledgerclient.Signature{KeyID: k.id, Sig: sig}, err
}

func (k oneKey) SignBy(ctx context.Context, _ string, digest [sha256.Size]byte) (ledgerclient.Signature, error) {
	return k.Sign(ctx, digest)
}

func (k oneKey) Verify(digest [sha256.Size]byte, s ledgerclient.Signature, _ time.Time) error {
	if s.KeyID != k.id {
		return ledgerclient.ErrKey
	}
	return s.Verify(&k.private.PublicKey, digest)
}

func TestSignEnvelope(t *testing.T) {
	t.Parallel()
	k, ctx, at := newKey(t), t.Context(), time.Now()
	signed, err := ledgerclient.SignEnvelope(ctx, k, exampleEnvelope())
	if err != nil {
		t.Fatal(err)
	}
	e, err := signed.Open(k, at)
	if err != nil || e.KeyID != "test" || e.Receipt != exampleEnvelope().Receipt {
		t.Errorf("Open() = %v, %v, want the envelope by the key test", e.KeyID, err)
	}
	forged := signed
	forged.Canonical = append([]byte(nil), signed.Canonical...)
	forged.Canonical[len(`{"args":{"beneficiary":"`)]++
	if _, err := forged.Open(k, at); !errors.Is(err, ledgerclient.ErrSignature) {
		t.Errorf("Open() with another beneficiary: %v, want ErrSignature", err)
	}
	other := newKey(t)
	other.id = "other"
	passedOff := signed
	passedOff.Signature.KeyID = "other"
	if _, err := passedOff.Open(other, at); !errors.Is(err, ledgerclient.ErrSignature) {
		t.Errorf("Open() under another key's name: %v, want ErrSignature", err)
	}
	if _, err := ledgerclient.SignEnvelope(ctx, k, ledgerclient.Envelope{}); !errors.Is(err, ledgerclient.ErrEnvelope) {
		t.Errorf("SignEnvelope(empty): %v, want ErrEnvelope", err)
	}
}

func TestSignQuery(t *testing.T) {
	t.Parallel()
	k, at := newKey(t), time.Now()
	signed, err := ledgerclient.SignQuery(t.Context(), k, exampleQuery())
	if err != nil {
		t.Fatal(err)
	}
	if err := signed.Verify(k, at); err != nil {
		t.Errorf("Verify() = %v, want nil", err)
	}
	// What is executed must be what was signed.
	swapped := signed
	swapped.Query.Call.Args = map[string]string{"beneficiary": "1000000028"}
	if err := swapped.Verify(k, at); !errors.Is(err, ledgerclient.ErrNotCanonical) {
		t.Errorf("Verify() with another question: %v, want ErrNotCanonical", err)
	}
	broken := signed
	broken.Signature.Sig = append([]byte(nil), signed.Signature.Sig...)
	broken.Signature.Sig[len(broken.Signature.Sig)-1] ^= 1
	if err := broken.Verify(k, at); !errors.Is(err, ledgerclient.ErrSignature) {
		t.Errorf("Verify() with another signature: %v, want ErrSignature", err)
	}
}

// batch signs a Merkle tree made by another implementation, x/mod's, and gives
// each document's signature.
func batch(t testing.TB, k oneKey, digests [][sha256.Size]byte) []ledgerclient.Signature {
	t.Helper()
	var hashes []tlog.Hash
	reader := tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(at))
		for i, n := range at {
			out[i] = hashes[n]
		}
		return out, nil
	})
	for i := range digests {
		more, err := tlog.StoredHashes(int64(i), digests[i][:], reader)
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, more...)
	}
	size := int64(len(digests))
	root, err := tlog.TreeHash(size, reader)
	if err != nil {
		t.Fatal(err)
	}
	one, err := k.Sign(t.Context(), ledgerclient.BatchDigest(size, root))
	if err != nil {
		t.Fatal(err)
	}
	sigs := make([]ledgerclient.Signature, size)
	for i := range sigs {
		proof, err := tlog.ProveRecord(size, int64(i), reader)
		if err != nil {
			t.Fatal(err)
		}
		sigs[i] = ledgerclient.Signature{KeyID: one.KeyID, Sig: one.Sig, Index: int64(i), Size: size}
		for _, h := range proof {
			sigs[i].Path = append(sigs[i].Path, h[:]...)
		}
	}
	return sigs
}

func TestSignature_Batch(t *testing.T) {
	t.Parallel()
	k := newKey(t)
	for _, size := range []int{2, 3, 4, 5, 7, 8, 31, 64, 100, 255, 256} {
		digests := make([][sha256.Size]byte, size)
		for i := range digests {
			digests[i] = sha256.Sum256([]byte{byte(i), byte(size)})
		}
		for i, s := range batch(t, k, digests) {
			if err := s.Verify(&k.private.PublicKey, digests[i]); err != nil {
				t.Errorf("Verify(leaf %d of %d) = %v, want nil", i, size, err)
			}
			if err := s.Verify(&k.private.PublicKey, digests[(i+1)%size]); !errors.Is(err, ledgerclient.ErrSignature) {
				t.Errorf("Verify(leaf %d of %d with another's proof) = %v, want ErrSignature", i, size, err)
			}
		}
	}
}

func TestSignature_BatchRefuses(t *testing.T) {
	t.Parallel()
	k := newKey(t)
	digests := make([][sha256.Size]byte, 5)
	for i := range digests {
		digests[i] = sha256.Sum256([]byte{byte(i)})
	}
	good := batch(t, k, digests)[2]
	plain, err := k.Sign(t.Context(), digests[2])
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		from   ledgerclient.Signature
		change func(*ledgerclient.Signature)
	}{
		{"another index", good, func(s *ledgerclient.Signature) { s.Index = 1 }},
		{"index past the end", good, func(s *ledgerclient.Signature) { s.Index = 5 }},
		{"negative index", good, func(s *ledgerclient.Signature) { s.Index = -1 }},
		{"another size", good, func(s *ledgerclient.Signature) { s.Size = 6 }},
		{"size too large", good, func(s *ledgerclient.Signature) { s.Size = 257 }},
		{"negative size", good, func(s *ledgerclient.Signature) { s.Size = -1 }},
		{"path cut", good, func(s *ledgerclient.Signature) { s.Path = s.Path[:64] }},
		{"path cut within a hash", good, func(s *ledgerclient.Signature) { s.Path = s.Path[:95] }},
		{"no path", good, func(s *ledgerclient.Signature) { s.Path = nil }},
		{"path too long", good, func(s *ledgerclient.Signature) { s.Path = append(s.Path[:96:96], s.Path[:32]...) }},
		{"root passed off as a document", good, func(s *ledgerclient.Signature) { *s = ledgerclient.Signature{Sig: s.Sig} }},
		{"plain signature with a path", plain, func(s *ledgerclient.Signature) { s.Path = good.Path }},
		{"plain signature with an index", plain, func(s *ledgerclient.Signature) { s.Index = 1 }},
		{"plain signature passed off as a batch", plain, func(s *ledgerclient.Signature) {
			s.Path, s.Index, s.Size = good.Path, good.Index, good.Size
		}},
		{"no signature", good, func(s *ledgerclient.Signature) { s.Sig = nil }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := tt.from
			tt.change(&s)
			if err := s.Verify(&k.private.PublicKey, digests[2]); !errors.Is(err, ledgerclient.ErrSignature) {
				t.Errorf("Verify() = %v, want ErrSignature", err)
			}
		})
	}
	if err := plain.Verify(&k.private.PublicKey, digests[2]); err != nil {
		t.Errorf("Verify(plain) = %v, want nil", err)
	}
}

func TestHide(t *testing.T) {
	t.Parallel()
	salt := ledgerclient.NewSalt()
	hidden := ledgerclient.Hide("\u09df", salt)
	if again := ledgerclient.Hide("\u09af\u09bc", salt); again != hidden {
		t.Errorf("Hide of য় in parts = %q, want %q as of the letter", again, hidden)
	}
	if other := ledgerclient.Hide("\u09df", ledgerclient.NewSalt()); other == hidden {
		t.Errorf("Hide with another salt = %q, want another hash", other)
	}
	for in, want := range map[string]bool{
		hidden: true, "": false, "sha256:": false, hidden + "0": false, hidden[:len(hidden)-1] + "G": false, "the words themselves": false,
	} {
		if got := ledgerclient.IsHidden(in); got != want {
			t.Errorf("IsHidden(%q) = %v, want %v", in, got, want)
		}
	}
}
