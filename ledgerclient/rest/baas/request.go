package baas

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"setu/ledgerclient"
	"setu/ledgerclient/rest"
	"setu/ledgerclient/rest/httpsig"
)

// fault is why a request is refused.
type fault struct {
	kind rest.Kind
	err  error
}

func (f fault) Error() string { return f.err.Error() }
func (f fault) Unwrap() error { return f.err }

// ask is a request that has passed all checks of its own.
type ask struct {
	client *Client
	body   []byte
	r      *http.Request
}

// answer is what a request is answered with.
type answer struct {
	status int
	value  any
}

// signed wraps what serves a signed request: it checks the request, bounds its
// time, and writes the answer or the problem.
func (s *Server) signed(serve func(context.Context, ask) (answer, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		began := s.now()
		a, client, err := s.admit(w, r, serve)
		attrs := []any{
			slog.String("method", r.Method), slog.String("pattern", r.Pattern), slog.String("client", client),
		}
		if err != nil {
			kind := kindOf(err)
			p := kind.Problem(detail(kind, err), rand.Text())
			s.refuse(r.Context(), w, p)
			attrs = append(attrs, slog.String("problem", kind.Name), slog.String("request", p.Instance), slog.String("error", err.Error()))
			s.log.WarnContext(r.Context(), "request refused", attrs...)
			return
		}
		s.write(r.Context(), w, a.status, rest.TypeJSON, a.value)
		s.log.DebugContext(r.Context(), "request served", append(attrs, slog.Duration("took", s.now().Sub(began)))...)
	}
}

// admit checks a request and lets it be served.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, serve func(context.Context, ask) (answer, error)) (answer, string, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, rest.MaxBody))
	if err != nil {
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			return answer{}, "", fault{rest.TooLarge, err}
		}
		return answer{}, "", fault{rest.Malformed, err}
	}
	id, err := s.requests.Verify(r, body)
	if err != nil {
		return answer{}, "", fault{signatureKind(err), err}
	}
	client := s.clients.owner(id)
	if client == nil {
		return answer{}, "", fault{rest.UnknownKey, errKey} // taken away this moment
	}
	switch {
	case !certified(client, r):
		return answer{}, client.Name, fault{rest.Certificate, errCertificate}
	case client.limiter != nil && !client.limiter.AllowN(s.now(), 1):
		return answer{}, client.Name, fault{rest.TooMany, errRate}
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.patience(r))
	defer cancel()
	a, err := serve(ctx, ask{client, body, r})
	return a, client.Name, err
}

// patience is how long the ledger may take.
func (s *Server) patience(r *http.Request) time.Duration {
	if asked := rest.ParseWait(r.Header); asked > 0 {
		return min(asked, s.maxWait)
	}
	return min(unasked, s.maxWait)
}

func (s *Server) publicKey(id string) (*ecdsa.PublicKey, error) {
	return s.clients.signer(id, s.now())
}

var (
	errCertificate = errors.New("baas: not the client's certificate")
	errRate        = errors.New("baas: too many requests")
	errForeign     = errors.New("baas: signed by another client")
	errContract    = errors.New("baas: the client may not use the contract")
	errWrongKey    = errors.New("baas: idempotency key differs")
)

// certified says that the client showed the certificate that it must show. TLS
// has checked it against the authorities.
func certified(c *Client, r *http.Request) bool {
	if c.Certificate == "" {
		return true
	}
	return r.TLS != nil && len(r.TLS.VerifiedChains) > 0 && names(r.TLS.VerifiedChains[0][0], c.Certificate)
}

func names(cert *x509.Certificate, name string) bool {
	return cert.Subject.CommonName == name || slices.Contains(cert.DNSNames, name)
}

// signatureKind is the problem that an error of a request's signature is.
func signatureKind(err error) rest.Kind {
	var f fault
	switch {
	case errors.As(err, &f):
		return f.kind
	case errors.Is(err, httpsig.ErrClock):
		return rest.Clock
	case errors.Is(err, httpsig.ErrReplayed):
		return rest.Replayed
	case errors.Is(err, httpsig.ErrDigest):
		return rest.WrongDigest
	case errors.Is(err, httpsig.ErrFull):
		return rest.TooMany
	}
	return rest.Unsigned
}

// kindOf is the problem that an error is.
func kindOf(err error) rest.Kind {
	var f fault
	if errors.As(err, &f) {
		return f.kind
	}
	return rest.OfClass(ledgerclient.ClassOf(err))
}

// detail is what the gateway's operator may read of an error: what he can mend.
// Errors of contracts and signatures name fields, never values.
func detail(k rest.Kind, err error) string {
	if k.Class == ledgerclient.Config || k.Class.Action() == ledgerclient.Park && k.Class != ledgerclient.Poison {
		return err.Error()
	}
	return ""
}
