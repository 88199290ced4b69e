package catalogue

import (
	"errors"
	"slices"
	"strings"
	"unicode"

	"setu/gateway"
	"setu/i18n"
)

// Text is one text of a service or of the engine in all languages.
type Text struct {
	Key   string
	names []string
	forms [languages]form
}

// Names are the slots that the text uses in any language, sorted.
func (t *Text) Names() []string { return t.names }

// Uses says that the text uses a slot in any language.
func (t *Text) Uses(name string) bool {
	_, found := slices.BinarySearch(t.names, name)
	return found
}

// languages and media are how many there are of each.
const (
	languages = 3
	media     = 4
)

// form is a text in one language, for all media or with variants.
type form struct {
	base     *i18n.Template
	variants [media]*i18n.Template
	src      string        // of base, as in the file
	sources  [media]string // of the variants
	at       place
}

// template is the text for a medium.
func (f *form) template(m gateway.Medium) *i18n.Template {
	if v := f.variants[mediumIndex(m)]; v != nil {
		return v
	}
	return f.base
}

func langIndex(l i18n.Lang) int {
	switch l {
	case i18n.Bengali:
		return 0
	case i18n.Hindi:
		return 1
	}
	return 2
}

func mediumIndex(m gateway.Medium) int {
	switch m {
	case gateway.USSD:
		return 1
	case gateway.IVR:
		return 2
	case gateway.App:
		return 3
	}
	return 0
}

// form is the text in a language; an invalid one is English.
func (t *Text) form(l i18n.Lang) *form { return &t.forms[langIndex(l)] }

// textFile is what one <lang>.yaml holds.
type textFile struct {
	at    place
	texts map[string]form
	keys  []string // of texts, in the order of the file
	// words are the lists under "words", by the key that they stand under:
	// "want.received" for an option, "stop" for a word of the engine.
	words map[string]node
}

// decodeTexts reads a <lang>.yaml. isStep says which keys may hold more than a
// text: options, words, again and item.
func decodeTexts(top node, isStep func(string) bool) *textFile {
	f := &textFile{at: place{file: top.at.file}, texts: make(map[string]form), words: make(map[string]node)}
	for _, e := range top.entries() {
		switch {
		case isStep(e.key) && e.val.isMapping():
			f.decodeStep(e)
		case e.key == "words" && e.val.isMapping():
			for _, w := range e.val.entries() {
				f.words[w.key] = w.val
			}
		default:
			f.add(e.key, e.val)
		}
	}
	return f
}

func (f *textFile) add(key string, n node) {
	form := decodeForm(n)
	if form.base == nil {
		return
	}
	f.texts[key] = form
	f.keys = append(f.keys, key)
}

// decodeStep reads the texts of one step, under keys such as "want.again" and
// "want.options.status".
func (f *textFile) decodeStep(e entry) {
	question := form{at: e.at}
	for _, inner := range e.val.entries() {
		switch inner.key {
		case "again", "item":
			f.add(e.key+"."+inner.key, inner.val)
		case "options":
			for _, o := range inner.val.entries() {
				f.add(e.key+".options."+o.key, o.val)
			}
		case "words":
			for _, w := range inner.val.entries() {
				f.words[e.key+"."+w.key] = w.val
			}
		default:
			question.decodeVariant(inner)
		}
	}
	if question.base == nil {
		e.val.fail("%q has no text", e.key)
		return
	}
	f.texts[e.key] = question
	f.keys = append(f.keys, e.key)
}

// decodeForm reads a text, or a mapping of text and its variants.
func decodeForm(n node) form {
	t := form{at: n.at}
	if !n.isMapping() {
		t.base, t.src = n.template()
		return t
	}
	for _, e := range n.entries() {
		t.decodeVariant(e)
	}
	if t.base == nil {
		n.fail("the variants need a text to stand beside")
	}
	return t
}

func (f *form) decodeVariant(e entry) {
	medium := gateway.Medium(e.key)
	switch {
	case e.key == "text":
		f.base, f.src = e.val.template()
		f.at = e.val.at
	case isMedium(medium) && e.val.str() == "":
		f.variants[mediumIndex(medium)] = &i18n.Template{} // nothing is said there
	case isMedium(medium):
		f.variants[mediumIndex(medium)], f.sources[mediumIndex(medium)] = e.val.template()
	default:
		e.val.note.add(e.at, "unknown key %q", e.key)
	}
}

// template reads a text with its slots, in NFC.
func (n node) template() (t *i18n.Template, src string) {
	src = i18n.NFC(n.str())
	if reason := unprintable(src); reason != "" {
		n.fail("text %s", reason)
	}
	t, err := i18n.ParseTemplate(src)
	if err != nil {
		var syntax *i18n.SyntaxError
		if errors.As(err, &syntax) {
			n.fail("text at character %d: %s", len([]rune(src[:min(syntax.Offset, len(src))]))+1, syntax.Reason)
		} else {
			n.fail("text: %v", err)
		}
		t, _ = i18n.ParseTemplate("")
	}
	return t, src
}

// unprintable says what is wrong with the look of a text; empty when nothing.
func unprintable(src string) string {
	switch {
	case strings.TrimSpace(src) == "":
		return "is empty"
	case strings.TrimSpace(src) != src:
		return "begins or ends with a space"
	case strings.Contains(src, "\n\n") || strings.Contains(src, " \n"):
		return "has an empty line or a space before a line's end"
	case strings.ContainsFunc(src, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }):
		return "holds a control character"
	}
	return ""
}

// joinTexts makes one text of each key of the three files. A text that is
// missing in a language is a problem; a file that could not be read has been
// noted as one already.
func joinTexts(files [languages]*textFile, note *Problems) map[string]*Text {
	texts := make(map[string]*Text)
	for _, f := range files {
		if f == nil {
			continue
		}
		for _, key := range f.keys {
			if texts[key] == nil {
				texts[key] = joinText(key, f.texts[key], files, note)
			}
		}
	}
	return texts
}

// joinText takes the forms of one text; known stands in for one that is missing.
func joinText(key string, known form, files [languages]*textFile, note *Problems) *Text {
	t := &Text{Key: key}
	for i, f := range files {
		t.forms[i] = known
		if f != nil {
			if one, ok := f.texts[key]; ok {
				t.forms[i] = one
			} else {
				note.add(f.at, "text %q is missing (it stands in %s:%d)", key, known.at.file, known.at.line)
			}
		}
		t.names = append(t.names, t.forms[i].names()...)
	}
	slices.Sort(t.names)
	t.names = slices.Compact(t.names)
	return t
}

// checkSilent refuses a service's text that says nothing on some medium: only
// the engine knows which of its own can be left out.
func checkSilent(texts map[string]*Text, note *Problems) {
	for _, key := range sortedKeys(texts) {
		for i := range texts[key].forms {
			f := &texts[key].forms[i]
			for _, v := range f.variants {
				if v == nil {
					continue
				}
				if text, plain := v.Plain(); plain && text == "" {
					note.add(f.at, "text %q has an empty variant", key)
				}
			}
		}
	}
}

// names are the slots of a form in all its variants.
func (f *form) names() []string {
	names := f.base.Names()
	for _, v := range f.variants {
		if v != nil {
			names = append(names, v.Names()...)
		}
	}
	return names
}
