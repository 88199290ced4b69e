package keys

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"
)

// fileVersion is the version of what is inside the encrypted file.
const fileVersion = 1

// maxFile bounds what is read: thousands of keys.
const maxFile = 4 << 20

type storedFile struct {
	Version int            `json:"version"`
	Keys    []storedKey    `json:"keys"`
	Secrets []storedSecret `json:"pseudonym_secrets"`
}

type storedKey struct {
	ID       string    `json:"id"`
	State    State     `json:"state"`
	Created  time.Time `json:"created"`
	NotAfter time.Time `json:"not_after"`
	Revoked  time.Time `json:"revoked,omitzero"`
	Public   []byte    `json:"public"`            // PKIX, DER
	Private  []byte    `json:"private,omitempty"` // PKCS #8, DER; of the active key only
}

type storedSecret struct {
	Version int    `json:"version"`
	Key     []byte `json:"key"`
}

// read decrypts and checks the file.
func (s *Store) read() (*ring, error) {
	sealed, err := os.ReadFile(s.path)
	if err != nil {
		return nil, err
	}
	identity, err := age.NewScryptIdentity(s.passphrase)
	if err != nil {
		return nil, fmt.Errorf("%w: it is empty", ErrPassphrase)
	}
	plain, err := age.Decrypt(bytes.NewReader(sealed), identity)
	if err != nil {
		var wrong *age.NoIdentityMatchError
		if errors.As(err, &wrong) {
			return nil, fmt.Errorf("%w: %s", ErrPassphrase, s.path)
		}
		return nil, fmt.Errorf("%w: %s: %w", ErrFormat, s.path, err)
	}
	var f storedFile
	d := json.NewDecoder(io.LimitReader(plain, maxFile))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrFormat, s.path, err)
	}
	r, err := f.ring()
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrFormat, s.path, err)
	}
	return r, nil
}

func (f *storedFile) ring() (*ring, error) {
	if f.Version != fileVersion {
		return nil, fmt.Errorf("version is %d, want %d", f.Version, fileVersion)
	}
	if len(f.Secrets) == 0 {
		return nil, errors.New("no pseudonym secret")
	}
	keys := make([]signingKey, len(f.Keys))
	for i := range f.Keys {
		var err error
		if keys[i], err = f.Keys[i].parse(); err != nil {
			return nil, fmt.Errorf("key %q: %w", f.Keys[i].ID, err)
		}
	}
	secrets := make([]secret, len(f.Secrets))
	for i, s := range f.Secrets {
		if len(s.Key) != sha256.Size || s.Version != i+1 {
			return nil, fmt.Errorf("pseudonym secret %d: wrong length or order", s.Version)
		}
		var err error
		if secrets[i], err = loadSecret(s.Version, s.Key); err != nil {
			return nil, fmt.Errorf("pseudonym secret %d: %w", s.Version, err)
		}
	}
	return newRing(keys, secrets), nil
}

func (k *storedKey) parse() (signingKey, error) {
	out := signingKey{Key: Key{ID: k.ID, State: k.State, Created: k.Created, NotAfter: k.NotAfter, Revoked: k.Revoked}}
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
	private, err := x509.ParsePKCS8PrivateKey(k.Private)
	if err != nil {
		return out, err
	}
	if out.private, ok = private.(*ecdsa.PrivateKey); !ok || !out.private.PublicKey.Equal(public) {
		return out, errors.New("halves do not belong together")
	}
	return out, nil
}

// write encrypts r into the file, whole or not at all.
func (s *Store) write(r *ring, replace bool) error {
	f := storedFile{Version: fileVersion}
	for i := range r.keys {
		k, err := r.keys[i].store()
		if err != nil {
			return err
		}
		f.Keys = append(f.Keys, k)
	}
	for _, x := range r.secrets {
		f.Secrets = append(f.Secrets, storedSecret{x.version, x.key})
	}
	plain, err := json.Marshal(f)
	if err != nil {
		return err
	}
	recipient, err := age.NewScryptRecipient(s.passphrase)
	if err != nil {
		return fmt.Errorf("%w: it is empty", ErrPassphrase)
	}
	recipient.SetWorkFactor(s.options.WorkFactor)
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, recipient)
	if err != nil {
		return fmt.Errorf("encrypt keystore: %w", err)
	}
	if _, err := w.Write(plain); err != nil {
		return fmt.Errorf("encrypt keystore: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("encrypt keystore: %w", err)
	}
	return writeWhole(s.path, sealed.Bytes(), replace)
}

func (k *signingKey) store() (storedKey, error) {
	out := storedKey{ID: k.ID, State: k.State, Created: k.Created, NotAfter: k.NotAfter, Revoked: k.Key.Revoked}
	var err error
	if out.Public, err = x509.MarshalPKIXPublicKey(k.Public); err != nil || k.private == nil {
		return out, err
	}
	out.Private, err = x509.MarshalPKCS8PrivateKey(k.private)
	return out, err
}

// writeWhole makes a file that only its owner reads, or replaces one. After a
// crash there is the old file or the new one, never a part.
func writeWhole(path string, octets []byte, replace bool) (err error) {
	folder := filepath.Dir(path)
	tmp, err := os.CreateTemp(folder, filepath.Base(path)+".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // gone already if all went well
	_, err = tmp.Write(octets)
	if err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	if replace {
		err = os.Rename(tmp.Name(), path)
	} else if err = os.Link(tmp.Name(), path); errors.Is(err, fs.ErrExist) {
		// A link, unlike a rename, never replaces.
		return fmt.Errorf("%w: %s", ErrExists, path)
	}
	if err != nil {
		return err
	}
	d, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Names of the files that [OpenSandbox] keeps in its folder.
const (
	SandboxStore      = "sandbox-keys.age"
	SandboxPassphrase = "sandbox-keys.passphrase"
)

// sandboxWork is enough for a random passphrase, which has over 256 bits.
const sandboxWork = 10

// OpenSandbox opens the keystore of a sandbox in a folder that exists, or makes
// one with a random passphrase in a file beside it. It protects nothing: who
// reads the one file reads the other.
func OpenSandbox(folder string, o Options) (*Store, error) {
	o.WorkFactor = sandboxWork
	store, beside := filepath.Join(folder, SandboxStore), filepath.Join(folder, SandboxPassphrase)
	passphrase, err := ReadPassphrase(beside)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(store); err == nil {
			return nil, fmt.Errorf("%w: %s is missing; put it back, or move %s away to begin anew", ErrPassphrase, beside, store)
		}
		passphrase = rand.Text() + rand.Text()
		err = writeWhole(beside, []byte(passphrase+"\n"), false)
	}
	if err != nil {
		return nil, err
	}
	s, err := Open(store, passphrase, o)
	if errors.Is(err, fs.ErrNotExist) {
		return Create(store, passphrase, o)
	}
	return s, err
}

// ReadPassphrase reads a passphrase from the first line of a file. It refuses
// a file that others than its owner may read.
func ReadPassphrase(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("%w: others may read %s; run chmod 600 on it", ErrPassphrase, path)
	}
	octets, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(octets), "\n")
	return strings.TrimSpace(line), nil
}
