package ledgertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"setu/ledgerclient"
)

// sameEnvelopeAtOnce: however many transactions of one envelope race, the
// ledger does the thing once and tells all of them so.
func (s *suite) sameEnvelopeAtOnce() {
	e := s.sign(s.envelope(call("produce", "Register", "crop", "wheat", "weight", "70", "date", "2026-11-30"), citizen))
	txs := make([]ledgerclient.Transaction, 8)
	for i := range txs {
		txs[i] = s.prepare(e)
	}
	outs := make([]ledgerclient.Outcome, len(txs))
	s.parallel(len(txs), func(i int) (err error) {
		outs[i], err = s.Ledger.Submit(s.Context(), txs[i])
		return err
	})
	for i := range outs {
		if diff := cmp.Diff(outs[0], outs[i]); diff != "" || !outs[i].Found {
			s.Errorf("outcome %d differs (-first +this):\n%s", i, diff)
		}
	}
}

// parallel runs f for 0 to n-1 at once.
func (s *suite) parallel(n int, f func(i int) error) {
	s.Helper()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if err := f(i); err != nil {
				s.Errorf("call %d of %d at once: %v", i, n, err)
			}
		})
	}
	wg.Wait()
}

func (s *suite) concurrent() {
	const citizens = 60
	lots := make([]string, citizens)
	s.parallel(citizens, func(i int) error {
		number := fmt.Sprintf("+9198300%05d", i+1)
		e, err := ledgerclient.SignEnvelope(s.Context(), s.Keys,
			s.envelope(call("produce", "Register", "crop", "potato", "weight", fmt.Sprint(100+i), "date", "2026-11-30"), number))
		if err != nil {
			return err
		}
		tx, _, err := s.Ledger.Prepare(s.Context(), e)
		if err != nil {
			return err
		}
		out, err := s.Ledger.Submit(s.Context(), tx)
		lots[i] = out.Answer.Fields["lot"]
		return err
	})
	seen := map[string]bool{}
	for i, lot := range lots {
		if lot == "" || seen[lot] {
			s.Errorf("citizen %d got lot %q, want one of her own", i, lot)
		}
		seen[lot] = true
		a := s.ask(call("produce", "Status", "lot", lot), fmt.Sprintf("+9198300%05d", i+1))
		if a.Fields["weight"] != fmt.Sprint(100+i) {
			s.Errorf("lot %q weighs %q, want %d", lot, a.Fields["weight"], 100+i)
		}
	}
}

// order: a citizen who does, takes back and does again ends as she said last.
func (s *suite) order() {
	acknowledge := call("benefits", "Acknowledge", "beneficiary", "1000000001")
	var last uint64
	for range 3 {
		e := s.envelope(acknowledge, citizen)
		did := s.submit(s.prepare(s.sign(e)))
		undid := s.do(call("benefits", "Undo", "receipt", string(e.Receipt)), citizen)
		if did.Answer.Code != "done" || undid.Answer.Code != "undone" {
			s.Errorf("Acknowledge = %q, Undo = %q, want done and undone", did.Answer.Code, undid.Answer.Code)
		}
		if did.Answer.AsOf.Block <= last || undid.Answer.AsOf.Block <= did.Answer.AsOf.Block {
			s.Errorf("recorded at blocks %d and %d after %d, want them to grow", did.Answer.AsOf.Block, undid.Answer.AsOf.Block, last)
		}
		last = undid.Answer.AsOf.Block
	}
	if out := s.do(acknowledge, citizen); out.Answer.Code != "done" {
		s.Errorf("Acknowledge after Undo = %q, want done", out.Answer.Code)
	}
}

func (s *suite) unknownFunction() {
	_, err := s.Ledger.Evaluate(s.Context(), s.query(call("benefits", "Steal"), citizen))
	s.wantClass("Evaluate(unknown)", err, ledgerclient.Config)
	_, _, err = s.Ledger.Prepare(s.Context(), s.sign(s.envelope(call("benefits", "Steal"), citizen)))
	s.wantClass("Prepare(unknown)", err, ledgerclient.Config)
}

