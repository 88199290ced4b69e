package catalogue_test

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"setu/gateway/catalogue"
)

// demo is a small service that loads; tests break it.
func demo() map[string]string {
	return map[string]string{
		"demo/service.yaml": `id: demo
version: 1
department: demo
keywords: {bn: [নমুনা], hi: [नमूना], en: [DEMO]}
access: open
steps:
  - id: card
    input: {type: digits, length: 8}
    query: {contract: demo, function: Get, args: {card: "{card}"}}
    answers:
      found: {say: shown}
      missing: {say: unknown, retry: card}
fields:
  name: text(20)
`,
		"demo/bn.yaml": "title: নমুনা\nabout: নমুনা দেখুন।\ncard: নম্বর লিখুন।\nshown: \"{card}: {name}\"\nunknown: পাওয়া যায়নি।\n",
		"demo/hi.yaml": "title: नमूना\nabout: नमूना देखें।\ncard: नंबर लिखें।\nshown: \"{card}: {name}\"\nunknown: नहीं मिला।\n",
		"demo/en.yaml": "title: Demo\nabout: See a demo.\ncard: Write the number.\nshown: \"{card}: {name}\"\nunknown: Not found.\n",
	}
}

func folder(files map[string]string) fs.FS {
	fsys := fstest.MapFS{}
	for name, src := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(src)}
	}
	return fsys
}

func TestLoad_Demo(t *testing.T) {
	t.Parallel()
	c, err := catalogue.Load(limits(), catalogue.Embedded(), folder(demo()))
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	if _, ok := c.Service("demo"); !ok {
		t.Error("no service demo")
	}
}

