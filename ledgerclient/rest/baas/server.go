// Package baas serves a ledger to gateways that have none: the service that
// package rest is the client of. It keeps nothing of its own but the nonces of
// the last minutes: what a request is, and whether it was carried out, is on the
// ledger behind it.
//
// A request must be signed by a key of a client, be new, and carry the digest
// of its body; the envelope or query in it must be signed by a key of the same
// client. Then it is passed on as it is.
package baas

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"setu/internal/panics"
	"setu/ledgerclient"
	"setu/ledgerclient/keys"
	"setu/ledgerclient/rest"
	"setu/ledgerclient/rest/httpsig"
)

// Bounds of the listener.
const (
	headTime = 10 * time.Second
	bodyTime = 30 * time.Second
	idleTime = 2 * time.Minute
	// drainTime is how long a service that stops lets requests finish. Those
	// that wait for the ledger still are answered after half of it.
	drainTime = 10 * time.Second
	maxHead   = 16 << 10 // octets of a request's head
)

// Defaults of [Options].
const (
	// DefaultWait is the longest that a request waits for the ledger.
	DefaultWait = 25 * time.Second
	// unasked is how long it waits for a sender that says nothing.
	unasked = 10 * time.Second
	// reloadEvery is how often the clients' keys are read again.
	reloadEvery = 2 * time.Second
	// retryAfter is what a sender is asked to wait, seconds.
	retryAfter = 2
)

// Options say what a [Server] serves, and to whom.
type Options struct {
	Ledger  ledgerclient.Ledger
	Clients *Clients
	// Now is the clock; nil is the system's.
	Now func() time.Time
	// Since refuses requests that were made before, because what was seen
	// before is forgotten: the start of the service, in whole seconds. The
	// zero value refuses none.
	Since time.Time
	// Window is how far a request's time may be from ours; zero is
	// [httpsig.DefaultWindow].
	Window time.Duration
	// MaxWait is the longest that a request waits for the ledger; zero is
	// DefaultWait.
	MaxWait time.Duration
	Log     *slog.Logger
}

// Server is the service. It is an [http.Handler] for requests over TLS.
type Server struct {
	ledger   ledgerclient.Ledger
	clients  *Clients
	verifier ledgerclient.Verifier
	requests httpsig.Verifier
	now      func() time.Time
	maxWait  time.Duration
	log      *slog.Logger
	mux      *http.ServeMux
	polls    polls
}

var _ http.Handler = (*Server)(nil)

// New makes a service.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.MaxWait == 0 {
		o.MaxWait = DefaultWait
	}
	s := &Server{
		ledger: o.Ledger, clients: o.Clients, verifier: keys.NewVerifier(o.Clients),
		now: o.Now, maxWait: o.MaxWait, log: o.Log, mux: http.NewServeMux(),
	}
	s.requests = httpsig.Verifier{
		Now: o.Now, Window: o.Window, Since: o.Since, Nonces: httpsig.NewNonces(o.Window),
	}
	s.requests.Key = s.publicKey
	s.route()
	return s
}

// route says what is where. The patterns without a method catch the wrong ones.
func (s *Server) route() {
	for _, r := range []struct {
		method, path string
		serve        http.HandlerFunc
	}{
		{http.MethodPost, rest.PathQueries, s.signed(s.evaluate)},
		{http.MethodPost, rest.PathProposals, s.signed(s.prepare)},
		{http.MethodPost, rest.PathTransactions, s.signed(s.submit)},
		{http.MethodGet, rest.PathTransactions + "/{key}", s.signed(s.find)},
		{http.MethodGet, rest.PathBlocks, s.signed(s.height)},
		{http.MethodGet, rest.PathBlocks + "/{next}", s.signed(s.blocks)},
		{http.MethodGet, rest.PathOpenAPI, describe},
		{http.MethodGet, rest.PathProblems + "{name}", explain},
		{http.MethodGet, "/healthz", healthy},
	} {
		s.mux.HandleFunc(r.method+" "+r.path, r.serve)
		s.mux.HandleFunc(r.path, func(w http.ResponseWriter, q *http.Request) {
			w.Header().Set("Allow", r.method)
			s.refuse(q.Context(), w, rest.WrongMethod.Problem("", rand.Text()))
		})
	}
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.refuse(r.Context(), w, rest.NoSuchPath.Problem("", rand.Text()))
	})
}

// ServeHTTP serves one request. A panic ends that request only.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer s.recovered(r.Context(), w)
	s.mux.ServeHTTP(w, r)
}

// recovered is deferred: it answers a request that panicked.
func (s *Server) recovered(ctx context.Context, w http.ResponseWriter) {
	p := recover()
	if p == nil {
		return
	}
	id := rand.Text()
	s.log.ErrorContext(ctx, "request panicked", slog.String("request", id),
		slog.String("panic", panics.Text(p)), slog.String("stack", string(debug.Stack())))
	s.refuse(ctx, w, rest.Interrupted.Problem("", id))
}

// Run serves on a listener until ctx ends and what is under way is answered.
func (s *Server) Run(ctx context.Context, l net.Listener, config *tls.Config) error {
	requests, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	server := &http.Server{
		Handler: s, ReadHeaderTimeout: headTime, ReadTimeout: bodyTime, WriteTimeout: bodyTime + s.maxWait,
		IdleTimeout: idleTime, MaxHeaderBytes: maxHead,
		ErrorLog:    slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context { return requests },
	}
	group, inner := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := server.Serve(tls.NewListener(l, config)); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error { s.reload(inner); return nil })
	group.Go(func() error {
		<-inner.Done()
		s.polls.stop()
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
		defer cancel()
		defer time.AfterFunc(drainTime/2, giveUp).Stop()
		return server.Shutdown(drain)
	})
	return group.Wait()
}

// reload reads the clients' keys from time to time. As long as those of a client
// cannot be read, those that were read last count.
func (s *Server) reload(ctx context.Context) {
	tick := time.NewTicker(reloadEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := s.clients.Reload(); err != nil {
				s.log.ErrorContext(ctx, "clients' keys not read", slog.String("error", err.Error()))
			}
		}
	}
}

// refuse answers with a problem.
func (s *Server) refuse(ctx context.Context, w http.ResponseWriter, p rest.Problem) {
	if p.Status == http.StatusServiceUnavailable || p.Status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
	}
	s.write(ctx, w, p.Status, rest.TypeProblem, p)
}

// write writes an answer with its digest.
func (s *Server) write(ctx context.Context, w http.ResponseWriter, status int, kind string, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		s.log.ErrorContext(ctx, "answer not written", slog.String("error", err.Error()))
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Digest", httpsig.Digest(body))
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // who has gone reads nothing
}

// describe gives the description to everyone.
func describe(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/yaml")
	_, _ = w.Write(rest.OpenAPI())
}

// explain says in words what a problem means.
func explain(w http.ResponseWriter, r *http.Request) {
	all := rest.Kinds()
	i := slices.IndexFunc(all, func(k rest.Kind) bool { return k.Name == r.PathValue("name") })
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if i < 0 {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	_, _ = io.WriteString(w, all[i].Title+"\n"+all[i].Next+"\n")
}

func healthy(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, "ok\n")
}
