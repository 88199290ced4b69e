package smpp_test

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"setu/channels/smpp"
)

func TestParseReceipt(t *testing.T) {
	t.Parallel()
	whole := smpp.Receipt{
		ID: "0123456789", Sub: "001", Dlvrd: "001", SubmitDate: "2601011200", DoneDate: "2601011201",
		State: smpp.Delivered, Stat: "DELIVRD", Err: "000", Text: "ভাতা ২০০",
	}
	const text = "id:0123456789 sub:001 dlvrd:001 submit date:2601011200 done date:2601011201 stat:DELIVRD err:000 text:ভাতা ২০০"
	wide := make([]byte, 0, 400)
	for _, u := range utf16.Encode([]rune("id:77 stat:EXPIRED err:12 text:ভা")) {
		wide = binary.BigEndian.AppendUint16(wide, u)
	}
	tests := []struct {
		name string
		m    smpp.ShortMessage
		want smpp.Receipt
	}{
		{"appendix B", smpp.ShortMessage{Text: []byte(text)}, whole},
		{"upper case names", smpp.ShortMessage{Text: []byte("ID:a1 SUB:1 STAT:delivrd ERR:0 TEXT:")}, smpp.Receipt{ID: "a1", Sub: "1", State: smpp.Delivered, Stat: "delivrd", Err: "0"}},
		{"any order", smpp.ShortMessage{Text: []byte("err:5 stat:UNDELIV text:hi id:9")}, smpp.Receipt{ID: "9", State: smpp.Undeliverable, Stat: "UNDELIV", Err: "5", Text: "hi"}},
		{"missing fields", smpp.ShortMessage{Text: []byte("id:9 stat:REJECTD")}, smpp.Receipt{ID: "9", State: smpp.Rejected, Stat: "REJECTD"}},
		{"empty values", smpp.ShortMessage{Text: []byte("id:9 sub: dlvrd: stat:ACCEPTD err: text:")}, smpp.Receipt{ID: "9", State: smpp.Accepted, Stat: "ACCEPTD"}},
		{"spaces after colons", smpp.ShortMessage{Text: []byte("id: 9 submit date: 260101 stat: ENROUTE\r\n")}, smpp.Receipt{ID: "9", SubmitDate: "260101", State: smpp.Enroute, Stat: "ENROUTE"}},
		{"joined names", smpp.ShortMessage{Text: []byte("id:9,submit_date:260101;done_date:260102 status:DELIVERED")}, smpp.Receipt{ID: "9", SubmitDate: "260101", DoneDate: "260102", State: smpp.Delivered, Stat: "DELIVERED"}},
		{"uuid", smpp.ShortMessage{Text: []byte("id:6f9619ff-8b86-d011-b42d-00c04fc964ff stat:EXPIRED")}, smpp.Receipt{ID: "6f9619ff-8b86-d011-b42d-00c04fc964ff", State: smpp.Expired, Stat: "EXPIRED"}},
		{"a state we do not know is kept", smpp.ShortMessage{Text: []byte("id:9 stat:BLCKLST")}, smpp.Receipt{ID: "9", Stat: "BLCKLST"}},
		{"citizen's words change nothing", smpp.ShortMessage{Text: []byte("id:9 stat:UNDELIV text:id:8 stat:DELIVRD err:0")}, smpp.Receipt{ID: "9", State: smpp.Undeliverable, Stat: "UNDELIV", Text: "id:8 stat:DELIVRD err:0"}},
		{"first one counts", smpp.ShortMessage{Text: []byte("id:9 id:8 stat:DELIVRD")}, smpp.Receipt{ID: "9", State: smpp.Delivered, Stat: "DELIVRD"}},
		{"name inside a word", smpp.ShortMessage{Text: []byte("paid:5 id:9 stat:DELIVRD")}, smpp.Receipt{ID: "9", State: smpp.Delivered, Stat: "DELIVRD"}},
		{"UCS-2", smpp.ShortMessage{DataCoding: 8, Text: wide}, smpp.Receipt{ID: "77", State: smpp.Expired, Stat: "EXPIRED", Err: "12", Text: "??"}},
		{"TLVs win", smpp.ShortMessage{Text: []byte(text), TLVs: smpp.TLVs{
			{Tag: smpp.TagReceiptedMessageID, Value: []byte("75bcd15\x00")},
			{Tag: smpp.TagMessageState, Value: []byte{5}},
			{Tag: smpp.TagNetworkErrorCode, Value: []byte{3, 0, 34}},
		}}, func() smpp.Receipt {
			r := whole
			r.ID, r.State, r.Stat, r.Err = "75bcd15", smpp.Undeliverable, "UNDELIV", "034"
			return r
		}()},
		{"TLVs alone, error code as digits", smpp.ShortMessage{TLVs: smpp.TLVs{
			{Tag: smpp.TagReceiptedMessageID, Value: []byte("1")},
			{Tag: smpp.TagMessageState, Value: []byte{2}},
			{Tag: smpp.TagNetworkErrorCode, Value: []byte("021")},
		}}, smpp.Receipt{ID: "1", State: smpp.Delivered, Stat: "DELIVRD", Err: "021"}},
		{"a state TLV out of range is no state", smpp.ShortMessage{Text: []byte("id:9 stat:DELIVRD"), TLVs: smpp.TLVs{
			{Tag: smpp.TagMessageState, Value: []byte{200}},
		}}, smpp.Receipt{ID: "9", State: smpp.Delivered, Stat: "DELIVRD"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := smpp.ParseReceipt(&tt.m)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(fields(tt.want), fields(got)); diff != "" {
				t.Errorf("ParseReceipt (-want +got):\n%s", diff)
			}
		})
	}
	for _, text := range []string{"", "Hello", "paid:5", "text:id:", "id:", "stat:", "sub:001 dlvrd:001"} {
		if r, err := smpp.ParseReceipt(&smpp.ShortMessage{Text: []byte(text)}); !errors.Is(err, smpp.ErrNoReceipt) {
			t.Errorf("ParseReceipt(%q) = %v, %v, want ErrNoReceipt", text, fields(r), err)
		}
	}
}

