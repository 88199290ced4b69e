package ivrsip

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"setu/gateway"
	"setu/ivr/conductor"
	"setu/ivr/rtp"
	"setu/ivr/sdp"
)

// call is one call that has a dialog.
type call struct {
	driver *Driver
	trunk  *trunk
	dialog *dialog
	stream *rtp.Stream
	signal netip.Addr // where its signalling comes from
	cancel context.CancelCauseFunc
	reads  bool // the telephone shows what is said

	mu       sync.Mutex
	theirs   int64 // CSeq of their last request; -1 is none yet
	local    sdp.Local
	agreed   sdp.Agreed
	started  bool
	unacked  map[uint32]chan []byte // answers that wait for their ACK, by CSeq
	interval session

	over chan struct{} // closed when the call has ended
}

// Errors of calls.
var (
	errGone  = errors.New("ivrsip: the other side has hung up")
	errNoACK = errors.New("ivrsip: our answer was not confirmed")
)

// pickUp answers a call and waits until that is confirmed. Without a call it has
// come to nothing.
func (d *Driver) pickUp(ctx context.Context, cancel context.CancelCauseFunc, req *sip.Request, tx sip.ServerTransaction, t *trunk, id dialogID) (c *call, end conductor.End) {
	if !tx.OnCancel(func(*sip.Request) { cancel(sip.ErrTransactionCanceled) }) {
		return nil, Cancelled
	}
	stream, err := d.cfg.Media.Open()
	if err != nil {
		d.cfg.Log.ErrorContext(ctx, "no media for a call", attrError(err))
		d.respond(tx, req, 503, "Service Unavailable", sip.NewHeader("Retry-After", retryAfter))
		return nil, Full
	}
	defer func() {
		if c == nil {
			stream.Close()
		}
	}()
	id.local = sip.GenerateTagN(16)
	made := d.newCall(t, answering(req, id), stream, cancel)
	made.theirs, made.reads = int64(req.CSeq().SeqNo), d.cfg.Prompts && wantsPrompts(req)
	offer, _ := description(req) // it has been looked at
	body, err := made.reply(offer)
	if err != nil {
		d.respond(tx, req, 488, "Not Acceptable Here")
		return nil, NoMedia
	}
	if !d.add(made) { // two ways of the same call (RFC 3261 §8.2.2.2)
		d.respond(tx, req, 482, "Loop Detected")
		return nil, Malformed
	}
	defer func() {
		if c == nil {
			d.remove(made)
		}
	}()
	res := made.ok(req, body)
	made.interval.agree(req, res)
	answer, err := made.deliver(ctx, tx, res)
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, sip.ErrTransactionCanceled), errors.Is(err, sip.ErrTransactionCanceled):
		return nil, Cancelled
	case errors.Is(cause, errGone):
		return nil, conductor.HungUp
	case errors.Is(cause, errStopping):
		made.bye(ctx)
		return nil, conductor.Stopped
	case err != nil:
		made.bye(ctx)
		return nil, NoACK
	}
	if offer == nil {
		if err := made.accept(answer); err != nil {
			made.bye(ctx)
			return nil, NoMedia
		}
	}
	return made, ""
}

// conduct has a call that came in and is confirmed to its end, and gives its room
// back.
func (c *call) conduct(ctx context.Context, line int64, from, to gateway.Address, known bool) {
	d, end := c.driver, conductor.Fault
	defer func() {
		if p := recover(); p != nil { // which may quote a message, and is not logged
			d.cfg.Log.ErrorContext(ctx, "panic in a call", slog.String("stack", string(debug.Stack())))
			c.bye(ctx)
		}
		d.remove(c)
		c.stream.Close()
		c.cancel(nil)
		d.ended(line, c.trunk, end)
		c.trunk.give()
		d.leave()
	}()
	end = c.talk(ctx, from, to, known)
}

// newCall makes a call that is not known to others yet.
func (d *Driver) newCall(t *trunk, g *dialog, stream *rtp.Stream, cancel context.CancelCauseFunc) *call {
	c := &call{
		driver: d, trunk: t, dialog: g, stream: stream, signal: hostOf(g.peer), cancel: cancel,
		theirs: -1, unacked: make(map[uint32]chan []byte), over: make(chan struct{}),
	}
	c.interval.changed = make(chan struct{}, 1)
	c.local = d.local(stream, g.peer)
	return c
}

// local is our side of the media of a call.
func (d *Driver) local(stream *rtp.Stream, peer string) sdp.Local {
	return sdp.Local{
		Media: netip.AddrPortFrom(d.hostFor(d.cfg.MediaHost, peer), stream.Port()),
		ID:    uint64(rand.Uint32()), Version: 1, //nolint:gosec // it is to differ, who sees one call sees it
	}
}

