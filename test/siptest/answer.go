package siptest

import (
	"errors"
	"net/netip"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"

	"setu/ivr/ivrsip"
	"setu/ivr/rtp"
	"setu/ivr/sdp"
)

// Ring passes the calls that come in to a test, which answers each with
// [Exchange.Answer] or refuses it.
func (x *Exchange) Ring(calls chan<- Ringing) {
	x.Handle(sip.INVITE, func(req *sip.Request, tx sip.ServerTransaction) {
		done := make(chan struct{})
		calls <- Ringing{x: x, req: req, tx: tx, done: done}
		select { // the transaction ends with its handler
		case <-done:
		case <-tx.Done():
		}
	})
}

// Ringing is a call that comes in.
type Ringing struct {
	x    *Exchange
	req  *sip.Request
	tx   sip.ServerTransaction
	done chan struct{}
}

// From is who is said to call.
func (r Ringing) From() string { return r.req.From().Address.User }

// To is who is called.
func (r Ringing) To() string { return r.req.Recipient.User }

// Refuse refuses the call, or says with 180 that it rings.
func (r Ringing) Refuse(code int) error {
	if code >= 200 {
		defer close(r.done)
	}
	return r.tx.Respond(sip.NewResponseFromRequest(r.req, code, "No", nil))
}

// Answer answers the call.
func (r Ringing) Answer() (*Call, error) {
	defer close(r.done)
	x := r.x
	stream, err := x.media.Open()
	if err != nil {
		return nil, err
	}
	offer, err := sdp.Parse(r.req.Body())
	if err != nil {
		return nil, err
	}
	body, agreed, err := sdp.Answer(offer, sdp.Local{Media: netip.AddrPortFrom(x.addr.Addr(), stream.Port()), ID: 1, Version: 1})
	if err != nil {
		return nil, err
	}
	c := &Call{x: x, Stream: stream, Answer: agreed, said: make(chan string, 64), ended: make(chan struct{})}
	x.mu.Lock()
	x.calls[r.req.CallID().Value()] = c
	x.mu.Unlock()
	res := sip.NewResponseFromRequest(r.req, 200, "OK", body)
	kind := sip.ContentTypeHeader("application/sdp")
	contact := x.dialog.ContactHDR
	res.AppendHeader(&kind)
	res.AppendHeader(&contact)
	res.AppendHeader(sip.NewHeader("Recv-Info", ivrsip.Package))
	stream.Hear(c.hear)
	codec := rtp.PCMA
	if agreed.Codec == sdp.PCMU {
		codec = rtp.PCMU
	}
	if err := stream.Start(rtp.Remote{Media: agreed.Remote, Codec: codec, Events: agreed.Events}); err != nil {
		return nil, err
	}
	return c, r.tx.Respond(res)
}

// Code is the status with which a call was refused; 0 is another error.
func Code(err error) int {
	if refused := (*sipgo.ErrDialogResponse)(nil); errors.As(err, &refused) {
		return refused.Res.StatusCode
	}
	return 0
}
