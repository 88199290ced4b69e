package httpsig_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	peer "github.com/remitly-oss/httpsig-go"

	"setu/ledgerclient"
	"setu/ledgerclient/rest/httpsig"
)

var errNoKey = errors.New("no such key")

// oneKey is a key that signs under a name.
type oneKey struct {
	id      string
	private *ecdsa.PrivateKey
}

func newKey(t testing.TB) oneKey {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return oneKey{"k1", private}
}

func (k oneKey) KeyID() string { return k.id }

func (k oneKey) SignBy(_ context.Context, id string, digest [sha256.Size]byte) (ledgerclient.Signature, error) {
	sig, err := ecdsa.SignASN1(rand.Reader, k.private, digest[:])
	return ledgerclient.Signature{KeyID: id, Sig: sig}, err
}

func (k oneKey) public(id string) (*ecdsa.PublicKey, error) {
	if id != k.id {
		return nil, errNoKey
	}
	return &k.private.PublicKey, nil
}

var start = time.Date(2026, 11, 22, 10, 30, 0, 0, time.UTC)

func at(offset time.Duration) func() time.Time {
	return func() time.Time { return start.Add(offset) }
}

const example = `{"hello":"world"}`

// request is a request as it arrives at a server.
func request(t testing.TB, method, target, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

func signed(t testing.TB, k oneKey, body string) *http.Request {
	t.Helper()
	r := request(t, http.MethodPost, "https://ledger.example/v1/transactions?a=b%20c", body)
	r.Header.Set("Idempotency-Key", `"k-1"`)
	var octets []byte
	if body != "" {
		octets = []byte(body)
	}
	if err := (&httpsig.Signer{Keys: k, Now: at(0)}).Sign(t.Context(), r, octets); err != nil {
		t.Fatal(err)
	}
	return r
}

func verifier(k oneKey, offset time.Duration) *httpsig.Verifier {
	return &httpsig.Verifier{Key: k.public, Now: at(offset), Nonces: httpsig.NewNonces(0)}
}

func TestSign_Verify(t *testing.T) {
	t.Parallel()
	k := newKey(t)
	for _, body := range []string{example, ""} {
		id, err := verifier(k, 0).Verify(signed(t, k, body), []byte(body))
		if id != "k1" || err != nil {
			t.Errorf("Verify(body %q) = %q, %v, want k1", body, id, err)
		}
	}
	if err := (&httpsig.Signer{Keys: badKey{k}, Now: at(0)}).Sign(t.Context(), signed(t, k, ""), nil); !errors.Is(err, httpsig.ErrSignature) {
		t.Errorf("Sign() by a key that signs nonsense: %v, want ErrSignature", err)
	}
}

// badKey signs with something that is no P-256 signature.
type badKey struct{ oneKey }

func (badKey) SignBy(context.Context, string, [sha256.Size]byte) (ledgerclient.Signature, error) {
	return ledgerclient.Signature{Sig: []byte("no")}, nil
}

func TestVerify_Refuses(t *testing.T) {
	t.Parallel()
	k := newKey(t)
	edit := func(field, from, to string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(field, strings.Replace(r.Header.Get(field), from, to, 1)) }
	}
	tests := []struct {
		name   string
		change func(*http.Request)
		want   error
	}{
		{"nothing changed", func(*http.Request) {}, nil},
		{"another method", func(r *http.Request) { r.Method = http.MethodPut }, httpsig.ErrSignature},
		{"another host", func(r *http.Request) { r.Host = "other.example" }, httpsig.ErrSignature},
		{"another path", func(r *http.Request) { r.URL.Path = "/v1/queries" }, httpsig.ErrSignature},
		{"another query", func(r *http.Request) { r.URL.RawQuery = "a=b" }, httpsig.ErrSignature},
		{"another idempotency key", func(r *http.Request) { r.Header.Set("Idempotency-Key", `"k-2"`) }, httpsig.ErrSignature},
		{"a second idempotency key", func(r *http.Request) { r.Header.Add("Idempotency-Key", `"k-2"`) }, httpsig.ErrSignature},
		{"no idempotency key any more", func(r *http.Request) { r.Header.Del("Idempotency-Key") }, httpsig.ErrCoverage},
		{"another type", func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, httpsig.ErrSignature},
		{"another digest", func(r *http.Request) { r.Header.Set("Content-Digest", httpsig.Digest([]byte("x"))) }, httpsig.ErrSignature},
		{"no digest any more", func(r *http.Request) { r.Header.Del("Content-Digest") }, httpsig.ErrCoverage},
		{"no signature", func(r *http.Request) { r.Header.Del("Signature") }, httpsig.ErrMissing},
		{"no input", func(r *http.Request) { r.Header.Del("Signature-Input") }, httpsig.ErrMissing},
		{"signature under another label", edit("Signature", "setu=", "other="), httpsig.ErrMissing},
		{"input without our tag", edit("Signature-Input", `;tag="setu-ledger"`, ""), httpsig.ErrMissing},
		{"another tag", edit("Signature-Input", "setu-ledger", "other"), httpsig.ErrMissing},
		{"two with our tag", func(r *http.Request) {
			in := r.Header.Get("Signature-Input")
			r.Header.Set("Signature-Input", in+", b="+strings.TrimPrefix(in, "setu="))
		}, httpsig.ErrSyntax},
		{"input that is no dictionary", edit("Signature-Input", "setu=", "?"), httpsig.ErrSyntax},
		{"input that is no list", func(r *http.Request) { r.Header.Set("Signature-Input", "setu=1") }, httpsig.ErrSyntax},
		{"signature that is no octets", func(r *http.Request) { r.Header.Set("Signature", `setu="x"`) }, httpsig.ErrSyntax},
		{"signature cut", func(r *http.Request) { r.Header.Set("Signature", "setu=:AAAA:") }, httpsig.ErrSignature},
		{"another time", edit("Signature-Input", "created=", "created=1"), httpsig.ErrClock},
		{"no time", edit("Signature-Input", ";created=1795343400", ""), httpsig.ErrCoverage},
		{"a time in words", edit("Signature-Input", "created=1795343400", `created="now"`), httpsig.ErrSyntax},
		{"expired", edit("Signature-Input", ";nonce=", ";expires=1795343399;nonce="), httpsig.ErrClock},
		{"expiry added", edit("Signature-Input", ";nonce=", ";expires=1795343500;nonce="), httpsig.ErrSignature},
		{"a parameter that nobody knows", edit("Signature-Input", ";nonce=", ";x=1;nonce="), httpsig.ErrSyntax},
		{"another algorithm", edit("Signature-Input", "ecdsa-p256-sha256", "hmac-sha256"), httpsig.ErrSyntax},
		{"another key", edit("Signature-Input", `keyid="k1"`, `keyid="k2"`), errNoKey},
		{"no key", edit("Signature-Input", `;keyid="k1"`, ""), httpsig.ErrCoverage},
		{"no nonce", edit("Signature-Input", ";nonce=", ";x-nonce="), httpsig.ErrSyntax},
		{"method not covered", edit("Signature-Input", `"@method" `, ""), httpsig.ErrCoverage},
		{"digest not covered", edit("Signature-Input", ` "content-digest"`, ""), httpsig.ErrCoverage},
		{"one component twice", edit("Signature-Input", `"@method"`, `"@method" "@method"`), httpsig.ErrSyntax},
		{"component in capitals", edit("Signature-Input", `"@method"`, `"@METHOD"`), httpsig.ErrSyntax},
		{"component with a parameter", edit("Signature-Input", `"@method"`, `"@method";req`), httpsig.ErrSyntax},
		{"a component more", edit("Signature-Input", `"@method"`, `"@method" "date"`), httpsig.ErrCoverage},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := signed(t, k, example)
			tt.change(r)
			if _, err := verifier(k, 0).Verify(r, []byte(example)); !errors.Is(err, tt.want) {
				t.Errorf("Verify() = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestVerify_Body(t *testing.T) {
	t.Parallel()
	k := newKey(t)
	if _, err := verifier(k, 0).Verify(signed(t, k, example), []byte(`{"hello":"thief"}`)); !errors.Is(err, httpsig.ErrDigest) {
		t.Errorf("Verify() of another body = %v, want ErrDigest", err)
	}
	if _, err := verifier(k, 0).Verify(signed(t, k, ""), []byte(example)); !errors.Is(err, httpsig.ErrCoverage) {
		t.Errorf("Verify() of a body that was signed without = %v, want ErrCoverage", err)
	}
}

func TestVerify_Time(t *testing.T) {
	t.Parallel()
	k := newKey(t)
	for offset, want := range map[time.Duration]error{
		0: nil, httpsig.DefaultWindow: nil, -httpsig.DefaultWindow: nil,
		httpsig.DefaultWindow + time.Second: httpsig.ErrClock, -httpsig.DefaultWindow - time.Second: httpsig.ErrClock,
	} {
		if _, err := verifier(k, offset).Verify(signed(t, k, example), []byte(example)); !errors.Is(err, want) {
			t.Errorf("Verify() %v later = %v, want %v", offset, err, want)
		}
	}
	v := verifier(k, 0)
	v.Since = start.Add(time.Second)
	if _, err := v.Verify(signed(t, k, example), []byte(example)); !errors.Is(err, httpsig.ErrClock) {
		t.Errorf("Verify() of what was made before the start = %v, want ErrClock", err)
	}
}

func TestVerify_Replay(t *testing.T) {
	t.Parallel()
	k := newKey(t)
	v, r := verifier(k, 0), signed(t, k, example)
	if _, err := v.Verify(r, []byte(example)); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(r, []byte(example)); !errors.Is(err, httpsig.ErrReplayed) {
		t.Errorf("Verify() again = %v, want ErrReplayed", err)
	}
	if _, err := v.Verify(signed(t, k, example), []byte(example)); err != nil {
		t.Errorf("Verify() of the same, signed anew = %v, want nil", err)
	}
}

// TestNonces takes nonces over a long time: none passes twice within the time
// that a signature counts, and what is older is forgotten.
func TestNonces(t *testing.T) {
	t.Parallel()
	const window = time.Minute
	n := httpsig.NewNonces(window)
	seen := map[string]time.Duration{}
	for i := range 2000 {
		now := time.Duration(i) * 7 * time.Second
		for back := range 40 {
			name := fmt.Sprint(i - back)
			err := n.Take(name, start.Add(now))
			first, before := seen[name]
			switch {
			case before && now-first <= 2*window && !errors.Is(err, httpsig.ErrReplayed):
				t.Fatalf("Take(%s) %v after its first time = %v, want ErrReplayed", name, now-first, err)
			case back == 0 && err != nil:
				t.Fatalf("Take(%s) for the first time = %v", name, err)
			case err == nil:
				seen[name] = now
			}
		}
	}
	if err := n.Take("0", start.Add(24*time.Hour)); err != nil {
		t.Errorf("Take() of a forgotten nonce = %v, want nil", err)
	}
}

func TestNonces_AtOnce(t *testing.T) {
	t.Parallel()
	n := httpsig.NewNonces(0)
	var wg sync.WaitGroup
	var mu sync.Mutex
	taken := 0
	for range 16 {
		wg.Go(func() {
			if n.Take("one", start) == nil {
				mu.Lock()
				defer mu.Unlock()
				taken++
			}
		})
	}
	wg.Wait()
	if taken != 1 {
		t.Errorf("one nonce was taken %d times, want once", taken)
	}
}

func TestCheckDigest(t *testing.T) {
	t.Parallel()
	good := httpsig.Digest([]byte(example))
	for _, tt := range []struct {
		name, field string
		want        error
	}{
		{"sha-256", good, nil},
		{"with one that nobody knows", "md5=:AAAA:, " + good, nil},
		{"of another body", httpsig.Digest(nil), httpsig.ErrDigest},
		{"one right, one wrong", good + ", sha-512=:AAAA:", httpsig.ErrDigest},
		{"only one that nobody knows", "md5=:AAAA:", httpsig.ErrDigest},
		{"none", "", httpsig.ErrDigest},
		{"no dictionary", "\x00", httpsig.ErrSyntax},
		{"a list", "sha-256=(1 2)", httpsig.ErrSyntax},
		{"a number", "sha-256=1", httpsig.ErrSyntax},
	} {
		h := http.Header{}
		if tt.field != "" {
			h.Set("Content-Digest", tt.field)
		}
		if err := httpsig.CheckDigest(h, []byte(example)); !errors.Is(err, tt.want) {
			t.Errorf("CheckDigest(%s) = %v, want %v", tt.name, err, tt.want)
		}
	}
}

// peerKeys gives keys to the other implementation.
type peerKeys struct{ k oneKey }

func (p peerKeys) FetchByKeyID(_ context.Context, _ http.Header, id string) (peer.KeySpecer, error) {
	public, err := p.k.public(id)
	return peer.KeySpec{KeyID: id, Algo: peer.Algo_ECDSA_P256_SHA256, PubKey: public}, err
}

func (p peerKeys) Fetch(context.Context, http.Header, peer.MetadataProvider) (peer.KeySpecer, error) {
	return nil, errNoKey
}

// TestPeer exchanges signatures with another implementation of RFC 9421.
func TestPeer(t *testing.T) {
	t.Parallel()
	k := newKey(t)
	ours := request(t, http.MethodPost, "https://ledger.example/v1/transactions?a=b", example)
	if err := (&httpsig.Signer{Keys: k, Now: time.Now}).Sign(t.Context(), ours, []byte(example)); err != nil {
		t.Fatal(err)
	}
	fields := peer.Fields("@method", "@authority", "@path", "@query", "content-type", "content-digest")
	if _, err := peer.Verify(ours, peerKeys{k}, peer.VerifyProfile{
		SignatureLabel: "setu", RequiredFields: fields,
		AllowedAlgorithms: []peer.Algorithm{peer.Algo_ECDSA_P256_SHA256}, CreatedValidDuration: time.Minute,
		RequiredMetadata: []peer.Metadata{peer.MetaCreated, peer.MetaKeyID, peer.MetaNonce, peer.MetaTag},
	}); err != nil {
		t.Errorf("their Verify() of our signature: %v", err)
	}
	theirs := request(t, http.MethodPost, "https://ledger.example/v1/transactions?a=b", example)
	if err := peer.Sign(theirs, peer.SigningProfile{
		Algorithm: peer.Algo_ECDSA_P256_SHA256, Fields: fields,
		Metadata: []peer.Metadata{peer.MetaCreated, peer.MetaKeyID, peer.MetaNonce, peer.MetaTag},
	}, peer.SigningKey{Key: k.private, MetaKeyID: "k1", MetaTag: httpsig.Tag}); err != nil {
		t.Fatal(err)
	}
	v := verifier(k, 0)
	v.Now = time.Now
	body, err := io.ReadAll(theirs.Body)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(theirs, body); err != nil {
		t.Errorf("our Verify() of their signature: %v", err)
	}
}

// known says that an error is one that Verify may give.
func known(err error) bool {
	for _, want := range []error{
		httpsig.ErrMissing, httpsig.ErrSyntax, httpsig.ErrCoverage, httpsig.ErrSignature, httpsig.ErrDigest,
		httpsig.ErrClock, httpsig.ErrReplayed, errNoKey,
	} {
		if errors.Is(err, want) {
			return true
		}
	}
	return false
}

// FuzzVerify: whatever stands in the fields, only the signature that the key
// made is taken, and all else is one of our errors.
func FuzzVerify(f *testing.F) {
	k := newKey(f)
	r := signed(f, newKey(f), example)
	f.Add(r.Header.Get("Signature-Input"), r.Header.Get("Signature"), r.Header.Get("Content-Digest"), "/v1/transactions", "a=b%20c")
	f.Add(`setu=("@method" "@authority" "@path" "@query" "content-type" "content-digest" "idempotency-key");created=1795343400;nonce="n";keyid="k1";tag="setu-ledger"`, "setu=:AAAA:", "sha-256=:AAAA:", "/", "")
	f.Add(`a=();tag="setu-ledger", b=1`, `a="x"`, "", "/%2f", "?")
	f.Fuzz(func(t *testing.T, input, signature, digest, path, query string) {
		r := signed(t, k, example)
		own := r.Header.Clone()
		r.URL.Path, r.URL.RawPath, r.URL.RawQuery = path, "", query
		r.Header.Set("Signature-Input", input)
		r.Header.Set("Signature", signature)
		r.Header.Set("Content-Digest", digest)
		if _, err := verifier(k, 0).Verify(r, []byte(example)); err == nil || !known(err) {
			t.Fatalf("Verify() = %v, want a known error: this was never signed", err)
		}
		r.Header = own
		if err := (&httpsig.Signer{Keys: k, Now: at(0)}).Sign(t.Context(), r, []byte(example)); err != nil {
			if !errors.Is(err, httpsig.ErrSyntax) {
				t.Fatalf("Sign(%q, %q) = %v", path, query, err)
			}
			return
		}
		if _, err := verifier(k, 0).Verify(r, []byte(example)); err != nil {
			t.Fatalf("Verify() of what was signed for %q ?%q: %v", path, query, err)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	k := newKey(b)
	body := bytes.Repeat([]byte("x"), 1024)
	s := httpsig.Signer{Keys: k, Now: at(0)}
	b.Run("act=sign", func(b *testing.B) {
		b.ReportAllocs()
		r := signed(b, k, example)
		for b.Loop() {
			if err := s.Sign(b.Context(), r, body); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("act=verify", func(b *testing.B) {
		b.ReportAllocs()
		r := signed(b, k, example)
		v := verifier(k, 0)
		for b.Loop() {
			if _, err := v.Verify(r, []byte(example)); err != nil && !errors.Is(err, httpsig.ErrReplayed) {
				b.Fatal(err)
			}
		}
	})
}
