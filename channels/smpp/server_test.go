package smpp_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"setu/channels/smpp"
)

func TestServer_Bind(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		pdu  []byte
		want smpp.Status
	}{
		{"right", bindPDU(t, smpp.Transceiver, 1, testPassword), smpp.ROK},
		{"wrong password", bindPDU(t, smpp.Transceiver, 1, "wrong"), smpp.RInvPaswd},
		{"prefix of the password", bindPDU(t, smpp.Transceiver, 1, "s3cre"), smpp.RInvPaswd},
		{"empty body", rawPDU(smpp.BindTransceiver, 1), smpp.RInvCmdLen},
		{"system id of 30", rawPDU(smpp.BindTransceiver, 1, []byte(strings.Repeat("x", 30)+"\x00\x00\x00\x34\x00\x00\x00")...), smpp.RInvSysID},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			addr, _ := serve(t, smpp.ServerConfig{SystemID: "setu"})
			p := dial(t, addr)
			p.write(tt.pdu)
			body := p.expect(smpp.BindTransceiver.Response(), tt.want, 1)
			if tt.want != smpp.ROK {
				p.expectEnd()
				return
			}
			if want := "setu\x00\x02\x10\x00\x01\x34"; string(body) != want {
				t.Errorf("bind_resp body = %q, want %q", body, want)
			}
			p.alive()
		})
	}
}

func TestServer_BeforeBind(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, smpp.ServerConfig{})
	p := dial(t, addr)
	p.write(messagePDU(t, smpp.SubmitSM, 1, "x"))
	p.expect(smpp.SubmitSM.Response(), smpp.RInvBndSts, 1)
	p.alive()
	p.write(rawPDU(0x00010203, 2))
	p.expect(smpp.GenericNack, smpp.RInvBndSts, 2)
	p.write(sized(80<<10, smpp.SubmitSM, 3, strings.Repeat("x", 80<<10-16)))
	p.expect(smpp.SubmitSM.Response(), smpp.RInvBndSts, 3)
	p.write(rawPDU(smpp.SubmitSM.Response(), 4), bindPDU(t, smpp.Transceiver, 5, testPassword))
	p.expect(smpp.BindTransceiver.Response(), smpp.ROK, 5)
	p.alive()

	q := dial(t, addr)
	q.write(smpp.AppendEmpty(nil, smpp.Unbind, 1, smpp.ROK))
	q.expect(smpp.Unbind.Response(), smpp.ROK, 1)
	q.expectEnd()

	babbler := dial(t, addr)
	for seq := range uint32(16) {
		babbler.write(messagePDU(t, smpp.SubmitSM, seq+1, "x"))
		babbler.expect(smpp.SubmitSM.Response(), smpp.RInvBndSts, seq+1)
	}
	babbler.expectEnd()
}

// TestServer_SlowLoris: a connection that sends nothing, or an octet now and then, is
// closed when the time for its bind is over, and holds no place afterwards.
func TestServer_SlowLoris(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sv, err := smpp.NewServer(smpp.ServerConfig{
			Authenticate: letIn, MaxConns: 2,
			SessionConfig: smpp.SessionConfig{Handler: func(*smpp.Request) {}},
		})
		if err != nil {
			t.Fatal(err)
		}
		l := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
		start(t, func(ctx context.Context) error { return sv.Serve(ctx, l) })
		idle, dripping, third := l.dial(), l.dial(), l.dial()
		if _, err := third.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("third connection of two: %v, want EOF", err)
		}
		bind := bindPDU(t, smpp.Transceiver, 1, testPassword)
		began := time.Now()
		for _, b := range bind {
			if _, err := dripping.Write([]byte{b}); err != nil {
				break
			}
			time.Sleep(time.Second)
		}
		if took := time.Since(began); took > 12*time.Second {
			t.Errorf("a dripping bind was suffered for %v, want 10 s", took)
		}
		if _, err := idle.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("idle connection: %v, want EOF", err)
		}
		synctest.Wait()
		good := l.dial()
		go func() { _, _ = good.Write(bind) }()
		p := &peer{t: t, conn: good}
		p.expect(smpp.BindTransceiver.Response(), smpp.ROK, 1)
		_ = good.Close()
	})
}

