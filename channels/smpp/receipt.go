package smpp

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrNoReceipt is returned for a message that carries neither a message id nor a state.
var ErrNoReceipt = errors.New("smpp: message is no delivery receipt")

// State is what has become of a message (message_state, §5.2.28). The zero value says
// that a receipt names no state that we know.
type State byte

// States of SMPP 3.4, table 5-6.
const (
	Enroute       State = 1
	Delivered     State = 2
	Expired       State = 3
	Deleted       State = 4
	Undeliverable State = 5
	Accepted      State = 6
	Unknown       State = 7
	Rejected      State = 8
)

// String gives the word that the text of a receipt uses (appendix B), or "" for the
// zero value and for numbers that the standard does not know.
func (s State) String() string {
	words := [...]string{
		Enroute: "ENROUTE", Delivered: "DELIVRD", Expired: "EXPIRED", Deleted: "DELETED",
		Undeliverable: "UNDELIV", Accepted: "ACCEPTD", Unknown: "UNKNOWN", Rejected: "REJECTD",
	}
	if int(s) < len(words) {
		return words[s]
	}
	return ""
}

// Final reports whether no other state follows (§5.2.28).
func (s State) Final() bool {
	switch s {
	case Delivered, Expired, Deleted, Undeliverable, Rejected:
		return true
	case Enroute, Accepted, Unknown:
	}
	return false
}

// ParseState reads the word of a receipt, in any case, as appendix B abbreviates it or
// in full ("DELIVERED", "UNDELIVERABLE"). It gives 0 for any other word.
func ParseState(word string) State {
	if len(word) < 4 {
		return 0
	}
	for s := Enroute; s <= Rejected; s++ {
		if strings.EqualFold(word, s.String()) {
			return s
		}
	}
	switch {
	case strings.EqualFold(word, "DELIVERED"):
		return Delivered
	case strings.EqualFold(word, "UNDELIVERABLE"), strings.EqualFold(word, "UNDELIVERED"):
		return Undeliverable
	case strings.EqualFold(word, "ACCEPTED"):
		return Accepted
	case strings.EqualFold(word, "REJECTED"):
		return Rejected
	}
	return 0
}

// Receipt is a delivery receipt. Every field may be empty: operators leave out what
// they like.
type Receipt struct {
	ID         string // of the message, as the operator writes it here: see [NormalIDs]
	Sub        string // messages submitted, up to three digits
	Dlvrd      string // messages delivered, up to three digits
	SubmitDate string // YYMMDDhhmm or with seconds, in the operator's unnamed zone
	DoneDate   string // when State became final, same form
	State      State
	Stat       string // the word behind State, kept when State is 0
	Err        string // the network's or the operator's code, its digits as they came
	Text       string // first characters of the message; never log it
}

// String gives what is safe to log: the state and the error code.
func (r Receipt) String() string { return fmt.Sprintf("[receipt %s err %q]", r.Stat, r.Err) }

// GoString keeps the text out of %#v.
func (r Receipt) GoString() string { return r.String() }

// MarshalText keeps the text out of encoders, and so out of structured logs.
func (r Receipt) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// The fields of appendix B.
const (
	fieldID = iota
	fieldSub
	fieldDlvrd
	fieldSubmitDate
	fieldDoneDate
	fieldStat
	fieldErr
	fieldText
	fieldCount
)

// ParseReceipt reads a delivery receipt: the TLVs receipted_message_id, message_state
// and network_error_code where they are present, and the text of appendix B with its
// fields in any order and letter case, any of them missing. What follows "text:" is
// not searched once an id and a state are known, so that a citizen's words cannot
// change them. It returns [ErrNoReceipt] when there is neither an id nor a state.
func ParseReceipt(m *ShortMessage) (Receipt, error) {
	r := parseReceiptText(receiptText(m))
	if id := m.TLVs.Text(TagReceiptedMessageID); id != "" {
		r.ID = id
	}
	if n, ok := m.TLVs.Uint(TagMessageState); ok && n <= 0xFF && State(n).String() != "" {
		r.State = State(n)
		r.Stat = r.State.String()
	}
	if code, ok := m.TLVs.Find(TagNetworkErrorCode); ok && len(code) == 3 {
		r.Err = networkError(code)
	}
	if r.ID == "" && r.State == 0 && r.Stat == "" {
		return Receipt{}, ErrNoReceipt
	}
	return r, nil
}

// receiptText gives the text as ASCII. Some operators send receipts of UCS-2 messages
// in UCS-2.
func receiptText(m *ShortMessage) string {
	const ucs2 = 8
	if m.DataCoding != ucs2 || len(m.Text)%2 != 0 || bytes.IndexByte(m.Text, 0) < 0 {
		return string(m.Text)
	}
	narrow := make([]byte, 0, len(m.Text)/2)
	for i := 0; i < len(m.Text); i += 2 {
		b := m.Text[i+1]
		if m.Text[i] != 0 {
			b = '?'
		}
		narrow = append(narrow, b)
	}
	return string(narrow)
}

// networkError reads network_error_code (§5.3.2.31): a type and a 16-bit number, or
// three ASCII digits as some operators send it.
func networkError(code []byte) string {
	digits := true
	for _, b := range code {
		digits = digits && b >= '0' && b <= '9'
	}
	if digits {
		return string(code)
	}
	return fmt.Sprintf("%03d", int(code[1])<<8|int(code[2]))
}

