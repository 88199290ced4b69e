package catalogue

import (
	"setu/gateway"
	"setu/i18n"
)

// renderSize is the room that a reply is given at first, in octets: most are
// shorter.
const renderSize = 512

// Render puts a reply into words for a medium. A part whose text is no longer
// in the catalogue is left out.
func (c *Catalogue) Render(r gateway.Reply, m gateway.Medium) string {
	return string(c.AppendReply(make([]byte, 0, renderSize), r, m))
}

// AppendReply appends the words of a reply: each part and each option on a
// line of its own, and a line for the next page.
func (c *Catalogue) AppendReply(dst []byte, r gateway.Reply, m gateway.Medium) []byte {
	start := len(dst)
	for i := range r.Parts {
		begun := newLine(dst, start)
		if said := c.appendPart(begun, &r.Parts[i], r.Format, m); len(said) > len(begun) {
			dst = said
		}
	}
	for i := range r.Options {
		dst = c.appendOption(newLine(dst, start), &r.Options[i], r.Format, m)
	}
	if r.More {
		dst = c.appendPart(newLine(dst, start), &gateway.Part{Text: "nav-more"}, r.Format, m)
	}
	if r.Format.Latin {
		return i18n.AppendLatin(dst[:start], string(dst[start:]))
	}
	return dst
}

// Lines are the words of a reply's parts, each of one line or several, and of its
// options, each behind its digit: for a medium that cuts a reply into screens.
// A part whose text is no longer in the catalogue is left out.
func (c *Catalogue) Lines(r gateway.Reply, m gateway.Medium) (parts, options []string) {
	var few [16]int
	ends := few[:0]
	room := make([]byte, 0, renderSize)
	for i := range r.Parts {
		if said := c.appendPart(room, &r.Parts[i], r.Format, m); len(said) > len(room) {
			room = said
			ends = append(ends, len(room))
		}
	}
	n := len(ends)
	for i := range r.Options {
		room = c.appendOption(room, &r.Options[i], r.Format, m)
		ends = append(ends, len(room))
	}
	if r.Format.Latin {
		room = latinLines(room, ends)
	}
	text, list, start := string(room), make([]string, len(ends)), 0
	for i, end := range ends {
		list[i], start = text[start:end], end
	}
	return list[:n:n], list[n:]
}

// latinLines puts lines that end at some places into Latin letters, and says
// where they end then.
func latinLines(lines []byte, ends []int) []byte {
	src, dst, start := string(lines), make([]byte, 0, renderSize), 0
	for i, end := range ends {
		dst = i18n.AppendLatin(dst, src[start:end])
		start, ends[i] = end, len(dst)
	}
	return dst
}

// Own is one of the engine's own texts, without slots, on USSD. It is empty if
// there is no such text or if it has slots.
func (c *Catalogue) Own(key string, f i18n.Format) string {
	t, ok := c.texts[key]
	if !ok {
		return ""
	}
	text, ok := t.form(f.Lang).template(gateway.USSD).Plain()
	if !ok {
		return ""
	}
	if f.Latin {
		return i18n.Latin(text)
	}
	return text
}

func (c *Catalogue) appendOption(dst []byte, o *gateway.Option, f i18n.Format, m gateway.Medium) []byte {
	dst = i18n.Value{Kind: i18n.Code, Raw: o.Digit}.Append(dst, f)
	return c.appendPart(append(dst, ' '), &o.Label, f, m)
}

func newLine(dst []byte, start int) []byte {
	if len(dst) > start && dst[len(dst)-1] != '\n' {
		return append(dst, '\n')
	}
	return dst
}

// text finds the text of a part.
func (c *Catalogue) text(p *gateway.Part) (*Text, bool) {
	if p.Service == "" {
		if t, ok := c.texts[p.Text]; ok {
			return t, true
		}
		t, ok := c.app[p.Text]
		return t, ok
	}
	s, ok := c.byID[p.Service]
	if !ok {
		return nil, false
	}
	return s.Text(p.Text)
}

func (c *Catalogue) appendPart(dst []byte, p *gateway.Part, f i18n.Format, m gateway.Medium) []byte {
	t, ok := c.text(p)
	if !ok {
		return dst
	}
	values := p.Values
	suffix := langSuffix(f.Lang)
	return t.form(f.Lang).template(m).Append(dst, f, func(name string) (i18n.Value, bool) {
		v, ok := values[name]
		if !ok { // a name that differs by language
			v, ok = values[name+suffix]
		}
		return v, ok
	})
}

func langSuffix(l i18n.Lang) string {
	switch l {
	case i18n.Bengali:
		return ".bn"
	case i18n.Hindi:
		return ".hi"
	}
	return ".en"
}
