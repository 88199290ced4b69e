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

	"setu/channels/sms"
	"setu/i18n"
)

// maxLine is the longest line that plain mode reads, in octets: more than the
// longest SMS of 255 parts.
const maxLine = 256 << 10

// queued is how many events may wait for plain mode to print them.
const queued = 256

// terminal is the handset without a screen.
type terminal struct {
	cfg    Config
	out    io.Writer
	radio  *handset
	events chan any
	sent   int
	number string
	failed error // the first line that got no answer
}

// switchOn runs fn with a handset that is bound, and switches it off again.
func switchOn(ctx context.Context, cfg Config, out io.Writer, fn func(context.Context, *terminal) error) error {
	ctx, cancel := context.WithCancel(ctx)
	t := &terminal{cfg: cfg, out: out, events: make(chan any, queued), number: cfg.Number}
	radio, err := newHandset(cfg, func(e any) {
		select {
		case t.events <- e:
		case <-ctx.Done():
		}
	})
	if err != nil {
		cancel()
		return err
	}
	t.radio = radio
	var wg sync.WaitGroup
	wg.Go(func() { radio.run(ctx) })
	defer wg.Wait()
	defer cancel()
	if err := t.waitForLink(ctx); err != nil {
		return err
	}
	return fn(ctx, t)
}

