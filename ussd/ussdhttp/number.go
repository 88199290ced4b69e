package ussdhttp

import (
	"bytes"
	"slices"
	"strings"

	"setu/gateway"
)

// The length of a number in E.164 without its plus sign (ITU-T E.164, 6.2.1);
// the least is that of the shortest national plans with their country code.
const (
	leastDigits = 7
	mostDigits  = 15
	// nationalDigits is the most that a number without its country code has in
	// India (Telecommunication's National Numbering Plan: ten).
	nationalDigits = 10
)

// readNumber reads a citizen's number in any of the forms that gateways use.
// country is put before national numbers, if it is not "".
func readNumber(b []byte, country string) (gateway.Address, bool) {
	b = bytes.TrimSpace(b)
	b = bytes.TrimSpace(trimScheme(b))
	plus := bytes.HasPrefix(b, []byte("+"))
	b = bytes.TrimPrefix(b, []byte("+"))
	if !plus {
		b, plus = bytes.CutPrefix(b, []byte("00"))
	}
	if !digits(b) {
		return "", false
	}
	national := !plus && country != "" && (b[0] == '0' || len(b) <= nationalDigits)
	if national {
		b = bytes.TrimLeft(b, "0")
		return checked("+" + country + string(b))
	}
	return checked("+" + string(b))
}

// checked gives the number if it has an E.164 number's length and beginning.
func checked(n string) (gateway.Address, bool) {
	if len(n)-1 < leastDigits || len(n)-1 > mostDigits || n[1] == '0' {
		return "", false
	}
	return gateway.Address(n), true
}

func digits(b []byte) bool {
	return len(b) > 0 && !slices.ContainsFunc(b, func(c byte) bool { return c < '0' || c > '9' })
}

// trimScheme drops "tel:" (RFC 3966) before a number or a code.
func trimScheme(b []byte) []byte {
	if len(b) >= 4 && strings.EqualFold(string(b[:4]), "tel:") {
		return b[4:]
	}
	return b
}

// write gives a number with its plus sign, or a code, in a form.
func (f form) write(s string) string {
	bare := strings.TrimPrefix(s, "+")
	switch f {
	case formPlus:
		return "+" + bare
	case formTel:
		return "tel:" + bare
	case formTelPlus:
		return "tel:+" + bare
	case formDialled:
		return "*" + bare + "#"
	}
	return bare
}

// write gives the text of a first request: code and what was dialled behind it.
func (d dialled) write(code, rest string) string {
	both := code
	if rest != "" {
		both += "*" + rest
	}
	switch d {
	case dialledRest:
		return rest
	case dialledBare:
		return both
	case dialledString:
		return "*" + both + "#"
	}
	return ""
}

// readCode reads a service code in any of the forms that gateways use: without
// *, # and "tel:".
func readCode(b []byte) string {
	b = bytes.TrimSpace(trimScheme(bytes.TrimSpace(b)))
	b = bytes.TrimLeft(b, "*#") // some networks dial #51969#
	return string(bytes.TrimSuffix(b, []byte("#")))
}

// behind gives what was dialled behind a code: "1*2" of "51969*1*2". ok says
// that the code was dialled at all.
func behind(dialled, code string) (rest string, ok bool) {
	rest, ok = strings.CutPrefix(dialled, code)
	if !ok || code == "" {
		return "", false
	}
	if rest == "" {
		return "", true
	}
	return strings.CutPrefix(rest, "*")
}
