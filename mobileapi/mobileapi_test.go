package mobileapi_test

import (
	"encoding/json"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"setu/mobileapi"
)

// lockedWriter lets many goroutines write.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

// read reads an answer's JSON.
func read[T any](t testing.TB, a answer) (v T) {
	t.Helper()
	if err := json.Unmarshal(a.body, &v); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	return v
}

// said is what tests look at of an answer or a problem.
type said struct {
	State, Session, Prompt, Code, Receipt, Operation, Title, Hint string
	Options                                                       []struct{ Value, Label string }
	Input                                                         *struct{ Name, Type string }
	Values                                                        map[string]string
	Back, End, Repeated                                           bool
	RetryAfter                                                    int `json:"retry_after"`
	Block                                                         uint64
}

// TestOpenAPI_Routes holds the routes to the description, both ways.
func TestOpenAPI_Routes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.TempDir())
	var served []string
	for _, r := range w.app.GetRoutes(true) {
		path := regexp.MustCompile(`:(\w+)`).ReplaceAllString(r.Path, "{$1}")
		if r.Method != "HEAD" && r.Method != "OPTIONS" && !strings.Contains(path, "*") {
			served = append(served, r.Method+" "+path)
		}
	}
	described := w.spec.operations()
	for _, op := range described {
		if !slices.Contains(served, op) {
			t.Errorf("%s is described and not served", op)
		}
	}
	// What is served and not described is refused: every path takes all
	// methods, to say which it has.
	for _, op := range served {
		method, path, _ := strings.Cut(op, " ")
		if slices.Contains(described, op) || method == "CONNECT" || method == "TRACE" {
			continue
		}
		if got := w.ask(method, path, ""); got.status != 405 || got.header.Get("Allow") == "" {
			t.Errorf("%s = %d, Allow %q; want 405 with the methods", op, got.status, got.header.Get("Allow"))
		}
	}
}

func TestServices(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.TempDir())
	for _, tt := range []struct{ name, path, accept, title string }{
		{"Bengali without a wish", "/v1/services", "", "ভাতা"},
		{"Hindi by the browser", "/v1/services", "fr-FR, hi-IN;q=0.8, en;q=0.5", "भत्ता"},
		{"English by the address", "/v1/services?lang=en", "bn", "Benefit"},
	} {
		got := w.ask("GET", tt.path, "", "Accept-Language", tt.accept)
		list := read[struct {
			Services []struct {
				ID, Title string
				Steps     []struct{ ID string }
			}
		}](t, got)
		if got.status != 200 || len(list.Services) != 10 || list.Services[0].Title != tt.title {
			t.Errorf("%s: %d, %d services, first %q; want 10, %q", tt.name, got.status, len(list.Services), list.Services[0].Title, tt.title)
		}
		again := w.ask("GET", tt.path, "", "Accept-Language", tt.accept, "If-None-Match", got.header.Get("ETag"))
		if again.status != 304 || len(again.body) > 0 {
			t.Errorf("%s: asked again = %d, %d octets; want 304 and none", tt.name, again.status, len(again.body))
		}
		for _, encoding := range []string{"gzip", "br"} {
			// 14 KB is what a TCP connection sends before the first acknowledgement.
			packed := w.ask("GET", tt.path, "", "Accept-Language", tt.accept, "Accept-Encoding", encoding)
			if n := len(packed.body); packed.header.Get("Content-Encoding") != encoding || n > 14<<10 {
				t.Errorf("%s: %s has %d octets as %q; want 14 KiB at most", tt.name, encoding, n, packed.header.Get("Content-Encoding"))
			}
		}
	}
}

// TestDialogue_Query: an open service in one request, by somebody who is not
// known.
func TestDialogue_Query(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.TempDir())
	got := w.ask("POST", "/v1/dialogue", `{"service":"document","inputs":{"want":"number","number":"wb 1000 0001"}}`)
	out := read[said](t, got)
	if got.status != 200 || out.State != "answered" || out.Code != "valid" || out.Values["number"] != "WB10000001" || !out.End {
		t.Errorf("query = %d %s", got.status, got.body)
	}
	if len(got.body) > 1<<10 {
		t.Errorf("answer has %d octets, want 1 KiB at most", len(got.body))
	}
	if hindi := read[said](t, w.ask("POST", "/v1/dialogue?lang=hi", `{"service":"document","inputs":{"want":"number","number":"WB10000001"}}`)); hindi.Prompt == out.Prompt || hindi.Prompt == "" {
		t.Errorf("in Hindi: %q", hindi.Prompt)
	}
}

