package keys_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"setu/ledgerclient/keys"
)

// The next key takes over when its time has come, and only then does the one
// before it lose its private half.
func TestStore_RotateIn(t *testing.T) {
	t.Parallel()
	c := newClock()
	s, path := newStore(t, c)
	old := s.KeyID()
	next, err := s.RotateIn(time.Hour)
	if err != nil || next.State != keys.Next || !next.NotBefore.Equal(c.Now().Add(time.Hour)) {
		t.Fatalf("RotateIn(1h) = %+v, %v, want the next key in an hour", next, err)
	}
	if _, err := s.SignBy(t.Context(), next.ID, digest); !errors.Is(err, keys.ErrEarly) {
		t.Errorf("SignBy(next): %v, want ErrEarly", err)
	}
	sig, err := s.Sign(t.Context(), digest)
	if err != nil || sig.KeyID != old {
		t.Errorf("Sign() during the overlap = key %q, %v, want %q", sig.KeyID, err, old)
	}
	if k, ok := s.Public(next.ID); !ok || k.State != keys.Next {
		t.Errorf("Public(next) = %v, %v, want it known", k, ok)
	}
	again, err := keys.Open(path, passphrase, quick(c))
	if err != nil {
		t.Fatal(err)
	}
	c.add(time.Hour)
	for name, s := range map[string]*keys.Store{"the store": s, "another": again} {
		sig, err := s.Sign(t.Context(), digest)
		if err != nil || sig.KeyID != next.ID || s.KeyID() != next.ID {
			t.Errorf("%s: Sign() after the overlap = key %q, %v, want %q", name, sig.KeyID, err, next.ID)
		}
		if _, err := s.SignBy(t.Context(), old, digest); !errors.Is(err, keys.ErrRetired) {
			t.Errorf("%s: SignBy(old): %v, want ErrRetired", name, err)
		}
		if list := s.List(); list[0].State != keys.Retired || list[1].State != keys.Active {
			t.Errorf("%s: List() = %v, want one retired and one active", name, list)
		}
	}
	if n := strings.Count(decrypted(t, path), `"private":`); n != 2 {
		t.Errorf("the file holds %d private halves before the clean-up, want 2", n)
	}
	if err := s.Refresh(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(decrypted(t, path), `"private":`); n != 1 {
		t.Errorf("the file holds %d private halves, want 1", n)
	}
	if err := keys.NewVerifier(s).Verify(digest, sig, c.Now()); err != nil {
		t.Errorf("Verify() of what the old key signed = %v, want nil", err)
	}
}

// When the active key is revoked, nothing signs before the next one's time,
// unless another is made at once.
func TestStore_RevokeDuringOverlap(t *testing.T) {
	t.Parallel()
	c := newClock()
	s, _ := newStore(t, c)
	next, err := s.RotateIn(time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Revoke(s.KeyID()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sign(t.Context(), digest); !errors.Is(err, keys.ErrNoKey) || s.KeyID() != "" {
		t.Errorf("Sign() before the next key's time = %v, active %q, want ErrNoKey", err, s.KeyID())
	}
	now, err := s.Rotate()
	if err != nil || s.KeyID() != now.ID {
		t.Errorf("Rotate() = %q, %v, active %q", now.ID, err, s.KeyID())
	}
	c.add(time.Hour)
	if s.KeyID() != next.ID {
		t.Errorf("KeyID() in the next key's time = %q, want %q", s.KeyID(), next.ID)
	}
	if _, err := s.Revoke(next.ID); err != nil {
		t.Fatal(err)
	}
	if s.KeyID() != "" {
		t.Errorf("KeyID() = %q, want none: a key that was taken the place of does not come back", s.KeyID())
	}
}

// What another process changes takes effect in a running one.
func TestStore_Watch(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(dir, "keys.age")
		o := keys.Options{WorkFactor: 1, Now: time.Now}
		running, err := keys.Create(path, passphrase, o)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		var log strings.Builder
		go func() { defer close(ended); running.Watch(ctx, slog.New(slog.NewTextHandler(&log, nil))) }()
		other, err := keys.Open(path, passphrase, o)
		if err != nil {
			t.Fatal(err)
		}
		first := running.KeyID()
		if _, err := other.Revoke(first); err != nil {
			t.Fatal(err)
		}
		next, err := other.RotateIn(time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(1100 * time.Millisecond)
		if _, err := running.SignBy(t.Context(), first, digest); !errors.Is(err, keys.ErrRevoked) {
			t.Errorf("SignBy() with a key revoked by another process = %v, want ErrRevoked", err)
		}
		time.Sleep(time.Minute)
		if running.KeyID() != next.ID {
			t.Errorf("KeyID() a minute later = %q, want %q", running.KeyID(), next.ID)
		}
		// A file that is broken changes nothing, and is complained of once.
		if err := os.WriteFile(path, []byte("broken"), 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		if _, err := running.Sign(t.Context(), digest); err != nil {
			t.Errorf("Sign() over a broken file = %v, want nil", err)
		}
		cancel()
		<-ended
		if n := strings.Count(log.String(), "level=ERROR"); n != 1 {
			t.Errorf("%d complaints, want one:\n%s", n, log.String())
		}
	})
}

func TestOpen_Sandbox(t *testing.T) {
	t.Parallel()
	c, dir := newClock(), t.TempDir()
	s, err := keys.OpenSandbox(dir, quick(c))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Rotate(); err != nil {
		t.Fatal(err)
	}
	secret, err := keys.ReadPassphrase(filepath.Join(dir, keys.SandboxPassphrase))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Open(filepath.Join(dir, keys.SandboxStore), secret, quick(c)); !errors.Is(err, keys.ErrSandbox) {
		t.Errorf("Open of a sandbox's keystore for production: %v, want ErrSandbox", err)
	}
	// A register of the version before opens, and is marked when it changes.
	path := filepath.Join(t.TempDir(), "keys.age")
	plain := strings.Replace(decryptedBy(t, filepath.Join(dir, keys.SandboxStore), secret), `"version":2,"sandbox":true`, `"version":1`, 1)
	if err := os.WriteFile(path, sealed(t, plain), 0o600); err != nil {
		t.Fatal(err)
	}
	if old, err := keys.Open(path, passphrase, quick(c)); err != nil || old.KeyID() != s.KeyID() {
		t.Errorf("Open of version 1: %v, want its key", err)
	}
}
