package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"setu/gateway"
	"setu/gateway/console"
	"setu/ivr/callback"
	"setu/ivr/ivrari"
)

// ARI is an Asterisk that hands calls to us and places them.
type ARI struct {
	Name string `yaml:"name"`
	URL  string `yaml:"url"` // of Asterisk's HTTP server: http://host:8088 or https://…
	// User and PasswordFile are those of ari.conf.
	User         string `yaml:"user"`
	PasswordFile string `yaml:"password_file"`
	App          string `yaml:"app"`  // that Stasis() names; "" is setu
	Dial         string `yaml:"dial"` // how citizens are called, such as PJSIP/{number}@trunk; "" is calls in only
	// Numbers are ours there, as they are dialled; none is all.
	Numbers     []string `yaml:"numbers"`
	MaxCalls    int      `yaml:"max_calls"`    // 0 is 500
	CountryCode string   `yaml:"country_code"` // before numbers that come without one; "" is 91
	CAFile      string   `yaml:"ca_file"`      // for https; "" is the system's authorities
}

// driver gives the exchange as the driver takes it.
func (a ARI) driver() (ivrari.Exchange, error) {
	out := ivrari.Exchange{
		Name: a.Name, URL: a.URL, User: a.User, App: a.App, Dial: a.Dial, Numbers: a.Numbers, MaxCalls: a.MaxCalls, CountryCode: a.CountryCode,
	}
	var errs []error
	if a.PasswordFile != "" {
		secret, err := password(a.PasswordFile)
		out.Password, errs = ivrari.Secret(secret), append(errs, err)
	}
	var err error
	out.TLS, err = LinkTLS{CAFile: a.CAFile}.config()
	if err := errors.Join(append(errs, err, out.Validate())...); err != nil {
		return out, fmt.Errorf("ivr.ari: %w", err)
	}
	return out, nil
}

// exchanges are the configured ones.
func (c Config) exchanges() ([]ivrari.Exchange, error) {
	var list []ivrari.Exchange
	var errs []error
	for _, a := range c.IVR.ARI {
		out, err := a.driver()
		list, errs = append(list, out), append(errs, err)
	}
	return list, errors.Join(errs...)
}

// checkARI checks what can be checked without opening anything. others are the names
// that links, partners, gateways and trunks have.
func (c Config) checkARI(others []string) []error {
	var errs []error
	for i, a := range c.IVR.ARI {
		if a.Name == "" || a.Name == sipLine || slices.Contains(others, a.Name) {
			errs = append(errs, fmt.Errorf("ivr.ari[%d] needs a name that nothing else has; it is %q", i, a.Name))
		}
		others = append(others, a.Name)
		if at, err := url.Parse(a.URL); err == nil && !loopback(at.Hostname()) && c.IVR.SIP.ExternalIP == "" && c.mediaHost().IsLoopback() {
			errs = append(errs, fmt.Errorf("ivr.ari %q: an Asterisk on %s cannot send sound to %s: set ivr.sip.media.address to an address of this machine", a.Name, at.Hostname(), c.mediaHost()))
		}
	}
	return errs
}

// trunkNames are the names of trunks and gateways that have calls.
func trunkNames(c IVR) []string {
	var names []string
	for _, t := range c.SIP.Trunks {
		names = append(names, t.Name)
	}
	for _, t := range c.TwiML {
		names = append(names, t.Name)
	}
	return names
}

// loopback says that a host is this machine.
func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// openARI makes the driver of the exchanges. The media is made before.
func (g *gatewayParts) openARI() error {
	list, err := g.cfg.exchanges()
	if err != nil {
		return err
	}
	c := &g.calls
	conf := ivrari.Config{
		Exchanges: list, Conductor: c.conductor, Media: c, MediaHost: g.cfg.mediaHost(), Board: &c.board, Doorman: c,
		Log: g.log.With(slog.String("part", "ari")), Now: time.Now,
	}
	if ip := g.cfg.IVR.SIP.ExternalIP; ip != "" {
		if conf.External, err = netip.ParseAddr(ip); err != nil {
			return fmt.Errorf("ivr.sip.external_ip: %w", err)
		}
	}
	c.ari, err = ivrari.New(conf)
	return err
}

