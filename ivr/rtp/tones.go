package rtp

import (
	"math"

	"setu/ivr/g711"
)

// The tones of a key, in hertz, and which key has which (ITU-T Q.23).
var (
	rowTones    = [...]float64{697, 770, 852, 941}
	columnTones = [...]float64{1209, 1336, 1477, 1633}
)

const toneKeys = "123A456B789C*0#D"

// tonesOf are the tones of a key.
func tonesOf(key byte) (row, column float64) {
	for i := range len(toneKeys) {
		if toneKeys[i] == key {
			return rowTones[i/4], columnTones[i%4]
		}
	}
	return 0, 0
}

// Limits of what is taken for a key. ITU-T Q.24 leaves them to administrations;
// these are the common ones, and no key is heard in a voice: see TestTones.
const (
	// block is what is looked at, in samples: 12.75 ms, so that a key of 40 ms
	// holds two whole blocks, and one of 23 ms, which is none, does not.
	block     = 102
	loudest   = 6.31  // 8 dB above the other tones of its group
	twist     = 6.31  // a row tone up to 8 dB above the column tone,
	reversed  = 2.51  // or up to 4 dB below it
	pure      = 0.82  // of all that is heard
	threshold = -40.0 // dBm0, each tone
)

// full is the amplitude of 0 dBm0: a sine of +3.14 dBm0 is as loud as the A-law
// can be (ITU-T G.711 §5).
var full = math.MaxInt16 / math.Pow(10, 3.14/20)

// resonator is what the Goertzel algorithm multiplies by, for each tone.
var resonators = func() (r [8]float32) {
	for i := range 4 {
		r[i] = float32(2 * math.Cos(2*math.Pi*rowTones[i]/g711.Rate))
		r[4+i] = float32(2 * math.Cos(2*math.Pi*columnTones[i]/g711.Rate))
	}
	return r
}()

// quietest is the power of a tone at the threshold.
var quietest = float32(math.Pow(full*math.Pow(10, threshold/20)*block/2, 2))

// Tones hears keys in sound (DTMF, ITU-T Q.23 and Q.24) by the Goertzel algorithm.
// The zero value is ready.
type Tones struct {
	n      int
	energy float32
	v1, v2 [8]float32
	before byte // key of the block before, 0 none
	down   byte // key that is held
	missed int  // blocks without it
}

// Push takes a sample and gives a key when it has begun, or else 0.
func (t *Tones) Push(sample int16) byte {
	x := float32(sample)
	t.energy += x * x
	for i, r := range resonators {
		t.v1[i], t.v2[i] = x+r*t.v1[i]-t.v2[i], t.v1[i]
	}
	if t.n++; t.n < block {
		return 0
	}
	key := t.judge()
	t.n, t.energy, t.v1, t.v2 = 0, 0, [8]float32{}, [8]float32{}
	return t.follow(key)
}

// follow tells a key that two blocks have in common, and not again before two
// have gone without it.
func (t *Tones) follow(key byte) byte {
	before := t.before
	t.before = key
	if t.down != 0 && key != t.down {
		if t.missed++; t.missed >= 2 {
			t.down = 0
		}
	} else {
		t.missed = 0
	}
	if key == 0 || key != before || key == t.down {
		return 0
	}
	t.down, t.missed = key, 0
	return key
}

// judge is the key of a block, or 0.
func (t *Tones) judge() byte {
	var power [8]float32
	for i, r := range resonators {
		power[i] = t.v1[i]*t.v1[i] + t.v2[i]*t.v2[i] - r*t.v1[i]*t.v2[i]
	}
	row, column := strongest(power[:4]), strongest(power[4:])
	if row < 0 || column < 0 {
		return 0
	}
	r, c := power[row], power[4+column]
	switch {
	case r < quietest, c < quietest:
		return 0
	case r > c*twist, c > r*reversed:
		return 0
	case 2*(r+c) < pure*block*t.energy:
		return 0
	}
	return toneKeys[4*row+column]
}

// strongest is the tone that stands out of its group, or -1.
func strongest(group []float32) int {
	best := 0
	for i := range group {
		if group[i] > group[best] {
			best = i
		}
	}
	for i := range group {
		if i != best && group[i]*loudest > group[best] {
			return -1
		}
	}
	return best
}
