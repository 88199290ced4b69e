package ussdsmpp_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"setu/channels"
	"setu/channels/smpp"
	"setu/channels/smppsms"
	"setu/channels/sms"
	"setu/gateway"
	"setu/i18n"
	"setu/ussd"
	"setu/ussd/ussdsmpp"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// words says of a reply what its parts are called.
type words struct{}

func (words) Lines(r gateway.Reply, _ gateway.Medium) (parts, options []string) {
	for _, p := range r.Parts {
		parts = append(parts, p.Text)
	}
	return parts, nil
}

func (words) Own(key string, _ i18n.Format) string { return key }

// handler answers inputs as a test says.
type handler func(ctx context.Context, in gateway.Inbound) (gateway.Reply, error)

func (h handler) Handle(ctx context.Context, in gateway.Inbound) (gateway.Reply, error) {
	return h(ctx, in)
}

// say is a reply of one text.
func say(text string, end bool) gateway.Reply {
	return gateway.Reply{Parts: []gateway.Part{{Text: text}}, End: end}
}

// messages takes the SMS that come beside the dialogues, and stores nothing.
type messages struct{ got chan string }

func (m *messages) Accept(in gateway.Inbound, _ gateway.FragmentKey, done func(error)) {
	m.got <- in.Text.Reveal()
	done(nil)
}

func (*messages) PutFragment(gateway.Fragment, func([]gateway.Fragment, error)) {}

func (*messages) Fragments(context.Context, time.Time) ([][]gateway.Fragment, error) { return nil, nil }

func (*messages) Delivery(string, []string, gateway.State, string, func(bool, error)) {}

// house is the two drivers over one SMPP server, whose partner carries USSD.
type house struct {
	t    testing.TB
	ussd *ussdsmpp.Driver
	sms  *smppsms.Driver
	text chan string // of SMS
	addr string
	log  lockedBuffer
	stop func() // ends the drivers and waits
}

