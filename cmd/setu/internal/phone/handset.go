package phone

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"setu/channels/smpp"
	"setu/channels/sms"
)

// sweepEvery is how often the parts of long messages are looked at whose
// other parts never came.
const sweepEvery = time.Minute

// international is the type of number and numbering plan of E.164 numbers.
var international = smpp.Address{TON: 1, NPI: 1}

// linkChanged says that the link came up or went down.
type linkChanged struct {
	up    bool
	err   error         // why it is down
	retry time.Duration // when it is tried again
}

// messageSettled says what became of a message of ours.
type messageSettled struct {
	id  int
	err error // nil: the gateway has it
}

// messageReceived is a message to one of our numbers.
type messageReceived struct {
	number     string // ours, E.164 with plus
	text       string
	coding     sms.Coding
	segments   int
	incomplete bool
	at         time.Time
}

// handset is the radio of the phone: it knows the wire and no screen. What
// happens is told to notify, one of the three types above.
type handset struct {
	cfg    Config
	client *smpp.Client
	notify func(event any)
	ref    atomic.Uint32 // of the next message

	mu      sync.Mutex
	numbers map[string]bool // that this handset has had
	parts   sms.Reassembler
}

// newHandset makes a handset that is switched off; run switches it on.
func newHandset(cfg Config, notify func(event any)) (*handset, error) {
	h := &handset{cfg: cfg, notify: notify, numbers: map[string]bool{cfg.Number: true}}
	// A gateway takes the same text with the same reference, soon after, for
	// a redelivery: so no two handsets begin with the same one.
	h.ref.Store(rand.Uint32()) //nolint:gosec // not to collide, not to be secret
	client, err := smpp.NewClient(smpp.ClientConfig{
		Name: "phone", Addr: cfg.Addr, SystemID: cfg.SystemID, Password: smpp.Secret(cfg.Password),
		Bind: smpp.Transceiver, DrainTime: time.Second,
		// Of several handsets each gets its own answers.
		TON: 1, NPI: 1, Addresses: strings.TrimPrefix(cfg.Number, "+"),
		OnState: func(s smpp.LinkState) {
			notify(linkChanged{up: s.Session != nil, err: s.Err, retry: s.Retry})
		},
		SessionConfig: smpp.SessionConfig{Handler: h.receive, Now: cfg.Now, Log: cfg.Log},
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	h.client = client
	return h, nil
}

// run keeps the handset on until ctx ends.
func (h *handset) run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { h.sweep(ctx) })
	_ = h.client.Run(ctx) // it ends with ctx, and says so
	wg.Wait()
}

// owns adds a number to those that this handset answers to.
func (h *handset) owns(number string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.numbers[number] = true
}

// send passes a text on, in parts if it is long. What becomes of it comes as
// messageSettled with the id. An error means that nothing was sent.
func (h *handset) send(ctx context.Context, id int, number, text string) error {
	h.owns(number)
	ref := h.ref.Add(1)
	coding := sms.Choose(text)
	segments, err := sms.Split(text, coding, uint16(ref), false)
	if err != nil {
		return err
	}
	all := &outcome{left: len(segments), done: func(err error) { h.notify(messageSettled{id, err}) }}
	for i, segment := range segments {
		if err := h.client.Send(ctx, h.message(number, coding, segment, uint16(ref)), all.add); err != nil {
			if i == 0 {
				return err
			}
			all.settle(len(segments)-i, err)
			return nil
		}
	}
	return nil
}

func (h *handset) message(number string, c sms.Coding, s sms.Segment, ref uint16) *smpp.ShortMessage {
	m := &smpp.ShortMessage{
		Source: international, Dest: smpp.Address{Addr: h.cfg.Code},
		DataCoding: byte(c), Text: s.Body,
		TLVs: smpp.TLVs{{Tag: smpp.TagUserMessageRef, Value: []byte{byte(ref >> 8), byte(ref)}}},
	}
	m.Source.Addr = strings.TrimPrefix(number, "+")
	if len(s.UDH) > 0 {
		m.ESMClass = smpp.ESMHeaderIndicator
		m.Text = append(append([]byte(nil), s.UDH...), s.Body...)
	}
	return m
}

