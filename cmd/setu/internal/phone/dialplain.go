package phone

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"setu/i18n"
)

// dialler is a handset that dials, without a screen.
type dialler struct {
	*terminal
	s        Session
	call     Call // nil when no session is open
	last     shown
	deadline time.Time // of the session that is open
}

// dialPlain reads lines and prints the screens:
//
//	> *51969#
//	< কী জানতে চান?
//	  1 শেষ টাকা
//	  # 136 of 160 octets, 68 of 80 characters UCS-2
//	> 1
//	< …
//	  # 90 of 160 octets, 45 of 80 characters UCS-2, the session is over
//	& an SMS
//	  # 1 segment UCS-2, 15 paise
//
// The code is dialled first. A line may begin with "> "; those that begin with
// "<", "&" or "#" and those that are indented are passed over. A line that is a
// code, such as *51969#, dials it. "@ cancel" ends the session as its owner
// does, "@ drop" as the network does, "@ number <number>" changes the handset's
// number and "@ wait <duration>" waits for SMS.
func dialPlain(ctx context.Context, cfg Config, s Session, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	d := &dialler{s: s, terminal: &terminal{cfg: cfg, out: out, events: make(chan any, queued), number: cfg.Number}}
	radio, err := newHandset(cfg, func(e any) {
		select {
		case d.events <- e:
		case <-ctx.Done():
		}
	})
	if err != nil {
		cancel()
		return err
	}
	d.radio = radio
	var wg sync.WaitGroup
	wg.Go(func() { radio.run(ctx) })
	defer wg.Wait()
	defer cancel()
	if err := d.bound(ctx); err != nil {
		return err
	}
	if err := d.converse(ctx, in); err != nil {
		return err
	}
	if err := d.listen(ctx, max(cfg.Settle, 0)); err != nil {
		return err
	}
	return d.failed
}

// bound waits until the handset can get SMS. It dials without, too.
func (d *dialler) bound(ctx context.Context) error {
	err := d.waitForLink(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return d.print('!', "no SMS will be shown: "+err.Error(), "")
	}
	return nil
}

// converse dials and enters what is to be entered.
func (d *dialler) converse(ctx context.Context, in io.Reader) error {
	if err := d.dial(ctx, d.s.Dial); err != nil {
		return err
	}
	if d.s.Keys != nil {
		for _, key := range d.s.Keys {
			if d.call == nil && d.failed != nil {
				return nil // it has been said why no session is open
			}
			if err := d.line(ctx, key); err != nil {
				return err
			}
		}
		return nil
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 4<<10), maxLine)
	for lines.Scan() {
		if err := d.line(ctx, lines.Text()); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read a line: %w", err)
	}
	return nil
}

// line carries out one line. What goes wrong with it is noted and does not end
// the script.
func (d *dialler) line(ctx context.Context, line string) error {
	if line == "" || strings.IndexByte("<&# \t", line[0]) >= 0 {
		return nil
	}
	if line = strings.TrimSpace(strings.TrimPrefix(line, "> ")); line == "" {
		return nil
	}
	if err := d.pending(); err != nil {
		return err
	}
	if err := d.expire(ctx); err != nil {
		return err
	}
	if command, ok := strings.CutPrefix(line, "@"); ok {
		return d.command(ctx, strings.Fields(command))
	}
	if isDialString(line) {
		return d.dial(ctx, line)
	}
	if d.call == nil {
		return d.note(fmt.Errorf("%w: dial a code such as *%s#", ErrNoSession, d.cfg.Code))
	}
	entered := line
	if d.last.secret {
		entered = hidden(line)
	}
	if err := d.print('>', entered, ""); err != nil {
		return err
	}
	return d.enter(ctx, line)
}

// dial begins a session, after the one that may be open.
func (d *dialler) dial(ctx context.Context, dialled string) error {
	if err := d.hangUp(ctx, false); err != nil {
		return err
	}
	if err := d.print('>', dialled, ""); err != nil {
		return err
	}
	code, rest := split(dialled, d.cfg.Code)
	d.call = d.s.Network.Dial(d.number, code)
	return d.enter(ctx, rest)
}

// enter sends an input and prints the next screen.
func (d *dialler) enter(ctx context.Context, input string) error {
	asked, cancel := context.WithTimeout(ctx, d.cfg.Timeout)
	defer cancel()
	answer, err := d.call.Send(asked, input)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		d.call = nil
		return d.note(errors.New(noScreen(err)))
	}
	d.last, d.deadline = measure(answer), d.cfg.Now().Add(d.s.Timeout)
	note := d.last.room()
	if d.last.End {
		d.call = nil
		note += ", the session is over"
	}
	if err := d.print('<', d.last.Text, note); err != nil {
		return err
	}
	if !d.last.fits() {
		return d.note(fmt.Errorf("%w: %d", ErrOver, d.last.octets))
	}
	return nil
}

// note prints what went wrong; the first is the error of the whole.
func (d *dialler) note(err error) error {
	if d.failed == nil {
		d.failed = err
	}
	return d.print('!', err.Error(), "")
}

// command carries out a line that begins with "@".
func (d *dialler) command(ctx context.Context, words []string) error {
	switch {
	case len(words) == 1 && words[0] == "cancel":
		return d.hangUp(ctx, false)
	case len(words) == 1 && words[0] == "drop":
		return d.hangUp(ctx, true)
	case len(words) == 2 && words[0] == "number":
		return d.change(ctx, words[1])
	case len(words) == 2 && words[0] == "wait":
		t, err := time.ParseDuration(words[1])
		if err != nil {
			return fmt.Errorf("%w: @ wait: give a duration such as 2s", ErrConfig)
		}
		return d.listen(ctx, t)
	}
	return d.print('!', "passed over: @ "+strings.Join(words, " "), "")
}

// change takes another number; the session of the one before is over.
func (d *dialler) change(ctx context.Context, number string) error {
	number, err := i18n.ParsePhone(number)
	if err != nil {
		return fmt.Errorf("%w: @ number: give ten digits, or + and the country's code", ErrConfig)
	}
	if err := d.hangUp(ctx, false); err != nil {
		return err
	}
	d.number = number
	d.radio.owns(number)
	return nil
}

// hangUp ends the session, if one is open.
func (d *dialler) hangUp(ctx context.Context, timeout bool) error {
	if d.call == nil {
		return nil
	}
	call := d.call
	d.call = nil
	why := "cancelled"
	if timeout {
		why = "the network has ended the session"
	}
	if err := d.print('!', why, ""); err != nil {
		return err
	}
	told, cancel := context.WithTimeout(ctx, d.cfg.Timeout)
	defer cancel()
	if err := call.Abort(told, timeout); err != nil {
		return d.note(errors.New(noScreen(err)))
	}
	return nil
}

// expire ends a session that was left alone too long.
func (d *dialler) expire(ctx context.Context) error {
	if d.call == nil || d.cfg.Now().Before(d.deadline) {
		return nil
	}
	return d.hangUp(ctx, true)
}

// listen prints the SMS that come for a while.
func (d *dialler) listen(ctx context.Context, t time.Duration) error {
	if err := during(ctx, t, d.events, d.sms); err != nil {
		return err
	}
	return errors.Join(d.pending(), d.expire(ctx))
}

// pending prints the SMS that have come.
func (d *dialler) pending() error { return waiting(d.events, d.sms) }

// sms prints a message; other events do not matter to who dials.
func (d *dialler) sms(e any) error {
	m, ok := e.(messageReceived)
	if !ok {
		return nil
	}
	text := m.text
	if m.number != d.number {
		text = m.number + ": " + text
	}
	return d.print('&', text, d.size(m))
}
