// Package sms knows the short message itself, apart from how it travels: the
// alphabets of 3GPP TS 23.038, the user data header and segments of TS 23.040,
// how long texts are cut and put together again, and what they cost.
//
// It is pure: no I/O, clock, goroutine or logger. What is sent is GSM 7-bit or
// UCS-2 ([Choose]); all that a citizen's phone may send is read, the national
// language shift tables for Bengali and Hindi included. Octets that are no text
// in their stated alphabet give the best text that can be had of them together
// with an error, so that the caller can keep both.
package sms

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Errors of encoding and decoding. They never hold the text.
var (
	// ErrCoding says that a data_coding value names no alphabet known here.
	ErrCoding = errors.New("sms: unknown data coding")
	// ErrEncode says that a text has characters that its alphabet lacks.
	ErrEncode = errors.New("sms: character not in the alphabet")
	// ErrDecode says that octets are not text of their alphabet. The text
	// that comes with it has U+FFFD in place of what could not be read.
	ErrDecode = errors.New("sms: octets are not text of the alphabet")
)

// Coding is how the octets of a message are to be read, with the values of
// SMPP 3.4, 5.2.19, data_coding. The zero value is GSM 7-bit.
type Coding uint8

// The codings.
const (
	GSM7   Coding = 0 // GSM 7-bit default alphabet, one septet an octet
	ASCII  Coding = 1 // IA5
	Octets Coding = 2 // 8-bit data; read as UTF-8 if it is
	Latin1 Coding = 3 // ISO 8859-1
	UCS2   Coding = 8 // UTF-16, big endian
)

// String is the coding's name in logs and previews.
func (c Coding) String() string {
	switch c {
	case GSM7:
		return "gsm7"
	case ASCII:
		return "ascii"
	case Octets:
		return "octets"
	case Latin1:
		return "latin1"
	case UCS2:
		return "ucs2"
	}
	return fmt.Sprintf("coding(%d)", uint8(c))
}

// CodingOf gives the coding for an SMPP data_coding value. Values from 16 on
// are read as the data coding scheme of TS 23.038, clause 4, which operators
// pass through. ok is false for alphabets that are not read here, such as JIS
// and Cyrillic, and for compressed text.
func CodingOf(dataCoding byte) (c Coding, ok bool) {
	switch group := dataCoding >> 4; {
	case group == 0:
		return smppCoding(dataCoding)
	case group == 1 || group == 5: // general, with message class
		return generalCoding(dataCoding)
	case group == 0xc || group == 0xd: // message waiting, default alphabet
		return GSM7, true
	case group == 0xe: // message waiting, UCS-2
		return UCS2, true
	case group == 0xf: // message class
		if dataCoding&0x04 != 0 {
			return Octets, true
		}
		return GSM7, true
	}
	return 0, false
}

func smppCoding(dataCoding byte) (Coding, bool) {
	switch dataCoding {
	case 0, 1, 3, 8:
		return Coding(dataCoding), true
	case 2, 4:
		return Octets, true
	}
	return 0, false
}

func generalCoding(dcs byte) (Coding, bool) {
	switch dcs >> 2 & 3 {
	case 0:
		return GSM7, true
	case 1:
		return Octets, true
	case 2:
		return UCS2, true
	}
	return 0, false
}

// Choose gives GSM7 if all of the text is in the GSM 7-bit alphabet and its
// extension table, and UCS2 otherwise.
func Choose(text string) Coding {
	_, c := gsm7Units(text)
	return c
}

// gsm7Units gives the septets of a text if it is in the GSM 7-bit alphabet, and
// UCS2 if it is not.
func gsm7Units(text string) (units int, c Coding) {
	for _, r := range text {
		n := septets(r)
		if n == 0 {
			return 0, UCS2
		}
		units += n
	}
	return units, GSM7
}

// Encode gives the octets of a text. The error is [ErrEncode] or [ErrCoding].
func Encode(text string, c Coding) ([]byte, error) {
	b, err := AppendEncode(make([]byte, 0, encodedSize(text, c)), text, c)
	if err != nil {
		return nil, err
	}
	return b, nil
}

// encodedSize is room for a text: exact for UCS-2, an upper bound otherwise but
// for a GSM text full of characters from the extension table.
func encodedSize(text string, c Coding) int {
	if c != UCS2 {
		return len(text)
	}
	return 2 * measure(text, c)
}

// AppendEncode appends the octets of a text to dst. GSM 7-bit text is appended
// one septet an octet, as SMPP carries it. The error is
// [ErrEncode] or [ErrCoding], and then what was appended is of no use.
func AppendEncode(dst []byte, text string, c Coding) ([]byte, error) {
	switch c {
	case GSM7:
		return appendGSM7(dst, text)
	case UCS2:
		return appendUCS2(dst, text), nil
	case Octets:
		return append(dst, text...), nil
	case ASCII:
		return appendBelow(dst, text, utf8.RuneSelf)
	case Latin1:
		return appendBelow(dst, text, 0x100)
	}
	return dst, fmt.Errorf("%w %d", ErrCoding, uint8(c))
}

// appendBelow appends the code points of a text, which must all be below limit,
// one octet each.
func appendBelow(dst []byte, text string, limit rune) ([]byte, error) {
	for _, r := range text {
		if r >= limit {
			return dst, ErrEncode
		}
		dst = append(dst, byte(r))
	}
	return dst, nil
}

// Decode gives the text of a message's octets, without user data header. A byte
// order mark is dropped, and one of little endian is heeded; NULs at the end of
// anything but GSM 7-bit, where that is an @, are dropped too. The error wraps
// [ErrDecode] or [ErrCoding]; the text is the best that can be had.
func Decode(b []byte, c Coding) (string, error) {
	switch c {
	case GSM7:
		return decodeGSM7(b, &gsm7Alphabet, &gsm7Extension)
	case UCS2:
		return decodeUCS2(b)
	case Octets:
		if b = trimNUL(b); utf8.Valid(b) {
			return string(b), nil
		}
		text, _ := decodeBelow(b, 0xff)
		return text, fmt.Errorf("%w: binary data", ErrDecode)
	case ASCII:
		return decodeBelow(trimNUL(b), 0x7f)
	case Latin1:
		return decodeBelow(trimNUL(b), 0xff)
	}
	text, _ := decodeBelow(b, 0x7f)
	return text, fmt.Errorf("%w %d", ErrCoding, uint8(c))
}

// decodeBelow reads octets up to last as the code points of the same value.
func decodeBelow(b []byte, last byte) (string, error) {
	var text strings.Builder
	text.Grow(len(b))
	bad := 0
	for _, c := range b {
		if c > last {
			bad++
			text.WriteRune(utf8.RuneError)
			continue
		}
		text.WriteRune(rune(c))
	}
	if bad > 0 {
		return text.String(), fmt.Errorf("%w: %d of %d octets", ErrDecode, bad, len(b))
	}
	return text.String(), nil
}

func trimNUL(b []byte) []byte {
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	return b
}
