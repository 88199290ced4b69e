// Package ussdhttp answers USSD gateways that speak HTTP. Each speaks a dialect
// of its own, and a dialect is a file of data: where the fields of a request
// are, how a session is opened and ended, what an answer looks like. The same
// file serves both sides: [Driver] answers a gateway, [Peer] plays one.
//
// A screen is sent only after the turn behind it is on disk. What cannot be
// read is answered in the dialect's terms and changes nothing.
package ussdhttp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"setu/channels"
	"setu/gateway"
	"setu/ussd"
)

// Defaults and bounds of a [Config].
const (
	// DefaultRoom is how many requests of all gateways may be under way.
	DefaultRoom = 16 << 10
	// DefaultPatience is how long a request waits for its screen before the
	// answer is that we are busy: operators' gateways give up after 5 to 20 s.
	DefaultPatience = 15 * time.Second
	// MaxBody is the most octets of a request's body: the longest of any
	// dialect is under 2,000.
	MaxBody = 16 << 10
)

// pinInput is what a reply expects while a PIN is asked for.
const pinInput = "pin"

// Config is what a [Driver] works with. Handler, Layout, Dialects and Log are
// required.
type Config struct {
	Handler channels.Handler
	// Layout gives the screens of a gateway by its name.
	Layout   func(link string) ussd.Layout
	Gateways []Gateway
	Dialects Dialects
	Log      *slog.Logger
	// Now is time.Now if it is nil.
	Now func() time.Time
	// Busy is shown while too many requests are under way; without it those
	// are refused.
	Busy     gateway.Reply
	Room     int           // see DefaultRoom
	Patience time.Duration // see DefaultPatience
}

// Counts are what a gateway's requests have come to since the start.
type Counts struct {
	Requests, Sessions, Screens, Ends, Aborts, Timeouts atomic.Int64
	// Refused could not be read or were not let in, Busy found no room, Faults
	// got the notice of a fault of ours, and Unpushed screens were not taken by
	// the gateway.
	Refused, Busy, Faults, Unpushed atomic.Int64
}

// Driver answers the configured gateways. Make it with [New].
type Driver struct {
	cfg       Config
	endpoints []*endpoint
	under     atomic.Int64 // requests under way
	readings  sync.Pool
}

// endpoint is one configured gateway.
type endpoint struct {
	Gateway
	driver  *Driver
	dialect *Dialect
	layout  ussd.Layout
	counts  Counts
	client  *fasthttp.Client // that pushes; nil if nothing is pushed
}

// New makes a driver; it serves once it is mounted. A gateway that cannot be
// served is an error.
func New(c Config) (*Driver, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Room, c.Patience = cmp.Or(c.Room, DefaultRoom), cmp.Or(c.Patience, DefaultPatience)
	d := &Driver{cfg: c}
	d.readings.New = func() any { return new(reading) }
	var errs []error
	seen := map[string]bool{}
	for _, g := range c.Gateways {
		if g.Path == "" {
			g.Path = "/ussd/" + g.Name
		}
		g.CountryCode = cmp.Or(g.CountryCode, defaultCountry)
		dialect, ok := c.Dialects[g.Dialect]
		switch err := g.check(); {
		case err != nil:
			errs = append(errs, fmt.Errorf("gateway %q: %w", g.Name, err))
			continue
		case !ok:
			errs = append(errs, fmt.Errorf("gateway %q: no dialect %q; there are %v", g.Name, g.Dialect, c.Dialects.Names()))
			continue
		case seen[g.Name] || seen[g.Path]:
			errs = append(errs, fmt.Errorf("gateway %q: another one has its name or its path %s", g.Name, g.Path))
			continue
		case g.PushURL != "" && len(dialect.push.text) == 0:
			errs = append(errs, fmt.Errorf("gateway %q: push_url is set, and dialect %q does not push", g.Name, g.Dialect))
			continue
		case len(g.ShortCodes) == 0 && dialect.opensByCode():
			errs = append(errs, fmt.Errorf("gateway %q: dialect %q knows a session's first request by its short code alone: set short_codes", g.Name, g.Dialect))
			continue
		}
		seen[g.Name], seen[g.Path] = true, true
		e := &endpoint{Gateway: g, driver: d, dialect: dialect, layout: c.Layout(g.Name)}
		if g.PushURL != "" {
			e.client = newClient()
		}
		d.endpoints = append(d.endpoints, e)
	}
	return d, errors.Join(errs...)
}

// Mount puts the gateways on a router, each at its path and all below it.
func (d *Driver) Mount(r fiber.Router) {
	for _, e := range d.endpoints {
		r.All(e.Path, e.serve)
		r.All(e.Path+"/*", e.serve)
	}
}

// Counts are the counts of each gateway, by name.
func (d *Driver) Counts() map[string]*Counts {
	all := make(map[string]*Counts, len(d.endpoints))
	for _, e := range d.endpoints {
		all[e.Name] = &e.counts
	}
	return all
}

// Under is how many requests are under way.
func (d *Driver) Under() int { return int(d.under.Load()) }

