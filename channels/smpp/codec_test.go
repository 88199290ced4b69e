package smpp_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"setu/channels/smpp"
)

func decode(tb testing.TB, pdu []byte) (smpp.ShortMessage, error) {
	tb.Helper()
	h, err := smpp.DecodeHeader(pdu)
	if err != nil {
		tb.Fatal(err)
	}
	if int(h.Length) != len(pdu) {
		tb.Fatalf("command_length = %d, want %d", h.Length, len(pdu))
	}
	var m smpp.ShortMessage
	err = m.Decode(h, pdu[smpp.HeaderOctets:])
	return m, err
}

// TestAppendMessage_Wire holds the codec to octets laid out by hand from §4.4.1.
func TestAppendMessage_Wire(t *testing.T) {
	t.Parallel()
	m := &smpp.ShortMessage{
		ServiceType: "CMT",
		Source:      smpp.Address{TON: 5, NPI: 0, Addr: "WBGOVT"},
		Dest:        smpp.Address{TON: 1, NPI: 1, Addr: "919800000001"},
		ESMClass:    0x40, ProtocolID: 1, Priority: 2,
		Schedule: "260101120000020+", Validity: "000001000000000R",
		RegisteredDelivery: 1, ReplaceIfPresent: 0, DataCoding: 8, DefaultMsgID: 3,
		Text: []byte{0x09, 0x95},
		TLVs: smpp.TLVs{{Tag: smpp.TagDLTEntityID, Value: []byte("17")}},
	}
	want := "\x00\x00\x00\x5e\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x07" +
		"CMT\x00" + "\x05\x00WBGOVT\x00" + "\x01\x01919800000001\x00" + "\x40\x01\x02" +
		"260101120000020+\x00" + "000001000000000R\x00" + "\x01\x00\x08\x03" + "\x02\x09\x95" +
		"\x14\x00\x00\x0217"
	got, err := smpp.AppendMessage(nil, smpp.SubmitSM, 7, m)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]byte(want), got); diff != "" {
		t.Errorf("AppendMessage (-want +got):\n%s", diff)
	}
	back, err := decode(t, got)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(*m, back); diff != "" {
		t.Errorf("Decode (-want +got):\n%s", diff)
	}
}

func shortMessages(id smpp.CommandID) *rapid.Generator[smpp.ShortMessage] {
	text := func(limit int) *rapid.Generator[string] {
		return rapid.StringOfN(rapid.RuneFrom([]rune("0123456789+aZ")), 0, limit, limit)
	}
	return rapid.Custom(func(t *rapid.T) smpp.ShortMessage {
		b := rapid.Byte()
		limit := 20
		if id == smpp.DataSM {
			limit = 64
		}
		m := smpp.ShortMessage{
			ServiceType: text(5).Draw(t, "service"),
			Source:      smpp.Address{TON: b.Draw(t, "ton"), NPI: b.Draw(t, "npi"), Addr: text(limit).Draw(t, "source")},
			Dest:        smpp.Address{TON: b.Draw(t, "ton"), NPI: b.Draw(t, "npi"), Addr: text(limit).Draw(t, "dest")},
			ESMClass:    b.Draw(t, "esm"), RegisteredDelivery: b.Draw(t, "registered"), DataCoding: b.Draw(t, "dcs"),
			Text: rapid.SliceOfN(b, 1, 600).Draw(t, "text"),
		}
		if id != smpp.DataSM {
			m.ProtocolID, m.Priority = b.Draw(t, "pid"), b.Draw(t, "priority")
			m.Schedule, m.Validity = text(16).Draw(t, "schedule"), text(16).Draw(t, "validity")
			m.ReplaceIfPresent, m.DefaultMsgID = b.Draw(t, "replace"), b.Draw(t, "default")
		}
		tags := rapid.SliceOfN(rapid.Uint16(), 0, 6).Draw(t, "tags")
		for _, tag := range tags {
			m.TLVs = append(m.TLVs, smpp.TLV{Tag: smpp.Tag(tag), Value: rapid.SliceOfN(b, 0, 40).Draw(t, "value")})
		}
		return m
	})
}

