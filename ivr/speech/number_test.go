package speech_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"setu/i18n"
	"setu/ivr/speech"
)

// rule is one rule of CLDR's spell-out rules.
type rule struct {
	base int
	text string
}

// cldr reads the rules of a language, the greatest base last.
func cldr(t testing.TB, l i18n.Lang) []rule {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("testdata", "cldr", string(l)+".tsv"))
	if err != nil {
		t.Fatal(err)
	}
	var rules []rule
	for line := range strings.Lines(string(src)) {
		base, text, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") || !ok {
			continue
		}
		n, err := strconv.Atoi(base)
		if err != nil {
			t.Fatal(err)
		}
		rules = append(rules, rule{n, text})
	}
	if len(rules) < 32 {
		t.Fatalf("%s: %d rules", l, len(rules))
	}
	return rules
}

// spell applies the rules to a number, as UTS #35, part 3, says: the rule with the
// greatest base not above the number; << is how many times the base's power of
// ten goes into it, >> what is left.
func spell(rules []rule, n int) string {
	at := 0
	for i, r := range rules {
		if r.base <= n {
			at = i
		}
	}
	power := 1
	for power*10 <= rules[at].base {
		power *= 10
	}
	text, rest := rules[at].text, 0
	if power > 1 {
		rest = n % power
	}
	if open, closing := strings.IndexByte(text, '['), strings.IndexByte(text, ']'); open >= 0 {
		if rest == 0 {
			text = text[:open] + text[closing+1:]
		} else {
			text = text[:open] + text[open+1:closing] + text[closing+1:]
		}
	}
	if before, after, ok := strings.Cut(text, "<<"); ok {
		text = before + spell(rules, n/power) + after
	}
	if before, after, ok := strings.Cut(text, ">>"); ok {
		text = before + spell(rules, rest) + after
	}
	return text
}

// inWestBengal are the words that are said otherwise in West Bengal than in
// CLDR's table, which follows Dhaka, and the spelling of this house.
func inWestBengal(l i18n.Lang, words string) string {
	switch l {
	case i18n.Bengali:
		list := strings.Fields(words)
		for i, w := range list {
			if other, ok := map[string]string{
				"চৌদ্দ": "চোদ্দো", "ত্রিশ": "তিরিশ", "বায়ান্ন": "বাহান্ন", "তিপান্ন": "তিপ্পান্ন",
				"দুইশো": "দুশো", "ছয়শো": "ছশো", "নয়শো": "নশো",
			}[i18n.NFC(w)]; ok {
				list[i] = other
			}
		}
		return strings.Join(list, " ")
	case i18n.Hindi:
		return strings.ReplaceAll(words, "हजार", "हज़ार")
	}
	return words
}

// bengaliCrore is where CLDR goes on in আরব, which nobody says: a hundred crore is
// একশো কোটি.
const bengaliCrore = 1_000_000_000

func said(l i18n.Lang, n int) string { return strings.Join(speech.Number(l, strconv.Itoa(n)), " ") }

// TestNumber_CLDR holds all numbers to CLDR's spell-out rules.
func TestNumber_CLDR(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for _, l := range i18n.Langs() {
		rules := cldr(t, l)
		most := 1_000_000_000_000
		if l == i18n.Bengali {
			most = bengaliCrore
		}
		numbers := []int{0, 100, 101, 999, 1000, 1001, 99_999, 100_000, 1_00_001, 12_34_567, 99_99_999, 1_00_00_000, 12_34_56_789 % most, most - 1}
		for n := range 2000 {
			numbers = append(numbers, n)
		}
		for range 3000 {
			numbers = append(numbers, random.IntN(most)>>random.IntN(36))
		}
		for _, n := range numbers {
			want := i18n.NFC(inWestBengal(l, spell(rules, n)))
			if got := i18n.NFC(said(l, n)); got != want {
				t.Errorf("Number(%s, %d) = %q, want %q", l, n, got, want)
			}
		}
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		lang i18n.Lang
		raw  string
		want string
	}{
		{i18n.Bengali, "1250000", "বারো লাখ পঞ্চাশ হাজার"},
		{i18n.Bengali, "5000000000", "পাঁচশো কোটি"},
		{i18n.Bengali, "12345678", "এক কোটি তেইশ লাখ পঁয়তাল্লিশ হাজার ছশো আটাত্তর"},
		{i18n.Bengali, "-12.05", "মাইনাস বারো দশমিক শূন্য পাঁচ"},
		{i18n.Hindi, "1250000", "बारह लाख पचास हज़ार"},
		{i18n.Hindi, "2.5", "दो दशमलव पाँच"},
		{i18n.English, "1250000", "twelve lakh fifty thousand"},
		{i18n.English, "9999999999", "nine hundred ninety-nine crore ninety-nine lakh ninety-nine thousand nine hundred ninety-nine"},
		{i18n.English, "00", "zero"},
		{i18n.English, "1234567890123456", "one two three four five six seven eight nine zero one two three four five six"},
		{i18n.English, "12a", ""},
		{i18n.English, "1.", ""},
	} {
		if got := strings.Join(speech.Number(tt.lang, tt.raw), " "); i18n.NFC(got) != i18n.NFC(tt.want) {
			t.Errorf("Number(%s, %q) = %q, want %q", tt.lang, tt.raw, got, tt.want)
		}
	}
}

// TestNumber_Apart: two numbers are never said alike, or the wrong amount would
// be heard.
func TestNumber_Apart(t *testing.T) {
	t.Parallel()
	for _, l := range i18n.Langs() {
		heard := make(map[string]int)
		for n := range 120_000 {
			words := said(l, n)
			if other, twice := heard[words]; twice {
				t.Fatalf("%s: %d and %d are both %q", l, other, n, words)
			}
			heard[words] = n
		}
	}
}

// TestGroups_Properties: every digit is said, in order, in groups of at most
// four.
func TestGroups_Properties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := rapid.SampledFrom(i18n.Langs()).Draw(t, "lang")
		code := rapid.StringMatching(`[0-9]{1,20}`).Draw(t, "code")
		var want []string
		for _, d := range code {
			want = append(want, speech.Number(l, string(d))...)
		}
		groups := speech.Groups(l, code)
		text := strings.Join(groups, " ")
		if got := strings.ReplaceAll(text, ",", ""); got != strings.Join(want, " ") {
			t.Fatalf("Groups(%s, %s) = %q", l, code, text)
		}
		for group := range strings.SplitSeq(text, ", ") {
			if n := len(strings.Fields(group)); n > 4 || n < 2 && len(code) > 4 {
				t.Fatalf("Groups(%s, %s): a group of %d: %q", l, code, n, text)
			}
		}
	})
}

func ExampleNumber() {
	fmt.Println(strings.Join(speech.Number(i18n.Bengali, "1250000"), " "))
	fmt.Println(strings.Join(speech.Groups(i18n.Hindi, "1000000001"), " "))
	// Output:
	// বারো লাখ পঞ্চাশ হাজার
	// एक शून्य शून्य शून्य, शून्य शून्य शून्य, शून्य शून्य एक
}
