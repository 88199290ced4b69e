// Package storetest is the suite that every durable store of the gateway must
// pass. A driver's own test calls [Exercise] with a way to open it:
//
//	storetest.Exercise(t, func(t *testing.T, dir string, now func() time.Time) storetest.Store {
//		s, err := sqlite.Open(dir, sqlite.Options{Now: now})
//		…
//	})
//
// The store is to work with a lease of [Lease] and a redelivery window of
// [Window], which are the defaults of the gateway.
package storetest

import (
	"cmp"
	"context"
	"sync"
	"testing"
	"time"

	"setu/gateway"
	"setu/ledgerclient"
)

// What the suite expects of a store's settings.
const (
	Lease  = 60 * time.Second // of an item
	Window = 2 * time.Minute  // in which an equal message on another bind is a redelivery
)

// Store is all that the gateway asks of a store.
type Store interface {
	Turns
	Work
	Operators
	Keeper
	Further
}

// Further is what further parts of a gateway need.
type Further interface {
	Blocks
	Calling
	Log
	Phones
	Feeds
}

// Calling is what calls to citizens, and what they come to, need.
type Calling interface {
	Callbacks
	Answers
	CallLists
}

// Phones is what those who log in with phones need.
type Phones interface {
	PutOTP(ctx context.Context, otp gateway.OTP, limits []gateway.Allowance) error
	Bind(ctx context.Context, mac string, d gateway.Device, most int) (gateway.Binding, error)
	Device(ctx context.Context, id string) (gateway.Device, error)
	Devices(ctx context.Context, citizen gateway.Address) ([]gateway.Device, error)
	RemoveDevice(ctx context.Context, citizen gateway.Address, id string) error
}

// Feeds is what phones are told, and what they have asked before.
type Feeds interface {
	TakeNonce(ctx context.Context, nonce string, until time.Time) error
	AddChange(ctx context.Context, c gateway.Change) error
	Changes(ctx context.Context, citizen gateway.Address, after int64, limit int) ([]gateway.Change, error)
	AnswersKept
}

// AnswersKept is what makes a request of a phone be done once.
type AnswersKept interface {
	Keep(ctx context.Context, k gateway.Kept) error
	Kept(ctx context.Context, citizen gateway.Address, key string) (gateway.Kept, error)
	PruneApp(ctx context.Context) error
}

// Turns is what takes messages through their turns needs.
type Turns interface {
	Session(ctx context.Context, citizen gateway.Address) (gateway.Session, error)
	Commit(c gateway.Commit, done func(gateway.Committed, error))
	Accepted(ctx context.Context, after int64, limit int) ([]gateway.Accepted, error)
	Standing(ctx context.Context, r ledgerclient.Receipt) (gateway.Standing, error)
}

// Work is what the outbox needs.
type Work interface {
	Claim(ctx context.Context, kind gateway.Kind, link string, limit int) ([]gateway.Item, error)
	Progress(p gateway.Progress, done func([]gateway.Item, error))
	Links(ctx context.Context) ([]string, error)
	Delivery(link string, ids []string, state gateway.State, reason string, done func(matched bool, err error))
}

// Operators is what `setu queue` and the metrics need.
type Operators interface {
	List(ctx context.Context, f gateway.Filter) ([]gateway.Item, error)
	Item(ctx context.Context, id int64) (gateway.Item, error)
	Requeue(ctx context.Context, id int64) error
	Discard(ctx context.Context, id int64, reason string, effects ...gateway.Effect) error
	Stats(ctx context.Context) (gateway.Stats, error)
}

// Keeper is what drivers that join messages, the housekeeping and the monthly
// statements need.
type Keeper interface {
	PutFragment(f gateway.Fragment, done func(all []gateway.Fragment, err error))
	Fragments(ctx context.Context, before time.Time) ([][]gateway.Fragment, error)
	Prune(ctx context.Context, before time.Time) (int64, error)
	Readings(ctx context.Context, from, to time.Time, by gateway.Period, kinds ...gateway.Metered) ([]gateway.Reading, error)
	Close() error
}

// Blocks is what following a ledger needs, and `setu findings`.
type Blocks interface {
	Followed(ctx context.Context, chain string) (uint64, error)
	Awaited(ctx context.Context, r ledgerclient.Receipt) (gateway.Item, bool, error)
	Follow(ctx context.Context, f gateway.Followed) (gateway.Landed, error)
	Findings(ctx context.Context, limit int) ([]gateway.Finding, error)
}

// Callbacks is what calling citizens needs.
type Callbacks interface {
	WishCall(ctx context.Context, w gateway.CallWish) (added bool, err error)
	DueCalls(ctx context.Context, limit int) ([]gateway.Call, error)
	BeginCall(ctx context.Context, id int64, caps gateway.CallCaps) error
	EndCall(ctx context.Context, e gateway.CallEnd) error
}

// Answers is what telling citizens what came late needs.
type Answers interface {
	Unheard(ctx context.Context, citizen gateway.Address) ([]gateway.Unheard, error)
	Heard(ctx context.Context, citizen gateway.Address, ids ...int64) error
}

