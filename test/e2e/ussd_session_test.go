package e2e_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"setu/test/gatewaytest"
)

// TestUSSD_Redial drops a session in the middle of a service, by the network,
// by its owner and by the gateway's end, and goes on with it after a redial.
func TestUSSD_Redial(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{})
	for i, l := range languages {
		c := w.newCaller(t, fmt.Sprint(i+1))
		title := []string{"ভাতা", "भत्ता", "Benefit"}[i]
		answer := []string{"1,000 টাকা", "1,000 रुपये", "Rs 1,000"}[i]
		c.choose(title)
		card := c.key("1")
		for _, break_ := range []struct {
			name string
			do   func()
		}{
			{"dropped by the network", c.drop},
			{"cancelled", c.cancel},
			{"nothing is told", func() {}},
			{"the gateway was killed", func() { w.Kill(); w.again(gatewaytest.Options{}) }},
			{"the gateway was stopped", func() {
				if err := w.Stop(); err != nil {
					t.Fatal(err)
				}
				w.again(gatewaytest.Options{})
			}},
		} {
			break_.do()
			within(t, l.code+": redial after it was "+break_.name, c.dial(""), title, "1 ", "2 ")
			if got := c.key("1"); got != card {
				t.Errorf("%s: goes on with %q, want %q", l.code, got, card)
			}
		}
		c.drop()
		within(t, l.code+": start again", c.dial(""), title, "2 ")
		within(t, l.code+": main menu", c.key("2"), "1 "+title)
		c.choose(title)
		c.key("1")
		c.key("1000000001")
		within(t, l.code+": answer", c.whole(), answer)
		c.ended()
		within(t, l.code+": nothing to go on with", c.dial(""), "1 "+title)
	}
}

// TestUSSD_DeepDial reaches an answer by what is dialled behind the code.
func TestUSSD_DeepDial(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{})
	c := w.newCaller(t, "3")
	for _, tt := range []struct{ dialled, want string }{
		{"1*1000000001", "Rs 1,000"},
		{"2*4000000004", "2,22,500"},
		{"3*1*3", "1,150"},
		{"4*2*101*12*34", "Narayandanga"},
		{"7*3000000003", "Madhyamik"},
	} {
		c.dial(tt.dialled)
		within(t, "dialled *51969*"+tt.dialled+"#", c.whole(), tt.want)
		if c.ended(); c.screens > 3 {
			t.Errorf("%s takes %d screens", tt.dialled, c.screens)
		}
	}
	first := w.caller(t, "africastalking", newNumber())
	within(t, "first dial", first.dial("1*1000000001"), "1 বাংলা", "3 English")
	first.key("1")
	within(t, "it goes on with what was dialled", first.whole(), "1,000 টাকা")
}

// TestUSSD_Letters: a citizen whose handset shows Latin letters only is asked
// once, by USSD, and gets nothing else by SMS either.
func TestUSSD_Letters(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{})
	for choice, card := range map[string]string{"4": "1000000001", "5": "1000000001"} {
		c := w.newCaller(t, choice)
		plain := func(what, text string) {
			t.Helper()
			for _, r := range text {
				if r > '~' {
					t.Errorf("choice %s: %s holds %q: %q", choice, what, r, text)
					return
				}
			}
		}
		plain("main menu", c.last.Text)
		plain("benefit", c.key("1"))
		plain("card", c.key("1"))
		c.key(card)
		plain("answer", c.whole())
		within(t, "answer", c.whole(), "1,000")
		plain("redial", c.dial(""))
		plain("SMS", w.ask(c.from, "BHATA 1000000001"))
	}
}

// slowly is a ledger that answers later than a screen waits, and sooner than an
// SMS does.
const slowly = "6s"

// TestUSSD_LedgerSlow asks a ledger that takes longer than a screen may: the
// screen says so, and an SMS brings the answer, once.
func TestUSSD_LedgerSlow(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{})
	day := fromToday(240 * time.Hour)
	w.setu("sandbox", "slow", "--delay", slowly)
	for i, l := range languages {
		t.Run(l.code, func(t *testing.T) {
			t.Parallel()
			c := w.newCaller(t, fmt.Sprint(i+1))
			began := time.Now()
			c.dial("1*1000000001")
			within(t, "question", c.whole(), []string{"এসএমএসে পাঠিয়ে দেব", "एसएमएस से भेज देंगे", "We will send it by SMS"}[i])
			c.ended()
			if d := time.Since(began); d > 5*time.Second {
				t.Errorf("the screen came after %v, want at most 3 s and a bit", d)
			}
			within(t, "answer by SMS", w.await(c.from, 0), []string{"1,000 টাকা", "1,000 रुपये", "Rs 1,000"}[i])
			c.dial("3")
			for _, key := range []string{"4", "1", "450", day, "1"} {
				c.key(key)
			}
			told := c.whole()
			within(t, "transaction", told, []string{"নথিভুক্ত হলে এসএমএস পাঠাব", "दर्ज होने पर एसएमएस भेजेंगे", "when it is recorded"}[i])
			c.ended()
			receipt := lastReceipt(t, told)
			w.until("the lot is recorded", func() bool { return strings.Contains(w.setu("receipt", receipt), `"state": "recorded"`) })
			w.settle()
			got := w.Told(c.from)
			if len(got) < 2 || len(got) > 3 {
				t.Fatalf("told %d SMS, want the answer, perhaps that the lot was received, and that it is recorded: %q", len(got), got)
			}
			within(t, "recorded, by SMS", got[len(got)-1], receipt, []string{"লট ", "लॉट ", "lot "}[i])
		})
	}
}

