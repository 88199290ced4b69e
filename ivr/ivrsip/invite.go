package ivrsip

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"runtime/debug"
	"strings"

	"github.com/emiago/sipgo/sip"

	"setu/gateway"
	"setu/ivr/conductor"
)

// Ends of calls that SIP adds to those of the conductor.
const (
	Cancelled   conductor.End = "cancelled"    // she hung up before we answered
	NoACK       conductor.End = "no_ack"       // our answer was never confirmed
	Missed      conductor.End = "missed"       // rejected, and to be called back
	Stranger    conductor.End = "stranger"     // from somebody who may not call
	Malformed   conductor.End = "malformed"    // a request that cannot be understood
	Unsupported conductor.End = "unsupported"  // it requires what we do not have
	WrongNumber conductor.End = "wrong_number" // dialled a number that is not ours
	NoMedia     conductor.End = "no_media"     // no sound in common
	Full        conductor.End = "full"         // no room, of all trunks or of this one
	Flood       conductor.End = "flood"        // too many new ones at once
)

// retryAfter is when somebody may try again whom we have no room for, in seconds.
const retryAfter = "10"

// guarded is a handler whose panic ends its request only, for requests that have
// what all must have.
func (d *Driver) guarded(handle func(*sip.Request, sip.ServerTransaction)) func(*sip.Request, sip.ServerTransaction) {
	return func(req *sip.Request, tx sip.ServerTransaction) {
		defer func() {
			if p := recover(); p != nil { // which may quote the message, and is not logged
				d.cfg.Log.Error("panic while answering a SIP request", slog.String("method", string(req.Method)), slog.String("stack", string(debug.Stack())))
				d.respond(tx, req, 500, "Server Internal Error")
			}
		}()
		if _, err := idOf(req); err != nil {
			d.cfg.Board.Refused("", Malformed)
			d.respond(tx, req, 400, "Bad Request")
			return
		}
		handle(req, tx)
	}
}

// respond answers a request, with headers. That it cannot be sent is the same as
// that it is lost, and ends no more than the transaction.
func (d *Driver) respond(tx sip.ServerTransaction, req *sip.Request, code int, reason string, headers ...sip.Header) {
	if req.IsAck() || tx == nil {
		return
	}
	res := sip.NewResponseFromRequest(req, code, reason, nil)
	for _, h := range headers {
		res.AppendHeader(h)
	}
	res.AppendHeader(sip.NewHeader("Server", agent))
	_ = tx.Respond(res) // see above
}

// refusal is how a call is turned away.
type refusal struct {
	code    int
	reason  string
	end     conductor.End
	headers []sip.Header
}

func refuse(code int, reason string, end conductor.End, headers ...sip.Header) *refusal {
	return &refusal{code, reason, end, headers}
}

// turnAway answers a request with its refusal.
func (d *Driver) turnAway(tx sip.ServerTransaction, req *sip.Request, no *refusal) {
	d.respond(tx, req, no.code, no.reason, no.headers...)
}

// invite takes an INVITE: of a call under way, or of a new one.
func (d *Driver) invite(req *sip.Request, tx sip.ServerTransaction) {
	id, _ := idOf(req) // it has been looked at
	if id.local != "" {
		d.reinvite(req, tx, id)
		return
	}
	if !d.enter() {
		d.respond(tx, req, 503, "Service Unavailable", sip.NewHeader("Retry-After", retryAfter))
		return
	}
	defer d.leave()
	t, no := d.screen(req)
	name := ""
	if t != nil {
		name = t.Name
	}
	if no != nil {
		if no.end != "" { // a challenge is the beginning of a call, not its end
			d.cfg.Board.Refused(name, no.end)
		}
		d.turnAway(tx, req, no)
		return
	}
	goesOn := false
	defer func() {
		if !goesOn {
			t.give()
		}
	}()
	goesOn = d.answer(req, tx, t, id)
}

// screen looks at a call before anything is spent on it. Without a refusal it has
// taken the room of the trunk.
func (d *Driver) screen(req *sip.Request) (*trunk, *refusal) {
	host := hostOf(req.Source())
	t := d.gate.find(host)
	if t == nil {
		return nil, refuse(403, "Forbidden", Stranger)
	}
	if t.Caller != "" {
		proved := d.proved(req)
		if proved == nil {
			if !d.gate.calls.allow(host, newCalls, d.cfg.Now()) {
				return t, refuse(503, "Service Unavailable", Flood, sip.NewHeader("Retry-After", retryAfter))
			}
			end := conductor.End("")
			if req.GetHeader("Authorization") != nil {
				end = Stranger
			}
			return t, refuse(401, "Unauthorized", end, d.challenge(req))
		}
		t = proved
	}
	if no := unsupported(req); no != nil {
		return t, no
	}
	now := d.cfg.Now()
	switch {
	case !t.has(dialled(req)):
		return t, refuse(404, "Not Found", WrongNumber)
	case !t.limiter.AllowN(now, 1) || !d.gate.all.AllowN(now, 1):
		return t, refuse(503, "Service Unavailable", Flood, sip.NewHeader("Retry-After", retryAfter))
	case d.cfg.Media.Busy() || d.live() >= d.cfg.MaxCalls:
		return t, refuse(503, "Service Unavailable", Full, sip.NewHeader("Retry-After", retryAfter))
	case !t.take():
		return t, refuse(486, "Busy Here", Full)
	}
	return t, nil
}

