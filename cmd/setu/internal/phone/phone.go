// Package phone is a handset in the terminal. It binds to a running gateway
// over SMPP as the sandbox partner, which stands for an operator: what is
// typed goes to the short code as submit_sm from the handset's number, long
// texts in several parts, and what the gateway answers comes as deliver_sm.
//
// [Run] shows it in one of three ways: as a conversation on the whole screen,
// line by line for pipes and tests, or as one question and its answer.
package phone

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"setu/channels/sms"
	"setu/i18n"
)

// Errors of [Run].
var (
	// ErrNoAnswer says that the gateway took a message and sent nothing back
	// in time.
	ErrNoAnswer = errors.New("phone: no answer in time")
	// ErrNotTaken says that the gateway refused a message.
	ErrNotTaken = errors.New("phone: message refused")
	// ErrNoGateway says that there is no link to a gateway.
	ErrNoGateway = errors.New("phone: no link to the gateway")
	// ErrConfig says that a setting cannot be used.
	ErrConfig = errors.New("phone: unusable setting")
)

// Config is one handset. Zero values are the defaults.
type Config struct {
	Addr     string // of the gateway's SMPP listener; default 127.0.0.1:2775
	SystemID string // of the partner that it binds as; default sandbox
	Password string // default sandbox
	Number   string // the handset's own, as people write it; default +919830000001
	Code     string // the short code that it writes to; default 51969

	// Paise is what a segment costs, either way; default 15, negative for
	// nothing. Bulk SMS in India costs between 10 and 25.
	Paise int
	// Timeout is how long an answer is waited for in the two modes without a
	// screen; default 15 s.
	Timeout time.Duration
	// Settle is how long plain mode waits for further messages, such as a
	// receipt, after the last answer; default 1 s, negative for not at all.
	Settle time.Duration

	// Send, when not empty, is the one message to send.
	Send string
	// Plain turns the screen off: lines in, lines out.
	Plain bool

	Now func() time.Time // nil for time.Now
	Log *slog.Logger     // nil for none
}

func (c Config) withDefaults() (Config, error) {
	for at, value := range map[*string]string{
		&c.Addr: "127.0.0.1:2775", &c.SystemID: "sandbox", &c.Password: "sandbox",
		&c.Number: "+919830000001", &c.Code: "51969",
	} {
		if *at == "" {
			*at = value
		}
	}
	if c.Paise == 0 {
		c.Paise = 15
	}
	c.Paise = max(c.Paise, 0)
	if c.Timeout <= 0 {
		c.Timeout = 15 * time.Second
	}
	if c.Settle == 0 {
		c.Settle = time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	number, err := i18n.ParsePhone(c.Number)
	if err != nil {
		return c, fmt.Errorf("%w: number: give ten digits, or + and the country's code", ErrConfig)
	}
	c.Number = number
	return c, nil
}

// Run shows the handset until the reader of in ends it or ctx does. A file
// that is no terminal is read line by line, as with [Config.Plain].
func Run(ctx context.Context, cfg Config, in io.Reader, out io.Writer) error {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return err
	}
	switch {
	case cfg.Send != "":
		return runOnce(ctx, cfg, out)
	case cfg.Plain || !isTerminal(in):
		return runPlain(ctx, cfg, in, out)
	}
	return runScreen(ctx, cfg, in, out)
}

// isTerminal says whether somebody may be typing.
func isTerminal(in io.Reader) bool {
	f, ok := in.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// withHint adds to an error of the link what to do about it.
func withHint(err error) error {
	return fmt.Errorf("%w (start it with `setu serve`): %w", ErrNoGateway, err)
}

// money is an amount in paise as people write it.
func money(paise int) string {
	if paise < 100 {
		return fmt.Sprintf("%d paise", paise)
	}
	return fmt.Sprintf("Rs %d.%02d", paise/100, paise%100)
}

// plural is a number of things: 1 segment, 2 segments.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// alphabet is the name of a coding as people know it.
func alphabet(c sms.Coding) string {
	switch c {
	case sms.GSM7:
		return "GSM 7-bit"
	case sms.UCS2:
		return "UCS-2"
	default:
		return c.String()
	}
}

// printable drops what would move the cursor or change the screen.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r < ' ' || r == 0x7f, r >= 0x80 && r < 0xa0:
			return -1
		}
		return r
	}, s)
}
