package softphone

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"

	"setu/ivr/rtp"
	"setu/ivr/sdp"
)

// promptPackage is the info package in which a gateway in its sandbox tells what it
// says, in words (RFC 6086).
const promptPackage = "x-setu-prompt"

// saidRoom is how many texts wait to be read; more are dropped.
const saidRoom = 64

// Call is a call that the gateway has answered.
type Call struct {
	// Stream is its sound: keys are sent by it and what is said is heard.
	Stream *rtp.Stream
	// Codec is what the gateway has chosen.
	Codec rtp.Codec
	// SetUp is how long it took from the INVITE to the answer.
	SetUp time.Duration

	phone  *Phone
	id     string
	dialog *sipgo.DialogClientSession
	said   chan string
	ended  chan struct{}
	once   sync.Once
}

// Said are the texts that the gateway says, where it tells them.
func (c *Call) Said() <-chan string { return c.said }

// Ended is closed when the call is over, whoever has hung up.
func (c *Call) Ended() <-chan struct{} { return c.ended }

// Call calls a number of the gateway, such as its short code, from a number in
// E.164 with plus. now is the clock for [Call.SetUp]. Errors are [ErrNoGateway],
// [ErrRefused] and [ErrMedia].
func (p *Phone) Call(ctx context.Context, from, to string, now func() time.Time) (*Call, error) {
	select {
	case <-p.conn.read:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	stream, err := p.media.Open()
	if err != nil {
		return nil, err
	}
	c := &Call{phone: p, Stream: stream, said: make(chan string, saidRoom), ended: make(chan struct{})}
	if err := c.dial(ctx, from, to, now); err != nil {
		c.end()
		return nil, err
	}
	return c, nil
}

func (c *Call) dial(ctx context.Context, from, to string, now func() time.Time) error {
	p := c.phone
	req := sip.NewRequest(sip.INVITE, sip.Uri{Scheme: "sip", User: to, Host: p.gateway.Addr().String(), Port: int(p.gateway.Port())})
	here := p.dialogs.ContactHDR.Address
	caller := sip.FromHeader{Address: sip.Uri{Scheme: "sip", User: from, Host: here.Host}, Params: sip.NewParams()}
	caller.Params.Add("tag", sip.GenerateTagN(16))
	id := sip.CallIDHeader(sip.GenerateTagN(24))
	c.id = id.Value()
	kind := sip.ContentTypeHeader("application/sdp")
	for _, h := range []sip.Header{
		&caller, &id, sip.NewHeader("Allow", "INVITE, ACK, BYE, CANCEL, INFO, OPTIONS"), &kind,
	} {
		req.AppendHeader(h)
	}
	if p.cfg.Prompts {
		req.AppendHeader(sip.NewHeader("Recv-Info", promptPackage))
	}
	host, err := netip.ParseAddr(here.Host)
	if err != nil {
		return fmt.Errorf("own address: %w", err)
	}
	local := sdp.Local{Media: netip.AddrPortFrom(host, c.Stream.Port()), ID: rand.Uint64() >> 1, Version: 1} //nolint:gosec // it is to differ from others
	req.SetBody(sdp.Offer(local))

	began := now()
	asked, cancel := context.WithTimeout(ctx, ringTime)
	defer cancel()
	if c.dialog, err = p.dialogs.WriteInvite(asked, req); err == nil {
		p.mu.Lock()
		p.calls[c.id] = c // nothing comes before the answer
		p.mu.Unlock()
		err = c.dialog.WaitAnswer(asked, sipgo.AnswerOptions{Username: p.cfg.User, Password: p.cfg.Password})
	}
	if err != nil {
		return c.unanswered(ctx, err)
	}
	c.SetUp = now().Sub(began)
	mediaErr := c.agree(local)
	if err := c.dialog.Ack(ctx); err != nil {
		return fmt.Errorf("confirm the answer: %w", err)
	}
	if mediaErr != nil {
		return errors.Join(mediaErr, c.HangUp(ctx))
	}
	return nil
}

// unanswered says why there is no call.
func (c *Call) unanswered(ctx context.Context, err error) error {
	var refused *sipgo.ErrDialogResponse
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &refused):
		why := strconv.Itoa(refused.Res.StatusCode) + " " + refused.Res.Reason
		if after := refused.Res.GetHeader("Retry-After"); after != nil {
			why += ", try again in " + after.Value() + " s"
		}
		return fmt.Errorf("%w: %s", ErrRefused, why)
	}
	return fmt.Errorf("%w at %s (start it with `setu serve`): %w", ErrNoGateway, c.phone.gateway, err)
}

// agree begins with the sound that the answer describes.
func (c *Call) agree(local sdp.Local) error {
	answer, err := sdp.Parse(c.dialog.InviteResponse.Body())
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMedia, err)
	}
	agreed, err := sdp.Accept(answer, local)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMedia, err)
	}
	c.Codec = rtp.Codec(agreed.Codec)
	return c.Stream.Start(rtp.Remote{Media: agreed.Remote, Codec: c.Codec, Events: agreed.Events})
}

// HangUp ends the call. One that is over already is no error.
func (c *Call) HangUp(ctx context.Context) error {
	select {
	case <-c.ended:
		return nil
	default:
	}
	defer c.end()
	told, cancel := context.WithTimeout(ctx, byeTime)
	defer cancel()
	if err := c.dialog.Bye(told); err != nil {
		return fmt.Errorf("hang up: %w", err)
	}
	return nil
}

// Drop leaves without a word, as a telephone whose battery is taken out.
func (c *Call) Drop() { c.end() }

// Hold puts the gateway on hold, or takes it back (RFC 3264 §8.4).
func (c *Call) Hold(ctx context.Context, on bool) error {
	body := bytes.Clone(c.dialog.InviteRequest.Body())
	if on {
		body = bytes.Replace(body, []byte("a=sendrecv"), []byte("a=sendonly"), 1)
	}
	to := c.dialog.InviteResponse.Contact().Address
	req := sip.NewRequest(sip.INVITE, to)
	kind := sip.ContentTypeHeader("application/sdp")
	req.AppendHeader(&kind)
	req.SetBody(body)
	res, err := c.dialog.Do(ctx, req)
	if err != nil {
		return fmt.Errorf("hold: %w", err)
	}
	if !res.IsSuccess() {
		return fmt.Errorf("hold: %w: %d %s", ErrRefused, res.StatusCode, res.Reason)
	}
	return c.dialog.WriteAck(ctx, sip.NewRequest(sip.ACK, to))
}

// end lets go of all that the call has.
func (c *Call) end() {
	c.once.Do(func() {
		c.phone.mu.Lock()
		delete(c.phone.calls, c.id)
		c.phone.mu.Unlock()
		c.Stream.Close()
		close(c.ended)
	})
}

// bye is the gateway's end of the call.
func (c *Call) bye(req *sip.Request, tx sip.ServerTransaction) {
	defer c.end()
	_ = c.dialog.ReadBye(req, tx) // an answer that gets lost is asked for again
}

// info is what the gateway says, in words.
func (c *Call) info(req *sip.Request, tx sip.ServerTransaction) {
	if h := req.GetHeader("Info-Package"); h == nil || !strings.EqualFold(strings.TrimSpace(h.Value()), promptPackage) {
		respond(tx, req, 469, "Bad Info Package")
		return
	}
	select {
	case c.said <- string(req.Body()):
	default:
	}
	respond(tx, req, 200, "OK")
}
