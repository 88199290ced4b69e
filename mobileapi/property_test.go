package mobileapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestOpenAPI_AnyRequest asks in every way that the description has, and in many
// that it has not: wrong types, missing and unknown fields, huge bodies, broken
// and stolen signatures. Nothing gives a 5xx, and no answer is undescribed (see
// world.do).
func TestOpenAPI_AnyRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.TempDir())
	p := logIn(t, w, citizen)
	operations := w.spec.operations()
	rapid.Check(t, func(t *rapid.T) {
		method, path, _ := strings.Cut(rapid.SampledFrom(operations).Draw(t, "operation"), " ")
		method = rapid.SampledFrom([]string{method, method, method, "PUT", "PATCH", "HEAD"}).Draw(t, "method")
		path = strings.NewReplacer("{receipt}", segment(t), "{id}", segment(t)).Replace(path)
		if query := rapid.SampledFrom([]string{"", "?lang=hi", "?lang=xx", "?since=-1", "?since=9", "?ticket=x", "?%zz"}).Draw(t, "query"); query != "" {
			path += query
		}
		if strings.Contains(path, "wait") {
			return
		}
		body := ""
		if method != http.MethodGet && method != "HEAD" {
			body = anyBody(t)
		}
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Accept-Language", rapid.SampledFrom([]string{"", "en", "bn;q=x", "*", ",,;"}).Draw(t, "language"))
		if body != "" {
			r.Header.Set("Content-Type", rapid.SampledFrom([]string{"application/json", "application/json", "text/plain", ""}).Draw(t, "type"))
		}
		if key := rapid.SampledFrom([]string{"", "k", `"k"`, "a b", strings.Repeat("k", 100)}).Draw(t, "key"); key != "" {
			r.Header.Set("Idempotency-Key", key)
		}
		switch rapid.IntRange(0, 4).Draw(t, "signature") {
		case 0, 1:
			p.sign(r, body)
		case 2: // of another request
			p.sign(r, body+" ")
		case 3:
			r.Header.Set("Signature-Input", rapid.StringMatching(`[ -~]{0,60}`).Draw(t, "input"))
			r.Header.Set("Signature", rapid.StringMatching(`[ -~]{0,60}`).Draw(t, "value"))
		}
		if method == "DELETE" { // the phone stays
			r.Header.Del("Signature-Input")
		}
		if got := w.do(r); got.status >= 500 {
			t.Fatalf("%s %s %.300s = %d %s", method, path, body, got.status, got.body)
		}
	})
}

// segment is a part of a path.
func segment(t *rapid.T) string {
	return rapid.SampledFrom([]string{"123456789012", "%00", "x", "..", "%E0%A6%95", strings.Repeat("9", 300)}).Draw(t, "segment")
}

// anyBody is something like a request.
func anyBody(t *rapid.T) string {
	value := rapid.OneOf(
		rapid.Map(rapid.String(), func(s string) any { return s }),
		rapid.Map(rapid.SampledFrom([]any{nil, true, 7, -1.5, []any{}, map[string]any{}, []any{map[string]any{"a": 1}}}), func(v any) any { return v }),
		rapid.Map(rapid.SampledFrom([]string{
			"benefit", "document", "consent", "grievance", "9830000001", "123456", "1", "0", "yes", "status", "\x00", strings.Repeat("ক", 3000),
		}), func(s string) any { return s }),
	)
	field := rapid.SampledFrom([]string{"service", "inputs", "confirm", "input", "session", "number", "otp", "key", "name", "want", "card", "other"})
	object := rapid.MapOfN(field, value, 0, 5).Draw(t, "object")
	if rapid.Bool().Draw(t, "form") {
		object = map[string]any{
			"service": rapid.SampledFrom([]string{"benefit", "document", "produce", "consent", "site"}).Draw(t, "service"),
			"inputs":  rapid.MapOfN(field, rapid.Map(rapid.String(), func(s string) any { return s }), 0, 4).Draw(t, "inputs"),
			"confirm": rapid.Bool().Draw(t, "confirm"),
		}
	}
	raw, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	switch rapid.IntRange(0, 9).Draw(t, "spoiled") {
	case 0:
		return string(raw[:len(raw)/2])
	case 1:
		return `{"input":"` + strings.Repeat("x", 40<<10) + `"}`
	case 2:
		return rapid.StringMatching(`[ -~]{0,40}`).Draw(t, "text")
	}
	return string(raw)
}
