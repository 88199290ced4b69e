package ivrsip

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Times of keeping a trunk.
const (
	askTime    = 8 * time.Second  // for an answer; then the other side is down
	firstRetry = 2 * time.Second  // after a failed registration
	lastRetry  = 2 * time.Minute  // at the most
	resolveAge = 10 * time.Minute // of what a name stands for
)

// keep looks after a trunk until ctx ends: who it is, whether it is there, and that
// it knows where we are.
func (d *Driver) keep(ctx context.Context, t *trunk) {
	if t.Address == "" {
		return
	}
	reg := registration{driver: d, trunk: t, callID: sip.GenerateTagN(16), tag: sip.GenerateTagN(16)}
	var resolved time.Time
	retry := firstRetry
	for {
		if now := d.cfg.Now(); now.Sub(resolved) > resolveAge && d.locate(ctx, t) {
			resolved = now
		}
		wait, err := reg.touch(ctx)
		if ctx.Err() != nil {
			break
		}
		if retry = d.note(ctx, t, err, retry); err != nil && t.Register {
			wait = retry
		}
		if !pause(ctx, wait) {
			break
		}
	}
	if t.Register {
		reg.remove(ctx)
	}
}

// locate looks up anew who a trunk is; false is that it could not be found, and who
// it was before stands.
func (d *Driver) locate(ctx context.Context, t *trunk) bool {
	err := t.resolve(ctx)
	if err != nil {
		d.cfg.Log.WarnContext(ctx, "trunk not found", slog.String("trunk", t.Name), attrError(err))
	}
	return err == nil
}

// note says when a trunk comes up or goes down, and how long to wait after an
// error.
func (d *Driver) note(ctx context.Context, t *trunk, err error, retry time.Duration) time.Duration {
	was := t.up.Swap(err == nil)
	switch {
	case err == nil && !was:
		d.cfg.Log.InfoContext(ctx, "trunk is up", slog.String("trunk", t.Name))
	case err != nil && was:
		d.cfg.Log.WarnContext(ctx, "trunk is down", slog.String("trunk", t.Name), attrError(err))
	}
	if err == nil {
		return firstRetry
	}
	return min(2*retry, lastRetry)
}

// pause waits; false is that ctx has ended.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// ping asks whether a trunk is there. Any answer says so, but one that it is not.
func (d *Driver) ping(ctx context.Context, t *trunk) error {
	res, err := d.ask(ctx, d.outside(t, sip.OPTIONS, sip.Uri{Scheme: "sip", Host: hostPart(t.Address), Port: portPart(t.Address)}, ""))
	switch {
	case err != nil:
		return err
	case res.StatusCode == sip.StatusServiceUnavailable || res.StatusCode == sip.StatusRequestTimeout:
		return fmt.Errorf("it answers %d %s", res.StatusCode, res.Reason)
	}
	return nil
}

// ask sends a request and waits for its final answer.
func (d *Driver) ask(ctx context.Context, req *sip.Request) (*sip.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	res, err := d.client.Do(ctx, req)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, fmt.Errorf("no answer within %v: is the address right, and does it let us in?", askTime)
	}
	return res, err
}

// outside makes a request to a trunk that belongs to no dialog, from a user of
// ours.
func (d *Driver) outside(t *trunk, method sip.RequestMethod, to sip.Uri, user string) *sip.Request {
	if user == "" {
		user = "setu"
		if t.User != "" {
			user = t.User
		}
	}
	r := sip.NewRequest(method, to)
	r.AppendHeader(d.via(t.Transport, t.Address))
	from := sip.FromHeader{Address: sip.Uri{Scheme: "sip", User: user, Host: hostPart(t.Address)}}
	from.Params = sip.NewParams()
	from.Params.Add("tag", sip.GenerateTagN(16))
	r.AppendHeader(&from)
	r.AppendHeader(&sip.ToHeader{Address: *to.Clone()})
	callID := sip.CallIDHeader(sip.GenerateTagN(24))
	r.AppendHeader(&callID)
	r.AppendHeader(&sip.CSeqHeader{SeqNo: 1, MethodName: method})
	maxForwards := sip.MaxForwardsHeader(70)
	r.AppendHeader(&maxForwards)
	r.AppendHeader(d.contact(t.Transport, t.Address))
	r.AppendHeader(sip.NewHeader("User-Agent", agent))
	r.AppendHeader(sip.NewHeader("Allow", allowed))
	r.SetBody(nil)
	d.address(r, strings.ToUpper(t.Transport), t.Address)
	return r
}

