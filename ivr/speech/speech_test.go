package speech_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"setu/i18n"
	"setu/ivr/speech"
)

func TestValue(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind       i18n.Kind
		raw        string
		bn, hi, en string
	}{
		{i18n.Money, "1250000", "বারো লাখ পঞ্চাশ হাজার টাকা", "बारह लाख पचास हज़ार रुपये", "twelve lakh fifty thousand rupees"},
		{i18n.Money, "1500.50", "এক হাজার পাঁচশো টাকা পঞ্চাশ পয়সা", "एक हज़ार पाँच सौ रुपये पचास पैसे", "one thousand five hundred rupees and fifty paise"},
		{i18n.Money, "1", "এক টাকা", "एक रुपये", "one rupee"},
		{i18n.Money, "1.50", "এক টাকা পঞ্চাশ পয়সা", "एक रुपये पचास पैसे", "one rupee and fifty paise"},
		{i18n.Money, "101", "একশো এক টাকা", "एक सौ एक रुपये", "one hundred one rupees"},
		{i18n.Money, "0.5", "পঞ্চাশ পয়সা", "पचास पैसे", "fifty paise"},
		{i18n.Money, "200.00", "দুশো টাকা", "दो सौ रुपये", "two hundred rupees"},
		{i18n.Date, "2026-11-13", "তেরো নভেম্বর দুই হাজার ছাব্বিশ", "तेरह नवंबर दो हज़ार छब्बीस", "thirteenth November two thousand twenty-six"},
		{i18n.Date, "1995-01-31", "একত্রিশ জানুয়ারি উনিশশো পঁচানব্বই", "इकतीस जनवरी उन्नीस सौ पंचानबे", "thirty-first January nineteen ninety-five"},
		{i18n.Date, "1900-02-01", "এক ফেব্রুয়ারি উনিশশো", "एक फरवरी उन्नीस सौ", "first February nineteen hundred"},
		{i18n.Time, "2026-11-22T05:00:00Z", "বাইশ নভেম্বর দুই হাজার ছাব্বিশ, সকাল দশটা তিরিশ মিনিট", "बाईस नवंबर दो हज़ार छब्बीस, सुबह दस बजकर तीस मिनट", "twenty-second November two thousand twenty-six, ten thirty in the morning"},
		{i18n.Time, "2026-11-22T18:30:00Z", "তেইশ নভেম্বর দুই হাজার ছাব্বিশ, রাত বারোটা", "तेईस नवंबर दो हज़ार छब्बीस, रात बारह बजे", "twenty-third November two thousand twenty-six, twelve o'clock at night"},
		{i18n.Weight, "950", "নয় কুইন্টাল পঞ্চাশ কেজি", "नौ क्विंटल पचास किलो", "nine quintal fifty kilo"},
		{i18n.Weight, "1200", "বারো কুইন্টাল", "बारह क्विंटल", "twelve quintal"},
		{i18n.Weight, "12.5", "বারো দশমিক পাঁচ কেজি", "बारह दशमलव पाँच किलो", "twelve point five kilo"},
		{i18n.Receipt, "123456789018", "এক দুই তিন চার, পাঁচ ছয় সাত আট, নয় শূন্য এক আট", "एक दो तीन चार, पाँच छह सात आठ, नौ शून्य एक आठ", "one two three four, five six seven eight, nine zero one eight"},
		{i18n.Code, "WB10000001", "ডব্লিউ বি, এক শূন্য শূন্য শূন্য, শূন্য শূন্য শূন্য এক", "डब्ल्यू बी, एक शून्य शून्य शून्य, शून्य शून्य शून्य एक", "w b, one zero zero zero, zero zero zero one"},
		{i18n.Code, "12345", "এক দুই তিন, চার পাঁচ", "एक दो तीन, चार पाँच", "one two three, four five"},
		{i18n.Number, "x", "x", "x", "x"},
		{i18n.Text, "ধান 5 kg", "ধান পাঁচ কেজি", "ধান पाँच किलो", "ধান five kilos"},
	} {
		for l, want := range map[i18n.Lang]string{i18n.Bengali: tt.bn, i18n.Hindi: tt.hi, i18n.English: tt.en} {
			got := strings.Join(speech.Value(l, i18n.Value{Kind: tt.kind, Raw: tt.raw}), " ")
			if i18n.NFC(got) != i18n.NFC(want) {
				t.Errorf("Value(%s, %s %q) = %q, want %q", l, tt.kind, tt.raw, got, want)
			}
		}
	}
}

