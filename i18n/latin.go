package i18n

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Latin gives a text in plain Latin letters, for a handset that shows no others:
// Bengali and Hindi as people spell them in messages ("bhata", "apnar",
// "shikayat"), digits as 0-9, and of all else what the GSM 7-bit alphabet and
// ASCII both have. What cannot be written so becomes a question mark.
func Latin(s string) string {
	if isPlainLatin(s) {
		return s
	}
	return string(AppendLatin(make([]byte, 0, len(s)), s))
}

// isPlainLatin says that Latin would change nothing.
func isPlainLatin(s string) bool {
	for i := range len(s) {
		if !isPlainByte(s[i]) {
			return false
		}
	}
	return true
}

// isPlainByte says that an octet is a character of both ASCII and the GSM 7-bit
// alphabet (3GPP TS 23.038, 6.2.1), which has all of ASCII that can be printed
// but the grave accent.
func isPlainByte(c byte) bool { return ' ' <= c && c < 0x7f && c != '`' || c == '\n' || c == '\r' }

// AppendLatin appends what [Latin] gives. Nothing is allocated but what dst
// needs to grow, unless there are letters of other scripts (measured, see
// BenchmarkLatin).
func AppendLatin(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		if isPlainByte(s[i]) {
			dst = append(dst, s[i])
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if script := indicScript(r); script != nil {
			n = wordLen(s[i:], script)
			dst = script.appendWord(dst, s[i:i+n])
		} else {
			dst = appendPlain(dst, r)
		}
		i += n
	}
	return dst
}

// wordLen is how many octets at the start of s are letters of a script and signs
// on them.
func wordLen(s string, script *indic) int {
	for i, r := range s {
		if indicScript(r) != script && !isJoiner(r) {
			return i
		}
	}
	return len(s)
}

// isJoiner says that r is ZWNJ or ZWJ, which within a word only say how it looks.
func isJoiner(r rune) bool { return r == '\u200c' || r == '\u200d' }

// appendPlain appends what stands for a character of no Indic script.
func appendPlain(dst []byte, r rune) []byte {
	if d, ok := digitOf(r); ok {
		return append(dst, d)
	}
	if r < utf8.RuneSelf {
		if unicode.IsSpace(r) {
			return append(dst, ' ')
		}
		if r == '`' {
			return append(dst, '\'')
		}
		return dst // a control character
	}
	if by, ok := standIns[r]; ok {
		return append(dst, by...)
	}
	switch {
	case unicode.IsSpace(r):
		return append(dst, ' ')
	case isInvisible(r) || unicode.IsMark(r):
		return dst
	}
	var room [utf8.UTFMax]byte
	letters := norm.NFD.Append(nil, room[:utf8.EncodeRune(room[:], r)]...)
	if isPlainByte(letters[0]) { // a letter with an accent
		return append(dst, letters[0])
	}
	return append(dst, '?')
}

// standIns are the characters, not letters, that stand in texts and are in few
// alphabets.
var standIns = map[rune]string{
	'।': ".", '॥': ".", '॰': ".", '৳': "Tk", '৲': "Tk", '₹': "Rs", '€': "EUR", '£': "GBP",
	'‘': "'", '’': "'", '“': `"`, '”': `"`, '«': `"`, '»': `"`, '…': "...", '•': "-",
	'–': "-", '—': "-", '−': "-", '‐': "-", '‑': "-", '×': "x", '°': " deg", '₨': "Rs",
}