func hostPart(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}

func portPart(address string) int {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(port) // looked at by newTrunk
	return n
}

// registration is ours at a trunk (RFC 3261 §10): the same Call-ID for as long as
// we run.
type registration struct {
	driver      *Driver
	trunk       *trunk
	callID, tag string
	seq         uint32
}

// touch registers us where a trunk wants that, and else asks whether it is there.
// It gives the time until that is due again if all is well.
func (g *registration) touch(ctx context.Context) (time.Duration, error) {
	t := g.trunk
	if !t.Register {
		return t.KeepAlive, g.driver.ping(ctx, t)
	}
	good, err := g.renew(ctx, t.Expires)
	if err != nil {
		return 0, err
	}
	return good/2 + time.Duration(rand.Int64N(int64(good/10)+1)), nil //nolint:gosec // so that many do not come at once
}

// renew registers for a time and gives the time that was granted.
func (g *registration) renew(ctx context.Context, expires time.Duration) (time.Duration, error) {
	for range 3 { // once to be asked for the password, and once to be told a longer time
		req := g.request(expires)
		res, err := g.send(ctx, req)
		switch {
		case err != nil:
			return 0, err
		case res.StatusCode == 423:
			n, _ := strconv.Atoi(headerValue(res, "Min-Expires"))
			if least := time.Duration(n) * time.Second; least > expires && least < 24*time.Hour {
				expires = least
				continue
			}
			return 0, errors.New("it wants a longer registration and does not say which")
		case !res.IsSuccess():
			return 0, fmt.Errorf("it refuses to register us: %d %s: look at user and password", res.StatusCode, res.Reason)
		}
		return granted(res, expires), nil
	}
	return 0, errors.New("it refuses each time that we ask it to register us")
}

// send sends a registration, and again with the password if that is asked for.
func (g *registration) send(ctx context.Context, req *sip.Request) (*sip.Response, error) {
	res, err := g.driver.ask(ctx, req)
	if err != nil || res.StatusCode != sip.StatusUnauthorized && res.StatusCode != sip.StatusProxyAuthRequired {
		return res, err
	}
	if err := g.trunk.prove(req, res); err != nil {
		return nil, err
	}
	g.again(req)
	return g.driver.ask(ctx, req)
}

// again makes another transaction of a request.
func (g *registration) again(req *sip.Request) {
	g.seq++
	req.CSeq().SeqNo = g.seq
	req.Via().Params.Add("branch", sip.GenerateBranchN(16))
}

func (g *registration) request(expires time.Duration) *sip.Request {
	t := g.trunk
	req := g.driver.outside(t, sip.REGISTER, sip.Uri{Scheme: "sip", Host: hostPart(t.Address)}, t.User)
	req.From().Params.Add("tag", g.tag)
	to := req.From().AsTo()
	to.Params = nil
	req.ReplaceHeader(&to)
	callID := sip.CallIDHeader(g.callID)
	req.ReplaceHeader(&callID)
	g.seq++
	req.CSeq().SeqNo = g.seq
	req.AppendHeader(sip.NewHeader("Expires", strconv.Itoa(int(expires/time.Second))))
	return req
}

// remove ends the registration when we stop.
func (g *registration) remove(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), byeTime)
	defer cancel()
	if _, err := g.send(ctx, g.request(0)); err != nil {
		g.driver.cfg.Log.DebugContext(ctx, "registration not removed", slog.String("trunk", g.trunk.Name), attrError(err))
	}
}

// granted is the time of a registration, as the answer has it.
func granted(res *sip.Response, asked time.Duration) time.Duration {
	value := headerValue(res, "Expires")
	if c := res.Contact(); c != nil {
		if v, ok := c.Params.Get("expires"); ok {
			value = v
		}
	}
	if n, err := strconv.Atoi(strings.TrimSpace(value)); err == nil && n > 0 {
		return min(time.Duration(n)*time.Second, asked)
	}
	return asked
}

func headerValue(res *sip.Response, name string) string {
	if h := res.GetHeader(name); h != nil {
		return strings.TrimSpace(h.Value())
	}
	return ""
}
