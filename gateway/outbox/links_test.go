package outbox_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"setu/channels"
	"setu/gateway"
	"setu/gateway/outbox"
)

// of is a message to the citizen of a number.
func of(n int, text string) gateway.Effect {
	m := message(text)
	m.To.Citizen = gateway.Address(fmt.Sprintf("+91983000%04d", n))
	m.Lane = gateway.Message.Lane(m.To.Citizen)
	return m
}

// setDown takes the link away or gives it back.
func (l *link) setDown(down bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = down
}

// TestWorker_LinkDownForMinutes: what waits for a link that is down is nobody's, so
// that an operator can work on it, and nothing counts as sent twice that was never
// sent.
func TestWorker_LinkDownForMinutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const citizens = 50
		b := open(t, t.TempDir())
		b.link.down = true
		b.worker.Poll = outbox.DefaultPoll
		b.start()
		for n := range citizens {
			b.put(of(n, "m"))
		}
		time.Sleep(3 * time.Minute)
		held := 0
		for id := range int64(citizens) {
			it := b.item(id + 1)
			if !it.Leased.IsZero() {
				held++
			}
			if it.Attempts != 0 || it.State != gateway.Queued {
				t.Fatalf("item %d is %v after %d attempts, want queued after 0", it.ID, it.State, it.Attempts)
			}
		}
		if held > 1 {
			t.Errorf("%d items are held while the link is down, want one at most, to try it with", held)
		}
		st, err := b.store.Stats(t.Context())
		if err != nil || st.MaybeDoubled != 0 {
			t.Errorf("MaybeDoubled = %d, %v; want 0", st.MaybeDoubled, err)
		}
		b.link.setDown(false)
		b.worker.Wake("op")
		time.Sleep(linkBack)
		if n := len(b.link.texts()); n != citizens {
			t.Errorf("%d messages are sent %v after the link's return, want %d", n, linkBack, citizens)
		}
		if n := b.worker.Counts().Repeated.Load(); n != 0 {
			t.Errorf("%d messages count as repeated, want 0", n)
		}
	})
}

// linkBack is within what time a link that is back carries what waits.
const linkBack = 2 * time.Second

// TestWorker_LinkBackUnnoticed: a link that says nothing of its return is found up.
func TestWorker_LinkBackUnnoticed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := open(t, t.TempDir())
		b.link.down = true
		b.worker.Poll = outbox.DefaultPoll
		b.start()
		b.put(of(1, "a"), of(2, "b"))
		time.Sleep(time.Minute)
		b.link.setDown(false)
		time.Sleep(2 * linkBack)
		if got := b.link.texts(); len(got) != 2 {
			t.Errorf("sent %q, want both", got)
		}
	})
}

// TestWorker_RepeatedAfterLostAnswer: what was handed over and not heard of is
// counted when it is sent again, and once.
func TestWorker_RepeatedAfterLostAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := open(t, t.TempDir())
		b.link.fail = []error{channels.ErrUnknown}
		b.worker.Poll = outbox.DefaultPoll
		b.start()
		b.put(message("m"))
		synctest.Wait()
		b.link.setDown(true)
		time.Sleep(2 * time.Minute)
		b.link.setDown(false)
		time.Sleep(2 * linkBack)
		if got, n := b.link.texts(), b.worker.Counts().Repeated.Load(); len(got) != 1 || n != 1 {
			t.Errorf("sent %q with %d repeated, want one of each", got, n)
		}
	})
}

// TestWorker_SlowLink: a link that is up and slow carries each message once, though
// more wait than it can carry in the time of a lease.
func TestWorker_SlowLink(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const citizens = 150
		b := open(t, t.TempDir())
		b.link.waits, b.link.answers = time.Second, 9*time.Second
		b.worker.Poll = outbox.DefaultPoll
		b.start()
		for n := range citizens {
			b.put(of(n, fmt.Sprint("m", n)))
		}
		time.Sleep(citizens*time.Second + time.Minute)
		seen := map[string]int{}
		for _, text := range b.link.texts() {
			seen[text]++
		}
		for text, n := range seen {
			if n > 1 {
				t.Errorf("%s is sent %d times", text, n)
			}
		}
		if len(seen) != citizens || b.worker.Counts().Repeated.Load() != 0 {
			t.Errorf("%d messages are sent, %d count as repeated; want %d and 0", len(seen), b.worker.Counts().Repeated.Load(), citizens)
		}
	})
}

// TestWorker_FormerLink: what waits for a link that is not configured any more goes by
// another or is refused, what has expired ends, and its citizen's next message comes.
func TestWorker_FormerLink(t *testing.T) {
	t.Parallel()
	gone, late := message("gone"), of(2, "late")
	gone.To.Link, late.To.Link, late.Expires = "old", "old", time.Now().Add(-time.Minute)
	gone.Lease, late.Lease = false, false
	for _, tt := range []struct {
		name     string
		former   *link
		want     gateway.State
		byFormer []string
	}{
		{"another link", &link{}, gateway.Sent, []string{"gone"}},
		{"none", nil, gateway.Rejected, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := open(t, t.TempDir())
			if tt.former != nil {
				b.worker.Former = tt.former
			}
			b.start()
			b.put(gone, message("next"), late)
			b.until("the next is sent", func() bool { return slices.Equal(b.link.texts(), []string{"next"}) })
			b.until(tt.want.String(), func() bool { return b.item(1).State == tt.want })
			b.until("expired", func() bool { return b.item(3).State == gateway.Expired })
			if tt.former != nil && !slices.Equal(tt.former.texts(), tt.byFormer) {
				t.Errorf("by the other link went %q, want %q", tt.former.texts(), tt.byFormer)
			}
			if it := b.item(1); tt.former == nil && !strings.Contains(it.Reason, "not configured") {
				t.Errorf("refused because %q, want that its link is not configured", it.Reason)
			}
		})
	}
}
