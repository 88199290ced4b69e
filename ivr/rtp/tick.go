package rtp

import (
	"net/netip"
	"time"
)

// What happens once in so many turns of the wheel.
const (
	reportTurns  = int64(5 * time.Second / frameTime) // RFC 3550 §6.2
	controlTurns = int64(time.Second / 2 / frameTime)
)

// rounds is how many times an inbox is filled in a turn at the most, which is 32
// datagrams: a flood is left to the kernel to drop.
const rounds = 4

// comfort is the payload type of comfort noise (RFC 3389), which phones send in the
// place of sound while nobody speaks, asked or not.
const comfort = 13

// tick receives and sends what is due at a turn of the wheel; open is false when
// the stream has been closed. What it returns is called when the stream is free
// again.
func (s *Stream) tick(w *wheel, turn int64, now time.Time) (played func(), open bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, false
	}
	s.turn = turn
	s.receive(w, now)
	if !s.begun {
		return nil, true
	}
	if !s.held {
		played = s.player.finished()
		s.send(w)
		s.watchLoss(now)
	}
	if s.sent > 0 && (turn+int64(s.ssrc))%reportTurns == 0 {
		s.report(w.out, now, false)
	}
	return played, true
}

// receive takes what has come to the ports.
func (s *Stream) receive(w *wheel, now time.Time) {
	for range rounds {
		n := w.in.receive(&s.media)
		for i := range n {
			b, from, at := w.in.letter(i, now)
			s.take(w, b, from, at, now)
		}
		if !w.in.full(n) {
			break
		}
	}
	if (s.turn+int64(s.ssrc))%controlTurns == 0 {
		s.takeControls(w, now)
	}
}

// watchLoss tells that the caller is gone.
func (s *Stream) watchLoss(now time.Time) {
	if s.told || now.Sub(s.heard) <= s.engine.opts.Lost {
		return
	}
	s.told = true
	select {
	case s.silent <- struct{}{}:
	default:
	}
}

// take takes a datagram from the port of media.
func (s *Stream) take(w *wheel, b []byte, from netip.AddrPort, at, now time.Time) {
	if isControl(b) {
		s.takeControl(w, b, from, now)
		return
	}
	p, err := ParsePacket(b)
	if err != nil {
		w.counts.malformed.Add(1)
		return
	}
	event := s.remote.Events != 0 && p.Type == s.remote.Events
	sound := !event && (Codec(p.Type) == PCMU || Codec(p.Type) == PCMA)
	if !s.begun || !event && !sound && p.Type != comfort || !s.latch.take(from, p.SSRC, now) {
		w.counts.strangers.Add(1)
		return
	}
	w.counts.received.Add(1)
	s.heard, s.told = now, false
	s.in.take(p, at, sound)
	clock := now.Sub(s.engine.start)
	switch {
	case event:
		s.event(w, p, clock)
	case sound:
		s.sound(w, p, at, clock)
	}
}

func (s *Stream) key(w *wheel, by Path, key byte, clock time.Duration) {
	if !s.press(by, key, clock) {
		w.counts.dropped.Add(1)
	}
}

// event takes a packet of a telephone-event.
func (s *Stream) event(w *wheel, p Packet, clock time.Duration) {
	key := s.keypad.Push(p, clock)
	if key == 0 {
		s.twins.Hold(ByEvent, s.keypad.event.Key(), clock)
	}
	s.key(w, ByEvent, key, clock)
}

// sound takes a packet of sound.
func (s *Stream) sound(w *wheel, p Packet, at time.Time, clock time.Duration) {
	if s.hear != nil {
		s.hear(Frame{Packet: p, At: at})
	}
	if s.tones == nil {
		return
	}
	codec := Codec(p.Type)
	for _, b := range p.Payload {
		s.key(w, ByTone, s.tones.Push(codec.Sample(b)), clock)
	}
	s.twins.Hold(ByTone, s.tones.down, clock)
}

// send sends the packet that is due.
func (s *Stream) send(w *wheel) {
	step := s.remote.turns()
	if s.turn%step != 0 {
		return
	}
	p := Packet{
		Marker: s.last == 0 || s.turn-s.last != step, Type: uint8(s.remote.Codec),
		Seq: s.seq, Timestamp: s.base + uint32(s.turn)*uint32(frame), SSRC: s.ssrc,
	}
	payload := w.out[headerOctets : headerOctets+int(step)*frame]
	if pressed, ok := s.presses.next(&p, payload, s.remote, int(step)); ok {
		payload = pressed
	} else {
		s.player.fill(payload, s.remote.Codec)
	}
	octets := p.Append(w.out[:0])[:headerOctets+len(payload)]
	s.last = s.turn
	s.seq++
	s.sent++
	s.octets += uint32(len(payload))
	if s.media.send(octets, s.latch.target()) != nil {
		w.counts.unsent.Add(1)
		return
	}
	w.counts.sent.Add(1)
}

// report sends a report of RTCP (RFC 3550 §6.4.1).
func (s *Stream) report(scratch []byte, now time.Time, leaves bool) {
	c := Control{
		SSRC: s.ssrc, Sender: true, NTP: ntp(now), Time: s.base + uint32(s.turn)*uint32(frame),
		Packets: s.sent, Octets: s.octets, Bye: leaves,
	}
	var blocks [1]Block
	if s.in.have {
		blocks[0] = s.in.block(now)
		c.Blocks = blocks[:]
	}
	if s.control.reaches(s.reports) {
		// A report that is lost is followed by another.
		_ = s.control.send(c.Append(scratch[:0], s.engine.name), s.reports)
	}
}

// takeControls takes what has come to the port of RTCP.
func (s *Stream) takeControls(w *wheel, now time.Time) {
	n := w.in.receive(&s.control)
	for i := range n {
		b, from, _ := w.in.letter(i, now)
		s.takeControl(w, b, from, now)
	}
}

// takeControl takes a packet of RTCP, from the host of the sound alone.
func (s *Stream) takeControl(w *wheel, b []byte, from netip.AddrPort, now time.Time) {
	if !s.begun || from.Addr() != s.latch.target().Addr() {
		w.counts.strangers.Add(1)
		return
	}
	c, err := ParseControl(b)
	if err != nil {
		w.counts.malformed.Add(1)
		return
	}
	s.reports, s.heard, s.told = from, now, false
	if c.Sender && s.in.have && c.SSRC == s.in.ssrc {
		s.in.report, s.in.reportAt = middle(c.NTP), now
	}
}
