package keys

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"setu/ledgerclient"
)

// Options say how a [Store] works. The zero value is for production.
type Options struct {
	// WorkFactor is the base-2 logarithm of scrypt's N for the passphrase.
	// Each step doubles time and memory: 18 takes 256 MiB and about a
	// second, 10 takes 1 MiB. The zero value is 18, the default of age. A
	// random passphrase needs no work factor.
	WorkFactor int
	// Lifetime is how long a new key may sign; the zero value is 366 days.
	Lifetime time.Duration
	// Now is the clock; nil is the system's.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	if o.WorkFactor == 0 {
		o.WorkFactor = 18
	}
	if o.Lifetime == 0 {
		o.Lifetime = 366 * 24 * time.Hour
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Store is an open keystore. Its methods may be called from many goroutines.
type Store struct {
	path       string
	passphrase string
	options    Options

	change sync.Mutex // held by what writes the file
	ring   atomic.Pointer[ring]
}

var (
	_ ledgerclient.Signer         = (*Store)(nil)
	_ ledgerclient.EnvelopeSigner = (*Store)(nil)
)

// ring is all that a keystore holds. It is never changed, only replaced.
type ring struct {
	keys    []signingKey // by age
	active  int          // in keys, or -1
	secrets []secret     // of pseudonyms, by version
	// departments holds the keys of pseudonyms that were derived.
	departments sync.Map
}

type signingKey struct {
	Key
	private *ecdsa.PrivateKey // nil unless active
}

func newRing(keys []signingKey, secrets []secret) *ring {
	r := &ring{keys: keys, active: -1, secrets: secrets}
	for i := range keys {
		if keys[i].State == Active {
			r.active = i
		}
	}
	return r
}

// find is the key with an identifier, and nil when there is none.
func (r *ring) find(id string) *signingKey {
	for i := range r.keys {
		if r.keys[i].ID == id {
			return &r.keys[i]
		}
	}
	return nil
}

// Create makes a keystore with one active key and a secret for pseudonyms. The
// error is [ErrExists] when there is a file at path.
func Create(path, passphrase string, o Options) (*Store, error) {
	s := &Store{path: path, passphrase: passphrase, options: o.withDefaults()}
	key, err := s.newKey()
	if err != nil {
		return nil, err
	}
	first, err := newSecret(1)
	if err != nil {
		return nil, err
	}
	r := newRing([]signingKey{key}, []secret{first})
	if err := s.write(r, false); err != nil {
		return nil, err
	}
	s.ring.Store(r)
	return s, nil
}

// Open opens a keystore. The errors are [ErrPassphrase], [ErrFormat] and those
// of the file.
func Open(path, passphrase string, o Options) (*Store, error) {
	s := &Store{path: path, passphrase: passphrase, options: o.withDefaults()}
	if err := s.Reload(); err != nil {
		return nil, err
	}
	return s, nil
}

// Reload reads the file again, so that what another process rotated or revoked
// takes effect. On an error all stays as it was.
func (s *Store) Reload() error {
	s.change.Lock()
	defer s.change.Unlock()
	r, err := s.read()
	if err != nil {
		return err
	}
	s.ring.Store(r)
	return nil
}

// Rotate makes a new active key and retires the one before it, whose private
// half is destroyed.
func (s *Store) Rotate() (Key, error) {
	key, err := s.newKey()
	if err != nil {
		return Key{}, err
	}
	err = s.edit(func(keys []signingKey) ([]signingKey, error) {
		for i := range keys {
			if keys[i].State == Active {
				keys[i].State, keys[i].private = Retired, nil
			}
		}
		return append(keys, key), nil
	})
	return key.Key, err
}

// Revoke ends a key: from now on nothing that shows its signature counts. If
// it was the active one, nothing is signed until the next [Store.Rotate]. To
// revoke a key twice changes nothing. The error is [ErrUnknown].
func (s *Store) Revoke(id string) (Key, error) {
	var key Key
	err := s.edit(func(keys []signingKey) ([]signingKey, error) {
		for i := range keys {
			if keys[i].ID != id {
				continue
			}
			if keys[i].State != Revoked {
				keys[i].State, keys[i].private = Revoked, nil
				keys[i].Revoked = s.options.Now().UTC().Truncate(time.Millisecond)
			}
			key = keys[i].Key
			return keys, nil
		}
		return nil, ErrUnknown
	})
	return key, err
}

// edit changes the list of keys, on disk first.
func (s *Store) edit(f func([]signingKey) ([]signingKey, error)) error {
	s.change.Lock()
	defer s.change.Unlock()
	// Read again: another process may have changed the file.
	old, err := s.read()
	if err != nil {
		return err
	}
	keys, err := f(slices.Clone(old.keys))
	if err != nil {
		return err
	}
	r := newRing(keys, old.secrets)
	if err := s.write(r, true); err != nil {
		return err
	}
	s.ring.Store(r)
	return nil
}

func (s *Store) newKey() (signingKey, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return signingKey{}, err
	}
	id, err := keyID(&private.PublicKey)
	now := s.options.Now().UTC().Truncate(time.Millisecond)
	return signingKey{private: private, Key: Key{
		ID: id, State: Active, Created: now, NotAfter: now.Add(s.options.Lifetime), Public: &private.PublicKey,
	}}, err
}

// List gives all keys, oldest first.
func (s *Store) List() []Key {
	r := s.ring.Load()
	list := make([]Key, len(r.keys))
	for i := range r.keys {
		list[i] = r.keys[i].Key
	}
	return list
}

// Public is a key by its identifier.
func (s *Store) Public(id string) (Key, bool) {
	if k := s.ring.Load().find(id); k != nil {
		return k.Key, true
	}
	return Key{}, false
}

// KeyID is the active key's identifier, or "" when there is none.
func (s *Store) KeyID() string {
	r := s.ring.Load()
	if r.active < 0 {
		return ""
	}
	return r.keys[r.active].ID
}

// Sign signs a digest by the active key. The errors are [ErrNoKey] and
// [ErrExpired].
func (s *Store) Sign(ctx context.Context, digest [sha256.Size]byte) (ledgerclient.Signature, error) {
	r := s.ring.Load()
	if r.active < 0 {
		return ledgerclient.Signature{}, ErrNoKey
	}
	return s.sign(ctx, &r.keys[r.active], digest)
}

// SignBy signs a digest by one key. The errors are [ErrUnknown], [ErrRevoked],
// [ErrRetired] and [ErrExpired].
func (s *Store) SignBy(ctx context.Context, id string, digest [sha256.Size]byte) (ledgerclient.Signature, error) {
	k := s.ring.Load().find(id)
	switch {
	case k == nil && id == "":
		return ledgerclient.Signature{}, ErrNoKey
	case k == nil:
		return ledgerclient.Signature{}, ErrUnknown
	}
	return s.sign(ctx, k, digest)
}

func (s *Store) sign(ctx context.Context, k *signingKey, digest [sha256.Size]byte) (ledgerclient.Signature, error) {
	if err := errors.Join(ctx.Err(), k.signs(s.options.Now())); err != nil {
		return ledgerclient.Signature{}, err
	}
	sig, err := ecdsa.SignASN1(rand.Reader, k.private, digest[:])
	return ledgerclient.Signature{KeyID: k.ID, Sig: sig}, err
}
