package ivr

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"setu/gateway/catalogue"
	"setu/ivr/speech"
)

// Hear is a sheet of texts with the widest values as it would be said.
func Hear(s catalogue.Sheet) []Prompt {
	var list []Prompt
	for i, text := range slices.Concat(s.Parts, s.Options) {
		gap := PartGap
		if i >= len(s.Parts) {
			gap = OptionGap
		}
		if sentences := speech.Sentences(s.Lang, text); len(sentences) > 0 {
			list = append(list, Prompt{Sentences: sentences, Gap: gap})
		}
	}
	return list
}

// Texts is the limit that the texts of services must keep to: a question with its
// options and a result are heard in 20 seconds, and no page has more options
// than people keep in mind.
func Texts() catalogue.Limit {
	return catalogue.Limit{
		Max: maxHeard, Question: MaxResult, Ending: MaxResult,
		Widest: speech.Widest,
		Measure: func(text string) (int, string) {
			n := speech.Syllables(strings.ReplaceAll(text, " ", "-"))
			return n, fmt.Sprintf("syllables: %d", n)
		},
		Screens: func(s catalogue.Sheet) (int, string) {
			seconds := int((Length(Hear(s)) + time.Second - 1) / time.Second)
			options, most := len(s.Options), maxOptions
			if s.HasMore {
				options, most = options-1, maxOnPage
			}
			size := fmt.Sprintf("%d s", seconds)
			if options > most {
				return maxHeard + 1, fmt.Sprintf("%s, options: %d, where %d can be remembered", size, options, most)
			}
			return seconds, size
		},
	}
}
