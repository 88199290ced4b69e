package dialogue

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"setu/gateway/catalogue"
	"setu/i18n"
)

// Bounds of a message.
const (
	maxOctets = 8 << 10 // of text; the longest input is 500 characters
	maxTokens = 24      // that can fill inputs
)

// said is a message cut into tokens.
type said struct {
	text   string // NFC, without spaces at the ends
	tokens []token
}

// token is one word or number of a message.
type token struct {
	folded     string
	start, end int // in the text
}

// parse cuts a message at spaces, commas, * and #.
func parse(raw string) said {
	s := said{text: strings.TrimSpace(i18n.NFC(raw))}
	start := -1
	for i, r := range s.text {
		switch between := r == ',' || r == '*' || r == '#' || unicode.IsSpace(r); {
		case between && start >= 0:
			s.add(start, i)
			start = -1
		case !between && start < 0:
			start = i
		}
	}
	if start >= 0 {
		s.add(start, len(s.text))
	}
	return s
}

func (s *said) add(start, end int) {
	if len(s.tokens) == maxTokens {
		return
	}
	if folded := i18n.Fold(s.text[start:end]); folded != "" {
		s.tokens = append(s.tokens, token{folded: folded, start: start, end: end})
	}
}

// blank says that a message has neither letters nor digits.
func (s *said) blank() bool {
	return !strings.ContainsFunc(s.text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}

// from is the message without its first n tokens.
func (s *said) from(n int) said { return said{text: s.text, tokens: s.tokens[n:]} }

// phrase is the first n tokens as they are compared.
func (s *said) phrase(n int) string {
	if n == 1 {
		return s.tokens[0].folded
	}
	var b strings.Builder
	for i, t := range s.tokens[:n] {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(t.folded)
	}
	return b.String()
}

// raw is the first n tokens as they were written, with what stands between.
func (s *said) raw(n int) string { return s.text[s.tokens[0].start:s.tokens[n-1].end] }

// rest is all from the first token on, as it was written.
func (s *said) rest() string {
	if len(s.tokens) == 0 {
		return ""
	}
	return s.text[s.tokens[0].start:]
}

// number says that the message is one token of digits.
func (s *said) number() bool {
	return len(s.tokens) == 1 && isDigits(s.tokens[0].folded)
}

// is says that the message is this number and nothing else.
func (s *said) is(number string) bool { return s.number() && s.tokens[0].folded == number }

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// word finds the command or keyword that the message begins with, and how many
// tokens it takes. A keyword may be written together with its number.
func (e *Engine) word(s *said) (w catalogue.Word, n int) {
	for n = min(len(s.tokens), e.words.WordsLong()); n > 0; n-- {
		if w, ok := e.words.Word(s.phrase(n)); ok {
			return w, n
		}
	}
	if len(s.tokens) == 0 {
		return catalogue.Word{}, 0
	}
	first := s.tokens[0].folded
	cut := strings.IndexFunc(first, func(r rune) bool { return '0' <= r && r <= '9' })
	if cut <= 0 || !isDigits(first[cut:]) {
		return catalogue.Word{}, 0
	}
	w, ok := e.words.Word(strings.TrimRight(first[:cut], "-.:"))
	if !ok || w.Service == nil {
		return catalogue.Word{}, 0
	}
	s.split(cut)
	return w, 1
}

// split makes two tokens of the first, after cut octets of its folded form.
func (s *said) split(cut int) {
	first := s.tokens[0]
	letters := utf8.RuneCountInString(first.folded[cut:])
	at := first.end
	for range letters {
		_, size := utf8.DecodeLastRuneInString(s.text[:at])
		at -= size
	}
	if at <= first.start {
		return
	}
	number := token{folded: first.folded[cut:], start: at, end: first.end}
	first.folded, first.end = first.folded[:cut], at
	s.tokens = append([]token{first, number}, s.tokens[1:]...)
}
