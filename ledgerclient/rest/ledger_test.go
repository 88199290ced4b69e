package rest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"setu/ledgerclient"
	"setu/ledgerclient/keys"
	"setu/ledgerclient/ledgertest"
	"setu/ledgerclient/rest"
	"setu/ledgerclient/rest/baas"
	"setu/ledgerclient/rest/httpsig"
	"setu/ledgerclient/sandbox"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func pseudonym(t testing.TB, s *keys.Store, department, number string) string {
	t.Helper()
	p, err := s.Pseudonym(department, number)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestLedger(t *testing.T) {
	t.Parallel()
	ledgertest.Exercise(t, func(t *testing.T) ledgertest.Harness {
		t.Helper()
		s := newService(t, nil)
		return ledgertest.Harness{
			Ledger: s.driver(nil), Keys: s.keys, Strangers: newKeys(t), Pseudonym: s.keys.Pseudonym, Now: time.Now,
			Down:   s.link.cut,
			Slow:   func(by time.Duration) { s.sandbox.SetFaults(sandbox.Faults{Delay: by}) },
			Forget: func(n int) { s.sandbox.SetFaults(sandbox.Faults{ForgetAnswers: n}) },
			Revoke: func() error {
				if _, err := s.keys.Revoke(s.keys.KeyID()); err != nil {
					return err
				}
				return s.clients.Reload()
			},
		}
	})
}

// steps are the four calls, each ready to be made.
type steps map[string]func() error

func (s *service) steps(l *rest.Ledger) steps {
	s.t.Helper()
	plain := s.driver(nil)
	tx, key := s.prepare(plain)
	e, _ := s.envelope()
	q := s.query()
	ctx := s.t.Context()
	return steps{
		"evaluate": func() error { _, err := l.Evaluate(ctx, q); return err },
		"prepare":  func() error { _, _, err := l.Prepare(ctx, e); return err },
		"submit":   func() error { _, err := l.Submit(ctx, tx); return err },
		"find":     func() error { _, err := l.Find(ctx, key); return err },
	}
}

// want is a class for the calls that change nothing, and one for submissions.
type want struct{ reading, submitting ledgerclient.Class }

func (w want) of(op string) ledgerclient.Class {
	if op == "submit" {
		return w.submitting
	}
	return w.reading
}

func (s *service) check(name string, w want, all steps, before func()) {
	s.t.Helper()
	for op, do := range all {
		if before != nil {
			before()
		}
		err := do()
		var e *ledgerclient.Error
		if !errors.As(err, &e) || e.Class != w.of(op) || e.Op != op {
			s.t.Errorf("%s: %s = %v, want class %s", name, op, err, w.of(op))
		}
	}
}

// status answers as a proxy does, with a page.
func status(code int) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, "<html>"+http.StatusText(code))
	}
}

