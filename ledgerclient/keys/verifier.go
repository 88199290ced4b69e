package keys

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"sync"
	"time"

	"setu/ledgerclient"
)

// Publics gives public keys by their identifiers. [Store] is one.
type Publics interface {
	Public(id string) (Key, bool)
}

// verifiedRoots is how many verified signatures a [Verifier] remembers, twice
// over: as many batches as are under way at any one time, by far.
const verifiedRoots = 1024

// Verifier checks signatures. A signature that covers a batch is computed once
// for all its documents, as long as it is remembered. Its methods may be called
// from many goroutines.
type Verifier struct {
	keys Publics

	mu sync.Mutex
	// recent is filled up to verifiedRoots, then becomes old, and what was
	// old is forgotten.
	recent, old map[signed]*verdict
}

var _ ledgerclient.Verifier = (*Verifier)(nil)

// signed is what a signature covers, and the key that it names.
type signed struct {
	digest [sha256.Size]byte
	keyID  string
}

// verdict is a signature that is being computed, or was, by whoever came first.
type verdict struct {
	once sync.Once
	sig  []byte
	good bool
}

// NewVerifier makes a verifier of keys.
func NewVerifier(keys Publics) *Verifier {
	return &Verifier{keys: keys, recent: make(map[signed]*verdict)}
}

// Verify checks a document's signature as of the time at. The errors are
// [ledgerclient.ErrSignature], [ErrUnknown] and [ErrRevoked].
func (v *Verifier) Verify(digest [sha256.Size]byte, s ledgerclient.Signature, at time.Time) error {
	key, ok := v.keys.Public(s.KeyID)
	if !ok {
		return ErrUnknown
	}
	if err := key.counts(at); err != nil {
		return err
	}
	covered, err := s.SignedDigest(digest)
	if err != nil {
		return err
	}
	is := signed{covered, key.ID}
	d := v.verdict(is, s.Sig)
	d.once.Do(func() { d.good = ecdsa.VerifyASN1(key.Public, covered[:], d.sig) })
	if !d.good {
		v.forget(is, d)
		return ledgerclient.ErrSignature
	}
	return nil
}

// Made tells of a signature that this process has computed itself just now, so
// that it is not computed again. Whether its key counts is still asked with each
// [Verifier.Verify]. It is for documents that nobody keeps: of others a signer's
// fault would be found too late.
func (v *Verifier) Made(digest [sha256.Size]byte, s ledgerclient.Signature) {
	d := v.verdict(signed{digest, s.KeyID}, s.Sig)
	d.once.Do(func() { d.good = true })
}

// verdict is the remembered one on this very signature, or a new one.
func (v *Verifier) verdict(is signed, sig []byte) *verdict {
	v.mu.Lock()
	defer v.mu.Unlock()
	d, ok := v.recent[is]
	if !ok {
		d, ok = v.old[is]
	}
	if ok && bytes.Equal(d.sig, sig) {
		return d
	}
	if len(v.recent) >= verifiedRoots {
		v.old, v.recent = v.recent, make(map[signed]*verdict)
	}
	d = &verdict{sig: bytes.Clone(sig)}
	v.recent[is] = d
	return d
}

// forget drops a bad verdict, so that bad signatures fill no memory.
func (v *Verifier) forget(is signed, d *verdict) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.recent[is] == d {
		delete(v.recent, is)
	}
}
