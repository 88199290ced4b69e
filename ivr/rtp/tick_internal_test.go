package rtp

import (
	"net/netip"
	"testing"
	"time"
)

// BenchmarkStream_Tick is what a call costs in 20 ms: a packet of sound that comes,
// and one that goes to a socket on this machine.
func BenchmarkStream_Tick(b *testing.B) {
	e, err := New(Options{Wheels: 1})
	if err != nil {
		b.Fatal(err)
	}
	gateway, caller := opened(b, e), opened(b, e)
	if err := gateway.Start(Remote{Media: addrOf(caller), Events: 101}); err != nil {
		b.Fatal(err)
	}
	if err := caller.Start(Remote{Media: addrOf(gateway), Events: 101}); err != nil {
		b.Fatal(err)
	}
	w, now, turn := e.wheels[0], time.Now(), int64(0)
	b.ReportAllocs()
	for b.Loop() {
		turn++
		now = now.Add(frameTime)
		gateway.tick(w, turn, now)
		caller.tick(w, turn, now)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(2*b.N), "ns/packet-each-way")
}

// TestStream_Tick_Allocates: nothing is allocated for a packet.
func TestStream_Tick_Allocates(t *testing.T) {
	e, err := New(Options{Wheels: 1})
	if err != nil {
		t.Fatal(err)
	}
	gateway, caller := opened(t, e), opened(t, e)
	for s, to := range map[*Stream]*Stream{gateway: caller, caller: gateway} {
		if err := s.Start(Remote{Media: addrOf(to), Events: 101}); err != nil {
			t.Fatal(err)
		}
	}
	w, now, turn := e.wheels[0], time.Now(), int64(1)
	allocated := testing.AllocsPerRun(200, func() {
		turn++
		now = now.Add(frameTime)
		gateway.tick(w, turn, now)
		caller.tick(w, turn, now)
	})
	if allocated >= 1 {
		t.Errorf("a turn of two calls allocates %v times, want none", allocated)
	}
	if n := gateway.in.received; n < 190 {
		t.Errorf("%d packets have come, want some 200", n)
	}
}

// TestStream_LongPress: a key that is held for long, and comes by SIP INFO too when
// it is let go, counts once.
func TestStream_LongPress(t *testing.T) {
	t.Parallel()
	const held = 60 // packets: 1.2 s
	for _, events := range []uint8{101, 0} {
		e, err := New(Options{Wheels: 1})
		if err != nil {
			t.Fatal(err)
		}
		s, from := opened(t, e), netip.MustParseAddrPort("127.0.0.1:9")
		if err := s.Start(Remote{Media: from, Codec: PCMA, Events: events}); err != nil {
			t.Fatal(err)
		}
		now := e.start
		s.mu.Lock()
		for i := range uint16(held) {
			now = now.Add(frameTime)
			p := Packet{Type: uint8(PCMA), Seq: i, Timestamp: uint32(i) * uint32(frame), SSRC: 1, Payload: make([]byte, frame)}
			tone(p.Payload, '5', int(i)*frame, PCMA)
			if events != 0 {
				event := Event{Code: 5, Duration: (i + 1) * uint16(frame), End: i == held-1}
				p.Type, p.Timestamp, p.Marker, p.Payload = events, 0, i == 0, event.Append(nil)
			}
			s.take(e.wheels[0], p.Append(nil), from, now, now)
		}
		s.press(BySignal, '5', now.Add(frameTime).Sub(e.start))
		s.mu.Unlock()
		if n := len(s.Keys()); n != 1 {
			t.Errorf("with events of type %d: %d keys, want 1", events, n)
		}
	}
}

func opened(tb testing.TB, e *Engine) *Stream {
	tb.Helper()
	s, err := e.Open()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	return s
}

func addrOf(s *Stream) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), s.Port())
}
