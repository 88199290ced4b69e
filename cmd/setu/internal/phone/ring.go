package phone

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"setu/cmd/setu/internal/softphone"
	"setu/ivr/voice"
)

// Ringing is how a handset calls. The zero value calls the gateway's default
// address and keeps what it hears to itself.
type Ringing struct {
	Gateway        string // its SIP address, over UDP; default 127.0.0.1:5060
	User, Password string // where it asks for them
	// Keys, when not nil, are pressed one group after the other, each when the
	// gateway has said what it has to say; then the handset hangs up.
	Keys []string
	// WAV is a file for what was heard; empty for none.
	WAV string
	// Player is a command that plays raw G.711 at 8 kHz from its input, with %s
	// for the law, A_LAW or MU_LAW; empty for none.
	Player []string
}

// saidAll is how long nothing is heard when the gateway has said what it has to
// say: between two options it is silent for 0.6 s, and for 0.9 where it speaks
// slowly.
const saidAll = 1500 * time.Millisecond

// Ring shows a handset that calls, line by line, until the call is over:
//
//	> calls 51969
//	< কী জানতে চান?
//	> 1
//	< …
//	& an SMS
//	! the call is over
//
// What is typed are keys; from a pipe, each line is pressed when the gateway has
// finished speaking. "@ hang up" ends the call, "@ wait <duration>" lets it go on.
func Ring(ctx context.Context, cfg Config, r Ringing, in io.Reader, out io.Writer) error {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return err
	}
	if r.Gateway == "" {
		r.Gateway = "127.0.0.1:5060"
	}
	ctx, cancel := context.WithCancel(ctx)
	t := &terminal{cfg: cfg, out: out, events: make(chan any, queued), number: cfg.Number}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	if t.radio, err = newHandset(cfg, func(e any) {
		select {
		case t.events <- e:
		case <-ctx.Done():
		}
	}); err != nil {
		return err
	}
	wg.Go(func() { t.radio.run(ctx) })
	soft, err := softphone.New(ctx, softphone.Config{Gateway: r.Gateway, User: r.User, Password: r.Password, Prompts: true, Log: cfg.Log})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	wg.Go(func() { _ = soft.Run(ctx) }) // without it the call does not come about
	c := &caller{terminal: t, r: r, typing: r.Keys == nil && isTerminal(in)}
	return c.run(ctx, soft, in)
}

// caller is a handset in a call.
type caller struct {
	*terminal
	r      Ringing
	typing bool // somebody presses keys when she likes
	call   *softphone.Call
	ear    ear
}

// run calls and goes through the call.
func (c *caller) run(ctx context.Context, soft *softphone.Phone, in io.Reader) error {
	if err := c.print('>', "calls "+c.cfg.Code, ""); err != nil {
		return err
	}
	var err error
	if c.call, err = soft.Call(ctx, c.number, c.cfg.Code, c.cfg.Now); err != nil {
		return err
	}
	c.ear.codec = c.call.Codec
	if len(c.r.Player) > 0 {
		stop, err := c.ear.play(ctx, c.r.Player)
		if err != nil {
			return errors.Join(err, c.call.HangUp(context.WithoutCancel(ctx)))
		}
		defer stop()
	}
	c.call.Stream.Hear(c.ear.hear)
	err = c.talk(ctx, c.inputs(ctx, in))
	// Hanging up has a bound of its own.
	err = errors.Join(err, c.call.HangUp(context.WithoutCancel(ctx)))
	if err == nil {
		err = c.during(ctx, max(c.cfg.Settle, 0), nil)
	}
	return errors.Join(err, c.save())
}

// inputs are the lines that are typed, piped or given beforehand.
func (c *caller) inputs(ctx context.Context, in io.Reader) <-chan string {
	lines := make(chan string)
	send := func(line string) bool {
		select {
		case lines <- line:
			return true
		case <-ctx.Done():
			return false
		}
	}
	go func() { // it ends with the input, which a terminal leaves to the process
		defer close(lines)
		for _, keys := range c.r.Keys {
			if !send(keys) {
				return
			}
		}
		if c.r.Keys != nil {
			return
		}
		scanner := bufio.NewScanner(in)
		for scanner.Scan() && send(scanner.Text()) { //nolint:revive // the loop is all
		}
	}()
	return lines
}

