package fabric_test

import (
	"testing"
	"time"

	"google.golang.org/grpc"

	"setu/ledgerclient/ledgertest"
)

func TestLedger(t *testing.T) {
	t.Parallel()
	w := sharedWorld(t)
	ledgertest.Exercise(t, func(t *testing.T) ledgertest.Harness {
		t.Helper()
		p := w.place(t)
		f := &faults{}
		o := p.options(w.Orgs[0].User)
		o.Dial = []grpc.DialOption{grpc.WithUnaryInterceptor(f.intercept)}
		set := func(change func()) {
			f.mu.Lock()
			defer f.mu.Unlock()
			change()
		}
		return ledgertest.Harness{
			Ledger: forgetful{p.openWith(o), f}, Keys: p.keys, Strangers: newKeys(t), Pseudonym: p.keys.Pseudonym, Now: time.Now,
			Down:   func(down bool) { set(func() { f.down = down }) },
			Slow:   func(by time.Duration) { set(func() { f.slow = by }) },
			Forget: func(n int) { set(func() { f.forget = n }) },
			Revoke: func() error {
				id := p.keys.KeyID()
				if _, err := p.open(w.Orgs[0].Admin).RevokeKey(t.Context(), id); err != nil {
					return err
				}
				_, err := p.keys.Revoke(id)
				return err
			},
		}
	})
}
