package ivrari

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"setu/ivr/conductor"
	"setu/ivr/rtp"
	"setu/ivr/voice"
)

// side is one of the two channels of a call.
type side struct {
	id string
	// since is when Asterisk has said that it exists; zero: not yet.
	since time.Time
	// in is closed when it is in the application, out when it has ended or left.
	in, out chan struct{}
}

// call is one call: her channel, ours for the media, and the bridge between them.
type call struct {
	x      *exchange
	cancel context.CancelCauseFunc

	mu          sync.Mutex
	hers, media side        // their identifiers never change
	bridge      string      // "" until it was asked for
	asked       bool        // for the media's channel
	stream      *rtp.Stream // nil until there is one
	rang        bool        // her telephone has rung, on a call out
	cause       int         // of the end of her channel
	lastKey     string      // the last event of a key, to know it again
}

// newCall makes a call, and its context, which ends with the cause of its end.
func (x *exchange) newCall(ctx context.Context, hers string) (context.Context, *call) {
	ctx, cancel := context.WithCancelCause(ctx)
	c := &call{x: x, cancel: cancel}
	c.hers = side{id: hers, in: make(chan struct{}), out: make(chan struct{})}
	c.media = side{id: x.id("media"), in: make(chan struct{}), out: make(chan struct{})}
	return ctx, c
}

// of is the side of a channel.
func (c *call) of(channel string) *side {
	if channel == c.media.id {
		return &c.media
	}
	return &c.hers
}

// confirm notes that Asterisk has a side.
func (c *call) confirm(s *side) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.since.IsZero() {
		s.since = c.x.now()
	}
}

// shut closes a channel that may be closed already.
func shut(ch chan struct{}) {
	select {
	case <-ch:
	default:
		close(ch)
	}
}

// is says that something has happened.
func is(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

// entered notes that a channel is in the application: of a citizen whom we have
// called, that she has answered.
func (c *call) entered(channel string) {
	s := c.of(channel)
	c.confirm(s)
	c.mu.Lock()
	defer c.mu.Unlock()
	shut(s.in)
}

// state notes that a telephone rings.
func (c *call) state(ch Channel) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rang = c.rang || ch.ID == c.hers.id && ch.State == stateRinging
}

// key passes on a key. An event that has come twice is one press.
func (c *call) key(e Event) {
	key, ok := e.Key()
	if !ok || e.Channel.ID != c.hers.id {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	this := e.Timestamp + e.Digit
	if c.stream == nil || e.Timestamp != "" && this == c.lastKey {
		return
	}
	c.lastKey = this
	c.stream.Press(key)
}

// ended takes note of the end of a channel. A request to hang up is as good as the
// end, but not for somebody who has not answered: its cause comes with the end.
func (c *call) ended(e Event) {
	s := c.of(e.Channel.ID)
	c.mu.Lock()
	if e.Cause != 0 && s == &c.hers {
		c.cause = e.Cause
	}
	early := e.Type == channelHangup
	if !early {
		shut(s.out)
	}
	ringing := s == &c.hers && c.stream == nil
	c.mu.Unlock()
	switch {
	case early && ringing:
	case s == &c.hers:
		c.cancel(errGone)
	case !early:
		c.cancel(errNoMedia)
	}
	if !early {
		c.x.leaves(c, e.Channel.ID)
	}
}

// vanished ends a call one of whose channels Asterisk does not have any more.
func (c *call) vanished(s *side) { c.ended(Event{Type: channelDestroyed, Channel: Channel{ID: s.id}}) }

// converse has a call from the moment when she can be heard, or answered, to its
// end. answer says that she is still to be answered.
func (c *call) converse(ctx context.Context, line int64, one conductor.Call, known, answer bool) conductor.End {
	x := c.x
	stream, err := x.driver.cfg.Media.Open()
	if err != nil {
		x.log.ErrorContext(ctx, "no media for a call", slog.String(keyError, err.Error()))
		return Full
	}
	defer stream.Close()
	c.mu.Lock()
	c.stream = stream
	c.mu.Unlock()
	err = c.connect(ctx, stream)
	if err == nil && answer {
		err = x.rest.post(ctx, nil, nil, nil, "channels", c.hers.id, "answer")
	}
	if err != nil {
		return c.failed(ctx, err)
	}
	x.driver.cfg.Board.Answered(line, x.now())
	one.ID, one.Link, one.Stop = c.media.id, x.Name, x.driver.stop
	return c.talk(ctx, one, stream, known)
}

// failed is the end of a call that could not be connected.
func (c *call) failed(ctx context.Context, err error) conductor.End {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errStopping):
		return conductor.Stopped
	case errors.Is(cause, errGone):
		return Cancelled
	}
	if answered(err) && gone(c.x.rest.get(ctx, nil, nil, "channels", c.hers.id)) {
		return Cancelled // and the word of it is under way
	}
	c.x.log.WarnContext(ctx, "call not connected", slog.String(keyChannel, c.hers.id), slog.String(keyError, err.Error()))
	return NoMedia
}

