package ivrsip

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"

	"setu/gateway"
	"setu/ivr/sdp"
)

// firstWord is how long a trunk has for its first word about a call, before the
// next is tried: a few repetitions over UDP.
const firstWord = 6 * time.Second

// keepRequest sends a request as it is made.
func keepRequest(*sipgo.Client, *sip.Request) error { return nil }

// ringing is a call out that is not answered yet.
type ringing struct {
	driver *Driver
	trunk  *trunk
	local  sdp.Local
	tx     sip.ClientTransaction // of the last INVITE
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

// try sends the INVITE once. Its transaction ends by itself, since whoever does not
// hear our ACK answers again.
func (r *ringing) try(ctx context.Context, req *sip.Request) (*sip.Response, Outcome) {
	tx, err := r.driver.client.TransactionRequest(ctx, req.Clone(), keepRequest)
	if err != nil {
		return nil, Outcome{Reason: "the trunk cannot be reached", End: Failed}
	}
	r.tx = tx
	a := attempt{ringing: r, req: req, out: Outcome{Reason: "no answer from the trunk", End: Failed}, limit: time.NewTimer(firstWord)}
	defer a.limit.Stop()
	return a.wait(ctx), a.out
}

// attempt is an INVITE that has no final answer yet.
type attempt struct {
	*ringing
	req   *sip.Request
	out   Outcome
	limit *time.Timer // of the first word, then of ringing, then of taking it back
	// unwanted says that it is to be taken back, and cancelled that the CANCEL is
	// sent: only to who has said something (RFC 3261 §9.1).
	unwanted, cancelled bool
}

// wait waits for the final answer; nil is that none has come in time.
func (a *attempt) wait(ctx context.Context) *sip.Response {
	done, stop := ctx.Done(), a.driver.stop
	for {
		select {
		case res := <-a.tx.Responses():
			if a.hear(res); !res.IsProvisional() { //nolint:contextcheck // a CANCEL is sent though its call is over
				a.out.End = endOf(res.StatusCode, a.unwanted)
				return res
			}
		case <-a.tx.Done():
			return nil
		case <-done:
			done = nil
			a.giveUp() //nolint:contextcheck // see above
		case <-stop:
			stop = nil
			a.giveUp() //nolint:contextcheck // see above
		case <-a.limit.C:
			if a.cancelled || a.out.Status == 0 {
				a.driver.handlers.Go(a.forsake)
				return nil
			}
			a.giveUp() //nolint:contextcheck // see above
		}
	}
}

// hear notes what an answer says. Until one says that it rings, each provisional
// one gives the call its time to ring anew.
func (a *attempt) hear(res *sip.Response) {
	a.out.Status, a.out.Reason = res.StatusCode, strconv.Itoa(res.StatusCode)+" "+res.Reason
	switch {
	case !res.IsProvisional():
	case a.unwanted:
		a.cancel()
	case !a.out.Rang:
		a.out.Rang = res.StatusCode >= 180
		a.limit.Reset(a.driver.cfg.Ring)
	}
}

// giveUp takes the INVITE back, at once or with the first word about it.
func (a *attempt) giveUp() {
	if a.unwanted {
		return
	}
	a.unwanted, a.out.End = true, NoAnswer
	if a.out.Status != 0 {
		a.cancel()
	}
	a.out.Reason = "not answered in time"
}

// cancel takes the INVITE back, which its answer confirms.
func (a *attempt) cancel() {
	if a.cancelled {
		return
	}
	a.cancelled = true
	a.limit.Reset(byeTime)
	cancel := sip.NewRequest(sip.CANCEL, a.req.Recipient)
	cancel.AppendHeader(sip.HeaderClone(a.req.Via()))
	for _, h := range [...]sip.Header{a.req.From(), a.req.To(), a.req.CallID(), a.req.MaxForwards()} {
		cancel.AppendHeader(sip.HeaderClone(h))
	}
	cancel.AppendHeader(&sip.CSeqHeader{SeqNo: a.req.CSeq().SeqNo, MethodName: sip.CANCEL})
	cancel.SetBody(nil)
	d := a.driver
	d.address(cancel, strings.ToUpper(a.trunk.Transport), a.trunk.Address)
	d.handlers.Go(func() {
		ctx, end := context.WithTimeout(context.Background(), byeTime)
		defer end()
		_, _ = d.client.Do(ctx, cancel, keepRequest) // or it rings on, until they give up
	})
}

// forsake sees an INVITE off that nobody waits for any more: a word that comes late
// is answered with a CANCEL, and who picks up is hung up on, so that no telephone
// rings or talks to nobody.
func (a *attempt) forsake() {
	over := time.NewTimer(64 * a.driver.cfg.T1) // RFC 3261 §9.1
	defer over.Stop()
	for {
		select {
		case res := <-a.tx.Responses():
			switch {
			case res.IsSuccess():
				a.dismiss(res)
				return
			case !res.IsProvisional():
				return
			}
			a.cancel()
		case <-a.tx.Done():
			return
		case <-a.driver.stop:
			return
		case <-over.C:
			a.tx.Terminate()
			return
		}
	}
}

// dismiss ends a call that was answered too late.
func (a *attempt) dismiss(res *sip.Response) {
	d := a.driver
	g, err := calling(a.req, res)
	if err != nil || d.confirm(a.tx, g, a.req) != nil {
		return // it is repeated, and ends by itself
	}
	ctx, cancel := context.WithTimeout(context.Background(), byeTime)
	defer cancel()
	_, _ = d.client.Do(ctx, d.request(g, sip.BYE, 0)) // whoever does not hear it finds nobody
}

// confirm confirms the answer to an INVITE, and again whenever it is repeated (RFC
// 3261 §13.2.2.4).
func (d *Driver) confirm(tx sip.ClientTransaction, g *dialog, invite *sip.Request) error {
	ack := d.request(g, sip.ACK, invite.CSeq().SeqNo)
	tx.OnRetransmission(func(*sip.Response) {
		_ = d.client.WriteRequest(ack.Clone(), keepRequest) // the next repetition asks again
	})
	return d.client.WriteRequest(ack.Clone(), keepRequest)
}
