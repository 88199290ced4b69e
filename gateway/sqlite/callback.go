package sqlite

import (
	"context"
	"fmt"
	"time"

	"setu/gateway"
)

const (
	callColumns = `id, citizen, reason, state, tries, due, expires, created, updated, note, dialled`
	callDialled = 10 // the place of dialled in a row of callColumns

	sqlOpenCall  = `SELECT id, state, due, dialled, reason FROM callback WHERE citizen = ? AND state < 3`
	sqlLastCall  = `SELECT dialled FROM callback WHERE citizen = +? AND dialled > 0 ORDER BY dialled DESC LIMIT 1`
	sqlPutCall   = `INSERT INTO callback (citizen, reason, state, tries, due, expires, dialled, created, updated, note) VALUES (?1, ?2, 1, 0, ?3, ?4, 0, ?5, ?5, '')`
	sqlMergeCall = `UPDATE callback SET reason = reason | ?1, due = ?2, expires = max(expires, ?3), updated = ?4 WHERE id = ?5`
	sqlCall      = `SELECT ` + callColumns + ` FROM callback WHERE id = ?`
	sqlBeginCall = `UPDATE callback SET state = 2, tries = tries + 1, due = min(due, ?1), dialled = ?1, updated = ?1 WHERE id = ?2`
	sqlCountCall = `INSERT INTO callback_count (day, citizen, calls) VALUES (?1, ?2, ?3) ON CONFLICT (day, citizen) DO UPDATE SET calls = max(0, calls + ?3)`
	sqlCounted   = `SELECT calls FROM callback_count WHERE day = ? AND citizen = ?`
	sqlMoveCall  = `UPDATE callback SET state = ?1, due = ?2, note = ?3, tries = tries - ?4, updated = ?5 WHERE id = ?6`
	sqlDialling  = `SELECT id FROM callback INDEXED BY callback_open WHERE state < 3 AND state = 2`

	sqlPruneCalls  = `DELETE FROM callback WHERE state >= 3 AND updated < ?`
	sqlPruneCounts = `DELETE FROM callback_count WHERE day < ?`

	sqlReadDueCalls   = `SELECT ` + callColumns + ` FROM callback INDEXED BY callback_due WHERE state = 1 AND due <= ? ORDER BY due LIMIT +?`
	sqlReadCalls      = `SELECT ` + callColumns + ` FROM callback WHERE id > ? ORDER BY id LIMIT +?`
	sqlReadOpenCalls  = `SELECT ` + callColumns + ` FROM callback INDEXED BY callback_open WHERE state < 3 AND id > +? ORDER BY +id LIMIT +?`
	sqlReadCallCounts = `SELECT state, count(*) FROM callback GROUP BY state`
)

// diedCalling is the note of a call that was placed when the process died.
const diedCalling = "the gateway stopped while the call was placed; it may have rung"

