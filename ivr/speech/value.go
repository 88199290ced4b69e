package speech

import (
	"strings"
	"time"

	"setu/i18n"
)

// Value says a value in words, each in a string of its own, with a comma behind
// those that a pause follows. A value that is not in the canonical form of its
// kind, and a text, is said as it is written.
func Value(l i18n.Lang, v i18n.Value) []string { return sayValue(l, v, "") }

// sayValue is [Value] with an ending for the unit of money.
func sayValue(l i18n.Lang, v i18n.Value, ending string) []string {
	t := tongueOf(l)
	var words []string
	switch v.Kind {
	case i18n.Number:
		words = Number(l, v.Raw)
	case i18n.Money:
		words = t.money(v.Raw, ending)
	case i18n.Date:
		words = t.date(v.Raw)
	case i18n.Time:
		words = t.time(v.Raw)
	case i18n.Weight:
		words = t.weight(v.Raw)
	case i18n.Code, i18n.Receipt:
		words = Groups(l, v.Raw)
	}
	if words != nil {
		return composed(words)
	}
	if said := Normalise(l, v.Raw); said != "" {
		return []string{said}
	}
	return nil
}

// money says rupees and paise, the last of them with an ending.
func (t *tongue) money(raw, ending string) []string {
	whole, fraction, negative, ok := splitDecimal(raw)
	if !ok || len(fraction) > 2 {
		return nil
	}
	if len(fraction) == 1 {
		fraction += "0"
	}
	var words []string
	if negative {
		words = append(words, t.minus)
	}
	if fraction == "" || fraction == "00" {
		return append(append(words, t.cardinal(whole)...), t.rupeesOf(whole)+ending)
	}
	if strings.Trim(whole, "0") != "" {
		words = append(append(words, t.cardinal(whole)...), t.rupeesOf(whole))
		if t.and != "" {
			words = append(words, t.and)
		}
	}
	return append(append(words, t.cardinal(fraction)...), t.paise+ending)
}

// rupeesOf is the word for so many rupees.
func (t *tongue) rupeesOf(number string) string {
	if t.rupee != "" && strings.TrimLeft(number, "0") == "1" {
		return t.rupee
	}
	return t.rupees
}

// kilograms of a quintal.
const quintalZeros = 2

// weight says kilograms, and quintals from a hundred of them on.
func (t *tongue) weight(raw string) []string {
	whole, fraction, negative, ok := splitDecimal(raw)
	if !ok || negative {
		return nil
	}
	fraction = strings.TrimRight(fraction, "0")
	var words []string
	if n := len(whole) - quintalZeros; n > 0 {
		words = append(t.cardinal(whole[:n]), t.quintal)
		whole = whole[n:]
	}
	if strings.Trim(whole+fraction, "0") == "" && words != nil {
		return words
	}
	words = append(words, t.cardinal(whole)...)
	if fraction != "" {
		words = t.digits(append(words, t.point), fraction)
	}
	return append(words, t.kilogram)
}

// date says a canonical date.
func (t *tongue) date(raw string) []string {
	d, err := time.Parse(time.DateOnly, raw)
	if err != nil {
		return nil
	}
	return t.day(d)
}

func (t *tongue) day(d time.Time) []string {
	year, month, day := d.Date()
	number := t.below100[day]
	if t.days != nil {
		number = t.days[day-1]
	}
	return append([]string{number, t.months[month-1]}, t.year(year)...)
}

// Years that are said in hundreds, "nineteen ninety-five".
const (
	firstInHundreds = 1100
	lastInHundreds  = 1999
)

func (t *tongue) year(year int) []string {
	if year < firstInHundreds || year > lastInHundreds {
		return t.count(nil, max(year, 1))
	}
	century, rest := year/hundred, year%hundred
	var words []string
	switch {
	case t.hundreds != nil:
		words = append(words, t.hundreds[century-1])
	case t.lang == i18n.English && rest > 9:
		words = append(words, t.below100[century])
	default:
		words = append(words, t.below100[century], t.scales[len(t.scales)-1].word)
	}
	if rest > 0 {
		words = append(words, t.below100[rest])
	}
	return words
}

// indianTime is Indian Standard Time's distance from UTC.
const indianTime = 5*time.Hour + 30*time.Minute

// time says a canonical time, in Indian Standard Time.
func (t *tongue) time(raw string) []string {
	at, err := time.Parse(time.RFC3339, raw)
	if err != nil {
		return nil
	}
	at = at.UTC().Add(indianTime)
	words := t.day(at)
	words[len(words)-1] += ","
	return append(words, t.clock(at.Hour(), at.Minute())...)
}

// clock says an hour, 0 to 23, and minutes as people do, on a clock of twelve
// hours with the part of the day.
func (t *tongue) clock(hour, minute int) []string {
	part := t.parts[partOf(hour)]
	var words []string
	if !t.after {
		words = append(words, part)
	}
	words = append(words, t.hours[(hour+11)%12])
	switch {
	case minute == 0 && t.oclock != "":
		words = append(words, t.oclock)
	case minute > 0:
		if t.past != "" {
			words = append(words, t.past)
		}
		if t.lang == i18n.English && minute < 10 {
			words = append(words, "oh")
		}
		words = append(words, t.below100[minute])
		if t.minutes != "" {
			words = append(words, t.minutes)
		}
	}
	if t.after {
		words = append(words, part)
	}
	return words
}
