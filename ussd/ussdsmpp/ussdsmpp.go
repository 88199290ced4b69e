// Package ussdsmpp carries USSD over SMPP 3.4, on links that we make to USSD
// gateways and on binds of partners, beside their SMS. How a gateway says that
// a dialogue begins, goes on and ends is not fixed by the standard: each make
// has its own dialect, which is a file ([Load], [Dialect]).
//
// A message of a dialogue is answered with ESME_ROK, and its screen sent, only
// after [channels.Handler] has returned: what the citizen did is then on disk.
// A screen that cannot be sent is lost with the network's dialogue; the
// citizen's own goes on when she dials again.
//
// SMPP gives an input no identifier, so a repeated one is known by its
// sequence_number on its bind.
package ussdsmpp

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"setu/channels"
	"setu/channels/smpp"
	"setu/gateway"
	"setu/ussd"
)

// Defaults of [Config].
const (
	// DefaultMax is how many inputs are served at once.
	DefaultMax = 4096
	// DefaultPatience is how long after an input its screen is still of use: networks end
	// a dialogue whose application is silent for longer.
	DefaultPatience = 15 * time.Second
)

// Config is what a [Driver] works with. Handler, Layout, Log and Now are
// required.
type Config struct {
	Handler channels.Handler
	// Layout makes the screens of a link.
	Layout func(link string) ussd.Layout
	// Links are the links and partners that carry USSD, by name.
	Links map[string]Link
	// Out passes a notification on to a link; its error says that nothing was
	// sent. Nil where no link has Push.
	Out      func(ctx context.Context, link string, m *smpp.ShortMessage, done func(smpp.Resp, error)) error
	Log      *slog.Logger
	Now      func() time.Time
	Max      int           // see DefaultMax
	Patience time.Duration // see DefaultPatience
}

// Link is how USSD comes by one link or partner.
type Link struct {
	Dialect *Dialect
	Codes   []string // service codes that may be dialled there; empty: any
	// Push lets a [Notifier] send notifications there. The dialect has Notify.
	Push bool
}

// Counts are what a driver has seen since it was made.
type Counts struct {
	Begun   atomic.Int64 // dialogues begun
	Inputs  atomic.Int64 // answers of citizens
	Ended   atomic.Int64 // dialogues ended by citizens or networks
	Screens atomic.Int64 // screens that a gateway took
	Lost    atomic.Int64 // screens that could not be sent, or were refused
	Refused atomic.Int64 // messages refused as no part of a dialogue of ours
	Busy    atomic.Int64 // messages refused because too many were under way
	Faults  atomic.Int64 // inputs whose turn failed or panicked

	Notified   atomic.Int64 // notifications shown, or taken by a gateway that passes no confirmation on
	Unnotified atomic.Int64 // notifications not taken: sent by SMS
	Unsure     atomic.Int64 // notifications of unknown fate: sent by SMS besides
	TooLong    atomic.Int64 // texts that do not fit one screen: sent by SMS
}

// Driver serves the dialogues. Make it with [New].
type Driver struct {
	Config
	counts Counts
	room   chan struct{} // taken by each input under way
	jobs   chan job
	ids    atomic.Int64

	mu     sync.RWMutex
	closed bool // no input is taken any more

	stopping chan struct{} // closed when Run is told to end
	shows    shows
}

// job is an input under way, or a notification.
type job struct {
	notice  *notice // nil: an input
	dialect *Dialect
	in      gateway.Inbound
	r       *smpp.Request
	send    Send
}

// Send passes a message on to the peer that a request came from, as
// [smpp.Session] does.
type Send = func(ctx context.Context, m *smpp.ShortMessage, done func(smpp.Resp, error)) error

// New makes a driver.
func New(c Config) *Driver {
	if c.Max <= 0 {
		c.Max = DefaultMax
	}
	if c.Patience <= 0 {
		c.Patience = DefaultPatience
	}
	return &Driver{Config: c, room: make(chan struct{}, c.Max), jobs: make(chan job, c.Max), stopping: make(chan struct{})}
}

// Counts are the driver's own, live.
func (d *Driver) Counts() *Counts { return &d.counts }