// ariLine places calls by an exchange.
type ariLine struct {
	g    *gatewayParts
	name string
}

// Call calls a citizen.
func (l ariLine) Call(ctx context.Context, from, to gateway.Address) callback.Result {
	if l.g.calls.Busy() {
		return callback.Result{Outcome: callback.Unavailable, Reason: "no calls are placed now"}
	}
	// The driver ends its calls with a word when the gateway stops.
	o := l.g.calls.ari.Call(context.WithoutCancel(ctx), l.name, from, to)
	r := callback.Result{Reason: o.Reason}
	switch {
	case o.Answered:
		r.Outcome = callback.Answered
	case o.End == ivrari.TheyBusy:
		r.Outcome = callback.Busy
	case o.End == ivrari.NoAnswer:
		r.Outcome = callback.NoAnswer
	case o.End == ivrari.Declined && o.NoSuchNumber():
		r.Outcome = callback.Refused
	case o.End == ivrari.Declined: // by herself: not now
		r.Outcome = callback.Busy
	case !o.Rang:
		r.Outcome = callback.Unavailable
	}
	return r
}

// exchangeChecks say which exchanges are linked.
func (g *gatewayParts) exchangeChecks() []console.Check {
	var list []console.Check
	for _, s := range g.calls.ari.Standings() {
		list = append(list, console.Check{Name: "exchange " + s.Name, Ready: func(context.Context) (bool, string) {
			for _, now := range g.calls.ari.Standings() {
				if now.Name == s.Name {
					return now.Up, "not linked" + since(now.Since) + ": it hands us no calls and places none"
				}
			}
			return false, "not known"
		}})
	}
	return list
}

// since says since when, unless that has never been.
func since(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return " since " + at.Local().Format(time.DateTime)
}

// exchangesDoc is the document of how the links to exchanges are.
const exchangesDoc = "exchanges"

// exchangesDocument is that document.
func (g *gatewayParts) exchangesDocument(context.Context, url.Values) (console.Document, error) {
	body, err := json.Marshal(g.calls.ari.Standings())
	return console.Document{Type: "application/json", Body: body}, err
}

// showExchanges writes how the links to exchanges are.
func (r running) showExchanges(ctx context.Context, io streams) error {
	var list []ivrari.Standing
	if err := r.call(ctx, http.MethodGet, "/api/documents/"+exchangesDoc, nil, &list); err != nil {
		return err
	}
	for _, s := range list {
		how := "linked"
		if !s.Up {
			how = "not linked"
		}
		fmt.Fprintf(io.out, "exchange %s: %s%s\n", s.Name, how, since(s.Since))
	}
	return nil
}

// exchangeCollector reads the links to exchanges.
type exchangeCollector struct {
	driver                     *ivrari.Driver
	up, links, events, orphans *prometheus.Desc
}

func newExchangeCollector(d *ivrari.Driver) *exchangeCollector {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("setu_exchange_"+name, help, []string{"exchange"}, nil)
	}
	return &exchangeCollector{
		driver:  d,
		up:      desc("up", "1 when the link to the exchange is up."),
		links:   desc("links_total", "How often the link has come up."),
		events:  desc("events_total", "Events that the exchange has told."),
		orphans: desc("orphans_total", "Channels and bridges without a call that were hung up."),
	}
}

// Describe names the metrics.
func (c *exchangeCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.up, c.links, c.events, c.orphans} {
		ch <- d
	}
}

// Collect reads them.
func (c *exchangeCollector) Collect(ch chan<- prometheus.Metric) {
	for _, s := range c.driver.Standings() {
		ch <- prometheus.MustNewConstMetric(c.up, prometheus.GaugeValue, truth(s.Up), s.Name)
		for desc, n := range map[*prometheus.Desc]int64{c.links: s.Links, c.events: s.Events, c.orphans: s.Orphans} {
			ch <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(n), s.Name)
		}
	}
}
