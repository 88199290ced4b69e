package keys_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"setu/ledgerclient"
	"setu/ledgerclient/keys"
)

// gate is a signer that counts, and can be held so that a batch gathers.
type gate struct {
	ledgerclient.Signer
	open  chan struct{}
	calls atomic.Int64
	fail  error
}

func (g *gate) Sign(ctx context.Context, d [sha256.Size]byte) (ledgerclient.Signature, error) {
	g.calls.Add(1)
	if g.open != nil {
		<-g.open
	}
	if g.fail != nil {
		return ledgerclient.Signature{}, g.fail
	}
	return g.Signer.Sign(ctx, d)
}

func numbered(n int) [sha256.Size]byte {
	return sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n)))
}

func TestPool_Alone(t *testing.T) {
	t.Parallel()
	c := newClock()
	s, _ := newStore(t, c)
	p := keys.NewPool(s, nil)
	defer p.Close()
	sig, err := p.Sign(t.Context(), digest)
	if err != nil || sig.Size > 1 || sig.Path != nil {
		t.Fatalf("Sign() alone = %+v, %v, want a plain signature", sig, err)
	}
	if err := keys.NewVerifier(s).Verify(digest, sig, c.Now()); err != nil {
		t.Errorf("Verify() = %v, want nil", err)
	}
}

func TestPool_Batches(t *testing.T) {
	t.Parallel()
	const callers = 1500
	c := newClock()
	s, _ := newStore(t, c)
	g := &gate{Signer: s, open: make(chan struct{})}
	p := keys.NewPool(g, nil)
	v := keys.NewVerifier(s)
	var wg sync.WaitGroup
	var largest atomic.Int64
	for i := range callers {
		wg.Go(func() {
			d := numbered(i)
			sig, err := p.Sign(t.Context(), d)
			if err != nil {
				t.Errorf("Sign(%d): %v", i, err)
				return
			}
			if sig.Size > largest.Load() {
				largest.Store(sig.Size)
			}
			if err := v.Verify(d, sig, c.Now()); err != nil {
				t.Errorf("Verify(%d) = %v, want nil", i, err)
			}
			if err := v.Verify(numbered(i+1), sig, c.Now()); !errors.Is(err, ledgerclient.ErrSignature) {
				t.Errorf("Verify(%d as %d) = %v, want ErrSignature", i, i+1, err)
			}
		})
	}
	close(g.open)
	wg.Wait()
	p.Close()
	if calls := g.calls.Load(); calls >= callers || largest.Load() > ledgerclient.MaxBatch || largest.Load() < 2 {
		t.Errorf("%d digests took %d signatures, largest batch %d, want fewer, of 2 to %d", callers, calls, largest.Load(), ledgerclient.MaxBatch)
	}
}

func TestPool_Fails(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t, newClock())
	g := &gate{Signer: s, fail: keys.ErrExpired}
	p := keys.NewPool(g, nil)
	defer p.Close()
	if _, err := p.Sign(t.Context(), digest); !errors.Is(err, keys.ErrExpired) {
		t.Errorf("Sign(): %v, want the signer's error", err)
	}
}

func TestPool_ContextAndClose(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t, newClock())
	g := &gate{Signer: s, open: make(chan struct{})}
	p := keys.NewPool(g, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := p.Sign(ctx, digest); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Sign() by a signer that hangs: %v, want DeadlineExceeded", err)
	}
	close(g.open)
	p.Close()
	p.Close()
	if _, err := p.Sign(t.Context(), digest); !errors.Is(err, keys.ErrClosed) {
		t.Errorf("Sign() after Close: %v, want ErrClosed", err)
	}
}

// Every caller gets an answer though the pool is closed under her.
func TestPool_CloseUnderLoad(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t, newClock())
	for range 20 {
		p := keys.NewPool(s, nil)
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				if _, err := p.Sign(t.Context(), numbered(i)); err != nil && !errors.Is(err, keys.ErrClosed) {
					t.Errorf("Sign(): %v, want nil or ErrClosed", err)
				}
			})
		}
		p.Close()
		wg.Wait()
	}
}

