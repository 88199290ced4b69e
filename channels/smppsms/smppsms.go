// Package smppsms carries SMS over SMPP 3.4, in both roles: links that we make
// to operators, and partners who bind to us. To the gateway both are a link by
// name, with messages coming in and answers going out.
//
// A message is answered with ESME_ROK only after it is on disk. The parts of a
// long message are each stored and answered as they come, in any order and
// across restarts; the whole is accepted with the commit that removes them.
// What cannot be read is accepted too, marked, and answered in words.
package smppsms

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"setu/channels"
	"setu/channels/smpp"
	"setu/gateway"
)

// Defaults of [Config].
const (
	// DefaultPartLife is how long the parts of a long message wait for the
	// others; then what has come is taken, marked as incomplete.
	DefaultPartLife = 30 * time.Minute
)

// Store is what the driver needs of the durable store.
type Store interface {
	// PutFragment stores f and calls done when it is on disk, with all parts
	// of the message once they are complete.
	PutFragment(f gateway.Fragment, done func(all []gateway.Fragment, err error))
	// Fragments are the messages whose parts are all there, or whose first
	// part is older than before.
	Fragments(ctx context.Context, before time.Time) ([][]gateway.Fragment, error)
	// Delivery notes what a delivery receipt says of the message that the
	// link knows by one of ids.
	Delivery(link string, ids []string, s gateway.State, reason string, done func(matched bool, err error))
}

// Dialogues serves the live dialogues (USSD) that share links with messages.
type Dialogues interface {
	// Takes says whether a message on a link is part of a dialogue.
	Takes(link string, m *smpp.ShortMessage) bool
	// Serve serves a request that was taken, and answers it. bind names the
	// connection that it came on, in no other process's words; send passes a
	// message on to the same peer, as [smpp.Session] does. Serve does not
	// block.
	Serve(link, bind string, r *smpp.Request, send func(context.Context, *smpp.ShortMessage, func(smpp.Resp, error)) error)
	// Run serves until ctx ends, and returns when what is in hand is done.
	Run(ctx context.Context)
}

// Config is what a [Driver] works with. Acceptor, Store, Log and Now are
// required.
type Config struct {
	Acceptor channels.Acceptor
	Store    Store
	Log      *slog.Logger
	Now      func() time.Time
	// Links are the binds that we make; Partners those who bind to us.
	Links    []Link
	Partners []Partner
	// Dialogues takes what is no message; nil when no link carries dialogues.
	Dialogues Dialogues
	// OnUp is called when a link or partner can be sent to again.
	OnUp func(name string)
	// PartLife: see DefaultPartLife.
	PartLife time.Duration
	// Server are the limits of partners' sessions; Handler is set by the
	// driver.
	Server smpp.SessionConfig
}

// Counts are what a driver has seen since it was made.
type Counts struct {
	In, Parts, Receipts, Unmatched, Incomplete, Undecodable, Refused atomic.Int64
	Out, Segments                                                    atomic.Int64
}
