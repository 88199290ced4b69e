// Package ivrari conducts calls that an Asterisk exchange has, through its REST
// interface (ARI): Asterisk has the trunks, the cards and the dialplan, and hands
// calls to the application of ours with Stasis().
//
//   - Events come over a WebSocket: calls, keys, ends. What is to be done is asked
//     for by HTTP.
//   - Sound goes as RTP between Asterisk and package rtp: each call gets a channel
//     of external media (Asterisk 16.6 and later) and a bridge, so that prompts
//     start, stop and end as they do by SIP, and no folder of sounds is shared.
//     Keys are Asterisk's events, which come when a key is let go.
//   - Nothing that was lost is repeated. So whenever the link has come up, and every
//     half a minute, what Asterisk has is held against what we have: a call that is
//     not there any more ends, and a channel or bridge of ours that belongs to no
//     call is hung up.
//
// A call goes on while the link is down, since its sound does not need it.
package ivrari

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"setu/gateway"
	"setu/ivr/conductor"
	"setu/ivr/rtp"
)

// Defaults of a [Config] and an [Exchange].
const (
	// DefaultApp is the application that Stasis() names in the dialplan.
	DefaultApp = "setu"
	// DefaultMaxCalls is how many calls an exchange may have here at a time.
	DefaultMaxCalls = 500
	// DefaultDrain is how long calls may go on when the gateway stops: a word, its
	// reason and goodbye take 12 s in Bengali.
	DefaultDrain = 15 * time.Second
	// DefaultRing is how long a telephone rings before we give up.
	DefaultRing = 40 * time.Second
	// defaultPace is what the times of keeping a link are counted in.
	defaultPace = time.Second
)

// Secret is a password. It prints itself as [private].
type Secret string

const hidden = "[private]"

// String hides the secret.
func (Secret) String() string { return hidden }

// LogValue hides the secret in logs.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// Exchange is an Asterisk.
type Exchange struct {
	Name string // in operators' lists
	// URL is where its HTTP server is, http://host:8088 or https://…; the interface
	// is at /ari there.
	URL      string
	User     string // of ari.conf
	Password Secret
	App      string // see DefaultApp; no other gateway may use the same one there
	// Dial is how a citizen is called, such as PJSIP/{number}@trunk: {number} is
	// +919830000001, {digits} 919830000001 and {national} 9830000001. Empty is
	// calls in only.
	Dial string
	// Numbers are ours there, as they are dialled; others are turned away. Empty
	// is all.
	Numbers []string
	// MaxCalls is how many at a time, in and out; see DefaultMaxCalls.
	MaxCalls int
	// CountryCode is put before numbers that come without one; empty is 91.
	CountryCode string
	// TLS is for https; nil trusts the system's authorities.
	TLS *tls.Config
}

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
	Exchanges []Exchange
	Conductor *conductor.Conductor
	Media     Media
	Board     *conductor.Board
	Doorman   Doorman // nil: every call is answered
	Log       *slog.Logger
	Now       func() time.Time

	// External is the address that exchanges reach our media at; the zero value is
	// MediaHost, or where that is unspecified, the one that the link comes from.
	External  netip.Addr
	MediaHost netip.Addr // where Media receives

	Drain time.Duration // see DefaultDrain
	Ring  time.Duration // see DefaultRing
	Pace  time.Duration // 1 s; less in tests only
}

// Driver is all exchanges. Make it with [New].
type Driver struct {
	cfg       Config
	exchanges []*exchange
	stop      chan struct{} // closed when calls are to end

	mu       sync.Mutex
	draining bool
	handlers sync.WaitGroup
}

// New makes a driver. Errors name the exchange and what is wrong with it.
func New(c Config) (*Driver, error) {
	c.Drain, c.Ring, c.Pace = cmp.Or(c.Drain, DefaultDrain), cmp.Or(c.Ring, DefaultRing), cmp.Or(c.Pace, defaultPace)
	d := &Driver{cfg: c, stop: make(chan struct{})}
	epoch := strings.ToLower(rand.Text()[:8])
	var errs []error
	for _, x := range c.Exchanges {
		own, err := newExchange(d, x, epoch)
		errs = append(errs, err)
		d.exchanges = append(d.exchanges, own)
	}
	return d, errors.Join(errs...)
}

