package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"setu/cmd/setu/internal/bench"
)

type benchUSSDCmd struct {
	HTTP     string        `name:"http" help:"Public address of the running gateway." default:"127.0.0.1:8080"`
	Path     string        `help:"Of the Africa's Talking dialect there." default:"/ussd/africastalking"`
	Admin    string        `help:"Admin address of the running gateway; its CPU time and memory are read there." default:"127.0.0.1:8081"`
	Levels   []int         `name:"sessions" help:"Concurrent sessions, one run each." default:"50,500,5000"`
	N        int           `short:"n" help:"Sessions of a run; at least four for each concurrent one." default:"10000"`
	Mix      bench.Mix     `help:"query or submit." default:"query"`
	Bengali  float64       `help:"Share of citizens in Bengali." default:"0.5"`
	New      float64       `help:"Share of sessions by citizens who dial for the first time and choose their language." default:"0.1"`
	Rate     float64       `help:"Screens asked for in a second, in the place of the runs as fast as they go." default:"0"`
	Share    float64       `help:"Part of the highest rate at which a last run is made; 0 for none." default:"0.7"`
	PID      int           `help:"Process of the gateway, when its metrics are not reached."`
	Plain    bool          `help:"Measure the plain fiber handler beside it." default:"true" negatable:""`
	Patience time.Duration `help:"For one screen, before it counts as lost." default:"10s"`
	Goals    bool          `help:"Say which of the goals are reached."`
	JSON     bool          `help:"One JSON object instead of text."`
}

// Run measures and reports.
func (b *benchUSSDCmd) Run(ctx context.Context, io streams) error {
	c := bench.USSDConfig{
		Addr: b.HTTP, Path: b.Path, Code: shortCode, Levels: b.Levels, N: b.N, Mix: b.Mix, Bengali: b.Bengali, New: b.New,
		Rate: b.Rate, Share: b.Share, Patience: b.Patience, PID: b.PID, AdminAddr: b.Admin, Goals: b.Goals, JSON: b.JSON,
	}
	if b.Plain {
		c.Bare = startPlain
	}
	report, err := bench.RunUSSD(ctx, c, io.out)
	if err == nil && !report.Sound() {
		err = errSaid // the report says what was wrong
	}
	return err
}

// plainUp is what the plain handler says when it listens.
const plainUp = "plain handler at "

// startPlain starts the plain handler.
func startPlain(ctx context.Context) (*bench.Bare, error) { return startBeside(ctx, plainUp, "plain") }

// startBeside starts a command of bench in a process of its own, as the gateway is
// in one. It says that it is up, behind a word, and ends with its input.
func startBeside(ctx context.Context, up string, args ...string) (*bench.Bare, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, append([]string{"bench"}, args...)...) //nolint:gosec // this binary itself
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	stop := func() error { return errors.Join(in.Close(), cmd.Wait()) }
	line, err := bufio.NewReader(out).ReadString('\n')
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), up)
	if err != nil || !ok {
		return nil, errors.Join(fmt.Errorf("bench %s said %q", args[0], line), err, stop())
	}
	return &bench.Bare{Addr: addr, PID: cmd.Process.Pid, Stop: stop}, nil
}

type benchPlainCmd struct{}

// plainSignature is something for the plain handler to check.
func plainSignature() (*ecdsa.PublicKey, []byte, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, nil, err
	}
	digest := sha256.Sum256([]byte(bench.Constant))
	signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	return &key.PublicKey, digest[:], signature, err
}

// Run answers every call with a constant until its input ends; at /verify it
// checks one signature with each call.
func (benchPlainCmd) Run(ctx context.Context, streams streams) error {
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	key, digest, signature, err := plainSignature()
	if err != nil {
		return err
	}
	app.Post("/verify", func(c *fiber.Ctx) error {
		if !ecdsa.VerifyASN1(key, digest, signature) {
			return fiber.ErrInternalServerError
		}
		return c.SendString(bench.Constant)
	})
	app.Get("/", func(c *fiber.Ctx) error { return c.SendString(bench.Constant) })
	app.Post("/*", func(c *fiber.Ctx) error { return c.SendString(bench.Constant) })
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(streams.out, "%s%s\n", plainUp, l.Addr()); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- app.Listener(l) }()
	_, err = io.Copy(io.Discard, streams.in)
	return errors.Join(err, app.ShutdownWithTimeout(time.Second), <-ended)
}
