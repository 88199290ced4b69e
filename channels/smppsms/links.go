package smppsms

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"setu/channels/smpp"
)

// Link is a bind that we make to an operator's SMSC.
type Link struct {
	Name       string
	Address    string // host:port
	SystemID   string
	Password   smpp.Secret
	SystemType string
	// Binds are the sessions that make the link: one transceiver, or a
	// transmitter and a receiver.
	Binds      []smpp.BindType
	TLS        *tls.Config // nil: plain TCP
	Window     int         // messages under way; 0 is the default of smpp
	Rate       float64     // messages a second; 0 is no limit
	ShortCodes []string    // that citizens write to; empty takes any
	// Receipts asks the operator for delivery receipts.
	Receipts bool
	// TLVs go with every message, such as the identifiers of India's DLT.
	TLVs smpp.TLVs
}

// Partner is who may bind to us.
type Partner struct {
	SystemID   string
	Password   smpp.Secret
	Allow      []netip.Prefix // empty: any address
	MaxBinds   int            // 0: no limit
	Rate       float64        // requests a second; 0: no limit
	ShortCodes []string       // that its messages may go to; empty: any
}

// linkState is a link or partner while the driver runs.
type linkState struct {
	name     string
	codes    []string
	receipts bool
	tlvs     smpp.TLVs
	partner  *Partner // nil for a link of ours

	mu      sync.Mutex
	senders []outgoing // that messages can go out on now
	turn    int
	binds   map[*smpp.Session]string
}

// outgoing is a sender with the address range of its bind: the numbers that the
// partner has said it serves there, if it has.
type outgoing struct {
	sender
	serves string
}

// sender is a client's bind or a partner's session.
type sender interface {
	Send(ctx context.Context, m *smpp.ShortMessage, done func(smpp.Resp, error)) error
	SendAs(ctx context.Context, id smpp.CommandID, m *smpp.ShortMessage, done func(smpp.Resp, error)) error
}

// Driver runs the links and the server. Make it with [New].
type Driver struct {
	Config
	counts  Counts
	links   map[string]*linkState
	clients []*smpp.Client
	server  *smpp.Server
	process string // tells the binds of this process from those before it
	binds   atomic.Int64
	opened  sync.Map      // when each bind that is up was opened, by name
	ref     atomic.Uint32 // of long messages
}

// New checks the configuration and makes the driver.
func New(c Config) (*Driver, error) {
	if c.PartLife <= 0 {
		c.PartLife = DefaultPartLife
	}
	d := &Driver{Config: c, links: map[string]*linkState{}, process: rand.Text()[:8]}
	// A handset may hold half of a message of an earlier process still.
	d.ref.Store(mathrand.Uint32()) //nolint:gosec // not a secret
	for i := range c.Links {
		if err := d.addLink(&c.Links[i]); err != nil {
			return nil, err
		}
	}
	for i := range c.Partners {
		p := &c.Partners[i]
		if _, taken := d.links[p.SystemID]; taken {
			return nil, fmt.Errorf("smppsms: the name %q is given twice among links and partners", p.SystemID)
		}
		d.links[p.SystemID] = &linkState{name: p.SystemID, codes: p.ShortCodes, partner: p, binds: map[*smpp.Session]string{}}
	}
	sessions := c.Server
	sessions.Now, sessions.Log = c.Now, c.Log
	sessions.Handler = func(r *smpp.Request) { d.handle(d.links[r.Session().SystemID()], r) }
	var err error
	d.server, err = smpp.NewServer(smpp.ServerConfig{
		SystemID: "setu", Authenticate: d.authenticate, OnBound: d.bound, OnClosed: d.closed, SessionConfig: sessions,
	})
	return d, err
}

// addLink makes the clients of one link.
func (d *Driver) addLink(l *Link) error {
	if _, taken := d.links[l.Name]; taken {
		return fmt.Errorf("smppsms: the name %q is given twice among links", l.Name)
	}
	st := &linkState{name: l.Name, codes: l.ShortCodes, receipts: l.Receipts, tlvs: l.TLVs, binds: map[*smpp.Session]string{}}
	d.links[l.Name] = st
	for _, bind := range l.Binds {
		var client *smpp.Client
		var last *smpp.Session // read and written on the client's own goroutine
		c, err := smpp.NewClient(smpp.ClientConfig{
			Name: l.Name, Addr: l.Address, SystemID: l.SystemID, Password: l.Password, SystemType: l.SystemType,
			Bind: bind, TLS: l.TLS, Rate: l.Rate,
			OnState: func(s smpp.LinkState) {
				if s.Session == nil {
					d.remove(st, client, last)
					return
				}
				last = s.Session
				d.bindOf(st, last)
				if bind.Submits() {
					st.add(client, "")
					d.up(st.name)
				}
			},
			SessionConfig: smpp.SessionConfig{
				Handler: func(r *smpp.Request) { d.handle(st, r) },
				Window:  l.Window, Now: d.Now, Log: d.Log,
			},
		})
		if err != nil {
			return err
		}
		client = c
		d.clients = append(d.clients, c)
	}
	return nil
}

// Counts are the driver's own, live.
func (d *Driver) Counts() *Counts { return &d.counts }

