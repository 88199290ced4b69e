package smpp_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"strings"
	"testing"

	"setu/channels/smpp"
)

// sized builds a PDU whose command_length is a lie.
func sized(length uint32, id smpp.CommandID, seq uint32, body string) []byte {
	b := append(smpp.AppendEmpty(nil, id, seq, smpp.ROK), body...)
	binary.BigEndian.PutUint32(b, length)
	return b
}

// badPDUs are PDUs that each side may meet. The link answers as told (0: no answer) and
// serves the next PDU.
func badPDUs(tb testing.TB, message smpp.CommandID) []badPDU {
	tb.Helper()
	ok := mandatory(0, 12, 5, 0, 0)
	with := func(more string) []byte { return append(bytes.Clone(ok), more...) }
	resp := message.Response()
	other := smpp.SubmitSM
	if message == smpp.SubmitSM {
		other = smpp.DeliverSM
	}
	payload, err := smpp.AppendMessage(nil, smpp.DataSM, 5, &smpp.ShortMessage{Text: make([]byte, 60000)})
	if err != nil {
		tb.Fatal(err)
	}
	udhl0 := bytes.Replace(with("\x03\x00Hi"), []byte("\x00\x00\x00\x00"), []byte("\x00\x40\x00\x00"), 1)
	return []badPDU{
		{"empty body", rawPDU(message, 5), resp, smpp.RInvCmdLen},
		{"body cut off", rawPDU(message, 5, ok[:9]...), resp, smpp.RInvCmdLen},
		{"UDHI with UDHL 0", rawPDU(message, 5, udhl0...), resp, smpp.ROK},
		{"TLV overrun", rawPDU(message, 5, with("\x02Hi\x02\x04\x00\x09\x00")...), resp, smpp.RInvTLVStream},
		{"stray octets", rawPDU(message, 5, with("\x02Hi??")...), resp, smpp.RInvTLVStream},
		{"sm_length too large", rawPDU(message, 5, with("\xf0Hi")...), resp, smpp.RInvMsgLen},
		{"sm_length too small", rawPDU(message, 5, with("\x01Hi")...), resp, smpp.RInvTLVStream},
		{"source_addr of 30", rawPDU(message, 5, append(mandatory(0, 30, 5, 0, 0), "\x02Hi"...)...), resp, smpp.RInvSrcAdr},
		{"70 KiB", sized(70<<10, message, 5, strings.Repeat("\x00", 70<<10-16)), resp, smpp.RInvMsgLen},
		{"1 MiB of a vendor's", sized(smpp.MaxSkip, 0x00010201, 5, strings.Repeat("v", smpp.MaxSkip-16)), smpp.GenericNack, smpp.RInvMsgLen},
		{"message_payload of 60,000 octets", payload, smpp.DataSM.Response(), smpp.ROK},
		{"data_sm without text", rawPDU(smpp.DataSM, 5, make([]byte, 10)...), smpp.DataSM.Response(), smpp.ROK},
		{"data_sm cut off", rawPDU(smpp.DataSM, 5, 0, 0), smpp.DataSM.Response(), smpp.RInvCmdLen},
		{"wrong direction", rawPDU(other, 5, with("\x02Hi")...), other.Response(), smpp.RInvCmdID},
		{"outbind", rawPDU(smpp.Outbind, 5, []byte("smsc\x00pw\x00")...), 0, 0},
		{"alert_notification", rawPDU(smpp.AlertNotification, 5, []byte("\x01\x0191\x00\x00\x0051969\x00")...), 0, 0},
		{"alert_notification cut off", rawPDU(smpp.AlertNotification, 5, 1), 0, 0},
		{"cancel_sm", rawPDU(smpp.CancelSM, 5, 0), smpp.CancelSM.Response(), smpp.RInvCmdID},
		{"replace_sm", rawPDU(smpp.ReplaceSM, 5, 0), smpp.ReplaceSM.Response(), smpp.RInvCmdID},
		{"submit_multi", rawPDU(smpp.SubmitMulti, 5, 0), smpp.SubmitMulti.Response(), smpp.RInvCmdID},
		{"query_sm that nobody takes", rawPDU(smpp.QuerySM, 5, 0), smpp.QuerySM.Response(), smpp.RInvCmdID},
		{"vendor's request", rawPDU(0x00010200, 5, 1, 2, 3), smpp.GenericNack, smpp.RInvCmdID},
		{"vendor's response", rawPDU(0x80010200, 5, 1, 2, 3), 0, 0},
		{"command id 0", rawPDU(0, 5), smpp.GenericNack, smpp.RInvCmdID},
		{"response nobody asked for", rawPDU(smpp.SubmitSM.Response(), 5, '1', 0), 0, 0},
		{"unbind_resp nobody asked for", rawPDU(smpp.Unbind.Response(), 5), 0, 0},
		{"generic_nack out of the blue", rawPDU(smpp.GenericNack, 5), 0, 0},
		{"oversized response", sized(80<<10, smpp.SubmitSM.Response(), 5, strings.Repeat("1", 80<<10-16)), 0, 0},
		{"second bind", bindPDU(tb, smpp.Receiver, 5, testPassword), smpp.BindReceiver.Response(), smpp.RAlyBnd},
		{"second bind, wrong password", bindPDU(tb, smpp.Transceiver, 5, "wrong"), smpp.BindTransceiver.Response(), smpp.RAlyBnd},
		{"enquire_link with a body", rawPDU(smpp.EnquireLink, 5, 1, 2), smpp.EnquireLink.Response(), smpp.ROK},
		{"number over the standard's highest", rawPDU(smpp.EnquireLink, 0xFFFFFFFF), smpp.EnquireLink.Response(), smpp.ROK},
	}
}

