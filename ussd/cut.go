package ussd

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// line is a line of a sheet that is still to be shown.
type line struct {
	text string
	size size
	// held is how many octets at the start may not stand without what follows:
	// an option's digit and space.
	held int
}

// cutter makes the screens of a sheet one after the other.
type cutter struct {
	sheet Sheet
	limit Limit
	lines []line // those to come
	rest  size   // of all of them, with the line ends between
	made  int    // screens

	body   []string // the lines of the latest screen
	footer string
	used   size // by both
	ends   bool // the latest screen ends the session

	lineRoom [usualLines]line
	bodyRoom [usualLines]string
}

// usualLines is how many lines a reply has at most, as a rule.
const usualLines = 12

// start takes a sheet to be cut.
func (c *cutter) start(s Sheet, l Limit) {
	c.sheet, c.limit = s, l.orDefault()
	c.lines, c.body = c.lineRoom[:0], c.bodyRoom[:0]
	for _, part := range s.Parts {
		for text := range strings.SplitSeq(part, "\n") {
			c.add(text, 0)
		}
	}
	for _, option := range s.Options {
		c.add(option, strings.IndexByte(option, ' ')+1)
	}
}

func (c *cutter) add(text string, held int) {
	if text = strings.Trim(text, " "); text == "" {
		return
	}
	l := line{text: text, size: sizeOf(text), held: held}
	if len(c.lines) > 0 {
		c.rest = c.rest.plus(newline)
	}
	c.rest = c.rest.plus(l.size)
	c.lines = append(c.lines, l)
}

// next makes the next screen and says that it is the last.
func (c *cutter) next() (last bool) {
	c.body = c.body[:0]
	footer := c.foot(true)
	whole := c.rest.plus(footSize(footer))
	if len(c.lines) == 0 {
		whole = sizeOf(footer)
	}
	if c.limit.fits(whole) || len(c.lines) == 0 {
		for _, l := range c.lines {
			c.body = append(c.body, l.text)
		}
		c.footer, c.used, c.ends = footer, whole, c.sheet.End
		c.lines = nil
		c.made++
		return true
	}
	c.footer = c.foot(false)
	c.used = footSize(c.footer)
	c.fill()
	c.made++
	c.measureRest()
	return false
}

// foot is the footer of the next screen.
func (c *cutter) foot(last bool) string {
	back := c.made > 0 || c.sheet.HasBack
	more := !last || c.sheet.HasMore
	switch {
	case last && c.sheet.End:
		return ""
	case back && more:
		return c.sheet.Back + " " + c.sheet.More
	case back:
		return c.sheet.Back
	case more:
		return c.sheet.More
	}
	return ""
}

// footSize is what a footer takes with the end of the line before it.
func footSize(footer string) size {
	if footer == "" {
		return size{}
	}
	return sizeOf(footer).plus(newline)
}

// fill puts lines on a screen that others follow: whole ones as far as they go,
// and the beginning of one that fits no screen.
func (c *cutter) fill() {
	empty := c.used
	for len(c.lines) > 0 {
		l := &c.lines[0]
		before := c.used
		if len(c.body) > 0 {
			before = before.plus(newline)
		}
		if after := before.plus(l.size); c.limit.fits(after) {
			c.take(l.text, after)
			c.lines = c.lines[1:]
			continue
		}
		if c.limit.fits(empty.plus(l.size)) { // it fits the next screen as it is
			return
		}
		if n := c.breakAt(l, before, len(c.body) == 0); n > 0 {
			head := strings.TrimRight(l.text[:n], " ")
			c.take(head, before.plus(sizeOf(head)))
			tail := strings.TrimLeft(l.text[n:], " ")
			*l = line{text: tail, size: sizeOf(tail)}
		}
		return
	}
}

func (c *cutter) take(text string, used size) {
	c.body = append(c.body, text)
	c.used = used
}

// measureRest adds up the lines to come.
func (c *cutter) measureRest() {
	c.rest = size{}
	for i, l := range c.lines {
		if i > 0 {
			c.rest = c.rest.plus(newline)
		}
		c.rest = c.rest.plus(l.size)
	}
}

// screen is the latest screen that next has made.
func (c *cutter) screen() Screen {
	var b strings.Builder
	n := len(c.footer) + len(c.body)
	for _, text := range c.body {
		n += len(text)
	}
	b.Grow(n)
	for i, text := range c.body {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(text)
	}
	if c.footer != "" {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(c.footer)
	}
	return Screen{Text: b.String(), Coding: c.used.coding(), Octets: c.used.octets(), End: c.ends}
}

// The places where a line may be broken, the best first.
const (
	afterSentence = iota
	afterComma
	atSpace  // between two words
	atNumber // at a space beside a number, which parts a receipt from its name or a day from its month
	inWord   // between two grapheme clusters
	breaks
)

// breakAt gives how many octets of a line go on a screen of which some is used:
// up to the best place to break it that leaves at least half of the room
// filled, or else as far as words go. It is 0 if nothing of the line should
// stand there; on an empty screen it never is.
func (c *cutter) breakAt(l *line, used size, empty bool) int {
	var at [breaks]int
	end := 0
	for end < len(l.text) {
		n := clusterLen(l.text[end:])
		after := used.plus(sizeOf(l.text[end : end+n]))
		if !c.limit.fits(after) {
			break
		}
		used = after
		end += n
		if end >= l.held {
			at[placeAfter(l.text, end)] = end
		}
	}
	at[atNumber] = max(at[atNumber], at[atSpace], at[afterComma], at[afterSentence])
	for place := range inWord {
		if n := at[place]; n > l.held && (2*n >= end || place == atNumber) {
			return n
		}
	}
	switch {
	case !empty:
		return 0
	case at[inWord] > l.held:
		return at[inWord]
	}
	return c.runes(l.text, footSize(c.footer))
}

// clusterLen is the octets of the first grapheme cluster of a text, in which a
// conjunct is one (UAX #29, rule GB9c).
func clusterLen(text string) int {
	n := 0
	for n < len(text) {
		cluster, _, _, _ := uniseg.FirstGraphemeClusterInString(text[n:], -1)
		n += len(cluster)
		if r, _ := utf8.DecodeLastRuneInString(cluster); r != bengaliVirama && r != devanagariVirama {
			break
		}
	}
	return n
}

// The signs that make a conjunct of the letters before and behind them.
const (
	bengaliVirama    = '\u09cd'
	devanagariVirama = '\u094d'
)

// placeAfter is what kind of place the end of text[:end] is.
func placeAfter(text string, end int) int {
	if end == len(text) || text[end] != ' ' && text[end-1] != ' ' {
		return inWord
	}
	before := strings.TrimRight(text[:end], " ")
	after := strings.TrimLeft(text[end:], " ")
	last, _ := utf8.DecodeLastRuneInString(before)
	first, _ := utf8.DecodeRuneInString(after)
	switch {
	case strings.ContainsRune("।॥.?!", last):
		return afterSentence
	case strings.ContainsRune(",;", last):
		return afterComma
	case unicode.IsDigit(first) || unicode.IsDigit(last):
		return atNumber
	}
	return atSpace
}

// runes gives how many octets of a text fit an empty screen, at least those of
// one character: a grapheme cluster that no screen can hold is broken up.
func (c *cutter) runes(text string, used size) int {
	end := 0
	for end < len(text) {
		_, n := utf8.DecodeRuneInString(text[end:])
		used = used.plus(sizeOf(text[end : end+n]))
		if end > 0 && !c.limit.fits(used) {
			break
		}
		end += n
	}
	return end
}
