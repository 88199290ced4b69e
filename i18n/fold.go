package i18n

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// NFC gives s in Unicode normalization form C (UAX #15), in which texts are
// compared, hashed and signed. Note that the form *decomposes* Bengali ড় ঢ় য়
// and the Devanagari letters with nukta, which are composition exclusions.
// Nothing is allocated if s is in the form already.
func NFC(s string) string {
	if isPlainNFC(s) || norm.NFC.IsNormalString(s) {
		return s
	}
	return norm.NFC.String(s)
}

// Fold gives the form by which keywords and words are compared: NFC, lower
// case, ASCII digits, without invisible characters (joiners, direction marks,
// variation selectors, BOM, controls), each run of white space one space, and
// no spaces or punctuation at the ends. Octets that are not UTF-8 become
// U+FFFD. Fold(Fold(s)) equals Fold(s).
func Fold(s string) string {
	if isFolded(s) {
		return s
	}
	s = NFC(s)
	var b strings.Builder
	b.Grow(len(s))
	space := false
	for _, r := range s {
		switch r = foldRune(r); {
		case r == ' ':
			space = true
			continue
		case r == dropped:
			continue
		case space:
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	// Once more: what an invisible character held apart may now compose.
	return strings.TrimFunc(NFC(b.String()), isTrimmed)
}

// dropped is what foldRune gives for a character that is left out.
const dropped = -1

// foldRune folds one character: white space is one kind of space.
func foldRune(r rune) rune {
	switch {
	case 'A' <= r && r <= 'Z':
		return r | 0x20
	case ' ' <= r && r < 0x7f:
		return r
	}
	if d, ok := digitOf(r); ok {
		return rune(d)
	}
	switch {
	case '\u0900' <= r && r <= '\u09ff': // no case, no space, nothing invisible
		return r
	case unicode.IsSpace(r):
		return ' '
	case isInvisible(r):
		return dropped
	}
	return unicode.ToLower(r)
}

// isFolded says that s is ASCII and already what Fold would make of it: the
// usual case for a keyword that is compared again.
func isFolded(s string) bool {
	if s == "" {
		return true
	}
	if isTrimmed(rune(s[0])) || isTrimmed(rune(s[len(s)-1])) {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c >= 0x7f || 'A' <= c && c <= 'Z' || c == ' ' && s[i-1] == ' ' {
			return false
		}
	}
	return true
}

// isInvisible says that r shows nothing by itself: controls, format characters
// (ZWJ, ZWNJ, LRM, RLM, BOM, soft hyphen …) and variation selectors.
func isInvisible(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Variation_Selector)
}

// isTrimmed says that r is dropped at the ends of a text: people end a keyword
// with a full stop, or put it in quotes as the poster did.
func isTrimmed(r rune) bool {
	switch r {
	case ' ', '.', ',', '!', '?', ':', ';', '\'', '"', '`', '#', '*', '-', '_', '~',
		'।', '॥', '‘', '’', '“', '”', '«', '»', '–', '—', '…', '(', ')', '[', ']', '{', '}', '<', '>', '/', '\\', '|':
		return true
	}
	return false
}
