package ledgerclient_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gowebpki/jcs"

	"setu/i18n"
	"setu/ledgerclient"
)

func TestEnvelope_Canonical(t *testing.T) {
	t.Parallel()
	const want = `{"args":{"beneficiary":"1000000001"},"assurance":"number","channel":"sms",` +
		`"citizen":"1.pG0gQ5JW27833_DwoE_FiQ4v","consent":"","contract":"benefits","function":"Acknowledge",` +
		`"key":"4f1c","kid":"5d68d3db8a4c5fe5","receipt":"816452693521","service":"benefit","service_version":"1",` +
		`"time":"2026-11-22T10:30:00.000Z","type":"transaction","v":"1"}`
	got, err := exampleEnvelope().Canonical()
	if string(got) != want || err != nil {
		t.Errorf("Canonical() = %s, %v, want %s", got, err, want)
	}
}

func TestQuery_Canonical(t *testing.T) {
	t.Parallel()
	const want = `{"args":{"beneficiary":"1000000001"},"assurance":"number","channel":"sms",` +
		`"citizen":"1.pG0gQ5JW27833_DwoE_FiQ4v","contract":"benefits","function":"Status",` +
		`"time":"2026-11-22T10:30:00.000Z","type":"query","v":"1"}`
	got, err := exampleQuery().Canonical()
	if string(got) != want || err != nil {
		t.Errorf("Canonical() = %s, %v, want %s", got, err, want)
	}
}

// Canonical bytes never depend on how a time or a letter was written.
func TestEnvelope_CanonicalIsOne(t *testing.T) {
	t.Parallel()
	one := exampleEnvelope()
	one.Call.Args["name"] = "\u09ab\u09c7\u09be\u09af\u09bc" // ো and য় in parts
	other := exampleEnvelope()
	other.Call.Args["name"] = "\u09ab\u09cb\u09df" // the same, composed
	other.Time = one.Time.In(time.FixedZone("IST", 19800)).Add(999 * time.Microsecond)
	a, errA := one.Canonical()
	b, errB := other.Canonical()
	if !bytes.Equal(a, b) || errA != nil || errB != nil {
		t.Errorf("Canonical() = %s, %v and %s, %v, want the same bytes", a, errA, b, errB)
	}
}

