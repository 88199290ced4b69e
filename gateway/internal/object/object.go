// Package object writes JSON by hand, in the form that encoding/json reads. What
// every message writes, its session and its reply, is written with it: that takes
// a quarter of encoding/json's time (measured, see BenchmarkEncodeSession of
// package sqlite).
package object

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// JSON is JSON in the making. Its methods append members of an object, or with an
// empty name elements of an array.
type JSON []byte

// Key begins a member, or with an empty name an element.
func (o *JSON) Key(name string) {
	if last := len(*o) - 1; last >= 0 && (*o)[last] != '{' && (*o)[last] != '[' {
		*o = append(*o, ',')
	}
	if name != "" {
		*o = append(append(append(*o, '"'), name...), '"', ':')
	}
}

// Member begins a member whose name may be any string.
func (o *JSON) Member(name string) {
	o.Key("")
	o.Quote(name)
	*o = append(*o, ':')
}

// Open begins an object or an array by its bracket.
func (o *JSON) Open(name string, bracket byte) {
	o.Key(name)
	*o = append(*o, bracket)
}

// Close ends what was opened.
func (o *JSON) Close(bracket byte) { *o = append(*o, bracket) }

// Text is a string; an empty one is left out.
func (o *JSON) Text(name, s string) {
	if s != "" {
		o.Key(name)
		o.Quote(s)
	}
}

// Number is a number; 0 is left out.
func (o *JSON) Number(name string, n int64) {
	if n != 0 {
		o.Key(name)
		*o = strconv.AppendInt(*o, n, 10)
	}
}

// Flag is true; false is left out.
func (o *JSON) Flag(name string, b bool) {
	if b {
		o.Key(name)
		*o = append(*o, "true"...)
	}
}

// Raw is JSON that is made already; an empty one is left out.
func (o *JSON) Raw(name, made string) {
	if made != "" {
		o.Key(name)
		*o = append(*o, made...)
	}
}

// Quote appends a string, which is an element or follows a key.
func (o *JSON) Quote(s string) {
	plain := utf8.ValidString(s)
	for i := 0; i < len(s) && plain; i++ {
		plain = s[i] >= ' ' && s[i] != '"' && s[i] != '\\'
	}
	if !plain {
		quoted, _ := json.Marshal(s) // a string has no error
		*o = append(*o, quoted...)
		return
	}
	*o = append(append(append(*o, '"'), s...), '"')
}

// Other leaves v to encoding/json.
func (o *JSON) Other(name string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	o.Key(name)
	*o = append(*o, b...)
	return nil
}
