package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// fileVersion is the version of a register. Version 1 had no times at which
// keys begin to sign.
const fileVersion = 2

// maxFile bounds what is read: thousands of keys.
const maxFile = 4 << 20

// register is what a keystore knows of its keys, as it stands in the file.
type register struct {
	Version int            `json:"version"`
	Sandbox bool           `json:"sandbox,omitempty"`
	Keys    []storedKey    `json:"keys"`
	Secrets []storedSecret `json:"pseudonym_secrets"`
}

type storedKey struct {
	ID        string    `json:"id"`
	State     State     `json:"state"`
	Created   time.Time `json:"created"`
	NotBefore time.Time `json:"not_before,omitzero"` // zero is Created
	NotAfter  time.Time `json:"not_after"`
	Revoked   time.Time `json:"revoked,omitzero"`
	Public    []byte    `json:"public"`            // PKIX, DER
	Private   []byte    `json:"private,omitempty"` // PKCS #8, DER; of keys that sign, unless they are in a token
	Object    []byte    `json:"object,omitempty"`  // CKA_ID of its objects in the token
}

type storedSecret struct {
	Version int    `json:"version"`
	Key     []byte `json:"key,omitempty"`    // unless it is in a token
	Object  []byte `json:"object,omitempty"` // CKA_ID of its object in the token
}

// halves is how a vault gives private halves and secrets to what stands in its
// register.
type halves interface {
	// private is the private half of a key that is active.
	private(k *storedKey) (crypto.Signer, error)
	secret(s *storedSecret) (secret, error)
}

// ring reads a register.
func (f *register) ring(from halves) (*ring, error) {
	if f.Version < 1 || f.Version > fileVersion {
		return nil, fmt.Errorf("version is %d, want %d", f.Version, fileVersion)
	}
	if len(f.Secrets) == 0 {
		return nil, errors.New("no pseudonym secret")
	}
	r := &ring{sandbox: f.Sandbox, keys: make([]signingKey, len(f.Keys)), secrets: make([]secret, len(f.Secrets))}
	for i := range f.Keys {
		var err error
		if r.keys[i], err = f.Keys[i].parse(from); err != nil {
			return nil, fmt.Errorf("key %q: %w", f.Keys[i].ID, err)
		}
	}
	for i := range f.Secrets {
		if f.Secrets[i].Version != i+1 {
			return nil, fmt.Errorf("pseudonym secret %d: wrong order", f.Secrets[i].Version)
		}
		var err error
		if r.secrets[i], err = from.secret(&f.Secrets[i]); err != nil {
			return nil, fmt.Errorf("pseudonym secret %d: %w", i+1, err)
		}
	}
	return r, nil
}

func (k *storedKey) parse(from halves) (signingKey, error) {
	out := signingKey{object: k.Object, Key: Key{
		ID: k.ID, State: k.State, Created: k.Created, NotBefore: k.NotBefore, NotAfter: k.NotAfter, Revoked: k.Revoked,
	}}
	if out.NotBefore.IsZero() {
		out.NotBefore = k.Created
	}
	parsed, err := x509.ParsePKIXPublicKey(k.Public)
	if err != nil {
		return out, err
	}
	public, ok := parsed.(*ecdsa.PublicKey)
	if !ok || public.Curve != elliptic.P256() {
		return out, errors.New("not a P-256 key")
	}
	out.Public = public
	if id, err := keyID(public); err != nil || id != k.ID {
		return out, errors.New("identifier is not the key's")
	}
	switch k.State {
	case Retired, Revoked:
		return out, nil
	case Active:
	default:
		return out, fmt.Errorf("state %q", k.State)
	}
	if out.private, err = from.private(k); err != nil {
		return out, err
	}
	if half, ok := out.private.Public().(*ecdsa.PublicKey); !ok || !half.Equal(public) {
		return out, errors.New("halves do not belong together")
	}
	return out, nil
}

// register is r as it is written.
func (r *ring) register() (*register, error) {
	f := &register{Version: fileVersion, Sandbox: r.sandbox}
	for i := range r.keys {
		k, err := r.keys[i].store()
		if err != nil {
			return nil, err
		}
		f.Keys = append(f.Keys, k)
	}
	for _, s := range r.secrets {
		f.Secrets = append(f.Secrets, s.store())
	}
	return f, nil
}

func (k *signingKey) store() (storedKey, error) {
	out := storedKey{
		ID: k.ID, State: k.State, Created: k.Created, NotBefore: k.NotBefore, NotAfter: k.NotAfter,
		Revoked: k.Key.Revoked, Object: k.object,
	}
	var err error
	if out.Public, err = x509.MarshalPKIXPublicKey(k.Public); err != nil {
		return out, err
	}
	if private, ok := k.private.(*ecdsa.PrivateKey); ok {
		out.Private, err = x509.MarshalPKCS8PrivateKey(private)
	}
	return out, err
}
