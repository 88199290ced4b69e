package ivrsip

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"

	"setu/gateway"
	"setu/ivr/conductor"
	"setu/ivr/sdp"
)

// Ends of calls out that were not answered.
const (
	TheyBusy conductor.End = "busy"
	NoAnswer conductor.End = "no_answer"
	Declined conductor.End = "declined" // by her, or by the network for good
	Failed   conductor.End = "failed"   // by the trunk
)

// firstWord is how long a trunk has for its first word about a call, before the
// next is tried: a few repetitions over UDP.
const firstWord = 6 * time.Second

// Outcome is what a call out has come to.
type Outcome struct {
	Answered bool
	// Rang says that her telephone may have rung, though she did not answer.
	Rang bool
	// Status is the last answer's; 0 if there was none.
	Status int
	// Reason says what happened, for operators: "486 Busy Here".
	Reason string
	End    conductor.End
}

// Call calls a citizen from one of our numbers, conducts the call and returns when
// it is over. first is what she hears before anything else; nil is the menu. Trunks
// are tried in their order until one of them has reached her.
func (d *Driver) Call(ctx context.Context, from, to gateway.Address, first *gateway.Reply) Outcome {
	out := Outcome{Reason: errNoTrunk.Error(), End: Failed}
	if !d.enter() {
		out.Reason = errStopping.Error()
		return out
	}
	defer d.leave()
	for _, t := range d.trunks {
		if t.Address == "" || !t.up.Load() || ctx.Err() != nil || !t.take() {
			continue
		}
		line := d.cfg.Board.Begin(t.Name, true, d.cfg.Now())
		out = d.callBy(ctx, t, line, from, to, first)
		d.ended(line, t, out.End)
		t.give()
		if out.Answered || out.Rang || out.End != Failed {
			return out
		}
	}
	return out
}

// callBy calls by a trunk.
func (d *Driver) callBy(ctx context.Context, t *trunk, line int64, from, to gateway.Address, first *gateway.Reply) Outcome {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stream, err := d.cfg.Media.Open()
	if err != nil {
		return Outcome{Reason: err.Error(), End: Failed}
	}
	defer stream.Close()
	ring := ringing{driver: d, trunk: t, local: d.local(stream, t.Address)}
	req := ring.invite(from, to)
	res, out := ring.wait(ctx, req)
	if res == nil || !res.IsSuccess() {
		return out
	}
	out.Answered = true
	g, err := calling(req, res)
	if err != nil {
		return Outcome{Reason: "an answer without a dialog", End: Failed, Rang: true}
	}
	c := d.newCall(t, g, stream, cancel)
	c.local = ring.local
	if !d.add(c) {
		return Outcome{Reason: "an answer of another call", End: Failed, Rang: true}
	}
	defer d.remove(c)
	if err := d.client.WriteRequest(d.request(g, sip.ACK, req.CSeq().SeqNo), keepRequest); err != nil {
		return Outcome{Reason: "answered, and the answer could not be confirmed", End: Failed, Rang: true}
	}
	c.theirInterval(res)
	c.reads = d.cfg.Prompts && wantsPrompts(res)
	body, _ := description(res)
	if err := c.accept(body); err != nil {
		c.bye(ctx)
		out.End = NoMedia
		return out
	}
	d.cfg.Board.Answered(line, d.cfg.Now())
	out.End = c.talk(ctx, to, from, true, first)
	return out
}

// theirInterval takes over the session timer of an answer (RFC 4028 §7.2).
func (c *call) theirInterval(res *sip.Response) {
	n, refresher := expiresOf(sessionExpires(res))
	c.interval.every, c.interval.ours = time.Duration(n)*time.Second, refresher != "uas"
}

// keepRequest sends a request as it is made.
func keepRequest(*sipgo.Client, *sip.Request) error { return nil }

// ringing is a call out that is not answered yet.
type ringing struct {
	driver *Driver
	trunk  *trunk
	local  sdp.Local
}

