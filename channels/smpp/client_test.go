package smpp_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"setu/channels/smpp"
)

func TestClient_Backoff(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		random float64
		status smpp.Status // of the bind; ESME_ROK for a dial that fails
		want   []time.Duration
	}{
		{"dial fails, highest draws", 0.999999, smpp.ROK, []time.Duration{1, 2, 4, 8, 16, 32, 60, 60}},
		{"dial fails, middle draws", 0.5, smpp.ROK, []time.Duration{0, 1, 2, 4, 8, 16, 30, 30}},
		{"too many binds", 0.999999, smpp.RAlyBnd, []time.Duration{1, 2, 4, 8, 16, 32, 60, 60}},
		{"wrong password", 0, smpp.RInvPaswd, []time.Duration{300, 300, 300}},
		{"wrong system id", 0.999999, smpp.RInvSysID, []time.Duration{270, 270, 270}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cfg := smpp.ClientConfig{
					Random: func() float64 { return tt.random },
					Dial: func(context.Context, string) (net.Conn, error) {
						if tt.status == smpp.ROK {
							return nil, errors.New("connection refused")
						}
						return refusing(tt.status), nil
					},
				}
				_, states := piped(t, cfg, silent)
				var last time.Time
				for i, want := range tt.want {
					s := <-states
					if got := s.Retry.Round(time.Second).Truncate(time.Second); got != want*time.Second && s.Retry != want*time.Second+time.Second/2 {
						t.Errorf("delay %d = %v, want %v", i, s.Retry, want*time.Second)
					}
					if s.Err == nil || s.Session != nil {
						t.Errorf("state %d = %+v, want down", i, s)
					}
					if now := time.Now(); !last.IsZero() && now.Before(last) {
						t.Errorf("try %d came at %v, before %v", i, now, last)
					}
					last = time.Now().Add(s.Retry)
				}
			})
		})
	}
}

// refusing is an SMSC that refuses the bind.
func refusing(status smpp.Status) net.Conn {
	ours, theirs := net.Pipe()
	go func() {
		defer func() { _ = theirs.Close() }()
		h, _, err := (&peer{conn: theirs}).nextEver()
		if err != nil {
			return
		}
		_, _ = theirs.Write(smpp.AppendEmpty(nil, smpp.BindTransceiver.Response(), h.Seq, status))
	}()
	return ours
}

// TestClient_BackoffResets: a link that has lived begins at the first delay again, one
// that is dropped right after each bind does not.
func TestClient_BackoffResets(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		life time.Duration
		want time.Duration
	}{
		{"proven", time.Minute, time.Second},
		{"dropped at once", time.Second, 8 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cfg := smpp.ClientConfig{
					Random: func() float64 { return 0.999999999 },
					Dial: func(context.Context, string) (net.Conn, error) {
						ours, theirs := net.Pipe()
						go playSMSC(theirs, lively)
						time.AfterFunc(tt.life, func() { _ = theirs.Close() })
						return ours, nil
					},
				}
				_, states := piped(t, cfg, lively)
				var last time.Duration
				for range 4 {
					if up := <-states; up.Session == nil {
						t.Fatalf("state = %+v, want up", up)
					}
					last = (<-states).Retry
				}
				if last.Round(time.Second) != tt.want {
					t.Errorf("fourth delay = %v, want %v", last, tt.want)
				}
			})
		})
	}
}

func TestClient_BindRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		cfg := smpp.ClientConfig{
			Dial:          func(context.Context, string) (net.Conn, error) { return refusing(smpp.RInvPaswd), nil },
			SessionConfig: smpp.SessionConfig{Log: slog.New(slog.NewTextHandler(&log, nil))},
		}
		c, states := piped(t, cfg, silent)
		var refused *smpp.BindError
		if s := <-states; !errors.As(s.Err, &refused) || refused.Status != smpp.RInvPaswd {
			t.Errorf("state = %+v, want a BindError of ESME_RINVPASWD", s)
		}
		if text := refused.Error(); !strings.Contains(text, "ESME_RINVPASWD") || !strings.Contains(text, "check system_id and password") {
			t.Errorf("error %q does not tell an operator what to do", text)
		}
		if err := c.Send(t.Context(), message("x"), nil); !errors.Is(err, smpp.ErrNotBound) {
			t.Errorf("Send while down = %v, want ErrNotBound", err)
		}
		synctest.Wait()
		if strings.Contains(log.String(), testPassword) || !strings.Contains(log.String(), "ESME_RINVPASWD") {
			t.Errorf("log %q holds the password or lacks the status", log.String())
		}
	})
}

