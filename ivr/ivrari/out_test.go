package ivrari_test

import (
	"testing"
	"time"

	"setu/gateway"
	"setu/ivr/conductor"
	"setu/ivr/ivrari"
	"setu/test/aritest"
)

// place has a citizen called, and gives her telephone and the outcome to come.
func (h *house) place() (*aritest.Phone, <-chan ivrari.Outcome) {
	h.Helper()
	out := make(chan ivrari.Outcome, 1)
	go func() { out <- h.driver.Call(h.ctx, "pbx", gateway.Address("+913322000000"), gateway.Address(rina)) }()
	select {
	case p := <-h.pbx.Rings:
		if p.Endpoint != "PJSIP/"+rina+"@trunk" {
			h.Errorf("dialled %q", p.Endpoint)
		}
		return p, out
	case o := <-out:
		h.Fatalf("came to %+v without ringing", o)
	case <-h.ctx.Done():
		h.Fatalf("nobody is called; log:\n%s", h.log.String())
	}
	return nil, nil
}

func (h *house) outcome(out <-chan ivrari.Outcome) ivrari.Outcome {
	h.Helper()
	select {
	case o := <-out:
		return o
	case <-h.ctx.Done():
		h.Fatalf("no outcome; log:\n%s", h.log.String())
	}
	return ivrari.Outcome{}
}

// TestOut_Answered: a citizen who is called talks with the dialogue.
func TestOut_Answered(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.linked()
	p, out := h.place()
	p.Ring()
	p.Answer()
	check(t, p.Talking(h.ctx))
	h.hears(p, 1)
	h.finishes(p, rina)
	if o := h.outcome(out); !o.Answered || o.End != conductor.Completed {
		t.Errorf("came to %+v", o)
	}
	h.ends(conductor.Completed, 1)
}

// TestOut_Unanswered: what a call that nobody answers has come to, as the network
// says.
func TestOut_Unanswered(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		does func(p *aritest.Phone)
		want ivrari.Outcome
	}{
		{"busy", func(p *aritest.Phone) { p.Refuse(17) }, ivrari.Outcome{Cause: 17, End: ivrari.TheyBusy}},
		{"declined", func(p *aritest.Phone) { p.Ring(); p.Refuse(21) }, ivrari.Outcome{Rang: true, Cause: 21, End: ivrari.Declined}},
		{"no such number", func(p *aritest.Phone) { p.Refuse(1) }, ivrari.Outcome{Cause: 1, End: ivrari.Declined}},
		{"out of reach", func(p *aritest.Phone) { p.Refuse(20) }, ivrari.Outcome{Cause: 20, End: ivrari.NoAnswer}},
		{"rings and is given up", func(p *aritest.Phone) { p.Ring(); p.Refuse(0) }, ivrari.Outcome{Rang: true, End: ivrari.NoAnswer}},
		{"rings without a word of it", func(p *aritest.Phone) { time.Sleep(1500 * time.Millisecond); p.Refuse(0) }, ivrari.Outcome{Rang: true, End: ivrari.NoAnswer}},
		{"busy before the order is answered", nil, ivrari.Outcome{Cause: 17, End: ivrari.TheyBusy}},
		{"no line", func(p *aritest.Phone) { p.Refuse(34) }, ivrari.Outcome{Cause: 34, End: ivrari.Failed}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := open(t, nil)
			h.linked()
			if tt.does == nil {
				h.pbx.Hold("POST /channels", 300*time.Millisecond)
				tt.does = func(p *aritest.Phone) { p.Refuse(17) }
			}
			p, out := h.place()
			tt.does(p)
			got := h.outcome(out)
			got.Reason = ""
			if got != tt.want {
				t.Errorf("came to %+v, want %+v", got, tt.want)
			}
			if got.NoSuchNumber() != (tt.name == "no such number") {
				t.Errorf("no such number: %t", got.NoSuchNumber())
			}
			h.ends(tt.want.End, 1)
		})
	}
}