// TestLoad_Problems breaks a service in one way each, and reads what is said.
func TestLoad_Problems(t *testing.T) {
	t.Parallel()
	const service, bn, hi, en = "demo/service.yaml", "demo/bn.yaml", "demo/hi.yaml", "demo/en.yaml"
	tests := []struct {
		name            string
		file, old, repl string // the change; an empty old appends
		want            string
	}{
		{"misspelt key", service, "version: 1", "version: 1\nkewords: 2", `demo/service.yaml:3: unknown key "kewords": perhaps keywords`},
		{"unknown key in a step", service, "    input:", "    inputs: 1\n    input:", `demo/service.yaml:8: unknown key "inputs": perhaps input`},
		{"unknown key in an input", service, "length: 8", "lenght: 8", `demo/service.yaml:8: unknown key "lenght": perhaps length`},
		{"missing key", service, "access: open\n", "", `demo/service.yaml:1: "access" is missing`},
		{"no YAML", service, "steps:", "steps: [", "demo/service.yaml:"},
		{"a key twice", service, "access: open", "access: open\naccess: open", "demo/service.yaml:6: not YAML"},
		{"not a mapping", service, demo()[service], "- 1", "demo/service.yaml:1: a mapping is expected"},
		{"empty file", service, demo()[service], "", "demo/service.yaml: one YAML document expected"},
		{"other folder", service, "id: demo\n", "id: other\n", `demo/service.yaml:1: id is "other", but the folder is "demo"`},
		{"version is no number", service, "version: 1", "version: one", `demo/service.yaml:2: "one" is not a whole number`},
		{"unknown access", service, "access: open", "access: all", `demo/service.yaml:5: access "all" is none of`},
		{"keyword missing in a language", service, "hi: [नमूना], ", "", "demo/service.yaml:4: no word in hi"},
		{"keyword of another service", service, "en: [DEMO]", "en: [Bhata]", `demo/service.yaml:4: keyword "Bhata" is taken by service benefit`},
		{"keyword of the engine", service, "en: [DEMO]", "en: [Stop]", `demo/service.yaml:4: keyword "Stop" is taken by the engine, for stop`},
		{"keyword is a number", service, "en: [DEMO]", "en: [DEMO, 12]", `demo/service.yaml:4: keyword "12" is a number`},
		{"unknown language", service, "hi: [नमूना]", "hi: [नमूना], fr: [essai]", `demo/service.yaml:4: unknown language "fr"`},
		{"unknown input type", service, "type: digits", "type: digit", `demo/service.yaml:8: unknown input type "digit"`},
		{"key of another input type", service, "length: 8", "length: 8, decimals: 2", `demo/service.yaml:8: an input of type digits takes no "decimals"`},
		{"unknown check", service, "length: 8", "length: 8, check: crc", `demo/service.yaml:8: unknown check "crc"`},
		{"0 as an answer", service, "type: digits, length: 8", "type: number, min: 0, max: 5", "the digit 0 means back"},
		{"number without a bound", service, "type: digits, length: 8", "type: number", "demo/service.yaml:8: max is needed"},
		{"choice without options", service, "type: digits, length: 8", "type: choice", "a choice needs two options or more"},
		{"code without a pattern", service, "type: digits, length: 8", "type: code", "a code needs a pattern"},
		{"query and submit", service, "    answers:", "    submit: {contract: a, function: b, confirm: shown}\n    answers:", `has both query and submit`},
		{"submit without confirmation", service, "query:", "submit:", `demo/service.yaml:9: step "card" changes the ledger: confirm is needed`},
		{"repeat of no time", service, "query: {", "submit: {repeat: 2 days, confirm: card, ", `demo/service.yaml:9: repeat is "2 days": a time from 1m to 720h`},
		{"repeat for too long", service, "query: {", "submit: {repeat: 721h, confirm: card, ", `demo/service.yaml:9: repeat is "721h"`},
		{"repeat of a question", service, "query: {", "query: {repeat: 1h, ", `demo/service.yaml:9: unknown key "repeat"`},
		{"no answers", service, "    answers:\n      found: {say: shown}\n      missing: {say: unknown, retry: card}\n", "", `demo/service.yaml:7: step "card" calls the ledger, but has no answers`},
		{"an answer without words", service, "found: {say: shown}", "found: {}", `answer "found" says nothing`},
		{"next and retry", service, "retry: card", "retry: card, next: card", `answer "missing" has both next and retry`},
		{"step that is not there", service, "retry: card", "retry: cards", `demo/service.yaml:12: there is no step "cards"`},
		{"step that cannot be reached", service, "fields:", "  - id: alone\n    input: {type: phone}\n    next: card\nfields:", `demo/service.yaml:13: step "alone" cannot be reached`},
		{"step that leads to no end", service, "found: {say: shown}", "found: {say: shown, next: card}", `demo/service.yaml:7: step "card" leads to no end`},
		{"step twice", service, "fields:", "  - id: card\n    input: {type: phone}\n    next: card\nfields:", `demo/service.yaml:13: step "card" is there twice`},
		{"step that does nothing", service, "fields:", "  - id: alone\nfields:", `step "alone" does nothing`},
		{"slot not known yet", service, `card: "{card}"`, `card: "{paper}"`, `demo/service.yaml:9: argument "card": slot {paper} is not known yet`},
		{"half a slot", service, `card: "{card}"`, `card: "{card"`, `argument "card": a slot as`},
		{"unknown field type", service, "text(20)", "texts(20)", `demo/service.yaml:14: unknown type "texts(20)" of field "name"`},
		{"field too wide", service, "text(20)", "text(501)", `demo/service.yaml:14: width of field "name"`},
		{"anchors", service, "version: 1", "version: &v 1", "a text is expected"},
		{"translation missing", hi, "unknown: नहीं मिला।\n", "", `demo/hi.yaml: text "unknown" is missing (it stands in demo/bn.yaml:5)`},
		{"text missing everywhere", service, "say: shown", "say: seen", `demo/service.yaml:11: text "seen" is missing in all languages`},
		{"text that no step uses", bn, "", "extra: কিছু\n", `demo/bn.yaml:6: text "extra" is used by no step`},
		{"unknown slot", en, "{name}", "{nmae}", `demo/en.yaml:4: text "shown": there is no slot {nmae} here`},
		{"slot of an answer in a question", en, "card: Write the number.", `card: "Write {name}."`, `demo/en.yaml:3: text "card": there is no slot {name} here`},
		{"receipt of a query", en, "{name}", "{receipt}", `there is no slot {receipt} here`},
		{"broken template", en, "{name}", "{name", "demo/en.yaml:4: text at character"},
		{"empty text", en, "Not found.", `""`, "demo/en.yaml:5: text is empty"},
		{"space at an end", en, "Not found.", `"Not found. "`, "demo/en.yaml:5: text begins or ends with a space"},
		{"unknown variant", en, "card: Write the number.", "card: {text: Write it., smss: It.}", `demo/en.yaml:3: unknown key "smss"`},
		{"words without a choice", en, "card: Write the number.", "card: {text: Write it., words: {one: [ONE]}}", `words for "card.one": step "card" has no option "one"`},
		{"text too long", bn, "পাওয়া যায়নি।", strings.Repeat("পাওয়া যায়নি। ", 20) + "আহা", `demo/bn.yaml:5: demo: screen "unknown > card" in bn is too long for sms: ucs2`},
		{"text too long with the widest name", service, "text(20)", "text(400)", `screen "shown" in hi is too long for sms`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			files := demo()
			if !strings.Contains(files[tt.file], tt.old) {
				t.Fatalf("%s does not hold %q", tt.file, tt.old)
			}
			if tt.old == "" {
				files[tt.file] += tt.repl
			} else {
				files[tt.file] = strings.Replace(files[tt.file], tt.old, tt.repl, 1)
			}
			services := []fs.FS{folder(files)}
			if strings.Contains(tt.want, "benefit") {
				services = append(services, catalogue.Embedded())
				slices.Reverse(services)
			}
			_, err := catalogue.Load(limits(), services...)
			var problems *catalogue.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("Load = %v, want *Problems", err)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Load:\n%v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestLoad_Files(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(map[string]string)
		want   string
	}{
		{"language missing", func(f map[string]string) { delete(f, "demo/hi.yaml") }, "demo/hi.yaml: file is missing"},
		{"service missing", func(f map[string]string) { delete(f, "demo/service.yaml") }, "demo/service.yaml: file is missing"},
		{"unknown file", func(f map[string]string) { f["demo/fr.yaml"] = "title: x" }, "demo/fr.yaml: nothing reads this file"},
		{"service twice", func(f map[string]string) {
			for _, name := range []string{"service.yaml", "bn.yaml", "hi.yaml", "en.yaml"} {
				f["benefit/"+name] = strings.ReplaceAll(f["demo/"+name], "id: demo", "id: benefit")
			}
		}, `benefit/service.yaml:1: there is a service "benefit" already`},
		{"huge file", func(f map[string]string) { f["demo/bn.yaml"] = strings.Repeat("# x\n", 1<<17) }, "demo/bn.yaml: file is longer than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			files := demo()
			tt.change(files)
			_, err := catalogue.Load(limits(), catalogue.Embedded(), folder(files))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Load = %v, want %s", err, tt.want)
			}
		})
	}
	if _, err := catalogue.Load(nil, folder(map[string]string{"README.md": "x"})); err == nil {
		t.Error("Load of no services succeeded")
	}
}

