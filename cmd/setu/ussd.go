package main

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"setu/gateway"
	"setu/gateway/turn"
	"setu/i18n"
	"setu/ussd"
	"setu/ussd/ussdhttp"
)

// USSD is how citizens dial in.
type USSD struct {
	// Dialects are folders of further dialects of HTTP gateways, and
	// SMPPDialects of SMPP ones.
	Dialects     []string `yaml:"dialects"`
	SMPPDialects []string `yaml:"smpp_dialects"`
	// Gateways are those that call us by HTTP. In the sandbox none stands for
	// one of each dialect, at /ussd/NAME, from this machine only.
	Gateways []USSDGateway `yaml:"gateways"`
	// Patience is how long a screen waits for the ledger before the citizen is
	// told that the answer follows by SMS.
	Patience Duration `yaml:"patience"`
	// SMS is the way of those answers.
	SMS USSDBack `yaml:"sms"`
}

// USSDBack is the way by SMS to a citizen who has dialled. What is not given is
// the first link or partner, and the first of its short codes.
type USSDBack struct {
	Link string `yaml:"link"` // of links, or a partner's system_id
	Code string `yaml:"code"` // that the citizen sees as the sender, and can answer to
}

// USSDGateway is a gateway that calls us by HTTP.
type USSDGateway struct {
	Name        string   `yaml:"name"`
	Dialect     string   `yaml:"dialect"`
	Path        string   `yaml:"path"` // "" is /ussd/NAME
	ShortCodes  []string `yaml:"short_codes"`
	CountryCode string   `yaml:"country_code"` // before numbers that come without one; "" is 91
	Allow       []string `yaml:"allow"`        // networks, such as 192.0.2.0/24
	// SecretFile holds what the gateway shows in SecretIn: basic, header:NAME or
	// query:NAME; User is that of basic, if only one may.
	SecretFile string         `yaml:"secret_file"`
	SecretIn   string         `yaml:"secret_in"`
	User       string         `yaml:"user"`
	Signature  *USSDSignature `yaml:"signature"`
	// PushURL is where screens go in dialects that push them, and
	// PushSecretFile the password there.
	PushURL        string `yaml:"push_url"`
	PushSecretFile string `yaml:"push_secret_file"`
	// Septets and Units are the room of a screen, when it is less than the
	// dialect's.
	Septets int `yaml:"septets"`
	Units   int `yaml:"units"`
}

// USSDSignature is an HMAC-SHA-256 over the body of a request.
type USSDSignature struct {
	Header     string `yaml:"header"`
	Prefix     string `yaml:"prefix"`   // such as sha256=
	Encoding   string `yaml:"encoding"` // hex or base64
	SecretFile string `yaml:"secret_file"`
}

// validate checks what can be checked without opening anything. others are the
// names that links and partners have.
func (u USSD) validate(profile string, others []string) []error {
	var errs []error
	for i, g := range u.Gateways {
		if slices.Contains(others, g.Name) {
			errs = append(errs, fmt.Errorf("ussd.gateways[%d]: %q is also a link or a partner: give it a name of its own", i, g.Name))
		}
		if g.Name == "" || g.Dialect == "" {
			errs = append(errs, fmt.Errorf("ussd.gateways[%d] needs name and dialect", i))
		}
		if profile == productionProfile && g.SecretFile == "" && len(g.Allow) == 0 && g.Signature == nil {
			errs = append(errs, fmt.Errorf("ussd.gateways[%d]: everybody could dial in any citizen's name: give it a secret_file, an allow list or a signature", i))
		}
		if g.SecretFile != "" && g.SecretIn == "" {
			errs = append(errs, fmt.Errorf("ussd.gateways[%d]: secret_in is missing: basic, header:NAME or query:NAME", i))
		}
	}
	if u.Patience <= 0 {
		errs = append(errs, errors.New("ussd.patience is how long a screen waits, such as 3s"))
	}
	return errs
}

// driver gives the gateway as the driver takes it.
func (g USSDGateway) driver(proxies []netip.Prefix) (ussdhttp.Gateway, error) {
	out := ussdhttp.Gateway{
		Name: g.Name, Dialect: g.Dialect, Path: g.Path, ShortCodes: g.ShortCodes, CountryCode: g.CountryCode,
		SecretIn: g.SecretIn, User: g.User, PushURL: g.PushURL, Proxies: proxies,
	}
	var errs []error
	secret := func(path string) ussdhttp.Secret {
		if path == "" {
			return ""
		}
		s, err := password(path)
		if err == nil && s == "" {
			err = fmt.Errorf("%s is empty", path)
		}
		errs = append(errs, err)
		return ussdhttp.Secret(s)
	}
	out.Secret, out.PushSecret = secret(g.SecretFile), secret(g.PushSecretFile)
	if s := g.Signature; s != nil {
		out.Signature = ussdhttp.Signature{Header: s.Header, Prefix: s.Prefix, Base64: s.Encoding == "base64", Secret: secret(s.SecretFile)}
		if s.Header == "" || s.Encoding != "" && s.Encoding != "hex" && s.Encoding != "base64" {
			errs = append(errs, errors.New("signature needs its header; its encoding is hex or base64"))
		}
	}
	allow, err := prefixes(g.Allow)
	out.Allow = allow
	if err := errors.Join(append(errs, err)...); err != nil {
		return out, fmt.Errorf("ussd gateway %q: %w", g.Name, err)
	}
	return out, nil
}