func (t *terminal) waitForLink(ctx context.Context) error {
	timer := time.NewTimer(t.cfg.Timeout)
	defer timer.Stop()
	for {
		select {
		case e := <-t.events:
			if l, ok := e.(linkChanged); ok && l.up {
				return nil
			} else if ok {
				return withHint(l.err)
			}
		case <-timer.C:
			return withHint(context.DeadlineExceeded)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// runOnce sends one message and prints the answer.
func runOnce(ctx context.Context, cfg Config, out io.Writer) error {
	return switchOn(ctx, cfg, out, func(ctx context.Context, t *terminal) error {
		answer, err := t.ask(ctx, cfg.Send, func(messageReceived) error { return nil })
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%s\n(%s)\n", answer.text, t.size(answer))
		return err
	})
}

// ask sends a text and waits for the first message that comes after it.
// Messages to other numbers of the handset go to aside.
func (t *terminal) ask(ctx context.Context, text string, aside func(messageReceived) error) (messageReceived, error) {
	t.sent++
	if err := t.radio.send(ctx, t.sent, t.number, text); err != nil {
		return messageReceived{}, errors.New(refusal(err))
	}
	timer := time.NewTimer(t.cfg.Timeout)
	defer timer.Stop()
	for {
		m, ok, err := t.next(ctx, timer)
		switch {
		case err != nil:
			return m, err
		case ok && m.number == t.number:
			return m, nil
		case ok:
			if err := aside(m); err != nil {
				return m, err
			}
		}
	}
}

// next waits for one event.
func (t *terminal) next(ctx context.Context, timer *time.Timer) (m messageReceived, ok bool, err error) {
	select {
	case e := <-t.events:
		return t.answer(e)
	case <-timer.C:
		return m, false, fmt.Errorf("%w: %v", ErrNoAnswer, t.cfg.Timeout)
	case <-ctx.Done():
		return m, false, ctx.Err()
	}
}

// answer tells a message apart from other events, some of which end the wait.
func (t *terminal) answer(e any) (m messageReceived, ok bool, err error) {
	switch e := e.(type) {
	case messageReceived:
		return e, true, nil
	case messageSettled:
		if e.id == t.sent && e.err != nil {
			return m, false, errors.New(refusal(e.err))
		}
	case linkChanged:
		if !e.up {
			return m, false, withHint(e.err)
		}
	}
	return m, false, nil
}

// runPlain reads lines and prints the conversation:
//
//	> what was said
//	  # 1 segment GSM 7-bit, 15 paise
//	< what came back
//	  # 1 segment UCS-2, 15 paise
//
// A line may begin with "> ". Lines that begin with "<", "=" or "#" and lines
// that are indented are passed over, so that the conversations in the
// services' test folders can be played. "@ number <number>" changes the
// handset's number and "@ wait <duration>" waits for messages that come by
// themselves; what else a conversation may say after "@" a handset cannot do.
func runPlain(ctx context.Context, cfg Config, in io.Reader, out io.Writer) error {
	return switchOn(ctx, cfg, out, func(ctx context.Context, t *terminal) error {
		lines := bufio.NewScanner(in)
		lines.Buffer(make([]byte, 0, 64<<10), maxLine)
		for lines.Scan() {
			if err := t.line(ctx, lines.Text()); err != nil {
				return err
			}
		}
		if err := lines.Err(); err != nil {
			return fmt.Errorf("read a line: %w", err)
		}
		if err := t.listen(ctx, max(t.cfg.Settle, 0)); err != nil {
			return err
		}
		return t.failed
	})
}

// line carries out one line. A message that gets no answer is noted and does
// not end the script.
func (t *terminal) line(ctx context.Context, line string) error {
	if line == "" || strings.IndexByte("<=# \t", line[0]) >= 0 {
		return nil
	}
	if line = strings.TrimSpace(strings.TrimPrefix(line, "> ")); line == "" {
		return nil
	}
	if command, ok := strings.CutPrefix(line, "@"); ok {
		return t.command(ctx, strings.Fields(command))
	}
	if err := t.pending(); err != nil {
		return err
	}
	coding, segments, _ := sms.Count(line)
	if err := t.print('>', line, t.sizeOf(segments, coding)); err != nil {
		return err
	}
	answer, err := t.ask(ctx, line, t.show)
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		if t.failed == nil {
			t.failed = err
		}
		return t.print('!', err.Error(), "")
	}
	return t.show(answer)
}

// command carries out a line that begins with "@".
func (t *terminal) command(ctx context.Context, words []string) error {
	switch {
	case len(words) == 2 && words[0] == "number":
		number, err := i18n.ParsePhone(words[1])
		if err != nil {
			return fmt.Errorf("%w: @ number: give ten digits, or + and the country's code", ErrConfig)
		}
		t.number = number
		return nil
	case len(words) == 2 && words[0] == "wait":
		d, err := time.ParseDuration(words[1])
		if err != nil {
			return fmt.Errorf("%w: @ wait: give a duration such as 2s", ErrConfig)
		}
		return t.listen(ctx, d)
	}
	return t.print('!', "passed over: @ "+strings.Join(words, " "), "")
}

// listen prints what comes by itself for a while.
func (t *terminal) listen(ctx context.Context, d time.Duration) error {
	if err := during(ctx, d, t.events, t.late); err != nil {
		return err
	}
	return t.pending()
}

// pending prints what has come since the last answer.
func (t *terminal) pending() error { return waiting(t.events, t.late) }

// during passes on the events that come within a time.
func during(ctx context.Context, d time.Duration, events <-chan any, take func(any) error) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case e := <-events:
			if err := take(e); err != nil {
				return err
			}
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// waiting passes on the events that have come.
func waiting(events <-chan any, take func(any) error) error {
	for {
		select {
		case e := <-events:
			if err := take(e); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

func (t *terminal) late(e any) error {
	m, ok, err := t.answer(e)
	if err != nil || !ok {
		return err
	}
	return t.show(m)
}

func (t *terminal) show(m messageReceived) error {
	text := m.text
	if m.number != t.number {
		text = m.number + ": " + text
	}
	return t.print('<', text, t.size(m))
}

// print writes a text under a mark; its further lines are indented.
func (t *terminal) print(mark rune, text, note string) error {
	text = strings.ReplaceAll(text, "\n", "\n  ")
	if note != "" {
		note = "\n  # " + note
	}
	_, err := fmt.Fprintf(t.out, "%c %s%s\n", mark, text, note)
	return err
}

func (t *terminal) size(m messageReceived) string { return t.sizeOf(m.segments, m.coding) }

func (t *terminal) sizeOf(segments int, c sms.Coding) string {
	return fmt.Sprintf("%s %s, %s", plural(segments, "segment"), alphabet(c), money(sms.Cost(segments, t.cfg.Paise)))
}