func TestClient_EarlyPDUs(t *testing.T) {
	t.Parallel()
	requests := make(chan *smpp.Request, 1)
	o := operator(t, smpp.ClientConfig{SessionConfig: smpp.SessionConfig{Handler: func(r *smpp.Request) { requests <- r }}})
	p := o.greet()
	h, _ := p.read()
	p.write(rawPDU(smpp.Outbind, 1, []byte("smsc\x00pw\x00")...))
	p.alive()
	// What follows the bind_resp in the same write belongs to the session.
	p.write(append(smpp.AppendBindResp(nil, smpp.Transceiver, h.Seq, smpp.ROK, "smsc"), messagePDU(t, smpp.DeliverSM, 4, "first")...))
	r := receive(t, requests)
	if string(r.Message.Text) != "first" || r.Session().Peer() != "smsc" || r.Session().SystemID() != testID {
		t.Errorf("request from %q to %q with %d octets", r.Session().Peer(), r.Session().SystemID(), len(r.Message.Text))
	}
	r.Respond(smpp.ROK, "")
	p.expect(smpp.DeliverSM.Response(), smpp.ROK, 4)
}

func TestClient_BindNacked(t *testing.T) {
	t.Parallel()
	o := operator(t, smpp.ClientConfig{})
	p := o.greet()
	h, _ := p.read()
	p.write(smpp.AppendEmpty(nil, smpp.GenericNack, h.Seq, smpp.RInvCmdID))
	var refused *smpp.BindError
	if s := receive(t, o.states); !errors.As(s.Err, &refused) || refused.Status != smpp.RInvCmdID {
		t.Errorf("state = %+v, want a BindError of ESME_RINVCMDID", s)
	}
}

func TestClient_WrongDirection(t *testing.T) {
	t.Parallel()
	l := listen(t)
	states := make(chan smpp.LinkState, 10)
	c, err := smpp.NewClient(smpp.ClientConfig{
		Name: "rx", Addr: l.Addr().String(), SystemID: testID, Bind: smpp.Receiver,
		OnState:       func(s smpp.LinkState) { states <- s },
		SessionConfig: smpp.SessionConfig{Handler: func(*smpp.Request) {}},
	})
	if err != nil {
		t.Fatal(err)
	}
	start(t, c.Run)
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	p := &peer{t: t, conn: conn}
	h, _ := p.read()
	if h.ID != smpp.BindReceiver {
		t.Errorf("bound with %v, want bind_receiver", h.ID)
	}
	p.write(smpp.AppendBindResp(nil, smpp.Receiver, h.Seq, smpp.ROK, ""))
	s := receive(t, states).Session
	if err := c.Send(t.Context(), message("x"), nil); !errors.Is(err, smpp.ErrWrongBind) {
		t.Errorf("Send on a receiver = %v, want ErrWrongBind", err)
	}
	if err := c.Query(t.Context(), smpp.Query{}, nil); !errors.Is(err, smpp.ErrWrongBind) {
		t.Errorf("Query on a receiver = %v, want ErrWrongBind", err)
	}
	if err := s.SendAs(t.Context(), smpp.DeliverSM, message("x"), nil); !errors.Is(err, smpp.ErrWrongBind) {
		t.Errorf("deliver_sm by a client = %v, want ErrWrongBind", err)
	}
	if n := s.Slots(); n != 64 {
		t.Errorf("Slots() = %d, want all 64", n)
	}
}

func TestClient_SendFault(t *testing.T) {
	t.Parallel()
	o := operator(t, smpp.ClientConfig{})
	p, s := o.accept()
	m := message("x")
	m.Dest.Addr = strings.Repeat("9", 30)
	var f *smpp.Fault
	if err := o.client.Send(t.Context(), m, nil); !errors.As(err, &f) || f.Status != smpp.RInvDstAdr {
		t.Errorf("Send = %v, want a fault of ESME_RINVDSTADR", err)
	}
	if strings.Contains(f.Error(), "999") {
		t.Errorf("error %q holds the number", f.Error())
	}
	if n := s.Slots(); n != 64 {
		t.Errorf("Slots() = %d, want all 64", n)
	}
	p.alive()
}

func TestNewClient_Refuses(t *testing.T) {
	t.Parallel()
	handler := smpp.SessionConfig{Handler: func(*smpp.Request) {}}
	tests := []struct {
		name string
		cfg  smpp.ClientConfig
	}{
		{"no handler", smpp.ClientConfig{Addr: "127.0.0.1:1"}},
		{"no port", smpp.ClientConfig{Addr: "127.0.0.1", SessionConfig: handler}},
		{"system id of 16", smpp.ClientConfig{Addr: "127.0.0.1:1", SystemID: strings.Repeat("x", 16), SessionConfig: handler}},
		{"password of 65", smpp.ClientConfig{Addr: "127.0.0.1:1", Password: smpp.Secret(strings.Repeat("x", 65)), SessionConfig: handler}},
	}
	for _, tt := range tests {
		if _, err := smpp.NewClient(tt.cfg); err == nil || strings.Contains(err.Error(), "xxxxxxxxxxxxxxxxxxxx") {
			t.Errorf("%s: NewClient = %v, want an error without the secret", tt.name, err)
		}
	}
	if _, err := smpp.NewClient(smpp.ClientConfig{Addr: "127.0.0.1:1", Bind: smpp.Transmitter}); err != nil {
		t.Errorf("a transmitter without handler: %v", err)
	}
}