// invite makes the INVITE.
func (r *ringing) invite(from, to gateway.Address) *sip.Request {
	t := r.trunk
	uri := sip.Uri{Scheme: "sip", User: to.Reveal(), Host: hostPart(t.Address), Port: portPart(t.Address)}
	req := r.driver.outside(t, sip.INVITE, uri, from.Reveal())
	req.AppendHeader(sip.NewHeader("Supported", "timer"))
	kind := sip.ContentTypeHeader(sdpType)
	req.AppendHeader(&kind)
	req.SetBody(sdp.Offer(r.local))
	return req
}

// wait waits for the final answer, as long as a telephone may ring.
func (r *ringing) wait(ctx context.Context, req *sip.Request) (*sip.Response, Outcome) {
	for range 2 { // once to be asked for the password
		res, out := r.try(ctx, req)
		if res == nil || res.StatusCode != sip.StatusUnauthorized && res.StatusCode != sip.StatusProxyAuthRequired {
			return res, out
		}
		if err := r.trunk.prove(req, res); err != nil || r.trunk.User == "" {
			return res, out
		}
		req.CSeq().SeqNo++
		req.Via().Params.Add("branch", sip.GenerateBranchN(16))
	}
	return nil, Outcome{Status: sip.StatusUnauthorized, Reason: "the trunk refuses our password", End: Failed}
}

// try sends the INVITE once.
func (r *ringing) try(ctx context.Context, req *sip.Request) (*sip.Response, Outcome) {
	tx, err := r.driver.client.TransactionRequest(ctx, req, keepRequest)
	if err != nil {
		return nil, Outcome{Reason: "the trunk cannot be reached", End: Failed}
	}
	defer tx.Terminate()
	out := Outcome{Reason: "no answer from the trunk", End: Failed}
	limit := time.NewTimer(firstWord)
	defer limit.Stop()
	done, cancelled := ctx.Done(), false
	for {
		select {
		case res := <-tx.Responses():
			if res == nil {
				return nil, out
			}
			r.hear(res, &out, limit)
			if !res.IsProvisional() {
				out.End = endOf(res.StatusCode, cancelled)
				return res, out
			}
		case <-tx.Done():
			return nil, out
		case <-done:
			done = nil
			cancelled = r.giveUp(req, &out, limit)
		case <-limit.C:
			if cancelled || out.Status == 0 {
				return nil, out
			}
			cancelled = r.giveUp(req, &out, limit)
		}
	}
}

// hear notes what an answer says. Until one says that it rings, each provisional
// one gives the call its time to ring anew.
func (r *ringing) hear(res *sip.Response, out *Outcome, limit *time.Timer) {
	out.Status, out.Reason = res.StatusCode, strconv.Itoa(res.StatusCode)+" "+res.Reason
	if res.IsProvisional() && !out.Rang {
		out.Rang = res.StatusCode >= 180
		limit.Reset(r.driver.cfg.Ring)
	}
}

// giveUp takes an INVITE back (RFC 3261 §9.1), which its answer confirms.
func (r *ringing) giveUp(req *sip.Request, out *Outcome, limit *time.Timer) bool {
	out.End, out.Reason = NoAnswer, "not answered in time"
	limit.Reset(byeTime)
	cancel := sip.NewRequest(sip.CANCEL, req.Recipient)
	cancel.AppendHeader(sip.HeaderClone(req.Via()))
	for _, h := range [...]sip.Header{req.From(), req.To(), req.CallID(), req.MaxForwards()} {
		cancel.AppendHeader(sip.HeaderClone(h))
	}
	cancel.AppendHeader(&sip.CSeqHeader{SeqNo: req.CSeq().SeqNo, MethodName: sip.CANCEL})
	cancel.SetBody(nil)
	r.driver.address(cancel, strings.ToUpper(r.trunk.Transport), r.trunk.Address)
	_ = r.driver.client.WriteRequest(cancel, keepRequest) // or it rings on, until they give up
	return true
}

// endOf is what a final answer means for her.
func endOf(status int, cancelled bool) conductor.End {
	switch {
	case status < 300:
		return conductor.Completed
	case cancelled, status == 408, status == 480, status == 487:
		return NoAnswer
	case status == 486, status == 600:
		return TheyBusy
	case status == 603, status == 604, status == 404, status == 484, status == 410:
		return Declined
	}
	return Failed
}
