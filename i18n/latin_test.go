package i18n_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"setu/i18n"
)

// TestLatin_words: each is a word of our texts or of the registers, in the
// spelling of a message that a citizen might write.
func TestLatin_words(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		// Bengali: services and their things.
		"ভাতা": "bhata", "ধান": "dhan", "রসিদ": "rosid", "খতিয়ান": "khatian", "স্বাস্থ্য": "swasthya", "ফসল": "fosol",
		"জমি": "jomi", "অভিযোগ": "obhijog", "শংসাপত্র": "shongsapotro", "সম্মতি": "sommoti", "মার্কশিট": "marksheet",
		"হাসপাতাল": "haspatal", "উপভোক্তা": "upobhokta", "নম্বর": "nombor", "নম্বরটি": "nomborti", "টাকা": "taka", "দর": "dor",
		"পর্চা": "porcha", "দপ্তর": "doptor", "দপ্তরে": "doptore", "সংখ্যা": "sonkhya", "সংখ্যার": "sonkhyar", "ফসলের": "fosoler",
		// Bengali: what is said around them.
		"আপনি": "apni", "আপনার": "apnar", "আবার": "abar", "কোনও": "kono", "এখনও": "ekhono", "হয়েছে": "hoyeche", "হয়নি": "hoyni",
		"পেয়েছি": "peyechi", "পাওয়া": "pawa", "লিখুন": "likhun", "পাঠান": "pathan", "পাঠাব": "pathabo", "করতে": "korte", "করবেন": "korben",
		"আবেদনটি": "abedonti", "তারিখে": "tarikhe", "বন্ধ": "bondho", "বিষয়": "bishoy", "দুঃখিত": "dukkhito", "হচ্ছে": "hocche",
		"জিজ্ঞেস": "jigges", "জ্ঞান": "gyan", "পাঁচ": "panch", "যাঁর": "jar", "ওঁরা": "ora", "হ্যাঁ": "hyan", "ক্ষমা": "khoma", "দক্ষিণ": "dokkhin",
		"দ্বিতীয়": "dwitiyo", "অনুমতি": "onumoti", "দেহ": "deho", "হঠাৎ": "hothat", "সরকারি": "sorkari", "দেখছে": "dekhche", "অঙ্কে": "onke",
		"এসএমএসে": "SMS-e", "কার্ডের": "card-er", "ফাইলেও": "file-eo", "হবে": "hobe", "মার্চ": "march", "আগস্ট": "agost", "নভেম্বর": "nobhembor",
		// Bengali: names.
		"মুর্শিদাবাদ": "murshidabad", "আলিপুরদুয়ার": "alipurduar", "বাঁকুড়া": "bankura", "কোচবিহার": "kochbihar", "জলপাইগুড়ি": "jolpaiguri",
		"হাওড়া": "haora", "কলকাতা": "kolkata", "বর্ধমান": "bordhoman", "সুমিত্রা": "sumitra", "জয়দেব": "joydeb", "মণ্ডল": "mondol", "ডাঙা": "danga",
		// Hindi.
		"भत्ता": "bhatta", "रसीद": "rasid", "शिकायत": "shikayat", "ज़मीन": "zamin", "फसल": "fasal", "प्रमाणपत्र": "pramanpatra",
		"सहमति": "sahmati", "स्वास्थ्य": "swasthya", "लाभार्थी": "labharthi", "दफ़्तर": "daftar", "नंबर": "nambar", "लंबा": "lamba", "अंक": "ank",
		"आपका": "aapka", "लिखें": "likhen", "लिखकर": "likhkar", "चाहिए": "chahiye", "जाएँ": "jayen", "इसलिए": "isliye", "समझने": "samajhne",
		"सरकारी": "sarkari", "नगरपालिका": "nagarpalika", "हक़": "haq", "बढ़ें": "badhen", "अच्छा": "accha", "ज्ञान": "gyan", "निःशुल्क": "nihshulk",
		"राज्य": "rajya", "हुआ": "hua", "द्वितीय": "dwitiya", "पहुँचना": "pahunchna", "है": "hai", "नहीं": "nahi", "में": "mein", "लॉट": "lot", "न": "na",
		"मुर्शिदाबाद": "murshidabad", "सरस्वती": "saraswati", "ऋण": "rin", "सितंबर": "sitambar",
	} {
		if got := i18n.Latin(word); got != want {
			t.Errorf("Latin(%q) = %q, want %q", word, got, want)
		}
		if got := i18n.Latin(i18n.NFC(word)); got != want {
			t.Errorf("Latin(NFC(%q)) = %q, want %q", word, got, want)
		}
	}
}

