package keys

import (
	"bytes"
	"crypto"
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

	"filippo.io/age"
)

// fileVault keeps everything in one file that a passphrase encrypts.
type fileVault struct {
	path       string
	passphrase string
	work       int
}

var _ vault = (*fileVault)(nil)

func (v *fileVault) close() error { return nil }

func (v *fileVault) newKey() (crypto.Signer, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return key, nil, err
}

func (v *fileVault) newSecret(version int) (secret, error) { return newFileSecret(version) }

// load decrypts and checks the file.
func (v *fileVault) load() (*ring, error) {
	sealed, err := os.ReadFile(v.path)
	if err != nil {
		return nil, err
	}
	identity, err := age.NewScryptIdentity(v.passphrase)
	if err != nil {
		return nil, fmt.Errorf("%w: it is empty", ErrPassphrase)
	}
	plain, err := age.Decrypt(bytes.NewReader(sealed), identity)
	if err != nil {
		var wrong *age.NoIdentityMatchError
		if errors.As(err, &wrong) {
			return nil, fmt.Errorf("%w: %s", ErrPassphrase, v.path)
		}
		return nil, fmt.Errorf("%w: %s: %w", ErrFormat, v.path, err)
	}
	var f register
	d := json.NewDecoder(io.LimitReader(plain, maxFile))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrFormat, v.path, err)
	}
	r, err := f.ring(v)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrFormat, v.path, err)
	}
	return r, nil
}

func (v *fileVault) private(k *storedKey) (crypto.Signer, error) {
	private, err := x509.ParsePKCS8PrivateKey(k.Private)
	if err != nil {
		return nil, err
	}
	key, ok := private.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errors.New("not a P-256 key")
	}
	return key, nil
}

func (v *fileVault) secret(s *storedSecret) (secret, error) {
	if len(s.Key) != sha256.Size {
		return nil, errors.New("wrong length")
	}
	return loadFileSecret(s.Version, s.Key)
}

// save encrypts r into the file, whole or not at all. Halves that are not in r
// are gone with the old file.
func (v *fileVault) save(r *ring, replace bool) error {
	f, err := r.register()
	if err != nil {
		return err
	}
	plain, err := json.Marshal(f)
	if err != nil {
		return err
	}
	recipient, err := age.NewScryptRecipient(v.passphrase)
	if err != nil {
		return fmt.Errorf("%w: it is empty", ErrPassphrase)
	}
	recipient.SetWorkFactor(v.work)
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
	return writeWhole(v.path, sealed.Bytes(), replace)
}

// discard does nothing: what save left out is gone with the old file.
func (v *fileVault) discard(*ring) {}

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
