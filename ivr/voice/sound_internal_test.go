package voice

import (
	"encoding/binary"
	"errors"
	"math"
	"testing"

	"setu/ivr/g711"
)

// tone is a second of a sine.
func tone(rate int, hertz, loud float64) sound {
	s := sound{rate: rate, samples: make([]float64, rate)}
	for i := range s.samples {
		s.samples[i] = loud * math.Sin(2*math.Pi*hertz*float64(i)/float64(rate))
	}
	return s
}

// loudness is the root mean square of the middle of a sound.
func loudness(samples []float64) float64 {
	middle := samples[len(samples)/4 : 3*len(samples)/4]
	sum := 0.0
	for _, x := range middle {
		sum += x * x
	}
	return math.Sqrt(sum / float64(len(middle)))
}

// TestResampled: what telephony carries stays as loud as it is, what it cannot
// carry is not heard as something else.
func TestResampled(t *testing.T) {
	t.Parallel()
	for _, rate := range []int{8000, 16000, 22050, 44100, 48000} {
		for _, tt := range []struct{ hertz, least, most float64 }{{200, 0.97, 1.03}, {1000, 0.97, 1.03}, {3000, 0.9, 1.05}, {5000, 0, 0.01}, {7000, 0, 0.01}} {
			if tt.hertz > float64(rate)/2-600 {
				continue
			}
			s := tone(rate, tt.hertz, 0.5)
			out := resampled(s)
			if n := len(out); n < g711.Rate-1 || n > g711.Rate {
				t.Fatalf("%d Hz: a second is %d samples", rate, n)
			}
			if got := loudness(out) / loudness(s.samples); got < tt.least || got > tt.most {
				t.Errorf("%v Hz at %d comes out %.3f as loud, want %v to %v", tt.hertz, rate, got, tt.least, tt.most)
			}
		}
	}
}

// TestClip: quiet and loud recordings come out equally loud, without the silence at
// their ends.
func TestClip(t *testing.T) {
	t.Parallel()
	for _, loud := range []float64{0.05, 0.3, 1} {
		s := tone(16000, 440, loud)
		pause := make([]float64, 8000)
		s.samples = append(append(append([]float64(nil), pause...), s.samples...), pause...)
		c := s.clip()
		if got := c.Length().Seconds(); got < 0.99 || got > 1.06 {
			t.Errorf("a second with silence around it is %v s", got)
		}
		highest := 0
		for _, u := range c.ULaw {
			highest = max(highest, int(g711.FromULaw(u)))
		}
		if highest < 15_500 || highest > 17_500 {
			t.Errorf("a tone of %v peaks at %d", loud, highest)
		}
		if len(c.ALaw) != len(c.ULaw) {
			t.Errorf("%d octets of A-law, %d of µ-law", len(c.ALaw), len(c.ULaw))
		}
	}
}

// FuzzReadWAV: any file is a sound within the bounds or none, and what we write can
// be read.
func FuzzReadWAV(f *testing.F) {
	f.Add(tone(16000, 300, 0.5).clip().WAV())
	f.Add([]byte("RIFF\xff\xff\xff\xffWAVEfmt \x10\x00\x00\x00\x01\x00\x02\x00\x40\x1f\x00\x00\x00\x00\x00\x00\x04\x00\x10\x00data\xff\xff\xff\x7f\x01\x02\x03\x04"))
	f.Add([]byte("RIFF"))
	f.Fuzz(func(t *testing.T, src []byte) {
		s, err := readWAV(src)
		if err != nil {
			if !errors.Is(err, ErrWAV) {
				t.Fatalf("another error: %v", err)
			}
			return
		}
		if len(s.samples) == 0 || len(s.samples) > len(src)/2 || s.rate < 8000 || s.rate > 96_000 {
			t.Fatalf("%d samples at %d Hz of %d octets", len(s.samples), s.rate, len(src))
		}
		if len(s.samples) > 20_000 {
			return
		}
		clip := s.clip()
		if len(clip.ULaw) == 0 {
			return
		}
		again, err := readWAV(clip.WAV())
		if err != nil || len(again.samples) != len(clip.ULaw) {
			t.Fatalf("our own file: %v", err)
		}
	})
}

// TestReadWAV_Pipe: espeak-ng writes a length that it does not know yet.
func TestReadWAV_Pipe(t *testing.T) {
	t.Parallel()
	wav := tone(16000, 300, 0.5).clip().WAV()
	want, err := readWAV(wav)
	if err != nil {
		t.Fatal(err)
	}
	binary.LittleEndian.PutUint32(wav[40:], 0x7ffff000)
	got, err := readWAV(wav)
	if err != nil || len(got.samples) != len(want.samples) {
		t.Errorf("%d samples, %v, want %d", len(got.samples), err, len(want.samples))
	}
}
