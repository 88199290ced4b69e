package phone

import (
	"strings"
	"unicode"

	"github.com/rivo/uniseg"
)

// wrap breaks a text into lines of at most width columns: between words where
// it can, never inside a character as a reader sees it.
func wrap(text string, width int) []string {
	width = max(width, 1)
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		lines = append(lines, wrapParagraph(paragraph, width)...)
	}
	return lines
}

func wrapParagraph(text string, width int) []string {
	var lines []string
	var line strings.Builder
	used := 0
	end := func() {
		lines = append(lines, strings.TrimRight(line.String(), " "))
		line.Reset()
		used = 0
	}
	for word := range strings.SplitAfterSeq(text, " ") {
		w := columns(strings.TrimRight(word, " "))
		if used > 0 && used+w > width {
			end()
		}
		if w <= width {
			line.WriteString(word)
			used += columns(word)
			continue
		}
		for graphemes := uniseg.NewGraphemes(word); graphemes.Next(); {
			g := graphemes.Str()
			if n := columns(g); used > 0 && used+n > width && g != " " {
				end()
			}
			line.WriteString(g)
			used += columns(g)
		}
	}
	end()
	return lines
}

// columns is the most columns that a terminal may give a text. Terminals
// disagree about Indic scripts: some give a vowel sign that stands beside its
// letter a column of its own, as its width in print would have it, others
// none. A line that is thought too long by one only ends early; one that is
// thought too short breaks the screen.
func columns(s string) int {
	n := 0
	for graphemes := uniseg.NewGraphemes(s); graphemes.Next(); {
		visible := 0
		for _, r := range graphemes.Runes() {
			if !unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Cc) {
				visible++
			}
		}
		n += max(graphemes.Width(), indic(graphemes.Runes(), visible))
	}
	return n
}

// indic is the number of visible runes of a cluster of the Indic scripts, 0
// for others: an emoji of four runes joined is still two columns wide.
func indic(cluster []rune, visible int) int {
	if cluster[0] >= 0x0900 && cluster[0] < 0x0e00 {
		return visible
	}
	return 0
}

// fit cuts a line to at most width columns.
func fit(s string, width int) string {
	if columns(s) <= width {
		return s
	}
	var out strings.Builder
	used := 1 // the ellipsis
	for graphemes := uniseg.NewGraphemes(s); graphemes.Next(); {
		if used += columns(graphemes.Str()); used > width {
			break
		}
		out.WriteString(graphemes.Str())
	}
	return out.String() + "…"
}