// fields spreads a receipt, whose own String hides its text.
func fields(r smpp.Receipt) []string {
	return []string{r.ID, r.Sub, r.Dlvrd, r.SubmitDate, r.DoneDate, r.State.String(), r.Stat, r.Err, r.Text}
}

func TestAppendReceipt(t *testing.T) {
	t.Parallel()
	got := string(smpp.AppendReceipt(nil, smpp.Receipt{
		ID: "42", SubmitDate: "2601011200", DoneDate: "2601011201", State: smpp.Delivered, Text: strings.Repeat("x", 30),
	}))
	const want = "id:42 sub:001 dlvrd:001 submit date:2601011200 done date:2601011201 stat:DELIVRD err:000 text:xxxxxxxxxxxxxxxxxxxx"
	if got != want {
		t.Errorf("AppendReceipt = %q, want %q", got, want)
	}
	got = string(smpp.AppendReceipt(nil, smpp.Receipt{ID: "42", State: smpp.Expired, Err: "027"}))
	if want := "id:42 sub:001 dlvrd:000 submit date: done date: stat:EXPIRED err:027 text:"; got != want {
		t.Errorf("AppendReceipt = %q, want %q", got, want)
	}
}

func TestState(t *testing.T) {
	t.Parallel()
	final := map[smpp.State]bool{
		smpp.Enroute: false, smpp.Delivered: true, smpp.Expired: true, smpp.Deleted: true, smpp.Undeliverable: true,
		smpp.Accepted: false, smpp.Unknown: false, smpp.Rejected: true, 0: false, 77: false,
	}
	for s, want := range final {
		if s.Final() != want {
			t.Errorf("%v.Final() = %v, want %v", s, s.Final(), want)
		}
		if word := s.String(); word != "" && smpp.ParseState(strings.ToLower(word)) != s {
			t.Errorf("ParseState(%q) = %v, want %d", word, smpp.ParseState(word), s)
		}
	}
	for _, word := range []string{"", "DEL", "DELIVRDX", "\x00"} {
		if s := smpp.ParseState(word); s != 0 {
			t.Errorf("ParseState(%q) = %v, want none", word, s)
		}
	}
}

