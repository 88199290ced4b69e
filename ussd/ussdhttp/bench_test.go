package ussdhttp

import (
	"bufio"
	"bytes"
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"setu/gateway"
	"setu/i18n"
	"setu/ussd"
)

// constant is a gateway that always says the same.
type constant struct{ reply gateway.Reply }

func (c *constant) Handle(context.Context, gateway.Inbound) (gateway.Reply, error) {
	return c.reply, nil
}

func (c *constant) Lines(gateway.Reply, gateway.Medium) (parts, options []string) {
	return []string{"কী জানতে চান?"}, []string{"1 শেষ টাকা", "2 টাকা পেয়েছি"}
}

func (c *constant) Own(string, i18n.Format) string { return "0 পিছনে" }

// BenchmarkServe is one request through the driver, without the network and
// without the turn: read, laid out, answered. bare is the router alone.
func BenchmarkServe(b *testing.B) {
	all, err := Load(Embedded())
	if err != nil {
		b.Fatal(err)
	}
	run := func(b *testing.B, app *fiber.App, raw []byte) {
		b.Helper()
		var ctx fasthttp.RequestCtx
		if err := ctx.Request.Read(bufio.NewReader(bytes.NewReader(raw))); err != nil {
			b.Fatal(err)
		}
		handler := app.Handler()
		b.ReportAllocs()
		for b.Loop() {
			ctx.Response.Reset()
			handler(&ctx)
		}
		if ctx.Response.StatusCode() != fiber.StatusOK {
			b.Fatalf("%s", ctx.Response.Body())
		}
	}
	for _, name := range []string{"africastalking", "comviva", "hubtel", "oneapi"} {
		b.Run("dialect="+name, func(b *testing.B) {
			c := &constant{reply: gateway.Reply{Parts: []gateway.Part{{Text: "x"}}, Back: true}}
			driver, err := New(Config{
				Handler: c, Dialects: all, Gateways: []Gateway{{Name: name, Dialect: name, ShortCodes: []string{triedCode}}},
				Layout: func(string) ussd.Layout { return ussd.Layout{Words: c} }, Log: slog.New(slog.DiscardHandler),
				Now: func() time.Time { return time.Time{} },
			})
			if err != nil {
				b.Fatal(err)
			}
			app := fiber.New(fiber.Config{DisableStartupMessage: true})
			driver.Mount(app)
			call := all[name].Peer("http://setu").Dial(triedNumber, triedCode)
			call.inputs = []byte("1*1")
			call.prepare(gateway.Input, "1")
			run(b, app, []byte(call.req.String()))
		})
	}
	b.Run("bare", func(b *testing.B) {
		app := fiber.New(fiber.Config{DisableStartupMessage: true})
		app.Post("/ussd/x", func(c *fiber.Ctx) error { return c.SendString("CON hello") })
		run(b, app, []byte("POST /ussd/x HTTP/1.1\r\nHost: setu\r\nContent-Length: 0\r\n\r\n"))
	})
}

// BenchmarkRead is the reading of a request alone.
func BenchmarkRead(b *testing.B) {
	all, err := Load(Embedded())
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range []string{"africastalking", "hubtel"} {
		b.Run("dialect="+name, func(b *testing.B) {
			d := all[name]
			g := Gateway{Name: name, Path: "/ussd/" + name, ShortCodes: []string{triedCode}}
			call := d.Peer("http://setu").Dial(triedNumber, triedCode)
			call.inputs = []byte("1*1")
			call.prepare(gateway.Input, "1")
			var ctx fasthttp.RequestCtx
			call.req.CopyTo(&ctx.Request)
			r := new(reading)
			b.ReportAllocs()
			for b.Loop() {
				if err := r.take(d, &ctx, g.rest(&ctx)); err != nil {
					b.Fatal(err)
				}
				if _, _, err := r.inbound(&g); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