func TestEnvelope_CanonicalRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*ledgerclient.Envelope)
		want   error
	}{
		{"no receipt", func(e *ledgerclient.Envelope) { e.Receipt = "" }, ledgerclient.ErrReceipt},
		{"receipt with a slip", func(e *ledgerclient.Envelope) { e.Receipt = "816452693522" }, ledgerclient.ErrReceipt},
		{"no key", func(e *ledgerclient.Envelope) { e.Key = "" }, ledgerclient.ErrEnvelope},
		{"long key", func(e *ledgerclient.Envelope) { e.Key = strings.Repeat("k", 129) }, ledgerclient.ErrEnvelope},
		{"no citizen", func(e *ledgerclient.Envelope) { e.Caller.Pseudonym = "" }, ledgerclient.ErrEnvelope},
		{"a phone number for a pseudonym", func(e *ledgerclient.Envelope) { e.Caller.Pseudonym = "+919830000001" }, ledgerclient.ErrEnvelope},
		{"a bare phone number", func(e *ledgerclient.Envelope) { e.Caller.Pseudonym = "9830000001" }, ledgerclient.ErrEnvelope},
		{"unknown assurance", func(e *ledgerclient.Envelope) { e.Caller.Assurance = "sure" }, ledgerclient.ErrEnvelope},
		{"no time", func(e *ledgerclient.Envelope) { e.Time = time.Time{} }, ledgerclient.ErrEnvelope},
		{"year 10000", func(e *ledgerclient.Envelope) { e.Time = e.Time.AddDate(7974, 0, 0) }, ledgerclient.ErrEnvelope},
		{"no contract", func(e *ledgerclient.Envelope) { e.Call.Contract = "" }, ledgerclient.ErrName},
		{"function with a space", func(e *ledgerclient.Envelope) { e.Call.Function = "Un do" }, ledgerclient.ErrName},
		{"no channel", func(e *ledgerclient.Envelope) { e.Caller.Channel = "" }, ledgerclient.ErrName},
		{"argument in Bengali", func(e *ledgerclient.Envelope) { e.Call.Args["নাম"] = "x" }, ledgerclient.ErrName},
		{"long name", func(e *ledgerclient.Envelope) { e.Call.Args[strings.Repeat("n", 65)] = "x" }, ledgerclient.ErrName},
		{"too many arguments", func(e *ledgerclient.Envelope) {
			for i := range 65 {
				e.Call.Args["a"+strings.Repeat("b", i)[:min(i, 60)]+string(rune('A'+i%26))] = "x"
			}
		}, ledgerclient.ErrName},
		{"line feed", func(e *ledgerclient.Envelope) { e.Call.Args["x"] = "a\nb" }, ledgerclient.ErrText},
		{"NUL", func(e *ledgerclient.Envelope) { e.Call.Args["x"] = "\x00" }, ledgerclient.ErrText},
		{"DEL", func(e *ledgerclient.Envelope) { e.Service = "\x7f" }, ledgerclient.ErrText},
		{"C1 control", func(e *ledgerclient.Envelope) { e.Call.Args["x"] = "\u0085" }, ledgerclient.ErrText},
		{"not UTF-8", func(e *ledgerclient.Envelope) { e.Consent = "\xff" }, ledgerclient.ErrText},
		{"surrogate in UTF-8", func(e *ledgerclient.Envelope) { e.Consent = "\xed\xa0\x80" }, ledgerclient.ErrText},
		{"too long", func(e *ledgerclient.Envelope) { e.Version = strings.Repeat("v", 4097) }, ledgerclient.ErrText},
		{"too long in NFC", func(e *ledgerclient.Envelope) { e.Version = strings.Repeat("\u09df", 700) }, ledgerclient.ErrText},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := exampleEnvelope()
			tt.change(&e)
			if got, err := e.Canonical(); !errors.Is(err, tt.want) {
				t.Errorf("Canonical() = %d octets, %v, want %v", len(got), err, tt.want)
			}
		})
	}
}

// An error must not carry the value that it is about.
func TestEnvelope_ErrorsTellNoValue(t *testing.T) {
	t.Parallel()
	e := exampleEnvelope()
	e.Call.Args["text"] = "secret words\n"
	_, err := e.Canonical()
	if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "text") {
		t.Errorf("Canonical() error = %v, want the name of the field and not its value", err)
	}
}

func TestParseEnvelope(t *testing.T) {
	t.Parallel()
	e := exampleEnvelope()
	e.Call.Args = map[string]string{"a": `quote " and \ backslash`, "b": "রাম  ✓ 😀", "c": ""}
	e.Consent = "c-1"
	canonical, err := e.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	got, err := ledgerclient.ParseEnvelope(canonical)
	if err != nil {
		t.Fatalf("ParseEnvelope(%s): %v", canonical, err)
	}
	e.Call.Args["b"] = i18n.NFC(e.Call.Args["b"])
	if diff := cmp.Diff(e, got); diff != "" {
		t.Errorf("ParseEnvelope(Canonical()) (-want +got):\n%s", diff)
	}
	e.Call.Args = nil
	if canonical, err = e.Canonical(); err != nil {
		t.Fatal(err)
	}
	if got, err = ledgerclient.ParseEnvelope(canonical); err != nil || got.Call.Args != nil {
		t.Errorf("ParseEnvelope without arguments = %v, %v, want nil arguments", got.Call.Args, err)
	}
}

