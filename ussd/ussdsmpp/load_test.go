package ussdsmpp_test

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"setu/ussd/ussdsmpp"
)

const good = `name: mine
service_type: USSD
from_gateway:
  begin: [0x01]
  answer: [0x12]
  unknown: close
to_gateway: {continue: 0x02, end: 0x11}
session: {tlv: 0x1383, mask: 0xFFFE, end_bit: 0x0001}
code: text
data_coding: {gsm7: 0x0F, ucs2: 0x48}
`

func TestLoad_Embedded(t *testing.T) {
	t.Parallel()
	want := []string{"6d", "comverse", "mica", "standard", "tata"}
	if diff := cmp.Diff(want, embedded(t).Names()); diff != "" {
		t.Errorf("Names (-want +got):\n%s", diff)
	}
}

// TestLoad_FurtherFolder: an operator's own dialect, and one in the place of a
// dialect that ships.
func TestLoad_FurtherFolder(t *testing.T) {
	t.Parallel()
	folder := fstest.MapFS{
		"mine.yaml": {Data: []byte(good)},
		"6d.yaml":   {Data: []byte(strings.Replace(good, "mine", "6d", 1))},
		"notes.txt": {Data: []byte("no dialect")},
	}
	all, err := ussdsmpp.Load(ussdsmpp.Embedded(), folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 6 || all["mine"] == nil || all["6d"].ToGateway.End != 0x11 {
		t.Errorf("Load = %v, end of 6d 0x%02x", all.Names(), all["6d"].ToGateway.End)
	}
}

// TestParse_Problems: each mistake is named with its file and line.
func TestParse_Problems(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, old, by, want string }{
		{"unknown key", "code: text", "kode: text", `mine.yaml:9: unknown key "kode": the keys here are code, data_coding`},
		{"missing key", "code: text\n", "", `mine.yaml:1: "code" is missing`},
		{"key given twice", "code: text", "code: text\ncode: text", `mine.yaml:`},
		{"decimal operation", "0x11}", "17}", `mine.yaml:7: "17" is not a value in hexadecimal of 2 digits, such as 0x11`},
		{"long operation", "0x11}", "0x0011}", `mine.yaml:7: "0x0011" is not a value in hexadecimal`},
		{"decimal in a list", "[0x12]", "[0x12, 18]", `mine.yaml:5: "18" is not a value in hexadecimal`},
		{"no list", "[0x12]", "0x12", `mine.yaml:5: a list is expected`},
		{"two meanings", "[0x12]", "[0x12, 0x01]", `mine.yaml:5: 0x01 has two meanings`},
		{"no beginning", "[0x01]", "[]", `mine.yaml:1: from_gateway.begin is empty`},
		{"no answer", "[0x12]", "[]", `mine.yaml:1: from_gateway.answer is empty`},
		{"unknown policy", "unknown: close", "unknown: ignore", `mine.yaml:6: "ignore" is none of refuse, continue, close`},
		{"place of the code", "code: text", "code: somewhere", `mine.yaml:9: "somewhere" is none of destination, text, either`},
		{"end bit within the mask", "0xFFFE", "0xFFFF", `mine.yaml:8: end_bit 0x0001 is a bit of mask 0xFFFF`},
		{"end bit without mask", "mask: 0xFFFE, ", "", `mine.yaml:8: end_bit needs a mask`},
		{"a tag that carries the text", "0x1383", "0x0424", `mine.yaml:8: parameter 0x0424 cannot be used here`},
		{"long service_type", "USSD", "USSD2026", `mine.yaml:2: service_type takes 5 characters`},
		{"limit", "code: text", "limit: {units: 90}\ncode: text", `mine.yaml:9: "90" is not a whole number from 40 to 80`},
		{"notification like a screen", "end: 0x11}", "end: 0x11, notify: 0x02}", `mine.yaml:1: to_gateway.notify 0x02 is also that of a screen`},
		{"confirmation of nothing", "unknown: close", "unknown: close\n  confirm: [0x13]", `mine.yaml:1: from_gateway.confirm is of no use`},
		{"confirmation that is an answer", "unknown: close", "unknown: close\n  confirm: [0x12]", `mine.yaml:7: 0x12 has two meanings`},
		{"wrong file", "name: mine", "name: other", `mine.yaml:1: dialect "other" stands in mine.yaml: it belongs into other.yaml`},
		{"name", "name: mine", "name: ../x", `mine.yaml:1: "../x" is not a name`},
		{"no way to tell the end", "end: 0x11}\nsession: {tlv: 0x1383, mask: 0xFFFE, end_bit: 0x0001}", "end: 0x02}", `mine.yaml:1: to_gateway.continue and end are the same`},
		{"no mapping", good, "- 1", `mine.yaml:1: a mapping is expected`},
		{"no mapping below", "{gsm7: 0x0F, ucs2: 0x48}", "7", `mine.yaml:10: a mapping is expected`},
		{"no YAML", "code: text", "code: [", `mine.yaml:`},
		{"empty", good, "", `mine.yaml:1: one YAML document expected`},
		{"a mapping for a value", "code: text", "code: {a: b}", `mine.yaml:9: a single value is expected`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			src := strings.Replace(good, tt.old, tt.by, 1)
			if src == good {
				t.Fatal("nothing was changed")
			}
			if _, err := ussdsmpp.Parse("mine.yaml", []byte(src)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Parse: %v, want %q", err, tt.want)
			}
			if _, err := ussdsmpp.Load(fstest.MapFS{"mine.yaml": {Data: []byte(src)}}); err == nil {
				t.Error("Load takes what Parse refuses")
			}
		})
	}
}

// TestSchema: the schema for editors takes what ships and refuses what the
// loader refuses.
func TestSchema(t *testing.T) {
	t.Parallel()
	schema, err := jsonschema.NewCompiler().Compile("dialect.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	files, err := fs.Glob(ussdsmpp.Embedded(), "*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		src, err := fs.ReadFile(ussdsmpp.Embedded(), file)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(t, schema, string(src)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	for _, change := range [][2]string{
		{"code: text", "kode: text"}, {"unknown: close", "unknown: ignore"}, {"end: 0x11", `end: "17"`}, {"[0x01]", "[]"}, {"name: mine", "name: Mine"},
	} {
		if err := validate(t, schema, strings.Replace(good, change[0], change[1], 1)); err == nil {
			t.Errorf("the schema takes %q", change[1])
		}
	}
}

// validate checks YAML text against a schema, as an editor does.
func validate(tb testing.TB, s *jsonschema.Schema, src string) error {
	tb.Helper()
	asJSON, err := yaml.YAMLToJSON([]byte(src))
	if err != nil {
		tb.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(asJSON)))
	if err != nil {
		tb.Fatal(err)
	}
	return s.Validate(doc)
}

// TestParse_Guide: the dialect in the guide for those who add one is right.
func TestParse_Guide(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../HACKING.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(guide), "```yaml\nname: operator-x\n")
	example, _, closed := strings.Cut(after, "```")
	if !found || !closed {
		t.Fatal("HACKING.md has no example of a dialect")
	}
	d, err := ussdsmpp.Parse("operator-x.yaml", []byte("name: operator-x\n"+example))
	if err != nil {
		t.Fatal(err)
	}
	if d.Limit.Units != 70 || d.FromGateway.Unknown != ussdsmpp.Close {
		t.Errorf("Parse = %+v", d)
	}
}