func parseReceiptText(s string) Receipt {
	var values [fieldCount]string
	var seen [fieldCount]bool
	field, from := -1, 0
	store := func(to int) {
		if field >= 0 && !seen[field] {
			seen[field] = true
			values[field] = fieldValue(field, s[from:to])
		}
	}
	for i := 0; i < len(s); {
		next, width := fieldAt(s, i)
		if width == 0 {
			i++
			continue
		}
		store(i)
		i += width
		field, from = next, i
		if field == fieldText && seen[fieldID] && seen[fieldStat] {
			break
		}
	}
	store(len(s))
	return Receipt{
		ID: values[fieldID], Sub: values[fieldSub], Dlvrd: values[fieldDlvrd],
		SubmitDate: values[fieldSubmitDate], DoneDate: values[fieldDoneDate],
		State: ParseState(values[fieldStat]), Stat: values[fieldStat],
		Err: values[fieldErr], Text: values[fieldText],
	}
}

// fieldAt recognises the name of a field with its colon at s[i], at the beginning of a
// word, and gives its octets; 0 means that there is none.
func fieldAt(s string, i int) (field, width int) {
	if i > 0 && isWordOctet(s[i-1]) {
		return 0, 0
	}
	s = s[i:]
	switch s[0] | 0x20 {
	case 'i':
		return fieldID, nameAt(s, "id:")
	case 'e':
		return fieldErr, nameAt(s, "err:", "error:")
	case 't':
		return fieldText, nameAt(s, "text:")
	case 'd':
		if n := nameAt(s, "dlvrd:"); n > 0 {
			return fieldDlvrd, n
		}
		return fieldDoneDate, nameAt(s, "done date:", "done_date:", "donedate:")
	case 's':
		if n := nameAt(s, "sub:"); n > 0 {
			return fieldSub, n
		}
		if n := nameAt(s, "stat:", "status:"); n > 0 {
			return fieldStat, n
		}
		return fieldSubmitDate, nameAt(s, "submit date:", "submit_date:", "submitdate:")
	}
	return 0, 0
}

// nameAt gives the octets of the first name that s begins with, in any letter case.
func nameAt(s string, names ...string) int {
	for _, name := range names {
		if len(s) >= len(name) && strings.EqualFold(s[:len(name)], name) {
			return len(name)
		}
	}
	return 0
}

func isWordOctet(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b|0x20 >= 'a' && b|0x20 <= 'z' || b >= 0x80
}

// fieldValue takes the first word of what stands between a field and the next one; of
// the text, everything.
func fieldValue(field int, s string) string {
	s = strings.Trim(s, " \t\r\n\x00")
	if field == fieldText {
		return s
	}
	if i := strings.IndexAny(s, " \t\r\n\x00"); i >= 0 {
		s = s[:i]
	}
	return strings.TrimRight(s, ",;")
}

// AppendReceipt appends the text of appendix B. Empty counts are written as 001 and
// 000 or 001, an empty err as 000, and Text is cut to its first 20 octets.
func AppendReceipt(dst []byte, r Receipt) []byte {
	stat := r.State.String()
	if stat == "" {
		stat = r.Stat
	}
	dlvrd := r.Dlvrd
	if dlvrd == "" {
		dlvrd = "000"
		if r.State == Delivered {
			dlvrd = "001"
		}
	}
	const textOctets = 20
	text := r.Text
	if len(text) > textOctets {
		text = text[:textOctets]
	}
	for _, part := range [...][2]string{
		{"id:", r.ID},
		{" sub:", or(r.Sub, "001")},
		{" dlvrd:", dlvrd},
		{" submit date:", r.SubmitDate},
		{" done date:", r.DoneDate},
		{" stat:", stat},
		{" err:", or(r.Err, "000")},
		{" text:", text},
	} {
		dst = append(append(dst, part[0]...), part[1]...)
	}
	return dst
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// NormalID is the form in which a store keeps the id of a submit_sm_resp, so that it
// is among the [NormalIDs] of its receipt: digits, decimal, hexadecimal or of a UUID, in
// lower case. Any other id stays as it is, since it may tell "a" from "A", and leading
// zeros stay too: a receipt for "00000010" that is faster than its answer must not be
// taken for that of "0000000a", which is 10. An empty id stays empty.
func NormalID(id string) string {
	id = strings.TrimSpace(id)
	if lower := strings.ToLower(id); strings.Trim(lower, "0123456789abcdef-") == "" {
		return lower
	}
	return id
}

// NormalIDs gives the forms that the id of a receipt may have had in the answer to its
// message: as it is, in lower case, without leading zeros, and, for a number of at
// most 64 bits, its hexadecimal digits read as decimal and the reverse. Earlier forms
// are stronger: "10" may be meant as "a" or as "16", so they are to be looked for in
// order, among the ids that [NormalID] gave. An empty id gives none.
func NormalIDs(id string) []string {
	id = strings.TrimSpace(id)
	if id == "" {
		return nil
	}
	forms := make([]string, 0, 5)
	add := func(form string) {
		for _, f := range forms {
			if f == form {
				return
			}
		}
		forms = append(forms, form)
	}
	add(id)
	lower := strings.ToLower(id)
	add(lower)
	bare := strings.TrimLeft(strings.TrimPrefix(lower, "0x"), "0")
	if bare == "" {
		bare = "0"
	}
	add(bare)
	if n, err := strconv.ParseUint(bare, 10, 64); err == nil {
		add(strconv.FormatUint(n, 16))
	}
	if n, err := strconv.ParseUint(bare, 16, 64); err == nil {
		add(strconv.FormatUint(n, 10))
	}
	return forms
}
