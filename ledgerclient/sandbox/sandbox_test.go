package sandbox_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"setu/ledgerclient"
	"setu/ledgerclient/keys"
	"setu/ledgerclient/ledgertest"
	"setu/ledgerclient/sandbox"
)

// place is a folder with a keystore, where a sandbox is opened again and again.
type place struct {
	t    testing.TB
	dir  string
	keys *keys.Store
}

func newPlace(t testing.TB) *place {
	t.Helper()
	dir := t.TempDir()
	return &place{t, dir, newKeys(t, dir)}
}

func newKeys(t testing.TB, dir string) *keys.Store {
	t.Helper()
	s, err := keys.Create(filepath.Join(dir, "keys.age"), "test", keys.Options{WorkFactor: 1})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (p *place) path() string { return filepath.Join(p.dir, "sandbox.ledger") }

func (p *place) options() sandbox.Options {
	return sandbox.Options{
		Path: p.path(), Seed: 1, Keys: keys.NewVerifier(p.keys), Pseudonym: p.keys.Pseudonym, Now: time.Now,
	}
}

func (p *place) open() *sandbox.Ledger {
	p.t.Helper()
	l, err := sandbox.Open(p.options())
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = l.Close() })
	return l
}

func (p *place) pseudonym(number string) string {
	p.t.Helper()
	pseudonym, err := p.keys.Pseudonym("women-child", number)
	if err != nil {
		p.t.Fatal(err)
	}
	return pseudonym
}

