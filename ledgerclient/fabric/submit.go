package fabric

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hyperledger/fabric-gateway/pkg/client"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"setu/ledgerclient"
	"setu/ledgerclient/fabric/protocol"
)

// afterError is how long the status is asked for after a submit failed: what
// went through is in a block by then, and an error may well speak of a
// transaction that did (a BFT orderer says so of one that it has had already).
const afterError = 500 * time.Millisecond

// Submit sends a transaction until a block holds it or ctx ends.
func (l *Ledger) Submit(ctx context.Context, tx ledgerclient.Transaction) (ledgerclient.Outcome, error) {
	const op = opSubmit
	nowhere := ledgerclient.Outcome{}
	if err := ctx.Err(); err != nil {
		// Not this time; but nobody says that it was the first time.
		return nowhere, fault(op, ledgerclient.Unknown, err)
	}
	t, first := l.fresh.take(tx)
	if !first {
		var err error
		if t, err = l.restore(tx); err != nil {
			return nowhere, fault(op, ledgerclient.Refused, err)
		}
	}
	s, transaction := t.saved, t.transaction
	var expected <-chan heard
	if first { // else a block may hold it already, and no other will tell
		expected = l.blocks.expect(s.id)
		defer l.blocks.forget(s.id)
	}
	accepted := false
	for {
		sending, sent := noteSent(ctx)
		if _, err := transaction.SubmitWithContext(sending); err != nil {
			return l.submitFailed(ctx, s, err, accepted || sent.Load(), accepted)
		}
		accepted = true
		st, err := l.await(ctx, s.id, expected)
		switch {
		case err == nil:
			return l.settle(ctx, s, st)
		case ctx.Err() != nil:
			return nowhere, fault(op, ledgerclient.Unknown, ctx.Err())
		case status.Code(err) != codes.DeadlineExceeded:
			return nowhere, fault(op, ledgerclient.Unknown, describe(err))
		}
		// In no block yet: the orderer may have lost it. The same again does
		// no harm if it has not.
		expected = nil
	}
}

// restore makes a transaction of the octets that an outbox has kept.
func (l *Ledger) restore(tx ledgerclient.Transaction) (freshTx, error) {
	s, err := readSaved(tx, l.channel)
	if err != nil {
		return freshTx{}, err
	}
	transaction, err := l.member.Load().gateway.NewTransaction(tx.Bytes)
	return freshTx{tx.Bytes, s, transaction}, err
}

// submitFailed finds out what it can about a transaction whose submit failed.
func (l *Ledger) submitFailed(ctx context.Context, s saved, err error, sent, accepted bool) (ledgerclient.Outcome, error) {
	class := submitClass(err, sent)
	if accepted {
		class = ledgerclient.Unknown
	}
	if ctx.Err() != nil {
		return ledgerclient.Outcome{}, fault(opSubmit, ledgerclient.Unknown, fmt.Errorf("%w: %w", ctx.Err(), err))
	}
	if status.Code(err) == codes.Aborted {
		return l.refused(ctx, s, err)
	}
	if class == ledgerclient.Unknown {
		if st, statusErr := l.status(ctx, s.id, afterError); statusErr == nil {
			return l.settle(ctx, s, st)
		}
		if orderersRefuse(err) || s.expired(l.now()) {
			return l.refused(ctx, s, err)
		}
	}
	return ledgerclient.Outcome{}, fault(opSubmit, class, describe(err))
}

// status waits for a transaction to be in a block. The peer knows no "not
// found": of what it has not seen it says nothing until the time is up.
func (l *Ledger) status(ctx context.Context, id string, limit time.Duration) (*client.Status, error) {
	commit, err := l.member.Load().commit(l.channel, id)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return commit.StatusWithContext(ctx)
}

// settle makes an outcome of a commit status.
func (l *Ledger) settle(ctx context.Context, s saved, st *client.Status) (ledgerclient.Outcome, error) {
	if st.Successful {
		at := ledgerclient.AsOf{Block: st.BlockNumber, Time: s.result.Time}
		l.head.advance(at)
		a := s.result.Answer
		a.AsOf = at
		return ledgerclient.Outcome{Found: true, Answer: a, TxID: s.id}, nil
	}
	err := fmt.Errorf("%w: %s in block %d", errInvalid, st.Code, st.BlockNumber)
	if class := validationClass(st.Code); class != ledgerclient.Conflict {
		return ledgerclient.Outcome{}, fault(opSubmit, class, err)
	}
	return l.again(ctx, s, ledgerclient.Conflict, err)
}

var (
	errInvalid = errors.New("fabric: transaction is recorded as invalid")
	errExpired = errors.New("fabric: the certificate that signed the transaction has expired")
)

// refused is for what the orderers will never take. If the certificate has
// expired meanwhile, a new transaction by another certificate may do: should
// the old one come through after all, the idempotency key makes it invalid.
func (l *Ledger) refused(ctx context.Context, s saved, err error) (ledgerclient.Outcome, error) {
	if s.expired(l.now()) {
		return l.again(ctx, s, ledgerclient.Stale, fmt.Errorf("%w: %w", errExpired, describe(err)))
	}
	return l.again(ctx, s, ledgerclient.Refused, describe(err))
}

// again asks the contract what it would make of the envelope now. It may be
// recorded by another transaction, which is then its outcome; the contract may
// refuse its key by now; otherwise the class is the one given.
func (l *Ledger) again(ctx context.Context, s saved, class ledgerclient.Class, cause error) (ledgerclient.Outcome, error) {
	var r protocol.Result
	if err := l.ask(ctx, &r, protocol.Invoke, s.canonical, s.signature); err != nil {
		if now, ok := contractClass(messages(err)); ok {
			return ledgerclient.Outcome{}, fault(opSubmit, now, fmt.Errorf("%w: %w", cause, err))
		}
		return ledgerclient.Outcome{}, fault(opSubmit, ledgerclient.Unknown, fmt.Errorf("%w: %w", cause, err))
	}
	if r.Found {
		return l.outcome(ctx, opSubmit, r)
	}
	return ledgerclient.Outcome{}, fault(opSubmit, class, cause)
}
