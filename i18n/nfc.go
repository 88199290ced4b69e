package i18n

import "unicode/utf8"

// Signs of the two Indic scripts that take part in normalization.
const (
	bengaliNukta  = '\u09bc' // combining class 7
	bengaliE      = '\u09c7'
	bengaliAA     = '\u09be' // composes with E to O
	bengaliAU     = '\u09d7' // composes with E to AU
	bengaliVirama = '\u09cd' // combining class 9
	nukta         = '\u093c' // combining class 7
	virama        = '\u094d' // combining class 9
)

// isPlainNFC says that s is certainly in NFC: text in ASCII, Bengali and
// Devanagari with usual punctuation is known without the tables of Unicode and
// without allocating. False says nothing.
func isPlainNFC(s string) bool {
	last := rune(0)
	for i := 0; i < len(s); {
		if s[i] < utf8.RuneSelf {
			last = rune(s[i])
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if !isPlainAfter(r, last) {
			return false
		}
		last = r
		i += n
	}
	return true
}

// isPlainAfter says that r is of the plain scripts and neither decomposes nor
// composes with the character before it nor changes places with it.
func isPlainAfter(r, last rune) bool {
	switch {
	case r == bengaliAA || r == bengaliAU:
		return last != bengaliE
	case r == bengaliNukta || r == nukta: // goes before a virama; composes with NA, RA and LLA
		return last != bengaliVirama && last != virama && last != '\u0928' && last != '\u0930' && last != '\u0933'
	case '\u0951' <= r && r <= '\u0954', r == '\u09fe': // accents and the sandhi mark
		return false
	case '\u0958' <= r && r <= '\u095f', r == '\u09dc', r == '\u09dd', r == '\u09df': // decompose
		return false
	}
	return '\u0900' <= r && r <= '\u09ff' || '\u200b' <= r && r <= '\u2027' // joiners, dashes, quotes
}