// errNotIn says that the media's channel did not come in time.
var errNotIn = errors.New("ivrari: the channel of external media has not come: are chan_rtp and res_ari_channels loaded?")

// connect makes the way for sound: a channel that sends it here, and a bridge with
// hers. Nothing is heard of her before.
func (c *call) connect(ctx context.Context, stream *rtp.Stream) error {
	x := c.x
	c.mu.Lock()
	c.asked = true
	c.mu.Unlock()
	var made Channel
	err := x.rest.post(ctx, &made, query("channelId", c.media.id, "app", x.App, "format", "ulaw",
		"external_host", netip.AddrPortFrom(x.host(), stream.Port()).String()), nil, "channels", "externalMedia")
	if err != nil {
		return fmt.Errorf("make a channel of external media: %w", err)
	}
	c.confirm(&c.media)
	at, err := c.remote(ctx, made)
	if err != nil {
		return err
	}
	// Keys come as Asterisk's events. It would send them here as tones besides, if
	// nothing else was agreed upon.
	if err := stream.Start(rtp.Remote{Media: at, Codec: rtp.PCMU, Events: eventsType}); err != nil {
		return err
	}
	if err := c.await(ctx, c.media.in, errNotIn); err != nil {
		return err
	}
	bridge := c.media.id + "-bridge"
	c.mu.Lock()
	c.bridge = bridge
	c.mu.Unlock()
	if err := x.rest.post(ctx, nil, query("bridgeId", bridge, "type", "mixing"), nil, "bridges"); err != nil {
		return fmt.Errorf("make a bridge: %w", err)
	}
	if err := x.rest.post(ctx, nil, query("channel", c.hers.id+","+c.media.id), nil, "bridges", bridge, "addChannel"); err != nil {
		return fmt.Errorf("bridge the call: %w", err)
	}
	return nil
}

// eventsType is a payload type of telephone-events, which an exchange never sends:
// none has been agreed upon.
const eventsType = 101

// await waits for something of Asterisk's, as long as for an answer.
func (c *call) await(ctx context.Context, ready <-chan struct{}, late error) error {
	timer := time.NewTimer(restTime)
	defer timer.Stop()
	select {
	case <-ready:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return late
	}
}

// The variables that say where Asterisk receives external media.
const (
	localAddress = "UNICASTRTP_LOCAL_ADDRESS"
	localPort    = "UNICASTRTP_LOCAL_PORT"
)

// remote is where Asterisk receives our sound.
func (c *call) remote(ctx context.Context, made Channel) (netip.AddrPort, error) {
	var at [2]string
	for i, name := range [...]string{localAddress, localPort} {
		var ok bool
		if at[i], ok = made.Variables[name]; ok {
			continue
		}
		var err error
		if at[i], err = c.variable(ctx, c.media.id, name); err != nil {
			return netip.AddrPort{}, fmt.Errorf("find out where Asterisk receives sound: %w", err)
		}
	}
	host, err := netip.ParseAddr(at[0])
	port, badPort := strconv.ParseUint(at[1], 10, 16)
	if err = errors.Join(err, badPort); err != nil {
		return netip.AddrPort{}, fmt.Errorf("find out where Asterisk receives sound: %w", err)
	}
	return netip.AddrPortFrom(host, uint16(port)), nil
}

