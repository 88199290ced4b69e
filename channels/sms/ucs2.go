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
	little := len(b) >= 2 && unit(b, false) == swappedOrderMark
	whole := b[:len(b)&^1]
	for len(whole) >= 2 && isOrderMark(unit(whole, little)) {
		whole = whole[2:]
	}
	for len(whole) >= 2 && unit(whole[len(whole)-2:], little) == 0 {
		whole = whole[:len(whole)-2]
	}
	var text strings.Builder
	text.Grow(len(whole) + len(whole)/2 + 3) // three octets of UTF-8 a unit
	lone := 0
	for i := 0; i < len(whole); i += 2 {
		r := unit(whole[i:], little)
		if utf16.IsSurrogate(r) {
			low := rune(0)
			if i+2 < len(whole) {
				low = unit(whole[i+2:], little)
			}
			if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
				lone++
			} else {
				i += 2
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

func isOrderMark(r rune) bool { return r == byteOrderMark || r == swappedOrderMark }

// unit reads the first two octets.
func unit(b []byte, little bool) rune {
	if little {
		return rune(b[1])<<8 | rune(b[0])
	}
	return rune(b[0])<<8 | rune(b[1])
}
