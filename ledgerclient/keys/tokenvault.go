package keys

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/miekg/pkcs11"
)

// What the token's secret authenticates begins with its purpose, so that a
// pseudonym is never a register's code.
const (
	registerPurpose  = "setu register v1\n"
	pseudonymPurpose = "setu pseudonym v1\n"
)

// tokenVault keeps halves and secrets in a token, and the register in a file
// that the token authenticates: who writes that file alone can put back an
// older one, but no key that was destroyed.
type tokenVault struct {
	path  string
	token *token
}

var _ vault = (*tokenVault)(nil)

// registerFile is the register as it stands beside a token.
type registerFile struct {
	Token    string          `json:"token"`  // label, for people
	Serial   string          `json:"serial"` // of the token
	Register json.RawMessage `json:"register"`
	MAC      []byte          `json:"mac"` // HMAC-SHA-256 of the register by the token
}

// CreateInToken makes a keystore in a token, with its register in a file. The
// error is [ErrExists] when there is a file at path.
func CreateInToken(path string, c TokenConfig, o Options) (*Store, error) {
	if _, err := os.Stat(path); err == nil {
		return nil, fmt.Errorf("%w: %s", ErrExists, path)
	}
	return inToken(path, c, o.withDefaults(), create)
}

// OpenInToken opens a keystore in a token. The errors are [ErrToken], [ErrPIN],
// [ErrForged], [ErrFormat], [ErrSandbox] and those of the file.
func OpenInToken(path string, c TokenConfig, o Options) (*Store, error) {
	return inToken(path, c, o.withDefaults(), open)
}

func inToken(path string, c TokenConfig, o Options, act func(string, vault, Options) (*Store, error)) (*Store, error) {
	t, err := openToken(c, o.Now)
	if err != nil {
		return nil, err
	}
	s, err := act(path, &tokenVault{path, t}, o)
	if err != nil {
		return nil, errors.Join(err, t.close())
	}
	return s, nil
}

func (v *tokenVault) close() error { return v.token.close() }

func (v *tokenVault) newKey() (crypto.Signer, []byte, error) {
	key, err := v.token.generateKey(context.Background(), signingLabel)
	if err != nil {
		return nil, nil, fmt.Errorf("make key: %w", err)
	}
	return key, key.id, nil
}

func (v *tokenVault) newSecret(version int) (secret, error) {
	id, err := v.token.generateSecret(context.Background())
	if err != nil {
		return nil, fmt.Errorf("make secret: %w", err)
	}
	return &tokenSecret{v.token, version, id}, nil
}

// load reads the register and asks the token whether it is its own.
func (v *tokenVault) load() (*ring, error) {
	raw, err := os.ReadFile(v.path)
	if err != nil {
		return nil, err
	}
	var f registerFile
	var reg register
	if err := strictly(raw, &f); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrFormat, v.path, err)
	}
	if err := strictly(f.Register, &reg); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrFormat, v.path, err)
	}
	if len(reg.Secrets) == 0 {
		return nil, fmt.Errorf("%w: %s: no pseudonym secret", ErrFormat, v.path)
	}
	mac, err := v.mac(reg.Secrets[0].Object, f.Register)
	switch {
	case errors.Is(err, errNoObject), err == nil && !hmac.Equal(mac[:], f.MAC):
		return nil, fmt.Errorf("%w: %s", ErrForged, v.path)
	case err != nil:
		return nil, err
	}
	r, err := reg.ring(v)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrFormat, v.path, err)
	}
	return r, nil
}

func strictly(raw []byte, into any) error {
	d := json.NewDecoder(io.LimitReader(bytes.NewReader(raw), maxFile))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

// mac authenticates a register, whatever its line breaks.
func (v *tokenVault) mac(object []byte, reg json.RawMessage) (sum [sha256.Size]byte, err error) {
	var compact bytes.Buffer
	if err := json.Compact(&compact, reg); err != nil {
		return sum, err
	}
	digest := sha256.Sum256(compact.Bytes()) // since tokens bound what they take
	return v.token.mac(object, registerPurpose, string(digest[:]))
}

func (v *tokenVault) private(k *storedKey) (crypto.Signer, error) {
	key := &tokenKey{token: v.token, id: k.Object}
	parsed, err := x509.ParsePKIXPublicKey(k.Public)
	if err != nil {
		return nil, err
	}
	key.public, _ = parsed.(*ecdsa.PublicKey)
	return key, v.holds(pkcs11.CKO_PRIVATE_KEY, k.Object)
}

func (v *tokenVault) secret(s *storedSecret) (secret, error) {
	return &tokenSecret{v.token, s.Version, s.Object}, v.holds(pkcs11.CKO_SECRET_KEY, s.Object)
}

// holds is nil if the token holds an object.
func (v *tokenVault) holds(class uint, id []byte) error {
	return v.token.do(context.Background(), func(s pkcs11.SessionHandle) error {
		_, err := v.token.object(s, class, id)
		return err
	})
}

// save writes the register.
func (v *tokenVault) save(r *ring, replace bool) error {
	reg, err := r.register()
	if err != nil {
		return err
	}
	f := registerFile{Token: v.token.c.Label, Serial: v.token.serial}
	if f.Register, err = json.Marshal(reg); err != nil {
		return err
	}
	mac, err := v.mac(reg.Secrets[0].Object, f.Register)
	if err != nil {
		return err
	}
	f.MAC = mac[:]
	raw, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	return writeWhole(v.path, append(raw, '\n'), replace)
}

// discard destroys the objects of keys that sign no more. The register is what
// counts: what stays behind now is destroyed at the next change.
func (v *tokenVault) discard(r *ring) {
	for i := range r.keys {
		if k := &r.keys[i]; k.private == nil && len(k.object) > 0 {
			_ = v.token.destroy(context.Background(), k.object)
		}
	}
}

// tokenSecret is a secret in a token.
type tokenSecret struct {
	token   *token
	version int
	id      []byte
}

func (s *tokenSecret) store() storedSecret { return storedSecret{Version: s.version, Object: s.id} }

func (s *tokenSecret) mac(department, number string) ([sha256.Size]byte, error) {
	return s.token.mac(s.id, pseudonymPurpose, department, "\x00", number)
}
