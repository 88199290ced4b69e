package arch_test

import (
	"go/ast"
	"testing"
)

// clock are the functions of package time that read or wait for the clock.
const clock = "Now Since Until Sleep After AfterFunc Tick NewTimer NewTicker"

// quietSlog are the names of log/slog that say how a value is logged and log
// nothing themselves.
const quietSlog = "Value LogValuer Attr StringValue GroupValue IntValue Int64Value String Int Int64 Bool Any"

func TestPure(t *testing.T) {
	t.Parallel()
	table := house()
	checked := 0
	for _, f := range sources(t) {
		r, place := find(table, f.pkg)
		if place < 0 || !r.pure || f.test {
			continue
		}
		checked++
		names := f.imports()
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if reason := impurity(names, n); reason != "" {
				t.Errorf("%s: %s is pure: %s", f.at(n), f.pkg, reason)
			}
			return true
		})
	}
	if checked == 0 {
		t.Error("no pure package was found: the rule held for nothing")
	}
}

// impurity says what makes a node impure, or "".
func impurity(names map[string]string, n ast.Node) string {
	switch n := n.(type) {
	case *ast.GoStmt:
		return "it starts no goroutine"
	case *ast.SelectStmt:
		return "it waits for nothing"
	case *ast.SelectorExpr:
		from, ok := n.X.(*ast.Ident)
		if !ok {
			return ""
		}
		switch p := names[from.Name]; {
		case p == "time" && contains(clock, n.Sel.Name):
			return "the time is passed in, not read by time." + n.Sel.Name
		case p == "log/slog" && !contains(quietSlog, n.Sel.Name):
			return "it logs nothing, so it has no use for slog." + n.Sel.Name
		}
	}
	return ""
}
