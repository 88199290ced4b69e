package outbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"setu/gateway"
	"setu/gateway/crashpoint"
	"setu/i18n"
	"setu/internal/panics"
	"setu/ledgerclient"
)

// Keys of the dialogue's notices that the outbox gives.
const (
	NoticeExpired = "late-expired"  // a question was not answered in time
	NoticeRefused = "refused-later" // a transaction cannot be done; the office looks into it
	NoticeUnsure  = "unsure-later"  // nor is it known whether it is done
)

// ClassResult is the class of messages that tell a result of the ledger.
const ClassResult = "result"

// runLedger does ledger work until ctx ends.
func (w *Worker) runLedger(ctx context.Context) {
	if !w.begun(ctx) {
		return
	}
	for {
		it, ok := w.ledger.pop(ctx)
		if !ok {
			return
		}
		w.work(ctx, it)
		if !w.Ledger.Up() && !rest(ctx, routePause) {
			return
		}
	}
}

// begun waits until the ledger's work may begin; it is false when ctx ends
// before.
func (w *Worker) begun(ctx context.Context) bool {
	if w.Begin == nil {
		return ctx.Err() == nil
	}
	select {
	case <-w.Begin:
		return true
	case <-ctx.Done():
		return false
	}
}

// work does one transaction or question; a panic parks it.
func (w *Worker) work(ctx context.Context, it gateway.Item) {
	defer func() {
		if p := recover(); p != nil {
			w.Log.ErrorContext(ctx, "ledger work panicked", slog.Int64("item", it.ID), slog.String("panic", panics.Text(p)), slog.String("stack", string(debug.Stack())))
			w.park(it, errors.New("outbox: panic"))
		}
	}()
	if w.Now().After(it.Leased) {
		return // it is somebody else's by now
	}
	ctx, cancel := context.WithTimeout(ctx, w.LedgerWait)
	defer cancel()
	switch {
	case it.Kind == gateway.Question && it.Ask != nil:
		w.question(ctx, it)
	case it.Kind == gateway.Transaction && it.Ask != nil && it.Tx != nil:
		w.transaction(ctx, it)
	default:
		w.park(it, errors.New("outbox: item without content"))
	}
}

// question asks the ledger late, and sends the answer as a message.
func (w *Worker) question(ctx context.Context, it gateway.Item) {
	if !it.Expires.IsZero() && w.Now().After(it.Expires) {
		w.counts.Expired.Add(1)
		w.tell(leaseOf(&it), gateway.Progress{
			State: gateway.Expired, Reason: "the ledger did not answer in time",
			Effects: w.message(it, w.Dialogue.Notice(it.Ask.Format, NoticeExpired, nil)),
		})
		return
	}
	q, err := w.sign(ctx, it)
	switch {
	case errors.Is(err, ledgerclient.ErrEnvelope), errors.Is(err, ledgerclient.ErrName), errors.Is(err, ledgerclient.ErrText):
		w.park(it, err)
		return
	case err != nil:
		// The token may be out of reach, or another key must be made: the
		// question waits for it as long as its citizen does.
		w.later(it, gateway.Queued, err)
		return
	}
	answer, err := w.Ledger.Evaluate(ctx, q)
	if err != nil {
		if ledgerclient.ClassOf(err).Action() == ledgerclient.Park {
			w.park(it, err)
			return
		}
		// A question changes nothing: whatever happened, it may be asked
		// again.
		w.later(it, gateway.Queued, err)
		return
	}
	w.counts.Answered.Add(1)
	w.tell(leaseOf(&it), gateway.Progress{
		State: gateway.Answered, Code: answer.Code,
		Effects: w.lateAnswer(it, w.Dialogue.Settle(*it.Ask, answer, "")),
	})
}

// lateAnswer is the message that tells a late answer; to who asked by telephone it
// may be said.
func (w *Worker) lateAnswer(it gateway.Item, r gateway.Reply) []gateway.Effect {
	effects := w.message(it, r)
	if it.Ask.Medium == gateway.IVR {
		for i := range effects {
			effects[i].SMS.Say = &r
		}
	}
	return effects
}

