package ledgerclient

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// MaxBatch is the most documents that one signature covers.
const MaxBatch = 256

// batchContext starts what is signed for a batch, so that it can never be
// taken for the signature of a single document.
const batchContext = "setu batch v1\n"

// Errors of a [Verifier].
var (
	// ErrSignature says that a signature is not that of the document and key.
	ErrSignature = errors.New("ledgerclient: signature does not match")
	// ErrKey says that the key that a signature names is not known or does
	// not count any more.
	ErrKey = errors.New("ledgerclient: key does not count")
	// ErrRevoked says that a key was revoked: what it signed is not taken any
	// more. It is an [ErrKey].
	ErrRevoked = fmt.Errorf("ledgerclient: key is revoked: %w", ErrKey)
)

// Signature is a P-256 signature in ASN.1 DER over SHA-256 (FIPS 186-5), with
// the key that made it.
//
// One signature may cover a batch of documents: the leaves of a Merkle tree
// (RFC 9162 section 2.1.1) are the documents' SHA-256 digests, and what is
// signed is [BatchDigest] of the tree's size and root. Then Path leads from
// this document's leaf to the root. A Size of 0 or 1 is a signature of the
// document alone, without Path.
type Signature struct {
	KeyID string `json:"kid"`
	Sig   []byte `json:"sig"`
	Path  []byte `json:"path,omitempty"`  // hashes of 32 octets each, from the leaf up
	Index int64  `json:"index,omitempty"` // of the leaf in the batch
	Size  int64  `json:"size,omitempty"`  // leaves in the batch
}

// Signer signs digests by the key that is active now. It may put several
// callers' digests under one signature.
type Signer interface {
	Sign(ctx context.Context, digest [sha256.Size]byte) (Signature, error)
}

// EnvelopeSigner signs digests one by one, by a key that is named before the
// digest is made, since the envelope holds the key's name.
type EnvelopeSigner interface {
	// KeyID is the key that signs now, or "" when there is none.
	KeyID() string
	// SignBy signs with that key. It refuses a key that may not sign.
	SignBy(ctx context.Context, keyID string, digest [sha256.Size]byte) (Signature, error)
}

// Verifier checks signatures by the keys that it knows.
type Verifier interface {
	// Verify checks a document's signature. A key that was revoked at or
	// before the time at does not count. The errors are [ErrSignature] and
	// [ErrKey].
	Verify(digest [sha256.Size]byte, s Signature, at time.Time) error
}

// SignedEnvelope is an envelope's canonical bytes with the gateway's signature.
type SignedEnvelope struct {
	Canonical []byte    `json:"canonical"`
	Signature Signature `json:"signature"`
}

// SignedQuery is a query's canonical bytes with the gateway's signature.
type SignedQuery struct {
	Query     Query
	Canonical []byte
	Signature Signature
}

// SignEnvelope names the active key in e, puts e into canonical form and signs
// it. If another key becomes active meanwhile, it begins again with that one.
// Errors are those of [Envelope.Canonical] and of the signer.
func SignEnvelope(ctx context.Context, s EnvelopeSigner, e Envelope) (SignedEnvelope, error) {
	for {
		e.KeyID = s.KeyID()
		canonical, err := e.Canonical()
		if err != nil {
			return SignedEnvelope{}, err
		}
		sig, err := s.SignBy(ctx, e.KeyID, sha256.Sum256(canonical))
		switch {
		case err == nil:
			return SignedEnvelope{Canonical: canonical, Signature: sig}, nil
		case ctx.Err() != nil || s.KeyID() == e.KeyID:
			return SignedEnvelope{}, fmt.Errorf("sign envelope: %w", err)
		}
	}
}

// Open verifies the signature and reads the envelope. The errors are
// [ErrNotCanonical], [ErrSignature] (also when envelope and signature name
// different keys) and those of the verifier.
func (se SignedEnvelope) Open(v Verifier, at time.Time) (Envelope, error) {
	e, err := ParseEnvelope(se.Canonical)
	if err != nil {
		return Envelope{}, err
	}
	if e.KeyID != se.Signature.KeyID {
		return Envelope{}, fmt.Errorf("%w: the envelope names another key", ErrSignature)
	}
	if err := v.Verify(sha256.Sum256(se.Canonical), se.Signature, at); err != nil {
		return Envelope{}, err
	}
	return e, nil
}

