package keys

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
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
	// Sandbox marks a keystore that is made as a sandbox's. One that is so
	// marked opens only with it: see [ErrSandbox].
	Sandbox bool
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
	path    string // of the register
	vault   vault
	options Options

	change sync.Mutex // held by what reads or writes the file
	seen   fs.FileInfo
	ring   atomic.Pointer[ring]
}

var (
	_ ledgerclient.Signer         = (*Store)(nil)
	_ ledgerclient.EnvelopeSigner = (*Store)(nil)
)

// vault is where a keystore's halves, secrets and register are kept.
type vault interface {
	maker
	load() (*ring, error)
	// save writes the register, whole or not at all.
	save(r *ring, replace bool) error
	// discard destroys the private halves that r has no use for, when r is
	// what signs.
	discard(r *ring)
	close() error
}

// maker makes what a vault keeps.
type maker interface {
	// newKey makes a P-256 key; in a token it also gives its object there.
	newKey() (crypto.Signer, []byte, error)
	newSecret(version int) (secret, error)
}

// ring is all that a keystore holds. It is never changed, only replaced.
type ring struct {
	sandbox bool
	keys    []signingKey // by age
	secrets []secret     // of pseudonyms, by version
}

type signingKey struct {
	Key
	private crypto.Signer // nil unless active
	object  []byte        // in the token, if it is in one
}

// active is the key that signs at a time: of those whose time has come, the
// last. It is nil when there is none.
func (r *ring) active(now time.Time) *signingKey {
	var found *signingKey
	for i := range r.keys {
		k := &r.keys[i]
		if k.State == Active && !now.Before(k.NotBefore) && (found == nil || !k.NotBefore.Before(found.NotBefore)) {
			found = k
		}
	}
	return found
}

