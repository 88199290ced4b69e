package i18n_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"setu/i18n"
)

func TestCheckDigit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		rule, digits string
		want         bool
	}{
		{"damm", "5724", true}, // Damm's own example
		{"damm", "5727", false},
		{"verhoeff", "2363", true},
		{"verhoeff", "2364", false},
		{"verhoeff", "1428570", true},
		{"luhn", "79927398713", true}, // ISO/IEC 7812-1
		{"luhn", "79927398710", false},
		{"mod11", "9434765919", true}, // an NHS number
		{"mod11", "9434765918", false},
		{"mod11", "0306406152", true}, // an ISBN-10
		{"mod11", "1000000001", true},
		{"mod11", "1000000002", false},
		{"mod11", "10000000010000000000000001000000000000", false},
		{"damm", "", false},
		{"damm", "0", false},
		{"luhn", "7992739871৩", false},
		{"luhn", "7992 739 8713", false},
		{"crc32", "5724", false},
	}
	for _, tt := range tests {
		if got := i18n.CheckDigit(tt.rule, tt.digits); got != tt.want {
			t.Errorf("CheckDigit(%q, %q) = %v, want %v", tt.rule, tt.digits, got, tt.want)
		}
	}
	if got := i18n.Damm("572"); got != '4' {
		t.Errorf("Damm(572) = %q, want '4'", got)
	}
	if got := i18n.Damm("57২"); got != 0 {
		t.Errorf("Damm of a Bengali digit = %q, want 0", got)
	}
}

// TestCheckDigit_finds checks that each rule takes one last digit at most, and
// finds every single wrong digit; Damm, Verhoeff and mod 11 every swap of
// neighbours too.
func TestCheckDigit_finds(t *testing.T) {
	t.Parallel()
	for _, rule := range i18n.CheckRules() {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				digits, ok := withCheck(rule, rapid.StringMatching(`[0-9]{1,9}`).Draw(t, "digits"))
				if !ok {
					return // mod 11 gives some numbers no digit
				}
				checkFinds(t, rule, digits, rapid.IntRange(0, len(digits)-1).Draw(t, "at"))
			})
		})
	}
	if !slices.IsSorted(i18n.CheckRules()) {
		t.Errorf("CheckRules() = %v, want them sorted", i18n.CheckRules())
	}
}

// checkFinds checks that no other digit is taken at i, nor the swap with the one
// before.
func checkFinds(t *rapid.T, rule, digits string, i int) {
	for d := byte('0'); d <= '9'; d++ {
		wrong := digits[:i] + string(d) + digits[i+1:]
		if wrong != digits && i18n.CheckDigit(rule, wrong) {
			t.Fatalf("%s takes %s and %s", rule, digits, wrong)
		}
	}
	if i == 0 || digits[i] == digits[i-1] || rule == "luhn" {
		return
	}
	swapped := digits[:i-1] + string([]byte{digits[i], digits[i-1]}) + digits[i+1:]
	if i18n.CheckDigit(rule, swapped) {
		t.Fatalf("%s takes %s and %s", rule, digits, swapped)
	}
}

// withCheck adds the one digit that makes the number valid.
func withCheck(rule, digits string) (string, bool) {
	for d := range 10 {
		if s := fmt.Sprint(digits, d); i18n.CheckDigit(rule, s) {
			return s, true
		}
	}
	return "", false
}
