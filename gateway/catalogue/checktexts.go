package catalogue

import "strings"

// textCheck checks the texts of one service.
type textCheck struct {
	c     *Catalogue
	s     *Service
	known map[string]map[string]bool // slots that are filled when a step is asked
	used  map[string]bool            // keys of texts
	note  *Problems
}

// checkTexts checks that all texts are there and use slots that they can have.
// It gives the keys in use.
func (s *Service) checkTexts(c *Catalogue, known map[string]map[string]bool, note *Problems) map[string]bool {
	k := textCheck{c: c, s: s, known: known, used: make(map[string]bool), note: note}
	none := func(string) bool { return false }
	k.need("title", s.at, none)
	k.need("about", s.at, none)
	for _, st := range s.Steps {
		if st.Input != nil {
			k.input(st)
		}
		if st.Call != nil {
			k.call(st)
		}
	}
	return k.used
}

// need wants a text to be there, with slots of the given kind only.
func (k *textCheck) need(key string, at place, slots func(string) bool) {
	k.used[key] = true
	t := k.s.texts[key]
	if t == nil {
		k.note.add(at, "text %q is missing in all languages", key)
		return
	}
	k.c.checkSlots(t, slots, k.note)
}

func (k *textCheck) input(st *Step) {
	in := st.Input
	asked := k.s.inQuestion(k.known[st.ID])
	k.need(st.ID, in.at, asked)
	if again := st.ID + ".again"; k.s.texts[again] != nil {
		k.need(again, in.at, asked)
	}
	for _, o := range in.Options {
		k.need(st.ID+".options."+o.ID, o.at, asked)
	}
	if in.Type == InputItem {
		k.need(st.ID+".item", in.at, func(name string) bool {
			_, ok := k.s.Fields[name]
			return ok || asked(name)
		})
	}
}

func (k *textCheck) call(st *Step) {
	after := k.s.after(st, k.known[st.ID])
	for _, a := range st.Call.Args {
		if a.Slot != "" && !after[a.Slot] {
			k.note.add(st.Call.at, "argument %q: slot {%s} is not known yet at step %q", a.Name, a.Slot, st.ID)
		}
	}
	if st.Call.Confirm != "" {
		k.need(st.Call.Confirm, st.Call.at, k.s.inQuestion(after))
		k.s.checkChoiceSelects(st.Call.Confirm, k.note)
	}
	for _, code := range st.answers {
		if a := st.Answers[code]; a.Say != "" {
			k.need(a.Say, a.at, k.s.inAnswer(st, after))
		}
	}
}

// inQuestion says which slots a question may show.
func (s *Service) inQuestion(known map[string]bool) func(string) bool {
	return func(name string) bool {
		if known[name] {
			return !s.isPrivate(name)
		}
		_, field := s.Fields[name]
		return field && known[chosenItem]
	}
}

// inAnswer says which slots the answer of a step's call may show.
func (s *Service) inAnswer(st *Step, known map[string]bool) func(string) bool {
	return func(name string) bool {
		switch name {
		case "as_of", "block":
			return true
		case "receipt":
			return st.Call.Submit
		}
		if _, field := s.Fields[name]; field {
			return true
		}
		return known[name] && !s.isPrivate(name)
	}
}

// isPrivate says that a slot goes into a private argument: it is never shown
// again, and never kept with the question.
func (s *Service) isPrivate(slot string) bool {
	for _, st := range s.Steps {
		if st.Call == nil {
			continue
		}
		for _, a := range st.Call.Args {
			if a.Slot == slot && st.Call.IsPrivate(a.Name) {
				return true
			}
		}
	}
	return false
}

// checkChoiceSelects refuses a selection by a choice: such a slot shows the
// option's label, so that there is nothing to select.
func (s *Service) checkChoiceSelects(key string, note *Problems) {
	t := s.texts[key]
	if t == nil {
		return
	}
	for i := range t.forms {
		f := &t.forms[i]
		dense := strings.Join(strings.Fields(f.src), "")
		for slot, in := range s.slots {
			if in.Type == InputChoice && strings.Contains(dense, "{"+slot+",select") {
				note.add(f.at, "text %q: {%s} shows the label of the option by itself, without select", key, slot)
			}
		}
	}
}

// checkWordLists notes words for options that there are not.
func (s *Service) checkWordLists(files [languages]*textFile, note *Problems) {
	for _, f := range files {
		if f == nil {
			continue
		}
		for _, key := range sortedKeys(f.words) {
			step, option, _ := strings.Cut(key, ".")
			st := s.steps[step]
			if st == nil || st.Input == nil {
				note.add(f.words[key].at, "words for %q: there is no such choice", key)
				continue
			}
			if _, ok := st.Input.Option(option); !ok {
				note.add(f.words[key].at, "words for %q: step %q has no option %q", key, step, option)
			}
		}
	}
}
