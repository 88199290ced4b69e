package ivrtwiml

import (
	"crypto/subtle"
	"log/slog"
	"net/netip"
	"net/url"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/twilio/twilio-go/client"

	"setu/gateway"
	"setu/i18n"
	"setu/ivr"
	"setu/ivr/conductor"
)

func errorOf(err error) slog.Attr { return slog.String("error", err.Error()) }

// maxID bounds a provider's name of a call, in octets; Twilio's have 34.
const maxID = 64

// guarded lets in who may call a gateway's webhooks, and survives a panic.
func (d *Driver) guarded(g Gateway) fiber.Handler {
	return func(c *fiber.Ctx) (err error) {
		if strings.HasPrefix(c.Path(), "/"+g.Name+"/clip/") {
			return c.Next() // signed by us
		}
		defer func() {
			if p := recover(); p != nil { // its value may quote the citizen
				d.Log.Error("webhook panicked", slog.String("link", g.Name), slog.String("stack", string(debug.Stack())))
				err = fiber.ErrInternalServerError
			}
		}()
		if !g.admits(c) {
			d.Log.Warn("webhook refused: it is not signed by the provider, or the public URL is not the configured one", slog.String("link", g.Name))
			return fiber.ErrForbidden
		}
		return c.Next()
	}
}

// admits says that a request is the provider's.
func (g *Gateway) admits(c *fiber.Ctx) bool {
	if len(g.Allow) > 0 {
		from, ok := netip.AddrFromSlice(c.Context().RemoteIP())
		if !ok || !slices.ContainsFunc(g.Allow, func(p netip.Prefix) bool { return p.Contains(from.Unmap()) }) {
			return false
		}
	}
	if g.Dialect == Exotel {
		return subtle.ConstantTimeCompare([]byte(c.Query("key")), []byte(g.Key)) == 1
	}
	given, at := c.Get("X-Twilio-Signature"), g.URL+c.OriginalURL()
	for _, token := range []Secret{g.Token, g.NextToken} {
		if token == "" {
			continue
		}
		v := client.NewRequestValidator(string(token))
		if c.Method() == fiber.MethodGet && v.Validate(at, nil, given) || c.Method() != fiber.MethodGet && v.ValidateBody(at, c.Request().Body(), given) {
			return true
		}
	}
	return false
}

// fields are those of a webhook, under the names that the dialects have for them.
type fields struct{ form, query url.Values }

func fieldsOf(c *fiber.Ctx) (fields, error) {
	query, err := url.ParseQuery(string(c.Request().URI().QueryString()))
	if err != nil {
		return fields{}, fiber.ErrBadRequest
	}
	f := fields{form: query, query: query}
	if c.Method() == fiber.MethodPost {
		if f.form, err = url.ParseQuery(string(c.Request().Body())); err != nil {
			return fields{}, fiber.ErrBadRequest
		}
	}
	return f, nil
}

// first is the first field that is there.
func (f fields) first(names ...string) string {
	for _, name := range names {
		if v := f.form.Get(name); v != "" {
			return strings.Clone(v)
		}
	}
	return ""
}

// digits are the keys of a Gather. Exotel quotes them.
func (f fields) digits() string {
	return strings.Trim(f.first("Digits", "DigitsPressed", "digits"), `"`)
}

// countryCode is India's: providers write numbers in full, or as they are dialled
// in their country.
const countryCode = "91"

// voice begins or goes on with a call.
func (d *Driver) voice(c *fiber.Ctx, g Gateway) error {
	f, err := fieldsOf(c)
	if err != nil {
		return err
	}
	id, out := f.first("CallSid"), strings.Clone(f.query.Get("out"))
	if id == "" || len(id) > maxID {
		return fiber.ErrBadRequest
	}
	n, _ := strconv.Atoi(f.query.Get("n")) // none is the first
	from, to := f.first("From", "CallFrom"), gateway.Address(f.first("To", "CallTo"))
	if out != "" {
		from, to = to.Reveal(), gateway.Address(from)
	}
	ctx := c.UserContext()
	citizen, unknown := i18n.ParseDialled(from, countryCode)
	if out == "" && n == 0 && d.Doorman != nil {
		missed, err := d.Doorman.Missed(ctx, gateway.Address(citizen), to)
		if err != nil {
			d.Log.ErrorContext(ctx, "missed call not queued", slog.String("link", g.Name), errorOf(err))
			return fiber.ErrServiceUnavailable
		}
		if missed {
			return reply(c, document(reject{Reason: "busy"}))
		}
	}
	if unknown != nil {
		d.Board.Refused(g.Name, conductor.NoNumber)
		return reply(c, document(append(d.words(ctx, &g, ivr.Layout{Words: d.Words}.Everybody("no-number")), hangup{})...))
	}
	t, full := d.talk(g, id, out, gateway.Address(citizen), to)
	if full {
		d.Log.WarnContext(ctx, "too many calls at a time", slog.String("link", g.Name))
		return reply(c, document(reject{Reason: "busy"}))
	}
	d.begun(out)
	return reply(c, t.answer(ctx, n, f.digits()))
}

func reply(c *fiber.Ctx, body []byte) error {
	c.Set(fiber.HeaderContentType, "application/xml; charset=utf-8")
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.Send(body)
}

// status takes the provider's word that a call is over.
func (d *Driver) status(c *fiber.Ctx, g Gateway) error {
	f, err := fieldsOf(c)
	if err != nil {
		return err
	}
	state := strings.ToLower(f.first("CallStatus", "Status"))
	r, final := resultOf(state, f.first("SipResponseCode"))
	if !final {
		return c.SendStatus(fiber.StatusNoContent)
	}
	if t := d.known(&g, f.first("CallSid")); t != nil {
		t.finish(c.UserContext(), conductor.HungUp)
	}
	d.over(f.query.Get("out"), r)
	return c.SendStatus(fiber.StatusNoContent)
}