// TestDialogue_Steps: the same service step by step, and back.
func TestDialogue_Steps(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.TempDir())
	first := read[said](t, w.ask("POST", "/v1/dialogue", `{}`))
	if len(first.Options) != 10 || first.Session == "" {
		t.Fatalf("menu = %+v, want ten services", first)
	}
	step := func(input string) said {
		return read[said](t, w.ask("POST", "/v1/dialogue", `{"session":"`+first.Session+`","input":"`+input+`"}`))
	}
	for _, tt := range []struct{ input, state, ask string }{
		{"6", "asking", "choice"},
		{"number", "asking", "code"},
		{"0", "asking", "choice"},
		{"1", "asking", "code"},
		{"rubbish", "asking", "code"},
		{"WB10000001", "answered", ""},
	} {
		got := step(tt.input)
		asked := ""
		if got.Input != nil {
			asked = got.Input.Type
		}
		if got.State != tt.state || asked != tt.ask {
			t.Fatalf("input %q: %+v; want %s, %s", tt.input, got, tt.state, tt.ask)
		}
	}
	if got := w.ask("POST", "/v1/dialogue", `{"session":"another","input":"1"}`); got.status != 409 || read[said](t, got).Code != "no-dialogue" {
		t.Errorf("a session that is not there = %d %s", got.status, got.body)
	}
}

// TestDialogue_FormThenRest: what a form leaves open is asked, and goes on.
func TestDialogue_FormThenRest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.TempDir())
	open := read[said](t, w.ask("POST", "/v1/dialogue", `{"service":"document","inputs":{"want":"number"}}`))
	if open.State != "asking" || open.Input == nil || open.Input.Name != "number" || open.Session == "" {
		t.Fatalf("half a form = %+v, want number asked", open)
	}
	done := read[said](t, w.ask("POST", "/v1/dialogue", `{"session":"`+open.Session+`","inputs":{"number":"WB10000001"}}`))
	if done.State != "answered" || done.Code != "valid" {
		t.Errorf("the rest = %+v, want the answer", done)
	}
}

func TestDialogue_Refused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.TempDir())
	for _, tt := range []struct {
		name, body string
		status     int
		code       string
	}{
		{"not JSON", `{`, 400, "bad-request"},
		{"empty", ``, 415, "not-json"},
		{"a field that is not there", `{"servic":"x"}`, 400, "bad-request"},
		{"a wrong type", `{"service":7}`, 400, "bad-request"},
		{"two objects", `{}{}`, 400, "bad-request"},
		{"form and step at once", `{"session":"s","input":"1","confirm":true}`, 400, "bad-request"},
		{"inputs of nothing", `{"inputs":{}}`, 400, "bad-request"},
		{"a service within a session", `{"session":"s","service":"site"}`, 400, "bad-request"},
		{"no such service", `{"service":"none"}`, 404, "unknown-service"},
		{"a service that needs a login", `{"service":"benefit"}`, 401, "log-in"},
		{"too large", `{"input":"` + strings.Repeat("x", mobileapi.MaxBody) + `"}`, 413, "too-large"},
	} {
		got := w.ask("POST", "/v1/dialogue", tt.body)
		out := read[said](t, got)
		if got.status != tt.status || out.Code != tt.code {
			t.Errorf("%s = %d %q; want %d %q", tt.name, got.status, out.Code, tt.status, tt.code)
		}
		for _, lang := range []string{"bn", "hi"} {
			if other := read[said](t, w.ask("POST", "/v1/dialogue?lang="+lang, tt.body)); other.Title == out.Title || cmp.Equal(other.Title, "") {
				t.Errorf("%s in %s: title %q", tt.name, lang, other.Title)
			}
		}
	}
}
