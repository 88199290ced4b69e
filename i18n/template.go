package i18n

import (
	"fmt"
	"slices"
	"strings"
)

// maxDepth bounds how deep plurals and selections may be nested in a template.
const maxDepth = 8

// SyntaxError says where and why a template cannot be read.
type SyntaxError struct {
	Offset int    // octets from the start of the source
	Reason string // for the translator, in English
}

// Error gives the place and the reason.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("i18n: template at octet %d: %s", e.Offset, e.Reason)
}

// Template is a parsed text with slots. It is read-only and may be used by many
// goroutines. The zero value is the empty text.
//
// The syntax is a subset of ICU MessageFormat:
//
//	{name}                                       the value of a slot
//	{n, plural, =0 {none} one {# lot} other {# lots}}   by a number; # shows it
//	{x, select, found {…} other {…}}             by a text
//
// Names are Latin letters, digits, "_", "-" and ".". Plural categories are
// CLDR's (zero, one, two, few, many, other), which differ by language; "=1"
// stands for the number itself and goes first; other is required. An apostrophe
// before {, } or (in a plural) # begins a literal text up to the next
// apostrophe; two apostrophes are one; any other is itself. Unlike in ICU a
// literal text that is not closed is an error.
type Template struct {
	nodes []node
	names []string
	size  int // octets of all literal texts, as a hint
}

// node is a literal text, a slot, the number of a plural or a choice of branches.
type node struct {
	kind     nodeKind
	text     string // of a literal
	name     string // of the others' slot
	branches []branch
}

type nodeKind uint8

const (
	literal nodeKind = iota
	slot
	pound // the # in a plural
	plural
	selection
)

// branch is one case of a plural or selection. "other" stands last.
type branch struct {
	key  string // plural category, or value of a selection
	nth  string // canonical number of "=1"; empty for others
	body []node
}

// other is the key of the branch for all that no other branch is for.
const other = "other"

// Names gives the names of all slots, each once, sorted.
func (t *Template) Names() []string { return slices.Clone(t.names) }

// Plain is the text, if it is the same for all values: it has no slots.
func (t *Template) Plain() (text string, ok bool) {
	switch {
	case len(t.nodes) == 0:
		return "", true
	case len(t.nodes) == 1 && t.nodes[0].kind == literal:
		return t.nodes[0].text, true
	}
	return "", false
}

// ParseTemplate reads a template. The error is a [*SyntaxError].
func ParseTemplate(src string) (*Template, error) {
	p := parser{src: src}
	nodes, err := p.message(0, "")
	if err != nil {
		return nil, err
	}
	slices.Sort(p.names)
	return &Template{nodes: nodes, names: slices.Compact(p.names), size: p.size}, nil
}

type parser struct {
	src   string
	pos   int
	names []string
	size  int
}

func (p *parser) fail(offset int, format string, args ...any) error {
	return &SyntaxError{Offset: offset, Reason: fmt.Sprintf(format, args...)}
}

// message reads up to the closing brace of a branch, or the end of the source
// at depth 0. counted is the name that # stands for; empty outside a plural.
func (p *parser) message(depth int, counted string) ([]node, error) {
	if depth > maxDepth {
		return nil, p.fail(p.pos, "nested more than %d deep", maxDepth)
	}
	var nodes []node
	var text strings.Builder
	flush := func() {
		if text.Len() > 0 {
			nodes = append(nodes, node{text: text.String()})
			p.size += text.Len()
			text.Reset()
		}
	}
	for p.pos < len(p.src) {
		switch c := p.src[p.pos]; {
		case c == '\'':
			if err := p.quoted(&text, counted != ""); err != nil {
				return nil, err
			}
		case c == '{':
			flush()
			n, err := p.argument(depth, counted)
			if err != nil {
				return nil, err
			}
			nodes = append(nodes, n)
		case c == '}' && depth > 0:
			flush()
			return nodes, nil
		case c == '}':
			return nil, p.fail(p.pos, "closing brace without an opening one")
		case c == '#' && counted != "":
			flush()
			nodes = append(nodes, node{kind: pound, name: counted})
			p.pos++
		default:
			text.WriteByte(c)
			p.pos++
		}
	}
	if depth > 0 {
		return nil, p.fail(p.pos, "closing brace is missing")
	}
	flush()
	return nodes, nil
}

