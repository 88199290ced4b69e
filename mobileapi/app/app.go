// Package app is the reference web app: every service in three languages on any
// phone with a browser, also without a network. Its files are served as they are
// written, without a build: HTML, CSS and JavaScript modules in the folder web.
package app

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"mime"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

//go:embed web
var web embed.FS

// worker is the file that has the names of all others in it.
const worker = "/sw.js"

// policy lets the app load its own files only, and no page frame it.
const policy = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Encodings of a file by what clients accept, the best first.
const (
	brotli = "br"
	gzip   = "gzip"
)

// file is one file. Each encoding is made once, when a client first asks for it.
type file struct {
	kind, tag string
	plain     []byte
	encoded   map[string]func() []byte // nil when it is not smaller
}

// App serves the files. Make it with [New].
type App struct {
	files map[string]*file // by path
	// Version is the hash of all files: another one makes phones fetch the app anew.
	Version string
}

// New reads the embedded files. extra are files from elsewhere, by path, which
// the app loads as well.
func New(extra map[string][]byte) (*App, error) {
	raw := make(map[string][]byte, len(extra))
	maps.Copy(raw, extra)
	err := fs.WalkDir(web, "web", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw[strings.TrimPrefix(name, "web")], err = web.ReadFile(name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the app's files: %w", err)
	}
	a := &App{files: make(map[string]*file, len(raw)+1)}
	if err := a.fillWorker(raw); err != nil {
		return nil, err
	}
	for name, body := range raw {
		a.files[name] = newFile(name, body)
	}
	a.files["/"] = a.files["/index.html"]
	return a, nil
}

// fillWorker puts the version and the list of all files into the service worker.
func (a *App) fillWorker(raw map[string][]byte) error {
	names := []string{"/"}
	for name := range raw {
		if name != worker && name != "/index.html" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		sum.Write(fmt.Appendf(nil, "%s %d\n%s", name, len(raw[name]), raw[name]))
	}
	a.Version = base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:9])
	list, err := json.Marshal(names)
	if err != nil {
		return fmt.Errorf("list the app's files: %w", err)
	}
	raw[worker] = []byte(strings.NewReplacer("{{version}}", a.Version, "{{files}}", string(list)).Replace(string(raw[worker])))
	return nil
}

// kinds are the types of files that the system may not know.
var kinds = map[string]string{
	".mjs": "text/javascript; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".html": "text/html; charset=utf-8", ".svg": "image/svg+xml", ".webmanifest": "application/manifest+json",
}

func newFile(name string, body []byte) *file {
	sum := sha256.Sum256(body)
	f := &file{plain: body, kind: kinds[path.Ext(name)], tag: `"` + base64.RawURLEncoding.EncodeToString(sum[:9]) + `"`}
	if f.kind == "" {
		f.kind = mime.TypeByExtension(path.Ext(name))
	}
	smaller := func(press func() []byte) func() []byte {
		return sync.OnceValue(func() []byte {
			if pressed := press(); len(pressed) < len(body) {
				return pressed
			}
			return nil
		})
	}
	f.encoded = map[string]func() []byte{
		brotli: smaller(func() []byte {
			return fasthttp.AppendBrotliBytesLevel(nil, body, fasthttp.CompressBrotliBestCompression)
		}),
		gzip: smaller(func() []byte {
			return fasthttp.AppendGzipBytesLevel(nil, body, fasthttp.CompressBestCompression)
		}),
	}
	return f
}

// Size is how many octets a first visit loads with gzip.
func (a *App) Size() int {
	n := 0
	for name, f := range a.files {
		if name == "/index.html" { // it is "/"
			continue
		}
		if pressed := f.encoded[gzip](); pressed != nil {
			n += len(pressed)
			continue
		}
		n += len(f.plain)
	}
	return n
}

// Mount puts the app on a router.
func (a *App) Mount(r fiber.Router) {
	for name, f := range a.files {
		r.Get(name, f.serve)
		r.Head(name, f.serve)
	}
}

// serve answers with the file. It is asked for anew each time, at the price of a
// 304: the service worker is what keeps it.
func (f *file) serve(c *fiber.Ctx) error {
	c.Set(fiber.HeaderContentSecurityPolicy, policy)
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set(fiber.HeaderReferrerPolicy, "no-referrer")
	c.Set(fiber.HeaderCacheControl, "no-cache")
	c.Set(fiber.HeaderETag, f.tag)
	c.Vary(fiber.HeaderAcceptEncoding)
	if bytes.Contains(c.Request().Header.Peek(fiber.HeaderIfNoneMatch), []byte(f.tag)) {
		return c.SendStatus(fiber.StatusNotModified)
	}
	c.Set(fiber.HeaderContentType, f.kind)
	body := f.plain
	// A client that says nothing would take anything, but may be unable to.
	encoding := ""
	if len(c.Request().Header.Peek(fiber.HeaderAcceptEncoding)) > 0 {
		encoding = c.AcceptsEncodings(brotli, gzip)
	}
	if press := f.encoded[encoding]; press != nil {
		if pressed := press(); pressed != nil {
			c.Set(fiber.HeaderContentEncoding, encoding)
			body = pressed
		}
	}
	return c.Send(body)
}
