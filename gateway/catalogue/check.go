package catalogue

import (
	"maps"
	"slices"

	"setu/i18n"
)

// chosenItem stands among the known slots once a row of a list is chosen: from
// then on texts may show the row's fields.
const chosenItem = "\x00item"

// UndoStep is the step that an Ask names when it takes a transaction back; no
// step of a service may be called so.
const UndoStep = "undo"

// edge is a way from one step to another.
type edge struct {
	from, to string
	at       place
	answer   bool // by an answer of the ledger
	retry    bool
	silent   bool // nothing is said on the way
}

// check notes what is wrong in one service as a whole.
func (c *Catalogue) check(s *Service, files [languages]*textFile, note *Problems) {
	s.slots = make(map[string]*Input)
	for _, st := range s.Steps {
		s.checkStep(st, note)
	}
	edges := s.edges()
	for _, e := range edges {
		if s.steps[e.to] == nil {
			note.add(e.at, "there is no step %q", e.to)
		}
	}
	for _, short := range s.shortcuts {
		if s.steps[short.step] == nil {
			note.add(short.at, "there is no step %q", short.step)
		}
	}
	s.checkWays(edges, note)
	known := s.knownSlots(edges)
	used := s.checkTexts(c, known, note)
	for _, key := range sortedKeys(s.texts) {
		if !used[key] {
			note.add(s.texts[key].forms[0].at, "text %q is used by no step", key)
		}
	}
	s.checkWordLists(files, note)
}

// checkStep checks what can be seen at a step alone, and notes its slot.
func (s *Service) checkStep(st *Step, note *Problems) {
	if st.ID == UndoStep || st.ID == "title" || st.ID == "about" || st.ID == "words" {
		note.add(st.at, "a step cannot be called %q", st.ID)
	}
	if st.Call != nil && st.Call.Submit && st.Call.Confirm == "" {
		note.add(st.Call.at, "step %q changes the ledger: confirm is needed", st.ID)
	}
	if st.Input == nil || st.Input.Type == InputPIN {
		return
	}
	slot := st.Slot()
	if old := s.slots[slot]; old != nil && old.Type != st.Input.Type {
		note.add(st.Input.at, "slot %q is filled by inputs of two types: %s and %s", slot, old.Type, st.Input.Type)
	}
	if slices.Contains([]string{"receipt", "as_of", "block"}, slot) {
		note.add(st.Input.at, "slot name %q is taken by the engine", slot)
	}
	s.slots[slot] = st.Input
}

// edges are all ways between steps.
func (s *Service) edges() []edge {
	var list []edge
	for _, st := range s.Steps {
		if st.Next != "" {
			list = append(list, edge{from: st.ID, to: st.Next, at: st.at})
		}
		if st.Input != nil && st.Input.Branching() {
			for _, o := range st.Input.Options {
				list = append(list, edge{from: st.ID, to: o.Next, at: o.at})
			}
		}
		for _, code := range st.answers {
			a := st.Answers[code]
			switch {
			case a.Next != "":
				list = append(list, edge{from: st.ID, to: a.Next, at: a.at, answer: true, silent: a.Say == ""})
			case a.Retry != "":
				list = append(list, edge{from: st.ID, to: a.Retry, at: a.at, answer: true, retry: true})
			}
		}
	}
	return list
}

// entries are the steps where a citizen may come in.
func (s *Service) entries() []string {
	var list []string
	if len(s.Steps) > 0 {
		list = append(list, s.Steps[0].ID)
	}
	for _, short := range s.shortcuts {
		list = append(list, short.step)
	}
	return list
}

// checkWays checks that each step can be reached and left, and that none acts
// where it must ask.
func (s *Service) checkWays(edges []edge, note *Problems) {
	reached := s.follow(edges, s.entries(), func(e edge) (string, string) { return e.from, e.to })
	leaving := s.follow(edges, s.ends(), func(e edge) (string, string) { return e.to, e.from })
	for _, st := range s.Steps {
		if !reached[st.ID] {
			note.add(st.at, "step %q cannot be reached", st.ID)
		}
		if !leaving[st.ID] {
			note.add(st.at, "step %q leads to no end: an answer without next and retry is needed", st.ID)
		}
	}
	for _, e := range edges {
		if to := s.steps[e.to]; to != nil {
			s.checkEdge(e, to, note)
		}
	}
	for _, id := range s.entries() {
		if st := s.steps[id]; st != nil && st.isList() {
			note.add(st.at, "step %q chooses from a list: a dialogue cannot begin there", id)
		}
	}
}

