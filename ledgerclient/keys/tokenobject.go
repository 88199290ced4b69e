package keys

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"

	"github.com/miekg/pkcs11"
)

// Labels of what Setu makes in a token, for whoever looks into it.
const (
	signingLabel = "setu-sign"
	secretLabel  = "setu-secret"
)

// errNoObject says that a token does not hold what the register names.
var errNoObject = errors.New("the token does not hold it: the register belongs to another token, or the token was cleared")

// errHalves says that a signature does not match the public key.
var errHalves = fmt.Errorf("%w: its signature does not match its public key", ErrToken)

// prime256v1 is the curve's object identifier in DER (RFC 5480 section 2.1.1.1).
var prime256v1 = [...]byte{0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}

// object is the handle of the one object of a class with a CKA_ID.
func (t *token) object(s pkcs11.SessionHandle, class uint, id []byte) (pkcs11.ObjectHandle, error) {
	type key struct {
		class uint
		id    string
	}
	k := key{class, string(id)}
	if h, ok := t.objects.Load(k); ok {
		return h.(pkcs11.ObjectHandle), nil
	}
	found, err := t.search(s, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, class), pkcs11.NewAttribute(pkcs11.CKA_ID, id),
	})
	if err != nil {
		return 0, err
	}
	if len(found) != 1 {
		return 0, errNoObject
	}
	t.objects.Store(k, found[0])
	return found[0], nil
}

// search finds objects: two at the most, which is one too many.
func (t *token) search(s pkcs11.SessionHandle, by []*pkcs11.Attribute) ([]pkcs11.ObjectHandle, error) {
	if err := t.lib.FindObjectsInit(s, by); err != nil {
		return nil, err
	}
	found, _, err := t.lib.FindObjects(s, 2)
	return found, errors.Join(err, t.lib.FindObjectsFinal(s))
}

// sign signs or authenticates octets by one mechanism.
func (t *token) sign(ctx context.Context, mechanism, class uint, id, octets []byte) (out []byte, err error) {
	err = t.do(ctx, func(s pkcs11.SessionHandle) error {
		h, err := t.object(s, class, id)
		if err != nil {
			return err
		}
		if err = t.lib.SignInit(s, []*pkcs11.Mechanism{pkcs11.NewMechanism(mechanism, nil)}, h); err != nil {
			return err
		}
		out, err = t.lib.Sign(s, octets)
		return err
	})
	return out, err
}

// mac is HMAC-SHA-256 by a secret of the token.
func (t *token) mac(id []byte, parts ...string) (sum [sha256.Size]byte, err error) {
	var octets []byte
	for _, p := range parts {
		octets = append(octets, p...)
	}
	out, err := t.sign(context.Background(), pkcs11.CKM_SHA256_HMAC, pkcs11.CKO_SECRET_KEY, id, octets)
	if err == nil && len(out) != len(sum) {
		err = fmt.Errorf("%w: HMAC-SHA-256 has %d octets", ErrToken, len(out))
	}
	copy(sum[:], out)
	return sum, err
}

// newID is a CKA_ID that nothing else has.
func newID() []byte {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails (Go 1.24 and later)
	return id
}

// generateSecret makes a secret of 256 bits that cannot leave the token.
func (t *token) generateSecret(ctx context.Context) (id []byte, err error) {
	err = t.do(ctx, func(s pkcs11.SessionHandle) error {
		id = newID()
		h, err := t.lib.GenerateKey(s, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_GENERIC_SECRET_KEY_GEN, nil)}, []*pkcs11.Attribute{
			pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
			pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_GENERIC_SECRET),
			pkcs11.NewAttribute(pkcs11.CKA_VALUE_LEN, sha256.Size),
			pkcs11.NewAttribute(pkcs11.CKA_SIGN, true),
			pkcs11.NewAttribute(pkcs11.CKA_LABEL, secretLabel),
			pkcs11.NewAttribute(pkcs11.CKA_ID, id),
			pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
			pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, true),
			pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true),
			pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, false),
		})
		if err != nil {
			return err
		}
		return t.keeps(s, h)
	})
	return id, err
}

