package ussdhttp_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"setu/ussd"
	"setu/ussd/ussdhttp"
)

// good is the smallest useful dialect.
const good = `title: A gateway
request:
  fields: form
  session: sid
  number: msisdn
  text: input
  dialled: rest
  events:
    - {event: new, field: type, is: [1]}
reply:
  body: "{mark}|{text}"
  marks: {more: C, end: E}
`

// TestLoad_Wrong: what is wrong with a dialect is told by file and line.
func TestLoad_Wrong(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		old, new string
		want     string
	}{
		{"unknown key", "  session: sid", "  sesion: sid", `x.yaml:4: unknown field "sesion"`},
		{"not YAML", "title: A gateway", "title: [A", "x.yaml:"},
		{"no title", "title: A gateway\n", "", "x.yaml:1: a title is needed"},
		{"unknown word", "fields: form", "fields: xml", `x.yaml:3: "xml" is none of form, query, json`},
		{"unknown method", "fields: form", "methods: [POST, PATCH]", `x.yaml:3: "PATCH" is none of GET, POST, PUT`},
		{"no number", "  number: msisdn\n", "", "x.yaml:3: number is needed"},
		{"unknown event", "event: new", "event: begin", `x.yaml:9: "begin" is none of new`},
		{"no new", "event: new", "event: input", "events need a rule for new"},
		{"rule for all", "    - {event: new", "    - {event: abort}\n    - {event: new", "x.yaml:9: the rule asks for nothing"},
		{"value missing", ", is: [1]}", "}", "x.yaml:9: is or send is needed"},
		{"value of nothing", "field: type, ", "", "x.yaml:9: field is needed"},
		{"value is a list", "is: [1]", "is: [[1]]", "x.yaml:"},
		{"unknown reference", "{mark}|", "{marc}|", "x.yaml:11: {marc} is not known"},
		{"reference without value", "{mark}|", "{mark}{sequence}|", "x.yaml:11: {sequence} has no value here"},
		{"open brace", "{mark}|{text}", "{mark|{text", "x.yaml:11:"},
		{"end not told", "{mark}|", "", "neither {mark} nor {end} says whether the session goes on"},
		{"text missing", "{mark}|{text}", "{mark}", "body must end with {text}"},
		{"same marks", "end: E", "end: C", "marks need more and end, which differ"},
		{"one mark", ", end: E", "", "marks need more and end"},
		{"mark within mark", "more: C, end: E", "more: CE, end: C", "the answer that this file describes is not read as it is meant"},
		{"body and json", "  marks:", "  json: {t: \"{text}\"}\n  marks:", "x.yaml:11: an answer has a body or json, not both"},
		{"septets", "reply:", "limits: {septets: 200}\nreply:", "x.yaml:10: a screen has 40 to 182 septets"},
		{"status", "reply:", "refusal: {status: 99}\nreply:", "x.yaml:10: 99 is no HTTP status"},
		{"contradiction", "field: type, is: [1]", "text: code", "the request for new that this file describes is not read as one"},
		{"too many fields", "  marks:", "  headers: {" + manyFields() + "}\n  marks:", "at most 16 may be"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(good, tt.old) {
				t.Fatalf("the good dialect has no %q", tt.old)
			}
			_, err := ussdhttp.Load(fstest.MapFS{"x.yaml": {Data: []byte(strings.Replace(good, tt.old, tt.new, 1))}})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Load() = %v, want %q", err, tt.want)
			}
		})
	}
}

func manyFields() string {
	var list []string
	for c := 'a'; c <= 'p'; c++ {
		list = append(list, "X-"+string(c)+`: "{request.`+string(c)+`}"`)
	}
	return strings.Join(list, ", ")
}

// TestLoad: further folders add dialects and replace those that ship; a file
// whose name cannot stand in a path is refused.
func TestLoad(t *testing.T) {
	t.Parallel()
	mine := fstest.MapFS{
		"mine.yaml":   {Data: []byte(good)},
		"setu.yaml":   {Data: []byte(good + "limits: {septets: 160, units: 70}\n")},
		"notes.txt":   {Data: []byte("no dialect")},
		"test/x.yaml": {Data: []byte("no dialect either")},
	}
	all, err := ussdhttp.Load(ussdhttp.Embedded(), mine)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 12 || all["mine"] == nil || all["setu"].Title != "A gateway" {
		t.Errorf("Load() = %v", all.Names())
	}
	if got, want := all["setu"].Limit, (ussd.Limit{Septets: 160, Units: 70}); got != want {
		t.Errorf("Limit = %v, want %v", got, want)
	}
	if _, err := ussdhttp.Load(fstest.MapFS{"My Gateway.yaml": {Data: []byte(good)}}); err == nil || !strings.Contains(err.Error(), "My Gateway.yaml:1: the file's name") {
		t.Errorf("Load(My Gateway.yaml) = %v", err)
	}
}

// TestSchema: the schema for editors accepts what ships, and refuses what the
// loader refuses by its form.
func TestSchema(t *testing.T) {
	t.Parallel()
	schema, err := jsonschema.NewCompiler().Compile("dialect.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("dialects/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := valid(t, schema, string(src)); err != nil {
			t.Errorf("%s: %v", f, err)
		}
	}
	if err := valid(t, schema, good); err != nil {
		t.Errorf("the good dialect: %v", err)
	}
	for _, change := range [][2]string{
		{"session: sid", "sesion: sid"},
		{"title: A gateway\n", ""},
		{"fields: form", "fields: xml"},
		{"  number: msisdn\n", ""},
		{"event: new", "event: begin"},
		{"is: [1]", "is: [[1]]"},
		{", end: E", ""},
		{"reply:", "limits: {septets: 200}\nreply:"},
		{"reply:", "refusal: {status: 99}\nreply:"},
	} {
		if err := valid(t, schema, strings.Replace(good, change[0], change[1], 1)); err == nil {
			t.Errorf("the schema takes %q", change[1])
		}
	}
}

// valid checks YAML text against a schema, as an editor does.
func valid(tb testing.TB, s *jsonschema.Schema, src string) error {
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
