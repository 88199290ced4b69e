package rtp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"setu/ivr/g711"
)

// ErrPacket says that octets are no packet of RTP, RTCP or telephone-event.
var ErrPacket = errors.New("rtp: malformed packet")

// Codec is how sound is coded, by its static payload type (RFC 3551 §6). The zero
// value is µ-law.
type Codec uint8

// The codecs of telephony, ITU-T G.711.
const (
	PCMU Codec = 0
	PCMA Codec = 8
)

// String is the name that SDP has for it.
func (c Codec) String() string {
	if c == PCMA {
		return "PCMA"
	}
	return "PCMU"
}

// silence is what the codec sends when nothing is said.
func (c Codec) silence() byte {
	if c == PCMA {
		return g711.SilentALaw
	}
	return g711.SilentULaw
}

// Sample is an octet of the codec as a 16-bit sample.
func (c Codec) Sample(b byte) int16 {
	if c == PCMA {
		return g711.FromALaw(b)
	}
	return g711.FromULaw(b)
}

// Sound is what is played, coded in both laws: 8,000 octets a second each, of the
// same length. It is not changed while it is played. The zero value is nothing.
type Sound struct {
	ULaw, ALaw []byte
}

// in is the sound in a codec.
func (s Sound) in(c Codec) []byte {
	if c == PCMA {
		return s.ALaw
	}
	return s.ULaw
}

// Length is how long the sound plays.
func (s Sound) Length() time.Duration {
	return time.Duration(len(s.ULaw)) * time.Second / g711.Rate
}

// headerOctets is the length of a header without contributing sources (RFC 3550 §5.1).
const headerOctets = 12

// Packet is one packet of RTP (RFC 3550 §5.1), without contributing sources and
// header extension, which are passed over.
type Packet struct {
	Marker    bool
	Type      uint8 // payload type, 0 to 127
	Seq       uint16
	Timestamp uint32 // in samples
	SSRC      uint32
	Payload   []byte // part of what was parsed
}

// Fields of the first two octets.
const (
	version     = 2 << 6
	versionMask = 3 << 6
	paddingBit  = 1 << 5
	extension   = 1 << 4
	sourcesMask = 0x0f
	markerBit   = 1 << 7
	typeMask    = 0x7f
)

// ParsePacket reads a packet. Errors are [ErrPacket].
func ParsePacket(b []byte) (Packet, error) {
	if len(b) < headerOctets {
		return Packet{}, fmt.Errorf("%w: %d octets", ErrPacket, len(b))
	}
	if b[0]&versionMask != version {
		return Packet{}, fmt.Errorf("%w: version %d", ErrPacket, b[0]>>6)
	}
	p := Packet{
		Marker: b[1]&markerBit != 0, Type: b[1] & typeMask, Seq: binary.BigEndian.Uint16(b[2:]),
		Timestamp: binary.BigEndian.Uint32(b[4:]), SSRC: binary.BigEndian.Uint32(b[8:]),
	}
	from := headerOctets + 4*int(b[0]&sourcesMask)
	if b[0]&extension != 0 {
		if len(b) < from+4 {
			return Packet{}, fmt.Errorf("%w: cut in its extension", ErrPacket)
		}
		from += 4 + 4*int(binary.BigEndian.Uint16(b[from+2:]))
	}
	to := len(b)
	if b[0]&paddingBit != 0 {
		pad := int(b[to-1])
		if pad == 0 {
			return Packet{}, fmt.Errorf("%w: padding of no length", ErrPacket)
		}
		to -= pad
	}
	if from > to {
		return Packet{}, fmt.Errorf("%w: %d octets are too few for what it announces", ErrPacket, len(b))
	}
	p.Payload = b[from:to]
	return p, nil
}

// Append writes the packet behind b.
func (p Packet) Append(b []byte) []byte {
	second := p.Type & typeMask
	if p.Marker {
		second |= markerBit
	}
	b = append(b, version, second)
	b = binary.BigEndian.AppendUint16(b, p.Seq)
	b = binary.BigEndian.AppendUint32(b, p.Timestamp)
	b = binary.BigEndian.AppendUint32(b, p.SSRC)
	return append(b, p.Payload...)
}

// isControl says that a packet on the port of media is one of RTCP (RFC 5761 §4):
// its types lie where no payload type with a marker may.
func isControl(b []byte) bool {
	return len(b) >= 2 && b[0]&versionMask == version && b[1] >= 192 && b[1] <= 223
}
