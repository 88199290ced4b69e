package rtp_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"setu/ivr/rtp"
)

func TestParsePacket(t *testing.T) {
	t.Parallel()
	sound := rtp.Packet{Type: 8, Seq: 0x1234, Timestamp: 0x56789abc, SSRC: 0xdef01234, Payload: []byte{1, 2, 3}}
	marked := sound
	marked.Marker, marked.Type = true, 101
	plain := "\x80\x08\x12\x34\x56\x78\x9a\xbc\xde\xf0\x12\x34"
	for _, tt := range []struct {
		name, octets string
		want         rtp.Packet
		err          error
	}{
		{"plain", plain + "\x01\x02\x03", sound, nil},
		{"marker", "\x80\xe5" + plain[2:] + "\x01\x02\x03", marked, nil},
		{"contributing sources", "\x82" + plain[1:] + "12345678\x01\x02\x03", sound, nil},
		{"extension", "\x90" + plain[1:] + "\xbe\xde\x00\x01\x10\x20\x30\x40\x01\x02\x03", sound, nil},
		{"padding", "\xa0" + plain[1:] + "\x01\x02\x03\x00\x00\x03", sound, nil},
		{"too short", plain[:11], rtp.Packet{}, rtp.ErrPacket},
		{"version 1", "\x40" + plain[1:], rtp.Packet{}, rtp.ErrPacket},
		{"sources cut", "\x8f" + plain[1:] + "1234", rtp.Packet{}, rtp.ErrPacket},
		{"extension cut", "\x90" + plain[1:] + "\xbe\xde\x00", rtp.Packet{}, rtp.ErrPacket},
		{"extension too long", "\x90" + plain[1:] + "\xbe\xde\xff\xff", rtp.Packet{}, rtp.ErrPacket},
		{"padding of 0", "\xa0" + plain[1:] + "\x01\x00", rtp.Packet{}, rtp.ErrPacket},
		{"padding too long", "\xa0" + plain[1:] + "\x01\x09", rtp.Packet{}, rtp.ErrPacket},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := rtp.ParsePacket([]byte(tt.octets))
			if !errors.Is(err, tt.err) {
				t.Fatalf("ParsePacket() = %v, want %v", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("ParsePacket() differs (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzParsePacket(f *testing.F) {
	f.Add([]byte("\x80\x08\x12\x34\x56\x78\x9a\xbc\xde\xf0\x12\x34abc"))
	f.Add([]byte("\xb2\xe5\x12\x34\x56\x78\x9a\xbc\xde\xf0\x12\x3412345678\xbe\xde\x00\x01abcdefg\x02"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := rtp.ParsePacket(b)
		if err != nil {
			if !errors.Is(err, rtp.ErrPacket) {
				t.Errorf("%v is not ErrPacket", err)
			}
			return
		}
		again, err := rtp.ParsePacket(p.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(p, again); diff != "" {
			t.Errorf("it comes back otherwise:\n%s", diff)
		}
	})
}

func TestControl(t *testing.T) {
	t.Parallel()
	block := rtp.Block{SSRC: 5, Fraction: 12, Lost: -3, Highest: 70_000, Jitter: 9, LastSR: 0x1234, Delay: 0x5678}
	for _, tt := range []struct {
		name string
		want rtp.Control
	}{
		{"sender", rtp.Control{SSRC: 1, Sender: true, NTP: 2, Time: 3, Packets: 4, Octets: 5, Blocks: []rtp.Block{block}}},
		{"receiver", rtp.Control{SSRC: 1, Blocks: []rtp.Block{block, block}}},
		{"nothing to report", rtp.Control{SSRC: 1}},
		{"leaves", rtp.Control{SSRC: 1, Sender: true, Bye: true}},
	} {
		for _, name := range []string{"", "a", "abc", "QWxsIHRoaW5ncyBm"} {
			t.Run(tt.name+" "+name, func(t *testing.T) {
				t.Parallel()
				octets := tt.want.Append(nil, name)
				if len(octets)%4 != 0 {
					t.Errorf("%d octets are no words of 32 bits", len(octets))
				}
				got, err := rtp.ParseControl(octets)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("it comes back otherwise (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func FuzzParseControl(f *testing.F) {
	f.Add(rtp.Control{SSRC: 1, Sender: true, Blocks: make([]rtp.Block, 2), Bye: true}.Append(nil, "name"))
	f.Add([]byte("\x81\xc9\x00\x01abcd"))
	f.Add([]byte("\x80\xcc\x00\x00\x80\xca\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := rtp.ParseControl(b)
		if err != nil {
			if !errors.Is(err, rtp.ErrPacket) {
				t.Errorf("%v is not ErrPacket", err)
			}
			return
		}
		again, err := rtp.ParseControl(c.Append(nil, "x"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c, again); diff != "" {
			t.Errorf("it comes back otherwise:\n%s", diff)
		}
	})
}
