// Package console is the operators' side of a running gateway: health,
// metrics, the queue and its verbs, and the sandbox's faults. It belongs on a
// closed listener. What changes or shows anything asks for the token that the
// gateway writes into its data folder; nothing shows a number or a text.
package console

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	"github.com/gofiber/fiber/v2/middleware/pprof"
	"github.com/gofiber/fiber/v2/middleware/recover"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"setu/gateway"
	"setu/gateway/operators"
	"setu/ledgerclient"
)

// Queue is the outbox as an operator works on it.
type Queue interface {
	List(ctx context.Context, f gateway.Filter) ([]gateway.Item, error)
	Item(ctx context.Context, id int64) (gateway.Item, error)
	Requeue(ctx context.Context, id int64) error
	// Discard gives an item up, and tells its citizen so.
	Discard(ctx context.Context, id int64, reason string) error
	Stats(ctx context.Context) (gateway.Stats, error)
}

// Acts are what cannot be undone.
type Acts interface {
	Acts() operators.Listing
	// Allow is nil if a statement to list is an operator's.
	Allow(s operators.Signed) error
	// Take does what a statement asks for.
	Take(ctx context.Context, s operators.Signed) (operators.Act, error)
	// Direct does something at once, where no operators are named.
	Direct(ctx context.Context, kind string, args map[string]string) (string, error)
}

// Check is one thing that readiness depends on.
type Check struct {
	Name string
	// Ready says whether it works, and in an operator's words what is wrong.
	Ready func(ctx context.Context) (bool, string)
	// Vital checks make the gateway not ready; the others are only shown,
	// since it goes on without a ledger or a link.
	Vital bool
}

// Faults is how the sandbox ledger is made to misbehave.
type Faults struct {
	Delay  Duration `json:"delay"`  // before each answer, such as "3s"
	Down   bool     `json:"down"`   // refuses all calls
	Forget int      `json:"forget"` // of the next so many transactions: recorded, and the answer lost
}

// Duration is a time.Duration that JSON writes as "3s".
type Duration time.Duration

// MarshalText writes it as Go does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads it as Go does; empty is zero.
func (d *Duration) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = 0
		return nil
	}
	v, err := time.ParseDuration(string(b))
	*d = Duration(v)
	return err
}

// Config is what a console shows and does.
type Config struct {
	Token    string
	Queue    Queue
	Standing func(ctx context.Context, r ledgerclient.Receipt) (gateway.Standing, error)
	// Findings are the newest transactions on the ledger for which the store
	// cannot account.
	Findings func(ctx context.Context, limit int) ([]gateway.Finding, error)
	Checks   []Check
	Metrics  prometheus.Gatherer
	// SetFaults is nil when the ledger is not the sandbox.
	SetFaults func(Faults) error
	// Acts are what needs two operators; see package operators. Nil has none.
	Acts Acts
	// ResetPIN forgets a citizen's PIN; nil when none are kept. Its error for a
	// number that has none is [gateway.ErrNoPIN].
	ResetPIN func(ctx context.Context, citizen gateway.Address) error
	// Documents are what operators ask for, by name.
	Documents map[string]func(ctx context.Context, ask url.Values) (Document, error)
	// Calls answers with the calls under way and the last ones; nil if there are
	// none ever.
	Calls fiber.Handler
	// CallBacks answers with the citizens who wait to be called; nil if nobody can be.
	CallBacks fiber.Handler
	// Wake is called after an item was put back, so that it goes at once.
	Wake func()
	Log  *slog.Logger
}

// Server is the console. Make it with [New].
type Server struct {
	Config
	app *fiber.App
}