func TestParseEnvelope_Refuses(t *testing.T) {
	t.Parallel()
	canonical, err := exampleEnvelope().Canonical()
	if err != nil {
		t.Fatal(err)
	}
	good := string(canonical)
	replaced := func(old, now string) string { return strings.Replace(good, old, now, 1) }
	for name, in := range map[string]string{
		"empty":             "",
		"cut":               good[:len(good)-1],
		"more":              good + " ",
		"white space":       replaced(":", ": "),
		"another order":     replaced(`"key":"4f1c","kid":"5d68d3db8a4c5fe5"`, `"kid":"5d68d3db8a4c5fe5","key":"4f1c"`),
		"unknown key":       replaced(`"v":"1"`, `"v":"1","w":"1"`),
		"missing key":       replaced(`"consent":"",`, ""),
		"repeated key":      replaced(`"consent":"",`, `"consent":"","consent":"",`),
		"another case":      replaced(`"kid"`, `"Kid"`),
		"a number":          replaced(`"v":"1"`, `"v":1`),
		"null":              replaced(`"consent":""`, `"consent":null`),
		"needless escape":   replaced("benefits", `\u0062enefits`),
		"solidus escaped":   replaced("4f1c", `4\/1c`),
		"not in NFC":        replaced("4f1c", "\u09df"),
		"time without ms":   replaced("10:30:00.000Z", "10:30:00Z"),
		"another zone":      replaced("10:30:00.000Z", "16:00:00.000+05:30"),
		"no such day":       replaced("2026-11-22", "2026-11-31"),
		"another version":   replaced(`"v":"1"`, `"v":"2"`),
		"a query":           replaced("transaction", "query"),
		"repeated argument": replaced(`"beneficiary":"1000000001"`, `"beneficiary":"1000000001","beneficiary":"2"`),
		"unsorted argument": replaced(`"beneficiary":"1000000001"`, `"beneficiary":"1000000001","a":"2"`),
		"control":           replaced("4f1c", "4\n1c"),
		"receipt slip":      replaced("816452693521", "816452693522"),
		"open string":       good[:20],
		"backslash at end":  good[:20] + `\`,
	} {
		if e, err := ledgerclient.ParseEnvelope([]byte(in)); !errors.Is(err, ledgerclient.ErrNotCanonical) {
			t.Errorf("ParseEnvelope(%s) = %v, %v, want ErrNotCanonical", name, e.Call.Function, err)
		}
	}
}

func TestParseQuery(t *testing.T) {
	t.Parallel()
	want := exampleQuery()
	canonical, err := want.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	got, err := ledgerclient.ParseQuery(canonical)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("ParseQuery(Canonical()) %v (-want +got):\n%s", err, diff)
	}
	envelope, err := exampleEnvelope().Canonical()
	if err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string][]byte{
		"an envelope": envelope, "nothing": nil, "cut": canonical[:len(canonical)-1],
		"an octet more": append(bytes.Clone(canonical), ' '),
		"another type":  bytes.Replace(canonical, []byte(`"query"`), []byte(`"Query"`), 1),
	} {
		if _, err := ledgerclient.ParseQuery(in); !errors.Is(err, ledgerclient.ErrNotCanonical) {
			t.Errorf("ParseQuery(%s) = %v, want ErrNotCanonical", name, err)
		}
	}
}

func TestRecord(t *testing.T) {
	t.Parallel()
	m := map[string]string{"b": "2", "a": "1", "c.bn": "তিন"}
	r := ledgerclient.NewRecord(m)
	if got := r.Get("c.bn"); got != "তিন" {
		t.Errorf("Get(c.bn) = %q, want তিন", got)
	}
	if got := r.Get("d"); got != "" {
		t.Errorf("Get(d) = %q, want nothing", got)
	}
	r = r.Set("aa", "new").Set("b", "two")
	octets, err := r.Append(nil)
	if want := `{"a":"1","aa":"new","b":"two","c.bn":"তিন"}`; string(octets) != want || err != nil {
		t.Errorf("Append() = %s, %v, want %s", octets, err, want)
	}
	back, err := ledgerclient.ParseRecord(octets)
	if diff := cmp.Diff(r, back); diff != "" || err != nil {
		t.Errorf("ParseRecord(Append()) %v (-want +got):\n%s", err, diff)
	}
	if _, err := (ledgerclient.Record{{Name: "b"}, {Name: "a"}}).Append(nil); !errors.Is(err, ledgerclient.ErrName) {
		t.Errorf("Append of an unsorted record: %v, want ErrName", err)
	}
	if octets, err := ledgerclient.Record(nil).Append(nil); string(octets) != "{}" || err != nil {
		t.Errorf("Append of nothing = %s, %v, want {}", octets, err)
	}
}

// FuzzCanonicalCall compares the canonical form with another implementation of
// RFC 8785, and with what a plain JSON decoder reads out of it.
func FuzzCanonicalCall(f *testing.F) {
	f.Add("beneficiary", "1000000001", "text", `quote " back \ slash / <&>`, "benefits")
	f.Add("a", "\u09af\u09bc", "b", "\u09df", "c")
	f.Add("a", "\ud7ff\ue000\U0001f600", "A", "\u2028\u2029\ufeff", "c")
	f.Add("a", "\xff", "b", "\x00", "")
	f.Fuzz(func(t *testing.T, name1, value1, name2, value2, contract string) {
		q := exampleQuery()
		q.Call = ledgerclient.Call{Contract: contract, Function: "F", Args: map[string]string{name1: value1, name2: value2}}
		canonical, err := q.Canonical()
		if err != nil {
			if !errors.Is(err, ledgerclient.ErrName) && !errors.Is(err, ledgerclient.ErrText) {
				t.Fatalf("Canonical(): %v, want one of our errors", err)
			}
			return
		}
		oracle, err := jcs.Transform(canonical)
		if err != nil || !bytes.Equal(oracle, canonical) {
			t.Fatalf("Canonical() = %s, RFC 8785 by another hand = %s, %v", canonical, oracle, err)
		}
		var read struct{ Args map[string]string }
		if err := json.Unmarshal(canonical, &read); err != nil {
			t.Fatalf("Canonical() = %s is no JSON: %v", canonical, err)
		}
		want := maps.Clone(q.Call.Args)
		for name, value := range want {
			want[name] = i18n.NFC(value)
		}
		if diff := cmp.Diff(want, read.Args); diff != "" {
			t.Fatalf("arguments in the canonical form (-want +got):\n%s", diff)
		}
		r := ledgerclient.NewRecord(q.Call.Args)
		octets, err := r.Append(nil)
		if err != nil {
			t.Fatalf("Append of arguments that are canonical: %v", err)
		}
		if back, err := ledgerclient.ParseRecord(octets); err != nil || len(back) != len(r) {
			t.Fatalf("ParseRecord(%s) = %v, %v", octets, back, err)
		}
	})
}

// FuzzParseEnvelope: whatever is read writes the same octets again, so no two
// octet strings mean one envelope, and none is both an envelope and a query.
func FuzzParseEnvelope(f *testing.F) {
	canonical, err := exampleEnvelope().Canonical()
	if err != nil {
		f.Fatal(err)
	}
	query, err := exampleQuery().Canonical()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(query)
	f.Add(canonical)
	f.Add(bytes.Replace(canonical, []byte("4f1c"), []byte(`\"\\`), 1))
	f.Add(canonical[:100])
	f.Fuzz(func(t *testing.T, in []byte) {
		e, err := ledgerclient.ParseEnvelope(in)
		if q, bad := ledgerclient.ParseQuery(in); bad == nil {
			again, bad := q.Canonical()
			if bad != nil || !bytes.Equal(again, in) || err == nil {
				t.Fatalf("Canonical(ParseQuery(%s)) = %s, %v; as an envelope: %v", in, again, bad, err)
			}
		}
		if err != nil {
			if !errors.Is(err, ledgerclient.ErrNotCanonical) {
				t.Fatalf("ParseEnvelope: %v, want ErrNotCanonical", err)
			}
			return
		}
		again, err := e.Canonical()
		if err != nil || !bytes.Equal(again, in) {
			t.Fatalf("Canonical(ParseEnvelope(%s)) = %s, %v", in, again, err)
		}
		if oracle, err := jcs.Transform(in); err != nil || !bytes.Equal(oracle, in) {
			t.Fatalf("ParseEnvelope took %s, RFC 8785 by another hand is %s, %v", in, oracle, err)
		}
	})
}
