package ussdhttp

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
)

// ref is a value that a template can name in braces.
type ref uint8

// The references. Those of typed are written into JSON without quotes when
// they stand alone.
const (
	refNone     ref = iota
	refText         // the screen, or what the citizen wrote
	refMark         // the dialect's mark of more or end
	refSession      // the provider's identifier of the dialogue
	refNumber       // the citizen's, in the dialect's form
	refCode         // the service code, in the dialect's form
	refSequence     // of the request within its session, from 1
	refEvent        // the mark of the event
	refTime         // seconds since 1970
	refPage         // of the screen, from 1
	refOctets       // of the screen
	refEnd          // true or false
	refMask         // true while a PIN is asked for
	refSecret       // the gateway's secret for what we send it
	refStatus       // of a refusal
	refReason       // of a refusal
	refField        // a field of the request, as it came
)

// refNames are the names of the references in a dialect's file.
var refNames = map[string]ref{
	"text": refText, "mark": refMark, "session": refSession, "number": refNumber, "code": refCode,
	"sequence": refSequence, "event": refEvent, "time": refTime, "page": refPage, "octets": refOctets, "end": refEnd,
	"mask": refMask, "secret": refSecret, "status": refStatus, "reason": refReason,
}

// scalar is a value of a dialect's file that may stand in a form and in JSON.
type scalar struct {
	text string
	json string // with its quotes if it is a string
}

// UnmarshalYAML reads a text, a number or a truth value.
func (s *scalar) UnmarshalYAML(read func(any) error) error {
	var v any
	if err := read(&v); err != nil {
		return err
	}
	var err error
	*s, err = scalarOf(v)
	return err
}

func scalarOf(v any) (scalar, error) {
	switch v := v.(type) {
	case string:
		return scalar{text: v, json: string(appendQuoted(nil, v))}, nil
	case bool, int, int64, uint64, float64:
		text := fmt.Sprint(v)
		return scalar{text: text, json: text}, nil
	case nil:
		return scalar{json: "null"}, nil
	}
	return scalar{}, fmt.Errorf("a text, a number, true or false is expected, not %T", v)
}

// piece is a part of a template: octets as they are, or a reference.
type piece struct {
	lit   []byte
	ref   ref
	field int // of the request, for refField
	// quoted: within a JSON string, or a header, whose rules then hold.
	in within
}

// within says where a value is written, and so how.
type within uint8

const (
	inText   within = iota // as it is
	inJSON                 // inside the quotes of a JSON string
	inRaw                  // as a JSON value of its own
	inHeader               // without line ends
)

// template is a text with references, compiled.
type template []piece

// values are what the references stand for.
type values struct {
	text, session, number, code string
	mark, event                 *scalar
	secret, reason              string
	sequence, page, octets      int
	status                      int
	time                        int64
	end, mask                   bool
	fields                      *reading
}

// compiler compiles the templates of one dialect.
type compiler struct {
	// field gives the place of a field of the request by its name.
	field func(name string) (int, error)
	// allowed are the references that mean something here.
	allowed []ref
}

// text compiles a template that is written as it is.
func (c compiler) text(src string, in within) (template, error) {
	var t template
	for src != "" {
		open := strings.IndexByte(src, '{')
		if open < 0 {
			break
		}
		closing := strings.IndexByte(src[open:], '}')
		if closing < 0 {
			return nil, fmt.Errorf("%q has a { without its }", src)
		}
		t = t.lit(src[:open], in)
		p, err := c.reference(src[open+1:open+closing], in)
		if err != nil {
			return nil, err
		}
		t = append(t, p)
		src = src[open+closing+1:]
	}
	return t.lit(src, in), nil
}

func (c compiler) reference(name string, in within) (piece, error) {
	if field, ok := strings.CutPrefix(name, "request."); ok && c.field != nil {
		i, err := c.field(field)
		return piece{ref: refField, field: i, in: in}, err
	}
	r, ok := refNames[name]
	if !ok {
		return piece{}, fmt.Errorf("{%s} is not known: {text}, {mark}, {session}, {number}, {code}, {end}, {request.FIELD} and others of the schema are", name)
	}
	if !slices.Contains(c.allowed, r) {
		return piece{}, fmt.Errorf("{%s} has no value here", name)
	}
	return piece{ref: r, in: in}, nil
}

// json compiles a YAML value into the template of its JSON.
func (c compiler) json(t template, v any) (template, error) {
	switch v := v.(type) {
	case yaml.MapSlice:
		return c.jsonList(t, "{}", len(v), func(t template, i int) (template, error) {
			return c.json(t.lit(string(appendQuoted(nil, fmt.Sprint(v[i].Key)))+":", inText), v[i].Value)
		})
	case []any:
		return c.jsonList(t, "[]", len(v), func(t template, i int) (template, error) { return c.json(t, v[i]) })
	case string:
		return c.jsonString(t, v)
	case scalar:
		if strings.HasPrefix(v.json, `"`) {
			return c.jsonString(t, v.text)
		}
		return t.lit(cmp.Or(v.json, "null"), inText), nil // an empty value of YAML is not unmarshalled
	}
	s, err := scalarOf(v)
	return t.lit(s.json, inText), err
}

