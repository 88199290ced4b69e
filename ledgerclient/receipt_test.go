package ledgerclient_test

import (
	"errors"
	"testing"

	"setu/ledgerclient"
)

func TestParseReceipt(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		want     ledgerclient.Receipt
		err      error
	}{
		{name: "as stored", in: "816452693521", want: "816452693521"},
		{name: "as shown", in: "8164-5269-3521", want: "816452693521"},
		{name: "with spaces", in: " 8164 5269 3521 ", want: "816452693521"},
		{name: "with an en dash", in: "8164–5269–3521", want: "816452693521"},
		{name: "in Bengali digits", in: "৮১৬৪-৫২৬৯-৩৫২১", want: "816452693521"},
		{name: "in Devanagari digits", in: "८१६४ ५२६९ ३५२१", want: "816452693521"},
		{name: "leading zeros", in: "000000000000", want: "000000000000"},
		{name: "wrong check digit", in: "816452693522", err: ledgerclient.ErrReceipt},
		{name: "too short", in: "81645269352", err: ledgerclient.ErrReceipt},
		{name: "too long", in: "8164526935210", err: ledgerclient.ErrReceipt},
		{name: "letters", in: "8164526935a1", err: ledgerclient.ErrReceipt},
		{name: "empty", in: "", err: ledgerclient.ErrReceipt},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := ledgerclient.ParseReceipt(tt.in)
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("ParseReceipt(%q) = %q, %v, want %q, %v", tt.in, string(got), err, string(tt.want), tt.err)
			}
		})
	}
}

func TestNewReceipt(t *testing.T) {
	t.Parallel()
	seen := map[ledgerclient.Receipt]bool{}
	for range 1000 {
		r := ledgerclient.NewReceipt()
		if got, err := ledgerclient.ParseReceipt(r.String()); got != r || err != nil {
			t.Fatalf("ParseReceipt(%q) = %q, %v, want the receipt", r.String(), string(got), err)
		}
		if seen[r] {
			t.Fatalf("NewReceipt() gave %q twice in a thousand", string(r))
		}
		seen[r] = true
	}
}

// A citizen who mistypes one digit, or swaps two neighbours, must never be told
// of somebody else's receipt.
func TestParseReceipt_FindsSlips(t *testing.T) {
	t.Parallel()
	for range 20 {
		r := []byte(ledgerclient.NewReceipt())
		for i := range r {
			for d := byte('0'); d <= '9'; d++ {
				slip := append([]byte(nil), r...)
				if slip[i] = d; d != r[i] {
					refused(t, string(r), string(slip))
				}
			}
			if i > 0 && r[i] != r[i-1] {
				slip := append([]byte(nil), r...)
				slip[i], slip[i-1] = slip[i-1], slip[i]
				refused(t, string(r), string(slip))
			}
		}
	}
}

func refused(t *testing.T, right, slip string) {
	t.Helper()
	if got, err := ledgerclient.ParseReceipt(slip); err == nil {
		t.Errorf("ParseReceipt(%q), mistyped from %q, = %q, want an error", slip, right, string(got))
	}
}

func TestReceipt_String(t *testing.T) {
	t.Parallel()
	for in, want := range map[ledgerclient.Receipt]string{
		"816452693521": "8164-5269-3521",
		"":             "",
		"12":           "12",
	} {
		if got := in.String(); got != want {
			t.Errorf("Receipt(%q).String() = %q, want %q", string(in), got, want)
		}
	}
}
