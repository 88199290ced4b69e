package i18n

import (
	"errors"
	"strings"
)

// Errors of what people type. They never hold what was typed.
var (
	// ErrNotNumber says that a text is not a decimal number of at most
	// [MaxWholeDigits] and [MaxFractionDigits].
	ErrNotNumber = errors.New("i18n: not a number")
	// ErrNotMoney says that a text is not an amount of rupees and paise.
	ErrNotMoney = errors.New("i18n: not an amount of money")
	// ErrNotPhone says that a text is not a telephone number.
	ErrNotPhone = errors.New("i18n: not a telephone number")
)

// Bounds of a number that people type.
const (
	MaxWholeDigits    = 18 // the most that always fit 64 bits
	MaxFractionDigits = 9
)

// ParseNumber reads a number as people type it: digits of three scripts, Indian
// or Western grouping with commas, decimals, a full stop or danda after it. The
// result is canonical: "-1234.5", no leading zero, no trailing zero of
// decimals, no "-0". The error is [ErrNotNumber].
func ParseNumber(s string) (string, error) {
	s = strings.Map(visible, ASCIIDigits(s))
	s = strings.TrimRight(strings.TrimSpace(s), ".। ")
	s, negative := strings.CutPrefix(s, "-")
	if !negative {
		s, negative = strings.CutPrefix(s, "−") // the sign that word processors put
	}
	if !negative {
		s = strings.TrimPrefix(s, "+")
	}
	whole, fraction, dotted := strings.Cut(s, ".")
	whole, ok := ungroup(whole)
	if !ok || whole+fraction == "" || dotted && !isDigits(fraction) || len(fraction) > MaxFractionDigits {
		return "", ErrNotNumber
	}
	whole = strings.TrimLeft(whole, "0")
	fraction = strings.TrimRight(fraction, "0")
	if len(whole) > MaxWholeDigits {
		return "", ErrNotNumber
	}
	if whole == "" {
		whole = "0"
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if negative && whole != "0" {
		whole = "-" + whole
	}
	return whole, nil
}

// visible drops what cannot be seen, for strings.Map.
func visible(r rune) rune {
	if isInvisible(r) {
		return -1
	}
	return r
}

// ungroup drops grouping commas. Groups must be all of three digits (Western)
// or the last of three and those before of two (Indian), so that a decimal
// comma is not read as a thousand.
func ungroup(s string) (string, bool) {
	if !strings.Contains(s, ",") {
		return s, s == "" || isDigits(s)
	}
	groups := strings.Split(s, ",")
	western, indian := true, true
	for i, g := range groups {
		if !isDigits(g) {
			return "", false
		}
		switch {
		case i == 0:
			western = len(g) <= 3
			indian = len(g) <= 2
		case i == len(groups)-1:
			western = western && len(g) == 3
			indian = indian && len(g) == 3
		default:
			western = western && len(g) == 3
			indian = indian && len(g) == 2
		}
	}
	return strings.Join(groups, ""), western || indian
}

// ParseMoney reads an amount of rupees as people type it: a number that is not
// negative, with or without the unit before or after it ("Rs. 1,500/-",
// "১৫০০ টাকা", "१५०० रुपये"). The result is canonical: "1500", or with paise
// "1500.50". The error is [ErrNotMoney].
func ParseMoney(s string) (string, error) {
	s = strings.ToLower(NFC(strings.Map(visible, ASCIIDigits(s))))
	first := strings.IndexAny(s, "0123456789")
	last := strings.LastIndexAny(s, "0123456789")
	if first < 0 {
		return "", ErrNotMoney
	}
	before, after := s[:first], s[last+1:]
	if strings.HasSuffix(before, "-") || !isRupee(before) || !isRupee(after) {
		return "", ErrNotMoney
	}
	n, err := ParseNumber(s[first : last+1])
	if err != nil {
		return "", ErrNotMoney
	}
	whole, fraction, _ := strings.Cut(n, ".")
	switch len(fraction) {
	case 0:
		return whole, nil
	case 1:
		return n + "0", nil
	case 2:
		return n, nil
	}
	return "", ErrNotMoney
}

// isRupee says that what stands beside an amount is nothing or the word for
// rupees.
func isRupee(s string) bool {
	switch strings.Trim(s, " \t\n.,:;/=-।") {
	case "", "rs", "re", "inr", "₹", "rupee", "rupees", "rupaye", "taka", "tk",
		"টাকা", "টাকার", "টা", "রু", "৳", "रुपये", "रुपए", "रुपया", "रु", "रू":
		return true
	}
	return false
}

// Lengths of E.164 numbers, in digits after the plus.
const (
	minPhoneDigits    = 8  // the shortest in use with country code
	maxPhoneDigits    = 15 // ITU-T E.164 (11/2010) 6.2.1
	indianPhoneDigits = 10 // national significant number of an Indian mobile
)

// ParsePhone reads a telephone number as people type it and gives it in E.164
// form, "+919812345678". A number without a country code is an Indian mobile:
// ten digits that begin with 6 to 9 (National Numbering Plan 2003), with or
// without the trunk prefix 0. A number of another country begins with + or 00.
// The error is [ErrNotPhone].
func ParsePhone(s string) (e164 string, err error) {
	if !isDigits(strings.TrimPrefix(s, "+")) { // as networks give it, and most people
		s = strings.Map(phoneRune, strings.TrimSpace(ASCIIDigits(s)))
	}
	digits, foreign := strings.CutPrefix(s, "+")
	if !foreign {
		digits, foreign = strings.CutPrefix(s, "00")
	}
	if !isDigits(digits) {
		return "", ErrNotPhone
	}
	if national, ok := strings.CutPrefix(digits, "91"); ok && (foreign || len(national) == indianPhoneDigits) {
		return indianPhone(national)
	}
	if foreign {
		if len(digits) < minPhoneDigits || len(digits) > maxPhoneDigits || digits[0] == '0' {
			return "", ErrNotPhone
		}
		return "+" + digits, nil
	}
	return indianPhone(strings.TrimPrefix(digits, "0"))
}

// ParseDialled reads a telephone number as networks write it, in E.164 form: with
// +, with 00, with country before it, without, or with the trunk prefix 0. country
// is the one of a number that comes without, such as 91. Unlike [ParsePhone] it
// takes Indian fixed lines too: people call from them. The error is [ErrNotPhone].
func ParseDialled(s, country string) (e164 string, err error) {
	digits, full := strings.CutPrefix(strings.TrimSpace(s), "+")
	if !full {
		digits, full = strings.CutPrefix(digits, "00")
	}
	if !isDigits(digits) {
		return "", ErrNotPhone
	}
	if !full && (digits[0] == '0' || len(digits) <= indianPhoneDigits) {
		digits = country + strings.TrimLeft(digits, "0")
	}
	if national, ok := strings.CutPrefix(digits, "91"); ok && isIndianFixedLine(national) {
		return "+" + digits, nil
	}
	return ParsePhone("+" + digits)
}

// isIndianFixedLine says that ten digits begin with an area code, which are 11, for
// Delhi, and 2 to 8 (National Numbering Plan 2003).
func isIndianFixedLine(national string) bool {
	return len(national) == indianPhoneDigits && (national[0] >= '2' || strings.HasPrefix(national, "11"))
}

func indianPhone(national string) (string, error) {
	if len(national) != indianPhoneDigits || national[0] < '6' {
		return "", ErrNotPhone
	}
	return "+91" + national, nil
}

// phoneRune drops what people put between the digits of a telephone number, for
// strings.Map.
func phoneRune(r rune) rune {
	switch r {
	case ' ', '-', '.', '(', ')', '/', '\u00a0', '‐', '‑', '–':
		return -1
	}
	return visible(r)
}