// outcome gathers the answers to the parts of one message: the first error
// speaks for all.
type outcome struct {
	mu   sync.Mutex
	left int
	err  error
	done func(error)
}

func (o *outcome) add(r smpp.Resp, err error) {
	if err == nil && r.Status != smpp.ROK {
		err = fmt.Errorf("%w with %v", ErrNotTaken, r.Status)
	}
	o.settle(1, err)
}

func (o *outcome) settle(n int, err error) {
	o.mu.Lock()
	o.left -= n
	if o.err == nil {
		o.err = err
	}
	left, first := o.left, o.err
	o.mu.Unlock()
	if left == 0 {
		o.done(first)
	}
}

// receive takes a deliver_sm. One for a number that is not ours is put off
// with ESME_RX_T_APPN, because another handset may be bound beside this one
// and get it at the next try.
func (h *handset) receive(r *smpp.Request) {
	m := &r.Message
	number := "+" + strings.TrimPrefix(m.Dest.Addr, "+")
	if m.IsReceipt() {
		r.Respond(smpp.ROK, "")
		return
	}
	h.mu.Lock()
	ours := h.numbers[number]
	h.mu.Unlock()
	if !ours {
		r.Respond(smpp.RXTAppn, "")
		return
	}
	for _, done := range h.take(number, m) {
		h.notify(done)
	}
	r.Respond(smpp.ROK, "")
}

// take gives the messages that are complete with this part.
func (h *handset) take(number string, m *smpp.ShortMessage) []messageReceived {
	part := sms.Part{Seq: 1, Coding: sms.Coding(m.DataCoding), Body: m.Text}
	var concat sms.Concat
	if m.HasHeader() {
		if udh, body, err := sms.ParseUDH(m.Text); err == nil {
			part.Body, part.Lock, part.Single, concat = body, udh.Lock, udh.Single, udh.Concat
		}
	}
	if !concat.Valid() || concat.Total == 1 {
		return []messageReceived{h.received(number, 1, part.Coding, sms.Join(1, []sms.Part{part}))}
	}
	part.Seq = concat.Seq
	key := sms.Key{From: m.Source.Addr, To: number, Ref: concat.Ref, Wide: concat.Wide, Total: concat.Total}
	h.mu.Lock()
	whole, _ := h.parts.Add(key, part, h.cfg.Now())
	h.mu.Unlock()
	return h.joined(whole, part.Coding)
}

func (h *handset) joined(whole []sms.Message, coding sms.Coding) []messageReceived {
	var all []messageReceived
	for _, w := range whole {
		all = append(all, h.received(w.Key.To, int(w.Key.Total)-len(w.Missing), coding, w.Joined))
	}
	return all
}

func (h *handset) received(number string, segments int, c sms.Coding, j sms.Joined) messageReceived {
	return messageReceived{
		number: number, text: printable(j.Text), coding: c, segments: segments,
		incomplete: len(j.Missing) > 0 || j.Err != nil, at: h.cfg.Now(),
	}
}

// sweep shows what has come of messages whose other parts are overdue.
func (h *handset) sweep(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			h.mu.Lock()
			overdue := h.parts.Expire(h.cfg.Now())
			h.mu.Unlock()
			for _, m := range overdue {
				h.notify(h.joined([]sms.Message{m}, sms.Choose(m.Text))[0])
			}
		}
	}
}

// refusal says in a few words why a message did not go.
func refusal(err error) string {
	switch {
	case errors.Is(err, smpp.ErrNotBound), errors.Is(err, smpp.ErrNotSent):
		return "not sent: no link"
	case errors.Is(err, smpp.ErrLost), errors.Is(err, smpp.ErrNoResponse):
		return "no answer from the gateway: perhaps sent"
	case errors.Is(err, sms.ErrTooLong):
		return "not sent: too long for an SMS"
	}
	return "not sent: " + err.Error()
}
