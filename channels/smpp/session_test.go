package smpp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"setu/channels/smpp"
)

// piped binds a client of ours over a pipe, inside a synctest bubble, to an SMSC that
// answer plays: it gets each PDU but the bind and gives what to write.
func piped(t *testing.T, cfg smpp.ClientConfig, answer func(smpp.Header, []byte) []byte) (*smpp.Client, <-chan smpp.LinkState) {
	t.Helper()
	states := make(chan smpp.LinkState, 1000)
	cfg.Name, cfg.Addr, cfg.SystemID, cfg.Password = "piped", "smsc.example:2775", testID, testPassword
	cfg.OnState = func(s smpp.LinkState) { states <- s }
	if cfg.Handler == nil {
		cfg.Handler = func(r *smpp.Request) { r.Respond(smpp.ROK, "") }
	}
	if cfg.Dial == nil {
		cfg.Dial = func(context.Context, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go func() {
				defer func() { _ = theirs.Close() }()
				playSMSC(theirs, answer)
			}()
			return ours, nil
		}
	}
	c, err := smpp.NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	start(t, c.Run)
	return c, states
}

func playSMSC(conn net.Conn, answer func(smpp.Header, []byte) []byte) {
	p := &peer{conn: conn}
	for {
		h, body, err := p.nextEver()
		if err != nil {
			return
		}
		var out []byte
		switch h.ID {
		case smpp.BindTransceiver:
			out = smpp.AppendBindResp(nil, smpp.Transceiver, h.Seq, smpp.ROK, "smsc")
		case smpp.Unbind:
			out = smpp.AppendEmpty(nil, smpp.Unbind.Response(), h.Seq, smpp.ROK)
		default:
			out = answer(h, body)
		}
		if _, err := conn.Write(out); err != nil {
			return
		}
	}
}

// nextEver is next without a deadline.
func (p *peer) nextEver() (smpp.Header, []byte, error) {
	var head [smpp.HeaderOctets]byte
	if _, err := io.ReadFull(p.conn, head[:]); err != nil {
		return smpp.Header{}, nil, err
	}
	h, err := smpp.DecodeHeader(head[:])
	if err != nil {
		return h, nil, err
	}
	body := make([]byte, h.Length-smpp.HeaderOctets)
	_, err = io.ReadFull(p.conn, body)
	return h, body, err
}

func silent(smpp.Header, []byte) []byte { return nil }

// lively answers enquire_link and nothing else.
func lively(h smpp.Header, _ []byte) []byte {
	if h.ID == smpp.EnquireLink {
		return smpp.AppendEmpty(nil, smpp.EnquireLink.Response(), h.Seq, smpp.ROK)
	}
	return nil
}

func TestSession_ResponseTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		late := make(chan uint32, 1)
		c, states := piped(t, smpp.ClientConfig{}, func(h smpp.Header, b []byte) []byte {
			if h.ID == smpp.SubmitSM {
				late <- h.Seq
				time.Sleep(15 * time.Second)
				return smpp.AppendMessageResp(nil, smpp.SubmitSM, h.Seq, smpp.ROK, "late")
			}
			return lively(h, b)
		})
		s := (<-states).Session
		done, got := answers(2)
		began := time.Now()
		if err := c.Send(t.Context(), message("x"), done); err != nil {
			t.Fatal(err)
		}
		a := <-got
		if took := time.Since(began); !errors.Is(a.err, smpp.ErrNoResponse) || took < 10*time.Second || took > 11*time.Second {
			t.Errorf("answer = %v after %v, want ErrNoResponse after 10 to 11 s", a.err, took)
		}
		if n := s.Slots(); n != 64 {
			t.Errorf("Slots() = %d, want all 64: a late request holds none", n)
		}
		time.Sleep(10 * time.Second)
		if n := s.Counters().Stray.Load(); n != 1 || len(got) != 0 {
			t.Errorf("late response: Stray = %d, further answers %d, want 1 and 0", n, len(got))
		}
		if s.Err() != nil {
			t.Errorf("session ended with %v", s.Err())
		}
		if n := s.Counters().NoResponse.Load(); n != 1 {
			t.Errorf("NoResponse = %d, want 1", n)
		}
	})
}

