package smpp_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"setu/channels/smpp"
)

func seedPDUs(f *testing.F, add func(pdu []byte)) {
	f.Helper()
	for _, tt := range badPDUs(f, smpp.SubmitSM) {
		if len(tt.pdu) < 4096 {
			add(tt.pdu)
		}
	}
	m := message("ভাতা")
	m.DataCoding, m.TLVs = 8, smpp.TLVs{{Tag: smpp.TagDLTEntityID, Value: []byte("1701158019811140068")}, {Tag: 1}}
	for _, id := range []smpp.CommandID{smpp.SubmitSM, smpp.DeliverSM, smpp.DataSM} {
		b, err := smpp.AppendMessage(nil, id, 1, m)
		if err != nil {
			f.Fatal(err)
		}
		add(b)
	}
	b, err := smpp.AppendQuery(nil, 1, smpp.Query{MessageID: "1", Source: m.Source})
	if err != nil {
		f.Fatal(err)
	}
	add(b)
	add(smpp.AppendQueryResp(nil, 1, smpp.ROK, "1", smpp.QueryResult{State: smpp.Delivered}))
	add(smpp.AppendMessageResp(nil, smpp.SubmitSM, 1, smpp.ROK, "1"))
	add(smpp.AppendBindResp(nil, smpp.Transceiver, 1, smpp.ROK, "smsc"))
	add(bindPDU(f, smpp.Receiver, 1, testPassword))
	b, err = smpp.AppendAlert(nil, 1, smpp.Alert{Source: m.Source, ESME: m.Dest})
	if err != nil {
		f.Fatal(err)
	}
	add(b)
}

// FuzzDecodePDU: any octets are decoded or refused with a Fault that names the PDU;
// what is decoded keeps no more than the PDU's size; and encoding and decoding it again
// gives the same.
func FuzzDecodePDU(f *testing.F) {
	seedPDUs(f, func(pdu []byte) { f.Add(pdu) })
	f.Fuzz(func(t *testing.T, pdu []byte) {
		h, err := smpp.DecodeHeader(pdu)
		if err != nil {
			onlyFault(t, smpp.Header{ID: h.ID, Seq: h.Seq}, err)
			return
		}
		body := bytes.Clone(pdu[smpp.HeaderOctets:])
		switch h.ID {
		case smpp.SubmitSM, smpp.DeliverSM, smpp.DataSM:
			fuzzMessage(t, h, body)
		case smpp.BindReceiver, smpp.BindTransceiver, smpp.BindTransmitter:
			b, err := smpp.DecodeBind(h, body)
			onlyFault(t, h, err)
			again(t, err, b, func() ([]byte, error) { return smpp.AppendBind(nil, h.Seq, b) }, smpp.DecodeBind)
		case smpp.QuerySM:
			q, err := smpp.DecodeQuery(h, body)
			onlyFault(t, h, err)
			again(t, err, q, func() ([]byte, error) { return smpp.AppendQuery(nil, h.Seq, q) }, smpp.DecodeQuery)
		case smpp.AlertNotification:
			a, err := smpp.DecodeAlert(h, body)
			onlyFault(t, h, err)
			again(t, err, a, func() ([]byte, error) { return smpp.AppendAlert(nil, h.Seq, a) }, smpp.DecodeAlert)
		default:
			r := smpp.DecodeResp(h, body)
			if len(r.MessageID)+tlvOctets(r.TLVs) > len(body) {
				t.Fatalf("DecodeResp kept more than the %d octets of the body", len(body))
			}
		}
		if !bytes.Equal(body, pdu[smpp.HeaderOctets:]) {
			t.Fatal("decoding changed the PDU")
		}
	})
}

