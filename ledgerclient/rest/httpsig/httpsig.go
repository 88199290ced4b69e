// Package httpsig signs HTTP requests and checks their signatures by RFC 9421,
// in the one profile that Setu's ledger service uses: P-256 with SHA-256, a
// Content-Digest (RFC 9530) over every body, a creation time within a window,
// a nonce that is taken once, and a set of components that must be covered.
//
// A signature is refused unless it covers the method, the authority, the path
// and the query, and with a body its type and digest. Whether the digest is
// that of the body is a check of its own ([CheckDigest]): a valid signature
// over a digest says nothing about the body that came along.
package httpsig

import (
	"errors"
	"time"
)

// Algorithm is the only one, by its name in RFC 9421 section 6.2.2.
const Algorithm = "ecdsa-p256-sha256"

// Tag marks our signatures among others on the same message (RFC 9421 section
// 2.3), so that one made for another purpose is never taken for ours.
const Tag = "setu-ledger"

// DefaultWindow is how far a request's creation may lie before or after our
// clock. It is ours: long enough for slow links, short enough for the nonces
// of one window to stay in memory.
const DefaultWindow = 2 * time.Minute

// Errors of a check. They name what is wrong, never a value.
var (
	// ErrMissing says that there is no signature with our tag.
	ErrMissing = errors.New("httpsig: no signature")
	// ErrSyntax says that a field is not what RFC 9421 or RFC 9530 say.
	ErrSyntax = errors.New("httpsig: field is malformed")
	// ErrCoverage says that the signature does not cover all that it must.
	ErrCoverage = errors.New("httpsig: signature covers too little")
	// ErrSignature says that the signature is not that of the message.
	ErrSignature = errors.New("httpsig: signature does not match")
	// ErrDigest says that the Content-Digest is missing or another body's.
	ErrDigest = errors.New("httpsig: digest is not the body's")
	// ErrClock says that the signature was made outside the window: a
	// clock is wrong, or the request is old.
	ErrClock = errors.New("httpsig: made too long ago or in the future")
	// ErrReplayed says that the nonce was seen before.
	ErrReplayed = errors.New("httpsig: seen before")
	// ErrFull says that no more nonces can be remembered now.
	ErrFull = errors.New("httpsig: too many requests in the window")
)

// Names of the fields.
const (
	fieldInput     = "Signature-Input"
	fieldSignature = "Signature"
	fieldDigest    = "Content-Digest"
	fieldKey       = "Idempotency-Key"
)
