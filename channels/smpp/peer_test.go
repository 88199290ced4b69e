package smpp_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"setu/channels/smpp"
)

// patience is how long a test waits for what has to happen.
const patience = 10 * time.Second

// peer is the other side of a link, whose PDUs the test writes by hand.
type peer struct {
	t    testing.TB
	conn net.Conn
}

func (p *peer) write(pdus ...[]byte) {
	p.t.Helper()
	for _, b := range pdus {
		if _, err := p.conn.Write(b); err != nil {
			p.t.Fatalf("write: %v", err)
		}
	}
}

// next reads one PDU, or gives the error of the connection.
func (p *peer) next() (smpp.Header, []byte, error) {
	if err := p.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return smpp.Header{}, nil, err
	}
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

func (p *peer) read() (smpp.Header, []byte) {
	p.t.Helper()
	h, body, err := p.next()
	if err != nil {
		p.t.Fatalf("read: %v", err)
	}
	return h, body
}

func (p *peer) expect(id smpp.CommandID, status smpp.Status, seq uint32) []byte {
	p.t.Helper()
	h, body := p.read()
	if h.ID != id || h.Status != status || h.Seq != seq {
		p.t.Fatalf("read %v %v seq %d, want %v %v seq %d", h.ID, h.Status, h.Seq, id, status, seq)
	}
	return body
}

// expectEnd waits until our side has closed the connection.
func (p *peer) expectEnd() {
	p.t.Helper()
	if h, _, err := p.next(); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.ErrClosedPipe) && !isReset(err) {
		p.t.Fatalf("read %v, %v, want the end of the connection", h.ID, err)
	}
}

func isReset(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && !op.Timeout()
}

// alive shows that the link still serves.
func (p *peer) alive() {
	p.t.Helper()
	p.write(smpp.AppendEmpty(nil, smpp.EnquireLink, 0x7001, smpp.ROK))
	p.expect(smpp.EnquireLink.Response(), smpp.ROK, 0x7001)
}

// start runs something until the test, or the caller of stop, ends it.
func start(tb testing.TB, run func(ctx context.Context) error) (stop func()) {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := run(ctx); !errors.Is(err, context.Canceled) {
			tb.Errorf("run ended with %v", err)
		}
	})
	stop = func() {
		cancel()
		wg.Wait()
	}
	tb.Cleanup(stop)
	return stop
}

func listen(tb testing.TB) net.Listener {
	tb.Helper()
	l, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = l.Close() })
	return l
}

func dial(tb testing.TB, addr string) *peer {
	tb.Helper()
	conn, err := new(net.Dialer).DialContext(tb.Context(), "tcp", addr)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	return &peer{t: tb, conn: conn}
}

const (
	testID       = "partner"
	testPassword = "s3cret"
)

func letIn(_ context.Context, r smpp.BindRequest) (smpp.Partner, smpp.Status) {
	if r.SystemID != testID || !r.Password.Equal(testPassword) {
		return smpp.Partner{}, smpp.RInvPaswd
	}
	return smpp.Partner{}, smpp.ROK
}

func bindPDU(tb testing.TB, kind smpp.BindType, seq uint32, password smpp.Secret) []byte {
	tb.Helper()
	b, err := smpp.AppendBind(nil, seq, smpp.Bind{Type: kind, SystemID: testID, Password: password, Version: smpp.Version})
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// serve starts a server of ours and gives its address.
func serve(tb testing.TB, cfg smpp.ServerConfig) (addr string, stop func()) {
	tb.Helper()
	if cfg.Authenticate == nil {
		cfg.Authenticate = letIn
	}
	if cfg.Handler == nil {
		cfg.Handler = func(r *smpp.Request) { r.Respond(smpp.ROK, "1") }
	}
	sv, err := smpp.NewServer(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	l := listen(tb)
	stop = start(tb, func(ctx context.Context) error { return sv.Serve(ctx, l) })
	return l.Addr().String(), stop
}

// esme gives a hand-written client that is bound to a server of ours.
func esme(tb testing.TB, cfg smpp.ServerConfig) *peer {
	tb.Helper()
	addr, _ := serve(tb, cfg)
	p := dial(tb, addr)
	p.write(bindPDU(tb, smpp.Transceiver, 1, testPassword))
	p.expect(smpp.BindTransceiver.Response(), smpp.ROK, 1)
	return p
}

// smsc is a hand-written SMSC that a client of ours binds to.
type smsc struct {
	t      testing.TB
	l      net.Listener
	client *smpp.Client
	states chan smpp.LinkState
	stop   func()
}

// operator starts a client of ours that binds to a hand-written SMSC.
func operator(tb testing.TB, cfg smpp.ClientConfig) *smsc {
	tb.Helper()
	o := &smsc{t: tb, l: listen(tb), states: make(chan smpp.LinkState, 100)}
	cfg.Name, cfg.Addr, cfg.SystemID, cfg.Password = "operator-a", o.l.Addr().String(), testID, testPassword
	if cfg.Handler == nil {
		cfg.Handler = func(r *smpp.Request) { r.Respond(smpp.ROK, "") }
	}
	if cfg.Random == nil {
		cfg.Random = func() float64 { return 0 }
	}
	cfg.OnState = func(s smpp.LinkState) { o.states <- s }
	c, err := smpp.NewClient(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	o.client = c
	o.stop = start(tb, c.Run)
	return o
}

// accept waits for the next bind and accepts it.
func (o *smsc) accept() (*peer, *smpp.Session) {
	o.t.Helper()
	p := o.greet()
	h, _ := p.read()
	p.write(smpp.AppendBindResp(nil, smpp.Transceiver, h.Seq, smpp.ROK, "smsc"))
	for {
		select {
		case s := <-o.states:
			if s.Session != nil {
				return p, s.Session
			}
		case <-time.After(patience):
			o.t.Fatal("client did not report its bind")
		}
	}
}

// greet waits for the next connection.
func (o *smsc) greet() *peer {
	o.t.Helper()
	conn, err := o.l.Accept()
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { _ = conn.Close() })
	return &peer{t: o.t, conn: conn}
}

func message(text string) *smpp.ShortMessage {
	return &smpp.ShortMessage{
		Source: smpp.Address{TON: 1, NPI: 1, Addr: "919800000001"},
		Dest:   smpp.Address{Addr: "51969"},
		Text:   []byte(text),
	}
}

func messagePDU(tb testing.TB, id smpp.CommandID, seq uint32, text string) []byte {
	tb.Helper()
	b, err := smpp.AppendMessage(nil, id, seq, message(text))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// rawPDU builds a PDU around any body.
func rawPDU(id smpp.CommandID, seq uint32, body ...byte) []byte {
	b := append(smpp.AppendEmpty(nil, id, seq, smpp.ROK), body...)
	binary.BigEndian.PutUint32(b, uint32(len(b)))
	return b
}

func receive[T any](tb testing.TB, c <-chan T) T {
	tb.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		tb.Fatal("nothing came")
		panic("unreachable")
	}
}

// answer is what a done callback got.
type answer struct {
	resp smpp.Resp
	err  error
}

// answers gives a done callback and where its answers arrive.
func answers(n int) (func(smpp.Resp, error), chan answer) {
	c := make(chan answer, n)
	return func(r smpp.Resp, err error) { c <- answer{r, err} }, c
}
