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

// twinTime is how long after a key is let go it comes by another path: some
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
	at      time.Duration // when the latest was last held
}

// Hold notes that a key is still held at a time, so that its twin may come when it
// is let go, however long that takes.
func (t *Twins) Hold(by Path, key byte, now time.Duration) {
	if own := &t.seen[by]; own.key == key && own.presses > 0 && now-own.at < twinTime {
		own.at = now
	}
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
