package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"setu/test/gatewaytest"
)

// later is the beginning of "the answer follows", and received a part of "not
// yet recorded", in bn, hi and en.
var (
	later    = []string{"উত্তর আসতে একটু সময় লাগছে", "जवाब आने में थोड़ा समय लग रहा है", "The answer is taking time"}
	received = []string{"এখনও নথিভুক্ত হয়নি", "अभी दर्ज नहीं हुआ", "not yet recorded"}
)

// TestLedgerDown takes the ledger away from citizens of all languages. What
// they send is accepted and they are told so; when it is back, all is answered
// once, in each citizen's own order.
func TestLedgerDown(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{Config: quick})
	words := []struct{ keyword, sell, answer, price string }{
		{"ভাতা 1000000001", "বিক্রি ধান %d " + fromToday(240*time.Hour), "বার্ধক্য ভাতা: 1,000 টাকা", "আলু: কুইন্টাল"},
		{"भत्ता 1000000001", "बिक्री धान %d " + fromToday(240*time.Hour), "वृद्धावस्था पेंशन: 1,000 रुपये", "आलू:"},
		{"BENEFIT 1000000001", "SELL DHAN %d " + fromToday(240*time.Hour), "Old Age Pension: Rs 1,000", "Potato:"},
	}
	prices := []string{"দর আলু", "भाव आलू", "PRICE POTATO"}
	w.setu("sandbox", "down")
	const each = 3 // citizens of a language
	var citizens [each * 3]string
	for i := range citizens {
		citizens[i] = newNumber()
		l := i % 3
		within(t, "question", w.ask(citizens[i], words[l].keyword), later[l])
		w.ask(citizens[i], fmt.Sprintf(words[l].sell, 100+i))
		within(t, "transaction", w.ask(citizens[i], languages[l].yes), received[l])
		within(t, "second question", w.ask(citizens[i], prices[l]), later[l])
		within(t, "help needs no ledger", w.ask(citizens[i], languages[l].help), "1000000001")
	}
	code, ready := w.Get("/readyz")
	if code != 200 {
		t.Errorf("/readyz = %d without a ledger, want 200: the gateway goes on", code)
	}
	within(t, "/readyz", ready, "requests are accepted and wait")
	within(t, "queue", w.setu("queue", "list", "--kind", "transaction"), "produce")
	within(t, "queue", w.setu("queue", "list", "--kind", "question"), "benefit")
	w.setu("sandbox", "up")
	w.settle()
	for i, number := range citizens {
		l := i % 3
		kept := lastReceipt(t, w.Told(number)[2])
		w.told(number, later[l], fmt.Sprint(100+i), received[l], later[l], "1000000001",
			words[l].answer, kept, words[l].price)
		within(t, "setu receipt", w.setu("receipt", kept), `"state": "recorded"`, `"code": "done"`)
	}
	if n := w.onLedger("Register"); n != len(citizens) {
		t.Errorf("the ledger holds %d registrations, want %d", n, len(citizens))
	}
}

// onLedger counts the transactions of a contract function in the sandbox's
// file, which holds one block a line.
func (w *town) onLedger(function string) int {
	w.t.Helper()
	raw, err := os.ReadFile(filepath.Join(w.Dir, "sandbox.ledger"))
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.Count(strings.ReplaceAll(string(raw), `\"`, `"`), `"function":"`+function+`"`)
}

// TestLedgerSlow asks a ledger that takes longer than a question waits.
func TestLedgerSlow(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{Config: "ledger: {patience: 500ms}\n"})
	w.setu("sandbox", "slow", "--delay", "1500ms")
	number := newNumber()
	within(t, "question", w.ask(number, "BENEFIT 1000000001"), later[2])
	within(t, "answer", w.await(number, 1), "Old Age Pension: Rs 1,000")
	w.ask(number, "RECEIVED 1000000001")
	within(t, "received", w.ask(number, "YES"), received[2], "Receipt")
	within(t, "recorded", w.await(number, 4), "you received Rs 1,000", lastReceipt(t, w.Told(number)[3]))
	w.settle()
	if got := w.Told(number); len(got) != 5 {
		t.Errorf("told %d messages, want 5: %q", len(got), got)
	}
}

// TestLedgerForgets loses the ledger's answers after it has recorded: the
// blocks tell what became of its transactions, and nothing is repeated.
func TestLedgerForgets(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{Config: quick})
	const lost = 3
	w.setu("sandbox", "forget", "--answer", fmt.Sprint(lost))
	for i := range lost + 1 {
		number := newNumber()
		w.ask(number, fmt.Sprintf("SELL DHAN %d %s", 200+i, fromToday(240*time.Hour)))
		w.send(number, "YES")
		w.until("the citizen is told her lot", func() bool { return strings.Contains(strings.Join(w.Told(number), "\n"), "Registered") })
		told := w.Told(number)
		receipt := lastReceipt(t, told[len(told)-1])
		within(t, "setu receipt", w.setu("receipt", receipt), `"state": "recorded"`)
	}
	w.settle()
	if n := w.onLedger("Register"); n != lost+1 {
		t.Errorf("the ledger holds %d registrations, want %d", n, lost+1)
	}
	if n := w.metric("setu_ledger_events_settled_total"); n != lost {
		t.Errorf("%v transactions were settled by their blocks after their answer was lost, want %d", n, lost)
	}
}
