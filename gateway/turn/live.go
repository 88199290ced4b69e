package turn

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"setu/channels"
	"setu/gateway"
	"setu/gateway/crashpoint"
	"setu/gateway/packed"
	"setu/i18n"
	"setu/internal/panics"
	"setu/ledgerclient"
)

var _ channels.Handler = (*Taker)(nil)

// screen is what a live input is answered with.
type screen struct {
	reply gateway.Reply
	err   error
}

// live says that a citizen waits for the job's screen.
func (j *job) live() bool { return j.reply != nil }

// Handle takes the turn of one input of a live dialogue and gives the screen to
// show, which is on disk by then. The reply is never empty for New and Input: with
// an error it is the engine's word that we are busy, which ends the dialogue.
// Errors: [ErrBusy]; those of the store, which are logged here; and that of ctx,
// which bounds only the wait behind others: a turn in hand goes on.
func (t *Taker) Handle(ctx context.Context, in gateway.Inbound) (gateway.Reply, error) {
	if in.Event == gateway.Abort || in.Event == gateway.Timeout {
		return gateway.Reply{}, nil // what was said stands in the store
	}
	in.At = in.At.UTC().Truncate(time.Millisecond) // as the store keeps it
	j := &job{in: in, reply: make(chan screen, 1)}
	if in.Key == "" {
		j.nonce = rand.Text()
	}
	s := t.await(ctx, j)
	return s.reply, s.err
}

// await has the turn of a live job taken and waits for its screen.
func (t *Taker) await(ctx context.Context, j *job) screen {
	if err := t.reserve(ctx); err != nil {
		return screen{t.busy(j.in), err}
	}
	switch t.lanes.enter(j) {
	case full:
		<-t.room
		t.counts.Throttled.Add(1)
		return screen{t.busy(j.in), ErrBusy}
	case follows:
		<-t.room // the turn in hand has its own
	case heads:
		t.turns.Add(1)
		t.head(j) //nolint:contextcheck // the turn is finished even if nobody waits for it
		return <-j.reply
	}
	select {
	case s := <-j.reply:
		return s
	case <-ctx.Done():
		return screen{t.busy(j.in), ctx.Err()}
	}
}

// reserve takes room for one turn, and waits for it no longer than a citizen
// does.
func (t *Taker) reserve(ctx context.Context) error {
	select {
	case t.room <- struct{}{}:
		return nil
	default:
	}
	wait := time.NewTimer(DefaultLivePatience)
	defer wait.Stop()
	select {
	case t.room <- struct{}{}:
		return nil
	case <-wait.C:
		t.counts.Throttled.Add(1)
		return ErrBusy
	case <-ctx.Done():
		return ctx.Err()
	}
}

// head takes the turn of a live input that is alone in its lane, on its caller's
// goroutine. What came meanwhile is served by another.
func (t *Taker) head(j *job) {
	t.guardedLive(j)
	next := t.lanes.next(j.in.From)
	if next == nil {
		<-t.room
		t.turns.Done()
		return
	}
	go t.work(next) // with the room and the count of this turn
}

// guardedLive takes the turn of a live input and survives a panic in it.
func (t *Taker) guardedLive(j *job) {
	defer func() {
		if p := recover(); p != nil {
			t.counts.Faults.Add(1)
			t.Log.Error("turn panicked; the input is given up", slog.String("medium", string(j.in.Medium)), slog.String("panic", panics.Text(p)), slog.String("stack", string(debug.Stack())))
			s, _ := t.sessions.get(j.in.From) // reading the store may be what panicked
			t.sessions.drop(j.in.From)
			t.show(j, screen{t.busyTo(s, j.in), fmt.Errorf("turn: %w", errPanic)})
		}
	}()
	var r gateway.Reply
	var err error
	for range maxTakes {
		if r, err = t.takeLive(j); !t.anew(j, err) {
			break
		}
	}
	if err != nil {
		if !errors.Is(err, gateway.ErrFull) && !errors.Is(err, gateway.ErrNoPIN) { // of a full disk the store speaks once
			t.counts.Faults.Add(1)
			t.Log.Error("live turn not taken", slog.String("medium", string(j.in.Medium)), slog.String("error", err.Error()))
		}
		r = t.busy(j.in)
	}
	t.show(j, screen{r, err})
}

