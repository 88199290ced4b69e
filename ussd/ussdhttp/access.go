package ussdhttp

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// Secret is a password: it prints as [secret].
type Secret string

// String is "[secret]".
func (Secret) String() string { return "[secret]" }

// GoString is "[secret]".
func (Secret) GoString() string { return "[secret]" }

// Gateway is one configured USSD gateway.
type Gateway struct {
	Name    string // of the link; unique
	Dialect string
	Path    string // "" is /ussd/NAME
	// ShortCodes are the service codes that it brings, without * and #. The
	// first one is taken where a request names none.
	ShortCodes []string
	// CountryCode is put before numbers that come without one; "" is 91.
	CountryCode string
	// Allow are the networks that it may come from; none is all.
	Allow []netip.Prefix
	// Proxies are our own reverse proxies: what they say of a request's origin
	// (X-Forwarded-For) is believed.
	Proxies []netip.Prefix
	// Secret is what it has to show, and SecretIn where: "header:NAME",
	// "query:NAME" or "basic", whose user may be any if User is "".
	Secret   Secret
	SecretIn string
	User     string
	// Signature says how it signs its requests; zero is not at all.
	Signature Signature
	// PushURL is where screens are posted to, for dialects that push; "" gives
	// them in the answer. PushSecret is what the dialect calls {secret}.
	PushURL    string
	PushSecret Secret
}

// Signature is an HMAC with SHA-256 (RFC 2104, FIPS 180-4) over a request's
// body, or over its query where it has no body.
type Signature struct {
	Header string // that holds it; "" is no signature
	Prefix string // before the signature, such as "sha256="
	Base64 bool   // RFC 4648, 4; otherwise hexadecimal
	Secret Secret
}

// check says what is wrong with a gateway's configuration.
func (g *Gateway) check() error {
	kind, name, _ := strings.Cut(g.SecretIn, ":")
	switch {
	case !validName(g.Name):
		return errors.New("its name has small letters, digits and - only, since it stands in a path")
	case !strings.HasPrefix(g.Path, "/"):
		return fmt.Errorf("path %q does not begin with /", g.Path)
	case g.Secret != "" && kind != "basic" && (kind != "header" && kind != "query" || name == ""):
		return fmt.Errorf("secret_in is %q: use basic, header:NAME or query:NAME", g.SecretIn)
	case g.CountryCode != "" && !digits([]byte(g.CountryCode)):
		return fmt.Errorf("country_code %q is no digits", g.CountryCode)
	case g.Signature.Header != "" && g.Signature.Secret == "":
		return errors.New("a signature needs its secret")
	}
	return nil
}

// admit says why a request is not let in; 0 lets it in.
func (e *endpoint) admit(ctx *fasthttp.RequestCtx) (status int, reason string) {
	body := ctx.PostBody()
	switch {
	case len(e.Allow) > 0 && !contains(e.Allow, e.origin(ctx)):
		return fasthttp.StatusForbidden, "this address is not allowed"
	case e.Secret != "" && !e.showsSecret(ctx):
		return fasthttp.StatusUnauthorized, "the secret is missing or wrong"
	case !e.speaks(ctx.Method()):
		return fasthttp.StatusMethodNotAllowed, "this method is not the dialect's"
	case len(body) > MaxBody:
		return fasthttp.StatusRequestEntityTooLarge, "the body is too large"
	case e.Signature.Header != "" && !e.Signature.signs(ctx, body):
		return fasthttp.StatusUnauthorized, "the signature is missing or wrong"
	}
	return 0, ""
}

// speaks says that a method is one of the dialect's.
func (e *endpoint) speaks(method []byte) bool {
	for _, m := range e.dialect.methods {
		if m == string(method) {
			return true
		}
	}
	return false
}

// rest is the request's path behind the mount.
func (g *Gateway) rest(ctx *fasthttp.RequestCtx) []byte {
	return bytes.TrimPrefix(ctx.Path(), []byte(g.Path))
}

