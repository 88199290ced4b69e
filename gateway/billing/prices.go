// Package billing makes monthly statements of what a gateway has metered: what
// each department's queries and transactions cost, after a price list.
package billing

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"setu/gateway"
	"setu/i18n"
)

// Prices is a price list. The zero value prices nothing.
type Prices struct {
	names map[string]map[i18n.Lang]string
	list  []price
}

// price is one line of a price list.
type price struct {
	line int
	bad  error // what reading it has met
	priceFields
	from time.Time // in Indian Standard Time
}

type priceFields struct {
	From       string `yaml:"from"`
	Kind       string `yaml:"kind"`
	Department string `yaml:"department"`
	Service    string `yaml:"service"`
	Medium     string `yaml:"medium"`
	Partner    string `yaml:"partner"`
	Outcome    string `yaml:"outcome"`
	Paise      *paise `yaml:"paise"`
}

// paise is an amount that is written as a whole number.
type paise int64

// UnmarshalYAML refuses a fraction, which would be cut off otherwise.
func (p *paise) UnmarshalYAML(n ast.Node) error {
	if n.Type() != ast.IntegerType {
		return fmt.Errorf("paise is %s: a price is a whole number of paise", n)
	}
	return yaml.NodeToValue(n, (*int64)(p))
}

// UnmarshalYAML notes the line that a price stands in.
func (p *price) UnmarshalYAML(n ast.Node) error {
	if tk := n.GetToken(); tk != nil && tk.Position != nil {
		p.line = tk.Position.Line
	}
	err := yaml.NodeToValue(n, &p.priceFields, yaml.Strict())
	var placed yaml.Error
	if err != nil && !errors.As(err, &placed) {
		p.bad, err = err, nil // check tells it with its line
	}
	return err
}

// maxPaise bounds a price, so that no sum of a month overflows: 1 lakh rupees.
const maxPaise = 100_000_00

// ParsePrices reads a price list:
//
//	departments:                     # their names on statements, by language
//	  women-child: {bn: …, hi: …, en: …}
//	prices:
//	  - {from: 2026-04-01, kind: query, paise: 5}
//	  - {from: 2026-04-01, kind: query, medium: ussd, partner: operator-a, paise: 3}
//
// Of all lines that fit and are valid on the day the last one counts, so what is
// general stands first. kind, department, service, medium, partner and outcome
// narrow a line; without an outcome it prices what was answered or recorded, and
// what came to nothing costs nothing. The error has every problem as
// "name:line: problem".
func ParsePrices(name string, src []byte) (p *Prices, err error) {
	defer func() { // the library's parser is not ours to trust
		if r := recover(); r != nil {
			p, err = nil, fmt.Errorf("%s: not YAML: %v", name, r)
		}
	}()
	f, err := decode(name, src)
	if err != nil {
		return nil, err
	}
	errs := checkNames(name, f.Departments)
	for i := range f.Prices {
		if err := f.Prices[i].check(); err != nil {
			errs = append(errs, fmt.Errorf("%s:%d: %w", name, f.Prices[i].line, err))
		}
	}
	if len(errs) == 0 {
		errs = append(errs, hidden(name, f.Prices)...)
	}
	return &Prices{names: f.Departments, list: f.Prices}, errors.Join(errs...)
}

// file is a price list as it is written.
type file struct {
	Departments map[string]map[i18n.Lang]string `yaml:"departments"`
	Prices      []price                         `yaml:"prices"`
}

// decode reads the YAML of a price list. The error has the line where it can.
func decode(name string, src []byte) (f file, err error) {
	err = yaml.NewDecoder(bytes.NewReader(src), yaml.Strict()).Decode(&f)
	var at yaml.Error
	switch {
	case err == nil:
		return f, nil
	case errors.As(err, &at) && at.GetToken() != nil && at.GetToken().Position != nil:
		return f, fmt.Errorf("%s:%d: %s", name, at.GetToken().Position.Line, at.GetMessage())
	}
	return f, fmt.Errorf("%s: %w", name, err)
}

