package voice

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"setu/ivr/g711"
)

// ErrWAV says that a file is no sound that can be used: it must be RIFF WAVE with
// 16-bit PCM, of one channel or two, at 8,000 to 96,000 samples a second.
var ErrWAV = errors.New("voice: no usable WAV file")

// maxSound bounds one sound: two minutes at 96 kHz.
const maxSound = 120 * 96_000

// The chunk and format names and numbers of a RIFF WAVE file (Microsoft
// Multimedia Programming Interface 1.0).
const (
	riffHeader = 12
	chunkHead  = 8
	formatSize = 16
	formatPCM  = 1
	formatExt  = 0xfffe
)

// sound is one channel of samples.
type sound struct {
	rate    int
	samples []float64 // -1 to 1
}

// readWAV reads a WAV file. A length that goes beyond the file, which programs
// that write into a pipe leave behind, means its end. The error is [ErrWAV].
func readWAV(src []byte) (sound, error) {
	if len(src) < riffHeader || string(src[:4]) != "RIFF" || string(src[8:12]) != "WAVE" {
		return sound{}, fmt.Errorf("%w: it does not begin as one", ErrWAV)
	}
	var format []byte
	for rest := src[riffHeader:]; len(rest) >= chunkHead; {
		size := min(int64(binary.LittleEndian.Uint32(rest[4:8])), int64(len(rest)-chunkHead))
		body := rest[chunkHead : chunkHead+size]
		switch string(rest[:4]) {
		case "fmt ":
			format = body
		case "data":
			return decodePCM(format, body)
		}
		next := chunkHead + size + size&1
		if next > int64(len(rest)) {
			break
		}
		rest = rest[next:]
	}
	return sound{}, fmt.Errorf("%w: it has no samples", ErrWAV)
}

func decodePCM(format, body []byte) (sound, error) {
	if len(format) < formatSize {
		return sound{}, fmt.Errorf("%w: it does not say its format", ErrWAV)
	}
	code, channels := binary.LittleEndian.Uint16(format), int(binary.LittleEndian.Uint16(format[2:]))
	rate, bits := int(binary.LittleEndian.Uint32(format[4:])), binary.LittleEndian.Uint16(format[14:])
	if code != formatPCM && code != formatExt || bits != 16 || channels < 1 || channels > 2 || rate < 8_000 || rate > 96_000 {
		return sound{}, fmt.Errorf("%w: format %d, %d bits, %d channels, %d Hz", ErrWAV, code, bits, channels, rate)
	}
	n := len(body) / (2 * channels)
	if n == 0 || n > maxSound {
		return sound{}, fmt.Errorf("%w: %d samples", ErrWAV, n)
	}
	s := sound{rate: rate, samples: make([]float64, n)}
	for i := range s.samples {
		sum := 0.0
		for c := range channels {
			sum += float64(int16(binary.LittleEndian.Uint16(body[2*(i*channels+c):]))) / (math.MaxInt16 + 1)
		}
		s.samples[i] = sum / float64(channels)
	}
	return s, nil
}

// WAV is the clip as a file of 16-bit samples at 8 kHz, for a person to hear.
func (c Clip) WAV() []byte {
	const bytesPerSample = 2
	size := bytesPerSample * len(c.ULaw)
	out := make([]byte, 0, riffHeader+2*chunkHead+formatSize+size)
	le := binary.LittleEndian
	out = append(out, "RIFF"...)
	out = le.AppendUint32(out, uint32(4+2*chunkHead+formatSize+size))
	out = append(out, "WAVEfmt "...)
	out = le.AppendUint32(out, formatSize)
	out = le.AppendUint16(out, formatPCM)
	out = le.AppendUint16(out, 1)
	out = le.AppendUint32(out, g711.Rate)
	out = le.AppendUint32(out, bytesPerSample*g711.Rate)
	out = le.AppendUint16(out, bytesPerSample)
	out = le.AppendUint16(out, 8*bytesPerSample)
	out = append(out, "data"...)
	out = le.AppendUint32(out, uint32(size))
	for _, b := range c.ULaw {
		out = le.AppendUint16(out, uint16(g711.FromULaw(b)))
	}
	return out
}
