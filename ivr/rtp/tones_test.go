package rtp_test

import (
	"context"
	"math"
	"math/rand/v2"
	"os/exec"
	"testing"
	"time"

	"setu/gateway/catalogue"
	"setu/i18n"
	"setu/ivr"
	"setu/ivr/g711"
	"setu/ivr/rtp"
	"setu/ivr/voice"
)

// dual is a sound of two tones, after a pause, with noise.
type dual struct {
	row, column   float64 // hertz
	rowDB, colDB  float64 // dBm0
	length, pause time.Duration
	noise         float64 // dBm0; 0 none
	times         int
}

// level is the amplitude of a sine of so many dBm0.
func level(db float64) float64 { return 32767 * math.Pow(10, (db-3.14)/20) }

func (d dual) samples() []int16 {
	rng := rand.New(rand.NewPCG(1, 2))
	var out []int16
	add := func(length time.Duration, loud float64) {
		n := int(length * g711.Rate / time.Second)
		for i := range n {
			t := 2 * math.Pi * float64(i) / g711.Rate
			x := loud * (level(d.rowDB)*math.Sin(d.row*t) + level(d.colDB)*math.Sin(d.column*t))
			if d.noise != 0 {
				x += rng.NormFloat64() * level(d.noise) / math.Sqrt2
			}
			out = append(out, int16(math.Round(min(max(x, -32768), 32767))))
		}
	}
	for range max(d.times, 1) {
		add(d.pause, 0)
		add(d.length, 1)
	}
	add(100*time.Millisecond, 0)
	return out
}

// heard are the keys in a sound, as the codec carries it.
func heard(samples []int16) string {
	var tones rtp.Tones
	var keys []byte
	for _, s := range samples {
		if key := tones.Push(g711.FromALaw(g711.ToALaw(s))); key != 0 {
			keys = append(keys, key)
		}
	}
	return string(keys)
}

func TestTones(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	usual := dual{row: 770, column: 1336, rowDB: -9, colDB: -7, length: 80 * ms, pause: 80 * ms}
	with := func(change func(*dual)) dual {
		d := usual
		change(&d)
		return d
	}
	for _, tt := range []struct {
		name string
		d    dual
		want string
	}{
		{"usual", usual, "5"},
		{"three times", with(func(d *dual) { d.times = 3 }), "555"},
		{"40 ms and 40 ms", with(func(d *dual) { d.length, d.pause, d.times = 40*ms, 40*ms, 4 }), "5555"},
		{"two seconds", with(func(d *dual) { d.length = 2000 * ms }), "5"},
		{"23 ms", with(func(d *dual) { d.length = 23 * ms }), ""},
		{"quiet", with(func(d *dual) { d.rowDB, d.colDB = -29, -29 }), "5"},
		{"too quiet", with(func(d *dual) { d.rowDB, d.colDB = -55, -55 }), ""},
		{"loud", with(func(d *dual) { d.rowDB, d.colDB = -3, -3 }), "5"},
		{"column 4 dB above", with(func(d *dual) { d.rowDB, d.colDB = -13, -9.5 }), "5"},
		{"row 8 dB above", with(func(d *dual) { d.rowDB, d.colDB = -6, -13.5 }), "5"},
		{"column 12 dB above", with(func(d *dual) { d.rowDB, d.colDB = -20, -8 }), ""},
		{"row 14 dB above", with(func(d *dual) { d.rowDB, d.colDB = -6, -20 }), ""},
		{"1.5 % off", with(func(d *dual) { d.row *= 1.015; d.column *= 0.985 }), "5"},
		{"15 dB above noise", with(func(d *dual) { d.noise = -24 }), "5"},
		{"noise alone", dual{rowDB: -90, colDB: -90, row: 700, column: 1300, noise: -10, length: 10_000 * ms}, ""},
		{"dial tone", with(func(d *dual) { d.row, d.column = 400, 425; d.length = 2000 * ms }), ""},
		{"one tone", with(func(d *dual) { d.colDB = -90; d.length = 500 * ms }), ""},
		{"two of a row", with(func(d *dual) { d.column = 852 }), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := heard(tt.d.samples()); got != tt.want {
				t.Errorf("keys are %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTones_EachKey(t *testing.T) {
	t.Parallel()
	rows, columns := []float64{697, 770, 852, 941}, []float64{1209, 1336, 1477, 1633}
	for i, key := range []byte("123A456B789C*0#D") {
		d := dual{row: rows[i/4], column: columns[i%4], rowDB: -9, colDB: -7, length: 50 * time.Millisecond, pause: 50 * time.Millisecond}
		if got := heard(d.samples()); got != string(key) {
			t.Errorf("keys are %q, want %q", got, key)
		}
	}
}

// TestTones_Voices: no key is heard in what is said on a call, which handsets on
// loudspeakers send back.
func TestTones_Voices(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		t.Skip("espeak-ng is not installed")
	}
	c, err := catalogue.Load(nil, catalogue.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	speaker, err := voice.Open(voice.Config{Engine: &voice.ESpeak{}, Cache: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range i18n.Langs() {
		t.Run(string(l), func(t *testing.T) {
			t.Parallel()
			var spoken time.Duration
			sentences := ivr.Fixed(c, l)
			for i := 0; i < len(sentences); i += 4 { // a quarter has a minute and more
				clip, err := speaker.Say(context.Background(), sentences[i:i+1])
				if err != nil {
					t.Fatal(err)
				}
				spoken += clip.Length()
				var tones rtp.Tones
				for _, b := range clip.ALaw {
					if key := tones.Push(g711.FromALaw(b)); key != 0 {
						t.Errorf("key %q is heard in %q", key, sentences[i])
					}
				}
			}
			if spoken < time.Minute {
				t.Errorf("only %v were spoken", spoken)
			}
		})
	}
}

func FuzzTones(f *testing.F) {
	f.Add([]byte("\xff\xd5\x00\x80"), uint8(5))
	f.Fuzz(func(t *testing.T, b []byte, n uint8) {
		// Whatever comes before, a key is heard once it lasts.
		var tones rtp.Tones
		for _, x := range b {
			tones.Push(g711.FromULaw(x))
		}
		d := dual{row: 770, column: 1336, rowDB: -9, colDB: -7, length: 60 * time.Millisecond, pause: 60 * time.Millisecond}
		var got []byte
		for _, s := range d.samples() {
			if key := tones.Push(s); key != 0 {
				got = append(got, key)
			}
		}
		if string(got) != "5" {
			t.Errorf("keys behind %x are %q, want 5", b, got)
		}
	})
}

func BenchmarkTones(b *testing.B) {
	var tones rtp.Tones
	b.ReportAllocs()
	for b.Loop() {
		for i := range 160 {
			tones.Push(int16(i))
		}
	}
}