// New makes a console.
func New(c Config) *Server {
	s := &Server{Config: c, app: fiber.New(fiber.Config{
		DisableStartupMessage: true, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: time.Minute, BodyLimit: 64 << 10, Immutable: true, ErrorHandler: problem,
	})}
	s.app.Use(recover.New(), pprof.New()) // profiles at /debug/pprof: of this process, without its data
	s.app.Get("/healthz", func(c *fiber.Ctx) error { return c.SendString("ok\n") })
	s.app.Get("/readyz", s.ready)
	s.app.Get("/metrics", adaptor.HTTPHandler(promhttp.HandlerFor(c.Metrics, promhttp.HandlerOpts{})))
	if c.Acts != nil { // before the rest, since operators' own keys open it
		s.app.Get("/api/acts", s.acts)
		s.app.Post("/api/acts", s.act)
	}
	api := s.app.Group("/api", s.authorize)
	api.Get("/queue", s.list)
	api.Get("/queue/stats", s.stats)
	api.Get("/queue/:id", s.show)
	api.Post("/queue/:id/retry", s.retry)
	api.Post("/queue/:id/discard", s.discard)
	api.Get("/receipts/:number", s.receipt)
	api.Get("/findings", s.findings)
	api.Get("/documents/:name", s.document)
	if c.Calls != nil {
		api.Get("/calls", c.Calls)
	}
	if c.CallBacks != nil {
		api.Get("/call-backs", c.CallBacks)
	}
	api.Post("/pins/reset", s.resetPIN)
	api.Post("/sandbox/faults", s.faults)
	return s
}

// Run serves on l until ctx ends.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		if err := s.app.ShutdownWithTimeout(5 * time.Second); err != nil {
			s.Log.WarnContext(ctx, "console did not stop in time", slog.String("error", err.Error()))
		}
	})
	err := s.app.Listener(l)
	if !stop() {
		<-stopped
		return nil
	}
	return err
}

// Fault is an error as the API gives it (RFC 9457).
type Fault struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
}

// problem writes an error as application/problem+json.
func problem(c *fiber.Ctx, err error) error {
	f := Fault{Title: "internal error", Status: fiber.StatusInternalServerError}
	var known *fiber.Error
	switch {
	case errors.As(err, &known):
		f.Title, f.Status = known.Message, known.Code
	case errors.Is(err, ErrAsked):
		f = Fault{ErrAsked.Error(), fiber.StatusBadRequest, strings.TrimPrefix(err.Error(), ErrAsked.Error()+": ")}
	case errors.Is(err, gateway.ErrNotFound):
		f = Fault{"no such item", fiber.StatusNotFound, "`setu queue list` shows the items that wait"}
	case errors.Is(err, gateway.ErrFinal):
		f = Fault{"the item is final", fiber.StatusConflict, "final states never change"}
	case errors.Is(err, gateway.ErrLease):
		f = Fault{"the item is being worked on", fiber.StatusConflict, "try again in a minute"}
	}
	if refused, ok := actFault(err); ok {
		f = refused
	}
	body, merr := json.Marshal(f)
	if merr != nil {
		return merr
	}
	c.Set(fiber.HeaderContentType, "application/problem+json")
	return c.Status(f.Status).Send(body)
}

// authorize lets in who knows the token.
func (s *Server) authorize(c *fiber.Ctx) error {
	if !s.hasToken(c) {
		return fiber.NewError(fiber.StatusUnauthorized, "the token of the data folder is needed")
	}
	return c.Next()
}

func (s *Server) hasToken(c *fiber.Ctx) bool {
	given := strings.TrimPrefix(c.Get(fiber.HeaderAuthorization), "Bearer ")
	return s.Token != "" && subtle.ConstantTimeCompare([]byte(given), []byte(s.Token)) == 1
}

// Readiness is the answer of /readyz.
type Readiness struct {
	Ready  bool              `json:"ready"`
	Checks map[string]string `json:"checks"` // "ok", or what is wrong
}

func (s *Server) ready(c *fiber.Ctx) error {
	r := Readiness{Ready: true, Checks: map[string]string{}}
	for _, ck := range s.Checks {
		ok, why := ck.Ready(c.UserContext())
		if ok {
			why = "ok"
		}
		r.Checks[ck.Name] = why
		r.Ready = r.Ready && (ok || !ck.Vital)
	}
	if !r.Ready {
		c.Status(fiber.StatusServiceUnavailable)
	}
	return c.JSON(r)
}

// id reads the item's number from the path.
func id(c *fiber.Ctx) (int64, error) {
	n, err := strconv.ParseInt(c.Params("id"), 10, 64)
	if err != nil {
		return 0, fiber.NewError(fiber.StatusBadRequest, "an item's number is digits")
	}
	return n, nil
}