// talk carries out lines until there are no more and the gateway has finished, or
// the call is over.
func (c *caller) talk(ctx context.Context, lines <-chan string) error {
	for {
		if !c.typing {
			if over, err := c.listen(ctx); over || err != nil {
				return err
			}
		}
		line, ok, err := c.next(ctx, lines)
		switch {
		case err != nil || !ok && !c.typing:
			return err
		case !ok:
			lines, c.typing = nil, false // what is typed has ended, and she listens
			continue
		}
		if hangUp, err := c.line(ctx, line); hangUp || err != nil {
			return err
		}
	}
}

// next waits for a line; ok is false when there are no more, or the call is over.
func (c *caller) next(ctx context.Context, lines <-chan string) (line string, ok bool, err error) {
	if lines == nil {
		return "", false, nil
	}
	for {
		select {
		case line, ok = <-lines:
			return line, ok, nil
		case text := <-c.call.Said():
			err = c.print('<', text, "")
		case e := <-c.events:
			err = c.sms(e)
		case <-c.call.Ended():
			return "", false, c.over()
		case <-ctx.Done():
			return "", false, ctx.Err()
		}
		if err != nil {
			return "", false, err
		}
	}
}

// line carries out one line.
func (c *caller) line(ctx context.Context, line string) (hangUp bool, err error) {
	line = strings.TrimSpace(strings.TrimPrefix(line, "> "))
	if command, ok := strings.CutPrefix(line, "@"); ok {
		words := strings.Fields(command)
		switch {
		case len(words) == 2 && words[0] == "hang" && words[1] == "up":
			return true, nil
		case len(words) == 2 && words[0] == "wait":
			d, err := time.ParseDuration(words[1])
			if err != nil {
				return false, fmt.Errorf("%w: @ wait: give a duration such as 2s", ErrConfig)
			}
			return false, c.during(ctx, d, c.call.Ended())
		}
		return false, c.print('!', "passed over: @ "+strings.Join(words, " "), "")
	}
	if line == "" || strings.IndexByte("<&!", line[0]) >= 0 {
		return false, nil
	}
	keys := strings.ReplaceAll(line, " ", "")
	if err := c.call.Stream.Send(keys); err != nil {
		return false, c.print('!', "keys are 0 to 9, * and #", "")
	}
	c.ear.expect()
	return false, c.print('>', keys, "")
}

// listen waits until the gateway has said what it has to say; over says that the
// call is.
func (c *caller) listen(ctx context.Context) (over bool, err error) {
	tick := time.NewTicker(saidAll / 10)
	defer tick.Stop()
	limit := c.cfg.Now().Add(c.cfg.Timeout)
	for !c.ear.quietFor(c.cfg.Now(), saidAll) {
		if !c.ear.hearing(c.cfg.Now()) && c.cfg.Now().After(limit) {
			return false, fmt.Errorf("%w: nothing is heard for %v", ErrNoAnswer, c.cfg.Timeout)
		}
		select {
		case <-tick.C:
		case text := <-c.call.Said():
			err = c.print('<', text, "")
		case e := <-c.events:
			err = c.sms(e)
		case <-c.call.Ended():
			return true, c.over()
		case <-ctx.Done():
			return true, ctx.Err()
		}
		if err != nil {
			return false, err
		}
	}
	return false, nil
}

// during shows what comes for a while, or until the end of the call.
func (c *caller) during(ctx context.Context, d time.Duration, ended <-chan struct{}) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		var err error
		select {
		case text := <-c.call.Said():
			err = c.print('<', text, "")
		case e := <-c.events:
			err = c.sms(e)
		case <-timer.C:
			return nil
		case <-ended:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

// over shows what was said last, and that the call is over.
func (c *caller) over() error {
	for {
		select {
		case text := <-c.call.Said():
			if err := c.print('<', text, ""); err != nil {
				return err
			}
		default:
			return c.print('!', "the call is over", "")
		}
	}
}

// sms shows a message; other events do not matter to who calls.
func (c *caller) sms(e any) error {
	m, ok := e.(messageReceived)
	if !ok {
		return nil
	}
	return c.print('&', m.text, c.size(m))
}

// save writes what was heard to a file.
func (c *caller) save() error {
	if c.r.WAV == "" {
		return nil
	}
	if err := os.WriteFile(c.r.WAV, voice.Clip{ULaw: c.ear.recorded()}.WAV(), 0o600); err != nil {
		return fmt.Errorf("record the call: %w", err)
	}
	return nil
}
