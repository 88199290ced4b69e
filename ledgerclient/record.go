package ledgerclient

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"setu/i18n"
)

// Limits of what is signed and stored on a ledger. They are ours: large enough
// for every service, small enough that one request is never a burden.
const (
	MaxNameOctets  = 64   // of the name of a field, contract or function
	MaxValueOctets = 4096 // of one value, in NFC
	MaxFields      = 64   // of a record, and arguments of a call
)

// Errors of the canonical form. They name the field, never its value.
var (
	// ErrText says that a value is not UTF-8, holds a control character
	// (U+0000 to U+001F, U+007F to U+009F) or is too long.
	ErrText = errors.New("ledgerclient: value is not clean text")
	// ErrName says that a name is not made of ASCII letters, digits and
	// "-", "_", ".", "~", or is too long or empty.
	ErrName = errors.New("ledgerclient: name is not plain ASCII")
	// ErrNotCanonical says that octets are not in canonical form.
	ErrNotCanonical = errors.New("ledgerclient: not in canonical form")
)

// Field is one named value of a [Record].
type Field struct{ Name, Value string }

// Record is a flat object of strings, sorted by name without repeats. Its
// encoding is RFC 8785 JSON, so the same record has the same octets
// everywhere. The zero value is the empty object.
type Record []Field

// NewRecord makes a record of a map.
func NewRecord(m map[string]string) Record {
	r := make(Record, 0, len(m))
	for name, value := range m {
		r = append(r, Field{name, value})
	}
	slices.SortFunc(r, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	return r
}

// Get is the value of a field, and "" when there is none.
func (r Record) Get(name string) string {
	for i := range r {
		if r[i].Name == name {
			return r[i].Value
		}
	}
	return ""
}

// Set gives the record with one field added or replaced. It may write to r.
func (r Record) Set(name, value string) Record {
	i, found := slices.BinarySearchFunc(r, name, func(f Field, n string) int { return strings.Compare(f.Name, n) })
	if found {
		r[i].Value = value
		return r
	}
	return slices.Insert(r, i, Field{name, value})
}

// Append appends the canonical form to dst. Values are put into NFC. The
// errors are [ErrName], which also says that the names are not sorted or too
// many, and [ErrText].
func (r Record) Append(dst []byte) ([]byte, error) {
	if len(r) > MaxFields {
		return dst, fmt.Errorf("%w: %d fields", ErrName, len(r))
	}
	var err error
	dst = append(dst, '{')
	for i, f := range r {
		if i > 0 {
			if f.Name <= r[i-1].Name {
				return dst, fmt.Errorf("%w: %q out of order", ErrName, f.Name)
			}
			dst = append(dst, ',')
		}
		if dst, err = appendField(dst, f.Name, f.Value); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// ParseRecord reads a canonical record. The error is [ErrNotCanonical].
func ParseRecord(canonical []byte) (Record, error) {
	d := decoder{rest: string(canonical)}
	r := d.record()
	if d.bad || d.rest != "" {
		return nil, ErrNotCanonical
	}
	return r, nil
}

func appendField(dst []byte, name, value string) ([]byte, error) {
	if !isName(name) {
		return dst, fmt.Errorf("%w: %q", ErrName, name)
	}
	dst = append(dst, '"')
	dst = append(dst, name...)
	dst = append(dst, '"', ':')
	dst, ok := appendText(dst, value)
	if !ok {
		return dst, fmt.Errorf("%w: field %q", ErrText, name)
	}
	return dst, nil
}

// isName says that s may be a name. Such names need no escapes, and their
// order by octets is the order by UTF-16 units that RFC 8785 section 3.2.3
// asks for.
func isName(s string) bool {
	if s == "" || len(s) > MaxNameOctets {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
			c == '-', c == '_', c == '.', c == '~':
		default:
			return false
		}
	}
	return true
}

// appendText appends s as a JSON string in the form of RFC 8785 section
// 3.2.2.2. Control characters are refused, so only the quote and the
// backslash are ever escaped.
func appendText(dst []byte, s string) ([]byte, bool) {
	dst = append(dst, '"')
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return appendHardText(dst, s)
		}
	}
	if len(s) > MaxValueOctets {
		return dst, false
	}
	dst = append(dst, s...)
	return append(dst, '"'), true
}

// appendHardText goes on after the opening quote with a text that is not
// plain ASCII.
func appendHardText(dst []byte, s string) ([]byte, bool) {
	// Valid is asked first: NFC would pass broken octets through.
	if len(s) > 4*MaxValueOctets || !utf8.ValidString(s) {
		return dst, false
	}
	if s = i18n.NFC(s); len(s) > MaxValueOctets {
		return dst, false
	}
	for _, r := range s {
		switch {
		case r < ' ' || 0x7f <= r && r <= 0x9f:
			return dst, false
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"'), true
}

// isText says that s is a value that appendText takes, and already in NFC.
func isText(s string) bool {
	if len(s) > MaxValueOctets || !utf8.ValidString(s) || i18n.NFC(s) != s {
		return false
	}
	for _, r := range s {
		if r < ' ' || 0x7f <= r && r <= 0x9f {
			return false
		}
	}
	return true
}

// decoder reads canonical octets from the front. After the first fault bad is
// set, and what is read means nothing.
type decoder struct {
	rest string
	bad  bool
}

// literal reads exactly s.
func (d *decoder) literal(s string) {
	if d.bad || !strings.HasPrefix(d.rest, s) {
		d.bad = true
		return
	}
	d.rest = d.rest[len(s):]
}

// text reads a string.
func (d *decoder) text() string {
	d.literal(`"`)
	if d.bad {
		return ""
	}
	end := strings.IndexAny(d.rest, `"\`)
	if end < 0 {
		d.bad = true
		return ""
	}
	if d.rest[end] == '"' { // the usual case: nothing is copied
		s := d.rest[:end]
		d.rest = d.rest[end+1:]
		d.bad = d.bad || !isText(s)
		return s
	}
	return d.escapedText()
}

func (d *decoder) escapedText() string {
	var b strings.Builder
	for i := 0; i < len(d.rest); i++ {
		switch c := d.rest[i]; {
		case c == '"':
			d.rest = d.rest[i+1:]
			d.bad = d.bad || !isText(b.String())
			return b.String()
		case c == '\\' && i+1 < len(d.rest) && (d.rest[i+1] == '"' || d.rest[i+1] == '\\'):
			i++
			b.WriteByte(d.rest[i])
		case c == '\\':
			d.bad = true
			return ""
		default:
			b.WriteByte(c)
		}
	}
	d.bad = true
	return ""
}

// record reads an object of strings with sorted names.
func (d *decoder) record() Record {
	d.literal("{")
	if d.bad || strings.HasPrefix(d.rest, "}") {
		d.literal("}")
		return nil
	}
	r := make(Record, 0, 12)
	for !d.bad {
		if len(r) > 0 {
			if strings.HasPrefix(d.rest, "}") {
				d.literal("}")
				return r
			}
			d.literal(",")
		}
		name := d.text()
		d.literal(":")
		value := d.text()
		n := len(r)
		if !isName(name) || n == MaxFields || n > 0 && name <= r[n-1].Name {
			d.bad = true
		}
		r = append(r, Field{name, value})
	}
	return nil
}
