package fabric

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"github.com/hyperledger/fabric-gateway/pkg/identity"
)

// errSign says that the key does not sign, as when its token is out of reach.
var errSign = errors.New("fabric: the identity's key does not sign")

// newSign signs digests as Fabric wants it: ECDSA over P-256 with the smaller of
// the two values of S. A peer refuses the larger one as "access denied" without
// a reason, and hardware modules make either.
func newSign(key crypto.Signer, cert *x509.Certificate) (identity.Sign, error) {
	public, ok := key.Public().(*ecdsa.PublicKey)
	if !ok || public.Curve != elliptic.P256() {
		return nil, fmt.Errorf("%w: key is not of P-256", ErrOptions)
	}
	if !public.Equal(cert.PublicKey) {
		return nil, fmt.Errorf("%w: certificate is not that of the key", ErrOptions)
	}
	return func(digest []byte) ([]byte, error) {
		sig, err := key.Sign(rand.Reader, digest, crypto.SHA256)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errSign, err)
		}
		return lowS(sig, public.Params().N)
	}, nil
}

// lowS gives an ECDSA signature in ASN.1 DER the smaller value of S.
func lowS(sig []byte, order *big.Int) ([]byte, error) {
	var rs struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(sig, &rs); err != nil || len(rest) > 0 {
		return nil, fmt.Errorf("read signature: not ASN.1: %w", err)
	}
	if rs.S.Cmp(new(big.Int).Rsh(order, 1)) <= 0 {
		return sig, nil
	}
	rs.S.Sub(order, rs.S)
	return asn1.Marshal(rs)
}
