// Package ivrsip answers and places telephone calls by SIP (RFC 3261), without an
// exchange beside it: signalling over UDP, TCP and TLS for any number of trunks,
// with media by package rtp and words by package conductor.
//
// Transactions, transports and the messages themselves are sipgo's. Dialogs are
// our own, the same for calls in and out, so that nothing waits that need not.
//
// Supported: INVITE with and without an offer, re-INVITE and UPDATE (hold, a new
// address), CANCEL, BYE, INFO with keys, OPTIONS, session timers (RFC 4028),
// symmetric responses (RFC 3581), REGISTER and digest on both sides (RFC 8760 is
// read, MD5 asked for), P-Asserted-Identity of trusted trunks (RFC 3325). Not
// supported: reliable provisional responses (420), transfers, forking to several
// answers, SRTP.
package ivrsip

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"

	"setu/gateway"
	"setu/ivr/conductor"
	"setu/ivr/rtp"
)

// Defaults of a [Config].
const (
	// DefaultMaxCalls is how many calls two cores carry with room to spare.
	DefaultMaxCalls = 1000
	// DefaultRate is how many new calls are taken in a second, of all trunks.
	DefaultRate = 100
	// DefaultDrain is how long calls may go on when the gateway stops: a word, its
	// reason and goodbye take 12 s in Bengali.
	DefaultDrain = 15 * time.Second
	// DefaultRing is how long a telephone rings before we give up: networks do
	// after 45 s at the least (ITU-T E.180 leaves it to them).
	DefaultRing = 40 * time.Second
	// defaultT1 is the estimate of a round trip (RFC 3261 §17.1.1.1).
	defaultT1 = 500 * time.Millisecond
)

// maxT2 is the longest pause between two repetitions (RFC 3261 §17.1.2.2), in T1.
const maxT2 = 8

// Media opens the media of calls. *rtp.Engine does.
type Media interface {
	Open() (*rtp.Stream, error)
	// Busy says that there should be no more.
	Busy() bool
}

// Doorman knows numbers on which a call is only a sign to call back.
type Doorman interface {
	// Missed says that a call is to be rejected before it costs anything, since it
	// will be called back: that is on disk by then. from is empty if it is not known:
	// then her call is rejected all the same, since an answer would cost her.
	Missed(ctx context.Context, from, to gateway.Address) (bool, error)
}

// Config is what a [Driver] works with. Conductor, Media, Board, Log and Now are
// required.
type Config struct {
	Conductor *conductor.Conductor
	Media     Media
	Board     *conductor.Board
	Doorman   Doorman // nil: every call is answered
	Trunks    []Trunk
	Log       *slog.Logger
	Now       func() time.Time

	// External is the address that others reach us at, for signalling and media;
	// the zero value is that of the listener.
	External netip.Addr
	// MediaHost is where Media receives.
	MediaHost netip.Addr
	// TLS is for connections that we make; nil trusts the system's authorities.
	TLS *tls.Config

	MaxCalls int           // of all trunks, see DefaultMaxCalls
	Rate     float64       // see DefaultRate
	Drain    time.Duration // see DefaultDrain
	Ring     time.Duration // see DefaultRing
	T1       time.Duration // 500 ms; less in tests only
	// Prompts sends what is said, in words, to telephones that ask for it: see
	// [Package]. It is for trying things out.
	Prompts bool
}

// Listeners are where a driver is reached; each may be nil.
type Listeners struct {
	UDP net.PacketConn
	TCP net.Listener
	TLS net.Listener // with its certificate
}

// Driver is all trunks. Make it with [New].
type Driver struct {
	cfg    Config
	trunks []*trunk
	gate   gate
	ua     *sipgo.UserAgent
	server *sipgo.Server
	client *sipgo.Client
	nonces nonces
	epoch  string // tells sessions of this process from those before

	serving chan struct{} // closed when calls can go out
	stop    chan struct{} // closed when calls are to end

	mu       sync.Mutex
	here     map[string]netip.AddrPort // where we listen, by transport
	calls    map[dialogID]*call
	last     uint64 // session
	draining bool
	handlers sync.WaitGroup
}

