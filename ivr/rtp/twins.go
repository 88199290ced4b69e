package rtp

import "time"

// Path is the way that a key has come.
type Path uint8

// The paths.
const (
	ByEvent  Path = iota // telephone-event
	BySignal             // SIP INFO
	ByTone               // heard in the sound
	paths
)

// twinTime is how far the same key comes apart by two paths at the most: some
// gateways send each key as an event and by SIP INFO when it is let go.
const twinTime = 500 * time.Millisecond

// Twins passes each key on once when a caller sends it by more than one path. The
// zero value is ready.
type Twins struct {
	seen [paths]single
}

// single are the presses of one key by one path that have had no twin yet.
type single struct {
	key     byte
	presses int
	at      time.Duration // of the latest
}

// Take says whether a key that has come at a time is to be passed on.
func (t *Twins) Take(by Path, key byte, now time.Duration) bool {
	for other := range t.seen {
		o := &t.seen[other]
		if Path(other) != by && o.key == key && o.presses > 0 && now-o.at < twinTime {
			o.presses--
			return false
		}
	}
	own := &t.seen[by]
	if own.key != key || now-own.at >= twinTime {
		own.key, own.presses = key, 0
	}
	own.presses++
	own.at = now
	return true
}
