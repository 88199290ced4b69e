package ivrtwiml

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"setu/gateway"
	"setu/ivr"
	"setu/ivr/conductor"
)

// talk is one call: each webhook takes it one step further.
type talk struct {
	d       *Driver
	g       Gateway
	id      string // the provider's name of the call
	out     string // the nonce of a call that we placed
	from    gateway.Address
	to      gateway.Address
	line    int64     // on the board
	touched time.Time // by the driver's lock

	mu    sync.Mutex
	call  *ivr.Call
	steps int    // taken, so that a webhook that comes again is known
	last  []byte // what the latest was answered
	over  bool
	since time.Time
}

// answer takes the nth step with the keys that were pressed, or says again what was
// answered to it.
func (t *talk) answer(ctx context.Context, n int, digits string) []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n < t.steps || t.over {
		return t.last
	}
	var s ivr.Step
	end := conductor.Completed
	switch {
	case t.call == nil:
		may := t.d.CallBack != nil && t.d.CallBack(t.from)
		t.call, t.steps = ivr.NewCall(ivr.Layout{Words: t.d.Words, CallBack: may}), n
		s = t.hear(ctx, gateway.New, "")
	case t.d.Now().Sub(t.since) > t.d.MaxLength:
		s, end = t.call.Leave("time-up"), conductor.TooLong
	default:
		s = t.press(digits)
	}
	for s.Send {
		s = t.hear(ctx, gateway.Input, s.Input)
	}
	t.steps++
	least, most := t.call.Takes()
	t.last = t.d.turn(ctx, &t.g, s, keys{least, most}, t.steps, t.out)
	if s.End {
		if s.GaveUp {
			end = conductor.GaveUp
		}
		t.close(ctx, end)
	}
	return t.last
}

// press takes the keys of one webhook; what follows a key that goes to the dialogue
// is dropped, since it was pressed before the answer. The provider tells of keys
// when no more come.
func (t *talk) press(digits string) ivr.Step {
	var s ivr.Step
	for i := range len(digits) {
		one := t.call.Press(digits[i])
		if one.Send || one.End {
			return one
		}
		if one.Stop || len(one.Say) > 0 {
			s = one
		}
	}
	if len(s.Say) == 0 {
		return t.call.Quiet()
	}
	return s
}

// hear gives the dialogue an input and takes its reply.
func (t *talk) hear(ctx context.Context, event gateway.Event, text gateway.Private) ivr.Step {
	r, err := t.d.Handler.Handle(ctx, t.inbound(event, text))
	if err != nil {
		t.d.Log.DebugContext(ctx, "turn of a call not taken", slog.String("link", t.g.Name), errorOf(err))
	}
	if r.Empty() {
		return t.call.Leave("closing")
	}
	return t.call.Hear(r)
}

func (t *talk) inbound(event gateway.Event, text gateway.Private) gateway.Inbound {
	return gateway.Inbound{
		Key: strconv.Itoa(t.steps), Link: t.g.Name, Medium: gateway.IVR, Event: event, Session: t.id,
		From: t.from, To: t.to, Text: text, At: t.d.Now(),
	}
}

// finish ends the call, if it is not over.
func (t *talk) finish(ctx context.Context, end conductor.End) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.close(ctx, end)
}

func (t *talk) close(ctx context.Context, end conductor.End) {
	if t.over {
		return
	}
	t.over = true
	t.d.left()
	t.steps++
	if t.last == nil {
		t.last = document(hangup{})
	}
	if _, err := t.d.Handler.Handle(context.WithoutCancel(ctx), t.inbound(gateway.Abort, "")); err != nil {
		t.d.Log.WarnContext(ctx, "end of a call not noted", slog.String("link", t.g.Name), errorOf(err))
	}
	t.d.Board.End(t.line, end, t.d.Now())
	t.d.Log.InfoContext(ctx, "call ended", slog.String("link", t.g.Name), slog.String("end", string(end)))
	t.d.over(t.out, Result{Answered: true})
}

// talk is the call of a webhook; one that is not known begins. full says that there
// is no room for it.
func (d *Driver) talk(g Gateway, id, out string, from, to gateway.Address) (t *talk, full bool) {
	key := g.Name + "/" + id
	now := d.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	if t, ok := d.talks[key]; ok {
		t.touched = now
		return t, false
	}
	if d.live >= d.MostCalls {
		return nil, true
	}
	t = &talk{d: d, g: g, id: id, out: out, from: from, to: to, touched: now, since: now, line: d.Board.Begin(g.Name, out != "", now)}
	d.Board.Answered(t.line, now)
	d.talks[key] = t
	d.live++
	return t, false
}

// left makes room for another call.
func (d *Driver) left() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.live--
}

// known is a call that has begun; nil is none.
func (d *Driver) known(g *Gateway, id string) *talk {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.talks[g.Name+"/"+id]
}