// TestFaults_Wire disturbs one request or answer of each call. What may have
// been submitted is unknown; all else can be done again.
func TestFaults_Wire(t *testing.T) {
	t.Parallel()
	again := want{ledgerclient.Before, ledgerclient.Unknown}
	operator := want{ledgerclient.Config, ledgerclient.Config}
	never := want{ledgerclient.Refused, ledgerclient.Refused}
	for _, tt := range []struct {
		name string
		next func(http.ResponseWriter, *http.Request, http.Handler)
		want want
	}{
		{"the connection breaks before the service", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { hangUp(w) }, again},
		{"the answer is lost", func(w http.ResponseWriter, r *http.Request, h http.Handler) {
			answered(r, h)
			hangUp(w)
		}, again},
		{"the answer is cut", func(w http.ResponseWriter, r *http.Request, h http.Handler) {
			a := answered(r, h)
			w.Header().Set("Content-Type", rest.TypeJSON)
			w.Header().Set("Content-Length", "10000")
			_, _ = w.Write(a.Body.Bytes())
			hangUp(w)
		}, again},
		{"the answer is changed", func(w http.ResponseWriter, r *http.Request, h http.Handler) {
			a := answered(r, h)
			forward(w, a, append(a.Body.Bytes(), ' '))
		}, again},
		{"the answer's digest is another's", func(w http.ResponseWriter, r *http.Request, h http.Handler) {
			a := answered(r, h)
			a.Header().Set("Content-Digest", httpsig.Digest([]byte("other")))
			forward(w, a, a.Body.Bytes())
		}, again},
		{"the answer has no digest", func(w http.ResponseWriter, r *http.Request, h http.Handler) {
			a := answered(r, h)
			a.Header().Del("Content-Digest")
			forward(w, a, a.Body.Bytes())
		}, again},
		{"the answer is another page", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<html>log in to this network")
		}, again},
		{"the answer is no JSON", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			w.Header().Set("Content-Type", rest.TypeJSON)
			w.Header().Set("Content-Digest", httpsig.Digest([]byte("{")))
			_, _ = io.WriteString(w, "{")
		}, again},
		{"the answer never ends", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			w.Header().Set("Content-Type", rest.TypeJSON)
			for range 1 + rest.MaxBody/1024 {
				_, _ = w.Write(bytes.Repeat([]byte(" "), 1024))
			}
		}, again},
		{"500 of a proxy", status(500), again},
		{"502 of a proxy", status(502), again},
		{"503 of a proxy", status(503), again},
		{"504 of a proxy", status(504), again},
		{"408 of a proxy", status(408), again},
		{"429 of a proxy", status(429), want{ledgerclient.Before, ledgerclient.Before}},
		{"400 of a proxy", status(400), never},
		{"413 of a proxy", status(413), never},
		{"403 of a proxy", status(403), operator},
		{"404 of a proxy", status(404), operator},
		{"a redirection", func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
			http.Redirect(w, r, "https://other.example/", http.StatusTemporaryRedirect)
		}, operator},
		{"a problem without a class", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			body := []byte(`{"type":"about:blank","status":500}`)
			w.Header().Set("Content-Type", rest.TypeProblem)
			w.Header().Set("Content-Digest", httpsig.Digest(body))
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write(body)
		}, again},
		{"a problem that nobody can read", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			body := []byte(`[]`)
			w.Header().Set("Content-Type", rest.TypeProblem)
			w.Header().Set("Content-Digest", httpsig.Digest(body))
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write(body)
		}, again},
		{"the request is seen twice", func(w http.ResponseWriter, r *http.Request, h http.Handler) {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
			answered(r, h)
			r.Body = io.NopCloser(bytes.NewReader(body))
			a := answered(r, h)
			forward(w, a, a.Body.Bytes())
		}, again},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newService(t, nil)
			s.check(tt.name, tt.want, s.steps(s.driver(nil)), func() { s.meddler.once(tt.next) })
		})
	}
}

// TestFaults_Link makes calls to where nobody answers, or not as agreed.
func TestFaults_Link(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	before := want{ledgerclient.Before, ledgerclient.Before}
	operator := want{ledgerclient.Config, ledgerclient.Config}
	cut := s.steps(s.driver(nil))
	s.check("a service whose certificate nobody vouches for", operator, s.steps(s.driver(func(o *rest.Options) { o.TLS = nil })), nil)
	s.check("a service of another name", operator, s.steps(s.driver(func(o *rest.Options) { o.TLS.ServerName = "other.example" })), nil)
	nobody := s.steps(s.driver(func(o *rest.Options) { o.URL = "https://127.0.0.1:1" }))
	s.check("a port without a service", before, nobody, nil)
	s.check("another path", operator, s.steps(s.driver(func(o *rest.Options) { o.URL += "/elsewhere/" })), nil)
	s.link.cut(true)
	s.check("a cut link", before, cut, nil)
}

// TestFaults_Slow waits for a ledger that does not answer in time.
func TestFaults_Slow(t *testing.T) {
	t.Parallel()
	s := newService(t, func(o *baas.Options, _ *baas.Client) { o.MaxWait = 50 * time.Millisecond })
	l := s.driver(nil)
	all := s.steps(l)
	tx, key := s.prepare(l)
	hasty := s.steps(s.driver(func(o *rest.Options) { o.ReadTimeout, o.SubmitTimeout = 10*time.Millisecond, 10*time.Millisecond }))
	s.sandbox.SetFaults(sandbox.Faults{Delay: time.Hour})
	if out, err := l.Submit(t.Context(), tx); err != nil || out.Found {
		t.Errorf("Submit() to a slow ledger = found %v, %v, want not found yet", out.Found, err)
	}
	delete(all, "submit")
	s.check("a slow ledger", want{reading: ledgerclient.Before}, all, nil)
	s.check("a gateway in haste", want{ledgerclient.Before, ledgerclient.Unknown}, hasty, nil)
	s.sandbox.SetFaults(sandbox.Faults{})
	if out, err := l.Find(t.Context(), key); err != nil || !out.Found || out.Answer.Code != "done" {
		t.Errorf("Find() = %q, %v, want done", out.Answer.Code, err)
	}
}

// classes are all that there are: what comes after them has the first one's
// name.
func classes() (all []ledgerclient.Class) {
	for c := ledgerclient.Poison; c == ledgerclient.Poison || c.String() != ledgerclient.Poison.String(); c++ {
		all = append(all, c)
	}
	return all
}

