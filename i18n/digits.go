package i18n

import (
	"strings"
	"unicode/utf8"
)

// First digits of the scripts that people type (Unicode, Nd).
const (
	bengaliZero    = '০' // U+09E6
	devanagariZero = '०' // U+0966
	fullWidthZero  = '０' // U+FF10
)

// ASCIIDigits gives s with Bengali, Devanagari and full-width digits as 0-9 and
// all else as it is. Nothing is allocated if nothing changes.
func ASCIIDigits(s string) string {
	first := strings.IndexFunc(s, func(r rune) bool {
		_, ok := digitOf(r)
		return ok && r > '9'
	})
	if first < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	b.WriteString(s[:first])
	for rest := s[first:]; rest != ""; {
		r, n := utf8.DecodeRuneInString(rest)
		if d, ok := digitOf(r); ok {
			b.WriteByte(d)
		} else {
			b.WriteString(rest[:n]) // octets that are not UTF-8 too
		}
		rest = rest[n:]
	}
	return b.String()
}

// digitOf gives the ASCII digit for a digit of any accepted script.
func digitOf(r rune) (byte, bool) {
	switch {
	case '0' <= r && r <= '9':
		return byte(r), true
	case bengaliZero <= r && r <= bengaliZero+9:
		return '0' + byte(r-bengaliZero), true
	case devanagariZero <= r && r <= devanagariZero+9:
		return '0' + byte(r-devanagariZero), true
	case fullWidthZero <= r && r <= fullWidthZero+9:
		return '0' + byte(r-fullWidthZero), true
	}
	return 0, false
}

// appendDigits appends s, with its ASCII digits in the script of f if f asks
// for native digits.
func appendDigits(dst []byte, s string, f Format) []byte {
	zero := f.zero()
	if zero == '0' {
		return append(dst, s...)
	}
	for i := range len(s) {
		dst = appendDigit(dst, s[i], zero)
	}
	return dst
}

// appendDigit appends one octet of a text, digits in the script that zero
// begins.
func appendDigit(dst []byte, c byte, zero rune) []byte {
	if zero == '0' || c < '0' || c > '9' {
		return append(dst, c)
	}
	// The zeros of both scripts and the nine digits after them are three
	// octets of UTF-8 that differ in the last one only.
	return append(dst, byte(0xe0|zero>>12), byte(0x80|zero>>6&0x3f), byte(0x80|zero&0x3f)+c-'0')
}

// isDigits says that s is not empty and ASCII digits only.
func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