// serve answers one request.
func (e *endpoint) serve(c *fiber.Ctx) error {
	ctx := c.Context()
	d := e.driver
	r, _ := d.readings.Get().(*reading)
	under := d.under.Add(1)
	defer func() {
		d.under.Add(-1)
		// r may be in any state: it is left to the collector. What the panic says
		// may quote the citizen, and is not logged.
		if p := recover(); p != nil {
			e.counts.Faults.Add(1)
			d.cfg.Log.Error("panic while answering a USSD gateway", slog.String("gateway", e.Name), slog.String("stack", string(debug.Stack())))
			e.refuse(ctx, new(reading), fasthttp.StatusInternalServerError, "internal error")
			return
		}
		d.readings.Put(r)
	}()
	e.counts.Requests.Add(1)
	e.answer(c.UserContext(), ctx, r, int(under) > d.cfg.Room)
	return nil
}

// answer reads the request, lets the turn happen and writes the screen.
func (e *endpoint) answer(user context.Context, ctx *fasthttp.RequestCtx, r *reading, full bool) {
	if status, reason := e.admit(ctx); status != 0 {
		e.refuse(ctx, r, status, reason)
		return
	}
	if err := r.take(e.dialect, ctx, e.rest(ctx)); err != nil {
		e.refuse(ctx, r, fasthttp.StatusBadRequest, err.Error())
		return
	}
	in, status, err := r.inbound(&e.Gateway)
	switch {
	case err != nil:
		e.refuse(ctx, r, fasthttp.StatusBadRequest, err.Error())
		return
	case status:
		e.count(in.Event)
		e.write(ctx, r, &e.dialect.done, &values{fields: r})
		return
	}
	in.At = e.driver.cfg.Now()
	e.count(in.Event)
	if full {
		e.busy(ctx, r, &in)
		return
	}
	patient, cancel := context.WithTimeout(user, e.driver.cfg.Patience)
	defer cancel()
	reply, err := e.driver.cfg.Handler.Handle(patient, in)
	if err != nil {
		e.counts.Faults.Add(1)
		e.driver.cfg.Log.DebugContext(user, "USSD turn not taken", slog.String("gateway", e.Name), slog.String("error", err.Error()))
	}
	if in.Event == gateway.Abort || in.Event == gateway.Timeout {
		e.write(ctx, r, &e.dialect.done, &values{fields: r})
		return
	}
	e.show(ctx, r, &in, reply)
}

// count counts what happened.
func (e *endpoint) count(event gateway.Event) {
	switch event {
	case gateway.New:
		e.counts.Sessions.Add(1)
	case gateway.Abort:
		e.counts.Aborts.Add(1)
	case gateway.Timeout:
		e.counts.Timeouts.Add(1)
	}
}

// busy answers a request for which there is no room; nothing of it is taken.
func (e *endpoint) busy(ctx *fasthttp.RequestCtx, r *reading, in *gateway.Inbound) {
	e.counts.Busy.Add(1)
	if e.driver.cfg.Busy.Empty() {
		e.refuse(ctx, r, fasthttp.StatusServiceUnavailable, "too many requests are under way: try again")
		return
	}
	e.show(ctx, r, in, e.driver.cfg.Busy)
}

// show writes a reply's screen, or pushes it where the gateway wants that.
func (e *endpoint) show(ctx *fasthttp.RequestCtx, r *reading, in *gateway.Inbound, reply gateway.Reply) {
	screen := e.layout.Screen(reply)
	d := e.dialect
	v := values{
		text: screen.Text, mark: &d.more, end: screen.End, mask: reply.Expect == pinInput,
		session: in.Session, number: d.numberForm.write(in.From.Reveal()), code: d.codeForm.write(in.To.Reveal()),
		page: reply.Page + 1, octets: screen.Octets, secret: string(e.PushSecret), fields: r, time: in.At.Unix(),
	}
	if screen.End {
		v.mark = &d.end
		e.counts.Ends.Add(1)
	}
	e.counts.Screens.Add(1)
	if e.client == nil {
		e.write(ctx, r, &d.screen, &v)
		return
	}
	if err := e.pushScreen(r, &v); err != nil {
		e.counts.Unpushed.Add(1)
		e.driver.cfg.Log.Warn("USSD screen not pushed", slog.String("gateway", e.Name), slog.String("error", err.Error()))
		e.refuse(ctx, r, fasthttp.StatusBadGateway, "the screen could not be sent")
		return
	}
	e.write(ctx, r, &d.done, &v)
}

// refuse answers a request that was not taken, in the dialect's terms.
func (e *endpoint) refuse(ctx *fasthttp.RequestCtx, r *reading, status int, reason string) {
	e.counts.Refused.Add(1)
	b := e.dialect.refusal
	if b.status == 0 {
		b.status = status
	}
	e.write(ctx, r, &b, &values{status: status, reason: reason})
}

// write writes an answer.
func (e *endpoint) write(ctx *fasthttp.RequestCtx, r *reading, b *body, v *values) {
	h := &ctx.Response.Header
	if b.contentType != "" {
		h.SetContentType(b.contentType)
	}
	for i := range b.headers {
		r.out = b.headers[i].text.append(r.out[:0], v)
		h.SetBytesV(b.headers[i].name, r.out)
	}
	if b.status != 0 {
		ctx.SetStatusCode(b.status)
	}
	r.out = b.text.append(r.out[:0], v)
	ctx.SetBody(r.out)
}
