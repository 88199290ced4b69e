package sms_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"setu/channels/sms"
)

// ucs2 and gsm make parts; number is from 1.
func ucs2(number uint8, octets string) sms.Part {
	return sms.Part{Seq: number, Coding: sms.UCS2, Body: []byte(octets)}
}

func gsm(number uint8, octets string) sms.Part {
	return sms.Part{Seq: number, Coding: sms.GSM7, Body: []byte(octets)}
}

func TestJoin(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		total    uint8
		parts    []sms.Part
		want     string
		missing  []uint8
		conflict bool
		err      error
	}{
		{"in order", 2, []sms.Part{gsm(1, "ab"), gsm(2, "cd")}, "abcd", nil, false, nil},
		{"last one first", 3, []sms.Part{gsm(3, "ef"), gsm(1, "ab"), gsm(2, "cd")}, "abcdef", nil, false, nil},
		{"twice the same", 2, []sms.Part{gsm(1, "ab"), gsm(1, "ab"), gsm(2, "cd")}, "abcd", nil, false, nil},
		{"twice, not the same", 2, []sms.Part{gsm(1, "ab"), gsm(1, "xx"), gsm(2, "cd")}, "abcd", nil, true, nil},
		{"the same octets in another alphabet", 2, []sms.Part{gsm(1, "ab"), ucs2(1, "ab"), gsm(2, "cd")}, "abcd", nil, true, nil},
		{"first missing", 3, []sms.Part{gsm(2, "cd"), gsm(3, "ef")}, "…cdef", []uint8{1}, false, nil},
		{"middle missing", 4, []sms.Part{gsm(1, "ab"), gsm(4, "gh")}, "ab…gh", []uint8{2, 3}, false, nil},
		{"last missing", 3, []sms.Part{gsm(1, "ab")}, "ab…", []uint8{2, 3}, false, nil},
		{"all missing", 2, nil, "…", []uint8{1, 2}, false, nil},
		{"number above total", 1, []sms.Part{gsm(2, "x"), gsm(1, "a")}, "a", nil, false, nil},
		{"surrogate pair cut in two", 2, []sms.Part{ucs2(1, "\x00a\xd8\x3d"), ucs2(2, "\xdc\x4d\x00b")}, "a👍b", nil, false, nil},
		{"surrogate pair cut by a gap", 3, []sms.Part{ucs2(1, "\xd8\x3d"), ucs2(3, "\xdc\x4d")}, "\ufffd…\ufffd", []uint8{2}, false, sms.ErrDecode},
		{"unit cut in two", 2, []sms.Part{ucs2(1, "\x00a\x09"), ucs2(2, "\x95\x00b")}, "aকb", nil, false, nil},
		{"an octet lost", 2, []sms.Part{ucs2(1, "\x00a\x00"), ucs2(2, "\x09\x95")}, "a\ufffdক", nil, false, sms.ErrDecode},
		{"escape cut off", 2, []sms.Part{gsm(1, "a\x1b"), gsm(2, "\x65b")}, "a€b", nil, false, nil},
		{"mark before each", 2, []sms.Part{ucs2(1, "\xfe\xff\x00a"), ucs2(2, "\xfe\xff\x00b")}, "ab", nil, false, nil},
		{"little endian mark before the first", 2, []sms.Part{ucs2(1, "\xff\xfea\x00"), ucs2(2, "b\x00")}, "ab", nil, false, nil},
		{"two alphabets", 2, []sms.Part{gsm(1, "a"), ucs2(2, "\x09\x95")}, "aক", nil, false, nil},
		{"shift tables", 2, []sms.Part{
			{Seq: 1, Lock: sms.Bengali, Single: sms.Bengali, Body: []byte("\x41\x50\x1b")},
			{Seq: 2, Lock: sms.Bengali, Single: sms.Bengali, Body: []byte("\x1a")},
		}, "ভা১", nil, false, nil},
		{"unknown shift table", 1, []sms.Part{{Seq: 1, Lock: 5, Body: []byte("\x41 1")}}, "\ufffd 1", nil, false, sms.ErrLanguage},
		{"unknown coding", 1, []sms.Part{{Seq: 1, Coding: 5, Body: []byte("a")}}, "a", nil, false, sms.ErrCoding},
		{"empty parts", 2, []sms.Part{gsm(1, ""), gsm(2, "")}, "", nil, false, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := sms.Join(tt.total, tt.parts)
			if got.Text != tt.want || got.Conflict != tt.conflict || !errors.Is(got.Err, tt.err) {
				t.Errorf("Join = %q, conflict %v, %v, want %q, %v, %v", got.Text, got.Conflict, got.Err, tt.want, tt.conflict, tt.err)
			}
			if diff := cmp.Diff(tt.missing, got.Missing); diff != "" {
				t.Errorf("missing (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParts_Add(t *testing.T) {
	t.Parallel()
	p := sms.NewParts(2)
	steps := []struct {
		part sms.Part
		want sms.Added
	}{
		{gsm(0, "a"), sms.Refused},
		{gsm(3, "a"), sms.Refused},
		{gsm(1, strings.Repeat("a", sms.MaxPartOctets+1)), sms.Refused},
		{gsm(1, "a"), sms.New},
		{gsm(1, "a"), sms.Duplicate},
		{gsm(1, "b"), sms.Conflict},
		{gsm(2, ""), sms.New},
	}
	for i, step := range steps {
		if p.Complete() {
			t.Errorf("complete before step %d", i)
		}
		if got := p.Add(step.part); got != step.want {
			t.Errorf("step %d: Add = %v, want %v", i, got, step.want)
		}
	}
	if !p.Complete() || p.Octets() != 1 {
		t.Errorf("Complete %v, Octets %d, want true, 1", p.Complete(), p.Octets())
	}
	for a, want := range map[sms.Added]string{sms.New: "new", sms.Duplicate: "duplicate", sms.Conflict: "conflict", sms.Refused: "refused"} {
		if a.String() != want {
			t.Errorf("Added(%d).String() = %q, want %q", a, a, want)
		}
	}
}

// TestParts_copies checks that the caller's buffer may be used again.
func TestParts_copies(t *testing.T) {
	t.Parallel()
	p := sms.NewParts(1)
	body := []byte("ab")
	p.Add(sms.Part{Seq: 1, Body: body})
	copy(body, "xx")
	if got := p.Join().Text; got != "ab" {
		t.Errorf("text = %q after the buffer changed, want ab", got)
	}
}

// TestJoin_split checks that what Split cuts is put together again in whatever
// order it comes, duplicates included.
func TestJoin_split(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Repeat(rapid.StringOf(rapid.SampledFrom([]rune("কখ্ষ👍aé€ ।1"))).Draw(t, "text"), 20)
		c := sms.Choose(text)
		segments, err := sms.Split(text, c, uint16(rapid.Int32().Draw(t, "ref")), rapid.Bool().Draw(t, "wide"))
		if err != nil || len(segments) < 2 {
			return
		}
		var parts []sms.Part
		for _, s := range segments {
			h, body, err := sms.ParseUDH(append(s.UDH, s.Body...))
			if err != nil {
				t.Fatal(err)
			}
			parts = append(parts, sms.Part{Seq: h.Concat.Seq, Coding: c, Body: body})
		}
		parts = append(parts, parts[rapid.IntRange(0, len(parts)-1).Draw(t, "twice")])
		got := sms.Join(uint8(len(segments)), rapid.Permutation(parts).Draw(t, "order"))
		if got.Text != text || got.Missing != nil || got.Conflict || got.Err != nil {
			t.Fatalf("Join = %+v, want %q", got, text)
		}
	})
}

var start = time.Date(2026, 11, 2, 5, 0, 0, 0, time.UTC)

func key(from string, ref uint16, total uint8) sms.Key {
	return sms.Key{Link: "a", From: from, To: "51969", Ref: ref, Total: total}
}

func TestReassembler(t *testing.T) {
	t.Parallel()
	var r sms.Reassembler
	rahim, sita := key("rahim", 7, 2), key("sita", 7, 2)
	add := func(k sms.Key, p sms.Part, at time.Time) []sms.Message {
		t.Helper()
		done, added := r.Add(k, p, at)
		if added != sms.New {
			t.Errorf("Add = %v, want new", added)
		}
		return done
	}
	// Two citizens write with one reference to one short code.
	if done := add(rahim, gsm(1, "BHATA "), start); done != nil {
		t.Fatalf("done after one part of two: %+v", done)
	}
	if done := add(sita, gsm(2, "2"), start.Add(time.Minute)); done != nil {
		t.Fatalf("two citizens' parts were joined: %+v", done)
	}
	want := []sms.Message{{Key: rahim, Joined: sms.Joined{Text: "BHATA 1"}}}
	if diff := cmp.Diff(want, add(rahim, gsm(2, "1"), start)); diff != "" {
		t.Errorf("done (-want +got):\n%s", diff)
	}
	if r.Len() != 1 {
		t.Errorf("Len = %d, want 1", r.Len())
	}
	// The other one waits for its last part, then is given back incomplete.
	if done := r.Expire(start.Add(sms.DefaultMaxAge)); done != nil {
		t.Errorf("expired a minute early: %+v", done)
	}
	want = []sms.Message{{Key: sita, Joined: sms.Joined{Text: "…2", Missing: []uint8{1}}}}
	if diff := cmp.Diff(want, r.Expire(start.Add(time.Minute+sms.DefaultMaxAge))); diff != "" {
		t.Errorf("expired (-want +got):\n%s", diff)
	}
	if r.Len() != 0 || r.Octets() != 0 {
		t.Errorf("Len %d, Octets %d after all is done, want 0", r.Len(), r.Octets())
	}
}

func TestReassembler_keys(t *testing.T) {
	t.Parallel()
	base := sms.Key{Link: "a", From: "b", To: "c", Ref: 1, Total: 2}
	others := map[string]func(*sms.Key){
		"link":  func(k *sms.Key) { k.Link = "x" },
		"from":  func(k *sms.Key) { k.From = "x" },
		"to":    func(k *sms.Key) { k.To = "x" },
		"ref":   func(k *sms.Key) { k.Ref = 2 },
		"wide":  func(k *sms.Key) { k.Wide = true },
		"total": func(k *sms.Key) { k.Total = 3 },
	}
	for name, change := range others {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var r sms.Reassembler
			other := base
			change(&other)
			r.Add(base, gsm(1, "a"), start)
			if done, _ := r.Add(other, gsm(2, "b"), start); done != nil || r.Len() != 2 {
				t.Errorf("parts of different keys were joined: %+v", done)
			}
		})
	}
}