// variable is a variable of a channel.
func (c *call) variable(ctx context.Context, channel, name string) (string, error) {
	var v struct {
		Value string `json:"value"`
	}
	err := c.x.rest.get(ctx, &v, query("variable", name), "channels", channel, "variable")
	return v.Value, err
}

// talk conducts the call.
func (c *call) talk(ctx context.Context, one conductor.Call, stream *rtp.Stream, known bool) conductor.End {
	watch, unwatch := context.WithCancel(ctx)
	var beside sync.WaitGroup
	beside.Go(func() { c.x.guarded(watch, func() { c.watch(watch, stream) }) })
	defer beside.Wait()
	defer unwatch()
	var end conductor.End
	if known {
		end = c.x.driver.cfg.Conductor.Run(ctx, one, leg{stream})
	} else {
		end = c.x.driver.cfg.Conductor.Anonymous(ctx, one, leg{stream})
	}
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errStopping):
		return conductor.Stopped
	case errors.Is(cause, errNoMedia):
		return NoMedia
	}
	return end
}

// watch asks for her channel when no sound has come for long: some networks send
// none while she is silent.
func (c *call) watch(ctx context.Context, stream *rtp.Stream) {
	for {
		select {
		case <-ctx.Done():
			return
		case _, open := <-stream.Lost():
			if !open {
				return
			}
		}
		if err := c.x.rest.get(ctx, nil, nil, "channels", c.hers.id); gone(err) {
			c.cancel(conductor.ErrLost)
			return
		}
		stream.Alive()
	}
}

// closeTime is how long the end of a call may take. What is not done by then is
// found later.
const closeTime = 6 * time.Second

// close hangs up, and takes away what was made for the call.
func (c *call) close(ctx context.Context, reason string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	if !is(c.hers.out) {
		c.x.hangUp(ctx, c.hers.id, reason)
	}
	c.mu.Lock()
	asked, bridge := c.asked, c.bridge
	c.mu.Unlock()
	if asked && !is(c.media.out) {
		c.x.hangUp(ctx, c.media.id, reasonNormal)
	}
	if bridge == "" {
		return
	}
	if err := c.x.rest.remove(ctx, nil, "bridges", bridge); err != nil {
		c.x.log.WarnContext(ctx, "bridge not taken away", slog.String(keyError, err.Error()))
	}
}

// Reasons to hang up (Asterisk 18, channels.json).
const (
	reasonNormal      = "normal"
	reasonCongestion  = "congestion"
	reasonRejected    = "rejected"
	reasonUnallocated = "unallocated"
)

// hangUp ends a channel. What cannot be hung up now is when the link is up again.
func (x *exchange) hangUp(ctx context.Context, channel, reason string) {
	if err := x.rest.remove(context.WithoutCancel(ctx), query("reason", reason), "channels", channel); err != nil {
		x.log.WarnContext(ctx, "channel not hung up", slog.String(keyChannel, channel), slog.String(keyError, err.Error()))
	}
}

// host is our address as the exchange reaches it.
func (x *exchange) host() netip.Addr {
	cfg := &x.driver.cfg
	if cfg.External.IsValid() {
		return cfg.External
	}
	if cfg.MediaHost.IsValid() && !cfg.MediaHost.IsUnspecified() {
		return cfg.MediaHost
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.local
}

var _ conductor.Leg = leg{}

// leg is a stream as the conductor plays on it.
type leg struct{ *rtp.Stream }

// Play plays clips one after the other.
func (l leg) Play(clips []voice.Clip, played func()) {
	sounds := make([]rtp.Sound, len(clips))
	for i, c := range clips {
		sounds[i] = rtp.Sound(c)
	}
	l.Stream.Play(sounds, played)
}
