package smppsms

import (
	"bytes"
	"testing"

	"setu/channels/smpp"
	"setu/gateway"
)

// FuzzDecode: whatever a phone sends is taken apart without a panic, its text is
// valid UTF-8 or marked, and a stored part is read back as it was.
func FuzzDecode(f *testing.F) {
	f.Add(byte(0), byte(0), []byte("HELP"))
	f.Add(byte(8), byte(0x40), []byte{5, 0, 3, 7, 2, 1, 9, 0xad})
	f.Add(byte(8), byte(0x40), []byte{0})
	f.Add(byte(245), byte(0x40), []byte{6, 8, 4, 0, 1, 2, 2, 'x'})
	f.Fuzz(func(t *testing.T, coding, class byte, octets []byte) {
		m := smpp.ShortMessage{DataCoding: coding, ESMClass: class, Text: octets}
		p, c := decode(&m)
		if c.Valid() && p.Seq != c.Seq {
			t.Errorf("part %d is stored as %d", c.Seq, p.Seq)
		}
		if len(p.Body) > len(octets) {
			t.Errorf("body of %d octets from %d", len(p.Body), len(octets))
		}
		got, err := unpackPart(gateway.Fragment{Seq: p.Seq, Raw: packPart(p)})
		if err != nil || got.Coding != p.Coding || got.Lock != p.Lock || got.Single != p.Single || !bytes.Equal(got.Body, p.Body) {
			t.Errorf("part read back as %+v, %v; want %+v", got, err, p)
		}
		first, err1 := p.Text()
		second, err2 := got.Text()
		if p.Seq == 1 && (first != second || (err1 == nil) != (err2 == nil)) {
			t.Errorf("read twice: %q and %q", first, second)
		}
	})
}

func TestDigest(t *testing.T) {
	t.Parallel()
	m := smpp.ShortMessage{Source: smpp.Address{Addr: "91"}, Dest: smpp.Address{Addr: "5"}, Text: []byte("1")}
	same, other, shifted := m, m, m
	other.Text = []byte("2")
	shifted.Source.Addr, shifted.Dest.Addr = "9", "15"
	if digest(&m) != digest(&same) {
		t.Error("a redelivered message has another digest")
	}
	if digest(&m) == digest(&other) || digest(&m) == digest(&shifted) {
		t.Error("two messages share a digest")
	}
}