// sign signs the question of it, as of now.
func (w *Worker) sign(ctx context.Context, it gateway.Item) (ledgerclient.SignedQuery, error) {
	pseudonym, err := w.Signer.Pseudonym(it.Ask.Department, it.To.Citizen.Reveal())
	if err != nil {
		return ledgerclient.SignedQuery{}, fmt.Errorf("find a citizen's pseudonym: %w", err)
	}
	return w.Signer.SignQuery(ctx, ledgerclient.Query{
		Call: it.Ask.Call, Time: w.Now().UTC(),
		Caller: ledgerclient.Caller{
			Pseudonym: pseudonym, Channel: string(it.Ask.Medium), Assurance: cmp.Or(it.Ask.Assurance, ledgerclient.Number),
		},
	})
}

// transaction takes a transaction one step further than it stands.
func (w *Worker) transaction(ctx context.Context, it gateway.Item) {
	if it.State != gateway.Queued || it.Attempts > 0 {
		// It may be on the ledger already: ask before anything is repeated.
		out, err := w.Ledger.Find(ctx, it.Tx.Key)
		if err != nil {
			w.failed(it, it.State, err)
			return
		}
		if out.Found {
			w.counts.Settled.Add(1)
			w.settled(it, out)
			return
		}
	}
	if len(it.Tx.Saved.Bytes) > 0 {
		w.submit(ctx, it)
		return
	}
	tx, out, err := w.Ledger.Prepare(ctx, it.Tx.Envelope)
	switch {
	case err != nil:
		w.failed(it, gateway.Queued, err)
		return
	case out.Found:
		w.settled(it, out)
		return
	}
	crashpoint.Here(crashpoint.BeforeSave)
	saved := make(chan error, 1)
	w.Store.Progress(gateway.Progress{ID: it.ID, Token: it.Token, State: gateway.Endorsed, Saved: &tx, Rebuilt: it.Tx.Rebuilt},
		func(_ []gateway.Item, err error) { saved <- err })
	switch err := <-saved; {
	case errors.Is(err, gateway.ErrFull):
		time.AfterFunc(fullPause, func() { w.ledger.push(it) })
		return
	case err != nil:
		w.fault(ctx, "save transaction", err)
		return // not submitted; the lease ends and another takes it
	}
	it.State, it.Tx.Saved = gateway.Endorsed, tx
	w.submit(ctx, it)
}

// submit hands the saved bytes over.
func (w *Worker) submit(ctx context.Context, it gateway.Item) {
	crashpoint.Here(crashpoint.BeforeSubmit)
	out, err := w.Ledger.Submit(ctx, it.Tx.Saved)
	crashpoint.Here(crashpoint.AfterSubmit)
	switch {
	case err != nil:
		w.failed(it, gateway.Endorsed, err)
	case !out.Found:
		w.failed(it, gateway.Submitted, &ledgerclient.Error{Class: ledgerclient.Unknown, Op: "submit", Err: errors.New("not recorded yet")})
	default:
		w.settled(it, out)
	}
}

// settled ends a transaction and tells the citizen.
func (w *Worker) settled(it gateway.Item, out ledgerclient.Outcome) {
	p, then := w.Settlement(it, out)
	w.tellThen(leaseOf(&it), p, then)
}

// Settlement is the word that ends a transaction whose outcome is known, with
// what the citizen is told, and what is to be called when it is on disk.
func (w *Worker) Settlement(it gateway.Item, out ledgerclient.Outcome) (p gateway.Progress, then func()) {
	p = gateway.Progress{ID: it.ID, State: gateway.Recorded, Code: out.Answer.Code, Block: out.Answer.AsOf.Block, TxID: out.TxID}
	count := &w.counts.Recorded
	if out.TxID == "" {
		p.State, count = gateway.Rejected, &w.counts.Rejected
	}
	reply := w.Dialogue.Settle(*it.Ask, out.Answer, it.Tx.Receipt)
	if reply.Result != nil {
		reply.Result.Refused = p.State == gateway.Rejected
	}
	p.Effects = w.message(it, reply)
	return p, func() {
		count.Add(1)
		if w.Outcome != nil {
			w.Outcome(it.Tx.Receipt, reply)
		}
	}
}

