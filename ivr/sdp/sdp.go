// Package sdp reads and writes session descriptions (RFC 8866) as far as a
// telephone call needs them: one stream of G.711 and telephone-events, offered and
// answered (RFC 3264). It is tolerant of what real exchanges send, and never
// believes that something is there.
//
// It is pure: no I/O, clock, goroutine or logger.
package sdp

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Errors.
var (
	// ErrSDP says that a description cannot be read.
	ErrSDP = errors.New("sdp: not a session description")
	// ErrMedia says that it offers no sound that we can carry.
	ErrMedia = errors.New("sdp: no media in common")
)

// MaxOctets is the longest description that is read. Those of telephones have
// under 2,000.
const MaxOctets = 16 << 10

// Bounds of what is read of a description, far above any real one.
const (
	maxMedia   = 16
	maxFormats = 64
)

// Payload types of G.711 (RFC 3551 §6).
const (
	PCMU = 0
	PCMA = 8
)

// Direction is who sends (RFC 8866 §6.7).
type Direction uint8

// The directions; the zero value is what holds when none is given.
const (
	SendRecv Direction = iota
	SendOnly
	RecvOnly
	Inactive
)

var directions = [...]string{SendRecv: "sendrecv", SendOnly: "sendonly", RecvOnly: "recvonly", Inactive: "inactive"}

// String is the direction's attribute.
func (d Direction) String() string { return directions[d&3] }

// Description is a session description.
type Description struct {
	Media []Media
	time  string // the t= line's value, which an answer repeats
}

// Media is one m= line with what belongs to it.
type Media struct {
	Kind    string // audio, video
	Port    uint16 // 0 is refused or off
	Proto   string // RTP/AVP
	Formats []string
	// Host is where it is to be sent; invalid if there is no address there, such
	// as for a name.
	Host      netip.Addr
	Direction Direction
	Events    uint8 // payload type of telephone-events of 8 kHz; 0 is none
	other     uint8 // bits of PCMU and PCMA whose payload types mean something else
}

// Bits of Media.other.
const (
	otherPCMU = 1 << iota
	otherPCMA
)

// Parse reads a description. Errors are [ErrSDP].
func Parse(b []byte) (Description, error) {
	var d Description
	if len(b) > MaxOctets {
		return d, fmt.Errorf("%w: %d octets", ErrSDP, len(b))
	}
	var host netip.Addr
	var all Direction
	lines := 0
	for line := range strings.Lines(string(b)) {
		kind, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), "=")
		if !ok || len(kind) != 1 {
			continue // an empty line, or none that we know
		}
		lines++
		media := d.last()
		switch {
		case kind == "m":
			if len(d.Media) == maxMedia {
				return d, fmt.Errorf("%w: more than %d media", ErrSDP, maxMedia)
			}
			d.Media = append(d.Media, parseMedia(value, host, all))
		case kind == "c" && media == nil:
			host = parseHost(value)
		case kind == "c":
			media.Host = parseHost(value)
		case kind == "t" && media == nil && d.time == "":
			d.time = clean(value)
		case kind == "a" && media == nil:
			all, _ = parseDirection(value, all)
		case kind == "a":
			media.attribute(value)
		}
	}
	if lines == 0 {
		return d, fmt.Errorf("%w: nothing in it", ErrSDP)
	}
	return d, nil
}

// last is the media that a line belongs to; nil before the first.
func (d *Description) last() *Media {
	if len(d.Media) == 0 {
		return nil
	}
	return &d.Media[len(d.Media)-1]
}

// parseMedia reads "audio 49170 RTP/AVP 8 0 101".
func parseMedia(value string, host netip.Addr, all Direction) Media {
	m := Media{Host: host, Direction: all}
	fields := strings.Fields(clean(value))
	if len(fields) > 0 {
		m.Kind = strings.ToLower(fields[0])
	}
	if len(fields) < 4 {
		return m // cannot be used, and is answered as refused
	}
	port, _, _ := strings.Cut(fields[1], "/")
	n, err := strconv.ParseUint(port, 10, 16)
	if err == nil {
		m.Port = uint16(n)
	}
	m.Proto, m.Formats = strings.ToUpper(fields[2]), fields[3:min(len(fields), 3+maxFormats)]
	return m
}

// parseHost reads "IN IP4 192.0.2.1"; with a lifetime of multicast behind it, it is
// no address of a telephone.
func parseHost(value string) netip.Addr {
	fields := strings.Fields(value)
	if len(fields) != 3 || !strings.EqualFold(fields[0], "IN") {
		return netip.Addr{}
	}
	host, err := netip.ParseAddr(fields[2])
	if err != nil || host.IsMulticast() || host.Zone() != "" {
		return netip.Addr{}
	}
	return host.Unmap()
}

func parseDirection(value string, was Direction) (Direction, bool) {
	for i, name := range directions {
		if strings.EqualFold(strings.TrimSpace(value), name) {
			return Direction(i), true
		}
	}
	return was, false
}

// attribute reads "rtpmap:101 telephone-event/8000" and the directions.
func (m *Media) attribute(value string) {
	if d, ok := parseDirection(value, m.Direction); ok {
		m.Direction = d
		return
	}
	rest, ok := strings.CutPrefix(value, "rtpmap:")
	if !ok {
		return
	}
	format, encoding, ok := strings.Cut(strings.TrimSpace(rest), " ")
	pt, err := strconv.ParseUint(format, 10, 7)
	if !ok || err != nil || !m.has(format) {
		return
	}
	name, rate, _ := strings.Cut(strings.ToLower(strings.TrimSpace(encoding)), "/")
	rate, channels, _ := strings.Cut(rate, "/")
	narrow := rate == "8000" && (channels == "" || channels == "1")
	switch {
	case name == "telephone-event" && narrow && pt >= 96 && m.Events == 0: // dynamic types (RFC 3551 §3)
		m.Events = uint8(pt)
	case pt == PCMU && (name != "pcmu" || !narrow):
		m.other |= otherPCMU
	case pt == PCMA && (name != "pcma" || !narrow):
		m.other |= otherPCMA
	}
}

func (m *Media) has(format string) bool {
	for _, f := range m.Formats {
		if f == format {
			return true
		}
	}
	return false
}

// codec is the payload type that both sides can carry, A-law first as India's
// networks do (ITU-T G.711 §2); ok is false if there is none.
func (m *Media) codec() (pt uint8, ok bool) {
	switch {
	case m.has("8") && m.other&otherPCMA == 0:
		return PCMA, true
	case m.has("0") && m.other&otherPCMU == 0:
		return PCMU, true
	}
	return 0, false
}

// clean drops what cannot stand in a line, so that a description of ours never
// has more lines than it should.
func clean(value string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, value)
}