// unsupported says what a call needs that we do not have.
func unsupported(req *sip.Request) *refusal {
	var unknown []string
	for _, h := range req.GetHeaders("Require") {
		for _, option := range strings.FieldsFunc(strings.ToLower(h.Value()), func(r rune) bool { return r == ',' || r == ' ' }) {
			if option != "timer" {
				unknown = append(unknown, option)
			}
		}
	}
	if len(unknown) > 0 {
		return refuse(420, "Bad Extension", Unsupported, sip.NewHeader("Unsupported", strings.Join(unknown, ", ")))
	}
	if tooShort(req) {
		return refuseShort()
	}
	if _, ok := description(req); !ok {
		return refuse(415, "Unsupported Media Type", NoMedia, sip.NewHeader("Accept", sdpType))
	}
	return nil
}

// sdpType is the type of session descriptions.
const sdpType = "application/sdp"

// maxParts is how many parts a body of several is looked through.
const maxParts = 8

// message is a request or a response.
type message interface {
	ContentType() *sip.ContentTypeHeader
	Body() []byte
}

// description is the session description in a message, alone or beside what
// exchanges add (ISUP, in SIP-I); nil is that there is no body. ok is false if
// there is one of another kind.
func description(m message) (body []byte, ok bool) {
	if len(m.Body()) == 0 {
		return nil, true
	}
	if m.ContentType() == nil {
		return m.Body(), true // some leave it out
	}
	kind, params, err := mime.ParseMediaType(m.ContentType().Value())
	switch {
	case err != nil:
		return nil, false
	case kind == sdpType:
		return m.Body(), true
	case !strings.HasPrefix(kind, "multipart/"):
		return nil, false
	}
	parts := multipart.NewReader(bytes.NewReader(m.Body()), params["boundary"])
	for range maxParts {
		part, err := parts.NextPart()
		if err != nil {
			return nil, false
		}
		if kind, _, err = mime.ParseMediaType(part.Header.Get("Content-Type")); err == nil && kind == sdpType {
			body, err = io.ReadAll(io.LimitReader(part, 64<<10)) // the message itself is no longer
			return body, err == nil
		}
	}
	return nil, false
}

// answer answers a call that may come in. One that is confirmed goes on in a
// goroutine of its own: it lasts minutes, and the library's would keep the INVITE,
// its answer and their transaction for as long.
func (d *Driver) answer(req *sip.Request, tx sip.ServerTransaction, t *trunk, id dialogID) (goesOn bool) {
	from, known := t.callerOf(req)
	to := gateway.Address(dialled(req))
	if no := d.meet(from, to); no != nil {
		d.cfg.Board.Refused(t.Name, no.end)
		d.turnAway(tx, req, no)
		return false
	}
	line := d.cfg.Board.Begin(t.Name, false, d.cfg.Now())
	ctx, cancel := context.WithCancelCause(context.Background()) // ends with the call: drain sees to that
	c, end := d.pickUp(ctx, cancel, req, tx, t, id)
	if c == nil {
		cancel(nil)
		d.ended(line, t, end)
		return false
	}
	d.cfg.Board.Answered(line, d.cfg.Now())
	tx.Terminate() // who has confirmed repeats nothing
	d.handlers.Add(1)
	go c.conduct(ctx, line, from, to, known)
	return true
}

// ended notes how a call ended.
func (d *Driver) ended(line int64, t *trunk, end conductor.End) {
	d.cfg.Board.End(line, end, d.cfg.Now())
	d.cfg.Log.Debug("call ended", slog.Int64("call", line), slog.String("trunk", t.Name), slog.String("end", string(end)))
}

// meet asks the doorman.
func (d *Driver) meet(from, to gateway.Address) *refusal {
	if d.cfg.Doorman == nil {
		return nil
	}
	missed, err := d.cfg.Doorman.Missed(context.Background(), from, to) //nolint:contextcheck // a wish that is being written is not cut off
	switch {
	case err != nil:
		d.cfg.Log.Error("missed call not noted", slog.String("error", err.Error()))
		return refuse(503, "Service Unavailable", conductor.Fault, sip.NewHeader("Retry-After", retryAfter))
	case missed:
		return refuse(603, "Decline", Missed)
	}
	return nil
}

// live is how many calls there are.
func (d *Driver) live() int {
	n := 0
	for _, t := range d.trunks {
		n += int(t.live.Load())
	}
	return n
}

// lateCancel answers a CANCEL whose INVITE is answered or unknown (RFC 3261 §9.2);
// the library takes all others.
func (d *Driver) lateCancel(req *sip.Request, tx sip.ServerTransaction) {
	d.respond(tx, req, 481, "Call/Transaction Does Not Exist")
}

// options says that we are here (RFC 3261 §11).
func (d *Driver) options(req *sip.Request, tx sip.ServerTransaction) {
	id, _ := idOf(req) // it has been looked at
	if id.local != "" && d.find(id) == nil {
		d.respond(tx, req, 481, "Call/Transaction Does Not Exist")
		return
	}
	d.respond(tx, req, 200, "OK", sip.NewHeader("Allow", allowed), sip.NewHeader("Accept", sdpType), sip.NewHeader("Supported", "timer"))
}
