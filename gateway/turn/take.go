package turn

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"setu/gateway"
	"setu/gateway/crashpoint"
	"setu/internal/panics"
	"setu/ledgerclient"
)

// errPending says that an earlier transaction waits for the ledger.
var errPending = errors.New("turn: an earlier transaction is not recorded yet")

// maxTakes is how often a turn is taken because the store refuses what came of
// it, see [Taker.anew]; more than that is a fault.
const maxTakes = 4

// ErrBusy says that a citizen has too many messages waiting; her provider is
// to try again later.
var ErrBusy = errors.New("turn: too many messages of one citizen")

// guarded takes j's turn and survives a panic in it: the message is given up,
// so that it cannot bring down every start, and the citizen is asked to try
// again. It says how long the lane is to wait before j's turn is tried once more;
// 0 is that the next of the lane may have its turn.
func (t *Taker) guarded(j *job) time.Duration {
	defer func() {
		if p := recover(); p != nil {
			t.counts.Faults.Add(1)
			t.Log.Error("turn panicked; the message is given up", slog.Int64("row", j.row), slog.String("panic", panics.Text(p)), slog.String("stack", string(debug.Stack())))
			t.giveUp(j)
		}
	}()
	var err error
	for range maxTakes {
		if err = t.take(j); !t.anew(j, err) {
			break
		}
	}
	t.answer(j, err)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, gateway.ErrFull): // the store speaks of it once
		if j.row == 0 {
			return 0 // its provider was refused, and knows
		}
		return fullPause
	}
	t.counts.Faults.Add(1)
	t.Log.Error("turn not taken", slog.Int64("row", j.row), slog.String("error", err.Error()))
	return t.putOff(j)
}

// giveUp ends a message that no turn can be taken for.
func (t *Taker) giveUp(j *job) {
	c := gateway.Commit{Turned: true, Inbox: j.row}
	if j.row == 0 {
		c.Accept, c.Joined = &j.in, j.joined
	}
	s, _ := t.sessions.get(j.in.From)
	c.Effects = t.say(nil, j.in, t.busyTo(s, j.in), ClassAnswer, time.Time{})
	_, err := t.write(c)
	t.answer(j, err)
}

// The pauses before an accepted message's turn is tried again after a fault: the
// lane waits for 1, 2, 4, 8 and 16 s, in which a token or a disk comes back. What
// takes longer may be the fault of the message itself, which must not shut its
// citizen out: then others have their turns, and it is tried every 30 s.
const (
	firstPause = time.Second
	maxHolds   = 5
	retryAfter = 30 * time.Second
)

// putOff has the turn of an accepted message taken later; one that is not accepted
// is sent again by its provider. It says how long the lane waits for that.
func (t *Taker) putOff(j *job) time.Duration {
	switch {
	case j.row == 0 || t.ctx.Err() != nil:
		return 0
	case j.holds < maxHolds:
		j.holds++
		return firstPause << (j.holds - 1)
	}
	time.AfterFunc(retryAfter, func() {
		if t.ctx.Err() == nil {
			t.enter(j.afresh())
		}
	})
	return 0
}

// fullPause is between two looks at a disk that was full.
const fullPause = 500 * time.Millisecond

// hold serves j's lane after a pause, from j on: its citizen's next message must
// not have its turn before this one.
func (t *Taker) hold(j *job, pause time.Duration) {
	time.AfterFunc(pause, func() {
		if t.ctx.Err() == nil {
			t.start(j.afresh())
		}
	})
}

// answer calls j.done once.
func (t *Taker) answer(j *job, err error) {
	if j.done != nil {
		j.done(err)
		j.done = nil
	}
}

// take takes one turn from the message to its commit.
func (t *Taker) take(j *job) error {
	s, err := t.session(j.in.From)
	if err != nil {
		return err
	}
	out := t.Dialogue.Step(s, j.in)
	j.meter(out.Notes)
	var effects []gateway.Effect
	if out.Query != nil || out.Submit != nil || out.Lookup != "" {
		if out, effects, err = t.consult(j, out); err != nil || j.dropped {
			return err
		}
	}
	effects = t.say(effects, j.in, out.Reply, ClassAnswer, time.Time{})
	crashpoint.Here(crashpoint.BeforeCommit)
	return t.commit(j, s, &out, effects)
}

