package dialogue

import (
	"errors"
	"strings"
	"time"
	"unicode"

	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/i18n"
)

// spans are how many tokens a value of each type may take: people write
// "2 Nov 2026", "98300 00001" and "1000 0000 01".
const (
	dateSpan  = 3
	phoneSpan = 4
	digitSpan = 5
	hashSpan  = 16
)

// takeValue reads a typed value from the front of a message.
func takeValue(in *catalogue.Input, msg *said, now time.Time) (value string, n int, reason *gateway.Part) {
	switch in.Type {
	case catalogue.InputText:
		value, reason = readText(in, msg.rest())
		return value, len(msg.tokens), reason
	case catalogue.InputNumber, catalogue.InputMoney:
		return takeNumber(in, msg)
	case catalogue.InputDate:
		return takeSpan(msg, dateSpan, func(raw string) (string, *gateway.Part) { return readDate(in, raw, now) })
	case catalogue.InputPhone:
		return takeSpan(msg, phoneSpan, readPhone)
	case catalogue.InputHash:
		return takeSpan(msg, hashSpan, func(raw string) (string, *gateway.Part) { return readHash(in, raw) })
	case catalogue.InputHost:
		return takeSpan(msg, 1, func(raw string) (string, *gateway.Part) { return readHost(in, raw) })
	case catalogue.InputCode:
		return takeSpan(msg, dateSpan, func(raw string) (string, *gateway.Part) { return readCode(in, raw) })
	}
	return takeDigits(in, msg)
}

// takeSpan tries the longest run of tokens first. The reason is that of the
// first token alone.
func takeSpan(msg *said, most int, read func(string) (string, *gateway.Part)) (value string, n int, reason *gateway.Part) {
	for n = min(most, len(msg.tokens)); n > 0; n-- {
		if value, reason = read(msg.raw(n)); reason == nil {
			return value, n, nil
		}
	}
	return "", 0, reason
}

// takeDigits reads a number that names something. One that is written in
// groups is put together, but only if its first group is not a number itself.
func takeDigits(in *catalogue.Input, msg *said) (value string, n int, reason *gateway.Part) {
	joined := ""
	for n = 1; n <= min(digitSpan, len(msg.tokens)); n++ {
		group := strings.Map(dropSeparators, msg.tokens[n-1].folded)
		if !isDigits(group) {
			break
		}
		joined += group
		if reason = checkDigits(in, joined); reason == nil {
			return joined, n, nil
		}
	}
	if joined == "" {
		reason = checkDigits(in, "")
	}
	return "", 0, reason
}

func dropSeparators(r rune) rune {
	switch r {
	case '-', '.', '/', '–':
		return -1
	}
	return r
}

func checkDigits(in *catalogue.Input, value string) *gateway.Part {
	switch {
	case len(value) >= max(in.MinLength, 1) && len(value) <= in.MaxLength:
		if in.Check != "" && !i18n.CheckDigit(in.Check, value) {
			return own("again-check")
		}
		return nil
	case in.MinLength == in.MaxLength:
		return ownWith("again-digits", map[string]i18n.Value{"length": numberValue(in.MaxLength)})
	}
	return ownWith("again-digits-range", map[string]i18n.Value{
		"least": numberValue(max(in.MinLength, 1)), "most": numberValue(in.MaxLength),
	})
}

// takeNumber reads a number or an amount, with its unit if one is written:
// "1,500", "Rs 1500", "500 kg". Commas within a number are no separators.
func takeNumber(in *catalogue.Input, msg *said) (value string, n int, reason *gateway.Part) {
	skip := 0
	if len(msg.tokens) > 1 && unitOf(in, msg.tokens[0].folded) {
		skip = 1
	}
	rest := msg.from(skip)
	for n = commaRun(&rest); n > 0; n-- {
		if value, reason = readNumber(in, rest.raw(n)); reason == nil {
			break
		}
	}
	if reason != nil {
		return "", 0, reason
	}
	n += skip
	if n < len(msg.tokens) && unitOf(in, msg.tokens[n].folded) {
		n++
	}
	return value, n, nil
}