func (p *place) envelope(contract, function string, args map[string]string, number string) ledgerclient.SignedEnvelope {
	p.t.Helper()
	e, err := ledgerclient.SignEnvelope(context.Background(), p.keys, ledgerclient.Envelope{
		Receipt: ledgerclient.NewReceipt(), Key: rand.Text(), Service: "test", Version: "1",
		Call:   ledgerclient.Call{Contract: contract, Function: function, Args: args},
		Caller: ledgerclient.Caller{Pseudonym: p.pseudonym(number), Channel: "sms", Assurance: ledgerclient.Number},
		Time:   time.Now(),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return e
}

func (p *place) query(contract, function string, args map[string]string) ledgerclient.SignedQuery {
	p.t.Helper()
	q, err := ledgerclient.SignQuery(context.Background(), p.keys, ledgerclient.Query{
		Call:   ledgerclient.Call{Contract: contract, Function: function, Args: args},
		Caller: ledgerclient.Caller{Pseudonym: p.pseudonym("+919830000001"), Channel: "sms", Assurance: ledgerclient.Number},
		Time:   time.Now(),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return q
}

// record carries a registry.Put out.
func (p *place) record(l *sandbox.Ledger, key string) ledgerclient.Outcome {
	p.t.Helper()
	tx, _, err := l.Prepare(context.Background(), p.envelope("registry", "Put", map[string]string{"register": "test", "key": key}, "+919830000001"))
	if err != nil {
		p.t.Fatal(err)
	}
	out, err := l.Submit(context.Background(), tx)
	if err != nil || out.Answer.Code != "done" {
		p.t.Fatalf("Submit() = %q, %v, want done", out.Answer.Code, err)
	}
	return out
}

func (p *place) code(l *sandbox.Ledger, register, key string) string {
	p.t.Helper()
	a, err := l.Evaluate(context.Background(), p.query("registry", "Get", map[string]string{"register": register, "key": key}))
	if err != nil {
		p.t.Fatal(err)
	}
	return a.Code
}

func TestLedger(t *testing.T) {
	t.Parallel()
	ledgertest.Exercise(t, func(t *testing.T) ledgertest.Harness {
		t.Helper()
		p := newPlace(t)
		l := p.open()
		return ledgertest.Harness{
			Ledger: l, Keys: p.keys, Strangers: newKeys(t, t.TempDir()), Pseudonym: p.keys.Pseudonym, Now: time.Now,
			Down:   func(down bool) { l.SetFaults(sandbox.Faults{Down: down}) },
			Slow:   func(by time.Duration) { l.SetFaults(sandbox.Faults{Delay: by}) },
			Forget: func(n int) { l.SetFaults(sandbox.Faults{ForgetAnswers: n}) },
			Revoke: func() error {
				_, err := p.keys.Revoke(p.keys.KeyID())
				return err
			},
		}
	})
}

func TestOpen_Again(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	l := p.open()
	var outs []ledgerclient.Outcome
	var keys []string
	for i := range 5 {
		e := p.envelope("produce", "Register", map[string]string{"crop": "paddy", "weight": fmt.Sprint(i + 1), "date": "2026-11-30"}, "+919830000001")
		tx, _, err := l.Prepare(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		out, err := l.Submit(t.Context(), tx)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := ledgerclient.ParseEnvelope(e.Canonical)
		if err != nil {
			t.Fatal(err)
		}
		outs, keys = append(outs, out), append(keys, parsed.Key)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = p.open()
	for i, key := range keys {
		got, err := l.Find(t.Context(), key)
		if diff := cmp.Diff(outs[i], got); diff != "" || err != nil {
			t.Errorf("Find() after Open: %v (-recorded +found):\n%s", err, diff)
		}
	}
	if r, err := l.Verify(); err != nil || r != (sandbox.Report{Blocks: 6, Transactions: 5}) {
		t.Errorf("Verify() = %+v, %v, want 6 blocks and 5 transactions", r, err)
	}
}

func TestOpen_InUse(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.open()
	if l, err := sandbox.Open(p.options()); !errors.Is(err, sandbox.ErrInUse) {
		t.Errorf("Open() twice = %v, %v, want ErrInUse", l, err)
	}
}

func TestOpen_Extra(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	if err := p.open().Close(); err != nil {
		t.Fatal(err)
	}
	o := p.options()
	o.Extra = []sandbox.Record{{Register: "library", Key: "card-1", Fields: map[string]string{"name.bn": "রবি"}}}
	for range 2 {
		l, err := sandbox.Open(o)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.code(l, "library", "CARD-1"); got != "found" {
			t.Errorf("registry.Get of an extra record = %q, want found", got)
		}
		if r, err := l.Verify(); err != nil || r.Blocks != 2 {
			t.Errorf("Verify() = %+v, %v, want the made-up world and one block of extra records", r, err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	o.Extra[0].Key, o.Extra[0].Fields = "card-2", map[string]string{"name": "\x00"}
	if _, err := sandbox.Open(o); !errors.Is(err, ledgerclient.ErrText) {
		t.Errorf("Open() with a record that is no text: %v, want ErrText", err)
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	l := p.open()
	e := p.envelope("registry", "Put", map[string]string{"register": "test", "key": "k"}, "+919830000001")
	tx, _, err := l.Prepare(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := l.Close(); err != nil {
			t.Errorf("Close() = %v, want nil", err)
		}
	}
	if _, err := l.Submit(t.Context(), tx); ledgerclient.ClassOf(err) != ledgerclient.Before {
		t.Errorf("Submit() after Close: %v, want class before", err)
	}
}

// Whoever is told that it is recorded finds it recorded, though the ledger is
// closed at any moment.
func TestClose_UnderLoad(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	l := p.open()
	const n = 40
	recorded := make([]bool, n)
	txs := make([]ledgerclient.Transaction, n)
	for i := range txs {
		e := p.envelope("registry", "Put", map[string]string{"register": "test", "key": fmt.Sprint(i)}, "+919830000001")
		var err error
		if txs[i], _, err = l.Prepare(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan struct{})
	for i := range n {
		go func() {
			out, err := l.Submit(context.Background(), txs[i])
			recorded[i] = err == nil && out.Found
			if err != nil && ledgerclient.ClassOf(err) != ledgerclient.Before {
				t.Errorf("Submit() while closing: %v, want nil or class before", err)
			}
			done <- struct{}{}
		}()
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for range n {
		<-done
	}
	l = p.open()
	for i := range n {
		if got := p.code(l, "test", fmt.Sprint(i)) == "found"; got != recorded[i] {
			t.Errorf("record %d is there: %v, its submitter was told %v", i, got, recorded[i])
		}
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	l := p.open()
	want := sandbox.Faults{RefuseBefore: 2, ForgetAnswers: 1}
	l.SetFaults(want)
	if got := l.Faults(); got != want {
		t.Errorf("Faults() = %+v, want %+v", got, want)
	}
	q := p.query("benefits", "Status", map[string]string{"beneficiary": "1000000001"})
	for i, class := range []ledgerclient.Class{ledgerclient.Before, ledgerclient.Before} {
		if _, err := l.Evaluate(t.Context(), q); ledgerclient.ClassOf(err) != class {
			t.Errorf("Evaluate() %d: %v, want class %s", i, err, class)
		}
	}
	if _, err := l.Evaluate(t.Context(), q); err != nil {
		t.Errorf("Evaluate() after two refusals: %v, want nil", err)
	}
	if got, want := l.Faults(), (sandbox.Faults{ForgetAnswers: 1}); got != want {
		t.Errorf("Faults() = %+v, want %+v", got, want)
	}
	l.SetFaults(sandbox.Faults{Delay: 30 * time.Millisecond})
	began := time.Now()
	if _, err := l.Evaluate(t.Context(), q); err != nil || time.Since(began) < 30*time.Millisecond {
		t.Errorf("Evaluate() with a delay took %v, %v, want 30 ms or more", time.Since(began), err)
	}
}

// The clock may run backwards; the blocks' times do not.
func TestBlockTime(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	o := p.options()
	o.Now = func() time.Time { at = at.Add(-time.Minute); return at }
	l, err := sandbox.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	first := p.record(l, "a").Answer.AsOf
	if second := p.record(l, "b").Answer.AsOf; second.Time.Before(first.Time) {
		t.Errorf("block %d at %v after block %d at %v, want no earlier time", second.Block, second.Time, first.Block, first.Time)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := sandbox.Open(p.options()); err != nil {
		t.Errorf("Open() = %v, want nil", err)
	}
}

// free takes every signature, to measure the rest.
type free struct{}

func (free) Verify([32]byte, ledgerclient.Signature, time.Time) error { return nil }

func BenchmarkEvaluate(b *testing.B) {
	for _, signatures := range []string{"none", "batched"} {
		b.Run("signatures="+signatures, func(b *testing.B) {
			p := newPlace(b)
			o := p.options()
			if signatures == "none" {
				o.Keys = free{}
			}
			l, err := sandbox.Open(o)
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = l.Close() }()
			pool := keys.NewPool(p.keys, nil)
			defer pool.Close()
			q := p.query("benefits", "Status", map[string]string{"beneficiary": "1000000001"})
			b.ReportAllocs()
			b.SetParallelism(256)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					signed := q
					if signatures == "batched" {
						var err error
						if signed, err = ledgerclient.SignQuery(context.Background(), pool, q.Query); err != nil {
							b.Error(err)
						}
					}
					if _, err := l.Evaluate(context.Background(), signed); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

func BenchmarkSubmit(b *testing.B) {
	for _, callers := range []int{1, 256} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			p := newPlace(b)
			o := p.options()
			o.Keys = free{}
			l, err := sandbox.Open(o)
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = l.Close() }()
			txs := make(chan ledgerclient.Transaction, b.N)
			for i := range b.N {
				e := p.envelope("registry", "Put", map[string]string{"register": "test", "key": fmt.Sprint(i)}, "+919830000001")
				tx, _, err := l.Prepare(context.Background(), e)
				if err != nil {
					b.Fatal(err)
				}
				txs <- tx
			}
			b.ReportAllocs()
			b.SetParallelism(max(1, callers/2))
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := l.Submit(context.Background(), <-txs); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
