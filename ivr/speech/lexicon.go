package speech

import (
	"embed"
	"strings"

	"setu/i18n"
)

// lexiconFiles holds, for each language, how abbreviations are said, and how
// words are respelled for espeak-ng.
//
//go:embed lexicon/*.tsv
var lexiconFiles embed.FS

// lexicon is what one language's files say.
type lexicon struct {
	said      map[string]string // written, folded -> in words
	respelled map[string]string // word -> spelling that espeak-ng reads right
}

var (
	bengaliLexicon = readLexicon(i18n.Bengali)
	hindiLexicon   = readLexicon(i18n.Hindi)
	englishLexicon = readLexicon(i18n.English)
)

func lexiconOf(l i18n.Lang) *lexicon {
	switch l {
	case i18n.Bengali:
		return &bengaliLexicon
	case i18n.Hindi:
		return &hindiLexicon
	}
	return &englishLexicon
}

// readLexicon reads the two lists of a language. They are part of the program, and
// the tests hold that they can be read.
func readLexicon(l i18n.Lang) lexicon {
	return lexicon{said: readPairs(string(l)+".tsv", fold), respelled: readPairs("espeak-"+string(l)+".tsv", compose)}
}

func readPairs(file string, key func(string) string) map[string]string {
	src, err := lexiconFiles.ReadFile("lexicon/" + file)
	if err != nil {
		return nil
	}
	pairs := make(map[string]string)
	for line := range strings.Lines(string(src)) {
		written, said, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if ok && !strings.HasPrefix(line, "#") {
			pairs[key(written)] = compose(said)
		}
	}
	return pairs
}

// Respell gives words in the spelling that espeak-ng reads right: it says the
// silent inherent vowels of many Bengali words, and borrowed words by their
// letters.
func Respell(l i18n.Lang, words string) string {
	respelled := lexiconOf(l).respelled
	if len(respelled) == 0 {
		return words
	}
	var b strings.Builder
	for rest := compose(words); rest != ""; {
		n := strings.IndexFunc(rest, isLetter)
		if n < 0 {
			n = len(rest)
		}
		b.WriteString(rest[:n])
		rest = rest[n:]
		end := strings.IndexFunc(rest, func(r rune) bool { return !isLetter(r) })
		if end < 0 {
			end = len(rest)
		}
		if other, ok := respelled[rest[:end]]; ok {
			b.WriteString(other)
		} else {
			b.WriteString(rest[:end])
		}
		rest = rest[end:]
	}
	return b.String()
}
