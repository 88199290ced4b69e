package e2e_test

import (
	"strings"
	"testing"

	"setu/test/gatewaytest"
)

// TestWords says the words that are the same in every service, in three
// languages: finding one's way, near misses, language, digits, stop and start.
// The first message in a script sets the language, until another is chosen.
func TestWords(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{})
	const silence = "\x00"
	numbers := [3]string{newNumber(), newNumber(), newNumber()}
	for i, steps := range [][3]talk{
		{{"মেনু", "1 ভাতা"}, {"मेनू", "1 भत्ता"}, {"MENU", "1 Benefit"}},
		{{"আরও", "1 ওয়েবসাইট"}, {"और", "1 वेबसाइट"}, {"MORE", "1 Website"}},
		{{"সাহায্য ভাতা", "ভাতা 1000000001"}, {"मदद भत्ता", "भत्ता 1000000001"}, {"HELP BENEFIT", "BENEFIT 1000000001"}},
		{{"ভাতাা 1000000001", "আপনি কি ভাতা লিখতে চেয়েছেন?"}, {"भत्ताा 1000000001", "भत्ता"}, {"BENIFIT 1000000001", "Did you mean BENEFIT?"}},
		{{"হ্যাঁ", "বার্ধক্য ভাতা"}, {"हाँ", "वृद्धावस्था पेंशन"}, {"YES", "Old Age Pension"}},
		{{"আবার", "বার্ধক্য ভাতা"}, {"फिर से", "वृद्धावस्था पेंशन"}, {"REPEAT", "Old Age Pension"}},
		{{"ভাতা", "1 শেষ টাকা"}, {"भत्ता", "1 पिछला पैसा"}, {"BENEFIT", "1 When"}},
		{{"1", "10 সংখ্যার"}, {"1", "10 अंकों"}, {"1", "10 digits"}},
		{{"পিছনে", "1 শেষ টাকা"}, {"पीछे", "1 पिछला पैसा"}, {"BACK", "1 When"}},
		{{"00", "1 ভাতা"}, {"00", "1 भत्ता"}, {"00", "1 Benefit"}},
		// Digits of every script are the same digits, here and in other words.
		{{"ভাতা १००००००००১", "1,000 টাকা"}, {"भत्ता ১০০০০০০০০1", "1,000 रुपये"}, {"BENEFIT ১००0000001", "Rs 1,000"}},
		{{"সংখ্যা", "বাংলা অঙ্কে"}, {"अंक", "देवनागरी"}, {"DIGITS", "in your script"}},
		{{"ভাতা 1000000001", "১,০০০ টাকা"}, {"भत्ता 1000000001", "१,००० रुपये"}, {"BENEFIT 1000000001", "Rs 1,000"}},
		{{"সংখ্যা", "1, 2, 3"}, {"अंक", "1, 2, 3"}, {"DIGITS", "1, 2, 3"}},
		{{"বাতিল", "কিছু নেই"}, {"रद्द", "कुछ नहीं है"}, {"CANCEL", "nothing to cancel"}},
		{{"বন্ধ", "শুরু"}, {"बंद", "शुरू"}, {"STOP", "START"}},
		{{"ভাতা 1000000001", silence}, {"भत्ता 1000000001", silence}, {"BENEFIT 1000000001", silence}},
		{{"শুরু", "আবার স্বাগত"}, {"शुरू", "फिर स्वागत"}, {"START", "Welcome back"}},
		// A word of another script changes nothing; a choice does, and stays.
		{{"HELP", "মেনু লিখুন"}, {"HELP", "मेनू लिखें"}, {"BHATA 1000000001", "Old Age Pension"}},
		{{"LANG HI", "हिन्दी में"}, {"ভাষা বাংলা", "বাংলায়"}, {"भाषा বাংলা", "বাংলায়"}},
		{{"ভাতা 1000000001", "वृद्धावस्था पेंशन"}, {"भत्ता 1000000001", "বার্ধক্য ভাতা"}, {"BENEFIT 1000000001", "বার্ধক্য ভাতা"}},
		{{"LANG", "3 English"}, {"ভাষা", "3 English"}, {"LANGUAGE", "3 English"}},
		{{"3", "in English"}, {"3", "in English"}, {"3", "in English"}},
	} {
		for l, step := range steps {
			number := numbers[l]
			if step.want == silence {
				before := len(w.Told(number))
				w.send(number, step.say)
				w.settle()
				if got := w.Told(number)[before:]; len(got) != 0 {
					t.Errorf("who wrote STOP is told %q", got)
				}
				continue
			}
			if got := w.ask(number, step.say); !strings.Contains(got, step.want) {
				t.Fatalf("step %d in %s: %q was answered with %q, want %q", i, languages[l].code, step.say, got, step.want)
			}
		}
	}
}

// talk is what a citizen says and a part of what she is told.
type talk struct{ say, want string }
