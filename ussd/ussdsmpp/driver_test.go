package ussdsmpp_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"setu/channels/smpp"
	"setu/gateway"
	"setu/ussd/ussdsmpp"
)

// echo answers a dial with a menu, "0" with a last screen, and all else with
// itself.
func echo(_ context.Context, in gateway.Inbound) (gateway.Reply, error) {
	switch {
	case in.Event == gateway.New:
		return say("menu", false), nil
	case in.Event != gateway.Input:
		return gateway.Reply{}, nil
	case in.Text == "0":
		return say("bye", true), nil
	}
	return say("you said "+in.Text.Reveal(), false), nil
}

// dialogue holds a dialogue over a peer.
func dialogue(t *testing.T, p *peer, screen smpp.CommandID) {
	t.Helper()
	for _, tt := range []struct {
		op            byte
		session       uint16
		text, want    string
		wantOp, wants uint32
	}{
		{0x01, 0x2A00, "*51969#", "menu", 0x02, 0x2A00},
		{0x12, 0x2A02, "7", "you said 7", 0x02, 0x2A02},
		{0x12, 0x2A04, "0", "bye", 0x11, 0x2A05},
	} {
		m := p.ask(pdu(tt.op, tt.session, tt.text))
		gotOp, session := op(m)
		if string(m.Text) != tt.want || gotOp != tt.wantOp || session != tt.wants || m.ServiceType != "USSD" {
			t.Errorf("%q is answered with %q, operation 0x%02x, session 0x%04x; want %q, 0x%02x, 0x%04x",
				tt.text, m.Text, gotOp, session, tt.want, tt.wantOp, tt.wants)
		}
		if m.Source.Addr != "51969" || m.Dest != (smpp.Address{TON: 1, NPI: 1, Addr: "919830000001"}) {
			t.Errorf("screen from %q to %q", m.Source.Addr, m.Dest.Addr)
		}
		if id := receive(t, p.ids); id != screen {
			t.Errorf("the screen came as %v, want %v", id, screen)
		}
	}
}

func TestDriver_Partner(t *testing.T) {
	t.Parallel()
	h := open(t, "standard", "", nil, echo, nil)
	p := h.bind(smpp.Transceiver)
	dialogue(t, p, smpp.DeliverSM)
	// An abort is answered, and nothing is said.
	r := receive(t, p.put(pdu(0x12, 0x2A05, "")))
	if r.Status != smpp.ROK || r.MessageID == "" {
		t.Errorf("abort answered with %v, message_id %q", r.Status, r.MessageID)
	}
	// A message beside the dialogues stays one.
	m := pdu(0, 0, "HELP")
	m.ServiceType, m.TLVs, m.DataCoding = "", nil, 0
	if r := receive(t, p.put(m)); r.Status != smpp.ROK {
		t.Errorf("SMS answered with %v", r.Status)
	}
	if got := receive(t, h.text); got != "HELP" {
		t.Errorf("SMS %q", got)
	}
	h.stop()
	if len(p.screens) > 0 {
		t.Errorf("%d screens too many", len(p.screens))
	}
	c := h.ussd.Counts()
	if c.Begun.Load() != 1 || c.Inputs.Load() != 2 || c.Ended.Load() != 1 || c.Screens.Load() != 3 || c.Lost.Load() != 0 {
		t.Errorf("counts: %d begun, %d inputs, %d ended, %d screens, %d lost", c.Begun.Load(), c.Inputs.Load(), c.Ended.Load(), c.Screens.Load(), c.Lost.Load())
	}
	if s := h.sms.Counts(); s.In.Load() != 1 || s.Out.Load() != 0 {
		t.Errorf("the counts of SMS: %d in, %d out", s.In.Load(), s.Out.Load())
	}
	if log := h.log.String(); strings.Contains(log, "9830000001") || strings.Contains(log, "you said") {
		t.Errorf("the log tells of the citizen:\n%s", log)
	}
}

// TestDriver_PartnerOfTwoBinds: what comes on a transmitter is answered on the
// partner's receiver.
func TestDriver_PartnerOfTwoBinds(t *testing.T) {
	t.Parallel()
	h := open(t, "standard", "", nil, echo, nil)
	tx, rx := h.bind(smpp.Transmitter), h.bind(smpp.Receiver)
	tx.screens, tx.ids = rx.screens, rx.ids
	dialogue(t, tx, smpp.DeliverSM)
}

// TestDriver_Link: a USSD gateway that we bind to, with one bind and with two.
func TestDriver_Link(t *testing.T) {
	t.Parallel()
	for name, binds := range map[string][]smpp.BindType{
		"transceiver": {smpp.Transceiver}, "separate": {smpp.Transmitter, smpp.Receiver},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, addr, bound := operator(t, len(binds))
			h := open(t, "standard", addr, binds, echo, nil)
			var receiver *smpp.Session
			for range binds {
				if s := receive(t, bound); s.Type().Delivers() {
					receiver = s
				}
			}
			for deadline := time.Now().Add(patience); !h.sms.Up()["operator"]; time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("the link does not come up")
				}
			}
			p.send = func(m *smpp.ShortMessage, done func(smpp.Resp, error)) error {
				return receiver.Send(t.Context(), m, done)
			}
			dialogue(t, p, smpp.SubmitSM)
			p.send = func(m *smpp.ShortMessage, done func(smpp.Resp, error)) error {
				return receiver.SendAs(t.Context(), smpp.DataSM, m, done)
			}
			dialogue(t, p, smpp.DataSM)
		})
	}
}

