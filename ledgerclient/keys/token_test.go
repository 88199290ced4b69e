package keys_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/pkcs11"

	"setu/ledgerclient"
	"setu/ledgerclient/keys"
)

const pin = "4711"

// softHSM is SoftHSM 2 with tokens of this test run alone, or the reason why
// there is none.
type softHSM struct {
	module string
	lib    *pkcs11.Ctx
	missed string

	mu     sync.Mutex // SoftHSM makes one token at a time
	tokens int
}

// hsm is set by TestMain, since a module reads its configuration once in the
// life of a process.
var hsm *softHSM

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "setu-softhsm-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	hsm = newSoftHSM(dir)
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func newSoftHSM(dir string) *softHSM {
	h := &softHSM{missed: "SoftHSM is not installed: scripts/setup test installs it"}
	for _, path := range []string{"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so"} {
		if _, err := os.Stat(path); err == nil {
			h.module = path
		}
	}
	if h.module == "" {
		return h
	}
	conf := filepath.Join(dir, "softhsm2.conf")
	err := os.WriteFile(conf, []byte("directories.tokendir = "+dir+"\nlog.level = ERROR\n"), 0o600)
	if err == nil {
		err = os.Setenv("SOFTHSM2_CONF", conf)
	}
	if h.lib = pkcs11.New(h.module); h.lib == nil {
		err = errors.New("module does not load")
	}
	if err == nil {
		err = h.lib.Initialize()
	}
	h.missed = ""
	if err != nil {
		h.missed = err.Error()
	}
	return h
}

// token makes a token.
func (h *softHSM) token(t testing.TB) keys.TokenConfig {
	t.Helper()
	if h.missed != "" {
		t.Skip(h.missed)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tokens++
	label := fmt.Sprintf("setu-%d", h.tokens)
	slots, err := h.lib.GetSlotList(false)
	if err != nil {
		t.Fatal(err)
	}
	slot := slots[len(slots)-1] // SoftHSM always has one more, which is empty
	if err := h.lib.InitToken(slot, "so-"+pin, label); err != nil {
		t.Fatal(err)
	}
	s, err := h.lib.OpenSession(h.slot(t, label), pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err != nil {
		t.Fatal(err)
	}
	err = h.lib.Login(s, pkcs11.CKU_SO, "so-"+pin)
	if err == nil {
		err = errors.Join(h.lib.InitPIN(s, pin), h.lib.Logout(s))
	}
	if err = errors.Join(err, h.lib.CloseSession(s)); err != nil {
		t.Fatal(err)
	}
	return keys.TokenConfig{Module: h.module, Label: label, PIN: pin}
}

func (h *softHSM) slot(t testing.TB, label string) uint {
	t.Helper()
	slots, err := h.lib.GetSlotList(true)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range slots {
		if info, err := h.lib.GetTokenInfo(s); err == nil && strings.TrimSpace(info.Label) == label {
			return s
		}
	}
	t.Fatalf("no slot has the token %q", label)
	return 0
}

// objects counts a token's objects of a class, by a session of its own: the
// process is logged in while a keystore is open.
func (h *softHSM) objects(t testing.TB, label string, class uint) int {
	t.Helper()
	s, err := h.lib.OpenSession(h.slot(t, label), pkcs11.CKF_SERIAL_SESSION)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = h.lib.CloseSession(s) }()
	if err := h.lib.FindObjectsInit(s, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_CLASS, class)}); err != nil {
		t.Fatal(err)
	}
	found, _, err := h.lib.FindObjects(s, 100)
	if err = errors.Join(err, h.lib.FindObjectsFinal(s)); err != nil {
		t.Fatal(err)
	}
	return len(found)
}

func newTokenStore(t testing.TB, c *clock) (*keys.Store, keys.TokenConfig, string) {
	t.Helper()
	config, path := hsm.token(t), filepath.Join(t.TempDir(), "keys.json")
	s, err := keys.CreateInToken(path, config, quick(c))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, config, path
}

