package e2e_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"setu/channels/smpp"
	"setu/channels/sms"
)

// message is a text as a provider passes it on, from a number to the sandbox's
// short code.
func message(number string, coding byte, octets []byte) *smpp.ShortMessage {
	return &smpp.ShortMessage{
		Source: smpp.Address{TON: 1, NPI: 1, Addr: number}, Dest: smpp.Address{Addr: "51969"}, DataCoding: coding, Text: octets,
	}
}

// parts are a long text as a phone sends it.
func parts(t *testing.T, number, text string, ref uint16) []*smpp.ShortMessage {
	t.Helper()
	coding := sms.Choose(text)
	segments, err := sms.Split(text, coding, ref, false)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]*smpp.ShortMessage, len(segments))
	for i, s := range segments {
		out[i] = message(number, byte(coding), append(append([]byte{}, s.UDH...), s.Body...))
		if len(s.UDH) > 0 {
			out[i].ESMClass = smpp.ESMHeaderIndicator
		}
	}
	return out
}

// raw sends a message as it is; its status must be as wanted.
func (w *town) raw(m *smpp.ShortMessage, want smpp.Status) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	w.Phones.Note(m.Source.Addr)
	status, err := w.Raw(ctx, m)
	if err != nil || status != want {
		w.t.Fatalf("status %v, %v, want %v", status, err, want)
	}
}

// wire is a connection on which a test writes octets as it likes.
type wire struct {
	net.Conn
	t *testing.T
}

// dial connects without a bind.
func (w *town) dial() *wire {
	w.t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(w.t.Context(), "tcp", w.SMPP)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = conn.Close() }) // it may be closed already
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		w.t.Fatal(err)
	}
	return &wire{conn, w.t}
}

// bind binds as the sandbox partner and gives the answer's status.
func (c *wire) bind(typ smpp.BindType, password smpp.Secret) smpp.Status {
	c.t.Helper()
	pdu, err := smpp.AppendBind(nil, 1, smpp.Bind{Type: typ, SystemID: "sandbox", Password: password, Version: smpp.Version})
	if err != nil {
		c.t.Fatal(err)
	}
	c.put(pdu)
	h, _, err := c.next()
	if err != nil {
		c.t.Fatalf("no answer to the bind: %v", err)
	}
	return h.Status
}

// put writes octets.
func (c *wire) put(b []byte) {
	c.t.Helper()
	if _, err := c.Write(b); err != nil {
		c.t.Fatal(err)
	}
}

// submit writes a message without waiting for the answer.
func (c *wire) submit(seq uint32, m *smpp.ShortMessage) {
	c.t.Helper()
	pdu, err := smpp.AppendMessage(nil, smpp.SubmitSM, seq, m)
	if err != nil {
		c.t.Fatal(err)
	}
	c.put(pdu)
}

// next reads one PDU; io.EOF when the gateway has hung up.
func (c *wire) next() (smpp.Header, []byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(c, length[:]); err != nil {
		if errors.Is(err, net.ErrClosed) {
			err = io.EOF
		}
		return smpp.Header{}, nil, err
	}
	n := binary.BigEndian.Uint32(length[:])
	if n < smpp.HeaderOctets || n > 1<<16 {
		c.t.Fatalf("a PDU of %d octets came", n)
	}
	b := make([]byte, n)
	copy(b, length[:])
	if _, err := io.ReadFull(c, b[4:]); err != nil {
		return smpp.Header{}, nil, err
	}
	h, err := smpp.DecodeHeader(b)
	return h, b[smpp.HeaderOctets:], err
}

// response reads up to the answer to seq.
func (c *wire) response(seq uint32) smpp.Header {
	c.t.Helper()
	for {
		h, _, err := c.next()
		if err != nil {
			c.t.Fatalf("no answer to request %d: %v", seq, err)
		}
		if h.ID.IsResponse() && h.Seq == seq {
			return h
		}
	}
}
