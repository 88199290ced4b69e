package rtp

import (
	"fmt"
	"math"

	"setu/ivr/g711"
)

// Lengths of a key that is sent, in turns of the wheel: handsets hold it for as
// long, and ITU-T Q.24 asks for 40 ms each at least.
const (
	pressTurns = 5
	endTurns   = 3 // the last packet of an event is sent three times (RFC 4733 §2.5.1.4)
	pauseTurns = 5
)

// pressVolume is how loud keys are, in -dBm0.
const pressVolume = 10

// presses sends keys, one after the other. The zero value sends none.
type presses struct {
	queue []byte
	turn  int    // of the first key
	began uint32 // its timestamp
}

// Send presses keys at this end, as a handset does: 0 to 9, *, # and A to D, as
// telephone-events or, if the other end has not agreed to these, as tones. Errors
// are [ErrOptions] and [ErrClosed].
func (s *Stream) Send(keys string) error {
	for i := range len(keys) {
		if _, ok := EventOf(keys[i]); !ok {
			return fmt.Errorf("%w: not all of the keys are on a telephone", ErrOptions)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.presses.queue = append(s.presses.queue, keys...)
	return nil
}

// next writes what a packet carries of a key, with its header; ok is false if no
// key is pressed. The key goes on for as many turns as the packet has.
func (k *presses) next(p *Packet, payload []byte, r Remote, turns int) (b []byte, ok bool) {
	if len(k.queue) == 0 {
		return nil, false
	}
	if k.turn == 0 {
		k.began = p.Timestamp
	}
	first, at := k.queue[0], k.turn
	held := pressTurns
	if r.Events != 0 {
		held += endTurns
	}
	if k.turn += turns; k.turn >= held+pauseTurns {
		k.queue, k.turn = k.queue[1:], 0
	}
	switch {
	case at >= held:
		return nil, false
	case r.Events == 0:
		tone(payload, first, at*frame, r.Codec)
		return payload, true
	}
	code, _ := EventOf(first) // Send takes no other
	p.Type, p.Marker, p.Timestamp = r.Events, at == 0, k.began
	e := Event{Code: code, Volume: pressVolume, Duration: uint16(min(at+turns, pressTurns) * frame), End: at >= pressTurns}
	return e.Append(payload[:0]), true
}

// tone writes the tones of a key from a sample on.
func tone(payload []byte, key byte, from int, c Codec) {
	row, column := tonesOf(key)
	// Two tones of -6 dB each of what the codecs carry, less a margin.
	const loud = 0.4 * math.MaxInt16
	for i := range payload {
		t := 2 * math.Pi * float64(from+i) / g711.Rate
		sample := int16(loud * (math.Sin(row*t) + math.Sin(column*t)))
		payload[i] = g711.ToULaw(sample)
		if c == PCMA {
			payload[i] = g711.ToALaw(sample)
		}
	}
}
