package billing_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"setu/gateway"
	"setu/gateway/billing"
	"setu/i18n"
)

//nolint:gochecknoglobals // a flag
var update = flag.Bool("update", false, "rewrite golden files")

// november is a month in which a price changed on the 16th.
func november(t *testing.T, by gateway.Period) billing.Statement {
	t.Helper()
	prices, err := billing.ParsePrices("prices.yaml", []byte(list))
	if err != nil {
		t.Fatal(err)
	}
	from, to, err := billing.Month("2026-11")
	if err != nil {
		t.Fatal(err)
	}
	paid := gateway.Meter{
		Kind: gateway.MeterTransaction, Department: "women-child", Service: "benefit", Medium: gateway.USSD, Partner: "operator-a", Outcome: "recorded",
	}
	sold := paid
	sold.Department, sold.Service, sold.Partner = "agriculture", "produce", "=cmd|' /C calc'!A0"
	free := gateway.Meter{Kind: gateway.MeterQuery, Department: "agriculture", Service: "produce", Medium: gateway.SMS, Partner: "operator-b", Outcome: "expired"}
	var readings []gateway.Reading
	for _, r := range []struct {
		m     gateway.Meter
		at    time.Time
		count int64
	}{
		{query(gateway.SMS, "operator-b", "answered"), day("2026-11-01"), 12_34_567},
		{query(gateway.SMS, "operator-b", "answered"), day("2026-11-15").Add(23 * time.Hour), 3},
		{query(gateway.SMS, "operator-b", "answered"), day("2026-11-16"), 1001},
		{query(gateway.USSD, "operator-a", "answered"), day("2026-11-16"), 7},
		{query(gateway.USSD, "operator-a", "expired"), day("2026-11-16"), 2},
		{paid, day("2026-11-20").Add(9 * time.Hour), 5},
		{sold, day("2026-11-30").Add(23 * time.Hour), 15},
		{free, day("2026-11-30"), 4},
	} {
		readings = append(readings, gateway.Reading{Meter: r.m, Start: r.at.UTC(), Count: r.count})
	}
	return billing.Make(from, to, by, readings, prices)
}

func names(l i18n.Lang, made time.Time) billing.Names {
	return billing.Names{
		Lang: l, Made: made,
		Department: func(id string) string { return id + " & <" + string(l) + ">" },
		Service:    func(id string) string { return id },
	}
}

func TestStatement_Golden(t *testing.T) {
	t.Parallel()
	csv := func(by gateway.Period) func(*bytes.Buffer) error {
		return func(b *bytes.Buffer) error { s := november(t, by); return s.CSV(b) }
	}
	html := func(l i18n.Lang) func(*bytes.Buffer) error {
		return func(b *bytes.Buffer) error {
			s := november(t, gateway.ByMonth)
			return s.HTML(b, names(l, day("2026-12-01")))
		}
	}
	for name, write := range map[string]func(*bytes.Buffer) error{
		"month.csv": csv(gateway.ByMonth), "day.csv": csv(gateway.ByDay), "hour.csv": csv(gateway.ByHour),
		"bn.html": html(i18n.Bengali), "hi.html": html(i18n.Hindi), "en.html": html(i18n.English),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got bytes.Buffer
			if err := write(&got); err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", "statement."+name)
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", golden, diff)
			}
		})
	}
}

func TestStatement_Total(t *testing.T) {
	t.Parallel()
	s := november(t, gateway.ByHour)
	if len(s.Pages) != 2 || s.Pages[0].Department != "agriculture" {
		t.Fatalf("pages: %+v", s.Pages)
	}
	// 15 transactions at 7 paise, 4 expired queries at 1; and of the other
	// department 1234570 queries at 10, 1001 at 12, 7 at 3, 2 at 1, 5 for nothing.
	for i, want := range []billing.Total{{Count: 19, Paise: 109}, {Count: 12_35_585, Paise: 1_23_57_735}} {
		if got := s.Pages[i].Total(); got != want {
			t.Errorf("total of %s = %+v, want %+v", s.Pages[i].Department, got, want)
		}
		month := november(t, gateway.ByMonth)
		if got := month.Pages[i].Total(); got != want {
			t.Errorf("total by month = %+v, want %+v", got, want)
		}
	}
}

// TestStatement_Notes: what is not final, not priced or empty says so.
func TestStatement_Notes(t *testing.T) {
	t.Parallel()
	from, to, err := billing.Month("2026-11")
	if err != nil {
		t.Fatal(err)
	}
	empty := billing.Make(from, to, gateway.ByMonth, nil, &billing.Prices{})
	unpriced := billing.Make(from, to, gateway.ByMonth, []gateway.Reading{{Meter: query(gateway.SMS, "", "answered"), Start: from, Count: 1}}, &billing.Prices{})
	for _, tt := range []struct {
		name string
		s    billing.Statement
		want string
	}{
		{"empty", empty, "Nothing was used."},
		{"unpriced", unpriced, "not in the total: 1"},
		{"early", unpriced, "The month is not over"},
	} {
		var b bytes.Buffer
		if err := tt.s.HTML(&b, names(i18n.English, from)); err != nil || !bytes.Contains(b.Bytes(), []byte(tt.want)) {
			t.Errorf("%s: %v; %q is not in\n%s", tt.name, err, tt.want, b.String())
		}
	}
	if err := empty.HTML(&bytes.Buffer{}, names("fr", from)); err == nil {
		t.Error("a statement in French was made")
	}
}

func TestMonth_Refuses(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "2026", "2026-13", "11-2026", "2026-11-01"} {
		if _, _, err := billing.Month(s); !errors.Is(err, billing.ErrMonth) {
			t.Errorf("Month(%q) = %v, want ErrMonth", s, err)
		}
	}
}