func TestShortMessage_RoundTrip(t *testing.T) {
	t.Parallel()
	for _, id := range []smpp.CommandID{smpp.SubmitSM, smpp.DeliverSM, smpp.DataSM} {
		t.Run(id.String(), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(rt *rapid.T) {
				m := shortMessages(id).Draw(rt, "message")
				pdu, err := smpp.AppendMessage([]byte("before"), id, 9, &m)
				if err != nil {
					rt.Fatal(err)
				}
				if !bytes.HasPrefix(pdu, []byte("before")) {
					rt.Fatalf("AppendMessage changed what was before: %q", pdu[:6])
				}
				got, err := decode(t, pdu[6:])
				if err != nil {
					rt.Fatal(err)
				}
				if diff := cmp.Diff(m, got); diff != "" {
					rt.Fatalf("Decode(AppendMessage(m)) (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestShortMessage_Owns shows that a decoded message shares nothing with the buffer of
// the connection, which the next PDU overwrites.
func TestShortMessage_Owns(t *testing.T) {
	t.Parallel()
	m := message("Hello")
	m.ESMClass = smpp.ESMHeaderIndicator
	m.TLVs = smpp.TLVs{{Tag: smpp.TagUserMessageRef, Value: []byte{1, 2}}}
	pdu, err := smpp.AppendMessage(nil, smpp.DeliverSM, 1, m)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decode(t, pdu)
	if err != nil {
		t.Fatal(err)
	}
	for i := range pdu {
		pdu[i] = 0xFF
	}
	_ = append(got.Text, 0) // what finding 7 of the peer library did to its neighbours
	if diff := cmp.Diff(*m, got); diff != "" {
		t.Errorf("decoded message after its buffer was reused (-want +got):\n%s", diff)
	}
}

func TestDecode_Allocations(t *testing.T) {
	pdu := messagePDU(t, smpp.DeliverSM, 1, "BHATA 1000000001")
	h, err := smpp.DecodeHeader(pdu)
	if err != nil {
		t.Fatal(err)
	}
	var m smpp.ShortMessage
	got := testing.AllocsPerRun(100, func() {
		if err := m.Decode(h, pdu[smpp.HeaderOctets:]); err != nil {
			t.Fatal(err)
		}
	})
	if got > 2 {
		t.Errorf("Decode made %v allocations, want at most 2: one for strings, one for octets", got)
	}
	buf := make([]byte, 0, 512)
	got = testing.AllocsPerRun(100, func() {
		if _, err := smpp.AppendMessage(buf, smpp.SubmitSM, 1, &m); err != nil {
			t.Fatal(err)
		}
	})
	if got > 0 {
		t.Errorf("AppendMessage made %v allocations, want none", got)
	}
}

// body of a deliver_sm up to sm_length, for addresses of these lengths.
func mandatory(service, source, dest, schedule, validity int) []byte {
	digits := func(n int) string { return strings.Repeat("1", n) + "\x00" }
	return []byte(digits(service) + "\x01\x01" + digits(source) + "\x00\x00" + digits(dest) +
		"\x00\x00\x00" + digits(schedule) + digits(validity) + "\x00\x00\x00\x00")
}

func TestShortMessage_DecodeFaults(t *testing.T) {
	t.Parallel()
	ok := mandatory(0, 12, 5, 0, 0)
	with := func(b []byte, more string) []byte { return append(bytes.Clone(b), more...) }
	tests := []struct {
		name string
		body []byte
		want smpp.Status
	}{
		{"whole", with(ok, "\x02Hi"), smpp.ROK},
		{"no text", with(ok, "\x00"), smpp.ROK},
		{"sm_length 255, past the standard's 254", with(ok, "\xff"+strings.Repeat("x", 255)), smpp.ROK},
		{"padding of NULs", with(ok, "\x02Hi\x00\x00\x00"), smpp.ROK},
		{"UDHI with UDHL 0", bytes.Replace(with(ok, "\x03\x00Hi"), []byte("\x00\x00\x00\x00"), []byte("\x00\x40\x00\x00"), 1), smpp.ROK},
		{"empty body", nil, smpp.RInvCmdLen},
		{"cut in a string", ok[:6], smpp.RInvCmdLen},
		{"cut before sm_length", ok, smpp.RInvCmdLen},
		{"sm_length over the end", with(ok, "\x09Hi"), smpp.RInvMsgLen},
		{"sm_length too small: text would be cut", with(ok, "\x01Hi"), smpp.RInvTLVStream},
		{"service_type of 6", mandatory(6, 1, 1, 0, 0), smpp.RInvSerTyp},
		{"source_addr of 21", mandatory(0, 21, 1, 0, 0), smpp.RInvSrcAdr},
		{"destination_addr of 21", mandatory(0, 1, 21, 0, 0), smpp.RInvDstAdr},
		{"schedule of 17", mandatory(0, 1, 1, 17, 0), smpp.RInvSched},
		{"validity of 17", mandatory(0, 1, 1, 0, 17), smpp.RInvExpiry},
		{"TLV over the end", with(ok, "\x02Hi\x02\x04\x00\x03\x00\x01"), smpp.RInvTLVStream},
		{"TLV of 65,535 octets over the end", with(ok, "\x02Hi\x02\x04\xff\xff\x00"), smpp.RInvTLVStream},
		{"stray octet", with(ok, "\x02Hi!"), smpp.RInvTLVStream},
		{"254 empty TLVs", with(ok, "\x02Hi"+strings.Repeat("\x02\x04\x00\x00", 254)), smpp.ROK},
		{"255 empty TLVs", with(ok, "\x02Hi"+strings.Repeat("\x02\x04\x00\x00", 255)), smpp.RInvTLVStream},
		{"300 empty TLVs", with(ok, "\x02Hi"+strings.Repeat("\x02\x04\x00\x00", 300)), smpp.RInvTLVStream},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := smpp.Header{ID: smpp.DeliverSM, Seq: 77}
			var m smpp.ShortMessage
			err := m.Decode(h, tt.body)
			if tt.want == smpp.ROK {
				if err != nil {
					t.Errorf("Decode(%q) = %v, want no error", tt.body, err)
				}
				return
			}
			var f *smpp.Fault
			if !errors.As(err, &f) || f.Status != tt.want || f.Seq != 77 || f.ID != smpp.DeliverSM {
				t.Errorf("Decode(%q) = %v, want a fault of %v on seq 77", tt.body, err, tt.want)
			}
		})
	}
}

func TestShortMessage_Payload(t *testing.T) {
	t.Parallel()
	ref := smpp.TLV{Tag: smpp.TagUserMessageRef, Value: []byte{0, 1}}
	payload := func(s string) smpp.TLV { return smpp.TLV{Tag: smpp.TagMessagePayload, Value: []byte(s)} }
	wire := func(id smpp.CommandID, text string, tlvs ...smpp.TLV) []byte {
		b, err := smpp.AppendMessage(nil, id, 1, &smpp.ShortMessage{Text: []byte(text), TLVs: tlvs})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	tests := []struct {
		name     string
		pdu      []byte
		wantText string
		wantTLVs int
	}{
		{"254 octets fit short_message", wire(smpp.SubmitSM, strings.Repeat("a", 254)), strings.Repeat("a", 254), 0},
		{"255 octets go to message_payload", wire(smpp.SubmitSM, strings.Repeat("b", 255), ref), strings.Repeat("b", 255), 1},
		{"65,535 octets", wire(smpp.SubmitSM, strings.Repeat("c", 65535)), strings.Repeat("c", 65535), 0},
		{"payload of the peer", wire(smpp.DeliverSM, "", ref, payload("d")), "d", 1},
		{"data_sm", wire(smpp.DataSM, "e", ref), "e", 1},
		{"both filled: nothing is dropped", wire(smpp.DeliverSM, "f", payload("g")), "f", 1},
		{"empty payload first", wire(smpp.DeliverSM, "", payload(""), payload("h")), "h", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m, err := decode(t, tt.pdu)
			if err != nil {
				t.Fatal(err)
			}
			if string(m.Text) != tt.wantText || len(m.TLVs) != tt.wantTLVs {
				t.Errorf("Decode gives %d octets and %d TLVs, want %d and %d", len(m.Text), len(m.TLVs), len(tt.wantText), tt.wantTLVs)
			}
		})
	}
}

func TestAppendMessage_Refuses(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return strings.Repeat("1", n) }
	tests := []struct {
		name string
		m    smpp.ShortMessage
		want smpp.Status
	}{
		{"service_type", smpp.ShortMessage{ServiceType: long(6)}, smpp.RInvSerTyp},
		{"source", smpp.ShortMessage{Source: smpp.Address{Addr: long(21)}}, smpp.RInvSrcAdr},
		{"NUL in source", smpp.ShortMessage{Source: smpp.Address{Addr: "1\x002"}}, smpp.RInvSrcAdr},
		{"dest", smpp.ShortMessage{Dest: smpp.Address{Addr: long(21)}}, smpp.RInvDstAdr},
		{"schedule", smpp.ShortMessage{Schedule: long(17)}, smpp.RInvSched},
		{"validity", smpp.ShortMessage{Validity: long(17)}, smpp.RInvExpiry},
		{"text", smpp.ShortMessage{Text: make([]byte, 65536)}, smpp.RInvMsgLen},
		{"TLV", smpp.ShortMessage{TLVs: smpp.TLVs{{Value: make([]byte, 65536)}}}, smpp.RInvParLen},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := smpp.AppendMessage([]byte("x"), smpp.SubmitSM, 1, &tt.m)
			var f *smpp.Fault
			if !errors.As(err, &f) || f.Status != tt.want {
				t.Errorf("AppendMessage = %v, want a fault of %v", err, tt.want)
			}
			if string(got) != "x" {
				t.Errorf("AppendMessage returned %d octets with its error, want dst as it was", len(got))
			}
		})
	}
}

func TestBind_RoundTrip(t *testing.T) {
	t.Parallel()
	for _, kind := range []smpp.BindType{smpp.Transceiver, smpp.Transmitter, smpp.Receiver} {
		want := smpp.Bind{
			Type: kind, SystemID: "partner", Password: "longer than eight octets", SystemType: "VMA",
			Version: smpp.Version, TON: 1, NPI: 1, AddressRange: "51969",
		}
		pdu, err := smpp.AppendBind(nil, 3, want)
		if err != nil {
			t.Fatal(err)
		}
		h, err := smpp.DecodeHeader(pdu)
		if err != nil {
			t.Fatal(err)
		}
		got, err := smpp.DecodeBind(h, pdu[smpp.HeaderOctets:])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("DecodeBind(AppendBind(%v)) (-want +got):\n%s", kind, diff)
		}
	}
}

