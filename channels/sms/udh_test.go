package sms_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"setu/channels/sms"
)

func TestParseUDH(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		octets string
		want   sms.UDH
		body   string
		bad    bool
	}{
		{"concat 8", "\x05\x00\x03\x2a\x03\x01text", sms.UDH{Concat: sms.Concat{Ref: 42, Total: 3, Seq: 1}}, "text", false},
		{"concat 16", "\x06\x08\x04\x01\x02\x03\x03text", sms.UDH{Concat: sms.Concat{Ref: 0x102, Wide: true, Total: 3, Seq: 3}}, "text", false},
		{"no element", "\x00text", sms.UDH{}, "text", false},
		{"no element, no text", "\x00", sms.UDH{}, "", false},
		{"header only", "\x05\x00\x03\x2a\x03\x01", sms.UDH{Concat: sms.Concat{Ref: 42, Total: 3, Seq: 1}}, "", false},
		{"languages", "\x06\x25\x01\x04\x24\x01\x06x", sms.UDH{Lock: sms.Bengali, Single: sms.Hindi}, "x", false},
		{"concat and locking", "\x08\x00\x03\x01\x02\x02\x25\x01\x04x", sms.UDH{Concat: sms.Concat{Ref: 1, Total: 2, Seq: 2}, Lock: sms.Bengali}, "x", false},
		{"ports 16", "\x06\x05\x04\x0b\x84\x23\xf0x", sms.UDH{}, "x", false},
		{"ports 8", "\x04\x04\x02\xf0\xf1x", sms.UDH{}, "x", false},
		{"unknown element", "\x04\x70\x02\x01\x02x", sms.UDH{}, "x", false},
		{"empty element", "\x02\x70\x00x", sms.UDH{}, "x", false},
		{"last concatenation counts", "\x0a\x00\x03\x01\x02\x01\x00\x03\x02\x02\x02x", sms.UDH{Concat: sms.Concat{Ref: 2, Total: 2, Seq: 2}}, "x", false},

		{"total 0", "\x05\x00\x03\x2a\x00\x01x", sms.UDH{BadConcat: true}, "x", false},
		{"number 0", "\x05\x00\x03\x2a\x02\x00x", sms.UDH{BadConcat: true}, "x", false},
		{"number above total", "\x05\x00\x03\x2a\x02\x03x", sms.UDH{BadConcat: true}, "x", false},
		{"concat of wrong length", "\x04\x00\x02\x2a\x02x", sms.UDH{BadConcat: true}, "x", false},
		{"wide concat of wrong length", "\x05\x08\x03\x2a\x02\x01x", sms.UDH{BadConcat: true}, "x", false},
		{"bad one, then a good one", "\x0a\x00\x03\x01\x00\x00\x00\x03\x02\x02\x02x", sms.UDH{Concat: sms.Concat{Ref: 2, Total: 2, Seq: 2}}, "x", false},

		{"nothing", "", sms.UDH{}, "", true},
		{"longer than the message", "\x05\x00\x03\x2a", sms.UDH{}, "\x05\x00\x03\x2a", true},
		{"just too long", "\x01", sms.UDH{}, "\x01", true},
		{"element longer than the header", "\x05\x00\x04\x2a\x02\x01x", sms.UDH{}, "x", true},
		{"stray octet", "\x06\x00\x03\x2a\x02\x01\x24x", sms.UDH{Concat: sms.Concat{Ref: 42, Total: 2, Seq: 1}}, "x", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, body, err := sms.ParseUDH([]byte(tt.octets))
			if diff := cmp.Diff(tt.want, got); diff != "" || string(body) != tt.body || errors.Is(err, sms.ErrUDH) != tt.bad {
				t.Errorf("ParseUDH(%x) = %q, %v, want %q, fault %v; header (-want +got):\n%s", tt.octets, body, err, tt.body, tt.bad, diff)
			}
		})
	}
}

func FuzzParseUDH(f *testing.F) {
	f.Add([]byte("\x05\x00\x03\x2a\x03\x01text"))
	f.Add([]byte("\x06\x08\x04\x01\x02\x03\x03text"))
	f.Add([]byte("\x00"))
	f.Add([]byte("\x06\x25\x01\x04\x24\x01\x06x"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, body, err := sms.ParseUDH(b)
		if err != nil && !errors.Is(err, sms.ErrUDH) {
			t.Fatalf("ParseUDH(%x): %v", b, err)
		}
		if len(body) > len(b) || string(body) != string(b[len(b)-len(body):]) {
			t.Fatalf("ParseUDH(%x): body %x is not its end", b, body)
		}
		if err == nil && len(body) != len(b)-1-int(b[0]) {
			t.Fatalf("ParseUDH(%x): body of %d octets", b, len(body))
		}
		if h.Concat != (sms.Concat{}) {
			checkConcat(t, h)
		}
	})
}

// checkConcat checks that a concatenation is valid and can be written and read.
func checkConcat(t *testing.T, h sms.UDH) {
	t.Helper()
	if !h.Concat.Valid() || h.BadConcat {
		t.Fatalf("%+v is no concatenation", h)
	}
	again, rest, err := sms.ParseUDH(h.Concat.AppendUDH(nil))
	if again.Concat != h.Concat || len(rest) != 0 || err != nil {
		t.Errorf("%+v written and read = %+v, %v", h.Concat, again.Concat, err)
	}
}