// ends are the steps where a dialogue may end.
func (s *Service) ends() []string {
	var list []string
	for _, st := range s.Steps {
		for _, a := range st.Answers {
			if a.Next == "" && a.Retry == "" {
				list = append(list, st.ID)
			}
		}
		if st.Input != nil && st.Input.Type == InputPIN {
			list = append(list, st.ID)
		}
	}
	return list
}

// isList says that the step chooses from the rows of an answer.
func (st *Step) isList() bool { return st.Input != nil && st.Input.Type == InputItem }

func (s *Service) checkEdge(e edge, to *Step, note *Problems) {
	if !e.answer {
		if to.isList() {
			note.add(e.at, "step %q chooses from a list: only an answer leads to it", e.to)
		}
		return
	}
	from := s.steps[e.from]
	switch {
	case from.Call != nil && from.Call.Submit:
		note.add(e.at, "a transaction's answer comes when its dialogue is over: neither next nor retry")
	case to.Input == nil && !e.silent:
		note.add(e.at, "step %q asks nothing: a text before it would never be read", e.to)
	case to.Input == nil && from.Input == nil:
		note.add(e.at, "steps %q and %q both ask nothing: one call may not follow another by itself", e.from, e.to)
	case to.isList() && !e.silent:
		note.add(e.at, "step %q shows a list, which needs the room: its own question says what it is, not a text before it", e.to)
	}
}

// follow gives all steps that can be come to from some.
func (s *Service) follow(edges []edge, from []string, ends func(edge) (string, string)) map[string]bool {
	seen := make(map[string]bool)
	for len(from) > 0 {
		id := from[len(from)-1]
		from = from[:len(from)-1]
		if seen[id] {
			continue
		}
		seen[id] = true
		for _, e := range edges {
			if a, b := ends(e); a == id && !seen[b] {
				from = append(from, b)
			}
		}
	}
	return seen
}

// knownSlots are the slots that are surely filled when a step is asked: those
// that are on every way to it.
func (s *Service) knownSlots(edges []edge) map[string]map[string]bool {
	known := make(map[string]map[string]bool) // absent: not come to yet
	for _, id := range s.entries() {
		known[id] = map[string]bool{}
	}
	for changed := true; changed; {
		changed = false
		for _, e := range edges {
			from, to := known[e.from], s.steps[e.to]
			if from == nil || to == nil {
				continue
			}
			after := s.after(s.steps[e.from], from)
			if e.retry {
				delete(after, to.Slot())
			}
			old, come := known[e.to]
			if !come {
				known[e.to] = after
				changed = true
				continue
			}
			n := len(old)
			maps.DeleteFunc(old, func(slot string, _ bool) bool { return !after[slot] })
			changed = changed || len(old) != n
		}
	}
	return known
}

// after adds the slot that a step fills.
func (s *Service) after(st *Step, before map[string]bool) map[string]bool {
	known := maps.Clone(before)
	if known == nil {
		known = make(map[string]bool)
	}
	if slot := st.Slot(); slot != "" && st.Input.Type != InputPIN {
		known[slot] = true
		if st.Input.Type == InputItem {
			known[chosenItem] = true
		}
	}
	return known
}

// slotField is how a slot is shown, with its widest value.
func slotField(in *Input) Field {
	switch in.Type {
	case InputDigits, InputPhone:
		return Field{Kind: i18n.Code, Max: in.MaxLength}
	case InputNumber:
		return Field{Kind: i18n.Number, Max: len(in.Max)}
	case InputMoney:
		return Field{Kind: i18n.Money, Max: len(in.Max)}
	case InputDate:
		return Field{Kind: i18n.Date}
	}
	return Field{Kind: i18n.Text, Max: in.MaxLength}
}

// Slot finds the input that fills a slot, and how its value is shown.
func (s *Service) Slot(name string) (in *Input, shown Field, ok bool) {
	if in = s.slots[name]; in == nil {
		return nil, Field{}, false
	}
	return in, slotField(in), true
}