// stub is a ledger that does the same whatever is asked.
type stub struct{ do func() error }

func (s stub) Evaluate(context.Context, ledgerclient.SignedQuery) (ledgerclient.Answer, error) {
	return ledgerclient.Answer{}, s.do()
}

func (s stub) Prepare(context.Context, ledgerclient.SignedEnvelope) (ledgerclient.Transaction, ledgerclient.Outcome, error) {
	return ledgerclient.Transaction{}, ledgerclient.Outcome{}, s.do()
}

func (s stub) Submit(context.Context, ledgerclient.Transaction) (ledgerclient.Outcome, error) {
	return ledgerclient.Outcome{}, s.do()
}

func (s stub) Find(context.Context, string) (ledgerclient.Outcome, error) {
	return ledgerclient.Outcome{}, s.do()
}

// submission is what a gateway has saved, made by hand.
func (s *service) submission() (ledgerclient.Transaction, string) {
	s.t.Helper()
	e, key := s.envelope()
	octets, err := marshal(rest.Submission{Envelope: e, Transaction: ledgerclient.Transaction{ID: "tx", Bytes: []byte("bytes")}})
	if err != nil {
		s.t.Fatal(err)
	}
	return ledgerclient.Transaction{ID: "tx", Bytes: octets}, key
}

// TestClasses lets the ledger behind the service fail in every class: the
// gateway learns the same class, and only of a submission that it is unknown.
func TestClasses(t *testing.T) {
	t.Parallel()
	for _, class := range classes() {
		t.Run(class.String(), func(t *testing.T) {
			t.Parallel()
			s := newService(t, func(o *baas.Options, _ *baas.Client) {
				o.Ledger = stub{func() error { return &ledgerclient.Error{Class: class, Op: "x", Err: errors.New("why")} }}
			})
			w := want{class, class}
			if class == ledgerclient.Unknown {
				w.reading = ledgerclient.Before
			}
			s.check("a ledger that fails", w, s.stubSteps(), nil)
		})
	}
}

func (s *service) stubSteps() steps {
	l, ctx := s.driver(nil), s.t.Context()
	e, key := s.envelope()
	tx, _ := s.submission()
	q := s.query()
	return steps{
		"evaluate": func() error { _, err := l.Evaluate(ctx, q); return err },
		"prepare":  func() error { _, _, err := l.Prepare(ctx, e); return err },
		"submit":   func() error { _, err := l.Submit(ctx, tx); return err },
		"find":     func() error { _, err := l.Find(ctx, key); return err },
	}
}

func TestService_Panic(t *testing.T) {
	t.Parallel()
	s := newService(t, func(o *baas.Options, _ *baas.Client) { o.Ledger = stub{func() error { panic("planted") }} })
	s.check("a ledger that panics", want{ledgerclient.Before, ledgerclient.Unknown}, s.stubSteps(), nil)
}

// TestIdentity makes calls as somebody who may not.
func TestIdentity(t *testing.T) {
	t.Parallel()
	operator := want{ledgerclient.Config, ledgerclient.Config}
	for _, tt := range []struct {
		name   string
		change func(*baas.Options, *baas.Client)
		driver func(*service, *rest.Options)
		says   string
	}{
		{name: "a clock that is slow", driver: func(_ *service, o *rest.Options) { off(-5 * time.Minute)(o) }, says: "clock"},
		{name: "a clock that is fast", driver: func(_ *service, o *rest.Options) { off(5 * time.Minute)(o) }, says: "clock"},
		{name: "made before the start", driver: func(_ *service, o *rest.Options) { off(-time.Minute)(o) }, change: func(o *baas.Options, _ *baas.Client) {
			o.Since = time.Now().Add(-30 * time.Second)
		}, says: "clock"},
		{name: "an unknown key", driver: func(s *service, o *rest.Options) { o.Keys = newKeys(s.t) }, says: "unknown-key"},
		{name: "a revoked key", change: func(_ *baas.Options, c *baas.Client) {
			own := c.Keys
			c.Keys = func() ([]keys.Key, error) {
				all, err := own()
				for i := range all {
					all[i].State, all[i].Revoked = keys.Revoked, time.Now()
				}
				return all, err
			}
		}, says: "ended-key"},
		{name: "an expired key", change: func(_ *baas.Options, c *baas.Client) {
			own := c.Keys
			c.Keys = func() ([]keys.Key, error) {
				all, err := own()
				for i := range all {
					all[i].NotAfter = time.Now()
				}
				return all, err
			}
		}, says: "ended-key"},
		{name: "a contract that is not the client's", change: func(_ *baas.Options, c *baas.Client) { c.Contracts = []string{"health"} }, says: "not-allowed"},
		{name: "no certificate where one is agreed", change: func(_ *baas.Options, c *baas.Client) { c.Certificate = "gateway.example" }, says: "certificate"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newService(t, tt.change)
			l := s.driver(func(o *rest.Options) {
				if tt.driver != nil {
					tt.driver(s, o)
				}
			})
			e, key := s.envelope()
			tx, _ := s.submission()
			q, ctx := s.query(), t.Context()
			all := steps{
				"evaluate": func() error { _, err := l.Evaluate(ctx, q); return says(t, tt.says, err) },
				"prepare":  func() error { _, _, err := l.Prepare(ctx, e); return says(t, tt.says, err) },
				"submit":   func() error { _, err := l.Submit(ctx, tx); return says(t, tt.says, err) },
				"find":     func() error { _, err := l.Find(ctx, key); return says(t, tt.says, err) },
			}
			if tt.says == "not-allowed" {
				delete(all, "find") // it names no contract
			}
			s.check(tt.name, operator, all, nil)
		})
	}
}

