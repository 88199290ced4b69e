package speech_test

import (
	"os/exec"
	"strconv"
	"testing"
	"time"

	"setu/i18n"
	"setu/ivr/speech"
)

func TestSyllables(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]int{
		"টাকা": 2, "আপনার": 2, "নম্বর": 2, "সংখ্যা": 2, "উপভোক্তা": 3, "রসিদ": 2, "এক": 1, "পাঁচশো": 2, "তারিখে,": 3,
		"पैसा": 2, "नंबर": 2, "लाभार्थी": 3, "नवंबर": 3, "दस।": 1, "हज़ार": 2,
		"press": 1, "number": 2, "beneficiary": 5, "crore": 1, "W": 3, "": 0, "।": 0,
	} {
		if got := speech.Syllables(word); got != want {
			t.Errorf("Syllables(%q) = %d, want %d", word, got, want)
		}
	}
}

// spoken are texts of the lengths and kinds that calls have.
func spoken() map[i18n.Lang][]string {
	return map[i18n.Lang][]string{
		i18n.Bengali: {
			"আপনার উপভোক্তা নম্বরের দশটি সংখ্যা টিপুন।",
			"বার্ধক্য ভাতা: বারো লাখ পঞ্চাশ হাজার টাকা তেরো নভেম্বর দুই হাজার ছাব্বিশ তারিখে পাঠানো হয়েছে। পরের টাকা দশ ডিসেম্বর।",
			"ধন্যবাদ। লেখা হল, এক হাজার টাকা পেয়েছেন। রসিদ এক দুই তিন চার, পাঁচ ছয় সাত আট, নয় শূন্য এক আট।",
			"এই কার্ডে এখনও টাকা পাঠানো হয়নি, তাই কিছু লেখা হয়নি। টাকা এলে আবার জানান।",
			"ফসলের দর, এর জন্য এক টিপুন।",
			"উত্তর আসতে একটু সময় লাগছে। আমরা এসএমএসে পাঠিয়ে দেব, আবার জিজ্ঞাসা করতে হবে না।",
		},
		i18n.Hindi: {
			"अपने लाभार्थी नंबर के दस अंक दबाएँ।",
			"वृद्धावस्था भत्ता: बारह लाख पचास हज़ार रुपये तेरह नवंबर दो हज़ार छब्बीस को भेजे गए। अगली राशि दस दिसंबर।",
			"धन्यवाद। एक हज़ार रुपये मिल गए, दर्ज हुआ। रसीद एक दो तीन चार, पाँच छह सात आठ, नौ शून्य एक आठ।",
			"इस कार्ड पर अभी पैसा नहीं भेजा गया, इसलिए कुछ दर्ज नहीं हुआ। पैसा आने पर फिर बताएँ।",
			"फसल का भाव, इसके लिए एक दबाएँ।",
			"जवाब आने में थोड़ा समय लग रहा है। हम एसएमएस से भेज देंगे, फिर पूछने की ज़रूरत नहीं।",
		},
		i18n.English: {
			"Press the ten digits of your beneficiary number.",
			"Old age allowance: twelve lakh fifty thousand rupees sent on thirteenth November two thousand twenty-six. Next payment tenth December.",
			"Thank you. Recorded: you received one thousand rupees. Receipt one two three four, five six seven eight, nine zero one eight.",
			"No payment has been sent on this card yet, so nothing is recorded. Tell us when it comes.",
			"Price of crops: press one.",
			"The answer is taking time. We will send it by SMS; you need not ask again.",
		},
	}
}

// TestSeconds_Calibrated holds the estimate to what espeak-ng speaks: no text is
// off by more than a quarter, and all texts of a language by more than a twelfth,
// so that the limit in seconds is one in seconds.
func TestSeconds_Calibrated(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("espeak-ng")
	if err != nil {
		t.Skip("espeak-ng is not installed: scripts/setup test installs it")
	}
	for l, texts := range spoken() {
		var all, estimated time.Duration
		for _, text := range texts {
			cmd := exec.CommandContext(t.Context(), program, "-v", string(l), "-s", strconv.Itoa(speech.Rate), "--stdout", speech.Respell(l, speech.Normalise(l, text)))
			wav, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			const header, octetsPerSecond = 44, 2 * 22_050
			length := time.Duration(len(wav)-header) * time.Second / octetsPerSecond
			got := speech.Length(l, speech.Normalise(l, text))
			if d := (got - length).Abs(); d > length/4 {
				t.Errorf("Length(%s, %q) = %v, spoken in %v", l, text, got.Round(10*time.Millisecond), length.Round(10*time.Millisecond))
			}
			all, estimated = all+length, estimated+got
		}
		if d := (estimated - all).Abs(); d > all/12 {
			t.Errorf("%s: estimated %v, spoken in %v", l, estimated, all)
		}
		t.Logf("%s: estimated %v, spoken in %v", l, estimated, all)
	}
}

// TestWidest: the widest value of a kind is heard as long as any other of it.
func TestWidest(t *testing.T) {
	t.Parallel()
	for _, l := range i18n.Langs() {
		for kind, values := range map[i18n.Kind][]string{
			i18n.Money:  {"1234567.89", "9000000", "7777777.77", "8484848.48"},
			i18n.Date:   {"2026-11-13", "2031-02-28", "1999-12-31"},
			i18n.Weight: {"1234567", "7777777"},
			i18n.Code:   {"1000000", "9999999"},
		} {
			widest := speech.Length(l, speech.Widest(kind, 7, l))
			for _, raw := range values {
				words := ""
				for _, w := range speech.Value(l, i18n.Value{Kind: kind, Raw: raw}) {
					words += w + " "
				}
				if got := speech.Length(l, words); got > widest+widest/8 {
					t.Errorf("%s: %s %q takes %v, and the widest %v", l, kind, raw, got, widest)
				}
			}
		}
		if text := speech.Widest(i18n.Text, 28, l); speech.Syllables(text) < 9 {
			t.Errorf("%s: the widest name is %q", l, text)
		}
	}
}

// TestRespell: words are respelled whole and only for the voice that needs it.
func TestRespell(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		lang       i18n.Lang
		text, want string
	}{
		{i18n.Bengali, "আপনার কার্ড, কার্ডে পাঁচশো।", "আপ্নার কার্ড্, কার্ডে পাঁচ্শো।"},
		{i18n.Hindi, "एक दबाएँ।", "एक दबायें।"},
		{i18n.English, "two lakh, lakhs", "two lahkh, lakhs"},
	} {
		if got := speech.Respell(tt.lang, tt.text); got != tt.want {
			t.Errorf("Respell(%s, %q) = %q, want %q", tt.lang, tt.text, got, tt.want)
		}
	}
}
