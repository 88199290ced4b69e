package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"setu/gateway"
	"setu/i18n"
	"setu/ivr/callback"
	"setu/ivr/ivrtwiml"
)

// TwiML is an account at a provider that has calls conducted by webhook.
type TwiML struct {
	Name    string `yaml:"name"`    // in the path of the webhooks: /<name>/voice
	Dialect string `yaml:"dialect"` // twilio or exotel; "" is the name
	// URL is where the provider reaches listen.public, https://…: webhooks are
	// signed over it.
	URL     string `yaml:"url"`
	Account string `yaml:"account"` // twilio: for calls out
	// TokenFile holds the account's auth token, which signs the webhooks, and
	// NextTokenFile the one that it is being changed for.
	TokenFile     string `yaml:"token_file"`
	NextTokenFile string `yaml:"next_token_file"`
	// KeyFile holds what is in the query of exotel's webhooks as key.
	KeyFile string               `yaml:"key_file"`
	Allow   []string             `yaml:"allow"`  // networks; none is all
	API     string               `yaml:"api"`    // twilio: "" is https://api.twilio.com
	Voices  map[i18n.Lang]string `yaml:"voices"` // the provider's, for what ours cannot say
}

// The sandbox's well-known account, for this machine only.
const sandboxTwilio, sandboxToken = "twilio", "sandbox"

// driver gives the gateway as the driver takes it.
func (t TwiML) driver() (ivrtwiml.Gateway, error) {
	out := ivrtwiml.Gateway{Name: t.Name, Dialect: t.Dialect, URL: t.URL, Account: t.Account, API: t.API, Voices: t.Voices}
	if out.Dialect == "" {
		out.Dialect = t.Name
	}
	var errs []error
	for _, f := range []struct {
		path string
		at   *ivrtwiml.Secret
	}{{t.TokenFile, &out.Token}, {t.NextTokenFile, &out.NextToken}, {t.KeyFile, &out.Key}} {
		if f.path == "" {
			continue
		}
		secret, err := password(f.path)
		*f.at, errs = ivrtwiml.Secret(secret), append(errs, err)
	}
	allow, err := prefixes(t.Allow)
	out.Allow = allow
	if err := errors.Join(append(errs, err)...); err != nil {
		return out, fmt.Errorf("ivr.twiml %q: %w", t.Name, err)
	}
	return out, nil
}

// checkTwiML checks names; others are those that links, partners, gateways and trunks
// have.
func checkTwiML(list []TwiML, others []string) []error {
	var errs []error
	for i, t := range list {
		switch {
		case t.Name == "" || slices.Contains(others, t.Name):
			errs = append(errs, fmt.Errorf("ivr.twiml[%d] needs a name that nothing else has; it is %q", i, t.Name))
		case slices.Contains([]string{sipLine, "v1", "ussd", "js", "vendor"}, t.Name):
			errs = append(errs, fmt.Errorf("ivr.twiml[%d]: %q stands for pages or calls of the gateway itself: choose another name", i, t.Name))
		}
		others = append(others, t.Name)
	}
	return errs
}

// twimlGateways are the configured accounts; in the sandbox, without any, that of
// this machine.
func (c Config) twimlGateways() ([]ivrtwiml.Gateway, error) {
	var list []ivrtwiml.Gateway
	var errs []error
	for _, t := range c.IVR.TwiML {
		out, err := t.driver()
		list, errs = append(list, out), append(errs, err)
	}
	if c.Profile == sandboxProfile && len(list) == 0 && c.Listen.Public != "" {
		loopback, err := prefixes([]string{"127.0.0.0/8", "::1/128"})
		errs = append(errs, err)
		list = append(list, ivrtwiml.Gateway{
			Name: sandboxTwilio, Dialect: ivrtwiml.Twilio, URL: "http://" + c.Listen.Public, Token: sandboxToken, Allow: loopback,
		})
	}
	return list, errors.Join(errs...)
}

// openTwiML makes the driver of calls by webhook.
func (g *gatewayParts) openTwiML() error {
	list, err := g.cfg.twimlGateways()
	if err != nil {
		return err
	}
	c := &g.calls
	if c.twiml, err = ivrtwiml.New(ivrtwiml.Config{
		Gateways: list, Handler: c.desk, Words: g.cat, Voice: c.voice, Board: &c.board, Doorman: c, CallBack: c.dialler.Policy.May,
		Log: g.log.With(slog.String("part", "twiml")), Now: time.Now, MaxLength: time.Duration(g.cfg.IVR.MaxCall),
	}); err != nil {
		return err
	}
	c.twiml.Mount(g.public.app)
	return nil
}

// twimlLine places calls by a provider's API.
type twimlLine struct {
	g    *gatewayParts
	name string
}

// Call calls a citizen.
func (l twimlLine) Call(ctx context.Context, from, to gateway.Address) callback.Result {
	r := l.g.calls.twiml.Call(ctx, l.name, from, to)
	out := callback.Result{Reason: r.Reason}
	for _, o := range []struct {
		is bool
		to callback.Outcome
	}{{r.Answered, callback.Answered}, {r.Busy, callback.Busy}, {r.NoAnswer, callback.NoAnswer}, {r.Refused, callback.Refused}, {r.NoLine, callback.Unavailable}} {
		if o.is {
			out.Outcome = o.to
			break
		}
	}
	return out
}
