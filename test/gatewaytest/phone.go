package gatewaytest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"setu/channels/smpp"
	"setu/channels/sms"
)

// Phones are citizens' handsets behind one bind of the sandbox partner: what
// they send goes in as submit_sm, what they are told comes back as deliver_sm.
type Phones struct {
	client *smpp.Client
	stop   context.CancelFunc
	ended  chan struct{}

	mu    sync.Mutex
	told  map[string][]string // by number without plus
	parts *sms.Reassembler
	sent  []string      // texts, by whomever
	news  chan struct{} // closed and replaced when something is told
	ref   uint16
}

// Dial binds to the gateway as the partner; it keeps binding again until the
// test ends.
func Dial(t testing.TB, addr, systemID, password string) *Phones {
	t.Helper()
	p := &Phones{told: map[string][]string{}, parts: &sms.Reassembler{}, news: make(chan struct{}), ended: make(chan struct{}), ref: uint16(rand.Uint32())} //nolint:gosec // a reference wraps
	up := make(chan struct{}, 1)
	c, err := smpp.NewClient(smpp.ClientConfig{
		Name: "phones", Addr: addr, SystemID: systemID, Password: smpp.Secret(password),
		Random: func() float64 { return 0.05 }, // bind again soon
		OnState: func(s smpp.LinkState) {
			if s.Session != nil {
				select {
				case up <- struct{}{}:
				default:
				}
			}
		},
		SessionConfig: smpp.SessionConfig{Handler: p.handle, Window: 256},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.client = c
	ctx, cancel := context.WithCancel(context.Background())
	p.stop = cancel
	go func() { defer close(p.ended); _ = c.Run(ctx) }()
	t.Cleanup(p.Close)
	select {
	case <-up:
	case <-time.After(20 * time.Second):
		t.Fatalf("no bind at %s", addr)
	}
	return p
}

// Close unbinds.
func (p *Phones) Close() {
	p.stop()
	<-p.ended
}

// handle takes one message to a citizen.
func (p *Phones) handle(r *smpp.Request) {
	defer r.Respond(smpp.ROK, "")
	coding, _ := sms.CodingOf(r.Message.DataCoding)
	part := sms.Part{Seq: 1, Coding: coding, Body: r.Message.Text}
	number := r.Message.Dest.Addr
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.Message.HasHeader() {
		if h, body, err := sms.ParseUDH(r.Message.Text); err == nil && h.Concat.Valid() {
			part.Body, part.Seq = body, h.Concat.Seq
			whole, _ := p.parts.Add(sms.Key{To: number, Ref: h.Concat.Ref, Wide: h.Concat.Wide, Total: h.Concat.Total}, part, time.Now())
			for _, m := range whole {
				p.tell(number, m.Text)
			}
			return
		}
	}
	j := sms.Join(1, []sms.Part{part})
	p.tell(number, j.Text)
}

func (p *Phones) tell(number, text string) {
	p.told[number] = append(p.told[number], text)
	close(p.news)
	p.news = make(chan struct{})
}

// Send sends a text from a number without plus, in as many parts as it takes,
// and waits until the gateway has accepted each.
func (p *Phones) Send(ctx context.Context, number, text string) error {
	coding := sms.Choose(text)
	p.mu.Lock()
	p.ref++
	ref := p.ref
	p.sent = append(p.sent, text)
	p.note(number)
	p.mu.Unlock()
	segments, err := sms.Split(text, coding, ref, true)
	if err != nil {
		return err
	}
	for _, s := range segments {
		m := smpp.ShortMessage{
			Source: smpp.Address{TON: 1, NPI: 1, Addr: number}, Dest: smpp.Address{Addr: "51969"},
			DataCoding: byte(coding), Text: append(append([]byte{}, s.UDH...), s.Body...),
		}
		if len(s.UDH) > 0 {
			m.ESMClass = smpp.ESMHeaderIndicator
		}
		if err := p.submit(ctx, &m); err != nil {
			return err
		}
	}
	return nil
}

// Raw sends one message as it is and gives the gateway's status.
func (p *Phones) Raw(ctx context.Context, m *smpp.ShortMessage) (smpp.Status, error) {
	answered := make(chan error, 1)
	var status smpp.Status
	if err := p.client.Send(ctx, m, func(r smpp.Resp, err error) { status = r.Status; answered <- err }); err != nil {
		return 0, err
	}
	select {
	case err := <-answered:
		return status, err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func (p *Phones) submit(ctx context.Context, m *smpp.ShortMessage) error {
	status, err := p.Raw(ctx, m)
	if err == nil && status != smpp.ROK {
		err = fmt.Errorf("refused with %v", status)
	}
	return err
}

// Seen are the numbers that wrote or were written to, and all texts both ways.
func (p *Phones) Seen() (numbers, texts []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	texts = append(texts, p.sent...)
	for number, told := range p.told {
		numbers = append(numbers, number)
		texts = append(texts, told...)
	}
	return numbers, texts
}

// Note names a number whose messages a test sends by other ways, so that
// [Phones.Seen] knows it.
func (p *Phones) Note(number string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.note(number)
}

// Heard takes down texts that passed by other ways than SMS, for [Phones.Seen].
func (p *Phones) Heard(texts ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, texts...)
}

func (p *Phones) note(number string) {
	if p.told[number] == nil {
		p.told[number] = []string{}
	}
}

// Told is all that a number was told so far.
func (p *Phones) Told(number string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.told[number]...)
}

// Await waits until a number was told more than n messages, and gives the
// one after the n-th.
func (p *Phones) Await(ctx context.Context, number string, n int) (string, error) {
	for {
		p.mu.Lock()
		told, news := p.told[number], p.news
		p.mu.Unlock()
		if len(told) > n {
			return told[n], nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return "", fmt.Errorf("%s was told %d messages and waits for another: %w", number, len(told), ctx.Err())
		}
	}
}

// Ask sends a text and gives the reply to it.
func (p *Phones) Ask(t testing.TB, number, text string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	n := len(p.Told(number))
	if err := p.Send(ctx, number, text); err != nil {
		t.Fatalf("send %q: %v", text, err)
	}
	reply, err := p.Await(ctx, number, n)
	if err != nil {
		t.Fatalf("no reply to %q: %v", text, err)
	}
	return reply
}

// Receipt finds the receipt number in a text.
func Receipt(text string) string {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return (r < '0' || r > '9') && r != '-' }) {
		if w := strings.Trim(word, "-"); len(w) == 14 && strings.Count(w, "-") == 2 {
			return w
		}
	}
	return ""
}
