package rtp

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Errors of the engine.
var (
	// ErrOptions says that an option cannot be used.
	ErrOptions = errors.New("rtp: unusable option")
	// ErrClosed says that the engine or the stream has ended.
	ErrClosed = errors.New("rtp: closed")
)

// Options are those of an engine. The zero value is for one machine: it binds on
// loopback and leaves the ports to the system.
type Options struct {
	// Addr is where media is received; the zero value is 127.0.0.1.
	Addr  netip.Addr
	Ports Ports
	// Busy is how late one packet in a hundred may leave before new calls are to
	// be refused; 0 is 20 ms, of the 40 to 60 that a handset can make up for.
	Busy time.Duration
	// Lost is how long nothing may come before a stream tells that its caller is
	// gone; 0 is a minute.
	Lost time.Duration
	// Wheels is how many cores send; 0 is all.
	Wheels int

	Now func() time.Time // nil for time.Now
	Log *slog.Logger     // nil for none
}

func (o Options) withDefaults() (Options, error) {
	if !o.Addr.IsValid() {
		o.Addr = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	o.Addr = o.Addr.Unmap()
	if o.Busy <= 0 {
		o.Busy = frameTime
	}
	if o.Lost <= 0 {
		o.Lost = time.Minute
	}
	if o.Wheels <= 0 {
		o.Wheels = runtime.GOMAXPROCS(0)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if !o.Ports.valid() {
		return o, fmt.Errorf("%w: ports %d to %d hold no pair of an even one and the next", ErrOptions, o.Ports.First, o.Ports.Last)
	}
	return o, nil
}

// Engine carries the media of all calls.
type Engine struct {
	opts   Options
	start  time.Time
	name   string // CNAME
	ports  pool
	wheels []*wheel
	open   atomic.Int64

	mu    sync.Mutex
	ended bool
}

// New makes an engine. Errors are [ErrOptions].
func New(o Options) (*Engine, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	// A name that tells nothing and lasts as long as the engine (RFC 7022 §4.2).
	var name [12]byte
	_, _ = rand.Read(name[:]) // it never fails
	e := &Engine{
		opts: o, start: o.Now(), name: base64.StdEncoding.EncodeToString(name[:]),
		ports: pool{host: o.Addr, ports: o.Ports},
	}
	for range o.Wheels {
		e.wheels = append(e.wheels, newWheel(e))
	}
	return e, nil
}

// clock is the time since the engine was made.
func (e *Engine) clock() time.Duration { return e.opts.Now().Sub(e.start) }

// Run turns the wheels until ctx ends, and closes the streams that are open then.
func (e *Engine) Run(ctx context.Context) error {
	var all sync.WaitGroup
	for _, w := range e.wheels {
		all.Go(func() { w.run(ctx) })
	}
	all.Wait()
	e.mu.Lock()
	e.ended = true
	e.mu.Unlock()
	for _, w := range e.wheels {
		w.closeAll()
	}
	return nil
}

// Open binds a pair of ports for a call. Errors are [ErrPorts] and [ErrClosed].
func (e *Engine) Open() (*Stream, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		return nil, ErrClosed
	}
	media, control, err := e.ports.take()
	if err != nil {
		return nil, err
	}
	s := newStream(e, media, control)
	at, place, fewest := e.wheels[0], 0, int(^uint(0)>>1)
	for i := range e.wheels {
		if p, n := e.wheels[i].emptiest(); n < fewest {
			at, place, fewest = e.wheels[i], p, n
		}
	}
	e.open.Add(1)
	at.add(s, place)
	return s, nil
}

// Busy says that packets leave too late for further calls.
func (e *Engine) Busy() bool {
	now := e.clock()
	for _, w := range e.wheels {
		if w.watch.isBusy(now) {
			return true
		}
	}
	return false
}

// Lateness is how late packets have left since the engine was made: the last of
// each place of the wheels.
func (e *Engine) Lateness() Lateness {
	var l Lateness
	for _, w := range e.wheels {
		w.watch.add(&l)
	}
	return l
}

// Stats are counts since the engine was made.
type Stats struct {
	Streams   int    // open now
	Sent      uint64 // packets of sound and keys
	Unsent    uint64 // that the kernel has not taken
	Received  uint64
	Strangers uint64 // from another than the caller, or of a kind that was not agreed upon
	Malformed uint64
	Dropped   uint64 // keys that nobody has taken from [Stream.Keys]
}

// Stats are the counts now.
func (e *Engine) Stats() Stats {
	s := Stats{Streams: int(e.open.Load())}
	for _, w := range e.wheels {
		s.Sent += w.counts.sent.Load()
		s.Unsent += w.counts.unsent.Load()
		s.Received += w.counts.received.Load()
		s.Strangers += w.counts.strangers.Load()
		s.Malformed += w.counts.malformed.Load()
		s.Dropped += w.counts.dropped.Load()
	}
	return s
}
