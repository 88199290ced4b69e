package smpp

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
)

// Keys of log attributes.
const (
	keyCommand = "command"
	keyStatus  = "status"
	keyReason  = "reason"
	keyError   = "error"
	keyLink    = "link"
	keyRemote  = "remote"
	keySystem  = "system_id"
	keyStack   = "stack"
	keyRetry   = "retry_in"
)

// read serves one PDU after the other until the link ends, and gives the reason.
func (s *Session) read() error {
	for {
		h, body, err := s.in.next()
		var fault *Fault
		switch {
		case errors.As(err, &fault):
			s.oversized(h, fault)
			continue
		case errors.Is(err, ErrFraming):
			s.cfg.Counters.Faults.Add(1)
			s.logFault(&Fault{ID: h.ID, Seq: h.Seq, Status: RInvCmdLen, Reason: "impossible command_length"})
			s.reply(GenericNack, h.Seq, RInvCmdLen)
			return ErrFraming
		case err != nil:
			return lost(err)
		}
		s.cfg.Counters.In.Add(1)
		s.active.Store(true)
		if end := s.serve(h, body); end != nil {
			return end
		}
		s.awaitRoom()
	}
}

// oversized answers a PDU whose body is not read. A response counts as one without a
// body: its status is known.
func (s *Session) oversized(h Header, f *Fault) {
	s.cfg.Counters.In.Add(1)
	s.active.Store(true)
	if h.ID.IsResponse() {
		s.cfg.Counters.Faults.Add(1)
		s.response(h, nil)
		return
	}
	s.refuse(f)
}

// serve handles one PDU. It gives an error when the session ends with it.
func (s *Session) serve(h Header, body []byte) error {
	if h.ID.IsResponse() {
		return s.serveResponse(h, body)
	}
	switch h.ID {
	case EnquireLink:
		s.reply(EnquireLink.Response(), h.Seq, ROK)
	case SubmitSM, DeliverSM, DataSM:
		s.serveMessage(h, body)
	case QuerySM:
		s.serveQuery(h, body)
	case AlertNotification:
		s.serveAlert(h, body)
	case Unbind:
		s.reply(Unbind.Response(), h.Seq, ROK)
		return ErrUnbound
	case BindTransceiver, BindTransmitter, BindReceiver:
		s.refuse(h.fault(RAlyBnd, "session is bound already"))
	default:
		s.refuse(h.fault(RInvCmdID, "command not supported"))
	}
	return nil
}

func (s *Session) serveResponse(h Header, body []byte) error {
	switch h.ID {
	case EnquireLink.Response():
		// Any PDU is a sign of life; this one has nothing else to say.
	case Unbind.Response():
		s.mu.Lock()
		asked := !s.pulse.unbinding.IsZero()
		s.mu.Unlock()
		if asked {
			return ErrClosed
		}
		s.cfg.Counters.Stray.Add(1)
	default:
		s.response(h, body)
	}
	return nil
}

// response hands the peer's answer to whoever waits for it.
func (s *Session) response(h Header, body []byte) {
	s.mu.Lock()
	sl, ok := s.win.take(h.ID, h.Seq)
	if ok {
		s.pulse.answered = true
		s.checkDrained()
	}
	s.mu.Unlock()
	if !ok {
		s.cfg.Counters.Stray.Add(1)
		return
	}
	<-s.slots
	r := DecodeResp(h, body)
	if r.ID == GenericNack && r.Status == ROK {
		r.Status = RUnknownErr // a nack without a status refuses none the less
	}
	if r.Status.Congested() {
		s.cfg.Counters.Congested.Add(1)
	}
	if s.onResponse != nil && sl.want != QuerySM.Response() {
		s.onResponse(r.Status)
	}
	s.call(sl, r, nil)
}

// call ends a request of ours.
func (s *Session) call(sl slot, r Resp, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.logPanic(sl.want)
		}
	}()
	if sl.done != nil {
		sl.done(r, err)
	}
}

// serveMessage admits a message and hands it to the handler.
func (s *Session) serveMessage(h Header, body []byte) {
	if f := s.mayReceive(h); f != nil {
		s.refuse(f)
		return
	}
	if !s.admit() {
		s.cfg.Counters.Throttled.Add(1)
		s.reply(h.ID.Response(), h.Seq, s.busy())
		return
	}
	r := &Request{ID: h.ID, Seq: h.Seq, session: s}
	if err := r.Message.Decode(h, body); err != nil {
		s.disown(h, err)
		return
	}
	defer func() {
		if p := recover(); p != nil {
			s.logPanic(h.ID)
			r.Respond(RSysErr, "")
		}
	}()
	s.cfg.Handler(r)
}

