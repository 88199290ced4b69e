package sdp_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"setu/ivr/sdp"
)

func local() sdp.Local {
	return sdp.Local{Media: netip.MustParseAddrPort("127.0.0.1:20000"), ID: 7, Version: 8}
}

// offer is a usual offer with some lines changed: old and new, in pairs.
func offer(change ...string) string {
	return strings.NewReplacer(change...).Replace("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n" +
		"m=audio 4000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n")
}

// TestAnswer: offers as real and hostile peers send them, and what we answer.
func TestAnswer(t *testing.T) {
	t.Parallel()
	agreed := func(codec, events uint8, hold bool) sdp.Agreed {
		return sdp.Agreed{Remote: netip.MustParseAddrPort("192.0.2.1:4000"), Codec: codec, Events: events, Hold: hold}
	}
	for _, tt := range []struct {
		name  string
		offer string
		want  sdp.Agreed
		lines string // in the answer
	}{
		{"usual", offer(), agreed(sdp.PCMA, 101, false), "m=audio 20000 RTP/AVP 8 101"},
		{"µ-law only", offer("8 0", "0"), agreed(sdp.PCMU, 101, false), "a=rtpmap:0 PCMU/8000"},
		{"events on 96", offer("101", "96"), agreed(sdp.PCMA, 96, false), "a=rtpmap:96 telephone-event/8000"},
		{"events on 100", offer("101", "100"), agreed(sdp.PCMA, 100, false), "a=fmtp:100 0-15"},
		{"events of 16 kHz", offer("event/8000", "event/16000"), agreed(sdp.PCMA, 0, false), "m=audio 20000 RTP/AVP 8\r\n"},
		{"no events", offer(" 101", ""), agreed(sdp.PCMA, 0, false), "m=audio 20000 RTP/AVP 8\r\n"},
		{"G.729 too", offer("8 0", "18 8"), agreed(sdp.PCMA, 101, false), "RTP/AVP 8 101"},
		{"bare line feeds", strings.ReplaceAll(offer(), "\r\n", "\n"), agreed(sdp.PCMA, 101, false), "m=audio 20000"},
		{"an empty line", offer("s=-\r\n", "s=-\r\n\n"), agreed(sdp.PCMA, 101, false), "m=audio 20000"},
		{"no final newline", strings.TrimRight(offer(), "\r\n"), agreed(sdp.PCMA, 101, false), "a=sendrecv"},
		{"origin of letters", offer("- 1 1", "- one two"), agreed(sdp.PCMA, 101, false), "o=- 7 8 IN IP4 127.0.0.1"},
		{"long origin", offer("- 1 1", "- 99999999999999999999999999 1"), agreed(sdp.PCMA, 101, false), "m=audio 20000"},
		{"address of the media", offer("c=IN IP4 192.0.2.1\r\n", "", "a=sendrecv", "c=IN IP4 192.0.2.1"), agreed(sdp.PCMA, 101, false), "m=audio 20000"},
		{"video first", offer("m=audio", "m=video 5000 RTP/AVP 34\r\nm=audio"), agreed(sdp.PCMA, 101, false), "m=video 0 RTP/AVP 34\r\nm=audio 20000"},
		{"two of audio", offer() + "m=audio 4002 RTP/AVP 8\r\n", agreed(sdp.PCMA, 101, false), "m=audio 0 RTP/AVP 8"},
		{"AVPF", offer("RTP/AVP ", "RTP/AVPF "), agreed(sdp.PCMA, 101, false), "m=audio 20000 RTP/AVPF 8 101"},
		{"short crypto", offer("a=sendrecv", "a=crypto:1"), agreed(sdp.PCMA, 101, false), "m=audio 20000"},
		{"ports in a run", offer("4000", "4000/2"), agreed(sdp.PCMA, 101, false), "m=audio 20000"},
		{"time repeated", offer("t=0 0", "t=5 6"), agreed(sdp.PCMA, 101, false), "t=5 6"},
		{"sendonly", offer("sendrecv", "sendonly"), agreed(sdp.PCMA, 101, true), "a=recvonly"},
		{"recvonly", offer("sendrecv", "recvonly"), agreed(sdp.PCMA, 101, false), "a=sendonly"},
		{"inactive", offer("sendrecv", "inactive"), agreed(sdp.PCMA, 101, true), "a=inactive"},
		{"direction of the session", offer("a=sendrecv\r\n", "", "t=0 0", "t=0 0\r\na=inactive"), agreed(sdp.PCMA, 101, true), "a=inactive"},
		{
			"hold by address", offer("c=IN IP4 192.0.2.1", "c=IN IP4 0.0.0.0"),
			sdp.Agreed{Remote: netip.MustParseAddrPort("0.0.0.0:4000"), Codec: sdp.PCMA, Events: 101, Hold: true},
			"a=sendrecv",
		},
		{"8 is something else", offer("a=sendrecv", "a=rtpmap:8 opus/48000/2"), agreed(sdp.PCMU, 101, false), "RTP/AVP 0 101"},
	} {
		d, err := sdp.Parse([]byte(tt.offer))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		answer, got, err := sdp.Answer(d, local())
		if diff := cmp.Diff(tt.want, got, cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); err != nil || diff != "" || !strings.Contains(string(answer), tt.lines) {
			t.Errorf("%s: %v (-want +got)\n%s\nanswer, which must contain %q:\n%s", tt.name, err, diff, tt.lines, answer)
		}
	}
}

