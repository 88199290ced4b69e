// Package mobileapi is the light HTTP API for phones with data: every service in
// about a kilobyte, in the caller's language, by the same dialogue as SMS, USSD
// and calls. Its description is openapi.yaml, which the tests hold it to in both
// directions.
//
// Open services need no login. For others the phone makes a key of its own,
// binds it to the citizen's number by a one-time password, and signs each
// request with it (RFC 9421). A request that may change something carries an
// Idempotency-Key: however often it is sent, it is done once.
package mobileapi

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"runtime/debug"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"setu/channels"
	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/i18n"
	"setu/ledgerclient"
	"setu/ledgerclient/rest/httpsig"
)

// Base is the path of the API.
const Base = "/v1"

// Link is the name of the way to the app, as [gateway.Route] has it.
const Link = "app"

// MaxBody is the most octets of a request's body: the longest form is under
// 8,000.
const MaxBody = 16 << 10

// DefaultPatience is how long a transaction is waited for before the answer is
// that it is received.
const DefaultPatience = 5 * time.Second

// handleTime bounds a turn that waits behind others of the same citizen.
const handleTime = 15 * time.Second

// Config is what an [API] works with. Handler, Words, Log and Now are required.
type Config struct {
	Handler channels.Handler
	Words   *catalogue.Catalogue
	Log     *slog.Logger
	Now     func() time.Time
	// Standing is where the transaction of a receipt stands.
	Standing Standing
	// Say is what a citizen is told of that, in a language.
	Say func(l i18n.Lang, st gateway.Standing) gateway.Reply

	// The store's parts.
	Session Session
	Devices Devices
	OTPs    OTPs
	Answers Answers
	Feed    Feed
	// Proof is what is behind the hash of a phone's signature in an envelope.
	Proof func(ctx context.Context, r ledgerclient.Receipt) (gateway.Proof, error)
	// Prove is that a receipt is in the audit log.
	Prove Prove
	// MAC is a keyed digest for a purpose: the same for the same text, and no
	// way back.
	MAC func(purpose, text string) (string, error)
	// SendOTP sends a one-time password by SMS; after expires it is no use.
	SendOTP func(to gateway.Address, text gateway.Reply, expires time.Time) error
	// Limits are DefaultOTPLimits where they are 0.
	Limits OTPLimits
	// GuestRate is how many requests a second one address may send that need no
	// phone that is bound, beside a burst of ten seconds' worth; 0 is no bound.
	GuestRate int
	// Proxies are our own reverse proxies: what they say of a request's origin
	// (X-Forwarded-For) is believed.
	Proxies []netip.Prefix
	// Sandbox shows one-time passwords to whoever asks for them.
	Sandbox bool
	// First says that no process has served from this store before, so that no
	// signed request can have been taken by an earlier one.
	First bool
}

// API answers the app's requests. Make it with [New].
type API struct {
	cfg      Config
	services map[i18n.Lang]*document
	spec     map[string]func() (*document, error)
	counts   *Counts

	guests   *guests
	keys     *keyring
	nonces   *httpsig.Nonces
	since    time.Time // requests that were made before are refused; zero: none
	underway underway
	live     *hub
	tickets  tickets
	buffers  sync.Pool // of live connections that write
}

// New makes an API; it serves once it is mounted.
func New(c Config) (*API, error) {
	d := DefaultOTPLimits()
	l := &c.Limits
	l.Number, l.NumberDay, l.Source = cmp.Or(l.Number, d.Number), cmp.Or(l.NumberDay, d.NumberDay), cmp.Or(l.Source, d.Source)
	l.Prefix, l.Day = cmp.Or(l.Prefix, d.Prefix), cmp.Or(l.Day, d.Day)
	a := &API{cfg: c, keys: newKeyring(c.Devices), nonces: httpsig.NewNonces(Window), live: newHub(), counts: newCounts(), guests: newGuests(c.GuestRate)}
	if !c.First {
		// Signatures have whole seconds: what an earlier process has seen was made in
		// the second of the start at the latest.
		a.since = c.Now().Truncate(time.Second).Add(time.Second)
	}
	var err error
	if a.services, err = drawServices(c.Words); err != nil {
		return nil, err
	}
	a.spec = a.describe()
	return a, nil
}

// Close ends those who wait for changes: the server that the API is mounted on
// stops when they have gone.
func (a *API) Close() { a.live.close() }

// Live is how many wait for changes: live connections, and requests.
func (a *API) Live() int { return a.live.count() }

// Counts are the API's own, live.
func (a *API) Counts() *Counts { return a.counts }

// route is one operation of the API.
type route struct {
	method, path string
	serve        func(*request) error
}

