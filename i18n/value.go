package i18n

import (
	"errors"
	"fmt"
	"strings"
)

// ErrUnknownKind says that a name is not that of a [Kind].
var ErrUnknownKind = errors.New("i18n: unknown kind of value")

// Format says how values are written for one reader. The zero value, like any
// language that is not valid, means English with Western digits.
type Format struct {
	Lang Lang `json:"lang,omitempty"`
	// Native writes digits in the language's own script, for Bengali and
	// Hindi. Western digits are the default: in an English SMS they keep the
	// message in the GSM alphabet, and in print they are read as easily.
	Native bool `json:"native,omitempty"`
	// Latin writes Bengali and Hindi in Latin letters, for a handset that
	// shows no others.
	Latin bool `json:"latin,omitempty"`
}

// zero is the digit 0 of the script that f writes digits in.
func (f Format) zero() rune {
	switch {
	case f.Native && f.Lang == Bengali:
		return bengaliZero
	case f.Native && f.Lang == Hindi:
		return devanagariZero
	}
	return '0'
}

// Kind is the kind of a value: how its canonical form is written and shown.
// The zero value is Text.
type Kind uint8

// The kinds, with the canonical form that [Value.Raw] holds.
const (
	Text    Kind = iota // as it is
	Number              // decimal: "1234567", "-12.5"
	Money               // rupees: "1500", "1500.50"
	Date                // "2026-11-02"
	Code                // a number that names something; shown as it is
	Time                // RFC 3339; shown in Indian Standard Time
	Weight              // kilograms, decimal; shown in quintals from 100 kg
	Receipt             // twelve digits; shown as 1234-5678-9012
)

var kindNames = [...]string{
	Text: "text", Number: "number", Money: "money", Date: "date",
	Code: "code", Time: "time", Weight: "weight", Receipt: "receipt",
}

// Kinds lists all kinds.
func Kinds() []Kind { return []Kind{Text, Number, Money, Date, Code, Time, Weight, Receipt} }

// String is the kind's name in service folders, JSON and tests.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// ParseKind reads a kind's name. The error is [ErrUnknownKind].
func ParseKind(s string) (Kind, error) {
	for k, name := range kindNames {
		if s == name {
			return Kind(k), nil
		}
	}
	return 0, fmt.Errorf("%w %q", ErrUnknownKind, s)
}

// MarshalText writes the kind's name, in JSON and YAML too. The error is
// [ErrUnknownKind].
func (k Kind) MarshalText() ([]byte, error) {
	if int(k) >= len(kindNames) {
		return nil, fmt.Errorf("%w %d", ErrUnknownKind, uint8(k))
	}
	return []byte(kindNames[k]), nil
}

// UnmarshalText reads the kind's name. The error is [ErrUnknownKind].
func (k *Kind) UnmarshalText(b []byte) error {
	parsed, err := ParseKind(string(b))
	if err != nil {
		return err
	}
	*k = parsed
	return nil
}

// Value is a typed value in its canonical form, which is what is stored, signed
// and sent to the ledger. The zero value is the empty text.
type Value struct {
	Kind Kind   `json:"kind"`
	Raw  string `json:"raw"`
}

// String shows the value for one reader.
func (v Value) String(f Format) string {
	if v.Kind == Text || v.Kind == Code && f.zero() == '0' {
		return v.Raw
	}
	return string(v.Append(nil, f))
}

// Append appends the value as one reader is to see it. A Raw that is not in the
// canonical form of its kind is appended as it is.
func (v Value) Append(dst []byte, f Format) []byte {
	n := len(dst)
	ok := true
	switch v.Kind {
	case Number:
		dst, ok = appendNumber(dst, v.Raw, f)
	case Money:
		dst, ok = appendMoney(dst, v.Raw, f)
	case Date:
		dst, ok = appendDate(dst, v.Raw, f)
	case Time:
		dst, ok = appendTime(dst, v.Raw, f)
	case Weight:
		dst, ok = appendWeight(dst, v.Raw, f)
	case Receipt:
		dst, ok = appendReceipt(dst, v.Raw, f)
	case Code:
		dst = appendDigits(dst, v.Raw, f)
	case Text:
		dst = append(dst, v.Raw...)
	default:
		ok = false
	}
	if !ok {
		dst = append(dst[:n], v.Raw...)
	}
	return dst
}

