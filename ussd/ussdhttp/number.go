package ussdhttp

import (
	"bytes"
	"slices"
	"strings"

	"setu/gateway"
	"setu/i18n"
)

// defaultCountry is India's country code.
const defaultCountry = "91"

// readNumber reads a citizen's number in any of the forms that gateways use, so
// that it is the one that her SMS come from. country is put before national
// numbers.
func readNumber(b []byte, country string) (gateway.Address, bool) {
	number, err := i18n.ParseDialled(string(trimScheme(bytes.TrimSpace(b))), country)
	return gateway.Address(number), err == nil
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
