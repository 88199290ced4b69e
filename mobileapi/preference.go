package mobileapi

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/gofiber/fiber/v2"

	"setu/gateway"
	"setu/i18n"
	"setu/ledgerclient"
)

// Session is what the gateway remembers of a citizen: a zero one if it has never
// met her.
type Session func(ctx context.Context, citizen gateway.Address) (gateway.Session, error)

// preferencesJSON is how a citizen is spoken to where she does not ask: by SMS and
// on calls.
type preferencesJSON struct {
	Lang i18n.Lang `json:"lang"`
	// Messages says that she is sent SMS. What comes among the app's changes comes
	// to who looks there, and comes either way.
	Messages *bool `json:"messages"`
}

// readPreferences is GET /v1/preferences.
func (a *API) readPreferences(r *request) error {
	who, err := a.signedIn(r)
	if err != nil {
		return err
	}
	return a.tellPreferences(r, who)
}

func (a *API) tellPreferences(r *request, who caller) error {
	now, err := a.preferences(r.UserContext(), who)
	if err != nil {
		return err
	}
	return writeJSON(r, fiber.StatusOK, now)
}

func (a *API) preferences(ctx context.Context, who caller) (preferencesJSON, error) {
	s, err := a.cfg.Session(ctx, who.citizen)
	if err != nil {
		return preferencesJSON{}, fmt.Errorf("look up preferences: %w", err)
	}
	out := preferencesJSON{Lang: s.Lang, Messages: new(bool)}
	if *out.Messages = !s.Stopped; !s.Lang.Valid() {
		out.Lang = i18n.Bengali
	}
	return out, nil
}

// The engine's own words, by which a citizen changes her preferences on every
// channel.
const (
	wordStop     = "STOP"
	wordStart    = "START"
	wordLanguage = "LANG "
)

// setPreferences is PUT /v1/preferences: what differs is said to the engine in the
// citizen's place, so that it holds on every channel.
func (a *API) setPreferences(r *request) error {
	who, err := a.signedIn(r)
	if err != nil {
		return err
	}
	var want preferencesJSON
	if err := decode(r, &want); err != nil {
		return err
	}
	if !want.Lang.Valid() || want.Messages == nil {
		return problem(badRequest, "lang is bn, hi or en, and messages is true or false")
	}
	now, err := a.preferences(r.UserContext(), who)
	if err != nil {
		return err
	}
	var words []string
	if want.Lang != now.Lang {
		words = append(words, wordLanguage+string(want.Lang))
	}
	switch {
	case *want.Messages == *now.Messages:
	case *want.Messages:
		words = append(words, wordStart)
	default:
		words = append(words, wordStop)
	}
	for _, word := range words {
		if err := a.order(r, who, word); err != nil {
			return err
		}
	}
	return a.tellPreferences(r, who)
}

// order says a word of the engine's in a dialogue of its own.
func (a *API) order(r *request, who caller, word string) error {
	ctx, cancel := context.WithTimeout(r.UserContext(), handleTime)
	defer cancel()
	_, err := a.cfg.Handler.Handle(ctx, gateway.Inbound{
		Medium: gateway.App, Link: Link, Event: gateway.New, Session: rand.Text(), Lang: r.lang, At: a.cfg.Now(),
		From: who.citizen, Assurance: ledgerclient.Device, Device: who.proof, Text: gateway.Private(word),
	})
	if err != nil {
		return problem(busy, "the gateway is busy or its disk is full: send the request again")
	}
	return nil
}
