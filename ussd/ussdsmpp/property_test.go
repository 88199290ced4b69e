package ussdsmpp_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"setu/channels/smpp"
	"setu/channels/sms"
	"setu/gateway"
	"setu/ussd"
)

// TestMessage_Property: whatever is to be said, in every dialect, on whichever
// of its screens: the octets fit what the network carries, the text comes out
// of them again, the dialogue keeps its name, and the last screen of a reply
// that ends is marked as the end, and no other is.
func TestMessage_Property(t *testing.T) {
	t.Parallel()
	dialects := embedded(t)
	rapid.Check(t, func(t *rapid.T) {
		d := dialects[rapid.SampledFrom(dialects.Names()).Draw(t, "dialect")]
		say := rapid.SampledFrom([]string{"ভাতা ১০০০০০০০০১ ", "धान का भाव ", "Potato: Rs 1,150 ", "[a]{b}~ ", "ক্ষ্ণ", "𝒳 "})
		r := gateway.Reply{End: rapid.Bool().Draw(t, "end"), Back: rapid.Bool().Draw(t, "back"), More: rapid.Bool().Draw(t, "more")}
		for range rapid.IntRange(1, 12).Draw(t, "parts") {
			r.Parts = append(r.Parts, gateway.Part{Text: say.Draw(t, "text") + say.Draw(t, "text")})
		}
		layout := ussd.Layout{Words: words{}, Limit: d.Limit}
		r.Page = rapid.IntRange(0, layout.Count(r)-1).Draw(t, "page")
		session := rapid.SliceOfN(rapid.Byte(), 2, 2).Draw(t, "session")
		request := smpp.ShortMessage{
			Source: smpp.Address{TON: 1, Addr: "919830000001"}, Dest: smpp.Address{Addr: "51969"},
			TLVs: smpp.TLVs{{Tag: d.Session.Tag, Value: session}},
		}
		screen := layout.Screen(r)
		m, err := d.Message(&request, screen)
		if err != nil {
			t.Fatal(err)
		}
		coding, room := sms.GSM7, ussd.MaxSeptets
		if m.DataCoding == d.Coding.UCS2 {
			coding, room = sms.UCS2, ussd.MaxOctets
		}
		if text, err := sms.Decode(m.Text, coding); err != nil || text != screen.Text || len(m.Text) > room {
			t.Fatalf("%d octets of %d say %q, %v; want %q", len(m.Text), room, text, err, screen.Text)
		}
		op, _ := m.TLVs.Uint(smpp.TagUSSDServiceOp)
		name, _ := m.TLVs.Find(d.Session.Tag)
		if !sameBut(session, name, d.Session.EndBit) {
			t.Fatalf("session %x came back as %x", session, name)
		}
		marked := byte(op) == d.ToGateway.End
		if d.Session.EndBit != 0 {
			bit := uint16(name[0])<<8&d.Session.EndBit != 0 || uint16(name[1])&d.Session.EndBit != 0
			if d.ToGateway.End != d.ToGateway.Continue && bit != marked {
				t.Fatalf("the operation says end: %v, the end bit says %v", marked, bit)
			}
			marked = bit
		}
		if want := r.End && r.Page == layout.Count(r)-1; marked != want {
			t.Fatalf("screen %d of %d is marked as the end: %v, want %v", r.Page+1, layout.Count(r), marked, want)
		}
	})
}

// sameBut says that two parameters are the same but for a bit.
func sameBut(a, b []byte, bit uint16) bool {
	if len(a) != 2 || len(b) != 2 {
		return slices.Equal(a, b)
	}
	mask := ^bit
	return a[0]&byte(mask>>8) == b[0]&byte(mask>>8) && a[1]&byte(mask) == b[1]&byte(mask)
}
