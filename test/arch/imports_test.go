package arch_test

import (
	"go/ast"
	"go/token"
	"strconv"
	"strings"
	"testing"
)

// find gives the row of a package and its place in the table: the exact one,
// or the "/..." row above it with the longest name.
func find(table []row, pkg string) (found row, place int) {
	place, best := -1, -1
	for i, r := range table {
		prefix, open := strings.CutSuffix(r.pkg, "/...")
		switch {
		case r.pkg == pkg:
			return r, i
		case open && (pkg == prefix || strings.HasPrefix(pkg, prefix+"/")) && len(prefix) > best:
			found, place, best = r, i, len(prefix)
		}
	}
	return found, place
}

func TestTable_PointsUp(t *testing.T) {
	t.Parallel()
	table := house()
	for i, r := range table {
		for _, used := range strings.Fields(r.uses) {
			if used == "..." {
				continue
			}
			u, place := find(table, used)
			switch {
			case place < 0 || u.pkg != used:
				t.Errorf("row %s uses %s, which has no row of its own", r.pkg, used)
			case place >= i:
				t.Errorf("row %s uses %s, which stands below it: arrows go up", r.pkg, used)
			case r.pure && !u.pure:
				t.Errorf("row %s is pure and uses %s, which is not", r.pkg, used)
			}
		}
	}
}

func TestImports(t *testing.T) {
	t.Parallel()
	table := house()
	unknown := map[string]bool{}
	for _, f := range sources(t) {
		r, place := find(table, f.pkg)
		if place < 0 {
			if !unknown[f.pkg] {
				unknown[f.pkg] = true
				t.Errorf("package %s has no row in test/arch/table_test.go", f.pkg)
			}
			continue
		}
		for _, spec := range f.ast.Imports {
			p, _ := strconv.Unquote(spec.Path.Value)
			if reason := r.forbids(f, p); reason != "" {
				t.Errorf("%s: import %q: %s", f.at(spec), p, reason)
			}
			if spec.Name != nil && spec.Name.Name == "." {
				t.Errorf("%s: import %q: dot imports hide where a name comes from", f.at(spec), p)
			}
		}
	}
}

// forbids says why a file of the row's package may not import a path, or "".
func (r row) forbids(f *file, p string) string {
	if own, ok := strings.CutPrefix(p, module); ok {
		if f.test || r.uses == "..." || own == f.pkg || contains(r.uses, own) {
			return ""
		}
		return "the table does not let " + f.pkg + " use it"
	}
	if !strings.Contains(strings.Split(p, "/")[0], ".") {
		return r.forbidsStandard(f, p)
	}
	if within(r.modules, p) || f.test && (within(testModules, p) || within(peerModules(f.pkg), p)) {
		return ""
	}
	return "outside modules are imported where the table says, not in " + f.pkg
}

// impure are the standard packages that a pure package may not import.
const impure = "net os database/sql log syscall runtime/debug testing plugin math/rand math/rand/v2 io/ioutil " +
	"path/filepath crypto/tls"

func (r row) forbidsStandard(f *file, p string) string {
	if f.test || !r.pure {
		return ""
	}
	if p == "log/slog" { // for LogValue; TestPure finds loggers
		return ""
	}
	if p == "crypto/rand" {
		if r.random {
			return ""
		}
		return "a pure package draws no random numbers"
	}
	if within(impure, p) && p != "net/netip" { // addresses as values
		return "a pure package does no I/O"
	}
	return ""
}

// contains says whether a word is in a list separated by spaces.
func contains(list, word string) bool {
	for _, w := range strings.Fields(list) {
		if w == word {
			return true
		}
	}
	return false
}

// within says whether an import path is one of the listed, or below one.
func within(list, p string) bool {
	for _, w := range strings.Fields(list) {
		if p == w || strings.HasPrefix(p, w+"/") {
			return true
		}
	}
	return false
}

// TestDrivers_Wired finds a driver that is written and tested, but that the
// binary does not hold, or that no configuration can choose.
func TestDrivers_Wired(t *testing.T) {
	t.Parallel()
	const command, wiring = "cmd/setu", "cmd/setu/drivers.go"
	if !exists(command + "/main.go") {
		return
	}
	imported, present, named := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, f := range sources(t) {
		if f.test {
			continue
		}
		present[f.pkg] = true
		if f.pkg == command {
			for _, p := range f.imports() {
				imported[strings.TrimPrefix(p, module)] = true
			}
		}
		if f.path == wiring {
			named = literals(f.ast)
		}
	}
	for _, r := range house() {
		if !r.driver || !present[r.pkg] {
			continue
		}
		if !imported[r.pkg] {
			t.Errorf("driver %s is imported by no file of %s: no binary would hold it", r.pkg, command)
		}
		if name, ledger := strings.CutPrefix(r.pkg, "ledgerclient/"); ledger && !named[name] {
			t.Errorf("ledger driver %q is not in the table of %s: no configuration could choose it", name, wiring)
		}
	}
}

// literals are the strings that a file holds.
func literals(f *ast.File) map[string]bool {
	all := map[string]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if s, err := strconv.Unquote(lit.Value); err == nil {
				all[s] = true
			}
		}
		return true
	})
	return all
}
