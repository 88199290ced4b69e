package ussdhttp

import (
	"bytes"
	"encoding/json"
	"errors"
)

// maxDepth is how deep a request's JSON may nest; the deepest dialect has two.
const maxDepth = 16

var errNotJSON = errors.New("the body is not a JSON object")

// walker gives the leaves of a JSON value with their paths, such as
// "request.address"; the members of an array have the path of the array. It
// keeps its path between calls, so that walking allocates nothing.
type walker struct {
	src  []byte
	path []byte
	// leaf is told a path, the text of the value (of a string: without its
	// quotes, with its escapes) and whether it is a string.
	leaf func(path, text []byte, str bool)
}

// walk goes through one JSON object.
func (w *walker) walk(src []byte) error {
	src = bytes.TrimSpace(src)
	if len(src) == 0 || src[0] != '{' || !json.Valid(src) {
		return errNotJSON
	}
	w.src, w.path = src, w.path[:0]
	return w.value(0)
}

// value goes through the value at the head of src, whose syntax is right.
func (w *walker) value(depth int) error {
	if depth > maxDepth {
		return errNotJSON
	}
	switch w.space(); w.src[0] {
	case '{':
		return w.object(depth)
	case '[':
		w.src = w.src[1:]
		for w.space(); w.src[0] != ']'; w.comma() {
			if err := w.value(depth + 1); err != nil {
				return err
			}
		}
		w.src = w.src[1:]
	case '"':
		w.leaf(w.path, w.str(), true)
	default:
		n := bytes.IndexAny(w.src, ",]} \t\r\n")
		w.leaf(w.path, w.src[:n], false)
		w.src = w.src[n:]
	}
	return nil
}

func (w *walker) object(depth int) error {
	w.src = w.src[1:]
	for w.space(); w.src[0] != '}'; w.comma() {
		w.space()
		mark := len(w.path)
		if mark > 0 {
			w.path = append(w.path, '.')
		}
		w.path = append(w.path, w.str()...)
		w.space()
		w.src = w.src[1:] // the colon
		if err := w.value(depth + 1); err != nil {
			return err
		}
		w.path = w.path[:mark]
	}
	w.src = w.src[1:]
	return nil
}

// str takes a string from the head of src, without its quotes.
func (w *walker) str() []byte {
	for i := 1; ; i++ {
		switch w.src[i] {
		case '\\':
			i++
		case '"':
			s := w.src[1:i]
			w.src = w.src[i+1:]
			return s
		}
	}
}

func (w *walker) space() { w.src = bytes.TrimLeft(w.src, " \t\r\n") }

// comma passes the comma behind a member, if there is one.
func (w *walker) comma() {
	if w.space(); w.src[0] == ',' {
		w.src = w.src[1:]
		w.space()
	}
}

// unescape gives the text of a JSON string's inside. Without a backslash that
// is the inside itself.
func unescape(inside []byte) []byte {
	if bytes.IndexByte(inside, '\\') < 0 {
		return inside
	}
	quoted := make([]byte, 0, len(inside)+2)
	quoted = append(append(append(quoted, '"'), inside...), '"')
	var s string
	if json.Unmarshal(quoted, &s) != nil {
		return nil
	}
	return []byte(s)
}
