package rtp

// player cuts what is played into frames. The zero value is silent.
type player struct {
	list   []Sound
	at     int    // octets of the first that have been played
	played func() // is to be called at the end of the list
}

// play replaces what is playing.
func (p *player) play(list []Sound, played func()) { p.list, p.at, p.played = list, 0, played }

// stop plays no more.
func (p *player) stop() { *p = player{} }

// finished is what is to be called when the last frame of a list has been given,
// and nil at any other time.
func (p *player) finished() (played func()) {
	if len(p.list) == 0 {
		played, p.played = p.played, nil
	}
	return played
}

// fill fills a frame in a codec, the rest of it with silence.
func (p *player) fill(frame []byte, c Codec) {
	for len(frame) > 0 && len(p.list) > 0 {
		sound := p.list[0].in(c)
		n := copy(frame, sound[min(p.at, len(sound)):])
		frame, p.at = frame[n:], p.at+n
		if p.at >= len(sound) {
			p.list, p.at = p.list[1:], 0
		}
	}
	silent := c.silence()
	for i := range frame {
		frame[i] = silent
	}
}