func TestLatin_texts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":             "",
		"Rs 1,500 [x]": "Rs 1,500 [x]",
		"10 সংখ্যার উপভোক্তা নম্বর লিখুন।":  "10 sonkhyar upobhokta nombor likhun.",
		"১২টি, 2026-এর\n9 আরও":              "12ti, 2026-er\n9 aro",
		"नंबर मेल नहीं खाता। १० अंक लिखें।": "nambar mel nahi khata. 10 ank likhen.",
		"বাংলা / हिन्दी / English?":         "bangla / hindi / English?",
		"“Café” – ₹5…":                      `"Cafe" - Rs5...`,
		"a`b\tc\u200d\x00\u0301":            "a'b c",
		"ক্\u200cষ":                         "kho",
		"日本🙂":                               "???",
		"\xff":                              "?",
		"٣":                                 "?",
		"া":                                 "",
		"়ক":                                "ko",
	} {
		if got := i18n.Latin(text); got != want {
			t.Errorf("Latin(%q) = %q, want %q", text, got, want)
		}
		if got := string(i18n.AppendLatin([]byte("before"), text)); got != "before"+want {
			t.Errorf("AppendLatin(%q) = %q, want %q behind what stood there", text, got, want)
		}
	}
}

// FuzzLatin: whatever it is given, what comes out is in the GSM 7-bit alphabet,
// keeps each digit, and is itself in Latin letters.
func FuzzLatin(f *testing.F) {
	for _, seed := range []string{"ভাতা ১২৩", "भत्ता १२३", "ক্ষ্ম্ৎ়াঁ", "়্া", "＃１", strings.Repeat("ক্", 90), "\xe0\xa6", "`~^{}[]|\\€"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := i18n.Latin(s)
		for i := range len(got) {
			if c := got[i]; c != '\n' && c != '\r' && (c < ' ' || c > '~' || c == '`') {
				t.Fatalf("Latin(%q) = %q: %q is not of the alphabet", s, got, c)
			}
		}
		if again := i18n.Latin(got); again != got {
			t.Errorf("Latin(%q) = %q, and again %q", s, got, again)
		}
		if digitsOf(got) != digitsOf(i18n.ASCIIDigits(s)) {
			t.Errorf("Latin(%q) = %q: the digits are others", s, got)
		}
		if len(got) > 5*utf8.RuneCountInString(s) {
			t.Errorf("Latin(%q) is %d letters", s, len(got))
		}
	})
}

func digitsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, s)
}

func BenchmarkLatin(b *testing.B) {
	for name, text := range map[string]string{
		"lang=bn": "অভিযোগ জমা হয়েছে, নম্বর 60000007। 21 নভেম্বর 2026-এর মধ্যে উত্তর পাবেন। রসিদ 1234-5678-9018",
		"lang=hi": "शिकायत जमा हो गई, नंबर 60000007। 21 नवंबर 2026 तक जवाब मिलेगा। रसीद 1234-5678-9018",
		"lang=en": "Complaint sent, number 60000007. You will get a reply by 21 Nov 2026. Receipt 1234-5678-9018",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			room := make([]byte, 0, 512)
			for b.Loop() {
				room = i18n.AppendLatin(room[:0], text)
			}
		})
	}
}
