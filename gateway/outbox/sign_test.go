package outbox_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"setu/gateway"
	"setu/ledgerclient"
)

// faulty is a signer whose token is out of reach for so many calls.
type faulty struct {
	signer
	pseudonyms, queries atomic.Int64
	err                 error
}

func (f *faulty) Pseudonym(department, number string) (string, error) {
	if f.pseudonyms.Add(-1) >= 0 {
		return "", f.err
	}
	return f.signer.Pseudonym(department, number)
}

func (f *faulty) SignQuery(ctx context.Context, q ledgerclient.Query) (ledgerclient.SignedQuery, error) {
	if f.queries.Add(-1) >= 0 {
		return ledgerclient.SignedQuery{}, f.err
	}
	return f.signer.SignQuery(ctx, q)
}

// A late question waits for a token that is out of reach. One that cannot be
// signed whatever the token does is kept for an operator.
func TestWorker_QuestionUnsigned(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name                string
		pseudonyms, queries int64
		err                 error
		want                gateway.State
	}{
		{"no pseudonym for a while", 2, 0, errors.New("token is gone"), gateway.Answered},
		{"no signature for a while", 0, 2, ledgerclient.ErrKey, gateway.Answered},
		{"no question at all", 0, 1, ledgerclient.ErrEnvelope, gateway.Parked},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := open(t, t.TempDir())
			f := &faulty{err: tt.err}
			f.pseudonyms.Store(tt.pseudonyms)
			f.queries.Store(tt.queries)
			b.worker.Signer = f
			b.start()
			b.put(gateway.Effect{Kind: gateway.Question, Lane: "l", Lease: true, To: route(), Ask: &gateway.Ask{}})
			b.until(tt.want.String(), func() bool { return b.item(1).State == tt.want })
		})
	}
}
