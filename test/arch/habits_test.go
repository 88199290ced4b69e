package arch_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Caps in lines: the largest files of well-kept trees of this kind have 676.
const (
	maxFile = 700
	maxTest = 1000
)

// maxMethods is the most that an interface may ask of its implementers.
const maxMethods = 5

// vague are package names that say nothing about what is inside.
const vague = "util utils common helpers helper base core manager types models interfaces misc shared"

// vagueType matches type names that do the same.
var vagueType = regexp.MustCompile(`.(Manager|Helper|Impl|Data)$`)

func TestFiles_Size(t *testing.T) {
	t.Parallel()
	for _, f := range sources(t) {
		limit := maxFile
		if f.test {
			limit = maxTest
		}
		if f.lines > limit {
			t.Errorf("%s has %d lines, more than %d: split it by subject", f.path, f.lines, limit)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for _, f := range sources(t) {
		if contains(vague, f.ast.Name.Name) || contains(vague, path.Base(f.pkg)) {
			t.Errorf("%s: package %s: name it after the thing that it holds", f.path, f.ast.Name.Name)
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok && vagueType.MatchString(spec.Name.Name) {
				t.Errorf("%s: type %s: name it after what it is", f.at(spec), spec.Name.Name)
			}
			return true
		})
	}
}

// TestHabits finds what readers of this tree need not expect: hidden start-up
// work, panics, waiting without a way out, and interfaces that are too wide to
// fake by hand.
func TestHabits(t *testing.T) {
	t.Parallel()
	for _, f := range sources(t) {
		if f.test {
			continue
		}
		names := f.imports()
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if reason := habit(names, n); reason != "" {
				t.Errorf("%s: %s", f.at(n), reason)
			}
			return true
		})
	}
}

// habit says what is wrong with a node, or "".
func habit(names map[string]string, n ast.Node) string {
	switch n := n.(type) {
	case *ast.FuncDecl:
		if n.Name.Name == "init" && n.Recv == nil {
			return "init() runs where nobody looks: make it a function and call it"
		}
	case *ast.InterfaceType:
		if n.Methods.NumFields() > maxMethods {
			return "an interface over 5 methods: ask for less, or for two"
		}
	case *ast.CallExpr:
		return callHabit(names, n)
	}
	return ""
}

func callHabit(names map[string]string, call *ast.CallExpr) string {
	switch fun := call.Fun.(type) {
	case *ast.Ident:
		if fun.Name == "panic" {
			return "panic: return an error"
		}
	case *ast.SelectorExpr:
		from, ok := fun.X.(*ast.Ident)
		if !ok {
			return ""
		}
		switch name := names[from.Name] + "." + fun.Sel.Name; name {
		case "time.Sleep":
			return "time.Sleep cannot be ended: wait on a timer together with the context"
		case "log/slog.SetDefault", "log/slog.Default":
			return "the logger is passed in"
		}
	}
	return ""
}

// TestDocs asks for a comment on whatever other packages can see.
func TestDocs(t *testing.T) {
	t.Parallel()
	described := map[string]bool{}
	folders := map[string]string{}
	for _, f := range sources(t) {
		if f.test {
			continue
		}
		folders[f.pkg] = f.ast.Name.Name
		if f.ast.Doc != nil {
			described[f.pkg] = true
		}
		for _, decl := range f.ast.Decls {
			for _, name := range undocumented(decl) {
				t.Errorf("%s: exported %s has no doc comment", f.at(decl), name)
			}
		}
	}
	for pkg, name := range folders {
		if !described[pkg] {
			t.Errorf("package %s (%s) has no package comment", name, pkg)
		}
	}
}

// undocumented are the exported names of a declaration without a comment. A
// comment on a group speaks for its constants and variables.
func undocumented(decl ast.Decl) []string {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Doc == nil && d.Name.IsExported() && exportedReceiver(d) {
			return []string{d.Name.Name}
		}
	case *ast.GenDecl:
		var names []string
		for _, spec := range d.Specs {
			names = append(names, undocumentedSpec(d, spec)...)
		}
		return names
	}
	return nil
}

func undocumentedSpec(d *ast.GenDecl, spec ast.Spec) []string {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		// The comment of a lone type stands on its declaration.
		if s.Name.IsExported() && s.Doc == nil && (d.Doc == nil || d.Lparen.IsValid()) {
			return []string{s.Name.Name}
		}
	case *ast.ValueSpec:
		if d.Doc != nil || s.Doc != nil || s.Comment != nil {
			return nil
		}
		for _, name := range s.Names {
			if name.IsExported() {
				return []string{name.Name}
			}
		}
	}
	return nil
}

