package catalogue

import (
	"errors"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// node is a piece of YAML with its place. Reading it notes what is wrong and
// goes on, so that an author sees all problems at once. Anchors, aliases, tags
// and merge keys are not part of the format.
type node struct {
	ast  ast.Node
	at   place
	note *Problems
}

// entry is a key of a mapping with its value.
type entry struct {
	key string
	at  place
	val node
}

// parseYAML reads one document whose top is a mapping.
func parseYAML(file string, src []byte, note *Problems) (top node, ok bool) {
	at := place{file: file}
	defer func() { // the library's parser is not ours to trust
		if p := recover(); p != nil {
			note.add(at, "not YAML: %v", p)
			top, ok = node{}, false
		}
	}()
	parsed, err := parser.ParseBytes(src, 0)
	if err != nil {
		var syntax yaml.Error
		if errors.As(err, &syntax) {
			if tk := syntax.GetToken(); tk != nil && tk.Position != nil {
				at.line = tk.Position.Line
			}
			note.add(at, "not YAML: %s", syntax.GetMessage())
			return node{}, false
		}
		note.add(at, "not YAML: %v", err)
		return node{}, false
	}
	if len(parsed.Docs) != 1 || parsed.Docs[0].Body == nil {
		note.add(at, "one YAML document expected")
		return node{}, false
	}
	top = node{ast: parsed.Docs[0].Body, at: at, note: note}
	top.at.line = 1
	return top, true
}

func (n node) fail(format string, args ...any) { n.note.add(n.at, format, args...) }

// isMapping says that n is a mapping.
func (n node) isMapping() bool {
	switch n.ast.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return true
	}
	return false
}

// entries are the keys and values of a mapping, in the order of the file.
func (n node) entries() []entry {
	var values []*ast.MappingValueNode
	switch m := n.ast.(type) {
	case *ast.MappingNode:
		values = m.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{m}
	default:
		n.fail("a mapping is expected")
		return nil
	}
	list := make([]entry, 0, len(values))
	for _, v := range values {
		at := n.at
		tk := v.Key.GetToken()
		if tk == nil {
			n.fail("a key is expected")
			continue
		}
		at.line = tk.Position.Line
		if _, merge := v.Key.(*ast.MergeKeyNode); merge {
			n.note.add(at, "merge keys are not part of the format")
			continue
		}
		list = append(list, entry{key: tk.Value, at: at, val: n.child(v.Value, at)})
	}
	return list
}

// child is a node below n. One that is empty stands where its key stands.
func (n node) child(a ast.Node, at place) node {
	if a != nil {
		if tk := a.GetToken(); tk != nil && tk.Position != nil && !isNull(a) {
			at.line = tk.Position.Line
		}
	}
	return node{ast: a, at: at, note: n.note}
}

func isNull(a ast.Node) bool {
	_, null := a.(*ast.NullNode)
	return null
}

// list are the members of a sequence.
func (n node) list() []node {
	seq, ok := n.ast.(*ast.SequenceNode)
	if !ok {
		n.fail("a list is expected")
		return nil
	}
	nodes := make([]node, 0, len(seq.Values))
	for _, v := range seq.Values {
		nodes = append(nodes, n.child(v, n.at))
	}
	return nodes
}

// str is a scalar as it is written, so that 007 stays 007.
func (n node) str() string {
	switch v := n.ast.(type) {
	case *ast.StringNode:
		return v.Value
	case *ast.LiteralNode:
		return strings.TrimRight(v.Value.Value, "\n")
	case *ast.IntegerNode:
		return v.Token.Value
	case *ast.FloatNode:
		return v.Token.Value
	case *ast.BoolNode:
		return v.Token.Value
	}
	n.fail("a text is expected")
	return ""
}

// num is a whole number from low to high.
func (n node) num(low, high int) int {
	s := n.str()
	i, err := strconv.Atoi(s)
	if err != nil || i < low || i > high {
		n.fail("%q is not a whole number from %d to %d", s, low, high)
		return low
	}
	return i
}

// flag is true or false.
func (n node) flag() bool {
	s := n.str()
	if s != "true" && s != "false" {
		n.fail("true or false is expected, not %q", s)
	}
	return s == "true"
}

// strs is a list of texts; a single text is a list of one.
func (n node) strs() []string {
	if _, ok := n.ast.(*ast.SequenceNode); !ok {
		return []string{n.str()}
	}
	var texts []string
	for _, one := range n.list() {
		texts = append(texts, one.str())
	}
	return texts
}

// fields calls the function of each key; unknown keys are problems.
func (n node) fields(known map[string]func(node)) {
	for _, e := range n.entries() {
		read, ok := known[e.key]
		if !ok {
			n.note.add(e.at, "unknown key %q%s", e.key, nearestKey(e.key, known))
			continue
		}
		read(e.val)
	}
}

// nearestKey suggests the key that was meant.
func nearestKey(key string, known map[string]func(node)) string {
	best, distance := "", 3
	for k := range known {
		if d := editDistance([]rune(key), []rune(k)); d < distance || d == distance && k < best {
			best, distance = k, d
		}
	}
	if best == "" {
		return ""
	}
	return ": perhaps " + best
}
