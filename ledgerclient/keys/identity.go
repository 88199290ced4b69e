package keys

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/miekg/pkcs11"
)

// ErrIdentity says that a token holds no key of a label that can be an identity's,
// or that its certificate is another key's.
var ErrIdentity = errors.New("keys: not an identity's key")

// Identity is a key in a token that other software knows by its label, such as
// the one of a member of a Fabric organisation. Unlike the keys of a [Store] it
// may have been made by any tool, and it is never rotated here. It is a
// [crypto.Signer]; the token makes the random numbers.
type Identity struct{ key *tokenKey }

var _ crypto.Signer = (*Identity)(nil)

// OpenIdentity opens the key with a label (CKA_LABEL) in a token: the one that
// public is the public half of, as a certificate says. Nil takes the public half
// that the token holds. The errors are [ErrToken], [ErrPIN] and [ErrIdentity].
func OpenIdentity(c TokenConfig, label string, public crypto.PublicKey) (*Identity, error) {
	return identity(c, func(ctx context.Context, t *token) (*tokenKey, error) { return t.labelled(ctx, label, public) })
}

// CreateIdentity makes a key of P-256 with a label, whose private half cannot
// leave the token. The errors are those of [OpenIdentity], and [ErrExists] when
// there is one.
func CreateIdentity(c TokenConfig, label string) (*Identity, error) {
	return identity(c, func(ctx context.Context, t *token) (*tokenKey, error) {
		found, err := t.keysOf(ctx, label)
		if err != nil {
			return nil, err
		}
		if len(found) > 0 {
			return nil, fmt.Errorf("%w: token %q has a key labelled %q", ErrExists, c.Label, label)
		}
		return t.generateKey(ctx, label)
	})
}

func identity(c TokenConfig, get func(context.Context, *token) (*tokenKey, error)) (*Identity, error) {
	t, err := openToken(c, time.Now)
	if err != nil {
		return nil, err
	}
	ctx := context.Background() // the module's calls cannot be broken off
	key, err := get(ctx, t)
	if err == nil {
		err = key.prove(ctx)
	}
	if errors.Is(err, errHalves) {
		err = fmt.Errorf("%w: the certificate is that of another key", ErrIdentity)
	}
	if err != nil {
		return nil, errors.Join(err, t.close())
	}
	return &Identity{key}, nil
}

// Public is the public half.
func (i *Identity) Public() crypto.PublicKey { return i.key.public }

// Is says that public is the public half.
func (i *Identity) Is(public crypto.PublicKey) bool { return i.key.public.Equal(public) }

// Sign signs a digest.
func (i *Identity) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	return i.key.signContext(context.Background(), digest)
}

// Close closes the sessions with the token.
func (i *Identity) Close() error { return i.key.token.close() }

// labelled is the key with a label.
func (t *token) labelled(ctx context.Context, label string, public crypto.PublicKey) (*tokenKey, error) {
	found, err := t.keysOf(ctx, label)
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, fmt.Errorf("%w: token %q holds none labelled %q: make one, or correct the label", ErrIdentity, t.c.Label, label)
	case len(found) > 1:
		return nil, fmt.Errorf("%w: token %q holds %d labelled %q: give the right one a label of its own", ErrIdentity, t.c.Label, len(found), label)
	case len(found[0]) == 0:
		return nil, fmt.Errorf("%w: the one labelled %q has no CKA_ID: give it one", ErrIdentity, label)
	}
	key := &tokenKey{token: t, id: found[0]}
	if public == nil {
		key.public, err = t.publicOf(ctx, found[0])
		return key, err
	}
	var ok bool
	if key.public, ok = public.(*ecdsa.PublicKey); !ok || key.public.Curve != elliptic.P256() {
		return nil, fmt.Errorf("%w: its certificate is not of P-256", ErrIdentity)
	}
	return key, nil
}

// keysOf are the CKA_IDs of the private keys with a label.
func (t *token) keysOf(ctx context.Context, label string) (ids [][]byte, err error) {
	err = t.do(ctx, func(s pkcs11.SessionHandle) error {
		ids = nil
		found, err := t.search(s, []*pkcs11.Attribute{
			pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_PRIVATE_KEY), pkcs11.NewAttribute(pkcs11.CKA_LABEL, label),
		})
		for _, h := range found {
			if err != nil {
				return err
			}
			var got []*pkcs11.Attribute
			if got, err = t.lib.GetAttributeValue(s, h, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_ID, nil)}); err == nil {
				ids = append(ids, got[0].Value)
			}
		}
		return err
	})
	return ids, err
}

// publicOf is the public half that a token holds.
func (t *token) publicOf(ctx context.Context, id []byte) (public *ecdsa.PublicKey, err error) {
	err = t.do(ctx, func(s pkcs11.SessionHandle) error {
		h, err := t.object(s, pkcs11.CKO_PUBLIC_KEY, id)
		if err != nil {
			return err
		}
		point, err := t.lib.GetAttributeValue(s, h, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_EC_POINT, nil)})
		if err != nil {
			return err
		}
		public, err = ecPoint(point[0].Value)
		return err
	})
	if errors.Is(err, errNoObject) {
		err = fmt.Errorf("%w: the token does not hold its public half", ErrIdentity)
	}
	return public, err
}