// errPanic stands for a panic, whose text is in the log.
var errPanic = errors.New("panic in a dialogue")

// show hands a screen to the caller who waits for it. There is one.
func (t *Taker) show(j *job, s screen) {
	select {
	case j.reply <- s:
	default: // it has its screen: the panic came after
	}
}

// busy is the screen of a turn that cannot be taken, in the language that is
// asked for, or the citizen's.
func (t *Taker) busy(in gateway.Inbound) gateway.Reply {
	s, ok := t.sessions.get(in.From)
	if !ok && !in.From.Guest() {
		// Not put into memory: another turn of hers may be in hand. Without an
		// answer it is the session of somebody who is not known.
		s, _ = t.Store.Session(t.ctx, in.From)
	}
	return t.busyTo(s, in)
}

// busyTo is the word that we are busy to the citizen of a session.
func (t *Taker) busyTo(s gateway.Session, in gateway.Inbound) gateway.Reply {
	f := i18n.Format{Lang: cmp.Or(in.Lang, s.Lang, i18n.Bengali), Native: s.Native, Latin: s.Latin}
	return t.Dialogue.Notice(f, NoticeBusy, nil)
}

// takeLive takes one turn from the input to its commit, and waits for a
// transaction's outcome.
func (t *Taker) takeLive(j *job) (gateway.Reply, error) {
	s, err := t.session(j.in.From)
	if err != nil {
		return gateway.Reply{}, err
	}
	if j.resetPIN {
		return gateway.Reply{}, t.takeReset(j, s)
	}
	out := t.Dialogue.Step(s, j.in)
	j.meter(out.Notes)
	if out.Again {
		t.counts.Duplicates.Add(1)
		return out.Reply, nil
	}
	var effects []gateway.Effect
	if out.Query != nil || out.Submit != nil || out.Lookup != "" || out.PIN != "" {
		if out, effects, err = t.consult(j, out); err != nil {
			return gateway.Reply{}, err
		}
	}
	if j.in.Form != nil && t.formEnded(j, s, &out, effects) {
		return out.Reply, nil
	}
	effects = t.beside(effects, j, &out)
	receipt := transactionOf(effects)
	if receipt != "" && t.Ledger.Up() {
		w := t.waiters.add(receipt)
		defer t.waiters.remove(receipt)
		if err := t.commitLive(j, s, &out, effects); err != nil {
			return gateway.Reply{}, err
		}
		return t.outcome(j, out, w), nil
	}
	return out.Reply, t.commitLive(j, s, &out, effects)
}

// formEnded leaves the dialogue that a citizen is in as it was if a form beside it
// has come to its end. It reports whether nothing is to be written.
func (t *Taker) formEnded(j *job, before gateway.Session, out *gateway.Outcome, effects []gateway.Effect) bool {
	if j.in.Form.Service == "" || !out.Reply.End {
		return false
	}
	out.Session.Dialogue = before.Dialogue
	if len(effects) > 0 {
		return false // the answer is kept with its key, for a retry
	}
	t.unwritten(j)
	return true
}

// unwritten ends a turn that changed nothing. What it counted is written with
// what others counted, and not waited for: nobody is told of it.
func (t *Taker) unwritten(j *job) {
	t.counts.Turns.Add(1)
	t.tally.add(j.meters, t.writeTally)
	j.meters = nil
}

// transactionOf is the receipt of the transaction among effects, if there is one.
func transactionOf(effects []gateway.Effect) ledgerclient.Receipt {
	for i := range effects {
		if effects[i].Kind == gateway.Transaction {
			return effects[i].Tx.Receipt
		}
	}
	return ""
}

