package rtp

import (
	"net/netip"
	"testing"
	"time"
)

// TestLatch: who is believed, where the session description names 10.0.0.1:4000,
// signalling comes from 192.0.2.7, and packets from elsewhere.
func TestLatch(t *testing.T) {
	t.Parallel()
	const (
		described = "10.0.0.1:4000"
		moved     = "10.0.0.1:4444" // the same host, another port
		natted    = "192.0.2.7:6000"
		renatted  = "192.0.2.7:6001"
		other     = "198.51.100.3:7000"
		intruder  = "203.0.113.9:5000"
	)
	type packet struct {
		from  string
		ssrc  uint32
		after time.Duration
		want  bool
	}
	const caller, another = 1, 2
	for _, tt := range []struct {
		name   string
		strict bool
		list   []packet
		target string
	}{
		{"nobody yet", false, nil, described},
		{"as described", false, []packet{{described, caller, 0, true}}, described},
		{"behind a translator", false, []packet{{natted, caller, 0, true}}, natted},
		{"behind a translator that signalling is not", false, []packet{{other, caller, 0, true}}, other},
		{"an intruder behind her", false, []packet{{other, caller, 0, true}, {intruder, another, time.Second, false}}, other},
		{"an intruder who knows the SSRC", false, []packet{{other, caller, 0, true}, {intruder, caller, time.Second, false}}, other},
		{"an intruder before the host described", false, []packet{
			{intruder, another, 0, true}, {described, caller, 0, true}, {intruder, another, 0, false},
		}, described},
		{"an intruder before the host of signalling", false, []packet{{intruder, another, 0, true}, {natted, caller, 0, true}}, natted},
		{"an intruder while she is silent", false, []packet{{other, caller, 0, true}, {intruder, another, time.Minute, false}}, other},
		{"she moves to another address", false, []packet{{other, caller, 0, true}, {intruder, caller, 3 * time.Second, true}}, intruder},
		{"her translator takes another port", false, []packet{{natted, caller, 0, true}, {renatted, another, 3 * time.Second, true}}, renatted},
		{"another port at once", false, []packet{{natted, caller, 0, true}, {renatted, caller, time.Second, false}}, natted},
		{"another port, though she goes on", false, []packet{
			{natted, caller, 0, true}, {natted, caller, 3 * time.Second, true}, {renatted, caller, time.Second, false},
		}, natted},
		{"strict: described", true, []packet{{moved, caller, 0, true}}, moved},
		{"strict: signalling", true, []packet{{natted, caller, 0, true}}, natted},
		{"strict: another", true, []packet{{other, caller, 0, false}}, described},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var l latch
			now := time.Unix(1_800_000_000, 0)
			l.begin(netip.MustParseAddrPort(described), netip.MustParseAddr("192.0.2.7"), tt.strict)
			for i, p := range tt.list {
				now = now.Add(p.after)
				if got := l.take(netip.MustParseAddrPort(p.from), p.ssrc, now); got != p.want {
					t.Errorf("packet %d from %s: take() = %v, want %v", i, p.from, got, p.want)
				}
			}
			if got := l.target().String(); got != tt.target {
				t.Errorf("target() = %s, want %s", got, tt.target)
			}
		})
	}
}

func TestLatch_NewDescription(t *testing.T) {
	t.Parallel()
	var l latch
	now := time.Unix(1_800_000_000, 0)
	media, natted := netip.MustParseAddrPort("10.0.0.1:4000"), netip.MustParseAddrPort("198.51.100.3:7000")
	l.begin(media, netip.Addr{}, false)
	l.take(natted, 1, now)
	if l.begin(media, netip.Addr{}, false); l.target() != natted {
		t.Errorf("with the same description again target() = %v, want %v", l.target(), natted)
	}
	moved := netip.MustParseAddrPort("10.0.0.1:4002")
	if l.begin(moved, netip.Addr{}, false); l.target() != moved {
		t.Errorf("with another description target() = %v, want %v", l.target(), moved)
	}
}

func TestReception(t *testing.T) {
	t.Parallel()
	var r reception
	now := time.Unix(1_800_000_000, 0)
	// 100 packets over the end of the sequence, each tenth lost, each third 5 ms late.
	for i := range 100 {
		if i%10 == 5 {
			continue
		}
		at := now.Add(time.Duration(i) * frameTime)
		if i%3 == 0 {
			at = at.Add(5 * time.Millisecond)
		}
		r.take(Packet{Seq: uint16(65_500 + i), Timestamp: uint32(4_294_960_000 + 160*i), SSRC: 7}, at, true)
	}
	if r.lost() != 10 || r.received != 90 {
		t.Errorf("lost %d and received %d, want 10 and 90", r.lost(), r.received)
	}
	if r.jitter < 16 || r.jitter > 40 {
		t.Errorf("jitter is %v samples, want about 24, which are 3 ms", r.jitter)
	}
	b := r.block(now)
	if b.Fraction != 25 || b.Highest != 65_599 || b.SSRC != 7 {
		t.Errorf("block() = %+v, want 25 of 256 lost until 65599", b)
	}
	if b := r.block(now); b.Fraction != 0 || b.Lost != 10 {
		t.Errorf("the next block() = %+v, want none lost since", b)
	}
	r.take(Packet{Seq: 3, Timestamp: 5, SSRC: 8}, now, true)
	if r.lost() != 0 || r.received != 1 {
		t.Errorf("another source has lost %d of %d", r.lost(), r.received)
	}
}

func TestWatch(t *testing.T) {
	t.Parallel()
	w := watch{tooLate: frameTime}
	at := time.Duration(0)
	turn := func(n, late int) {
		for i := range n {
			at += placeTime
			done := at + time.Millisecond
			if i < late {
				done = at + 30*time.Millisecond
			}
			w.due.Store(int64(at))
			w.note(at, done)
		}
	}
	turn(1000, 0)
	if w.isBusy(at) {
		t.Error("it is busy, and each packet left within a millisecond")
	}
	turn(1000, 100)
	if w.isBusy(at) {
		t.Error("it is busy, and the machine has stood still once")
	}
	for range 20 {
		turn(50, 1)
	}
	if !w.isBusy(at) {
		t.Error("it is not busy, and one packet in fifty was 30 ms late")
	}
	turn(1100, 0)
	if w.isBusy(at) {
		t.Error("it is busy still, and all has been well for two seconds")
	}
	if !w.isBusy(at + time.Second) {
		t.Error("it is not busy, and the wheel stands still")
	}
	var l Lateness
	w.add(&l)
	if p50, p999 := l.Quantile(0.5), l.Quantile(0.999); p50 != time.Millisecond || p999 != 40*time.Millisecond {
		t.Errorf("quantiles are %v and %v, want 1 ms and 40 ms", p50, p999)
	}
	w.rest()
	if w.isBusy(at + time.Hour) {
		t.Error("it is busy without a call")
	}
}
