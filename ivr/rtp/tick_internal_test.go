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
	if n := gateway.Reports().Received; n < 190 {
		t.Errorf("%d packets have come, want some 200", n)
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
