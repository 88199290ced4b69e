package outbox_test

import (
	"slices"
	"sync"
	"testing"

	"setu/gateway"
	"setu/ledgerclient"
)

// TestWorker_Outcome: whoever waits for a transaction is told once what the
// citizen is told, when that is on disk; a silent one is told and not sent.
func TestWorker_Outcome(t *testing.T) {
	t.Parallel()
	b := open(t, t.TempDir())
	var mu sync.Mutex
	var told []string
	b.worker.Outcome = func(r ledgerclient.Receipt, reply gateway.Reply) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, reply.Parts[0].Text)
		if st, err := b.store.Standing(t.Context(), r); err != nil || !st.State.Final() {
			t.Errorf("told of %s while it is %v, %v", r, st.State, err)
		}
	}
	b.start()
	silent := transaction("2", "quietly")
	silent.Ask.Silent = true
	b.put(transaction("1", "body"), silent, transaction("3", "refuse"))
	want := []string{"done1", "done2", "missing3"}
	b.until("all told", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return slices.Equal(told, want)
	})
	b.until("all but the silent one sent", func() bool { return slices.Equal(b.link.texts(), []string{"done1", "missing3"}) })
}
