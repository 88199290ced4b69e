package smpp_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"setu/channels/smpp"
)

// The tests of this file are the faults that a review and live probes found in two Go
// libraries (go-smpp 2894b96, findings 1 to 15, and gosmpp v0.3.0), put to our code.

// TestFinding01_SameNumbersBothWays: both sides count independently, so a deliver_sm
// may bear the number of a submit_sm under way. It is not its response.
func TestFinding01_SameNumbersBothWays(t *testing.T) {
	t.Parallel()
	const total = 100_000
	var delivered atomic.Int64
	p, s := operator(t, smpp.ClientConfig{SessionConfig: smpp.SessionConfig{
		Handler: func(r *smpp.Request) {
			delivered.Add(1)
			r.Respond(smpp.ROK, "")
		},
	}}).accept()
	var submitted, acknowledged int
	served := make(chan error, 1)
	go func() { served <- mirror(p, total, &submitted, &acknowledged) }()
	var answered, wrong atomic.Int64
	for i := range total {
		want := fmt.Sprint(i)
		m := message(want)
		err := s.Send(t.Context(), m, func(r smpp.Resp, err error) {
			if err != nil || r.MessageID != "m"+want {
				wrong.Add(1)
			}
			answered.Add(1)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := receive(t, served); err != nil {
		t.Fatal(err)
	}
	if submitted != total || acknowledged != total || delivered.Load() != total || answered.Load() != total || wrong.Load() != 0 {
		t.Errorf("submitted %d, answered %d (%d wrongly), delivered %d, acknowledged %d, want %d each",
			submitted, answered.Load(), wrong.Load(), delivered.Load(), acknowledged, total)
	}
}

// mirror is an SMSC that sends a deliver_sm with the very number of each submit_sm
// before it answers that submit_sm.
func mirror(p *peer, total int, submitted, acknowledged *int) error {
	for *submitted < total || *acknowledged < total {
		h, body, err := p.next()
		if err != nil {
			return err
		}
		switch h.ID {
		case smpp.SubmitSM:
			*submitted++
			var m smpp.ShortMessage
			if err := m.Decode(h, body); err != nil {
				return err
			}
			out, err := smpp.AppendMessage(nil, smpp.DeliverSM, h.Seq, message("other"))
			if err != nil {
				return err
			}
			out = smpp.AppendMessageResp(out, smpp.SubmitSM, h.Seq, smpp.ROK, "m"+string(m.Text))
			if _, err := p.conn.Write(out); err != nil {
				return err
			}
		case smpp.DeliverSM.Response():
			*acknowledged++
		default:
			return fmt.Errorf("unexpected %v", h.ID)
		}
	}
	return nil
}

// TestFinding02_NoAutomaticAnswer: the answer comes when the handler's owner gives it,
// with its status, in any order; enquire_link is answered meanwhile.
func TestFinding02_NoAutomaticAnswer(t *testing.T) {
	t.Parallel()
	requests := make(chan *smpp.Request, 3)
	p, _ := operator(t, smpp.ClientConfig{SessionConfig: smpp.SessionConfig{
		Handler: func(r *smpp.Request) { requests <- r },
	}}).accept()
	var held []*smpp.Request
	for seq := range uint32(3) {
		p.write(messagePDU(t, smpp.DeliverSM, seq+1, "x"))
		held = append(held, receive(t, requests))
	}
	p.alive() // the first PDU that comes back is the enquire_link_resp
	if !held[2].Respond(smpp.ROK, "") || !held[0].Respond(smpp.RXTAppn, "") || !held[1].Respond(smpp.RXPAppn, "") {
		t.Error("Respond = false on a live session")
	}
	p.expect(smpp.DeliverSM.Response(), smpp.ROK, 3)
	p.expect(smpp.DeliverSM.Response(), smpp.RXTAppn, 1)
	p.expect(smpp.DeliverSM.Response(), smpp.RXPAppn, 2)
	if held[1].Respond(smpp.ROK, "") {
		t.Error("second Respond = true, want no second answer")
	}
	p.alive()
}

// TestFinding03_SendInHandler: a handler that sends does not wait for itself.
func TestFinding03_SendInHandler(t *testing.T) {
	t.Parallel()
	p, _ := operator(t, smpp.ClientConfig{SessionConfig: smpp.SessionConfig{
		Handler: func(r *smpp.Request) {
			err := r.Session().Send(context.Background(), message("reply"), func(resp smpp.Resp, err error) {
				r.Respond(resp.Status, "")
			})
			if err != nil {
				t.Errorf("Send in the handler: %v", err)
			}
		},
	}}).accept()
	p.write(messagePDU(t, smpp.DeliverSM, 40, "x"))
	h, _ := p.read()
	if h.ID != smpp.SubmitSM {
		t.Fatalf("read %v, want submit_sm", h.ID)
	}
	p.write(smpp.AppendMessageResp(nil, smpp.SubmitSM, h.Seq, smpp.ROK, "1"))
	p.expect(smpp.DeliverSM.Response(), smpp.ROK, 40)
}

// TestFinding04_StaleAnswer: an answer that outlives its connection is not written on
// the next one, where its number belongs to another message.
func TestFinding04_StaleAnswer(t *testing.T) {
	t.Parallel()
	requests := make(chan *smpp.Request, 2)
	o := operator(t, smpp.ClientConfig{SessionConfig: smpp.SessionConfig{
		Handler: func(r *smpp.Request) { requests <- r },
	}})
	p, s := o.accept()
	p.write(messagePDU(t, smpp.DeliverSM, 7, "old"))
	stale := receive(t, requests)
	_ = p.conn.Close()
	receive(t, s.Done())
	p, _ = o.accept()
	p.write(messagePDU(t, smpp.DeliverSM, 7, "new"))
	fresh := receive(t, requests)
	if stale.Respond(smpp.ROK, "") {
		t.Error("Respond = true on a session that has ended")
	}
	p.alive() // nothing was written before it
	fresh.Respond(smpp.RXTAppn, "")
	p.expect(smpp.DeliverSM.Response(), smpp.RXTAppn, 7)
}

// TestFinding05_PoisonMessage: what made the library drop its link is answered on a
// link that lives. TestClient_BadPDU has the whole list.
func TestFinding05_PoisonMessage(t *testing.T) {
	t.Parallel()
	p, s := operator(t, smpp.ClientConfig{}).accept()
	names := map[string]bool{
		"data_sm without text": true, "alert_notification": true, "outbind": true, "vendor's request": true,
		"message_payload of 60,000 octets": true, "UDHI with UDHL 0": true, "TLV overrun": true, "sm_length too large": true,
	}
	for _, tt := range badPDUs(t, smpp.DeliverSM) {
		if names[tt.name] {
			delete(names, tt.name)
			tt.check(t, p, smpp.DeliverSM)
		}
	}
	if len(names) > 0 || s.Err() != nil {
		t.Errorf("not tried: %v; session ended with %v", names, s.Err())
	}
}

// TestFinding06_Truncated: a cut PDU never reaches the handler.
func TestFinding06_Truncated(t *testing.T) {
	t.Parallel()
	p, s := operator(t, smpp.ClientConfig{SessionConfig: smpp.SessionConfig{
		Handler: func(r *smpp.Request) {
			if string(r.Message.Text) != "Hello" {
				t.Errorf("handler got a cut message")
			}
			r.Respond(smpp.ROK, "")
		},
	}}).accept()
	whole := messagePDU(t, smpp.DeliverSM, 1, "Hello")
	for end := smpp.HeaderOctets; end < len(whole); end++ {
		p.write(rawPDU(smpp.DeliverSM, uint32(end), whole[smpp.HeaderOctets:end]...))
		if h, _ := p.read(); h.ID != smpp.DeliverSM.Response() || h.Status == smpp.ROK || h.Seq != uint32(end) {
			t.Errorf("PDU cut at %d: answered %v %v seq %d, want a refusal", end, h.ID, h.Status, h.Seq)
		}
	}
	p.write(whole)
	p.expect(smpp.DeliverSM.Response(), smpp.ROK, 1)
	if n := s.Counters().Faults.Load(); n != int64(len(whole)-smpp.HeaderOctets) {
		t.Errorf("Faults = %d, want %d", n, len(whole)-smpp.HeaderOctets)
	}
}

// TestFinding07_TextIntact: a message with a user data header keeps its octets, also
// when later PDUs have gone through the same buffer.
func TestFinding07_TextIntact(t *testing.T) {
	t.Parallel()
	const text = "\x05\x00\x03\x2a\x02\x01Hello"
	requests := make(chan *smpp.Request, 1000)
	p := esme(t, smpp.ServerConfig{SessionConfig: smpp.SessionConfig{
		Handler: func(r *smpp.Request) { requests <- r; r.Respond(smpp.ROK, "1") },
	}})
	m := message(text)
	m.ESMClass = smpp.ESMHeaderIndicator
	for seq := range uint32(500) {
		b, err := smpp.AppendMessage(nil, smpp.SubmitSM, seq+1, m)
		if err != nil {
			t.Fatal(err)
		}
		p.write(b)
	}
	for seq := range uint32(500) {
		p.expect(smpp.SubmitSM.Response(), smpp.ROK, seq+1)
	}
	for range 500 {
		r := receive(t, requests)
		if diff := cmp.Diff(*m, r.Message); diff != "" {
			t.Fatalf("message (-want +got):\n%s", diff)
		}
	}
}

// TestFinding08_Panic: nothing that a peer or a subscriber sends ends the process, and
// a handler that panics ends only its message.
func TestFinding08_Panic(t *testing.T) {
	t.Parallel()
	p, s := operator(t, smpp.ClientConfig{SessionConfig: smpp.SessionConfig{
		Handler: func(r *smpp.Request) {
			if string(r.Message.Text) == "boom" {
				panic("boom")
			}
			r.Respond(smpp.ROK, "")
		},
		OnAlert: func(*smpp.Session, smpp.Alert) { panic("alert") },
	}}).accept()
	p.write(rawPDU(smpp.SubmitMulti.Response(), 1, '1', 0, 9)) // nine failures announced, none there
	p.write(messagePDU(t, smpp.DeliverSM, 2, "boom"))
	p.expect(smpp.DeliverSM.Response(), smpp.RSysErr, 2)
	p.write(rawPDU(smpp.AlertNotification, 3, 0, 0, 0, 0, 0, 0))
	for i, udh := range []string{"\x05\x00\x03\x01\x02\x00", "\x05\x00\x03\x01\x02\x03", "\x05\x00\x03\x01\x02\x01", "\x05\x00\x03\x01\x02\x01"} {
		m := message(udh + "x")
		m.ESMClass = smpp.ESMHeaderIndicator
		b, err := smpp.AppendMessage(nil, smpp.DeliverSM, uint32(10+i), m)
		if err != nil {
			t.Fatal(err)
		}
		p.write(b)
		p.expect(smpp.DeliverSM.Response(), smpp.ROK, uint32(10+i))
	}
	if err := s.Send(t.Context(), message("x"), func(smpp.Resp, error) { panic("done") }); err != nil {
		t.Fatal(err)
	}
	h, _ := p.read()
	p.write(smpp.AppendMessageResp(nil, smpp.SubmitSM, h.Seq, smpp.ROK, "1"))
	p.alive()
	if n := s.Counters().Panics.Load(); n != 3 {
		t.Errorf("Panics = %d, want 3: handler, alert, done", n)
	}
}

// TestFinding09_AnyHeader: user data headers of any kind reach the handler whole, with
// the sender that a reassembly needs.
func TestFinding09_AnyHeader(t *testing.T) {
	t.Parallel()
	requests := make(chan *smpp.Request, 1)
	p, _ := operator(t, smpp.ClientConfig{SessionConfig: smpp.SessionConfig{
		Handler: func(r *smpp.Request) { r.Respond(smpp.ROK, ""); requests <- r },
	}}).accept()
	for i, udh := range []string{
		"\x05\x00\x03\x01\x02\x01", "\x06\x08\x04\x01\x01\x02\x01", "\x06\x05\x04\x23\xf4\x00\x00",
		"\x00", "\xff", "\x03\x25\x01\x04", "",
	} {
		m := message(udh + "x")
		m.ESMClass = smpp.ESMHeaderIndicator
		b, err := smpp.AppendMessage(nil, smpp.DeliverSM, uint32(i+1), m)
		if err != nil {
			t.Fatal(err)
		}
		p.write(b)
		if diff := cmp.Diff(*m, receive(t, requests).Message); diff != "" {
			t.Errorf("UDH %x (-want +got):\n%s", udh, diff)
		}
		p.expect(smpp.DeliverSM.Response(), smpp.ROK, uint32(i+1))
	}
}

// TestFinding10_SilentBind: an SMSC that never answers the bind is given up, said so,
// and tried again.
func TestFinding10_SilentBind(t *testing.T) {
	t.Parallel()
	o := operator(t, smpp.ClientConfig{BindTimeout: 3 * time.Second})
	p := o.greet()
	if s := receive(t, o.states); !errors.Is(s.Err, context.DeadlineExceeded) || s.Session != nil {
		t.Errorf("state = %+v, want a deadline exceeded", s)
	}
	p.read()
	p.expectEnd()
	o.accept()
}

// TestFinding10_PeerStopsReading: requests to a peer that reads nothing end, and their
// errors tell which may have reached it.
func TestFinding10_PeerStopsReading(t *testing.T) {
	t.Parallel()
	const window = 400
	o := operator(t, smpp.ClientConfig{SessionConfig: smpp.SessionConfig{Window: window, WriteTimeout: 200 * time.Millisecond}})
	p, s := o.accept()
	done, got := answers(window)
	m := message(strings.Repeat("x", 60_000)) // 24 MB: more than any socket buffer
	for range window {
		if err := s.Send(t.Context(), m, done); err != nil && !errors.Is(err, smpp.ErrNotBound) {
			t.Fatal(err)
		} else if err != nil {
			break
		}
	}
	receive(t, s.Done())
	if !errors.Is(s.Err(), smpp.ErrLost) {
		t.Errorf("session ended with %v, want ErrLost", s.Err())
	}
	queued := len(got)
	var lost, notSent int
	for range queued {
		switch a := <-got; {
		case errors.Is(a.err, smpp.ErrLost):
			lost++
		case errors.Is(a.err, smpp.ErrNotSent):
			notSent++
		default:
			t.Errorf("done with %v, want ErrLost or ErrNotSent", a.err)
		}
	}
	if lost == 0 || notSent == 0 {
		t.Errorf("%d ErrLost and %d ErrNotSent, want both", lost, notSent)
	}
	// What the peer can still read in whole is among those of ErrLost.
	if err := p.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	whole := 0
	for {
		if _, _, err := p.next(); err != nil {
			break
		}
		whole++
	}
	if whole > lost {
		t.Errorf("peer could read %d requests, but only %d ended in ErrLost", whole, lost)
	}
}

// TestFinding11_Window: Send waits for a place, TrySend says that there is none, and a
// waiting Send ends with its context.
func TestFinding11_Window(t *testing.T) {
	t.Parallel()
	p, s := operator(t, smpp.ClientConfig{SessionConfig: smpp.SessionConfig{Window: 2, EnquireInterval: time.Minute}}).accept()
	done, got := answers(3)
	for range 2 {
		if err := s.Send(t.Context(), message("x"), done); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.Slots(); n != 0 {
		t.Errorf("Slots() = %d, want 0", n)
	}
	if err := s.TrySend(message("x"), done); !errors.Is(err, smpp.ErrWindowFull) {
		t.Errorf("TrySend = %v, want ErrWindowFull", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := s.Send(ctx, message("x"), done); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Send = %v, want the context's error", err)
	}
	sent := make(chan error, 1)
	go func() { sent <- s.Send(context.Background(), message("third"), done) }()
	first, _ := p.read()
	second, _ := p.read()
	p.write(smpp.AppendMessageResp(nil, smpp.SubmitSM, second.Seq, smpp.ROK, "b"))
	if a := receive(t, got); a.resp.MessageID != "b" {
		t.Errorf("answer = %+v, want that of the second", a)
	}
	if err := receive(t, sent); err != nil {
		t.Errorf("waiting Send = %v", err)
	}
	third, _ := p.read()
	if third.Seq == first.Seq || third.Seq == second.Seq {
		t.Errorf("third has number %d, which is under way", third.Seq)
	}
	if n := s.Counters().WindowWaits.Load(); n < 2 {
		t.Errorf("WindowWaits = %d, want at least 2", n)
	}
}

// TestFinding12_Unbind: an unbind is answered, the session ends as unbound, requests
// under way are reported, and the client binds again.
func TestFinding12_Unbind(t *testing.T) {
	t.Parallel()
	o := operator(t, smpp.ClientConfig{})
	for range 3 {
		p, s := o.accept()
		done, got := answers(1)
		if err := s.Send(t.Context(), message("x"), done); err != nil {
			t.Fatal(err)
		}
		p.read()
		p.write(smpp.AppendEmpty(nil, smpp.Unbind, 9, smpp.ROK))
		p.expect(smpp.Unbind.Response(), smpp.ROK, 9)
		p.expectEnd()
		_ = p.conn.Close()
		if a := receive(t, got); !errors.Is(a.err, smpp.ErrLost) {
			t.Errorf("answer = %+v, want ErrLost", a)
		}
		receive(t, s.Done())
		if !errors.Is(s.Err(), smpp.ErrUnbound) {
			t.Errorf("session ended with %v, want ErrUnbound", s.Err())
		}
		if err := s.Send(t.Context(), message("x"), done); !errors.Is(err, smpp.ErrNotBound) {
			t.Errorf("Send on an ended session = %v, want ErrNotBound", err)
		}
	}
}

// TestFinding13_LengthsAndOrder: a text of 300 octets does not wrap sm_length, TLVs
// keep their order, and the state of a query_sm_resp is a number.
func TestFinding13_LengthsAndOrder(t *testing.T) {
	t.Parallel()
	p, s := operator(t, smpp.ClientConfig{}).accept()
	m := message(strings.Repeat("y", 300))
	for tag := range smpp.Tag(20) {
		m.TLVs = append(m.TLVs, smpp.TLV{Tag: 0x1400 + tag*7%20, Value: []byte{byte(tag)}})
	}
	done, got := answers(2)
	if err := s.Send(t.Context(), m, done); err != nil {
		t.Fatal(err)
	}
	h, body := p.read()
	var back smpp.ShortMessage
	if err := back.Decode(h, body); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(*m, back); diff != "" {
		t.Errorf("as the peer reads it (-want +got):\n%s", diff)
	}
	if err := s.Query(t.Context(), smpp.Query{MessageID: "5"}, done); err != nil {
		t.Fatal(err)
	}
	h, _ = p.read()
	p.write(smpp.AppendQueryResp(nil, h.Seq, smpp.ROK, "5", smpp.QueryResult{State: smpp.Enroute, ErrorCode: 3}))
	if a := receive(t, got); a.resp.Query.State != smpp.Enroute || a.resp.Query.ErrorCode != 3 {
		t.Errorf("query answer = %+v", a)
	}
}

func testTLS(tb testing.TB) (server, client *tls.Config) {
	tb.Helper()
	web := httptest.NewTLSServer(nil) // for its certificate of 127.0.0.1
	defer web.Close()
	roots := x509.NewCertPool()
	roots.AddCert(web.Certificate())
	return &tls.Config{Certificates: web.TLS.Certificates, MinVersion: tls.VersionTLS12},
		&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}

// TestFinding14_Server: two partners with their own passwords at once, over TLS, each
// with our client; a delivery goes to the one it is meant for.
func TestFinding14_Server(t *testing.T) {
	t.Parallel()
	server, client := testTLS(t)
	bound := make(chan *smpp.Session, 2)
	addr, _ := serve(t, smpp.ServerConfig{
		SystemID: "setu", TLS: server,
		Authenticate: func(_ context.Context, r smpp.BindRequest) (smpp.Partner, smpp.Status) {
			if r.TLS == nil || !r.Password.Equal(smpp.Secret("pw-"+r.SystemID)) {
				return smpp.Partner{}, smpp.RInvPaswd
			}
			return smpp.Partner{}, smpp.ROK
		},
		OnBound: func(s *smpp.Session) { bound <- s },
	})
	got := make(chan string, 2)
	for _, name := range []string{"one", "two"} {
		c, err := smpp.NewClient(smpp.ClientConfig{
			Name: name, Addr: addr, SystemID: name, Password: smpp.Secret("pw-" + name), TLS: client,
			SessionConfig: smpp.SessionConfig{Handler: func(r *smpp.Request) {
				got <- name + ":" + string(r.Message.Text)
				r.Respond(smpp.ROK, "")
			}},
		})
		if err != nil {
			t.Fatal(err)
		}
		start(t, c.Run)
	}
	for range 2 {
		s := receive(t, bound)
		done, answered := answers(1)
		if err := s.Send(t.Context(), message("for "+s.SystemID()), done); err != nil {
			t.Fatal(err)
		}
		if a := receive(t, answered); a.err != nil || a.resp.Status != smpp.ROK {
			t.Errorf("delivery to %s = %+v", s.SystemID(), a)
		}
		if text, want := receive(t, got), s.SystemID()+":for "+s.SystemID(); text != want {
			t.Errorf("delivered %q, want %q", text, want)
		}
	}
}

// TestFinding15_TLSDeadline: an SMSC that never shakes hands is given up.
func TestFinding15_TLSDeadline(t *testing.T) {
	t.Parallel()
	o := operator(t, smpp.ClientConfig{TLS: &tls.Config{MinVersion: tls.VersionTLS12}, BindTimeout: 50 * time.Millisecond})
	o.greet()
	if s := receive(t, o.states); !errors.Is(s.Err, context.DeadlineExceeded) {
		t.Errorf("state = %+v, want a deadline exceeded", s)
	}
}

// TestGosmpp_QueryWithTLV: 24 octets ended that process.
func TestGosmpp_QueryWithTLV(t *testing.T) {
	t.Parallel()
	queries := make(chan smpp.Query, 1)
	p := esme(t, smpp.ServerConfig{SessionConfig: smpp.SessionConfig{
		OnQuery: func(r *smpp.QueryRequest) {
			queries <- r.Query
			r.Respond(smpp.ROK, smpp.QueryResult{State: smpp.Delivered, FinalDate: "260101120000020+"})
		},
	}})
	p.write(rawPDU(smpp.QuerySM, 3, 0, 0, 0, 0, 0x02, 0x04, 0, 0))
	p.expect(smpp.QuerySM.Response(), smpp.ROK, 3)
	receive(t, queries)
	p.write(rawPDU(smpp.QuerySM, 4, 0, 0, 0))
	p.expect(smpp.QuerySM.Response(), smpp.RInvCmdLen, 4)
	p.alive()
}

// TestGosmpp_WindowLeak: a response that comes as fast as can be frees its slot.
func TestGosmpp_WindowLeak(t *testing.T) {
	t.Parallel()
	const total = 5000
	addr, _ := serve(t, smpp.ServerConfig{})
	bound := make(chan *smpp.Session, 1)
	c, err := smpp.NewClient(smpp.ClientConfig{
		Name: "leak", Addr: addr, SystemID: testID, Password: testPassword, Bind: smpp.Transmitter,
		OnState: func(s smpp.LinkState) { bound <- s.Session },
	})
	if err != nil {
		t.Fatal(err)
	}
	start(t, c.Run)
	s := receive(t, bound)
	done, got := answers(total)
	for range total {
		if err := c.Send(t.Context(), message("x"), done); err != nil {
			t.Fatal(err)
		}
	}
	for range total {
		if a := receive(t, got); a.err != nil || a.resp.MessageID != "1" {
			t.Fatalf("answer = %+v", a)
		}
	}
	if n := s.Slots(); n != 64 {
		t.Errorf("Slots() = %d after all answers, want 64", n)
	}
}

// TestGosmpp_LongTLV: a TLV length over 32,767 is no negative number.
func TestGosmpp_LongTLV(t *testing.T) {
	t.Parallel()
	m := message("x")
	m.TLVs = smpp.TLVs{{Tag: 0x1400, Value: make([]byte, 40_000)}}
	pdu, err := smpp.AppendMessage(nil, smpp.DeliverSM, 1, m)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decode(t, pdu)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(*m, got); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}
}
