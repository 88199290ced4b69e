package catalogue

import (
	"slices"
	"strings"

	"setu/i18n"
)

// words are the spellings of one word by language.
type words map[i18n.Lang][]word

type word struct {
	text   string // as written in the file, to be shown
	folded string // as compared
	at     place
}

// shortcut is a word that enters a service at a later step.
type shortcut struct {
	step  string
	words words
	at    place
}

// Command is a word of the engine, the same in every service.
type Command string

// The commands.
const (
	Menu     Command = "menu"
	Help     Command = "help"
	Back     Command = "back"
	More     Command = "more"
	Repeat   Command = "repeat"
	Language Command = "language"
	Numerals Command = "digits" // digits of the reader's script, on and off
	Stop     Command = "stop"
	Start    Command = "start"
	Cancel   Command = "cancel"
	Receipt  Command = "receipt"
	PIN      Command = "pin"  // chooses a PIN, or another one
	CallMe   Command = "call" // wants to be called
	Yes      Command = "yes"
	No       Command = "no"
)

// commands lists all commands.
var commands = [...]Command{Menu, Help, Back, More, Repeat, Language, Numerals, Stop, Start, Cancel, Receipt, PIN, CallMe, Yes, No}

// Word is what a word that people send means: a command, or a service.
type Word struct {
	Command Command
	Service *Service
	Step    string // where the service is entered
	Text    string // the word as the service writes it
}

// maxWords bounds how many words of a message one keyword may take.
const maxWords = 4

// Word finds a command or keyword by its folded form.
func (c *Catalogue) Word(folded string) (Word, bool) {
	w, ok := c.index[folded]
	return w, ok
}

// WordsLong is the number of words of the longest keyword.
func (c *Catalogue) WordsLong() int { return c.longest }

// addWord puts a word into the index and notes a clash.
func (c *Catalogue) addWord(one word, w Word, note *Problems) {
	if one.folded == "" {
		return
	}
	if digits := strings.Trim(one.folded, "0123456789"); digits == "" {
		note.add(one.at, "keyword %q is a number: numbers choose from menus", one.text)
		return
	}
	if n := strings.Count(one.folded, " ") + 1; n > maxWords {
		note.add(one.at, "keyword %q has more than %d words", one.text, maxWords)
		return
	} else if n > c.longest {
		c.longest = n
	}
	w.Text = one.text
	old, clash := c.index[one.folded]
	if !clash {
		c.index[one.folded] = w
		if w.Command != Yes && w.Command != No { // they answer questions, and are never meant alone
			c.candidates = append(c.candidates, candidate{letters: []rune(one.folded), word: w})
		}
		return
	}
	if old.sameAs(w) {
		return
	}
	note.add(one.at, "keyword %q is taken by %s", one.text, old.owner())
}

func (w Word) owner() string {
	if w.Service == nil {
		return "the engine, for " + string(w.Command)
	}
	return "service " + w.Service.ID + ", step " + w.Step
}

// Suggest gives the keyword nearest to a folded word that is none, by edit
// distance: one for words of four and five letters, two for longer ones. ok is
// false if none or several are equally near.
func (c *Catalogue) Suggest(folded string) (w Word, ok bool) {
	letters := []rune(folded)
	limit := 2
	switch {
	case len(letters) < 4 || len(letters) > maxKeyword:
		return Word{}, false
	case len(letters) < 6:
		limit = 1
	}
	best := limit + 1
	for _, near := range c.candidates {
		n := len(near.letters)
		if n < 3 || n-len(letters) > limit || len(letters)-n > limit {
			continue
		}
		switch d := editDistance(letters, near.letters); {
		case d < best:
			best, w, ok = d, near.word, true
		case d == best && ok && !near.word.sameAs(w):
			ok = false
		}
	}
	return w, ok && best <= limit
}

func (w Word) sameAs(v Word) bool {
	return w.Command == v.Command && w.Service == v.Service && w.Step == v.Step
}

// candidate is a word that may be meant by one that nothing is known by.
type candidate struct {
	letters []rune
	word    Word
}

// editDistance is the number of letters to add, drop, change or swap with a
// neighbour that make y of x (optimal string alignment). Words longer than a
// keyword are far from everything.
func editDistance(x, y []rune) int {
	if len(x) > maxKeyword || len(y) > maxKeyword {
		return maxKeyword
	}
	var rows [3][maxKeyword + 1]int
	for j := range len(y) + 1 {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		row, above, twice := &rows[i%3], &rows[(i+2)%3], &rows[(i+1)%3]
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], twice[j-2]+1)
			}
		}
	}
	return rows[len(x)%3][len(y)]
}

// indexOptions prepares the words of a choice: its labels and the words of the
// text files, in all languages.
func (in *Input) indexOptions(step string, texts map[string]*Text, files [languages]*textFile, note *Problems) {
	in.words = make(map[string]string)
	for _, o := range in.Options {
		in.indexLabel(o.ID, texts[step+".options."+o.ID], note)
		for _, f := range files {
			if f == nil {
				continue
			}
			if n, ok := f.words[step+"."+o.ID]; ok {
				for _, text := range n.strs() {
					in.addOptionWord(text, o.ID, n.at, note)
				}
			}
		}
	}
}

// indexLabel takes an option's label for a word, in each language.
func (in *Input) indexLabel(option string, label *Text, note *Problems) {
	if label == nil || len(label.names) > 0 {
		return
	}
	for i := range label.forms {
		in.addOptionWord(label.forms[i].src, option, label.forms[i].at, note)
	}
}

func (in *Input) addOptionWord(text, option string, at place, note *Problems) {
	folded := i18n.Fold(text)
	if folded == "" {
		return
	}
	if old, clash := in.words[folded]; clash && old != option {
		note.add(at, "word %q stands for both %q and %q", text, old, option)
		return
	}
	in.words[folded] = option
}

// checkOptionWords refuses options that no one could choose by word, since the
// engine takes the word for itself.
func (c *Catalogue) checkOptionWords(s *Service, note *Problems) {
	for _, st := range s.Steps {
		if st.Input == nil {
			continue
		}
		for folded := range st.Input.words {
			w, taken := c.index[folded]
			if taken && w.Service == nil && w.Command != Yes && w.Command != No {
				note.add(st.Input.at, "option word %q of step %q is taken by the engine, for %s", folded, st.ID, w.Command)
			}
		}
	}
}

// sortedKeys are the keys of a map in order, so that problems come in order.
func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