// origin is the address that a request comes from: the peer's, or what the last
// of our own proxies saw.
func (e *endpoint) origin(ctx *fasthttp.RequestCtx) netip.Addr {
	ip, _ := netip.AddrFromSlice(ctx.RemoteIP())
	ip = ip.Unmap()
	if !contains(e.Proxies, ip) {
		return ip
	}
	// A proxy may add a header of its own behind the one that the peer sent.
	all := bytes.Join(ctx.Request.Header.PeekAll(fasthttp.HeaderXForwardedFor), []byte(","))
	for _, hop := range slices.Backward(strings.Split(string(all), ",")) {
		at, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			return ip
		}
		if ip = at.Unmap(); !contains(e.Proxies, ip) {
			return ip
		}
	}
	return ip
}

func contains(list []netip.Prefix, ip netip.Addr) bool {
	return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// showsSecret says that the request has the gateway's secret.
func (e *endpoint) showsSecret(ctx *fasthttp.RequestCtx) bool {
	kind, name, _ := strings.Cut(e.SecretIn, ":")
	switch kind {
	case "header":
		return same(ctx.Request.Header.Peek(name), e.Secret)
	case "query":
		args := ctx.QueryArgs()
		return same(args.Peek(name), e.Secret)
	}
	user, password, ok := basic(ctx.Request.Header.Peek(fasthttp.HeaderAuthorization))
	return ok && same([]byte(password), e.Secret) && (e.User == "" || user == e.User)
}

func same(given []byte, want Secret) bool {
	return subtle.ConstantTimeCompare(given, []byte(want)) == 1
}

// basic reads HTTP's basic authentication (RFC 7617).
func basic(h []byte) (user, password string, ok bool) {
	scheme, value, _ := bytes.Cut(h, []byte(" "))
	if !strings.EqualFold(string(scheme), "basic") {
		return "", "", false
	}
	text, err := base64.StdEncoding.DecodeString(string(value))
	if err != nil {
		return "", "", false
	}
	return strings.Cut(string(text), ":")
}

// signs says that the request is signed.
func (s *Signature) signs(ctx *fasthttp.RequestCtx, body []byte) bool {
	given, ok := strings.CutPrefix(string(ctx.Request.Header.Peek(s.Header)), s.Prefix)
	if !ok {
		return false
	}
	var mac []byte
	var err error
	if s.Base64 {
		mac, err = base64.StdEncoding.DecodeString(given)
	} else {
		mac, err = hex.DecodeString(given)
	}
	if len(body) == 0 {
		body = ctx.URI().QueryString()
	}
	return err == nil && hmac.Equal(mac, s.sum(body))
}

func (s *Signature) sum(body []byte) []byte {
	h := hmac.New(sha256.New, []byte(s.Secret))
	h.Write(body)
	return h.Sum(nil)
}

// pushTime is how long a gateway may take to accept a screen.
const pushTime = 3 * time.Second

func newClient() *fasthttp.Client {
	return &fasthttp.Client{
		NoDefaultUserAgentHeader: true, ReadTimeout: pushTime, WriteTimeout: pushTime,
		Dial: func(addr string) (net.Conn, error) { return fasthttp.DialTimeout(addr, pushTime) },
		// A screen that was perhaps shown is not sent again: the citizen may
		// have answered it.
		MaxIdemponentCallAttempts: 1,
	}
}

// pushScreen posts a screen to the gateway.
func (e *endpoint) pushScreen(r *reading, v *values) error {
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(resp)
	req.SetRequestURI(e.PushURL)
	req.Header.SetMethod(fasthttp.MethodPost)
	req.Header.SetContentType(e.dialect.push.contentType)
	for i := range e.dialect.push.headers {
		h := &e.dialect.push.headers[i]
		req.Header.SetBytesV(h.name, h.text.append(nil, v))
	}
	r.out = e.dialect.push.text.append(r.out[:0], v)
	req.SetBody(r.out)
	if err := e.client.DoTimeout(req, resp, pushTime); err != nil {
		return fmt.Errorf("post the screen: %w", err)
	}
	if s := resp.StatusCode(); s < 200 || s > 299 {
		return fmt.Errorf("post the screen: HTTP %d", s)
	}
	return nil
}
