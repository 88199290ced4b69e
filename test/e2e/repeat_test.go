package e2e_test

import (
	"strings"
	"testing"
	"time"

	"setu/test/gatewaytest"
)

// again are the words about the same request once more, in the order of languages.
var again = []struct{ sell, offer, registered, before, enough, more, kept, ussd string }{
	{"বিক্রি ধান 450 ", "বেচব ধান 450 ", "কিষান মান্ডি", "আগেই করেছেন", "1 একবারই যথেষ্ট", "2 আরও একবার", "আর করা হল না", "আগেই নথিভুক্ত"},
	{"बिक्री धान 450 ", "बेचना धान 450 ", "किसान मंडी", "पहले ही कर चुके हैं", "1 एक बार काफ़ी है", "2 एक बार और", "दोबारा नहीं किया गया", "पहले ही दर्ज है"},
	{"SELL DHAN 450 ", "BIKRI DHAN 450 ", "Kisan Mandi", "You have done this already", "1 Once is enough", "2 Do it once more", "not done again", "Recorded already"},
}

// TestRepeat: who says the same again, by SMS, after a restart, or by USSD, has
// one transaction and is told its receipt, in her language; one more there is
// only when she chooses it, and what she takes back she can ask for at once.
func TestRepeat(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{})
	day := fromToday(240 * time.Hour)
	numbers, firsts := make([]string, len(languages)), make([]string, len(languages))
	for l, said := range again {
		numbers[l] = newNumber()
		w.ask(numbers[l], said.sell+day)
		told := w.ask(numbers[l], languages[l].yes)
		within(t, "transaction", told, said.registered)
		firsts[l] = lastReceipt(t, told)
		w.ask(numbers[l], said.sell+day)
		within(t, "the same again", w.ask(numbers[l], languages[l].yes), said.before, firsts[l], said.enough, said.more)
		within(t, "yes, twice", w.ask(numbers[l], languages[l].yes), said.kept, firsts[l])
	}
	w.kill()
	w.again(gatewaytest.Options{})
	for l, said := range again {
		c := w.caller(t, "africastalking", numbers[l])
		c.dial("3*4*1*450*" + day)
		within(t, "the same by USSD", c.key("1"), said.ussd, firsts[l], said.enough, said.more)
		within(t, "one more by USSD", c.key("2"), said.registered)
		second := lastReceipt(t, c.last.Text)
		if second == firsts[l] {
			t.Errorf("%s: one more has the receipt of the first, %s", languages[l].code, second)
		}
		w.until("an SMS gives her the receipt too", func() bool { return strings.Contains(strings.Join(w.Told(numbers[l]), "\n"), second) })
		within(t, "taken back", w.ask(numbers[l], languages[l].cancel), second)
		w.ask(numbers[l], said.offer+day) // in the same words it would be a redelivery on a new bind
		within(t, "after it was taken back", w.ask(numbers[l], "1"), said.registered)
	}
	report := w.setu("cleansing", "--format", "csv")
	for _, want := range []string{",refused,repeat,agriculture,produce,day,sms,sandbox,3", ",refused,repeat,agriculture,produce,day,ussd,africastalking,3"} {
		if !strings.Contains(report, want) {
			t.Errorf("setu cleansing does not say %q:\n%s", want, report)
		}
	}
	if _, metrics := w.Get("/metrics"); !strings.Contains(metrics, "setu_repeats_total 3") {
		t.Error("the repetitions since the restart are not in the metrics")
	}
	within(t, "setu audit verify", w.setu("audit", "verify"), "whole and in order", "repeat    6")
}