func (s *service) before(do func() error) {
	s.t.Helper()
	if err := errors.Join(do(), s.clients.Reload()); err != nil {
		s.t.Fatal(err)
	}
}

// says asks for a problem of the service by name.
func says(t *testing.T, name string, err error) error {
	t.Helper()
	var problem *rest.ServiceError
	if name != "" && (!errors.As(err, &problem) || problem.Problem.Type != rest.PathProblems+name) {
		t.Errorf("%v, want the problem %q", err, name)
	}
	return err
}

// TestForeign sends what another client of the service has signed.
func TestForeign(t *testing.T) {
	t.Parallel()
	stranger := newKeys(t)
	s := newService(t, nil, baas.Client{Name: "other", Keys: list(stranger)})
	l := s.driver(func(o *rest.Options) { o.Keys = stranger })
	e, _ := s.envelope()
	_, _, err := l.Prepare(t.Context(), e)
	if says(t, "unknown-key", err); ledgerclient.ClassOf(err) != ledgerclient.Config {
		t.Errorf("Prepare() of another client's envelope = %v, want class config", err)
	}
	_, err = l.Evaluate(t.Context(), s.query())
	if says(t, "unknown-key", err); ledgerclient.ClassOf(err) != ledgerclient.Config {
		t.Errorf("Evaluate() of another client's query = %v, want class config", err)
	}
}

// TestRotate goes on over a rotation of the key that signs everything, in the
// gateway and then at the service.
func TestRotate(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	l := s.driver(func(o *rest.Options) { o.Keys = s.keys })
	tx, _ := s.prepare(l)
	s.before(func() error { _, err := s.keys.Rotate(); return err })
	if out, err := l.Submit(t.Context(), tx); err != nil || out.Answer.Code != "done" {
		t.Errorf("Submit() of what the key before signed = %q, %v, want done", out.Answer.Code, err)
	}
	if _, err := l.Evaluate(t.Context(), s.query()); err != nil {
		t.Errorf("Evaluate() by the new key: %v", err)
	}
	if _, err := s.keys.Revoke(s.keys.KeyID()); err != nil {
		t.Fatal(err)
	}
	_, err := l.Find(t.Context(), "k")
	if ledgerclient.ClassOf(err) != ledgerclient.Config || !errors.Is(err, ledgerclient.ErrKey) {
		t.Errorf("Find() without a key that may sign = %v, want class config", err)
	}
}

// TestSubmit_SameOctets: what is saved is what is sent, each time, and it is
// recorded once.
func TestSubmit_SameOctets(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	l := s.driver(nil)
	tx, _ := s.prepare(l)
	var mu sync.Mutex
	var sent [][]byte
	for range 3 {
		s.meddler.once(func(w http.ResponseWriter, r *http.Request, h http.Handler) {
			body, _ := io.ReadAll(r.Body)
			mu.Lock()
			sent = append(sent, body)
			mu.Unlock()
			r.Body = io.NopCloser(bytes.NewReader(body))
			answered(r, h)
			hangUp(w)
		})
		if _, err := l.Submit(t.Context(), tx); ledgerclient.ClassOf(err) != ledgerclient.Unknown {
			t.Fatalf("Submit() with its answer lost = %v, want class unknown", err)
		}
	}
	out, err := l.Submit(t.Context(), tx)
	if err != nil || out.Answer.Code != "done" {
		t.Fatalf("Submit() = %q, %v, want done", out.Answer.Code, err)
	}
	for i, body := range sent {
		if !bytes.Equal(body, tx.Bytes) {
			t.Errorf("body %d is not what was saved", i)
		}
	}
	if r, err := s.sandbox.Verify(); err != nil || r.Transactions != 1 {
		t.Errorf("the ledger holds %d transactions, %v, want 1", r.Transactions, err)
	}
}

