package i18n_test

import (
	"errors"
	"testing"

	"setu/i18n"
)

func TestParseLang(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		want i18n.Lang
	}{
		{"bn", i18n.Bengali},
		{"Bengali", i18n.Bengali},
		{" BANGLA. ", i18n.Bengali},
		{"বাংলা", i18n.Bengali},
		{"বাংলায়", i18n.Bengali},      // U+09AF U+09BC
		{"বাংলা\u09df", i18n.Bengali},  // the other encoding of the same
		{"বাংলা\u200c", i18n.Bengali},  // a joiner left by the keyboard
		{"\ufeffবাংলা।", i18n.Bengali}, // BOM before, danda after
		{"बांग्ला", i18n.Bengali},
		{"हिन्दी", i18n.Hindi},
		{"हिंदी", i18n.Hindi},
		{"HINDI", i18n.Hindi},
		{"হিন্দি", i18n.Hindi},
		{"ENGLISH", i18n.English},
		{"ইংরেজি", i18n.English},
		{"अंग्रेज\u093cी", i18n.English}, // ज and nukta
		{"अंग्रे\u095bी", i18n.English},  // ज़ as one
		{"अंग्रेजी", i18n.English},
		{"Ｅnglish", ""}, // full-width letters are no ASCII letters
		{"", ""},
		{"tamil", ""},
	}
	for _, tt := range tests {
		got, err := i18n.ParseLang(tt.name)
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("ParseLang(%q) = %q, %v, want %q", tt.name, got, err, tt.want)
		}
		if err != nil && !errors.Is(err, i18n.ErrUnknownLang) {
			t.Errorf("ParseLang(%q): error %v, want ErrUnknownLang", tt.name, err)
		}
	}
	for _, l := range i18n.Langs() {
		for _, s := range []string{string(l), l.Name()} {
			if got, err := i18n.ParseLang(s); got != l {
				t.Errorf("ParseLang(%q) = %q, %v, want %q", s, got, err, l)
			}
		}
	}
}

func TestLang(t *testing.T) {
	t.Parallel()
	for _, l := range i18n.Langs() {
		if !l.Valid() || l.Name() == "" {
			t.Errorf("%q: Valid %v, Name %q", l, l.Valid(), l.Name())
		}
	}
	for _, l := range []i18n.Lang{"", "ta", "BN"} {
		if l.Valid() || l.Name() != "" {
			t.Errorf("%q: Valid %v, Name %q, want no language", l, l.Valid(), l.Name())
		}
	}
}

func TestDetectLang(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       i18n.Lang
	}{
		{"bengali", "ভাতা ১০০০০০০০০১", i18n.Bengali},
		{"bengali, western digits", "ভাতা 1000000001", i18n.Bengali},
		{"bengali, danda of the Devanagari block", "টাকা পাইনি।।।।।।।।।।", i18n.Bengali},
		{"one letter", "ক", i18n.Bengali},
		{"hindi", "भत्ता १००", i18n.Hindi},
		{"hindi, devanagari digits are no letters", "भत्ता ২০০০০০০০", i18n.Hindi},
		{"latin", "BHATA 1000000001", i18n.English},
		{"latin with accents", "éàü", i18n.English},
		{"mostly bengali", "SMS-এ ভাতার খবর চাই", i18n.Bengali},
		{"more latin", "please send ভাতা", i18n.Bengali},
		{"keyword and a web address", "साइट free-money.example.com", i18n.Hindi},
		{"more hindi", "क कख भत्ता", i18n.Hindi},
		{"as much of each", "कখ", i18n.Bengali},
		{"digits", "1000000001", ""},
		{"bengali digits", "১০০", ""},
		{"emoji", "👍🏽🙏", ""},
		{"empty", "", ""},
		{"marks of direction", "\u200f\u200e\ufeff", ""},
		{"tamil", "வணக்கம்", ""},
		{"not UTF-8", "\xff\xfe", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, ok := i18n.DetectLang(tt.text)
			if got != tt.want || ok != (tt.want != "") {
				t.Errorf("DetectLang(%q) = %q, %v, want %q", tt.text, got, ok, tt.want)
			}
		})
	}
}
