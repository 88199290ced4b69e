package keys

import (
	"crypto"
	"crypto/sha256"
	"io"
	"path/filepath"
	"testing"
)

// watchedVault is told when halves are destroyed.
type watchedVault struct {
	vault
	discarding func(r *ring)
}

func (v watchedVault) discard(r *ring) { v.discarding(r) }

// A half is destroyed only when its key is not the one that signs any more.
func TestStore_DiscardsWhenInForce(t *testing.T) {
	t.Parallel()
	s, err := Create(filepath.Join(t.TempDir(), "keys.age"), "test", Options{WorkFactor: 1})
	if err != nil {
		t.Fatal(err)
	}
	old, discarded := s.KeyID(), 0
	s.vault = watchedVault{s.vault, func(r *ring) {
		discarded++
		if s.KeyID() == old || s.ring.Load() != r {
			t.Errorf("halves are destroyed while %s still signs", old)
		}
	}}
	if _, err := s.Rotate(); err != nil {
		t.Fatal(err)
	}
	if discarded != 1 {
		t.Errorf("halves were discarded %d times, want once", discarded)
	}
}

// gone is a half that is destroyed just when it is asked, since another key signs
// by then.
type gone struct {
	crypto.Signer
	meanwhile func()
}

func (g gone) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	g.meanwhile()
	return nil, errNoObject
}

// Who has chosen a key that is replaced meanwhile signs by the next one.
func TestStore_SignWhileReplaced(t *testing.T) {
	t.Parallel()
	s, err := Create(filepath.Join(t.TempDir(), "keys.age"), "test", Options{WorkFactor: 1})
	if err != nil {
		t.Fatal(err)
	}
	key := s.ring.Load().keys[0]
	key.private = gone{key.private, func() {
		if _, err := s.Rotate(); err != nil {
			t.Error(err)
		}
	}}
	s.ring.Store(&ring{keys: []signingKey{key}, secrets: s.ring.Load().secrets})
	sig, err := s.Sign(t.Context(), sha256.Sum256(nil))
	if err != nil || sig.KeyID == key.ID || sig.KeyID != s.KeyID() {
		t.Errorf("Sign() while the key is replaced = key %q, %v, want the new one", sig.KeyID, err)
	}
}
