package bench

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"setu/ivr/rtp"
)

// packet is one of a call: the n-th, some time after the beginning.
func packet(n int, at time.Duration, loud bool) rtp.Frame {
	octet := byte(0xd5)
	if loud {
		octet = 0x10
	}
	return rtp.Frame{
		Packet: rtp.Packet{Type: 8, Seq: uint16(65_530 + n), Timestamp: uint32(160 * n), Payload: bytes.Repeat([]byte{octet}, 160)},
		At:     time.Unix(1_800_000_000, 0).Add(at),
	}
}

func TestLine_Pacing(t *testing.T) {
	t.Parallel()
	every := func(step time.Duration) func(int) (time.Duration, bool) {
		return func(n int) (time.Duration, bool) { return time.Duration(n) * step, true }
	}
	for _, tt := range []struct {
		name      string
		at        func(n int) (at time.Duration, comes bool)
		late      int
		lost      int
		stretched int
	}{
		{"in time", every(20 * time.Millisecond), 0, 0, 0},
		{"each tenth 15 ms late", func(n int) (time.Duration, bool) {
			at := time.Duration(n) * 20 * time.Millisecond
			if n%10 == 0 {
				at += 15 * time.Millisecond
			}
			return at, true
		}, 19, 0, 0},
		{"slow", every(21 * time.Millisecond), 0, 0, 1},
		{"each fiftieth lost", func(n int) (time.Duration, bool) { return time.Duration(n) * 20 * time.Millisecond, n%50 != 49 }, 3, 3, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			all := arrivals{counted: true}
			l := &line{crowd: &all}
			for n := range 199 {
				if at, comes := tt.at(n); comes {
					l.hear(packet(n, at, false))
				}
			}
			p := all.pacing([]*line{l})
			if p.Late != tt.late || p.Lost != tt.lost || p.Stretched != tt.stretched {
				t.Errorf("late %d, lost %d, stretched %d, want %d, %d and %d", p.Late, p.Lost, p.Stretched, tt.late, tt.lost, tt.stretched)
			}
		})
	}
}

func TestLine_Keys(t *testing.T) {
	t.Parallel()
	all := arrivals{counted: true}
	l := &line{crowd: &all}
	begin := time.Unix(1_800_000_000, 0)
	at := func(d time.Duration) time.Time { return begin.Add(d) }
	if l.due(at(time.Hour)) {
		t.Error("a key is due before anything was said")
	}
	l.hear(packet(0, 0, true))
	if l.due(at(listened / 2)) {
		t.Error("a key is due in the middle of a prompt")
	}
	if !l.due(at(listened)) {
		t.Error("no key is due behind a prompt")
	}
	if l.due(at(listened + time.Second)) {
		t.Error("a second key is due before the first is answered")
	}
	l.hear(packet(1, listened+100*time.Millisecond, true))
	if got := all.replies.quantile(0.5); got < 99*time.Millisecond || got > 101*time.Millisecond {
		t.Errorf("the key was answered in %v, want 100 ms", got)
	}
	l.due(at(3 * time.Second))
	if !l.due(at(3*time.Second+answerFor)) || l.silent != 1 || l.keys != 3 {
		t.Errorf("after a key without an answer silent = %d of %d, want 1 of 3", l.silent, l.keys)
	}
}

// TestSendSound holds the bare loop to its own claim: the sound of each call
// arrives, in time order, at the pace of sound.
func TestSendSound(t *testing.T) {
	t.Parallel()
	s, err := newSinks(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	s.mu.Lock()
	s.counted = true
	s.mu.Unlock()
	var to []netip.AddrPort
	for _, a := range s.addrs {
		to = append(to, netip.MustParseAddrPort(a))
	}
	in, end := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- SendSound(t.Context(), to, in, time.Now) }()
	if err := stay(t.Context(), 500*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if err := end.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if p := s.pacing(s.lines); p.Packets < 3*10 || p.Packets > 3*40 || p.Lost > 0 {
		t.Errorf("%d packets came in half a second, %d lost, want about 75 and none", p.Packets, p.Lost)
	}
}

func TestRunIVR_Unusable(t *testing.T) {
	t.Parallel()
	if _, err := RunIVR(context.Background(), IVRConfig{Calls: -1}, io.Discard); !errors.Is(err, errIVR) {
		t.Errorf("RunIVR(-1 calls) = %v, want errIVR", err)
	}
}

func TestIVRReport_Verdict(t *testing.T) {
	t.Parallel()
	r := IVRReport{
		Calls: 1000, goals: true, Pacing: Pacing{Packets: 1, Gap: Quantiles{P99: 21}},
		Gateway: &IVRUsage{Cores: 0.6, Memory: 30 << 10}, Bare: &BareSound{Cores: 0.5, Ratio: 1.2},
	}
	if text := r.String(); strings.Contains(text, "✗") || strings.Count(text, "✓") != 5 {
		t.Errorf("not every goal is reached:\n%s", text)
	}
	r.Refused, r.Pacing.Gap.P99, r.Pacing.Stretched, r.Bare.Ratio, r.Gateway.Memory = 1, 25, 1, 1.6, 41<<10
	if text := r.String(); strings.Contains(text, "✓") {
		t.Errorf("a goal is reached:\n%s", text)
	}
}