type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pipeListener) dial() net.Conn {
	ours, theirs := net.Pipe()
	l.conns <- theirs
	return ours
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

func TestServer_MaxBinds(t *testing.T) {
	t.Parallel()
	closed := make(chan error, 3)
	addr, _ := serve(t, smpp.ServerConfig{
		Authenticate: func(ctx context.Context, r smpp.BindRequest) (smpp.Partner, smpp.Status) {
			_, status := letIn(ctx, r)
			return smpp.Partner{MaxBinds: 2}, status
		},
		OnClosed: func(_ *smpp.Session, err error) { closed <- err },
	})
	bind := func(want smpp.Status) *peer {
		t.Helper()
		p := dial(t, addr)
		p.write(bindPDU(t, smpp.Transmitter, 1, testPassword))
		p.expect(smpp.BindTransmitter.Response(), want, 1)
		return p
	}
	first := bind(smpp.ROK)
	bind(smpp.ROK).alive()
	bind(smpp.RAlyBnd).expectEnd()
	first.write(smpp.AppendEmpty(nil, smpp.Unbind, 2, smpp.ROK))
	first.expect(smpp.Unbind.Response(), smpp.ROK, 2)
	_ = first.conn.Close()
	if err := receive(t, closed); !errors.Is(err, smpp.ErrUnbound) {
		t.Errorf("OnClosed got %v, want ErrUnbound", err)
	}
	// The place is given back right after OnClosed.
	for deadline := time.Now().Add(patience); ; {
		p := dial(t, addr)
		p.write(bindPDU(t, smpp.Transmitter, 1, testPassword))
		if h, _ := p.read(); h.Status == smpp.ROK {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the place of an ended session is not given back")
		}
	}
}

func TestServer_Rate(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	counters := new(smpp.Counters)
	p := esme(t, smpp.ServerConfig{
		Authenticate: func(context.Context, smpp.BindRequest) (smpp.Partner, smpp.Status) {
			return smpp.Partner{Rate: 3}, smpp.ROK
		},
		SessionConfig: smpp.SessionConfig{Counters: counters, Now: func() time.Time { return now }, WriteTimeout: 100 * 365 * 24 * time.Hour},
	})
	for seq, want := range []smpp.Status{smpp.ROK, smpp.ROK, smpp.ROK, smpp.RThrottled, smpp.RThrottled} {
		p.write(messagePDU(t, smpp.SubmitSM, uint32(seq), "x"))
		p.expect(smpp.SubmitSM.Response(), want, uint32(seq))
	}
	if n := counters.Throttled.Load(); n != 2 {
		t.Errorf("Throttled = %d, want 2", n)
	}
	p.alive()
}

func TestServer_Directions(t *testing.T) {
	t.Parallel()
	bound := make(chan *smpp.Session, 1)
	addr, _ := serve(t, smpp.ServerConfig{OnBound: func(s *smpp.Session) { bound <- s }})
	rx := dial(t, addr)
	rx.write(bindPDU(t, smpp.Receiver, 1, testPassword))
	rx.expect(smpp.BindReceiver.Response(), smpp.ROK, 1)
	rx.write(messagePDU(t, smpp.SubmitSM, 2, "x"))
	rx.expect(smpp.SubmitSM.Response(), smpp.RInvBndSts, 2)
	s := receive(t, bound)
	done, got := answers(1)
	if err := s.SendAs(t.Context(), smpp.DataSM, message("down"), done); err != nil {
		t.Fatal(err)
	}
	h, _ := rx.read()
	rx.write(smpp.AppendMessageResp(nil, smpp.DataSM, h.Seq, smpp.ROK, "d1"))
	if a := receive(t, got); h.ID != smpp.DataSM || a.resp.MessageID != "d1" {
		t.Errorf("%v answered with %+v", h.ID, a)
	}

	tx := dial(t, addr)
	tx.write(bindPDU(t, smpp.Transmitter, 1, testPassword))
	tx.expect(smpp.BindTransmitter.Response(), smpp.ROK, 1)
	s = receive(t, bound)
	if err := s.Send(t.Context(), message("x"), done); !errors.Is(err, smpp.ErrWrongBind) {
		t.Errorf("deliver on a transmitter = %v, want ErrWrongBind", err)
	}
}

// TestServer_StopsInOrder: when told to stop, the server answers what it has taken.
func TestServer_StopsInOrder(t *testing.T) {
	t.Parallel()
	requests := make(chan *smpp.Request, 1)
	addr, stop := serve(t, smpp.ServerConfig{SessionConfig: smpp.SessionConfig{Handler: func(r *smpp.Request) { requests <- r }}})
	p := dial(t, addr)
	p.write(bindPDU(t, smpp.Transceiver, 1, testPassword))
	p.expect(smpp.BindTransceiver.Response(), smpp.ROK, 1)
	p.write(messagePDU(t, smpp.SubmitSM, 2, "x"))
	r := receive(t, requests)
	stopped := make(chan struct{})
	go func() { stop(); close(stopped) }()
	r.Respond(smpp.ROK, "42")
	if body := p.expect(smpp.SubmitSM.Response(), smpp.ROK, 2); string(body) != "42\x00" {
		t.Errorf("body = %q", body)
	}
	u, _ := p.read()
	if u.ID != smpp.Unbind {
		t.Fatalf("read %v, want unbind", u.ID)
	}
	p.write(smpp.AppendEmpty(nil, smpp.Unbind.Response(), u.Seq, smpp.ROK))
	p.expectEnd()
	_ = p.conn.Close()
	receive(t, stopped)
}

// TestServer_StopDeadline: a partner that answers nothing does not hold the server up,
// and a listener that somebody closes ends it.
func TestServer_StopDeadline(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		end  func(cancel context.CancelFunc, l *pipeListener)
		want error
	}{
		{"told to stop", func(cancel context.CancelFunc, _ *pipeListener) { cancel() }, context.Canceled},
		{"listener closed", func(_ context.CancelFunc, l *pipeListener) { _ = l.Close() }, net.ErrClosed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sv, err := smpp.NewServer(smpp.ServerConfig{
					Authenticate:  letIn,
					SessionConfig: smpp.SessionConfig{Handler: func(*smpp.Request) {}}, // never answers
				})
				if err != nil {
					t.Fatal(err)
				}
				l := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				ended := make(chan error, 1)
				go func() { ended <- sv.Serve(ctx, l) }()
				p := &peer{t: t, conn: l.dial()}
				p.write(bindPDU(t, smpp.Transceiver, 1, testPassword))
				p.expect(smpp.BindTransceiver.Response(), smpp.ROK, 1)
				p.write(messagePDU(t, smpp.SubmitSM, 2, "x"))
				began := time.Now()
				tt.end(cancel, l)
				if err := <-ended; !errors.Is(err, tt.want) {
					t.Errorf("Serve = %v, want %v", err, tt.want)
				}
				if took := time.Since(began); took != 5*time.Second {
					t.Errorf("Serve ended after %v, want its 5 s of drain time", took)
				}
				p.expectEnd()
			})
		})
	}
}