func TestSession_EnquireLink(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		enquired := 0
		_, states := piped(t, smpp.ClientConfig{}, func(h smpp.Header, b []byte) []byte {
			mu.Lock()
			defer mu.Unlock()
			enquired++
			if enquired > 3 {
				return nil
			}
			return lively(h, b)
		})
		s := (<-states).Session
		began := time.Now()
		<-s.Done()
		// Three intervals of 30 s answered, the fourth unanswered for 10 s more.
		if took := time.Since(began); took < 125*time.Second || took > 140*time.Second {
			t.Errorf("a silent peer was dropped after %v, want about 130 s", took)
		}
		if !errors.Is(s.Err(), smpp.ErrLost) {
			t.Errorf("session ended with %v, want ErrLost", s.Err())
		}
		if down := <-states; down.Session != nil || !errors.Is(down.Err, smpp.ErrLost) {
			t.Errorf("state = %+v, want down", down)
		}
		if up := <-states; up.Session == nil {
			t.Errorf("state = %+v, want up again", up)
		}
	})
}

func TestSession_ProgressWatchdog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, states := piped(t, smpp.ClientConfig{SessionConfig: smpp.SessionConfig{EnquireInterval: 5 * time.Second}}, lively)
		s := (<-states).Session
		time.Sleep(5 * time.Minute)
		if s.Err() != nil {
			t.Fatalf("idle session ended with %v", s.Err())
		}
		done, got := answers(1)
		began := time.Now()
		if err := c.Send(t.Context(), message("x"), done); err != nil {
			t.Fatal(err)
		}
		<-s.Done()
		if took := time.Since(began); !errors.Is(s.Err(), smpp.ErrStalled) || took < 59*time.Second || took > 64*time.Second {
			t.Errorf("session ended with %v after %v, want ErrStalled after about 60 s", s.Err(), took)
		}
		if a := <-got; !errors.Is(a.err, smpp.ErrNoResponse) {
			t.Errorf("answer = %v, want ErrNoResponse", a.err)
		}
	})
}

// TestSession_SlowButAlive: a peer that answers each request after 8 s is slow, not stuck.
func TestSession_SlowButAlive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, states := piped(t, smpp.ClientConfig{}, func(h smpp.Header, b []byte) []byte {
			if h.ID == smpp.SubmitSM {
				time.Sleep(8 * time.Second)
				return smpp.AppendMessageResp(nil, smpp.SubmitSM, h.Seq, smpp.ROK, "1")
			}
			return lively(h, b)
		})
		s := (<-states).Session
		for range 30 {
			done, got := answers(1)
			if err := c.Send(t.Context(), message("x"), done); err != nil {
				t.Fatal(err)
			}
			if a := <-got; a.err != nil {
				t.Fatalf("answer = %v", a.err)
			}
		}
		if s.Err() != nil {
			t.Errorf("session ended with %v", s.Err())
		}
	})
}