// at is a key with the state that it has at a time.
func (r *ring) at(k *signingKey, now time.Time) Key {
	out := k.Key
	switch {
	case k.State != Active:
	case now.Before(k.NotBefore):
		out.State = Next
	case k != r.active(now):
		out.State = Retired
	}
	return out
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

// superseded says that a key still has its private half, although another signs
// in its place.
func (r *ring) superseded(now time.Time) bool {
	return slices.ContainsFunc(r.keys, func(k signingKey) bool {
		return k.State == Active && !now.Before(k.NotBefore) && k.ID != r.active(now).ID
	})
}

// retire takes their private halves from the keys that another has taken the
// place of.
func (r *ring) retire(now time.Time) {
	current := r.active(now)
	for i := range r.keys {
		if k := &r.keys[i]; k != current && k.State == Active && !now.Before(k.NotBefore) {
			k.State, k.private = Retired, nil
		}
	}
}

// Create makes a keystore in a file, with one active key and a secret for
// pseudonyms. The error is [ErrExists] when there is a file at path.
func Create(path, passphrase string, o Options) (*Store, error) {
	o = o.withDefaults()
	return create(path, &fileVault{path, passphrase, o.WorkFactor}, o)
}

// Open opens a keystore in a file. The errors are [ErrPassphrase], [ErrFormat],
// [ErrSandbox] and those of the file.
func Open(path, passphrase string, o Options) (*Store, error) {
	o = o.withDefaults()
	return open(path, &fileVault{path, passphrase, o.WorkFactor}, o)
}

func create(path string, v vault, o Options) (*Store, error) {
	s := &Store{path: path, vault: v, options: o}
	key, err := s.newKey(0)
	if err != nil {
		return nil, err
	}
	first, err := v.newSecret(1)
	if err != nil {
		return nil, err
	}
	r := &ring{sandbox: o.Sandbox, keys: []signingKey{key}, secrets: []secret{first}}
	if err := v.save(r, false); err != nil {
		return nil, err
	}
	s.take(r)
	return s, nil
}

func open(path string, v vault, o Options) (*Store, error) {
	s := &Store{path: path, vault: v, options: o}
	if err := s.Reload(); err != nil {
		return nil, err
	}
	return s, nil
}

// Close lets go of the token, if there is one.
func (s *Store) Close() error { return s.vault.close() }

// take puts r to work, which is what the file holds now.
func (s *Store) take(r *ring) {
	s.ring.Store(r)
	s.seen, _ = os.Stat(s.path) // without it the file is read once more
}

// Reload reads the register again, so that what another process rotated or
// revoked takes effect. On an error all stays as it was.
func (s *Store) Reload() error {
	s.change.Lock()
	defer s.change.Unlock()
	r, err := s.load()
	if err != nil {
		return err
	}
	s.take(r)
	return nil
}

func (s *Store) load() (*ring, error) {
	r, err := s.vault.load()
	if err != nil {
		return nil, err
	}
	if r.sandbox && !s.options.Sandbox {
		return nil, ErrSandbox
	}
	r.sandbox = s.options.Sandbox
	return r, nil
}

// Rotate makes a new active key and retires the one before it, whose private
// half is destroyed.
func (s *Store) Rotate() (Key, error) { return s.RotateIn(0) }

// RotateIn makes a key that takes over after a time. Until then it is the next
// one, and the active one signs on: time to make the next one known wherever
// signatures are checked.
func (s *Store) RotateIn(overlap time.Duration) (Key, error) {
	key, err := s.newKey(overlap)
	if err != nil {
		return Key{}, err
	}
	err = s.edit(func(keys []signingKey) ([]signingKey, error) { return append(keys, key), nil })
	if err != nil {
		return Key{}, err
	}
	return s.ring.Load().at(&key, s.options.Now()), nil
}

// Revoke ends a key: from now on nothing that shows its signature counts. If
// it was the active one, nothing is signed until the next key takes over. To
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

// edit changes the list of keys, on disk first. Keys that another has taken the
// place of lose their private halves.
func (s *Store) edit(f func([]signingKey) ([]signingKey, error)) error {
	s.change.Lock()
	defer s.change.Unlock()
	// Read again: another process may have changed the file.
	old, err := s.load()
	if err != nil {
		return err
	}
	r := &ring{sandbox: old.sandbox, keys: slices.Clone(old.keys), secrets: old.secrets}
	r.retire(s.options.Now()) // first: a key does not come back when the one after it is revoked
	if r.keys, err = f(r.keys); err != nil {
		return err
	}
	r.retire(s.options.Now())
	if err := s.vault.save(r, true); err != nil {
		return err
	}
	s.take(r)
	s.vault.discard(r)
	return nil
}

func (s *Store) newKey(overlap time.Duration) (signingKey, error) {
	private, object, err := s.vault.newKey()
	if err != nil {
		return signingKey{}, err
	}
	public, ok := private.Public().(*ecdsa.PublicKey)
	if !ok {
		return signingKey{}, errors.New("keys: not a P-256 key")
	}
	id, err := keyID(public)
	now := s.options.Now().UTC().Truncate(time.Millisecond)
	begin := now.Add(max(0, overlap))
	return signingKey{private: private, object: object, Key: Key{
		ID: id, State: Active, Created: now, NotBefore: begin, NotAfter: begin.Add(s.options.Lifetime), Public: public,
	}}, err
}

// List gives all keys, oldest first, as they stand now.
func (s *Store) List() []Key {
	r, now := s.ring.Load(), s.options.Now()
	list := make([]Key, len(r.keys))
	for i := range r.keys {
		list[i] = r.at(&r.keys[i], now)
	}
	return list
}

// Public is a key by its identifier, as it stands now.
func (s *Store) Public(id string) (Key, bool) {
	r := s.ring.Load()
	if k := r.find(id); k != nil {
		return r.at(k, s.options.Now()), true
	}
	return Key{}, false
}

// KeyID is the active key's identifier, or "" when there is none.
func (s *Store) KeyID() string {
	if k := s.ring.Load().active(s.options.Now()); k != nil {
		return k.ID
	}
	return ""
}

// Sign signs a digest by the active key. If another key becomes active meanwhile,
// and the half of that one is destroyed, it begins again with the new one. The
// errors are [ErrNoKey], [ErrExpired] and those of the token.
func (s *Store) Sign(ctx context.Context, digest [sha256.Size]byte) (ledgerclient.Signature, error) {
	for {
		now := s.options.Now()
		k := s.ring.Load().active(now)
		if k == nil {
			return ledgerclient.Signature{}, ErrNoKey
		}
		sig, err := k.sign(ctx, now, digest)
		if err == nil || ctx.Err() != nil || s.KeyID() == k.ID {
			return sig, err
		}
	}
}

// SignBy signs a digest by one key. The errors are [ErrUnknown], [ErrRevoked],
// [ErrRetired], [ErrEarly], [ErrExpired] and those of the token.
func (s *Store) SignBy(ctx context.Context, id string, digest [sha256.Size]byte) (ledgerclient.Signature, error) {
	now, r := s.options.Now(), s.ring.Load()
	k := r.find(id)
	switch {
	case k == nil && id == "":
		return ledgerclient.Signature{}, ErrNoKey
	case k == nil:
		return ledgerclient.Signature{}, ErrUnknown
	case k.signs(now) == nil && k != r.active(now):
		return ledgerclient.Signature{}, ErrRetired
	}
	return k.sign(ctx, now, digest)
}

func (k *signingKey) sign(ctx context.Context, now time.Time, digest [sha256.Size]byte) (ledgerclient.Signature, error) {
	if err := errors.Join(ctx.Err(), k.signs(now)); err != nil {
		return ledgerclient.Signature{}, err
	}
	sig, err := k.private.Sign(rand.Reader, digest[:], crypto.SHA256)
	return ledgerclient.Signature{KeyID: k.ID, Sig: sig}, err
}
