package ussdsmpp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"setu/channels"
	"setu/channels/smpp"
	"setu/channels/sms"
	"setu/gateway"
	"setu/ussd"
)

// Notifier sends what a citizen is told after a dialogue: as a notification to
// her handset where the link has Push and the text fits one screen, and by SMS
// in every other case and when the notification fails. When its fate is not
// known it goes by SMS too: she may then have it twice, and never not at all.
type Notifier struct {
	*Driver
	Link string // that she has dialled on
	// AtOnce is the class of messages that go with a screen, such as its copy:
	// they go by SMS.
	AtOnce string
	// SMS takes what is not shown, with the same route.
	SMS channels.Sender
}

var _ channels.Sender = (*Notifier)(nil)

// notice is a notification under way.
type notice struct {
	Notifier
	to     gateway.Route
	m      gateway.SMSOut
	screen ussd.Screen
	done   func(string, error)
}

// Send passes m on. What is shown has no message identifier.
func (n *Notifier) Send(ctx context.Context, to gateway.Route, m gateway.SMSOut, done func(string, error)) error {
	if !n.Links[n.Link].Push || m.Class == n.AtOnce {
		return n.SMS.Send(ctx, to, m, done)
	}
	screens := n.Layout(n.Link).Limit.Screens(ussd.Sheet{Parts: []string{m.Text.Reveal()}, End: true})
	if len(screens) > 1 {
		n.counts.TooLong.Add(1)
		return n.SMS.Send(ctx, to, m, done)
	}
	if !n.queue(job{notice: &notice{Notifier: *n, to: to, m: m, screen: screens[0], done: done}}) {
		n.counts.Unnotified.Add(1)
		return n.SMS.Send(ctx, to, m, done)
	}
	return nil
}

// notify shows a notification, or sends its text by SMS.
func (d *Driver) notify(ctx context.Context, n *notice) {
	err := d.show(ctx, n)
	switch {
	case err == nil:
		d.counts.Notified.Add(1)
		n.done("", nil)
		return
	case errors.Is(err, channels.ErrUnknown):
		d.counts.Unsure.Add(1)
	default:
		d.counts.Unnotified.Add(1)
	}
	d.Log.DebugContext(ctx, "ussd notification goes by SMS", slog.String("link", n.Link), slog.String("error", err.Error()))
	if err := n.SMS.Send(ctx, n.to, n.m, n.done); err != nil {
		n.done("", err)
	}
}

// show sends a notification and waits until the handset has confirmed it or,
// where the dialect knows no confirmation, the gateway has taken it. The error
// is ErrUnknown when it may be shown, and another when it is not.
func (d *Driver) show(ctx context.Context, n *notice) (err error) {
	defer func() {
		if p := recover(); p != nil { // its value may quote the citizen
			d.counts.Faults.Add(1)
			d.Log.ErrorContext(ctx, "ussd notification panicked", slog.String("link", n.Link), slog.String("stack", string(debug.Stack())))
			err = fmt.Errorf("%w: panic", channels.ErrUnknown)
		}
	}()
	l := d.Links[n.Link]
	m, err := l.Dialect.Notification(n.to, n.screen)
	if err != nil {
		return err
	}
	confirmed, ok := d.shows.begin(n.Link, n.to.Citizen)
	if !ok {
		return fmt.Errorf("%w: another is before it", errRefused)
	}
	defer d.shows.end(n.Link, n.to.Citizen)
	ctx, cancel := context.WithTimeout(ctx, d.Patience)
	defer cancel()
	answered := make(chan error, 1)
	if err := d.Out(ctx, n.Link, &m, func(r smpp.Resp, err error) { answered <- fate(r.Status, err) }); err != nil {
		return err
	}
	for {
		select {
		case err := <-answered:
			if err != nil || len(l.Dialect.FromGateway.Confirm) == 0 {
				return err
			}
			answered = nil // taken; now the handset
		case <-confirmed:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("%w: not confirmed within %v", channels.ErrUnknown, d.Patience)
		case <-d.stopping: // an SMS can still be sent
			return fmt.Errorf("%w: the gateway stops", channels.ErrUnknown)
		}
	}
}

// fate is what a gateway's answer says of a notification.
func fate(status smpp.Status, err error) error {
	switch {
	case err == nil && status == smpp.ROK:
		return nil
	case err == nil:
		return fmt.Errorf("%w: %v", errRefused, status)
	case errors.Is(err, smpp.ErrNotBound), errors.Is(err, smpp.ErrNotSent), errors.Is(err, smpp.ErrWrongBind):
		return err
	}
	return fmt.Errorf("%w: %w", channels.ErrUnknown, err)
}

// Notification is a screen as the gateway takes it unasked, from the code that
// was dialled to the citizen. It names no dialogue, since there is none.
func (d *Dialect) Notification(to gateway.Route, s ussd.Screen) (smpp.ShortMessage, error) {
	text, err := sms.Encode(s.Text, s.Coding)
	if err != nil {
		return smpp.ShortMessage{}, fmt.Errorf("encode notification: %w", err)
	}
	m := smpp.ShortMessage{
		ServiceType: d.ServiceType, Source: smpp.Address{Addr: to.Code.Reveal()},
		Dest:       smpp.Address{TON: tonInternational, NPI: npiISDN, Addr: strings.TrimPrefix(to.Citizen.Reveal(), "+")},
		DataCoding: d.Coding.GSM7, Text: text,
		TLVs: smpp.TLVs{{Tag: smpp.TagUSSDServiceOp, Value: []byte{d.ToGateway.Notify}}},
	}
	if s.Coding == sms.UCS2 {
		m.DataCoding = d.Coding.UCS2
	}
	return m, nil
}

// npiISDN is the numbering plan of phone numbers (SMPP 3.4, 5.2.6).
const npiISDN = 1

// confirms says that a message confirms a notification.
func (d *Dialect) confirms(m *smpp.ShortMessage) bool {
	op, ok := m.TLVs.Find(smpp.TagUSSDServiceOp)
	return ok && len(op) == 1 && slices.Contains(d.FromGateway.Confirm, op[0])
}

// confirmed notes that a citizen's handset has shown what it was sent. One that
// comes too late is of no use: the text has gone by SMS.
func (d *Driver) confirmed(link string, m *smpp.ShortMessage) {
	if from, status := citizen(m.Source); status == smpp.ROK {
		d.shows.confirm(link, from)
	}
}

// shows are the notifications that wait for their confirmation: one for each
// citizen of a link, since nothing in a confirmation says which it means.
type shows struct {
	mu sync.Mutex
	by map[show]chan struct{}
}

type show struct {
	link    string
	citizen gateway.Address
}

// begin gives the channel that the confirmation comes on, unless there is
// one under way.
func (s *shows) begin(link string, citizen gateway.Address) (<-chan struct{}, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := show{link, citizen}
	if _, ok := s.by[key]; ok {
		return nil, false
	}
	if s.by == nil {
		s.by = map[show]chan struct{}{}
	}
	ch := make(chan struct{}, 1)
	s.by[key] = ch
	return ch, true
}

func (s *shows) end(link string, citizen gateway.Address) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.by, show{link, citizen})
}

func (s *shows) confirm(link string, citizen gateway.Address) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.by[show{link, citizen}] <- struct{}{}:
	default: // none waits, or it came twice
	}
}
