package synthetic_test

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"setu/i18n"
	"setu/ledgerclient/sandbox/synthetic"
)

func options(seed uint64) synthetic.Options {
	return synthetic.Options{
		Seed: seed, Day: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC),
		Pseudonym: func(department, number string) string { return department + "-" + strings.TrimPrefix(number, "+") },
	}
}

func world(t *testing.T, seed uint64) map[string]synthetic.Entry {
	t.Helper()
	entries := map[string]synthetic.Entry{}
	for _, e := range synthetic.Entries(options(seed)) {
		if _, again := entries[e.Key]; again {
			t.Errorf("two entries have the key %q", e.Key)
		}
		entries[e.Key] = e
	}
	return entries
}

// same compares without reflection, which takes seconds for so many records.
func same(a, b []synthetic.Entry) bool {
	return slices.EqualFunc(a, b, func(x, y synthetic.Entry) bool {
		return x.Key == y.Key && slices.Equal(x.Record, y.Record)
	})
}

func TestEntries_SameSeedSameWorld(t *testing.T) {
	t.Parallel()
	a := synthetic.Entries(options(1))
	if !same(a, synthetic.Entries(options(1))) {
		t.Error("Entries(1) gave two worlds, want one")
	}
	if same(a, synthetic.Entries(options(2))) {
		t.Error("Entries(1) and Entries(2) are the same, want two worlds")
	}
}

// What people type in a demonstration is there in every world.
func TestEntries_WellKnown(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		w := world(t, seed)
		for key, want := range map[string][2]string{
			"benefit~1000000001":           {"status", "paid"},
			"case~2000000002":              {"status", "recorded"},
			"academic~3000000003":          {"open", "yes"},
			"academic~3000000011":          {"open", "no"},
			"health~4000000004":            {"holder", ""},
			"lot~50000004":                 {"status", "registered"},
			"lot~50000012":                 {"status", "graded"},
			"lot~50000020":                 {"status", "bought"},
			"lot~50000039":                 {"status", "paid"},
			"grievance~60000007":           {"status", "open"},
			"document~WB10000001":          {"revoked", ""},
			"plot~101~12~34":               {"holder", ""},
			"plot~001~1~1":                 {"holder", ""},
			"site~wb.example.gov":          {"changed", "no"},
			"site~old.example.gov":         {"changed", "yes"},
			"price~paddy~":                 {"date", "2026-11-22"},
			"price~jute~north-24-parganas": {"date", "2026-11-22"},
		} {
			e, ok := w[key]
			if got := e.Record.Get(want[0]); !ok || got != want[1] {
				t.Errorf("seed %d: %q of %q = %q (there: %v), want %q", seed, want[0], key, got, ok, want[1])
			}
		}
		if w["document~WB10000002"].Record.Get("revoked") == "" {
			t.Errorf("seed %d: WB10000002 is not revoked", seed)
		}
	}
}

// Twenty records of a kind are open; each of the others has a holder, and each
// citizen has one.
func TestEntries_Holders(t *testing.T) {
	t.Parallel()
	w := world(t, 1)
	for prefix, department := range map[string]string{
		"benefit~": "women-child", "lot~": "agriculture", "health~": "health", "grievance~": "grievance",
	} {
		holders := map[string]int{}
		for key, e := range w {
			if strings.HasPrefix(key, prefix) {
				holders[e.Record.Get("holder")]++
			}
		}
		if holders[""] != synthetic.OpenTo || len(holders) != synthetic.Citizens+1 || holders[department+"-919830000300"] != 1 {
			t.Errorf("%s has %d open records and %d holders, want %d and %d", prefix, holders[""], len(holders)-1, synthetic.OpenTo, synthetic.Citizens)
		}
	}
	consents := map[string]int{}
	for key := range w {
		if rest, ok := strings.CutPrefix(key, "consent~"); ok {
			consents[rest[:strings.Index(rest, "~")]]++
		}
	}
	if len(consents) != synthetic.Citizens || consents["consent-919830000001"] != 2 {
		t.Errorf("%d citizens have consents, the first %d, want %d and 2", len(consents), consents["consent-919830000001"], synthetic.Citizens)
	}
	for citizen, n := range consents {
		if n < 1 || n > 3 {
			t.Errorf("%s has %d consents, want 1 to 3", citizen, n)
		}
	}
}

// Every record can be stored, and every name is there in three languages, each
// in its own script and in NFC.
func TestEntries_Texts(t *testing.T) {
	t.Parallel()
	scripts := map[string]*unicode.RangeTable{"bn": unicode.Bengali, "hi": unicode.Devanagari, "en": unicode.Latin}
	for _, e := range synthetic.Entries(options(1)) {
		octets, err := e.Record.Append(nil)
		if err != nil {
			t.Errorf("Append(%q): %v", e.Key, err)
		}
		if strings.Contains(string(octets), "+91") {
			t.Errorf("%q holds a phone number", e.Key)
		}
		for _, f := range e.Record {
			name, lang, ok := strings.Cut(f.Name, ".")
			if !ok {
				continue
			}
			for other := range scripts {
				if e.Record.Get(name+"."+other) == "" {
					t.Errorf("%q has no %s.%s", e.Key, name, other)
				}
			}
			for _, r := range i18n.NFC(f.Value) {
				if unicode.IsLetter(r) && !unicode.Is(scripts[lang], r) {
					t.Errorf("%q: %s = %q holds the letter %q", e.Key, f.Name, f.Value, r)
				}
			}
		}
	}
}

func TestSeries(t *testing.T) {
	t.Parallel()
	got := synthetic.Series(1000000001, 3)
	if want := []string{"1000000001", "1000000028", "1000000036"}; !slices.Equal(got, want) {
		t.Errorf("Series(1000000001, 3) = %v, want %v", got, want)
	}
	for _, n := range synthetic.Series(50000000, 400) {
		if !i18n.CheckDigit("mod11", n) {
			t.Errorf("Series gave %q, whose check digit is wrong", n)
		}
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for citizen, want := range map[int]string{1: "+919830000001", 300: "+919830000300"} {
		if got := synthetic.Number(citizen); got != want {
			t.Errorf("Number(%d) = %q, want %q", citizen, got, want)
		}
	}
}
