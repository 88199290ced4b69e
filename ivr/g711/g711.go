// Package g711 is the sound of telephony as ITU-T G.711 codes it: 8,000 samples a
// second, an octet each, in µ-law or A-law. It is pure.
package g711

import "math/bits"

// Rate is that of telephony, in samples and so in octets a second.
const Rate = 8000

// Silence as each law writes it: what a line carries on which nobody speaks.
const (
	SilentULaw = 0xff
	SilentALaw = 0xd5
)

// Constants of ITU-T G.711: the bias of the µ-law, the greatest sample that it
// takes, and what the A-law turns every other bit with.
const (
	uLawBias = 0x84
	uLawClip = 32_635
	aLawTurn = 0x55
)

// ToULaw is a 16-bit sample in the µ-law.
func ToULaw(sample int16) byte {
	s, sign := int(sample), byte(0)
	if s < 0 {
		s, sign = -s, 0x80
	}
	s = min(s, uLawClip) + uLawBias
	exponent := bits.Len(uint(s)) - 8
	return ^(sign | byte(exponent)<<4 | byte(s>>(exponent+3))&0x0f)
}

// FromULaw is a µ-law octet as a 16-bit sample.
func FromULaw(u byte) int16 {
	u = ^u
	s := (int(u&0x0f)<<3+uLawBias)<<(u>>4&7) - uLawBias
	if u&0x80 != 0 {
		s = -s
	}
	return int16(s)
}

// ToALaw is a 16-bit sample in the A-law.
func ToALaw(sample int16) byte {
	s, sign := int(sample)>>3, byte(0x80)
	if s < 0 {
		s, sign = -s-1, 0
	}
	if s < 32 {
		return (sign | byte(s>>1)) ^ aLawTurn
	}
	exponent := bits.Len(uint(s)) - 5
	return (sign | byte(exponent)<<4 | byte(s>>exponent)&0x0f) ^ aLawTurn
}

// FromALaw is an A-law octet as a 16-bit sample.
func FromALaw(a byte) int16 {
	a ^= aLawTurn
	s := int(a&0x0f)<<4 + 8
	if exponent := a >> 4 & 7; exponent > 0 {
		s = (s + 0x100) << (exponent - 1)
	}
	if a&0x80 == 0 {
		s = -s
	}
	return int16(s)
}
