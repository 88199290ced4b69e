package turn_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"setu/gateway"
	"setu/gateway/sqlite"
	"setu/gateway/turn"
)

// metered checks what was counted: by medium, partner, kind and outcome.
func (h *house) metered(when string, want map[gateway.Meter]int64) {
	h.t.Helper()
	from := time.Now().AddDate(0, 0, -1)
	list, err := h.store.Readings(h.t.Context(), from, from.AddDate(0, 0, 2), gateway.ByMonth)
	if err != nil {
		h.t.Fatal(err)
	}
	got := map[gateway.Meter]int64{}
	for _, r := range list {
		got[r.Meter] += r.Count
	}
	if diff := cmp.Diff(want, got); diff != "" {
		h.t.Errorf("metered %s (-want +got):\n%s", when, diff)
	}
}

func TestTaker_Meters(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), live)
	answered := gateway.Meter{Kind: gateway.MeterQuery, Department: "d", Service: "s", Partner: "op", Outcome: "answered"}
	again := gateway.Meter{Kind: gateway.MeterRefused, Medium: gateway.SMS, Partner: "op", Outcome: gateway.RefusedDuplicate}
	onScreen := answered
	onScreen.Partner = "gw"
	twice := inbound("query")
	twice.Bind = "" // the key is the provider's own
	for _, in := range []gateway.Inbound{twice, twice, inbound("hello")} {
		if err := h.say(in); err != nil {
			t.Fatal(err)
		}
	}
	h.items(2)
	want := map[gateway.Meter]int64{answered: 1, again: 1}
	h.metered("after one query, its copy and a message", want)
	if _, err := h.shown(dialled("s", "s/0", "query")); err != nil {
		t.Fatal(err)
	}
	want[onScreen] = 1
	h.metered("after a query on a screen", want)
	if err := h.say(inbound("submit")); err != nil {
		t.Fatal(err)
	}
	items := h.items(3)
	h.metered("before a transaction is final", want)
	for _, it := range items {
		if it.Kind == gateway.Transaction && it.Ask.Partner != "op" {
			t.Errorf("the transaction came by %q, want op", it.Ask.Partner)
		}
	}
}

// TestTaker_MetersLateQuestions: a question that waits is counted by the store,
// when it is final; one whose answer nobody would get is counted at once.
func TestTaker_MetersLateQuestions(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), func(h *house, c *turn.Config, _ *sqlite.Options) {
		h.ledger.let, c.Patience = make(chan struct{}), time.Millisecond
	})
	if err := h.say(inbound("query")); err != nil {
		t.Fatal(err)
	}
	h.items(2) // the question, and the word that its answer follows
	h.metered("while a question waits", map[gateway.Meter]int64{})
	if err := h.say(inbound("query silently")); err != nil {
		t.Fatal(err)
	}
	h.items(3)
	h.metered("after one that is not asked again", map[gateway.Meter]int64{
		{Kind: gateway.MeterQuery, Department: "d", Service: "s", Partner: "op", Outcome: "expired"}: 1,
	})
}
