package i18n

import "strings"

// letterTable gives the Latin letters for places in a block, of a list such as
// "15 k 16 kh".
func letterTable(lists ...string) (table [blockLen]string) {
	for _, list := range lists {
		fields := strings.Fields(list)
		for i := 0; i+1 < len(fields); i += 2 {
			at := 0
			for _, c := range fields[i] {
				at = 16*at + strings.IndexRune("0123456789abcdef", c)
			}
			table[at] = fields[i+1]
		}
	}
	return table
}

// commonLetters are those that both languages write alike, in the spelling of
// messages: what is quick to type and read, not what can be turned back.
const commonLetters = "06 a 07 i 08 i 09 u 0a u 0b ri 0d e 0e e 0f e 11 o 12 o 13 o 60 ri 61 li " +
	"15 k 16 kh 17 g 18 gh 19 ng 1a ch 1b ch 1c j 1d jh 1e n 1f t 20 th 21 d 22 dh 23 n " +
	"24 t 25 th 26 d 27 dh 28 n 29 n 2a p 2b f 2c b 2d bh 2e m 30 r 31 r 32 l 33 l 34 l 35 v " +
	"36 sh 37 sh 38 s 39 h"

// bengaliLatin and devanagariLatin are the two scripts.
var (
	bengaliLatin = indic{
		first: '\u0980', bengali: true,
		letters: letterTable(commonLetters, "05 o 10 oi 14 ou 2f j 57 u 70 r 71 w"),
		dotted:  letterTable(commonLetters, "21 r 22 rh 2f y"),
		words:   latinWords(bengaliWords),
	}
	devanagariLatin = indic{
		first:   '\u0900',
		letters: letterTable(commonLetters, "04 a 05 a 06 aa 10 ai 14 au 2f y 72 a 73 o 74 o 75 au 76 u 77 u"),
		dotted:  letterTable(commonLetters, "15 q 1c z 21 r 2f y"),
		words:   latinWords(hindiWords),
	}
)

// appendAkshara appends the i-th akshara of a word.
func (s *indic) appendAkshara(dst []byte, list []akshara, i int) []byte {
	a := &list[i]
	for k := range a.n {
		dst = append(dst, s.consonant(list, i, k)...)
	}
	switch {
	case a.n == 0:
		dst = s.appendAlone(dst, list, i)
	case a.inherits():
		dst = append(dst, s.letters[vowelA]...)
	case a.silent || a.vowel == noVowel:
	case a.vowel == lengthMark:
		dst = append(dst, s.letters[lengthMark]...)
	case a.vowel == vowelAA+signGap:
		dst = append(dst, 'a')
	default:
		dst = append(dst, s.letters[a.vowel-signGap]...)
	}
	return append(dst, s.nasal(list, i)...)
}

// appendAlone appends a vowel that stands alone.
func (s *indic) appendAlone(dst []byte, list []akshara, i int) []byte {
	a := &list[i]
	switch {
	case s.bengali && a.vowel == vowelO && i+1 < len(list) && list[i+1].isGlide():
		return dst // the w of the next akshara
	case !s.bengali && a.vowel == vowelE && i > 0 && list[i-1].vowel != vowelE+signGap: // chahiye, jayen
		dst = append(dst, 'y')
	case a.vowel == vowelAA && i > 0: // aap, but hua
		return append(dst, 'a')
	}
	return append(dst, s.letters[a.vowel]...)
}

// isGlide says that an akshara is Bengali YYA with a vowel.
func (a *akshara) isGlide() bool {
	return a.single() && a.cons[0] == letterYA|dotted && a.vowel != inherit && a.vowel != noVowel
}

// consonant is the k-th consonant of the i-th akshara.
func (s *indic) consonant(list []akshara, i, k int) string {
	a := &list[i]
	c := a.cons[k]
	if c&dotted != 0 {
		return s.dottedConsonant(list, i, k)
	}
	if by, ok := s.conjunct(a, i, k); ok {
		return by
	}
	return s.letters[c]
}

func (s *indic) dottedConsonant(list []akshara, i, k int) string {
	a := &list[i]
	if s.bengali && a.isGlide() && i > 0 {
		switch before := &list[i-1]; {
		case before.n == 0 && before.vowel == vowelO: // pawa, web
			return "w"
		case before.vowel == vowelU+signGap || before.vowel == vowelUU+signGap: // duar
			return ""
		}
	}
	return s.dotted[a.cons[k]&^dotted]
}

// conjunct is how a consonant is written because of its neighbours in the
// akshara, if it matters.
func (s *indic) conjunct(a *akshara, i, k int) (by string, ok bool) {
	c, before, next := a.cons[k], byte(0), byte(0)
	if k > 0 {
		before = a.cons[k-1]
	}
	if k+1 < a.n {
		next = a.cons[k+1]
	}
	switch {
	case c == letterJA && next == letterNYA: // jn is said gy, and gg within a Bengali word
		return "g", true
	case c == letterNYA && before == letterJA:
		if s.bengali && i > 0 {
			return "g", true
		}
		return "y", true
	case c == letterNGA && next != 0:
		return "n", true
	case c == letterCA && (next == letterCA || next == letterCHA): // cch, not chch
		return "c", true
	case c == letterSHA && next == letterCA: // poschim
		return "s", true
	case !s.bengali && c == letterVA && (before == letterSA || before == letterDA || before == letterTA): // swasthya
		return "w", true
	case !s.bengali:
		return "", false
	}
	return bengaliConjunct(c, before, next, i > 0)
}

// bengaliConjunct is [indic.conjunct] for what Bengali says in its own way:
// kkh for ksh, and y and w behind another consonant.
func bengaliConjunct(c, before, next byte, within bool) (by string, ok bool) {
	switch {
	case c == letterKA && next == letterSSA:
		if within {
			return "k", true
		}
		return "", true
	case c == letterSSA && before == letterKA:
		return "kh", true
	case c == letterYA && before != 0:
		return "y", true
	case c == letterBA && (before == letterSA || before == letterSHA || before == letterTA || before == letterDA || before == letterHA):
		return "w", true
	}
	return "", false
}

// nasal is the nasal or visarga of the i-th akshara.
func (s *indic) nasal(list []akshara, i int) string {
	next := byte(0)
	if i+1 < len(list) && list[i+1].n > 0 {
		next = list[i+1].cons[0] &^ dotted
	}
	sounded := letterKA <= next && next <= letterBHA
	switch list[i].nasal {
	case candrabindu:
		if s.bengali && !sounded && i+1 < len(list) { // ora, but panch
			return ""
		}
		return "n"
	case anusvara:
		switch {
		case s.bengali && (next == letterKA || next == letterKHA || next == letterGA):
			return "n"
		case s.bengali:
			return "ng"
		case letterPA <= next && next <= letterMA:
			return "m"
		}
		return "n"
	case visarga:
		if !s.bengali {
			return "h"
		}
	}
	return ""
}