// routes are all operations, as the description has them.
func (a *API) routes() []route {
	return []route{
		{fiber.MethodGet, "/services", a.listServices},
		{fiber.MethodPost, "/dialogue", a.talk},
		{fiber.MethodGet, "/operations/:receipt", a.operation},
		{fiber.MethodGet, "/receipts/:receipt", a.receipt},
		{fiber.MethodGet, "/receipts/:receipt/proof", a.logProof},
		{fiber.MethodGet, "/changes", a.listChanges},
		{fiber.MethodPost, "/live", a.issueTicket},
		{fiber.MethodGet, "/live", a.openLive},
		{fiber.MethodGet, "/preferences", a.readPreferences},
		{fiber.MethodPut, "/preferences", a.setPreferences},
		{fiber.MethodPost, "/otp", a.sendOTP},
		{fiber.MethodPost, "/devices", a.bindDevice},
		{fiber.MethodGet, "/devices", a.listDevices},
		{fiber.MethodDelete, "/devices/:id", a.removeDevice},
		{fiber.MethodGet, "/openapi.json", a.document("openapi.json")},
		{fiber.MethodGet, "/openapi.yaml", a.document("openapi.yaml")},
		{fiber.MethodGet, "/docs", a.document("docs")},
		{fiber.MethodGet, "/setu.js", a.document("setu.js")},
	}
}

// Mount puts the API on a router. All that lies below [Base] is its own.
func (a *API) Mount(r fiber.Router) {
	v1 := r.Group(Base)
	allowed := map[string]string{}
	none := a.counts.of(elsewhere)
	for _, one := range a.routes() {
		serve := a.wrap(a.counts.of(one.method+" "+Base+one.path), one.serve)
		v1.Add(one.method, one.path, serve)
		if one.method == fiber.MethodGet {
			v1.Add(fiber.MethodHead, one.path, serve)
			allowed[one.path] += "GET, HEAD, "
			continue
		}
		allowed[one.path] += one.method + ", "
	}
	for path, methods := range allowed {
		methods += fiber.MethodOptions
		v1.Options(path, func(c *fiber.Ctx) error { return preflight(c, methods) })
		v1.All(path, a.wrap(none, func(r *request) error {
			r.Set(fiber.HeaderAllow, methods)
			return problem(methodNotAllowed, "this path takes "+methods)
		}))
	}
	v1.All("/*", a.wrap(none, func(*request) error { return problem(notFound, "see /v1/docs for the paths") }))
}

// request is one request on its way through the API.
type request struct {
	*fiber.Ctx
	lang i18n.Lang
}

// content is the body as it was sent: what is compressed stays so, since a digest
// covers it as it is (RFC 9530 section 2), and a small one may unpack to gigabytes.
func (r *request) content() []byte { return r.Request().Body() }

// wrap makes a handler of fiber that is counted, and an answer of what goes wrong
// in it.
func (a *API) wrap(count *tally, serve func(*request) error) fiber.Handler {
	return func(c *fiber.Ctx) (err error) {
		r := request{Ctx: c, lang: language(c)}
		defer func() {
			// What the panic says may quote the citizen, and is not logged.
			if p := recover(); p != nil {
				a.cfg.Log.Error("panic while answering the app", slog.String("path", c.Route().Path), slog.String("stack", string(debug.Stack())))
				a.counts.Faults.Add(1)
				err = a.refuse(&r, problem(busy, "internal error"))
			}
			count.add(c.Response().StatusCode())
		}()
		c.Set(fiber.HeaderAccessControlAllowOrigin, "*")
		if err := serve(&r); err != nil {
			return a.refuse(&r, err)
		}
		return nil
	}
}

// refuse answers with a problem. What is none is a fault of ours.
func (a *API) refuse(r *request, err error) error {
	p := (*Problem)(nil)
	if !errors.As(err, &p) {
		a.counts.Faults.Add(1)
		a.cfg.Log.ErrorContext(r.UserContext(), "request of the app not answered", slog.String("path", r.Route().Path), slog.String("error", err.Error()))
		p = problem(busy, "internal error")
	}
	a.counts.problems[p.code].Add(1)
	return a.writeProblem(r, p)
}

// preflight tells browsers that any page may ask: what counts is the signature,
// and no cookie is ever looked at.
func preflight(c *fiber.Ctx, methods string) error {
	c.Set(fiber.HeaderAccessControlAllowOrigin, "*")
	c.Set(fiber.HeaderAccessControlAllowMethods, methods)
	c.Set(fiber.HeaderAccessControlAllowHeaders, "Accept-Language, Content-Type, Content-Digest, Idempotency-Key, If-None-Match, Signature, Signature-Input")
	c.Set(fiber.HeaderAccessControlMaxAge, "86400")
	return c.SendStatus(fiber.StatusNoContent)
}

// text is one of the app's or the engine's own texts.
func (a *API) text(l i18n.Lang, key string, values map[string]i18n.Value) string {
	return a.cfg.Words.Render(gateway.Reply{Format: i18n.Format{Lang: l}, Parts: []gateway.Part{{Text: key, Values: values}}}, gateway.App)
}
