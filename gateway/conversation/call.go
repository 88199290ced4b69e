package conversation

import (
	"fmt"
	"strconv"

	"setu/gateway"
	"setu/ivr"
)

// What a line with > may say on a call, beside keys.
const (
	dials  = "call"    // she calls
	silent = "silence" // she presses no key until the time for it is over
)

// press calls, or presses keys in the call that is under way.
func (p *player) press(text string) error {
	if text == dials {
		p.dialed++
		p.calls[p.o.From] = strconv.Itoa(p.dialed)
		p.spoken = ivr.NewCall(ivr.Layout{Words: p.words})
		return p.ask(gateway.Inbound{Event: gateway.New})
	}
	if p.spoken == nil || p.calls[p.o.From] == "" {
		return fmt.Errorf("%w: no call is under way: call first", ErrLine)
	}
	if text == silent {
		return p.step(p.spoken.Quiet())
	}
	for i := range len(text) {
		if err := p.step(p.spoken.Press(text[i])); err != nil {
			return err
		}
	}
	return nil
}

// ask takes an input of a call through the dialogue and says its reply.
func (p *player) ask(in gateway.Inbound) error {
	in.Session = p.calls[p.o.From]
	r, err := p.exchange(in)
	if err != nil {
		return err
	}
	if err := p.step(p.spoken.Hear(r)); err != nil {
		return err
	}
	p.printTexts()
	return nil
}

// step does what a driver would.
func (p *player) step(s ivr.Step) error {
	if text := ivr.Text(s.Say); text != "" {
		p.show(text)
	}
	if s.End {
		p.print("= end")
		delete(p.calls, p.o.From)
		p.spoken = nil
	}
	if !s.Send {
		return nil
	}
	return p.ask(gateway.Inbound{Event: gateway.Input, Text: s.Input})
}
