package httpsig

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"net/http"

	"github.com/dunglas/httpsfv"
)

// Digest is a body's Content-Digest (RFC 9530 section 2), by SHA-256.
func Digest(body []byte) string {
	sum := sha256.Sum256(body)
	b := make([]byte, 0, 56)
	b = append(b, "sha-256=:"...)
	b = base64.StdEncoding.AppendEncode(b, sum[:])
	return string(append(b, ':'))
}

// CheckDigest compares the Content-Digest with the body. Every digest of an
// algorithm that we know (sha-256, sha-512) must match, and one must be there.
// The errors are [ErrDigest] and [ErrSyntax].
func CheckDigest(h http.Header, body []byte) error {
	lines := h.Values(fieldDigest)
	if len(lines) == 0 {
		return fmt.Errorf("%w: there is none", ErrDigest)
	}
	dict, err := httpsfv.UnmarshalDictionary(lines)
	if err != nil {
		return fmt.Errorf("%w: Content-Digest", ErrSyntax)
	}
	known := 0
	for _, name := range dict.Names() {
		var want []byte
		switch name {
		case "sha-256":
			sum := sha256.Sum256(body)
			want = sum[:]
		case "sha-512":
			sum := sha512.Sum512(body)
			want = sum[:]
		default:
			continue
		}
		member, _ := dict.Get(name)
		item, ok := member.(httpsfv.Item)
		if !ok {
			return fmt.Errorf("%w: Content-Digest", ErrSyntax)
		}
		got, ok := item.Value.([]byte)
		if !ok {
			return fmt.Errorf("%w: Content-Digest", ErrSyntax)
		}
		if subtle.ConstantTimeCompare(got, want) != 1 {
			return ErrDigest
		}
		known++
	}
	if known == 0 {
		return fmt.Errorf("%w: of no algorithm that we know", ErrDigest)
	}
	return nil
}
