package sms

import (
	"fmt"
	"unicode"
)

// Cost is what so many segments cost at so many paise each, in paise.
func Cost(segments, paise int) int { return segments * paise }

// Suggestion is a character that keeps a text out of the GSM 7-bit alphabet,
// and what may stand for it there.
type Suggestion struct {
	Char  rune
	By    string // empty: it can be left out
	Known bool   // false: nothing is known that may stand for it
	Count int    // how often it is in the text
}

// String says it to the author of the text: `replace "–" (U+2013) by "-"`.
func (s Suggestion) String() string {
	switch {
	case !s.Known:
		return fmt.Sprintf("replace %q (%U): it is not in the GSM alphabet", string(s.Char), s.Char)
	case s.By == "":
		return fmt.Sprintf("leave out %U", s.Char)
	}
	return fmt.Sprintf("replace %q (%U) by %q", string(s.Char), s.Char, s.By)
}

// Suggest names the characters that force a text into UCS-2 which is otherwise
// GSM 7-bit, each once, in order of appearance: with 70 characters a segment
// instead of 160 they may double its cost. It is nil for a text that is GSM
// 7-bit, and for one with words of another script, which needs UCS-2 anyway.
func Suggest(text string) []Suggestion {
	var list []Suggestion
	for _, r := range text {
		if septets(r) > 0 {
			continue
		}
		by, known := standIn(r)
		if !known && (unicode.IsLetter(r) || unicode.IsMark(r)) && !unicode.Is(unicode.Latin, r) {
			return nil
		}
		list = count(list, Suggestion{Char: r, By: by, Known: known, Count: 1})
	}
	return list
}

func count(list []Suggestion, s Suggestion) []Suggestion {
	for i := range list {
		if list[i].Char == s.Char {
			list[i].Count++
			return list
		}
	}
	return append(list, s)
}

// standIn gives what is written for a character in the GSM 7-bit alphabet.
func standIn(r rune) (by string, known bool) {
	switch r {
	case '‐', '‑', '‒', '–', '—', '―', '−':
		return "-", true
	case '‘', '’', '‚', '‛', '′', '`', '´':
		return "'", true
	case '“', '”', '„', '«', '»', '″':
		return `"`, true
	case '…':
		return "...", true
	case '•', '·', '‣':
		return "*", true
	case '×':
		return "x", true
	case '₹':
		return "Rs", true
	case '।', '॥':
		return ".", true
	case '\t', '\u00a0', '\u2002', '\u2003', '\u2009', '\u202f':
		return " ", true
	case '\u200b', '\u200c', '\u200d', '\u200e', '\u200f', '\u2060', '\ufeff', '\ufe0f', '\u00ad':
		return "", true
	}
	switch {
	case '০' <= r && r <= '৯':
		return string('0' + r - '০'), true
	case '०' <= r && r <= '९':
		return string('0' + r - '०'), true
	}
	return "", false
}
