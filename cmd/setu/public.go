package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"time"

	"github.com/gofiber/fiber/v2"

	"setu/ussd/ussdhttp"
)

// Bounds of the public listener. Operators' gateways give up on a screen after
// 5 to 20 s.
const (
	publicReadTime  = 10 * time.Second
	publicWriteTime = 10 * time.Second
	publicIdleTime  = 2 * time.Minute
	publicDrainTime = 5 * time.Second
	// publicReadBuffer bounds the head of a request, octets.
	publicReadBuffer = 8 << 10
)

// public is the server of all that operators and citizens reach by HTTP. It
// belongs behind the state's own TLS.
type public struct {
	app *fiber.App
	log *slog.Logger
}

func newPublic(log *slog.Logger) *public {
	return &public{log: log, app: fiber.New(fiber.Config{
		DisableStartupMessage: true, ReadTimeout: publicReadTime, WriteTimeout: publicWriteTime, IdleTimeout: publicIdleTime,
		// Drivers refuse larger bodies in their protocols' own terms.
		BodyLimit: 4 * ussdhttp.MaxBody, ReadBufferSize: publicReadBuffer,
		ErrorHandler: func(c *fiber.Ctx, err error) error {
			status := fiber.StatusInternalServerError
			if known := (*fiber.Error)(nil); errors.As(err, &known) {
				status = known.Code
			}
			return c.SendStatus(status)
		},
	})}
}

// run serves on l until ctx ends and what is under way is answered.
func (p *public) run(ctx context.Context, l net.Listener) error {
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		if err := p.app.ShutdownWithTimeout(publicDrainTime); err != nil {
			p.log.WarnContext(ctx, "public listener did not stop in time", slog.String("error", err.Error()))
		}
	})
	err := p.app.Listener(l)
	if !stop() {
		<-stopped
		return nil
	}
	return err
}
