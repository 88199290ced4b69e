package i18n_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"setu/i18n"
)

// slots gives values by name, from pairs of a name and a number, or a text.
func slots(pairs ...string) i18n.Values {
	return func(name string) (i18n.Value, bool) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] != name {
				continue
			}
			kind := i18n.Text
			if _, err := i18n.ParseNumber(pairs[i+1]); err == nil {
				kind = i18n.Number
			}
			return i18n.Value{Kind: kind, Raw: pairs[i+1]}, true
		}
		return i18n.Value{}, false
	}
}

func TestTemplate(t *testing.T) {
	t.Parallel()
	const lots = "{n, plural, =0 {no lot} one {# lot} other {# lots}}"
	tests := []struct {
		name, src string
		format    i18n.Format
		vals      i18n.Values
		want      string
	}{
		{"empty", "", en, slots(), ""},
		{"no slot", "নমস্কার।", bn, slots(), "নমস্কার।"},
		{"slot", "{scheme}: {amount} টাকা", bnNative, slots("scheme", "ভাতা", "amount", "1500"), "ভাতা: ১,৫০০ টাকা"},
		{"spaces in a slot", "{ a }", en, slots("a", "x"), "x"},
		{"dotted name", "{card.status}", en, slots("card.status", "x"), "x"},
		{"value missing", "{a} {b}", en, slots("a", "x"), "x {b}"},
		{"value with braces", "{a}", en, slots("a", "{b}"), "{b}"},

		{"exact", lots, en, slots("n", "0"), "no lot"},
		{"one", lots, en, slots("n", "1"), "1 lot"},
		{"other", lots, en, slots("n", "1234567"), "12,34,567 lots"},
		{"native count", lots, bnNative, slots("n", "12"), "১২ lots"},
		{"english 1.0 is other", lots, en, slots("n", "1.0"), "1.0 lots"},
		{"english 0.5 is other", lots, en, slots("n", "0.5"), "0.5 lots"},
		{"bengali 0.5 is one", lots, bn, slots("n", "0.5"), "0.5 lot"},
		{"hindi 0.5 is one", lots, hi, slots("n", "0.5"), "0.5 lot"},
		{"hindi 2 is other", lots, hi, slots("n", "2"), "2 lots"},
		{"0.00 is 0", lots, en, slots("n", "0.00"), "no lot"},
		{"ten million is not 0", "{n, plural, one {one} other {other}}", bn, slots("n", "10000000"), "other"},
		{"ten million and one is not 1", "{n, plural, one {one} other {other}}", en, slots("n", "10000001"), "other"},
		{"forty digits", "{n, plural, one {one} other {other}}", en, slots("n", strings.Repeat("1", 40)), "other"},
		{"no number", lots, en, slots("n", "many"), "many lots"},
		{"count missing", lots, en, slots(), "{n}"},
		{"exact number of decimals", "{n, plural, =1.5 {one and a half} other {#}}", en, slots("n", "1.50"), "one and a half"},
		{"exact before category", "{n, plural, one {a} =1 {b} other {c}}", en, slots("n", "1"), "b"},
		{"negative", "{n, plural, =-1 {below} other {#}}", en, slots("n", "-1"), "below"},
		{"unused categories", "{n, plural, zero{z} two{t} few{f} many{m} one{o} other{x}}", en, slots("n", "2"), "x"},

		{"select", "{s, select, paid {দেওয়া হয়েছে} other {{s}}}", bn, slots("s", "paid"), "দেওয়া হয়েছে"},
		{"select other", "{s, select, paid {p} other {<{s}>}}", en, slots("s", "held"), "<held>"},
		{"select missing", "{s, select, paid {p} other {o}}", en, slots(), "{s}"},
		{"select of the word other", "{s, select, a {A} other {O}}", en, slots("s", "other"), "O"},
		{"plural in select", "{s, select, x {" + lots + "} other {}}", en, slots("s", "x", "n", "2"), "2 lots"},
		{"select in plural keeps the count", "{n, plural, other {{s, select, x {#} other {}}}}", en, slots("s", "x", "n", "2"), "2"},
		{"inner count", "{n, plural, other {# {m, plural, other {#}} #}}", en, slots("n", "1", "m", "2"), "1 2 1"},
		{"hash outside", "#1 {a}", en, slots("a", "x"), "#1 x"},

		{"apostrophe", "it's {a}'s", en, slots("a", "x"), "it's x's"},
		{"two apostrophes", "it''s", en, slots(), "it's"},
		{"quoted brace", "'{'a'}'", en, slots("a", "x"), "{a}"},
		{"quoted text", "'{a} it''s' {a}", en, slots("a", "x"), "{a} it's x"},
		{"quoted hash", "{n, plural, other {'#'#}}", en, slots("n", "5"), "#5"},
		{"hash needs no quote outside", "'#'", en, slots(), "'#'"},
		{"apostrophe at the end", "a'", en, slots(), "a'"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tmpl, err := i18n.ParseTemplate(tt.src)
			if err != nil {
				t.Fatalf("ParseTemplate(%q): %v", tt.src, err)
			}
			if got := tmpl.String(tt.format, tt.vals); got != tt.want {
				t.Errorf("%q = %q, want %q", tt.src, got, tt.want)
			}
			if got := string(tmpl.Append([]byte("x"), tt.format, tt.vals)); got != "x"+tt.want {
				t.Errorf("Append: %q = %q, want %q", tt.src, got, "x"+tt.want)
			}
		})
	}
}

