package voice

import "math/bits"

// SampleRate is that of telephony, in samples a second.
const SampleRate = 8000

// Constants of ITU-T G.711: the bias of the µ-law, the greatest sample that it
// takes, and what the A-law turns every other bit with.
const (
	uLawBias = 0x84
	uLawClip = 32_635
	aLawTurn = 0x55
)

// toULaw is a 16-bit sample in the µ-law of G.711.
func toULaw(sample int16) byte {
	s, sign := int(sample), byte(0)
	if s < 0 {
		s, sign = -s, 0x80
	}
	s = min(s, uLawClip) + uLawBias
	exponent := bits.Len(uint(s)) - 8
	return ^(sign | byte(exponent)<<4 | byte(s>>(exponent+3))&0x0f)
}

// fromULaw is a µ-law octet as a 16-bit sample.
func fromULaw(u byte) int16 {
	u = ^u
	s := (int(u&0x0f)<<3+uLawBias)<<(u>>4&7) - uLawBias
	if u&0x80 != 0 {
		s = -s
	}
	return int16(s)
}

// toALaw is a 16-bit sample in the A-law of G.711.
func toALaw(sample int16) byte {
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