func TestServer_TLSOnly(t *testing.T) {
	t.Parallel()
	server, _ := testTLS(t)
	addr, _ := serve(t, smpp.ServerConfig{TLS: server, BindTimeout: time.Second})
	p := dial(t, addr)
	p.write(bindPDU(t, smpp.Transceiver, 1, testPassword))
	for { // a TLS alert, then the end: no bind_resp
		h, _, err := p.next()
		if err != nil {
			break
		}
		if h.ID == smpp.BindTransceiver.Response() {
			t.Fatal("a plain bind was answered on a TLS port")
		}
	}
}

// TestServer_CallbackPanic: a callback that panics ends its connection only.
func TestServer_CallbackPanic(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, smpp.ServerConfig{
		Authenticate: func(ctx context.Context, r smpp.BindRequest) (smpp.Partner, smpp.Status) {
			if r.SystemID != testID {
				panic("authenticate")
			}
			return letIn(ctx, r)
		},
	})
	bad := dial(t, addr)
	b, err := smpp.AppendBind(nil, 1, smpp.Bind{SystemID: "other"})
	if err != nil {
		t.Fatal(err)
	}
	bad.write(b)
	bad.expectEnd()
	p := dial(t, addr)
	p.write(bindPDU(t, smpp.Transceiver, 1, testPassword))
	p.expect(smpp.BindTransceiver.Response(), smpp.ROK, 1)
}

func TestSecret_Hidden(t *testing.T) {
	t.Parallel()
	s := smpp.Secret("hunter2")
	if !s.Equal("hunter2") || s.Equal("hunter") || s.Equal("") {
		t.Error("Equal does not compare")
	}
	for _, text := range printed(smpp.Bind{SystemID: "x", Password: s}) {
		if strings.Contains(text, "hunter2") {
			t.Errorf("%q holds the password", text)
		}
	}
	for _, v := range []any{
		message("secret text"), *message("secret text"), &smpp.Request{Message: *message("secret text")},
		smpp.Receipt{ID: "1", Text: "secret text"},
	} {
		for _, text := range printed(v) {
			if strings.Contains(text, "secret text") || strings.Contains(text, "0x73, 0x65") ||
				strings.Contains(text, "115 101") || strings.Contains(text, "c2VjcmV0") || strings.Contains(text, "9198") {
				t.Errorf("%q holds text or number", text)
			}
		}
	}
}
