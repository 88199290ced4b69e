package dialogue

import (
	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/i18n"
)

// stepLetters asks somebody who has never written which language and letters
// she reads, before anything else.
const stepLetters = "letters"

// slotDialled keeps what was dialled until the language is known.
const slotDialled = "*"

// reading is a language in some letters: in what a handset may be able to show.
type reading struct {
	id    string // BCP 47
	lang  i18n.Lang
	latin bool
	label string // key of the engine's text
}

// readings are all of them, in the order of the screen.
func readings() [5]reading {
	return [...]reading{
		{"bn", i18n.Bengali, false, "language-bn"},
		{"hi", i18n.Hindi, false, "language-hi"},
		{"en", i18n.English, false, "language-en"},
		{"bn-Latn", i18n.Bengali, true, "letters-bn"},
		{"hi-Latn", i18n.Hindi, true, "letters-hi"},
	}
}

// firstDial asks for language and letters, and keeps what was dialled; of a
// service that asks for a PIN only which it is, since the rest may be the PIN.
func (m *move) firstDial(msg *said) {
	if len(msg.tokens) == 0 && m.resumable() {
		m.askLetters() // and then the question that was cut off
		return
	}
	m.leave()
	m.s.Dialogue.Step = stepLetters
	if n := len(msg.tokens); n > 0 {
		keep := msg.text
		if to, rest, ok := m.target(msg); ok && guarded(to.Service) {
			keep = msg.raw(n - len(rest.tokens))
		}
		m.s.Dialogue.Slots = map[string]gateway.Private{slotDialled: gateway.Private(keep)}
	}
	m.askLetters()
}

// speech asks for language and letters in the course of a dialogue.
func (m *move) speech() {
	if !m.inService() {
		m.leave()
	}
	m.askLetters()
}

func (m *move) askLetters() {
	m.clearOffers()
	m.sayOwn("letters")
	for _, r := range readings() {
		if r.latin && m.medium == gateway.IVR { // letters are not heard
			continue
		}
		m.offer(doLetters, r.id, gateway.Part{Text: r.label})
	}
	m.out.Reply.Expect = string(catalogue.InputChoice)
}

// setLetters sets language and letters for good, and goes on.
func (m *move) setLetters(id string) {
	for _, r := range readings() {
		if r.id == id {
			m.s.Lang, m.s.LangChosen = r.lang, true
			if m.medium != gateway.IVR { // a call says nothing of what a handset shows
				m.s.Latin = r.latin
			}
		}
	}
	switch d := &m.s.Dialogue; {
	case d.Step == stepLetters:
		dialled := d.Slots[slotDialled].Reveal()
		m.leave()
		m.reach(parse(dialled))
	case m.inService() && !m.waiting():
		m.carryOn()
	default:
		m.menu(0)
	}
}
