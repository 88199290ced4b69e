package keys_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"

	"setu/ledgerclient"
	"setu/ledgerclient/keys"
)

// clock is a clock that tests set.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

const passphrase = "correct horse battery staple"

// quick are options with the least work for the passphrase.
func quick(c *clock) keys.Options {
	return keys.Options{WorkFactor: 1, Lifetime: 24 * time.Hour, Now: c.Now}
}

func newStore(t testing.TB, c *clock) (*keys.Store, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys.age")
	s, err := keys.Create(path, passphrase, quick(c))
	if err != nil {
		t.Fatal(err)
	}
	return s, path
}

func pseudonym(t testing.TB, s *keys.Store, department, number string) string {
	t.Helper()
	p, err := s.Pseudonym(department, number)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var digest = sha256.Sum256([]byte("document"))

func TestStore(t *testing.T) {
	t.Parallel()
	c := newClock()
	s, path := newStore(t, c)
	again, err := keys.Open(path, passphrase, quick(c))
	if err != nil {
		t.Fatal(err)
	}
	if s.KeyID() == "" || again.KeyID() != s.KeyID() {
		t.Errorf("KeyID() after Open = %q, want %q", again.KeyID(), s.KeyID())
	}
	sig, err := s.Sign(t.Context(), digest)
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.NewVerifier(again).Verify(digest, sig, c.Now()); err != nil {
		t.Errorf("Verify() by the reopened store = %v, want nil", err)
	}
	if a, b := pseudonym(t, s, "health", "+919830000001"), pseudonym(t, again, "health", "+919830000001"); a != b {
		t.Errorf("Pseudonym() after Open = %q, want %q", b, a)
	}
	if _, err := keys.Create(path, passphrase, quick(c)); !errors.Is(err, keys.ErrExists) {
		t.Errorf("Create over a keystore: %v, want ErrExists", err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the keystore = %v, %v, want 0600", info.Mode(), err)
	}
}

func TestOpen_Refuses(t *testing.T) {
	t.Parallel()
	c := newClock()
	_, path := newStore(t, c)
	if _, err := keys.Open(path, "wrong", quick(c)); !errors.Is(err, keys.ErrPassphrase) {
		t.Errorf("Open with a wrong passphrase: %v, want ErrPassphrase", err)
	}
	if _, err := keys.Open(path, "", quick(c)); !errors.Is(err, keys.ErrPassphrase) {
		t.Errorf("Open with no passphrase: %v, want ErrPassphrase", err)
	}
	if _, err := keys.Open(path+"x", passphrase, quick(c)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of no file: %v, want ErrNotExist", err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, octets := range map[string][]byte{
		"empty": nil, "cut": good[:len(good)-1], "flipped": flipped(good, len(good)-3), "not age": []byte("hello"),
		"another version": sealed(t, `{"version":3,"keys":[],"pseudonym_secrets":[]}`),
		"unknown member":  sealed(t, `{"version":1,"more":1}`),
		"no secret":       sealed(t, `{"version":1,"keys":[],"pseudonym_secrets":[]}`),
		"short secret":    sealed(t, `{"version":1,"keys":[],"pseudonym_secrets":[{"version":1,"key":"AAAA"}]}`),
		"bad key":         sealed(t, `{"version":1,"keys":[{"id":"x","state":"active","public":"AAAA"}],"pseudonym_secrets":[{"version":1,"key":"`+strings.Repeat("A", 43)+`="}]}`),
	} {
		bad := filepath.Join(t.TempDir(), "keys.age")
		if err := os.WriteFile(bad, octets, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := keys.Open(bad, passphrase, quick(c)); !errors.Is(err, keys.ErrFormat) {
			t.Errorf("Open of a file that is %s: %v, want ErrFormat", name, err)
		}
	}
}

func flipped(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 1
	return b
}

func sealed(t *testing.T, plain string) []byte {
	t.Helper()
	r, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	r.SetWorkFactor(1)
	var b bytes.Buffer
	w, err := age.Encrypt(&b, r)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(w, plain)
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestStore_Rotate(t *testing.T) {
	t.Parallel()
	c := newClock()
	s, path := newStore(t, c)
	old := s.KeyID()
	sig, err := s.Sign(t.Context(), digest)
	if err != nil {
		t.Fatal(err)
	}
	other, err := keys.Open(path, passphrase, quick(c))
	if err != nil {
		t.Fatal(err)
	}
	c.add(time.Hour)
	key, err := s.Rotate()
	if err != nil || key.ID == old || s.KeyID() != key.ID {
		t.Fatalf("Rotate() = %q, %v, active %q, want a new key", key.ID, err, s.KeyID())
	}
	if _, err := s.SignBy(t.Context(), old, digest); !errors.Is(err, keys.ErrRetired) {
		t.Errorf("SignBy(retired): %v, want ErrRetired", err)
	}
	if err := keys.NewVerifier(s).Verify(digest, sig, c.Now()); err != nil {
		t.Errorf("Verify() of what a retired key signed = %v, want nil", err)
	}
	if err := other.Reload(); err != nil || other.KeyID() != key.ID {
		t.Errorf("after Reload(): KeyID() = %q, %v, want %q", other.KeyID(), err, key.ID)
	}
	list := other.List()
	if len(list) != 2 || list[0].State != keys.Retired || list[1].State != keys.Active {
		t.Errorf("List() = %v, want one retired and one active key", list)
	}
	if n := strings.Count(decrypted(t, path), `"private":`); n != 1 {
		t.Errorf("the file holds %d private halves, want that of the active key alone", n)
	}
}

func decrypted(t *testing.T, path string) string {
	t.Helper()
	return decryptedBy(t, path, passphrase)
}

func decryptedBy(t *testing.T, path, passphrase string) string {
	t.Helper()
	octets, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	id, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	r, err := age.Decrypt(bytes.NewReader(octets), id)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil || !json.Valid(plain) {
		t.Fatalf("plain keystore: %v", err)
	}
	return string(plain)
}

func TestStore_Revoke(t *testing.T) {
	t.Parallel()
	c := newClock()
	s, path := newStore(t, c)
	v, id := keys.NewVerifier(s), s.KeyID()
	sig, err := s.Sign(t.Context(), digest)
	if err != nil {
		t.Fatal(err)
	}
	before := c.Now()
	if err := v.Verify(digest, sig, before); err != nil {
		t.Fatal(err)
	}
	c.add(time.Hour)
	if _, err := s.Revoke(id); err != nil {
		t.Fatal(err)
	}
	revoked := c.Now()
	if _, err := s.Sign(t.Context(), digest); !errors.Is(err, keys.ErrNoKey) {
		t.Errorf("Sign with the only key revoked: %v, want ErrNoKey", err)
	}
	if _, err := s.SignBy(t.Context(), id, digest); !errors.Is(err, keys.ErrRevoked) {
		t.Errorf("SignBy(revoked): %v, want ErrRevoked", err)
	}
	if _, err := ledgerclient.SignEnvelope(t.Context(), s, ledgerclient.Envelope{}); err == nil {
		t.Error("SignEnvelope with no key: nil, want an error")
	}
	if err := v.Verify(digest, sig, revoked); !errors.Is(err, keys.ErrRevoked) || !errors.Is(err, ledgerclient.ErrKey) {
		t.Errorf("Verify() once revoked = %v, want ErrRevoked, an ErrKey", err)
	}
	if err := v.Verify(digest, sig, before); err != nil {
		t.Errorf("Verify() as of before the revocation = %v, want nil", err)
	}
	c.add(time.Hour)
	if k, err := s.Revoke(id); err != nil || !k.Revoked.Equal(revoked) {
		t.Errorf("Revoke() again = %v, %v, want the first time %v", k.Revoked, err, revoked)
	}
	if _, err := s.Revoke("nobody"); !errors.Is(err, keys.ErrUnknown) {
		t.Errorf("Revoke(nobody): %v, want ErrUnknown", err)
	}
	if _, err := s.Rotate(); err != nil {
		t.Fatal(err)
	}
	again, err := keys.Open(path, passphrase, quick(c))
	if err != nil {
		t.Fatal(err)
	}
	if k, ok := again.Public(id); !ok || k.State != keys.Revoked || !k.Revoked.Equal(revoked) {
		t.Errorf("Public(%q) after Open = %v, %v, want it revoked", id, k, ok)
	}
	if _, err := again.Sign(t.Context(), digest); err != nil {
		t.Errorf("Sign after Rotate: %v, want nil", err)
	}
}

// rotating rotates its store between naming the key and signing, once.
type rotating struct {
	*keys.Store
	once *sync.Once
}

func (r rotating) SignBy(ctx context.Context, id string, d [sha256.Size]byte) (sig ledgerclient.Signature, err error) {
	r.once.Do(func() { _, err = r.Rotate() })
	if err != nil {
		return sig, err
	}
	return r.Store.SignBy(ctx, id, d)
}

func TestSignEnvelope_WhileRotating(t *testing.T) {
	t.Parallel()
	c := newClock()
	s, _ := newStore(t, c)
	old := s.KeyID()
	signed, err := ledgerclient.SignEnvelope(t.Context(), rotating{s, new(sync.Once)}, ledgerclient.Envelope{
		Receipt: ledgerclient.NewReceipt(), Key: "k", Service: "test", Version: "1", Time: c.Now(),
		Call:   ledgerclient.Call{Contract: "registry", Function: "Put"},
		Caller: ledgerclient.Caller{Pseudonym: pseudonym(t, s, "test", "+919830000001"), Channel: "sms", Assurance: ledgerclient.Number},
	})
	if err != nil || signed.Signature.KeyID == old {
		t.Fatalf("SignEnvelope() while rotating = key %q, %v, want the new key", signed.Signature.KeyID, err)
	}
	if e, err := signed.Open(keys.NewVerifier(s), c.Now()); err != nil || e.KeyID != s.KeyID() {
		t.Errorf("Open() = key %q, %v, want %q", e.KeyID, err, s.KeyID())
	}
}

func TestStore_Expiry(t *testing.T) {
	t.Parallel()
	c := newClock()
	s, _ := newStore(t, c)
	sig, err := s.Sign(t.Context(), digest)
	if err != nil {
		t.Fatal(err)
	}
	c.add(24*time.Hour - time.Nanosecond)
	if _, err := s.Sign(t.Context(), digest); err != nil {
		t.Errorf("Sign just before the end: %v, want nil", err)
	}
	c.add(time.Nanosecond)
	if _, err := s.Sign(t.Context(), digest); !errors.Is(err, keys.ErrExpired) {
		t.Errorf("Sign at the end: %v, want ErrExpired", err)
	}
	if err := keys.NewVerifier(s).Verify(digest, sig, c.Now()); err != nil {
		t.Errorf("Verify() of what it signed in time = %v, want nil", err)
	}
}

func TestStore_SignBy(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t, newClock())
	if _, err := s.SignBy(t.Context(), "nobody", digest); !errors.Is(err, keys.ErrUnknown) {
		t.Errorf("SignBy(nobody): %v, want ErrUnknown", err)
	}
	if _, err := s.SignBy(t.Context(), "", digest); !errors.Is(err, keys.ErrNoKey) {
		t.Errorf(`SignBy(""): %v, want ErrNoKey`, err)
	}
}

func TestStore_Pseudonym(t *testing.T) {
	t.Parallel()
	c := newClock()
	s, path := newStore(t, c)
	health := pseudonym(t, s, "health", "+919830000001")
	if !strings.HasPrefix(health, "1.") || len(health) != 26 {
		t.Errorf("Pseudonym() = %q, want 1. and 24 characters", health)
	}
	seen := map[string]bool{health: true}
	for _, p := range []string{
		pseudonym(t, s, "health", "+919830000002"), pseudonym(t, s, "grievance", "+919830000001"), pseudonym(t, s, "", "+919830000001"),
	} {
		if seen[p] {
			t.Errorf("Pseudonym() gave %q twice", p)
		}
		seen[p] = true
	}
	other, _ := newStore(t, c)
	if p := pseudonym(t, other, "health", "+919830000001"); seen[p] {
		t.Errorf("another keystore gave %q too", p)
	}
	// The derivation is HKDF of RFC 5869 as the standard library has it.
	var f struct {
		Secrets []struct{ Key []byte } `json:"pseudonym_secrets"`
	}
	if err := json.Unmarshal([]byte(decrypted(t, path)), &f); err != nil {
		t.Fatal(err)
	}
	sub, err := hkdf.Key(sha256.New, f.Secrets[0].Key, nil, "setu pseudonym health", 32)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, sub)
	mac.Write([]byte("+919830000001"))
	if want := "1." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:18]); health != want {
		t.Errorf("Pseudonym() = %q, want %q", health, want)
	}
}

