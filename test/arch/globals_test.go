package arch_test

import (
	"go/ast"
	"go/token"
	"testing"
)

// TestGlobals: a variable of a package is a table, written down once where it
// is declared. Nothing changes it afterwards, so tests run in parallel and
// nobody depends on who came first.
func TestGlobals(t *testing.T) {
	t.Parallel()
	packages := map[string][]*file{}
	for _, f := range sources(t) {
		if !f.test {
			packages[f.pkg] = append(packages[f.pkg], f)
		}
	}
	for _, files := range packages {
		vars := variables(files)
		for _, f := range files {
			for _, o := range mutations(f, vars) {
				t.Errorf("%s: package variable %s changes: put it into a value that is passed on", f.at(o.node), o.name)
			}
		}
	}
}

// variables are the names that a package declares as variables.
func variables(files []*file) map[string]bool {
	names := map[string]bool{}
	for _, f := range files {
		for _, decl := range f.ast.Decls {
			d, ok := decl.(*ast.GenDecl)
			if !ok || d.Tok != token.VAR {
				continue
			}
			for _, spec := range d.Specs {
				if v, ok := spec.(*ast.ValueSpec); ok {
					for _, name := range v.Names {
						names[name.Name] = name.Name != "_"
					}
				}
			}
		}
	}
	return names
}

// mutation is a place where a package variable changes.
type mutation struct {
	name string
	node ast.Node
}

// mutations finds assignments to package variables and their elements, and
// variables of types that are there to be changed.
func mutations(f *file, vars map[string]bool) []mutation {
	var found []mutation
	note := func(e ast.Expr) {
		if id := changed(e); id != nil && vars[id.Name] && !local(f, id) {
			found = append(found, mutation{id.Name, id})
		}
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				for _, left := range n.Lhs {
					note(left)
				}
			}
		case *ast.IncDecStmt:
			note(n.X)
		}
		return true
	})
	for _, decl := range f.ast.Decls {
		if d, ok := decl.(*ast.GenDecl); ok && d.Tok == token.VAR {
			found = append(found, changeable(d)...)
		}
	}
	return found
}

// changeable are variables declared with a type of sync or sync/atomic.
func changeable(d *ast.GenDecl) []mutation {
	var found []mutation
	for _, spec := range d.Specs {
		v, ok := spec.(*ast.ValueSpec)
		if !ok {
			continue
		}
		if typ, ok := v.Type.(*ast.SelectorExpr); ok {
			if from, ok := typ.X.(*ast.Ident); ok && (from.Name == "sync" || from.Name == "atomic") {
				found = append(found, mutation{v.Names[0].Name, v})
			}
		}
	}
	return found
}

// changed is the variable that an expression changes a part of.
func changed(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.IndexExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return nil
		}
	}
}

// local says whether a name was declared within a function. The parser
// resolves names of the same file; one that it cannot resolve is the
// package's, from another file.
func local(f *file, id *ast.Ident) bool {
	return id.Obj != nil && f.ast.Scope.Lookup(id.Name) != id.Obj //nolint:staticcheck // syntax is all there is to go by here
}
