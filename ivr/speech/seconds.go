package speech

import (
	"cmp"
	"strings"
	"time"
	"unicode"

	"setu/i18n"
)

// Rate is the words a minute that voices are asked for: slow enough to be
// understood at once over a phone (espeak-ng's own default is 175).
const Rate = 150

// pace is how long a language's speech takes at [Rate], as espeak-ng 1.51 speaks
// it: see TestSeconds_Calibrated.
type pace struct {
	syllable time.Duration
	comma    time.Duration // a pause at a comma or colon
	stop     time.Duration // between sentences
	start    time.Duration // of any prompt
}

func paceOf(l i18n.Lang) pace {
	switch l {
	case i18n.Bengali:
		return pace{syllable: 214 * time.Millisecond, comma: 260 * time.Millisecond, stop: 430 * time.Millisecond, start: 350 * time.Millisecond}
	case i18n.Hindi:
		return pace{syllable: 187 * time.Millisecond, comma: 240 * time.Millisecond, stop: 430 * time.Millisecond, start: 350 * time.Millisecond}
	}
	return pace{syllable: 224 * time.Millisecond, comma: 260 * time.Millisecond, stop: 430 * time.Millisecond, start: 350 * time.Millisecond}
}

// Length estimates how long words take to say at [Rate], from their syllables and
// pauses.
func Length(l i18n.Lang, words string) time.Duration {
	p := paceOf(l)
	if strings.TrimSpace(words) == "" {
		return 0
	}
	d := p.start
	for word := range strings.FieldsSeq(words) {
		d += time.Duration(Syllables(word)) * p.syllable
		switch trimmed := strings.TrimRightFunc(word, unicode.IsPunct); {
		case len(trimmed) == len(word):
		case strings.ContainsAny(word[len(trimmed):], "।.?!"):
			d += p.stop
		default:
			d += p.comma
		}
	}
	return d
}

// Syllables counts the syllables of a word in Bengali, Devanagari or Latin
// letters, by its vowels.
func Syllables(word string) int {
	n := 0
	for _, part := range strings.FieldsFunc(word, func(r rune) bool { return !isLetter(r) }) {
		switch r := []rune(part); {
		case r[0] < '\u0900' || r[0] > '\u09ff':
			n += latinSyllables(part)
		default:
			n += indicSyllables(r)
		}
	}
	return n
}

// latinSyllables counts runs of vowels, without an e at the end.
func latinSyllables(word string) int {
	word = strings.ToLower(word)
	if len(word) == 1 {
		if word == "w" {
			return 3
		}
		return 1
	}
	n, vowel := 0, false
	for _, r := range word {
		is := strings.ContainsRune("aeiouy", r)
		if is && !vowel {
			n++
		}
		vowel = is
	}
	if n > 1 && strings.HasSuffix(word, "e") && !strings.HasSuffix(word, "le") {
		n--
	}
	if n == 0 { // an abbreviation, said by its letters
		return len(word)
	}
	return n
}

// Places in the blocks of Bengali and Devanagari, which are in the same order
// (ISCII, IS 13194:1991).
const (
	blockMask   = 0x7f
	firstVowel  = 0x05
	lastVowel   = 0x14
	firstLetter = 0x15 // of the consonants
	lastLetter  = 0x39
	firstSign   = 0x3e // of the vowels
	lastSign    = 0x4c
	virama      = 0x4d
	khandaTa    = 0x4e
	firstDotted = 0x58
	lastDotted  = 0x5f
)

// indicSyllables counts vowels and vowel signs, and the inherent vowel of each
// consonant that has none; at the end of a word it is silent unless a conjunct
// stands before it, and so it is between two syllables with vowels of their own
// ("আপনার").
func indicSyllables(word []rune) int {
	n := 0
	voweled := false // the syllable before has a vowel
	for i, r := range word {
		switch at := r & blockMask; {
		case firstVowel <= at && at <= lastVowel:
			n++
			voweled = true
		case isConsonant(at) && at != khandaTa:
			switch next := nextSign(word, i); {
			case firstSign <= next && next <= lastSign:
				n++
				voweled = true
			case next == virama:
			case next == -1 && n > 0 && !afterVirama(word, i):
				voweled = false
			case voweled && next >= 0 && !afterVirama(word, i) && hasVowel(word, i+1):
				voweled = false
			default:
				n++
				voweled = true
			}
		}
	}
	return max(n, 1)
}