// CallLists is what `setu calls` and the metrics need.
type CallLists interface {
	Calls(ctx context.Context, f gateway.CallFilter) ([]gateway.Call, error)
	CallCounts(ctx context.Context) (map[gateway.CallState]int64, error)
}

// Open opens the store in dir, which exists and may hold the data of an earlier
// one. The store reads the time from now only.
type Open func(t *testing.T, dir string, now func() time.Time) Store

// test is one rule that every store keeps.
type test struct {
	name string
	test func(w *world)
}

// Exercise runs the suite.
func Exercise(t *testing.T, open Open) {
	t.Helper()
	for _, tt := range append([]test{
		{"session/unknown is zero", sessionUnknown},
		{"session/whole round trip", sessionRoundTrip},
		{"session/stale version", sessionStale},
		{"inbox/accepted until turned", inboxAccepted},
		{"inbox/one turn only", inboxOneTurn},
		{"inbox/pages", inboxPages},
		{"inbox/duplicates", inboxDuplicates},
		{"inbox/duplicates after a restart", inboxDuplicatesAfterRestart},
		{"inbox/duplicate changes nothing", inboxDuplicateChangesNothing},
		{"commit/callbacks in order", commitOrder},
		{"commit/a thousand at once", commitMany},
		{"commit/bad one fails alone", commitAlone},
		{"commit/callback panics", commitPanic},
		{"commit/closed", commitClosed},
		{"lane/order", laneOrder},
		{"lane/apart", laneApart},
		{"lane/parked holds", laneParked},
		{"lane/not due", laneNotDue},
		{"lane/ten thousand of one citizen", laneLong},
		{"lease/exclusive", leaseExclusive},
		{"lease/expires", leaseExpires},
		{"lease/late word", leaseLateWord},
		{"lease/retry ends it", leaseRetry},
		{"lease/saved bytes", leaseSaved},
		{"lease/void after a restart", leaseVoid},
		{"lease/stale tokens", leaseStale},
		{"claim/by link and kind", claimByLink},
		{"final/never changes", finalNeverChanges},
		{"receipt/standing", receiptStanding},
		{"receipt/taken", receiptTaken},
		{"request/stands until its transaction comes to nothing", requestStands},
		{"request/taken back", requestTakenBack},
		{"request/refused leaves nothing", requestRefused},
		{"request/one of many at once", requestOnce},
		{"request/forgotten", requestForgotten},
		{"request/model", requestModel},
		{"unless/superseded", unlessSuperseded},
		{"unless/held is left alone", unlessHeld},
		{"unless/outcome was first", unlessLate},
		{"unless/promotes its lane", unlessPromotes},
		{"progress/effects", progressEffects},
		{"fragment/any order", fragmentAnyOrder},
		{"fragment/never mixed", fragmentNeverMixed},
		{"fragment/copies", fragmentCopies},
		{"fragment/reference used again", fragmentReused},
		{"fragment/left behind", fragmentLeft},
		{"delivery/matched", deliveryMatched},
		{"delivery/early", deliveryEarly},
		{"operator/list", operatorList},
		{"operator/requeue", operatorRequeue},
		{"operator/discard", operatorDiscard},
		{"operator/stats", operatorStats},
		{"followed/once", followedOnce},
		{"followed/settles", followedSettles},
		{"callback/one for each citizen", callbackOne},
		{"callback/one more is asked for", callbackOneMore},
		{"callback/a wish with a turn", callbackTurn},
		{"callback/caps", callbackCaps},
		{"callback/tries and pauses", callbackTries},
		{"callback/not heard becomes a message", callbackUnheard},
		{"callback/she came herself", callbackNeedless},
		{"callback/placed when the process died", callbackDied},
		{"callback/listed and pruned", callbackListed},
		{"meter/with a commit", meterCommits},
		{"meter/items when final", meterItems},
		{"meter/the gateway's own", meterOwn},
		{"meter/periods", meterPeriods},
		{"meter/many at once", meterMany},
		{"prune", prune},
		{"log/tells", logTells},
		{"log/operators", logOperators},
		{"log/kept", logKept},
		{"log/observes", logObserves},
		{"log/seals", logSeals},
		{"model", model},
	}, phoneTests()...) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.test(newWorld(t, open))
		})
	}
}

// world is a store with a clock of its own and calls that wait.
type world struct {
	*testing.T
	Store
	open Open
	dir  string

	mu  sync.Mutex
	now time.Time
}

func newWorld(t *testing.T, open Open) *world {
	t.Helper()
	w := &world{T: t, open: open, dir: t.TempDir(), now: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)}
	w.Store = open(t, w.dir, w.clock)
	t.Cleanup(func() { _ = w.Store.Close() })
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// reopen closes the store and opens it again.
func (w *world) reopen() {
	w.Helper()
	if err := w.Store.Close(); err != nil {
		w.Fatalf("Close() = %v", err)
	}
	w.Store = w.open(w.T, w.dir, w.clock)
}