// jsonList is an object or an array of n items between its two brackets.
func (c compiler) jsonList(t template, brackets string, n int, item func(template, int) (template, error)) (template, error) {
	t = t.lit(brackets[:1], inText)
	for i := range n {
		if i > 0 {
			t = t.lit(",", inText)
		}
		var err error
		if t, err = item(t, i); err != nil {
			return nil, err
		}
	}
	return t.lit(brackets[1:], inText), nil
}

// jsonString compiles a JSON string; one that is nothing but a reference keeps
// the reference's type.
func (c compiler) jsonString(t template, src string) (template, error) {
	if strings.HasPrefix(src, "{") && strings.IndexByte(src, '}') == len(src)-1 {
		p, err := c.reference(src[1:len(src)-1], inRaw)
		return append(t, p), err
	}
	inner, err := c.text(src, inJSON)
	if err != nil {
		return nil, err
	}
	t = t.lit(`"`, inText)
	for _, p := range inner {
		if p.ref == refNone {
			t = t.lit(string(p.lit), inText)
			continue
		}
		t = append(t, p)
	}
	return t.lit(`"`, inText), nil
}

// lit adds octets as they are to a template, joined to those before.
func (t template) lit(s string, in within) template {
	if s == "" {
		return t
	}
	b := []byte(s)
	if in == inJSON {
		b = appendEscaped(nil, s)
	}
	if n := len(t); n > 0 && t[n-1].ref == refNone {
		t[n-1].lit = append(t[n-1].lit, b...)
		return t
	}
	return append(t, piece{lit: b})
}

// uses says that the template has a reference.
func (t template) uses(r ref) bool {
	return slices.ContainsFunc(t, func(p piece) bool { return p.ref == r })
}

// append writes the template with its values behind dst.
func (t template) append(dst []byte, v *values) []byte {
	for i := range t {
		p := &t[i]
		switch p.ref {
		case refNone:
			dst = append(dst, p.lit...)
		case refText:
			dst = appendString(dst, v.text, p.in)
		case refMark:
			dst = appendScalar(dst, v.mark, p.in)
		default:
			dst = v.appendRef(dst, p)
		}
	}
	return dst
}

// appendRef writes one of the rarer references.
func (v *values) appendRef(dst []byte, p *piece) []byte {
	switch p.ref {
	case refSession:
		return appendString(dst, v.session, p.in)
	case refNumber:
		return appendString(dst, v.number, p.in)
	case refCode:
		return appendString(dst, v.code, p.in)
	case refSecret:
		return appendString(dst, v.secret, p.in)
	case refReason:
		return appendString(dst, v.reason, p.in)
	case refEvent:
		return appendScalar(dst, v.event, p.in)
	case refField:
		return v.appendField(dst, p)
	case refEnd:
		return strconv.AppendBool(dst, v.end)
	case refMask:
		return strconv.AppendBool(dst, v.mask)
	case refSequence:
		return strconv.AppendInt(dst, int64(v.sequence), 10)
	case refPage:
		return strconv.AppendInt(dst, int64(v.page), 10)
	case refOctets:
		return strconv.AppendInt(dst, int64(v.octets), 10)
	case refStatus:
		return strconv.AppendInt(dst, int64(v.status), 10)
	case refTime:
		return strconv.AppendInt(dst, v.time, 10)
	}
	return dst
}

// appendField writes a field of the request as it came.
func (v *values) appendField(dst []byte, p *piece) []byte {
	var text []byte
	if v.fields != nil {
		text = v.fields.get(p.field)
	}
	switch p.in {
	case inRaw:
		return append(appendEscaped(append(dst, '"'), text), '"')
	case inJSON:
		return appendEscaped(dst, text)
	case inHeader:
		return append(dst, bytes.Map(headerRune, text)...)
	}
	return append(dst, text...)
}

func appendString(dst []byte, s string, in within) []byte {
	switch in {
	case inRaw:
		return appendQuoted(dst, s)
	case inJSON:
		return appendEscaped(dst, s)
	case inHeader:
		return append(dst, strings.Map(headerRune, s)...)
	}
	return append(dst, s...)
}

func appendScalar(dst []byte, s *scalar, in within) []byte {
	if s == nil {
		return dst
	}
	if in == inRaw {
		return append(dst, s.json...)
	}
	return appendString(dst, s.text, in)
}

// headerRune drops what would end a header's line.
func headerRune(r rune) rune {
	if r < ' ' || r == 0x7f {
		return -1
	}
	return r
}

// appendQuoted writes a JSON string.
func appendQuoted(dst []byte, s string) []byte {
	return append(appendEscaped(append(dst, '"'), s), '"')
}

// appendEscaped writes the inside of a JSON string (RFC 8259, 7). What is no
// UTF-8 becomes U+FFFD.
func appendEscaped[T string | []byte](dst []byte, s T) []byte {
	const hex = "0123456789abcdef"
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := decodeRune(s[i:])
			if r == utf8.RuneError && n == 1 {
				dst = append(append(dst, s[start:i]...), "\ufffd"...)
				start = i + 1
			}
			i += n
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(dst, s[start:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		start = i
	}
	return append(dst, s[start:]...)
}

func decodeRune[T string | []byte](s T) (rune, int) {
	if len(s) > utf8.UTFMax {
		s = s[:utf8.UTFMax]
	}
	return utf8.DecodeRuneInString(string(s))
}
