package smppsms

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"setu/channels"
	"setu/channels/smpp"
	"setu/channels/sms"
	"setu/gateway"
)

// outlet is one link as the outbox sees it.
type outlet struct {
	d  *Driver
	st *linkState
}

var _ channels.Sender = (*outlet)(nil)

// Senders are the links and partners by name.
func (d *Driver) Senders() map[string]channels.Sender {
	out := make(map[string]channels.Sender, len(d.links))
	for name, st := range d.links {
		out[name] = &outlet{d: d, st: st}
	}
	return out
}

// Send cuts m into segments and passes them on.
func (o *outlet) Send(ctx context.Context, to gateway.Route, m gateway.SMSOut, done func(string, error)) error {
	bind, ok := o.st.pick(strings.TrimPrefix(to.Citizen.Reveal(), "+"))
	if !ok {
		return channels.ErrLinkDown
	}
	coding := sms.Choose(m.Text.Reveal())
	segments, err := sms.Split(m.Text.Reveal(), coding, uint16(o.d.ref.Add(1)), false) //nolint:gosec // a reference wraps
	if err != nil {
		return fmt.Errorf("%w: %w", channels.ErrRefused, err)
	}
	o.d.counts.Out.Add(1)
	o.d.counts.Segments.Add(int64(len(segments)))
	all := &answers{left: len(segments), done: done}
	for i, seg := range segments {
		last := i == len(segments)-1
		msg := o.message(to, coding, seg, last)
		if err := bind.Send(ctx, &msg, func(r smpp.Resp, err error) { all.add(r, err, last) }); err != nil {
			err = sendError(err)
			if i == 0 {
				return err
			}
			// Earlier segments are on their way: the whole is in doubt.
			all.fail(len(segments)-i, err)
			return nil
		}
	}
	return nil
}

// message is one segment as SMPP carries it, from the short code to the
// citizen. Only the last segment asks for a receipt: one for each message.
func (o *outlet) message(to gateway.Route, c sms.Coding, seg sms.Segment, last bool) smpp.ShortMessage {
	m := smpp.ShortMessage{
		Source:     smpp.Address{Addr: to.Code.Reveal()},
		Dest:       smpp.Address{TON: tonInternational, NPI: npiISDN, Addr: strings.TrimPrefix(to.Citizen.Reveal(), "+")},
		DataCoding: byte(c), Text: seg.Body, TLVs: o.st.tlvs,
	}
	if len(seg.UDH) > 0 {
		m.ESMClass |= smpp.ESMHeaderIndicator
		m.Text = append(append(make([]byte, 0, len(seg.UDH)+len(seg.Body)), seg.UDH...), seg.Body...)
	}
	if last && o.st.receipts {
		m.RegisteredDelivery = 1
	}
	return m
}

// npiISDN is the numbering plan of phone numbers (SMPP 3.4, 5.2.6).
const npiISDN = 1

// answers gathers the peer's answers to the segments of one message.
type answers struct {
	mu   sync.Mutex
	left int
	id   string // of the last segment, which alone is accounted for, in the form of smpp.NormalID
	err  error
	done func(string, error)
}

// add takes the answer to one segment.
func (a *answers) add(r smpp.Resp, err error, last bool) {
	switch {
	case err != nil:
		err = sendError(err)
	case r.Status == smpp.ROK:
	case r.Status.Temporary():
		err = fmt.Errorf("%w: %v", channels.ErrThrottled, r.Status)
	default:
		err = fmt.Errorf("%w: %v", channels.ErrRefused, r.Status)
	}
	id := ""
	if last {
		id = smpp.NormalID(r.MessageID)
	}
	a.settle(1, id, err)
}

// fail settles the n segments that were never passed on.
func (a *answers) fail(n int, err error) { a.settle(n, "", err) }

func (a *answers) settle(n int, id string, err error) {
	a.mu.Lock()
	a.left -= n
	if id != "" {
		a.id = id
	}
	if a.err == nil || errors.Is(err, channels.ErrRefused) {
		a.err = err
	}
	left := a.left
	a.mu.Unlock()
	if left == 0 {
		a.done(a.id, a.err)
	}
}

// sendError puts an error of the session into the words of channels.
func sendError(err error) error {
	var fault *smpp.Fault
	switch {
	case errors.Is(err, smpp.ErrNotBound), errors.Is(err, smpp.ErrNotSent), errors.Is(err, smpp.ErrWrongBind):
		return fmt.Errorf("%w: %w", channels.ErrLinkDown, err)
	case errors.As(err, &fault):
		return fmt.Errorf("%w: %w", channels.ErrRefused, err)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", channels.ErrLinkDown, err)
	}
	return fmt.Errorf("%w: %w", channels.ErrUnknown, err)
}
