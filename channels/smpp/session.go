package smpp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

type role byte

const (
	clientRole role = iota // we are the ESME
	serverRole             // we are the SMSC
)

// errSilent is the cause of a link lost because nothing followed an enquire_link.
var errSilent = errors.New("no answer to enquire_link")

// linger is how long a session that ends in good order waits for the peer to read the
// last answers and close its side.
const linger = time.Second

// Session is one bound connection, of either role. Its methods may be called from any
// goroutine. Three goroutines serve it: one reads and calls the handlers, one writes
// all that is queued at once, one watches the clocks.
type Session struct {
	cfg     SessionConfig
	role    role
	bind    Bind
	peer    string // system_id of the peer
	conn    net.Conn
	in      *framer
	limiter *rate.Limiter // of the peer's requests; nil for none
	// onResponse hears the status of each answer to a message; nil for nobody.
	onResponse func(Status)

	active atomic.Bool // a PDU has come since the last look at the clocks

	slots chan struct{} // holds one element per request of ours under way
	wake  chan struct{} // there is something to write
	room  chan struct{} // the queue was taken to be written
	dead  chan struct{} // closed when the link is to end
	done  chan struct{} // closed when all callbacks are called

	mu         sync.Mutex
	out        []byte // queued, not yet taken by the writer
	owed       int    // octets of answers in out
	taken      uint64 // octets that the writer has taken since the beginning
	written    uint64 // octets that the connection has accepted
	win        window
	unanswered int           // requests of the peer
	closing    bool          // no new requests in either direction
	finishing  bool          // the writer ends when all is written
	drained    chan struct{} // closed when closing and nothing is under way
	err        error         // why the link ended
	pulse      pulse
}

// serverSequence is where a server's own numbers begin. Each side counts for
// itself (§3.2), but there are clients that take any PDU with the number of a
// request of theirs for its response, and so lose messages that they have
// acknowledged. Far from where clients begin, the numbers do not meet.
const serverSequence = 1 << 30

// newSession prepares a session for a connection that is bound; run serves it.
func newSession(cfg SessionConfig, r role, conn net.Conn, in *framer, b Bind, peer string) *Session {
	b.Password = ""
	s := &Session{
		cfg: cfg, role: r, bind: b, peer: peer, conn: conn, in: in,
		slots:   make(chan struct{}, cfg.Window),
		wake:    make(chan struct{}, 1),
		room:    make(chan struct{}, 1),
		dead:    make(chan struct{}),
		done:    make(chan struct{}),
		drained: make(chan struct{}),
		win:     newWindow(cfg.Window),
	}
	if r == serverRole {
		s.win.seq = serverSequence
	}
	now := cfg.Now()
	s.pulse.heard, s.pulse.progress = now, now
	return s
}

// Type gives the type of the bind.
func (s *Session) Type() BindType { return s.bind.Type }

// SystemID gives the name that the client has bound with.
func (s *Session) SystemID() string { return s.bind.SystemID }

// AddressRange gives the addresses that the client has said it serves, "" when it
// has not (§5.2.7).
func (s *Session) AddressRange() string { return s.bind.AddressRange }

// Peer gives the name that the other side calls itself: on a client that of the SMSC.
func (s *Session) Peer() string { return s.peer }

// Remote gives the address of the other side.
func (s *Session) Remote() net.Addr { return s.conn.RemoteAddr() }

// Counters gives the counters of the link.
func (s *Session) Counters() *Counters { return s.cfg.Counters }

// Slots gives how many more requests the window takes now.
func (s *Session) Slots() int { return cap(s.slots) - len(s.slots) }

// Done is closed when the session has ended and each callback was called.
func (s *Session) Done() <-chan struct{} { return s.done }

// Err gives why the session has ended, nil while it lives.
func (s *Session) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Send queues m as submit_sm on a client and as deliver_sm on a server. See
// [Session.SendAs].
func (s *Session) Send(ctx context.Context, m *ShortMessage, done func(Resp, error)) error {
	return s.SendAs(ctx, s.natural(), m, done)
}

// SendAs queues m as the command id, waiting for a place in the window. It returns
// when the PDU is queued, and m may then be changed. done is called once, on a
// goroutine of the session, and must not block: with the peer's answer whatever its
// status, or with [ErrNoResponse], [ErrLost] or [ErrNotSent]. When SendAs returns an
// error (the context's, [ErrNotBound], [ErrWrongBind] or a [*Fault] that says what
// cannot be sent) done is not called.
func (s *Session) SendAs(ctx context.Context, id CommandID, m *ShortMessage, done func(Resp, error)) error {
	if err := s.reserve(ctx); err != nil {
		return err
	}
	return s.sendMessage(id, m, done)
}

// TrySend is [Session.Send] that returns [ErrWindowFull] instead of waiting.
func (s *Session) TrySend(m *ShortMessage, done func(Resp, error)) error {
	select {
	case s.slots <- struct{}{}:
		return s.sendMessage(s.natural(), m, done)
	default:
		return ErrWindowFull
	}
}

