package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"setu/cmd/setu/internal/phone"
	"setu/ussd/ussdhttp"
)

// phoneCmd is the handset.
type phoneCmd struct {
	Addr     string        `help:"SMPP address of the running gateway." default:"127.0.0.1:2775"`
	SystemID string        `help:"Partner to bind as." default:"sandbox"`
	Password string        `help:"The partner's password." default:"sandbox"`
	Number   string        `help:"The handset's own number." default:"+919830000001"`
	Code     string        `help:"Short code to write to or to dial." default:"51969"`
	Paise    int           `help:"Price of a segment." default:"15"`
	Send     []string      `sep:"none" help:"Send this, print the answer and end. With --ussd: enter this; may be repeated."`
	Plain    bool          `help:"Lines in, lines out: for pipes."`
	Timeout  time.Duration `help:"How long an answer is waited for without a screen, and by --ussd." default:"15s"`
	Settle   time.Duration `help:"How long further SMS are waited for at the end, without a screen." default:"1s"`

	USSD           bool              `name:"ussd" help:"Dial instead of writing." group:"USSD"`
	Dial           string            `help:"What to dial, such as *51969*1*1000000001#; * and the code and # when left out." group:"USSD"`
	Dialect        string            `help:"What the handset's network speaks to the gateway." default:"africastalking" group:"USSD"`
	Dialects       []string          `help:"Folders with further dialects." type:"existingdir" group:"USSD"`
	HTTP           string            `name:"http" help:"Public address of the running gateway." default:"http://127.0.0.1:8080" group:"USSD"`
	Header         map[string]string `help:"Header of every request, such as a secret: NAME=VALUE." group:"USSD"`
	SessionTimeout time.Duration     `help:"How long the network leaves a session open without a key." default:"120s" group:"USSD"`
	Columns        int               `help:"Width of the handset's screen." default:"20" group:"USSD"`
	Keys           []string          `help:"What to enter, separated by commas: 1,1,1000000001; then the handset ends. With --call, by spaces too." group:"USSD"`

	Call        bool   `help:"Call, and press keys." group:"Calls"`
	SIP         string `name:"sip" help:"SIP address of the running gateway, over UDP." default:"127.0.0.1:5060" group:"Calls"`
	SIPUser     string `name:"sip-user" help:"If it asks who calls." group:"Calls"`
	SIPPassword string `name:"sip-password" help:"And for a password." group:"Calls"`
	WAV         string `name:"wav" help:"File to record what is heard in." group:"Calls"`
	Mute        bool   `help:"Do not play what is heard, though this machine can (by aplay)." group:"Calls"`
}

// Run is the handset until its owner hangs up.
func (p *phoneCmd) Run(ctx context.Context, io streams) error {
	c := phone.Config{
		Addr: p.Addr, SystemID: p.SystemID, Password: p.Password, Number: p.Number, Code: p.Code,
		Paise: p.Paise, Timeout: p.Timeout, Settle: orNever(p.Settle), Plain: p.Plain,
	}
	if p.Call {
		return p.ring(ctx, c, io)
	}
	if !p.USSD {
		if len(p.Send) > 1 || len(p.Keys) > 0 || p.Dial != "" {
			return errors.New("only --ussd dials and takes --send more than once, and only --ussd and --call take --keys")
		}
		c.Send = strings.Join(p.Send, "")
		return phone.Run(ctx, c, io.in, io.out)
	}
	network, err := p.network()
	if err != nil {
		return err
	}
	return phone.Dial(ctx, c, phone.Session{
		Network: network, Dialect: p.Dialect, Dial: p.Dial, Timeout: p.SessionTimeout, Columns: p.Columns,
		Keys: append(p.Keys, p.Send...),
	}, io.in, io.out)
}

// orNever gives what the handset takes for no time at all.
func orNever(d time.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d
}

// network speaks the chosen dialect.
func (p *phoneCmd) network() (phone.Network, error) {
	folders := []fs.FS{ussdhttp.Embedded()}
	for _, dir := range p.Dialects {
		folders = append(folders, os.DirFS(dir))
	}
	all, err := ussdhttp.Load(folders...)
	if err != nil {
		return nil, err
	}
	dialect, ok := all[p.Dialect]
	if !ok {
		return nil, fmt.Errorf("no dialect %q: use one of %s", p.Dialect, strings.Join(all.Names(), ", "))
	}
	base := p.HTTP
	if !strings.Contains(base, "://") {
		base = "http://" + base
	}
	peer := dialect.Peer(base)
	peer.Headers = p.Header
	return httpNetwork{peer}, nil
}

// httpNetwork carries a handset's sessions over HTTP.
type httpNetwork struct{ peer *ussdhttp.Peer }

// Dial begins a session.
func (n httpNetwork) Dial(from, code string) phone.Call { return httpCall{n.peer.Dial(from, code)} }

type httpCall struct{ call *ussdhttp.Call }

// Send passes on what was entered.
func (c httpCall) Send(ctx context.Context, input string) (phone.Answer, error) {
	a, err := c.call.Send(ctx, input)
	return phone.Answer{Text: a.Text, End: a.End, Masked: a.Mask}, err
}

// Abort tells the session's end, where the dialect can.
func (c httpCall) Abort(ctx context.Context, timeout bool) error {
	tell := c.call.Abort
	if timeout {
		tell = c.call.Timeout
	}
	if err := tell(ctx); !errors.Is(err, ussdhttp.ErrNotTold) {
		return err
	}
	return nil
}