func TestTemplate_zero(t *testing.T) {
	t.Parallel()
	var tmpl i18n.Template
	if got := tmpl.String(en, slots()); got != "" || len(tmpl.Names()) != 0 {
		t.Errorf("zero template = %q with slots %v", got, tmpl.Names())
	}
}

// TestTemplate_money checks that # shows a typed count as its kind.
func TestTemplate_money(t *testing.T) {
	t.Parallel()
	tmpl, err := i18n.ParseTemplate("{n, plural, one {# রুপি} other {# টাকা}} {c, plural, other {#}}")
	if err != nil {
		t.Fatal(err)
	}
	vals := func(name string) (i18n.Value, bool) {
		if name == "n" {
			return i18n.Value{Kind: i18n.Money, Raw: "1500.5"}, true
		}
		return i18n.Value{Kind: i18n.Code, Raw: "1234"}, true
	}
	if got, want := tmpl.String(bn, vals), "1,500.50 টাকা 1,234"; got != want {
		t.Errorf("String = %q, want %q", got, want)
	}
}

func TestTemplate_Names(t *testing.T) {
	t.Parallel()
	tmpl, err := i18n.ParseTemplate("{b} {a} {n, plural, one {{c}} other {{b}}} {s, select, other {{d, plural, other{#}}}}")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "d", "n", "s"}, tmpl.Names()); diff != "" {
		t.Errorf("Names (-want +got):\n%s", diff)
	}
}

func TestParseTemplate_errors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		src    string
		offset int
		reason string
	}{
		{"ab}", 2, "closing brace without"},
		{"{", 1, "name of a slot is missing"},
		{"a {}", 3, "name of a slot is missing"},
		{"{a", 2, "comma or closing brace"},
		{"{a b}", 3, "comma or closing brace"},
		{"{ভাতা}", 1, "name of a slot is missing"},
		{"{a, number}", 4, `"number" is neither plural nor select`},
		{"{a, selectordinal, other {}}", 4, "neither"},
		{"{a, plural}", 10, "comma expected"},
		{"{a, plural, }", 12, `"other" is missing`},
		{"{a, plural, one {x}}", 19, `"other" is missing`},
		{"{a, plural, some {x} other {}}", 12, "not a plural category"},
		{"{a, plural, =x {x} other {}}", 12, "number expected"},
		{"{a, plural, one {x} one {y} other {}}", 20, `"one" is there twice`},
		{"{a, plural, =1 {x} =1.0 {y} other {}}", 19, `"=1" is there twice`},
		{"{a, plural, one x}", 16, "opening brace expected"},
		{"{a, plural, offset:1 other {}}", 12, "not a plural category"},
		{"{a, select, other {x}", 21, "key of a branch or closing brace"},
		{"{a, select, other {x", 20, "closing brace is missing"},
		{"{a, select, {x}}", 12, "key of a branch"},
		{"a '{b", 2, "not closed"},
		{strings.Repeat("{a, select, other {", 9) + strings.Repeat("}}", 9), 171, "nested"},
	}
	for _, tt := range tests {
		_, err := i18n.ParseTemplate(tt.src)
		var syntax *i18n.SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("ParseTemplate(%q): %v, want a SyntaxError", tt.src, err)
			continue
		}
		if syntax.Offset != tt.offset || !strings.Contains(syntax.Reason, tt.reason) {
			t.Errorf("ParseTemplate(%q): %v, want octet %d: …%s…", tt.src, err, tt.offset, tt.reason)
		}
	}
}

func TestTemplate_Widest(t *testing.T) {
	t.Parallel()
	tmpl, err := i18n.ParseTemplate("{a}: {n, plural, one {# lot of paddy} other {# lots}}{s, select, x {{n, plural, one{eleven} other{12}}} other {}}")
	if err != nil {
		t.Fatal(err)
	}
	got := tmpl.Widest(en, slots("a", "A", "n", "999", "s", "y"), func(s string) int { return len(s) })
	if want := "A: 999 lot of paddyeleven"; got != want {
		t.Errorf("Widest = %q, want %q", got, want)
	}
}

