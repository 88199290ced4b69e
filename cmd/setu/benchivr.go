package main

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"setu/cmd/setu/internal/bench"
)

type benchIVRCmd struct {
	SIP   string        `name:"sip" help:"SIP address of the running gateway, over UDP." default:"127.0.0.1:5060"`
	Admin string        `help:"Admin address of the running gateway; its CPU time and memory are read there." default:"127.0.0.1:8081"`
	Calls int           `help:"Calls at the same time." default:"1000"`
	Rate  float64       `help:"Calls set up in a second." default:"50"`
	Talk  time.Duration `help:"How long all calls are measured together." default:"20s"`
	PID   int           `help:"Process of the gateway, when its metrics are not reached."`
	Bare  bool          `help:"Measure beside it a loop that only sends the same sound." default:"true" negatable:""`
	Soak  time.Duration `help:"Instead: calls of all kinds (complete, dropped, cancelled, silent, on hold) for so long, and then whether anything is left of them."`
	Goals bool          `help:"Say which of the goals are reached."`
	JSON  bool          `help:"One JSON object instead of text."`
}

// Run measures and reports.
func (b *benchIVRCmd) Run(ctx context.Context, io streams) error {
	c := bench.IVRConfig{
		Addr: b.SIP, Code: shortCode, Calls: b.Calls, Rate: b.Rate, Talk: b.Talk,
		PID: b.PID, AdminAddr: b.Admin, Goals: b.Goals, JSON: b.JSON,
	}
	if b.Bare {
		c.Bare = func(ctx context.Context, to []string) (*bench.Bare, error) {
			return startBeside(ctx, soundUp, append([]string{"sound"}, to...)...)
		}
	}
	if b.Soak > 0 {
		report, err := bench.SoakIVR(ctx, c, b.Soak, io.out)
		if err == nil && !report.Clean() {
			err = errSaid // the report says what is left
		}
		return err
	}
	report, err := bench.RunIVR(ctx, c, io.out)
	if err == nil && !report.Sound() {
		err = errSaid // the report says what was wrong
	}
	return err
}

// soundUp is what the bare loop says when it sends.
const soundUp = "sending to "

type benchSoundCmd struct {
	To []string `arg:"" help:"Addresses to send to."`
}

// Run sends sound until its input ends.
func (b *benchSoundCmd) Run(ctx context.Context, io streams) error {
	to := make([]netip.AddrPort, len(b.To))
	for i, addr := range b.To {
		var err error
		if to[i], err = netip.ParseAddrPort(addr); err != nil {
			return err
		}
	}
	fmt.Fprintf(io.out, "%s%d\n", soundUp, len(to))
	return bench.SendSound(ctx, to, io.in, time.Now)
}
