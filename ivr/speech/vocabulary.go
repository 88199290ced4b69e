package speech

import (
	"fmt"

	"setu/i18n"
)

// Word is one of the words that values are said in.
type Word struct {
	// Key names it in Latin letters: "number-42", "month-11".
	Key   string
	Words string
}

// Vocabulary is every word that a number, an amount, a date, a time, a weight or
// a code is said in: what a voice must have to say any
// value.
func Vocabulary(l i18n.Lang) []Word {
	t := tongueOf(l)
	var list []Word
	add := func(key, words string) {
		if words != "" {
			list = append(list, Word{key, compose(words)})
		}
	}
	for n, w := range t.below100 {
		add(fmt.Sprintf("number-%02d", n), w)
	}
	for i, w := range t.hundreds {
		add(fmt.Sprintf("number-%d", hundred*(i+1)), w)
	}
	for _, s := range t.scales {
		add(fmt.Sprintf("scale-%d", s.zeros), s.word)
	}
	add("minus", t.minus)
	add("point", t.point)
	add("rupees", t.rupees)
	add("paise", t.paise)
	add("rupee", t.rupee)
	add("and", t.and)
	for _, e := range moneyEndings(l) {
		add("rupees-"+e.Key, t.rupees+e.Words)
		add("paise-"+e.Key, t.paise+e.Words)
	}
	add("quintal", t.quintal)
	add("kilogram", t.kilogram)
	for i, w := range t.months {
		add(fmt.Sprintf("month-%02d", i+1), w)
	}
	for i, w := range t.days {
		add(fmt.Sprintf("day-%02d", i+1), w)
	}
	for i, w := range t.hours {
		add(fmt.Sprintf("hour-%02d", i+1), w)
	}
	for i, w := range t.parts {
		add(fmt.Sprintf("part-of-day-%d", i), w)
	}
	add("oclock", t.oclock)
	add("past", t.past)
	add("minutes", t.minutes)
	if l == i18n.English {
		add("oh", "oh")
	}
	for i, w := range t.letters {
		add("letter-"+string(rune('a'+i)), w)
	}
	return list
}

// moneyEndings are the endings that the shipped texts give to money.
func moneyEndings(l i18n.Lang) []Word {
	if l == i18n.Bengali {
		return []Word{{"in", "য়"}, {"of", "র"}}
	}
	return nil
}
