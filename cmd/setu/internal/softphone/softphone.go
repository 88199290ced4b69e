// Package softphone is a telephone that calls a gateway by SIP, with sound and keys:
// one for a person in the terminal, or a thousand for a measurement. It knows the
// gateway's wire and not its inside.
package softphone

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"

	"setu/ivr/rtp"
)

// Errors of calls.
var (
	// ErrNoGateway says that nothing answers at the gateway's address.
	ErrNoGateway = errors.New("softphone: no answer from the gateway")
	// ErrRefused says that the gateway does not take the call; the reason is its own.
	ErrRefused = errors.New("softphone: call refused")
	// ErrMedia says that it answers without sound that a telephone has.
	ErrMedia = errors.New("softphone: no sound in common")
)

// Times to wait for. A gateway that has just started prepares its speech before it
// answers.
const (
	ringTime = 45 * time.Second
	byeTime  = 5 * time.Second
)

// Config is a telephone's.
type Config struct {
	// Gateway is where it listens for SIP over UDP, such as 127.0.0.1:5060.
	Gateway string
	// User and Password are asked for by trunks that do so; empty for none.
	User, Password string
	// Prompts asks the gateway to tell what it says, in words; it does so in its
	// sandbox.
	Prompts bool
	Log     *slog.Logger // nil for none
}

// Phone makes calls. It may be used by many goroutines.
type Phone struct {
	cfg     Config
	gateway netip.AddrPort
	conn    *readConn
	agent   *sipgo.UserAgent
	server  *sipgo.Server
	dialogs sipgo.DialogUA
	media   *rtp.Engine

	mu    sync.Mutex
	calls map[string]*Call // by Call-ID
}

// New makes a phone, which is ready while [Phone.Run] runs.
func New(ctx context.Context, c Config) (*Phone, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	addr, err := net.ResolveUDPAddr("udp", c.Gateway)
	if err != nil {
		return nil, fmt.Errorf("gateway %q: %w", c.Gateway, err)
	}
	p := &Phone{cfg: c, gateway: netip.AddrPortFrom(addr.AddrPort().Addr().Unmap(), addr.AddrPort().Port()), calls: make(map[string]*Call)}
	here, err := facing(ctx, c.Gateway)
	if err != nil {
		return nil, err
	}
	if p.media, err = rtp.New(rtp.Options{Addr: here, Log: c.Log}); err != nil {
		return nil, err
	}
	conn, err := new(net.ListenConfig).ListenPacket(ctx, "udp", netip.AddrPortFrom(here, 0).String())
	if err != nil {
		return nil, fmt.Errorf("listen for SIP: %w", err)
	}
	p.conn = &readConn{PacketConn: conn, read: make(chan struct{})}
	if err := p.wire(); err != nil {
		return nil, errors.Join(err, p.conn.Close())
	}
	return p, nil
}

// facing is this machine's address on the way to another.
func facing(ctx context.Context, to string) (netip.Addr, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "udp", to) // sends nothing
	if err != nil {
		return netip.Addr{}, fmt.Errorf("way to %s: %w", to, err)
	}
	defer func() { _ = conn.Close() }()
	here, err := netip.ParseAddrPort(conn.LocalAddr().String())
	return here.Addr().Unmap(), err
}

// wire makes the parts of the SIP library.
func (p *Phone) wire() error {
	here := p.conn.LocalAddr().(*net.UDPAddr) //nolint:errcheck // it is one
	var err error
	if p.agent, err = sipgo.NewUA(
		sipgo.WithUserAgent("setu-phone"),
		sipgo.WithUserAgentTransportLayerOptions(sip.WithTransportLayerLogger(p.cfg.Log)),
		sipgo.WithUserAgentTransactionLayerOptions(
			sip.WithTransactionLayerLogger(p.cfg.Log),
			sip.WithTransactionLayerUnhandledResponseHandler(func(*sip.Response) {}), // repeated answers
		),
	); err != nil {
		return fmt.Errorf("make the SIP agent: %w", err)
	}
	if p.server, err = sipgo.NewServer(p.agent, sipgo.WithServerLogger(p.cfg.Log)); err != nil {
		return fmt.Errorf("make the SIP server: %w", err)
	}
	client, err := sipgo.NewClient(p.agent, sipgo.WithClientLogger(p.cfg.Log),
		sipgo.WithClientHostname(here.IP.String()), sipgo.WithClientPort(here.Port), sipgo.WithClientConnectionAddr(here.String()))
	if err != nil {
		return fmt.Errorf("make the SIP client: %w", err)
	}
	contact := sip.ContactHeader{Address: sip.Uri{Scheme: "sip", User: "phone", Host: here.IP.String(), Port: here.Port}}
	p.dialogs = sipgo.DialogUA{Client: client, ContactHDR: contact}
	p.server.OnBye(p.ofCall((*Call).bye))
	p.server.OnInfo(p.ofCall((*Call).info))
	p.server.OnOptions(func(req *sip.Request, tx sip.ServerTransaction) { respond(tx, req, 200, "OK") })
	return nil
}

// Run serves the phone until ctx ends.
func (p *Phone) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var parts sync.WaitGroup
	parts.Go(func() { _ = p.media.Run(ctx) }) // it ends with ctx
	ended := make(chan error, 1)
	go func() { ended <- p.server.ServeUDP(p.conn) }()
	var err error
	select {
	case <-ctx.Done():
		err = errors.Join(p.agent.Close(), p.conn.Close(), <-ended)
	case err = <-ended:
	}
	cancel()
	parts.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// readConn tells when it is read for the first time: the library knows it by then,
// and does not open another of the same port for a request.
type readConn struct {
	net.PacketConn
	once sync.Once
	read chan struct{}
}

// ReadFrom reads a datagram.
func (c *readConn) ReadFrom(b []byte) (int, net.Addr, error) {
	c.once.Do(func() { close(c.read) })
	return c.PacketConn.ReadFrom(b)
}

// ofCall finds the call of a request.
func (p *Phone) ofCall(handle func(*Call, *sip.Request, sip.ServerTransaction)) sipgo.RequestHandler {
	return func(req *sip.Request, tx sip.ServerTransaction) {
		var c *Call
		if id := req.CallID(); id != nil {
			p.mu.Lock()
			c = p.calls[id.Value()]
			p.mu.Unlock()
		}
		if c == nil {
			respond(tx, req, 481, "Call/Transaction Does Not Exist")
			return
		}
		handle(c, req, tx)
	}
}

// respond answers a request; one that gets lost is asked again.
func respond(tx sip.ServerTransaction, req *sip.Request, code int, reason string) {
	_ = tx.Respond(sip.NewResponseFromRequest(req, code, reason, nil))
}
