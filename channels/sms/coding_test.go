package sms_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"setu/channels/sms"
)

// Texts of the benchmarks and of several tests.
const (
	bengaliText = "বার্ধক্য ভাতা: 1,500 টাকা আপনার অ্যাকাউন্টে 2 নভেম্বর 2026 তারিখে জমা হয়েছে। উপভোক্তা নম্বর 1000000001। রসিদ 1234-5678-9012। ভুল হলে লিখুন: অভিযোগ।"
	gsmText     = "Benefit: Rs 1,500 was paid on 2 Nov 2026 to your account. Beneficiary number 1000000001. Receipt 1234-5678-9012. If this is wrong, write COMPLAINT to this number. We never ask for your PIN or OTP."
	hindiText   = "वृद्धावस्था भत्ता: 1,500 रुपये 2 नवंबर 2026 को जमा हुए। रसीद 1234-5678-9012।"
)

func TestEncode(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		text   string
		coding sms.Coding
		want   string // octets; empty for ErrEncode
	}{
		{"gsm", "Hi @", sms.GSM7, "Hi \x00"},
		{"gsm extension", "[€]", sms.GSM7, "\x1b\x3c\x1b\x65\x1b\x3e"},
		{"gsm all of the extension", "\f^{}\\[~]|€", sms.GSM7, "\x1b\x0a\x1b\x14\x1b\x28\x1b\x29\x1b\x2f\x1b\x3c\x1b\x3d\x1b\x3e\x1b\x40\x1b\x65"},
		{"gsm greek and accents", "ΔΩèÇ§à", sms.GSM7, "\x10\x15\x04\x09\x5f\x7f"},
		{"gsm lacks the backtick", "`", sms.GSM7, ""},
		{"gsm lacks small c cedilla", "ç", sms.GSM7, ""},
		{"gsm lacks the escape itself", "\x1b", sms.GSM7, ""},
		{"gsm lacks the rupee sign", "₹", sms.GSM7, ""},
		{"gsm lacks NUL", "\x00", sms.GSM7, ""},
		{"ucs2", "ক A", sms.UCS2, "\x09\x95\x00\x20\x00\x41"},
		{"ucs2 surrogates", "👍", sms.UCS2, "\xd8\x3d\xdc\x4d"},
		{"ucs2 of broken UTF-8", "\xff", sms.UCS2, "\xff\xfd"},
		{"ascii", "A~", sms.ASCII, "A~"},
		{"ascii lacks accents", "é", sms.ASCII, ""},
		{"latin-1", "é", sms.Latin1, "\xe9"},
		{"latin-1 lacks the euro", "€", sms.Latin1, ""},
		{"octets", "ক\xff", sms.Octets, "ক\xff"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var wantErr error
			if tt.want == "" {
				wantErr = sms.ErrEncode
			}
			got, err := sms.Encode(tt.text, tt.coding)
			if string(got) != tt.want || !errors.Is(err, wantErr) {
				t.Errorf("Encode(%q, %v) = %q, %v, want %q, %v", tt.text, tt.coding, got, err, tt.want, wantErr)
			}
			if wantErr != nil {
				return
			}
			if got, err := sms.AppendEncode([]byte("x"), tt.text, tt.coding); string(got) != "x"+tt.want || err != nil {
				t.Errorf("AppendEncode(%q, %v) = %q, %v, want %q", tt.text, tt.coding, got, err, "x"+tt.want)
			}
		})
	}
}

