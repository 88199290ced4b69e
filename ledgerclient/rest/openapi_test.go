package rest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"setu/ledgerclient/rest"
	"setu/ledgerclient/rest/baas"
)

// description is the OpenAPI document as a tree of JSON.
type description struct {
	tree     map[string]any
	compiler *jsonschema.Compiler
	mu       sync.Mutex
}

const documentURL = "https://setu.example/openapi.json"

func loadDescription(t testing.TB) *description {
	t.Helper()
	octets, err := yaml.YAMLToJSON(rest.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(octets))
	if err != nil {
		t.Fatal(err)
	}
	d := &description{tree: parsed.(map[string]any), compiler: jsonschema.NewCompiler()}
	d.compiler.DefaultDraft(jsonschema.Draft2020) // the dialect of OpenAPI 3.1
	d.compiler.AssertContent()
	d.compiler.AssertFormat()
	if err := d.compiler.AddResource(documentURL, parsed); err != nil {
		t.Fatal(err)
	}
	return d
}

// at follows names down the tree, and references.
func (d *description) at(node any, names ...string) any {
	for _, name := range names {
		m, _ := d.deref(node).(map[string]any)
		node = m[name]
	}
	return d.deref(node)
}

func (d *description) deref(node any) any {
	m, ok := node.(map[string]any)
	if !ok {
		return node
	}
	ref, ok := m["$ref"].(string)
	if !ok {
		return node
	}
	return d.at(d.tree, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
}

// schema compiles the schema at a place of the tree.
func (d *description) schema(pointer string) (*jsonschema.Schema, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.compiler.Compile(documentURL + "#" + pointer)
}

func escape(s string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(s)
}

// check holds a body to the schema at a place.
func (d *description) check(pointer string, body []byte) error {
	s, err := d.schema(pointer)
	if err != nil {
		return err
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return s.Validate(v)
}

// operation finds the operation of a request.
func (d *description) operation(r *http.Request) (path, method string, op map[string]any) {
	method = strings.ToLower(r.Method)
	paths, _ := d.tree["paths"].(map[string]any)
	for path, item := range paths {
		if matches(path, r.URL.EscapedPath()) {
			op, _ = d.at(item, method).(map[string]any)
			return path, method, op
		}
	}
	return "", method, nil
}

func matches(pattern, path string) bool {
	a, b := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] && !strings.HasPrefix(a[i], "{") {
			return false
		}
	}
	return true
}

// contract holds what a service is asked and answers to its description.
type contract struct {
	t     testing.TB
	d     *description
	inner http.Handler
}

func newContract(t testing.TB, inner http.Handler) http.Handler {
	t.Helper()
	return &contract{t, loadDescription(t), inner}
}

func (c *contract) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asked, err := io.ReadAll(r.Body)
	if err != nil {
		c.inner.ServeHTTP(w, r) // the client has gone, or sends too much
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(asked))
	rec := httptest.NewRecorder()
	c.inner.ServeHTTP(rec, r)
	for _, err := range c.faults(r, asked, rec) {
		c.t.Errorf("%s %s = %d: not as described: %v", r.Method, r.URL.Path, rec.Code, err)
	}
	for name, values := range rec.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes())
}

// faults are where a request that was served, or any answer, differs from the
// description.
func (c *contract) faults(r *http.Request, asked []byte, rec *httptest.ResponseRecorder) (faults []error) {
	path, method, op := c.d.operation(r)
	if op == nil {
		if rec.Code != http.StatusNotFound && rec.Code != http.StatusMethodNotAllowed {
			return []error{fmt.Errorf("served, but not described")}
		}
		return nil
	}
	at := "/paths/" + escape(path) + "/" + method
	if rec.Code < 400 {
		faults = append(faults, c.headers(op["parameters"], r.Header)...)
		if op["requestBody"] != nil {
			if err := c.d.check(at+"/requestBody/content/application~1json/schema", asked); err != nil {
				faults = append(faults, fmt.Errorf("request: %w", err))
			}
		}
	}
	status := strconv.Itoa(rec.Code)
	responses, _ := op["responses"].(map[string]any)
	if responses[status] == nil {
		status = "default"
	}
	kind, _, err := mime.ParseMediaType(rec.Header().Get("Content-Type"))
	if err != nil {
		return append(faults, err)
	}
	if c.d.at(responses[status], "content", kind) == nil {
		return append(faults, fmt.Errorf("content type %q", kind))
	}
	if kind == rest.TypeJSON {
		err = c.d.check(at+"/responses/"+status+"/content/application~1json/schema", rec.Body.Bytes())
	} else if kind == rest.TypeProblem {
		err = c.d.check("/components/schemas/Problem", rec.Body.Bytes())
	}
	if err != nil {
		faults = append(faults, fmt.Errorf("answer: %w", err))
	}
	described, _ := c.d.at(responses[status], "headers").(map[string]any)
	for name := range described {
		if rec.Header().Get(name) == "" {
			faults = append(faults, fmt.Errorf("no field %q", name))
		}
	}
	return faults
}

