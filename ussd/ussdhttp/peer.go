package ussdhttp

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"setu/gateway"
)

// Errors of the gateway's side.
var (
	// ErrStatus says that the answer was no 2xx.
	ErrStatus = errors.New("ussdhttp: refused")
	// ErrAnswer says that the answer is not in the dialect's form.
	ErrAnswer = errors.New("ussdhttp: not an answer of this dialect")
	// ErrNotTold says that the dialect has no way to tell the event.
	ErrNotTold = errors.New("ussdhttp: the dialect cannot tell this")
)

// answerTime is how long a gateway waits for a screen; operators' own limits
// are from 5 to 20 s.
const answerTime = 10 * time.Second

// Peer plays an operator's gateway: it sends what the dialect's gateway would
// send, and reads the answers as that would. It is for handsets, load and
// tests. It may be used by many goroutines.
type Peer struct {
	Dialect *Dialect
	// URL is where Setu listens for the dialect, such as
	// http://127.0.0.1:8080/ussd/africastalking.
	URL string
	// Headers go with every request, such as a secret.
	Headers map[string]string
	// Client makes the connections.
	Client *fasthttp.Client
	// Now tells the time where the dialect sends it; nil is time.Now.
	Now func() time.Time
}

// Peer is a gateway of this dialect before the Setu whose public listener is at
// base, such as http://127.0.0.1:8080.
func (d *Dialect) Peer(base string) *Peer {
	return &Peer{
		Dialect: d, URL: strings.TrimRight(base, "/") + "/ussd/" + d.Name,
		Client: &fasthttp.Client{
			NoDefaultUserAgentHeader: true, DisablePathNormalizing: true,
			MaxConnsPerHost: 16 << 10, MaxIdleConnDuration: time.Minute,
			ReadTimeout: answerTime, WriteTimeout: answerTime, MaxIdemponentCallAttempts: 1,
		},
	}
}

// Dial is a call of a citizen's to a service code, by a [Peer] of its own: many
// calls better share one.
func (d *Dialect) Dial(base, from, code string) *Call { return d.Peer(base).Dial(from, code) }

// Call is one session of one citizen. It is for one goroutine.
type Call struct {
	// Session is the gateway's identifier of the session. It may be changed
	// before the first Send.
	Session string

	peer   *Peer
	number string // in the dialect's form
	code   string // bare
	inputs []byte // so far, joined by *
	sent   int    // requests
	req    fasthttp.Request
	resp   fasthttp.Response
}

// Dial begins a call from a number, in E.164 with its plus sign, to a service
// code without * and #. Nothing is sent before the first Send.
func (p *Peer) Dial(from, code string) *Call {
	return &Call{
		Session: rand.Text(), peer: p, number: p.Dialect.numberForm.write(from), code: code,
	}
}

// Answer is a screen as the gateway reads it.
type Answer struct {
	Text string
	// End says that the session is over.
	End bool
	// Mask says that what is typed next should not be shown; only dialects that
	// can tell set it.
	Mask bool
	// Page and Octets are 0 in dialects that do not tell them.
	Page, Octets int
	// Status is the HTTP status.
	Status int
}

// Send sends what the citizen typed and waits for the screen, until ctx ends or
// ten seconds are over. The first Send opens the session: its input is what was
// dialled behind the code, such as "1*1000000001", and mostly "".
func (c *Call) Send(ctx context.Context, input string) (Answer, error) {
	event := gateway.Input
	if c.sent == 0 {
		event = gateway.New
		c.inputs = append(c.inputs, input...)
	} else {
		if len(c.inputs) > 0 {
			c.inputs = append(c.inputs, '*')
		}
		c.inputs = append(c.inputs, input...)
	}
	c.sent++
	c.prepare(event, input)
	return c.exchange(ctx)
}

// Again sends the last request once more, as a gateway does that lost the
// answer.
func (c *Call) Again(ctx context.Context) (Answer, error) { return c.exchange(ctx) }

// Abort tells that the citizen cancelled; ErrNotTold if the dialect cannot.
func (c *Call) Abort(ctx context.Context) error { return c.tell(ctx, gateway.Abort) }

// Timeout tells that the network ended the session; ErrNotTold if the dialect
// cannot.
func (c *Call) Timeout(ctx context.Context) error { return c.tell(ctx, gateway.Timeout) }

func (c *Call) tell(ctx context.Context, event gateway.Event) error {
	if c.peer.Dialect.send[event] == nil {
		return ErrNotTold
	}
	c.sent++
	c.prepare(event, "")
	return c.roundTrip(ctx)
}

