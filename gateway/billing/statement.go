package billing

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"setu/gateway"
)

// ErrMonth says that a month is not written as 2026-11.
var ErrMonth = errors.New("billing: a month is written as 2026-11")

// Month is when a month begins and ends in Indian Standard Time; s is such as
// "2026-11". Errors: [ErrMonth].
func Month(s string) (from, to time.Time, err error) {
	from, err = time.ParseInLocation("2006-01", s, gateway.IST)
	if err != nil {
		return from, to, fmt.Errorf("%w, not %q", ErrMonth, s)
	}
	return from, from.AddDate(0, 1, 0), nil
}

// Line is what one price was paid for within one period.
type Line struct {
	gateway.Meter
	Start time.Time // of the period
	Count int64
	// Paise is the price of one; it has no meaning unless Priced.
	Paise  int64
	Priced bool // the price list has a price for it, which may be 0
}

// Amount is what the line costs, in paise.
func (l *Line) Amount() int64 { return l.Count * l.Paise }

// Page is what one department used.
type Page struct {
	Department string
	Lines      []Line // by period, service, medium, partner, kind, outcome
}

// Total is what a page comes to.
func (p *Page) Total() (t Total) {
	for i := range p.Lines {
		t.add(&p.Lines[i])
	}
	return t
}

// Total is a sum of lines.
type Total struct {
	Count    int64 // queries and transactions
	Paise    int64
	Unpriced int64 // of Count, what the price list says nothing of
}

func (t *Total) add(l *Line) {
	t.Count += l.Count
	t.Paise += l.Amount()
	if !l.Priced {
		t.Unpriced += l.Count
	}
}

// Statement is what departments used from one time up to another.
type Statement struct {
	From, To time.Time
	By       gateway.Period // of the lines
	Pages    []Page         // by department
}

// Make makes a statement of readings, which are by the hour or by the day: a
// price changes at midnight in Indian Standard Time. A line holds what has one
// price within one period; a month in which a price changes has two.
func Make(from, to time.Time, by gateway.Period, readings []gateway.Reading, prices *Prices) Statement {
	type key struct {
		gateway.Meter
		start  int64
		paise  int64
		priced bool
	}
	sums := map[key]int64{}
	for _, r := range readings {
		paise, ok := prices.Of(r.Meter, r.Start)
		sums[key{r.Meter, by.Begin(r.Start).Unix(), paise, ok}] += r.Count
	}
	lines := make([]Line, 0, len(sums))
	for k, n := range sums {
		lines = append(lines, Line{Meter: k.Meter, Start: time.Unix(k.start, 0).In(gateway.IST), Count: n, Paise: k.paise, Priced: k.priced})
	}
	slices.SortFunc(lines, compare)
	s := Statement{From: from, To: to, By: by}
	for _, l := range lines {
		if n := len(s.Pages); n == 0 || s.Pages[n-1].Department != l.Department {
			s.Pages = append(s.Pages, Page{Department: l.Department})
		}
		p := &s.Pages[len(s.Pages)-1]
		p.Lines = append(p.Lines, l)
	}
	return s
}

func compare(a, b Line) int {
	return cmp.Or(cmp.Compare(a.Department, b.Department), a.Start.Compare(b.Start), cmp.Compare(a.Service, b.Service),
		cmp.Compare(a.Medium, b.Medium), cmp.Compare(a.Partner, b.Partner), cmp.Compare(a.Kind, b.Kind),
		cmp.Compare(a.Outcome, b.Outcome), cmp.Compare(a.Paise, b.Paise))
}
