package ivrtwiml

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/twilio/twilio-go/client"

	"setu/gateway"
)

// Result is what became of a call that was placed. The zero value is that its fate
// is not known: it may have rung.
type Result struct {
	Answered bool
	Busy     bool
	NoAnswer bool
	Refused  bool // there is no such number
	NoLine   bool // it rang nowhere
	Reason   string
}

// resultOf is the result that a final state of the provider means.
func resultOf(state, sip string) (r Result, final bool) {
	r.Reason = state
	if sip != "" {
		r.Reason += ", SIP " + sip
	}
	switch state {
	case "completed":
		r.Answered = true
	case "busy":
		r.Busy = true
	case "no-answer", "canceled":
		r.NoAnswer = true
	case "failed":
		r.Refused = slices.Contains([]string{"404", "484", "604"}, sip)
		r.NoAnswer = !r.Refused
	default:
		return r, false
	}
	return r, true
}

// placed is a call that was placed and is not over.
type placed struct {
	once   sync.Once
	result chan Result // of one
	began  bool        // she has answered; by the driver's lock
}

// begun notes that who was called has answered.
func (d *Driver) begun(out string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if p := d.placed[out]; p != nil {
		p.began = true
	}
}

// over tells the caller of a placed call its result; only the first word counts.
func (d *Driver) over(out string, r Result) {
	d.mu.Lock()
	p := d.placed[out]
	d.mu.Unlock()
	if p != nil {
		p.once.Do(func() { p.result <- r })
	}
}

// Bounds of placed calls.
const (
	ringFor  = 40 * time.Second
	longest  = 20 * time.Minute // of a call and the word that it is over
	apiWait  = 10 * time.Second
	maxReply = 64 << 10 // octets
)

// twilioAPI is where Twilio's calls are placed.
const twilioAPI = "https://api.twilio.com"

// Call calls a citizen from a number of ours by one gateway, and returns when the
// call is over.
func (d *Driver) Call(ctx context.Context, name string, from, to gateway.Address) Result {
	g, ok := d.gateways[name]
	if !ok || g.Dialect != Twilio || g.Account == "" {
		return Result{NoLine: true, Reason: "the gateway has no account to place calls with"}
	}
	out := rand.Text()
	p := &placed{result: make(chan Result, 1)}
	d.mu.Lock()
	d.placed[out] = p
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.placed, out)
	}()
	sid, r, ok := d.create(&g, out, from, to)
	if !ok {
		return r
	}
	wait := time.NewTimer(longest)
	defer wait.Stop()
	select {
	case r := <-p.result:
		return r
	case <-ctx.Done():
		d.hangUp(&g, sid)
		r = Result{Reason: "the gateway stops"}
	case <-wait.C:
		r = Result{Reason: "the provider did not say that the call is over"}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	r.Answered = p.began
	return r
}

// create asks the provider to call. ok is false when it does not.
func (d *Driver) create(g *Gateway, out string, from, to gateway.Address) (sid string, r Result, ok bool) {
	form := url.Values{
		"To": {to.Reveal()}, "From": {from.Reveal()}, "Url": {g.hook(0, out)}, "Method": {"POST"},
		"StatusCallback": {g.URL + "/" + g.Name + "/status?out=" + out}, "StatusCallbackMethod": {"POST"},
		"StatusCallbackEvent": {"completed"}, "Timeout": {strconv.Itoa(int(ringFor / time.Second))},
	}
	body, err := d.ask(g, "/Calls.json", form)
	if err != nil {
		return "", refusal(err), false
	}
	var made struct {
		SID string `json:"sid"`
	}
	if err := json.Unmarshal(body, &made); err != nil || made.SID == "" {
		return "", Result{Reason: "the provider's answer names no call"}, false
	}
	return made.SID, Result{}, true
}

// hangUp ends a call that is under way.
func (d *Driver) hangUp(g *Gateway, sid string) {
	if _, err := d.ask(g, "/Calls/"+url.PathEscape(sid)+".json", url.Values{"Status": {"completed"}}); err != nil {
		d.Log.Warn("call not ended", errorOf(errors.New(refusal(err).Reason)))
	}
}

// ask posts a form to the provider's API.
func (d *Driver) ask(g *Gateway, path string, form url.Values) ([]byte, error) {
	api := g.API
	if api == "" {
		api = twilioAPI
	}
	c := client.Client{Credentials: client.NewCredentials(g.Account, string(g.Token))}
	c.SetTimeout(apiWait)
	res, err := c.SendRequest(http.MethodPost, api+"/2010-04-01/Accounts/"+g.Account+path, form,
		map[string]any{"Content-Type": "application/x-www-form-urlencoded"})
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	return io.ReadAll(io.LimitReader(res.Body, maxReply))
}

// Codes of Twilio's API for numbers that cannot be called.
const (
	invalidTo    = 21211
	notToCall    = 21214
	notReachable = 21217
)

// refusal is what an error of the API means. Its text may hold the number, and is
// not passed on.
func refusal(err error) Result {
	var said *client.TwilioRestError
	if errors.As(err, &said) {
		r := Result{Reason: fmt.Sprintf("the API answered %d, code %d", said.Status, said.Code)}
		r.Refused = slices.Contains([]int{invalidTo, notToCall, notReachable}, said.Code)
		r.NoLine = !r.Refused
		return r
	}
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" {
		return Result{NoLine: true, Reason: "the API is out of reach"}
	}
	return Result{Reason: "the API's answer was lost"}
}
