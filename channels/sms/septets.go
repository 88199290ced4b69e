package sms

import "fmt"

// PackSeptets appends septets, one an octet, packed seven bits each as on the
// air (TS 23.038, 6.1.2.1), after fill bits of zero, which align the text
// behind a user data header to a septet.
func PackSeptets(dst, septets []byte, fill int) []byte {
	var bits uint
	held := fill % 7
	for _, s := range septets {
		bits |= uint(s&0x7f) << held
		if held += 7; held >= 8 {
			dst = append(dst, byte(bits))
			bits >>= 8
			held -= 8
		}
	}
	if held > 0 && len(septets) > 0 {
		dst = append(dst, byte(bits))
	}
	return dst
}

// UnpackSeptets appends n septets, one an octet, that are packed after fill
// bits. If packed holds fewer than n it appends those and the error wraps
// [ErrDecode].
func UnpackSeptets(dst, packed []byte, n, fill int) ([]byte, error) {
	if n < 0 {
		return dst, fmt.Errorf("%w: %d septets", ErrDecode, n)
	}
	at := fill % 7
	for i := range n {
		octet, shift := at/8, at%8
		if at+7 > 8*len(packed) {
			return dst, fmt.Errorf("%w: %d septets of %d", ErrDecode, i, n)
		}
		bits := uint(packed[octet]) >> shift
		if shift > 1 {
			bits |= uint(packed[octet+1]) << (8 - shift)
		}
		dst = append(dst, byte(bits&0x7f))
		at += 7
	}
	return dst, nil
}

// Septets is the number of whole septets in packed octets after fill bits.
func Septets(packed, fill int) int {
	return max(0, (8*packed-fill%7)/7)
}
