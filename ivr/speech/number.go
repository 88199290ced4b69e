package speech

import (
	"strings"

	"setu/i18n"
)

// maxSaid is the most digits of a number that are said as one: a thousand crore
// crore. Longer ones are read digit by digit.
const maxSaid = 15

// Number says a canonical decimal number, such as "1250000" or "-12.5", in words
// of the Indian system, each in one string. What is no such number gives nil.
func Number(l i18n.Lang, raw string) []string {
	t := tongueOf(l)
	whole, fraction, negative, ok := splitDecimal(raw)
	if !ok {
		return nil
	}
	var words []string
	if negative {
		words = append(words, t.minus)
	}
	words = append(words, t.cardinal(whole)...)
	if fraction != "" {
		words = append(words, t.point)
		words = t.digits(words, fraction)
	}
	return composed(words)
}

// splitDecimal takes a canonical decimal number apart.
func splitDecimal(raw string) (whole, fraction string, negative, ok bool) {
	raw, negative = strings.CutPrefix(raw, "-")
	whole, fraction, dotted := strings.Cut(raw, ".")
	if !isDigits(whole) || dotted && !isDigits(fraction) {
		return "", "", false, false
	}
	return whole, fraction, negative, true
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// cardinal says a whole number of ASCII digits.
func (t *tongue) cardinal(digits string) []string {
	digits = strings.TrimLeft(digits, "0")
	switch {
	case digits == "":
		return []string{t.below100[0]}
	case len(digits) > maxSaid:
		return t.digits(nil, digits)
	}
	n := 0
	for i := range len(digits) {
		n = 10*n + int(digits[i]-'0')
	}
	return t.count(nil, n)
}

// count says a number above 0.
func (t *tongue) count(words []string, n int) []string {
	for _, s := range t.scales {
		base := 1
		for range s.zeros {
			base *= 10
		}
		if n >= base {
			words = append(t.count(words, n/base), s.word)
			n %= base
		}
	}
	if n >= hundred { // with words for each hundred
		words = append(words, t.hundreds[n/hundred-1])
		n %= hundred
	}
	if n > 0 {
		words = append(words, t.below100[n])
	}
	return words
}

// digits says digits one by one.
func (t *tongue) digits(words []string, digits string) []string {
	for i := range len(digits) {
		words = append(words, t.below100[digits[i]-'0'])
	}
	return words
}

// Groups says a number that names something digit by digit, in groups of three
// and four with a pause between them, as people read numbers to each other.
// Letters are said by their names.
func Groups(l i18n.Lang, code string) []string {
	t := tongueOf(l)
	var words []string
	for code != "" {
		n := len(code) - len(strings.TrimLeft(code, "0123456789"))
		if n == 0 {
			if name := t.letter(code[0]); name != "" {
				words = append(words, name)
			}
			code = code[1:]
			if words != nil && isDigit(code) {
				words[len(words)-1] += ","
			}
			continue
		}
		words = t.groups(words, code[:n])
		code = code[n:]
		if code != "" {
			words[len(words)-1] += ","
		}
	}
	return composed(words)
}

func isDigit(s string) bool { return s != "" && '0' <= s[0] && s[0] <= '9' }

// letter is the name of a Latin letter; empty for what is none.
func (t *tongue) letter(c byte) string {
	if c |= 0x20; 'a' <= c && c <= 'z' {
		return t.letters[c-'a']
	}
	return ""
}

// maxGroup is how many digits people keep in mind at once.
const maxGroup = 4

// groups says digits in groups of nearly the same length, the longer ones first:
// ten digits are four, three and three.
func (t *tongue) groups(words []string, digits string) []string {
	for left := (len(digits) + maxGroup - 1) / maxGroup; left > 0; left-- {
		n := (len(digits) + left - 1) / left
		words = t.digits(words, digits[:n])
		if digits = digits[n:]; left > 1 {
			words[len(words)-1] += ","
		}
	}
	return words
}
