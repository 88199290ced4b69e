package ussdhttp

import (
	"errors"
	"fmt"

	"github.com/valyala/fasthttp"

	"setu/gateway"
)

// The call by which a dialect is tried on itself.
const (
	triedNumber = "+919830000001"
	triedCode   = "51969"
	triedInput  = "1"
	triedText   = "1\n\"ভাতা\""
)

// agree sees to it that both sides of a dialect understand each other: what the
// gateway's side sends for an event is read as that event, and what is answered
// is read as it was meant. A dialect that contradicts itself is not loaded.
func (d *Dialect) agree(wrong *faults) {
	g := Gateway{Name: "tried", Path: "/ussd/tried", ShortCodes: []string{triedCode}}
	peer := &Peer{Dialect: d, URL: "http://setu" + g.Path}
	for _, event := range []gateway.Event{gateway.New, gateway.Input, gateway.Abort, gateway.Timeout} {
		if d.send[event] == nil {
			continue
		}
		call := peer.Dial(triedNumber, triedCode)
		call.inputs = append(call.inputs, triedInput...)
		input := triedInput
		if event == gateway.New && d.dialled == dialledRest {
			input = "" // with a deep dial it may look like any input
		}
		call.prepare(event, input)
		if err := d.understands(&g, call, event); err != nil {
			wrong.add("$.request.events", "the request for %s that this file describes is not read as one: %w", eventName(event), err)
		}
	}
	for _, end := range []bool{false, true} {
		if err := d.answers(end); err != nil {
			wrong.add("$.reply", "the answer that this file describes is not read as it is meant (the last screen: %v): %w", end, err)
		}
	}
}

func eventName(e gateway.Event) string {
	return [...]string{gateway.Input: "input", gateway.New: "new", gateway.Abort: "abort", gateway.Timeout: "timeout"}[e]
}

// understands reads a request of the gateway's side.
func (d *Dialect) understands(g *Gateway, call *Call, event gateway.Event) error {
	var ctx fasthttp.RequestCtx
	call.req.CopyTo(&ctx.Request)
	r := new(reading)
	if err := r.take(d, &ctx, g.rest(&ctx)); err != nil {
		return err
	}
	in, status, err := r.inbound(g)
	switch {
	case err != nil:
		return err
	case status:
		return errors.New("nothing happened")
	case in.Event != event:
		return fmt.Errorf("it is read as %s", eventName(in.Event))
	case in.From.Reveal() != triedNumber:
		return errNumber
	case in.To.Reveal() != triedCode:
		return errors.New("the service code is not read")
	case (event == gateway.Input || event == gateway.New && d.dialled.full()) && in.Text.Reveal() != triedInput:
		return errors.New("the text is not read")
	}
	return nil
}

// answers reads an answer of ours.
func (d *Dialect) answers(end bool) error {
	v := values{text: triedText, mark: &d.more, end: end, session: "1", number: triedNumber, code: triedCode, page: 1, octets: 1, fields: new(reading)}
	if end {
		v.mark = &d.end
	}
	var mark []byte
	for _, h := range d.screen.headers {
		if h.name == d.answer.header {
			mark = h.text.append(nil, &v)
		}
	}
	a, err := d.readAnswer(d.screen.text.append(nil, &v), mark)
	switch {
	case err != nil:
		return err
	case a.Text != triedText:
		return errors.New("the text is not found")
	case a.End != end:
		return errors.New("the end is not told")
	}
	return nil
}
