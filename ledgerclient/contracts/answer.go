package contracts

import (
	"strings"
	"time"

	"setu/i18n"
	"setu/ledgerclient"
)

// answer makes an answer of a code and pairs of name and value.
func answer(code string, pairs ...string) ledgerclient.Answer {
	a := ledgerclient.Answer{Code: code, Fields: make(map[string]string, 8+len(pairs)/2)}
	for i := 0; i+1 < len(pairs); i += 2 {
		a.Fields[pairs[i]] = pairs[i+1]
	}
	return a
}

// invalid refuses an argument.
func invalid(field string) ledgerclient.Answer { return answer(codeInvalid, "field", field) }

// pick copies the named fields of a record to a. A name that ends in ".*"
// takes the name in all languages. Fields that the record lacks are left out.
func pick(a ledgerclient.Answer, r ledgerclient.Record, names ...string) ledgerclient.Answer {
	for _, n := range names {
		prefix, all := strings.CutSuffix(n, "*")
		for i := range r {
			if r[i].Name == n || all && strings.HasPrefix(r[i].Name, prefix) {
				a.Fields[r[i].Name] = r[i].Value
			}
		}
	}
	return a
}

// isNumber says that s is an ASCII number of so many digits with its mod-11
// check digit.
func isNumber(s string, digits int) bool {
	return len(s) == digits && i18n.CheckDigit("mod11", s)
}

// isDigits says that s is min to max ASCII digits.
func isDigits(s string, minimum, maximum int) bool {
	if len(s) < minimum || len(s) > maximum {
		return false
	}
	return strings.Trim(s, "0123456789") == ""
}

// isSlug says that s is a short code of small ASCII letters, digits and dashes.
func isSlug(s string) bool {
	if s == "" || len(s) > 40 {
		return false
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// isDate says that s is a date as 2006-01-02.
func isDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}
