package fault_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"setu/channels/smpp"
	"setu/channels/sms"
)

// code is the short code that citizens write to.
const code = "51969"

// patience is longer than any wait of a test. A provider that gave up a
// response on a link that lives would send the message again on it, which
// means that the citizen wrote it again.
const patience = 5 * time.Minute

// provider is an operator's SMSC or a partner: it keeps what citizens wrote
// until the gateway has acknowledged it, and hands out what they are told.
type provider struct {
	// receipts says that delivery receipts are sent where they are asked for.
	receipts bool

	mu       sync.Mutex
	session  *smpp.Session
	change   chan struct{} // closed and replaced with each change of session
	life     int           // of the gateway
	citizens map[string]*citizen
	parts    *sms.Reassembler // a handset forgets halves that a kill left
	ref      uint16
	random   *rand.Rand

	ids                          atomic.Int64 // of messages taken from the gateway
	sent, acked, redelivered     atomic.Int64 // PDUs of citizens' messages
	refused                      atomic.Int64 // of them, answered with another status than ESME_ROK
	received, receipted, strange atomic.Int64
	running                      sync.WaitGroup // receipts under way
}

func newProvider(r *rand.Rand) *provider {
	return &provider{
		change: make(chan struct{}), citizens: map[string]*citizen{}, parts: &sms.Reassembler{},
		ref: uint16(r.UintN(1 << 16)), random: rand.New(rand.NewPCG(r.Uint64(), r.Uint64())), //nolint:gosec // see random
	}
}

// begin says that a new life of the gateway begins, once all that the one before
// it had written is read.
func (p *provider) begin(ctx context.Context, life int) error {
	for {
		p.mu.Lock()
		gone, change := p.session == nil, p.change
		if gone {
			p.life, p.parts = life, &sms.Reassembler{}
		}
		p.mu.Unlock()
		if gone {
			return nil
		}
		select {
		case <-change:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// beginAnew says that what comes over the next link is to be told from what came
// over those before it.
func (p *provider) beginAnew(life int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.life, p.parts = life, &sms.Reassembler{}
}

// add makes a citizen known.
func (p *provider) add(c *citizen) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.citizens[c.number] = c
}

// bound has a new link, or none when s is nil.
func (p *provider) bound(s *smpp.Session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.session = s
	close(p.change)
	p.change = make(chan struct{})
}

// lost has the link no more, unless there is a newer one.
func (p *provider) lost(s *smpp.Session) {
	p.mu.Lock()
	current := p.session
	p.mu.Unlock()
	if current == s {
		p.bound(nil)
	}
}

// link waits for a link.
func (p *provider) link(ctx context.Context) (*smpp.Session, error) {
	for {
		p.mu.Lock()
		s, change := p.session, p.change
		p.mu.Unlock()
		if s != nil {
			return s, nil
		}
		select {
		case <-change:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// answer is the gateway's answer to one PDU.
type answer struct {
	status smpp.Status
	err    error
}

// deliver sends m, on one link after the other, until the gateway has
// acknowledged it.
func (p *provider) deliver(ctx context.Context, m *smpp.ShortMessage) error {
	for try := 0; ; try++ {
		s, err := p.link(ctx)
		if err != nil {
			return err
		}
		answered := make(chan answer, 1)
		err = s.Send(ctx, m, func(r smpp.Resp, err error) { answered <- answer{r.Status, err} })
		if err != nil {
			answered <- answer{err: err}
		} else {
			p.sent.Add(1)
			if try > 0 {
				p.redelivered.Add(1)
			}
		}
		select {
		case a := <-answered:
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case a.err != nil:
				<-s.Done()
				p.lost(s)
			case a.status == smpp.ROK:
				p.acked.Add(1)
				return nil
			default:
				p.refused.Add(1)
				if err := pause(ctx, 50*time.Millisecond); err != nil {
					return err
				}
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// say sends a citizen's text, in as many parts as it takes.
func (p *provider) say(ctx context.Context, number, text string) error {
	coding := sms.Choose(text)
	p.mu.Lock()
	p.ref++
	ref := p.ref
	p.mu.Unlock()
	segments, err := sms.Split(text, coding, ref, true)
	if err != nil {
		return err
	}
	for _, seg := range segments {
		m := smpp.ShortMessage{
			Source: smpp.Address{TON: 1, NPI: 1, Addr: number}, Dest: smpp.Address{Addr: code},
			DataCoding: byte(coding), Text: append(append([]byte{}, seg.UDH...), seg.Body...),
		}
		if len(seg.UDH) > 0 {
			m.ESMClass = smpp.ESMHeaderIndicator
		}
		if err := p.deliver(ctx, &m); err != nil {
			return err
		}
	}
	return nil
}

// take takes one message to a citizen.
func (p *provider) take(ctx context.Context, r *smpp.Request) {
	p.hand(&r.Message)
	id := fmt.Sprintf("m-%d-x", p.ids.Add(1))
	if !p.receipts || r.Message.RegisteredDelivery == 0 {
		r.Respond(smpp.ROK, id)
		return
	}
	receipt := smpp.ShortMessage{
		Source: r.Message.Dest, Dest: r.Message.Source, ESMClass: smpp.ESMDeliveryReceipt,
		Text: smpp.AppendReceipt(nil, smpp.Receipt{ID: id, State: smpp.Delivered}),
	}
	p.mu.Lock()
	early := p.random.IntN(4) == 0
	p.mu.Unlock()
	if !early {
		r.Respond(smpp.ROK, id)
	}
	p.running.Go(func() {
		err := p.deliver(ctx, &receipt)
		if early { // some operators' receipts are faster than their answers
			r.Respond(smpp.ROK, id)
		}
		if err == nil {
			p.receipted.Add(1)
		}
	})
}

// hand gives a message, or the part of one, to its citizen's phone.
func (p *provider) hand(m *smpp.ShortMessage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.citizens[m.Dest.Addr]
	text, whole := p.read(m)
	switch {
	case c == nil:
		p.strange.Add(1)
	case whole:
		p.received.Add(1)
		c.hear(told{text: text, at: time.Now(), life: p.life})
	}
}

// read gives a message's text once all of its parts are there.
func (p *provider) read(m *smpp.ShortMessage) (text string, whole bool) {
	coding, _ := sms.CodingOf(m.DataCoding)
	part := sms.Part{Seq: 1, Coding: coding, Body: m.Text}
	if !m.HasHeader() {
		return sms.Join(1, []sms.Part{part}).Text, true
	}
	h, body, err := sms.ParseUDH(m.Text)
	if err != nil || !h.Concat.Valid() {
		p.strange.Add(1)
		return "", false
	}
	part.Body, part.Seq = body, h.Concat.Seq
	key := sms.Key{To: m.Dest.Addr, Ref: h.Concat.Ref, Wide: h.Concat.Wide, Total: h.Concat.Total}
	done, _ := p.parts.Add(key, part, time.Now())
	if len(done) == 0 {
		return "", false
	}
	return done[0].Text, true
}