// Run keeps the links bound and serves partners on l, which may be nil, until
// ctx ends; then it lets what is under way finish.
func (d *Driver) Run(ctx context.Context, l net.Listener) error {
	// Before the links: a copy of a part of them is answered at once, and what
	// their citizens wrote after them may follow.
	d.takeUp(ctx, d.Now())
	var running sync.WaitGroup
	links, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	running.Go(func() {
		if d.Dialogues != nil {
			d.Dialogues.Run(ctx)
		}
		<-ctx.Done()
		stop() // what dialogues had in hand has had its screens
	})
	for _, c := range d.clients {
		running.Go(func() { _ = c.Run(links) }) // ends with the context only
	}
	running.Go(func() { d.sweep(ctx) })
	var err error
	if l != nil {
		if err = d.server.Serve(links, l); ctx.Err() != nil {
			err = nil
		}
	}
	running.Wait()
	return err
}

// Up says of each link and partner whether messages can go out on it.
func (d *Driver) Up() map[string]bool {
	up := make(map[string]bool, len(d.links))
	for name, st := range d.links {
		st.mu.Lock()
		up[name] = len(st.senders) > 0
		st.mu.Unlock()
	}
	return up
}

// Pass passes on a message that is no SMS, such as a USSD notification, as
// [smpp.Session] does. Without a bind it is [smpp.ErrNotBound].
func (d *Driver) Pass(ctx context.Context, link string, m *smpp.ShortMessage, done func(smpp.Resp, error)) error {
	st := d.links[link]
	if st == nil {
		return smpp.ErrNotBound
	}
	bind, ok := st.pick(strings.TrimPrefix(m.Dest.Addr, "+"))
	if !ok {
		return smpp.ErrNotBound
	}
	return bind.Send(ctx, m, done)
}

// authenticate decides about a partner's bind.
func (d *Driver) authenticate(_ context.Context, r smpp.BindRequest) (smpp.Partner, smpp.Status) {
	st := d.links[r.SystemID]
	if st == nil || st.partner == nil || !st.partner.Password.Equal(r.Password) || !allowed(st.partner.Allow, r.Remote) {
		// One answer for all, so that nobody learns which names exist.
		return smpp.Partner{}, smpp.RInvPaswd
	}
	return smpp.Partner{MaxBinds: st.partner.MaxBinds, Rate: st.partner.Rate}, smpp.ROK
}

func allowed(prefixes []netip.Prefix, remote net.Addr) bool {
	if len(prefixes) == 0 {
		return true
	}
	at, err := netip.ParseAddrPort(remote.String())
	if err != nil {
		return false
	}
	for _, p := range prefixes {
		if p.Contains(at.Addr().Unmap()) {
			return true
		}
	}
	return false
}

func (d *Driver) bound(s *smpp.Session) {
	st := d.links[s.SystemID()]
	d.bindOf(st, s)
	if s.Type().Delivers() {
		st.add(s, strings.TrimPrefix(s.AddressRange(), "+"))
		d.up(st.name)
	}
}

func (d *Driver) closed(s *smpp.Session, _ error) { d.remove(d.links[s.SystemID()], s, s) }

func (d *Driver) up(name string) {
	if d.OnUp != nil {
		d.OnUp(name)
	}
}

// Redelivers says whether the bind may bring again what came on the bind first
// and was stored at that time: when first has ended, or when bind was opened
// later. A provider may have lost a connection long before we know of it.
func (d *Driver) Redelivers(first, bind string, stored time.Time) bool {
	if _, up := d.opened.Load(first); !up {
		return true
	}
	at, up := d.opened.Load(bind)
	opened, ok := at.(time.Time)
	return up && ok && opened.After(stored)
}

// bindOf names a session, in no other process's words: when it is bound, or
// with its first message if that is faster.
func (d *Driver) bindOf(st *linkState, s *smpp.Session) string {
	st.mu.Lock()
	defer st.mu.Unlock()
	name := st.binds[s]
	if name == "" {
		name = d.process + "-" + strconv.FormatInt(d.binds.Add(1), 10)
		st.binds[s] = name
		d.opened.Store(name, d.Now())
	}
	return name
}

func (st *linkState) add(s sender, serves string) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.senders = append(st.senders, outgoing{s, serves})
}

// remove forgets a session that has ended, and its sender.
func (d *Driver) remove(st *linkState, s sender, session *smpp.Session) {
	st.mu.Lock()
	defer st.mu.Unlock()
	d.opened.Delete(st.binds[session])
	delete(st.binds, session)
	for i, have := range st.senders {
		if have.sender == s {
			st.senders = append(st.senders[:i:i], st.senders[i+1:]...)
			return
		}
	}
}

// back is the way back for a live screen: the partner's own bind as long as it
// is up, or one of the link's that submits; with the command that the request
// came with.
func (st *linkState) back(r *smpp.Request) func(context.Context, *smpp.ShortMessage, func(smpp.Resp, error)) error {
	return func(ctx context.Context, m *smpp.ShortMessage, done func(smpp.Resp, error)) error {
		var bind sender = r.Session()
		if st.partner == nil || !r.Session().Type().Delivers() || r.Session().Err() != nil {
			var ok bool
			if bind, ok = st.pick(strings.TrimPrefix(m.Dest.Addr, "+")); !ok {
				return smpp.ErrNotBound
			}
		}
		if r.ID == smpp.DataSM {
			return bind.SendAs(ctx, smpp.DataSM, m, done)
		}
		return bind.Send(ctx, m, done)
	}
}

// pick takes the binds in turn: those that serve the number, or else those that
// name none, or else any.
func (st *linkState) pick(number string) (sender, bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.turn++
	for _, serves := range [...]string{number, ""} {
		for i := range st.senders {
			if s := st.senders[(st.turn+i)%len(st.senders)]; s.serves == serves {
				return s.sender, true
			}
		}
	}
	if len(st.senders) == 0 {
		return nil, false
	}
	return st.senders[st.turn%len(st.senders)].sender, true
}
