package conversation

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"setu/gateway"
	"setu/gateway/packed"
)

// enter dials, or enters something in the session that is open.
func (p *player) enter(text string) error {
	in := gateway.Inbound{Event: gateway.Input, Text: gateway.Private(text)}
	if dialled, ok := strings.CutPrefix(text, "*"); ok && strings.HasSuffix(text, "#") {
		_, rest, _ := strings.Cut(strings.TrimSuffix(dialled, "#"), "*")
		p.dialed++
		p.calls[p.o.From] = strconv.Itoa(p.dialed)
		in.Event, in.Text = gateway.New, gateway.Private(rest)
	}
	if in.Session = p.calls[p.o.From]; in.Session == "" {
		return fmt.Errorf("%w: no session is open: dial first, such as *51969#", ErrLine)
	}
	return p.live(in)
}

// live takes an input of a USSD session through the dialogue and shows the screen.
func (p *player) live(in gateway.Inbound) error {
	r, err := p.exchange(in)
	if err != nil {
		return err
	}
	screen := p.layout.Screen(r)
	p.show(screen.Text)
	if screen.End {
		p.print("= end")
		delete(p.calls, p.o.From)
	}
	p.printTexts()
	return nil
}

// printTexts prints the messages that went out meanwhile.
func (p *player) printTexts() {
	for _, text := range p.texts {
		p.print("= sms")
		p.show(text)
	}
	p.texts = p.texts[:0]
}

// exchange takes an input of a live session through the dialogue, as a turn does.
func (p *player) exchange(in gateway.Inbound) (gateway.Reply, error) {
	in.Medium, in.From, in.To, in.At = p.o.Medium, p.o.From, "51969", p.now
	s := p.session()
	out := p.engine.Step(*s, in)
	p.texts = p.texts[:0]
	if err := p.consult(&out); err != nil {
		return gateway.Reply{}, err
	}
	if err := p.transact(&out); err != nil {
		return gateway.Reply{}, err
	}
	if out.Message != nil {
		p.text(*out.Message)
	}
	*s = out.Session
	packed.Show(s, out.Reply)
	s.Version++
	return out.Reply, nil
}

// hangUp ends the open session from the handset.
func (p *player) hangUp() error {
	in := gateway.Inbound{
		Medium: p.o.Medium, Event: gateway.Abort, From: p.o.From, Session: p.calls[p.o.From], At: p.now,
	}
	if in.Session == "" {
		return fmt.Errorf("%w: no session is open", ErrLine)
	}
	delete(p.calls, p.o.From)
	s := p.session()
	*s = p.engine.Step(*s, in).Session
	return nil
}

// text is a message to the citizen. What goes out while she has a screen before
// her comes after it.
func (p *player) text(r gateway.Reply) {
	switch text := p.words.Render(r, gateway.SMS); {
	case !p.o.Medium.Live():
		p.tell(r)
	case p.calls[p.o.From] != "" && !p.waking:
		p.texts = append(p.texts, text)
	default:
		p.print("= sms")
		p.show(text)
	}
}

// copyAnswer sends an answer by SMS too, if the screen is not the whole of it.
func (p *player) copyAnswer(out *gateway.Outcome) {
	r := out.Reply
	if !p.o.Medium.Live() || !r.End || r.Empty() || p.silent(&out.Session) {
		return
	}
	whole, screen := p.words.Render(r, gateway.SMS), p.words.Render(r, p.o.Medium)
	if p.layout.Count(r) > 1 || utf8.RuneCountInString(screen) < utf8.RuneCountInString(whole) {
		p.text(r)
	}
}

// silent says that nothing is sent to the citizen of a session who is on a live
// channel.
func (p *player) silent(s *gateway.Session) bool { return p.o.Medium.Live() && s.Stopped }

// digest stands for the keyed digest of a PIN.
func digest(from gateway.Address, pin gateway.Private) string {
	sum := sha256.Sum256([]byte(from.Reveal() + "/" + pin.Reveal()))
	return "1." + hex.EncodeToString(sum[:])
}
