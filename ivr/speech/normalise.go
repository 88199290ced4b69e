package speech

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"setu/i18n"
)

// Normalise puts all that is not words in a written text into words: figures in
// three scripts, amounts, dates, times, receipt numbers, units, percent, ordinals
// and abbreviations. What is words stays, with its punctuation. The letters of
// Bengali that Unicode's NFC takes apart come whole, since espeak-ng loses the
// vowel behind the parts.
func Normalise(l i18n.Lang, text string) string {
	n := normaliser{tongue: tongueOf(l), rest: spaced(i18n.ASCIIDigits(text))}
	n.words = lexiconOf(l).said
	for n.rest != "" {
		n.next()
	}
	words := strings.Fields(compose(n.out.String()))
	for i, w := range words {
		words[i] = strings.TrimRight(w, "-") // of what a number followed, which stands apart
	}
	return closer.Replace(strings.Join(words, " "))
}

var (
	// closer takes away the space before punctuation.
	closer = strings.NewReplacer(" ,", ",", " .", ".", " ;", ";", " :", ":", " ?", "?", " !", "!", " ।", "।")
	// composer makes one character of a letter and its dot.
	composer = strings.NewReplacer("\u09af\u09bc", "\u09df", "\u09a1\u09bc", "\u09dc", "\u09a2\u09bc", "\u09dd")
)

// spaced gives text with what cannot be said as spaces.
func spaced(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case unicode.IsControl(r), r == utf8.RuneError, r == '\u00ad':
			return ' '
		}
		return r
	}, text)
}

// compose makes one character of a Bengali letter and its dot.
func compose(s string) string {
	if !strings.ContainsRune(s, '\u09bc') {
		return s
	}
	return composer.Replace(s)
}

// composed composes each word.
func composed(words []string) []string {
	for i := range words {
		words[i] = compose(words[i])
	}
	return words
}

// normaliser is a text under way.
type normaliser struct {
	*tongue
	words map[string]string // written word -> said
	rest  string
	out   strings.Builder
	money bool // a sign of rupees came just before
}

// next takes what comes next: a number, a word or a sign.
func (n *normaliser) next() {
	switch r, size := utf8.DecodeRuneInString(n.rest); {
	case isDigit(n.rest):
		n.number()
	case isLetter(r):
		n.word()
	case r == '₹':
		n.money = true
		n.rest = n.rest[size:]
	case r == '-' && len(n.rest) > 1 && isDigit(n.rest[1:]) && n.atGap():
		n.say(n.minus)
		n.rest = n.rest[1:]
	default:
		n.sign(r, size)
	}
}

// atGap says that nothing stands directly before what comes next.
func (n *normaliser) atGap() bool {
	s := n.out.String()
	return s == "" || s[len(s)-1] == ' '
}

// say adds words with space around them.
func (n *normaliser) say(words ...string) {
	for _, w := range words {
		if w != "" {
			n.out.WriteByte(' ')
			n.out.WriteString(w)
		}
	}
}

// sign takes a character that is neither a digit nor a letter: punctuation stays,
// what has a name is said, and anything else is silent.
func (n *normaliser) sign(r rune, size int) {
	n.rest = n.rest[size:]
	switch {
	case r == '\n':
		n.out.WriteString(" . ")
	case r == '%':
		n.say(n.percent)
	case r == '.' && n.within():
		n.say(n.dot)
		n.out.WriteByte(' ')
	case isStop(r), strings.ContainsRune(",;:", r):
		n.out.WriteRune(r)
	case r == '(' || r == ')' || r == '–' || r == '—':
		n.out.WriteString(", ")
	case r == '-' && n.within():
		n.out.WriteRune(r)
	case r == '\'' || r == '’' || r == '\u200c' || r == '\u200d':
		n.out.WriteRune(r)
	default:
		n.out.WriteByte(' ')
	}
}

// within says that a word or number goes on behind the dot that was just taken.
func (n *normaliser) within() bool {
	next, _ := utf8.DecodeRuneInString(n.rest)
	s := n.out.String()
	last, _ := utf8.DecodeLastRuneInString(s)
	return s != "" && (isLetter(last) || unicode.IsDigit(last)) && (isLetter(next) || unicode.IsDigit(next))
}

// word takes a word, or what the lexicon has for it: an abbreviation with its
// dots and hyphens goes before the word alone.
func (n *normaliser) word() {
	end := strings.IndexFunc(n.rest, func(r rune) bool { return !isLetter(r) && r != '\u200c' && r != '\u200d' })
	if end < 0 {
		end = len(n.rest)
	}
	for _, stop := range [...]int{n.joined(end), n.dotted(end), end} {
		if stop == 0 {
			continue
		}
		written := n.rest[:stop]
		if written == "Rs" || written == "Rs." || written == "INR" {
			n.money = isDigit(strings.TrimLeft(n.rest[stop:], " "))
			n.rest = n.rest[stop:]
			if !n.money {
				n.say(n.rupees)
			}
			return
		}
		if said, ok := n.words[fold(written)]; ok {
			n.say(said)
			n.rest = n.rest[stop:]
			return
		}
	}
	written := n.rest[:end]
	n.rest = n.rest[end:]
	n.out.WriteString(written)
}

