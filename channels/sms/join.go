package sms

import (
	"bytes"
	"errors"
	"slices"
	"strings"
)

// Key tells the parts of one long message from those of all others. The sender
// and the link are in it because phones choose references of 8 bits on their
// own: two citizens who write to one short code will use the same one. It is
// comparable.
type Key struct {
	Link  string
	From  string
	To    string
	Ref   uint16
	Wide  bool
	Total uint8
}

// Part is one part of a long message as it came, without user data header.
type Part struct {
	Seq    uint8 // from 1
	Coding Coding
	Lock   Language
	Single Language
	Body   []byte
}

// equal says that two parts are the same message delivered twice.
func (p Part) equal(q Part) bool {
	return p.Seq == q.Seq && p.sameAlphabet(q) && bytes.Equal(p.Body, q.Body)
}

func (p Part) sameAlphabet(q Part) bool {
	return p.Coding == q.Coding && p.Lock == q.Lock && p.Single == q.Single
}

// decode gives the text of octets in the part's alphabet.
func (p Part) decode(body []byte) (string, error) {
	if p.Coding == GSM7 {
		return DecodeNational(body, p.Lock, p.Single)
	}
	return Decode(body, p.Coding)
}

// Text is what the part says by itself: a message that came whole, of any
// length. Its errors are those of [Joined].
func (p Part) Text() (string, error) { return p.decode(p.Body) }

// Added is what became of a part.
type Added uint8

// What became of a part.
const (
	New       Added = iota // kept
	Duplicate              // it was there: nothing changed
	Conflict               // another with its number was there and is kept
	Refused                // its number is 0 or above the total, or it is too long
)

// String is the outcome's name in logs and metrics.
func (a Added) String() string {
	switch a {
	case New:
		return "new"
	case Duplicate:
		return "duplicate"
	case Conflict:
		return "conflict"
	}
	return "refused"
}

// MaxPartOctets is the longest part that is kept: what short_message of SMPP
// 3.4, 5.2.21 can hold.
const MaxPartOctets = 254

// Parts gathers the parts of one long message, in any order. It takes any
// number of parts in bounded memory: each is kept once.
type Parts struct {
	total    uint8
	octets   int
	conflict bool
	list     []Part // by Seq
}

// NewParts makes an empty collection for a message of so many parts.
func NewParts(total uint8) *Parts { return &Parts{total: total} }

// Add takes up a part. Its Body is copied.
func (p *Parts) Add(part Part) Added {
	if part.Seq == 0 || part.Seq > p.total || len(part.Body) > MaxPartOctets {
		return Refused
	}
	at, found := slices.BinarySearchFunc(p.list, part.Seq, func(q Part, seq uint8) int {
		return int(q.Seq) - int(seq)
	})
	if found {
		if p.list[at].equal(part) {
			return Duplicate
		}
		p.conflict = true
		return Conflict
	}
	part.Body = bytes.Clone(part.Body)
	p.octets += len(part.Body)
	p.list = slices.Insert(p.list, at, part)
	return New
}

// Complete says that all parts are there.
func (p *Parts) Complete() bool { return len(p.list) == int(p.total) }

// Octets is the length of all bodies.
func (p *Parts) Octets() int { return p.octets }

// Joined is what was made of the parts of a long message.
type Joined struct {
	Text     string  // with "…" for each run of missing parts
	Missing  []uint8 // their numbers, in order; nil if the message is whole
	Conflict bool    // some part came twice and differed; the first was taken
	// Err wraps [ErrDecode], [ErrCoding] or [ErrLanguage] if some octets were
	// no text; the text is then the best that can be had.
	Err error
}

// gap stands for parts that never came.
const gap = "…"

// Join puts together what has come. Neighbouring parts in one alphabet are
// joined as octets before they are decoded, because there are senders that cut
// a surrogate pair or an escape sequence in two.
func (p *Parts) Join() Joined {
	j := Joined{Conflict: p.conflict}
	var text strings.Builder
	var errs []error
	next := 1 // the number that is due
	for i := 0; i < len(p.list); {
		if missing := int(p.list[i].Seq) - next; missing > 0 {
			j.addMissing(&text, next, missing)
		}
		n := run(p.list[i:])
		s, err := decodeRun(p.list[i : i+n])
		text.WriteString(s)
		errs = append(errs, err)
		i += n
		next = int(p.list[i-1].Seq) + 1
	}
	if missing := int(p.total) + 1 - next; missing > 0 {
		j.addMissing(&text, next, missing)
	}
	j.Text = text.String()
	j.Err = errors.Join(errs...)
	return j
}

func (j *Joined) addMissing(text *strings.Builder, first, n int) {
	text.WriteString(gap)
	for seq := first; seq < first+n; seq++ {
		j.Missing = append(j.Missing, uint8(seq))
	}
}

// run is the number of parts that follow one another in one alphabet.
func run(parts []Part) int {
	n := 1
	for n < len(parts) && parts[n].Seq == parts[n-1].Seq+1 && parts[n].sameAlphabet(parts[0]) {
		n++
	}
	return n
}

// decodeRun decodes parts that follow one another in one alphabet.
func decodeRun(parts []Part) (string, error) {
	if len(parts) == 1 {
		return parts[0].decode(parts[0].Body)
	}
	var octets []byte
	for i, p := range parts {
		octets = append(octets, withoutMark(p, i > 0)...)
	}
	if parts[0].Coding != UCS2 || len(octets)%2 == 0 {
		return parts[0].decode(octets)
	}
	// Some part lost an octet: joined, all that follows would be garbage.
	var text strings.Builder
	var errs []error
	for _, p := range parts {
		s, err := p.decode(p.Body)
		text.WriteString(s)
		errs = append(errs, err)
	}
	return text.String(), errors.Join(errs...)
}

// withoutMark gives the body of a part, without the byte order mark that some
// senders put before each.
func withoutMark(p Part, inner bool) []byte {
	if inner && p.Coding == UCS2 {
		return bytes.TrimPrefix(p.Body, []byte{0xfe, 0xff})
	}
	return p.Body
}

// Join puts together the parts of a message of so many parts, as a store kept
// them, in any order.
func Join(total uint8, parts []Part) Joined {
	p := NewParts(total)
	for _, part := range parts {
		p.Add(part)
	}
	return p.Join()
}
