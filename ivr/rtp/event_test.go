package rtp_test

import (
	"testing"
	"time"

	"setu/ivr/rtp"
)

// arrival is a packet of an event, some time after the one before.
type arrival struct {
	after  time.Duration
	ts     uint32
	marker bool
	code   uint8
	dur    uint16
	end    bool
}

// press is a key as gateways send it: updates each 20 ms, and its end three times.
func press(after time.Duration, ts uint32, code uint8, updates int) []arrival {
	list := make([]arrival, 0, updates+3)
	for i := range updates {
		list = append(list, arrival{20 * time.Millisecond, ts, i == 0, code, uint16(160 * (i + 1)), false})
	}
	for range 3 {
		list = append(list, arrival{20 * time.Millisecond, ts, false, code, uint16(160 * (updates + 1)), true})
	}
	list[0].after = after
	return list
}

// typed are keys with the pauses between them.
func typed(pause time.Duration, codes ...uint8) []arrival {
	var list []arrival
	for i, code := range codes {
		list = append(list, press(pause, uint32(1000+i*4000), code, 5)...)
	}
	return list
}

// without leaves packets out.
func without(list []arrival, drop func(i int, a arrival) bool) []arrival {
	var kept []arrival
	for i, a := range list {
		if !drop(i, a) {
			kept = append(kept, a)
		}
	}
	return kept
}

func TestKeypad(t *testing.T) {
	t.Parallel()
	one := press(0, 1000, 5, 5)
	firstZero := press(0, 1000, 5, 5)
	firstZero[0].dur = 0
	noMarker := press(0, 1000, 5, 5)
	noMarker[0].marker = false
	long := append(without(press(0, 1000, 5, 400), func(_ int, a arrival) bool { return a.end }), press(20*time.Millisecond, 1000+400*160, 5, 20)...)
	long[400].marker = false
	for i := range long[:400] {
		long[i].dur = uint16(min(160*(i+1), 0xffff))
	}
	frozen := append(press(0, 1000, 5, 5), press(450*time.Millisecond, 1000, 5, 5)...)
	overtaken := append(press(0, 1000, 5, 5)[:6], press(60*time.Millisecond, 3000, 6, 5)...)
	overtaken = append(overtaken[:8], append([]arrival{{0, 1000, false, 5, 960, true}}, overtaken[8:]...)...)
	for _, tt := range []struct {
		name string
		list []arrival
		want string
	}{
		{"a key", one, "5"},
		{"first duration 0", firstZero, "5"},
		{"no marker", noMarker, "5"},
		{"all ends lost", without(one, func(_ int, a arrival) bool { return a.end }), "5"},
		{"first two lost", one[2:], "5"},
		{"only ends", one[5:], "5"},
		{"the same key twice, 180 ms apart", append(press(0, 1000, 5, 3), press(180*time.Millisecond, 3440, 5, 3)...), "55"},
		{"four keys, 80 ms apart", typed(80*time.Millisecond, 1, 2, 3, 4), "1234"},
		{"two seconds", press(0, 1000, 5, 100), "5"},
		{"* and #", typed(100*time.Millisecond, 10, 11), "*#"},
		{"A to D", typed(100*time.Millisecond, 12, 13, 14, 15), "ABCD"},
		{"in two segments", long, "5"},
		{"flash", press(0, 1000, 16, 5), ""},
		{"timestamp frozen from key to key", frozen, "55"},
		{"an end that was overtaken by the next key", overtaken, "56"},
		{"the same key, all ends lost, with markers", without(typed(100*time.Millisecond, 7, 7), func(_ int, a arrival) bool { return a.end }), "77"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := hearKeys(tt.list); got != tt.want {
				t.Errorf("keys are %q, want %q", got, tt.want)
			}
		})
	}
}

// hearKeys pushes packets and collects the keys.
func hearKeys(list []arrival) string {
	var k rtp.Keypad
	var got []byte
	now := time.Hour
	for i, a := range list {
		now += a.after
		payload := rtp.Event{Code: a.code, End: a.end, Volume: 10, Duration: a.dur}.Append(nil)
		p := rtp.Packet{Marker: a.marker, Type: 101, Seq: uint16(i), Timestamp: a.ts, SSRC: 7, Payload: payload}
		if key := k.Push(p, now); key != 0 {
			got = append(got, key)
		}
	}
	return string(got)
}

