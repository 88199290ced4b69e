package dialogue

import (
	"maps"
	"slices"

	"setu/gateway"
	"setu/gateway/catalogue"
)

// service is the service under way, if the catalogue still has it.
func (m *move) service() *catalogue.Service {
	s, ok := m.e.words.Service(m.s.Dialogue.Service)
	if !ok {
		return nil
	}
	return s
}

// step is the service's step under way; nil if there is none.
func (m *move) step() *catalogue.Step {
	s := m.service()
	if s == nil {
		return nil
	}
	st, ok := s.Step(m.s.Dialogue.Step)
	if !ok {
		return nil
	}
	return st
}

// outdated says that the service has changed since the dialogue began.
func (m *move) outdated() bool {
	if !m.inService() {
		return false
	}
	return m.step() == nil || m.service().Version != m.s.Dialogue.Version
}

// renew begins a service that has changed again.
func (m *move) renew() {
	s := m.service()
	m.sayOwn("renewed")
	if s == nil {
		m.menu(0)
		return
	}
	m.enter(s, s.Steps[0].ID, said{})
}

// filled says that the step's input is given.
func (m *move) filled(st *catalogue.Step) bool {
	if st.Input == nil {
		return true
	}
	_, ok := m.s.Dialogue.Slots[st.Slot()]
	return ok
}

// waiting says that a question is with the ledger: whatever comes now is no
// answer to it.
func (m *move) waiting() bool {
	st := m.step()
	return st != nil && st.Call != nil && !st.Call.Submit && m.filled(st)
}

// enter begins a service; the tokens of msg fill its inputs in order.
func (m *move) enter(s *catalogue.Service, step string, msg said) {
	m.clearOffers()
	m.s.Dialogue = gateway.Dialogue{Service: s.ID, Version: s.Version, Step: step}
	if guarded(s) && !m.live() {
		m.leave()
		m.sayOwn("no-pin")
		return
	}
	if m.shut(s) {
		return
	}
	m.run(msg, true)
}

// answer takes a message within a service.
func (m *move) answer(msg *said, word catalogue.Word, used int) {
	st := m.step()
	if st == nil || m.waiting() {
		m.leave()
		m.outside(msg, word, used)
		return
	}
	if word.Service != nil && !m.belongs(st, msg, used) {
		if option, ok := m.optionTo(st, word); ok {
			m.fill(option, msg.from(used))
			return
		}
		m.enter(word.Service, word.Step, msg.from(used))
		return
	}
	switch {
	case m.filled(st): // the yes or no is wanted
		m.wrong(st, gateway.Part{Text: "again-confirm"})
	case len(msg.tokens) == 0 || msg.blank():
		m.wrong(st, gateway.Part{Text: "again-empty"})
	default:
		m.run(*msg, false)
	}
}

// belongs says that a message that begins with a service's keyword is still the
// answer to the question: a text may begin with any word, and an option may be
// called like a service.
func (m *move) belongs(st *catalogue.Step, msg *said, used int) bool {
	if st.Input == nil || m.filled(st) {
		return false
	}
	switch st.Input.Type {
	case catalogue.InputText:
		return len(msg.tokens) > used
	case catalogue.InputChoice:
		_, ok := st.Input.Word(msg.phrase(used))
		return ok
	}
	return false
}

// optionTo finds the option on the screen that leads where a shortcut of the
// same service does.
func (m *move) optionTo(st *catalogue.Step, word catalogue.Word) (option string, ok bool) {
	if word.Service.ID != m.s.Dialogue.Service || st.Input == nil || m.filled(st) || !st.Input.Branching() {
		return "", false
	}
	for _, o := range st.Input.Options {
		if o.Next == word.Step {
			return o.ID, true
		}
	}
	return "", false
}

// run goes from step to step as far as the tokens lead, and asks or acts there.
// entering says that the message began with the service's keyword.
func (m *move) run(msg said, entering bool) {
	if m.barred() { // what else was dialled is not kept meanwhile: it may be the PIN
		m.askPIN()
		return
	}
	m.walk(msg, entering)
}