// prefixes reads networks.
func prefixes(list []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range list {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("%q is no network such as 192.0.2.0/24", text)
		}
		out = append(out, p)
	}
	return out, nil
}

// httpDialects are the dialects that ship and those of the configured folders.
func (c Config) httpDialects() (ussdhttp.Dialects, error) {
	folders, err := withFolders("ussd.dialects", ussdhttp.Embedded(), c.USSD.Dialects)
	if err != nil {
		return nil, err
	}
	all, err := ussdhttp.Load(folders...)
	if err != nil {
		return nil, fmt.Errorf("ussd dialects: %w", err)
	}
	return all, nil
}

// httpGateways are the configured gateways; in the sandbox one of each dialect.
func (c Config) httpGateways(all ussdhttp.Dialects) ([]ussdhttp.Gateway, error) {
	proxies, err := prefixes(c.Listen.Proxies)
	if err != nil {
		return nil, fmt.Errorf("listen.proxies: %w", err)
	}
	var list []ussdhttp.Gateway
	var errs []error
	for _, g := range c.USSD.Gateways {
		out, err := g.driver(proxies)
		errs = append(errs, err)
		list = append(list, out)
	}
	if c.Profile != sandboxProfile || len(list) > 0 {
		return list, errors.Join(errs...)
	}
	loopback, err := prefixes([]string{"127.0.0.0/8", "::1/128"})
	for _, name := range all.Names() {
		list = append(list, ussdhttp.Gateway{Name: name, Dialect: name, ShortCodes: []string{shortCode}, Allow: loopback})
	}
	return list, err
}

// loadUSSD reads the dialects and works out the screens of each gateway, which
// the dialogues need before there is a driver.
func (g *gatewayParts) loadUSSD() error {
	var err error
	if g.dialects, err = g.cfg.httpDialects(); err != nil {
		return err
	}
	if g.dialers, err = g.cfg.httpGateways(g.dialects); err != nil {
		return err
	}
	g.layouts = map[string]ussd.Layout{}
	for i, d := range g.dialers {
		limit := ussd.Limit{}
		if dialect := g.dialects[d.Dialect]; dialect != nil {
			limit = dialect.Limit
		}
		if len(g.cfg.USSD.Gateways) > 0 {
			own := g.cfg.USSD.Gateways[i]
			limit.Septets, limit.Units = least(limit.Septets, own.Septets), least(limit.Units, own.Units)
		}
		g.layouts[d.Name] = ussd.Layout{Words: g.cat, Limit: limit}
	}
	return nil
}

// least is the smaller of two limits, of which 0 is none.
func least(a, b int) int {
	if a == 0 || b == 0 {
		return cmp.Or(a, b)
	}
	return min(a, b)
}

// layout makes the screens of a link that carries USSD.
func (g *gatewayParts) layout(link string) ussd.Layout {
	if l, ok := g.layouts[link]; ok {
		return l
	}
	l := ussd.Layout{Words: g.cat}
	if g.ussdSMPP != nil && g.ussdSMPP.Links[link].Dialect != nil {
		l.Limit = g.ussdSMPP.Links[link].Dialect.Limit
	}
	return l
}

// screens is how many screens a reply takes on a link.
func (g *gatewayParts) screens(r gateway.Reply, m gateway.Medium, link string) int {
	if m != gateway.USSD {
		return 1
	}
	return g.layout(link).Count(r)
}

// openUSSD makes the driver of the HTTP gateways and the public listener's
// server.
func (g *gatewayParts) openUSSD() error {
	var err error
	g.ussdHTTP, err = ussdhttp.New(ussdhttp.Config{
		Handler: g.turns, Layout: g.layout, Gateways: g.dialers, Dialects: g.dialects,
		Log: g.log.With(slog.String("part", "ussdhttp")), Now: time.Now,
		// She is not known before her turn: the state's own language it is.
		Busy: g.engine.Notice(i18n.Format{Lang: i18n.Bengali}, turn.NoticeBusy, nil),
	})
	if err != nil {
		return err
	}
	g.public = newPublic(g.log.With(slog.String("part", "public")))
	g.ussdHTTP.Mount(g.public.app)
	return nil
}

// bySMS is the way by SMS to a citizen who is on a live channel: the configured
// one, or else the link that she came by, if it carries SMS, or else the first.
func (g *gatewayParts) bySMS(in gateway.Inbound) gateway.Route {
	if to, ok := g.toHandset(in.From); ok {
		return to
	}
	to := gateway.Route{Medium: gateway.SMS, Citizen: in.From}
	for _, w := range g.cfg.ways() {
		switch link := g.cfg.USSD.SMS.Link; {
		case to.Link == "", w.Link == link, link == "" && w.Link == in.Link:
			to.Link, to.Code = w.Link, w.Code
		}
	}
	to.Code = cmp.Or(gateway.Address(g.cfg.USSD.SMS.Code), to.Code)
	return to
}
