package i18n

import "slices"

// The two scripts stand in Unicode in the same order, so that a letter is known
// by its distance from the start of its block (the order of ISCII, IS
// 13194:1991).
const (
	blockLen = 0x80

	candrabindu = 0x01
	anusvara    = 0x02
	visarga     = 0x03
	vowelA      = 0x05 // the inherent vowel
	vowelAA     = 0x06
	vowelI      = 0x07
	vowelII     = 0x08
	vowelU      = 0x09
	vowelUU     = 0x0a
	vowelE      = 0x0f
	vowelO      = 0x13
	letterKA    = 0x15
	letterKHA   = 0x16
	letterGA    = 0x17
	letterNGA   = 0x19
	letterCA    = 0x1a
	letterCHA   = 0x1b
	letterJA    = 0x1c
	letterNYA   = 0x1e
	letterTTA   = 0x1f
	letterNNA   = 0x23
	letterDDA   = 0x21
	letterDDHA  = 0x22
	letterTA    = 0x24
	letterDA    = 0x26
	letterNA    = 0x28
	letterPA    = 0x2a
	letterPHA   = 0x2b
	letterBA    = 0x2c
	letterBHA   = 0x2d
	letterMA    = 0x2e
	letterYA    = 0x2f
	letterRA    = 0x30
	letterLA    = 0x32
	letterVA    = 0x35
	letterSHA   = 0x36
	letterSSA   = 0x37
	letterSA    = 0x38
	letterHA    = 0x39
	nuktaSign   = 0x3c
	firstSign   = 0x3e // of the vowels
	lastSign    = 0x4c
	viramaSign  = 0x4d
	khandaTA    = 0x4e // Bengali only
	lengthMark  = 0x57
	firstDotted = 0x58 // letters that have a nukta of their own
	lastDotted  = 0x5f

	dotted  = 0x80             // marks a letter with nukta
	signGap = 0x38             // from a vowel that stands alone to its sign
	noVowel = byte(viramaSign) // an akshara's vowel that is cut off
	inherit = byte(0)          // its inherent vowel
)

// indic is how one of the scripts is written in Latin letters.
type indic struct {
	first   rune // of the block
	bengali bool // or Devanagari
	letters [blockLen]string
	dotted  [blockLen]string  // letters with nukta
	words   map[string]string // that the rules do not get right
}

// indicScript is the script of a letter or a sign on one; nil for digits,
// punctuation and all other scripts.
func indicScript(r rune) *indic {
	switch {
	case '\u0980' <= r && r <= '\u09e3' || r == '\u09f0' || r == '\u09f1':
		return &bengaliLatin
	case '\u0900' <= r && r <= '\u0963' || '\u0971' <= r && r <= '\u097f':
		return &devanagariLatin
	}
	return nil
}

// maxAksharas is how much of a word is looked at together; no word of a language
// is that long.
const maxAksharas = 32

// appendWord appends a word in Latin letters.
func (s *indic) appendWord(dst []byte, word string) []byte {
	if dst, ok := s.appendKnown(dst, word); ok {
		return dst
	}
	var room [maxAksharas]akshara
	for word != "" {
		list, n := s.parse(room[:0], word)
		s.silence(list)
		for i := range list {
			dst = s.appendAkshara(dst, list, i)
		}
		word = word[n:]
	}
	return dst
}

// akshara is a syllable as it is written: consonants, a vowel, a nasal.
type akshara struct {
	cons   [4]byte // distances in the block, with the mark dotted
	n      int     // of cons; 0 for a vowel that stands alone
	vowel  byte    // its sign's distance, or its own; inherit; noVowel
	nasal  byte    // or visarga; 0 is none
	silent bool    // the inherent vowel is not spoken
}

// inherits says that the inherent vowel is spoken, or may be.
func (a *akshara) inherits() bool { return a.n > 0 && a.vowel == inherit && !a.silent }

// spoken says that the akshara has a vowel.
func (a *akshara) spoken() bool { return a.vowel != noVowel && !a.silent }

// single says that it is one consonant.
func (a *akshara) single() bool { return a.n == 1 }

// parse reads aksharas as long as there is room for them, and says how many
// octets of the word they are.
func (s *indic) parse(list []akshara, word string) ([]akshara, int) {
	for i, r := range word {
		at := r - s.first
		if at < 0 || at >= blockLen { // a joiner
			continue
		}
		if len(list) == cap(list) && !joins(list, byte(at)) {
			return list, i
		}
		list = s.add(list, byte(at))
	}
	return list, len(word)
}

// joins says that a letter belongs to the last akshara.
func joins(list []akshara, at byte) bool {
	last := &list[len(list)-1]
	if isConsonant(at) {
		return last.vowel == noVowel && last.n < len(last.cons)
	}
	return !isVowel(at)
}

func isConsonant(at byte) bool {
	return letterKA <= at && at <= letterHA || firstDotted <= at && at <= lastDotted || at == khandaTA
}

// isVowel says that a letter is a vowel that stands alone.
func isVowel(at byte) bool {
	return vowelA-1 <= at && at < letterKA || at == 0x60 || at == 0x61 || at >= 0x70
}