func TestToken(t *testing.T) {
	t.Parallel()
	c := newClock()
	s, config, path := newTokenStore(t, c)
	sig, err := s.Sign(t.Context(), digest)
	if err != nil {
		t.Fatal(err)
	}
	health := pseudonym(t, s, "health", "+919830000001")
	if health == pseudonym(t, s, "grievance", "+919830000001") || health == pseudonym(t, s, "health", "+919830000002") ||
		!strings.HasPrefix(health, "1.") || len(health) != 26 {
		t.Errorf("Pseudonym() = %q, want 1. and 24 characters of its own", health)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sign(t.Context(), digest); !errors.Is(err, keys.ErrToken) {
		t.Errorf("Sign() after Close = %v, want ErrToken", err)
	}
	again, err := keys.OpenInToken(path, config, quick(c))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = again.Close() })
	if err := keys.NewVerifier(again).Verify(digest, sig, c.Now()); err != nil {
		t.Errorf("Verify() by the reopened store = %v, want nil", err)
	}
	if p := pseudonym(t, again, "health", "+919830000001"); p != health {
		t.Errorf("Pseudonym() after Open = %q, want %q", p, health)
	}
	if _, err := keys.CreateInToken(path, config, quick(c)); !errors.Is(err, keys.ErrExists) {
		t.Errorf("CreateInToken over a register: %v, want ErrExists", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the register = %v, %v, want 0600", info.Mode(), err)
	}
}

func TestToken_RotateAndRevoke(t *testing.T) {
	t.Parallel()
	c := newClock()
	s, config, path := newTokenStore(t, c)
	v, old := keys.NewVerifier(s), s.KeyID()
	sig, err := s.Sign(t.Context(), digest)
	if err != nil {
		t.Fatal(err)
	}
	next, err := s.RotateIn(time.Hour)
	if err != nil || next.State != keys.Next || s.KeyID() != old {
		t.Fatalf("RotateIn() = %+v, %v, active %q; want a next key beside %q", next, err, s.KeyID(), old)
	}
	if n := hsm.objects(t, config.Label, pkcs11.CKO_PRIVATE_KEY); n != 2 {
		t.Errorf("the token holds %d private halves, want 2 that overlap", n)
	}
	c.add(time.Hour)
	if s.KeyID() != next.ID {
		t.Errorf("KeyID() when its time has come = %q, want %q", s.KeyID(), next.ID)
	}
	if err := s.Refresh(); err != nil {
		t.Fatal(err)
	}
	if n := hsm.objects(t, config.Label, pkcs11.CKO_PRIVATE_KEY); n != 1 {
		t.Errorf("the token holds %d private halves, want the active one's alone", n)
	}
	if err := v.Verify(digest, sig, c.Now()); err != nil {
		t.Errorf("Verify() of what a retired key signed = %v, want nil", err)
	}
	if _, err := s.Revoke(next.ID); err != nil {
		t.Fatal(err)
	}
	if n := hsm.objects(t, config.Label, pkcs11.CKO_PRIVATE_KEY); n != 0 {
		t.Errorf("the token holds %d private halves after a revocation, want none", n)
	}
	if _, err := s.Sign(t.Context(), digest); !errors.Is(err, keys.ErrNoKey) {
		t.Errorf("Sign with all keys gone: %v, want ErrNoKey", err)
	}
	again, err := keys.OpenInToken(path, config, quick(c))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = again.Close() })
	if list := again.List(); len(list) != 2 || list[0].State != keys.Retired || list[1].State != keys.Revoked {
		t.Errorf("List() = %v, want a retired and a revoked key", list)
	}
}

