package rtp

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// keys are the keys of a telephone by their event code (RFC 4733 §3.2).
const keys = "0123456789*#ABCD"

// eventOctets is the length of an event (RFC 4733 §2.3).
const eventOctets = 4

// Event is the payload of a telephone-event (RFC 4733 §2.3).
type Event struct {
	Code     uint8 // 0 to 9, 10 *, 11 #, 12 to 15 A to D; others are no keys
	End      bool
	Volume   uint8  // -dBm0, 0 to 63
	Duration uint16 // so far, in samples
}

// ParseEvent reads a payload. Errors are [ErrPacket].
func ParseEvent(b []byte) (Event, error) {
	if len(b) < eventOctets {
		return Event{}, fmt.Errorf("%w: an event of %d octets", ErrPacket, len(b))
	}
	return Event{
		Code: b[0], End: b[1]&0x80 != 0, Volume: b[1] & 0x3f,
		Duration: binary.BigEndian.Uint16(b[2:]),
	}, nil
}

// Append writes the payload behind b.
func (e Event) Append(b []byte) []byte {
	flags := e.Volume & 0x3f
	if e.End {
		flags |= 0x80
	}
	return binary.BigEndian.AppendUint16(append(b, e.Code, flags), e.Duration)
}

// Key is the key, or 0 if the event is none, such as a flash.
func (e Event) Key() byte {
	if int(e.Code) >= len(keys) {
		return 0
	}
	return keys[e.Code]
}

// EventOf is the code of a key; ok is false if there is no such key.
func EventOf(key byte) (code uint8, ok bool) {
	i := strings.IndexByte(keys, key)
	return uint8(max(i, 0)), i >= 0
}

// Times within which events belong together.
const (
	// sameEvent is how far the packets of one event are apart at the most, some
	// lost. Some gateways freeze the timestamp from one key to the next, so
	// that only time tells them apart.
	sameEvent = 400 * time.Millisecond
	// segmentSlack is how late the next part of a long press may begin, in
	// samples: 50 ms.
	segmentSlack = 400
)

// Keypad tells keys from the packets of their events: each is told at its first
// packet, whichever that is, and once. The zero value is ready.
type Keypad struct {
	have     bool
	ended    bool
	ssrc     uint32
	at       uint32 // timestamp
	event    Event
	last     time.Duration
	lastAt   uint32 // timestamp of the event before
	lastCode uint8
}

// Push takes a packet that has come at a time, which only runs forwards, and gives
// its key if it is the first of a press, or else 0.
func (k *Keypad) Push(p Packet, now time.Duration) byte {
	e, err := ParseEvent(p.Payload)
	if err != nil || e.Key() == 0 {
		return 0
	}
	known := k.have && k.ssrc == p.SSRC && now-k.last < sameEvent
	if known && p.Timestamp == k.lastAt && e.Code == k.lastCode && int32(p.Timestamp-k.at) < 0 {
		return 0 // an end of the key before that was overtaken
	}
	same := known && k.event.Code == e.Code
	update := same && k.at == p.Timestamp
	// A press longer than an event can say goes on in another (RFC 4733 §2.5.1.3).
	since := p.Timestamp - k.at
	segment := same && !p.Marker && !k.ended && since >= uint32(k.event.Duration) && since <= uint32(k.event.Duration)+segmentSlack
	if !update {
		k.lastAt, k.lastCode = k.at, k.event.Code
	}
	k.ended = e.End || update && k.ended
	k.have, k.ssrc, k.at, k.event, k.last = true, p.SSRC, p.Timestamp, e, now
	if update || segment {
		return 0
	}
	return e.Key()
}