// exportedReceiver says whether a function can be seen from outside: methods
// of types that cannot are documented by what they implement.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return true
	}
	typ := d.Recv.List[0].Type
	for {
		switch t := typ.(type) {
		case *ast.StarExpr:
			typ = t.X
		case *ast.IndexExpr:
			typ = t.X
		case *ast.IndexListExpr:
			typ = t.X
		case *ast.Ident:
			return t.IsExported()
		default:
			return true
		}
	}
}

var (
	// document matches the name of a document, with its folders.
	document = regexp.MustCompile(`[\w./-]*\w\.(?:md|tsv)\b`)
	// machine matches a path on somebody's own machine.
	machine = regexp.MustCompile(`(?:^|[\s"'(=])/(?:home|root|Users|work|workspace)/\w`)
	// unfinished matches a note to oneself.
	unfinished = regexp.MustCompile(`\b(?:TODO|FIXME|XXX)\b`)
)

// TestText reads every text file: what it points to must be in the
// repository, and it must not depend on the machine that it was written on.
func TestText(t *testing.T) {
	t.Parallel()
	err := walk(func(name string) error {
		if !isText(name) || strings.HasPrefix(name, "test/arch/") {
			return nil
		}
		src, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		for i, line := range strings.Split(string(src), "\n") {
			for _, reason := range lineFaults(name, line) {
				t.Errorf("%s:%d: %s", name, i+1, reason)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func isText(name string) bool {
	switch path.Ext(name) {
	case ".go", ".md", ".yaml", ".yml", ".sh", ".js", ".mod", ".txt", ".sql":
		return true
	}
	return name == "Makefile" || name == ".ci/run" || strings.HasPrefix(name, "scripts/")
}

func lineFaults(name, line string) []string {
	var faults []string
	for _, doc := range document.FindAllString(line, -1) {
		if strings.Contains(line, "http") || exists(doc) || exists(path.Join(path.Dir(name), doc)) {
			continue
		}
		faults = append(faults, "points to "+doc+", which is not in the repository")
	}
	if machine.MatchString(line) {
		faults = append(faults, "a path on somebody's own machine")
	}
	if unfinished.MatchString(line) {
		faults = append(faults, "a note to oneself: do it, or open an issue")
	}
	return faults
}

// TestRules_Bite plants an offence for each rule, so that none of them passes
// because it looks at nothing.
func TestRules_Bite(t *testing.T) {
	t.Parallel()
	const bad = `package util
import (
	"log/slog"
	"time"
)
type LinkManager interface { A(); B(); C(); D(); E(); F() }
func init() { go time.Sleep(1); slog.SetDefault(nil); panic(time.Now()) }
func Exported() { select {} }
const Naked = 1
var table, counter = map[string]int{}, 0
var gate sync.Mutex
func count() { counter++; table["x"] = 1; local := 0; local++ }
`
	f := parse(t, "i18n/bad.go", bad)
	names := f.imports()
	found := map[string]bool{}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		found[habit(names, n)] = true
		found[impurity(names, n)] = true
		return true
	})
	for _, decl := range f.ast.Decls {
		for _, name := range undocumented(decl) {
			found[name] = true
		}
	}
	for _, o := range mutations(f, variables([]*file{f})) {
		found[o.name+" changes"] = true
	}
	for _, want := range []string{
		"init() runs where nobody looks: make it a function and call it",
		"an interface over 5 methods: ask for less, or for two",
		"panic: return an error",
		"time.Sleep cannot be ended: wait on a timer together with the context",
		"the logger is passed in",
		"it starts no goroutine", "it waits for nothing",
		"the time is passed in, not read by time.Now",
		"it logs nothing, so it has no use for slog.SetDefault",
		"LinkManager", "Exported", "Naked",
		"counter changes", "table changes", "gate changes",
	} {
		if !found[want] {
			t.Errorf("no rule said %q about the planted file", want)
		}
	}
	if found["local changes"] {
		t.Error("a local variable was taken for one of the package")
	}
	if !vagueType.MatchString("LinkManager") || !contains(vague, f.ast.Name.Name) {
		t.Error("vague names were not found")
	}
	for _, line := range []string{"see WISHES.md", `open("/home/` + `me/x")`, "// TO" + "DO later"} {
		if len(lineFaults("i18n/bad.go", line)) == 0 {
			t.Errorf("lineFaults(%q) found nothing", line)
		}
	}
	for _, p := range []string{"net/http", "setu/gateway/sqlite", "github.com/mattn/go-sqlite3", "crypto/rand", "os"} {
		r, _ := find(house(), "i18n")
		if r.forbids(f, p) == "" {
			t.Errorf("i18n may import %q", p)
		}
	}
}

func parse(t *testing.T, name, src string) *file {
	t.Helper()
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, name, src, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return &file{path: name, pkg: path.Dir(name), ast: tree, set: set}
}
