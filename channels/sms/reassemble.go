package sms

import (
	"container/list"
	"time"
)

// Bounds of a [Reassembler] where it states none.
const (
	// DefaultMaxAge is how long parts are waited for, after the latest one: a
	// phone without signal sends the rest when it has it again.
	DefaultMaxAge = 10 * time.Minute
	// DefaultMaxMessages bounds the long messages that are waited for at once.
	DefaultMaxMessages = 10_000
	// DefaultMaxOctets bounds the octets of all parts, each counted with
	// partOverhead.
	DefaultMaxOctets = 16 << 20
)

// partOverhead is what a part costs in memory beside its octets, roughly.
const partOverhead = 64

// Reassembler puts long messages together in memory. Nothing is dropped in
// silence: a message that waited too long, or that had to make room, is given
// back incomplete. The zero value is ready, with the defaults. It is not safe
// for concurrent use.
type Reassembler struct {
	MaxAge      time.Duration // since the latest part; 0 is DefaultMaxAge
	MaxMessages int           // 0 is DefaultMaxMessages
	MaxOctets   int           // 0 is DefaultMaxOctets

	waiting map[Key]*list.Element
	byAge   list.List // of *pending, the one that waited longest first
	octets  int
}

// pending is a message of which parts are missing.
type pending struct {
	key    Key
	parts  *Parts
	latest time.Time
}

// Message is a long message that is done with, whole or not.
type Message struct {
	Key Key
	Joined
}

// Add takes up a part that came now. It gives the messages that are done with
// by that: the part's own if it was the last one, and incomplete ones that had
// to make room. Parts of different keys never mix. Whether one that is
// [Refused] is taken as a message of its own is for the caller to say.
func (r *Reassembler) Add(key Key, part Part, now time.Time) ([]Message, Added) {
	at, known := r.waiting[key]
	m := &pending{key: key, parts: NewParts(key.Total)}
	if known {
		m = at.Value.(*pending)
	}
	added := m.parts.Add(part)
	if added == Refused {
		return nil, Refused
	}
	if added == New {
		r.octets += len(part.Body) + partOverhead
	}
	m.latest = now
	if m.parts.Complete() {
		if known {
			r.remove(at)
		} else {
			r.octets -= len(part.Body) + partOverhead
		}
		return []Message{{key, m.parts.Join()}}, added
	}
	if known {
		r.byAge.MoveToBack(at)
	} else {
		if r.waiting == nil {
			r.waiting = make(map[Key]*list.Element)
		}
		r.waiting[key] = r.byAge.PushBack(m)
	}
	return r.evict(nil), added
}

// Expire gives the messages whose latest part came MaxAge or longer before now,
// incomplete.
func (r *Reassembler) Expire(now time.Time) []Message {
	var done []Message
	for at := r.byAge.Front(); at != nil; at = r.byAge.Front() {
		if m := at.Value.(*pending); now.Sub(m.latest) < orDefault(r.MaxAge, DefaultMaxAge) {
			break
		}
		done = append(done, r.remove(at))
	}
	return done
}

// Len is the number of messages of which parts are missing.
func (r *Reassembler) Len() int { return len(r.waiting) }

// Octets is what the waiting parts count against MaxOctets.
func (r *Reassembler) Octets() int { return r.octets }

// evict makes room by giving up the messages that waited longest.
func (r *Reassembler) evict(done []Message) []Message {
	for r.Len() > orDefault(r.MaxMessages, DefaultMaxMessages) || r.octets > orDefault(r.MaxOctets, DefaultMaxOctets) {
		done = append(done, r.remove(r.byAge.Front()))
	}
	return done
}

// remove forgets a message and gives what has come of it.
func (r *Reassembler) remove(at *list.Element) Message {
	m := r.byAge.Remove(at).(*pending)
	delete(r.waiting, m.key)
	r.octets -= m.parts.Octets() + partOverhead*len(m.parts.list)
	return Message{m.key, m.parts.Join()}
}

func orDefault[T ~int | ~int64](n, byDefault T) T {
	if n <= 0 {
		return byDefault
	}
	return n
}