// decimal is a canonical decimal number in its parts: ASCII digits.
type decimal struct {
	negative bool
	whole    string // at least one digit, no leading zero but in "0"
	fraction string // may be empty
}

// parseDecimal splits a canonical decimal number.
func parseDecimal(raw string) (d decimal, ok bool) {
	raw, d.negative = strings.CutPrefix(raw, "-")
	whole, fraction, dotted := strings.Cut(raw, ".")
	if !isDigits(whole) || len(whole) > 1 && whole[0] == '0' || dotted && !isDigits(fraction) {
		return decimal{}, false
	}
	d.whole, d.fraction = whole, fraction
	return d, true
}

func (d decimal) append(dst []byte, f Format) []byte {
	zero := f.zero()
	if d.negative {
		dst = append(dst, '-')
	}
	for i := range len(d.whole) {
		// Indian grouping: the last three digits, then groups of two.
		if rest := len(d.whole) - i; i > 0 && rest >= 3 && rest%2 == 1 {
			dst = append(dst, ',')
		}
		dst = appendDigit(dst, d.whole[i], zero)
	}
	if d.fraction != "" {
		dst = append(dst, '.')
		dst = appendDigits(dst, d.fraction, f)
	}
	return dst
}

func appendNumber(dst []byte, raw string, f Format) ([]byte, bool) {
	d, ok := parseDecimal(raw)
	if !ok {
		return dst, false
	}
	return d.append(dst, f), true
}

// appendMoney appends the amount alone, paise only if there are any; the text
// around it says the unit.
func appendMoney(dst []byte, raw string, f Format) ([]byte, bool) {
	d, ok := parseDecimal(raw)
	if !ok || len(d.fraction) > 2 {
		return dst, false
	}
	short := len(d.fraction) == 1
	if strings.Trim(d.fraction, "0") == "" {
		d.fraction, short = "", false
	}
	dst = d.append(dst, f)
	if short {
		dst = appendDigit(dst, '0', f.zero())
	}
	return dst, true
}

// quintalDigits is the number of decimal places from kilograms to quintals: a
// quintal is 100 kg.
const quintalDigits = 2

func appendWeight(dst []byte, raw string, f Format) ([]byte, bool) {
	d, ok := parseDecimal(raw)
	if !ok || d.negative {
		return dst, false
	}
	if len(d.whole) <= quintalDigits {
		d.fraction = strings.TrimRight(d.fraction, "0")
		return append(d.append(dst, f), kilogram(f.Lang)...), true
	}
	point := len(d.whole) - quintalDigits
	low := d.whole[point:]
	d.whole, d.fraction = d.whole[:point], strings.TrimRight(d.fraction, "0")
	if d.fraction == "" {
		low = strings.TrimRight(low, "0")
	}
	fraction := d.fraction
	d.fraction = low
	dst = d.append(dst, f)
	dst = appendDigits(dst, fraction, f)
	return append(dst, quintal(f.Lang)...), true
}

func kilogram(l Lang) string {
	switch l {
	case Bengali:
		return " কেজি"
	case Hindi:
		return " किलो"
	}
	return " kg"
}

func quintal(l Lang) string {
	switch l {
	case Bengali:
		return " কুইন্টাল"
	case Hindi:
		return " क्विंटल"
	}
	return " quintal"
}

// receiptGroup and receiptDigits are how a receipt number is shown: 4-4-4.
const (
	receiptGroup  = 4
	receiptDigits = 12
)

func appendReceipt(dst []byte, raw string, f Format) ([]byte, bool) {
	if len(raw) != receiptDigits || !isDigits(raw) {
		return dst, false
	}
	for i := 0; i < len(raw); i += receiptGroup {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = appendDigits(dst, raw[i:i+receiptGroup], f)
	}
	return dst, true
}
