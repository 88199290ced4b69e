package ivrsip

import (
	"context"
	"time"

	"github.com/emiago/sipgo/sip"

	"setu/gateway"
	"setu/ivr/conductor"
)

// Ends of calls out that were not answered.
const (
	TheyBusy conductor.End = "busy"
	NoAnswer conductor.End = "no_answer"
	Declined conductor.End = "declined" // by her, or by the network for good
	Failed   conductor.End = "failed"   // by the trunk
)

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
// it is over. Trunks are tried in their order until one of them has reached her. It
// waits until the driver runs.
func (d *Driver) Call(ctx context.Context, from, to gateway.Address) Outcome {
	out := Outcome{Reason: errNoTrunk.Error(), End: Failed}
	if !d.enter() {
		out.Reason = errStopping.Error()
		return out
	}
	defer d.leave()
	select {
	case <-d.serving:
	case <-d.stop:
	case <-ctx.Done():
	}
	for _, t := range d.trunks {
		if t.Address == "" || !t.up.Load() || ctx.Err() != nil || !d.finds(ctx, t) || !t.take() {
			continue
		}
		line := d.cfg.Board.Begin(t.Name, true, d.cfg.Now())
		out = d.callBy(ctx, t, line, from, to)
		d.ended(line, t, out.End)
		t.give()
		if out.Answered || out.Rang || out.End != Failed {
			return out
		}
	}
	return out
}

// finds says that it is known who a trunk is: before that its answers would be a
// stranger's, and dropped.
func (d *Driver) finds(ctx context.Context, t *trunk) bool { return t.known() || d.locate(ctx, t) }

// callBy calls by a trunk.
func (d *Driver) callBy(ctx context.Context, t *trunk, line int64, from, to gateway.Address) Outcome {
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
	confirmed := d.confirm(ring.tx, g, req)
	c := d.newCall(t, g, stream, cancel)
	c.local = ring.local
	if !d.add(c) {
		c.bye(ctx)
		return Outcome{Reason: "an answer of another call", End: Failed, Rang: true}
	}
	defer d.remove(c)
	if confirmed != nil {
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
	out.End = c.talk(ctx, to, from, true)
	return out
}

// theirInterval takes over the session timer of an answer (RFC 4028 §7.2).
func (c *call) theirInterval(res *sip.Response) {
	n, refresher := expiresOf(sessionExpires(res))
	c.interval.every, c.interval.ours = time.Duration(n)*time.Second, refresher != "uas"
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