// prepare makes the request of an event.
func (c *Call) prepare(event gateway.Event, input string) {
	d := c.peer.Dialect
	out := d.send[event]
	v := values{
		session: c.Session, number: c.number, code: d.codeForm.write(c.code), text: input,
		event: &out.event, sequence: c.sent, time: c.peer.now().Unix(),
	}
	switch {
	case out.text != "":
		v.text = out.text
	case event == gateway.New:
		v.text = d.dialled.write(c.code, input)
	case d.cumulative:
		v.text = string(c.inputs)
	}
	c.req.Reset()
	c.req.Header.SetMethod(out.method)
	uri := []byte(c.peer.URL)
	if len(out.path) > 0 {
		uri = out.path.append(append(uri, '/'), &v)
	}
	for name, value := range c.peer.Headers {
		c.req.Header.Set(name, value)
	}
	for _, h := range out.headers {
		c.req.Header.SetBytesV(h.name, h.text.append(nil, &v))
	}
	c.fill(out, uri, &v)
}

// fill writes the fields to where the dialect has them.
func (c *Call) fill(out *outgoing, uri []byte, v *values) {
	if len(out.body) > 0 {
		c.req.SetRequestURIBytes(uri)
		c.req.Header.SetContentType("application/json")
		c.req.SetBody(out.body.append(nil, v))
		return
	}
	args := fasthttp.AcquireArgs()
	defer fasthttp.ReleaseArgs(args)
	for _, p := range out.pairs {
		args.AddBytesV(p.name, p.text.append(nil, v))
	}
	if c.peer.Dialect.in == inForm && out.method != fasthttp.MethodGet {
		c.req.SetRequestURIBytes(uri)
		c.req.Header.SetContentType("application/x-www-form-urlencoded")
		c.req.SetBody(args.QueryString())
		return
	}
	c.req.SetRequestURIBytes(args.AppendBytes(append(uri, '?')))
}

func (p *Peer) now() time.Time {
	if p.Now != nil {
		return p.Now()
	}
	return time.Now()
}

// exchange sends the request and reads the screen.
func (c *Call) exchange(ctx context.Context) (Answer, error) {
	if err := c.roundTrip(ctx); err != nil {
		return Answer{Status: c.resp.StatusCode()}, err
	}
	a, err := c.peer.Dialect.readAnswer(c.resp.Body(), c.resp.Header.Peek(c.peer.Dialect.answer.header))
	a.Status = c.resp.StatusCode()
	return a, err
}

func (c *Call) roundTrip(ctx context.Context) error {
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(answerTime)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	c.resp.Reset()
	if err := c.peer.Client.DoDeadline(&c.req, &c.resp, deadline); err != nil {
		return fmt.Errorf("send to the gateway: %w", err)
	}
	if s := c.resp.StatusCode(); s < 200 || s > 299 {
		return fmt.Errorf("%w: HTTP %d: %.200s", ErrStatus, s, c.resp.Body())
	}
	return nil
}

// readAnswer takes an answer apart.
func (d *Dialect) readAnswer(body, mark []byte) (Answer, error) {
	if d.answer.json != nil {
		return d.readJSONAnswer(body)
	}
	var a Answer
	if d.answer.header != "" {
		var ok bool
		if a.End, ok = d.readMark(mark); !ok {
			return a, ErrAnswer
		}
	}
	for _, p := range d.answer.body {
		switch p.ref {
		case refNone:
			rest, ok := bytes.CutPrefix(body, p.lit)
			if !ok {
				return a, ErrAnswer
			}
			body = rest
		case refMark:
			if rest, ok := bytes.CutPrefix(body, []byte(d.end.text)); ok {
				body, a.End = rest, true
			} else if body, ok = bytes.CutPrefix(body, []byte(d.more.text)); !ok {
				return a, ErrAnswer
			}
		case refText:
			a.Text = string(body)
		}
	}
	return a, nil
}

// readMark says whether a mark ends the session.
func (d *Dialect) readMark(mark []byte) (end, ok bool) {
	switch string(mark) {
	case d.end.text:
		return true, true
	case d.more.text:
		return false, true
	}
	return false, false
}

func (d *Dialect) readJSONAnswer(body []byte) (Answer, error) {
	var a Answer
	seen, bad := false, false
	w := walker{leaf: func(path, text []byte, str bool) {
		if str {
			text = unescape(text)
		}
		switch d.answer.json[string(path)] {
		case refText:
			a.Text, seen = string(text), true
		case refMark:
			end, ok := d.readMark(text)
			a.End = a.End || end
			bad = bad || !ok
		case refEnd:
			a.End = string(text) == "true"
		case refMask:
			a.Mask = string(text) == "true"
		case refPage:
			a.Page, _ = strconv.Atoi(string(text)) // 0 when it is none
		case refOctets:
			a.Octets, _ = strconv.Atoi(string(text))
		}
	}}
	if err := w.walk(body); err != nil || !seen || bad {
		return a, ErrAnswer
	}
	return a, nil
}
