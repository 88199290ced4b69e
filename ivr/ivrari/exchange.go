package ivrari

import (
	"context"
	"log/slog"
	"maps"
	"net/netip"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"setu/internal/panics"
	"setu/ivr/conductor"
)

// refusals is how many calls may be being turned away at a time beside those that
// are taken. What comes beyond is hung up as an orphan.
const refusals = 64

// Keys of logs.
const (
	keyExchange = "exchange"
	keyChannel  = "channel"
	keyError    = "error"
)

// exchange is an Asterisk with its link and its calls.
type exchange struct {
	Exchange
	driver *Driver
	rest   *client
	log    *slog.Logger
	mark   string         // that our identifiers begin with, in this process and others
	epoch  string         // that tells those of this process
	room   chan struct{}  // of handlers
	beside sync.WaitGroup // of calls that come while we stop

	up      atomic.Bool
	since   atomic.Int64 // Unix milliseconds
	links   atomic.Int64
	events  atomic.Int64
	orphans atomic.Int64

	mu       sync.Mutex
	local    netip.Addr       // our address on the link
	calls    map[string]*call // by the identifiers of both of their channels
	last     uint64
	live     int
	suspects map[string]bool // what the last look found without a call
}

func newExchange(d *Driver, x Exchange, epoch string) (*exchange, error) {
	base, err := x.settle()
	if err != nil {
		return nil, err
	}
	return &exchange{
		Exchange: x, driver: d, rest: newClient(x, base), log: d.cfg.Log.With(slog.String(keyExchange, x.Name)),
		mark: x.App + "-gateway-", epoch: epoch, room: make(chan struct{}, x.MaxCalls+refusals), calls: make(map[string]*call),
	}, nil
}

func (x *exchange) standing() Standing {
	s := Standing{Name: x.Name, Up: x.up.Load(), Links: x.links.Load(), Events: x.events.Load(), Orphans: x.orphans.Load()}
	if at := x.since.Load(); at != 0 {
		s.Since = time.UnixMilli(at).UTC()
	}
	return s
}

// now is the time now.
func (x *exchange) now() time.Time { return x.driver.cfg.Now() }

// handle takes an event. It does not wait, since those behind it do.
func (x *exchange) handle(ctx context.Context, e Event) {
	c := x.find(e.Channel.ID)
	if e.Type == stasisStart && c == nil {
		x.arrive(ctx, e)
		return
	}
	if c == nil {
		return // of a call that is over, or of a channel that others have made
	}
	switch e.Type {
	case stasisStart:
		c.entered(e.Channel.ID)
	case channelState:
		c.state(e.Channel)
	case channelKey:
		c.key(e)
	case channelHangup, stasisEnd, channelDestroyed:
		c.ended(e)
	}
}

// arrive takes a channel that has come into the application.
func (x *exchange) arrive(ctx context.Context, e Event) {
	if e.Channel.ID == "" || strings.HasPrefix(e.Channel.ID, x.mark) {
		return // of a call that has ended meanwhile: it is being hung up, or found
	}
	ctx, c := x.newCall(ctx, e.Channel.ID)
	c.confirm(&c.hers)
	x.add(c)
	select {
	case x.room <- struct{}{}:
	default:
		x.remove(c) // the next look hangs it up
		return
	}
	if !x.driver.enter() {
		x.beside.Go(func() {
			defer func() { <-x.room }()
			defer x.remove(c)
			x.hangUp(ctx, c.hers.id, reasonCongestion)
		})
		return
	}
	go func() { // joined by the driver
		defer x.driver.leave()
		defer func() { <-x.room }()
		defer x.remove(c)
		x.guarded(ctx, func() { x.incoming(ctx, c, e) })
	}()
}

// guarded runs a handler whose panic ends its call only. What it says may quote a
// message, and is not logged.
func (x *exchange) guarded(ctx context.Context, do func()) {
	defer func() {
		if p := recover(); p != nil {
			x.log.ErrorContext(ctx, "panic while serving an exchange", slog.String("panic", panics.Text(p)), slog.String("stack", string(debug.Stack())))
		}
	}()
	do()
}

// id is an identifier that nothing else at the exchange has.
func (x *exchange) id(what string) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.last++
	return x.mark + x.epoch + "-" + strconv.FormatUint(x.last, 10) + "-" + what
}

// find is the call of a channel; nil is none.
func (x *exchange) find(channel string) *call {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.calls[channel]
}

// add makes a call known by its channels.
func (x *exchange) add(c *call) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.calls[c.hers.id], x.calls[c.media.id] = c, c
}

// remove ends and forgets a call; a channel that has begun another meanwhile stays
// known.
func (x *exchange) remove(c *call) {
	c.cancel(nil)
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, id := range [...]string{c.hers.id, c.media.id} {
		if x.calls[id] == c {
			delete(x.calls, id)
		}
	}
}

// leaves forgets a channel that has left the application: if it comes again, that
// is another call.
func (x *exchange) leaves(c *call, channel string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.calls[channel] == c {
		delete(x.calls, channel)
	}
}

// take makes room for a call; false is that there is none. give gives it back.
func (x *exchange) take() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.live >= x.MaxCalls || x.driver.cfg.Media.Busy() {
		return false
	}
	x.live++
	return true
}

func (x *exchange) give() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.live--
}

// all are the calls that are known.
func (x *exchange) all() []*call {
	x.mu.Lock()
	defer x.mu.Unlock()
	list := make([]*call, 0, len(x.calls))
	seen := make(map[*call]bool, len(x.calls))
	for c := range maps.Values(x.calls) {
		if !seen[c] {
			seen[c] = true
			list = append(list, c)
		}
	}
	return list
}

// cancelAll ends all calls.
func (x *exchange) cancelAll(cause error) {
	for _, c := range x.all() {
		c.cancel(cause)
	}
}

// has says that a number is ours.
func (x *exchange) has(number string) bool {
	return len(x.Numbers) == 0 || slices.ContainsFunc(x.Numbers, func(n string) bool {
		return strings.TrimPrefix(n, "+") == strings.TrimPrefix(number, "+")
	})
}

// begin puts a call on the board.
func (x *exchange) begin(out bool) int64 { return x.driver.cfg.Board.Begin(x.Name, out, x.now()) }

// over notes how a call ended.
func (x *exchange) over(ctx context.Context, line int64, end conductor.End) {
	x.driver.cfg.Board.End(line, end, x.now())
	x.log.DebugContext(ctx, "call ended", slog.Int64("call", line), slog.String("end", string(end)))
}
