package e2e_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"setu/test/gatewaytest"
)

// Shorter texts than these may stand anywhere: HELP, or 1.
const (
	leastText   = 8  // characters of a text or a line of it
	leastDigits = 8  // digits of a number within a text
	national    = 10 // digits of a phone number without its country
)

// secrets are what operators must not see: the citizens' numbers, the texts
// that they sent and were told, and the numbers in them, such as those of cards.
func secrets(phones ...*gatewaytest.Phones) []string {
	var list []string
	for _, p := range phones {
		numbers, texts := p.Seen()
		for _, n := range numbers {
			if n = n[max(0, len(n)-national):]; len(n) == national {
				list = append(list, n)
			}
		}
		for _, text := range texts {
			for line := range strings.SplitSeq(text, "\n") {
				if line = strings.TrimSpace(line); utf8.RuneCountInString(line) >= leastText {
					list = append(list, line)
				}
			}
			list = append(list, digitRuns(text)...)
		}
	}
	return distinct(list)
}

// digitRuns are the long runs of digits in a text.
func digitRuns(text string) []string {
	var runs []string
	for _, run := range strings.FieldsFunc(text, func(r rune) bool { return r < '0' || r > '9' }) {
		if len(run) >= leastDigits {
			runs = append(runs, run)
		}
	}
	return runs
}

// leaks are the secrets that a page holds.
func leaks(page string, secrets []string) []string {
	var found []string
	for _, s := range secrets {
		if strings.Contains(page, s) {
			found = append(found, s)
		}
	}
	return found
}

// everyState are the states of the outbox, as `setu queue list --state` takes them.
const everyState = "queued,endorsed,submitted,unknown,parked,sent,delivered,recorded,rejected,expired,superseded,withdrawn,dead,answered"

// checkPrivacy looks through all that operators can see of a gateway after its
// test. It runs after every test of this package.
func (w *town) checkPrivacy() {
	w.Phones.Close()
	list := secrets(append(w.old, w.Phones)...)
	pages := map[string]string{}
	for _, g := range append(w.gone, w.Gateway) {
		pages["log"] += g.Log()
	}
	if !w.Ended() {
		_, pages["/metrics"] = w.Get("/metrics")
		_, pages["/readyz"] = w.Get("/readyz")
		pages["setu queue list"], _ = w.Setu("queue", "list", "--state", everyState, "--limit", "100000")
		pages["setu queue stats"], _ = w.Setu("queue", "stats")
	}
	for name, page := range pages {
		if found := leaks(page, list); len(found) > 0 {
			w.t.Errorf("%s holds %d things that citizens wrote or were told: %q", name, len(found), found[:min(5, len(found))])
		}
	}
}

// TestPrivacy plants what no text of the gateway holds, and looks for it in
// everything that operators see, at the most talkative log level.
func TestPrivacy(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{Config: "log: {level: debug, format: json}\n" + quick})
	number := newNumber()
	w.ask(number, "PIN 73519284 zebra-quagga-okapi")
	w.ask(number, "ABHIJOG NEW OTHER walrus-narwhal-dugong 48151623")
	w.ask(number, "YES")
	w.setu("sandbox", "down")
	w.ask(number, "BHATA 1000000001")
	w.ask(number, "অভিযোগ নতুন ভাতা গোপন-কথা-পেঁচা")
	w.ask(number, "হ্যাঁ")
	shown := w.setu("queue", "list") + w.setu("queue", "show", firstItem(t, w.setu("queue", "list", "--kind", "transaction")))
	list := secrets(w.Phones)
	for _, want := range []string{number[2:], "73519284", "48151623", "1000000001", "PIN 73519284 zebra-quagga-okapi", "অভিযোগ নতুন ভাতা গোপন-কথা-পেঁচা"} {
		if len(leaks("x"+want+"y", list)) == 0 {
			t.Errorf("the check does not look for %q", want)
		}
	}
	for _, word := range []string{"quagga", "narwhal", "পেঁচা", number[2:], "73519284", "48151623"} {
		for name, page := range map[string]string{"queue": shown, "log": w.Log()} {
			if strings.Contains(page, word) {
				t.Errorf("%s holds %q:\n%s", name, word, page)
			}
		}
	}
	within(t, "log", w.Log(), `"msg":"question deferred"`)
	w.setu("sandbox", "up")
	w.settle()
}
