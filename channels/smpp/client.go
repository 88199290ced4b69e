package smpp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"time"
)

const (
	firstRetry = time.Second
	lastRetry  = time.Minute

	// provenLife is how long a session has to have lived for the next delay to begin
	// again at the first: a peer that drops each bind at once is not to be hammered.
	provenLife = 30 * time.Second

	// refusedRetry is the delay after a wrong system id or password. It is not given up,
	// since passwords are mended on the operator's side too, and not hurried, since many
	// operators lock an account that knocks too often.
	refusedRetry = 5 * time.Minute

	// drainTime is how long Run waits for requests under way when it is told to stop.
	drainTime = 5 * time.Second
)

// ClientConfig says how to bind to an operator's SMSC.
type ClientConfig struct {
	Name       string // of the link, for logs and errors
	Addr       string // host:port
	SystemID   string
	Password   Secret
	SystemType string
	Bind       BindType
	TON, NPI   byte   // of AddressRange
	Addresses  string // address_range; "" leaves it to the SMSC

	TLS         *tls.Config   // nil for plain TCP; an empty ServerName is set from Addr
	BindTimeout time.Duration // for dial, TLS handshake and bind together; default 10 s
	Rate        float64       // messages a second; 0 for as fast as the window turns
	DrainTime   time.Duration // for requests under way when Run is told to stop; default 5 s

	// OnState hears each change of the link, on the goroutine of Run. Nil for nobody.
	OnState func(LinkState)
	// Random gives the jitter of the reconnect delay, in [0,1). Nil for math/rand/v2.
	Random func() float64
	// Dial opens the connection. Nil for TCP.
	Dial func(ctx context.Context, addr string) (net.Conn, error)

	SessionConfig
}

// LinkState is a change of a client's link.
type LinkState struct {
	Session *Session      // the new session; nil when the link is down
	Err     error         // why the link is down: [ErrLost], a [*BindError], …
	Retry   time.Duration // when the next bind is tried
}

// BindError is a bind that the SMSC has refused.
type BindError struct {
	Link   string // the link's name
	Addr   string
	Status Status
}

// Error names the link and says what an operator can do.
func (e *BindError) Error() string {
	hint := "the operator refuses the bind: ask its support, quoting the status"
	switch {
	case e.credentials():
		hint = "check system_id and password of this link, and the address it is registered with"
	case e.Status == RAlyBnd:
		hint = "the operator counts another bind of this system_id as open: check its bind limit"
	case e.Status.Temporary():
		hint = "the operator is busy; the bind is tried again"
	}
	return fmt.Sprintf("smpp: bind %q at %s refused with %v: %s", e.Link, e.Addr, e.Status, hint)
}

func (e *BindError) credentials() bool {
	return e.Status == RInvPaswd || e.Status == RInvSysID
}

// Client keeps one bind to an operator. Make it with [NewClient] and serve it with
// [Client.Run].
type Client struct {
	cfg     ClientConfig
	pace    *pacer
	session atomic.Pointer[Session]
	seq     uint32 // of the last bind request; used by Run only
}

// NewClient checks the configuration. A missing Handler is an error unless the client
// binds as a transmitter; a field that SMPP cannot carry is a [*Fault].
func NewClient(cfg ClientConfig) (*Client, error) {
	cfg.SessionConfig = cfg.withDefaults()
	cfg.BindTimeout = orDefault(cfg.BindTimeout, 10*time.Second)
	cfg.DrainTime = orDefault(cfg.DrainTime, drainTime)
	if cfg.Handler == nil && cfg.Bind.Delivers() {
		return nil, fmt.Errorf("smpp: link %q: a bind as %v needs a handler", cfg.Name, cfg.Bind)
	}
	if cfg.Random == nil {
		cfg.Random = rand.Float64
	}
	if cfg.Dial == nil {
		cfg.Dial = func(ctx context.Context, addr string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", addr)
		}
	}
	c := &Client{cfg: cfg, pace: newPacer(cfg.Rate, cfg.Now)}
	if _, err := AppendBind(nil, 1, c.bindRequest()); err != nil {
		return nil, fmt.Errorf("link %q: %w", cfg.Name, err)
	}
	if _, _, err := net.SplitHostPort(cfg.Addr); err != nil {
		return nil, fmt.Errorf("link %q: address: %w", cfg.Name, err)
	}
	return c, nil
}