// WishCall makes it durable that a citizen is to be called; added is false when
// that is known already: a call to her waits, or is being placed, or she only rang
// once more less than wish.Apart after the last one. Who has asked for a call, or
// was cut off, while she was being called is called once more, wish.Apart later. The
// error is [gateway.ErrFull] when the disk is nearly full.
func (s *Store) WishCall(ctx context.Context, wish gateway.CallWish) (added bool, err error) {
	err = s.do(ctx, func(w *writer) error {
		if s.full.Load() {
			return refusal{gateway.ErrFull}
		}
		var err error
		added, err = w.wish(&wish)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("wish for a call: %w", err)
	}
	return added, nil
}

// wish adds a call, or joins it to the one that waits.
func (w *writer) wish(c *gateway.CallWish) (added bool, err error) {
	if c.Answer != nil {
		if err := w.keepUnheard(c.Answer, c.Citizen); err != nil {
			return false, err
		}
	}
	citizen, due := c.Citizen.Reveal(), max(ms(c.Due), w.now)
	open, err := w.first(qOpenCall, citizen)
	if err != nil {
		return false, fmt.Errorf("find call-back: %w", err)
	}
	if open != nil {
		return false, w.joinCall(open, c, due)
	}
	last, err := w.first(qLastCall, citizen)
	if err != nil {
		return false, fmt.Errorf("find last call-back: %w", err)
	}
	if last != nil {
		again := number(last[0]) + c.Apart.Milliseconds()
		if c.Reason == gateway.CallMissed && w.now < again {
			return false, nil
		}
		due = max(due, again)
	}
	if err := w.run(qPutCall, citizen, int64(c.Reason), due, ms(c.Expires), w.now); err != nil {
		return false, fmt.Errorf("put call-back: %w", err)
	}
	return true, nil
}

// joinCall joins a wish to the call of a row of sqlOpenCall.
func (w *writer) joinCall(open []value, c *gateway.CallWish, due int64) error {
	if err := w.run(qMergeCall, int64(c.Reason), joinedDue(open, c, due, w.now), ms(c.Expires), w.now, number(open[0])); err != nil {
		return fmt.Errorf("join call-back: %w", err)
	}
	return nil
}

// joinedDue is when the call of a row of sqlOpenCall is due with a wish for due. One
// that waits comes as early as the wish, unless it was placed too short a time ago.
// One that is being placed is due again only after a wish for one more.
func joinedDue(open []value, c *gateway.CallWish, due, now int64) int64 {
	state, was, at := gateway.CallState(number(open[1])), gateway.CallReason(number(open[4])), number(open[2]) //nolint:gosec // written by this package
	again := number(open[3]) + c.Apart.Milliseconds()
	switch {
	case state == gateway.CallDialling && more(was, c.Reason):
		return max(due, again)
	case state == gateway.CallDialling, now < again:
		return at
	}
	return min(due, at)
}

// more says that a wish which comes while she is being called is one for a further
// call. That a call-back of a call that was cut off is cut off too is none: she may
// not want it, and would be called for ever.
func more(was, why gateway.CallReason) bool {
	return why&gateway.CallAsked != 0 || why&^was&gateway.CallDropped != 0
}

// DueCalls are up to limit calls that wait and whose time has come, oldest first.
func (s *Store) DueCalls(ctx context.Context, limit int) ([]gateway.Call, error) {
	return s.calls(ctx, rDueCalls, s.now().UnixMilli(), int64(limit))
}

// Calls are the call-backs that f chooses, in the order of their numbers.
func (s *Store) Calls(ctx context.Context, f gateway.CallFilter) ([]gateway.Call, error) {
	if f.Limit <= 0 {
		f.Limit = pageOfItems
	}
	q := rOpenCalls
	if f.All {
		q = rCalls
	}
	return s.calls(ctx, q, f.After, int64(f.Limit))
}

// CallCounts is how many call-backs that are not pruned stand in each state.
func (s *Store) CallCounts(ctx context.Context) (map[gateway.CallState]int64, error) {
	counts := make(map[gateway.CallState]int64)
	err := s.read(ctx, func(c *conn) error {
		return c.each(rCallCounts, func(v []value) error {
			counts[gateway.CallState(number(v[0]))] = number(v[1]) //nolint:gosec // written by this package
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("count call-backs: %w", err)
	}
	return counts, nil
}

func (s *Store) calls(ctx context.Context, q query, args ...value) ([]gateway.Call, error) {
	var list []gateway.Call
	err := s.read(ctx, func(c *conn) error {
		return c.each(q, func(v []value) error {
			list = append(list, callOf(v))
			return nil
		}, args...)
	})
	if err != nil {
		return nil, fmt.Errorf("list call-backs: %w", err)
	}
	return list, nil
}

// callOf is the call-back of a row of callColumns.
func callOf(v []value) gateway.Call {
	return gateway.Call{
		ID: number(v[0]), Citizen: gateway.Address(text(v[1])),
		Reason: gateway.CallReason(number(v[2])), State: gateway.CallState(number(v[3])), //nolint:gosec // written by this package
		Tries: int(number(v[4])), Due: instant(number(v[5])), Expires: instant(number(v[6])),
		Created: instant(number(v[7])), Updated: instant(number(v[8])), Note: text(v[9]),
	}
}

// BeginCall writes down that a waiting call is being placed, before it is, and
// counts it. Errors: [gateway.ErrNotFound] when it does not wait any more, and
// [gateway.ErrNumberCap] and [gateway.ErrDayCap], with which it goes on waiting.
func (s *Store) BeginCall(ctx context.Context, id int64, caps gateway.CallCaps) error {
	err := s.do(ctx, func(w *writer) error {
		v, err := w.first(qCall, id)
		if err != nil {
			return err
		}
		if v == nil || callOf(v).State != gateway.CallWaiting {
			return refusal{gateway.ErrNotFound}
		}
		citizen := text(v[1])
		if err := w.withinCaps(citizen, caps); err != nil {
			return err
		}
		if err := w.countCall(caps.Day, citizen, 1); err != nil {
			return err
		}
		return w.run(qBeginCall, w.now, id)
	})
	if err != nil {
		return fmt.Errorf("begin call-back %d: %w", id, err)
	}
	return nil
}

// withinCaps refuses one more call on a day that has had as many as it may, to a
// citizen or in all.
func (w *writer) withinCaps(citizen string, caps gateway.CallCaps) error {
	for _, cap := range []struct {
		whose string
		most  int
		err   error
	}{{citizen, caps.PerNumber, gateway.ErrNumberCap}, {"", caps.InAll, gateway.ErrDayCap}} {
		counted, err := w.first(qCounted, int64(caps.Day), cap.whose)
		if err != nil {
			return err
		}
		if counted != nil && cap.most > 0 && number(counted[0]) >= int64(cap.most) {
			return refusal{cap.err}
		}
	}
	return nil
}

// countCall adds n to the calls of a day, to a citizen and in all.
func (w *writer) countCall(day int, citizen string, n int64) error {
	for _, whose := range []string{citizen, ""} {
		if err := w.run(qCountCall, int64(day), whose, n); err != nil {
			return fmt.Errorf("count call-back: %w", err)
		}
	}
	return nil
}

// EndCall writes what has come of a call. What the citizen has not heard by the
// time that it ends for good becomes messages, in the same commit. A call that
// is to be placed again, and is not needed any more, ends; one that ends, and is
// wished for once more, waits. The error is [gateway.ErrFinal] when it has ended,
// [gateway.ErrNotFound] when there is none.
func (s *Store) EndCall(ctx context.Context, e gateway.CallEnd) error {
	err := s.do(ctx, func(w *writer) error { return w.endCall(e) })
	if err != nil {
		return fmt.Errorf("end call-back %d: %w", e.ID, err)
	}
	return nil
}

func (w *writer) endCall(e gateway.CallEnd) error {
	v, err := w.first(qCall, e.ID)
	if err != nil {
		return err
	}
	if v == nil {
		return refusal{gateway.ErrNotFound}
	}
	c := callOf(v)
	if c.State.Final() {
		return refusal{gateway.ErrFinal}
	}
	var back int64
	if e.Day != 0 && c.State == gateway.CallDialling {
		back = 1
		if err := w.countCall(e.Day, c.Citizen.Reveal(), -1); err != nil {
			return err
		}
	}
	if e.State == gateway.CallWaiting && c.Due.IsZero() { // she came meanwhile
		e.State = gateway.CallNeedless
	}
	if onceMore(&c, number(v[callDialled]), e.State) {
		e.State, e.Due, back = gateway.CallWaiting, c.Due, int64(c.Tries)
	}
	if err := w.run(qMoveCall, int64(e.State), ms(e.Due), e.Note, back, w.now, c.ID); err != nil {
		return err
	}
	if !e.State.Final() {
		return nil
	}
	return w.tellBySMS(c.Citizen)
}

// onceMore says that a call which ends was wished for once more while it was placed:
// see [joinedDue]. A number that cannot be called is left in peace.
func onceMore(c *gateway.Call, dialled int64, end gateway.CallState) bool {
	return c.State == gateway.CallDialling && ms(c.Due) > dialled && end.Final() && end != gateway.CallRefused
}

// recallCalls ends the calls that were placed when an earlier process died.
func (w *writer) recallCalls() error {
	rows, err := w.rows(qDialling)
	if err != nil {
		return fmt.Errorf("find call-backs: %w", err)
	}
	for _, v := range rows {
		if err := w.endCall(gateway.CallEnd{ID: number(v[0]), State: gateway.CallUnknown, Note: diedCalling}); err != nil {
			return fmt.Errorf("end call-back: %w", err)
		}
	}
	return nil
}

// dayOf is the day of a time, such as 20261122.
func dayOf(t time.Time) int {
	y, m, d := t.Date()
	return (y*100+int(m))*100 + d
}