// Query queues a query_sm, under the rules of [Session.SendAs].
func (s *Session) Query(ctx context.Context, q Query, done func(Resp, error)) error {
	if s.role != clientRole || !s.bind.Type.Submits() {
		return ErrWrongBind
	}
	if err := s.reserve(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	seq := s.win.next()
	out, err := AppendQuery(s.out, seq, q)
	return s.open(slot{want: QuerySM.Response(), seq: seq, done: done}, out, err)
}

func (s *Session) natural() CommandID {
	if s.role == serverRole {
		return DeliverSM
	}
	return SubmitSM
}

// reserve takes a place in the window.
func (s *Session) reserve(ctx context.Context) error {
	select {
	case s.slots <- struct{}{}:
		return nil
	default:
	}
	s.cfg.Counters.WindowWaits.Add(1)
	select {
	case s.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.dead:
		return ErrNotBound
	}
}

// sendMessage queues m in the place that reserve has taken.
func (s *Session) sendMessage(id CommandID, m *ShortMessage, done func(Resp, error)) error {
	if !s.maySend(id) {
		<-s.slots
		return ErrWrongBind
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	seq := s.win.next()
	out, err := AppendMessage(s.out, id, seq, m)
	return s.open(slot{want: id.Response(), seq: seq, done: done}, out, err)
}

// maySend follows table 2-1 of the standard.
func (s *Session) maySend(id CommandID) bool {
	if s.role == serverRole {
		return (id == DeliverSM || id == DataSM) && s.bind.Type.Delivers()
	}
	return (id == SubmitSM || id == DataSM) && s.bind.Type.Submits()
}

// open queues the encoded request and its slot, or gives the place back. The caller
// holds mu.
func (s *Session) open(sl slot, out []byte, err error) error {
	if err == nil && (s.closing || s.ended()) {
		err = ErrNotBound
	}
	if err != nil {
		<-s.slots
		return err
	}
	sl.sent = s.cfg.Now()
	sl.offset = s.taken + uint64(len(s.out))
	s.win.open(sl)
	s.queue(out)
	return nil
}

// queue makes out, which is s.out with one PDU appended, the queue. The caller holds mu.
func (s *Session) queue(out []byte) {
	s.out = out
	s.cfg.Counters.Out.Add(1)
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// owe queues an answer to the peer. What is owed bounds how far we read ahead of a peer
// that does not read; our own requests do not count, since the window bounds them, and
// since two sides that both wait for the other to read would wait for ever. The caller
// holds mu.
func (s *Session) owe(out []byte) {
	s.owed += len(out) - len(s.out)
	s.queue(out)
}

// release counts a request of the peer as answered. The caller holds mu.
func (s *Session) release() {
	s.unanswered--
	s.checkDrained()
}

// ended reports whether nothing can be queued any more. The caller holds mu.
func (s *Session) ended() bool { return s.err != nil || s.finishing }

// checkDrained tells Close when nothing is under way. The caller holds mu.
func (s *Session) checkDrained() {
	if !s.closing || s.win.n > 0 || s.unanswered > 0 {
		return
	}
	select {
	case <-s.drained:
	default:
		close(s.drained)
	}
}

// Close ends the session in good order: it takes no new requests, waits until those
// under way in both directions are answered, unbinds, and returns when the session has
// ended. When ctx ends first, the connection is closed at once and ctx's error
// returned. It waits for the session's goroutines, so no handler or callback may call it.
func (s *Session) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	s.checkDrained()
	s.mu.Unlock()
	select {
	case <-s.drained:
		s.unbind()
	case <-s.done:
	case <-ctx.Done():
	}
	select {
	case <-s.done:
		return nil
	case <-ctx.Done():
		s.fail(ErrClosed)
		<-s.done
		return ctx.Err()
	}
}

// unbind asks the peer to end the session, once.
func (s *Session) unbind() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended() || !s.pulse.unbinding.IsZero() {
		return
	}
	s.pulse.unbinding = s.cfg.Now()
	s.queue(AppendEmpty(s.out, Unbind, s.win.next(), ROK))
}

// fail ends the link at once. The first reason stays.
func (s *Session) fail(reason error) {
	s.mu.Lock()
	first := s.err == nil
	if first {
		s.err = reason
		close(s.dead)
	}
	s.mu.Unlock()
	if first {
		_ = s.conn.Close() // nothing is owed to the peer any more
	}
}

// lost gives the reason for a link that broke.
func lost(cause error) error { return fmt.Errorf("%w: %w", ErrLost, cause) }

// run serves the session until it ends, and gives the reason: an error that is
// [ErrLost], [ErrClosed], [ErrUnbound], [ErrStalled] or [ErrFraming].
func (s *Session) run() error {
	var wg sync.WaitGroup
	written := make(chan struct{})
	wg.Go(func() {
		defer close(written)
		s.write()
	})
	wg.Go(s.watch)
	reason := s.read()
	s.finish(reason, written)
	wg.Wait()
	s.settle()
	close(s.done)
	return s.Err()
}

// finish lets the writer write what is queued, if the link ends in good order, and
// gives the peer a moment to read it: closing a socket with unread input would reset it
// and could destroy the last answers on their way.
func (s *Session) finish(reason error, written <-chan struct{}) {
	s.mu.Lock()
	s.finishing = true
	lives := s.err == nil
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
	if lives && !errors.Is(reason, ErrLost) {
		s.lingerFor(reason, written)
	}
	s.fail(reason)
}

func (s *Session) lingerFor(reason error, written <-chan struct{}) {
	timer := time.AfterFunc(linger, func() { s.fail(reason) })
	defer timer.Stop()
	var sink [4 << 10]byte
	for {
		if _, err := s.conn.Read(sink[:]); err != nil {
			break
		}
	}
	<-written
}

// settle tells those who still wait for an answer that the link has ended.
func (s *Session) settle() {
	s.mu.Lock()
	rest := s.win.drain()
	written := s.written
	s.mu.Unlock()
	for _, sl := range rest {
		if sl.offset >= written {
			s.call(sl, Resp{}, ErrNotSent)
		} else {
			s.call(sl, Resp{}, ErrLost)
		}
	}
}