func isConsonant(at rune) bool {
	return firstLetter <= at && at <= lastLetter || firstDotted <= at && at <= lastDotted
}

// nextSign is the place of what follows a letter, but for its dot; -1 at the end.
func nextSign(word []rune, i int) rune {
	for _, r := range word[i+1:] {
		if at := r & blockMask; at != 0x3c && r != '\u200c' && r != '\u200d' {
			return at
		}
	}
	return -1
}

func afterVirama(word []rune, i int) bool { return i > 0 && word[i-1]&blockMask == virama }

// hasVowel says that the next consonant of a word has a vowel sign.
func hasVowel(word []rune, i int) bool {
	for ; i < len(word); i++ {
		if isConsonant(word[i] & blockMask) {
			next := nextSign(word, i)
			return firstSign <= next && next <= lastSign
		}
	}
	return false
}

// Widest gives the longest words that a value of a kind can take, to measure
// texts by. maxLen is as in [i18n.Widest].
func Widest(k i18n.Kind, maxLen int, l i18n.Lang) string {
	if k == i18n.Text {
		return widestText(l, maxLen)
	}
	widest, longest := "", time.Duration(-1)
	for digit := '0'; digit <= '9'; digit++ {
		raw := widestRaw(k, maxLen, string(digit))
		if raw == "" {
			continue
		}
		words := strings.Join(Value(l, i18n.Value{Kind: k, Raw: raw}), " ")
		if d := Length(l, words); d > longest {
			widest, longest = words, d
		}
	}
	return widest
}

// Lengths of values that no service bounds, as i18n.Widest has them.
const (
	defaultNumber = 9  // digits
	defaultCode   = 20 // characters
	defaultText   = 20 // characters
)

// widestRaw is a long value of a kind that is written with one digit; empty if
// there is none.
func widestRaw(k i18n.Kind, maxLen int, digit string) string {
	switch k {
	case i18n.Date:
		return widestDate(digit)
	case i18n.Time:
		if d := widestDate(digit); d != "" {
			return d + "T07:27:00Z"
		}
		return ""
	case i18n.Receipt:
		return strings.Repeat(digit, receiptDigits)
	case i18n.Code:
		return strings.Repeat(digit, cmp.Or(maxLen, defaultCode))
	}
	if digit == "0" {
		return ""
	}
	whole := strings.Repeat(digit, cmp.Or(maxLen, defaultNumber))
	if k == i18n.Money {
		return whole + "." + digit + digit
	}
	return whole
}

// widestDate is a date in a month with a long name; a digit stands for one of
// ten days.
func widestDate(digit string) string {
	months := [...]string{"02", "09", "01", "08", "02", "09", "12", "11", "10", "04"}
	days := [...]string{"28", "27", "31", "24", "26", "29", "22", "25", "30", "21"}
	at := digit[0] - '0'
	return "2037-" + months[at] + "-" + days[at]
}

// widestText is a name of a length in characters, as names of offices and
// schemes are.
func widestText(l i18n.Lang, length int) string {
	sample := "Krishnanagar Sadar Kisan Bazar "
	switch l {
	case i18n.Bengali:
		sample = "কৃষ্ণনগর সদর কিষাণ বাজার "
	case i18n.Hindi:
		sample = "कृष्णनगर सदर किसान बाज़ार "
	}
	length = cmp.Or(length, defaultText)
	letters := 0
	var b strings.Builder
	for letters < length {
		for _, r := range sample {
			if !unicode.IsMark(r) {
				if letters == length {
					return strings.TrimSpace(b.String())
				}
				letters++
			}
			b.WriteRune(r)
		}
	}
	return strings.TrimSpace(b.String())
}
