package dialogue

import (
	"strings"

	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/gateway/packed"
	"setu/ledgerclient"
)

// live takes one thing that a citizen did on a channel on which she waits for
// the next screen.
func (e *Engine) live(s gateway.Session, in gateway.Inbound) gateway.Outcome {
	key, was := in.RetryKey(), s.Live
	if key != "" && key == was.Key && in.Session == was.Session {
		if shown, ok := packed.Reply(was.Shown); ok {
			return gateway.Outcome{Session: s, Reply: shown, Again: true}
		}
	}
	m := e.begin(s, in.Medium, in.At)
	m.fresh = in.Event == gateway.New || in.Session != "" && in.Session != was.Session
	m.s.Live = gateway.Live{
		Session: in.Session, Key: key, Proved: was.Proved && !m.fresh && m.recent(), Device: in.Assurance == ledgerclient.Device,
	}
	if all(m.medium) && in.Event != gateway.New && in.Session != was.Session {
		out := gateway.Outcome{Session: s, Reply: e.Notice(format(&s), "no-dialogue", nil), Again: true}
		return out.In(in.Lang)
	}
	if in.Form != nil {
		m.form(in.Form)
		m.s.Updated = in.At
		return m.done().In(in.Lang)
	}
	text := m.newText(&in)
	if !m.fresh && !in.Undecodable && !in.Incomplete {
		if r, ok := e.turned(was.Shown, text, in); ok {
			m.s.Updated = in.At
			return gateway.Outcome{Session: m.s, Reply: r}
		}
	}
	m.typed(&in, text)
	m.s.Updated = in.At
	out := m.done()
	if in.Medium == gateway.IVR {
		e.bySMS(&out, &s, was.Shown)
	}
	return out.In(in.Lang)
}

// newText is what came since the last screen: a channel may send all that was
// typed since the service code, with a star between each two.
func (m *move) newText(in *gateway.Inbound) string {
	text := in.Text.Reveal()
	if in.Cumulative && !m.fresh {
		text = text[strings.LastIndexByte(text, '*')+1:]
	}
	return text
}

// typed takes a text: behind the service code, on a screen, or one that came
// unreadable.
func (m *move) typed(in *gateway.Inbound, text string) {
	switch {
	case in.Incomplete:
		m.note(gateway.MeterRefused, noteIncomplete)
		m.sayOwn("incomplete")
	case in.Undecodable:
		m.note(gateway.MeterRefused, noteUndecodable)
		m.sayOwn("undecodable")
		if m.atPIN() { // and what comes next is one, to be masked
			m.out.Reply.Expect = string(catalogue.InputPIN)
		}
	case m.fresh:
		m.dialled(text)
	case all(m.medium) && m.picked(text):
	default:
		m.hear(text)
	}
}

// recent says that the dialogue was cut off only a moment ago.
func (m *move) recent() bool { return m.now.Sub(m.s.Updated) <= m.e.o.RedialFor }

// turned is the screen before or after the one that is shown, of a reply that
// takes several, if that is what the text asks for.
func (e *Engine) turned(was gateway.Packed, text string, in gateway.Inbound) (gateway.Reply, bool) {
	if e.o.Screens == nil {
		return gateway.Reply{}, false
	}
	by := 0
	msg := parse(text)
	switch e.turning(&msg) {
	case catalogue.More:
		by = 1
	case catalogue.Back:
		by = -1
	default:
		return gateway.Reply{}, false
	}
	r, ok := packed.Reply(was)
	to := r.Page + by
	if !ok || to < 0 || by > 0 && to >= e.o.Screens(r, in.Medium, in.Link) {
		return gateway.Reply{}, false
	}
	r.Page = to
	return r, true
}

// turning is More or Back if that is all that the message says.
func (e *Engine) turning(msg *said) catalogue.Command {
	switch {
	case msg.is("9"):
		return catalogue.More
	case msg.is("0"):
		return catalogue.Back
	case msg.number():
		return ""
	}
	if word, used := e.word(msg); used == len(msg.tokens) {
		return word.Command
	}
	return ""
}

// maxDialled bounds what is dialled behind a service code, in octets; a USSD
// string has 182 characters at the most.
const maxDialled = 512

// dialled begins a live dialogue. What was dialled behind the service code goes
// straight to a service: its place in the whole main menu, or its keyword, and
// then its inputs.
func (m *move) dialled(text string) {
	if len(text) > maxDialled {
		text = ""
	}
	msg := parse(text)
	if m.s.Lang == "" && m.dials() {
		m.firstDial(&msg)
		return
	}
	m.reach(msg)
}

// dials says that the citizen came by her telephone's keypad, where a language that
// she does not understand keeps her out.
func (m *move) dials() bool { return m.medium == gateway.USSD || m.medium == gateway.IVR }

// reach goes where a dialled text leads.
func (m *move) reach(msg said) {
	if len(msg.tokens) == 0 {
		m.opened()
		return
	}
	m.fresh = true
	if s, rest, ok := m.target(&msg); ok {
		m.enter(s.Service, s.Step, rest)
		return
	}
	m.leave()
	first := msg.tokens[0].folded
	switch word, used := m.e.word(&msg); {
	case isDigits(first) && len(first) <= 2:
		m.reachPlace(first)
	case m.command(&msg, word, used):
	default:
		m.outside(&msg, word, used)
	}
}

// reachPlace takes a number that is no service's place.
func (m *move) reachPlace(number string) {
	switch i, all := place(number), m.entries(); {
	case number == "0" || number == "00":
		m.menu(0)
	case i >= 0 && i < len(all):
		m.choose(gateway.Offer{Do: all[i].do, Value: all[i].label.Service})
	default:
		m.wrongAtMenu()
	}
}

// target is the service that a dialled text begins with, and the rest of it.
func (m *move) target(msg *said) (to catalogue.Word, rest said, ok bool) {
	if len(msg.tokens) == 0 {
		return to, rest, false
	}
	if first := msg.tokens[0].folded; isDigits(first) {
		i, all := place(first), m.e.words.Services()
		if i < 0 || i >= len(all) {
			return to, rest, false
		}
		return catalogue.Word{Service: all[i], Step: all[i].Steps[0].ID}, msg.from(1), true
	}
	word, used := m.e.word(msg)
	return word, msg.from(used), word.Service != nil
}

// place is the place in a list, from 0, that a number of one or two digits
// means; less than 0 is none.
func place(number string) int {
	switch len(number) {
	case 1:
		return int(number[0]-'0') - 1
	case 2:
		return 10*int(number[0]-'0') + int(number[1]-'0') - 1
	}
	return -1
}

// opened begins a live dialogue without a wish: one that was cut off a moment
// ago can be gone on with.
func (m *move) opened() {
	if m.resumable() {
		m.askResume()
		return
	}
	m.menu(0)
}

// resumable says that a service's question was cut off a moment ago.
func (m *move) resumable() bool {
	return m.inService() && !m.waiting() && !m.outdated() && m.recent()
}
