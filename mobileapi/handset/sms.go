package handset

import (
	"context"
	"crypto/rand"
	"regexp"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"setu/channels"
	"setu/gateway"
)

// handset is the SMS side of one telephone.
type handset struct {
	last  int64
	inbox []message
	seen  time.Time     // when the page asked last
	news  chan struct{} // closed when a message comes
}

// message is an SMS to the handset.
type message struct {
	ID   int64     `json:"id"` // in the order of their coming, from 1
	Text string    `json:"text"`
	At   time.Time `json:"at"`
}

const (
	keptMessages = 50
	// patience is how long a page is kept waiting for news.
	patience = 20 * time.Second
	// present is how long after its last question a page is taken for open.
	present = 2 * patience
)

// mobile is the only kind of number that a handset may have: an Indian mobile one.
var mobile = regexp.MustCompile(`^\+91[6-9]\d{9}$`)

// Has says that a handset with the number is on somebody's page now, so that what
// else is sent to it should come there.
func (d *Desk) Has(number gateway.Address) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	h, ok := d.handsets[number]
	return ok && d.Now().Sub(h.seen) < present
}

// of is the handset of a number, which is made if there is none; the one that was
// left alone longest makes room. d.mu is held.
func (d *Desk) of(number gateway.Address) *handset {
	h, ok := d.handsets[number]
	if ok {
		return h
	}
	if len(d.handsets) >= mostHandsets {
		var oldest gateway.Address
		for n, other := range d.handsets {
			if o, known := d.handsets[oldest]; !known || other.seen.Before(o.seen) {
				oldest = n
			}
		}
		delete(d.handsets, oldest)
	}
	h = &handset{news: make(chan struct{})}
	d.handsets[number] = h
	return h
}

// Send puts a message into the inbox of a handset.
func (d *Desk) Send(_ context.Context, to gateway.Route, m gateway.SMSOut, done func(string, error)) error {
	d.mu.Lock()
	h := d.of(to.Citizen)
	h.last++
	if h.inbox = append(h.inbox, message{ID: h.last, Text: m.Text.Reveal(), At: d.Now().UTC()}); len(h.inbox) > keptMessages {
		h.inbox = slices.Delete(h.inbox, 0, 1)
	}
	close(h.news)
	h.news = make(chan struct{})
	d.mu.Unlock()
	done(rand.Text(), nil)
	return nil
}

var _ channels.Sender = (*Desk)(nil)

// write is POST /try/sms: the handset sends {number, text}. It is answered when
// the message is on disk.
func (d *Desk) write(c *fiber.Ctx) error {
	var in struct{ Number, Text string }
	if err := c.BodyParser(&in); err != nil || !mobile.MatchString(in.Number) || in.Text == "" || len(in.Text) > 4000 {
		return fiber.NewError(fiber.StatusBadRequest)
	}
	kept := make(chan error, 1)
	d.Acceptor.Accept(gateway.Inbound{
		Key: rand.Text(), Link: Link, Medium: gateway.SMS, From: gateway.Address(in.Number), To: d.Code,
		Text: gateway.Private(in.Text), At: d.Now(),
	}, gateway.FragmentKey{}, func(err error) { kept <- err })
	if err := <-kept; err != nil {
		return fiber.NewError(fiber.StatusServiceUnavailable)
	}
	return c.SendStatus(fiber.StatusAccepted)
}

// read is GET /try/sms?number=…&after=…: the messages that came after one, as soon
// as there are any.
func (d *Desk) read(c *fiber.Ctx) error {
	number := gateway.Address("+" + c.Query("number"))
	if !mobile.MatchString(number.Reveal()) {
		return fiber.NewError(fiber.StatusBadRequest)
	}
	after := int64(c.QueryInt("after"))
	wait := time.NewTimer(patience)
	defer wait.Stop()
	for {
		list, news := d.since(number, after)
		if len(list) > 0 {
			return c.JSON(list)
		}
		select {
		case <-news:
		case <-wait.C:
			return c.JSON([]message{})
		case <-c.Context().Done(): // the gateway stops
			return c.JSON([]message{})
		}
	}
}

// since gives the messages after one, and what tells of the next.
func (d *Desk) since(number gateway.Address, after int64) ([]message, <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	h := d.of(number)
	h.seen = d.Now()
	if after > h.last { // the page is older than the gateway
		after = 0
	}
	var list []message
	for _, m := range h.inbox {
		if m.ID > after {
			list = append(list, m)
		}
	}
	return list, h.news
}
