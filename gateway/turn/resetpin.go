package turn

import (
	"cmp"
	"context"
	"time"

	"setu/gateway"
	"setu/i18n"
)

// NoticePINReset tells a citizen that an operator has reset her PIN.
const NoticePINReset = "pin-reset"

// ResetPIN forgets a citizen's PIN and its locks, between two turns of hers, so
// that she chooses another when one is asked for next. She is told by SMS, since
// it may not have been she who asked for it. Errors: [gateway.ErrNoPIN], and
// those of [Taker.Handle].
func (t *Taker) ResetPIN(ctx context.Context, citizen gateway.Address) error {
	return t.await(ctx, &job{
		in:    gateway.Inbound{From: citizen, Medium: gateway.USSD, At: t.Now()},
		reply: make(chan screen, 1), resetPIN: true,
	}).err
}

// takeReset is the turn of a reset.
func (t *Taker) takeReset(j *job, s gateway.Session) error {
	if s.PIN == (gateway.PIN{}) {
		return gateway.ErrNoPIN
	}
	s.PIN, s.Live.Proved = gateway.PIN{}, false
	var effects []gateway.Effect
	if !t.silent(j, &s) {
		f := i18n.Format{Lang: cmp.Or(s.Lang, i18n.Bengali), Native: s.Native, Latin: s.Latin}
		effects = t.say(nil, j.in, t.Dialogue.Notice(f, NoticePINReset, nil), ClassAnswer, time.Time{})
	}
	if _, err := t.write(gateway.Commit{Session: &s, Effects: effects, Act: "pin.reset"}); err != nil {
		t.sessions.drop(s.Citizen)
		return err
	}
	s.Version++
	t.sessions.put(s)
	return nil
}
