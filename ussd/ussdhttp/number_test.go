package ussdhttp

import (
	"testing"

	"setu/gateway"
)

// TestReadNumber: whoever dials is who writes SMS, in whatever form a gateway
// gives her number.
func TestReadNumber(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in, country string
		want        gateway.Address // "": refused
	}{
		{"+919830000001", "91", "+919830000001"},
		{"919830000001", "91", "+919830000001"},
		{"9830000001", "91", "+919830000001"}, // not of Iran, +98
		{"09830000001", "91", "+919830000001"},
		{"00919830000001", "91", "+919830000001"},
		{"tel:+919830000001", "91", "+919830000001"},
		{" TEL:919830000001 ", "91", "+919830000001"},
		{"+233241234567", "91", "+233241234567"},
		{"233241234567", "91", "+233241234567"},
		{"0241234567", "233", "+233241234567"},
		{"0241234567", "91", ""},   // too short for India
		{"1234567890", "91", ""},   // no Indian mobile begins so
		{"911234567890", "91", ""}, // nor then
		{"+0123456789", "91", ""},
		{"+1234567", "91", ""},
		{"+1234567890123456", "91", ""},
		{"", "91", ""},
		{"+", "91", ""},
		{"0", "91", ""},
		{"98300x0001", "91", ""},
		{"৯৮৩০০০০০০১", "91", ""}, // a network's own fields have ASCII digits
	} {
		got, ok := readNumber([]byte(tt.in), tt.country)
		if ok != (tt.want != "") || ok && got != tt.want {
			t.Errorf("readNumber(%q, %q) = %s, %v, want %s", tt.in, tt.country, got.Reveal(), ok, tt.want.Reveal())
		}
	}
}
