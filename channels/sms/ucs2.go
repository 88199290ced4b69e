package sms

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	byteOrderMark    = 0xfeff
	swappedOrderMark = 0xfffe // the mark as read in the wrong order; never a character
)

// appendUCS2 appends a text as UTF-16, big endian, without byte order mark.
// The standard's UCS-2 has no surrogates, but all phones that show emoji take
// them.
func appendUCS2(dst []byte, text string) []byte {
	for _, r := range text {
		if r > 0xffff {
			high, low := utf16.EncodeRune(r)
			dst = append(dst, byte(high>>8), byte(high), byte(low>>8), byte(low))
			continue
		}
		dst = append(dst, byte(r>>8), byte(r))
	}
	return dst
}

// decodeUCS2 reads UTF-16, big endian unless the first unit is the mark of the
// other order.
func decodeUCS2(b []byte) (string, error) {
	units, little := trimUCS2(b)
	var text strings.Builder
	text.Grow(len(units) + len(units)/2 + 3) // three octets of UTF-8 a unit
	lone := 0
	for len(units) > 0 {
		r := unit(units, little)
		units = units[2:]
		if utf16.IsSurrogate(r) {
			low := rune(0)
			if len(units) > 0 {
				low = unit(units, little)
			}
			if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
				lone++
			} else {
				units = units[2:]
			}
		}
		text.WriteRune(r)
	}
	switch {
	case len(b)%2 != 0:
		text.WriteRune(utf8.RuneError)
		return text.String(), fmt.Errorf("%w: odd number of octets", ErrDecode)
	case lone > 0:
		return text.String(), fmt.Errorf("%w: %d lone surrogates", ErrDecode, lone)
	}
	return text.String(), nil
}

// trimUCS2 drops byte order marks at the start, NULs at the end and a last half
// unit, and says whether the mark is that of little endian.
func trimUCS2(b []byte) (units []byte, little bool) {
	units = b[:len(b)&^1]
	little = len(units) > 0 && unit(units, false) == swappedOrderMark
	for len(units) > 0 && isOrderMark(unit(units, little)) {
		units = units[2:]
	}
	for len(units) > 0 && unit(units[len(units)-2:], little) == 0 {
		units = units[:len(units)-2]
	}
	return units, little
}

func isOrderMark(r rune) bool { return r == byteOrderMark || r == swappedOrderMark }

// unit reads the first two octets.
func unit(b []byte, little bool) rune {
	if little {
		return rune(b[1])<<8 | rune(b[0])
	}
	return rune(b[0])<<8 | rune(b[1])
}