// open starts the drivers. dialect is that of the partner "partner" and, where
// link is an address, of the link "operator" as well.
func open(t testing.TB, dialect, link string, binds []smpp.BindType, h handler, change func(*ussdsmpp.Config)) *house {
	t.Helper()
	o := &house{t: t, text: make(chan string, 16)}
	carries := ussdsmpp.Link{Dialect: embedded(t)[dialect], Codes: []string{"51969"}}
	log := slog.New(slog.NewTextHandler(&o.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c := ussdsmpp.Config{
		Handler: h, Layout: func(string) ussd.Layout { return ussd.Layout{Words: words{}} },
		Links: map[string]ussdsmpp.Link{"partner": carries, "operator": carries}, Log: log, Now: time.Now,
	}
	if change != nil {
		change(&c)
	}
	o.ussd = ussdsmpp.New(c)
	var _ channels.Handler = h
	m := &messages{got: o.text}
	sc := smppsms.Config{
		Acceptor: m, Store: m, Dialogues: o.ussd, Log: log, Now: time.Now,
		Partners: []smppsms.Partner{{SystemID: "partner", Password: "secret", ShortCodes: []string{"51969"}}},
	}
	if link != "" {
		sc.Links = []smppsms.Link{{Name: "operator", Address: link, SystemID: "setu", Binds: binds}}
	}
	var err error
	if o.sms, err = smppsms.New(sc); err != nil {
		t.Fatal(err)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.addr = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- o.sms.Run(ctx, l) }()
	o.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(o.stop)
	return o
}

// peer is a USSD gateway: bound as the partner, or the operator that the link
// is bound to.
type peer struct {
	t       testing.TB
	send    func(m *smpp.ShortMessage, done func(smpp.Resp, error)) error
	screens chan smpp.ShortMessage
	ids     chan smpp.CommandID // of the screens
	mu      sync.Mutex
	answers []smpp.Status // to the next screens; ESME_ROK after them
}

func newPeer(t testing.TB) *peer {
	t.Helper()
	return &peer{t: t, screens: make(chan smpp.ShortMessage, 64), ids: make(chan smpp.CommandID, 64)}
}

func (p *peer) take(r *smpp.Request) {
	p.mu.Lock()
	status := smpp.ROK
	if len(p.answers) > 0 {
		status, p.answers = p.answers[0], p.answers[1:]
	}
	p.mu.Unlock()
	if status == smpp.ROK {
		p.ids <- r.ID
		p.screens <- r.Message
	}
	r.Respond(status, "1")
}

// bind binds a peer as the partner.
func (o *house) bind(as smpp.BindType) *peer {
	o.t.Helper()
	p := newPeer(o.t)
	states := make(chan smpp.LinkState, 8)
	c, err := smpp.NewClient(smpp.ClientConfig{
		Name: "peer", Addr: o.addr, SystemID: "partner", Password: "secret", Bind: as,
		OnState: func(s smpp.LinkState) { states <- s }, SessionConfig: smpp.SessionConfig{Handler: p.take},
	})
	if err != nil {
		o.t.Fatal(err)
	}
	run(o.t, func(ctx context.Context) { _ = c.Run(ctx) }) // ends with ctx
	if s := receive(o.t, states); s.Err != nil {
		o.t.Fatal(s.Err)
	}
	p.send = func(m *smpp.ShortMessage, done func(smpp.Resp, error)) error {
		return c.Send(o.t.Context(), m, done)
	}
	return p
}

// operator is a USSD gateway that a link can bind to, once for each of binds.
func operator(t *testing.T, binds int) (p *peer, addr string, bound <-chan *smpp.Session) {
	t.Helper()
	p = newPeer(t)
	sessions := make(chan *smpp.Session, binds)
	sv, err := smpp.NewServer(smpp.ServerConfig{
		SystemID:      "ussdgw",
		Authenticate:  func(context.Context, smpp.BindRequest) (smpp.Partner, smpp.Status) { return smpp.Partner{}, smpp.ROK },
		OnBound:       func(s *smpp.Session) { sessions <- s },
		SessionConfig: smpp.SessionConfig{Handler: p.take},
	})
	if err != nil {
		t.Fatal(err)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	run(t, func(ctx context.Context) { _ = sv.Serve(ctx, l) }) // ends with ctx
	return p, l.Addr().String(), sessions
}

// run runs f until the test ends.
func run(t testing.TB, f func(context.Context)) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); f(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
}

// put sends a message of the gateway and gives the channel of its answer.
func (p *peer) put(m smpp.ShortMessage) <-chan smpp.Resp {
	p.t.Helper()
	answered := make(chan smpp.Resp, 1)
	err := p.send(&m, func(r smpp.Resp, err error) {
		if err == nil {
			answered <- r
		}
		close(answered)
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return answered
}

// ask sends a message, expects its status, and gives the screen.
func (p *peer) ask(m smpp.ShortMessage) smpp.ShortMessage {
	p.t.Helper()
	if r := receive(p.t, p.put(m)); r.Status != smpp.ROK {
		p.t.Fatalf("answered with %v", r.Status)
	}
	return receive(p.t, p.screens)
}

func receive[T any](t testing.TB, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("nothing came within %v", patience)
		panic("unreachable")
	}
}

// pdu is a message of a gateway in the standard dialect.
func pdu(op byte, session uint16, text string) smpp.ShortMessage {
	b, _ := sms.Encode(text, sms.GSM7) // digits
	return smpp.ShortMessage{
		ServiceType: "USSD", Source: smpp.Address{TON: 1, NPI: 1, Addr: "919830000001"}, Dest: smpp.Address{Addr: "51969"},
		DataCoding: 0x0F, Text: b,
		TLVs: smpp.TLVs{
			{Tag: smpp.TagUSSDServiceOp, Value: []byte{op}},
			{Tag: smpp.TagITSSessionInfo, Value: []byte{byte(session >> 8), byte(session)}},
		},
	}
}

// op is the operation and the session of a screen.
func op(m smpp.ShortMessage) (op, session uint32) {
	op, _ = m.TLVs.Uint(smpp.TagUSSDServiceOp)
	session, _ = m.TLVs.Uint(smpp.TagITSSessionInfo)
	return op, session
}

// lockedBuffer keeps a log.
type lockedBuffer struct {
	mu sync.Mutex
	b  []byte
}

var _ io.Writer = (*lockedBuffer)(nil)

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b = append(l.b, p...)
	return len(p), nil
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.b)
}
