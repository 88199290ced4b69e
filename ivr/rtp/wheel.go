package rtp

import (
	"context"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"setu/ivr/g711"
)

// Times of the wheel. Ten places spread the calls, so that none waits for many
// others: with a thousand calls on two wheels, for fifty packets, half a
// millisecond.
const (
	frameTime = 20 * time.Millisecond // a turn, and the sound of a packet
	places    = 10
	placeTime = frameTime / places
	frame     = g711.Rate * int(frameTime/time.Millisecond) / 1000 // in octets and samples: 160
	// standstill is how much is made up for when the wheel was held up. More, as
	// after the machine was suspended, is left out.
	standstill = time.Second
)

// wheel turns on one core and carries its share of the streams.
type wheel struct {
	engine *Engine
	watch  watch
	counts counts
	in     *inbox
	out    []byte // scratch: the packet that is sent

	mu      sync.Mutex
	streams [places][]*Stream
	held    int // of all places
	wake    chan struct{}
}

// counts are those of [Stats].
type counts struct {
	sent, unsent, received, strangers, malformed, dropped atomic.Uint64
}

func newWheel(e *Engine) *wheel {
	return &wheel{
		engine: e, watch: watch{tooLate: e.opts.Busy}, in: newInbox(),
		out: make([]byte, 0, letterOctets), wake: make(chan struct{}, 1),
	}
}

// emptiest is the place with the fewest streams, and how many all places have.
func (w *wheel) emptiest() (place, held int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.streams {
		if len(w.streams[i]) < len(w.streams[place]) {
			place = i
		}
	}
	return place, w.held
}

// add gives a stream a place.
func (w *wheel) add(s *Stream, place int) {
	w.mu.Lock()
	w.streams[place] = append(w.streams[place], s)
	w.held++
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// run turns the wheel while there are streams, until ctx ends.
func (w *wheel) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		w.watch.rest()
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
			w.spin(ctx, timer)
		}
	}
}

// spin turns until there are no streams. Places are counted from the engine's
// beginning, so that each is due at a time that nothing moves.
func (w *wheel) spin(ctx context.Context, timer *time.Timer) {
	at := int64(w.engine.clock()/placeTime) + 1
	for {
		next, ok := w.occupied(at)
		if !ok {
			return
		}
		due := time.Duration(next) * placeTime
		w.watch.due.Store(int64(due))
		now := w.engine.clock()
		if now-due > standstill {
			at = int64(now / placeTime)
			continue
		}
		if now < due {
			timer.Reset(due - now)
			select {
			case <-ctx.Done():
				return
			case <-timer.C:
			}
		} else if ctx.Err() != nil {
			return
		}
		w.visit(int(next%places), next/places)
		w.watch.note(due, w.engine.clock())
		at = next + 1
	}
}

// occupied is the first place with streams from one on; ok is false if there are
// none.
func (w *wheel) occupied(at int64) (next int64, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range int64(places) {
		if len(w.streams[(at+i)%places]) > 0 {
			return at + i, true
		}
	}
	return 0, false
}

// visit lets the streams of a place receive and send, and forgets those that have
// been closed.
func (w *wheel) visit(place int, turn int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.engine.opts.Now()
	kept := w.streams[place][:0]
	for _, s := range w.streams[place] {
		if w.tick(s, turn, now) {
			kept = append(kept, s)
		}
	}
	w.held -= len(w.streams[place]) - len(kept)
	clear(w.streams[place][len(kept):])
	w.streams[place] = kept
}

// tick lets one stream receive and send. A fault in it ends that stream alone.
func (w *wheel) tick(s *Stream, turn int64, now time.Time) (open bool) {
	defer func() {
		if fault := recover(); fault != nil {
			w.engine.opts.Log.Error("stream ended by a fault", slog.Any("fault", fault), slog.String("stack", string(debug.Stack())))
			s.Close()
			open = false
		}
	}()
	played, open := s.tick(w, turn, now)
	if played != nil {
		played()
	}
	return open
}

// closeAll closes the streams.
func (w *wheel) closeAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.streams {
		for _, s := range w.streams[i] {
			s.Close()
		}
		w.streams[i] = nil
	}
	w.held = 0
}