func TestNormalise(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		lang       i18n.Lang
		text, want string
	}{
		{i18n.Bengali, "10 সংখ্যার নম্বর", "দশ সংখ্যার নম্বর"},
		{i18n.Bengali, "১০টি সংখ্যা", "দশটি সংখ্যা"},
		{i18n.Bengali, "₹1,25,000 পেয়েছেন", "এক লাখ পঁচিশ হাজার টাকা পেয়েছেন"},
		{i18n.Bengali, "25-12-2026", "পঁচিশ ডিসেম্বর দুই হাজার ছাব্বিশ"},
		{i18n.Bengali, "২২/১১/২০২৬ তারিখে", "বাইশ নভেম্বর দুই হাজার ছাব্বিশ তারিখে"},
		{i18n.Bengali, "১ম বিভাগ, ৩য় স্থান", "প্রথম বিভাগ, তৃতীয় স্থান"},
		{i18n.Bengali, "1-3টি সংখ্যা", "এক থেকে তিনটি সংখ্যা"},
		{i18n.Bengali, "1000000001", "এক শূন্য শূন্য শূন্য, শূন্য শূন্য শূন্য, শূন্য শূন্য এক"},
		{i18n.Bengali, "1234-5678-9018", "এক দুই তিন চার, পাঁচ ছয় সাত আট, নয় শূন্য এক আট"},
		{i18n.Bengali, "9000 কেজি, 12%", "নয় হাজার কেজি, বারো শতাংশ"},
		{i18n.Bengali, "ডাঃ রায়, মো. আলি", "ডাক্তার রায়, মহম্মদ আলি"},
		{i18n.Bengali, "উ. 24 পরগনা", "উত্তর চব্বিশ পরগনা"},
		{i18n.Bengali, "দ\u09afা", "দ\u09afা"},
		{i18n.Hindi, "Rs. 1,500.50 मिले", "एक हज़ार पाँच सौ रुपये पचास पैसे मिले"},
		{i18n.Hindi, "PM-KISAN की 2री किस्त", "पी एम किसान की दूसरी किस्त"},
		{i18n.Hindi, "3रा दिन 10:30", "तीसरा दिन सुबह दस बजकर तीस मिनट"},
		{i18n.English, "Rs 1,25,000 on 2 Nov 2026.", "one lakh twenty-five thousand rupees on two Nov two thousand twenty-six."},
		{i18n.English, "5kg at 12.5% (net)", "five kilos at twelve point five percent, net,"},
		{i18n.English, "the 2nd of 31", "the second of thirty-one"},
		{i18n.English, "wb.example.gov", "W B dot example dot guv"},
		{i18n.English, "-5 degrees, 007", "minus five degrees, zero zero seven"},
		{i18n.English, "", ""},
	} {
		if got := speech.Normalise(tt.lang, i18n.NFC(tt.text)); i18n.NFC(got) != i18n.NFC(tt.want) {
			t.Errorf("Normalise(%s, %q) = %q, want %q", tt.lang, tt.text, got, tt.want)
		}
	}
}

// TestNormalise_Composed: the dotted letters of Bengali come as one character.
func TestNormalise_Composed(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"দয়া": "দ\u09dfা", "বাড়ি": "বা\u09dcি", "আষাঢ়": "আষা\u09dd"} {
		if got := speech.Normalise(i18n.Bengali, i18n.NFC(in)); got != want {
			t.Errorf("Normalise(%q) = %+q, want %+q", in, got, want)
		}
	}
	for _, words := range [][]string{speech.Value(i18n.Bengali, i18n.Value{Kind: i18n.Money, Raw: "84.35"}), speech.Number(i18n.Bengali, "96")} {
		if joined := strings.Join(words, " "); strings.ContainsRune(joined, '\u09bc') {
			t.Errorf("%+q is not composed", joined)
		}
	}
}

