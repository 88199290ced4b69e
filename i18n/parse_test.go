package i18n_test

import (
	"errors"
	"testing"
	"time"

	"setu/i18n"
)

// now is a Sunday, 00:30 in India; in UTC it is still Saturday the 21st.
var now = time.Date(2026, 11, 21, 19, 0, 0, 0, time.UTC)

func TestParseNumber(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text, want string
	}{
		{"0", "0"},
		{"-0.00", "0"},
		{"007", "7"},
		{" 12.50 ", "12.5"},
		{"12.", "12"},
		{"১২।", "12"},
		{"১২,৩৪,৫৬৭.৮৯", "1234567.89"},
		{"१२,३४,५६७", "1234567"},
		{"1,234,567", "1234567"},
		{"12,34,567", "1234567"},
		{"1,000", "1000"},
		{"999,999", "999999"},
		{"-5", "-5"},
		{"+5", "5"},
		{"−5", "-5"},
		{".5", "0.5"},
		{"5\u200c০", "50"},
		{"১২३４", "1234"},
		{"999999999999999999", "999999999999999999"},
		{"1000000000000000000", ""},
		{"0.1234567891", ""},
		{"1,5", ""},
		{"1,00", ""},
		{"12,34", ""},
		{"1234,567", ""},
		{"1,,000", ""},
		{",000", ""},
		{"1 000", ""},
		{"1.2.3", ""},
		{"--5", ""},
		{"+-5", ""},
		{"1e5", ""},
		{"", ""},
		{".", ""},
		{"-", ""},
		{"দশ", ""},
	}
	for _, tt := range tests {
		got, err := i18n.ParseNumber(tt.text)
		checkParse(t, "ParseNumber", tt.text, got, err, tt.want, i18n.ErrNotNumber)
	}
}

func TestParseMoney(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want string }{
		{"1500", "1500"},
		{"1500.5", "1500.50"},
		{"1500.00", "1500"},
		{"Rs. 1,500/-", "1500"},
		{"RS1500", "1500"},
		{"₹1,50,000.25", "150000.25"},
		{"১৫০০ টাকা", "1500"},
		{"৳ ১৫০০", "1500"},
		{"१५०० रुपये।", "1500"},
		{"500 taka", "500"},
		{"0", "0"},
		{"-5", ""},
		{"Rs -5", ""},
		{"1.505", ""},
		{"5 dollars", ""},
		{"5 5", ""},
		{"টাকা", ""},
		{"", ""},
	}
	for _, tt := range tests {
		got, err := i18n.ParseMoney(tt.text)
		checkParse(t, "ParseMoney", tt.text, got, err, tt.want, i18n.ErrNotMoney)
	}
}

func TestParsePhone(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want string }{
		{"9812345678", "+919812345678"},
		{"৯৮১২৩৪৫৬৭৮", "+919812345678"},
		{"९८१२३ ४५६७८", "+919812345678"},
		{"09812345678", "+919812345678"},
		{"919812345678", "+919812345678"},
		{"+91 98123-45678", "+919812345678"},
		{"0091 9812345678", "+919812345678"},
		{"\u200e+91 (98123) 45678\u200f", "+919812345678"},
		{"9123456789", "+919123456789"}, // begins with 91 but is a whole number
		{"+8801712345678", "+8801712345678"},
		{"008801712345678", "+8801712345678"},
		{"5812345678", ""},
		{"981234567", ""},
		{"98123456789", ""},
		{"+915812345678", ""},
		{"+91981234567", ""},
		{"+0123456789", ""},
		{"+1234567", ""},
		{"+1234567890123456", ""},
		{"++919812345678", ""},
		{"98123x5678", ""},
		{"", ""},
		{"+", ""},
	}
	for _, tt := range tests {
		got, err := i18n.ParsePhone(tt.text)
		checkParse(t, "ParsePhone", tt.text, got, err, tt.want, i18n.ErrNotPhone)
		if tt.want != "" {
			if again, err := i18n.ParsePhone(got); again != got {
				t.Errorf("ParsePhone(%q) = %q, %v, want itself", got, again, err)
			}
		}
	}
}

func TestParseDialled(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want string }{
		{"+919812345678", "+919812345678"},
		{"09812345678", "+919812345678"},
		{"9812345678", "+919812345678"},
		{"03322000001", "+913322000001"}, // Kolkata
		{"3322000001", "+913322000001"},
		{"+913322000001", "+913322000001"},
		{"913322000001", "+913322000001"},
		{"01123456789", "+911123456789"}, // Delhi
		{"2212345678", "+912212345678"},  // Mumbai
		{"008801712345678", "+8801712345678"},
		{"1234567890", ""},
		{"0332200000", ""},
		{"+91033220001", ""},
		{"anonymous", ""},
		{"", ""},
	}
	for _, tt := range tests {
		got, err := i18n.ParseDialled(tt.text, "91")
		checkParse(t, "ParseDialled", tt.text, got, err, tt.want, i18n.ErrNotPhone)
	}
}