// TestAnswer_refused: what cannot be answered is refused as media, never with a
// panic.
func TestAnswer_refused(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"c=IN":            offer("IN IP4 192.0.2.1\r\nt", "IN\r\nt"),
		"c=IN IP4":        offer("IP4 192.0.2.1\r\nt", "IP4\r\nt"),
		"a name":          offer("c=IN IP4 192.0.2.1", "c=IN IP4 sip.example.org"),
		"multicast":       offer("c=IN IP4 192.0.2.1", "c=IN IP4 224.2.1.1/127"),
		"no address":      offer("c=IN IP4 192.0.2.1\r\n", ""),
		"few fields":      offer("m=audio 4000 RTP/AVP 8 0 101", "m=audio 4000"),
		"port 0":          offer("4000", "0"),
		"port too large":  offer("4000", "99999"),
		"keys":            offer("RTP/AVP ", "RTP/SAVP "),
		"G.729 alone":     offer("8 0", "18"),
		"IPv6 to an IPv4": offer("c=IN IP4 192.0.2.1", "c=IN IP6 2001:db8::1"),
		"no media":        "v=0\r\n",
	} {
		d, err := sdp.Parse([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if answer, _, err := sdp.Answer(d, local()); !errors.Is(err, sdp.ErrMedia) {
			t.Errorf("%s is answered: %v\n%s", name, err, answer)
		}
	}
	for name, text := range map[string]string{
		"empty": "", "blank": "\r\n\r\n", "not SDP": "hello", "too long": offer() + strings.Repeat("a=x\r\n", 4000),
		"media without end": "v=0\r\n" + strings.Repeat("m=audio 1 RTP/AVP 0\r\n", 20),
	} {
		if _, err := sdp.Parse([]byte(text)); !errors.Is(err, sdp.ErrSDP) {
			t.Errorf("%s is read: %v", name, err)
		}
	}
}

// TestOffer: our own offer is answered by ourselves, and the answer taken.
func TestOffer(t *testing.T) {
	t.Parallel()
	us := local()
	d, err := sdp.Parse(sdp.Offer(us))
	if err != nil {
		t.Fatal(err)
	}
	them := sdp.Local{Media: netip.MustParseAddrPort("[2001:db8::1]:6000"), ID: 1, Version: 1}
	if _, _, err := sdp.Answer(d, them); !errors.Is(err, sdp.ErrMedia) {
		t.Errorf("IPv6 answers IPv4: %v", err)
	}
	them.Media = netip.MustParseAddrPort("192.0.2.1:6000")
	answer, a, err := sdp.Answer(d, them)
	if err != nil || a.Remote != us.Media || a.Events != 101 {
		t.Fatalf("answered as %+v, %v", a, err)
	}
	if d, err = sdp.Parse(answer); err != nil {
		t.Fatal(err)
	}
	if a, err = sdp.Accept(d, us); err != nil || a.Remote != them.Media || a.Codec != sdp.PCMA || a.Events != 101 || a.Hold {
		t.Errorf("accepted as %+v, %v", a, err)
	}
	if d, err = sdp.Parse([]byte(offer("4000", "0"))); err != nil {
		t.Fatal(err)
	}
	if a, err = sdp.Accept(d, us); !errors.Is(err, sdp.ErrMedia) {
		t.Errorf("refused media is accepted as %+v, %v", a, err)
	}
}

// FuzzAnswer: whatever is offered, what we answer can be read, has as many media
// as the offer, and one of them, ours, is on.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(offer()))
	f.Add([]byte(offer("m=audio", "m=video 5000 RTP/AVP 34\r\nm=audio")))
	f.Add([]byte(offer("c=IN IP4 192.0.2.1", "c=IN")))
	f.Add([]byte("m=audio"))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := sdp.Parse(text)
		if err != nil {
			if !errors.Is(err, sdp.ErrSDP) {
				t.Fatal(err)
			}
			return
		}
		answer, agreed, err := sdp.Answer(d, local())
		if err != nil {
			if !errors.Is(err, sdp.ErrMedia) {
				t.Fatal(err)
			}
			return
		}
		back, err := sdp.Parse(answer)
		if err != nil || len(back.Media) != len(d.Media) {
			t.Fatalf("%v; %d media for %d:\n%s", err, len(back.Media), len(d.Media), answer)
		}
		on := 0
		for _, m := range back.Media {
			if m.Port != 0 {
				on++
			}
		}
		if on != 1 || !agreed.Remote.IsValid() || agreed.Remote.Port() == 0 {
			t.Fatalf("%d media are on, agreed %+v:\n%s", on, agreed, answer)
		}
		if lines := strings.Count(string(answer), "\n"); lines > 13+len(d.Media) {
			t.Fatal(fmt.Errorf("%d lines for %d media:\n%s", lines, len(d.Media), answer))
		}
	})
}