func TestReassembler_touch(t *testing.T) {
	t.Parallel()
	r := sms.Reassembler{MaxAge: time.Minute}
	slow, stale := key("slow", 1, 3), key("stale", 1, 3)
	r.Add(slow, gsm(1, "a"), start)
	r.Add(stale, gsm(1, "b"), start.Add(time.Second))
	r.Add(slow, gsm(2, "c"), start.Add(50*time.Second)) // waits a minute from here
	done := r.Expire(start.Add(61 * time.Second))
	if len(done) != 1 || done[0].Key != stale {
		t.Errorf("expired %+v, want the stale one only", done)
	}
}

func TestReassembler_refuses(t *testing.T) {
	t.Parallel()
	var r sms.Reassembler
	for _, tt := range []struct {
		key  sms.Key
		part sms.Part
	}{
		{key("a", 1, 2), gsm(3, "x")},
		{key("a", 1, 2), gsm(0, "x")},
		{key("a", 1, 0), gsm(1, "x")},
		{key("a", 1, 2), gsm(1, strings.Repeat("x", 300))},
	} {
		if done, added := r.Add(tt.key, tt.part, start); added != sms.Refused || done != nil {
			t.Errorf("Add(%+v, part %d) = %v, %v, want refused", tt.key, tt.part.Seq, done, added)
		}
	}
	if r.Len() != 0 || r.Octets() != 0 {
		t.Errorf("Len %d, Octets %d, want nothing kept", r.Len(), r.Octets())
	}
}

