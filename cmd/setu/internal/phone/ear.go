package phone

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"

	"setu/ivr/g711"
	"setu/ivr/rtp"
)

// longest is how much of a call is recorded: half an hour.
const longest = 30 * 60 * g711.Rate

// ear is what a handset hears of a call.
type ear struct {
	codec rtp.Codec

	mu     sync.Mutex
	begun  bool
	first  uint32 // timestamp
	tape   []byte // in µ-law
	sound  time.Time
	waits  bool // for something to be said
	frames chan []byte
}

// hear takes a packet.
func (e *ear) hear(f rtp.Frame) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.begun {
		e.begun, e.first, e.waits = true, f.Timestamp, true
	}
	if !silent(f.Payload) {
		e.sound, e.waits = f.At, false
	}
	e.record(f)
	if e.frames != nil {
		select {
		case e.frames <- bytes.Clone(f.Payload):
		default: // the machine plays more slowly than the gateway speaks
		}
	}
}

// record puts a packet where it belongs; what has not come is silence.
func (e *ear) record(f rtp.Frame) {
	at := int(int32(f.Timestamp - e.first))
	if at < 0 || at+len(f.Payload) > longest {
		return
	}
	for len(e.tape) < at+len(f.Payload) {
		e.tape = append(e.tape, g711.SilentULaw)
	}
	for i, b := range f.Payload {
		e.tape[at+i] = g711.ToULaw(rtp.Codec(f.Type).Sample(b))
	}
}

// silent says that a packet has nothing to be heard: the two smallest steps of
// either law.
func silent(payload []byte) bool {
	return len(bytes.Trim(payload, "\xff\x7f\xfe\x7e\xd5\x55\xd4\x54")) == 0
}

// expect says that something is to be said before it can be quiet again.
func (e *ear) expect() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.waits = true
}

// quietFor says that something was said, and nothing since for a while.
func (e *ear) quietFor(now time.Time, d time.Duration) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.begun && !e.waits && now.Sub(e.sound) > d
}

// hearing says that something is being said.
func (e *ear) hearing(now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return !e.waits && now.Sub(e.sound) < saidAll
}

// recorded is all that was heard, in µ-law.
func (e *ear) recorded() []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	return bytes.Clone(e.tape)
}

// play lets a program play what is heard from now on, until stop.
func (e *ear) play(ctx context.Context, command []string) (stop func(), err error) {
	law := "MU_LAW"
	if e.codec == rtp.PCMA {
		law = "A_LAW"
	}
	args := make([]string, 0, len(command))
	for _, a := range command[1:] {
		args = append(args, strings.ReplaceAll(a, "%s", law))
	}
	cmd := exec.CommandContext(ctx, command[0], args...) //nolint:gosec // the program that its owner has chosen
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("play with %s: %w", command[0], err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("play with %s: %w", command[0], err)
	}
	frames := make(chan []byte, 50) // a second
	e.mu.Lock()
	e.frames = frames
	e.mu.Unlock()
	var wg sync.WaitGroup
	wg.Go(func() { feed(in, frames) })
	return func() {
		e.mu.Lock()
		e.frames = nil
		e.mu.Unlock()
		close(frames)
		wg.Wait()
		_ = cmd.Wait() // a player that has failed was not heard
	}, nil
}

// feed writes frames until they end. One that cannot be written is the player's
// end, and not that of the call.
func feed(in io.WriteCloser, frames <-chan []byte) {
	defer func() { _ = in.Close() }()
	for f := range frames {
		if _, err := in.Write(f); err != nil {
			for range frames { //nolint:revive // nobody listens any more
			}
			return
		}
	}
}