func pieces(list ...any) []i18n.Piece {
	var out []i18n.Piece
	for _, one := range list {
		switch one := one.(type) {
		case string:
			out = append(out, i18n.Piece{Text: i18n.NFC(one)})
		case i18n.Value:
			out = append(out, i18n.Piece{Slot: "x", Value: one})
		}
	}
	return out
}

func TestSay(t *testing.T) {
	t.Parallel()
	money := i18n.Value{Kind: i18n.Money, Raw: "1500.5"}
	for _, tt := range []struct {
		lang   i18n.Lang
		pieces []i18n.Piece
		want   []string
	}{
		{
			i18n.Bengali, pieces(i18n.Value{Raw: "বার্ধক্য ভাতা"}, ": ", money, " টাকা ", i18n.Value{Kind: i18n.Date, Raw: "2026-11-13"}, " তারিখে পাঠানো হয়েছে। পরের টাকা কাল।"),
			[]string{"বার্ধক্য ভাতা, এক হাজার পাঁচশো টাকা পঞ্চাশ পয়সা তেরো নভেম্বর দুই হাজার ছাব্বিশ তারিখে পাঠানো হয়েছে।", "পরের টাকা কাল।"},
		},
		{i18n.Bengali, pieces(money, " টাকায় কেনা"), []string{"এক হাজার পাঁচশো টাকা পঞ্চাশ পয়সায় কেনা"}},
		{i18n.Bengali, pieces(i18n.Value{Kind: i18n.Money, Raw: "200"}, " টাকায় কেনা"), []string{"দুশো টাকায় কেনা"}},
		{i18n.English, pieces("Rs ", money, " sent. Ask."), []string{"one thousand five hundred rupees and fifty paise sent.", "Ask."}},
		{i18n.English, pieces("cars ", money), []string{"cars one thousand five hundred rupees and fifty paise"}},
		{i18n.Hindi, pieces(money, " रुपये में"), []string{"एक हज़ार पाँच सौ रुपये पचास पैसे में"}},
		{i18n.English, pieces("At ", i18n.Value{Raw: "Dr. Roy. End"}, "?"), []string{"At doctor Roy. End?"}},
		{i18n.English, nil, nil},
	} {
		list := speech.Say(tt.lang, tt.pieces)
		var got []string
		for _, s := range list {
			got = append(got, i18n.NFC(s.String()))
		}
		if strings.Join(got, "|") != i18n.NFC(strings.Join(tt.want, "|")) {
			t.Errorf("Say(%s) = %q, want %q", tt.lang, got, tt.want)
		}
	}
}

// checkSaid says what is wrong with words that a text came to.
func checkSaid(l i18n.Lang, text, got string) string {
	again := speech.Normalise(l, got)
	switch {
	case !utf8.ValidString(got):
		return "is no text"
	case strings.ContainsFunc(got, unicode.IsDigit):
		return "still holds digits"
	case strings.Contains(got, "  ") || strings.TrimSpace(got) != got:
		return "has spaces too many"
	case speech.Normalise(l, again) != again:
		return "changes again and again"
	case len(got) > 64*len(text)+64:
		return "is far too long"
	}
	return ""
}

// FuzzNormalise: whatever is written, what is said is words without digits, and a
// second reading changes nothing more.
func FuzzNormalise(f *testing.F) {
	for _, text := range []string{
		"Rs 1,25,000.50 on 2-11-2026", "১২/১১/২০২৬", "0-9 a-f", "PM-KISAN 10%", "wb.example.gov", "₹", "1,,2..3--4", "३रा", "10টি", "\xff1",
		"1234-5678-9018", "25:61", "-", "Rs.", "1.5kg", "\u09bc\u09af",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, l := range i18n.Langs() {
			got := speech.Normalise(l, text)
			for _, r := range got {
				if r > unicode.MaxLatin1 && unicode.IsDigit(r) && !strings.ContainsRune("০১২৩৪৫৬৭৮৯०१२३४५६७८९", r) {
					return // a digit of a script that none of ours reads
				}
			}
			if wrong := checkSaid(l, text, got); wrong != "" {
				t.Fatalf("Normalise(%s, %q) = %q, which %s", l, text, got, wrong)
			}
			for _, s := range speech.Sentences(l, text) {
				if s.String() == "" || len(s.Fragments) == 0 {
					t.Fatalf("Sentences(%s, %q): a sentence without words", l, text)
				}
			}
		}
	})
}
