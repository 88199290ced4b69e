package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"setu/channels"
	"setu/gateway"
	"setu/gateway/audit"
	"setu/i18n"
	"setu/ledgerclient"
	"setu/mobileapi"
	"setu/mobileapi/app"
	"setu/mobileapi/client"
)

// App is the API for phones with data.
type App struct {
	// Guests is how many requests a second one address may send that need no phone
	// that is bound (open services, receipts, logins), beside a burst of ten
	// seconds' worth. 0 is the default, 20, and no bound in a sandbox; less than 0
	// is no bound.
	Guests int `yaml:"guests_per_second"`
	// OTP are how many one-time passwords are sent; 0 is the default.
	OTP struct {
		Number    int `yaml:"per_number"`       // to one number in a quarter of an hour
		NumberDay int `yaml:"per_number_a_day"` // to one number in a day
		Source    int `yaml:"per_source"`       // asked for from one address in an hour
		Prefix    int `yaml:"per_prefix"`       // to numbers with the same first six digits in an hour
		Day       int `yaml:"a_day"`            // in a day altogether
	} `yaml:"otp"`
}

// guestRate suits an address that thousands of phones share.
const guestRate = 20

// guests is the bound for requests that anybody may send; 0 is none.
func (c Config) guests() int {
	if c.App.Guests == 0 && c.Profile != sandboxProfile {
		return guestRate
	}
	return max(0, c.App.Guests)
}

// openApp makes the mobile API and mounts it on the public listener.
func (g *gatewayParts) openApp(s *signer) error {
	proxies, err := prefixes(g.cfg.Listen.Proxies)
	if err != nil {
		return err
	}
	g.app, err = mobileapi.New(mobileapi.Config{
		Handler: g.turns, Words: g.cat, Log: g.log.With(slog.String("part", "app")), Now: time.Now,
		Standing: g.store.Standing,
		Say: func(l i18n.Lang, st gateway.Standing) gateway.Reply {
			return g.engine.Standing(gateway.Session{Lang: l}, st, time.Now()).Reply
		},
		Session: g.store.Session, Devices: g.store, OTPs: g.store, Answers: g.store, Feed: g.store, Proof: g.store.Proof, Prove: g.prove,
		MAC: s.Pseudonym, SendOTP: g.sendOTP, Limits: mobileapi.OTPLimits(g.cfg.App.OTP), GuestRate: g.cfg.guests(),
		Proxies: proxies, Sandbox: g.cfg.Profile == sandboxProfile, First: g.store.First(),
	})
	if err != nil {
		return err
	}
	g.app.Mount(g.public.app)
	web, err := app.New(map[string][]byte{mobileapi.Base + "/setu.js": client.Script()})
	if err != nil {
		return err
	}
	web.Mount(g.public.app)
	return nil
}

// prove is the proof of a receipt for whoever has it: what `setu receipt --proof`
// writes.
func (g *gatewayParts) prove(ctx context.Context, r ledgerclient.Receipt) ([]byte, error) {
	p, err := g.audit.Prove(ctx, r, 0)
	if errors.Is(err, audit.ErrNoReceipt) {
		return nil, fmt.Errorf("%w: %w", gateway.ErrNotFound, err)
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(p)
}

// appLane keeps one-time passwords apart from a citizen's other messages: one
// that waits for a link holds up no login.
const appLane = "otp:"

// classOTP is the class of one-time passwords.
const classOTP = "otp"

// sendOTP sends a one-time password by SMS.
func (g *gatewayParts) sendOTP(to gateway.Address, text gateway.Reply, expires time.Time) error {
	way := g.bySMS(gateway.Inbound{From: to})
	kept := make(chan error, 1)
	g.store.Commit(gateway.Commit{Effects: []gateway.Effect{{
		Kind: gateway.Message, Lane: appLane + to.Reveal(), Lease: true, Expires: expires, To: way,
		SMS: &gateway.SMSOut{Text: gateway.Private(g.cat.Render(text, gateway.SMS)), Class: classOTP},
	}}}, func(done gateway.Committed, err error) {
		if len(done.Items) > 0 {
			g.outbox.Dispatch(done.Items)
		}
		kept <- err
	})
	return <-kept
}

// appRoute is the way back to a citizen who uses the app: what she is told later
// is in her changes. To a guest there is none.
func appRoute(in gateway.Inbound) gateway.Route {
	to := gateway.Route{Medium: gateway.App, Citizen: in.From, Code: cmp.Or(in.To, mobileapi.Link)}
	if !in.From.Guest() {
		to.Link = mobileapi.Link
	}
	return to
}

// appSender puts messages among a citizen's changes. The API is made after the
// outbox, which needs its senders.
type appSender struct{ g *gatewayParts }

var _ channels.Sender = appSender{}

// Send passes a message on.
func (s appSender) Send(ctx context.Context, to gateway.Route, m gateway.SMSOut, done func(string, error)) error {
	return s.g.app.Send(ctx, to, m, done)
}
