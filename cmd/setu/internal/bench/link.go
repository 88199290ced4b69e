package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"setu/channels/smpp"
)

// bindTimeout is how long the gateway may take to accept the connection and
// the bind.
const bindTimeout = 10 * time.Second

// unbindTimeout is how long the gateway may take to answer an unbind.
const unbindTimeout = time.Second

// errUnbound ends a connection in good order.
var errUnbound = errors.New("bench: unbound")

// readOctets is the size of the read buffer: about 600 answers at once.
const readOctets = 128 << 10

// inlineOctets is the most that the reader writes itself: far less than a
// socket's buffer holds, so that it cannot wait for a gateway that waits for it.
const inlineOctets = 16 << 10

// link is the bound connection. The lock covers out and all of the traffic,
// so that what was read can be answered without handing it on.
type link struct {
	conn net.Conn
	in   []byte // read, from start to end not yet taken
	from int
	to   int

	mu      sync.Mutex
	ready   *sync.Cond // out is not empty and nobody writes, or the link has ended
	out     []byte     // encoded, not yet written
	spare   []byte     // the other buffer
	writing bool
	ended   error
	closed  chan struct{}
}

// dial connects and binds as a transceiver.
func dial(ctx context.Context, cfg Config) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, bindTimeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("connect to the gateway (is `setu serve` running?): %w", err)
	}
	l := &link{conn: conn, in: make([]byte, readOctets), closed: make(chan struct{})}
	l.ready = sync.NewCond(&l.mu)
	if err := l.bind(cfg); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("bind as %q: %w", cfg.SystemID, err)
	}
	return l, nil
}

func (l *link) bind(cfg Config) error {
	if err := l.conn.SetDeadline(cfg.Now().Add(bindTimeout)); err != nil {
		return err
	}
	request, err := smpp.AppendBind(nil, 1, smpp.Bind{
		Type: smpp.Transceiver, SystemID: cfg.SystemID, Password: smpp.Secret(cfg.Password), Version: smpp.Version,
	})
	if err != nil {
		return err
	}
	if _, err := l.conn.Write(request); err != nil {
		return err
	}
	h, _, err := l.next()
	switch {
	case err != nil:
		return err
	case h.Status != smpp.ROK:
		return fmt.Errorf("%w with %v", ErrRefused, h.Status)
	case h.ID != smpp.BindTransceiver.Response():
		return fmt.Errorf("%w: it answered %v", ErrRefused, h.ID)
	}
	return l.conn.SetDeadline(time.Time{})
}

// next gives the next PDU, reading more when there is none. The body is valid
// until the following call.
func (l *link) next() (smpp.Header, []byte, error) {
	for {
		h, body, ok, err := l.buffered()
		if ok || err != nil {
			return h, body, err
		}
		if err := l.read(); err != nil {
			return smpp.Header{}, nil, err
		}
	}
}

// buffered gives the next PDU if it has been read whole.
func (l *link) buffered() (h smpp.Header, body []byte, ok bool, err error) {
	have := l.in[l.from:l.to]
	if len(have) < smpp.HeaderOctets {
		return h, nil, false, nil
	}
	h, err = smpp.DecodeHeader(have)
	if err == nil && h.Length > readOctets {
		err = fmt.Errorf("%w: a PDU of %d octets", ErrLink, h.Length)
	}
	if err != nil || len(have) < int(h.Length) {
		return h, nil, false, err
	}
	l.from += int(h.Length)
	return h, have[smpp.HeaderOctets:h.Length], true, nil
}

// read waits for more octets, and first makes room for them.
func (l *link) read() error {
	if l.from > 0 {
		l.to = copy(l.in, l.in[l.from:l.to])
		l.from = 0
	}
	n, err := l.conn.Read(l.in[l.to:])
	l.to += n
	if n > 0 {
		return nil
	}
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: the gateway closed it", ErrLink)
	}
	return fmt.Errorf("%w: %w", ErrLink, err)
}

// serve runs the connection until the function that it returns is called, or
// ctx ends. That function waits for the goroutines and may be called again.
func (l *link) serve(ctx context.Context, t *traffic) (stop func()) {
	var wg sync.WaitGroup
	undo := context.AfterFunc(ctx, func() { l.end(ctx.Err()) })
	wg.Go(func() { l.end(l.receive(t)) })
	wg.Go(l.write)
	wg.Go(t.pace)
	return func() {
		undo()
		l.unbind(t)
		wg.Wait()
	}
}

// unbind ends the connection in good order, if the gateway answers soon.
func (l *link) unbind(t *traffic) {
	l.mu.Lock()
	l.out = smpp.AppendEmpty(l.out, smpp.Unbind, t.seq, smpp.ROK)
	l.flush()
	l.mu.Unlock()
	timer := time.NewTimer(unbindTimeout)
	defer timer.Stop()
	select {
	case <-l.closed:
	case <-timer.C:
	}
	l.end(errUnbound)
}

// end closes the connection. The first reason stays.
func (l *link) end(reason error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stop(reason)
}

// stop is end for a caller that holds mu.
func (l *link) stop(reason error) {
	if l.ended != nil {
		return
	}
	l.ended = reason
	close(l.closed)
	l.ready.Broadcast()
	_ = l.conn.Close()
}

// receive takes what the gateway sends, all that one read gave under one
// lock, and lets the traffic go on with what that has freed.
func (l *link) receive(t *traffic) error {
	for {
		if err := l.read(); err != nil {
			return err
		}
		now := t.clock()
		if err := l.drain(t, now); err != nil {
			return err
		}
	}
}

func (l *link) drain(t *traffic, now time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		h, body, ok, err := l.buffered()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if err := t.take(h, body, now); err != nil {
			return err
		}
	}
	t.pump(now)
	// Waking the writer costs more than a small write, which the socket's
	// buffer takes without waiting.
	if len(l.out) > inlineOctets || l.writing {
		l.flush()
		return nil
	}
	return l.writeOut()
}

// flush wakes the writer. The caller holds mu.
func (l *link) flush() {
	if len(l.out) > 0 {
		l.ready.Signal()
	}
}

// write sends whatever is encoded in one call, when nobody else does.
func (l *link) write() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		for (len(l.out) == 0 || l.writing) && l.ended == nil {
			l.ready.Wait()
		}
		if l.ended != nil || l.writeOut() != nil {
			return
		}
	}
}

// writeOut writes what is encoded now. The caller holds mu, which is let go
// meanwhile.
func (l *link) writeOut() error {
	if len(l.out) == 0 || l.ended != nil {
		return nil
	}
	full := l.out
	l.out, l.writing = l.spare[:0], true
	l.mu.Unlock()
	_, err := l.conn.Write(full)
	l.mu.Lock()
	l.spare, l.writing = full, false
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrLink, err)
		l.stop(err)
	}
	l.flush()
	return err
}