// commitLive writes what a live turn changed and counted, with the screen, and
// leaves the session as it is stored in out.
func (t *Taker) commitLive(j *job, before gateway.Session, out *gateway.Outcome, effects []gateway.Effect) error {
	after := &out.Session
	after.Citizen, after.Version = before.Citizen, before.Version
	packed.Show(after, out.Reply)
	if before.Citizen.Guest() { // who is not known is not remembered on the disk
		t.sessions.put(*after)
		t.unwritten(j)
		return nil
	}
	crashpoint.Here(crashpoint.BeforeCommit)
	c := gateway.Commit{Session: after, Effects: effects, Meters: j.meters, Call: t.wish(&before, out), Repeated: j.repeated}
	if !j.told {
		c.Live = &j.in
	}
	if _, err := t.write(c); err != nil {
		t.sessions.drop(before.Citizen)
		return err
	}
	j.meters, j.repeated, j.told = nil, nil, true
	after.Version++
	t.sessions.put(*after)
	t.counts.Turns.Add(1)
	return nil
}

// outcome waits for a transaction as long as the citizen does. In time, the
// screen is its outcome; else it stays that the request is received.
func (t *Taker) outcome(j *job, out gateway.Outcome, w <-chan gateway.Reply) gateway.Reply {
	received := out.Reply
	wait := time.NewTimer(t.patience(j.in.Medium))
	defer wait.Stop()
	select {
	case out.Reply = <-w:
	case <-wait.C:
		return received
	case <-t.ctx.Done():
		return received
	}
	before := out.Session
	out.Session.Pending = ""
	if j.in.Form == nil {
		out.Session.Dialogue.Last = packed.Of(out.Reply)
	}
	if err := t.commitLive(j, before, &out, nil); err != nil {
		t.Log.Warn("outcome not shown", slog.String("medium", string(j.in.Medium)), slog.String("error", err.Error()))
		return received // which is on disk
	}
	return out.Reply
}

// Settled is told by the outbox what a citizen is told of her transaction, when
// that is on disk. Who waits for it on a live channel gets it.
func (t *Taker) Settled(r ledgerclient.Receipt, reply gateway.Reply) { t.waiters.tell(r, reply) }

// waiters are the live turns that wait for the outcome of a transaction.
type waiters struct {
	n  atomic.Int64 // of them, so that a message's transaction takes no lock
	mu sync.Mutex
	by map[ledgerclient.Receipt]chan gateway.Reply
}

// Waiting is how many live turns wait for an outcome.
func (t *Taker) Waiting() int { return int(t.waiters.n.Load()) }

func (w *waiters) add(r ledgerclient.Receipt) <-chan gateway.Reply {
	ch := make(chan gateway.Reply, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.by == nil {
		w.by = map[ledgerclient.Receipt]chan gateway.Reply{}
	}
	w.by[r] = ch
	w.n.Add(1)
	return ch
}

func (w *waiters) remove(r ledgerclient.Receipt) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.by, r)
	w.n.Add(-1)
}

func (w *waiters) tell(r ledgerclient.Receipt, reply gateway.Reply) {
	if w.n.Load() == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if ch, ok := w.by[r]; ok {
		select {
		case ch <- reply:
		default: // it is told once
		}
	}
}

// copies says that an answer is also sent by SMS, since it took more than one
// screen or is shorter on the screen than it could be.
func (t *Taker) copies(j *job, out gateway.Outcome) bool {
	m := j.in.Medium
	if !m.Live() || m == gateway.App || t.silent(j, &out.Session) {
		return false
	}
	if t.Screens != nil && t.Screens(out.Reply, m, j.in.Link) > 1 {
		return true
	}
	return utf8.RuneCountInString(t.Words.Render(out.Reply, m)) < utf8.RuneCountInString(t.Words.Render(out.Reply, gateway.SMS))
}
