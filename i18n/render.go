package i18n

import (
	"strings"

	plurals "golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// Values finds the value of a slot by its name.
type Values func(name string) (Value, bool)

// Append appends the text for one reader. A slot without a value, also one that
// a plural or selection goes by, stays visible as "{name}". Nothing is
// allocated but what dst needs to grow (measured, see BenchmarkTemplate).
func (t *Template) Append(dst []byte, f Format, vals Values) []byte {
	return appendNodes(dst, t.nodes, f, vals)
}

// String gives the text for one reader.
func (t *Template) String(f Format, vals Values) string {
	return string(t.Append(make([]byte, 0, t.size+16*len(t.names)), f, vals))
}

func appendNodes(dst []byte, nodes []node, f Format, vals Values) []byte {
	for i := range nodes {
		n := &nodes[i]
		if n.kind == literal {
			dst = append(dst, n.text...)
			continue
		}
		v, ok := vals(n.name)
		switch {
		case !ok:
			dst = append(dst, '{')
			dst = append(dst, n.name...)
			dst = append(dst, '}')
		case n.kind == slot:
			dst = v.Append(dst, f)
		case n.kind == pound:
			dst = Value{Kind: countKind(v.Kind), Raw: v.Raw}.Append(dst, f)
		case n.kind == plural:
			dst = appendNodes(dst, pluralBranch(n.branches, v.Raw, f.Lang), f, vals)
		default:
			dst = appendNodes(dst, selectBranch(n.branches, v.Raw), f, vals)
		}
	}
	return dst
}

// countKind shows a count as a number even if it came as a text.
func countKind(k Kind) Kind {
	if k == Text || k == Code {
		return Number
	}
	return k
}

func selectBranch(branches []branch, raw string) []node {
	for i := range branches {
		if branches[i].key == raw {
			return branches[i].body
		}
	}
	return branches[len(branches)-1].body
}

func pluralBranch(branches []branch, raw string, l Lang) []node {
	category := other
	if d, ok := parseDecimal(raw); ok {
		for i := range branches {
			if branches[i].nth != "" && equalsDecimal(d, branches[i].nth) {
				return branches[i].body
			}
		}
		category = pluralCategory(d, l)
	}
	for i := range branches {
		if branches[i].nth == "" && branches[i].key == category {
			return branches[i].body
		}
	}
	return branches[len(branches)-1].body
}

// equalsDecimal compares by value, so that 1.00 is 1. canonical has no trailing
// zeros.
func equalsDecimal(d decimal, canonical string) bool {
	c, _ := parseDecimal(canonical)
	fraction := strings.TrimRight(d.fraction, "0")
	if d.whole == "0" && fraction == "" {
		d.negative = false
	}
	return d.negative == c.negative && d.whole == c.whole && fraction == c.fraction
}

// pluralCategory is CLDR's category of a number (UTS #35 part 3, section 5).
func pluralCategory(d decimal, l Lang) string {
	tag := language.English
	switch l {
	case Bengali:
		tag = language.Bengali
	case Hindi:
		tag = language.Hindi
	}
	trimmed := strings.TrimRight(d.fraction, "0")
	form := plurals.Cardinal.MatchPlural(tag, operand(d.whole), len(d.fraction), len(trimmed),
		operand(d.fraction), operand(trimmed))
	switch form {
	case plurals.Zero:
		return "zero"
	case plurals.One:
		return "one"
	case plurals.Two:
		return "two"
	case plurals.Few:
		return "few"
	case plurals.Many:
		return "many"
	}
	return other
}

// operand is a number modulo 10,000,000, all that plural rules look at. A
// multiple of that stays apart from 0 and 1.
func operand(digits string) int {
	n := 0
	for i := range len(digits) {
		if n = 10*n + int(digits[i]-'0'); n >= 20_000_000 {
			n = n%10_000_000 + 10_000_000
		}
	}
	return n
}
