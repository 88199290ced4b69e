package interop_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	gosmpp "github.com/fiorix/go-smpp/smpp"
	"github.com/fiorix/go-smpp/smpp/pdu"
	"github.com/fiorix/go-smpp/smpp/pdu/pdufield"
	"github.com/fiorix/go-smpp/smpp/pdu/pdutext"
	"github.com/fiorix/go-smpp/smpp/pdu/pdutlv"

	"setu/channels/smpp"
)

// TestGoSMPP: a partner with go-smpp binds to our server, submits and is delivered to.
// Both go one after the other, because that library mixes up a delivery and a submission
// under way that bear the same number.
func TestGoSMPP(t *testing.T) {
	t.Parallel()
	requests := make(chan *smpp.Request, 10)
	bound := make(chan *smpp.Session, 1)
	closed := make(chan error, 1)
	addr := serve(t, smpp.ServerConfig{
		OnBound:  func(s *smpp.Session) { bound <- s },
		OnClosed: func(_ *smpp.Session, err error) { closed <- err },
		SessionConfig: smpp.SessionConfig{Handler: func(r *smpp.Request) {
			status := smpp.ROK
			if r.Message.Dest.Addr == "0" {
				status = smpp.RInvDstAdr
			}
			r.Respond(status, "id-"+fmt.Sprint(r.Seq))
			requests <- r
		}},
	})
	delivered := make(chan pdu.Body, 10)
	partner := &gosmpp.Transceiver{
		Addr: addr.String(), User: "sandbox", Passwd: "sandbox", RespTimeout: patience,
		Handler: func(p pdu.Body) {
			if p.Header().ID == pdu.DeliverSMID {
				delivered <- p
			}
		},
	}
	if s := receive(t, partner.Bind()); s.Status() != gosmpp.Connected {
		t.Fatalf("bind: %v", s.Error())
	}
	s := receive(t, bound)
	for _, tt := range texts {
		if len(tt.octets) > 140 {
			continue // that library knows no message_payload and wraps sm_length
		}
		sent, err := partner.Submit(&gosmpp.ShortMessage{Src: "919800000001", Dst: "51969", Text: coded(tt.coding, tt.text), Register: pdufield.FinalDeliveryReceipt})
		if err != nil {
			t.Fatalf("%s: Submit: %v", tt.name, err)
		}
		r := receive(t, requests)
		if !bytes.Equal(r.Message.Text, tt.octets) || r.Message.DataCoding != tt.coding || r.Message.Source.Addr != "919800000001" || r.Message.RegisteredDelivery != 1 {
			t.Errorf("%s: submitted %x of coding %d, want %x of %d", tt.name, r.Message.Text, r.Message.DataCoding, tt.octets, tt.coding)
		}
		if want := "id-" + fmt.Sprint(r.Seq); sent.RespID() != want {
			t.Errorf("%s: message id %q, want %q", tt.name, sent.RespID(), want)
		}
		answered := make(chan smpp.Resp, 1)
		err = s.Send(t.Context(), &smpp.ShortMessage{Source: smpp.Address{Addr: "51969"}, Dest: smpp.Address{Addr: "919800000001"}, DataCoding: tt.coding, Text: tt.octets},
			func(r smpp.Resp, err error) {
				if err != nil {
					t.Errorf("delivery: %v", err)
				}
				answered <- r
			})
		if err != nil {
			t.Fatal(err)
		}
		f := receive(t, delivered).Fields()
		if got := f[pdufield.ShortMessage].Bytes(); !bytes.Equal(got, tt.octets) {
			t.Errorf("%s: delivered %x, want %x", tt.name, got, tt.octets)
		}
		if r := receive(t, answered); r.Status != smpp.ROK {
			t.Errorf("%s: delivery answered with %v", tt.name, r.Status)
		}
	}
	_, err := partner.Submit(&gosmpp.ShortMessage{Dst: "0", Text: pdutext.Raw("x")})
	if !errors.Is(err, pdu.Status(smpp.RInvDstAdr)) {
		t.Errorf("Submit to a wrong address = %v, want %v", err, smpp.RInvDstAdr)
	}
	if err := partner.Close(); err != nil {
		t.Error(err)
	}
	if err := receive(t, closed); !errors.Is(err, smpp.ErrUnbound) {
		t.Errorf("session ended with %v, want ErrUnbound", err)
	}
}