// walk is run for a service that is open to her.
func (m *move) walk(msg said, entering bool) {
	for {
		st := m.step()
		switch {
		case st == nil:
			m.menu(0)
			return
		case st.Input != nil && st.Input.Type == catalogue.InputPIN:
			m.leave()
			m.sayOwn("no-pin")
			return
		case !m.filled(st) && len(msg.tokens) == 0:
			m.ask()
			return
		case !m.filled(st):
			if !m.fillFrom(&msg, st, entering) {
				return
			}
		case st.Call != nil && st.Call.Submit:
			m.ask()
			return
		case st.Call != nil:
			m.act()
			return
		default:
			m.goTo(m.next(st))
		}
	}
}

// fillFrom gives a step its input from the front of the message and takes that off;
// false says that it has asked for the input instead. Words behind a service's keyword
// that are none of its options are no mistake.
func (m *move) fillFrom(msg *said, st *catalogue.Step, entering bool) bool {
	value, n, reason := m.take(st, msg)
	switch {
	case reason == nil:
	case entering && st.Input.Branching():
		m.ask()
		return false
	default:
		m.wrong(st, *reason)
		return false
	}
	if n > 0 {
		m.cleansed(st, msg.raw(n), value)
	}
	m.setSlot(st, value)
	*msg = msg.from(n)
	return true
}

// next is the step after a filled input.
func (m *move) next(st *catalogue.Step) string {
	if st.Input.Branching() {
		if o, ok := st.Input.Option(string(m.s.Dialogue.Slots[st.Slot()])); ok {
			return o.Next
		}
	}
	return st.Next
}

func (m *move) setSlot(st *catalogue.Step, value string) {
	m.slots()[st.Slot()] = gateway.Private(value)
	m.clearOffers()
}

// slots are those of the dialogue, to be written to: the session that the move
// began with keeps its own.
func (m *move) slots() map[string]gateway.Private {
	d := &m.s.Dialogue
	if !m.own {
		d.Slots, m.own = maps.Clone(d.Slots), true
	}
	if d.Slots == nil {
		d.Slots = make(map[string]gateway.Private, 2)
	}
	return d.Slots
}

// fill gives the step under way its input and goes on.
func (m *move) fill(value string, rest said) {
	st := m.step()
	if st == nil || st.Input == nil {
		m.menu(0)
		return
	}
	m.setSlot(st, value)
	m.run(rest, false)
}

// goTo moves to a step: onwards, or back if it lies behind.
func (m *move) goTo(id string) {
	d := &m.s.Dialogue
	m.clearOffers()
	if i := slices.Index(d.Trail, id); i >= 0 {
		m.forget(d.Trail[i:])
		m.forget([]string{d.Step})
		d.Trail = slices.Clip(d.Trail[:i])
	} else if d.Step != id {
		d.Trail = append(d.Trail, d.Step)
	}
	m.forget([]string{id})
	d.Step, d.Tries, d.Page = id, 0, 0
}

// forget empties the slots of steps.
func (m *move) forget(steps []string) {
	s := m.service()
	if s == nil {
		return
	}
	for _, id := range steps {
		if st, ok := s.Step(id); ok && m.filled(st) {
			delete(m.slots(), st.Slot())
		}
	}
}

// back goes to the question before this one, or to the main menu.
func (m *move) back() {
	d := &m.s.Dialogue
	st := m.step()
	if st == nil {
		m.menu(0)
		return
	}
	m.clearOffers()
	d.Tries, d.Page = 0, 0
	if st.Input != nil && m.filled(st) { // at its confirmation
		m.forget([]string{st.ID})
		m.ask()
		return
	}
	s := m.service()
	for len(d.Trail) > 0 {
		id := d.Trail[len(d.Trail)-1]
		d.Trail = slices.Clip(d.Trail[:len(d.Trail)-1])
		if before, ok := s.Step(id); ok && before.Input != nil {
			d.Step = id
			m.forget([]string{id})
			m.ask()
			return
		}
	}
	m.menu(0)
}
