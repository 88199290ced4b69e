package ivrari_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"setu/gateway"
	"setu/ivr/conductor"
	"setu/ivr/ivrari"
	"setu/test/aritest"
)

const rina = "+919830000001"

// TestCall_Service: a call is answered, hears the prompts, presses keys and comes to
// its end; the keys stop what is said.
func TestCall_Service(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.linked()
	p := h.calls(rina)
	h.hears(p, 1)
	p.Press("10000000011")
	h.told(rina, "new 1000000001")
	before := len(p.Sound())
	h.until("the answer", func() bool { return len(p.Sound()) > before+4000 })
	p.HangUp()
	h.told(rina, "new 1000000001 abort")
	h.ends(conductor.Completed, 1)
}

// TestCall_Goodbye: who says goodbye is hung up, and with the cause of a normal end.
func TestCall_Goodbye(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.linked()
	p := h.calls("09830000001") // as a national exchange writes it
	h.finishes(p, rina)
	cause, err := p.Ended(h.ctx)
	check(t, err)
	h.ends(conductor.Completed, 1)
	if cause != 16 || h.desk.events(rina) != "new 1000000001 abort" {
		t.Errorf("ended with cause %d, told %q", cause, h.desk.events(rina))
	}
}

// doorman turns away calls to a number.
type doorman struct {
	number string
	err    error
	mu     sync.Mutex
	missed []string
}

func (d *doorman) Missed(_ context.Context, from, to gateway.Address) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if to.Reveal() != d.number {
		return false, nil
	}
	d.missed = append(d.missed, from.Reveal())
	return true, d.err
}

// TestCall_TurnedAway: calls that are not answered cost her nothing, and end with
// the cause that says why.
func TestCall_TurnedAway(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(c *ivrari.Config)
		from   aritest.Options
		to     string
		cause  int
		want   conductor.End
	}{
		{"missed call", func(c *ivrari.Config) { c.Doorman = &doorman{number: "2200"} }, aritest.Options{From: rina}, "2200", 21, ivrari.Missed},
		{"missed call of a hidden number", func(c *ivrari.Config) { c.Doorman = &doorman{number: "2200"} }, aritest.Options{From: rina, Hidden: true}, "2200", 21, ivrari.Missed},
		{"missed call that cannot be noted", func(c *ivrari.Config) { c.Doorman = &doorman{number: "2200", err: errors.New("disk full")} }, aritest.Options{From: rina}, "2200", 42, conductor.Fault},
		{"not our number", func(c *ivrari.Config) { c.Exchanges[0].Numbers = []string{"1800"} }, aritest.Options{From: rina}, "1801", 1, ivrari.WrongNumber},
		{"busy", func(c *ivrari.Config) {
			if m, ok := c.Media.(media); ok {
				m.busy = true
				c.Media = m
			}
		}, aritest.Options{From: rina}, "1800", 42, ivrari.Full},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := open(t, func(_ *house, c *ivrari.Config) { tt.change(c) })
			h.linked()
			tt.from.To = tt.to
			p := h.dials(tt.from)
			cause, err := p.Ended(h.ctx)
			check(t, err)
			h.ends(tt.want, 1)
			answered, cancel := context.WithCancel(h.ctx)
			cancel()
			if cause != tt.cause || p.Answered(answered) == nil || h.desk.events(rina) != "" {
				t.Errorf("ended with cause %d, want %d; told %q", cause, tt.cause, h.desk.events(rina))
			}
		})
	}
}

// TestCall_Full: an exchange has no more calls than its bound, and room again when
// one has ended.
func TestCall_Full(t *testing.T) {
	t.Parallel()
	h := open(t, func(_ *house, c *ivrari.Config) { c.Exchanges[0].MaxCalls = 1 })
	h.linked()
	first := h.calls(rina)
	h.told(rina, "new")
	second := h.dials(aritest.Options{From: "+919830000002", To: "1800"})
	if cause, err := second.Ended(h.ctx); err != nil || cause != 42 {
		t.Errorf("the second call ended with cause %d, %v", cause, err)
	}
	first.HangUp()
	h.ends(conductor.HungUp, 1)
	h.hangsUp("+919830000003")
	h.ends(conductor.HungUp, 2)
}

// TestCall_Anonymous: who hides her number is told that it is needed.
func TestCall_Anonymous(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]aritest.Options{
		"hidden": {From: rina, To: "1800", Hidden: true}, "none": {To: "1800"}, "no number": {From: "anonymous", To: "1800"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t, nil)
			h.linked()
			p := h.dials(o)
			check(t, p.Talking(h.ctx))
			h.hears(p, 3)
			_, err := p.Ended(h.ctx)
			check(t, err)
			h.ends(conductor.NoNumber, 1)
			if got := h.desk.events(rina); got != "" {
				t.Errorf("told %q of somebody who hides", got)
			}
		})
	}
}

// TestCall_EndsAnyTime: she may hang up at any moment, and nothing is left of it.
func TestCall_EndsAnyTime(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.linked()
	h.pbx.Slow(3 * time.Millisecond) // so that the moments are in the middle of being connected
	const calls = 40
	for i := range calls {
		p := h.dials(aritest.Options{From: fmt.Sprintf("+9198300010%02d", i), To: "1800"})
		time.Sleep(time.Duration(i) * time.Millisecond)
		p.HangUp()
	}
	h.until("all ends", func() bool {
		var n int64
		for _, count := range h.board.Ends() {
			n += count
		}
		return n == calls && len(h.pbx.Left()) == 0
	})
	for e := range h.board.Ends() {
		if e.End != ivrari.Cancelled && e.End != conductor.HungUp {
			t.Errorf("a call ended %s", e.End)
		}
	}
}

