package ivrari

import (
	"context"
	"sync"
	"time"

	"setu/ivr/rtp"
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
