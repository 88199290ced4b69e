package main

import (
	"context"
	"errors"
	"os/exec"
	"strings"

	"setu/cmd/setu/internal/phone"
)

// ring makes a call.
func (p *phoneCmd) ring(ctx context.Context, c phone.Config, io streams) error {
	if p.USSD || p.Dial != "" || len(p.Send) > 0 {
		return errors.New("--call calls: leave out --ussd, --dial and --send, and give --keys")
	}
	r := phone.Ringing{Gateway: p.SIP, User: p.SIPUser, Password: p.SIPPassword, WAV: p.WAV}
	for _, keys := range p.Keys {
		r.Keys = append(r.Keys, strings.Fields(keys)...)
	}
	if !p.Mute && !p.Plain && r.Keys == nil {
		r.Player = player()
	}
	return phone.Ring(ctx, c, r, io.in, io.out)
}

// player is the program that plays sound on this machine; nil where there is none.
func player() []string {
	if _, err := exec.LookPath("aplay"); err != nil {
		return nil
	}
	return []string{"aplay", "-q", "-t", "raw", "-f", "%s", "-r", "8000", "-c", "1", "-"}
}
