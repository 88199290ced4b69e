package dialogue

import (
	"slices"

	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/i18n"
	"setu/ledgerclient"
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
	if s.Access == ledgerclient.PIN || s.Access == ledgerclient.Device {
		m.leave()
		m.sayOwn("no-pin")
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
			value, n, reason := m.take(st, &msg)
			if reason != nil {
				if entering && st.Input.Branching() {
					m.ask()
				} else {
					m.wrong(st, *reason)
				}
				return
			}
			m.setSlot(st, value)
			msg = msg.from(n)
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
	d := &m.s.Dialogue
	if d.Slots == nil {
		d.Slots = make(map[string]gateway.Private, 2)
	}
	d.Slots[st.Slot()] = gateway.Private(value)
	m.clearOffers()
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
		d.Trail = d.Trail[:i]
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
		if st, ok := s.Step(id); ok {
			delete(m.s.Dialogue.Slots, st.Slot())
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
		d.Trail = d.Trail[:len(d.Trail)-1]
		if before, ok := s.Step(id); ok && before.Input != nil {
			d.Step = id
			m.forget([]string{id})
			m.ask()
			return
		}
	}
	m.menu(0)
}

// carryOn asks again what is asked.
func (m *move) carryOn() {
	m.clearOffers()
	m.run(said{}, false)
}

// ask asks for the step's input, or for the yes to its transaction.
func (m *move) ask() {
	st, s := m.step(), m.service()
	if m.filled(st) {
		m.clearOffers()
		m.say(m.part(s, st.Call.Confirm))
		m.offer(doYes, "", gateway.Part{Text: "yes"})
		m.offer(doNo, "", gateway.Part{Text: "no"})
		m.out.Reply.Expect = string(catalogue.InputChoice)
		return
	}
	m.say(m.part(s, st.ID))
	m.options(s, st)
}

// options puts the step's page of options on the screen.
func (m *move) options(s *catalogue.Service, st *catalogue.Step) {
	m.clearOffers()
	d := &m.s.Dialogue
	m.out.Reply.Expect = string(st.Input.Type)
	switch st.Input.Type {
	case catalogue.InputItem:
		m.rows(s, st)
	case catalogue.InputChoice:
		all, size := st.Input.Options, st.PageOn(m.medium)
		if d.Page*size >= len(all) {
			d.Page = 0
		}
		first := d.Page * size
		for _, o := range all[first:min(len(all), first+size)] {
			m.offer(doOption, o.ID, m.part(s, st.ID+".options."+o.ID))
		}
		m.out.Reply.More = len(all) > size
	}
}

// rows puts a page of the last list on the screen. How many rows a page has
// depends on how long they are, so the pages before it are measured too.
func (m *move) rows(s *catalogue.Service, st *catalogue.Step) {
	d := &m.s.Dialogue
	first, size := m.page(s, st, d.Page)
	if size == 0 {
		d.Page = 0
		first, size = m.page(s, st, 0)
	}
	for _, row := range d.Items[first : first+size] {
		m.offer(doItem, row["id"], m.item(s, st, row))
	}
	m.out.Reply.More = len(d.Items) > size
}

// page is where the n-th page of a list begins and how many rows it has: as
// many as fit behind the longest question, so that it is the same page however
// often it is asked. size is 0 behind the last page.
func (m *move) page(s *catalogue.Service, st *catalogue.Step, n int) (first, size int) {
	items := m.s.Dialogue.Items
	before := m.longestQuestion(s, st)
	for p := 0; ; p++ {
		rest := items[first:]
		if len(rest) == 0 {
			return first, 0
		}
		r := gateway.Reply{Parts: before}
		for _, row := range rest[:min(len(rest), catalogue.MaxOptions)] {
			r.Options = append(r.Options, gateway.Option{Digit: digit(len(r.Options) + 1), Label: m.item(s, st, row)})
		}
		size = m.e.words.Fill(s, r, m.medium)
		if p == n {
			return first, size
		}
		first += size
	}
}

// longestQuestion is the most that is ever said before the rows of a list.
func (m *move) longestQuestion(s *catalogue.Service, st *catalogue.Step) []gateway.Part {
	size := 0
	for _, row := range m.s.Dialogue.Items {
		size += itemSize(row)
	}
	again := st.ID + ".again"
	if _, better := s.Text(again); better {
		return []gateway.Part{{Text: "again-choice"}, m.part(s, again), {Text: "hint"}}
	}
	if size > maxItems/2 { // rows may have been left out, and that was said
		return []gateway.Part{listCut(len(m.s.Dialogue.Items)), m.part(s, st.ID)}
	}
	return []gateway.Part{{Text: "again-choice"}, m.part(s, st.ID)}
}

// wrong answers an input that the step cannot take: better each time, and the
// last time by leaving.
func (m *move) wrong(st *catalogue.Step, reason gateway.Part) {
	d, s := &m.s.Dialogue, m.service()
	if d.Tries++; d.Tries >= m.e.o.MaxTries {
		m.giveUp()
		return
	}
	if m.filled(st) {
		m.say(reason)
		m.ask()
		return
	}
	_, better := s.Text(st.ID + ".again")
	listed := st.Input.Type == catalogue.InputChoice || st.Input.Type == catalogue.InputItem
	if d.Tries > 1 || !better {
		m.say(reason)
	}
	switch {
	case better:
		m.say(m.part(s, st.ID+".again"))
	case d.Tries == 1 || !listed: // with the list before her, two sentences are enough
		m.say(m.part(s, st.ID))
	}
	if d.Tries > 1 {
		m.sayOwn("hint")
	}
	m.options(s, st)
}

// part is a text of the service with the values of its slots.
func (m *move) part(s *catalogue.Service, key string) gateway.Part {
	p := gateway.Part{Service: s.ID, Text: key}
	if t, ok := s.Text(key); ok && len(t.Names()) > 0 {
		p.Values = m.values(s, t)
	}
	return p
}

// values are the slots that a text uses, and the fields of the chosen row.
func (m *move) values(s *catalogue.Service, t *catalogue.Text) map[string]i18n.Value {
	d := &m.s.Dialogue
	vals := make(map[string]i18n.Value, len(t.Names()))
	for _, name := range t.Names() {
		if !slotValue(vals, s, name, d.Slots) {
			fieldValue(vals, s, name, m.row())
		}
	}
	return vals
}

// row is the row of the last list that the citizen has chosen.
func (m *move) row() map[string]string {
	d, s := &m.s.Dialogue, m.service()
	for _, st := range s.Steps {
		if st.Input == nil || st.Input.Type != catalogue.InputItem {
			continue
		}
		id, ok := d.Slots[st.Slot()]
		for _, item := range d.Items {
			if ok && item["id"] == string(id) {
				return item
			}
		}
	}
	return nil
}

// item is the label of one row of a list.
func (m *move) item(s *catalogue.Service, st *catalogue.Step, row map[string]string) gateway.Part {
	key := st.ID + ".item"
	p := gateway.Part{Service: s.ID, Text: key, Values: make(map[string]i18n.Value)}
	if t, ok := s.Text(key); ok {
		for _, name := range t.Names() {
			if !fieldValue(p.Values, s, name, row) {
				slotValue(p.Values, s, name, m.s.Dialogue.Slots)
			}
		}
	}
	return p
}
