package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"setu/channels"
	"setu/channels/smpp"
	"setu/gateway"
	"setu/ussd/ussdsmpp"
)

// smppDialects are the dialects that ship and those of the configured folders.
func (c Config) smppDialects() (ussdsmpp.Dialects, error) {
	folders, err := withFolders("ussd.smpp_dialects", ussdsmpp.Embedded(), c.USSD.SMPPDialects)
	if err != nil {
		return nil, err
	}
	return ussdsmpp.Load(folders...)
}

// smppUSSD are the links and partners that carry USSD, by name.
func (c Config) smppUSSD() (map[string]ussdsmpp.Link, error) {
	dialects, err := c.smppDialects()
	if err != nil {
		return nil, err
	}
	links := map[string]ussdsmpp.Link{}
	var errs []error
	add := func(what, name, dialect string, codes []string, push bool) {
		d, ok := dialects[dialect]
		switch {
		case dialect == "" && push:
			errs = append(errs, fmt.Errorf("%s %q: ussd_push needs ussd, the dialect of the gateway", what, name))
		case dialect == "":
		case !ok:
			errs = append(errs, fmt.Errorf("%s %q: ussd is %q: the dialects are %s", what, name, dialect, strings.Join(dialects.Names(), ", ")))
		case push && d.ToGateway.Notify == 0:
			errs = append(errs, fmt.Errorf("%s %q: ussd_push: the dialect %s has no to_gateway.notify: ask the gateway's maker for the operation", what, name, dialect))
		default:
			links[name] = ussdsmpp.Link{Dialect: d, Codes: codes, Push: push}
		}
	}
	for _, l := range c.Links {
		add("link", l.Name, l.USSD, l.ShortCodes, l.USSDPush)
	}
	for _, p := range c.Partners {
		add("partner", p.SystemID, p.USSD, p.ShortCodes, p.USSDPush)
	}
	return links, errors.Join(errs...)
}

// checkSMPPUSSD says which links and partners carry USSD, and how.
func (c Config) checkSMPPUSSD(out io.Writer) error {
	links, err := c.smppUSSD()
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(links)) {
		pushes := ""
		if links[name].Push {
			pushes = ", with notifications"
		}
		fmt.Fprintf(out, "link %s: USSD in the dialect %s%s\n", name, links[name].Dialect.Name, pushes)
	}
	return nil
}

// openDialogues makes the USSD side of the SMPP links.
func (g *gatewayParts) openDialogues() error {
	links, err := g.cfg.smppUSSD()
	if err != nil {
		return err
	}
	g.ussdSMPP = ussdsmpp.New(ussdsmpp.Config{
		Handler: handler{g}, Layout: g.layout, Links: links,
		Out: func(ctx context.Context, link string, m *smpp.ShortMessage, done func(smpp.Resp, error)) error {
			return g.sms.Pass(ctx, link, m, done) // which is made after this
		},
		Log: g.log.With(slog.String("part", "ussdsmpp")), Now: time.Now,
	})
	return nil
}

// handler passes live inputs to the turns, which are made after the drivers.
type handler struct{ g *gatewayParts }

var _ channels.Handler = handler{}

// Handle passes an input on.
func (h handler) Handle(ctx context.Context, in gateway.Inbound) (gateway.Reply, error) {
	return h.g.turns.Handle(ctx, in)
}

// ways are the links and partners that SMS go out on, each with its first short
// code.
func (c Config) ways() []gateway.Route {
	var list []gateway.Route
	add := func(name string, codes []string) {
		if len(codes) > 0 {
			list = append(list, gateway.Route{Link: name, Code: gateway.Address(codes[0])})
		}
	}
	for _, l := range c.Links {
		add(l.Name, l.ShortCodes)
	}
	for _, p := range c.Partners {
		add(p.SystemID, p.ShortCodes)
	}
	return list
}
