package httpsig

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"testing"

	"github.com/dunglas/httpsfv"
)

// rfcKey is test-key-ecc-p256 of RFC 9421 appendix B.1.3.
const rfcKey = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lf
w0EkjqF7xB4FivAxzic30tMM4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ==
-----END PUBLIC KEY-----`

func rfcPublic(t *testing.T) *ecdsa.PublicKey {
	t.Helper()
	block, _ := pem.Decode([]byte(rfcKey))
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key.(*ecdsa.PublicKey)
}

// rfcResponse is the signed response of RFC 9421 appendix B.2.4, the one vector
// of our algorithm.
func rfcResponse() (Message, []byte) {
	h := http.Header{}
	h.Set("Date", "Tue, 20 Apr 2021 02:07:56 GMT")
	h.Set("Content-Type", "application/json")
	h.Set("Content-Digest", "sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:")
	h.Set("Content-Length", "23")
	h.Set("Signature-Input", `sig-b24=("@status" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-ecc-p256"`)
	h.Set("Signature", "sig-b24=:wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==:")
	return Message{Status: 200, Header: h}, []byte(`{"message": "good dog"}`)
}

func TestRFC9421_B24(t *testing.T) {
	t.Parallel()
	const want = `"@status": 200
"content-type": application/json
"content-digest": sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:
"content-length": 23
"@signature-params": ("@status" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-ecc-p256"`
	m, body := rfcResponse()
	inputs, err := dictionary(m.Header, fieldInput)
	if err != nil {
		t.Fatal(err)
	}
	s, err := named(m, inputs, "sig-b24")
	if err != nil {
		t.Fatal(err)
	}
	if base, err := m.base(s.names, s.params); string(base) != want || err != nil {
		t.Errorf("base() = %s, %v, want %s", base, err, want)
	}
	if _, err := s.check(m, rfcPublic(t)); err != nil {
		t.Errorf("check() = %v, want nil", err)
	}
	if err := CheckDigest(m.Header, body); err != nil {
		t.Errorf("CheckDigest() = %v, want nil", err)
	}
	if err := CheckDigest(m.Header, []byte(`{"message": "good cat"}`)); !errors.Is(err, ErrDigest) {
		t.Errorf("CheckDigest() of another body = %v, want ErrDigest", err)
	}
	m.Status = 201
	if _, err := s.check(m, rfcPublic(t)); !errors.Is(err, ErrSignature) {
		t.Errorf("check() with another status = %v, want ErrSignature", err)
	}
}

// TestRFC9421_B26 builds the signature base of appendix B.2.6, of a request.
func TestRFC9421_B26(t *testing.T) {
	t.Parallel()
	const input = `("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"`
	const want = `"date": Tue, 20 Apr 2021 02:07:55 GMT
"@method": POST
"@path": /foo
"@authority": example.com
"content-type": application/json
"content-length": 18
"@signature-params": ` + input
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://Example.com:443/foo?param=Value&Pet=dog", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Date", "Tue, 20 Apr 2021 02:07:55 GMT")
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Content-Length", "18")
	dict, err := httpsfv.UnmarshalDictionary([]string{"sig-b26=" + input})
	if err != nil {
		t.Fatal(err)
	}
	member, _ := dict.Get("sig-b26")
	names, err := covered(member.(httpsfv.InnerList))
	if err != nil {
		t.Fatal(err)
	}
	if base, err := OfRequest(r).base(names, input); string(base) != want || err != nil {
		t.Errorf("base() = %s, %v, want %s", base, err, want)
	}
}