// acceptFirst makes j durable on its own, so that its provider is answered
// before a ledger is asked. On a live channel nobody but the citizen waits.
func (t *Taker) acceptFirst(j *job) error {
	if j.row != 0 || j.live() {
		return nil
	}
	c, err := t.write(gateway.Commit{Accept: &j.in, Joined: j.joined})
	if err != nil {
		return err
	}
	j.row, j.dropped = c.Inbox, c.Duplicate
	t.countDuplicate(c)
	t.answer(j, nil)
	return nil
}

// commit writes what the turn changed and passes the leased effects on.
func (t *Taker) commit(j *job, before gateway.Session, out *gateway.Outcome, effects []gateway.Effect) error {
	after := out.Session
	c := gateway.Commit{Turned: true, Effects: effects, Inbox: j.row, Meters: j.meters, Call: t.wish(&before, out), Repeated: j.repeated}
	if j.row == 0 {
		c.Accept, c.Joined = &j.in, j.joined
	}
	after.Citizen, after.Version = before.Citizen, before.Version
	if !before.Rests(&after) {
		c.Session = &after
	}
	done, err := t.write(c)
	if errors.Is(err, gateway.ErrTurned) {
		return nil // another turn of the same message was faster
	}
	if err != nil {
		t.sessions.drop(j.in.From)
		return err
	}
	t.countDuplicate(done)
	t.answer(j, nil)
	if done.Duplicate {
		return nil
	}
	if c.Session != nil {
		after.Version++
	}
	t.sessions.put(after)
	t.counts.Turns.Add(1)
	return nil
}

// countDuplicate counts a message that had come before.
func (t *Taker) countDuplicate(c gateway.Committed) {
	if c.Duplicate {
		t.counts.Duplicates.Add(1)
	}
}

// write commits c and waits until it is on disk. Leased items go to the outbox
// from the store's callback, ahead of everything that waits for this turn.
func (t *Taker) write(c gateway.Commit) (gateway.Committed, error) {
	type result struct {
		c   gateway.Committed
		err error
	}
	ch := make(chan result, 1)
	t.Store.Commit(c, func(done gateway.Committed, err error) {
		crashpoint.Here(crashpoint.AfterCommit)
		if len(done.Items) > 0 {
			t.Outbox.Dispatch(done.Items)
		}
		ch <- result{done, err}
	})
	r := <-ch
	return r.c, r.err
}

// session is the citizen's session, from memory or from the store.
func (t *Taker) session(a gateway.Address) (gateway.Session, error) {
	if s, ok := t.sessions.get(a); ok {
		return s, nil
	}
	if a.Guest() {
		return gateway.Session{Citizen: a}, nil
	}
	s, err := t.Store.Session(t.ctx, a)
	if err != nil {
		return s, fmt.Errorf("load session: %w", err)
	}
	t.sessions.put(s)
	return s, nil
}

// catchUp waits until the citizen's latest transaction is final, so that the
// answer to her question shows what she did before it.
func (t *Taker) catchUp(ctx context.Context, s *gateway.Session) error {
	if s.Pending == "" {
		return nil
	}
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for s.Pending != "" {
		st, err := t.Store.Standing(ctx, s.Pending)
		switch {
		case err != nil:
			return fmt.Errorf("look up pending transaction: %w", err)
		case st.State.Final():
			s.Pending = ""
			return nil
		case !t.Ledger.Up():
			return &ledgerclient.Error{Class: ledgerclient.Before, Op: "evaluate", Err: errPending}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-look.C:
		}
	}
	return nil
}

// pinPurpose keeps the digests of PINs apart from the departments' pseudonyms.
const pinPurpose = "setu/pin"

// consult carries out what the dialogue asked for: a query, a transaction or a
// look at a receipt. It returns the dialogue's outcome after it.
func (t *Taker) consult(j *job, out gateway.Outcome) (gateway.Outcome, []gateway.Effect, error) {
	// An answer may lead to a further question; a service that asks without
	// end is cut off.
	const maxQuestions = 4
	ctx := t.ctx
	if j.live() { // who waits, waits for all of them
		ctx = t.ends.after(ctx, t.patience(j.in.Medium))
	}
	for range maxQuestions {
		switch {
		case out.Query != nil:
			next, effects, err := t.ask(ctx, j, out)
			if err != nil || j.dropped || len(effects) > 0 {
				return next, effects, err
			}
			out = next
		case out.Submit != nil:
			return t.submit(j, out)
		case out.Lookup != "" || out.PIN != "":
			var err error
			if out, err = t.lookUp(j, out); err != nil {
				return out, nil, err
			}
		default:
			return out, nil, nil
		}
	}
	return out, nil, fmt.Errorf("turn: a service asks the ledger more than %d times for one message", maxQuestions)
}