func TestEncode_unknown(t *testing.T) {
	t.Parallel()
	if _, err := sms.Encode("a", 5); !errors.Is(err, sms.ErrCoding) {
		t.Errorf("Encode in coding 5: %v, want ErrCoding", err)
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		octets string
		coding sms.Coding
		want   string
		bad    bool // ErrDecode
	}{
		{"gsm", "Hi \x00\x1b\x65\n", sms.GSM7, "Hi @€\n", false},
		{"gsm trailing at-sign stays", "a\x00", sms.GSM7, "a@", false},
		{"gsm octet that is no septet", "a\x80b", sms.GSM7, "a\ufffdb", true},
		{"gsm unknown extension is the main character", "\x1bA", sms.GSM7, "A", true},
		{"gsm escape at the end", "a\x1b", sms.GSM7, "a\ufffd", true},
		{"gsm escaped escape", "\x1b\x1ba", sms.GSM7, "\ufffda", true},
		{"gsm escaped octet", "\x1b\x80a", sms.GSM7, "\ufffd\ufffda", true},
		{"ucs2", "\x09\x95\x00A", sms.UCS2, "কA", false},
		{"ucs2 surrogates", "\xd8\x3d\xdc\x4d!", sms.UCS2, "👍\ufffd", true},
		{"ucs2 big endian mark", "\xfe\xff\x09\x95", sms.UCS2, "ক", false},
		{"ucs2 little endian mark", "\xff\xfe\x95\x09", sms.UCS2, "ক", false},
		{"ucs2 two marks", "\xfe\xff\xfe\xff\x00A", sms.UCS2, "A", false},
		{"ucs2 mark within stays", "\x00A\xfe\xff\x00B", sms.UCS2, "A\ufeffB", false},
		{"ucs2 NUL at the end", "\x00A\x00\x00", sms.UCS2, "A", false},
		{"ucs2 odd", "\x09\x95\x00", sms.UCS2, "ক\ufffd", true},
		{"ucs2 one octet", "A", sms.UCS2, "\ufffd", true},
		{"ucs2 high surrogate alone", "\xd8\x3d\x00A", sms.UCS2, "\ufffdA", true},
		{"ucs2 high surrogate at the end", "\xd8\x3d", sms.UCS2, "\ufffd", true},
		{"ucs2 low surrogate alone", "\xdc\x4d\x00A", sms.UCS2, "\ufffdA", true},
		{"ucs2 swapped surrogates", "\xdc\x4d\xd8\x3d", sms.UCS2, "\ufffd\ufffd", true},
		{"ucs2 empty", "", sms.UCS2, "", false},
		{"ascii", "ab\x00", sms.ASCII, "ab", false},
		{"ascii with the eighth bit", "a\xe9", sms.ASCII, "a\ufffd", true},
		{"latin-1", "a\xe9\x00\x00", sms.Latin1, "aé", false},
		{"octets that are UTF-8", "\xe0\xa6\x95", sms.Octets, "ক", false},
		{"octets that are not", "a\xe9", sms.Octets, "aé", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := sms.Decode([]byte(tt.octets), tt.coding)
			if got != tt.want || errors.Is(err, sms.ErrDecode) != tt.bad {
				t.Errorf("Decode(%q, %v) = %q, %v, want %q, fault %v", tt.octets, tt.coding, got, err, tt.want, tt.bad)
			}
		})
	}
	if got, err := sms.Decode([]byte("a\xff"), 5); got != "a\ufffd" || !errors.Is(err, sms.ErrCoding) {
		t.Errorf("Decode in coding 5 = %q, %v, want ErrCoding", got, err)
	}
}

// TestDecode_table checks every character of both GSM tables through its code.
func TestDecode_table(t *testing.T) {
	t.Parallel()
	const main = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	septet := byte(0)
	for _, want := range main {
		if want != '\x1b' {
			got, err := sms.Decode([]byte{septet}, sms.GSM7)
			if got != string(want) || err != nil {
				t.Errorf("Decode(%#x) = %q, %v, want %q", septet, got, err, want)
			}
			if back, err := sms.Encode(got, sms.GSM7); !bytes.Equal(back, []byte{septet}) || err != nil {
				t.Errorf("Encode(%q) = %x, %v, want %x", got, back, err, septet)
			}
		}
		septet++
	}
	if septet != 128 {
		t.Errorf("%d characters were tried, want 128", septet)
	}
}

func TestCodingOf(t *testing.T) {
	t.Parallel()
	known := map[byte]sms.Coding{
		0x00: sms.GSM7, 0x01: sms.ASCII, 0x02: sms.Octets, 0x03: sms.Latin1, 0x04: sms.Octets, 0x08: sms.UCS2,
		0x10: sms.GSM7, 0x11: sms.GSM7, 0x15: sms.Octets, 0x18: sms.UCS2, 0x19: sms.UCS2, 0x58: sms.UCS2,
		0xc0: sms.GSM7, 0xd8: sms.GSM7, 0xe0: sms.UCS2, 0xf0: sms.GSM7, 0xf1: sms.GSM7, 0xf4: sms.Octets, 0xf5: sms.Octets,
	}
	for dcs, want := range known {
		if got, ok := sms.CodingOf(dcs); got != want || !ok {
			t.Errorf("CodingOf(%#x) = %v, %v, want %v", dcs, got, ok, want)
		}
	}
	for _, dcs := range []byte{5, 6, 7, 9, 10, 13, 14, 15, 0x1c, 0x20, 0x48, 0x80, 0xb0} {
		if got, ok := sms.CodingOf(dcs); ok {
			t.Errorf("CodingOf(%#x) = %v, want none", dcs, got)
		}
	}
}

