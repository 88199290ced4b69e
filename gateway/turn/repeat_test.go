package turn_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"setu/gateway"
	"setu/ledgerclient"
)

// transactions are those in the outbox, by their receipts in the order in which
// they were made.
func (h *house) transactions() (all []ledgerclient.Receipt) {
	h.t.Helper()
	items, err := h.store.List(h.t.Context(), gateway.Filter{Kind: gateway.Transaction, Limit: 1000})
	if err != nil {
		h.t.Fatal(err)
	}
	for _, it := range items {
		all = append(all, it.Tx.Receipt)
	}
	return all
}

// offered is a message that offers a crop; n tells it from the same words before.
func offered(n int, text string) gateway.Inbound {
	in := inbound(text)
	in.Key = fmt.Sprint("key", n)
	return in
}

// TestTaker_Repeats: the same request again signs nothing, by whatever channel it
// comes, and gets the first receipt; another one, of another citizen, or one that
// is wanted once more is signed.
func TestTaker_Repeats(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h := open(t, dir, live)
	if err := h.say(offered(1, "offer paddy")); err != nil {
		t.Fatal(err)
	}
	items := h.items(2) // and that it is received
	first := transactionIn(t, items)
	h.close()
	h = open(t, dir, live) // nothing of it is in memory
	if err := h.say(offered(2, "offer paddy")); err != nil {
		t.Fatal(err)
	}
	answer := h.items(3)[2].SMS
	if got, want := answer.Text.Reveal(), "repeated "+string(first); got != want {
		t.Errorf("answer to the same message = %q, want %q", got, want)
	}
	got, err := h.shown(dialled("s", "s/0", "offer paddy"))
	if want := "repeated " + string(first); got != want || err != nil {
		t.Errorf("screen = %q, %v; want %q", got, err, want)
	}
	if n := h.taker.Counts().Repeated.Load(); n != 2 || len(h.transactions()) != 1 {
		t.Errorf("%d counted as repeated, %d transactions; want 2 and 1", n, len(h.transactions()))
	}
	refused := gateway.Meter{Kind: gateway.MeterRefused, Medium: gateway.SMS, Partner: "op", Outcome: gateway.RefusedRepeat}
	onScreen := refused
	onScreen.Medium, onScreen.Partner = gateway.USSD, "gw"
	h.metered("after two repetitions", map[gateway.Meter]int64{refused: 1, onScreen: 1})
	if n := strings.Count(h.log(), `"kind":"repeat","medium":"ussd","receipt":"`+string(first)); n != 1 {
		t.Errorf("%d leaves of the repetition on a screen, want 1", n)
	}

	other := dialled("t", "t/0", "offer paddy")
	other.From = "+919830000002"
	for i, in := range []gateway.Inbound{dialled("s", "s/1", "offer jute"), other, dialled("s", "s/2", "anew paddy")} {
		if got, err := h.shown(in); strings.HasPrefix(got, "repeated") || err != nil {
			t.Errorf("%q: screen = %q, %v; want it signed", in.Text.Reveal(), got, err)
		}
		if n := len(h.transactions()); n != 2+i {
			t.Errorf("%q: %d transactions, want %d", in.Text.Reveal(), n, 2+i)
		}
	}
	latest := h.transactions()[3]
	if got, err := h.shown(dialled("s", "s/3", "offer paddy")); got != "repeated "+string(latest) || err != nil {
		t.Errorf("after one more: screen = %q, %v; want the latest receipt %s", got, err, latest)
	}
	if got, err := h.shown(dialled("s", "s/4", "cancel "+string(latest))); err != nil {
		t.Errorf("screen = %q, %v", got, err)
	}
	if got, err := h.shown(dialled("s", "s/5", "offer paddy")); strings.HasPrefix(got, "repeated") || err != nil {
		t.Errorf("after it was taken back: screen = %q, %v; want it signed", got, err)
	}
}

// transactionIn is the receipt of the one transaction among items.
func transactionIn(t *testing.T, items []gateway.Item) ledgerclient.Receipt {
	t.Helper()
	for _, it := range items {
		if it.Tx != nil {
			return it.Tx.Receipt
		}
	}
	t.Fatal("no transaction")
	return ""
}

// log is all leaves of the audit log.
func (h *house) log() string {
	h.t.Helper()
	size, err := h.store.LogSize(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	leaves, err := h.store.Leaves(h.t.Context(), 0, size)
	if err != nil {
		h.t.Fatal(err)
	}
	var b strings.Builder
	for _, l := range leaves {
		b.Write(l)
		b.WriteByte('\n')
	}
	return b.String()
}

// TestTaker_RepeatsAtOnce: many at one time, on two channels, and still
// each request is signed once.
func TestTaker_RepeatsAtOnce(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), live)
	var all sync.WaitGroup
	for i := range 60 {
		crop := fmt.Sprint("offer crop", i%3)
		all.Go(func() {
			if i%2 == 0 {
				if err := h.say(offered(i, crop)); err != nil {
					t.Errorf("message %d: %v", i, err)
				}
				return
			}
			in := dialled(fmt.Sprint("s", i), "k", crop)
			in.Session, in.Key = fmt.Sprint("s", i), fmt.Sprint("k", i)
			for {
				_, err := h.taker.Handle(t.Context(), in)
				if err == nil {
					return
				}
				if !strings.Contains(err.Error(), "too many") {
					t.Errorf("input %d: %v", i, err)
					return
				}
			}
		})
	}
	all.Wait()
	h.items(3 + 30) // and an answer to each message
	if got := h.transactions(); len(got) != 3 {
		t.Errorf("%d transactions of 60 requests for 3 crops", len(got))
	}
	if n := h.taker.Counts().Repeated.Load(); n != 57 {
		t.Errorf("%d counted as repeated, want 57", n)
	}
}
