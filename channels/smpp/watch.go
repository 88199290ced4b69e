package smpp

import (
	"time"
)

// pulse is what the watching goroutine knows of the link. The session's mu guards it.
type pulse struct {
	heard     time.Time // when the last PDU was noticed
	enquired  time.Time // when an enquire_link went out that nothing has followed; or zero
	unbinding time.Time // when our unbind went out; or zero
	progress  time.Time // when a response was last noticed, or nothing was under way
	answered  bool      // a response has come since the last look
	overdue   bool      // a request ended without a response since the last response
}

// watch looks at the clocks: it expires requests, asks a silent peer for a sign of
// life, and ends a link that is silent or stuck.
func (s *Session) watch() {
	ticker := time.NewTicker(s.cfg.tick())
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-s.dead:
			return
		}
		now := s.cfg.Now()
		late, end := s.examine(now)
		for _, sl := range late {
			<-s.slots
			s.cfg.Counters.NoResponse.Add(1)
			s.call(sl, Resp{}, ErrNoResponse)
		}
		if end != nil {
			s.fail(end)
			return
		}
	}
}

// examine gives the requests that have waited too long, and why the link has to end.
func (s *Session) examine(now time.Time) (late []slot, end error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &s.pulse
	late = s.win.expire(now.Add(-s.cfg.ResponseTimeout))
	if s.active.Swap(false) {
		p.heard, p.enquired = now, time.Time{}
	}
	if p.answered {
		s.cfg.Counters.LastProgress.Store(now.UnixMilli())
		p.answered, p.overdue, p.progress = false, false, now
	}
	if len(late) > 0 {
		p.overdue = true
		s.checkDrained()
	}
	if s.win.n == 0 && !p.overdue {
		p.progress = now
	}
	switch {
	case !p.unbinding.IsZero() && now.Sub(p.unbinding) > s.cfg.ResponseTimeout:
		return late, ErrClosed
	case now.Sub(p.progress) > s.cfg.ProgressTimeout:
		return late, ErrStalled
	case p.enquired.IsZero() && now.Sub(p.heard) >= s.cfg.EnquireInterval:
		p.enquired = now
		if !s.ended() {
			s.queue(AppendEmpty(s.out, EnquireLink, s.win.next(), ROK))
		}
	case !p.enquired.IsZero() && now.Sub(p.enquired) > s.cfg.ResponseTimeout:
		return late, lost(errSilent)
	}
	return late, nil
}