func TestResp(t *testing.T) {
	t.Parallel()
	tlv := []byte{0x04, 0x23, 0, 3, 3, 0, 9}
	tests := []struct {
		name string
		h    smpp.Header
		body []byte
		want smpp.Resp
	}{
		{"id", smpp.Header{ID: smpp.SubmitSM.Response()}, []byte("0af\x00"), smpp.Resp{MessageID: "0af"}},
		{"id without its NUL", smpp.Header{ID: smpp.SubmitSM.Response()}, []byte("12"), smpp.Resp{MessageID: "12"}},
		{"no body", smpp.Header{ID: smpp.SubmitSM.Response(), Status: smpp.RThrottled}, nil, smpp.Resp{Status: smpp.RThrottled}},
		{"TLV", smpp.Header{ID: smpp.DataSM.Response()}, append([]byte("7\x00"), tlv...), smpp.Resp{
			MessageID: "7", TLVs: smpp.TLVs{{Tag: smpp.TagNetworkErrorCode, Value: []byte{3, 0, 9}}},
		}},
		{"bad TLV is left out", smpp.Header{ID: smpp.DataSM.Response()}, append([]byte("7\x00"), tlv[:6]...), smpp.Resp{MessageID: "7"}},
		{"query", smpp.Header{ID: smpp.QuerySM.Response()}, []byte("7\x00260101120000020+\x00\x02\x05"), smpp.Resp{
			MessageID: "7", Query: smpp.QueryResult{FinalDate: "260101120000020+", State: smpp.Delivered, ErrorCode: 5},
		}},
		{"query cut off", smpp.Header{ID: smpp.QuerySM.Response()}, []byte("7\x00\x00"), smpp.Resp{MessageID: "7"}},
		{"nack", smpp.Header{ID: smpp.GenericNack, Status: smpp.RInvCmdID}, []byte("junk"), smpp.Resp{Status: smpp.RInvCmdID}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.want.ID = tt.h.ID
			if diff := cmp.Diff(tt.want, smpp.DecodeResp(tt.h, tt.body)); diff != "" {
				t.Errorf("DecodeResp (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAppendMessageResp(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		id        smpp.CommandID
		status    smpp.Status
		messageID string
		want      smpp.Resp
	}{
		{"submit", smpp.SubmitSM, smpp.ROK, "a1", smpp.Resp{MessageID: "a1"}},
		{"refusal has no body", smpp.SubmitSM, smpp.RThrottled, "a1", smpp.Resp{Status: smpp.RThrottled}},
		{"deliver has no id", smpp.DeliverSM, smpp.ROK, "a1", smpp.Resp{}},
		{"id that does not fit is not promised", smpp.SubmitSM, smpp.ROK, strings.Repeat("1", 65), smpp.Resp{Status: smpp.RSysErr}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			pdu := smpp.AppendMessageResp(nil, tt.id, 5, tt.status, tt.messageID)
			h, err := smpp.DecodeHeader(pdu)
			if err != nil || int(h.Length) != len(pdu) || h.Seq != 5 {
				t.Fatalf("DecodeHeader = %+v, %v", h, err)
			}
			tt.want.ID = tt.id.Response()
			if diff := cmp.Diff(tt.want, smpp.DecodeResp(h, pdu[smpp.HeaderOctets:])); diff != "" {
				t.Errorf("response (-want +got):\n%s", diff)
			}
		})
	}
}

func TestQueryAndAlert_RoundTrip(t *testing.T) {
	t.Parallel()
	q := smpp.Query{MessageID: "17ab", Source: smpp.Address{TON: 1, NPI: 1, Addr: "919800000001"}}
	pdu, err := smpp.AppendQuery(nil, 4, q)
	if err != nil {
		t.Fatal(err)
	}
	h, _ := smpp.DecodeHeader(pdu)
	got, err := smpp.DecodeQuery(h, pdu[smpp.HeaderOctets:])
	if diff := cmp.Diff(q, got); diff != "" || err != nil {
		t.Errorf("DecodeQuery = %v (-want +got):\n%s", err, diff)
	}
	a := smpp.Alert{
		Source: smpp.Address{Addr: strings.Repeat("1", 64)}, ESME: smpp.Address{TON: 3, Addr: "51969"},
		TLVs: smpp.TLVs{{Tag: smpp.TagMSAvailability, Value: []byte{0}}},
	}
	pdu, err = smpp.AppendAlert(nil, 4, a)
	if err != nil {
		t.Fatal(err)
	}
	h, _ = smpp.DecodeHeader(pdu)
	gotAlert, err := smpp.DecodeAlert(h, pdu[smpp.HeaderOctets:])
	if diff := cmp.Diff(a, gotAlert); diff != "" || err != nil {
		t.Errorf("DecodeAlert = %v (-want +got):\n%s", err, diff)
	}
}

func TestTLVs(t *testing.T) {
	t.Parallel()
	tlvs := smpp.TLVs{
		{Tag: smpp.TagSARMsgRefNum, Value: []byte{0x12, 0x34}},
		{Tag: smpp.TagUSSDServiceOp, Value: []byte{17}},
		{Tag: smpp.TagReceiptedMessageID, Value: []byte("ab\x00")},
		{Tag: smpp.TagDLTEntityID, Value: []byte("1701158019811140068")},
		{Tag: smpp.TagMessageState, Value: []byte{}},
		{Tag: smpp.TagUSSDServiceOp, Value: []byte{2}},
	}
	if n, ok := tlvs.Uint(smpp.TagSARMsgRefNum); n != 0x1234 || !ok {
		t.Errorf("Uint(sar_msg_ref_num) = %#x, %v", n, ok)
	}
	if n, ok := tlvs.Uint(smpp.TagUSSDServiceOp); n != 17 || !ok {
		t.Errorf("Uint(ussd_service_op) = %d, %v, want the first", n, ok)
	}
	if _, ok := tlvs.Uint(smpp.TagMessageState); ok {
		t.Error("Uint of an empty value succeeded")
	}
	if _, ok := tlvs.Uint(smpp.TagDLTEntityID); ok {
		t.Error("Uint of 19 octets succeeded")
	}
	if got := tlvs.Text(smpp.TagReceiptedMessageID); got != "ab" {
		t.Errorf("Text with NUL = %q", got)
	}
	if got := tlvs.Text(smpp.TagDLTEntityID); got != "1701158019811140068" {
		t.Errorf("Text without NUL = %q", got)
	}
	if _, ok := tlvs.Find(smpp.TagMessagePayload); ok {
		t.Error("Find found what is not there")
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status    smpp.Status
		want      string
		temporary bool
	}{
		{smpp.ROK, "ESME_ROK", false},
		{smpp.RThrottled, "ESME_RTHROTTLED", true},
		{smpp.RMsgQFul, "ESME_RMSGQFUL", true},
		{smpp.RXTAppn, "ESME_RX_T_APPN", true},
		{smpp.RSysErr, "ESME_RSYSERR", true},
		{smpp.RInvDstAdr, "ESME_RINVDSTADR", false},
		{smpp.RInvTLVStream, "ESME_RINVTLVSTREAM", false},
		{smpp.RUnknownErr, "ESME_RUNKNOWNERR", false},
		{0x09, "status 0x00000009", false},
		{0x400, "status 0x00000400", false},
	}
	for _, tt := range tests {
		if got := tt.status.String(); got != tt.want {
			t.Errorf("Status(%#x).String() = %q, want %q", uint32(tt.status), got, tt.want)
		}
		if tt.status.Temporary() != tt.temporary {
			t.Errorf("%v: temporary %v, want %v", tt.status, tt.status.Temporary(), tt.temporary)
		}
	}
}

func TestCommandID_String(t *testing.T) {
	t.Parallel()
	tests := map[smpp.CommandID]string{
		smpp.SubmitSM: "submit_sm", smpp.DeliverSM.Response(): "deliver_sm_resp", smpp.GenericNack: "generic_nack",
		smpp.AlertNotification: "alert_notification", smpp.Outbind.Response(): "command 0x8000000B",
		0x00010200: "command 0x00010200",
	}
	for id, want := range tests {
		if got := id.String(); got != want {
			t.Errorf("CommandID(%#x).String() = %q, want %q", uint32(id), got, want)
		}
	}
}
