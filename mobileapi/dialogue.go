package mobileapi

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"setu/gateway"
	"setu/ledgerclient"
)

// talkJSON is what POST /v1/dialogue takes: a whole form (service, inputs,
// confirm), the rest of one (session, inputs, confirm), or one step of the
// dialogue (session, input). Nothing of it opens the menu.
type talkJSON struct {
	Session string            `json:"session"`
	Service string            `json:"service"`
	Inputs  map[string]string `json:"inputs"`
	Confirm bool              `json:"confirm"`
	Input   *string           `json:"input"`
}

// Bounds of a request.
const (
	maxInputs  = 64 // of a form; the longest service has ten steps
	maxSession = 64 // octets; ours have 26
)

// talk is POST /v1/dialogue.
func (a *API) talk(r *request) error {
	who, err := a.anybody(r)
	if err != nil {
		return err
	}
	var t talkJSON
	if err := decode(r, &t); err != nil {
		return err
	}
	in, err := a.inbound(r, &t)
	if err != nil {
		return err
	}
	if who.citizen != "" {
		return a.talkAs(r, who, &t, in)
	}
	in.From = gateway.Guest(in.Session)
	return a.take(r, in)
}

// talkAs is talk for a citizen, whose phone has signed.
func (a *API) talkAs(r *request, who caller, t *talkJSON, in gateway.Inbound) error {
	k, err := key(r)
	switch {
	case err != nil:
		return err
	case k == "" && (t.Confirm || t.Session != "" || t.Service == ""):
		return problem(keyMissing, "what may change something needs an Idempotency-Key, such as a UUID: it is then done once, however often it is sent")
	case k != "" && t.Session == "": // so that the request that is sent again is known as the same
		sum := sha256.Sum256([]byte(k))
		in.Session = base64.RawURLEncoding.EncodeToString(sum[:18])
	}
	in.From, in.Assurance, in.Device, in.Key = who.citizen, ledgerclient.Device, who.proof, k
	return a.once(r, who.citizen, k, func() error { return a.take(r, in) })
}

// take has the turn taken, and answers.
func (a *API) take(r *request, in gateway.Inbound) error {
	ctx, cancel := context.WithTimeout(r.UserContext(), handleTime)
	defer cancel()
	reply, err := a.cfg.Handler.Handle(ctx, in)
	if err != nil {
		return problem(busy, "the gateway is busy or its disk is full: send the request again")
	}
	return a.answer(r, in.Session, reply)
}

// decode reads a request's body, and nothing that the description does not have.
func decode(r *request, into any) error {
	body := r.content()
	media, _, _ := strings.Cut(r.Get(fiber.HeaderContentType), ";")
	switch {
	case len(body) > MaxBody:
		return problem(tooLarge, "a body has 16 KiB at the most")
	case len(r.Request().Header.ContentEncoding()) > 0:
		return problem(notJSON, "send the body without Content-Encoding")
	case !strings.EqualFold(strings.TrimSpace(media), fiber.MIMEApplicationJSON):
		return problem(notJSON, "send Content-Type: application/json")
	case !utf8.Valid(body):
		return problem(badRequest, "the body is not UTF-8")
	}
	if start := bytes.TrimLeft(body, " \t\r\n"); len(start) == 0 || start[0] != '{' { // null would be taken for {}
		return problem(badRequest, "the body is no JSON object")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return problem(badRequest, "the body is not what the description says: "+fault(err))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return problem(badRequest, "something follows the JSON object")
	}
	return nil
}

// fault is what is wrong with JSON, without the values in it.
func fault(err error) string {
	if kind := (*json.UnmarshalTypeError)(nil); errors.As(err, &kind) {
		return "the type of " + kind.Field + " is wrong"
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok && len(name) <= maxSession {
		return "there is no field " + name
	}
	return "it cannot be read as JSON"
}

// inbound is what the request says, as the dialogue takes it.
func (a *API) inbound(r *request, t *talkJSON) (gateway.Inbound, error) {
	in := gateway.Inbound{Medium: gateway.App, Link: Link, Event: gateway.Input, Session: t.Session, Lang: r.lang, At: a.cfg.Now()}
	formed := t.Service != "" || t.Inputs != nil || t.Confirm
	switch {
	case t.Input != nil && formed:
		return in, problem(badRequest, "input goes on step by step, service, inputs and confirm fill a form: send one of the two")
	case t.Session == "" && t.Service == "" && (formed || t.Input != nil):
		return in, problem(badRequest, "inputs, confirm and input need the session that they go on with, or a service")
	case t.Session != "" && t.Service != "":
		return in, problem(badRequest, "a service begins a dialogue of its own: leave session out")
	case len(t.Session) > maxSession || len(t.Inputs) > maxInputs:
		return in, problem(badRequest, "session or inputs have more than can be")
	}
	if t.Service != "" {
		if _, ok := a.cfg.Words.Service(t.Service); !ok {
			return in, problem(unknownService, "GET /v1/services lists them")
		}
	}
	if in.Session == "" {
		in.Session, in.Event = rand.Text(), gateway.New
	}
	if formed {
		in.Form = &gateway.Form{Service: t.Service, Confirmed: t.Confirm, Inputs: make(map[string]gateway.Private, len(t.Inputs))}
		for name, value := range t.Inputs {
			in.Form.Inputs[name] = gateway.Private(value)
		}
	}
	if t.Input != nil {
		in.Text = gateway.Private(*t.Input)
	}
	return in, nil
}
