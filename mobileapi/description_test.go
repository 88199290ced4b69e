package mobileapi_test

import (
	"bytes"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"setu/mobileapi"
)

const documentURL = "https://setu.example/openapi.json"

// description is the OpenAPI document, as a tree and as schemas.
type description struct {
	tree     map[string]any
	compiler *jsonschema.Compiler
	mu       sync.Mutex
	schemas  map[string]*jsonschema.Schema
}

// loadDescription reads the document; that is done once for all tests.
var loadDescription = sync.OnceValue(func() *description {
	parsed := must(jsonschema.UnmarshalJSON(bytes.NewReader(must(yaml.YAMLToJSON(mobileapi.OpenAPI())))))
	d := &description{
		tree: parsed.(map[string]any), compiler: jsonschema.NewCompiler(),
		schemas: map[string]*jsonschema.Schema{},
	}
	d.compiler.DefaultDraft(jsonschema.Draft2020) // the dialect of OpenAPI 3.1
	d.compiler.AssertFormat()
	if err := d.compiler.AddResource(documentURL, parsed); err != nil {
		panic(err)
	}
	return d
})

// at follows names down the tree, and references.
func (d *description) at(node any, names ...string) any {
	for _, name := range names {
		m, _ := d.deref(node).(map[string]any)
		node = m[name]
	}
	return d.deref(node)
}

func (d *description) deref(node any) any {
	if m, ok := node.(map[string]any); ok {
		if ref, ok := m["$ref"].(string); ok {
			return d.at(d.tree, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
		}
	}
	return node
}

// pointer is where a schema is after references to responses are followed.
func (d *description) check(node any, body []byte) error {
	ref, _ := node.(map[string]any)["$ref"].(string)
	if ref == "" {
		return nil // an object or a text without a shape of its own
	}
	d.mu.Lock()
	s := d.schemas[ref]
	if s == nil {
		var err error
		if s, err = d.compiler.Compile(documentURL + ref); err != nil {
			d.mu.Unlock()
			return err
		}
		d.schemas[ref] = s
	}
	d.mu.Unlock()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return s.Validate(v)
}

// operation finds the description of a request.
func (d *description) operation(r *http.Request) (path string, op map[string]any) {
	paths, _ := d.tree["paths"].(map[string]any)
	method := strings.ToLower(r.Method)
	if method == "head" {
		method = "get"
	}
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		if matches(path, r.URL.EscapedPath()) {
			op, _ = d.at(paths[path], method).(map[string]any)
			return path, op
		}
	}
	return "", nil
}

func matches(pattern, path string) bool {
	a, b := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] && (!strings.HasPrefix(a[i], "{") || b[i] == "") {
			return false
		}
	}
	return true
}

// faults are the ways in which an answer is not as described.
func (d *description) faults(r *http.Request, got answer) (faults []error) {
	_, op := d.operation(r)
	media, _, _ := mime.ParseMediaType(got.header.Get("Content-Type"))
	if op == nil {
		if got.status != http.StatusNotFound && got.status != http.StatusMethodNotAllowed && got.status != http.StatusNoContent {
			return []error{fmt.Errorf("no such operation, and %d", got.status)}
		}
		if got.status == http.StatusNoContent || r.Method == http.MethodHead {
			return nil
		}
		return append(faults, d.problem(got, media)...)
	}
	response, ok := d.at(op, "responses", strconv.Itoa(got.status)).(map[string]any)
	if !ok {
		return []error{fmt.Errorf("status %d is not described", got.status)}
	}
	content, _ := response["content"].(map[string]any)
	if len(content) == 0 {
		if len(got.body) > 0 {
			faults = append(faults, fmt.Errorf("a body where none is described"))
		}
		return faults
	}
	described, ok := content[media].(map[string]any)
	if !ok {
		return []error{fmt.Errorf("content type %q is not described", media)}
	}
	if r.Method == http.MethodHead || got.header.Get("Content-Encoding") != "" {
		return faults
	}
	if got.status >= 400 {
		faults = append(faults, d.problem(got, media)...)
	}
	if err := d.check(described["schema"], got.body); err != nil {
		faults = append(faults, err)
	}
	return faults
}

// problem holds an error to RFC 9457.
func (d *description) problem(got answer, media string) (faults []error) {
	if media != "application/problem+json" {
		return []error{fmt.Errorf("a problem of type %q", media)}
	}
	if err := d.check(map[string]any{"$ref": "#/components/schemas/Problem"}, got.body); err != nil {
		faults = append(faults, err)
	}
	if !bytes.Contains(got.body, []byte(`"status":`+strconv.Itoa(got.status)+`,`)) {
		faults = append(faults, fmt.Errorf("status %d is not that of the problem", got.status))
	}
	return faults
}

// operations are all that are described, as "GET /v1/services".
func (d *description) operations() []string {
	var all []string
	paths, _ := d.tree["paths"].(map[string]any)
	for path, item := range paths {
		for method := range item.(map[string]any) {
			all = append(all, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(all)
	return all
}