// Validate says what is wrong with an exchange.
func (x Exchange) Validate() error {
	_, err := x.settle()
	return err
}

// settle fills in what the configuration leaves out and says what is wrong in it.
// It gives the address of the interface.
func (x *Exchange) settle() (*url.URL, error) {
	x.App, x.CountryCode, x.MaxCalls = cmp.Or(x.App, DefaultApp), cmp.Or(x.CountryCode, "91"), cmp.Or(x.MaxCalls, DefaultMaxCalls)
	x.TLS = tlsOf(x.TLS)
	at, err := url.Parse(x.URL)
	_, device, placed := strings.Cut(x.Dial, "/")
	switch {
	case err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https":
		return nil, x.wrong("url is %q: name Asterisk's HTTP server, http://host:8088", x.URL)
	case x.User == "" || x.Password == "":
		return nil, x.wrong("it needs user and password_file: those of a user of ari.conf that is not read_only")
	case strings.ContainsAny(x.App, ", /?&\t"):
		return nil, x.wrong("app is %q: use the name that Stasis() has in the dialplan", x.App)
	case x.Dial != "" && (!placed || device == "" || !strings.Contains(x.Dial, "{")):
		return nil, x.wrong("dial is %q: write how a citizen is called, such as PJSIP/{number}@trunk", x.Dial)
	case x.MaxCalls < 0:
		return nil, x.wrong("max_calls is %d: a number of calls is not negative", x.MaxCalls)
	}
	return at.JoinPath("ari"), nil
}

func (x *Exchange) wrong(format string, values ...any) error {
	return fmt.Errorf("exchange %q: %w", x.Name, fmt.Errorf(format, values...))
}

// endpoint is what Asterisk dials for a citizen; ok is false if her number cannot
// be dialled.
func (x *Exchange) endpoint(citizen gateway.Address) (endpoint string, ok bool) {
	number := citizen.Reveal()
	digits := strings.TrimPrefix(number, "+")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return "", false
	}
	national := strings.TrimPrefix(digits, x.CountryCode)
	return strings.NewReplacer("{number}", number, "{digits}", digits, "{national}", national).Replace(x.Dial), true
}

// Run keeps the links until ctx ends. Then nothing new is taken, callers are told
// that we stop, and what is still under way after the drain time is hung up.
func (d *Driver) Run(ctx context.Context) error {
	inner, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	var links sync.WaitGroup
	for _, x := range d.exchanges {
		links.Go(func() { x.keep(inner) })
	}
	<-ctx.Done()
	d.drain()
	end()
	links.Wait()
	return nil
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
	for _, x := range d.exchanges {
		x.cancelAll(errStopping)
	}
	<-ended
}

// enter counts a handler that is under way; false is that no more are taken. leave
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

// Standing is how the link to an exchange is.
type Standing struct {
	Name string `json:"name"`
	Up   bool   `json:"up"`
	// Since is when it came up or went down, UTC; zero if it has never been up.
	Since   time.Time `json:"since,omitzero"`
	Links   int64     `json:"links"`   // how often it has come up
	Events  int64     `json:"events"`  // that have come
	Orphans int64     `json:"orphans"` // channels and bridges without a call that were hung up
}

// Standings are those of all exchanges.
func (d *Driver) Standings() []Standing {
	list := make([]Standing, len(d.exchanges))
	for i, x := range d.exchanges {
		list[i] = x.standing()
	}
	return list
}

// find is the exchange of a name; nil is none.
func (d *Driver) find(name string) *exchange {
	for _, x := range d.exchanges {
		if x.Name == name {
			return x
		}
	}
	return nil
}
