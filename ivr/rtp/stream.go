package rtp

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"
)

// Remote is the other end of a stream, as the session descriptions agree on it.
type Remote struct {
	// Media is where its sound is to be sent, until it is heard from.
	Media netip.AddrPort
	// Control is its port of RTCP; the zero value is the port after Media's.
	Control netip.AddrPort
	// Signal is where its signalling comes from, which is believed like Media;
	// the zero value for nowhere.
	Signal netip.Addr
	// Strict believes no other hosts than those of Media and Signal.
	Strict bool
	Codec  Codec
	// Events is the payload type of telephone-event. 0 says that there is none;
	// then keys are heard as tones.
	Events uint8
	// Ptime is how much sound is in a packet: 20, 40 or 60 ms; others are 20.
	Ptime time.Duration
}

// turns is how many turns of the wheel a packet has to wait for.
func (r Remote) turns() int64 {
	switch r.Ptime {
	case 2 * frameTime, 3 * frameTime:
		return int64(r.Ptime / frameTime)
	}
	return 1
}

// keyRoom is how many keys wait to be taken.
const keyRoom = 32

// Stream is the media of one call. It may be used by many goroutines.
type Stream struct {
	engine         *Engine
	media, control socket
	pressed        chan byte
	silent         chan struct{}

	mu      sync.Mutex
	closed  bool
	begun   bool
	held    bool
	remote  Remote
	latch   latch
	reports netip.AddrPort // where its RTCP comes from

	// What is sent.
	ssrc    uint32
	base    uint32 // timestamp at turn 0
	seq     uint16
	last    int64 // turn of the last packet; 0: none yet
	turn    int64 // of the wheel
	sent    uint32
	octets  uint32
	player  player
	presses presses

	// What comes.
	in     reception
	keypad Keypad
	tones  *Tones
	twins  Twins
	hear   func(Frame)
	heard  time.Time // the last sign of life
	told   bool      // that there was none for too long
}

func newStream(e *Engine, media, control socket) *Stream {
	return &Stream{
		engine: e, media: media, control: control, pressed: make(chan byte, keyRoom), silent: make(chan struct{}, 1),
		ssrc: rand.Uint32(), base: rand.Uint32(), seq: uint16(rand.Uint32()), //nolint:gosec // they are to differ, who sees one call sees them all
	}
}

// Port is the stream's port of RTP, which is even; that of RTCP is the next.
func (s *Stream) Port() uint16 { return s.media.port }

// Keys are the keys that are pressed at the other end, in order: 0 to 9, *, # and A
// to D. More than 32 that nobody takes are dropped. The channel is closed with the
// stream.
func (s *Stream) Keys() <-chan byte { return s.pressed }

// Lost tells that nothing has come for too long, see [Options]. The channel is
// closed with the stream.
func (s *Stream) Lost() <-chan struct{} { return s.silent }

// Start begins to send to the other end, or goes on with it as a new session
// description has it. Errors are [ErrOptions] and [ErrClosed].
func (s *Stream) Start(r Remote) error {
	r.Media = netip.AddrPortFrom(r.Media.Addr().Unmap(), r.Media.Port())
	r.Signal = r.Signal.Unmap()
	if !r.Control.IsValid() {
		r.Control = netip.AddrPortFrom(r.Media.Addr(), r.Media.Port()+1)
	}
	if !s.media.reaches(r.Media) || r.Media.Addr().IsUnspecified() || r.Codec != PCMU && r.Codec != PCMA || r.Events > typeMask {
		return fmt.Errorf("%w: media to %s, codec %d, events %d", ErrOptions, r.Media, r.Codec, r.Events)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.latch.begin(r.Media, r.Signal, r.Strict)
	if !s.latch.at.IsValid() {
		s.reports = r.Control
	}
	s.tones = nil
	if r.Events == 0 {
		s.tones = new(Tones)
	}
	s.remote, s.begun, s.told, s.heard = r, true, false, s.engine.opts.Now()
	return nil
}

// Play plays sounds without a break between them, in the place of what is playing,
// and then calls played once, unless it is nil; it is not called for what is
// replaced or stopped. It must not wait: a wheel does not turn meanwhile. Nothing
// is played while the stream is held or has not begun.
func (s *Stream) Play(sounds []Sound, played func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.player.play(sounds, played)
}

// Stop plays no more: from the next packet on there is silence.
func (s *Stream) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.player.stop()
}

// Hold stops sending, or goes on where it was. The clock of RTP runs on.
func (s *Stream) Hold(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held, s.heard = on, s.engine.opts.Now()
}

// Alive says that signalling has heard from the caller: the time until it counts
// as lost begins anew.
func (s *Stream) Alive() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard, s.told = s.engine.opts.Now(), false
}

// Press tells a key that signalling has brought, unless it has come as an event or
// a tone, too.
func (s *Stream) Press(key byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.press(BySignal, key, s.engine.clock())
}

// press tells a key once, and says whether there was room for it.
func (s *Stream) press(by Path, key byte, now time.Duration) bool {
	if key == 0 || !s.twins.Take(by, key, now) {
		return true
	}
	select {
	case s.pressed <- key:
		return true
	default:
		return false
	}
}

// Frame is a packet of the other end's sound.
type Frame struct {
	Packet           // its payload is good until the function returns
	At     time.Time // when it arrived
}

// Hear passes on the packets of sound that come, as they come, to a function that
// must not wait nor use the stream; nil ends it.
func (s *Stream) Hear(f func(Frame)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hear = f
}

// Close ends the stream and gives its ports back. Further calls do nothing.
func (s *Stream) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	if s.begun && s.sent > 0 {
		s.report(make([]byte, 0, 128), s.engine.opts.Now(), true)
	}
	s.closed = true
	s.media.close()
	s.control.close()
	close(s.pressed)
	close(s.silent)
	s.engine.open.Add(-1)
}
