package smpp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
)

// errNoBind ends a connection that does not bind.
var errNoBind = errors.New("smpp: connection did not bind")

// entry is a connection of the server that is not bound yet. All of it happens under
// one deadline and with at most maxEarly PDUs, so that a connection that dawdles or
// babbles is soon gone.
type entry struct {
	sv   *Server
	conn net.Conn
	tls  *tls.ConnectionState
	in   *framer
}

// admit leads the connection to a bind. release gives back what the session holds.
func (e *entry) admit(ctx context.Context) (s *Session, release func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, e.sv.cfg.BindTimeout)
	defer cancel()
	plain := e.conn
	stop := context.AfterFunc(ctx, func() { _ = plain.Close() })
	defer stop()
	if err := e.secure(ctx); err != nil {
		return nil, nil, err
	}
	e.in = newFramer(e.conn, e.sv.cfg.MaxPDU)
	h, body, err := e.awaitBind(ctx)
	if err != nil {
		return nil, nil, err
	}
	s, release, err = e.bind(ctx, h, body)
	if err != nil {
		return nil, nil, err
	}
	if !stop() {
		release()
		return nil, nil, ctx.Err()
	}
	return s, release, nil
}

// secure shakes hands, if the server has TLS.
func (e *entry) secure(ctx context.Context) error {
	if e.sv.cfg.TLS == nil {
		return nil
	}
	secure := tls.Server(e.conn, e.sv.cfg.TLS)
	if err := secure.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("TLS handshake: %w", err)
	}
	state := secure.ConnectionState()
	e.conn, e.tls = secure, &state
	return nil
}

// awaitBind reads up to the bind and answers what comes before it.
func (e *entry) awaitBind(ctx context.Context) (Header, []byte, error) {
	for range maxEarly {
		h, body, err := e.in.next()
		if err != nil && !isFault(err) {
			return h, nil, e.unreadable(ctx, h, err)
		}
		if _, bind := bindType(h.ID); bind && err == nil {
			return h, body, nil
		}
		if err := e.early(h, err); err != nil {
			return h, nil, err
		}
	}
	return Header{}, nil, errNoBind
}

func isFault(err error) bool {
	var f *Fault
	return errors.As(err, &f)
}

// unreadable ends the connection, with a generic_nack where that tells the peer why.
func (e *entry) unreadable(ctx context.Context, h Header, err error) error {
	if errors.Is(err, ErrFraming) {
		e.sv.cfg.Counters.Faults.Add(1)
		e.last(AppendEmpty(nil, GenericNack, h.Seq, RInvCmdLen))
	}
	return cause(ctx, err)
}

// early answers a PDU that is no bind.
func (e *entry) early(h Header, fault error) error {
	var answer []byte
	switch {
	case h.ID == EnquireLink && fault == nil:
		answer = AppendEmpty(nil, EnquireLink.Response(), h.Seq, ROK)
	case h.ID == Unbind && fault == nil:
		e.last(AppendEmpty(nil, Unbind.Response(), h.Seq, ROK))
		return errNoBind
	case h.ID.refusal() != 0:
		e.sv.cfg.Counters.Faults.Add(1)
		answer = AppendEmpty(nil, h.ID.refusal(), h.Seq, RInvBndSts)
	default:
		return nil
	}
	_, err := e.conn.Write(answer)
	return err
}

// bind answers the bind, and makes the session when it is accepted.
func (e *entry) bind(ctx context.Context, h Header, body []byte) (*Session, func(), error) {
	b, err := DecodeBind(h, body)
	if err != nil {
		e.sv.cfg.Counters.Faults.Add(1)
		return nil, nil, e.refuse(h, err)
	}
	partner, status := e.sv.cfg.Authenticate(ctx, BindRequest{Bind: b, Remote: e.conn.RemoteAddr(), TLS: e.tls})
	if status != ROK {
		return nil, nil, e.refuse(h, h.fault(status, "not let in"))
	}
	a, ok := e.sv.join(b.SystemID, partner)
	if !ok {
		return nil, nil, e.refuse(h, h.fault(RAlyBnd, "as many binds as this system id may have"))
	}
	release := func() { e.sv.leave(b.SystemID, a) }
	if _, err := e.conn.Write(AppendBindResp(nil, b.Type, h.Seq, ROK, e.sv.cfg.SystemID)); err != nil {
		release()
		return nil, nil, err
	}
	s := newSession(e.sv.cfg.SessionConfig, serverRole, e.conn, e.in, b, b.SystemID)
	s.limiter = a.limiter
	return s, release, nil
}

// refuse answers the bind with the status of the fault.
func (e *entry) refuse(h Header, err error) error {
	status := RBindFail
	var f *Fault
	if errors.As(err, &f) {
		status = f.Status
	}
	e.last(AppendEmpty(nil, h.ID.Response(), h.Seq, status))
	return err
}

// last writes the last answer of a connection and lets the peer read it: closing with
// unread input would reset the connection and could destroy the answer.
func (e *entry) last(pdu []byte) {
	if _, err := e.conn.Write(pdu); err != nil {
		return
	}
	if c, ok := e.conn.(interface{ CloseWrite() error }); ok {
		if c.CloseWrite() != nil {
			return
		}
	}
	if e.conn.SetReadDeadline(e.sv.cfg.Now().Add(linger)) != nil {
		return
	}
	var sink [4 << 10]byte
	for {
		if _, err := e.conn.Read(sink[:]); err != nil {
			return
		}
	}
}
