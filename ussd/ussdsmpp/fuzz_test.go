package ussdsmpp_test

import (
	"strings"
	"testing"

	"setu/channels/smpp"
	"setu/gateway"
	"setu/i18n"
	"setu/ussd"
	"setu/ussd/ussdsmpp"
)

// FuzzInbound: whatever a gateway sends, it is refused or gives an inbound with
// a citizen's number and, at a beginning, a code of the link; and the screen
// that answers it is read by the same gateway as the same dialogue.
func FuzzInbound(f *testing.F) {
	dialects := embedded(f)
	names := dialects.Names()
	codes := []string{"51969", "123*45"}
	f.Add(uint8(3), body(f, `"USSD"`, "01 01", `"919830000001"`, "00 01", `"51969"`, "00 00 00 00 00 00 00 0F 00 07 2A3531393639 23", "0501 0001 01 1383 0002 2A00"))
	f.Add(uint8(2), body(f, `"USSD"`, "01 01", `"919830000001"`, "00 01", `"1"`, "00 00 00 00 00 00 00 00 00 01 31", "0501 0001 12 0204 0002 0007"))
	f.Add(uint8(1), body(f, `""`, "01 01", `"919830000001"`, "00 01", `"123"`, "00 00 00 00 00 00 00 48 00 02 09AD", "0501 0001 01 1501 0004 00000001"))
	f.Fuzz(func(t *testing.T, which uint8, raw []byte) {
		d := dialects[names[int(which)%len(names)]]
		var m smpp.ShortMessage
		if m.Decode(smpp.Header{ID: smpp.DeliverSM}, raw) != nil {
			return
		}
		in, status := d.Inbound(&m, codes)
		if status != smpp.ROK {
			if in != (gateway.Inbound{}) {
				t.Fatal("refused, and yet it is an inbound")
			}
			return
		}
		if number, err := i18n.ParsePhone(in.From.Reveal()); err != nil || number != in.From.Reveal() {
			t.Fatalf("the number is %q, %v", in.From.Reveal(), err)
		}
		if to := in.To.Reveal(); to != codes[0] && to != codes[1] {
			t.Fatalf("the code is %q", to)
		}
		if strings.HasSuffix(in.Text.Reveal(), "\r") || in.Event > gateway.Input && in.Event != gateway.New && in.Text != "" {
			t.Fatalf("event %d has text %q", in.Event, in.Text.Reveal())
		}
		// The gateway swaps the addresses of our screen when it answers.
		out, err := d.Message(&m, ussd.Screen{Text: "1 x"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := smpp.AppendMessage(nil, smpp.SubmitSM, 1, &out); err != nil {
			t.Fatal(err)
		}
		out.Source, out.Dest = out.Dest, out.Source
		out.TLVs[0].Value = d.FromGateway.Answer[:1]
		if back, status := d.Inbound(&out, codes); status != smpp.ROK || back.Session != in.Session || back.From != in.From || back.Event != gateway.Input {
			t.Fatalf("the answer to our screen: %v, event %d, session %q, want %q", status, back.Event, back.Session, in.Session)
		}
	})
}

// FuzzParse: a file is refused with its name in each line of the error, or gives
// a dialect that can tell its screens.
func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("name: mine\nfrom_gateway: {begin: [0x01], begin: [0x02]}"))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, src []byte) {
		d, err := ussdsmpp.Parse("mine.yaml", src)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "mine.yaml:") {
				t.Fatalf("Parse: %v", err)
			}
			return
		}
		if d.Name != "mine" || len(d.FromGateway.Begin) == 0 || len(d.FromGateway.Answer) == 0 ||
			d.ToGateway.Continue == d.ToGateway.End && d.Session.EndBit == 0 {
			t.Fatalf("Parse takes %+v", d)
		}
	})
}