// New makes a driver. Errors name the trunk and what is wrong with it.
func New(c Config) (*Driver, error) {
	c.MaxCalls, c.Rate = cmp.Or(c.MaxCalls, DefaultMaxCalls), cmp.Or(c.Rate, DefaultRate)
	c.Drain, c.Ring, c.T1 = cmp.Or(c.Drain, DefaultDrain), cmp.Or(c.Ring, DefaultRing), cmp.Or(c.T1, defaultT1)
	d := &Driver{cfg: c, epoch: rand.Text()[:8], serving: make(chan struct{}), stop: make(chan struct{}), here: make(map[string]netip.AddrPort), calls: make(map[dialogID]*call)}
	_, _ = rand.Read(d.nonces.key[:]) // it never fails
	var errs []error
	for _, t := range c.Trunks {
		own, err := newTrunk(t)
		errs = append(errs, err)
		d.trunks = append(d.trunks, own)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	d.gate.open(d.trunks, c.Rate)
	return d, d.wire()
}

// wire makes the library's parts.
func (d *Driver) wire() error {
	quiet := slog.New(newQuiet(d.cfg.Log, d.cfg.Now))
	var err error
	if d.ua, err = sipgo.NewUA(
		sipgo.WithUserAgent(agent), sipgo.WithUserAgenTLSConfig(d.cfg.TLS),
		sipgo.WithUserAgentTransportLayerOptions(sip.WithTransportLayerLogger(quiet), sip.WithTransportLayerReadFilter(d.filter)),
		sipgo.WithUserAgentTransactionLayerOptions(
			sip.WithTransactionLayerLogger(quiet),
			sip.WithTransactionLayerUnhandledResponseHandler(func(*sip.Response) {}), // repeated answers
		),
	); err != nil {
		return fmt.Errorf("make the SIP agent: %w", err)
	}
	if d.server, err = sipgo.NewServer(d.ua, sipgo.WithServerLogger(quiet)); err != nil {
		return fmt.Errorf("make the SIP server: %w", err)
	}
	if d.client, err = sipgo.NewClient(d.ua, sipgo.WithClientLogger(quiet)); err != nil {
		return fmt.Errorf("make the SIP client: %w", err)
	}
	for method, handle := range map[sip.RequestMethod]func(*sip.Request, sip.ServerTransaction){
		sip.INVITE: d.invite, sip.ACK: d.ack, sip.BYE: d.bye, sip.CANCEL: d.lateCancel,
		sip.INFO: d.info, sip.UPDATE: d.update, sip.OPTIONS: d.options,
	} {
		d.server.OnRequest(method, d.guarded(handle))
	}
	d.server.OnNoRoute(d.guarded(func(req *sip.Request, tx sip.ServerTransaction) {
		d.respond(tx, req, 405, "Method Not Allowed", sip.NewHeader("Allow", allowed))
	}))
	return nil
}

// agent is how we name ourselves to others, and allowed what we understand.
const (
	agent   = "Setu"
	allowed = "INVITE, ACK, BYE, CANCEL, INFO, UPDATE, OPTIONS"
)

// Run serves until ctx ends. Then nothing new is taken, callers are told that we
// stop, and what is still under way after the drain time is hung up.
func (d *Driver) Run(ctx context.Context, l Listeners) error {
	inner, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	var serving sync.WaitGroup
	errs := make(chan error, 3)
	serve := func(transport string, addr net.Addr, do func() error, closer interface{ Close() error }) {
		d.listening(transport, addr)
		serving.Go(func() {
			if err := do(); err != nil && !errors.Is(err, net.ErrClosed) && inner.Err() == nil {
				errs <- fmt.Errorf("serve SIP over %s: %w", transport, err)
			}
		})
		context.AfterFunc(inner, func() { _ = closer.Close() }) // it may be closed already
	}
	if l.UDP != nil {
		serve("udp", l.UDP.LocalAddr(), func() error { return d.server.ServeUDP(l.UDP) }, l.UDP)
	}
	if l.TCP != nil {
		serve("tcp", l.TCP.Addr(), func() error { return d.server.ServeTCP(l.TCP) }, l.TCP)
	}
	if l.TLS != nil {
		serve("tls", l.TLS.Addr(), func() error { return d.server.ServeTLS(l.TLS) }, l.TLS)
	}
	d.ready(ctx)
	close(d.serving)
	keeping, stopKeeping := context.WithCancel(ctx)
	defer stopKeeping()
	var keepers sync.WaitGroup
	for _, t := range d.trunks {
		keepers.Go(func() { d.keep(keeping, t) })
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-errs:
	}
	stopKeeping()
	d.drain()
	keepers.Wait()
	end()
	err = errors.Join(err, d.ua.Close())
	serving.Wait()
	return err
}

// listening notes where we are reached by a transport.
func (d *Driver) listening(transport string, addr net.Addr) {
	at, err := netip.ParseAddrPort(addr.String())
	if err != nil {
		return // of a test's own listener
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.here[transport] = netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}

// ready waits until the library has taken over the UDP listener: before that it
// would send requests of ours from another port.
func (d *Driver) ready(ctx context.Context) {
	at, ok := d.listens("udp")
	for range 1000 {
		if !ok || ctx.Err() != nil {
			return
		}
		if _, err := d.ua.TransportLayer().GetConnection("udp", at.String()); err == nil {
			return
		}
		pause(ctx, time.Millisecond)
	}
}

// drain lets calls under way end.
func (d *Driver) drain() {
	d.mu.Lock()
	d.draining = true
	d.mu.Unlock()
	close(d.stop)
	ended := make(chan struct{})
	go func() { d.handlers.Wait(); close(ended) }()
	late := time.NewTimer(d.cfg.Drain)
	defer late.Stop()
	select {
	case <-ended:
		return
	case <-late.C:
	}
	d.mu.Lock()
	for _, c := range d.calls {
		c.cancel(errStopping)
	}
	d.mu.Unlock()
	<-ended
}

// enter counts a call that is under way; false is that no more are taken. leave
// ends what enter began.
func (d *Driver) enter() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.draining {
		return false
	}
	d.handlers.Add(1)
	return true
}

func (d *Driver) leave() { d.handlers.Done() }

// errStopping ends calls that are still under way when the gateway stops.
var errStopping = errors.New("ivrsip: the gateway stops")