func TestSession_OutOfOrder(t *testing.T) {
	t.Parallel()
	p, s := operator(t, smpp.ClientConfig{SessionConfig: smpp.SessionConfig{Window: 50}}).accept()
	got := make(chan string, 50)
	for i := range 50 {
		want := fmt.Sprint(i)
		err := s.Send(t.Context(), message(want), func(r smpp.Resp, err error) {
			if r.MessageID != want || err != nil {
				t.Errorf("answer to %s = %q, %v", want, r.MessageID, err)
			}
			got <- want
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	seqs := make([]uint32, 50)
	for i := range seqs {
		h, _ := p.read()
		seqs[i] = h.Seq
	}
	for i := range seqs {
		n := (i*7 + 3) % 50
		p.write(smpp.AppendMessageResp(nil, smpp.SubmitSM, seqs[n], smpp.ROK, fmt.Sprint(n)))
		if text := receive(t, got); text != fmt.Sprint(n) {
			t.Errorf("answered %s, want %d", text, n)
		}
	}
}

// TestSession_LostWithFullWindow: each request under way ends once, as unknown, and a
// Send that waits for a place ends too.
func TestSession_LostWithFullWindow(t *testing.T) {
	t.Parallel()
	p, s := operator(t, smpp.ClientConfig{}).accept()
	done, got := answers(100)
	for range 64 {
		if err := s.Send(t.Context(), message("x"), done); err != nil {
			t.Fatal(err)
		}
	}
	waiting := make(chan error, 1)
	go func() { waiting <- s.Send(context.Background(), message("y"), done) }()
	for range 64 {
		p.read()
	}
	_ = p.conn.Close()
	if err := receive(t, waiting); !errors.Is(err, smpp.ErrNotBound) {
		t.Errorf("waiting Send = %v, want ErrNotBound", err)
	}
	receive(t, s.Done())
	if len(got) != 64 {
		t.Fatalf("%d answers, want 64", len(got))
	}
	for range 64 {
		if a := <-got; !errors.Is(a.err, smpp.ErrLost) {
			t.Errorf("answer = %v, want ErrLost", a.err)
		}
	}
}

func TestSession_GenericNack(t *testing.T) {
	t.Parallel()
	p, s := operator(t, smpp.ClientConfig{}).accept()
	done, got := answers(2)
	for _, status := range []smpp.Status{smpp.RInvCmdID, smpp.ROK} {
		if err := s.Send(t.Context(), message("x"), done); err != nil {
			t.Fatal(err)
		}
		h, _ := p.read()
		p.write(smpp.AppendEmpty(nil, smpp.GenericNack, h.Seq, status))
		want := status
		if status == smpp.ROK {
			want = smpp.RUnknownErr
		}
		if a := receive(t, got); a.err != nil || a.resp.Status != want || a.resp.ID != smpp.GenericNack {
			t.Errorf("answer = %+v, want generic_nack %v", a, want)
		}
	}
}

// TestSession_MaxUnanswered: a peer that ignores every window is told to wait, and
// signs of life pass all the same.
func TestSession_MaxUnanswered(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		id   smpp.CommandID
		want smpp.Status
		bind func(t *testing.T, cfg smpp.SessionConfig) *peer
	}{
		{"client", smpp.DeliverSM, smpp.RXTAppn, func(t *testing.T, cfg smpp.SessionConfig) *peer {
			t.Helper()
			p, _ := operator(t, smpp.ClientConfig{SessionConfig: cfg}).accept()
			return p
		}},
		{"server", smpp.SubmitSM, smpp.RThrottled, func(t *testing.T, cfg smpp.SessionConfig) *peer {
			t.Helper()
			return esme(t, smpp.ServerConfig{SessionConfig: cfg})
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			requests := make(chan *smpp.Request, 3)
			counters := new(smpp.Counters)
			p := tt.bind(t, smpp.SessionConfig{
				MaxUnanswered: 3, Counters: counters, Handler: func(r *smpp.Request) { requests <- r },
			})
			for seq := range uint32(4) {
				p.write(messagePDU(t, tt.id, seq+1, "x"))
			}
			p.expect(tt.id.Response(), tt.want, 4)
			p.alive()
			receive(t, requests).Respond(smpp.ROK, "1")
			p.expect(tt.id.Response(), smpp.ROK, 1)
			p.write(messagePDU(t, tt.id, 5, "x"))
			p.alive()
			if len(requests) != 3 || counters.Throttled.Load() != 1 {
				t.Errorf("%d requests held and %d throttled, want 3 and 1", len(requests), counters.Throttled.Load())
			}
		})
	}
}

// TestSession_PeerNeverReads: a peer that asks and never reads is not read from any
// more, and dropped when the write deadline ends.
func TestSession_PeerNeverReads(t *testing.T) {
	t.Parallel()
	counters := new(smpp.Counters)
	closed := make(chan error, 1)
	p := esme(t, smpp.ServerConfig{
		OnClosed:      func(_ *smpp.Session, err error) { closed <- err },
		SessionConfig: smpp.SessionConfig{WriteTimeout: time.Second, Counters: counters},
	})
	if err := p.conn.(*net.TCPConn).SetReadBuffer(64 << 10); err != nil {
		t.Fatal(err)
	}
	flood := smpp.AppendEmpty(nil, smpp.EnquireLink, 1, smpp.ROK)
	for len(flood) < 1<<20 {
		flood = append(flood, flood...)
	}
	if err := p.conn.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := p.conn.Write(flood); err != nil {
			break
		}
	}
	if err := receive(t, closed); !errors.Is(err, smpp.ErrLost) {
		t.Errorf("session ended with %v, want ErrLost", err)
	}
	// What it took is what fits into the socket buffers and a queue of 256 KiB.
	if took := counters.In.Load() * smpp.HeaderOctets; took > 16<<20 {
		t.Errorf("the session took %d octets from a peer that reads nothing", took)
	}
}

// TestSession_LargeBothWays: two sides that send each other more than all buffers hold
// do not wait for each other.
func TestSession_LargeBothWays(t *testing.T) {
	t.Parallel()
	const each = 1000
	bound := make(chan *smpp.Session, 1)
	states := make(chan smpp.LinkState, 10)
	taken := make(chan struct{}, 2*each)
	limits := smpp.SessionConfig{Window: 500, Handler: func(r *smpp.Request) {
		r.Respond(smpp.ROK, "1")
		taken <- struct{}{}
	}}
	addr, _ := serve(t, smpp.ServerConfig{OnBound: func(s *smpp.Session) { bound <- s }, SessionConfig: limits})
	c, err := smpp.NewClient(smpp.ClientConfig{
		Name: "large", Addr: addr, SystemID: testID, Password: testPassword,
		OnState: func(s smpp.LinkState) { states <- s }, SessionConfig: limits,
	})
	if err != nil {
		t.Fatal(err)
	}
	start(t, c.Run)
	m := message(string(make([]byte, 60_000)))
	done, got := answers(2 * each)
	for _, s := range []*smpp.Session{receive(t, bound), receive(t, states).Session} {
		go func() {
			for range each {
				if err := s.Send(context.Background(), m, done); err != nil {
					t.Errorf("Send: %v", err)
					return
				}
			}
		}()
	}
	for range 2 * each {
		if a := receive(t, got); a.err != nil || a.resp.Status != smpp.ROK {
			t.Fatalf("answer = %+v", a)
		}
		receive(t, taken)
	}
}

func TestSession_Close(t *testing.T) {
	t.Parallel()
	requests := make(chan *smpp.Request, 1)
	p, s := operator(t, smpp.ClientConfig{SessionConfig: smpp.SessionConfig{
		Handler: func(r *smpp.Request) { requests <- r },
	}}).accept()
	done, got := answers(1)
	if err := s.Send(t.Context(), message("x"), done); err != nil {
		t.Fatal(err)
	}
	h, _ := p.read()
	p.write(messagePDU(t, smpp.DeliverSM, 1, "held"))
	held := receive(t, requests)
	closed := make(chan error, 1)
	go func() { closed <- s.Close(context.Background()) }()
	for s.TrySend(message("before Close has begun"), nil) == nil {
		early, _ := p.read()
		p.write(smpp.AppendMessageResp(nil, smpp.SubmitSM, early.Seq, smpp.ROK, "8"))
	}
	p.write(messagePDU(t, smpp.DeliverSM, 2, "refused"))
	p.expect(smpp.DeliverSM.Response(), smpp.RXTAppn, 2)
	p.write(smpp.AppendMessageResp(nil, smpp.SubmitSM, h.Seq, smpp.ROK, "9"))
	if a := receive(t, got); a.resp.MessageID != "9" {
		t.Errorf("answer during Close = %+v", a)
	}
	held.Respond(smpp.ROK, "")
	p.expect(smpp.DeliverSM.Response(), smpp.ROK, 1)
	u, _ := p.read()
	if u.ID != smpp.Unbind {
		t.Fatalf("read %v, want unbind after everything was answered", u.ID)
	}
	p.write(smpp.AppendEmpty(nil, smpp.Unbind.Response(), u.Seq, smpp.ROK))
	p.expectEnd()
	_ = p.conn.Close()
	if err := receive(t, closed); err != nil {
		t.Errorf("Close = %v", err)
	}
	if !errors.Is(s.Err(), smpp.ErrClosed) {
		t.Errorf("session ended with %v, want ErrClosed", s.Err())
	}
}

// TestSession_CloseDeadline: Close does not wait for a peer that answers nothing.
func TestSession_CloseDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, states := piped(t, smpp.ClientConfig{}, silent)
		s := (<-states).Session
		done, got := answers(1)
		if err := c.Send(t.Context(), message("x"), done); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if err := s.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Close = %v, want a deadline exceeded", err)
		}
		if a := <-got; !errors.Is(a.err, smpp.ErrLost) {
			t.Errorf("answer = %v, want ErrLost", a.err)
		}
	})
}
