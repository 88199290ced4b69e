package ivrsip

import (
	"setu/ivr/conductor"
	"setu/ivr/rtp"
	"setu/ivr/voice"
)

var _ conductor.Leg = leg{}

// leg is a stream as the conductor plays on it.
type leg struct{ *rtp.Stream }

// Play plays clips one after the other.
func (l leg) Play(clips []voice.Clip, played func()) {
	sounds := make([]rtp.Sound, len(clips))
	for i, c := range clips {
		sounds[i] = rtp.Sound(c)
	}
	l.Stream.Play(sounds, played)
}