// TestClient_StopsInOrder: when told to stop, the client waits for what is under way.
func TestClient_StopsInOrder(t *testing.T) {
	t.Parallel()
	o := operator(t, smpp.ClientConfig{})
	p, s := o.accept()
	done, got := answers(1)
	if err := s.Send(t.Context(), message("x"), done); err != nil {
		t.Fatal(err)
	}
	h, _ := p.read()
	var wg sync.WaitGroup
	wg.Go(o.stop)
	p.alive() // still serving
	p.write(smpp.AppendMessageResp(nil, smpp.SubmitSM, h.Seq, smpp.ROK, "1"))
	if a := receive(t, got); a.err != nil || a.resp.MessageID != "1" {
		t.Errorf("answer = %+v", a)
	}
	u, _ := p.read()
	if u.ID != smpp.Unbind {
		t.Fatalf("read %v, want unbind", u.ID)
	}
	p.write(smpp.AppendEmpty(nil, smpp.Unbind.Response(), u.Seq, smpp.ROK))
	if _, _, err := p.next(); !errors.Is(err, io.EOF) {
		t.Errorf("read %v, want EOF", err)
	}
	_ = p.conn.Close()
	wg.Wait()
}

// TestClient_Rate: the configured rate holds; ESME_RTHROTTLED halves it once for all
// refusals that come together; then it grows back to what was configured.
func TestClient_Rate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		throttle := false
		c, states := piped(t, smpp.ClientConfig{Rate: 100}, func(h smpp.Header, b []byte) []byte {
			mu.Lock()
			defer mu.Unlock()
			switch {
			case h.ID == smpp.SubmitSM && throttle:
				return smpp.AppendMessageResp(nil, smpp.SubmitSM, h.Seq, smpp.RThrottled, "")
			case h.ID == smpp.SubmitSM:
				return smpp.AppendMessageResp(nil, smpp.SubmitSM, h.Seq, smpp.ROK, "1")
			}
			return lively(h, b)
		})
		<-states
		send := func(n int) (took time.Duration, congested int) {
			done, got := answers(n)
			began := time.Now()
			for range n {
				if err := c.Send(t.Context(), message("x"), done); err != nil {
					t.Fatal(err)
				}
			}
			took = time.Since(began)
			for range n {
				if a := <-got; a.resp.Status.Congested() {
					congested++
				}
			}
			return took, congested
		}
		if took, _ := send(505); took < 4900*time.Millisecond || took > 5100*time.Millisecond {
			t.Errorf("505 messages at 100 a second took %v, want 5 s", took)
		}
		throttle = true
		if _, n := send(5); n != 5 || c.Rate() != 50 {
			t.Errorf("after %d refusals together the rate is %v, want 50", n, c.Rate())
		}
		send(40)
		if r := c.Rate(); r < 1 || r > 25 {
			t.Errorf("under lasting refusals the rate is %v, want it to fall further", r)
		}
		send(20)
		if r := c.Rate(); r != 1 {
			t.Errorf("under lasting refusals the rate is %v, want its floor 1", r)
		}
		mu.Lock()
		throttle = false
		mu.Unlock()
		began := time.Now()
		for c.Rate() < 100 {
			send(1)
		}
		if took := time.Since(began); took < 15*time.Second || took > 25*time.Second {
			t.Errorf("the rate grew back in %v, want about 20 s", took)
		}
		if n := c.Counters().Congested.Load(); n != 65 {
			t.Errorf("Congested = %d, want 65", n)
		}
	})
}

// TestClient_RateBelowFloor: a link of less than a message a second is not sped up by
// being throttled.
func TestClient_RateBelowFloor(t *testing.T) {
	t.Parallel()
	o := operator(t, smpp.ClientConfig{Rate: 0.5})
	p, _ := o.accept()
	done, got := answers(1)
	if err := o.client.Send(t.Context(), message("x"), done); err != nil {
		t.Fatal(err)
	}
	h, _ := p.read()
	p.write(smpp.AppendMessageResp(nil, smpp.SubmitSM, h.Seq, smpp.RThrottled, ""))
	receive(t, got)
	if r := o.client.Rate(); r != 0.5 {
		t.Errorf("Rate() = %v, want 0.5", r)
	}
}

// TestClient_RateUnset: without a configured rate there is none, until the peer asks.
func TestClient_RateUnset(t *testing.T) {
	t.Parallel()
	o := operator(t, smpp.ClientConfig{})
	p, s := o.accept()
	if r := o.client.Rate(); r != 0 {
		t.Errorf("Rate() = %v, want 0", r)
	}
	done, got := answers(1)
	if err := s.Send(t.Context(), message("x"), done); err != nil {
		t.Fatal(err)
	}
	h, _ := p.read()
	p.write(smpp.AppendMessageResp(nil, smpp.SubmitSM, h.Seq, smpp.RMsgQFul, ""))
	if a := receive(t, got); a.resp.Status != smpp.RMsgQFul || !a.resp.Status.Temporary() {
		t.Errorf("answer = %+v, want ESME_RMSGQFUL for the caller to retry", a)
	}
	if r := o.client.Rate(); r != 5000 {
		t.Errorf("Rate() = %v, want 5000", r)
	}
}