// TestCall_NotConnected: what an exchange cannot do ends one call, and leaves
// nothing behind.
func TestCall_NotConnected(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		request string
		status  int
		want    conductor.End
	}{
		{"POST /channels/externalMedia", 500, ivrari.NoMedia},
		{"POST /channels/externalMedia", 404, ivrari.NoMedia}, // Asterisk before 16.6
		{"POST /bridges", 500, ivrari.NoMedia},
		{"POST /bridges/*/addChannel", 409, ivrari.NoMedia},
		{"POST /bridges/*/addChannel", 422, ivrari.NoMedia},
		{"POST /channels/*/answer", 404, ivrari.NoMedia},
		{"POST /channels/*/answer", 409, ivrari.NoMedia},
		{"POST /channels/*/answer", 500, ivrari.NoMedia},
	} {
		t.Run(fmt.Sprintf("%s/%d", strings.ReplaceAll(tt.request, "/", "."), tt.status), func(t *testing.T) {
			t.Parallel()
			h := open(t, nil)
			h.linked()
			h.pbx.Fail(tt.request, tt.status)
			p := h.dials(aritest.Options{From: rina, To: "1800"})
			_, err := p.Ended(h.ctx)
			check(t, err)
			h.ends(tt.want, 1)
			h.pbx.Fail(tt.request, 0)
			h.hangsUp(rina)
			h.ends(conductor.HungUp, 1)
		})
	}
}

// TestCall_NotHungUp: what cannot be hung up, or taken away, is later.
func TestCall_NotHungUp(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.linked()
	p := h.calls(rina)
	h.pbx.Fail("DELETE /channels/*", 500)
	h.pbx.Fail("DELETE /bridges/*", 500)
	h.finishes(p, rina)
	if p.IsOver() {
		t.Fatal("she is hung up, and should not be")
	}
	h.pbx.Fail("DELETE /channels/*", 0)
	h.pbx.Fail("DELETE /bridges/*", 0)
	_, err := p.Ended(h.ctx)
	check(t, err)
	h.ends(conductor.Completed, 1)
	h.until("her channel, the media's and the bridge are counted", func() bool { return h.driver.Standings()[0].Orphans == 3 })
}

// TestCall_MediaLost: a call whose sound has ended is hung up; her session stays.
func TestCall_MediaLost(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.linked()
	p := h.calls(rina)
	h.told(rina, "new")
	p.LoseMedia()
	_, err := p.Ended(h.ctx)
	check(t, err)
	h.ends(ivrari.NoMedia, 1)
	h.told(rina, "new abort")
}

// TestCall_Panic: a panic ends one call, and nothing of what it says is logged.
func TestCall_Panic(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.linked()
	p := h.calls(rina)
	h.told(rina, "new")
	p.Press("10000000131")
	_, err := p.Ended(h.ctx)
	check(t, err)
	h.ends(conductor.Fault, 1)
	h.hangsUp("+919830000002")
	h.ends(conductor.HungUp, 1)
}

// falling is a doorman who falls over the first caller.
type falling struct{ once sync.Once }

func (f *falling) Missed(context.Context, gateway.Address, gateway.Address) (bool, error) {
	f.once.Do(func() { panic("a number that must not be logged") })
	return false, nil
}

// TestCall_PanicBefore: a call that ends in a panic of ours before it was answered is
// hung up as well.
func TestCall_PanicBefore(t *testing.T) {
	t.Parallel()
	h := open(t, func(_ *house, c *ivrari.Config) { c.Doorman = &falling{} })
	h.linked()
	p := h.dials(aritest.Options{From: rina, To: "1800"})
	_, err := p.Ended(h.ctx)
	check(t, err)
	h.hangsUp(rina)
	h.ends(conductor.HungUp, 1)
}

// TestRun_Stops: when the gateway stops callers are told so, and new calls are
// turned away.
func TestRun_Stops(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.linked()
	p := h.calls(rina)
	h.told(rina, "new")
	stopped := make(chan struct{})
	go func() { h.stop(); close(stopped) }()
	h.until("a call that is turned away, and hung up", func() bool {
		late, err := h.pbx.Call(aritest.Options{From: "+919830000009", To: "1800"})
		if err != nil {
			return true // the link has ended already
		}
		_, err = late.Ended(h.ctx)
		return err == nil && h.desk.events("+919830000009") == ""
	})
	_, err := p.Ended(h.ctx)
	check(t, err)
	<-stopped
	// Of those who called meanwhile some may have come before the stop.
	h.until("stopped", func() bool { return h.board.Ends()[conductor.Ending{Link: "pbx", End: conductor.Stopped}] > 0 })
	h.until("nothing is left at the exchange", func() bool { return len(h.pbx.Left()) == 0 })
}

// TestCall_Many: many calls at the same time, all to their end.
func TestCall_Many(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.linked()
	var all sync.WaitGroup
	const calls = 30
	for i := range calls {
		from := fmt.Sprintf("+9198300020%02d", i)
		all.Go(func() {
			p, err := h.pbx.Call(aritest.Options{From: from, To: "1800"})
			if err != nil || p.Talking(h.ctx) != nil {
				t.Errorf("call %d: not answered: %v", i, err)
				return
			}
			p.Press("10000000011")
			for h.desk.events(from) != "new 1000000001" && h.ctx.Err() == nil {
				time.Sleep(5 * time.Millisecond)
			}
			p.HangUp() // behind the answer, or while it is on its way
		})
	}
	all.Wait()
	h.until("the ends", func() bool {
		ends := h.board.Ends()
		return ends[conductor.Ending{Link: "pbx", End: conductor.Completed}]+ends[conductor.Ending{Link: "pbx", End: conductor.HungUp}] == calls
	})
	h.until("nothing is left at the exchange", func() bool { return len(h.pbx.Left()) == 0 })
}
