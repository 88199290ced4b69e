package dialogue

import (
	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/i18n"
)

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
		list, size := st.Input.Options, m.optionsOnPage(st)
		if d.Page*size >= len(list) {
			d.Page = 0
		}
		first := d.Page * size
		for _, o := range list[first:min(len(list), first+size)] {
			m.offer(doOption, o.ID, m.part(s, st.ID+".options."+o.ID))
		}
		m.out.Reply.More = len(list) > size
	}
}

// optionsOnPage is how many options of a step are shown at once.
func (m *move) optionsOnPage(st *catalogue.Step) int {
	if all(m.medium) {
		return max(1, len(st.Input.Options))
	}
	return st.PageOn(m.medium)
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
	if all(m.medium) {
		return 0, len(items)
	}
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

// longestQuestion is the most that is ever said before the rows of a list and
// must stand on one screen with them. Where there are screens, a word before
// the question may take one more.
func (m *move) longestQuestion(s *catalogue.Service, st *catalogue.Step) []gateway.Part {
	if m.medium == gateway.USSD {
		return []gateway.Part{m.part(s, st.ID)}
	}
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
	m.refused(reason.Text)
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
