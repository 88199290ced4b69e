package catalogue

import (
	"slices"
	"unicode/utf8"

	"setu/gateway"
	"setu/i18n"
)

// engineField is the widest value of a slot of the engine's own texts.
func engineField(name string) (Field, bool) {
	f, ok := engineSlots[name]
	return f, ok
}

func (c *Catalogue) own(key string) line { return line{text: c.texts[key], field: engineField} }

// engineDrafts are the screens of the engine on a medium: each text alone, and
// those that stand before the main menu together with it.
func (c *Catalogue) engineDrafts(m gateway.Medium) []draft {
	menu := make([]line, 0, len(c.services)+2)
	for _, s := range c.services {
		menu = append(menu, line{text: s.texts["title"], field: engineField})
	}
	if m == gateway.USSD || m == gateway.IVR {
		menu = append(menu, c.own("menu-language"), c.own("menu-receipt"))
	}
	var list []draft
	if m == gateway.IVR {
		list = c.callDrafts()
	}
	for _, key := range sortedKeys(c.texts) {
		d := draft{key: key, lines: []line{c.own(key)}, at: c.texts[key].place}
		if key == "menu" {
			d.options = menu
		} else {
			for _, option := range engineOptions[key] {
				d.options = append(d.options, c.own(option))
			}
		}
		d.question = len(d.options) > 0
		list = append(list, d)
	}
	for _, before := range []string{"unknown", "give-up", "started", "none"} {
		list = append(list, draft{
			key: before + " > menu", lines: []line{c.own(before), c.own("menu")}, options: menu, at: c.texts[before].place,
		})
	}
	return list
}

// engineOptions are the options of the engine's own questions.
var engineOptions = map[string][]string{
	"meant":           {"yes", "no"},
	"resume":          {"resume-yes", "resume-no"},
	"language":        {"language-bn", "language-hi", "language-en"},
	"repeat-recorded": {"repeat-keep", "repeat-anew"},
	"repeat-waiting":  {"repeat-keep", "repeat-anew"},
	"repeat-held":     {"repeat-keep", "repeat-anew"},
	"letters":         {"language-bn", "language-hi", "language-en", "letters-bn", "letters-hi"},
}

// place is where the text stands in a language's file.
func (t *Text) place(l i18n.Lang) place { return t.form(l).at }

// reasons are the engine's words for what was wrong with an input of a type.
func (in *Input) reasons() []string {
	switch in.Type {
	case InputDigits:
		return []string{"again-digits", "again-digits-range", "again-check"}
	case InputNumber:
		return []string{"again-number", "again-decimals"}
	case InputMoney:
		return []string{"again-money", "again-decimals"}
	case InputDate:
		return []string{"again-date", "again-day", "again-past", "again-future"}
	case InputText:
		return []string{"again-text", "again-long"}
	case InputPhone:
		return []string{"again-phone"}
	case InputHash:
		return []string{"again-hash"}
	case InputHost:
		return []string{"again-host"}
	case InputCode:
		return []string{"again-code"}
	case InputPIN:
		return nil
	}
	return []string{"again-choice"}
}

// drafts are all screens of a service.
func (c *Catalogue) drafts(s *Service) []draft {
	p := drafter{c: c, s: s}
	p.single("title")
	p.single("about")
	for _, st := range s.Steps {
		if st.Input != nil && st.Input.Type != InputPIN {
			p.input(st)
		}
		if st.Call != nil {
			p.call(st)
		}
	}
	return p.list
}

// drafter collects the screens of one service.
type drafter struct {
	c    *Catalogue
	s    *Service
	list []draft
}

// line is one of the service's texts; slots and fields have their widest values.
func (p *drafter) line(key string, answer bool) line {
	return line{text: p.s.texts[key], field: func(name string) (Field, bool) { return p.s.field(name, answer) }}
}

// field is the widest value of a slot, in an answer or in a question.
func (s *Service) field(name string, answer bool) (Field, bool) {
	switch name {
	case "as_of":
		return Field{Kind: i18n.Time}, true
	case "block", "receipt":
		return engineSlots[name], true
	}
	f, isField := s.Fields[name]
	in := s.slots[name]
	switch {
	case isField && (answer || in == nil):
		return f, true
	case in == nil:
		return Field{}, false
	case in.Type == InputChoice:
		return Field{Kind: i18n.Text, Max: s.longestLabel(in)}, true
	}
	return slotField(in), true
}

