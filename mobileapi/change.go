package mobileapi

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"setu/channels"
	"setu/gateway"
	"setu/i18n"
)

// Feed keeps what citizens are told apart from any request.
type Feed interface {
	// AddChange adds to it.
	AddChange(ctx context.Context, c gateway.Change) error
	// Changes are a citizen's after a cursor, oldest first.
	Changes(ctx context.Context, citizen gateway.Address, after int64, limit int) ([]gateway.Change, error)
}

// changesJSON is a part of what a citizen is told.
type changesJSON struct {
	Changes []changeJSON `json:"changes"`
	// Cursor goes into since the next time.
	Cursor string `json:"cursor"`
	More   bool   `json:"more,omitempty"`
}

type changeJSON struct {
	ID      string    `json:"id"`
	Class   string    `json:"class"` // result, answer, receipt or notice
	Service string    `json:"service,omitempty"`
	Prompt  string    `json:"prompt"`
	At      time.Time `json:"at"`
	// State is that of an answer with the same result; empty if there is none.
	State string `json:"state,omitempty"`
	*resultJSON
}

// A list has at most 4 KB; a change of the longest answer in Bengali has about
// 700 octets.
const (
	listOctets = 4 << 10
	listLength = 20
)

// maxWait is the longest that a request for changes waits for one.
const maxWait = 30 * time.Second

// classNotice is what was not asked for.
const classNotice = "notice"

var _ channels.Sender = (*API)(nil)

// Send puts a message to a citizen among her changes, and wakes her phones.
func (a *API) Send(ctx context.Context, to gateway.Route, m gateway.SMSOut, done func(string, error)) error {
	err := a.cfg.Feed.AddChange(ctx, gateway.Change{Citizen: to.Citizen, Class: m.Class, Service: m.Service, Text: m.Text, Result: m.Result})
	if err != nil {
		return fmt.Errorf("%w: %w", channels.ErrLinkDown, err)
	}
	a.live.wake(to.Citizen)
	done("", nil)
	return nil
}

// tellNewDevice tells a citizen's other phones that one more signs for her.
func (a *API) tellNewDevice(r *request, d gateway.Device) {
	text := a.text(r.lang, "new-device", map[string]i18n.Value{"name": {Raw: d.Name.Reveal()}})
	m := gateway.SMSOut{Text: gateway.Private(text), Class: classNotice}
	err := a.Send(r.UserContext(), gateway.Route{Medium: gateway.App, Link: Link, Citizen: d.Citizen}, m, func(string, error) {})
	if err != nil {
		a.cfg.Log.WarnContext(r.UserContext(), "new device not told of", slog.String("error", err.Error()))
	}
}

// listChanges is GET /v1/changes, which may wait for one.
func (a *API) listChanges(r *request) error {
	who, err := a.signedIn(r)
	if err != nil {
		return err
	}
	since, err := cursor(r.Query("since"))
	if err != nil {
		return err
	}
	wait, err := waiting(r.Query("wait"))
	if err != nil {
		return err
	}
	l, ok := a.live.join(who)
	if !ok {
		return problem(tooMany, "a device waits for changes at most four times at once")
	}
	defer a.live.leave(who, l)
	out, err := a.changes(r.UserContext(), who.citizen, since)
	if err != nil {
		return err
	}
	if len(out.Changes) == 0 && wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-l.woken:
			if out, err = a.changes(r.UserContext(), who.citizen, since); err != nil {
				return err
			}
		case <-l.gone:
		case <-timer.C:
		}
	}
	return writeJSON(r, fiber.StatusOK, out)
}

// cursor reads since.
func cursor(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, problem(badRequest, "since is the cursor of an earlier answer")
	}
	return n, nil
}

// waiting reads wait.
func waiting(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, problem(badRequest, "wait is a number of seconds")
	}
	return min(time.Duration(n)*time.Second, maxWait), nil
}

// changes are a citizen's after a cursor, as many as an answer may hold.
func (a *API) changes(ctx context.Context, citizen gateway.Address, since int64) (changesJSON, error) {
	out := changesJSON{Changes: []changeJSON{}, Cursor: strconv.FormatInt(since, 10)}
	all, err := a.cfg.Feed.Changes(ctx, citizen, since, listLength+1)
	if err != nil {
		return out, fmt.Errorf("read changes: %w", err)
	}
	size := 0
	for i, c := range all {
		one := drawChange(c)
		size += len(one.Prompt) + 320 // more than all else takes
		if i == listLength || i > 0 && size > listOctets {
			out.More = true
			break
		}
		out.Changes, out.Cursor = append(out.Changes, one), one.ID
	}
	return out, nil
}

func drawChange(c gateway.Change) changeJSON {
	out := changeJSON{ID: strconv.FormatInt(c.ID, 10), Class: c.Class, Service: c.Service, Prompt: c.Text.Reveal(), At: c.At}
	if c.Result != nil {
		out.State, out.resultJSON = result(gateway.Reply{Result: c.Result})
	}
	return out
}