func TestParseDate(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want string }{
		{"02-11-2026", "2026-11-02"},
		{"2/11/26", "2026-11-02"},
		{"2.11.2026", "2026-11-02"},
		{"2 11 2026", "2026-11-02"},
		{"2026-11-02", "2026-11-02"},
		{"2026/11/2", "2026-11-02"},
		{"02112026", "2026-11-02"},
		{"20261102", "2026-11-02"},
		{"০২১১২০২৬", "2026-11-02"},
		{"২/১১/২০২৬", "2026-11-02"},
		{"२.११.२६", "2026-11-02"},
		{"2 Nov 2026", "2026-11-02"},
		{"2NOV2026", "2026-11-02"},
		{"2nd November, 2026.", "2026-11-02"},
		{"Nov 2, 2026", "2026-11-02"},
		{"২ নভেম্বর ২০২৬", "2026-11-02"},
		{"২রা নভেম্বর ২০২৬", "2026-11-02"},
		{"২৫শে ডিসেম্বর, ২০২৫", "2025-12-25"},
		{"2 नवम्बर 2026", "2026-11-02"},
		{"१ फ़रवरी २०२६", "2026-02-01"},
		{"১ জানু\u09dfারি ২০২৬", "2026-01-01"},
		{"29-02-2024", "2024-02-29"},
		{"1-1-75", "1975-01-01"},
		{"1-1-36", "2036-01-01"},
		{"1-1-37", "1937-01-01"},

		{"today", "2026-11-22"},
		{"আজ", "2026-11-22"},
		{"आज।", "2026-11-22"},
		{"গতকাল", "2026-11-21"},
		{"Yesterday", "2026-11-21"},
		{"tomorrow", "2026-11-23"},

		{"22-11", "2026-11-22"}, // today
		{"23-11", "2025-11-23"}, // the latest one past
		{"2 Nov", "2026-11-02"},
		{"Dec 25", "2025-12-25"},
		{"২৫ ডিসেম্বর", "2025-12-25"},
		{"29-2", "2024-02-29"},

		{"11-22-2026", ""}, // month first is not read
		{"31-04-2026", ""},
		{"29-02-2026", ""},
		{"30-02", ""},
		{"00-11-2026", ""},
		{"2-11-202", ""},
		{"2-11-1899", ""},
		{"2-11-2200", ""},
		{"2-11-5", ""},
		{"021126", ""},
		{"00000000", ""},
		{"2", ""},
		{"Nov", ""},
		{"Nov Dec 2026", ""},
		{"Nov 2 Dec", ""},
		{"2-11-2026 10:30", ""},
		{"2-11-2026-5", ""},
		{"2 Smarch 2026", ""},
		{"2+11+2026", ""},
		{"12345-11-02", ""},
		{"", ""},
	}
	for _, tt := range tests {
		got, err := i18n.ParseDate(tt.text, now)
		checkParse(t, "ParseDate", tt.text, got, err, tt.want, i18n.ErrNotDate)
	}
	for _, s := range []string{"কাল", "कल", "KAL"} {
		if got, err := i18n.ParseDate(s, now); got != "" || !errors.Is(err, i18n.ErrAmbiguousDate) {
			t.Errorf("ParseDate(%q) = %q, %v, want ErrAmbiguousDate", s, got, err)
		}
	}
}

func checkParse(t *testing.T, f, text, got string, err error, want string, wantErr error) {
	t.Helper()
	if want == "" {
		if got != "" || !errors.Is(err, wantErr) {
			t.Errorf("%s(%q) = %q, %v, want %v", f, text, got, err, wantErr)
		}
		return
	}
	if got != want || err != nil {
		t.Errorf("%s(%q) = %q, %v, want %q", f, text, got, err, want)
	}
}

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"2/11/26", "২ নভেম্বর ২০২৬", "20261102", "29-2", "আজ", "Nov 2, 2026", "-", "9999999999"} {
		f.Add(s, int64(1795287600))
	}
	f.Fuzz(func(t *testing.T, s string, unix int64) {
		at := time.Unix(unix%(1<<40), 0)
		got, err := i18n.ParseDate(s, at)
		if err != nil {
			if got != "" || !errors.Is(err, i18n.ErrNotDate) && !errors.Is(err, i18n.ErrAmbiguousDate) {
				t.Fatalf("ParseDate(%q) = %q, %v", s, got, err)
			}
			return
		}
		if again, err := i18n.ParseDate(got, at); again != got {
			t.Errorf("ParseDate(%q) = %q, which reads as %q, %v", s, got, again, err)
		}
		shown := i18n.Value{Kind: i18n.Date, Raw: got}.String(bnNative)
		if again, err := i18n.ParseDate(shown, at); again != got {
			t.Errorf("ParseDate(%q) = %q, shown as %q, which reads as %q, %v", s, got, shown, again, err)
		}
	})
}

func FuzzParseNumber(f *testing.F) {
	for _, s := range []string{"12,34,567.5", "১২", "-0.0", "1,234", "Rs 5/-", "+91 9812345678", ".5", "−1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		parsers := []struct {
			name  string
			parse func(string) (string, error)
			err   error
		}{
			{"ParseNumber", i18n.ParseNumber, i18n.ErrNotNumber},
			{"ParseMoney", i18n.ParseMoney, i18n.ErrNotMoney},
			{"ParsePhone", i18n.ParsePhone, i18n.ErrNotPhone},
		}
		for _, p := range parsers {
			got, err := p.parse(s)
			if err != nil {
				if got != "" || !errors.Is(err, p.err) {
					t.Errorf("%s(%q) = %q, %v", p.name, s, got, err)
				}
				continue
			}
			if again, err := p.parse(got); again != got {
				t.Errorf("%s(%q) = %q, which reads as %q, %v", p.name, s, got, again, err)
			}
		}
	})
}
