package main

import (
	"context"
	"time"

	"setu/cmd/setu/internal/phone"
)

// phoneCmd is the handset.
type phoneCmd struct {
	Addr     string        `help:"SMPP address of the running gateway." default:"127.0.0.1:2775"`
	SystemID string        `help:"Partner to bind as." default:"sandbox"`
	Password string        `help:"The partner's password." default:"sandbox"`
	Number   string        `help:"The handset's own number." default:"+919830000001"`
	Code     string        `help:"Short code to write to." default:"51969"`
	Paise    int           `help:"Price of a segment." default:"15"`
	Send     string        `help:"Send this, print the answer and end."`
	Plain    bool          `help:"Lines in, lines out: for pipes."`
	Timeout  time.Duration `help:"How long --send and --plain wait for an answer." default:"15s"`
}

// Run is the handset until its owner hangs up.
func (p *phoneCmd) Run(ctx context.Context, io streams) error {
	return phone.Run(ctx, phone.Config{
		Addr: p.Addr, SystemID: p.SystemID, Password: p.Password, Number: p.Number, Code: p.Code,
		Paise: p.Paise, Timeout: p.Timeout, Send: p.Send, Plain: p.Plain,
	}, io.in, io.out)
}