func TestCoding_String(t *testing.T) {
	t.Parallel()
	for c, want := range map[sms.Coding]string{
		sms.GSM7: "gsm7", sms.ASCII: "ascii", sms.Octets: "octets", sms.Latin1: "latin1", sms.UCS2: "ucs2", 9: "coding(9)",
	} {
		if got := c.String(); got != want {
			t.Errorf("Coding(%d).String() = %q, want %q", uint8(c), got, want)
		}
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want sms.Coding
	}{
		{"", sms.GSM7},
		{gsmText, sms.GSM7},
		{"{€}", sms.GSM7},
		{bengaliText, sms.UCS2},
		{gsmText + "–", sms.UCS2},
		{"`", sms.UCS2},
		{"\xff", sms.UCS2},
		{"\t", sms.UCS2},
	}
	for _, tt := range tests {
		if got := sms.Choose(tt.text); got != tt.want {
			t.Errorf("Choose(%q) = %v, want %v", tt.text, got, tt.want)
		}
	}
}

// TestChoose_encodes checks that whatever is chosen can be encoded and read
// back.
func TestChoose_encodes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.OneOf(
			rapid.SampledFrom([]rune("@£$ΔΩ^{}\\[~]|€\f\n\rab 1")),
			rapid.SampledFrom([]rune("কখা্র१२👍")),
			rapid.Rune(),
		)).Filter(readsBack).Draw(t, "text")
		c := sms.Choose(s)
		b, err := sms.Encode(s, c)
		if err != nil {
			t.Fatalf("Encode(%q, %v): %v", s, c, err)
		}
		if got, err := sms.Decode(b, c); got != s || err != nil {
			t.Fatalf("Decode(Encode(%q, %v)) = %q, %v", s, c, got, err)
		}
	})
}

// readsBack says that decoding may give the text again: it has no byte order
// mark at its start and no NUL at its end, which are dropped.
func readsBack(s string) bool {
	return !strings.HasPrefix(s, "\ufeff") && !strings.HasPrefix(s, "\ufffe") && !strings.HasSuffix(s, "\x00")
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		"", "Hi \x00\x1b\x65", "\xd8\x3d\xdc\x4d", "\xfe\xff\x09\x95", "\xff\xfe\x95\x09", "\xd8\x3d", "a\x1b", "\x09",
		"\xfe\xff\xff\xfe\x00A", "\x00A\x00\x00",
	} {
		for _, c := range []byte{0, 1, 2, 3, 8, 9} {
			f.Add([]byte(s), c)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, coding byte) {
		c := sms.Coding(coding)
		text, err := sms.Decode(b, c)
		if !utf8.ValidString(text) {
			t.Fatalf("Decode(%x, %v) = %q, which is not UTF-8", b, c, text)
		}
		if len(text) > 3*len(b) {
			t.Fatalf("Decode(%x, %v) has %d octets", b, c, len(text))
		}
		switch {
		case errors.Is(err, sms.ErrDecode), errors.Is(err, sms.ErrCoding):
			return
		case err != nil:
			t.Fatalf("Decode(%x, %v): %v", b, c, err)
		}
		again, err := sms.Encode(text, c)
		if err != nil {
			t.Fatalf("Decode(%x, %v) = %q, which cannot be encoded: %v", b, c, text, err)
		}
		if back, err := sms.Decode(again, c); back != text || err != nil {
			t.Errorf("Decode(%x, %v) = %q, encoded and decoded = %q, %v", b, c, text, back, err)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	for name, text := range map[string]string{"bn": bengaliText, "en": gsmText} {
		c := sms.Choose(text)
		octets, err := sms.Encode(text, c)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("text="+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = sms.Decode(octets, c)
			}
		})
	}
}
