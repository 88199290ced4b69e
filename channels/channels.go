// Package channels is the contract between the drivers of SMS, USSD, IVR and
// the app on one side and the gateway on the other.
//
// A message channel (SMS) hands messages over with [Acceptor] and gives its
// provider the acknowledgement only when told so; the reply comes back later
// through a [Sender]. A live channel waits for its reply with [Handler].
package channels

import (
	"context"
	"errors"

	"setu/gateway"
)

// Errors of a [Sender].
var (
	// ErrLinkDown says that the link is not up: nothing was sent.
	ErrLinkDown = errors.New("channels: link is down")
	// ErrThrottled says that the operator wants fewer messages: not sent.
	ErrThrottled = errors.New("channels: throttled")
	// ErrRefused says that the operator will never take this message.
	ErrRefused = errors.New("channels: refused")
	// ErrUnknown says that the message may or may not have been taken.
	ErrUnknown = errors.New("channels: outcome unknown")
)

// Acceptor takes messages whose replies come later.
type Acceptor interface {
	// Accept makes in durable and then calls done, from any goroutine, with
	// nil: only then may the provider be answered. It does not wait for a
	// ledger. It may block for a moment when too much is under way. joined
	// names the stored fragments that in was put together from.
	Accept(in gateway.Inbound, joined gateway.FragmentKey, done func(error))
}

// Handler answers one input of a live session.
type Handler interface {
	Handle(ctx context.Context, in gateway.Inbound) (gateway.Reply, error)
}

// Sender sends messages to citizens over one link.
type Sender interface {
	// Send waits until the link has room, passes the message on and returns.
	// done is called once, from any goroutine, when the operator has
	// answered: with its message identifier, which may be empty, or an error
	// of this package. An error returned at once means that nothing was
	// sent and that done is not called.
	Send(ctx context.Context, to gateway.Route, m gateway.SMSOut, done func(messageID string, err error)) error
}