func TestVerifier(t *testing.T) {
	t.Parallel()
	c := newClock()
	s, _ := newStore(t, c)
	v := keys.NewVerifier(s)
	sig, err := s.Sign(t.Context(), digest)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // computed, then remembered
		if err := v.Verify(digest, sig, c.Now()); err != nil {
			t.Errorf("Verify() = %v, want nil", err)
		}
	}
	unknown := sig
	unknown.KeyID = "nobody"
	if err := v.Verify(digest, unknown, c.Now()); !errors.Is(err, keys.ErrUnknown) || !errors.Is(err, ledgerclient.ErrKey) {
		t.Errorf("Verify() by an unknown key = %v, want ErrUnknown, an ErrKey", err)
	}
	// A good signature that is remembered does not vouch for a bad one.
	bad := sig
	bad.Sig = flipped(sig.Sig, len(sig.Sig)-1)
	for range 2 {
		if err := v.Verify(digest, bad, c.Now()); !errors.Is(err, ledgerclient.ErrSignature) {
			t.Errorf("Verify() of a bad signature = %v, want ErrSignature", err)
		}
	}
	if err := v.Verify(digest, sig, c.Now()); err != nil {
		t.Errorf("Verify() after a bad one = %v, want nil", err)
	}
	// Far more than it remembers.
	for i := range 3000 {
		bad.Sig = binary.BigEndian.AppendUint32(nil, uint32(i))
		if err := v.Verify(numbered(i), bad, c.Now()); !errors.Is(err, ledgerclient.ErrSignature) {
			t.Fatalf("Verify() of a bad signature = %v, want ErrSignature", err)
		}
	}
}

func BenchmarkStore(b *testing.B) {
	c := newClock()
	s, _ := newStore(b, c)
	b.Run("act=sign", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = s.Sign(b.Context(), digest)
		}
	})
	sig, err := s.Sign(b.Context(), digest)
	if err != nil {
		b.Fatal(err)
	}
	key, _ := s.Public(s.KeyID())
	b.Run("act=verify", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = sig.Verify(key.Public, digest)
		}
	})
	b.Run("act=pseudonym", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = s.Pseudonym("women-child", "+919830000001")
		}
	})
}

// BenchmarkPool is the cost of one signed and verified document when so many
// callers are at it at once: of signing it, and of verifying it afterwards.
func BenchmarkPool(b *testing.B) {
	for _, callers := range []int{1, 16, 64, 256, 1024} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			c := newClock()
			s, _ := newStore(b, c)
			g := &gate{Signer: s}
			p := keys.NewPool(g, nil)
			defer p.Close()
			v := keys.NewVerifier(s)
			now := c.Now()
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ReportAllocs()
			b.ResetTimer()
			for range callers {
				wg.Go(func() {
					for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
						d := numbered(int(n))
						sig, err := p.Sign(b.Context(), d)
						if err == nil {
							err = v.Verify(d, sig, now)
						}
						if err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/float64(max(g.calls.Load(), 1)), "docs/signature")
		})
	}
}

// TestVerifier_Made: a verifier takes the word of the pool beside it, and nobody
// else's; whether the key counts is asked all the same.
func TestVerifier_Made(t *testing.T) {
	t.Parallel()
	c := newClock()
	s, _ := newStore(t, c)
	v := keys.NewVerifier(s)
	p := keys.NewPool(&forger{s}, v.Made)
	defer p.Close()
	sig, err := p.Sign(t.Context(), digest)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Verify(digest, sig, c.Now()); err != nil {
		t.Errorf("Verify() beside the pool: %v; its signature is not to be computed again", err)
	}
	if err := keys.NewVerifier(s).Verify(digest, sig, c.Now()); !errors.Is(err, ledgerclient.ErrSignature) {
		t.Errorf("Verify() elsewhere: %v, want ErrSignature", err)
	}
	other := sig
	other.Sig = flipped(sig.Sig, 9)
	if err := v.Verify(digest, other, c.Now()); !errors.Is(err, ledgerclient.ErrSignature) {
		t.Errorf("Verify() of another signature: %v, want ErrSignature", err)
	}
	if _, err := s.Revoke(sig.KeyID); err != nil {
		t.Fatal(err)
	}
	if err := v.Verify(digest, sig, c.Now()); !errors.Is(err, keys.ErrRevoked) {
		t.Errorf("Verify() of a revoked key's: %v, want ErrRevoked", err)
	}
}

// forger makes signatures that are none.
type forger struct{ ledgerclient.Signer }

func (f *forger) Sign(ctx context.Context, digest [sha256.Size]byte) (ledgerclient.Signature, error) {
	sig, err := f.Signer.Sign(ctx, digest)
	sig.Sig = flipped(sig.Sig, len(sig.Sig)-1)
	return sig, err
}