// commit waits for a commit.
func (w *world) commit(c gateway.Commit) (gateway.Committed, error) {
	type result struct {
		c   gateway.Committed
		err error
	}
	ch := make(chan result, 1)
	w.Commit(c, func(c gateway.Committed, err error) { ch <- result{c, err} })
	r := <-ch
	return r.c, r.err
}

// must is commit for those that have to succeed.
func (w *world) must(c gateway.Commit) gateway.Committed {
	w.Helper()
	out, err := w.commit(c)
	if err != nil {
		w.Fatalf("Commit() = %v", err)
	}
	return out
}

// put commits effects, and gives the items leased by that.
func (w *world) put(effects ...gateway.Effect) []gateway.Item {
	w.Helper()
	return w.must(gateway.Commit{Effects: effects}).Items
}

// lease puts an effect that must be leased at once.
func (w *world) lease(e gateway.Effect) gateway.Item {
	w.Helper()
	e.Lease = true
	items := w.put(e)
	if len(items) != 1 {
		w.Fatalf("%d items leased with the commit, want 1", len(items))
	}
	return items[0]
}

// tell waits for a word about an item.
func (w *world) tell(p gateway.Progress) ([]gateway.Item, error) {
	type result struct {
		items []gateway.Item
		err   error
	}
	ch := make(chan result, 1)
	w.Progress(p, func(items []gateway.Item, err error) { ch <- result{items, err} })
	r := <-ch
	return r.items, r.err
}

// word tells that a leased item has come to a state, which must be taken.
func (w *world) word(it gateway.Item, p gateway.Progress) []gateway.Item {
	w.Helper()
	p.ID, p.Token = it.ID, it.Token
	items, err := w.tell(p)
	if err != nil {
		w.Fatalf("Progress(%v) = %v", p.State, err)
	}
	return items
}

// link is where the suite's messages go, unless a test says otherwise.
const link = "a"

// linkOf is the link that work of a kind waits for.
func linkOf(kind gateway.Kind) string {
	if kind == gateway.Message {
		return link
	}
	return ""
}

// claim claims up to ten items; a link that is left out is that of the kind.
func (w *world) claim(kind gateway.Kind, link string) []gateway.Item {
	w.Helper()
	link = cmp.Or(link, linkOf(kind))
	items, err := w.Claim(w.Context(), kind, link, 10)
	if err != nil {
		w.Fatalf("Claim(%v, %q) = %v", kind, link, err)
	}
	return items
}

// claimOne claims the only item there is to claim.
func (w *world) claimOne(kind gateway.Kind) gateway.Item {
	w.Helper()
	items := w.claim(kind, "")
	if len(items) != 1 {
		w.Fatalf("Claim(%v) gave %d items, want 1", kind, len(items))
	}
	return items[0]
}

// item reads an item that must be there.
func (w *world) item(id int64) gateway.Item {
	w.Helper()
	it, err := w.Item(w.Context(), id)
	if err != nil {
		w.Fatalf("Item(%d) = %v", id, err)
	}
	return it
}

// state checks where an item stands.
func (w *world) state(id int64, want gateway.State) {
	w.Helper()
	if got := w.item(id).State; got != want {
		w.Errorf("item %d is %v, want %v", id, got, want)
	}
}

// standing checks where a receipt stands.
func (w *world) standing(r ledgerclient.Receipt) gateway.Standing {
	w.Helper()
	st, err := w.Standing(w.Context(), r)
	if err != nil {
		w.Fatalf("Standing() = %v", err)
	}
	return st
}

const citizen = gateway.Address("+919830000001")

// inbound is a message with a key.
func inbound(key string) *gateway.Inbound {
	return &gateway.Inbound{
		Key: key, Link: "a", Medium: gateway.SMS, From: citizen, To: "51969", Text: "ভাতা 1000000001",
		At: time.Date(2026, 11, 2, 8, 59, 59, 0, time.UTC),
	}
}

// message is an SMS in a lane.
func message(lane string) gateway.Effect {
	return gateway.Effect{
		Kind: gateway.Message, Lane: lane,
		SMS: &gateway.SMSOut{Text: "উত্তর \"1\"\n", Class: "answer"},
		To:  gateway.Route{Medium: gateway.SMS, Link: "a", Citizen: citizen, Code: "51969"},
	}
}

// transaction is a signed envelope in a lane.
func transaction(lane string, r ledgerclient.Receipt) gateway.Effect {
	return gateway.Effect{
		Kind: gateway.Transaction, Lane: lane,
		Tx: &gateway.TxOut{
			Receipt: r, Key: "key-" + string(r), Salts: map[string]string{"text": "salt"},
			Envelope: ledgerclient.SignedEnvelope{
				Canonical: []byte(`{"receipt":"1"}`), Signature: ledgerclient.Signature{KeyID: "k1", Sig: []byte{0, 1, 255}},
			},
		},
		Ask: &gateway.Ask{Service: "benefit", Call: ledgerclient.Call{Contract: "benefits", Function: "Acknowledge"}},
		To:  gateway.Route{Medium: gateway.SMS, Link: "a", Citizen: citizen, Code: "51969"},
	}
}