// ask asks the ledger a question, which is accepted before, unless the ledger is
// at hand and answers sooner than the disk. With effects the turn is over: the
// answer comes late, or goes by SMS too.
func (t *Taker) ask(ctx context.Context, j *job, out gateway.Outcome) (gateway.Outcome, []gateway.Effect, error) {
	if out.Session.Pending != "" || !t.Ledger.Near() {
		if err := t.acceptFirst(j); err != nil || j.dropped {
			return out, nil, err
		}
	}
	next, late := t.query(ctx, j, out)
	switch {
	case late != nil:
		return next, []gateway.Effect{*late}, nil
	case next.Reply.End && !out.Query.Silent && t.copies(j, next):
		return next, t.say(nil, j.in, next.Reply, ClassAnswer, time.Time{}), nil
	}
	return next, nil, nil
}

// lookUp answers what needs no ledger: where a receipt stands, or the digest of
// what was typed as a PIN.
func (t *Taker) lookUp(j *job, out gateway.Outcome) (gateway.Outcome, error) {
	if out.PIN != "" {
		mac, err := t.Signer.Pseudonym(pinPurpose, j.in.From.Reveal()+"/"+out.PIN.Reveal())
		if err != nil {
			return out, fmt.Errorf("prove a PIN: %w", err)
		}
		return t.Dialogue.Proven(out.Session, j.in.Medium, mac, t.Now()).In(j.in.Lang), nil
	}
	st, err := t.Store.Standing(t.ctx, out.Lookup)
	if err != nil {
		return out, fmt.Errorf("look up receipt: %w", err)
	}
	if st.Receipt == "" {
		st.Receipt = out.Lookup
	}
	return t.Dialogue.Standing(out.Session, st, t.Now()).In(j.in.Lang), nil
}

// patience is how long a citizen waits for the ledger.
func (t *Taker) patience(m gateway.Medium) time.Duration {
	if !m.Live() {
		return t.Patience
	}
	if d, ok := t.LivePatience[m]; ok {
		return d
	}
	return DefaultLivePatience
}

// query asks the ledger and waits as long as the channel has patience. If the
// answer does not come, late is the question as an effect: the citizen is told
// that its answer follows.
func (t *Taker) query(ctx context.Context, j *job, out gateway.Outcome) (next gateway.Outcome, late *gateway.Effect) {
	ask := *out.Query
	ask.Partner = j.in.Link
	if !j.live() {
		ctx = t.ends.after(ctx, t.patience(j.in.Medium))
	}
	err := t.catchUp(ctx, &out.Session)
	if err == nil {
		var answer ledgerclient.Answer
		if answer, err = t.evaluate(ctx, ask, j.in); err == nil {
			j.meters = append(j.meters, ask.Meter(gateway.Question, gateway.Answered))
			return t.Dialogue.Resume(out.Session, ask, answer, t.Now()), nil
		}
	}
	t.counts.Deferred.Add(1)
	t.Log.InfoContext(ctx, "question deferred", slog.Int64("row", j.row), slog.String("service", ask.Service), slog.String("class", ledgerclient.ClassOf(err).String()))
	now := t.Now()
	out.Query = nil
	if ask.Silent || t.silent(j, &out.Session) {
		j.meters = append(j.meters, ask.Meter(gateway.Question, gateway.Expired))
		out.Reply = t.Dialogue.Notice(ask.Format, NoticeExpired, nil)
		return out, nil
	}
	out.Reply = t.Dialogue.Notice(ask.Format, NoticeLater, nil)
	if ask.Medium == gateway.App {
		out.Reply.Result = &gateway.Result{Pending: true}
	}
	return out, &gateway.Effect{
		Kind: gateway.Question, Lane: gateway.Question.Lane(j.in.From),
		Expires: now.Add(t.AnswerLife), Ask: &ask, To: t.late(j.in),
	}
}
