package sms

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// escape begins a character of the extension table (TS 23.038, 6.2.1).
const escape = 0x1b

// alphabet is a table of 128 septets. Zero is a septet without a character:
// NUL itself is in none of the tables.
type alphabet [128]rune

// newAlphabet makes a table of its characters in order, NUL where none is.
func newAlphabet(chars string) alphabet {
	var a alphabet
	i := 0
	for _, r := range chars {
		a[i] = r
		i++
	}
	return a
}

// gsm7Alphabet is the GSM 7-bit default alphabet, TS 23.038, 6.2.1.
var gsm7Alphabet = newAlphabet("@£$¥èéùìòÇ\nØø\rÅå" +
	"Δ_ΦΓΛΩΠΨΣΘΞ\x00ÆæßÉ" +
	" !\"#¤%&'()*+,-./" +
	"0123456789:;<=>?" +
	"¡ABCDEFGHIJKLMNO" +
	"PQRSTUVWXYZÄÖÑÜ§" +
	"¿abcdefghijklmno" +
	"pqrstuvwxyzäöñüà")

// gsm7Extension is the default extension table, TS 23.038, 6.2.1.1.
var gsm7Extension = alphabet{
	0x0a: '\f', 0x14: '^', 0x28: '{', 0x29: '}', 0x2f: '\\',
	0x3c: '[', 0x3d: '~', 0x3e: ']', 0x40: '|', 0x65: '€',
}

// gsm7Limit is above all characters of both tables but the euro sign.
const gsm7Limit = 0x400

// gsm7Index gives for a character below gsm7Limit its septets: 0 for none, or
// the septet + 1, with bit extended set for the extension table.
var gsm7Index = newGSM7Index()

const (
	extended   = 0x100
	euro       = '€'
	euroSeptet = 0x65
)

func newGSM7Index() (index [gsm7Limit]uint16) {
	for septet, r := range gsm7Alphabet {
		if r != 0 {
			index[r] = uint16(septet + 1)
		}
	}
	for septet, r := range gsm7Extension {
		if r != 0 && r != euro {
			index[r] = uint16(septet+1) | extended
		}
	}
	return index
}

// asciiSeptets gives what septets does for ASCII, where nearly all texts are.
var asciiSeptets = newASCIISeptets()

func newASCIISeptets() (n [utf8.RuneSelf]uint8) {
	for r := range n {
		n[r] = uint8(tableSeptets(rune(r)))
	}
	return n
}

// septets is the number of septets that a character takes in GSM 7-bit; 0 if it
// is not in the alphabet.
func septets(r rune) int {
	if r < utf8.RuneSelf {
		return int(asciiSeptets[r])
	}
	return tableSeptets(r)
}

func tableSeptets(r rune) int {
	if r >= gsm7Limit {
		if r == euro {
			return 2
		}
		return 0
	}
	switch at := gsm7Index[r]; {
	case at == 0:
		return 0
	case at&extended != 0:
		return 2
	}
	return 1
}

// appendGSM7 appends a text one septet an octet.
func appendGSM7(dst []byte, text string) ([]byte, error) {
	for _, r := range text {
		if r >= gsm7Limit {
			if r != euro {
				return dst, ErrEncode
			}
			dst = append(dst, escape, euroSeptet)
			continue
		}
		at := gsm7Index[r]
		switch {
		case at == 0:
			return dst, ErrEncode
		case at&extended != 0:
			dst = append(dst, escape)
		}
		dst = append(dst, byte(at&^extended)-1)
	}
	return dst, nil
}

// decodeGSM7 reads septets, one an octet. An escaped septet that the extension
// table lacks is read as the main table's character, as TS 23.038, 6.2.1.1
// asks, but still counts as an error.
func decodeGSM7(b []byte, main, extension *alphabet) (string, error) {
	var text strings.Builder
	text.Grow(len(b) + len(b)/4)
	bad := 0
	for i := 0; i < len(b); i++ {
		c := b[i]
		r := rune(0)
		switch {
		case c >= 0x80:
		case c != escape:
			r = main[c]
		case i+1 < len(b) && b[i+1] < 0x80:
			i++
			if r = extension[b[i]]; r == 0 {
				bad++
				r = main[b[i]]
			}
		}
		if r == 0 {
			bad++
			r = utf8.RuneError
		}
		text.WriteRune(r)
	}
	if bad > 0 {
		return text.String(), fmt.Errorf("%w: %d faults in %d octets", ErrDecode, bad, len(b))
	}
	return text.String(), nil
}
