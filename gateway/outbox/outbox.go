// Package outbox does the work that turns leave behind: messages to citizens,
// transactions and late questions to the ledger.
//
// Its rules:
//
//   - Nothing is done that is not in the store, and what was done is in the
//     store before the next of the lane begins. The items of a lane (one
//     citizen's messages, or her ledger work) are done in the order of their
//     commits; different lanes do not wait for each other.
//   - Who does an item holds a lease with a fencing token. Work that has not
//     begun when the lease ends is left to the next holder.
//   - A transaction's final bytes are saved before they are submitted. Once
//     its outcome may be on the ledger, it is looked up by its business key
//     before the same bytes are submitted again. Failures by class follow
//     [ledgerclient.Class.Action].
//   - A message whose fate is unknown, because the link went down between the
//     sending and the operator's answer, is sent again: an answer that comes
//     twice is better than none. It is counted ([Counts.Repeated]).
//   - What waits for a link that is down is in the store, held by nobody, and one
//     message at a time tries the link. What waits for a link that is not
//     configured any more goes by [Config.Former].
//   - Nothing ends silently: each item reaches a final state or is parked
//     for an operator.
package outbox

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"setu/channels"
	"setu/gateway"
	"setu/i18n"
	"setu/ledgerclient"
)

// Defaults of [Config].
const (
	// DefaultLedgerWorkers ask and submit at one time. It is more than a
	// ledger has cores, since the time goes in waiting for its blocks.
	DefaultLedgerWorkers = 256
	// DefaultQueued bounds the items in memory for each link and the ledger.
	DefaultQueued = 16384
	// DefaultLedgerWait is the longest step of a transaction.
	DefaultLedgerWait = 30 * time.Second
	// DefaultPoll is how often the store is asked for items that have
	// become due or were left behind.
	DefaultPoll = 500 * time.Millisecond
	// MaxRebuilds ends the tries of a transaction that conflicts for ever. Only
	// the tries that made its bytes anew count.
	MaxRebuilds = 8
	// MaxPause caps the pause between two tries.
	MaxPause = 15 * time.Minute
	// routePause is between two looks at a route that is down.
	routePause = time.Second
)

// Ledger carries out transactions and questions. Up says whether the route is
// open.
type Ledger interface {
	ledgerclient.Ledger
	Up() bool
}

// Dialogue puts answers into texts. It is pure.
type Dialogue interface {
	Settle(ask gateway.Ask, a ledgerclient.Answer, r ledgerclient.Receipt) gateway.Reply
	Notice(f i18n.Format, key string, vals map[string]i18n.Value) gateway.Reply
}

// Words renders a reply for a medium.
type Words interface {
	Render(r gateway.Reply, m gateway.Medium) string
}

// Signer signs late questions.
type Signer interface {
	// Pseudonym is what a department calls a number. It fails when the keys are
	// in a token that is out of reach.
	Pseudonym(department, number string) (string, error)
	SignQuery(ctx context.Context, q ledgerclient.Query) (ledgerclient.SignedQuery, error)
}

// Config is what a [Worker] works with. The first block is required.
type Config struct {
	Store    Store
	Ledger   Ledger
	Dialogue Dialogue
	Words    Words
	Signer   Signer
	// Senders are the links by name.
	Senders map[string]channels.Sender
	// Former sends what waits for links that are not among them any more, and so
	// would hold up its citizens for good. Nil: it is refused.
	Former channels.Sender
	Log    *slog.Logger
	Now    func() time.Time

	// Outcome is called with what the citizen is told of a transaction, when
	// that is on disk; it must not block. Nil: nobody waits.
	Outcome func(r ledgerclient.Receipt, reply gateway.Reply)

	// Begin is closed when the ledger's work may begin: when the blocks have
	// told what they hold of it. Nil: at once.
	Begin <-chan struct{}
	// Following says that the ledger's blocks are being followed, so that they
	// will tell of transactions whose answer is lost. Nil: they are not.
	Following func() bool

	LedgerWorkers int           // see DefaultLedgerWorkers
	Queued        int           // see DefaultQueued
	LedgerWait    time.Duration // see DefaultLedgerWait
	Poll          time.Duration // see DefaultPoll
	// Jitter is a random number in [0, 1); nil is the standard library's.
	Jitter func() float64
}

