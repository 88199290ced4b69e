package i18n_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"setu/i18n"
)

var (
	bn       = i18n.Format{Lang: i18n.Bengali}
	bnNative = i18n.Format{Lang: i18n.Bengali, Native: true}
	hi       = i18n.Format{Lang: i18n.Hindi}
	hiNative = i18n.Format{Lang: i18n.Hindi, Native: true}
	en       = i18n.Format{Lang: i18n.English}
)

func TestValue(t *testing.T) {
	t.Parallel()
	tests := []struct {
		kind   i18n.Kind
		raw    string
		format i18n.Format
		want   string
	}{
		{i18n.Text, "পূজা ১", en, "পূজা ১"},
		{i18n.Text, "", en, ""},

		{i18n.Number, "0", en, "0"},
		{i18n.Number, "999", en, "999"},
		{i18n.Number, "1000", en, "1,000"},
		{i18n.Number, "99999", en, "99,999"},
		{i18n.Number, "100000", en, "1,00,000"},
		{i18n.Number, "1234567", en, "12,34,567"},
		{i18n.Number, "-1234567.50", en, "-12,34,567.50"},
		{i18n.Number, "1234567", bnNative, "১২,৩৪,৫৬৭"},
		{i18n.Number, "1234567.8", hiNative, "१२,३४,५६७.८"},
		{i18n.Number, "1234567", bn, "12,34,567"},
		{i18n.Number, "123456789012345678901234567890", en, "1,23,45,67,89,01,23,45,67,89,01,23,45,67,890"},

		{i18n.Money, "1500", en, "1,500"},
		{i18n.Money, "1500.00", en, "1,500"},
		{i18n.Money, "1500.5", en, "1,500.50"},
		{i18n.Money, "1500.50", bnNative, "১,৫০০.৫০"},
		{i18n.Money, "-20.05", en, "-20.05"},
		{i18n.Money, "0", hiNative, "०"},
		{i18n.Money, "1.505", en, "1.505"}, // no such coin: as it is

		{i18n.Date, "2026-11-02", bn, "2 নভেম্বর 2026"},
		{i18n.Date, "2026-11-02", bnNative, "২ নভেম্বর ২০২৬"},
		{i18n.Date, "2026-11-02", hi, "2 नवंबर 2026"},
		{i18n.Date, "2026-11-30", hiNative, "३० नवंबर २०२६"},
		{i18n.Date, "2026-11-02", en, "2 Nov 2026"},
		{i18n.Date, "2024-02-29", en, "29 Feb 2024"},
		{i18n.Date, "2026-01-09", bn, "9 জানুয়ারি 2026"},

		{i18n.Time, "2026-11-02T05:00:00Z", en, "2 Nov 2026 10:30"},
		{i18n.Time, "2026-11-02T05:00:00Z", bn, "2 নভেম্বর 2026 10:30"},
		{i18n.Time, "2026-11-02T05:00:00Z", hiNative, "२ नवंबर २०२६ १०:३०"},
		{i18n.Time, "2026-12-31T18:30:00Z", en, "1 Jan 2027 00:00"}, // midnight here is the day before in UTC
		{i18n.Time, "2026-11-02T10:30:00+05:30", en, "2 Nov 2026 10:30"},
		{i18n.Time, "2026-11-02T05:04:59.999999999Z", en, "2 Nov 2026 10:34"},

		{i18n.Code, "1000000001", en, "1000000001"},
		{i18n.Code, "WB-12/007", bnNative, "WB-১২/০০৭"},
		{i18n.Code, "0012", hiNative, "००१२"},

		{i18n.Receipt, "123456789012", en, "1234-5678-9012"},
		{i18n.Receipt, "123456789012", bnNative, "১২৩৪-৫৬৭৮-৯০১২"},

		{i18n.Weight, "80", en, "80 kg"},
		{i18n.Weight, "99.5", bn, "99.5 কেজি"},
		{i18n.Weight, "80", hi, "80 किलो"},
		{i18n.Weight, "0.250", en, "0.25 kg"},
		{i18n.Weight, "100", en, "1 quintal"},
		{i18n.Weight, "1250", en, "12.5 quintal"},
		{i18n.Weight, "1250", bnNative, "১২.৫ কুইন্টাল"},
		{i18n.Weight, "1205", hi, "12.05 क्विंटल"},
		{i18n.Weight, "1234.5", en, "12.345 quintal"},
		{i18n.Weight, "1200.5", en, "12.005 quintal"},
		{i18n.Weight, "12345678", en, "1,23,456.78 quintal"},

		{i18n.Number, "12", i18n.Format{}, "12"},
		{i18n.Date, "2026-11-02", i18n.Format{Lang: "ta", Native: true}, "2 Nov 2026"},
	}
	for _, tt := range tests {
		v := i18n.Value{Kind: tt.kind, Raw: tt.raw}
		want := i18n.NFC(tt.want)
		if got := v.String(tt.format); got != want {
			t.Errorf("%v(%q).String(%+v) = %q, want %q", tt.kind, tt.raw, tt.format, got, want)
		}
		if got := string(v.Append([]byte("x"), tt.format)); got != "x"+want {
			t.Errorf("%v(%q).Append(%+v) = %q, want %q", tt.kind, tt.raw, tt.format, got, "x"+want)
		}
	}
}

