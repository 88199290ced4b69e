package speech

import (
	"strings"

	"setu/i18n"
)

// tongue is what one language needs to say numbers, dates and codes.
type tongue struct {
	lang     i18n.Lang
	below100 [hundred]string
	// hundreds, if not nil, are the words for 1 to 19 hundred; otherwise
	// a number and the word in scales make them.
	hundreds []string
	scales   []scale // the greatest first
	minus    string
	point    string
	to       string // between the ends of a range
	percent  string
	rupees   string
	paise    string
	// rupee is one of them; empty is that there is no such form, or that it hangs on
	// the sentence, as in Hindi: एक रुपया, but एक रुपये में.
	rupee    string
	and      string // between rupees and paise; may be empty
	quintal  string
	kilogram string
	months   [12]string
	days     []string // of the month, from 1; nil: as numbers
	hours    [12]string
	parts    [partsOfDay]string
	after    bool // the part of the day is said after the hour
	oclock   string
	past     string // between hour and minutes
	minutes  string
	ordinals []string // from 1
	letters  [26]string
	dot      string
}

// scale is a power of ten with a word of its own.
type scale struct {
	zeros int
	word  string
}

// partsOfDay is how many names the times of a day have.
const partsOfDay = 6

// The parts of the day: night, dawn, morning, noon, afternoon, evening.
const (
	night = iota
	dawn
	morning
	noon
	afternoon
	evening
)

// partOf is the part of the day that an hour, 0 to 23, lies in.
func partOf(hour int) int {
	switch {
	case hour < 4 || hour >= 20:
		return night
	case hour < 6:
		return dawn
	case hour < 12:
		return morning
	case hour < 15:
		return noon
	case hour < 17:
		return afternoon
	}
	return evening
}

func names12(list string) (names [12]string) {
	copy(names[:], strings.Fields(list))
	return names
}

func letters26(list string) (names [26]string) {
	copy(names[:], strings.Fields(list))
	return names
}

// tongueOf is the tongue of a language; one that is not valid is English.
func tongueOf(l i18n.Lang) *tongue {
	switch l {
	case i18n.Bengali:
		return &bengali
	case i18n.Hindi:
		return &hindi
	}
	return &english
}

var bengali = tongue{
	lang:     i18n.Bengali,
	below100: indicBelow100(bengaliBelow100),
	hundreds: strings.Fields(`একশো দুশো তিনশো চারশো পাঁচশো ছশো সাতশো আটশো নশো হাজার
		এগারোশো বারোশো তেরোশো চোদ্দোশো পনেরোশো ষোলোশো সতেরোশো আঠারোশো উনিশশো`),
	scales: []scale{{7, "কোটি"}, {5, "লাখ"}, {3, "হাজার"}},
	minus:  "মাইনাস", point: "দশমিক", to: "থেকে", percent: "শতাংশ",
	rupees: "টাকা", paise: "পয়সা",
	quintal: "কুইন্টাল", kilogram: "কেজি",
	months: names12("জানুয়ারি ফেব্রুয়ারি মার্চ এপ্রিল মে জুন জুলাই আগস্ট সেপ্টেম্বর অক্টোবর নভেম্বর ডিসেম্বর"),
	hours:  names12("একটা দুটো তিনটে চারটে পাঁচটা ছটা সাতটা আটটা নটা দশটা এগারোটা বারোটা"),
	parts:  [partsOfDay]string{"রাত", "ভোর", "সকাল", "দুপুর", "বিকেল", "সন্ধ্যা"}, minutes: "মিনিট",
	ordinals: strings.Fields("প্রথম দ্বিতীয় তৃতীয় চতুর্থ পঞ্চম ষষ্ঠ সপ্তম অষ্টম নবম দশম"),
	letters:  letters26(`এ বি সি ডি ই এফ জি এইচ আই জে কে এল এম এন ও পি কিউ আর এস টি ইউ ভি ডব্লিউ এক্স ওয়াই জেড`),
	dot:      "ডট",
}

var hindi = tongue{
	lang:     i18n.Hindi,
	below100: indicBelow100(hindiBelow100),
	scales:   []scale{{11, "खरब"}, {9, "अरब"}, {7, "करोड़"}, {5, "लाख"}, {3, "हज़ार"}, {2, "सौ"}},
	minus:    "माइनस", point: "दशमलव", to: "से", percent: "प्रतिशत",
	rupees: "रुपये", paise: "पैसे",
	quintal: "क्विंटल", kilogram: "किलो",
	months: names12("जनवरी फरवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर"),
	hours:  names12("एक दो तीन चार पाँच छह सात आठ नौ दस ग्यारह बारह"),
	parts:  [partsOfDay]string{"रात", "सुबह", "सुबह", "दोपहर", "शाम", "शाम"}, oclock: "बजे", past: "बजकर", minutes: "मिनट",
	ordinals: strings.Fields("पहला दूसरा तीसरा चौथा पाँचवाँ छठा सातवाँ आठवाँ नौवाँ दसवाँ"),
	letters:  letters26(`ए बी सी डी ई एफ़ जी एच आई जे के एल एम एन ओ पी क्यू आर एस टी यू वी डब्ल्यू एक्स वाई ज़ेड`),
	dot:      "डॉट",
}

var english = tongue{
	lang:     i18n.English,
	below100: englishBelow100(),
	scales:   []scale{{7, "crore"}, {5, "lakh"}, {3, "thousand"}, {2, "hundred"}},
	minus:    "minus", point: "point", to: "to", percent: "percent",
	rupees: "rupees", paise: "paise", rupee: "rupee", and: "and",
	quintal: "quintal", kilogram: "kilo",
	months: names12("January February March April May June July August September October November December"),
	days: strings.Fields(`first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth
		thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second
		twenty-third twenty-fourth twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth thirty-first`),
	hours: names12("one two three four five six seven eight nine ten eleven twelve"),
	parts: [partsOfDay]string{"at night", "in the morning", "in the morning", "in the afternoon", "in the afternoon", "in the evening"},
	after: true, oclock: "o'clock",
	letters: letters26("a b c d e f g h i j k l m n o p q r s t u v w x y z"),
	dot:     "dot",
}
