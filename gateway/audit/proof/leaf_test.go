package proof_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"setu/gateway/audit/proof"
	"setu/ledgerclient"
)

func field(name, value string) ledgerclient.Field {
	return ledgerclient.Field{Name: name, Value: value}
}

var noon = time.Date(2026, 11, 2, 12, 0, 3, 45_678_901, time.FixedZone("IST", 5*3600+1800))

func TestEncode(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		fields []ledgerclient.Field
		want   string
	}{
		{"none", nil, `{"at":"2026-11-02T06:30:03.045Z","kind":"act"}`},
		{"sorted", []ledgerclient.Field{field("z", "1"), field("act", "pin.reset"), field("item", "7")}, `{"act":"pin.reset","at":"2026-11-02T06:30:03.045Z","item":"7","kind":"act","z":"1"}`},
		{"empty left out", []ledgerclient.Field{field("item", "")}, `{"at":"2026-11-02T06:30:03.045Z","kind":"act"}`},
		{"Bengali", []ledgerclient.Field{field("link", "সেতু")}, `{"at":"2026-11-02T06:30:03.045Z","kind":"act","link":"সেতু"}`},
		{"control", []ledgerclient.Field{field("link", "a\nb")}, `{"at":"2026-11-02T06:30:03.045Z","kind":"act","link":"a\\nb"}`},
		{"not UTF-8", []ledgerclient.Field{field("link", "\xff")}, `{"at":"2026-11-02T06:30:03.045Z","kind":"act","link":"\\xff"}`},
	} {
		got := proof.Encode(proof.Act, noon, tt.fields...)
		if string(got) != tt.want {
			t.Errorf("%s: Encode = %s, want %s", tt.name, got, tt.want)
		}
		l, err := proof.ParseLeaf(got)
		if err != nil || l.Kind != proof.Act || !l.At.Equal(noon.Truncate(time.Millisecond)) {
			t.Errorf("%s: ParseLeaf = %+v, %v", tt.name, l, err)
		}
	}
	long := proof.Encode(proof.Act, noon, field("link", strings.Repeat("x", 1<<20)))
	if _, err := proof.ParseLeaf(long); err != nil || len(long) > 1024 {
		t.Errorf("a long value: %d octets, %v", len(long), err)
	}
}

// TestEncode_Any: whatever is told, a leaf comes of it that can be read, at the
// time that it was made.
func TestEncode_Any(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := time.UnixMilli(rapid.Int64Range(0, 253_402_300_799_999).Draw(t, "at"))
		link := string(rapid.SliceOf(rapid.Byte()).Draw(t, "link"))
		l, err := proof.ParseLeaf(proof.Encode(proof.Accepted, at, field("link", link)))
		if err != nil || !l.At.Equal(at) || (l.Get("link") == "") != (link == "") {
			t.Fatalf("ParseLeaf = %+v, %v", l, err)
		}
	})
}

func TestParseLeaf_Bad(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"", "{}", "[]", `{"at":"2026-11-02T06:30:03.045Z"}`, `{"at":"yesterday","kind":"act"}`,
		`{"kind":"act","at":"2026-11-02T06:30:03.045Z"}`, `{"at":"2026-11-02T06:30:03.045Z","kind":"act"} `,
	} {
		if _, err := proof.ParseLeaf([]byte(bad)); !errors.Is(err, proof.ErrLeaf) {
			t.Errorf("ParseLeaf(%q) = %v, want ErrLeaf", bad, err)
		}
	}
}

// TestMessage_Digest: each field counts, and where one ends and the next begins.
func TestMessage_Digest(t *testing.T) {
	t.Parallel()
	salt := []byte("0123456789abcdef")
	base := proof.Message{Link: "l", Key: "k", Bind: "b", Medium: "sms", From: "+91", To: "51969", Text: "ভাতা", At: noon}
	seen := map[string]string{base.Digest(salt): "itself"}
	if again := base.Digest(salt); len(seen) != 1 || seen[again] == "" {
		t.Error("the digest is not the same twice")
	}
	for name, change := range map[string]func(*proof.Message){
		"link":   func(m *proof.Message) { m.Link = "" },
		"key":    func(m *proof.Message) { m.Key = "kb"; m.Bind = "" },
		"bind":   func(m *proof.Message) { m.Bind = "c" },
		"medium": func(m *proof.Message) { m.Medium = "app" },
		"from":   func(m *proof.Message) { m.From = "+92" },
		"to":     func(m *proof.Message) { m.To = "" },
		"text":   func(m *proof.Message) { m.Text = strings.Repeat("x", 2000) },
		"time":   func(m *proof.Message) { m.At = noon.Add(time.Millisecond) },
	} {
		m := base
		change(&m)
		d := m.Digest(salt)
		if other, taken := seen[d]; taken {
			t.Errorf("another %s: the digest is that of %s", name, other)
		}
		seen[d] = name
	}
	if base.Digest([]byte("0123456789abcdeg")) == base.Digest(salt) {
		t.Error("another salt gives the same digest")
	}
	if bits := math.Log2(64) * float64(len(base.Digest(salt))); bits < 256 {
		t.Errorf("the digest has %v bits", bits)
	}
}

func FuzzParseLeaf(f *testing.F) {
	f.Add(proof.Encode(proof.Act, noon, field("act", "pin.reset"), field("item", "7")))
	f.Add([]byte(`{"at":"2026-11-02T06:30:03.045Z","kind":"x"}`))
	f.Fuzz(func(t *testing.T, octets []byte) {
		l, err := proof.ParseLeaf(octets)
		if err != nil {
			if !errors.Is(err, proof.ErrLeaf) {
				t.Fatalf("error of another kind: %v", err)
			}
			return
		}
		again, err := l.Fields.Append(nil)
		if diff := cmp.Diff(string(octets), string(again)); err != nil || diff != "" {
			t.Fatalf("encoded again: %v\n%s", err, diff)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	b.ReportAllocs()
	m := proof.Message{
		Link: "partner", Key: "0123456789abcdef0123456789abcdef", Bind: "partner/1", Medium: "sms",
		From: "+919830000001", To: "51969", Text: "ভাতা 1000000001", At: noon,
	}
	salt := []byte("0123456789abcdef")
	for b.Loop() {
		proof.Encode(proof.Accepted, noon, field("digest", m.Digest(salt)), field("link", m.Link), field("medium", m.Medium))
	}
}