// Counts are what a Worker has done since it was made.
type Counts struct {
	Sent, Refused, Expired, Repeated, Throttled atomic.Int64 // messages
	Recorded, Rejected, Settled, Rebuilt        atomic.Int64 // transactions
	Answered                                    atomic.Int64 // late questions
	Parked, Faults                              atomic.Int64
}

// Worker does the outbox's work while [Worker.Run] runs.
type Worker struct {
	Config
	counts Counts
	ledger *queue
	links  map[string]*queue
	former *queue        // of links that are not configured any more
	due    chan struct{} // has a token when the store should be asked at once
	untold atomic.Int64  // words that a full disk has refused so far
}

// New makes a Worker.
func New(c Config) *Worker {
	if c.LedgerWorkers <= 0 {
		c.LedgerWorkers = DefaultLedgerWorkers
	}
	if c.Queued <= 0 {
		c.Queued = DefaultQueued
	}
	if c.LedgerWait <= 0 {
		c.LedgerWait = DefaultLedgerWait
	}
	if c.Poll <= 0 {
		c.Poll = DefaultPoll
	}
	if c.Jitter == nil {
		c.Jitter = rand.Float64
	}
	w := &Worker{
		Config: c, ledger: newQueue(c.Queued), links: map[string]*queue{}, former: newQueue(c.Queued), due: make(chan struct{}, 1),
	}
	for name := range c.Senders {
		w.links[name] = newQueue(c.Queued)
	}
	return w
}

// Counts are the Worker's own, live.
func (w *Worker) Counts() *Counts { return &w.counts }

// Waiting is the number of items in memory.
func (w *Worker) Waiting() int {
	n := w.ledger.len() + w.former.len()
	for _, q := range w.links {
		n += q.len()
	}
	return n
}

// Dispatch passes items on that are leased to this process. It does not
// block: what finds no room is claimed again when its lease has ended.
func (w *Worker) Dispatch(items []gateway.Item) {
	for _, it := range items {
		q := w.ledger
		if it.Kind == gateway.Message {
			q = w.queueOf(it.To.Link)
		}
		q.push(it)
	}
}

// queueOf is the queue of a link.
func (w *Worker) queueOf(link string) *queue {
	if q := w.links[link]; q != nil {
		return q
	}
	return w.former
}

// Wake tries a link again at once, as when it has come up.
func (w *Worker) Wake(link string) {
	if q := w.links[link]; q != nil {
		q.tryNow()
		w.former.tryNow() // perhaps by this link
		nudge(w.due)
	}
}

// WakeLedger takes up the ledger's work at once, as when it is back.
func (w *Worker) WakeLedger() { nudge(w.due) }

// Run works until ctx ends, then waits for the work in hand.
func (w *Worker) Run(ctx context.Context) error {
	var running sync.WaitGroup
	for name, q := range w.links {
		running.Go(func() { w.runLink(ctx, name, w.Senders[name], q) })
	}
	running.Go(func() { w.runLink(ctx, "former", &formerLinks{Worker: w, told: map[string]bool{}}, w.former) })
	for range w.LedgerWorkers {
		running.Go(func() { w.runLedger(ctx) })
	}
	running.Go(func() { w.poll(ctx) })
	running.Wait()
	return nil
}

// poll claims what has become due, was left behind by an earlier process or
// found no room in memory.
func (w *Worker) poll(ctx context.Context) {
	tick := time.NewTicker(w.Poll)
	defer tick.Stop()
	for {
		if w.mayBegin() {
			w.claimLedger(ctx)
		}
		w.claimMessages(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-w.due:
		}
	}
}

// mayBegin says that the ledger's work has begun.
func (w *Worker) mayBegin() bool {
	select {
	case <-w.Begin:
		return true
	default:
		return w.Begin == nil
	}
}