func (c *Client) bindRequest() Bind {
	return Bind{
		Type: c.cfg.Bind, SystemID: c.cfg.SystemID, Password: c.cfg.Password,
		SystemType: c.cfg.SystemType, Version: Version,
		TON: c.cfg.TON, NPI: c.cfg.NPI, AddressRange: c.cfg.Addresses,
	}
}

// Session gives the session that is bound now, nil when the link is down.
func (c *Client) Session() *Session { return c.session.Load() }

// Counters gives the counters of the link, over all its sessions.
func (c *Client) Counters() *Counters { return c.cfg.Counters }

// Rate gives the present rate in messages a second, which is below the configured one
// while the peer throttles; 0 means that there is no limit.
func (c *Client) Rate() float64 { return c.pace.limit() }

// Send waits for the rate and the window and queues m as a submit_sm. See
// [Session.SendAs]; [ErrNotBound] means that the link is down and the caller keeps m.
func (c *Client) Send(ctx context.Context, m *ShortMessage, done func(Resp, error)) error {
	return c.SendAs(ctx, SubmitSM, m, done)
}

// SendAs is [Client.Send] with submit_sm or data_sm.
func (c *Client) SendAs(ctx context.Context, id CommandID, m *ShortMessage, done func(Resp, error)) error {
	if c.session.Load() == nil {
		return ErrNotBound
	}
	if err := c.pace.wait(ctx); err != nil {
		return err
	}
	s := c.session.Load()
	if s == nil {
		return ErrNotBound
	}
	return s.SendAs(ctx, id, m, done)
}

// Query asks the SMSC for the state of a message, under the rules of [Client.Send].
func (c *Client) Query(ctx context.Context, q Query, done func(Resp, error)) error {
	s := c.session.Load()
	if s == nil {
		return ErrNotBound
	}
	return s.Query(ctx, q, done)
}

// Run keeps the link bound until ctx ends, then lets the requests under way finish and
// unbinds. Between binds it waits: up to a second after the first failure, doubling up
// to a minute, at random within that time so that many gateways do not knock together;
// five minutes after a wrong system id or password. It returns ctx's error.
func (c *Client) Run(ctx context.Context) error {
	ceiling := firstRetry
	for {
		began := c.cfg.Now()
		err := c.serve(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if c.cfg.Now().Sub(began) >= provenLife {
			ceiling = firstRetry
		}
		delay := c.delay(err, ceiling)
		ceiling = min(2*ceiling, lastRetry)
		c.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "smpp link down", slog.String(keyLink, c.cfg.Name),
			slog.String(keyError, err.Error()), slog.Duration(keyRetry, delay))
		c.tell(LinkState{Err: err, Retry: delay})
		timer := time.NewTimer(delay)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// delay is at random in the tenth to the whole of ceiling.
func (c *Client) delay(err error, ceiling time.Duration) time.Duration {
	var refused *BindError
	if errors.As(err, &refused) && refused.credentials() {
		ceiling = refusedRetry
		return ceiling - time.Duration(c.cfg.Random()*float64(ceiling)/10)
	}
	return max(ceiling/10, time.Duration(c.cfg.Random()*float64(ceiling)))
}

func (c *Client) tell(s LinkState) {
	if c.cfg.OnState != nil {
		c.cfg.OnState(s)
	}
}

// serve binds once and serves the session until it ends.
func (c *Client) serve(ctx context.Context) error {
	s, err := c.bind(ctx)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() {
		// The caller's context has ended: what is under way gets a time of its own.
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.cfg.DrainTime)
		defer cancel()
		_ = s.Close(drain) // run returns the reason
	})
	defer stop()
	c.session.Store(s)
	defer c.session.Store(nil)
	c.cfg.Log.LogAttrs(ctx, slog.LevelInfo, "smpp link up", slog.String(keyLink, c.cfg.Name))
	c.tell(LinkState{Session: s})
	return s.run() //nolint:contextcheck // a session outlives its caller's context, to drain
}