// quoted reads an apostrophe and the literal text that it may begin.
func (p *parser) quoted(text *strings.Builder, inPlural bool) error {
	start := p.pos
	p.pos++
	if p.pos < len(p.src) && p.src[p.pos] == '\'' {
		p.pos++
		text.WriteByte('\'')
		return nil
	}
	if p.pos == len(p.src) || !isQuotable(p.src[p.pos], inPlural) {
		text.WriteByte('\'')
		return nil
	}
	for p.pos < len(p.src) {
		c := p.src[p.pos]
		p.pos++
		if c != '\'' {
			text.WriteByte(c)
			continue
		}
		if p.pos == len(p.src) || p.src[p.pos] != '\'' {
			return nil
		}
		text.WriteByte('\'')
		p.pos++
	}
	return p.fail(start, "literal text is not closed by an apostrophe")
}

func isQuotable(c byte, inPlural bool) bool {
	return c == '{' || c == '}' || c == '#' && inPlural
}

// argument reads a slot, a plural or a selection from its opening brace to its
// closing one.
func (p *parser) argument(depth int, counted string) (node, error) {
	p.pos++
	p.space()
	start := p.pos
	name := p.word(isNameByte)
	if name == "" {
		return node{}, p.fail(start, "name of a slot is missing")
	}
	p.names = append(p.names, name)
	if p.take('}') {
		return node{kind: slot, name: name}, nil
	}
	if !p.take(',') {
		return node{}, p.fail(p.pos, "comma or closing brace expected after slot %q", name)
	}
	p.space()
	start = p.pos
	n := node{name: name}
	switch kind := p.word(isNameByte); kind {
	case "plural":
		n.kind, counted = plural, name
	case "select":
		n.kind = selection
	default:
		return node{}, p.fail(start, "%q is neither plural nor select", kind)
	}
	if !p.take(',') {
		return node{}, p.fail(p.pos, "comma expected before the branches of %q", name)
	}
	var err error
	n.branches, err = p.branches(depth, counted, n.kind)
	return n, err
}

// branches reads the branches of a plural or selection and its closing brace.
func (p *parser) branches(depth int, counted string, kind nodeKind) ([]branch, error) {
	var list []branch
	var rest *branch
	seen := make(map[string]bool)
	for !p.take('}') {
		p.space()
		start := p.pos
		b, err := p.key(kind)
		if err != nil {
			return nil, err
		}
		if seen[b.key] {
			return nil, p.fail(start, "branch %q is there twice", b.key)
		}
		seen[b.key] = true
		if !p.take('{') {
			return nil, p.fail(p.pos, "opening brace expected after %q", b.key)
		}
		if b.body, err = p.message(depth+1, counted); err != nil {
			return nil, err
		}
		p.pos++ // message stops at the closing brace
		if b.key == other {
			rest = &b
		} else {
			list = append(list, b)
		}
	}
	if rest == nil {
		return nil, p.fail(p.pos-1, "branch %q is missing", other)
	}
	// Exact numbers go before categories.
	slices.SortStableFunc(list, func(a, b branch) int {
		return strings.Compare(exactRank(a), exactRank(b))
	})
	return append(list, *rest), nil
}

func exactRank(b branch) string {
	if b.nth != "" {
		return "0"
	}
	return "1"
}

// key reads the key of a branch.
func (p *parser) key(kind nodeKind) (branch, error) {
	start := p.pos
	if kind == plural && p.take('=') {
		nth, err := ParseNumber(p.word(func(c byte) bool { return c == '-' || c == '.' || '0' <= c && c <= '9' }))
		if err != nil {
			return branch{}, p.fail(start, "number expected after the equals sign")
		}
		return branch{key: "=" + nth, nth: nth}, nil
	}
	key := p.word(isNameByte)
	switch {
	case key == "":
		return branch{}, p.fail(start, "key of a branch or closing brace expected")
	case kind == plural && !isCategory(key):
		return branch{}, p.fail(start, "%q is not a plural category; use zero, one, two, few, many, other or =1", key)
	}
	return branch{key: key}, nil
}

func isCategory(s string) bool {
	switch s {
	case "zero", "one", "two", "few", "many", other:
		return true
	}
	return false
}

func (p *parser) space() {
	for p.pos < len(p.src) && strings.IndexByte(" \t\r\n", p.src[p.pos]) >= 0 {
		p.pos++
	}
}

// take skips white space and then c, if it is next.
func (p *parser) take(c byte) bool {
	p.space()
	if p.pos < len(p.src) && p.src[p.pos] == c {
		p.pos++
		return true
	}
	return false
}

func (p *parser) word(in func(byte) bool) string {
	start := p.pos
	for p.pos < len(p.src) && in(p.src[p.pos]) {
		p.pos++
	}
	return p.src[start:p.pos]
}

func isNameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '_' || c == '-' || c == '.'
}
