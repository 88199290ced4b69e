package i18n

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// NFC gives s in Unicode normalization form C (UAX #15), in which texts are
// compared, hashed and signed. Note that the form *decomposes* Bengali ড় ঢ় য়
// and the Devanagari letters with nukta, which are composition exclusions.
// Nothing is allocated if s is in the form already.
func NFC(s string) string {
	if isASCII(s) || norm.NFC.IsNormalString(s) {
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
		switch {
		case unicode.IsSpace(r):
			space = true
			continue
		case isInvisible(r):
			continue
		case space:
			b.WriteByte(' ')
			space = false
		}
		if d, ok := digitOf(r); ok {
			b.WriteByte(d)
		} else {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	// Once more: what an invisible character held apart may now compose.
	return strings.TrimFunc(NFC(b.String()), isTrimmed)
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

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
