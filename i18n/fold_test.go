package i18n_test

import (
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"setu/i18n"
)

func TestFold(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, want string }{
		{"empty", "", ""},
		{"case and spaces", "  Bhata \t\n 1000000001 ", "bhata 1000000001"},
		{"punctuation at the ends", "“ভাতা”।", "ভাতা"},
		{"punctuation within", "what's up, doc-2?", "what's up, doc-2"},
		{"keypad", "*123#", "123"},
		{"nothing but punctuation", " ?! ।", ""},
		{"bengali digits", "ভাতা ১০০০০০০০০১", "ভাতা 1000000001"},
		{"devanagari digits", "भत्ता १२३", "भत्ता 123"},
		{"full-width digits", "ｘ１２", "ｘ12"},
		{"full-width letters", "ＡＢ", "ａｂ"},
		{"yya as one", "\u09df", "\u09af\u09bc"},
		{"yya as two", "\u09af\u09bc", "\u09af\u09bc"},
		{"rra and rha", "\u09dc\u09dd", "\u09a1\u09bc\u09a2\u09bc"},
		{"vowel in two halves", "ক\u09c7\u09be", "ক\u09cb"},
		{"nukta as one", "\u0958\u095b", "\u0915\u093c\u091c\u093c"},
		{"joiners", "ক্\u200dষ\u200c", "ক্ষ"},
		{"marks of direction and BOM", "\ufeff\u200fhelp\u200e", "help"},
		{"variation selector", "ok❤\ufe0f", "ok❤"},
		{"controls", "he\x00lp\x1b", "help"},
		{"invisible between space", "a \u200b b", "a b"},
		{"no-break space", "a\u00a0b", "a b"},
		{"not UTF-8", "a\xffb", "a\ufffdb"},
		{"composed once the joiner is out", "e\u200d\u0301", "é"},
		{"Kelvin sign", "5 \u212a", "5 k"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := i18n.Fold(tt.text); got != tt.want {
				t.Errorf("Fold(%q) = %+q, want %+q", tt.text, got, tt.want)
			}
		})
	}
}

// TestFold_encodings checks the letters that have two encodings, of which NFC
// keeps the longer.
func TestFold_encodings(t *testing.T) {
	t.Parallel()
	pairs := map[string]string{
		"\u09dc": "\u09a1\u09bc", "\u09dd": "\u09a2\u09bc", "\u09df": "\u09af\u09bc",
		"\u0958": "\u0915\u093c", "\u0959": "\u0916\u093c", "\u095a": "\u0917\u093c", "\u095b": "\u091c\u093c",
		"\u095c": "\u0921\u093c", "\u095d": "\u0922\u093c", "\u095e": "\u092b\u093c", "\u095f": "\u092f\u093c",
	}
	letters := make([]string, 0, 2*len(pairs))
	for one := range pairs {
		letters = append(letters, one)
	}
	rapid.Check(t, func(t *rapid.T) {
		var one, two string
		for _, s := range rapid.SliceOf(rapid.SampledFrom(append(letters, "ক", "া", "র", " ", "a", "१"))).Draw(t, "text") {
			one += s
			if pair, ok := pairs[s]; ok {
				s = pair
			}
			two += s
		}
		if a, b := i18n.Fold(one), i18n.Fold(two); a != b {
			t.Fatalf("Fold(%+q) = %+q, but Fold(%+q) = %+q", one, a, two, b)
		}
		if a, b := i18n.NFC(one), i18n.NFC(two); a != b || !norm.NFC.IsNormalString(a) {
			t.Fatalf("NFC(%+q) = %+q, NFC(%+q) = %+q", one, a, two, b)
		}
	})
}

func TestNFC_allocates(t *testing.T) {
	texts := []string{"BHATA 1000000001", "ভাতা ১০০০০০০০০১ কি", "भत्ता", ""}
	for _, s := range texts {
		if n := testing.AllocsPerRun(100, func() { _ = i18n.NFC(s) }); n != 0 {
			t.Errorf("NFC(%q) allocates %v times, want 0", s, n)
		}
	}
}

func TestASCIIDigits(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want string }{
		{"", ""},
		{"0123456789", "0123456789"},
		{"০১২৩৪৫৬৭৮৯", "0123456789"},
		{"०१२३४५६७८९", "0123456789"},
		{"０１２３４５６７８９", "0123456789"},
		{"ভাতা ১২ A", "ভাতা 12 A"},
		{"\xff১\xfe", "\xff1\xfe"},
		{"১\ufffd", "1\ufffd"},
	}
	for _, tt := range tests {
		if got := i18n.ASCIIDigits(tt.text); got != tt.want {
			t.Errorf("ASCIIDigits(%q) = %q, want %q", tt.text, got, tt.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "text")
		once := i18n.ASCIIDigits(s)
		if twice := i18n.ASCIIDigits(once); once != twice {
			t.Fatalf("ASCIIDigits(%q) = %q, again = %q", s, once, twice)
		}
	})
}

func TestASCIIDigits_allocates(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { _ = i18n.ASCIIDigits("ভাতা 1000000001") }); n != 0 {
		t.Errorf("ASCIIDigits allocates %v times where nothing changes, want 0", n)
	}
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{"", "ভাতা ১।", "\u09df\u09af\u09bc", "e\u200d\u0301", "İ", "ΐ\u0345", "\xff", "*1#", "ＡＢ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := i18n.Fold(s)
		if !utf8.ValidString(once) {
			t.Errorf("Fold(%q) = %q, which is not UTF-8", s, once)
		}
		if twice := i18n.Fold(once); once != twice {
			t.Errorf("Fold(%q) = %+q, again = %+q", s, once, twice)
		}
		if utf8.ValidString(s) {
			if nfc := i18n.Fold(i18n.NFC(s)); nfc != once {
				t.Errorf("Fold(%+q) = %+q, but of its NFC it is %+q", s, once, nfc)
			}
		}
	})
}

// TestNFC_plain checks the short cut for plain text against Unicode's tables.
func TestNFC_plain(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		runes := rapid.SliceOf(rapid.OneOf(
			rapid.RuneFrom(nil, &unicode.RangeTable{R16: []unicode.Range16{{Lo: 0x0900, Hi: 0x09ff, Stride: 1}}}),
			rapid.SampledFrom([]rune("\u09bc\u09be\u09c7\u09d7\u09cd\u093c\u094d\u0928\u0930\u0933\u0951\u0301ae “।")),
			rapid.Rune(),
		)).Draw(t, "runes")
		s := string(runes)
		if got, want := i18n.NFC(s), norm.NFC.String(s); got != want {
			t.Fatalf("NFC(%+q) = %+q, want %+q", s, got, want)
		}
	})
	// All pairs of the two blocks, and all that may follow a joiner.
	for a := rune(0x0900); a <= 0x09ff; a++ {
		for b := rune(0x0900); b <= 0x09ff; b++ {
			s := string([]rune{'x', a, b})
			if got, want := i18n.NFC(s), norm.NFC.String(s); got != want {
				t.Fatalf("NFC(%+q) = %+q, want %+q", s, got, want)
			}
		}
	}
}
