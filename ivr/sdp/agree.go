package sdp

import (
	"cmp"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Local is our side of a call.
type Local struct {
	// Media is where we want to be sent to.
	Media netip.AddrPort
	// ID is the session's, the same for as long as the call, and Version is that
	// of this description, one more than that of the one before (RFC 8866 §5.2).
	ID, Version uint64
}

// Agreed is what both sides have agreed on.
type Agreed struct {
	// Remote is where to send to; its address is unspecified where the other side
	// has put the call on hold in the old way.
	Remote netip.AddrPort
	Codec  uint8 // PCMU or PCMA
	Events uint8 // payload type of telephone-events; 0 is none
	// Hold says that we are not to send.
	Hold bool
}

// ownEvents is the payload type of telephone-events in our own offers, which is
// the one that most equipment takes for granted.
const ownEvents = 101

// Answer answers an offer. Errors are [ErrMedia].
func Answer(offer Description, l Local) (answer []byte, a Agreed, err error) {
	chosen := -1
	for i := range offer.Media {
		m := &offer.Media[i]
		if _, ok := m.codec(); ok && m.usable(l) && chosen < 0 {
			chosen = i
		}
	}
	if chosen < 0 {
		return nil, Agreed{}, fmt.Errorf("%w: G.711 over RTP/AVP to an IP address is what we have", ErrMedia)
	}
	var b strings.Builder
	l.head(&b, offer.time)
	for i := range offer.Media {
		m := &offer.Media[i]
		if i != chosen {
			m.refuse(&b)
			continue
		}
		a = m.agreed()
		l.audio(&b, m.Proto, a, m.answered(), strconv.Itoa(int(a.Codec)))
	}
	return []byte(b.String()), a, nil
}

// usable says that we can send the media, and be sent it.
func (m *Media) usable(l Local) bool {
	return m.Kind == "audio" && m.Port != 0 && (m.Proto == "RTP/AVP" || m.Proto == "RTP/AVPF") &&
		m.Host.IsValid() && m.Host.Is4() == l.Media.Addr().Unmap().Is4()
}

// agreed is what the media comes to for us.
func (m *Media) agreed() Agreed {
	codec, _ := m.codec()
	held := m.Host.IsUnspecified() // as before RFC 3264
	return Agreed{
		Remote: netip.AddrPortFrom(m.Host, m.Port), Codec: codec, Events: m.Events,
		Hold: held || m.Direction == SendOnly || m.Direction == Inactive,
	}
}

// answered is our direction, which fits to theirs (RFC 3264 §6.1).
func (m *Media) answered() Direction {
	switch {
	case m.Direction == Inactive:
		return Inactive
	case m.Direction == SendOnly:
		return RecvOnly
	case m.Direction == RecvOnly:
		return SendOnly
	}
	return SendRecv
}

// refuse writes the m= line of media that we do not take.
func (m *Media) refuse(b *strings.Builder) {
	format := "0"
	if len(m.Formats) > 0 {
		format = m.Formats[0]
	}
	fmt.Fprintf(b, "m=%s 0 %s %s\r\n", cmp.Or(m.Kind, "audio"), cmp.Or(m.Proto, "RTP/AVP"), format)
}

// Offer offers G.711 in both laws with telephone-events.
func Offer(l Local) []byte {
	var b strings.Builder
	l.head(&b, "")
	l.audio(&b, "RTP/AVP", Agreed{Events: ownEvents}, SendRecv, "8", "0")
	return []byte(b.String())
}

// Accept takes the answer to an offer of ours. Errors are [ErrMedia].
func Accept(answer Description, l Local) (Agreed, error) {
	for i := range answer.Media {
		m := &answer.Media[i]
		if _, ok := m.codec(); ok && m.usable(l) {
			return m.agreed(), nil
		}
	}
	return Agreed{}, fmt.Errorf("%w: the answer has no G.711", ErrMedia)
}

// head writes what stands before the media.
func (l Local) head(b *strings.Builder, times string) {
	family := "IP4"
	host := l.Media.Addr().Unmap()
	if host.Is6() {
		family = "IP6"
	}
	fmt.Fprintf(b, "v=0\r\no=- %d %d IN %s %s\r\ns=-\r\nc=IN %s %s\r\nt=%s\r\n", l.ID, l.Version, family, host, family, host, cmp.Or(times, "0 0"))
}

// rtpmaps are the names of the static payload types of ours.
var rtpmaps = map[string]string{"0": "PCMU/8000", "8": "PCMA/8000"}

// audio writes our media.
func (l Local) audio(b *strings.Builder, proto string, a Agreed, d Direction, codecs ...string) {
	formats := strings.Join(codecs, " ")
	if a.Events != 0 {
		formats += " " + strconv.Itoa(int(a.Events))
	}
	fmt.Fprintf(b, "m=audio %d %s %s\r\n", l.Media.Port(), proto, formats)
	for _, c := range codecs {
		fmt.Fprintf(b, "a=rtpmap:%s %s\r\n", c, rtpmaps[c])
	}
	if a.Events != 0 {
		fmt.Fprintf(b, "a=rtpmap:%d telephone-event/8000\r\na=fmtp:%d 0-15\r\n", a.Events, a.Events)
	}
	fmt.Fprintf(b, "a=ptime:20\r\na=%s\r\n", d)
}
