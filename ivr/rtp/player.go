package rtp

// player cuts what is played into frames. The zero value is silent.
type player struct {
	list  []Sound
	at    int // octets of the first that have been played
	id    uint64
	ended bool // the last frame of the list has been given, and this not been told
}

// play replaces what is playing.
func (p *player) play(id uint64, list []Sound) {
	p.list, p.at, p.id, p.ended = list, 0, id, len(list) == 0
}

// stop plays no more.
func (p *player) stop() { p.list, p.at, p.ended = nil, 0, false }

// fill fills a frame in a codec, the rest of it with silence.
func (p *player) fill(frame []byte, c Codec) {
	for len(frame) > 0 && len(p.list) > 0 {
		sound := p.list[0].in(c)
		n := copy(frame, sound[min(p.at, len(sound)):])
		frame, p.at = frame[n:], p.at+n
		if p.at >= len(sound) {
			p.list, p.at = p.list[1:], 0
			p.ended = len(p.list) == 0
		}
	}
	silent := c.silence()
	for i := range frame {
		frame[i] = silent
	}
}