func coded(coding byte, text string) pdutext.Codec {
	if coding == 8 {
		return pdutext.UCS2(text)
	}
	return pdutext.Raw(text)
}

func TestGoSMPP_WrongPassword(t *testing.T) {
	t.Parallel()
	addr := serve(t, smpp.ServerConfig{SessionConfig: smpp.SessionConfig{Handler: func(*smpp.Request) {}}})
	partner := &gosmpp.Transmitter{Addr: addr.String(), User: "sandbox", Passwd: "guess", BindInterval: time.Hour}
	s := receive(t, partner.Bind())
	if s.Status() != gosmpp.BindFailed || !errors.Is(s.Error(), pdu.Status(smpp.RInvPaswd)) {
		t.Errorf("bind = %v, %v, want ESME_RINVPASWD", s.Status(), s.Error())
	}
	_ = partner.Close() // not bound
}

// FuzzOracle: go-smpp and we read the same addresses, data_coding and text from the same
// octets, or one of us refuses them. Where we are known to differ, and why:
//
//   - It takes truncated bodies and leaves the missing fields out; we refuse them.
//   - It ignores stray octets behind the last TLV; we refuse any but NULs.
//   - It refuses PDUs over 4,096 octets, sm_length and TLVs that run over the end, and
//     data_sm; so do we, or we take them.
//   - Of a deliver_sm, not of a submit_sm, it parses the user data header and cuts it
//     off, by what its length says. Where the header is not well formed it loses its
//     place in the PDU, and where sm_length is 0 it reads the header out of the TLVs:
//     those are not compared.
//   - Of a TLV that occurs twice it keeps the last; we keep both.
func FuzzOracle(f *testing.F) {
	for _, m := range []*smpp.ShortMessage{
		{Source: smpp.Address{TON: 1, NPI: 1, Addr: "919800000001"}, Dest: smpp.Address{Addr: "51969"}, Text: []byte("BHATA")},
		{Source: smpp.Address{TON: 5, Addr: "WBGOVT"}, DataCoding: 8, Text: utf16be("ভাতা"), TLVs: smpp.TLVs{{Tag: smpp.TagUserMessageRef, Value: []byte{0, 7}}}},
		{ESMClass: smpp.ESMHeaderIndicator, Text: []byte("\x05\x00\x03\x2a\x02\x01Hello")},
		{Text: bytes.Repeat([]byte("long"), 100), Schedule: "260101120000020+", Validity: "000001000000000R"},
	} {
		b, err := smpp.AppendMessage(nil, smpp.DeliverSM, 1, m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(true, b[smpp.HeaderOctets:])
		f.Add(false, b[smpp.HeaderOctets:len(b)-1])
	}
	f.Fuzz(func(t *testing.T, deliver bool, body []byte) {
		id := smpp.SubmitSM
		if deliver {
			id = smpp.DeliverSM
		}
		whole := append(smpp.AppendEmpty(nil, id, 1, smpp.ROK), body...)
		whole[2], whole[3] = byte(len(whole)>>8), byte(len(whole))
		if len(whole) > pdu.MaxSize {
			return
		}
		h, err := smpp.DecodeHeader(whole)
		if err != nil {
			t.Fatal(err)
		}
		var m smpp.ShortMessage
		ours := m.Decode(h, body)
		theirs, err := pdu.Decode(bytes.NewReader(whole))
		if ours != nil || err != nil {
			return
		}
		compare(t, body, &m, theirs)
	})
}

func compare(t *testing.T, body []byte, m *smpp.ShortMessage, theirs pdu.Body) {
	t.Helper()
	// Raw gives the octets; the library's other readers write into its buffer.
	text := func(name pdufield.Name) string {
		b, _ := theirs.Fields()[name].Raw().([]byte)
		return string(bytes.TrimSuffix(b, []byte{0}))
	}
	if m.Source.Addr != text(pdufield.SourceAddr) || m.Dest.Addr != text(pdufield.DestinationAddr) {
		t.Fatalf("addresses %q and %q, oracle has %q and %q", m.Source.Addr, m.Dest.Addr, text(pdufield.SourceAddr), text(pdufield.DestinationAddr))
	}
	if coding := theirs.Fields()[pdufield.DataCoding].Raw(); coding != m.DataCoding {
		t.Fatalf("data_coding %d, oracle has %d", m.DataCoding, coding)
	}
	want := m.Text
	length := smLength(body)
	if m.HasHeader() && theirs.Header().ID == pdu.DeliverSMID {
		if length == 0 || !wellFormedHeader(m.Text) {
			return
		}
		want = m.Text[1+int(m.Text[0]):]
	}
	got, _ := theirs.Fields()[pdufield.ShortMessage].Raw().([]byte)
	if length == 0 {
		if _, twice := m.TLVs.Find(smpp.TagMessagePayload); twice {
			return
		}
		if v, ok := theirs.TLVFields()[pdutlv.TagMessagePayload]; ok {
			got = v.Bytes()
		}
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("text %q, oracle has %q", want, got)
	}
}

// smLength finds sm_length in a body that is known to be whole.
func smLength(body []byte) byte {
	skip := func(fixed int) {
		body = body[bytes.IndexByte(body, 0)+1:]
		body = body[fixed:]
	}
	skip(2) // service_type; source ton, npi
	skip(2) // source_addr; dest ton, npi
	skip(3) // destination_addr; esm_class, protocol_id, priority_flag
	skip(0) // schedule_delivery_time
	skip(4) // validity_period; registered_delivery to sm_default_msg_id
	return body[0]
}

// wellFormedHeader reports whether the elements fill the user data header exactly.
func wellFormedHeader(text []byte) bool {
	if len(text) == 0 || text[0] == 0 || len(text) < 1+int(text[0]) {
		return false
	}
	for rest := text[1 : 1+int(text[0])]; len(rest) > 0; {
		if len(rest) < 2 || len(rest) < 2+int(rest[1]) {
			return false
		}
		rest = rest[2+int(rest[1]):]
	}
	return true
}

// BenchmarkCodec has its counterpart for our own codec in channels/smpp.
func BenchmarkCodec(b *testing.B) {
	m := &smpp.ShortMessage{
		Source: smpp.Address{TON: 1, NPI: 1, Addr: "919800000001"}, Dest: smpp.Address{Addr: "51969"},
		Text: []byte("BHATA 1000000001 please tell me the status"),
	}
	wire, err := smpp.AppendMessage(nil, smpp.DeliverSM, 1, m)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("op=decode/lib=go-smpp", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := pdu.Decode(bytes.NewReader(wire)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("op=encode/lib=go-smpp", func(b *testing.B) {
		var buf bytes.Buffer
		b.ReportAllocs()
		for b.Loop() {
			buf.Reset()
			p := pdu.NewSubmitSM(nil)
			f := p.Fields()
			for name, v := range map[pdufield.Name]any{
				pdufield.SourceAddr: m.Source.Addr, pdufield.SourceAddrTON: 1, pdufield.SourceAddrNPI: 1,
				pdufield.DestinationAddr: m.Dest.Addr, pdufield.ShortMessage: pdutext.Raw(m.Text),
			} {
				if err := f.Set(name, v); err != nil {
					b.Fatal(err)
				}
			}
			if err := p.SerializeTo(&buf); err != nil {
				b.Fatal(err)
			}
		}
	})
}
