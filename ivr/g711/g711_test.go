package g711_test

import (
	"math"
	"testing"

	"setu/ivr/g711"
)

// TestG711 holds the codecs to the vectors of ITU-T G.711: silence, the ends, and
// that no sample is off by more than its step.
func TestG711(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		sample int16
		u, a   byte
	}{{0, 0xff, 0xd5}, {32767, 0x80, 0xaa}, {-32768, 0x00, 0x2a}, {-1, 0x7f, 0x55}, {1000, 0xce, 0xfa}, {-1000, 0x4e, 0x7a}} {
		if u, a := g711.ToULaw(tt.sample), g711.ToALaw(tt.sample); u != tt.u || a != tt.a {
			t.Errorf("%d is %#x and %#x, want %#x and %#x", tt.sample, u, a, tt.u, tt.a)
		}
	}
	for s := math.MinInt16; s <= math.MaxInt16; s++ {
		u, a := int(g711.FromULaw(g711.ToULaw(int16(s)))), int(g711.FromALaw(g711.ToALaw(int16(s))))
		step := max(math.Abs(float64(s))/16, 17)
		if math.Abs(float64(u-s)) > step && s > -32636 && s < 32636 || math.Abs(float64(a-s)) > step {
			t.Fatalf("%d comes back as %d and %d", s, u, a)
		}
	}
	for b := range 256 {
		if got := g711.FromALaw(g711.ToALaw(g711.FromALaw(byte(b)))); got != g711.FromALaw(byte(b)) {
			t.Errorf("A-law %#x does not last", b)
		}
		if got := g711.FromULaw(g711.ToULaw(g711.FromULaw(byte(b)))); got != g711.FromULaw(byte(b)) {
			t.Errorf("µ-law %#x does not last", b)
		}
	}
}
