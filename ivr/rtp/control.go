package rtp

import (
	"encoding/binary"
	"fmt"
	"time"
)

// Types of packets of RTCP (RFC 3550 §12.1).
const (
	senderReport   = 200
	receiverReport = 201
	sourceItems    = 202
	goodbye        = 203
)

// Lengths in octets (RFC 3550 §6.4).
const (
	controlHead  = 4
	senderOctets = 24 // SSRC and what a sender says about itself
	blockOctets  = 24
)

const itemCNAME = 1

// Block is what a receiver says about a source (RFC 3550 §6.4.1).
type Block struct {
	SSRC     uint32
	Fraction uint8  // lost since the last report, of 256
	Lost     int32  // in all; negative if some came twice
	Highest  uint32 // extended sequence number
	Jitter   uint32 // in samples
	LastSR   uint32 // middle of the NTP time of the last sender report; 0: none yet
	Delay    uint32 // since that came, in 1/65536 s
}

// Control is what a compound packet of RTCP holds (RFC 3550 §6.1): the report of
// its sender, and whether it leaves.
type Control struct {
	SSRC   uint32
	Sender bool // the four that follow are there
	NTP    uint64
	Time   uint32 // the same time as a timestamp of RTP
	// Packets and Octets are what it has sent so far.
	Packets, Octets uint32
	Blocks          []Block // up to 31
	Bye             bool
}

// ParseControl reads a compound packet; types that it does not know are passed
// over. Errors are [ErrPacket].
func ParseControl(b []byte) (Control, error) {
	var c Control
	if len(b) < 2*controlHead {
		return c, fmt.Errorf("%w: RTCP of %d octets", ErrPacket, len(b))
	}
	for len(b) > 0 {
		if len(b) < controlHead || b[0]&versionMask != version {
			return c, fmt.Errorf("%w: RTCP without a header", ErrPacket)
		}
		size := controlHead * (1 + int(binary.BigEndian.Uint16(b[2:])))
		if size > len(b) {
			return c, fmt.Errorf("%w: RTCP says %d octets and has %d", ErrPacket, size, len(b))
		}
		if err := c.part(b[1], int(b[0]&0x1f), b[controlHead:size]); err != nil {
			return c, err
		}
		b = b[size:]
	}
	return c, nil
}

// part reads one packet of a compound one.
func (c *Control) part(kind uint8, count int, b []byte) error {
	switch kind {
	case senderReport:
		if len(b) < senderOctets {
			return fmt.Errorf("%w: a sender report of %d octets", ErrPacket, len(b))
		}
		c.Sender, c.SSRC = true, binary.BigEndian.Uint32(b)
		c.NTP, c.Time = binary.BigEndian.Uint64(b[4:]), binary.BigEndian.Uint32(b[12:])
		c.Packets, c.Octets = binary.BigEndian.Uint32(b[16:]), binary.BigEndian.Uint32(b[20:])
		return c.blocks(count, b[senderOctets:])
	case receiverReport:
		if len(b) < 4 {
			return fmt.Errorf("%w: a receiver report of %d octets", ErrPacket, len(b))
		}
		c.SSRC = binary.BigEndian.Uint32(b)
		return c.blocks(count, b[4:])
	case goodbye:
		c.Bye = true
	}
	return nil
}

func (c *Control) blocks(count int, b []byte) error {
	if len(b) < count*blockOctets {
		return fmt.Errorf("%w: %d octets for %d reports", ErrPacket, len(b), count)
	}
	for range count {
		if len(c.Blocks) == 0x1f {
			return nil
		}
		c.Blocks = append(c.Blocks, Block{
			SSRC: binary.BigEndian.Uint32(b), Fraction: b[4],
			Lost:    int32(binary.BigEndian.Uint32(b[4:])<<8) >> 8,
			Highest: binary.BigEndian.Uint32(b[8:]), Jitter: binary.BigEndian.Uint32(b[12:]),
			LastSR: binary.BigEndian.Uint32(b[16:]), Delay: binary.BigEndian.Uint32(b[20:]),
		})
		b = b[blockOctets:]
	}
	return nil
}

// Append writes a compound packet behind b: the report, the sender's name, which
// is the same for all its sources (CNAME, up to 255 octets), and BYE if it leaves.
func (c Control) Append(b []byte, name string) []byte {
	blocks := c.Blocks[:min(len(c.Blocks), 0x1f)]
	kind, size := uint8(receiverReport), 4
	if c.Sender {
		kind, size = senderReport, senderOctets
	}
	b = appendHead(b, len(blocks), kind, size+blockOctets*len(blocks))
	b = binary.BigEndian.AppendUint32(b, c.SSRC)
	if c.Sender {
		b = binary.BigEndian.AppendUint64(b, c.NTP)
		for _, v := range []uint32{c.Time, c.Packets, c.Octets} {
			b = binary.BigEndian.AppendUint32(b, v)
		}
	}
	for _, r := range blocks {
		lost := uint32(min(max(r.Lost, -1<<23), 1<<23-1)) & 0xffffff
		for _, v := range []uint32{r.SSRC, uint32(r.Fraction)<<24 | lost, r.Highest, r.Jitter, r.LastSR, r.Delay} {
			b = binary.BigEndian.AppendUint32(b, v)
		}
	}
	name = name[:min(len(name), 255)]
	pad := 4 - (2+len(name))%4 // at least one octet ends the items
	b = appendHead(b, 1, sourceItems, 4+2+len(name)+pad)
	b = binary.BigEndian.AppendUint32(b, c.SSRC)
	b = append(b, itemCNAME, uint8(len(name)))
	b = append(b, name...)
	b = append(b, make([]byte, pad)...)
	if c.Bye {
		b = binary.BigEndian.AppendUint32(appendHead(b, 1, goodbye, 4), c.SSRC)
	}
	return b
}

// appendHead writes the header of a packet whose rest has so many octets.
func appendHead(b []byte, count int, kind uint8, rest int) []byte {
	return binary.BigEndian.AppendUint16(append(b, version|uint8(count), kind), uint16(rest/4))
}

// ntpEpoch is 1970 in seconds of NTP (RFC 5905 §6).
const ntpEpoch = 2_208_988_800

// ntp is a time as NTP writes it: seconds and 1/2³² s.
func ntp(t time.Time) uint64 {
	return uint64(t.Unix()+ntpEpoch)<<32 | uint64(t.Nanosecond())<<32/uint64(time.Second)
}

// middle is the middle of an NTP time, in 1/65536 s.
func middle(ntp uint64) uint32 { return uint32(ntp >> 16) }