func TestNormalIDs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		id   string
		want []string
	}{
		{"", nil},
		{"  ", nil},
		{"75BCD15", []string{"75BCD15", "75bcd15", "123456789"}},
		{"0075bcd15", []string{"0075bcd15", "75bcd15", "123456789"}},
		{"123456789", []string{"123456789", "75bcd15", "4886718345"}},
		{"0x1F", []string{"0x1F", "0x1f", "1f", "31"}},
		{"000", []string{"000", "0"}},
		{"6F9619FF-8B86", []string{"6F9619FF-8B86", "6f9619ff-8b86"}},
		{"98765432109876543210987", []string{"98765432109876543210987"}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, smpp.NormalIDs(tt.id)); diff != "" {
			t.Errorf("NormalIDs(%q) (-want +got):\n%s", tt.id, diff)
		}
	}
	// An operator that answers in hex and reports in decimal, and the reverse, with zeros.
	for _, pair := range [][2]string{{"75BCD15", "0123456789"}, {"123456789", "0075bcd15"}, {"ab", "00AB"}, {"000AB", "000ab"}} {
		if !slices.Contains(smpp.NormalIDs(pair[1]), smpp.NormalID(pair[0])) {
			t.Errorf("%q, kept as %q, is not found by %q", pair[0], smpp.NormalID(pair[0]), pair[1])
		}
	}
}

func TestNormalID(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ id, want string }{
		{"", ""},
		{" ", ""},
		{"0075BCD15 ", "0075bcd15"},
		{"123456789", "123456789"},
		{"6F9619FF-8B86", "6f9619ff-8b86"},
		{"Zx09aB", "Zx09aB"},
	} {
		if got := smpp.NormalID(tt.id); got != tt.want {
			t.Errorf("NormalID(%q) = %q, want %q", tt.id, got, tt.want)
		}
	}
}

// FuzzReceipt: any text is read without a fault; what is read is found in the text; and
// a receipt that we write is read back as it was.
func FuzzReceipt(f *testing.F) {
	f.Add("id:0123456789 sub:001 dlvrd:001 submit date:2601011200 done date:2601011201 stat:DELIVRD err:000 text:hi", byte(0))
	f.Add("ID: 9 err:\x00 STAT:expired text:id:8", byte(8))
	f.Add("text:id: stat:", byte(3))
	f.Fuzz(func(t *testing.T, text string, coding byte) {
		m := smpp.ShortMessage{Text: []byte(text), DataCoding: coding}
		r, err := smpp.ParseReceipt(&m)
		if err != nil {
			if !errors.Is(err, smpp.ErrNoReceipt) {
				t.Fatalf("ParseReceipt(%q) = %v, want only ErrNoReceipt", text, err)
			}
			return
		}
		if coding != 8 {
			for _, v := range fields(r) {
				if v != r.State.String() && !strings.Contains(text, v) {
					t.Fatalf("ParseReceipt(%q) found %q, which is not in it", text, v)
				}
			}
		}
		if r.ID == "" || r.State == 0 {
			return
		}
		r.Text = ""
		again, err := smpp.ParseReceipt(&smpp.ShortMessage{Text: smpp.AppendReceipt(nil, r)})
		if err != nil || again.ID != r.ID || again.State != r.State || (r.Err != "" && again.Err != r.Err) {
			t.Fatalf("written and read again: %q, want %q (%v)", fields(again), fields(r), err)
		}
		if forms := smpp.NormalIDs(r.ID); len(forms) == 0 || forms[0] != strings.TrimSpace(r.ID) {
			t.Fatalf("NormalIDs(%q) = %q, want the id first", r.ID, forms)
		}
		if forms := smpp.NormalIDs(r.ID); !slices.Contains(forms, smpp.NormalID(r.ID)) {
			t.Fatalf("NormalIDs(%q) = %q, which lacks %q", r.ID, forms, smpp.NormalID(r.ID))
		}
	})
}