// talk conducts the call and hangs up.
func (c *call) talk(ctx context.Context, from, to gateway.Address, known bool) conductor.End {
	d := c.driver
	d.mu.Lock()
	d.last++
	session := d.epoch + "-" + strconv.FormatUint(d.last, 10)
	d.mu.Unlock()
	one := conductor.Call{ID: session, Link: c.trunk.Name, From: from, To: to, Stop: d.stop}
	var beside sync.WaitGroup
	watch, unwatch := context.WithCancel(ctx)
	beside.Go(func() { c.watch(watch) })
	if c.reads {
		heard := make(chan string, saidRoom)
		one.Said = func(text string) { pass(heard, text) }
		beside.Go(func() { c.show(watch, heard) })
	}
	var end conductor.End
	if known {
		end = d.cfg.Conductor.Run(ctx, one, leg{c.stream})
	} else {
		end = d.cfg.Conductor.Anonymous(ctx, one, leg{c.stream})
	}
	unwatch()
	beside.Wait()
	if errors.Is(context.Cause(ctx), errStopping) {
		end = conductor.Stopped
	}
	if !errors.Is(context.Cause(ctx), errGone) {
		c.bye(ctx)
	}
	return end
}

// reply is our description for theirs, which is taken over; without one it is an
// offer. Errors are of what they say.
func (c *call) reply(offer []byte) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if offer == nil {
		return sdp.Offer(c.local), nil
	}
	d, err := sdp.Parse(offer)
	if err != nil {
		return nil, err
	}
	body, agreed, err := sdp.Answer(d, c.local)
	if err != nil {
		return nil, err
	}
	return body, c.begin(agreed)
}

// accept takes the answer to an offer of ours.
func (c *call) accept(answer []byte) error {
	d, err := sdp.Parse(answer)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	agreed, err := sdp.Accept(d, c.local)
	if err != nil {
		return err
	}
	return c.begin(agreed)
}

// begin starts the media as agreed, or goes on with it. A call that begins on hold
// without an address is told where to send later.
func (c *call) begin(a sdp.Agreed) error {
	c.agreed = a
	if a.Remote.Addr().IsUnspecified() {
		c.stream.Hold(true)
		return nil
	}
	codec := rtp.PCMA
	if a.Codec == sdp.PCMU {
		codec = rtp.PCMU
	}
	if err := c.stream.Start(rtp.Remote{Media: a.Remote, Signal: c.signal, Strict: c.trunk.Strict, Codec: codec, Events: a.Events}); err != nil {
		return fmt.Errorf("start media: %w", err)
	}
	c.started = true
	c.stream.Hold(a.Hold)
	return nil
}

// ok is the answer to an INVITE or UPDATE, with a description.
func (c *call) ok(req *sip.Request, body []byte) *sip.Response {
	res := sip.NewResponseFromRequest(req, 200, "OK", body)
	res.To().Params.Add("tag", c.dialog.id.local)
	res.AppendHeader(c.driver.contact(c.dialog.transport, c.dialog.peer))
	res.AppendHeader(sip.NewHeader("Allow", allowed))
	res.AppendHeader(sip.NewHeader("Supported", "timer"))
	res.AppendHeader(sip.NewHeader("Server", agent))
	if body != nil {
		kind := sip.ContentTypeHeader(sdpType)
		res.AppendHeader(&kind)
	}
	return res
}

// deliver answers an INVITE and repeats it until it is confirmed (RFC 3261
// §13.3.1.4), which gives the body of the ACK.
func (c *call) deliver(ctx context.Context, tx sip.ServerTransaction, res *sip.Response) ([]byte, error) {
	seq := res.CSeq().SeqNo
	confirmed := make(chan []byte, 1)
	c.mu.Lock()
	c.unacked[seq] = confirmed
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.unacked, seq)
		c.mu.Unlock()
	}()
	if err := tx.Respond(res); err != nil {
		return nil, fmt.Errorf("answer: %w", err)
	}
	t1 := c.driver.cfg.T1
	pause := t1
	again, late := time.NewTimer(pause), time.NewTimer(64*t1)
	defer again.Stop()
	defer late.Stop()
	for {
		select {
		case body := <-confirmed:
			return body, nil
		case ack := <-tx.Acks(): // of a telephone that takes its INVITE's branch for it
			if ack != nil {
				return ack.Body(), nil
			}
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-c.over:
			return nil, errGone
		case <-again.C:
			_ = tx.Respond(res) // the next one may arrive
			pause = min(2*pause, maxT2*t1)
			again.Reset(pause)
		case <-late.C:
			return nil, errNoACK
		}
	}
}

// request makes a request of ours within the call.
func (c *call) request(method sip.RequestMethod) *sip.Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.driver.request(c.dialog, method, 0)
}

// byeTime is how long we wait for the answer to a BYE, which changes nothing.
const byeTime = 4 * time.Second

// bye ends the dialog from our side.
func (c *call) bye(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), byeTime)
	defer cancel()
	c.stream.Stop()
	_, _ = c.driver.client.Do(ctx, c.request(sip.BYE)) // whoever does not hear it finds nobody
}

// add makes a call known; false is that one from the same telephone with the same
// name is there.
func (d *Driver) add(c *call) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id := range d.calls {
		if id.callID == c.dialog.id.callID && id.remote == c.dialog.id.remote {
			return false
		}
	}
	d.calls[c.dialog.id] = c
	return true
}

func (d *Driver) remove(c *call) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.calls, c.dialog.id)
	close(c.over)
}

// find is the call of a dialog; nil is none.
func (d *Driver) find(id dialogID) *call {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.calls[id]
}
