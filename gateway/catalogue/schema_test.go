package catalogue_test

import (
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"setu/gateway/catalogue"
)

func compileSchema(tb testing.TB, file string) *jsonschema.Schema {
	tb.Helper()
	s, err := jsonschema.NewCompiler().Compile(file)
	if err != nil {
		tb.Fatal(err)
	}
	return s
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

// TestSchema_Services: the schemas accept every service that ships.
func TestSchema_Services(t *testing.T) {
	t.Parallel()
	service, texts := compileSchema(t, "service.schema.json"), compileSchema(t, "texts.schema.json")
	for name, fsys := range map[string]fs.FS{"services": os.DirFS("services"), "tenth": os.DirFS(tenth), "demo": folder(demo())} {
		files, err := fs.Glob(fsys, "*/*.yaml")
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", name, len(files), err)
		}
		for _, file := range files {
			src, err := fs.ReadFile(fsys, file)
			if err != nil {
				t.Fatal(err)
			}
			schema := texts
			switch path.Base(file) {
			case "service.yaml":
				schema = service
			case "sandbox.yaml":
				continue
			}
			if err := validate(t, schema, string(src)); err != nil {
				t.Errorf("%s/%s: %v", name, file, err)
			}
		}
	}
}

// TestSchema_Refuses: an editor marks the mistakes that [catalogue.Load] refuses.
func TestSchema_Refuses(t *testing.T) {
	t.Parallel()
	service, texts := compileSchema(t, "service.schema.json"), compileSchema(t, "texts.schema.json")
	for _, tt := range []struct{ file, old, repl string }{
		{"service", "version: 1", "version: 1\nkewords: 2"},
		{"service", "version: 1", "version: one"},
		{"service", "access: open\n", ""},
		{"service", "access: open", "access: all"},
		{"service", "hi: [नमूना], ", ""},
		{"service", "hi: [नमूना]", "hi: [नमूना], fr: [essai]"},
		{"service", "type: digits", "type: digit"},
		{"service", "length: 8", "lenght: 8"},
		{"service", "length: 8", "length: 8, check: crc"},
		{"service", "type: digits, length: 8", "type: choice"},
		{"service", "type: digits, length: 8", "type: code"},
		{"service", "type: digits, length: 8", "type: number"},
		{"service", "query:", "submit:"},
		{"service", "    answers:\n      found: {say: shown}\n      missing: {say: unknown, retry: card}\n", ""},
		{"service", "found: {say: shown}", "found: {}"},
		{"service", "retry: card", "retry: card, next: card"},
		{"service", "text(20)", "texts(20)"},
		{"en", "title: Demo\n", ""},
		{"en", "card: Write the number.", "card: {text: Write it., smss: It.}"},
		{"en", "Not found.", `""`},
	} {
		name, schema := "demo/"+tt.file+".yaml", texts
		if tt.file == "service" {
			schema = service
		}
		files := demo()
		if !strings.Contains(files[name], tt.old) {
			t.Fatalf("%s does not hold %q", name, tt.old)
		}
		files[name] = strings.Replace(files[name], tt.old, tt.repl, 1)
		if err := validate(t, schema, files[name]); err == nil {
			t.Errorf("the schema accepts %q for %q", tt.repl, tt.old)
		}
		if _, err := catalogue.Load(nil, folder(files)); err == nil {
			t.Errorf("Load accepts %q for %q", tt.repl, tt.old)
		}
	}
}
