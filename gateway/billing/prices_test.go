package billing_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"setu/gateway"
	"setu/gateway/billing"
	"setu/i18n"
)

func day(s string) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, s, gateway.IST)
	if err != nil {
		panic(err)
	}
	return t
}

func query(medium gateway.Medium, partner, outcome string) gateway.Meter {
	return gateway.Meter{
		Kind: gateway.MeterQuery, Department: "women-child", Service: "benefit", Medium: medium, Partner: partner, Outcome: outcome,
	}
}

const list = `departments:
  women-child: {bn: নারী ও শিশু, hi: महिला एवं बाल, en: Women and Child}
prices:
  - {from: 2026-04-01, paise: 7}
  - {from: 2026-04-01, kind: query, paise: 10}
  - {from: 2026-11-16, kind: query, paise: 12}
  - {from: 2026-04-01, kind: query, medium: ussd, partner: operator-a, paise: 3}
  - {from: 2026-04-01, kind: query, outcome: expired, paise: 1}
  - {from: 2026-04-01, kind: transaction, department: women-child, paise: 0}
`

func TestPrices_Of(t *testing.T) {
	t.Parallel()
	p, err := billing.ParsePrices("prices.yaml", []byte(list))
	if err != nil {
		t.Fatal(err)
	}
	land := query(gateway.SMS, "a", "recorded")
	land.Kind, land.Department = gateway.MeterTransaction, "land-reforms"
	own := land
	own.Department = "women-child"
	for _, tt := range []struct {
		name  string
		m     gateway.Meter
		at    time.Time
		paise int64
		ok    bool
	}{
		{"general", query(gateway.SMS, "a", "answered"), day("2026-11-15"), 10, true},
		{"a new price from its day on", query(gateway.SMS, "a", "answered"), day("2026-11-16"), 12, true},
		{"an exception", query(gateway.USSD, "operator-a", "answered"), day("2026-11-16"), 3, true},
		{"of another partner", query(gateway.USSD, "operator-b", "answered"), day("2026-11-16"), 12, true},
		{"priced outcome", query(gateway.USSD, "operator-a", "expired"), day("2026-11-16"), 1, true},
		{"what came to nothing", query(gateway.SMS, "a", "dead"), day("2026-11-16"), 0, true},
		{"any kind", land, day("2026-04-01"), 7, true},
		{"free", own, day("2026-04-01"), 0, true},
		{"before the list", query(gateway.SMS, "a", "answered"), day("2026-03-31"), 0, false},
	} {
		if paise, ok := p.Of(tt.m, tt.at); paise != tt.paise || ok != tt.ok {
			t.Errorf("%s: Of = %d, %v, want %d, %v", tt.name, paise, ok, tt.paise, tt.ok)
		}
	}
	if got := p.Department("women-child", i18n.Hindi) + "/" + p.Department("land-reforms", i18n.Hindi); got != "महिला एवं बाल/land-reforms" {
		t.Errorf("departments are %s", got)
	}
	var none billing.Prices
	if _, ok := none.Of(land, day("2026-11-01")); ok {
		t.Error("an empty list has a price")
	}
}

func TestParsePrices_Refuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, src, want string }{
		{"not YAML", "prices: [", "p.yaml:1:"},
		{"unknown key", "prices:\n  - {from: 2026-04-01, paise: 1}\n  - {from: 2026-04-01, piase: 1}\n", `p.yaml:3: unknown field "piase"`},
		{"unknown list", "price: []\n", "p.yaml:1: unknown field"},
		{"no price", "prices:\n  - {from: 2026-04-01}\n", "p.yaml:2: paise is missing"},
		{"no date", "prices:\n  - {paise: 1}\n", `p.yaml:2: from is "": write`},
		{"no such date", "prices:\n  - {from: 2026-02-30, paise: 1}\n", `p.yaml:2: from is "2026-02-30"`},
		{"kind", "prices:\n\n  - {from: 2026-04-01, kind: sms, paise: 1}\n", `p.yaml:3: kind is "sms"`},
		{"medium", "prices:\n  - {from: 2026-04-01, medium: fax, paise: 1}\n", `p.yaml:2: medium is "fax"`},
		{"outcome", "prices:\n  - {from: 2026-04-01, outcome: queued, paise: 1}\n", `p.yaml:2: outcome is "queued"`},
		{"less than nothing", "prices:\n  - {from: 2026-04-01, paise: -1}\n", "p.yaml:2: paise is -1"},
		{"too much", "prices:\n  - {from: 2026-04-01, paise: 10000001}\n", "p.yaml:2: paise is 10000001"},
		{"a fraction", "prices:\n  - {from: 2026-04-01, paise: 1.5}\n", "p.yaml:2: paise is 1.5: a price is a whole number"},
		{"hidden", "prices:\n  - {from: 2026-04-01, kind: query, paise: 1}\n  - {from: 2026-04-01, paise: 2}\n", "p.yaml:2: never counts, since line 3"},
		{"two of one kind", "prices:\n  - {from: 2026-04-01, paise: 1}\n  - {from: 2026-04-01, paise: 2}\n", "p.yaml:2: never counts"},
		{"a name in two languages", "departments:\n  a: {bn: ক, en: a}\n", "departments.a has no name in hi"},
		{"a fourth language", "departments:\n  a: {bn: ক, hi: क, en: a, fr: a}\n", "language that is not"},
		{"all of them", "prices:\n  - {from: x, paise: 1}\n  - {from: 2026-04-01}\n", "p.yaml:3: paise is missing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := billing.ParsePrices("p.yaml", []byte(tt.src)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("ParsePrices = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestSandboxPrices(t *testing.T) {
	t.Parallel()
	p, err := billing.SandboxPrices()
	if err != nil {
		t.Fatal(err)
	}
	if paise, ok := p.Of(query(gateway.IVR, "", "answered"), day("2026-11-22")); !ok || paise != 25 {
		t.Errorf("a query by phone costs %d, %v", paise, ok)
	}
}

// FuzzParsePrices: whatever a file holds, reading it ends in a list that prices
// the same each time, or in an error that names the file.
func FuzzParsePrices(f *testing.F) {
	f.Add(list)
	f.Add("prices:\n  - {from: 2026-04-01, paise: 1}\n")
	f.Add("prices: [{from: x}]")
	f.Add("departments: {a: }")
	f.Fuzz(func(t *testing.T, src string) {
		m, at := query(gateway.USSD, "operator-a", "answered"), day("2026-11-22")
		p, err := billing.ParsePrices("p.yaml", []byte(src))
		if err != nil {
			if !strings.Contains(err.Error(), "p.yaml") {
				t.Errorf("the error does not name the file: %v", err)
			}
			return
		}
		again, err := billing.ParsePrices("p.yaml", []byte(src))
		if err != nil {
			t.Fatal(err)
		}
		a, ok := p.Of(m, at)
		b, too := again.Of(m, at)
		if diff := cmp.Diff([]any{a, ok}, []any{b, too}); diff != "" || a < 0 {
			t.Errorf("a price of %d, and then another: %s", a, diff)
		}
	})
}