// headers holds a request's fields to the parameters.
func (c *contract) headers(parameters any, h http.Header) (faults []error) {
	list, _ := parameters.([]any)
	for _, p := range list {
		p, _ := c.d.deref(p).(map[string]any)
		name, _ := p["name"].(string)
		value := h.Get(name)
		switch {
		case p["in"] != "header":
		case value == "" && p["required"] == true:
			faults = append(faults, fmt.Errorf("no field %q", name))
		case value != "":
			// The schemas of fields are named as the parameters.
			for key, one := range c.d.at(c.d.tree, "components", "parameters").(map[string]any) {
				if c.d.at(one, "name") != name {
					continue
				}
				quoted, err := json.Marshal(value)
				if err == nil {
					err = c.d.check("/components/parameters/"+key+"/schema", quoted)
				}
				if err != nil {
					faults = append(faults, fmt.Errorf("field %q: %w", name, err))
				}
			}
		}
	}
	return faults
}

// TestOpenAPI_Refs resolves every reference and compiles every schema.
func TestOpenAPI_Refs(t *testing.T) {
	t.Parallel()
	d := loadDescription(t)
	if v, _ := d.tree["openapi"].(string); !strings.HasPrefix(v, "3.1.") {
		t.Errorf("openapi is %q, want 3.1", v)
	}
	schemas := 0
	var walk func(node any, pointer string)
	walk = func(node any, pointer string) {
		switch n := node.(type) {
		case map[string]any:
			if ref, ok := n["$ref"].(string); ok && d.deref(n) == nil {
				t.Errorf("%s: %s leads nowhere", pointer, ref)
			}
			for name, child := range n {
				at := pointer + "/" + escape(name)
				if name == "schema" || strings.HasSuffix(pointer, "/components/schemas") {
					schemas++
					if _, err := d.schema(at); err != nil {
						t.Errorf("%s: %v", at, err)
					}
				}
				walk(child, at)
			}
		case []any:
			for i, child := range n {
				walk(child, pointer+"/"+strconv.Itoa(i))
			}
		}
	}
	walk(d.tree, "")
	if schemas < 20 {
		t.Errorf("%d schemas found, want all of them", schemas)
	}
}

// TestOpenAPI_Complete compares the paths with those that are served, and the
// classes with those that there are.
func TestOpenAPI_Complete(t *testing.T) {
	t.Parallel()
	d := loadDescription(t)
	var ids []string
	server := newServer(t)
	for path, item := range d.tree["paths"].(map[string]any) {
		for method, op := range item.(map[string]any) {
			ids = append(ids, d.at(op, "operationId").(string))
			r := httptest.NewRequestWithContext(t.Context(), strings.ToUpper(method), strings.NewReplacer("{key}", "k", "{name}", "clock", "{next}", "0").Replace(path), http.NoBody)
			w := httptest.NewRecorder()
			server.ServeHTTP(w, r)
			security, own := d.at(op, "security").([]any)
			open := own && len(security) == 0
			if want := map[bool]int{true: http.StatusOK, false: http.StatusUnauthorized}[open]; w.Code != want {
				t.Errorf("%s %s without a signature = %d, want %d", method, path, w.Code, want)
			}
		}
	}
	slices.Sort(ids)
	if want := []string{"describe", "evaluate", "explain", "find", "follow", "health", "height", "prepare", "submit"}; !slices.Equal(ids, want) {
		t.Errorf("operations = %v, want %v", ids, want)
	}
	described := d.at(d.tree, "components", "schemas", "Problem", "properties", "class", "enum").([]any)
	for _, c := range classes() {
		if !slices.Contains(described, any(c.String())) {
			t.Errorf("class %s is not described", c)
		}
	}
	if len(described) != len(classes()) {
		t.Errorf("%d classes described, want %d", len(described), len(classes()))
	}
}

// newServer is a service without a ledger.
func newServer(t testing.TB) http.Handler {
	t.Helper()
	clients, err := baas.NewClients(baas.Client{Name: "one", Keys: list(newKeys(t))})
	if err != nil {
		t.Fatal(err)
	}
	return baas.New(baas.Options{Clients: clients, Log: discard()})
}

// TestContract_Bites plants answers that are not as described.
func TestContract_Bites(t *testing.T) {
	t.Parallel()
	d := loadDescription(t)
	const at = "/components/schemas/"
	for _, tt := range []struct {
		schema, body string
		good         bool
	}{
		{"Outcome", `{"found":false}`, true},
		{"Outcome", `{"found":true}`, false},
		{"Outcome", `{"found":false,"tx_id":"x"}`, false},
		{"Outcome", `{"found":true,"answer":{"code":"done","as_of":{"block":1,"time":"2026-11-22T10:30:00Z"}}}`, true},
		{"Outcome", `{"found":true,"answer":{"code":"","as_of":{"block":1,"time":"2026-11-22T10:30:00Z"}}}`, false},
		{"Proposal", `{}`, false},
		{"Signed", `{"canonical":"e30=","signature":{"kid":"k","sig":"AA=="}}`, true},
		{"Signed", `{"canonical":"e30","signature":{"kid":"k","sig":"AA=="}}`, false},
		{"Problem", `{"type":"/problems/clock","title":"x","status":401,"class":"config"}`, true},
		{"Problem", `{"type":"/problems/clock","title":"x","status":401,"class":"other"}`, false},
	} {
		if err := d.check(at+tt.schema, []byte(tt.body)); (err == nil) != tt.good {
			t.Errorf("%s of schema %s: %v, want good %v", tt.body, tt.schema, err, tt.good)
		}
	}
}