// joined is the end of a word that goes on behind hyphens, such as PM-KISAN; 0 if
// there is none.
func (n *normaliser) joined(end int) int {
	for end+1 < len(n.rest) && n.rest[end] == '-' {
		more := strings.IndexFunc(n.rest[end+1:], func(r rune) bool { return !isLetter(r) && !unicode.IsDigit(r) })
		switch {
		case more == 0:
			return 0
		case more < 0:
			return len(n.rest)
		}
		end += 1 + more
		if n.rest[end] != '-' {
			return end
		}
	}
	return 0
}

// dotted is the end of a word with the dot behind it; 0 if there is none.
func (n *normaliser) dotted(end int) int {
	if end < len(n.rest) && n.rest[end] == '.' {
		return end + 1
	}
	return 0
}

// fold is how words are compared with the lexicon: without regard to capitals,
// in NFC.
func fold(word string) string { return strings.ToLower(i18n.NFC(word)) }

// number takes a number with all that belongs to it.
func (n *normaliser) number() {
	run := n.rest[:numberEnd(n.rest)]
	money := n.money
	n.money = false
	for _, read := range [...]func(string) ([]string, int){n.readReceipt, n.readDate, n.readClock, n.readRange} {
		if words, size := read(run); size > 0 {
			n.say(words...)
			n.rest = n.rest[size:]
			n.apart()
			return
		}
	}
	words, size := n.readAmount(run, money)
	n.rest = n.rest[size:]
	if ordinal, size := n.ordinal(run[:min(len(run), size)]); size > 0 {
		words = []string{ordinal}
		n.rest = n.rest[size:]
	}
	n.say(words...)
	n.apart()
}

// apart leaves a space between a number and what follows: a unit as in "5kg", but
// not punctuation or an ending as in "10টি".
func (n *normaliser) apart() {
	r, _ := utf8.DecodeRuneInString(n.rest)
	if r < utf8.RuneSelf && isLetter(r) || !isLetter(r) && !isPause(r) {
		n.out.WriteByte(' ')
	}
}

// numberEnd is where a run of digits ends that have one of , . - / : between
// them.
func numberEnd(s string) int {
	end := 0
	for i := 0; i < len(s); i++ {
		switch {
		case isDigit(s[i:]):
			end = i + 1
		case i == end && strings.IndexByte(",.-/:", s[i]) >= 0:
		default:
			return end
		}
	}
	return end
}

// receiptGroup and receiptDigits are how a receipt number is written: 4-4-4.
const (
	receiptGroup  = 4
	receiptDigits = 12
)

func (n *normaliser) readReceipt(run string) ([]string, int) {
	const long = receiptDigits + receiptDigits/receiptGroup - 1
	if len(run) != long || run[receiptGroup] != '-' || run[2*receiptGroup+1] != '-' {
		return nil, 0
	}
	digits := strings.ReplaceAll(run, "-", "")
	if !isDigits(digits) || len(digits) != receiptDigits {
		return nil, 0
	}
	return n.groups(nil, digits), long
}

func (n *normaliser) readDate(run string) ([]string, int) {
	for _, sep := range [...]string{"-", "/", "."} {
		if strings.Count(run, sep) != 2 {
			continue
		}
		for _, layout := range [...]string{"2-1-2006", "2006-1-2"} {
			d, err := time.Parse(strings.ReplaceAll(layout, "-", sep), run)
			if err == nil {
				return n.day(d), len(run)
			}
		}
	}
	return nil, 0
}

func (n *normaliser) readClock(run string) ([]string, int) {
	if len(run) != len("15:04") || run[2] != ':' {
		return nil, 0
	}
	at, err := time.Parse("15:04", run)
	if err != nil {
		return nil, 0
	}
	return n.clock(at.Hour(), at.Minute()), len(run)
}

// readRange reads "1-3".
func (n *normaliser) readRange(run string) ([]string, int) {
	from, to, ok := strings.Cut(run, "-")
	if !ok || !isDigits(from) || !isDigits(to) || len(from) > maxSpoken || len(to) > maxSpoken {
		return nil, 0
	}
	return append(append(n.cardinal(from), n.to), n.cardinal(to)...), len(run)
}

// maxSpoken is the most digits that a number without commas has: a longer run is
// a number that names something, such as a card's.
const maxSpoken = 5

// readAmount reads a number with commas and a point, or a code.
func (n *normaliser) readAmount(run string, money bool) ([]string, int) {
	size := amountEnd(run)
	plain := strings.ReplaceAll(run[:size], ",", "")
	whole, fraction, _ := strings.Cut(plain, ".")
	named := !strings.ContainsAny(run[:size], ",.") && (len(whole) > maxSpoken || len(whole) > 1 && whole[0] == '0')
	switch {
	case money && len(fraction) <= 2:
		return n.tongue.money(plain, ""), size
	case named:
		return n.groups(nil, whole), size
	case fraction != "":
		return n.digits(append(n.cardinal(whole), n.point), fraction), size
	}
	return n.cardinal(whole), size
}

// amountEnd is where a number with groups of digits and a fraction ends.
func amountEnd(run string) int {
	end := 0
	for end < len(run) && (isDigit(run[end:]) || run[end] == ',' && end+1 < len(run) && isDigit(run[end+1:])) {
		end++
	}
	if end+1 < len(run) && run[end] == '.' && isDigit(run[end+1:]) {
		end++
		for end < len(run) && isDigit(run[end:]) {
			end++
		}
	}
	return end
}