// forged: what was changed after signing is refused for good, and alone.
func (s *suite) forged() {
	q := s.query(call("benefits", "Status", "beneficiary", "1000000001"), citizen)
	q.Signature.Sig = flipped(q.Signature.Sig)
	_, err := s.Ledger.Evaluate(s.Context(), q)
	s.wantAction("Evaluate() with another signature", err, ledgerclient.Park)

	other := s.query(call("benefits", "Status", "beneficiary", "1000000001"), citizen)
	other.Query.Caller = s.caller(call("benefits", "Status"), "+919830000002")
	_, err = s.Ledger.Evaluate(s.Context(), other)
	s.wantAction("Evaluate() as another citizen", err, ledgerclient.Park)

	e := s.sign(s.envelope(call("benefits", "Acknowledge", "beneficiary", "1000000001"), citizen))
	tx := s.prepare(e)
	e.Canonical = bytes.Replace(e.Canonical, []byte("1000000001"), []byte("1000000028"), 1)
	_, _, err = s.Ledger.Prepare(s.Context(), e)
	s.wantAction("Prepare() with another beneficiary", err, ledgerclient.Park)

	tx.Bytes = flipped(tx.Bytes)
	_, err = s.Ledger.Submit(s.Context(), tx)
	s.wantAction("Submit() of other bytes", err, ledgerclient.Park)
}

func flipped(b []byte) []byte {
	b = bytes.Clone(b)
	b[len(b)-1] ^= 1
	return b
}

func (s *suite) strangers() {
	ctx, ours := s.Context(), s.Keys
	s.Keys = s.Strangers
	q := s.query(call("benefits", "Status", "beneficiary", "1000000001"), citizen)
	e := s.sign(s.envelope(call("benefits", "Acknowledge", "beneficiary", "1000000001"), citizen))
	s.Keys = ours
	_, err := s.Ledger.Evaluate(ctx, q)
	s.wantClass("Evaluate() by a stranger", err, ledgerclient.Config)
	_, _, err = s.Ledger.Prepare(ctx, e)
	s.wantClass("Prepare() by a stranger", err, ledgerclient.Config)
}

func (s *suite) revoked() {
	if s.Revoke == nil {
		s.Skip("the driver cannot revoke")
	}
	q := s.query(call("benefits", "Status", "beneficiary", "1000000001"), citizen)
	e := s.envelope(call("benefits", "Acknowledge", "beneficiary", "1000000001"), citizen)
	signed := s.sign(e)
	tx := s.prepare(signed)
	if err := s.Revoke(); err != nil {
		s.Fatalf("Revoke(): %v", err)
	}
	_, err := s.Ledger.Evaluate(s.Context(), q)
	// A question is signed anew each time: another key will do.
	s.wantAction("Evaluate() by a revoked key", err, ledgerclient.Trip)
	_, _, err = s.Ledger.Prepare(s.Context(), signed)
	s.wantAction("Prepare() by a revoked key", err, ledgerclient.Trip, ledgerclient.Park)
	_, err = s.Ledger.Submit(s.Context(), tx)
	s.wantAction("Submit() by a revoked key", err, ledgerclient.Trip, ledgerclient.Park)
	if out, err := s.Ledger.Find(s.Context(), e.Key); err != nil || out.Found {
		s.Errorf("Find() of what a revoked key signed = %v, %v, want nothing", out.Found, err)
	}
	if _, err := ledgerclient.SignEnvelope(s.Context(), s.Keys, e); err == nil {
		s.Error("SignEnvelope() by a revoked key: nil, want an error")
	}
}

