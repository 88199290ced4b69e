package handset

import (
	"context"
	"crypto/rand"
	"strconv"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"setu/gateway"
	"setu/ivr/conductor"
	"setu/ivr/voice"
)

// call is a telephone call by a page. It is its own [conductor.Leg]: what is to be
// played becomes a sound that the page fetches.
type call struct {
	keys   chan byte
	hangUp context.CancelCauseFunc

	mu     sync.Mutex
	events []event
	news   chan struct{} // closed when there is an event
	part   int           // the sound that is playing
	sounds [2][]byte     // it and the one before, which the page may be fetching
	played *time.Timer
	seen   *time.Timer // ends the call when the page is gone
}

// event is what happens on a call, as the page is told.
type event struct {
	Seq  int    `json:"seq"`            // from 1
	Say  string `json:"say,omitempty"`  // what is said, in words
	Play string `json:"play,omitempty"` // path of the sound
	Stop bool   `json:"stop,omitempty"` // nothing is played any more
	End  string `json:"end,omitempty"`  // the call is over, and how
}

// lag is how much later than the gateway the page is with a sound.
const lag = 300 * time.Millisecond

var _ conductor.Leg = (*call)(nil)

// Play lets the page play clips.
func (c *call) Play(clips []voice.Clip, played func()) {
	whole := voice.Join(clips...)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.part++
	c.sounds[c.part%len(c.sounds)] = whole.WAV()
	c.played.Stop()
	c.played = time.AfterFunc(whole.Length()+lag, played)
	c.tell(event{Play: strconv.Itoa(c.part) + ".wav"})
}

// Stop lets the page be silent.
func (c *call) Stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.played.Stop()
	c.tell(event{Stop: true})
}

// Keys are those that are pressed on the page.
func (c *call) Keys() <-chan byte { return c.keys }

// tell adds an event. c.mu is held.
func (c *call) tell(e event) {
	e.Seq = len(c.events) + 1
	c.events = append(c.events, e)
	close(c.news)
	c.news = make(chan struct{})
}

// place is POST /try/call: the handset {number} calls the gateway. The answer is
// the call's id.
func (d *Desk) place(c *fiber.Ctx) error {
	var in struct{ Number string }
	if err := c.BodyParser(&in); err != nil || !mobile.MatchString(in.Number) {
		return fiber.NewError(fiber.StatusBadRequest)
	}
	id := rand.Text()
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.calls) >= mostCalls {
		return fiber.NewError(fiber.StatusServiceUnavailable)
	}
	ctx, cancel := context.WithCancelCause(context.Background()) //nolint:contextcheck // a call outlives the request that places it
	one := &call{
		keys: make(chan byte, 32), hangUp: cancel, news: make(chan struct{}),
		played: time.NewTimer(0), seen: time.AfterFunc(present, func() { cancel(conductor.ErrLost) }),
	}
	d.calls[id] = one
	d.ended.Go(func() { d.conduct(ctx, id, one, gateway.Address(in.Number)) })
	return c.Status(fiber.StatusCreated).JSON(fiber.Map{"id": id})
}

// conduct runs a call to its end, and lets the page hear of it.
func (d *Desk) conduct(ctx context.Context, id string, one *call, from gateway.Address) {
	row := d.Board.Begin(Link, false, d.Now())
	d.Board.Answered(row, d.Now())
	end := d.Conductor.Run(ctx, conductor.Call{
		ID: id, Link: Link, From: from, To: d.Code, Stop: d.stop,
		Said: func(text string) {
			one.mu.Lock()
			defer one.mu.Unlock()
			one.tell(event{Say: text})
		},
	}, one)
	d.Board.End(row, end, d.Now())
	one.hangUp(nil)
	one.seen.Stop()
	one.mu.Lock()
	one.tell(event{End: string(end)})
	one.mu.Unlock()
	heard := time.NewTimer(patience) // the page has time to hear of it
	defer heard.Stop()
	select {
	case <-d.stop:
	case <-heard.C:
	}
	d.mu.Lock()
	delete(d.calls, id)
	d.mu.Unlock()
}

// called is the call that a request is about.
func (d *Desk) called(c *fiber.Ctx) (*call, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	one, ok := d.calls[c.Params("id")]
	if !ok {
		return nil, fiber.ErrNotFound
	}
	return one, nil
}

// listen is GET /try/call/{id}?after=…: the events after one, as soon as there are
// any.
func (d *Desk) listen(c *fiber.Ctx) error {
	one, err := d.called(c)
	if err != nil {
		return err
	}
	after := max(c.QueryInt("after"), 0)
	wait := time.NewTimer(patience)
	defer wait.Stop()
	for {
		one.mu.Lock()
		one.seen.Reset(present)
		events, news := one.events[min(after, len(one.events)):], one.news
		one.mu.Unlock()
		if len(events) > 0 {
			return c.JSON(events)
		}
		select {
		case <-news:
		case <-wait.C:
			return c.JSON([]event{})
		case <-c.Context().Done():
			return c.JSON([]event{})
		}
	}
}

// sound is GET /try/call/{id}/{part}.wav: what is playing, or did before that.
func (d *Desk) sound(c *fiber.Ctx) error {
	one, err := d.called(c)
	if err != nil {
		return err
	}
	one.mu.Lock()
	defer one.mu.Unlock()
	part, err := c.ParamsInt("part")
	if err != nil || part < 1 || part > one.part || part <= one.part-len(one.sounds) {
		return fiber.ErrNotFound
	}
	c.Set(fiber.HeaderContentType, "audio/wav")
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.Send(one.sounds[part%len(one.sounds)])
}

// press is POST /try/call/{id}: {keys} are pressed.
func (d *Desk) press(c *fiber.Ctx) error {
	one, err := d.called(c)
	if err != nil {
		return err
	}
	var in struct{ Keys string }
	if err := c.BodyParser(&in); err != nil {
		return fiber.NewError(fiber.StatusBadRequest)
	}
	for i := range len(in.Keys) {
		select {
		case one.keys <- in.Keys[i]:
		default:
			return fiber.NewError(fiber.StatusTooManyRequests)
		}
	}
	return c.SendStatus(fiber.StatusNoContent)
}

// hangUp is DELETE /try/call/{id}.
func (d *Desk) hangUp(c *fiber.Ctx) error {
	one, err := d.called(c)
	if err != nil {
		return err
	}
	one.hangUp(context.Canceled)
	return c.SendStatus(fiber.StatusNoContent)
}