func TestValue_malformed(t *testing.T) {
	t.Parallel()
	raws := []string{
		"x", "1,000", "1.", ".5", "01", "-", "+1", "1e5", "১২", "2026-02-30", "2026-13-01", "2026-1-1", "1899-12-31",
		"26-11-02", "2026-11-02T25:00:00Z", "0001-01-01T00:00:00Z", "12345678901x", "", "\xff", "NaN",
	}
	kinds := []i18n.Kind{i18n.Number, i18n.Money, i18n.Date, i18n.Time, i18n.Weight, i18n.Receipt}
	for _, kind := range kinds {
		for _, raw := range raws {
			v := i18n.Value{Kind: kind, Raw: raw}
			if got := v.String(bnNative); got != raw {
				t.Errorf("%v(%q).String = %q, want it as it is", kind, raw, got)
			}
		}
	}
	if got := (i18n.Value{Kind: i18n.Kind(200), Raw: "12"}).String(bnNative); got != "12" {
		t.Errorf("value of unknown kind = %q, want it as it is", got)
	}
}

// TestValue_gsm checks that English values stay in the GSM 7-bit alphabet as
// far as their raw form does: no rupee sign, no no-break space.
func TestValue_gsm(t *testing.T) {
	t.Parallel()
	for _, kind := range i18n.Kinds() {
		for _, r := range i18n.Widest(kind, 0, en) {
			if r >= utf8.RuneSelf {
				t.Errorf("Widest(%v, English) has %q", kind, r)
			}
		}
	}
}

func TestValue_allocates(t *testing.T) {
	dst := make([]byte, 0, 256)
	for _, kind := range i18n.Kinds() {
		raw := map[i18n.Kind]string{
			i18n.Text: "ধান", i18n.Number: "1234567.5", i18n.Money: "1500.5", i18n.Date: "2026-11-02",
			i18n.Code: "12", i18n.Time: "2026-11-02T05:00:00Z", i18n.Weight: "1250", i18n.Receipt: "123456789012",
		}[kind]
		v := i18n.Value{Kind: kind, Raw: raw}
		if n := testing.AllocsPerRun(100, func() { _ = v.Append(dst, bnNative) }); n != 0 {
			t.Errorf("%v.Append allocates %v times, want 0", kind, n)
		}
	}
}

func TestKind(t *testing.T) {
	t.Parallel()
	names := []string{"text", "number", "money", "date", "code", "time", "weight", "receipt"}
	for i, k := range i18n.Kinds() {
		if got := k.String(); got != names[i] {
			t.Errorf("%d.String() = %q, want %q", k, got, names[i])
		}
		if got, err := i18n.ParseKind(names[i]); got != k || err != nil {
			t.Errorf("ParseKind(%q) = %v, %v, want %v", names[i], got, err, k)
		}
	}
	if _, err := i18n.ParseKind("colour"); !errors.Is(err, i18n.ErrUnknownKind) {
		t.Errorf("ParseKind(colour): error %v, want ErrUnknownKind", err)
	}
	if _, err := i18n.Kind(99).MarshalText(); !errors.Is(err, i18n.ErrUnknownKind) {
		t.Errorf("Kind(99).MarshalText: error %v, want ErrUnknownKind", err)
	}
	if got := i18n.Kind(99).String(); got != "kind(99)" {
		t.Errorf("Kind(99).String() = %q", got)
	}
}

