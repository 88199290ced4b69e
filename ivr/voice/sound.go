package voice

import (
	"math"
	"time"

	"setu/ivr/g711"
)

// peak is how loud prompts are made: -6 dB of what the codecs can carry.
const peak = 0.5

// cutoff is where telephony ends, in hertz (ITU-T G.712 has 3,400).
const cutoff = 3400.0

// taps is the half length of the filter in samples of the lower rate: enough for
// 50 dB a few hundred hertz above the cut-off.
const taps = 32

// resampled is a sound at the rate of telephony, without what that cannot carry: a
// windowed sinc (Oppenheim and Schafer, Discrete-Time Signal Processing, 7.5).
func resampled(s sound) []float64 {
	up, down := g711.Rate/gcd(g711.Rate, s.rate), s.rate/gcd(g711.Rate, s.rate)
	kernels := kernelsOf(up, down, s.rate)
	half := len(kernels[0]) / 2
	out := make([]float64, len(s.samples)*up/down)
	for i := range out {
		kernel, first := kernels[i%up], i*down/up-half+1
		from, to := max(first, 0), min(first+len(kernel), len(s.samples))
		out[i] = product(kernel[from-first:to-first], s.samples[from:to])
	}
	return out
}

// product is the scalar product of two slices of the same length, summed up in four
// parts: a processor adds them side by side.
func product(a, b []float64) float64 {
	var s0, s1, s2, s3 float64
	for len(a) >= 4 && len(b) >= 4 {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
		a, b = a[4:], b[4:]
	}
	for i := range min(len(a), len(b)) {
		s0 += a[i] * b[i]
	}
	return s0 + s1 + s2 + s3
}

// kernelsOf are the weights of the samples around each of the places between two
// samples that come up: up of them, one after the other down further on.
func kernelsOf(up, down, rate int) [][]float64 {
	half := taps * max(down, up) / up
	band := 2 * cutoff / float64(rate)
	kernels := make([][]float64, up)
	for i := range kernels {
		k, sum := make([]float64, 2*half), 0.0
		past := float64(i*down%up) / float64(up)
		for j := range k {
			x := float64(j-half+1) - past
			k[j] = sinc(band*x) * (0.5 + 0.5*math.Cos(math.Pi*x/float64(half)))
			sum += k[j]
		}
		for j := range k {
			k[j] /= sum
		}
		kernels[i] = k
	}
	return kernels
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// silence is below what counts as sound, at the ends of a recording: -46 dB.
const silence = 0.005

// margin is the silence that is left at the ends.
const margin = 20 * time.Millisecond

// trimmed is a sound without the silence at its ends.
func trimmed(samples []float64) []float64 {
	first, last := 0, len(samples)
	for first < last && math.Abs(samples[first]) < silence {
		first++
	}
	for last > first && math.Abs(samples[last-1]) < silence {
		last--
	}
	const keep = int(margin * g711.Rate / time.Second)
	return samples[max(first-keep, 0):min(last+keep, len(samples))]
}

// clip makes a clip of a sound, as loud as all others.
func (s sound) clip() Clip {
	samples := trimmed(resampled(s))
	loudest := 0.0
	for _, x := range samples {
		loudest = max(loudest, math.Abs(x))
	}
	gain := 0.0
	if loudest > silence {
		gain = peak / loudest
	}
	c := Clip{ULaw: make([]byte, len(samples)), ALaw: make([]byte, len(samples))}
	for i, x := range samples {
		sample := int16(math.Round(x * gain * math.MaxInt16))
		c.ULaw[i], c.ALaw[i] = g711.ToULaw(sample), g711.ToALaw(sample)
	}
	return c
}

// Clip is a sound in both codecs of telephony (ITU-T G.711), 8,000 octets a
// second. The zero value is nothing.
type Clip struct {
	ULaw, ALaw []byte
}

// Length is how long the clip plays.
func (c Clip) Length() time.Duration {
	return time.Duration(len(c.ULaw)) * time.Second / g711.Rate
}

// Cut is the beginning of a clip, which it shares; all of it if d is longer.
func (c Clip) Cut(d time.Duration) Clip {
	n := min(int(d*g711.Rate/time.Second), len(c.ULaw))
	return Clip{ULaw: c.ULaw[:n:n], ALaw: c.ALaw[:n:n]}
}

// join puts clips one after the other, with a pause behind each.
func join(clips []Clip, pauses []time.Duration) Clip {
	var all Clip
	for i, c := range clips {
		all.ULaw = append(all.ULaw, c.ULaw...)
		all.ALaw = append(all.ALaw, c.ALaw...)
		if i == len(clips)-1 {
			break
		}
		for range int(pauses[i] * g711.Rate / time.Second) {
			all.ULaw = append(all.ULaw, g711.ToULaw(0))
			all.ALaw = append(all.ALaw, g711.ToALaw(0))
		}
	}
	return all
}

// Silence is a clip in which nothing is heard.
func Silence(d time.Duration) Clip {
	return join([]Clip{{}, {}}, []time.Duration{d})
}

// Join puts clips one after the other.
func Join(clips ...Clip) Clip {
	return join(clips, make([]time.Duration, len(clips)))
}
