// Package turn takes a citizen's message through the house: it makes the
// message durable, lets the dialogue decide, asks the ledger or signs a
// transaction, and commits all that came of it at once.
//
// Messages of one citizen have their turns one after another, in the order in
// which they were accepted; different citizens do not wait for each other. A
// message that needs no ledger, or one that answers from memory, is accepted,
// answered and committed in one write. One that needs another ledger, or changes
// one, is accepted first, so that its provider never waits for a ledger; if the process dies between, [Taker.Recover] gives it its
// turn at the next start. A turn that is taken twice that way has no double
// effect: nothing of the first one was committed, and the idempotency key of a
// transaction is made of the accepted message.
package turn

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"setu/gateway"
	"setu/i18n"
	"setu/ledgerclient"
)

// Defaults of [Config].
const (
	// DefaultPatience is how long an SMS query waits for the ledger before
	// the citizen is told that her answer follows.
	DefaultPatience = 10 * time.Second
	// DefaultLivePatience is how long a citizen with a screen before her waits
	// for the ledger: USSD networks give up after a few seconds.
	DefaultLivePatience = 3 * time.Second
	// DefaultAnswerLife is how long a late answer is still worth sending.
	DefaultAnswerLife = 24 * time.Hour
	// DefaultUnderWay bounds the messages that have their turn at one time.
	DefaultUnderWay = 4096
	// DefaultCached bounds the sessions kept in memory, of about 1 KB each.
	DefaultCached = 16384
)

// Dialogue decides what a message means. It is pure.
type Dialogue interface {
	Step(s gateway.Session, in gateway.Inbound) gateway.Outcome
	Notice(f i18n.Format, key string, vals map[string]i18n.Value) gateway.Reply
	Consulted
}

// Consulted is the part of a dialogue that goes on with what it has asked for:
// an answer of the ledger, where a receipt stands, the digest of a PIN.
type Consulted interface {
	Resume(s gateway.Session, ask gateway.Ask, a ledgerclient.Answer, now time.Time) gateway.Outcome
	Repeated(out gateway.Outcome, st gateway.Standing, now time.Time) gateway.Outcome
	Standing(s gateway.Session, st gateway.Standing, now time.Time) gateway.Outcome
	Proven(s gateway.Session, m gateway.Medium, mac string, now time.Time) gateway.Outcome
}

// Ledger answers queries. Up says whether it is worth waiting for, Near that it
// answers from this process's memory.
type Ledger interface {
	Evaluate(ctx context.Context, q ledgerclient.SignedQuery) (ledgerclient.Answer, error)
	Up() bool
	Near() bool
}

// Signer signs for the gateway and knows the citizens' pseudonyms.
type Signer interface {
	// Pseudonym is what a department calls a number. It fails when the keys are
	// in a token that is out of reach.
	Pseudonym(department, number string) (string, error)
	SignQuery(ctx context.Context, q ledgerclient.Query) (ledgerclient.SignedQuery, error)
	SignEnvelope(ctx context.Context, e ledgerclient.Envelope) (ledgerclient.SignedEnvelope, error)
}

// Words renders a reply for a medium.
type Words interface {
	Render(r gateway.Reply, m gateway.Medium) string
}

// Outbox is told of the items that a commit leased to this process.
type Outbox interface {
	Dispatch(items []gateway.Item)
}

// Config is what a [Taker] works with. Store, Dialogue, Ledger, Signer, Words,
// Outbox, Log and Now are required; the rest has defaults.
type Config struct {
	Store    Store
	Dialogue Dialogue
	Ledger   Ledger
	Signer   Signer
	Words    Words
	Outbox   Outbox
	Log      *slog.Logger
	Now      func() time.Time

	// Back is the way by SMS to a citizen who is on a live channel: link and
	// short code. Nil, or a route without a link, is that there is none.
	Back func(in gateway.Inbound) gateway.Route
	// Late is the way of an answer that comes late, in the place of the way that
	// other messages take; nil is the same.
	Late func(in gateway.Inbound, to gateway.Route) gateway.Route
	// CallBack is the wish of a citizen who wants to be called; nil, or a nil
	// wish, is that she cannot be.
	CallBack func(citizen gateway.Address) *gateway.CallWish
	// Screens is how many screens of a link a reply takes; nil is one.
	Screens func(r gateway.Reply, m gateway.Medium, link string) int

	Patience time.Duration // for queries, see DefaultPatience
	// LivePatience is that of live channels by their medium; one that is not
	// in it has DefaultLivePatience.
	LivePatience map[gateway.Medium]time.Duration
	AnswerLife   time.Duration // see DefaultAnswerLife
	UnderWay     int           // see DefaultUnderWay
	Cached       int           // sessions, see DefaultCached
}

// Taker takes turns. Make one with [New]; stop it with [Taker.Close].
type Taker struct {
	Config
	lanes    lanes
	sessions sessionCache
	counts   Counts
	tally    tally
	ends     ends
	waiters  waiters

	ctx    context.Context // ends when Close gives up waiting
	cancel context.CancelFunc
	turns  sync.WaitGroup
	room   chan struct{} // one token for each turn under way
	// resting passes jobs to goroutines that wait for one, rests counts them.
	resting chan *job
	rests   atomic.Int64
}

// New makes a Taker. ctx carries values for logs only: to stop, call Close.
func New(ctx context.Context, c Config) *Taker {
	if c.Patience <= 0 {
		c.Patience = DefaultPatience
	}
	if c.AnswerLife <= 0 {
		c.AnswerLife = DefaultAnswerLife
	}
	if c.UnderWay <= 0 {
		c.UnderWay = DefaultUnderWay
	}
	if c.Cached <= 0 {
		c.Cached = DefaultCached
	}
	t := &Taker{Config: c, room: make(chan struct{}, c.UnderWay), resting: make(chan *job)}
	t.sessions.limit = c.Cached
	t.ctx, t.cancel = context.WithCancel(context.WithoutCancel(ctx))
	return t
}

// Accept makes in durable and takes its turn. done is called once in is on
// disk, or with the store's error when it is not; a message that was accepted
// before is not taken again, and done gets nil. Accept blocks while too many
// turns are under way.
func (t *Taker) Accept(in gateway.Inbound, joined gateway.FragmentKey, done func(error)) {
	in.At = in.At.UTC().Truncate(time.Millisecond) // as the store keeps it
	t.enter(&job{in: in, joined: joined, done: done})
}

// Recover takes the turns of messages that an earlier process accepted and did
// not finish, oldest first. It returns when all have entered.
func (t *Taker) Recover(ctx context.Context) (int, error) {
	const page = 512
	n, after := 0, int64(0)
	for {
		rows, err := t.Store.Accepted(ctx, after, page)
		if err != nil {
			return n, fmt.Errorf("recover accepted messages: %w", err)
		}
		for _, r := range rows {
			t.enter(&job{in: r.Inbound, row: r.Row}) //nolint:contextcheck // turns go on when the recovery has ended
			after = r.Row
			n++
		}
		if len(rows) < page {
			return n, nil
		}
	}
}

// Close waits until the turns under way have ended, or until ctx ends; then it
// stops them, and what they had accepted is taken at the next start. Nothing
// may be accepted any more.
func (t *Taker) Close(ctx context.Context) {
	ended := make(chan struct{})
	go func() { t.turns.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-ctx.Done():
	}
	t.cancel()
	<-ended
	t.writeTally()
}
