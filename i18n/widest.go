package i18n

import (
	"strings"
	"unicode/utf8"
)

// Sample lengths for values whose length is not bounded by the service.
const (
	defaultTextLength = 20 // characters
	defaultDigits     = 9  // of a number or an amount: crores
)

// Widest gives a sample of the widest value of a kind, as a reader sees it, to
// measure texts by when a service is loaded. maxLen bounds the canonical form:
// characters of a text or code, digits of a number, rupees or kilograms without
// decimals; 0 is 20 characters, or nine digits. A text is of letters of the
// language's script, which is the worst case for an SMS too.
func Widest(k Kind, maxLen int, f Format) string {
	switch k {
	case Text:
		return strings.Repeat(widestLetter(f.Lang), orDefault(maxLen, defaultTextLength))
	case Code:
		return Value{Code, nines(orDefault(maxLen, defaultTextLength))}.String(f)
	case Number:
		return Value{Number, nines(orDefault(maxLen, defaultDigits))}.String(f)
	case Money:
		return Value{Money, nines(orDefault(maxLen, defaultDigits)) + ".99"}.String(f)
	case Weight:
		return Value{Weight, nines(orDefault(maxLen, defaultDigits))}.String(f)
	case Date:
		return Value{Date, widestDate(f.Lang)}.String(f)
	case Time:
		return Value{Time, widestDate(f.Lang) + "T12:30:00Z"}.String(f)
	case Receipt:
		return Value{Receipt, nines(receiptDigits)}.String(f)
	}
	return ""
}

func orDefault(n, byDefault int) int {
	if n <= 0 {
		return byDefault
	}
	return n
}

func nines(n int) string { return strings.Repeat("9", n) }

func widestLetter(l Lang) string {
	switch l {
	case Bengali:
		return "ক"
	case Hindi:
		return "क"
	}
	return "W"
}

// widestDate is a canonical date with two digits of day in the month with the
// longest name.
func widestDate(l Lang) string {
	widest := 1
	for month := 2; month <= 12; month++ {
		if utf8.RuneCountInString(monthName(l, month)) > utf8.RuneCountInString(monthName(l, widest)) {
			widest = month
		}
	}
	return "2026-" + string([]byte{'0' + byte(widest/10), '0' + byte(widest%10)}) + "-28"
}

// Widest gives the text with, of each plural and selection, the branch that
// costs most, to check that a text always fits. Costs are compared branch by
// branch, with values taken as they come.
func (t *Template) Widest(f Format, vals Values, cost func(text string) int) string {
	return string(appendWidest(nil, t.nodes, f, vals, cost))
}

func appendWidest(dst []byte, nodes []node, f Format, vals Values, cost func(string) int) []byte {
	for i := range nodes {
		n := &nodes[i]
		if len(n.branches) == 0 {
			dst = appendNodes(dst, nodes[i:i+1], f, vals)
			continue
		}
		var widest []byte
		for _, b := range n.branches {
			text := appendWidest(nil, b.body, f, vals, cost)
			if widest == nil || cost(string(text)) > cost(string(widest)) {
				widest = text
			}
		}
		dst = append(dst, widest...)
	}
	return dst
}