// SignQuery puts q into canonical form and signs it. Errors are those of
// [Query.Canonical] and of the signer.
func SignQuery(ctx context.Context, s Signer, q Query) (SignedQuery, error) {
	canonical, err := q.Canonical()
	if err != nil {
		return SignedQuery{}, err
	}
	sig, err := s.Sign(ctx, sha256.Sum256(canonical))
	if err != nil {
		return SignedQuery{}, fmt.Errorf("sign query: %w", err)
	}
	return SignedQuery{Query: q, Canonical: canonical, Signature: sig}, nil
}

// scratches are for canonical forms that are only compared.
var scratches = sync.Pool{New: func() any { return new([]byte) }}

// Verify checks that the canonical bytes are the query's and that they are
// signed. The errors are [ErrNotCanonical], [ErrSignature] and those of the
// verifier.
func (sq SignedQuery) Verify(v Verifier, at time.Time) error {
	scratch, _ := scratches.Get().(*[]byte)
	defer scratches.Put(scratch)
	var err error
	if *scratch, err = sq.Query.AppendCanonical((*scratch)[:0]); err != nil || string(*scratch) != string(sq.Canonical) {
		return ErrNotCanonical
	}
	return v.Verify(sha256.Sum256(sq.Canonical), sq.Signature, at)
}

// BatchDigest is what is signed for a batch of size documents whose Merkle
// tree has the given root.
func BatchDigest(size int64, root [sha256.Size]byte) [sha256.Size]byte {
	b := make([]byte, 0, len(batchContext)+8+sha256.Size)
	b = append(b, batchContext...)
	b = binary.BigEndian.AppendUint64(b, uint64(size))
	return sha256.Sum256(append(b, root[:]...))
}

// SignedDigest is the digest that s.Sig signs, if s is the signature of the
// document with the given digest. The error is [ErrSignature] when index, size
// and path do not fit together.
func (s Signature) SignedDigest(digest [sha256.Size]byte) ([sha256.Size]byte, error) {
	if s.Size <= 1 {
		if s.Size < 0 || s.Index != 0 || len(s.Path) != 0 {
			return digest, ErrSignature
		}
		return digest, nil
	}
	if s.Size > MaxBatch || s.Index < 0 || s.Index >= s.Size || len(s.Path)%sha256.Size != 0 {
		return digest, ErrSignature
	}
	root, ok := rootOf(tlog.RecordHash(digest[:]), s.Path, s.Index, s.Size-1)
	if !ok {
		return digest, ErrSignature
	}
	return BatchDigest(s.Size, root), nil
}

// rootOf climbs from a leaf to the root of a tree whose last leaf has the index
// last, by RFC 9162 section 2.1.3.2. It is false when the path has not the
// length that it must have.
func rootOf(node tlog.Hash, path []byte, index, last int64) (tlog.Hash, bool) {
	for ; len(path) > 0; path = path[sha256.Size:] {
		if last == 0 {
			return node, false
		}
		beside := tlog.Hash(path[:sha256.Size])
		if index&1 == 1 || index == last {
			node = tlog.NodeHash(beside, node)
			for index&1 == 0 && index != 0 {
				index, last = index>>1, last>>1
			}
		} else {
			node = tlog.NodeHash(node, beside)
		}
		index, last = index>>1, last>>1
	}
	return node, last == 0
}

// Verify checks the signature of the document with the given digest by one
// public key. It asks nothing about the key. The error is [ErrSignature].
func (s Signature) Verify(key *ecdsa.PublicKey, digest [sha256.Size]byte) error {
	signed, err := s.SignedDigest(digest)
	if err != nil {
		return err
	}
	if !ecdsa.VerifyASN1(key, signed[:], s.Sig) {
		return ErrSignature
	}
	return nil
}
