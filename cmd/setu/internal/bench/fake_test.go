package bench_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"

	"setu/channels/smpp"
	"setu/channels/sms"
)

// gateway is a gateway as the generator sees it: it takes submit_sm and sends
// an answer to the number that it came from. Each fault befalls every n-th
// message; 0 is never.
type gateway struct {
	answer   string // in the language of the question when empty
	drop     int    // takes the message and never answers
	double   int    // answers twice
	misroute int    // answers to a number that never asked
	wrong    int    // answers something else
	throttle int    // refuses with ESME_RTHROTTLED
	refuse   int    // refuses for good
	follow   bool   // sends a second message after the answer to "1"
	password string
	hangUp   int // closes the connection at this message

	taken int
}

// listen serves on loopback until the test ends, and gives the address.
func (g *gateway) listen(t testing.TB) string {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			g.serve(conn)
			_ = conn.Close()
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		wg.Wait()
	})
	return l.Addr().String()
}

// serve reads what one read gives, answers all of it and writes once.
func (g *gateway) serve(conn net.Conn) {
	in := make([]byte, 0, 256<<10)
	var out []byte
	for {
		n, err := conn.Read(in[len(in):cap(in)])
		if err != nil {
			return
		}
		in = in[:len(in)+n]
		out = out[:0]
		live := true
		rest := in
		for live && len(rest) >= smpp.HeaderOctets {
			size := int(binary.BigEndian.Uint32(rest))
			if len(rest) < size {
				break
			}
			out, live = g.handle(out, rest[:size])
			rest = rest[size:]
		}
		in = in[:copy(in[:cap(in)], rest)]
		if _, err := conn.Write(out); err != nil || !live {
			return
		}
	}
}

func (g *gateway) handle(out, pdu []byte) ([]byte, bool) {
	h, err := smpp.DecodeHeader(pdu)
	if err != nil {
		return out, false
	}
	body := pdu[smpp.HeaderOctets:]
	switch h.ID {
	case smpp.BindTransceiver:
		b, err := smpp.DecodeBind(h, body)
		if err != nil || g.password != "" && string(b.Password) != g.password {
			return smpp.AppendBindResp(out, smpp.Transceiver, h.Seq, smpp.RInvPaswd, ""), false
		}
		out = smpp.AppendBindResp(out, smpp.Transceiver, h.Seq, smpp.ROK, "fake")
		return smpp.AppendEmpty(out, smpp.EnquireLink, 7, smpp.ROK), true
	case smpp.SubmitSM:
		var m smpp.ShortMessage
		if err := m.Decode(h, body); err != nil {
			return out, false
		}
		return g.submit(out, h.Seq, &m)
	case smpp.Unbind:
		return smpp.AppendEmpty(out, smpp.Unbind.Response(), h.Seq, smpp.ROK), false
	}
	return out, true
}

func every(n, of int) bool { return n > 0 && of%n == 0 }

func (g *gateway) submit(out []byte, seq uint32, m *smpp.ShortMessage) ([]byte, bool) {
	g.taken++
	n := g.taken
	switch {
	case every(g.throttle, n):
		return smpp.AppendMessageResp(out, smpp.SubmitSM, seq, smpp.RThrottled, ""), true
	case every(g.refuse, n):
		return smpp.AppendMessageResp(out, smpp.SubmitSM, seq, smpp.RInvDstAdr, ""), true
	case g.hangUp > 0 && n >= g.hangUp:
		return out, false
	}
	out = smpp.AppendMessageResp(out, smpp.SubmitSM, seq, smpp.ROK, "id")
	if every(g.drop, n) {
		return out, true
	}
	reply := smpp.ShortMessage{Source: m.Dest, Dest: m.Source}
	if every(g.misroute, n) {
		reply.Dest.Addr = "919830000001"
	}
	text := g.answer
	if text == "" {
		text = "Answer to " + string(m.Text)
		if m.DataCoding == byte(sms.UCS2) {
			text = "উত্তর: নমস্কার"
		}
	}
	if every(g.wrong, n) {
		text = "Sorry, try again later."
	}
	times := 1
	if every(g.double, n) || g.follow && string(m.Text) == "1" {
		times = 2
	}
	for range times {
		out = appendDeliveries(out, &reply, text, n)
	}
	return out, true
}

// appendDeliveries appends a text as deliver_sm, its parts in reverse.
func appendDeliveries(out []byte, m *smpp.ShortMessage, text string, n int) []byte {
	coding := sms.Choose(text)
	parts, err := sms.Split(text, coding, uint16(n), false)
	if err != nil {
		return out
	}
	m.DataCoding = byte(coding)
	for i := len(parts) - 1; i >= 0; i-- {
		m.ESMClass, m.Text = 0, parts[i].Body
		if parts[i].UDH != nil {
			m.ESMClass = smpp.ESMHeaderIndicator
			m.Text = append(append([]byte(nil), parts[i].UDH...), parts[i].Body...)
		}
		out, err = smpp.AppendMessage(out, smpp.DeliverSM, uint32(n), m)
		if err != nil {
			return out
		}
	}
	return out
}

// discard is where reports of benchmarks go.
var discard io.Writer = io.Discard
