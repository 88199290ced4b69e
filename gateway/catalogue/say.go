package catalogue

import (
	"cmp"
	"io/fs"
	"slices"
	"strings"

	"setu/gateway"
	"setu/i18n"
)

// callTexts are the engine's texts that are heard on calls only, with the slots
// that each may use.
var callTexts = map[string][]string{
	"press": {"label", "digit"}, "press-more": {"digit"}, "press-hash": nil, "press-again": nil, "press-date": nil,
	"heard": {"number"}, "heard-right": nil, "silence": nil, "slowly": nil, "offer": nil, "offer-call": nil, "wrong-key": nil,
	"receipt-again": {"receipt"}, "after-result": nil,
	"wait": nil, "time-up": nil, "closing": nil, "no-number": nil,
	"welcome": nil, "practice": nil, "practised": nil, "goodbye": nil, "by-letter": nil, gateway.PartBySMS: nil,
}

// callSlots are the slots of those texts that others do not have.
var callSlots = map[string]Field{
	"label":  {Kind: i18n.Text, Max: 24},
	"digit":  {Kind: i18n.Code, Max: 1},
	"number": {Kind: i18n.Code, Max: 12},
}

func callField(name string) (Field, bool) {
	if f, ok := callSlots[name]; ok {
		return f, true
	}
	return engineField(name)
}

// loadCall reads the texts of calls.
func (c *Catalogue) loadCall(engine fs.FS, note *Problems) {
	c.call = joinTexts(readTexts(engine, "engine/call", "call", func(string) bool { return false }, note), note)
	for _, key := range sortedKeys(callTexts) {
		if c.call[key] == nil {
			note.add(place{file: "engine/call"}, "text %q is missing", key)
		}
	}
	for _, key := range sortedKeys(c.call) {
		t := c.call[key]
		slots, known := callTexts[key]
		if !known {
			note.add(t.forms[0].at, "calls have no text %q", key)
			continue
		}
		c.checkSlots(t, func(name string) bool { return slices.Contains(slots, name) }, note)
	}
}

// callDrafts are the texts of calls as screens of their own.
func (c *Catalogue) callDrafts() []draft {
	list := make([]draft, 0, len(c.call))
	for _, key := range sortedKeys(c.call) {
		t := c.call[key]
		list = append(list, draft{key: "call/" + key, lines: []line{{text: t, field: callField}}, at: t.place})
	}
	return list
}

// press is an option as it is heard, with its key after it.
func (c *Catalogue) press(l i18n.Lang, label, digit string) string {
	return c.call["press"].form(l).template(gateway.IVR).String(i18n.Format{Lang: l}, func(name string) (i18n.Value, bool) {
		if name == "label" {
			return i18n.Value{Raw: label}, true
		}
		return i18n.Value{Kind: i18n.Code, Raw: digit}, name == "digit"
	})
}

// pressMore is what says that there is more to hear, after n options.
func (c *Catalogue) pressMore(l i18n.Lang, n int) string {
	return c.call["press-more"].form(l).template(gateway.IVR).String(i18n.Format{Lang: l}, func(string) (i18n.Value, bool) {
		return i18n.Value{Kind: i18n.Code, Raw: MoreKey(n)}, true
	})
}

// MoreKey is the key for the next page of options on a call, behind a page of n:
// the one after the last of them, so that no key is skipped. 9 ends a call.
func MoreKey(n int) string { return string(rune('1' + min(n, MaxOptions-1))) }

// Saying is a text as it is to be said: its own words and the values in it.
type Saying struct {
	// Key names the text, such as "benefit/want" or "engine/menu".
	Key    string
	Pieces []i18n.Piece
}

// Saying is a part of a reply as it is said on a call. It is without pieces if the
// text is no longer in the catalogue or is not for the ear.
func (c *Catalogue) Saying(p gateway.Part, l i18n.Lang) Saying {
	owner := cmp.Or(p.Service, "engine")
	t, ok := c.text(&p)
	if !ok && p.Service == "" {
		t, ok = c.call[p.Text]
		owner = "call"
	}
	if !ok {
		return Saying{Key: owner + "/" + p.Text}
	}
	suffix := langSuffix(l)
	pieces := t.form(l).template(gateway.IVR).Pieces(i18n.Format{Lang: l}, func(name string) (i18n.Value, bool) {
		v, ok := p.Values[name]
		if !ok { // a name that differs by language
			v, ok = p.Values[name+suffix]
		}
		return v, ok
	})
	return Saying{Key: owner + "/" + p.Text, Pieces: pieces}
}

// Sayings are all that can be said on calls in a language, each text in each way
// in which it can come out, without values: what is there to be recorded.
func (c *Catalogue) Sayings(l i18n.Lang) []Saying {
	var list []Saying
	add := func(owner string, texts map[string]*Text, field func(string) (Field, bool)) {
		for _, key := range sortedKeys(texts) {
			forms := texts[key].form(l).template(gateway.IVR).Forms(func(name string) i18n.Kind {
				f, _ := field(name)
				return f.Kind
			})
			for _, pieces := range forms {
				if len(pieces) > 0 {
					list = append(list, Saying{Key: owner + "/" + key, Pieces: pieces})
				}
			}
		}
	}
	add("call", c.call, callField)
	add("engine", c.texts, engineField)
	for _, s := range c.services {
		add(s.ID, s.texts, func(name string) (Field, bool) { return s.field(name, true) })
	}
	return list
}

// Asked is the input that the last part of a reply asks for; ok is false if that
// is no question of a service.
func (c *Catalogue) Asked(r gateway.Reply) (in Input, ok bool) {
	if st := c.AskedStep(r); st != nil {
		return *st.Input, true
	}
	return Input{}, false
}

// AskedStep is the step whose input the last part of a reply asks for; nil if
// that is no question of a service.
func (c *Catalogue) AskedStep(r gateway.Reply) *Step {
	for _, p := range slices.Backward(r.Parts) {
		s, known := c.byID[p.Service]
		if !known {
			continue // a hint behind the question
		}
		step, _ := strings.CutSuffix(p.Text, ".again")
		if st, known := s.steps[step]; known && st.Input != nil && string(st.Input.Type) == r.Expect {
			return st
		}
		return nil
	}
	return nil
}