func TestTemplate_allocates(t *testing.T) {
	tmpl, err := i18n.ParseTemplate(benchmarkTemplate)
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]byte, 0, 512)
	if n := testing.AllocsPerRun(100, func() { _ = tmpl.Append(dst, bnNative, benchmarkValues) }); n != 0 {
		t.Errorf("Append allocates %v times, want 0", n)
	}
}

func FuzzTemplate(f *testing.F) {
	for _, s := range []string{
		"", "{a}", "{n, plural, =0 {x} one {# y} other {# '{'z'}'}}", "{s, select, a {A} other {{b}}}",
		"it''s '{quoted}' it's", "}", "{", "{n, plural, other {'#'}}", benchmarkTemplate,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		tmpl, err := i18n.ParseTemplate(src)
		if err != nil {
			var syntax *i18n.SyntaxError
			if !errors.As(err, &syntax) || syntax.Offset < 0 || syntax.Offset > len(src) {
				t.Fatalf("ParseTemplate(%q): %v", src, err)
			}
			return
		}
		checkMissing(t, src, tmpl)
		for _, raw := range []string{"0", "1", "5", "-0.5", "x"} {
			checkFilled(t, src, tmpl, raw)
		}
	})
}

// checkMissing checks that every slot that has no value stays visible.
func checkMissing(t *testing.T, src string, tmpl *i18n.Template) {
	t.Helper()
	var asked []string
	got := tmpl.String(en, func(name string) (i18n.Value, bool) {
		asked = append(asked, name)
		return i18n.Value{}, false
	})
	for _, name := range asked {
		if !strings.Contains(got, "{"+name+"}") {
			t.Errorf("%q without values = %q, lacks {%s}", src, got, name)
		}
	}
}

// checkFilled checks that Names has all slots, and that with values for these no
// brace is left that was not quoted.
func checkFilled(t *testing.T, src string, tmpl *i18n.Template, raw string) {
	t.Helper()
	names := tmpl.Names()
	got := tmpl.String(bnNative, func(name string) (i18n.Value, bool) {
		if !slices.Contains(names, name) {
			t.Errorf("%q asks for %q, which is not in Names", src, name)
		}
		return i18n.Value{Kind: i18n.Number, Raw: raw}, true
	})
	if !strings.Contains(src, "'") && strings.ContainsAny(got, "{}") {
		t.Errorf("%q = %q, which has braces", src, got)
	}
}

const benchmarkTemplate = "{scheme}: {amount} টাকা, {date}। {n, plural, =0 {কিছু বাকি নেই} one {#টি কিস্তি বাকি} other {#টি কিস্তি বাকি}}। রসিদ {receipt}"

func benchmarkValues(name string) (i18n.Value, bool) {
	switch name {
	case "scheme":
		return i18n.Value{Kind: i18n.Text, Raw: "বার্ধক্য ভাতা"}, true
	case "amount":
		return i18n.Value{Kind: i18n.Money, Raw: "1500.50"}, true
	case "date":
		return i18n.Value{Kind: i18n.Date, Raw: "2026-11-02"}, true
	case "n":
		return i18n.Value{Kind: i18n.Number, Raw: "2"}, true
	case "receipt":
		return i18n.Value{Kind: i18n.Receipt, Raw: "123456789012"}, true
	}
	return i18n.Value{}, false
}

func BenchmarkTemplate(b *testing.B) {
	tmpl, err := i18n.ParseTemplate(benchmarkTemplate)
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range []i18n.Format{bn, bnNative} {
		b.Run(fmt.Sprintf("native=%v", f.Native), func(b *testing.B) {
			b.ReportAllocs()
			dst := make([]byte, 0, 512)
			for b.Loop() {
				dst = tmpl.Append(dst[:0], f, benchmarkValues)
			}
		})
	}
}

func BenchmarkFold(b *testing.B) {
	for name, text := range map[string]string{
		"en": "BHATA 1000000001", "folded": "bhata 1000000001", "bn": "ভাতা ১০০০০০০০০১", "hi": "भत्ता १०००००००००१",
	} {
		b.Run("text="+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = i18n.Fold(text)
			}
		})
	}
}

func TestTemplate_Plain(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]bool{"": true, "9 আরও": true, "it''s": true, "{a}": false, "a {b}": false, "{n, plural, other {x}}": false} {
		tmpl, err := i18n.ParseTemplate(src)
		if err != nil {
			t.Fatal(err)
		}
		text, plain := tmpl.Plain()
		if shown := tmpl.String(i18n.Format{}, func(string) (i18n.Value, bool) { return i18n.Value{}, false }); plain != want || plain && text != shown {
			t.Errorf("Plain of %q = %q, %v, want %v", src, text, plain, want)
		}
	}
}
