package httpsig

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/http"
	"strconv"
	"strings"
	"time"

	"setu/ledgerclient"
)

// label is the name of our signature in the two fields.
const label = "setu"

// half is the length of each half of a signature, octets.
const half = 32

// Signer signs requests by the key that is active.
type Signer struct {
	Keys ledgerclient.EnvelopeSigner
	Now  func() time.Time
}

// Sign adds Content-Digest, Signature-Input and Signature to a request whose
// other fields are final. A nil body is none. If another key becomes active
// meanwhile, it begins again with that one. Errors are those of the key.
func (s *Signer) Sign(ctx context.Context, r *http.Request, body []byte) error {
	if body != nil {
		r.Header.Set(fieldDigest, Digest(body))
	}
	m := OfRequest(r)
	names := m.required()
	for {
		id := s.Keys.KeyID()
		params := s.params(names, id)
		base, err := m.base(names, params)
		if err != nil {
			return err
		}
		sig, err := s.Keys.SignBy(ctx, id, sha256.Sum256(base))
		switch {
		case err == nil:
			return attach(r.Header, params, sig.Sig)
		case ctx.Err() != nil || s.Keys.KeyID() == id:
			return fmt.Errorf("sign request: %w", err)
		}
	}
}

// params are the covered components and the parameters, as they stand in
// Signature-Input (RFC 9421 section 2.3). Key identifiers are plain ASCII
// without quotes.
func (s *Signer) params(names []string, id string) string {
	b := make([]byte, 0, 256)
	b = append(b, `("`...)
	b = append(b, strings.Join(names, `" "`)...)
	b = append(b, `");created=`...)
	b = strconv.AppendInt(b, s.Now().Unix(), 10)
	b = append(b, `;nonce="`...)
	b = append(b, rand.Text()...)
	b = append(b, `";keyid="`...)
	b = append(b, id...)
	return string(append(b, `";alg="`+Algorithm+`";tag="`+Tag+`"`...))
}

// attach sets the two fields. The signature comes in ASN.1, as hardware makes
// it, and goes out as R and S (RFC 9421 section 3.3.4).
func attach(h http.Header, params string, sig []byte) error {
	var rs struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(sig, &rs); err != nil || len(rest) > 0 || rs.R.BitLen() > 8*half || rs.S.BitLen() > 8*half || rs.R.Sign() < 0 || rs.S.Sign() < 0 {
		return fmt.Errorf("%w: not of P-256", ErrSignature)
	}
	var raw [2 * half]byte
	rs.R.FillBytes(raw[:half])
	rs.S.FillBytes(raw[half:])
	h.Set(fieldInput, label+"="+params)
	h.Set(fieldSignature, label+"=:"+base64.StdEncoding.EncodeToString(raw[:])+":")
	return nil
}