// longestLabel is the length of the longest label of a choice, in characters.
func (s *Service) longestLabel(in *Input) int {
	longest := 1
	for _, st := range s.Steps {
		if st.Input != in {
			continue
		}
		for _, o := range in.Options {
			if t := s.texts[st.ID+".options."+o.ID]; t != nil {
				for i := range t.forms {
					longest = max(longest, utf8.RuneCountInString(t.forms[i].src))
				}
			}
		}
	}
	return longest
}

// add takes a screen, once: two steps may say the same text.
func (p *drafter) add(key string, d draft) {
	if slices.ContainsFunc(p.list, func(d draft) bool { return d.key == key }) {
		return
	}
	d.key = key
	d.limits = p.s.limits
	d.at = func(l i18n.Lang) place {
		if d.lines[0].text == nil {
			return p.s.at
		}
		return d.lines[0].text.place(l)
	}
	p.list = append(p.list, d)
}

func (p *drafter) single(key string) {
	p.add(key, draft{lines: []line{p.line(key, false)}})
}

// input adds the question of a step, its better forms, and the help that stands
// before it.
func (p *drafter) input(st *Step) {
	options := p.options(st)
	question := p.line(st.ID, false)
	again, better := question, p.s.texts[st.ID+".again"] != nil
	if better {
		again = p.line(st.ID+".again", false)
	}
	with := func(key string, lines ...line) {
		p.add(key, draft{lines: lines, options: options, paged: options != nil})
	}
	p.add(st.ID, draft{lines: []line{question}, options: options, paged: options != nil, question: true})
	if st.Input.Type != InputItem {
		with("about > "+st.ID, p.line("about", false), question)
	}
	if better {
		with(st.ID+".again", again)
	}
	for _, reason := range append(st.Input.reasons(), "again-empty") {
		if !better {
			with(st.ID+".again "+reason, p.c.own(reason), question)
		}
		if st.Input.listed() && !better {
			with(st.ID+".again2 "+reason, p.c.own(reason), p.c.own("hint"))
		} else {
			with(st.ID+".again2 "+reason, p.c.own(reason), again, p.c.own("hint"))
		}
	}
}

func (p *drafter) options(st *Step) []line {
	switch st.Input.Type {
	case InputChoice:
		lines := make([]line, 0, len(st.Input.Options))
		for _, o := range st.Input.Options {
			lines = append(lines, p.line(st.ID+".options."+o.ID, false))
		}
		return lines
	case InputItem:
		return slices.Repeat([]line{p.line(st.ID+".item", true)}, MaxOptions+1)
	}
	return nil
}

// call adds the confirmation of a step's call and its answers, with what is
// asked after each.
func (p *drafter) call(st *Step) {
	if st.Call.Confirm != "" {
		yesNo := []line{p.c.own("yes"), p.c.own("no")}
		confirm := p.line(st.Call.Confirm, false)
		p.add(st.Call.Confirm, draft{lines: []line{confirm}, options: yesNo, question: true})
		p.add(st.Call.Confirm+".again", draft{lines: []line{p.c.own("again-confirm"), confirm}, options: yesNo})
	}
	for _, code := range st.answers {
		a := st.Answers[code]
		if a.Say == "" {
			continue
		}
		lines := []line{p.line(a.Say, true)}
		if st.Call.Submit && !slices.Contains(p.s.texts[a.Say].names, "receipt") {
			lines = append(lines, p.c.own("receipt-line"))
		}
		if a.Undoable {
			lines = append(lines, p.c.own("undo-line"))
		}
		next := a.Next + a.Retry
		to, asks := p.s.steps[next]
		if !asks || to.Input == nil || st.Call.Submit {
			p.add(a.Say, draft{lines: lines, ends: true})
			continue
		}
		options := p.options(to)
		p.add(a.Say+" > "+next, draft{lines: append(lines, p.line(next, false)), options: options, paged: options != nil})
	}
}