type badPDU struct {
	name   string
	pdu    []byte
	answer smpp.CommandID
	status smpp.Status
}

func (tt badPDU) check(t *testing.T, p *peer, message smpp.CommandID) {
	t.Helper()
	p.write(tt.pdu)
	if tt.answer != 0 {
		p.expect(tt.answer, tt.status, binary.BigEndian.Uint32(tt.pdu[12:]))
	}
	p.write(messagePDU(t, message, 6, "next"))
	p.expect(message.Response(), smpp.ROK, 6)
	p.alive()
}

func TestServer_BadPDU(t *testing.T) {
	t.Parallel()
	for _, tt := range badPDUs(t, smpp.SubmitSM) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.check(t, esme(t, smpp.ServerConfig{}), smpp.SubmitSM)
		})
	}
}

func TestClient_BadPDU(t *testing.T) {
	t.Parallel()
	for _, tt := range badPDUs(t, smpp.DeliverSM) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, _ := operator(t, smpp.ClientConfig{}).accept()
			tt.check(t, p, smpp.DeliverSM)
		})
	}
}

// TestBadPDU_AllOnOneLink shows that no bad PDU spoils the link for the next bad one,
// and that a window of good ones in one write is served with them.
func TestBadPDU_AllOnOneLink(t *testing.T) {
	t.Parallel()
	p := esme(t, smpp.ServerConfig{})
	for _, tt := range badPDUs(t, smpp.SubmitSM) {
		tt.check(t, p, smpp.SubmitSM)
	}
}