func TestReassembler_bounds(t *testing.T) {
	t.Parallel()
	r := sms.Reassembler{MaxMessages: 2}
	r.Add(key("a", 1, 2), gsm(1, "a"), start)
	r.Add(key("b", 1, 2), gsm(1, "b"), start)
	done, _ := r.Add(key("c", 1, 2), gsm(1, "c"), start)
	want := []sms.Message{{Key: key("a", 1, 2), Joined: sms.Joined{Text: "a…", Missing: []uint8{2}}}}
	if diff := cmp.Diff(want, done); diff != "" {
		t.Errorf("what made room (-want +got):\n%s", diff)
	}
	r = sms.Reassembler{MaxOctets: 1000}
	for ref := range uint16(100) {
		r.Add(key("a", ref, 9), gsm(1, strings.Repeat("a", 150)), start)
		if r.Octets() > 1000 {
			t.Fatalf("Octets = %d, want at most 1000", r.Octets())
		}
	}
	if r.Len() != 4 { // of 150 octets and the overhead
		t.Errorf("Len = %d, want 4", r.Len())
	}
}

// FuzzReassemble feeds parts of a few citizens in any order. Each part's text
// names its key, so a mix shows.
func FuzzReassemble(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 0, 0, 1, 1, 0, 2, 3, 4, 0xff, 0})
	f.Add([]byte("parts of many messages in some order"))
	f.Fuzz(func(t *testing.T, script []byte) {
		r := sms.Reassembler{MaxMessages: 5, MaxOctets: 2000, MaxAge: time.Minute}
		now := start
		added := make(map[sms.Key]int)
		for i := 0; i+1 < len(script); i += 2 {
			from := string('a' + rune(script[i]%8))
			k := key(from, uint16(script[i]>>3%2), 2+script[i]>>6)
			number := script[i+1] % 6
			done, got := r.Add(k, gsm(number, strings.Repeat(from, int(script[i+1]>>3))), now)
			if got == sms.New {
				added[k]++
			}
			now = now.Add(time.Duration(script[i+1]) * 100 * time.Millisecond)
			checkReassembled(t, append(done, r.Expire(now)...), added)
			if r.Len() > 5 || r.Octets() > 2000 {
				t.Fatalf("holds %d messages of %d octets", r.Len(), r.Octets())
			}
		}
		checkReassembled(t, r.Expire(now.Add(time.Hour)), added)
		for k, n := range added {
			t.Errorf("%d parts of %+v were lost", n, k)
		}
		if r.Len() != 0 || r.Octets() != 0 {
			t.Errorf("Len %d, Octets %d when all is done", r.Len(), r.Octets())
		}
	})
}

// checkReassembled checks that each message has only its own parts, and takes
// these off what was added.
func checkReassembled(t *testing.T, done []sms.Message, added map[sms.Key]int) {
	t.Helper()
	for _, m := range done {
		if rest := strings.Trim(m.Text, m.Key.From+"…"); rest != "" {
			t.Errorf("message of %q has %q", m.Key.From, rest)
		}
		if got, want := int(m.Key.Total)-len(m.Missing), added[m.Key]; got != want {
			t.Errorf("message of %+v has %d parts, want %d", m.Key, got, want)
		}
		delete(added, m.Key)
	}
}
