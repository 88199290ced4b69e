package sms_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"setu/channels/sms"
)

func TestCost(t *testing.T) {
	t.Parallel()
	if got := sms.Cost(3, 12); got != 36 {
		t.Errorf("Cost(3, 12) = %d, want 36", got)
	}
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       []string
	}{
		{"gsm", gsmText, nil},
		{"dash", "2–3 days – “soon”", []string{`replace "–" (U+2013) by "-"`, `replace "“" (U+201C) by "\""`, `replace "”" (U+201D) by "\""`}},
		{"rupee sign", "₹ 500", []string{`replace "₹" (U+20B9) by "Rs"`}},
		{"native digits", "Receipt ১२", []string{`replace "১" (U+09E7) by "1"`, `replace "२" (U+0968) by "2"`}},
		{"danda", "Done।", []string{`replace "।" (U+0964) by "."`}},
		{"invisible", "a\u200cb", []string{"leave out U+200C"}},
		{"emoji", "ok 👍", []string{`replace "👍" (U+1F44D): it is not in the GSM alphabet`}},
		{"latin letter", "naïve", []string{`replace "ï" (U+00EF): it is not in the GSM alphabet`}},
		{"bengali", bengaliText, nil},
		{"one bengali word", "Benefit – ভাতা", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, s := range sms.Suggest(tt.text) {
				got = append(got, s.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Suggest(%q) (-want +got):\n%s", tt.text, diff)
			}
		})
	}
	if got := sms.Suggest("a–b–c"); len(got) != 1 || got[0].Count != 2 {
		t.Errorf("Suggest of two dashes = %+v, want one suggestion for both", got)
	}
}

// TestSuggest_fits checks that what is proposed is in the alphabet.
func TestSuggest_fits(t *testing.T) {
	t.Parallel()
	for r := rune(0); r < 0x3000; r++ {
		for _, s := range sms.Suggest(string(r)) {
			if s.Known && sms.Choose(s.By) != sms.GSM7 {
				t.Errorf("Suggest(%U) proposes %q, which is not GSM 7-bit", r, s.By)
			}
		}
	}
}