// TestUSSD_Again sends requests twice, as gateways do that lost an answer: the
// screen is the same, and nothing happens twice.
func TestUSSD_Again(t *testing.T) {
	t.Parallel()
	o := gatewaytest.Options{HTTP: gatewaytest.FreeAddress(t)}
	w := open(t, o)
	c := w.newCaller(t, "3")
	day := fromToday(240 * time.Hour)
	same := func(what string) {
		t.Helper()
		was := c.last.Text
		if got := c.again(); got != was {
			t.Errorf("%s, again: %q, want %q", what, got, was)
		}
	}
	c.dial("")
	same("menu")
	for _, key := range []string{"3", "4", "1", "450", day} {
		c.key(key)
		same("after " + key)
	}
	told := c.key("1")
	same("recorded")
	same("and once more")
	w.Kill()
	w.again(o)
	c.peer.Client.CloseIdleConnections() // they are of the one that was killed
	if got := c.again(); got != told {
		t.Errorf("after a kill: %q, want %q", got, told)
	}
	c.ended()
	w.settle()
	if n := w.onLedger("Register"); n != 1 {
		t.Errorf("the ledger holds %d registrations, want 1", n)
	}
	if got := w.Told(c.from); len(got) > 1 {
		t.Errorf("told %d SMS, want one at most: %q", len(got), got)
	}
}

// TestUSSD_Stopped: somebody who wants no SMS can dial, and gets none.
func TestUSSD_Stopped(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{})
	c := w.newCaller(t, "3")
	n := len(w.Told(c.from))
	w.ask(c.from, "STOP")
	c.dial("1*1000000001")
	within(t, "dialled", c.whole(), "Rs 1,000")
	c.dial("3")
	for _, key := range []string{"4", "1", "450", fromToday(240 * time.Hour), "1"} {
		c.key(key)
	}
	within(t, "recorded", c.whole(), "Receipt")
	w.settle()
	if got := w.Told(c.from); len(got) != n+1 {
		t.Errorf("told %d SMS, want the answer to STOP only: %q", len(got), got)
	}
}

// TestUSSD_PIN chooses a PIN by USSD, which SMS refuses. It is on no screen, and
// in nothing that operators see.
func TestUSSD_PIN(t *testing.T) {
	t.Parallel()
	const pin, slip = "8351", "7294"
	w := open(t, gatewaytest.Options{Config: "log: {level: debug, format: json}\n"})
	c := w.newCaller(t, "3")
	if reply := w.ask(c.from, "PIN"); strings.Contains(reply, "Choose") {
		t.Errorf("by SMS a PIN is asked for: %q", reply)
	}
	c.dial("")
	within(t, "to choose", c.key("PIN"), "PIN")
	within(t, "once more", c.key(pin), "PIN")
	within(t, "other than before", c.key(slip), "not the same")
	c.key(pin)
	within(t, "set", c.key(pin), "set")
	c.dial("")
	within(t, "to change", c.key("PIN"), "PIN")
	within(t, "wrong", c.key(slip), "Wrong PIN")
	c.again()
	within(t, "right", c.key(pin), "new PIN")
	c.cancel()
	within(t, "forgotten", w.setu("pin", "reset", "+"+c.from), "reset")
	within(t, "she is told", w.await(c.from, 1), "PIN was reset")
	c.dial("")
	within(t, "to choose another", c.key("PIN"), "Choose a new PIN")
	c.cancel()
	w.settle()
	_, metrics := w.Get("/metrics")
	for name, page := range map[string]string{"log": w.Log(), "metrics": metrics, "SMS": strings.Join(w.Told(c.from), "\n"), "queue": w.setu("queue", "list")} {
		for _, secret := range []string{pin, slip} {
			if regexp.MustCompile(`\b` + secret + `\b`).MatchString(page) {
				t.Errorf("%s holds a PIN:\n%s", name, page)
			}
		}
	}
}
