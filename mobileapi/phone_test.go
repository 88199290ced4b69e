package mobileapi_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"setu/gateway"
)

// phone signs requests by itself, as an app would, from the text of RFC 9421.
type phone struct {
	w    *world
	key  *ecdsa.PrivateKey
	id   string
	skew time.Duration // of its clock
	// change spoils a request after it was signed.
	change func(*http.Request)
}

func newPhone(w *world) *phone {
	p := &phone{w: w, key: must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))}
	jwk := p.jwk()
	sum := sha256.Sum256([]byte(`{"crv":"P-256","kty":"EC","x":"` + jwk["x"] + `","y":"` + jwk["y"] + `"}`))
	p.id = base64.RawURLEncoding.EncodeToString(sum[:])
	return p
}

func (p *phone) jwk() map[string]string {
	point := must(p.key.PublicKey.Bytes())
	e := base64.RawURLEncoding
	return map[string]string{"kty": "EC", "crv": "P-256", "x": e.EncodeToString(point[1:33]), "y": e.EncodeToString(point[33:])}
}

// sign signs a request.
func (p *phone) sign(r *http.Request, body string) {
	names := []string{"@method", "@authority", "@path", "@query"}
	values := map[string]string{"@method": r.Method, "@authority": r.Host, "@path": r.URL.EscapedPath(), "@query": "?" + r.URL.RawQuery}
	if body != "" {
		sum := sha256.Sum256([]byte(body))
		r.Header.Set("Content-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":")
	}
	for _, name := range []string{"content-type", "content-digest", "idempotency-key"} {
		if v := r.Header.Get(name); v != "" {
			names, values[name] = append(names, name), v
		}
	}
	params := fmt.Sprintf(`("%s");created=%d;nonce="%s";keyid="%s";alg="ecdsa-p256-sha256";tag="setu-app"`,
		strings.Join(names, `" "`), p.w.now().Add(p.skew).Unix(), rand.Text(), p.id)
	var base strings.Builder
	for _, name := range names {
		fmt.Fprintf(&base, "%q: %s\n", name, values[name])
	}
	base.WriteString(`"@signature-params": ` + params)
	digest := sha256.Sum256([]byte(base.String()))
	r1, s1, err := ecdsa.Sign(rand.Reader, p.key, digest[:])
	if err != nil {
		panic(err)
	}
	raw := make([]byte, 64)
	r1.FillBytes(raw[:32])
	s1.FillBytes(raw[32:])
	r.Header.Set("Signature-Input", "phone="+params)
	r.Header.Set("Signature", "phone=:"+base64.StdEncoding.EncodeToString(raw)+":")
}

// request makes a signed request. headers are names and values.
func (p *phone) request(method, path, body string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Accept-Language", "en")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	p.sign(r, body)
	if p.change != nil {
		p.change(r)
	}
	return r
}

func (p *phone) ask(method, path, body string, headers ...string) answer {
	p.w.t.Helper()
	return p.w.do(p.request(method, path, body, headers...))
}

// once sends a form with a key of its own.
func (p *phone) once(key, body string) answer {
	p.w.t.Helper()
	return p.ask("POST", "/v1/dialogue", body, "Idempotency-Key", key)
}

// otp asks for a one-time password.
func (p *phone) otp(number gateway.Address) string {
	p.w.t.Helper()
	got := p.w.ask("POST", "/v1/otp", `{"number":"`+number.Reveal()+`"}`)
	if got.status != 202 {
		p.w.t.Fatalf("otp = %d %s", got.status, got.body)
	}
	var sent struct {
		OTP string `json:"sandbox_otp"`
	}
	if err := json.Unmarshal(got.body, &sent); err != nil {
		p.w.t.Fatal(err)
	}
	return sent.OTP
}

func (p *phone) bind(number gateway.Address, otp string) answer {
	p.w.t.Helper()
	body := must(json.Marshal(map[string]any{"number": number.Reveal(), "otp": otp, "key": p.jwk(), "name": "Test phone"}))
	return p.ask("POST", "/v1/devices", string(body))
}

// logIn is a phone that signs for a number.
func logIn(t testing.TB, w *world, number gateway.Address) *phone {
	t.Helper()
	p := newPhone(w)
	if got := p.bind(number, p.otp(number)); got.status != 201 {
		t.Fatalf("bind = %d %s", got.status, got.body)
	}
	return p
}