// failed does what the class of err asks for. stood is where the transaction
// stood when it failed.
func (w *Worker) failed(it gateway.Item, stood gateway.State, err error) {
	switch ledgerclient.ClassOf(err).Action() {
	case ledgerclient.Retry, ledgerclient.Trip:
		w.later(it, stood, err)
	case ledgerclient.Settle:
		w.later(it, gateway.Unknown, err)
	case ledgerclient.Rebuild:
		w.rebuild(it, err)
	case ledgerclient.Park:
		w.park(it, err)
	}
}

// rebuild throws away bytes that the ledger will never record, so that others are
// made of the same envelope. What was rebuilt too often is parked without them: an
// operator's retry begins anew. Other tries, as in an outage, do not count.
func (w *Worker) rebuild(it gateway.Item, err error) {
	l := leaseOf(&it)
	if it.Tx.Rebuilt >= MaxRebuilds {
		p := w.parked(it, err)
		p.Saved = &ledgerclient.Transaction{}
		w.tell(l, p)
		return
	}
	w.counts.Rebuilt.Add(1)
	l.attempts = it.Tx.Rebuilt // a long outage before must not make the pauses longer
	p := w.again(l, err, MaxPause)
	p.Retry, p.Saved, p.Rebuilt = true, &ledgerclient.Transaction{}, it.Tx.Rebuilt+1
	w.tell(l, p)
}

// givenBack is how many items at most are given back when the route is down,
// and how long they rest in the store, where an operator can work on them.
const (
	givenBack    = 64
	givenBackFor = 2 * time.Second
)

// later tries it again after a pause. What was not attempted because the whole
// route is down is given back, without an attempt counted; of a long queue most
// stays in memory, so that an outage costs few writes.
func (w *Worker) later(it gateway.Item, state gateway.State, err error) {
	p := w.again(leaseOf(&it), err, MaxPause)
	p.State, p.Retry = state, true
	if state == gateway.Unknown && w.Following != nil && w.Following() {
		p.Due = latest(p.Due, w.Now().Add(tellPause))
	}
	if ledgerclient.ClassOf(err) == ledgerclient.Before && !w.Ledger.Up() {
		if w.ledger.len() >= givenBack {
			it.State = state
			w.ledger.push(it)
			return
		}
		p.Due, p.Retry = w.Now().Add(givenBackFor), false
	}
	w.tell(leaseOf(&it), p)
}

// tellPause is how long a transaction whose answer was lost waits at least for
// the block that holds it to tell of it: more than the two seconds after which
// Fabric cuts a block by default. Then the ledger is asked.
const tellPause = 3 * time.Second

// latest is the later of two times.
func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// service is what a result is about, for a program that reads it.
func service(it gateway.Item, r gateway.Reply) string {
	if r.Result == nil {
		return ""
	}
	return it.Ask.Service
}

// Discarded is what the citizen of an item is told that an operator has discarded. It
// is not leased.
func (w *Worker) Discarded(it gateway.Item) []gateway.Effect {
	var effects []gateway.Effect
	switch {
	case it.Ask == nil:
		return nil
	case it.Kind == gateway.Transaction && it.Tx != nil:
		receipt := map[string]i18n.Value{"receipt": {Kind: i18n.Receipt, Raw: string(it.Tx.Receipt)}}
		notice := NoticeRefused
		if it.State == gateway.Submitted || it.State == gateway.Unknown || len(it.Tx.Saved.Bytes) > 0 {
			notice = NoticeUnsure // it may be on the ledger
		}
		effects = w.message(it, w.Dialogue.Notice(it.Ask.Format, notice, receipt))
	case it.Kind == gateway.Question:
		effects = w.message(it, w.Dialogue.Notice(it.Ask.Format, NoticeExpired, nil))
	}
	for i := range effects {
		effects[i].Lease = false
	}
	return effects
}

// message is r as a message to the citizen of it.
func (w *Worker) message(it gateway.Item, r gateway.Reply) []gateway.Effect {
	if r.Empty() || it.Ask.Silent {
		return nil
	}
	return []gateway.Effect{{
		Kind: gateway.Message, Lane: gateway.Message.Lane(it.To.Citizen), Lease: true, To: it.To,
		SMS: &gateway.SMSOut{Text: gateway.Private(w.Words.Render(r, it.To.Medium)), Class: ClassResult, Service: service(it, r), Result: r.Result},
	}}
}
