package dialogue

import (
	"strings"

	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/i18n"
)

func readHash(in *catalogue.Input, raw string) (string, *gateway.Part) {
	value := strings.ReplaceAll(strings.ReplaceAll(i18n.Fold(raw), " ", ""), ":", "")
	ok := len(value) >= max(in.MinLength, 1) && len(value) <= in.MaxLength
	for i := range len(value) {
		c := value[i]
		ok = ok && (c >= '0' && c <= '9' || c >= 'a' && c <= 'f')
	}
	if !ok {
		return "", ownWith("again-hash", map[string]i18n.Value{"least": numberValue(max(in.MinLength, 1))})
	}
	return value, nil
}

// readHost reads a site's name, also out of an address.
func readHost(in *catalogue.Input, raw string) (string, *gateway.Part) {
	host := i18n.Fold(raw)
	if _, after, found := strings.Cut(host, "://"); found {
		host = after
	}
	host, _, _ = strings.Cut(host, "/")
	host = strings.TrimSuffix(host, ".")
	if !isHost(host) || len(host) > in.MaxLength {
		return "", own("again-host")
	}
	return host, nil
}

// isHost says that s is a host name of two labels or more, in RFC 1123's letters.
func isHost(s string) bool {
	labels := strings.Split(s, ".")
	if len(labels) < 2 {
		return false
	}
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			c := label[i]
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return false
			}
		}
	}
	return !isDigits(labels[len(labels)-1])
}

// readCode reads a number of letters and digits by its pattern, also when it is
// written in groups.
func readCode(in *catalogue.Input, raw string) (string, *gateway.Part) {
	value := strings.Map(func(r rune) rune {
		if r == ' ' && !strings.ContainsRune(in.Pattern, ' ') || r == '-' && !strings.ContainsRune(in.Pattern, '-') {
			return -1
		}
		return r
	}, i18n.Fold(raw))
	value = cased(in, value)
	if !matches(in.Pattern, value) {
		return "", ownWith("again-code", map[string]i18n.Value{"sample": {Kind: i18n.Code, Raw: sample(in.Pattern)}})
	}
	return value, nil
}

func matches(pattern, value string) bool {
	if len(pattern) != len(value) {
		return false
	}
	for i := range len(pattern) {
		if !matchesOctet(pattern[i], value[i]) {
			return false
		}
	}
	return true
}

func matchesOctet(pattern, c byte) bool {
	switch pattern {
	case 'A':
		return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
	case '9':
		return c >= '0' && c <= '9'
	}
	return c == pattern
}

// sample is what a pattern looks like: AB12 for AA99.
func sample(pattern string) string {
	b := []byte(pattern)
	var letter, number byte
	for i, c := range b {
		switch c {
		case 'A':
			b[i] = 'A' + letter%26
			letter++
		case '9':
			b[i] = '1' + number%9
			number++
		}
	}
	return string(b)
}
