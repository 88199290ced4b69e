package arch_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// root is the repository, seen from this folder.
const root = "../.."

// module is the prefix of our own import paths.
const module = "setu/"

// file is one Go file of the tree.
type file struct {
	path  string // from the root, with slashes
	pkg   string // its folder
	test  bool
	lines int
	src   []byte
	ast   *ast.File
	set   *token.FileSet
}

// at names the place of a node, as editors want it.
func (f *file) at(n ast.Node) string {
	return f.path + ":" + strconv.Itoa(f.set.Position(n.Pos()).Line)
}

// imports gives the path that each package name of the file stands for.
func (f *file) imports() map[string]string {
	names := make(map[string]string, len(f.ast.Imports))
	for _, spec := range f.ast.Imports {
		p, _ := strconv.Unquote(spec.Path.Value)
		name := path.Base(p)
		if spec.Name != nil {
			name = spec.Name.Name
		} else if isMajorVersion(name) {
			name = path.Base(path.Dir(p))
		}
		names[name] = p
	}
	return names
}

func isMajorVersion(s string) bool {
	n, err := strconv.Atoi(strings.TrimPrefix(s, "v"))
	return err == nil && strings.HasPrefix(s, "v") && n > 1
}

// tree reads the Go files of the repository once for all tests.
var tree = sync.OnceValues(func() ([]*file, error) {
	var files []*file
	set := token.NewFileSet()
	err := walk(func(name string) error {
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		src, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(set, name, src, parser.ParseComments)
		if err != nil {
			return err
		}
		files = append(files, &file{
			path: name, pkg: path.Dir(name),
			// What stands below test/ is only ever part of a test.
			test:  strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "test/"),
			lines: bytes.Count(src, []byte("\n")), src: src, ast: parsed, set: set,
		})
		return nil
	})
	return files, err
})

// walk visits the files that belong to the repository, with paths from its
// root: no hidden folders, no test data, nothing that is built or downloaded.
func walk(visit func(name string) error) error {
	return filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		if !d.IsDir() {
			return visit(filepath.ToSlash(rel))
		}
		base := d.Name()
		hidden := strings.HasPrefix(base, ".") && rel != "." && rel != ".ci"
		if hidden || base == "testdata" || base == "node_modules" || rel == "bin" || rel == "data" {
			return filepath.SkipDir
		}
		return nil
	})
}

// sources gives the tree's files, or ends the test.
func sources(t *testing.T) []*file {
	t.Helper()
	files, err := tree()
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("no Go files found: the rules would hold for nothing")
	}
	return files
}

// exists says whether a path of the repository exists.
func exists(name string) bool {
	_, err := os.Stat(filepath.Join(root, name))
	return err == nil
}