// TestLoad_AllProblems: one load tells everything that is wrong, in order.
func TestLoad_AllProblems(t *testing.T) {
	t.Parallel()
	files := demo()
	files["demo/service.yaml"] = strings.Replace(files["demo/service.yaml"], "version: 1", "version: 1\nfoo: 1\nbar: 2", 1)
	files["demo/en.yaml"] = strings.Replace(files["demo/en.yaml"], "{name}", "{nmae}", 1)
	delete(files, "demo/hi.yaml")
	_, err := catalogue.Load(limits(), catalogue.Embedded(), folder(files))
	var problems *catalogue.Problems
	if !errors.As(err, &problems) {
		t.Fatal(err)
	}
	want := []string{
		`demo/en.yaml:4: text "shown": there is no slot {nmae} here`,
		`demo/hi.yaml: file is missing`,
		`demo/service.yaml:3: unknown key "foo"`,
		`demo/service.yaml:4: unknown key "bar"`,
	}
	if got := strings.Split(err.Error(), "\n"); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("Load:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// FuzzLoad reads any three files as a service folder: it loads or is refused
// with problems, and never panics.
func FuzzLoad(f *testing.F) {
	files := demo()
	f.Add(files["demo/service.yaml"], files["demo/bn.yaml"])
	f.Add("steps: [{id: a, answers: {x: {next: a}}}]", "a: {options: 1}")
	f.Add("a: &x [*x]", "? [1]")
	f.Add("steps:\n- id: a\n  input: {type: choice, options: {x: a, y: b}}\n  next: b", "title: \"{x, select, other {\"")
	f.Fuzz(func(t *testing.T, service, texts string) {
		c, err := catalogue.Load(nil, folder(map[string]string{
			"demo/service.yaml": service, "demo/bn.yaml": texts, "demo/hi.yaml": texts, "demo/en.yaml": texts,
		}))
		var problems *catalogue.Problems
		switch {
		case err == nil && len(c.Services()) != 1:
			t.Errorf("%d services", len(c.Services()))
		case err != nil && !errors.As(err, &problems):
			t.Errorf("Load = %v, want *Problems", err)
		}
	})
}

func TestLoad_Repeat(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, line string
		want       time.Duration
	}{
		{"not said", "", catalogue.DefaultRepeat},
		{"none", "repeat: none, ", 0},
		{"shortest", "repeat: 1m, ", time.Minute},
		{"longest", "repeat: 720h, ", 30 * 24 * time.Hour},
		{"hours and minutes", "repeat: 1h30m, ", 90 * time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			files := demo()
			files["demo/service.yaml"] = strings.NewReplacer("query: {", "submit: {confirm: card, "+tt.line, ", retry: card", "").Replace(files["demo/service.yaml"])
			if err := validate(t, compileSchema(t, "service.schema.json"), files["demo/service.yaml"]); err != nil {
				t.Error(err)
			}
			c, err := catalogue.Load(limits(), folder(files))
			if err != nil {
				t.Fatal(err)
			}
			s, _ := c.Service("demo")
			st, _ := s.Step("card")
			if st.Call.Repeat != tt.want || st.Done() != "found" {
				t.Errorf("repeat = %v of what ends with %q, want %v, found", st.Call.Repeat, st.Done(), tt.want)
			}
		})
	}
}