func TestKey(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	l := s.driver(nil)
	for _, key := range []string{`plain`, `a/b c?d=e&f#g%2F`, `quote " back \ slash`, "রসিদ-১", "a+b", "...", strings.Repeat("k", ledgerclient.MaxKeyOctets)} {
		field, err := rest.FormatKey(key)
		if got := rest.ParseKey(http.Header{rest.FieldKey: {field}}); got != key || err != nil {
			t.Errorf("ParseKey(FormatKey(%q)) = %q, %v", key, got, err)
		}
		tx, _, err := l.Prepare(t.Context(), s.envelopeOf(key, s.keys))
		if err != nil {
			t.Errorf("Prepare() with key %q: %v", key, err)
			continue
		}
		recorded, err := l.Submit(t.Context(), tx)
		if err != nil {
			t.Errorf("Submit() with key %q: %v", key, err)
		}
		found, err := l.Find(t.Context(), key)
		if diff := cmp.Diff(recorded, found); diff != "" || err != nil {
			t.Errorf("Find(%q): %v (-recorded +found):\n%s", key, err, diff)
		}
	}
	for _, field := range []string{"", "x", `"a`, "1", `"a", "b"`, `%"a"`} {
		if got := rest.ParseKey(http.Header{rest.FieldKey: {field}}); got != "" {
			t.Errorf("ParseKey(%q) = %q, want nothing", field, got)
		}
	}
}

func TestNew_Refuses(t *testing.T) {
	t.Parallel()
	for _, u := range []string{"", "http://ledger.example", "https://", "https://a:b@ledger.example", "https://ledger.example?x=y", "https://ledger.example#f", "://"} {
		if _, err := rest.New(rest.Options{URL: u}); !errors.Is(err, rest.ErrURL) {
			t.Errorf("New(%q) = %v, want ErrURL", u, err)
		}
	}
}

// TestDriver_Refuses hands the driver what must not go out.
func TestDriver_Refuses(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	l := s.driver(nil)
	_, _, err := l.Prepare(t.Context(), ledgerclient.SignedEnvelope{Canonical: []byte("{}")})
	if ledgerclient.ClassOf(err) != ledgerclient.Refused {
		t.Errorf("Prepare() of nonsense = %v, want class refused", err)
	}
	tx, _ := s.prepare(l)
	for name, bad := range map[string]ledgerclient.Transaction{
		"another name": {ID: "x", Bytes: tx.Bytes}, "no octets": {ID: tx.ID}, "octets after it": {ID: tx.ID, Bytes: append(slices.Clip(tx.Bytes), '1')},
		"no envelope": {ID: "a", Bytes: []byte(`{"transaction":{"id":"a","bytes":"AA=="}}`)},
	} {
		if _, err := l.Submit(t.Context(), bad); ledgerclient.ClassOf(err) != ledgerclient.Refused {
			t.Errorf("Submit() of a transaction with %s = %v, want class refused", name, err)
		}
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, k := range rest.Kinds() {
		if seen[k.Name] || k.Title == "" || k.Next == "" || k.Status < 400 {
			t.Errorf("problem %q is there twice or says too little", k.Name)
		}
		seen[k.Name] = true
	}
	for _, c := range classes() {
		if k := rest.OfClass(c); k.Class != c || !seen[k.Name] {
			t.Errorf("OfClass(%s) = %q of class %s", c, k.Name, k.Class)
		}
	}
	err := &rest.ServiceError{Problem: rest.Clock.Problem("5m off", "x")}
	for _, part := range []string{"401", "clock", "5m off", rest.Clock.Next} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("Error() = %q, want it to say %q", err, part)
		}
	}
}

// BenchmarkLedger compares calls through the service with calls to the sandbox
// itself.
func BenchmarkLedger(b *testing.B) {
	s := newService(b, nil)
	for name, l := range map[string]ledgerclient.Ledger{"rest": s.driver(nil), "direct": s.sandbox} {
		q := s.query()
		b.Run(fmt.Sprintf("by=%s/act=evaluate", name), func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := l.Evaluate(context.Background(), q); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
		b.Run(fmt.Sprintf("by=%s/act=record", name), func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(32)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					e, _ := s.envelope()
					tx, _, err := l.Prepare(context.Background(), e)
					if err == nil {
						_, err = l.Submit(context.Background(), tx)
					}
					if err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