func TestKeypad_TellsAtTheFirstPacket(t *testing.T) {
	t.Parallel()
	var k rtp.Keypad
	p := rtp.Packet{Marker: true, SSRC: 7, Timestamp: 1, Payload: rtp.Event{Code: 4}.Append(nil)}
	if got := k.Push(p, 0); got != '4' {
		t.Errorf("Push(the first packet) = %q, want '4'", got)
	}
}

func FuzzParseEvent(f *testing.F) {
	f.Add([]byte{5, 0x8a, 3, 0x20})
	f.Add([]byte{16, 10, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := rtp.ParseEvent(b)
		if err != nil {
			return
		}
		again, err := rtp.ParseEvent(e.Append(nil))
		if err != nil || again != e {
			t.Errorf("%+v comes back as %+v, %v", e, again, err)
		}
		var k rtp.Keypad
		first := k.Push(rtp.Packet{Payload: b}, time.Second)
		if second := k.Push(rtp.Packet{Payload: b}, time.Second); first != e.Key() || second != 0 {
			t.Errorf("keys of %x are %q and %q, want %q once", b, first, second, e.Key())
		}
	})
}

// TestTwins_HoldOfAnother: a key that is held does not bring an earlier press of the
// same key back, whose twin was lost.
func TestTwins_HoldOfAnother(t *testing.T) {
	t.Parallel()
	var twins rtp.Twins
	twins.Take(rtp.ByEvent, '1', time.Second) // its twin never comes
	twins.Take(rtp.BySignal, '1', 10*time.Second)
	twins.Take(rtp.ByEvent, '1', 10*time.Second+50*time.Millisecond)
	twins.Hold(rtp.ByEvent, '1', 10*time.Second+100*time.Millisecond)
	if !twins.Take(rtp.BySignal, '1', 10*time.Second+450*time.Millisecond) {
		t.Error("a new press was taken for the twin of one nine seconds ago")
	}
}

func TestTwins(t *testing.T) {
	t.Parallel()
	type took struct {
		by   rtp.Path
		key  byte
		at   time.Duration
		want bool
	}
	const ms = time.Millisecond
	for _, tt := range []struct {
		name string
		list []took
	}{
		{"INFO behind the event", []took{{rtp.ByEvent, '5', 0, true}, {rtp.BySignal, '5', 200 * ms, false}}},
		{"INFO before the event", []took{{rtp.BySignal, '5', 0, true}, {rtp.ByEvent, '5', 30 * ms, false}}},
		{"another key", []took{{rtp.ByEvent, '5', 0, true}, {rtp.BySignal, '6', 200 * ms, true}}},
		{"much later", []took{{rtp.ByEvent, '5', 0, true}, {rtp.BySignal, '5', 600 * ms, true}}},
		{"one path only", []took{{rtp.BySignal, '5', 0, true}, {rtp.BySignal, '5', 200 * ms, true}}},
		{"twice by both, in turn", []took{
			{rtp.ByEvent, '5', 0, true},
			{rtp.BySignal, '5', 100 * ms, false},
			{rtp.ByEvent, '5', 200 * ms, true},
			{rtp.BySignal, '5', 300 * ms, false},
		}},
		{"twice by both, one after the other", []took{
			{rtp.ByEvent, '5', 0, true},
			{rtp.ByEvent, '5', 150 * ms, true},
			{rtp.BySignal, '5', 200 * ms, false},
			{rtp.BySignal, '5', 350 * ms, false},
			{rtp.BySignal, '5', 450 * ms, true},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var twins rtp.Twins
			for i, k := range tt.list {
				if got := twins.Take(k.by, k.key, k.at); got != k.want {
					t.Errorf("key %d: Take(%d, %q, %v) = %v, want %v", i, k.by, k.key, k.at, got, k.want)
				}
			}
		})
	}
}
