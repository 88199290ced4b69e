package conductor

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"setu/gateway"
	"setu/ivr"
)

// talk is one call under way. But for asking it belongs to one goroutine.
type talk struct {
	conductor *Conductor
	call      Call
	leg       Leg
	spoken    *ivr.Call

	replies chan answer
	asking  sync.WaitGroup
	inputs  int // so far, for their keys
	open    bool

	played   chan struct{} // says that heard has changed
	heard    atomic.Int64  // number of the latest play that came to its end
	playing  int64         // number of the play under way; 0 is none
	lastPlay int64

	timer *time.Timer // what it is for, depends on the state
	last  ivr.Step    // that is being played or waited for
	state state
	end   End // what the end of the last words makes
}

// What a call does.
type state uint8

const (
	listening state = iota // to her keys, or she to us
	thinking               // a turn is under way, and nothing is heard
	waiting                // a turn is under way, and she has been told to wait
)

// answer is what a turn has come to.
type answer struct {
	reply gateway.Reply
	err   error
}

// run goes on until the call is over.
func (t *talk) run(ctx context.Context) End {
	begun := time.NewTimer(t.conductor.MaxLength)
	defer begun.Stop()
	defer t.close(ctx)
	t.ask(ctx, gateway.New, "")
	stop, late := t.call.Stop, false
	for t.end == "" || t.playing != 0 {
		replies := t.replies
		if t.playing != 0 && t.state == waiting {
			replies = nil // the word that she is to wait is said to its end
		}
		select {
		case <-ctx.Done():
			return t.cut(ctx)
		case <-stop:
			stop = nil
			t.leave(ctx, "closing", Stopped)
		case <-begun.C:
			if late { // on hold even the last words do not come to their end
				return t.end
			}
			late = true
			t.leave(ctx, "time-up", TooLong)
			begun.Reset(lastWords)
		case <-t.played:
			t.ended()
		case <-t.timer.C:
			t.timeout(ctx)
		case key, ok := <-t.keys():
			if !ok {
				return Lost
			}
			t.key(ctx, key)
		case a := <-replies:
			t.hear(ctx, a)
		}
	}
	return t.end
}

// cut ends a call whose context has ended: its session stays where it is.
func (t *talk) cut(ctx context.Context) End {
	switch {
	case t.end != "":
		return t.end
	case errors.Is(context.Cause(ctx), ErrLost):
		return Lost
	case t.open || t.state != listening:
		return HungUp
	}
	return Completed
}

// close tells the dialogue that the call is over.
func (t *talk) close(ctx context.Context) {
	t.inputs++
	if _, err := t.conductor.Handler.Handle(context.WithoutCancel(ctx), t.inbound(gateway.Abort, "")); err != nil {
		t.conductor.Log.WarnContext(ctx, "end of a call not noted", slog.String("link", t.call.Link), slog.String("error", err.Error()))
	}
}

// leave ends the call from our side, with a word.
func (t *talk) leave(ctx context.Context, why string, end End) {
	if t.end != "" {
		return
	}
	t.state, t.end = listening, end
	t.do(ctx, t.spoken.Leave(why))
}

// ended takes note that a play has come to its end.
func (t *talk) ended() {
	if t.heard.Load() != t.playing {
		return // of something that was replaced meanwhile
	}
	t.playing = 0
	if t.state == listening && t.last.Wait > 0 {
		t.timer.Reset(t.last.Wait)
	}
}

// timeout is the end of the time for a key, or of her patience with silence.
func (t *talk) timeout(ctx context.Context) {
	switch t.state {
	case listening:
		t.do(ctx, t.spoken.Quiet())
	case thinking:
		t.state = waiting
		t.play(ctx, t.spoken.Wait())
	case waiting:
	}
}

// keys are the keys while they are taken. What is typed ahead is kept while a turn
// takes its usual moment, and dropped where she has been told to wait.
func (t *talk) keys() <-chan byte {
	if t.state == thinking {
		return nil
	}
	return t.leg.Keys()
}

// key takes a key, unless what is being said must be heard to its end.
func (t *talk) key(ctx context.Context, key byte) {
	if t.state == waiting || t.end != "" || t.playing != 0 && !t.last.Barge {
		return
	}
	t.do(ctx, t.spoken.Press(key))
}

// hear takes the dialogue's reply. Of an error the reply itself speaks; there is
// none only after a panic.
func (t *talk) hear(ctx context.Context, a answer) {
	if a.err != nil {
		t.conductor.Log.DebugContext(ctx, "turn of a call not taken", slog.String("link", t.call.Link), slog.String("error", a.err.Error()))
	}
	switch {
	case t.end != "":
		return
	case a.reply.Empty():
		t.end = Fault
		return
	}
	t.state, t.open = listening, !a.reply.End
	t.do(ctx, t.spoken.Hear(a.reply))
}

// do does what the call says is next.
func (t *talk) do(ctx context.Context, s ivr.Step) {
	if len(s.Say) == 0 && !s.Stop && !s.Send && !s.End {
		return // as if nothing had happened
	}
	t.timer.Stop()
	t.last = s
	switch {
	case len(s.Say) > 0:
		t.play(ctx, s.Say)
	case s.Stop:
		t.playing = 0
		t.leg.Stop()
	}
	switch {
	case s.Send:
		t.ask(ctx, gateway.Input, s.Input)
	case s.End && t.end == "":
		t.end = Completed
		if s.GaveUp {
			t.end = GaveUp
		}
	case t.playing == 0 && s.Wait > 0:
		t.timer.Reset(s.Wait)
	}
}

// play says prompts in the place of what is being said.
func (t *talk) play(ctx context.Context, prompts []ivr.Prompt) {
	clips, err := t.conductor.clips(ctx, prompts)
	if err != nil {
		t.conductor.unspoken(ctx, t.call, err)
		t.playing, t.end = 0, Unspoken
		return
	}
	if t.call.Said != nil {
		t.call.Said(ivr.Text(prompts))
	}
	t.lastPlay++
	n := t.lastPlay
	t.playing = n
	t.leg.Play(clips, func() { t.tell(n) })
}

// tell says that a play has come to its end, which only the latest one matters of.
func (t *talk) tell(n int64) {
	for {
		was := t.heard.Load()
		if was >= n {
			return
		}
		if t.heard.CompareAndSwap(was, n) {
			signal(t.played)
			return
		}
	}
}

// ask gives the dialogue an input.
func (t *talk) ask(ctx context.Context, event gateway.Event, text gateway.Private) {
	t.inputs++
	in := t.inbound(event, text)
	t.state = thinking
	t.timer.Reset(t.conductor.PleaseWait)
	t.asking.Go(func() {
		defer func() {
			if p := recover(); p != nil {
				t.conductor.panicked(ctx, t.call, p)
				t.replies <- answer{}
			}
		}()
		r, err := t.conductor.Handler.Handle(ctx, in)
		t.replies <- answer{r, err}
	})
}

func (t *talk) inbound(event gateway.Event, text gateway.Private) gateway.Inbound {
	return gateway.Inbound{
		Key: strconv.Itoa(t.inputs), Link: t.call.Link, Medium: gateway.IVR, Event: event, Session: t.call.ID,
		From: t.call.From, To: t.call.To, Text: text, At: t.conductor.Now(),
	}
}