func TestFraming_Lost(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		pdu  []byte
		seq  uint32
	}{
		{"length 15 and no more octets", sized(15, smpp.SubmitSM, 0, "")[:15], 0},
		{"length 0", sized(0, smpp.SubmitSM, 9, ""), 9},
		{"length of 4 GiB", sized(0xFFFFFFFF, smpp.SubmitSM, 9, "some"), 9},
		{"length of 2 MiB", sized(2<<20, smpp.SubmitSM, 9, strings.Repeat("x", 1000)), 9},
		{"length of 4 GiB and no more octets", []byte{0xFF, 0xFF, 0xFF, 0xFF}, 0},
	}
	for _, tt := range tests {
		t.Run("server/"+tt.name, func(t *testing.T) {
			t.Parallel()
			addr, _ := serve(t, smpp.ServerConfig{})
			p := dial(t, addr)
			p.write(bindPDU(t, smpp.Transceiver, 1, testPassword))
			p.expect(smpp.BindTransceiver.Response(), smpp.ROK, 1)
			p.write(tt.pdu)
			p.expect(smpp.GenericNack, smpp.RInvCmdLen, tt.seq)
			p.expectEnd()
			again := dial(t, addr)
			again.write(bindPDU(t, smpp.Transceiver, 1, testPassword))
			again.expect(smpp.BindTransceiver.Response(), smpp.ROK, 1)
		})
		t.Run("before the bind/"+tt.name, func(t *testing.T) {
			t.Parallel()
			addr, _ := serve(t, smpp.ServerConfig{})
			p := dial(t, addr)
			p.write(tt.pdu)
			p.expect(smpp.GenericNack, smpp.RInvCmdLen, tt.seq)
			p.expectEnd()
		})
		t.Run("client/"+tt.name, func(t *testing.T) {
			t.Parallel()
			o := operator(t, smpp.ClientConfig{})
			p, s := o.accept()
			p.write(tt.pdu)
			p.expect(smpp.GenericNack, smpp.RInvCmdLen, tt.seq)
			p.expectEnd()
			receive(t, s.Done())
			o.accept() // and binds again
		})
	}
}

// TestResponse_Doubled shows that a second response to the same request changes nothing
// and is counted.
func TestResponse_Doubled(t *testing.T) {
	t.Parallel()
	p, s := operator(t, smpp.ClientConfig{}).accept()
	done, got := answers(10)
	if err := s.Send(t.Context(), message("once"), done); err != nil {
		t.Fatal(err)
	}
	h, _ := p.read()
	one := smpp.AppendMessageResp(nil, smpp.SubmitSM, h.Seq, smpp.ROK, "one")
	two := smpp.AppendMessageResp(nil, smpp.SubmitSM, h.Seq, smpp.RSysErr, "two")
	p.write(one, two, one)
	p.alive()
	if a := receive(t, got); a.resp.MessageID != "one" || a.err != nil {
		t.Errorf("answer = %+v, want the first response", a)
	}
	if len(got) != 0 {
		t.Errorf("done was called %d more times", len(got))
	}
	if n := s.Counters().Stray.Load(); n != 2 {
		t.Errorf("Stray = %d, want 2", n)
	}
}

// TestResponse_WrongCommand shows that a number alone makes no response: it has to be
// the response of that command.
func TestResponse_WrongCommand(t *testing.T) {
	t.Parallel()
	p, s := operator(t, smpp.ClientConfig{}).accept()
	done, got := answers(2)
	if err := s.Send(t.Context(), message("x"), done); err != nil {
		t.Fatal(err)
	}
	h, _ := p.read()
	for _, id := range []smpp.CommandID{smpp.DeliverSM, smpp.DataSM, smpp.QuerySM, smpp.EnquireLink, 0x00010200} {
		p.write(smpp.AppendEmpty(nil, id.Response(), h.Seq, smpp.ROK))
	}
	p.alive()
	if len(got) != 0 {
		t.Errorf("answer = %+v, want none yet", <-got)
	}
	p.write(smpp.AppendMessageResp(nil, smpp.SubmitSM, h.Seq, smpp.ROK, "1"))
	if a := receive(t, got); a.resp.MessageID != "1" {
		t.Errorf("answer = %+v", a)
	}
}

// TestOversizedResponse_Status shows that the answer to a request is not lost with the
// body that no one reads.
func TestOversizedResponse_Status(t *testing.T) {
	t.Parallel()
	p, s := operator(t, smpp.ClientConfig{}).accept()
	done, got := answers(1)
	if err := s.Send(context.Background(), message("x"), done); err != nil {
		t.Fatal(err)
	}
	h, _ := p.read()
	p.write(sized(80<<10, smpp.SubmitSM.Response(), h.Seq, strings.Repeat("1", 80<<10-16)))
	if a := receive(t, got); a.err != nil || a.resp.Status != smpp.ROK || a.resp.MessageID != "" {
		t.Errorf("answer = %+v, want ESME_ROK without an id", a)
	}
}
