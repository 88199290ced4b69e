package ivr

import (
	"setu/gateway/catalogue"
	"setu/i18n"
	"setu/ivr/speech"
)

// Line is a line of the script for who records prompts.
type Line struct {
	Key   string // "benefit/want", "word/number"
	Words string
}

// Sayings are the texts that are heard. *catalogue.Catalogue has them.
type Sayings interface {
	// Sayings are all that is said in a language, without values.
	Sayings(l i18n.Lang) []catalogue.Saying
}

// Script is all that a person has to record in a language so that no text but names
// is left to a machine: the words of the texts between their values, and the words
// that values are said in. Each stands in it once.
func Script(c Sayings, l i18n.Lang) []Line {
	var list []Line
	seen := make(map[string]bool)
	add := func(key, words string) {
		if words != "" && !seen[words] {
			seen[words] = true
			list = append(list, Line{key, words})
		}
	}
	for _, s := range c.Sayings(l) {
		for _, sentence := range speech.Say(l, s.Pieces) {
			for _, f := range sentence.Fragments {
				if !f.Value {
					add(s.Key, f.Words)
				}
			}
		}
	}
	for _, w := range speech.Vocabulary(l) {
		add("word/"+w.Key, w.Words)
	}
	return list
}

// Fixed are the sentences without values, each once: they can be made before any
// call.
func Fixed(c Sayings, l i18n.Lang) []speech.Sentence {
	var list []speech.Sentence
	seen := make(map[string]bool)
	for _, s := range c.Sayings(l) {
		if hasValues(s.Pieces) {
			continue
		}
		for _, sentence := range speech.Say(l, s.Pieces) {
			if text := sentence.String(); !seen[text] {
				seen[text] = true
				list = append(list, sentence)
			}
		}
	}
	return list
}

func hasValues(pieces []i18n.Piece) bool {
	for _, p := range pieces {
		if p.Slot != "" {
			return true
		}
	}
	return false
}