func TestValue_JSON(t *testing.T) {
	t.Parallel()
	in := map[string]i18n.Value{"amount": {Kind: i18n.Money, Raw: "1500.50"}}
	b, err := json.Marshal(in)
	if want := `{"amount":{"kind":"money","raw":"1500.50"}}`; err != nil || string(b) != want {
		t.Fatalf("Marshal = %s, %v, want %s", b, err, want)
	}
	var out map[string]i18n.Value
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, out); diff != "" {
		t.Errorf("value through JSON (-want +got):\n%s", diff)
	}
	if err := json.Unmarshal([]byte(`{"a":{"kind":"colour"}}`), &out); !errors.Is(err, i18n.ErrUnknownKind) {
		t.Errorf("unknown kind in JSON: error %v, want ErrUnknownKind", err)
	}
}

// TestMonths checks that every month that is shown is in NFC and is read back.
func TestMonths(t *testing.T) {
	t.Parallel()
	for _, f := range []i18n.Format{bn, bnNative, hi, hiNative, en} {
		for month := 1; month <= 12; month++ {
			raw := "2026-" + string([]byte{'0' + byte(month/10), '0' + byte(month%10)}) + "-09"
			shown := i18n.Value{Kind: i18n.Date, Raw: raw}.String(f)
			if shown != i18n.NFC(shown) {
				t.Errorf("%q is not in NFC", shown)
			}
			if got, err := i18n.ParseDate(shown, now); got != raw {
				t.Errorf("ParseDate(%q) = %q, %v, want %q", shown, got, err, raw)
			}
		}
	}
}

// TestShownNumbersParse checks that what is shown can be typed in again.
func TestShownNumbersParse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.StringMatching(`0|-?[1-9][0-9]{0,16}(\.[0-9]{0,7}[1-9])?`).Draw(t, "raw")
		f := rapid.SampledFrom([]i18n.Format{bn, bnNative, hi, hiNative, en}).Draw(t, "format")
		shown := i18n.Value{Kind: i18n.Number, Raw: raw}.String(f)
		if got, err := i18n.ParseNumber(shown); got != raw {
			t.Fatalf("ParseNumber(%q) = %q, %v, want %q", shown, got, err, raw)
		}
	})
}

func TestWidest(t *testing.T) {
	t.Parallel()
	tests := []struct {
		kind   i18n.Kind
		maxLen int
		format i18n.Format
		want   string
	}{
		{i18n.Money, 0, en, "99,99,99,999.99"},
		{i18n.Money, 4, bnNative, "৯,৯৯৯.৯৯"},
		{i18n.Number, 7, en, "99,99,999"},
		{i18n.Text, 3, bn, "ককক"},
		{i18n.Text, 3, hi, "ककक"},
		{i18n.Text, 3, en, "WWW"},
		{i18n.Code, 10, bnNative, "৯৯৯৯৯৯৯৯৯৯"},
		{i18n.Receipt, 0, en, "9999-9999-9999"},
		{i18n.Date, 0, en, "28 Jan 2026"},
		{i18n.Date, 0, bn, "28 ফেব্রুয়ারি 2026"},
		{i18n.Time, 0, en, "28 Jan 2026 18:00"},
		{i18n.Weight, 5, en, "999.99 quintal"},
	}
	for _, tt := range tests {
		if got, want := i18n.Widest(tt.kind, tt.maxLen, tt.format), i18n.NFC(tt.want); got != want {
			t.Errorf("Widest(%v, %d, %+v) = %q, want %q", tt.kind, tt.maxLen, tt.format, got, want)
		}
	}
	// No date of any month is wider.
	for _, f := range []i18n.Format{bn, hi, en} {
		widest := utf8.RuneCountInString(i18n.Widest(i18n.Date, 0, f))
		for month := range strings.SplitSeq("01 02 03 04 05 06 07 08 09 10 11 12", " ") {
			v := i18n.Value{Kind: i18n.Date, Raw: "2026-" + month + "-28"}
			if got := v.String(f); utf8.RuneCountInString(got) > widest {
				t.Errorf("%q is wider than Widest(Date)", got)
			}
		}
	}
}