// checkNames finds departments that are not named in every language, and in no
// other, in the order of the alphabet.
func checkNames(name string, departments map[string]map[i18n.Lang]string) (errs []error) {
	for department, names := range departments {
		for _, lang := range i18n.Langs() {
			if strings.TrimSpace(names[lang]) == "" {
				errs = append(errs, fmt.Errorf("%s: departments.%s has no name in %s: all three languages are needed", name, department, lang))
			}
		}
		if len(names) > len(i18n.Langs()) {
			errs = append(errs, fmt.Errorf("%s: departments.%s has a name in a language that is not bn, hi or en", name, department))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errs
}

// check checks one line, and reads its date.
func (p *price) check() (err error) {
	if p.bad != nil {
		return p.bad
	}
	if p.from, err = time.ParseInLocation(time.DateOnly, p.From, gateway.IST); err != nil {
		return fmt.Errorf("from is %q: write the first day on which it holds, such as 2026-04-01", p.From)
	}
	switch gateway.Metered(p.Kind) {
	case "", gateway.MeterQuery, gateway.MeterTransaction:
	default:
		return fmt.Errorf("kind is %q: use query or transaction, or leave it out for both", p.Kind)
	}
	switch gateway.Medium(p.Medium) {
	case "", gateway.SMS, gateway.USSD, gateway.IVR, gateway.App:
	default:
		return fmt.Errorf("medium is %q: use sms, ussd, ivr or app, or leave it out for all", p.Medium)
	}
	if s, ok := gateway.ParseState(p.Outcome); p.Outcome != "" && (!ok || !s.Final()) {
		return fmt.Errorf("outcome is %q: use answered, recorded, rejected, expired, withdrawn or dead, or leave it out for what was done", p.Outcome)
	}
	switch {
	case p.Paise == nil:
		return errors.New("paise is missing: the price of one")
	case *p.Paise < 0 || *p.Paise > maxPaise:
		return fmt.Errorf("paise is %d: a price is from 0 to %d", *p.Paise, maxPaise)
	}
	return nil
}

// hidden finds lines that can never count, since a later one fits wherever they
// do: a slip that would go unseen until somebody pays too much.
func hidden(name string, list []price) (errs []error) {
	for i := range list {
		for j := i + 1; j < len(list); j++ {
			if !list[j].from.After(list[i].from) && list[j].covers(&list[i]) {
				errs = append(errs, fmt.Errorf("%s:%d: never counts, since line %d fits wherever it does; put what is general first", name, list[i].line, list[j].line))
				break
			}
		}
	}
	return errs
}

// covers says that p fits wherever o does.
func (p *price) covers(o *price) bool {
	wide := func(p, o string) bool { return p == "" || p == o }
	outcome := p.Outcome == o.Outcome || p.Outcome == "" && done(o.Outcome)
	return outcome && wide(p.Kind, o.Kind) && wide(p.Department, o.Department) && wide(p.Service, o.Service) &&
		wide(p.Medium, o.Medium) && wide(p.Partner, o.Partner)
}

// fits says that p prices what a meter counts.
func (p *price) fits(m *gateway.Meter) bool {
	is := func(want, got string) bool { return want == "" || want == got }
	return (p.Outcome == m.Outcome || p.Outcome == "" && done(m.Outcome)) &&
		is(p.Kind, string(m.Kind)) && is(p.Department, m.Department) && is(p.Service, m.Service) &&
		is(p.Medium, string(m.Medium)) && is(p.Partner, m.Partner)
}

// done says that an outcome is what was asked for.
func done(outcome string) bool {
	return outcome == gateway.Answered.String() || outcome == gateway.Recorded.String()
}

//go:embed sandbox.yaml
var sandbox []byte

// SandboxPrices is the price list of a gateway that has none of its own to try
// statements with.
func SandboxPrices() (*Prices, error) { return ParsePrices("sandbox.yaml", sandbox) }

// Of is the price of one of what a meter counts, in paise, at a time; ok is
// false if the list says nothing of it. What came to nothing costs nothing unless
// the list prices it.
func (p *Prices) Of(m gateway.Meter, at time.Time) (paise int64, ok bool) {
	for i := len(p.list) - 1; i >= 0; i-- {
		if one := &p.list[i]; !one.from.After(at) && one.fits(&m) {
			return int64(*one.Paise), true
		}
	}
	return 0, !done(m.Outcome) && len(p.list) > 0
}

// Department is a department's name in a language, or its identifier if the list
// has none.
func (p *Prices) Department(id string, l i18n.Lang) string {
	if name := p.names[id][l]; name != "" {
		return name
	}
	return id
}