// TestDriver_Refuses: what is no part of a dialogue of ours.
func TestDriver_Refuses(t *testing.T) {
	t.Parallel()
	h := open(t, "standard", "", nil, echo, nil)
	p := h.bind(smpp.Transceiver)
	stranger, elsewhere := pdu(0x01, 0, ""), pdu(0x01, 0, "")
	stranger.Source = smpp.Address{TON: 5, Addr: "BANK"}
	elsewhere.Dest.Addr = "12345"
	for name, tt := range map[string]struct {
		m    smpp.ShortMessage
		want smpp.Status
	}{
		"sender": {stranger, smpp.RInvSrcAdr}, "code": {elsewhere, smpp.RInvDstAdr}, "operation": {pdu(0x1F, 0, ""), smpp.RInvOptParamVal},
	} {
		if r := receive(t, p.put(tt.m)); r.Status != tt.want {
			t.Errorf("%s: answered with %v, want %v", name, r.Status, tt.want)
		}
	}
	if n := h.ussd.Counts().Refused.Load(); n != 3 {
		t.Errorf("%d counted as refused, want 3", n)
	}
}

// TestDriver_AnswersAfterTheCommit: neither the acknowledgement nor the screen
// goes out before the turn has returned, and a stop of the gateway in between
// loses neither.
func TestDriver_AnswersAfterTheCommit(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	h := open(t, "standard", "", nil, func(ctx context.Context, in gateway.Inbound) (gateway.Reply, error) {
		if in.Event == gateway.Abort {
			return gateway.Reply{}, nil
		}
		close(entered)
		<-leave
		if err := ctx.Err(); err != nil {
			return gateway.Reply{}, err
		}
		return echo(ctx, in)
	}, nil)
	p := h.bind(smpp.Transceiver)
	answered := p.put(pdu(0x01, 0x2A00, "*51969#"))
	receive(t, entered)
	stopped := make(chan struct{})
	go func() { h.stop(); close(stopped) }()
	// What comes while the gateway stops is told to come again.
	for deadline := time.Now().Add(patience); receive(t, p.put(pdu(0x12, 1, ""))).Status != smpp.RThrottled; {
		if time.Now().After(deadline) {
			t.Fatal("a gateway that stops takes new inputs")
		}
	}
	select {
	case r := <-answered:
		t.Errorf("answered with %v before the turn", r.Status)
	case <-stopped:
		t.Error("stopped with a turn in hand")
	default:
	}
	close(leave)
	if r := receive(t, answered); r.Status != smpp.ROK {
		t.Errorf("answered with %v", r.Status)
	}
	if m := receive(t, p.screens); string(m.Text) != "menu" {
		t.Errorf("screen %q", m.Text)
	}
	receive(t, stopped)
}

// TestDriver_Busy: more inputs than the driver takes are to come again.
func TestDriver_Busy(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	h := open(t, "standard", "", nil, func(ctx context.Context, in gateway.Inbound) (gateway.Reply, error) {
		entered <- struct{}{}
		<-leave
		return echo(ctx, in)
	}, func(c *ussdsmpp.Config) { c.Max = 1 })
	p := h.bind(smpp.Transceiver)
	first := p.put(pdu(0x01, 0x2A00, "*51969#"))
	receive(t, entered)
	if r := receive(t, p.put(pdu(0x01, 0x2B00, "*51969#"))); r.Status != smpp.RThrottled {
		t.Errorf("the second is answered with %v", r.Status)
	}
	close(leave)
	if r := receive(t, first); r.Status != smpp.ROK {
		t.Errorf("the first is answered with %v", r.Status)
	}
	receive(t, p.screens)
	if n := h.ussd.Counts().Busy.Load(); n != 1 {
		t.Errorf("%d counted as busy, want 1", n)
	}
}

// TestDriver_Screens: a congested gateway gets the screen again, another
// refusal is the end of it, and the next input is served in any case.
func TestDriver_Screens(t *testing.T) {
	t.Parallel()
	h := open(t, "standard", "", nil, echo, nil)
	p := h.bind(smpp.Transceiver)
	p.answers = []smpp.Status{smpp.RThrottled, smpp.ROK, smpp.RXPAppn}
	if m := p.ask(pdu(0x12, 0x2A00, "1")); string(m.Text) != "you said 1" {
		t.Errorf("after congestion: %q", m.Text)
	}
	if r := receive(t, p.put(pdu(0x12, 0x2A00, "2"))); r.Status != smpp.ROK {
		t.Errorf("answered with %v", r.Status)
	}
	for deadline := time.Now().Add(patience); h.ussd.Counts().Lost.Load() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the refused screen is not counted")
		}
	}
	if m := p.ask(pdu(0x12, 0x2A00, "3")); string(m.Text) != "you said 3" {
		t.Errorf("after a refusal: %q", m.Text)
	}
}