// add puts a letter or sign to the aksharas before it.
func (s *indic) add(list []akshara, at byte) []akshara {
	if at == khandaTA && s.bengali {
		return append(list, akshara{cons: [4]byte{letterTA}, n: 1, vowel: noVowel})
	}
	if isConsonant(at) {
		at = undot(at)
		if len(list) > 0 && joins(list, letterKA) {
			last := &list[len(list)-1]
			last.cons[last.n] = at
			last.n++
			last.vowel = inherit
			return list
		}
		return append(list, akshara{cons: [4]byte{at}, n: 1})
	}
	if isVowel(at) {
		return append(list, akshara{vowel: at})
	}
	if len(list) > 0 {
		list[len(list)-1].sign(at)
	}
	return list
}

// undot splits a letter that has a nukta of its own.
func undot(at byte) byte {
	if at < firstDotted || at > lastDotted {
		return at
	}
	return [...]byte{letterKA, letterKHA, letterGA, letterJA, letterDDA, letterDDHA, letterPHA, letterYA}[at-firstDotted] | dotted
}

// sign puts a sign on an akshara.
func (a *akshara) sign(at byte) {
	switch {
	case at == candrabindu || at == anusvara || at == visarga:
		a.nasal = at
	case a.n == 0:
	case at == nuktaSign:
		a.cons[a.n-1] |= dotted
	case at == viramaSign:
		a.vowel = noVowel
	case firstSign <= at && at <= lastSign || at == lengthMark:
		a.vowel = at
	}
}

// silence finds the inherent vowels that are not spoken: at the end of a word,
// and between two single consonants with vowels around them, from the end to
// the start (M. Ohala, "Aspects of Hindi Phonology", 1983).
func (s *indic) silence(list []akshara) {
	last := len(list) - 1
	if last < 1 {
		return
	}
	if s.bengali {
		enclitic(list)
	}
	if a := &list[last]; a.inherits() && a.nasal == 0 {
		a.silent = s.endsSilent(list)
	}
	for i := last - 1; i > 0; i-- {
		before, a, next := &list[i-1], &list[i], &list[i+1]
		a.silent = a.silent || a.inherits() && a.single() && a.nasal == 0 &&
			before.spoken() && before.nasal != anusvara && next.single() && next.spoken() &&
			!isMati(list, i+1) && !(s.bengali && keepsVowel(list, i))
	}
}

// enclitic drops the vowel before the words -o and -i, "too" and "just", that
// Bengali writes together with another: kono, ekhoni.
func enclitic(list []akshara) {
	last := len(list) - 1
	if v := list[last].vowel; list[last].n > 0 || v != vowelO && v != vowelI || last < 2 {
		return
	}
	if a := &list[last-1]; a.inherits() && a.nasal == 0 && a.single() {
		a.silent = true
	}
}

// endsSilent says that the inherent vowel at the end of a word is not spoken.
func (s *indic) endsSilent(list []akshara) bool {
	a, before := &list[len(list)-1], &list[len(list)-2]
	end := a.cons[a.n-1]
	switch {
	case a.single() && !s.bengali: // tritiya
		return !(end == letterYA && isFrontVowel(before.vowel))
	case a.single():
		return end != letterHA && !(end == letterYA|dotted && isFrontVowel(before.vowel)) && before.spoken()
	case !s.bengali: // rajya, patra
		return end != letterYA && end != letterRA && end != letterVA
	}
	return isBorrowed(a.cons[a.n-2], end) // kard, but shobdo
}

func isFrontVowel(v byte) bool {
	return v == vowelI+signGap || v == vowelII+signGap
}

// isBorrowed says that two consonants end words that Bengali has from English,
// and hardly others: kard, agost.
func isBorrowed(x, y byte) bool { return slices.Contains(borrowedEnds[:], [2]byte{x, y}) }

var borrowedEnds = [...][2]byte{
	{letterRA, letterDDA},
	{letterRA, letterTTA},
	{letterRA, letterCA},
	{letterRA, letterSA},
	{letterSA, letterTTA},
	{letterSA, letterKA},
	{letterKA, letterSA},
	{letterKA, letterTTA},
	{letterLA, letterDDA},
	{letterLA, letterTTA},
	{letterNGA, letterKA},
	{letterPA, letterTTA},
	{letterNA, letterSA},
	{letterNA, letterTTA},
	{letterNA, letterDDA},
	{letterNNA, letterTTA},
	{letterNNA, letterDDA},
}

// isMati says that the i-th akshara is an ending -ti of learned words, before
// which the inherent vowel is spoken: sahmati, onumoti.
func isMati(list []akshara, i int) bool {
	return i == len(list)-1 && list[i].cons[0] == letterTA && list[i].vowel == vowelI+signGap
}

// keepsVowel says that Bengali speaks an inherent vowel which Hindi would drop:
// before the endings -e and -er of nouns (fosoler), unlike those of verbs
// (korte, korbe), and after h.
func keepsVowel(list []akshara, i int) bool {
	if list[i].cons[0] == letterHA {
		return true
	}
	next := &list[i+1]
	if next.vowel != vowelE+signGap {
		return false
	}
	switch rest := len(list) - i - 2; rest {
	case 0:
		c := next.cons[0]
		return c != letterTA && c != letterBA && c != letterLA && c != letterCHA
	case 1:
		end := &list[i+2]
		return end.single() && end.cons[0] == letterRA && end.silent
	}
	return false
}