func TestOpenSandbox(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), newClock()
	s, err := keys.OpenSandbox(dir, keys.Options{Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	again, err := keys.OpenSandbox(dir, keys.Options{Now: c.Now})
	if err != nil || again.KeyID() != s.KeyID() {
		t.Fatalf("OpenSandbox again: %v, want the same key", err)
	}
	beside := filepath.Join(dir, keys.SandboxPassphrase)
	if info, err := os.Stat(beside); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the passphrase file = %v, %v, want 0600", info.Mode(), err)
	}
	if err := os.Chmod(beside, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.OpenSandbox(dir, keys.Options{}); !errors.Is(err, keys.ErrPassphrase) {
		t.Errorf("OpenSandbox with a readable passphrase: %v, want ErrPassphrase", err)
	}
	if err := os.Remove(beside); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.OpenSandbox(dir, keys.Options{}); !errors.Is(err, keys.ErrPassphrase) {
		t.Errorf("OpenSandbox without its passphrase: %v, want ErrPassphrase", err)
	}
	// A crash between the two files leaves a passphrase alone: go on with it.
	half := t.TempDir()
	if err := os.WriteFile(filepath.Join(half, keys.SandboxPassphrase), []byte("left behind\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.OpenSandbox(half, keys.Options{}); err != nil {
		t.Errorf("OpenSandbox with only a passphrase: %v, want nil", err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*.new-*"))
	if len(left) > 0 || err != nil {
		t.Errorf("temporary files left: %v, %v", left, err)
	}
}

// A key in a signature is P-256 and its identifier is its own: what verifies
// is never another curve.
func TestStore_Public(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t, newClock())
	k, ok := s.Public(s.KeyID())
	if !ok || k.Public.Curve.Params().Name != "P-256" {
		t.Errorf("Public() = %v, %v, want a P-256 key", k, ok)
	}
	sig, err := s.Sign(t.Context(), digest)
	if err != nil || !ecdsa.VerifyASN1(k.Public, digest[:], sig.Sig) {
		t.Errorf("VerifyASN1 of Sign(): false, %v, want true", err)
	}
	if _, ok := s.Public("nobody"); ok {
		t.Error("Public(nobody): true, want false")
	}
}
