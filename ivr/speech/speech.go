// Package speech says in words what texts and values hold, in Bengali, Hindi and
// English as they are spoken in West Bengal: numbers in the Indian system (lakh,
// crore), amounts in rupees and paise, dates, times, weights, codes digit by
// digit in groups, and what written language abbreviates. What comes out is what
// a person who records prompts reads aloud, and what a voice is given to say: no
// speech engine says Bengali or Hindi figures, dates and amounts right by itself.
//
// It is pure: no I/O, clock, goroutine or logger.
package speech

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"setu/i18n"
)

// Fragment is the least that can be recorded by itself: the words of a text
// between two values, or one word of a value.
type Fragment struct {
	// Words are said as they stand, without digits or abbreviations.
	Words string
	// Tail is the punctuation behind the words, which makes a pause: "," or
	// "।", or nothing.
	Tail string
	// Value says that the words are of a value, and so in no text.
	Value bool
	// Free says that the value is a name or another text that the ledger or a
	// citizen has written: nobody can record it ahead.
	Free bool
}

// Sentence is what one voice must say whole.
type Sentence struct {
	Lang      i18n.Lang
	Fragments []Fragment
}

// String is the sentence in words, as it is said and as a voice is given it.
func (s Sentence) String() string {
	var b strings.Builder
	for _, f := range s.Fragments {
		if b.Len() > 0 && f.Words != "" {
			b.WriteByte(' ')
		}
		b.WriteString(f.Words)
		b.WriteString(f.Tail)
	}
	return b.String()
}

// Text is the sentences one after the other.
func Text(sentences []Sentence) string {
	var b strings.Builder
	for i, s := range sentences {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(s.String())
	}
	return b.String()
}

// Say puts a text in pieces into words, sentence by sentence.
func Say(l i18n.Lang, pieces []i18n.Piece) []Sentence {
	t := talk{lang: l}
	pieces, endings := withUnits(l, pieces)
	for i := range pieces {
		switch p := &pieces[i]; {
		case p.Slot == "":
			t.words(p.Text, false)
		case p.Value.Kind == i18n.Text:
			t.words(p.Value.Raw, true)
		default:
			t.value(p.Value, endings[i])
		}
	}
	t.end()
	return t.list
}

// Sentences puts a text without slots into words.
func Sentences(l i18n.Lang, text string) []Sentence {
	return Say(l, []i18n.Piece{{Text: text}})
}

// talk is sentences being put together.
type talk struct {
	lang i18n.Lang
	list []Sentence
	open []Fragment // of the sentence under way
}

// words adds a text, which may end sentences; free is one from outside, which
// may not.
func (t *talk) words(text string, free bool) {
	said := Normalise(t.lang, text)
	for said != "" {
		n, ends := sentenceEnd(said)
		part := said[:n]
		said = said[n:]
		t.fragment(part, free)
		if ends && !free {
			t.end()
		}
	}
}

// fragment adds the words of one fragment. Punctuation before them belongs to the
// fragment before.
func (t *talk) fragment(text string, free bool) {
	head := strings.TrimLeftFunc(text, isPause)
	t.pause(text[:len(text)-len(head)])
	words := strings.TrimRightFunc(head, isPause)
	if words == "" {
		return
	}
	t.open = append(t.open, Fragment{Words: words, Value: free, Free: free})
	t.pause(head[len(words):])
}

// pause gives the fragment before the strongest of some punctuation marks.
func (t *talk) pause(marks string) {
	if len(t.open) == 0 {
		return
	}
	last := &t.open[len(t.open)-1]
	if tail := strongest(last.Tail + marks); tail != "" {
		last.Tail = tail
	}
}

// value adds a value; ending is that of its unit.
func (t *talk) value(v i18n.Value, ending string) {
	for _, atom := range sayValue(t.lang, v, ending) {
		words := strings.TrimRightFunc(atom, isPause)
		t.open = append(t.open, Fragment{Words: words, Tail: atom[len(words):], Value: true})
	}
}

func (t *talk) end() {
	if len(t.open) > 0 {
		t.list = append(t.list, Sentence{Lang: t.lang, Fragments: t.open})
		t.open = nil
	}
}

// sentenceEnd gives the octets of the first sentence of a text with all that
// ends it, and says whether something does.
func sentenceEnd(text string) (n int, ends bool) {
	for i, r := range text {
		if !isStop(r) {
			continue
		}
		rest := text[i+utf8.RuneLen(r):]
		if r == '.' && rest != "" && !unicode.IsSpace(rune(rest[0])) {
			continue // of a name such as wb.example
		}
		return len(text) - len(strings.TrimLeftFunc(rest, isPause)), true
	}
	return len(text), false
}

// isStop says that a sentence ends with the sign.
func isStop(r rune) bool { return strings.ContainsRune("।॥.?!\n", r) }

// isPause says that the sign is no part of a word.
func isPause(r rune) bool {
	return unicode.IsSpace(r) || strings.ContainsRune("।॥.?!,;:…()[]\"“”'‘’–—-/|*", r)
}

// strongest is the punctuation mark of some that makes the longest pause, as the
// voices know it; empty if none makes one.
func strongest(marks string) string {
	for _, one := range []string{"?", "!", "।", "."} {
		if strings.Contains(marks, one) {
			return one
		}
	}
	switch {
	case strings.ContainsAny(marks, "\n॥"):
		return "."
	case strings.ContainsAny(marks, ",;:–—()"):
		return ","
	}
	return ""
}
