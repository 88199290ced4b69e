package billing

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"

	"setu/gateway"
)

// columns are the header of the CSV. Programs read it: names and order stay, and
// new columns are added at the end.
var columns = []string{
	"period", "department", "service", "medium", "partner", "kind", "outcome", "count", "price_paise", "amount_paise",
}

// CSV writes a statement as comma-separated values (RFC 4180, UTF-8), a line for
// each line of the statement. The period is the local time at which it begins:
// 2026-11, 2026-11-22 or 2026-11-22T17:00+05:30. What has no price has an empty
// one. What a spreadsheet would take for a formula begins with an apostrophe.
func (s *Statement) CSV(w io.Writer) error {
	layout := "2006-01"
	switch s.By {
	case gateway.ByDay:
		layout = "2006-01-02"
	case gateway.ByHour:
		layout = "2006-01-02T15:04-07:00"
	case gateway.ByMonth:
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(columns); err != nil {
		return err
	}
	for i := range s.Pages {
		for _, l := range s.Pages[i].Lines {
			price, amount := "", ""
			if l.Priced {
				price, amount = strconv.FormatInt(l.Paise, 10), strconv.FormatInt(l.Amount(), 10)
			}
			err := out.Write([]string{
				l.Start.Format(layout), Plain(l.Department), Plain(l.Service), Plain(string(l.Medium)), Plain(l.Partner),
				string(l.Kind), l.Outcome, strconv.FormatInt(l.Count, 10), price, amount,
			})
			if err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

// Plain is a text for a cell of a spreadsheet: one that would be taken for a
// formula gets an apostrophe before it (OWASP, CSV Injection).
func Plain(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}
