package ussdsmpp

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// node is a piece of a dialect's file with its line. Reading it notes what is
// wrong and goes on, so that all problems are seen at once.
type node struct {
	ast  ast.Node
	line int
	file *file
}

// file is a dialect's file with the problems that it has.
type file struct {
	path     string
	problems []error
}

// fail notes a problem, as "path:line: text".
func (n node) fail(format string, args ...any) {
	n.file.problems = append(n.file.problems, fmt.Errorf("%s:%d: %s", n.file.path, n.line, fmt.Sprintf(format, args...)))
}

// parse reads a file of one document.
func parse(path string, src []byte) (top node) {
	top = node{line: 1, file: &file{path: path}}
	defer func() { // the library's parser is not ours to trust
		if p := recover(); p != nil {
			top.ast = nil
			top.fail("not YAML: %v", p)
		}
	}()
	parsed, err := parser.ParseBytes(src, 0)
	var syntax yaml.Error
	switch {
	case errors.As(err, &syntax):
		if tk := syntax.GetToken(); tk != nil && tk.Position != nil {
			top.line = tk.Position.Line
		}
		top.fail("not YAML: %s", syntax.GetMessage())
	case err != nil:
		top.fail("not YAML: %v", err)
	case len(parsed.Docs) != 1 || parsed.Docs[0].Body == nil:
		top.fail("one YAML document expected")
	default:
		top.ast = parsed.Docs[0].Body
	}
	return top
}

// child is a node below n; one that is empty stands where n stands.
func (n node) child(a ast.Node, line int) node {
	if a != nil {
		if tk := a.GetToken(); tk != nil && tk.Position != nil && tk.Position.Line > 0 {
			line = tk.Position.Line
		}
	}
	return node{ast: a, line: line, file: n.file}
}

// fields calls the function of each key of a mapping; unknown, doubled and
// missing ones are problems. A key that may be left out begins with "?".
func (n node) fields(known map[string]func(node)) {
	var values []*ast.MappingValueNode
	switch m := n.ast.(type) {
	case *ast.MappingNode:
		values = m.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{m}
	case nil: // not YAML: said already
		return
	default:
		n.fail("a mapping is expected")
		return
	}
	seen := map[string]bool{}
	for _, v := range values {
		tk := v.Key.GetToken()
		if tk == nil || tk.Position == nil {
			n.fail("a key is expected")
			continue
		}
		key, at := tk.Value, n.child(v.Value, tk.Position.Line)
		read := known[key]
		if read == nil {
			read = known["?"+key]
		}
		switch {
		case read == nil:
			node{line: tk.Position.Line, file: n.file}.fail("unknown key %q: the keys here are %s", key, names(known))
		case seen[key]:
			node{line: tk.Position.Line, file: n.file}.fail("%q is given twice", key)
		default:
			read(at)
		}
		seen[key] = true
	}
	for key := range known {
		if key[0] != '?' && !seen[key] {
			n.fail("%q is missing", key)
		}
	}
}

// names lists keys for a message.
func names(known map[string]func(node)) string {
	var list []string
	for key := range known {
		list = append(list, strings.TrimPrefix(key, "?"))
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// list are the members of a sequence.
func (n node) list() []node {
	seq, ok := n.ast.(*ast.SequenceNode)
	if !ok {
		n.fail("a list is expected, such as [0x12]")
		return nil
	}
	nodes := make([]node, 0, len(seq.Values))
	for _, v := range seq.Values {
		nodes = append(nodes, n.child(v, n.line))
	}
	return nodes
}

// str is a scalar as it is written.
func (n node) str() string {
	switch v := n.ast.(type) {
	case *ast.StringNode:
		return v.Value
	case *ast.IntegerNode:
		return v.Token.Value
	}
	n.fail("a single value is expected")
	return ""
}

// oneOf is a word out of some, and gives its place among them.
func (n node) oneOf(words ...string) int {
	s := n.str()
	i := slices.Index(words, s)
	if i < 0 {
		n.fail("%q is none of %s", s, strings.Join(words, ", "))
		return 0
	}
	return i
}

// count is a whole number from low to high.
func (n node) count(low, high int) int {
	s := n.str()
	i, err := strconv.Atoi(s)
	if err != nil || i < low || i > high {
		n.fail("%q is not a whole number from %d to %d", s, low, high)
		return low
	}
	return i
}

// hex is a value in hexadecimal with its prefix. Nothing else is taken: 17 is
// 0x11 to one maker of gateways and 0x17 to another, and the two are different
// operations.
func (n node) hex(digits int) uint16 {
	s := n.str()
	v, err := strconv.ParseUint(strings.TrimPrefix(s, "0x"), 16, 16)
	if err != nil || len(s) != digits+2 || !strings.HasPrefix(s, "0x") {
		n.fail("%q is not a value in hexadecimal of %d digits, such as 0x%0*X", s, digits, digits, 0x11)
		return 0
	}
	return uint16(v)
}

// octet is a value of one octet.
func (n node) octet() byte { return byte(n.hex(2)) } //nolint:gosec // two digits

// octets are values of one octet.
func (n node) octets() []byte {
	var list []byte
	for _, one := range n.list() {
		list = append(list, one.octet())
	}
	return list
}

// nameForm is what names of dialects look like: they are names of files too.
var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)
