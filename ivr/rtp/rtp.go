// Package rtp carries the sound of telephone calls: RTP and RTCP (RFC 3550) with
// G.711 in packets of 20 ms, and keys as telephone-events (RFC 4733), as tones, or
// as signalling has brought them.
//
// An [Engine] has a wheel for each core, which turns once in 20 ms. Each [Stream],
// the media of one call, has its place on it: when that comes by, what has arrived
// is read and one packet is sent. So a call has no goroutine, no timer and no
// buffer of its own, and its packets leave at the same distance from each other.
//
// A stream always sends: silence when nothing is played, so that address
// translators and border controllers keep the way open, and timestamps never jump.
//
// [Packet], [Control], [Event], [Keypad] and [Tones] are without I/O, clock or
// goroutine.
package rtp
