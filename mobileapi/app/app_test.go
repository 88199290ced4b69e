package app_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"setu/mobileapi/app"
)

// budget is the most that a first visit may load, octets with gzip.
const budget = 60 << 10

func newApp(t *testing.T) *app.App {
	t.Helper()
	a, err := app.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestSize(t *testing.T) {
	t.Parallel()
	if size := newApp(t).Size(); size > budget || size < budget/10 {
		t.Errorf("Size() = %d octets, want at most %d", size, budget)
	}
}

// answer is what a file is answered with.
type answer struct {
	status int
	header http.Header
	body   string
}

// get asks for a file.
func get(t *testing.T, server *fiber.App, path string, header ...string) answer {
	t.Helper()
	req := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := server.Test(req, -1) // the first answer is compressed first
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(body)}
}

func TestServe(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	server := fiber.New()
	a.Mount(server)
	page := get(t, server, "/")
	if page.status != http.StatusOK || !strings.Contains(page.body, "/js/main.js") {
		t.Fatalf("GET / = %d %s", page.status, page.body)
	}
	if p := page.header.Get("Content-Security-Policy"); !strings.Contains(p, "default-src 'self'") {
		t.Errorf("the page's policy is %q", p)
	}
	tag := page.header.Get("Etag")
	if again := get(t, server, "/", "If-None-Match", tag); again.status != http.StatusNotModified || again.body != "" {
		t.Errorf("GET / with its own tag = %d, %d octets, want 304", again.status, len(again.body))
	}
	for _, encoding := range []string{"gzip", "br"} {
		if got := get(t, server, "/app.css", "Accept-Encoding", encoding).header.Get("Content-Encoding"); got != encoding {
			t.Errorf("a client that takes %s gets %q", encoding, got)
		}
	}
	for path, kind := range map[string]string{
		"/js/main.js": "text/javascript", "/vendor/qrcode.mjs": "text/javascript", "/manifest.webmanifest": "application/manifest+json", "/icon.svg": "image/svg+xml",
	} {
		if got := get(t, server, path).header.Get("Content-Type"); !strings.HasPrefix(got, kind) {
			t.Errorf("%s is %q, want %s", path, got, kind)
		}
	}
}

// TestWorker: what the service worker keeps is all that the app loads.
func TestWorker(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	server := fiber.New()
	a.Mount(server)
	body := get(t, server, "/sw.js").body
	if !strings.Contains(body, `"setu-`+a.Version+`"`) || strings.Contains(body, "{{") {
		t.Errorf("the worker has no version:\n%s", body)
	}
	for _, pattern := range []string{"web/*", "web/*/*", "web/*/*/*"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			name := strings.TrimPrefix(f, "web")
			if filepath.Ext(name) == "" || name == "/sw.js" || name == "/index.html" { // a folder, itself, and "/"
				continue
			}
			if !strings.Contains(body, `"`+name+`"`) {
				t.Errorf("the worker does not keep %s", name)
			}
		}
	}
}

// TestNew_Extra: a file from elsewhere is one of the app's, and changes its version.
func TestNew_Extra(t *testing.T) {
	t.Parallel()
	with, err := app.New(map[string][]byte{"/client/x.js": []byte("export const x = 1;\n")})
	if err != nil {
		t.Fatal(err)
	}
	if with.Version == newApp(t).Version {
		t.Error("another file does not change the version")
	}
	server := fiber.New()
	with.Mount(server)
	if got := get(t, server, "/client/x.js"); got.status != http.StatusOK {
		t.Errorf("the file is answered %d", got.status)
	}
}

// TestModules runs the tests of the modules that need no browser.
func TestModules(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed")
	}
	files, err := filepath.Glob("testdata/*.test.mjs")
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests of modules: %v", err)
	}
	out, err := exec.CommandContext(t.Context(), node, append([]string{"--test"}, files...)...).CombinedOutput() //nolint:gosec // our own files
	if err != nil {
		t.Errorf("node --test: %v\n%s", err, out)
	}
}
