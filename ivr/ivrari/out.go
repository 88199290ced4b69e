package ivrari

import (
	"context"
	"errors"
	"strconv"
	"time"

	"setu/gateway"
	"setu/ivr/conductor"
)

// Outcome is what a call out has come to.
type Outcome struct {
	Answered bool
	// Rang says that her telephone may have rung, though she did not answer.
	Rang bool
	// Cause is that of the end (ITU-T Q.850); 0 if nobody has said one.
	Cause int
	// Reason says what happened, for operators; never a number of hers.
	Reason string
	End    conductor.End
}

// NoSuchNumber says that the network knows no such number.
func (o Outcome) NoSuchNumber() bool { return o.Cause == causeUnallocated || o.Cause == causeInvalid }

// Call calls a citizen by an exchange from one of our numbers, conducts the call and
// returns when it is over.
func (d *Driver) Call(ctx context.Context, name string, from, to gateway.Address) (out Outcome) {
	x := d.find(name)
	if x == nil || x.Dial == "" {
		return Outcome{Reason: "the exchange has no ivr.ari.dial to call by", End: Failed}
	}
	endpoint, ok := x.endpoint(to)
	switch {
	case !ok:
		return Outcome{Reason: "not a number that can be dialled", End: Declined, Cause: causeInvalid}
	case !x.up.Load():
		return Outcome{Reason: "the link to the exchange is down", End: Failed}
	case !d.enter():
		return Outcome{Reason: errStopping.Error(), End: Failed}
	}
	defer d.leave()
	if !x.take() {
		return Outcome{Reason: "no room for a call", End: Failed}
	}
	defer x.give()
	line := x.begin(true)
	out = Outcome{Rang: true, Reason: "a fault of ours", End: conductor.Fault}
	defer func() { x.over(ctx, line, out.End) }()
	ctx, c := x.newCall(ctx, x.id("out"))
	x.add(c)
	defer x.remove(c)
	x.guarded(ctx, func() { out = c.place(ctx, line, endpoint, from, to) })
	return out
}

// order is what is to be dialled. It goes in the body, as addresses are logged.
type order struct {
	Endpoint string `json:"endpoint"`
	CallerID string `json:"callerId"`
	Timeout  int    `json:"timeout"` // s
}

// place has her telephone rung, and talks when she answers.
func (c *call) place(ctx context.Context, line int64, endpoint string, from, to gateway.Address) Outcome {
	x := c.x
	defer c.close(ctx, reasonNormal)
	ring := x.driver.cfg.Ring
	what := order{Endpoint: endpoint, CallerID: from.Reveal(), Timeout: max(1, int(ring/time.Second))}
	began := x.now()
	if err := x.rest.post(ctx, nil, query("channelId", c.hers.id, "app", x.App), what, "channels"); err != nil {
		if is(c.hers.out) { // the end has overtaken the answer
			return c.unanswered(began)
		}
		return Outcome{Rang: !answered(err) && !unsent(err), Reason: err.Error(), End: Failed}
	}
	c.confirm(&c.hers)
	late := time.NewTimer(ring + restTime) // Asterisk gives up before
	defer late.Stop()
	select {
	case <-c.hers.in:
	case <-c.hers.out:
		return c.unanswered(began)
	case <-ctx.Done():
		if errors.Is(context.Cause(ctx), errGone) {
			return c.unanswered(began)
		}
		return Outcome{Rang: true, Reason: context.Cause(ctx).Error(), End: NoAnswer}
	case <-x.driver.stop:
		return Outcome{Rang: true, Reason: errStopping.Error(), End: NoAnswer}
	case <-late.C:
		return Outcome{Rang: true, Reason: "not answered in time", End: NoAnswer}
	}
	end := c.converse(ctx, line, conductor.Call{From: to, To: from}, true, false)
	return Outcome{Answered: true, Rang: true, Reason: "answered", End: end}
}

// surelyRings is how long a network takes to say that it has no way to a telephone:
// some say nothing while it rings, and what has lasted longer may have rung.
const surelyRings = 6 // paces

// unanswered is the outcome of a call that was ordered at a time and whose channel has
// ended before she answered.
func (c *call) unanswered(began time.Time) Outcome {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rang = c.rang || c.x.now().Sub(began) > c.x.paces(surelyRings)
	out := Outcome{Rang: c.rang, Cause: c.cause, End: endOf(c.cause, c.rang), Reason: "ended without a cause"}
	if c.cause != 0 {
		out.Reason = "cause " + strconv.Itoa(c.cause) + " of Q.850"
	}
	return out
}