// down: nothing is reached, so nothing happened, and afterwards all goes on.
func (s *suite) down() {
	if s.Down == nil {
		s.Skip("the driver cannot go down")
	}
	ctx := s.Context()
	q := s.query(call("benefits", "Status", "beneficiary", "1000000001"), citizen)
	e := s.envelope(call("benefits", "Acknowledge", "beneficiary", "1000000001"), citizen)
	signed := s.sign(e)
	tx := s.prepare(signed)
	s.Down(true)
	_, err := s.Ledger.Evaluate(ctx, q)
	s.wantClass("Evaluate() while down", err, ledgerclient.Before)
	_, _, err = s.Ledger.Prepare(ctx, signed)
	s.wantClass("Prepare() while down", err, ledgerclient.Before)
	_, err = s.Ledger.Submit(ctx, tx)
	s.wantClass("Submit() while down", err, ledgerclient.Before)
	_, err = s.Ledger.Find(ctx, e.Key)
	s.wantClass("Find() while down", err, ledgerclient.Before)
	s.Down(false)
	if out, err := s.Ledger.Find(ctx, e.Key); err != nil || out.Found {
		s.Errorf("Find() when up again = %v, %v, want nothing", out.Found, err)
	}
	if out := s.submit(tx); out.Answer.Code != "done" {
		s.Errorf("Submit() when up again = %q, want done", out.Answer.Code)
	}
}

// forgotten: the answer is lost. Whoever asks, or sends the same again, learns
// what became of it, and nothing is done twice.
func (s *suite) forgotten() {
	if s.Forget == nil {
		s.Skip("the driver cannot forget")
	}
	e := s.envelope(call("produce", "Register", "crop", "mustard", "weight", "300", "date", "2026-11-30"), citizen)
	signed := s.sign(e)
	tx := s.prepare(signed)
	s.Forget(1)
	_, err := s.Ledger.Submit(s.Context(), tx)
	s.wantClass("Submit() with its answer lost", err, ledgerclient.Unknown)
	found := s.settle(e.Key)
	if again := s.submit(tx); !cmp.Equal(found, again) {
		s.Errorf("Submit() again (-found +again):\n%s", cmp.Diff(found, again))
	}
	if found.Answer.Code != "done" {
		s.Errorf("Find() = %q, want done", found.Answer.Code)
	}
}

// settle asks until a transaction is found.
func (s *suite) settle(key string) ledgerclient.Outcome {
	s.Helper()
	ctx, cancel := s.within(10 * time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		out, err := s.Ledger.Find(ctx, key)
		switch {
		case err == nil && out.Found:
			return out
		case errors.Is(err, context.DeadlineExceeded):
			s.Fatal("Find() never found what was submitted")
		}
		<-tick.C
	}
}

// deadline: when patience ends before the answer, a query has failed and a
// transaction is unknown.
func (s *suite) deadline() {
	if s.Slow == nil {
		s.Skip("the driver cannot be slow")
	}
	q := s.query(call("benefits", "Status", "beneficiary", "1000000001"), citizen)
	e := s.envelope(call("benefits", "Acknowledge", "beneficiary", "1000000001"), citizen)
	tx := s.prepare(s.sign(e))
	s.Slow(time.Hour)
	ctx, cancel := s.within(50 * time.Millisecond)
	defer cancel()
	if _, err := s.Ledger.Evaluate(ctx, q); !errors.Is(err, context.DeadlineExceeded) {
		s.Errorf("Evaluate() past its deadline: %v, want DeadlineExceeded", err)
	}
	ctx, cancel = s.within(50 * time.Millisecond)
	defer cancel()
	_, err := s.Ledger.Submit(ctx, tx)
	s.wantClass("Submit() past its deadline", err, ledgerclient.Unknown)
	s.Slow(0)
	// It may or may not have come through; the same again settles it.
	if out := s.submit(tx); out.Answer.Code != "done" {
		s.Errorf("Submit() again = %q, want done", out.Answer.Code)
	}
}

func (s *suite) ended() {
	q := s.query(call("benefits", "Status", "beneficiary", "1000000001"), citizen)
	signed := s.sign(s.envelope(call("benefits", "Acknowledge", "beneficiary", "1000000001"), citizen))
	tx := s.prepare(signed)
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	if _, err := s.Ledger.Evaluate(ctx, q); !errors.Is(err, context.Canceled) {
		s.Errorf("Evaluate() with an ended context: %v, want Canceled", err)
	}
	_, _, err := s.Ledger.Prepare(ctx, signed)
	s.wantClass("Prepare() with an ended context", err, ledgerclient.Before)
	_, err = s.Ledger.Submit(ctx, tx)
	s.wantClass("Submit() with an ended context", err, ledgerclient.Unknown)
}