// commaRun is how many tokens at the front have only a comma between them.
func commaRun(msg *said) int {
	n := 1
	for n < len(msg.tokens) && msg.text[msg.tokens[n-1].end:msg.tokens[n].start] == "," {
		n++
	}
	return n
}

// unitOf says that a word is the unit that the input is counted in anyway.
func unitOf(in *catalogue.Input, folded string) bool {
	switch folded {
	case "rs", "rupees", "rupee", "inr", "taka", "tk", "টাকা", "রুপি", "रुपये", "रुपए", "रुपया", "रु":
		return in.Type == catalogue.InputMoney
	case "kg", "kgs", "kilo", "kilogram", "কেজি", "কিলো", "কিলোগ্রাম", "किलो", "किग्रा", "किलोग्राम":
		return in.Type == catalogue.InputNumber
	}
	return false
}

func readNumber(in *catalogue.Input, raw string) (string, *gateway.Part) {
	number := i18n.Fold(raw)
	if cut := strings.LastIndexFunc(number, unicode.IsDigit) + 1; cut > 0 && unitOf(in, i18n.Fold(number[cut:])) {
		number = number[:cut]
	}
	parse, key := i18n.ParseNumber, "again-number"
	if in.Type == catalogue.InputMoney {
		parse, key = i18n.ParseMoney, "again-money"
	}
	value, err := parse(number)
	if err != nil || !within(value, in.Min, in.Max) {
		return "", ownWith(key, map[string]i18n.Value{
			"least": {Kind: i18n.Number, Raw: in.Min}, "most": {Kind: i18n.Number, Raw: in.Max},
		})
	}
	if _, fraction, _ := strings.Cut(value, "."); len(fraction) > in.Decimals {
		return "", ownWith("again-decimals", map[string]i18n.Value{"count": numberValue(in.Decimals)})
	}
	return value, nil
}

// within compares canonical decimal numbers, none of them below 0.
func within(value, least, most string) bool {
	return !strings.HasPrefix(value, "-") && !below(value, least) && !below(most, value)
}

// below says that a < b.
func below(a, b string) bool {
	wholeA, fractionA, _ := strings.Cut(a, ".")
	wholeB, fractionB, _ := strings.Cut(b, ".")
	if len(wholeA) != len(wholeB) {
		return len(wholeA) < len(wholeB)
	}
	if wholeA != wholeB {
		return wholeA < wholeB
	}
	return strings.TrimRight(fractionA, "0") < strings.TrimRight(fractionB, "0")
}

func readDate(in *catalogue.Input, raw string, now time.Time) (string, *gateway.Part) {
	value, err := i18n.ParseDate(raw, now)
	switch {
	case errors.Is(err, i18n.ErrAmbiguousDate):
		return "", own("again-day")
	case err != nil:
		return "", own("again-date")
	}
	today, err := i18n.ParseDate("today", now)
	switch {
	case err != nil:
		return "", own("again-date")
	case in.When == "past" && value > today:
		return "", own("again-past")
	case in.When == "future" && value < today:
		return "", own("again-future")
	}
	return value, nil
}

func readPhone(raw string) (string, *gateway.Part) {
	value, err := i18n.ParsePhone(raw)
	if err != nil {
		return "", own("again-phone")
	}
	return value, nil
}

func readText(in *catalogue.Input, raw string) (string, *gateway.Part) {
	text := strings.Join(strings.Fields(strings.Map(printable, raw)), " ")
	switch {
	case !strings.ContainsFunc(text, unicode.IsLetter):
		return "", own("again-text")
	case tooWide(text, in.MaxLength):
		return "", ownWith("again-long", map[string]i18n.Value{"most": numberValue(in.MaxLength)})
	}
	return cased(in, text), nil
}

// printable drops control characters; white space stays.
func printable(r rune) rune {
	if unicode.IsControl(r) && !unicode.IsSpace(r) {
		return -1
	}
	return r
}

func cased(in *catalogue.Input, s string) string {
	switch {
	case in.Upper:
		return strings.ToUpper(s)
	case in.Lower:
		return strings.ToLower(s)
	}
	return s
}