// claimBatch is the most that is claimed at one time.
const claimBatch = 1024

func (w *Worker) claimLedger(ctx context.Context) {
	if !w.Ledger.Up() && w.ledger.len() > 0 {
		return // those in memory will try the route
	}
	for _, kind := range []gateway.Kind{gateway.Transaction, gateway.Question} {
		limit := w.ledger.room()
		if !w.Ledger.Up() {
			limit = min(limit, 1) // one item to try the route with
		}
		w.claim(ctx, kind, "", limit)
	}
}

func (w *Worker) claimMessages(ctx context.Context) {
	names, err := w.Store.Links(ctx)
	if err != nil {
		w.fault(ctx, "list links", err)
		return
	}
	for _, name := range names {
		w.claim(ctx, gateway.Message, name, w.queueOf(name).wanted(w.Now()))
	}
}

// claim claims until the store has no more or the queue no room.
func (w *Worker) claim(ctx context.Context, kind gateway.Kind, link string, room int) {
	for room > 0 && ctx.Err() == nil && w.untold.Load() == 0 {
		limit := min(room, claimBatch)
		items, err := w.Store.Claim(ctx, kind, link, limit)
		if err != nil {
			w.fault(ctx, "claim", err)
			return
		}
		w.Dispatch(items)
		if len(items) < limit {
			return
		}
		room -= len(items)
	}
}

// lease is what a word about an item needs to know of it: items are large, and
// many wait for their word to be written.
type lease struct {
	id, token int64
	attempts  int
}

func leaseOf(it *gateway.Item) lease { return lease{it.ID, it.Token, it.Attempts} }

// tell writes a word about an item and passes on what is leased by that.
func (w *Worker) tell(l lease, p gateway.Progress) { w.tellThen(l, p, nil) }

// tellThen also calls then, if it is not nil, when the word is on disk.
func (w *Worker) tellThen(l lease, p gateway.Progress, then func()) {
	p.ID, p.Token = l.id, l.token
	state := p.State
	w.Store.Progress(p, func(next []gateway.Item, err error) {
		if errors.Is(err, gateway.ErrFinal) {
			// The block that holds it, or an operator, was first.
			w.Log.Debug("item was ended by another", slog.Int64("item", l.id), slog.String("state", state.String()))
			return
		}
		if errors.Is(err, gateway.ErrFull) {
			w.tellAgain(l, p, then)
			return
		}
		if err != nil {
			// Another holds the item: its lease ends and it is claimed again.
			w.counts.Faults.Add(1)
			w.Log.Warn("word about an item refused", slog.Int64("item", l.id), slog.String("state", state.String()), slog.String("error", err.Error()))
			return
		}
		if then != nil {
			then()
		}
		w.Dispatch(next)
	})
}

// fullPause is between two tries to write a word that a full disk refused.
const fullPause = 200 * time.Millisecond

// tellAgain says a word again that found no room on the disk, and keeps other
// work from being claimed meanwhile: a message whose sending is not written
// down would be sent twice.
func (w *Worker) tellAgain(l lease, p gateway.Progress, then func()) {
	w.untold.Add(1)
	time.AfterFunc(fullPause, func() {
		w.tellThen(l, p, then)
		w.untold.Add(-1)
	})
}

// fault counts and logs an error of the store, unless the gateway is stopping.
func (w *Worker) fault(ctx context.Context, act string, err error) {
	if ctx.Err() != nil {
		return
	}
	w.counts.Faults.Add(1)
	w.Log.ErrorContext(ctx, "outbox fault", slog.String("act", act), slog.String("error", err.Error()))
}

// pause is the time to the next try after n failed ones: full jitter under a
// cap that doubles from one second.
func (w *Worker) pause(n int, limit time.Duration) time.Duration {
	const floor = 50 * time.Millisecond
	ceiling := limit
	if n < 20 {
		ceiling = min(limit, time.Second<<n)
	}
	return max(floor, time.Duration(w.Jitter()*float64(ceiling)))
}