// mayReceive follows table 2-1 of the standard, but lets an SMSC deliver on a bind that
// we hold as a transmitter: what it has taken the trouble to send is not refused.
func (s *Session) mayReceive(h Header) *Fault {
	switch {
	case s.cfg.Handler == nil:
		return h.fault(RInvBndSts, "nobody takes messages on this bind")
	case s.role == clientRole && h.ID == SubmitSM, s.role == serverRole && h.ID == DeliverSM:
		return h.fault(RInvCmdID, "command in the wrong direction")
	case s.role == serverRole && !s.bind.Type.Submits():
		return h.fault(RInvBndSts, "bound as a receiver")
	}
	return nil
}

// admit counts a request of the peer as unanswered, unless there are too many, the
// peer is over its rate, or the session is closing.
//
// Over the limit we refuse with a temporary status rather than stop reading. Reading
// has to go on, because the answers to our own requests and the signs of life come on
// the same connection: a reader that waits for the store would turn a slow store into
// time-outs, and those into messages that are sent twice.
func (s *Session) admit() bool {
	if s.limiter != nil && !s.limiter.AllowN(s.cfg.Now(), 1) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || s.unanswered >= s.cfg.MaxUnanswered {
		return false
	}
	s.unanswered++
	return true
}

// busy is the status that makes the peer try again later: an SMSC expects
// ESME_RX_T_APPN of a receiver (§5.1.3), a submitter ESME_RTHROTTLED.
func (s *Session) busy() Status {
	if s.role == clientRole {
		return RXTAppn
	}
	return RThrottled
}

// disown refuses a request that was admitted and then found malformed.
func (s *Session) disown(h Header, err error) {
	s.mu.Lock()
	s.release()
	s.mu.Unlock()
	var f *Fault
	if !errors.As(err, &f) {
		f = h.fault(RSysErr, "not decoded")
	}
	s.refuse(f)
}

func (s *Session) serveQuery(h Header, body []byte) {
	switch {
	case s.role == clientRole || s.cfg.OnQuery == nil:
		s.refuse(h.fault(RInvCmdID, "command not supported"))
		return
	case !s.bind.Type.Submits():
		s.refuse(h.fault(RInvBndSts, "bound as a receiver"))
		return
	case !s.admit():
		s.cfg.Counters.Throttled.Add(1)
		s.reply(QuerySM.Response(), h.Seq, s.busy())
		return
	}
	q, err := DecodeQuery(h, body)
	if err != nil {
		s.disown(h, err)
		return
	}
	r := &QueryRequest{Query: q, Seq: h.Seq, session: s}
	defer func() {
		if p := recover(); p != nil {
			s.logPanic(h.ID)
			r.Respond(RSysErr, QueryResult{})
		}
	}()
	s.cfg.OnQuery(r)
}

func (s *Session) serveAlert(h Header, body []byte) {
	a, err := DecodeAlert(h, body)
	var f *Fault
	if errors.As(err, &f) {
		s.refuse(f)
		return
	}
	if s.cfg.OnAlert == nil {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			s.logPanic(h.ID)
		}
	}()
	s.cfg.OnAlert(s, a)
}

// refuse answers a faulty PDU, if the standard has an answer to it.
func (s *Session) refuse(f *Fault) {
	s.cfg.Counters.Faults.Add(1)
	s.logFault(f)
	if id := f.ID.refusal(); id != 0 {
		s.reply(id, f.Seq, f.Status)
	}
}

// reply queues a PDU without a body.
func (s *Session) reply(id CommandID, seq uint32, status Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.owe(AppendEmpty(s.out, id, seq, status))
	}
}

func (s *Session) logFault(f *Fault) {
	s.cfg.Log.LogAttrs(context.Background(), slog.LevelDebug, "smpp fault",
		slog.String(keySystem, s.bind.SystemID), slog.String(keyCommand, f.ID.String()),
		slog.String(keyStatus, f.Status.String()), slog.String(keyReason, f.Reason))
}

// logPanic logs where a callback has panicked. The value of the panic is left out: it
// may quote a message.
func (s *Session) logPanic(id CommandID) {
	s.cfg.Counters.Panics.Add(1)
	s.cfg.Log.LogAttrs(context.Background(), slog.LevelError, "smpp callback panicked",
		slog.String(keySystem, s.bind.SystemID), slog.String(keyCommand, id.String()),
		slog.String(keyStack, string(debug.Stack())))
}
