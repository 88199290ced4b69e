package ivrari

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"setu/ivr/conductor"
	"setu/ivr/rtp"
)

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

// failed is the end of a call that could not be connected: perhaps since she is not
// there any more, and the word of it is under way.
func (c *call) failed(ctx context.Context, err error) conductor.End {
	left := answered(err) && gone(c.x.rest.get(ctx, nil, nil, "channels", c.hers.id))
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errStopping):
		return conductor.Stopped
	case left, errors.Is(cause, errGone):
		return Cancelled
	}
	c.x.log.WarnContext(ctx, "call not connected", slog.String(keyChannel, c.hers.id), slog.String(keyError, err.Error()))
	return NoMedia
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

// hangUp ends a channel. What cannot be hung up now will be when the exchange is
// looked at.
func (x *exchange) hangUp(ctx context.Context, channel, reason string) {
	if err := x.rest.remove(ctx, query("reason", reason), "channels", channel); err != nil {
		x.log.WarnContext(ctx, "channel not hung up", slog.String(keyChannel, channel), slog.String(keyError, err.Error()))
	}
}