// TestOut_LinkAway: who answers while the link is away is talked with when it is
// back, and who is not there any more counts as not reached.
func TestOut_LinkAway(t *testing.T) {
	t.Parallel()
	h := open(t, func(_ *house, c *ivrari.Config) { c.Ring = 20 * time.Second })
	h.linked()
	answers, out := h.place()
	h.until("the answer of the exchange", func() bool { return h.board.Live() == 1 })
	time.Sleep(50 * time.Millisecond) // it is on its way
	h.pbx.Cut()
	answers.Ring()
	answers.Answer()
	check(t, answers.Talking(h.ctx))
	h.told(rina, "new")
	answers.HangUp()
	if o := h.outcome(out); !o.Answered || o.End != conductor.HungUp {
		t.Errorf("came to %+v", o)
	}
	h.linked()
	gone, out := h.place()
	time.Sleep(50 * time.Millisecond)
	gone.Ring()
	time.Sleep(50 * time.Millisecond)
	h.pbx.Cut()
	gone.Refuse(19)
	if o := h.outcome(out); o.Answered || !o.Rang || o.End != ivrari.NoAnswer {
		t.Errorf("came to %+v, want that she did not answer", o)
	}
	h.ends(ivrari.NoAnswer, 1)
}

// TestOut_NotPlaced: a call that is not placed rings nowhere, unless nobody knows.
func TestOut_NotPlaced(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(h *house, c *ivrari.Config)
		before func(h *house)
		to     gateway.Address
		want   ivrari.Outcome
	}{
		{"another exchange", func(_ *house, c *ivrari.Config) { c.Exchanges[0].Name = "other" }, nil, rina, ivrari.Outcome{End: ivrari.Failed}},
		{"calls in only", func(_ *house, c *ivrari.Config) { c.Exchanges[0].Dial = "" }, nil, rina, ivrari.Outcome{End: ivrari.Failed}},
		{"no number", nil, nil, "ina@evil", ivrari.Outcome{End: ivrari.Declined, Cause: 28}},
		{"no room", func(_ *house, c *ivrari.Config) { c.Exchanges[0].MaxCalls = 1 }, func(h *house) { h.calls("+919830000005") }, rina, ivrari.Outcome{End: ivrari.Failed}},
		{"refused", nil, func(h *house) { h.pbx.Fail("POST /channels", 500) }, rina, ivrari.Outcome{End: ivrari.Failed}},
		{"link away", nil, func(h *house) {
			h.pbx.Fail("GET /applications/*", 500)
			h.pbx.Cut()
			h.until("the link is away", func() bool { return !h.driver.Standings()[0].Up })
		}, rina, ivrari.Outcome{End: ivrari.Failed}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := open(t, tt.change)
			h.linked()
			if tt.before != nil {
				tt.before(h)
			}
			got := h.driver.Call(h.ctx, "pbx", "+913322000000", tt.to)
			if got.Reason == "" {
				t.Error("without a reason")
			}
			got.Reason = ""
			if got != tt.want {
				t.Errorf("came to %+v, want %+v", got, tt.want)
			}
		})
	}
}

// TestOut_AnswerLost: a call whose order was given and whose answer was lost may
// have rung, and is taken back.
func TestOut_AnswerLost(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.linked()
	h.pbx.LoseAnswer("POST /channels")
	p, out := h.place()
	got := h.outcome(out)
	if got.Answered || !got.Rang || got.End != ivrari.Failed {
		t.Errorf("came to %+v, want that it may have rung", got)
	}
	_, err := p.Ended(h.ctx)
	check(t, err)
	h.ends(ivrari.Failed, 1)
}

// TestOut_Stops: when the gateway stops a telephone that rings does so no longer, and
// she counts as not reached.
func TestOut_Stops(t *testing.T) {
	t.Parallel()
	h := open(t, func(_ *house, c *ivrari.Config) { c.Ring = 5 * time.Minute })
	h.linked()
	p, out := h.place()
	p.Ring()
	h.stop()
	if got := h.outcome(out); got.Answered || got.End != ivrari.NoAnswer {
		t.Errorf("came to %+v", got)
	}
	_, err := p.Ended(h.ctx)
	check(t, err)
}

// TestOut_NotAnswered: a telephone that nobody answers is given up.
func TestOut_NotAnswered(t *testing.T) {
	t.Parallel()
	h := open(t, func(_ *house, c *ivrari.Config) { c.Ring = time.Second })
	h.linked()
	p, out := h.place()
	p.Ring()
	if got := h.outcome(out); got.Answered || got.End != ivrari.NoAnswer {
		t.Errorf("came to %+v", got)
	}
	_, err := p.Ended(h.ctx)
	check(t, err)
	h.ends(ivrari.NoAnswer, 1)
}