func TestToken_Refuses(t *testing.T) {
	t.Parallel()
	c := newClock()
	s, config, path := newTokenStore(t, c)
	if _, err := s.Revoke(s.KeyID()); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, _, theirs := newTokenStore(t, c)
	foreign, err := os.ReadFile(theirs)
	if err != nil {
		t.Fatal(err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, good); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		octets []byte
		want   error
	}{
		{"whole", good, nil},
		{"in other line breaks", compact.Bytes(), nil},
		{"made to count a revoked key", bytes.Replace(good, []byte(`"state": "revoked"`), []byte(`"state": "retired"`), 1), keys.ErrForged},
		{"another token's", foreign, keys.ErrForged},
		{"cut", good[:len(good)/2], keys.ErrFormat},
		{"empty", nil, keys.ErrFormat},
		{"without secrets", []byte(`{"register":{"version":2,"keys":[]},"mac":""}`), keys.ErrFormat},
		{"of another form", []byte(`{"register":{"version":2,"more":[]},"mac":""}`), keys.ErrFormat},
	} {
		at := filepath.Join(t.TempDir(), "keys.json")
		if err := os.WriteFile(at, tt.octets, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := keys.OpenInToken(at, config, quick(c))
		if !errors.Is(err, tt.want) {
			t.Errorf("OpenInToken with a register that is %s: %v, want %v", tt.name, err, tt.want)
		}
		if err == nil {
			_ = got.Close()
		}
	}
	unknown, broken := config, config
	unknown.Label, broken.Module = "nobody's", path
	for name, config := range map[string]keys.TokenConfig{"no such token": unknown, "no module": broken} {
		if _, err := keys.OpenInToken(path, config, quick(c)); !errors.Is(err, keys.ErrToken) {
			t.Errorf("OpenInToken with %s: %v, want ErrToken", name, err)
		}
	}
	if err := s.Close(); err != nil { // the PIN is asked for when nobody is logged in
		t.Fatal(err)
	}
	wrong := config
	wrong.PIN = "0815"
	if _, err := keys.OpenInToken(path, wrong, quick(c)); !errors.Is(err, keys.ErrPIN) {
		t.Errorf("OpenInToken with a wrong PIN: %v, want ErrPIN", err)
	}
}

// A token that has lost its sessions, as after a restart of its module, is
// logged in to again, by many callers at once. They are lost between two calls:
// SoftHSM crashes when a session is closed in the middle of one.
func TestToken_LosesSessions(t *testing.T) {
	t.Parallel()
	c := newClock()
	s, config, _ := newTokenStore(t, c)
	v, slot := keys.NewVerifier(s), hsm.slot(t, config.Label)
	var wg sync.WaitGroup
	var calls sync.RWMutex
	for i := range 16 {
		wg.Go(func() {
			for j := range 50 {
				d := numbered(100*i + j)
				calls.RLock()
				sig, err := s.Sign(t.Context(), d)
				calls.RUnlock()
				if err == nil {
					err = v.Verify(d, sig, c.Now())
				}
				if err != nil {
					t.Errorf("Sign() while sessions are lost = %v, want nil", err)
					return
				}
			}
		})
	}
	for range 3 {
		calls.Lock()
		err := hsm.lib.CloseAllSessions(slot)
		calls.Unlock()
		if err != nil {
			t.Error(err)
		}
		pseudonym(t, s, "health", "+919830000001")
	}
	wg.Wait()
}

// A caller does not wait longer than she wants to for a busy token.
func TestToken_Context(t *testing.T) {
	t.Parallel()
	s, _, _ := newTokenStore(t, newClock())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Sign(ctx, digest); !errors.Is(err, context.Canceled) {
		t.Errorf("Sign() after the end of its context = %v, want Canceled", err)
	}
}

func TestToken_Pool(t *testing.T) {
	t.Parallel()
	c := newClock()
	s, _, _ := newTokenStore(t, c)
	p, v := keys.NewPool(s, nil), keys.NewVerifier(s)
	defer p.Close()
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			sig, err := p.Sign(t.Context(), numbered(i))
			if err == nil {
				err = v.Verify(numbered(i), sig, c.Now())
			}
			if err != nil {
				t.Errorf("Sign() by the pool = %v, want nil", err)
			}
		})
	}
	wg.Wait()
	e, err := ledgerclient.SignEnvelope(t.Context(), s, ledgerclient.Envelope{
		Receipt: ledgerclient.NewReceipt(), Key: "k", Service: "test", Version: "1", Time: c.Now(),
		Call:   ledgerclient.Call{Contract: "registry", Function: "Put"},
		Caller: ledgerclient.Caller{Pseudonym: pseudonym(t, s, "test", "+919830000001"), Channel: "sms", Assurance: ledgerclient.Number},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Open(v, c.Now()); err != nil {
		t.Errorf("Open() of an envelope signed by a token = %v, want nil", err)
	}
}

// BenchmarkToken is the cost of a signature, a pseudonym and, in a pool, of a
// signed document, with the keys in SoftHSM.
func BenchmarkToken(b *testing.B) {
	s, _, _ := newTokenStore(b, newClock())
	for _, callers := range []int{1, 8} {
		b.Run(fmt.Sprintf("act=sign/callers=%d", callers), func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(callers)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := s.Sign(b.Context(), digest); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
	b.Run("act=pseudonym", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Pseudonym("women-child", "+919830000001"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("act=pool/callers=256", func(b *testing.B) {
		p := keys.NewPool(s, nil)
		defer p.Close()
		b.ReportAllocs()
		b.SetParallelism(128)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := p.Sign(b.Context(), sha256.Sum256(nil)); err != nil {
					b.Error(err)
				}
			}
		})
	})
}
