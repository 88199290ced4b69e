package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"setu/gateway"
	"setu/gateway/billing"
	"setu/gateway/console"
	"setu/i18n"
)

// statementCmd prints a month's statement.
type statementCmd struct {
	running
	Month      string    `help:"The month, such as 2026-11; this one when empty."`
	Department string    `help:"Only this department."`
	Format     string    `help:"html, to print, or csv." enum:"html,csv" default:"csv"`
	By         string    `help:"With csv: a line for each hour, day or month (Indian Standard Time)." enum:"hour,day,month" default:"month"`
	Lang       i18n.Lang `help:"With html: bn, hi or en." default:"en"`
}

// Run prints the statement.
func (s *statementCmd) Run(ctx context.Context, io streams) error {
	return s.document(ctx, io, "statement", url.Values{
		"month": {s.Month}, "department": {s.Department}, "format": {s.Format}, "by": {s.By}, "lang": {string(s.Lang)},
	})
}

// document asks the running gateway for a document and writes it out.
func (r running) document(ctx context.Context, io streams, name string, ask url.Values) error {
	var raw rawBody
	if err := r.call(ctx, http.MethodGet, "/api/documents/"+name+"?"+ask.Encode(), nil, &raw); err != nil {
		return err
	}
	_, err := io.out.Write(raw)
	return err
}

// documents are what the operators' side makes on demand.
func (g *gatewayParts) documents() (map[string]func(context.Context, url.Values) (console.Document, error), error) {
	prices, err := g.cfg.prices()
	if err != nil {
		return nil, err
	}
	return map[string]func(context.Context, url.Values) (console.Document, error){
		"statement": func(ctx context.Context, ask url.Values) (console.Document, error) {
			return g.statement(ctx, ask, prices)
		},
		"cleansing": g.cleansing,
	}, nil
}

// prices reads the price list; without one the sandbox has its own, and in
// production nothing has a price.
func (c Config) prices() (*billing.Prices, error) {
	switch {
	case c.Prices == "" && c.Profile == sandboxProfile:
		return billing.SandboxPrices()
	case c.Prices == "":
		return &billing.Prices{}, nil
	}
	src, err := os.ReadFile(c.Prices)
	if err != nil {
		return nil, fmt.Errorf("read price list: %w", err)
	}
	return billing.ParsePrices(c.Prices, src)
}

// statement makes the statement of a month.
func (g *gatewayParts) statement(ctx context.Context, ask url.Values, prices *billing.Prices) (d console.Document, err error) {
	now := time.Now()
	month := ask.Get("month")
	if month == "" {
		month = now.In(gateway.IST).Format("2006-01")
	}
	from, to, err := billing.Month(month)
	if err != nil {
		return d, fmt.Errorf("%w: %w", console.ErrAsked, err)
	}
	by, err := period(ask)
	if err != nil {
		return d, err
	}
	lang := i18n.Lang(ask.Get("lang"))
	read := gateway.ByDay // prices change at midnight
	if by == gateway.ByHour {
		read = by
	}
	readings, err := g.store.Readings(ctx, from, to, read, gateway.MeterQuery, gateway.MeterTransaction)
	if err != nil {
		return d, err
	}
	if department := ask.Get("department"); department != "" {
		readings, err = ofDepartment(readings, department, g.departments())
		if err != nil {
			return d, err
		}
	}
	s := billing.Make(from, to, by, readings, prices)
	var body bytes.Buffer
	switch ask.Get("format") {
	case "csv":
		d.Type, err = "text/csv; charset=utf-8", s.CSV(&body)
	case "html":
		if !lang.Valid() {
			return d, fmt.Errorf("%w: lang is %q: use bn, hi or en", console.ErrAsked, lang)
		}
		d.Type = "text/html; charset=utf-8"
		err = s.HTML(&body, billing.Names{
			Lang: lang, Made: now, Service: func(id string) string { return g.serviceTitle(id, lang) },
			Department: func(id string) string { return prices.Department(id, lang) },
		})
	default:
		return d, fmt.Errorf("%w: format is %q: use csv or html", console.ErrAsked, ask.Get("format"))
	}
	d.Body = body.Bytes()
	return d, err
}

// ofDepartment are the readings of one department, which must be known or have
// some.
func ofDepartment(all []gateway.Reading, department string, known map[string]bool) (own []gateway.Reading, err error) {
	for _, r := range all {
		if r.Department == department {
			own = append(own, r)
		}
	}
	if len(own) == 0 && !known[department] {
		return nil, fmt.Errorf("%w: no service is of a department %q", console.ErrAsked, department)
	}
	return own, nil
}

// departments are those of the services.
func (g *gatewayParts) departments() map[string]bool {
	out := map[string]bool{}
	for _, s := range g.cat.Services() {
		out[s.Department] = true
	}
	return out
}

// serviceTitle is a service's name in the menu, or its identifier when the
// catalogue has it no more.
func (g *gatewayParts) serviceTitle(id string, l i18n.Lang) string {
	s, ok := g.cat.Service(id)
	if !ok {
		return id
	}
	titles := map[string]i18n.Value{}
	s.Titles(titles, "")
	return titles["."+string(l)].Raw
}

// usesCollector counts what was metered since the start.
type usesCollector struct {
	g    *gatewayParts
	desc *prometheus.Desc
}

func newUsesCollector(g *gatewayParts) *usesCollector {
	return &usesCollector{g: g, desc: prometheus.NewDesc("setu_uses_total",
		"Queries and transactions by outcome, as they are on statements, since the start.",
		[]string{"kind", "department", "service", "medium", "partner", "outcome"}, nil)}
}

// Describe names the metric.
func (c *usesCollector) Describe(ch chan<- *prometheus.Desc) { ch <- c.desc }

// Collect reads the counts.
func (c *usesCollector) Collect(ch chan<- prometheus.Metric) {
	for m, n := range c.g.store.Counted() {
		if m.Kind == gateway.MeterQuery || m.Kind == gateway.MeterTransaction {
			ch <- prometheus.MustNewConstMetric(c.desc, prometheus.CounterValue, float64(n),
				string(m.Kind), m.Department, m.Service, string(m.Medium), m.Partner, m.Outcome)
		}
	}
}
