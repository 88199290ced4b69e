package mobileapi_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// withBody are the operations that take one, with its schema.
func (d *description) withBody() (operations []string, schemas map[string]any) {
	schemas = map[string]any{}
	for _, op := range d.operations() {
		method, path, _ := strings.Cut(op, " ")
		schema, _ := d.at(d.tree, "paths", path, strings.ToLower(method), "requestBody", "content", "application/json").(map[string]any)
		if schema != nil {
			schemas[op] = schema["schema"]
			operations = append(operations, op)
		}
	}
	return operations, schemas
}

// TestConformance_Bodies: bodies drawn from the description's own schemas are
// answered as described, and one that breaks its schema is never done.
func TestConformance_Bodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.TempDir())
	p := logIn(t, w, citizen)
	operations, schemas := w.spec.withBody()
	if len(operations) < 4 {
		t.Fatalf("operations with a body: %q", operations)
	}
	rapid.Check(t, func(t *rapid.T) {
		op := rapid.SampledFrom(operations).Draw(t, "operation")
		object := w.spec.generate(t, schemas[op]).(map[string]any)
		var value any = object
		if rapid.Bool().Draw(t, "spoiled") {
			required, _ := w.spec.deref(schemas[op]).(map[string]any)["required"].([]any)
			value = spoil(t, object, required)
		}
		raw, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		broken := value == nil || w.spec.check(schemas[op], raw) != nil
		method, path, _ := strings.Cut(op, " ")
		got := w.do(p.request(method, path, string(raw), "Idempotency-Key", rapid.StringMatching(`[a-z]{8}`).Draw(t, "key")))
		if got.status >= 500 || broken && got.status < 400 {
			t.Fatalf("%s %.300s (breaks its schema: %v) = %d %.300s", op, raw, broken, got.status, got.body)
		}
	})
}

// TestConformance_Encodings: what is sent in another type or compressed is refused
// in the description's words, and never unpacked.
func TestConformance_Encodings(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.TempDir())
	p := logIn(t, w, citizen)
	query := `{"service":"document","inputs":{"want":"number","number":"WB10000001"}}`
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_ = must(z.Write(bytes.Repeat([]byte(" "), 10<<20)))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, body, contentType, encoding string
		status                            int
	}{
		{"as described", query, "application/json", "", 200},
		{"with its letters", query, "application/json; charset=utf-8", "", 200},
		{"in capitals", query, "APPLICATION/JSON", "", 200},
		{"text", query, "text/plain", "", 415},
		{"a form", query, "application/x-www-form-urlencoded", "", 415},
		{"another JSON", query, "application/problem+json", "", 415},
		{"compressed", bomb.String(), "application/json", "gzip", 415},
		{"said to be compressed", query, "application/json", "gzip", 415},
		{"said to be compressed twice", query, "application/json", "br, gzip", 415},
		{"in an unknown coding", query, "application/json", "x", 415},
		{"in UTF-16", "{\x00}\x00", "application/json", "", 400},
		{"with a mark of its order", "\ufeff" + query, "application/json", "", 400},
		{"deep", strings.Repeat("[", 12_000), "application/json", "", 400},
		{"empty", "", "application/json", "", 400},
	} {
		for _, signs := range []bool{false, true} {
			r := httptest.NewRequest("POST", "/v1/dialogue", strings.NewReader(tt.body))
			for name, value := range map[string]string{"Content-Type": tt.contentType, "Content-Encoding": tt.encoding} {
				if value != "" {
					r.Header.Set(name, value)
				}
			}
			if signs {
				p.sign(r, tt.body)
			}
			if got := w.do(r); got.status != tt.status {
				t.Errorf("%s (signed: %v) = %d %s, want %d", tt.name, signs, got.status, got.body, tt.status)
			}
		}
	}
}

// FuzzDialogue: whatever a body holds, the answer is as described, and no fault.
func FuzzDialogue(f *testing.F) {
	for _, body := range []string{
		received, `{"service":"benefit"}`, `{"session":"x","input":"1"}`, `{"inputs":{"a":"b"}}`, `{}`, `[]`, `{"input":null}`, `{"service":"consent","inputs":{}}`,
	} {
		f.Add([]byte(body), "bn", "k")
	}
	w := newWorld(f, f.TempDir())
	p := logIn(f, w, citizen)
	f.Fuzz(func(t *testing.T, body []byte, lang, key string) {
		for _, signs := range []bool{false, true} {
			r := httptest.NewRequest("POST", "/v1/dialogue", bytes.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Accept-Language", lang)
			if clean := headerText(key); clean != "" {
				r.Header.Set("Idempotency-Key", clean)
			}
			if signs {
				p.sign(r, string(body))
			}
			if got := w.doIn(t, r); got.status >= 500 {
				t.Fatalf("%q = %d %s", body, got.status, got.body)
			}
		}
	})
}

// FuzzSignature: a request whose signature's fields were not made by the phone's
// key is never let in.
func FuzzSignature(f *testing.F) {
	w := newWorld(f, f.TempDir())
	p := logIn(f, w, citizen)
	own := p.request("GET", "/v1/devices", "")
	f.Add(own.Header.Get("Signature-Input"), "phone=:AAAA:", "")
	f.Add("phone=();keyid=\""+p.id+"\"", own.Header.Get("Signature"), "sha-256=:AAAA:")
	f.Add("", own.Header.Get("Signature"), "")
	f.Add(`a=("@method";req);created=1;tag="setu-app", b=2`, `a=:AA==:, b=:AA==:`, "sha-512=:AA==:")
	f.Fuzz(func(t *testing.T, input, signature, digest string) {
		r := httptest.NewRequest("GET", "/v1/devices", http.NoBody)
		r.Header.Set("Signature-Input", headerText(input))
		r.Header.Set("Signature", headerText(signature))
		r.Header.Set("Content-Digest", headerText(digest))
		if got := w.doIn(t, r); got.status != 401 {
			t.Fatalf("%q %q %q = %d %s", input, signature, digest, got.status, got.body)
		}
	})
}

// headerText is a text as a field of HTTP may hold it.
func headerText(s string) string {
	octets := slices.DeleteFunc([]byte(s), func(c byte) bool { return c < ' ' || c > '~' })
	return strings.TrimSpace(string(octets[:min(len(octets), 2000)]))
}
