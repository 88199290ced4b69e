package main

import (
	"log/slog"
	"time"

	"setu/gateway"
	"setu/i18n"
	"setu/mobileapi"
)

// openApp makes the mobile API and mounts it on the public listener.
func (g *gatewayParts) openApp() error {
	api, err := mobileapi.New(mobileapi.Config{
		Handler: g.turns, Words: g.cat, Log: g.log.With(slog.String("part", "app")), Now: time.Now,
		Standing: g.store.Standing,
		Say: func(l i18n.Lang, st gateway.Standing) gateway.Reply {
			return g.engine.Standing(gateway.Session{Lang: l}, st, time.Now()).Reply
		},
	})
	if err != nil {
		return err
	}
	api.Mount(g.public.app)
	return nil
}

// appRoute is the way back to a citizen who uses the app: what she is told later
// is in her changes. To a guest there is none.
func appRoute(in gateway.Inbound) gateway.Route {
	to := gateway.Route{Medium: gateway.App, Citizen: in.From}
	if !in.From.Guest() {
		to.Link = mobileapi.Link
	}
	return to
}