// TestDriver_Faults: a turn that fails has its screen all the same, one that
// panics ends alone.
func TestDriver_Faults(t *testing.T) {
	t.Parallel()
	h := open(t, "standard", "", nil, func(ctx context.Context, in gateway.Inbound) (gateway.Reply, error) {
		switch in.Text {
		case "1":
			return say("busy", true), errors.New("store is full")
		case "2":
			panic(in.Text.Reveal())
		}
		return echo(ctx, in)
	}, nil)
	p := h.bind(smpp.Transceiver)
	m := p.ask(pdu(0x12, 0x2A00, "1"))
	if o, session := op(m); string(m.Text) != "busy" || o != 0x11 || session != 0x2A01 {
		t.Errorf("a failed turn says %q, operation 0x%02x, session 0x%04x", m.Text, o, session)
	}
	if r := receive(t, p.put(pdu(0x12, 0x2A00, "2"))); r.Status != smpp.RSysErr {
		t.Errorf("a panic is answered with %v", r.Status)
	}
	if m := p.ask(pdu(0x12, 0x2A00, "3")); string(m.Text) != "you said 3" {
		t.Errorf("after a panic: %q", m.Text)
	}
	if n := h.ussd.Counts().Faults.Load(); n != 2 {
		t.Errorf("%d faults counted, want 2", n)
	}
}

// TestDriver_LinkLost: the bind ends while the turn is taken. The screen goes
// out on the partner's next one; where there is none soon, it is counted, and
// nobody waits for it.
func TestDriver_LinkLost(t *testing.T) {
	t.Parallel()
	for name, back := range map[string]bool{"back": true, "gone": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			entered, leave := make(chan struct{}), make(chan struct{})
			h := open(t, "standard", "", nil, func(ctx context.Context, in gateway.Inbound) (gateway.Reply, error) {
				close(entered)
				<-leave
				return echo(ctx, in)
			}, nil)
			conn := dialPartner(t, h.addr)
			m := pdu(0x01, 0x2A00, "*51969#")
			write(t, conn, 7, &m)
			receive(t, entered)
			if err := conn.Close(); err != nil {
				t.Fatal(err)
			}
			for deadline := time.Now().Add(patience); h.sms.Up()["partner"]; time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("the partner's bind does not end")
				}
			}
			close(leave)
			sent, lost := int64(0), int64(1)
			if back {
				p := h.bind(smpp.Receiver)
				if m := receive(t, p.screens); string(m.Text) != "menu" {
					t.Errorf("screen %q", m.Text)
				}
				sent, lost = 1, 0
			}
			h.stop()
			if c := h.ussd.Counts(); c.Screens.Load() != sent || c.Lost.Load() != lost {
				t.Errorf("%d sent, %d lost; want %d, %d", c.Screens.Load(), c.Lost.Load(), sent, lost)
			}
		})
	}
}

// TestDriver_Key: an input that is sent again with its sequence_number bears
// the same key; any other has one of its own, on another bind too.
func TestDriver_Key(t *testing.T) {
	t.Parallel()
	keys := make(chan string, 8)
	h := open(t, "standard", "", nil, func(_ context.Context, in gateway.Inbound) (gateway.Reply, error) {
		keys <- in.Key
		return gateway.Reply{}, nil
	}, nil)
	m := pdu(0x12, 0x2A00, "1")
	one, two := dialPartner(t, h.addr), dialPartner(t, h.addr)
	var got []string
	for _, w := range []struct {
		conn net.Conn
		seq  uint32
	}{{one, 7}, {one, 7}, {one, 8}, {two, 7}} {
		write(t, w.conn, w.seq, &m)
		got = append(got, receive(t, keys))
	}
	if got[0] == "" || got[0] != got[1] {
		t.Errorf("a repeated input has the keys %q and %q", got[0], got[1])
	}
	if got[2] == got[0] || got[3] == got[0] || got[3] == got[2] {
		t.Errorf("different inputs have the keys %q", got)
	}
}

// dialPartner binds as the partner, by hand.
func dialPartner(t *testing.T, addr string) net.Conn {
	t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // a test may have closed it
	bind, err := smpp.AppendBind(nil, 1, smpp.Bind{SystemID: "partner", Password: "secret", Version: smpp.Version})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(bind); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 64)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func write(t *testing.T, conn net.Conn, seq uint32, m *smpp.ShortMessage) {
	t.Helper()
	b, err := smpp.AppendMessage(nil, smpp.SubmitSM, seq, m)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(b); err != nil {
		t.Fatal(err)
	}
}
