package main

import (
	"log/slog"
	"time"

	"setu/gateway"
	"setu/mobileapi/handset"
)

// openHandset makes the telephone on the page /try, which only the sandbox has.
func (g *gatewayParts) openHandset() {
	if g.cfg.Profile != sandboxProfile {
		return
	}
	g.handset = handset.New(handset.Config{
		Acceptor: acceptor{g}, Code: shortCode, Log: g.log.With(slog.String("part", "handset")), Now: time.Now,
	})
}

// mountHandset puts the page on the public listener, and gives it calls.
func (g *gatewayParts) mountHandset() {
	if g.handset != nil {
		g.handset.Conductor, g.handset.Board = g.calls.conductor, &g.calls.board
		g.handset.Mount(g.public.app)
	}
}

// toHandset is the way by SMS to a handset that is on a page now; ok is false if
// there is none with the number.
func (g *gatewayParts) toHandset(number gateway.Address) (to gateway.Route, ok bool) {
	if g.handset == nil || !g.handset.Has(number) {
		return to, false
	}
	return gateway.Route{Medium: gateway.SMS, Link: handset.Link, Citizen: number, Code: shortCode}, true
}