func fuzzMessage(t *testing.T, h smpp.Header, body []byte) {
	t.Helper()
	var m smpp.ShortMessage
	if err := m.Decode(h, body); err != nil {
		onlyFault(t, h, err)
		return
	}
	kept := len(m.ServiceType) + len(m.Source.Addr) + len(m.Dest.Addr) + len(m.Schedule) + len(m.Validity) + len(m.Text) + tlvOctets(m.TLVs)
	if kept > len(body) {
		t.Fatalf("kept %d octets of a body of %d", kept, len(body))
	}
	pdu, err := smpp.AppendMessage(nil, h.ID, h.Seq, &m)
	if err != nil {
		t.Fatalf("a decoded message cannot be encoded: %v", err)
	}
	var back smpp.ShortMessage
	if err := back.Decode(h, pdu[smpp.HeaderOctets:]); err != nil {
		t.Fatalf("what was encoded cannot be decoded: %v", err)
	}
	if diff := cmp.Diff(m, back); diff != "" {
		t.Fatalf("decode, encode, decode (-first +second):\n%s", diff)
	}
}

func tlvOctets(tlvs smpp.TLVs) (n int) {
	for _, v := range tlvs {
		n += 4 + len(v.Value)
	}
	return n
}

func onlyFault(t *testing.T, h smpp.Header, err error) {
	t.Helper()
	var f *smpp.Fault
	if err != nil && (!errors.As(err, &f) || f.ID != h.ID || f.Seq != h.Seq || f.Status == smpp.ROK) {
		t.Fatalf("error = %v, want a fault of %v seq %d", err, h.ID, h.Seq)
	}
}

// again encodes and decodes what was decoded without error, and wants the same.
func again[T any](t *testing.T, err error, v T, encode func() ([]byte, error), decode func(smpp.Header, []byte) (T, error)) {
	t.Helper()
	if err != nil {
		return
	}
	pdu, err := encode()
	if err != nil {
		t.Fatalf("what was decoded cannot be encoded: %v", err)
	}
	h, err := smpp.DecodeHeader(pdu)
	if err != nil {
		t.Fatal(err)
	}
	back, err := decode(h, pdu[smpp.HeaderOctets:])
	if err != nil {
		t.Fatalf("what was encoded cannot be decoded: %v", err)
	}
	if diff := cmp.Diff(v, back); diff != "" {
		t.Fatalf("decode, encode, decode (-first +second):\n%s", diff)
	}
}

// FuzzSession: whatever PDU comes, the link serves the next one and no callback panics.
func FuzzSession(f *testing.F) {
	seedPDUs(f, func(pdu []byte) {
		if h, err := smpp.DecodeHeader(pdu); err == nil {
			f.Add(uint32(h.ID), uint32(h.Status), h.Seq, pdu[smpp.HeaderOctets:])
		}
	})
	counters := new(smpp.Counters)
	p := esme(f, smpp.ServerConfig{SessionConfig: smpp.SessionConfig{
		Counters: counters, OnQuery: func(r *smpp.QueryRequest) { r.Respond(smpp.RQueryFail, smpp.QueryResult{}) },
	}})
	f.Fuzz(func(t *testing.T, id, status, seq uint32, body []byte) {
		if smpp.CommandID(id) == smpp.Unbind || len(body) > smpp.MaxSkip-smpp.HeaderOctets {
			return
		}
		pdu := rawPDU(smpp.CommandID(id), seq, body...)
		copy(pdu[8:], smpp.AppendEmpty(nil, 0, 0, smpp.Status(status))[8:12])
		p.t = t
		p.write(pdu, smpp.AppendEmpty(nil, smpp.EnquireLink, 0x7001, smpp.ROK))
		for range 2 {
			h, _ := p.read()
			if h.ID == smpp.EnquireLink.Response() && h.Seq == 0x7001 {
				break
			}
			if h.Seq != seq || !h.ID.IsResponse() {
				t.Fatalf("answered %v seq %d, want a response to %d", h.ID, h.Seq, seq)
			}
			if smpp.CommandID(id) == smpp.EnquireLink && seq == 0x7001 {
				p.read()
				break
			}
		}
		if n := counters.Panics.Load(); n != 0 {
			t.Fatalf("%d panics", n)
		}
	})
}
