package sms

import (
	"errors"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// ErrTooLong says that a text needs more than [MaxSegments].
var ErrTooLong = errors.New("sms: text needs more than 255 segments")

// MaxSegments is the most parts that a long message can have: the count is one
// octet (TS 23.040, 9.2.3.24.1).
const MaxSegments = 255

// userDataOctets is the room of one message, header included (TS 23.040,
// 9.2.3.24).
const userDataOctets = 140

// Segment is one message on the air, whole or part of a long one.
type Segment struct {
	UDH  []byte // user data header with its length octet; nil if the text is whole
	Body []byte // the encoded text; GSM 7-bit one septet an octet
	Text string // what Body says
}

// Limit is the number of units that a segment holds: septets of GSM 7-bit,
// 16-bit units of UCS-2, octets of others. header is the length of the user data
// header with its length octet, 0 for none: 160, 153 and 152 septets, 70, 67 and
// 66 units of UCS-2 without header and with a reference of 8 and 16 bits.
func Limit(c Coding, header int) int {
	switch octets := userDataOctets - header; c {
	case GSM7:
		return octets * 8 / 7
	case UCS2:
		return octets / 2
	default:
		return octets
	}
}

func concatLimit(c Coding, wide bool) int {
	if wide {
		return Limit(c, concat16Octets)
	}
	return Limit(c, concat8Octets)
}

// Count gives the alphabet that a text is sent in, the segments that it takes
// with a reference of 8 bits, and its length in units of the alphabet. An empty
// text is one segment. Nothing is allocated (measured, see BenchmarkCount).
func Count(text string) (c Coding, segments, units int) {
	units, c = gsm7Units(text)
	if c == GSM7 && units <= Limit(GSM7, 0) {
		return GSM7, 1, units
	}
	segments, units = CountIn(text, c, false)
	return c, segments, units
}

// Units gives the alphabet that a text is sent in and its length in units of
// that alphabet, for a channel that has no segments. Nothing is allocated.
func Units(text string) (c Coding, units int) {
	if units, c = gsm7Units(text); c == GSM7 {
		return c, units
	}
	return c, measure(text, c)
}

// CountIn counts as [Count] does, for a text in the alphabet c and with a
// reference of 16 bits if wide. It may count more than [MaxSegments].
// Characters that the alphabet lacks count as one unit.
func CountIn(text string, c Coding, wide bool) (segments, units int) {
	if units = measure(text, c); units <= Limit(c, 0) {
		return 1, units
	}
	for limit := concatLimit(c, wide); text != ""; segments++ {
		text = text[cut(text, c, limit):]
	}
	return segments, units
}

// measure gives the length of a text in units.
func measure(text string, c Coding) int {
	_, units := reach(text, c, math.MaxInt)
	return units
}

// reach gives how far into a text limit units go: the octets of the characters
// that fit, and their units.
func reach(text string, c Coding, limit int) (octets, units int) {
	switch c {
	case GSM7:
		return reachGSM7(text, limit)
	case UCS2:
		return reachUCS2(text, limit)
	}
	for i, r := range text {
		n := 1
		if c == Octets {
			n = utf8.RuneLen(r)
		}
		if units+n > limit {
			return i, units
		}
		units += n
	}
	return len(text), units
}

func reachGSM7(text string, limit int) (octets, units int) {
	for i, r := range text {
		n := max(1, septets(r))
		if units+n > limit {
			return i, units
		}
		units += n
	}
	return len(text), units
}

func reachUCS2(text string, limit int) (octets, units int) {
	for i, r := range text {
		n := 1
		if r > 0xffff {
			n = 2 // a surrogate pair
		}
		if units+n > limit {
			return i, units
		}
		units += n
	}
	return len(text), units
}

// Split cuts a text into segments and encodes them. Long texts are numbered
// with ref, of which only the low 8 bits are used unless wide. A segment never
// ends within a character as a reader sees it (a grapheme cluster of UAX #29,
// or a Bengali or Hindi conjunct) unless that alone is longer than a segment;
// then it ends between code points. The error is [ErrTooLong], [ErrEncode] or
// [ErrCoding].
func Split(text string, c Coding, ref uint16, wide bool) ([]Segment, error) {
	units := measure(text, c)
	if units <= Limit(c, 0) {
		body, err := Encode(text, c)
		if err != nil {
			return nil, err
		}
		return []Segment{{Body: body, Text: text}}, nil
	}
	segments, err := texts(text, c, units, concatLimit(c, wide))
	if err != nil {
		return nil, err
	}
	if c == UCS2 {
		units *= 2
	}
	octets := make([]byte, 0, units+len(segments)*concat16Octets) // of all headers and bodies
	for i := range segments {
		s := &segments[i]
		start := len(octets)
		part := Concat{Ref: ref, Wide: wide, Total: uint8(len(segments)), Seq: uint8(i + 1)}
		octets = part.AppendUDH(octets)
		s.UDH = octets[start:len(octets):len(octets)]
		start = len(octets)
		if octets, err = AppendEncode(octets, s.Text, c); err != nil {
			return nil, err
		}
		s.Body = octets[start:len(octets):len(octets)]
	}
	return segments, nil
}

// texts cuts a text of so many units into segments that have a text only.
func texts(text string, c Coding, units, limit int) ([]Segment, error) {
	segments := make([]Segment, 0, min(units/limit+1, MaxSegments))
	for text != "" {
		if len(segments) == MaxSegments {
			return nil, ErrTooLong
		}
		n := cut(text, c, limit)
		segments = append(segments, Segment{Text: text[:n]})
		text = text[n:]
	}
	return segments, nil
}

// cut gives the length in octets of what of a text goes into a segment of limit
// units.
func cut(text string, c Coding, limit int) int {
	n, _ := reach(text, c, limit)
	if n == len(text) {
		return n
	}
	return boundary(text, n)
}

// boundary gives the last place up to n where the text may be cut, not 0.
func boundary(text string, n int) int {
	// Whether there is a boundary at n depends on the one character after it.
	_, next := utf8.DecodeRuneInString(text[n:])
	text = text[:n+next]
	// What follows a space is not bound to what stands before it, so the
	// search need not begin at the start.
	if space := strings.LastIndexByte(text[:n], ' '); space > 0 {
		if at := lastCluster(text[space:], n-space, true); at > 0 {
			return space + at
		}
	}
	if at := lastCluster(text, n, true); at > 0 {
		return at
	}
	if at := lastCluster(text, n, false); at > 0 {
		return at
	}
	return n
}

// lastCluster gives the end of the last cluster that ends at n or before, 0 if
// there is none. A conjunct counts as one cluster if asked for.
func lastCluster(text string, n int, conjuncts bool) int {
	end := 0
	at := 0
	for state := -1; at < n; {
		cluster, rest, _, next := uniseg.FirstGraphemeClusterInString(text[at:], state)
		state = next
		at += len(cluster)
		if at <= n && !(conjuncts && bindsConsonant(text[:at]) && startsWithConsonant(rest)) {
			end = at
		}
	}
	return end
}

// bindsConsonant says that a text ends in a virama that joins the consonant
// after it to the one before: rule GB9c of UAX #29 for Bengali and Devanagari.
// A ZWNJ after the virama keeps them apart.
func bindsConsonant(s string) bool {
	for s != "" {
		r, n := utf8.DecodeLastRuneInString(s)
		switch r {
		case '\u09cd', '\u094d':
			return true
		case '\u200d', '\u09bc', '\u093c': // ZWJ and nuktas stand between
			s = s[:len(s)-n]
		default:
			return false
		}
	}
	return false
}

func startsWithConsonant(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return '\u0995' <= r && r <= '\u09b9' || '\u09dc' <= r && r <= '\u09df' || r == '\u09f0' || r == '\u09f1' ||
		'\u0915' <= r && r <= '\u0939' || '\u0958' <= r && r <= '\u095f' || '\u0978' <= r && r <= '\u097f'
}