// generateKey makes a P-256 key whose private half cannot leave the token.
func (t *token) generateKey(ctx context.Context, label string) (key *tokenKey, err error) {
	err = t.do(ctx, func(s pkcs11.SessionHandle) error {
		id := newID()
		public, private, err := t.lib.GenerateKeyPair(s, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_EC_KEY_PAIR_GEN, nil)},
			[]*pkcs11.Attribute{
				pkcs11.NewAttribute(pkcs11.CKA_EC_PARAMS, prime256v1[:]),
				pkcs11.NewAttribute(pkcs11.CKA_VERIFY, true),
				pkcs11.NewAttribute(pkcs11.CKA_LABEL, label),
				pkcs11.NewAttribute(pkcs11.CKA_ID, id),
				pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
			},
			[]*pkcs11.Attribute{
				pkcs11.NewAttribute(pkcs11.CKA_SIGN, true),
				pkcs11.NewAttribute(pkcs11.CKA_LABEL, label),
				pkcs11.NewAttribute(pkcs11.CKA_ID, id),
				pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
				pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, true),
				pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true),
				pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, false),
			})
		if err != nil {
			return err
		}
		if err := t.keeps(s, private); err != nil {
			return err
		}
		point, err := t.lib.GetAttributeValue(s, public, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_EC_POINT, nil)})
		if err != nil {
			return err
		}
		key = &tokenKey{token: t, id: id}
		key.public, err = ecPoint(point[0].Value)
		return err
	})
	if err != nil {
		return nil, err
	}
	return key, key.prove(ctx)
}

// keeps is nil if the token says that an object cannot leave it.
func (t *token) keeps(s pkcs11.SessionHandle, h pkcs11.ObjectHandle) error {
	got, err := t.lib.GetAttributeValue(s, h, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, nil), pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, nil),
	})
	if err != nil {
		return err
	}
	if sensitive, extractable := got[0].Value, got[1].Value; len(sensitive) != 1 || sensitive[0] != 1 || len(extractable) != 1 || extractable[0] != 0 {
		return errors.New("the token would let the key out")
	}
	return nil
}

// ecPoint reads CKA_EC_POINT: an uncompressed point in an OCTET STRING, or, by
// some makers, bare.
func ecPoint(value []byte) (*ecdsa.PublicKey, error) {
	var point []byte
	if rest, err := asn1.Unmarshal(value, &point); err != nil || len(rest) > 0 {
		point = value
	}
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
}

// destroy destroys what the token holds under a CKA_ID.
func (t *token) destroy(ctx context.Context, id []byte) error {
	return t.do(ctx, func(s pkcs11.SessionHandle) error {
		for _, class := range []uint{pkcs11.CKO_PRIVATE_KEY, pkcs11.CKO_PUBLIC_KEY, pkcs11.CKO_SECRET_KEY} {
			h, err := t.object(s, class, id)
			if errors.Is(err, errNoObject) {
				continue
			}
			if err == nil {
				err = t.lib.DestroyObject(s, h)
			}
			if err != nil {
				return err
			}
			t.objects.Clear()
		}
		return nil
	})
}

// tokenKey is a key whose private half is in a token.
type tokenKey struct {
	token  *token
	id     []byte
	public *ecdsa.PublicKey
}

var _ crypto.Signer = (*tokenKey)(nil)

// Public is the public half.
func (k *tokenKey) Public() crypto.PublicKey { return k.public }

// Sign signs a digest in the token, which has its own random numbers.
func (k *tokenKey) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	return k.signContext(context.Background(), digest)
}

func (k *tokenKey) signContext(ctx context.Context, digest []byte) ([]byte, error) {
	raw, err := k.token.sign(ctx, pkcs11.CKM_ECDSA, pkcs11.CKO_PRIVATE_KEY, k.id, digest)
	if err != nil {
		return nil, err
	}
	if len(raw) != 64 {
		return nil, fmt.Errorf("%w: signature of P-256 has %d octets", ErrToken, len(raw))
	}
	return asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])})
}

// prove is nil if the halves belong together.
func (k *tokenKey) prove(ctx context.Context) error {
	digest := sha256.Sum256(k.id)
	sig, err := k.signContext(ctx, digest[:])
	if err == nil && !ecdsa.VerifyASN1(k.public, digest[:], sig) {
		err = errHalves
	}
	return err
}
