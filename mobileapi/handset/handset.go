// Package handset is a telephone on a web page, for the sandbox: it sends and gets
// SMS, dials USSD codes and places calls at the gateway that serves the page. What
// it does goes through the same doors as what real telephones do; only the
// operator's network between is missing.
package handset

import (
	"embed"
	"log/slog"
	"path"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"setu/channels"
	"setu/gateway"
	"setu/ivr/conductor"
)

//go:embed web
var web embed.FS

// Link is the name of the way to handsets on web pages.
const Link = "try"

// Base is the path of the page.
const Base = "/try"

// Config is what a [Desk] works with. Conductor and Board may be set later, before
// [Desk.Mount].
type Config struct {
	Acceptor  channels.Acceptor
	Conductor *conductor.Conductor
	Board     *conductor.Board
	// Code is the short code that handsets write to and call.
	Code gateway.Address
	Log  *slog.Logger
	Now  func() time.Time
}

// Desk serves the handsets. Make it with [New]; stop it with [Desk.Close].
type Desk struct {
	Config

	mu       sync.Mutex
	handsets map[gateway.Address]*handset
	calls    map[string]*call
	stop     chan struct{} // closed when the gateway stops
	ended    sync.WaitGroup
}

// mostHandsets and mostCalls bound what visitors can take of the memory.
const (
	mostHandsets = 200
	mostCalls    = 50
)

// New makes a desk.
func New(c Config) *Desk {
	return &Desk{Config: c, handsets: map[gateway.Address]*handset{}, calls: map[string]*call{}, stop: make(chan struct{})}
}

// Close ends the calls, and waits for them.
func (d *Desk) Close() {
	close(d.stop)
	d.ended.Wait()
}

// Mount puts the page and what it asks for on a router.
func (d *Desk) Mount(r fiber.Router) {
	for path, name := range map[string]string{Base: "web/try.html", Base + "/try.js": "web/try.js", Base + "/try.css": "web/try.css"} {
		r.Get(path, page(name))
	}
	r.Post(Base+"/sms", d.write)
	r.Get(Base+"/sms", d.read)
	r.Post(Base+"/call", d.place)
	r.Get(Base+"/call/:id", d.listen)
	r.Get(Base+"/call/:id/:part.wav", d.sound)
	r.Post(Base+"/call/:id", d.press)
	r.Delete(Base+"/call/:id", d.hangUp)
}

func page(name string) fiber.Handler {
	return func(c *fiber.Ctx) error {
		body, err := web.ReadFile(name)
		if err != nil {
			return fiber.ErrNotFound
		}
		c.Type(path.Ext(name), "utf-8")
		c.Set(fiber.HeaderCacheControl, "no-cache")
		c.Set(fiber.HeaderContentSecurityPolicy, "default-src 'self'; media-src 'self' blob:; frame-ancestors 'none'")
		return c.Send(body)
	}
}
