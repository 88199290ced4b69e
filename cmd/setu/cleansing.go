package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"text/tabwriter"
	"time"

	"setu/gateway"
	"setu/gateway/billing"
	"setu/gateway/console"
)

// cleansingCmd reports what was done to inputs before anything was signed.
type cleansingCmd struct {
	running
	Since  time.Duration `help:"How far back, in whole hours." default:"24h"`
	By     string        `help:"A line for each hour, day or month (Indian Standard Time)." enum:"hour,day,month" default:"day"`
	Format string        `help:"text or csv." enum:"text,csv" default:"text"`
}

// Run prints the report.
func (c *cleansingCmd) Run(ctx context.Context, io streams) error {
	return c.document(ctx, io, "cleansing", url.Values{"since": {c.Since.String()}, "by": {c.By}, "format": {c.Format}})
}

// cleansing makes the report: what inputs were brought into their one form, and
// which were refused, with counts and without values.
func (g *gatewayParts) cleansing(ctx context.Context, ask url.Values) (d console.Document, err error) {
	since, err := time.ParseDuration(ask.Get("since"))
	if err != nil || since <= 0 {
		return d, fmt.Errorf("%w: since is %q: write a time such as 24h", console.ErrAsked, ask.Get("since"))
	}
	by, err := period(ask)
	if err != nil {
		return d, err
	}
	now := time.Now() // its hour is part of the report
	readings, err := g.store.Readings(ctx, now.Add(-since), now.Add(time.Hour), by, gateway.MeterCleansed, gateway.MeterRefused)
	if err != nil {
		return d, err
	}
	var body bytes.Buffer
	switch ask.Get("format") {
	case "text":
		d.Type, err = "text/plain; charset=utf-8", cleansingText(&body, readings)
	case "csv":
		d.Type, err = "text/csv; charset=utf-8", cleansingCSV(&body, readings)
	default:
		return d, fmt.Errorf("%w: format is %q: use text or csv", console.ErrAsked, ask.Get("format"))
	}
	d.Body = body.Bytes()
	return d, err
}

// period is the period that is asked for.
func period(ask url.Values) (gateway.Period, error) {
	switch by := gateway.Period(ask.Get("by")); by {
	case gateway.ByHour, gateway.ByDay, gateway.ByMonth:
		return by, nil
	default:
		return "", fmt.Errorf("%w: by is %q: use hour, day or month", console.ErrAsked, by)
	}
}

// cleansingRow is a line of the report.
func cleansingRow(r gateway.Reading) []string {
	return []string{
		r.Start.In(gateway.IST).Format("2006-01-02T15:04-07:00"), string(r.Kind), r.Outcome, r.Department, r.Service, r.Step,
		string(r.Medium), r.Partner, strconv.FormatInt(r.Count, 10),
	}
}

func cleansingText(w io.Writer, readings []gateway.Reading) error {
	if len(readings) == 0 {
		_, err := fmt.Fprintln(w, "nothing was cleansed or refused")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "FROM\tKIND\tWHAT\tDEPARTMENT\tSERVICE\tSTEP\tCHANNEL\tPARTNER\tCOUNT")
	for _, r := range readings {
		for i, cell := range cleansingRow(r) {
			if i > 0 {
				fmt.Fprint(t, "\t")
			}
			if cell == "" {
				cell = "-"
			}
			fmt.Fprint(t, cell)
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}

func cleansingCSV(w io.Writer, readings []gateway.Reading) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write([]string{"period", "kind", "what", "department", "service", "step", "medium", "partner", "count"}); err != nil {
		return err
	}
	for _, r := range readings {
		row := cleansingRow(r)
		for i := range row {
			row[i] = billing.Plain(row[i])
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
