package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"setu/channels"
	"setu/channels/smppsms"
	"setu/gateway"
	"setu/gateway/turn"
	"setu/mobileapi"
	"setu/mobileapi/handset"
	"setu/ussd/ussdsmpp"
)

// pushSuffix makes the name of the sender that notifies the citizens of a link.
// Its items are told from SMS on the link by it.
const pushSuffix = "/ussd"

// checkPushNames refuses links and partners that are called like such a sender.
func checkPushNames(names []string) []error {
	var errs []error
	for _, name := range names {
		if link, ok := strings.CutSuffix(name, pushSuffix); ok && slices.Contains(names, link) {
			errs = append(errs, fmt.Errorf("%q is the name of USSD on %q: choose another", name, link))
		}
	}
	return errs
}

// back is the way to a citizen who has dialled: to her handset where the link
// pushes and there is an SMS to fall back to, else by SMS. The words are those
// of an SMS, which they may become.
func (g *gatewayParts) back(in gateway.Inbound) gateway.Route {
	if in.Medium == gateway.App {
		return appRoute(in)
	}
	to := g.bySMS(in)
	if l := g.ussdSMPP.Links[in.Link]; in.Medium == gateway.USSD && l.Push && to.Link != "" {
		to.Link, to.Code = in.Link+pushSuffix, cmp.Or(in.To, to.Code)
	}
	return to
}

// senders are all links that messages can go out on, and USSD on those that
// carry it. Where push has been turned off, what was meant for it goes by SMS.
func (g *gatewayParts) senders() map[string]channels.Sender {
	all := g.sms.Senders()
	all[mobileapi.Link] = appSender{g}
	if g.handset != nil {
		all[handset.Link] = g.handset
	}
	for link := range g.ussdSMPP.Links {
		all[link+pushSuffix] = &ussdsmpp.Notifier{
			Driver: g.ussdSMPP, Link: link, AtOnce: turn.ClassAnswer, SMS: textSender{g: g, link: link, links: g.sms.Senders()},
		}
	}
	all[lateLink] = g.lateSender(g.sms.Senders())
	return all
}

// textSender sends by SMS what is not shown to a citizen who has dialled on link.
type textSender struct {
	g     *gatewayParts
	link  string
	links map[string]channels.Sender
}

var _ channels.Sender = textSender{}

// Send sends m on the way that the citizen would have had without push.
func (s textSender) Send(ctx context.Context, to gateway.Route, m gateway.SMSOut, done func(string, error)) error {
	to = s.g.bySMS(gateway.Inbound{Link: s.link, From: to.Citizen})
	sender, ok := s.links[to.Link]
	if !ok {
		return fmt.Errorf("%w: no link carries SMS any more", channels.ErrLinkDown)
	}
	return sender.Send(ctx, to, m, done)
}

// formerSender sends by SMS what waits for a link or partner that is not configured
// any more.
type formerSender struct{ textSender }

// Send sends m on the way by SMS, and refuses it if there is none: nobody would
// bring one back for it.
func (s formerSender) Send(ctx context.Context, to gateway.Route, m gateway.SMSOut, done func(string, error)) error {
	if way := s.g.bySMS(gateway.Inbound{From: to.Citizen}); s.links[way.Link] == nil {
		return fmt.Errorf("%w: its link is not configured any more, and no other carries SMS", channels.ErrRefused)
	}
	return s.textSender.Send(ctx, to, m, done)
}

// wake takes up what waits for a link: also what would go by SMS on it after a
// notification has failed.
func (g *gatewayParts) wake(link string) {
	g.outbox.Wake(link)
	for name := range g.ussdSMPP.Links {
		g.outbox.Wake(name + pushSuffix)
	}
	g.outbox.Wake(lateLink)
}

// receipts is the store as the links see it.
type receipts struct {
	smppsms.Store
	g *gatewayParts
}

// Delivery notes what a receipt says. The message may be one that was meant for
// a handset and has gone by SMS on the link.
func (r receipts) Delivery(link string, ids []string, s gateway.State, reason string, done func(bool, error)) {
	names := []string{link}
	for name, l := range r.g.ussdSMPP.Links {
		if l.Push && r.g.bySMS(gateway.Inbound{Link: name}).Link == link {
			names = append(names, name+pushSuffix)
		}
	}
	if r.g.bySMS(gateway.Inbound{}).Link == link {
		names = append(names, lateLink)
	}
	var try func(names []string)
	try = func(names []string) {
		r.Store.Delivery(names[0], ids, s, reason, func(matched bool, err error) {
			if matched || err != nil || len(names) == 1 {
				done(matched, err)
				return
			}
			try(names[1:])
		})
	}
	try(names)
}