// bind dials, shakes hands and binds.
func (c *Client) bind(ctx context.Context) (*Session, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.BindTimeout)
	defer cancel()
	conn, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	s, err := c.bindOn(ctx, conn)
	if err != nil {
		_ = conn.Close() // the bind's error says more
		return nil, err
	}
	return s, nil
}

func (c *Client) dial(ctx context.Context) (net.Conn, error) {
	conn, err := c.cfg.Dial(ctx, c.cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("dial link %q: %w", c.cfg.Name, err)
	}
	if c.cfg.TLS == nil {
		return conn, nil
	}
	cfg := c.cfg.TLS
	if cfg.ServerName == "" && !cfg.InsecureSkipVerify {
		cfg = cfg.Clone()
		cfg.ServerName, _, _ = net.SplitHostPort(c.cfg.Addr) // checked by NewClient
	}
	secure := tls.Client(conn, cfg)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close() // the handshake's error says more
		return nil, fmt.Errorf("TLS handshake of link %q: %w", c.cfg.Name, err)
	}
	return secure, nil
}

func (c *Client) bindOn(ctx context.Context, conn net.Conn) (*Session, error) {
	// Closing at the end of ctx covers every wait below, with any kind of connection.
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	c.seq = c.seq%MaxSequence + 1
	request := c.bindRequest()
	pdu, err := AppendBind(nil, c.seq, request)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Write(pdu); err != nil {
		return nil, fmt.Errorf("bind %q: %w", c.cfg.Name, cause(ctx, err))
	}
	in := newFramer(conn, c.cfg.MaxPDU)
	resp, err := c.awaitBind(conn, in)
	if err != nil {
		return nil, fmt.Errorf("bind %q: %w", c.cfg.Name, cause(ctx, err))
	}
	if resp.Status != ROK {
		return nil, &BindError{Link: c.cfg.Name, Addr: c.cfg.Addr, Status: resp.Status}
	}
	if !stop() {
		return nil, fmt.Errorf("bind %q: %w", c.cfg.Name, ctx.Err())
	}
	s := newSession(c.cfg.SessionConfig, clientRole, conn, in, request, resp.MessageID)
	s.win.seq = c.seq
	s.onResponse = c.pace.hear
	return s, nil
}

// cause prefers the context's error over that of the connection it has closed.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// maxEarly bounds the PDUs that may come before a bind is settled.
const maxEarly = 16

// awaitBind reads up to the answer to our bind. Some SMSCs greet with an outbind or an
// enquire_link first.
func (c *Client) awaitBind(conn net.Conn, in *framer) (Resp, error) {
	want := c.cfg.Bind.Command().Response()
	for range maxEarly {
		h, body, err := in.next()
		var fault *Fault
		switch {
		case errors.As(err, &fault):
			continue
		case err != nil:
			return Resp{}, err
		case h.Seq == c.seq && h.ID == want:
			return DecodeResp(h, body), nil
		case h.Seq == c.seq && h.ID == GenericNack:
			return Resp{ID: h.ID, Status: max(h.Status, RInvMsgLen)}, nil
		case h.ID == EnquireLink:
			if _, err := conn.Write(AppendEmpty(nil, EnquireLink.Response(), h.Seq, ROK)); err != nil {
				return Resp{}, err
			}
		}
	}
	return Resp{}, errors.New("no answer to the bind among the first PDUs")
}
