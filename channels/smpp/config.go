package smpp

import (
	"errors"
	"log/slog"
	"sync/atomic"
	"time"
)

// Errors of a session. A done callback gets ErrNoResponse, ErrLost or ErrNotSent; the
// send functions return the others, and then never call done.
var (
	// ErrNoResponse means that the peer has not answered within ResponseTimeout. It may
	// have taken the request: ask before repeating.
	ErrNoResponse = errors.New("smpp: no response in time")
	// ErrLost means that the link ended before the answer. The peer may have taken the
	// request: ask before repeating.
	ErrLost = errors.New("smpp: link lost")
	// ErrNotSent means that the link ended before any octet of the request was written.
	// It may be sent again.
	ErrNotSent = errors.New("smpp: link lost before sending")
	// ErrNotBound means that there is no link to send on now.
	ErrNotBound = errors.New("smpp: not bound")
	// ErrWindowFull means that as many requests are under way as the window allows.
	ErrWindowFull = errors.New("smpp: window full")
	// ErrWrongBind means that the bind type does not allow this request.
	ErrWrongBind = errors.New("smpp: bind type does not allow this request")
	// ErrClosed ends a session that our side has closed.
	ErrClosed = errors.New("smpp: session closed")
	// ErrUnbound ends a session that the peer has unbound.
	ErrUnbound = errors.New("smpp: peer has unbound")
	// ErrStalled ends a session whose peer answers nothing, though the connection lives.
	ErrStalled = errors.New("smpp: no progress")
)

// SessionConfig is what both roles set for a bound connection. The zero value of each
// number and duration stands for its default.
type SessionConfig struct {
	// Handler takes the messages of the peer: submit_sm and data_sm on a server,
	// deliver_sm and data_sm on a client. It is called on the reading goroutine, in the
	// order of arrival, and must not block: store the request elsewhere and answer it
	// later. A panic in it is answered with ESME_RSYSERR.
	Handler func(*Request)
	// OnQuery takes query_sm on a server, under the rules of Handler; nil refuses them.
	OnQuery func(*QueryRequest)
	// OnAlert takes alert_notification on a client, under the rules of Handler; nil
	// ignores them.
	OnAlert func(*Session, Alert)

	Window          int           // requests of ours under way; default 64, at most 65,536
	MaxPDU          int           // octets of a PDU that is kept; default MaxPDU, at most MaxSkip
	MaxUnanswered   int           // requests of the peer waiting for our answer; default 1,000
	EnquireInterval time.Duration // silence after which we ask for a sign of life; default 30 s
	ResponseTimeout time.Duration // patience for any response; default 10 s
	ProgressTimeout time.Duration // patience while nothing at all is answered; default 60 s
	WriteTimeout    time.Duration // patience with a peer that does not read; default 10 s

	Counters *Counters        // shared by the sessions of a link; nil for one of its own
	Now      func() time.Time // nil for time.Now; write deadlines are made of it, so it has to be near the truth
	Log      *slog.Logger     // nil for none
}

// Counters are what an operator watches of a link. All only grow, but LastProgress.
type Counters struct {
	In           atomic.Int64 // PDUs read
	Out          atomic.Int64 // PDUs queued to be written
	Faults       atomic.Int64 // PDUs of the peer refused as malformed, unknown or out of place
	Throttled    atomic.Int64 // requests of the peer refused because of a rate or limit
	Congested    atomic.Int64 // requests of ours refused with ESME_RTHROTTLED or ESME_RMSGQFUL
	WindowWaits  atomic.Int64 // requests of ours that had to wait for the window
	NoResponse   atomic.Int64 // requests of ours that ended in ErrNoResponse
	Stray        atomic.Int64 // responses that no request waited for: late or doubled
	Panics       atomic.Int64 // panics in handlers and callbacks
	LastProgress atomic.Int64 // Unix milliseconds, UTC, of about the last response
}

const (
	maxWindow = 1 << 16

	// maxOwed is how many octets of answers may wait for a peer that does not read before
	// we stop reading from it.
	maxOwed = 256 << 10
)

func (c SessionConfig) withDefaults() SessionConfig {
	c.Window = min(orDefault(c.Window, 64), maxWindow)
	c.MaxPDU = min(orDefault(c.MaxPDU, MaxPDU), MaxSkip)
	c.MaxUnanswered = orDefault(c.MaxUnanswered, 1000)
	c.EnquireInterval = orDefault(c.EnquireInterval, 30*time.Second)
	c.ResponseTimeout = orDefault(c.ResponseTimeout, 10*time.Second)
	c.ProgressTimeout = orDefault(c.ProgressTimeout, 60*time.Second)
	c.WriteTimeout = orDefault(c.WriteTimeout, 10*time.Second)
	if c.Counters == nil {
		c.Counters = new(Counters)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

func orDefault[T int | time.Duration](v, d T) T {
	if v <= 0 {
		return d
	}
	return v
}

// tick is how often a session looks at its clocks: a quarter of the shortest, at most
// a second, so a time-out is kept to 25 % or a second.
func (c SessionConfig) tick() time.Duration {
	shortest := min(c.EnquireInterval, c.ResponseTimeout, c.ProgressTimeout)
	return min(max(shortest/4, time.Millisecond), time.Second)
}
