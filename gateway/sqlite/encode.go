package sqlite

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"setu/gateway"
	"setu/i18n"
)

// What every message writes, its session and its reply, is encoded by hand into
// the JSON that encoding/json reads: that takes a quarter of the time (measured,
// see BenchmarkEncodeSession). What is rare is left to encoding/json.

// object is JSON in the making.
type object []byte

// key begins a member, or with an empty name an element.
func (o *object) key(name string) {
	if last := len(*o) - 1; last >= 0 && (*o)[last] != '{' && (*o)[last] != '[' {
		*o = append(*o, ',')
	}
	if name != "" {
		*o = append(append(append(*o, '"'), name...), '"', ':')
	}
}

func (o *object) open(name string, bracket byte) {
	o.key(name)
	*o = append(*o, bracket)
}

func (o *object) close(bracket byte) { *o = append(*o, bracket) }

// text, number and flag leave zero values out.
func (o *object) text(name, s string) {
	if s != "" {
		o.key(name)
		o.quote(s)
	}
}

func (o *object) number(name string, n int64) {
	if n != 0 {
		o.key(name)
		*o = strconv.AppendInt(*o, n, 10)
	}
}

func (o *object) flag(name string, b bool) {
	if b {
		o.key(name)
		*o = append(*o, "true"...)
	}
}

// quote appends a string.
func (o *object) quote(s string) {
	plain := utf8.ValidString(s)
	for i := 0; i < len(s) && plain; i++ {
		plain = s[i] >= ' ' && s[i] != '"' && s[i] != '\\'
	}
	if !plain {
		quoted, _ := json.Marshal(s) // a string has no error
		*o = append(*o, quoted...)
		return
	}
	*o = append(append(append(*o, '"'), s...), '"')
}

// other leaves v to encoding/json.
func (o *object) other(name string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	o.key(name)
	*o = append(*o, b...)
	return nil
}

// encodeMessage writes the payload of a message.
func encodeMessage(e *gateway.Effect) []byte {
	o := make(object, 0, 96+len(e.To.Link)+len(e.To.Citizen)+len(e.To.Code)+len(e.SMS.Text)+len(e.SMS.Class))
	o.open("", '{')
	o.text("medium", string(e.To.Medium))
	o.text("link", e.To.Link)
	o.text("citizen", e.To.Citizen.Reveal())
	o.text("code", e.To.Code.Reveal())
	o.open("sms", '{')
	o.text("text", e.SMS.Text.Reveal())
	o.text("class", e.SMS.Class)
	o.text("service", e.SMS.Service)
	o.result("result", e.SMS.Result)
	o.close('}')
	o.close('}')
	return o
}

// encodeSession encodes all of s but its citizen and version, which have
// columns of their own, as a [storedSession].
func encodeSession(s *gateway.Session) ([]byte, error) {
	size := 384
	if s.Live.Shown != nil {
		size = 640
	}
	o := make(object, 0, size)
	o.open("", '{')
	o.text("lang", string(s.Lang))
	o.flag("chosen", s.LangChosen)
	o.flag("native", s.Native)
	o.flag("latin", s.Latin)
	o.flag("stopped", s.Stopped)
	o.number("updated", ms(s.Updated))
	o.text("pending", string(s.Pending))
	if err := o.dialogue(&s.Dialogue); err != nil {
		return nil, err
	}
	o.live(s)
	if p := &s.PIN; *p != (gateway.PIN{}) {
		o.open("pin", '{')
		o.text("mac", p.MAC)
		o.text("chosen", p.Chosen)
		o.number("wrong", int64(p.Wrong))
		o.number("locks", int64(p.Locks))
		o.number("until", ms(p.Until))
		o.close('}')
	}
	if u := s.Undo; u != nil {
		if err := o.other("undo", &storedUndo{Ask: u.Ask, Receipt: u.Receipt, Until: ms(u.Until)}); err != nil {
			return nil, err
		}
	}
	o.close('}')
	return o, nil
}

func (o *object) dialogue(d *gateway.Dialogue) error {
	before := len(*o)
	o.open("dialogue", '{')
	empty := len(*o)
	o.text("service", d.Service)
	o.text("version", d.Version)
	o.text("step", d.Step)
	o.number("tries", int64(d.Tries))
	o.number("page", int64(d.Page))
	if d.Slots != nil {
		o.open("slots", '{')
		for name, v := range d.Slots {
			o.member(name)
			o.quote(v.Reveal())
		}
		o.close('}')
	}
	if d.Offers != nil {
		o.open("offers", '[')
		for i := range d.Offers {
			o.offer(&d.Offers[i])
		}
		o.close(']')
	}
	if d.Trail != nil {
		o.open("trail", '[')
		for _, step := range d.Trail {
			o.key("")
			o.quote(step)
		}
		o.close(']')
	}
	if d.Items != nil {
		if err := o.other("items", d.Items); err != nil {
			return err
		}
	}
	if d.Last != nil {
		o.reply("last", d.Last)
	}
	if len(*o) == empty { // no dialogue
		*o = (*o)[:before]
		return nil
	}
	o.close('}')
	return nil
}

// member begins a member whose name may be any string.
func (o *object) member(name string) {
	o.key("")
	o.quote(name)
	*o = append(*o, ':')
}

func (o *object) reply(name string, r *gateway.Reply) {
	o.open(name, '{')
	o.open("format", '{')
	o.text("lang", string(r.Format.Lang))
	o.flag("native", r.Format.Native)
	o.flag("latin", r.Format.Latin)
	o.close('}')
	if r.Parts != nil {
		o.open("parts", '[')
		for i := range r.Parts {
			o.part("", &r.Parts[i])
		}
		o.close(']')
	}
	if r.Options != nil {
		o.open("options", '[')
		for i := range r.Options {
			o.open("", '{')
			o.text("digit", r.Options[i].Digit)
			o.text("value", r.Options[i].Value)
			o.part("label", &r.Options[i].Label)
			o.close('}')
		}
		o.close(']')
	}
	o.flag("more", r.More)
	o.text("expect", r.Expect)
	o.flag("back", r.Back)
	o.number("page", int64(r.Page))
	o.flag("end", r.End)
	o.result("result", r.Result)
	o.close('}')
}

func (o *object) part(name string, p *gateway.Part) {
	o.open(name, '{')
	o.text("service", p.Service)
	o.text("text", p.Text)
	if p.Values != nil {
		o.open("values", '{')
		for name, v := range p.Values {
			o.member(name)
			o.value(v)
		}
		o.close('}')
	}
	o.close('}')
}

func (o *object) value(v i18n.Value) {
	*o = append(*o, '{')
	if v.Kind != i18n.Text {
		o.text("kind", v.Kind.String())
	}
	o.text("raw", v.Raw)
	*o = append(*o, '}')
}
