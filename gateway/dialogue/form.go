package dialogue

import (
	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/i18n"
	"setu/ledgerclient"
)

// form takes inputs that were given at once. What they leave open is asked; what
// one of them is wrong about is asked again.
func (m *move) form(f *gateway.Form) {
	if f.Service != "" {
		s, ok := m.e.words.Service(f.Service)
		if !ok {
			m.menu(0)
			return
		}
		m.clearOffers()
		m.s.Dialogue = gateway.Dialogue{Service: s.ID, Version: s.Version, Step: s.Steps[0].ID}
		if m.shut(s) {
			return
		}
	}
	switch {
	case m.outdated():
		m.renew()
	case m.step() == nil || f.Service == "" && m.waiting(): // a service may begin with a question to the ledger
		m.menu(0)
	case m.barred():
		m.askPIN()
	default:
		m.s.Dialogue.Tries = 0 // who corrects a form has not failed
		m.fillForm(f)
	}
}

// fillForm goes from step to step as far as the inputs lead, and asks or acts
// there. Each step is filled once and left once: what leads back asks.
func (m *move) fillForm(f *gateway.Form) {
	for range 2 * len(m.service().Steps) {
		st := m.step()
		switch {
		case st == nil:
			m.menu(0)
			return
		case !m.filled(st):
			value, given := f.Inputs[st.Slot()]
			if !given {
				m.ask()
				return
			}
			took, reason := m.takeInput(st, value.Reveal())
			if reason != nil {
				m.wrong(st, *reason)
				return
			}
			m.setSlot(st, took)
		case st.Call == nil:
			m.goTo(m.next(st))
		case st.Call.Submit && !f.Confirmed:
			m.ask()
			return
		default:
			m.act()
			return
		}
	}
	m.ask()
}

// takeInput reads the whole of a text as the step's input. What is chosen may be
// given by its identifier.
func (m *move) takeInput(st *catalogue.Step, raw string) (value string, reason *gateway.Part) {
	if m.identifies(st, raw) {
		return raw, nil
	}
	if len(raw) > maxOctets {
		return "", own("too-long")
	}
	msg := parse(raw)
	if len(msg.tokens) == 0 || msg.blank() {
		return "", own("again-empty")
	}
	if st.Input.Type == catalogue.InputChoice { // a guess of what comes behind it is for messages
		if option, ok := st.Input.Word(msg.phrase(len(msg.tokens))); ok {
			return option, nil
		}
		return "", own("again-choice")
	}
	value, n, reason := m.take(st, &msg)
	if reason == nil && n < len(msg.tokens) {
		_, _, reason = m.take(st, &said{text: msg.text, tokens: msg.tokens[n:]})
		if reason == nil {
			reason = own("again-empty")
		}
	}
	return value, reason
}

// identifies says that a text is the identifier of an option or of a row.
func (m *move) identifies(st *catalogue.Step, text string) bool {
	switch st.Input.Type {
	case catalogue.InputChoice:
		_, ok := st.Input.Option(text)
		return ok
	case catalogue.InputItem:
		for _, row := range m.s.Dialogue.Items {
			if row["id"] == text {
				return true
			}
		}
	}
	return false
}

// picked takes a text that is the identifier of what is on offer.
func (m *move) picked(text string) bool {
	st := m.step()
	if st == nil || st.Input == nil || m.filled(st) || m.stale || m.outdated() || m.barred() || !m.identifies(st, text) {
		return false
	}
	m.fill(text, said{})
	return true
}

// shut says that a service is not open to her, and tells her so.
func (m *move) shut(s *catalogue.Service) bool {
	need := s.Access
	switch {
	case s.Access == ledgerclient.Open, !m.s.Citizen.Guest() && (s.Access != ledgerclient.Device || m.s.Live.Device):
		return false
	case m.s.Citizen.Guest() && s.Access == "":
		need = ledgerclient.Number
	}
	m.leave()
	if m.medium != gateway.App {
		m.sayOwn("no-pin")
		return true
	}
	m.sayOwn("log-in")
	m.out.Reply.Result = &gateway.Result{Needs: need}
	return true
}

// all says that a medium shows every option at once, with its identifier.
func all(m gateway.Medium) bool { return m == gateway.App }

// resultOf is what a reply tells of an answer, where a program reads it.
func resultOf(ask gateway.Ask, a ledgerclient.Answer, r ledgerclient.Receipt) *gateway.Result {
	if ask.Medium != gateway.App {
		return nil
	}
	return &gateway.Result{Code: a.Code, Receipt: r, Block: a.AsOf.Block, At: a.AsOf.Time.UTC()}
}

// langOf is the language that a program asked for with a question.
func langOf(ask gateway.Ask) i18n.Lang {
	if ask.Medium != gateway.App {
		return ""
	}
	return ask.Format.Lang
}
