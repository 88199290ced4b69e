package keys_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"testing"

	"setu/ledgerclient/keys"
)

// TestIdentity makes a key by its label and finds it again, and no other.
func TestIdentity(t *testing.T) {
	t.Parallel()
	c := hsm.token(t)
	made, err := keys.CreateIdentity(c, "member")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = made.Close() })
	if _, err := keys.CreateIdentity(c, "member"); !errors.Is(err, keys.ErrExists) {
		t.Errorf("a second key of the label: %v, want ErrExists", err)
	}
	for _, public := range []any{nil, made.Public()} {
		found, err := keys.OpenIdentity(c, "member", public)
		if err != nil {
			t.Fatalf("OpenIdentity(public known: %v) = %v", public != nil, err)
		}
		digest := sha256.Sum256([]byte("proposal"))
		sig, err := found.Sign(rand.Reader, digest[:], nil)
		if err != nil || !ecdsa.VerifyASN1(made.Public().(*ecdsa.PublicKey), digest[:], sig) || !found.Is(made.Public()) {
			t.Errorf("what it signs is not by the key that was made: %v", err)
		}
		if err := found.Close(); err != nil {
			t.Error(err)
		}
		if _, err := found.Sign(rand.Reader, digest[:], nil); !errors.Is(err, keys.ErrToken) {
			t.Errorf("Sign after Close = %v, want ErrToken", err)
		}
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, label string
		public      any
		want        error
	}{
		{"no such label", "nobody", nil, keys.ErrIdentity},
		{"a certificate of another kind", "member", &rsa.PublicKey{}, keys.ErrIdentity},
		{"a certificate of another key", "member", &other.PublicKey, keys.ErrIdentity},
	} {
		if _, err := keys.OpenIdentity(c, tt.label, tt.public); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}
