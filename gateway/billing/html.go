package billing

import (
	_ "embed"
	"html/template"
	"io"
	"strconv"
	"time"

	"setu/gateway"
	"setu/i18n"
)

//go:embed statement.html
var page string

// Names are how a statement calls what it shows.
type Names struct {
	Lang i18n.Lang
	// Department and Service give a name in the statement's language.
	Department, Service func(id string) string
	Made                time.Time
}

// HTML writes a statement to be printed: a page for each department, in one
// language, with amounts in rupees and digits in groups of lakh and crore.
func (s *Statement) HTML(w io.Writer, n Names) error {
	words, err := wordsIn(n.Lang)
	if err != nil {
		return err
	}
	t, err := template.New("statement").Parse(page)
	if err != nil {
		return err
	}
	v := view{n: n, f: i18n.Format{Lang: n.Lang}, s: s, Words: words}
	return t.Execute(w, &v)
}

// view is what the page's template asks.
type view struct {
	n     Names
	f     i18n.Format
	s     *Statement
	Words words
}

// Lang is the language of the page.
func (v *view) Lang() string { return string(v.n.Lang) }

// Pages are the statement's pages.
func (v *view) Pages() []Page { return v.s.Pages }

// From is the first day.
func (v *view) From() string { return v.day(v.s.From) }

// To is the last day.
func (v *view) To() string { return v.day(v.s.To.Add(-time.Second)) }

// Made is when the statement was made.
func (v *view) Made() string {
	return i18n.Value{Kind: i18n.Time, Raw: v.n.Made.UTC().Format(time.RFC3339)}.String(v.f)
}

// Early says that the month was not over when the statement was made.
func (v *view) Early() bool { return v.n.Made.Before(v.s.To) }

func (v *view) day(t time.Time) string {
	return i18n.Value{Kind: i18n.Date, Raw: t.In(gateway.IST).Format(time.DateOnly)}.String(v.f)
}

// Department is the name of a department.
func (v *view) Department(id string) string { return v.n.Department(id) }

// Service is the name of a service.
func (v *view) Service(id string) string { return v.n.Service(id) }

// Word is the word for a medium, a kind or an outcome.
func (v *view) Word(key any) string {
	var name string
	switch k := key.(type) {
	case gateway.Medium:
		name = string(k)
	case gateway.Metered:
		name = string(k)
	case string:
		name = k
	}
	if word, ok := v.Words.Names[name]; ok {
		return word
	}
	return name
}

// Number is a number as people read it.
func (v *view) Number(n int64) string {
	return i18n.Value{Kind: i18n.Number, Raw: strconv.FormatInt(n, 10)}.String(v.f)
}

// Rupees is an amount of paise in rupees, with both digits of the paise.
func (v *view) Rupees(paise int64) string {
	rest := paise % 100
	return v.Number(paise/100) + "." + strconv.FormatInt(rest/10, 10) + strconv.FormatInt(rest%10, 10)
}
