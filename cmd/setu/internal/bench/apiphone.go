package bench

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// APIPhone is a phone that signs requests to the mobile API. Without a login it
// signs nothing.
type APIPhone struct {
	Addr string
	Now  func() time.Time
	// Source is the address that it asks from; nil leaves it to the system.
	Source net.Addr

	number string
	key    *ecdsa.PrivateKey
	id     string
}

// perSource is how many phones log in from one address; a gateway lets 60 do so
// in an hour.
const perSource = 50

// source is an address of this machine that phones come from.
func source(i int) net.Addr {
	return &net.TCPAddr{IP: net.IPv4(127, 0, byte(1+i/250), byte(1+i%250))}
}

// LogIn makes n phones, each of another citizen of the sandbox at addr.
func LogIn(ctx context.Context, addr string, n int) ([]*APIPhone, error) {
	phones := make([]*APIPhone, n)
	first := time.Now().UnixMilli() * 7919
	err := inParallel(ctx, n, func(ctx context.Context, i int) error {
		phones[i] = &APIPhone{Addr: addr, Now: time.Now, Source: source(i / perSource)}
		// Numbers far apart: few share the six digits that are limited together.
		number := fmt.Sprintf("+919%09d", (first+int64(i)*104_729)%1_000_000_000)
		return phones[i].LogIn(ctx, number)
	})
	return phones, err
}

// LogIn makes a key and binds it to a number by the one-time password that a
// sandbox shows.
func (p *APIPhone) LogIn(ctx context.Context, number string) error {
	var sent struct {
		OTP string `json:"sandbox_otp"`
	}
	raw, err := (&APIPhone{Addr: p.Addr}).Request("POST", "/v1/otp", `{"number":"`+number+`"}`, "")
	if err == nil {
		err = p.do(ctx, raw, http.StatusAccepted, &sent)
	}
	if err != nil {
		return fmt.Errorf("ask for a one-time password: %w", err)
	}
	if p.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return err
	}
	point, err := p.key.PublicKey.Bytes()
	if err != nil {
		return err
	}
	e := base64.RawURLEncoding
	x, y := e.EncodeToString(point[1:33]), e.EncodeToString(point[33:])
	sum := sha256.Sum256([]byte(`{"crv":"P-256","kty":"EC","x":"` + x + `","y":"` + y + `"}`))
	p.id = e.EncodeToString(sum[:])
	body := fmt.Sprintf(`{"number":%q,"otp":%q,"name":"bench","key":{"kty":"EC","crv":"P-256","x":%q,"y":%q}}`, number, sent.OTP, x, y)
	if err := p.bind(ctx, body); err != nil {
		return fmt.Errorf("bind a phone: %w", err)
	}
	p.number = number
	return nil
}

// bind binds the phone's key. What is made in the second of the gateway's start is
// refused, so that a phone may have to sign anew once.
func (p *APIPhone) bind(ctx context.Context, body string) error {
	try := func() error {
		raw, err := p.Request("POST", "/v1/devices", body, "")
		if err != nil {
			return err
		}
		return p.do(ctx, raw, http.StatusCreated, &struct{}{})
	}
	err := try()
	if err != nil && strings.Contains(err.Error(), "signature-clock") {
		if err = stay(ctx, time.Second); err == nil {
			err = try()
		}
	}
	return err
}

// do sends one request and reads its answer.
func (p *APIPhone) do(ctx context.Context, raw []byte, status int, into any) error {
	answer, got, err := askOnce(ctx, p.Addr, p.Source, raw)
	switch {
	case err != nil:
		return err
	case got != status:
		return fmt.Errorf("HTTP %d: %.300s", got, answer)
	}
	return json.Unmarshal(answer, into)
}

// Request is a request as it is sent, signed by RFC 9421 after a login. once is
// its Idempotency-Key; empty is none.
func (p *APIPhone) Request(method, path, body, once string) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nAccept-Language: bn\r\n", method, path, p.Addr)
	names, base := []string{"@method", "@authority", "@path", "@query"}, &strings.Builder{}
	fmt.Fprintf(base, "\"@method\": %s\n\"@authority\": %s\n\"@path\": %s\n\"@query\": ?\n", method, p.Addr, path)
	field := func(name, value string) {
		fmt.Fprintf(&b, "%s: %s\r\n", name, value)
		names = append(names, strings.ToLower(name))
		fmt.Fprintf(base, "%q: %s\n", strings.ToLower(name), value)
	}
	if body != "" {
		sum := sha256.Sum256([]byte(body))
		field("Content-Type", "application/json")
		field("Content-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":")
		b.WriteString("Content-Length: " + strconv.Itoa(len(body)) + "\r\n")
	}
	if once != "" {
		field("Idempotency-Key", once)
	}
	if p.key != nil {
		params := fmt.Sprintf(`("%s");created=%d;nonce="%s";keyid="%s";alg="ecdsa-p256-sha256";tag="setu-app"`,
			strings.Join(names, `" "`), p.Now().Unix(), rand.Text(), p.id)
		digest := sha256.Sum256([]byte(base.String() + `"@signature-params": ` + params))
		r, s, err := ecdsa.Sign(rand.Reader, p.key, digest[:])
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "Signature-Input: phone=%s\r\nSignature: phone=:%s:\r\n", params, base64.StdEncoding.EncodeToString(halves(r, s)))
	}
	b.WriteString("\r\n" + body)
	return b.Bytes(), nil
}

// halves are R and S, 32 octets each.
func halves(r, s *big.Int) []byte {
	raw := make([]byte, 64)
	r.FillBytes(raw[:32])
	s.FillBytes(raw[32:])
	return raw
}

// ETag is the validator of a resource.
func (p *APIPhone) ETag(ctx context.Context, path string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.Addr+path, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	if cerr := resp.Body.Close(); err == nil {
		err = cerr
	}
	return resp.Header.Get("ETag"), err
}
