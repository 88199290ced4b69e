package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"setu/channels"
	"setu/gateway"
	"setu/gateway/outbox"
	"setu/gateway/sqlite"
	"setu/i18n"
	"setu/ledgerclient"
)

const citizen = gateway.Address("+919830000001")

// ledger is a ledger with named failures: it records each envelope once by its
// bytes, which stand for the key here.
type ledger struct {
	mu       sync.Mutex
	down     bool
	prepare  []error // of the next calls; nil is success
	submit   []error
	evaluate []error
	forget   int // submits that are recorded and answered Unknown
	panics   bool
	calls    []string
	recorded map[string]int
}

func (l *ledger) next(list *[]error, call string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, call)
	if l.panics {
		panic("driver fault")
	}
	if l.down {
		return classed(ledgerclient.Before)
	}
	if len(*list) == 0 {
		return nil
	}
	err := (*list)[0]
	*list = (*list)[1:]
	return err
}

func (l *ledger) Up() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.down
}

func (l *ledger) Evaluate(context.Context, ledgerclient.SignedQuery) (ledgerclient.Answer, error) {
	return ledgerclient.Answer{Code: "found"}, l.next(&l.evaluate, "evaluate")
}

func (l *ledger) Prepare(_ context.Context, e ledgerclient.SignedEnvelope) (ledgerclient.Transaction, ledgerclient.Outcome, error) {
	err := l.next(&l.prepare, "prepare")
	if string(e.Canonical) == "refuse" {
		return ledgerclient.Transaction{}, ledgerclient.Outcome{Found: true, Answer: ledgerclient.Answer{Code: "missing"}}, err
	}
	return ledgerclient.Transaction{ID: "tx", Bytes: e.Canonical}, ledgerclient.Outcome{}, err
}

func (l *ledger) Submit(_ context.Context, tx ledgerclient.Transaction) (ledgerclient.Outcome, error) {
	if err := l.next(&l.submit, "submit"); err != nil {
		return ledgerclient.Outcome{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recorded[string(tx.Bytes)]++
	if l.forget > 0 {
		l.forget--
		return ledgerclient.Outcome{}, classed(ledgerclient.Unknown)
	}
	return recorded(), nil
}

func (l *ledger) Find(_ context.Context, key string) (ledgerclient.Outcome, error) {
	if err := l.next(new([]error), "find"); err != nil {
		return ledgerclient.Outcome{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.recorded[key] > 0 {
		return recorded(), nil
	}
	return ledgerclient.Outcome{}, nil
}

func (l *ledger) called() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.calls)
}

func recorded() ledgerclient.Outcome {
	return ledgerclient.Outcome{Found: true, TxID: "tx", Answer: ledgerclient.Answer{Code: "done", AsOf: ledgerclient.AsOf{Block: 7}}}
}

func classed(c ledgerclient.Class) error {
	return &ledgerclient.Error{Class: c, Op: "test", Err: errors.New("cause")}
}

// link is a link with named failures.
type link struct {
	mu   sync.Mutex
	down bool
	fail []error // what the operator says of the next messages; nil is success
	sent []string
	// How long a message waits for the link, and then for its answer.
	waits, answers time.Duration
}

func (l *link) Send(_ context.Context, _ gateway.Route, m gateway.SMSOut, done func(string, error)) error {
	time.Sleep(l.waits)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down {
		return channels.ErrLinkDown
	}
	var err error
	if len(l.fail) > 0 {
		err, l.fail = l.fail[0], l.fail[1:]
	}
	if err == nil {
		l.sent = append(l.sent, m.Text.Reveal())
	}
	time.AfterFunc(l.answers, func() { done("id", err) })
	return nil
}

func (l *link) texts() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.sent)
}

// words says keys as texts.
type words struct{}

func (words) Settle(_ gateway.Ask, a ledgerclient.Answer, r ledgerclient.Receipt) gateway.Reply {
	return gateway.Reply{Parts: []gateway.Part{{Text: a.Code + string(r)}}}
}

func (words) Notice(_ i18n.Format, key string, _ map[string]i18n.Value) gateway.Reply {
	return gateway.Reply{Parts: []gateway.Part{{Text: key}}}
}

func (words) Render(r gateway.Reply, _ gateway.Medium) string { return r.Parts[0].Text }

// signer signs nothing.
type signer struct{}

func (signer) Pseudonym(department, _ string) (string, error) { return department, nil }

func (signer) SignQuery(_ context.Context, q ledgerclient.Query) (ledgerclient.SignedQuery, error) {
	return ledgerclient.SignedQuery{Query: q}, nil
}

// box is a worker over a real store.
type box struct {
	t      *testing.T
	store  *sqlite.Store
	ledger *ledger
	link   *link
	worker *outbox.Worker
	stop   func()
}

func open(t *testing.T, dir string) *box {
	t.Helper()
	return openOn(t, dir, func(s outbox.Store) outbox.Store { return s })
}

// openOn opens a box whose worker sees the store through another.
func openOn(t *testing.T, dir string, through func(outbox.Store) outbox.Store) *box {
	t.Helper()
	store, err := sqlite.Open(dir, sqlite.Options{Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	b := &box{t: t, store: store, ledger: &ledger{recorded: map[string]int{}}, link: &link{}}
	b.worker = outbox.New(outbox.Config{
		Store: through(store), Ledger: b.ledger, Dialogue: words{}, Words: words{}, Signer: signer{},
		Senders: map[string]channels.Sender{"op": b.link}, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		LedgerWorkers: 4, Poll: 10 * time.Millisecond, Jitter: func() float64 { return 0 },
	})
	return b
}

func (b *box) start() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.worker.Run(ctx) }()
	b.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			b.t.Error(err)
		}
		if err := b.store.Close(); err != nil {
			b.t.Error(err)
		}
	})
	b.t.Cleanup(b.stop)
}

// put commits effects and passes on what is leased, as a turn does.
func (b *box) put(effects ...gateway.Effect) {
	b.t.Helper()
	done := make(chan error, 1)
	b.store.Commit(gateway.Commit{Effects: effects}, func(c gateway.Committed, err error) {
		b.worker.Dispatch(c.Items)
		done <- err
	})
	if err := <-done; err != nil {
		b.t.Fatal(err)
	}
}

// until waits for a condition with a bound.
func (b *box) until(what string, ok func() bool) {
	b.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			b.t.Fatalf("never came: %s", what)
		}
		time.Sleep(2 * time.Millisecond) // the worker runs on its own goroutines
	}
}

func (b *box) item(id int64) gateway.Item {
	b.t.Helper()
	it, err := b.store.Item(b.t.Context(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	return it
}

func route() gateway.Route {
	return gateway.Route{Medium: gateway.SMS, Link: "op", Citizen: citizen, Code: "51969"}
}

func message(text string) gateway.Effect {
	return gateway.Effect{
		Kind: gateway.Message, Lane: gateway.Message.Lane(citizen), Lease: true, To: route(),
		SMS: &gateway.SMSOut{Text: gateway.Private(text), Class: "answer"},
	}
}

func transaction(receipt, body string) gateway.Effect {
	return gateway.Effect{
		Kind: gateway.Transaction, Lane: gateway.Transaction.Lane(citizen), Lease: true, To: route(), Ask: &gateway.Ask{},
		Tx: &gateway.TxOut{
			Receipt: ledgerclient.Receipt(receipt), Key: body,
			Envelope: ledgerclient.SignedEnvelope{Canonical: []byte(body)},
		},
	}
}

func TestWorker_SendsInOrderOfTheLane(t *testing.T) {
	t.Parallel()
	b := open(t, t.TempDir())
	var want []string
	b.link.fail = []error{channels.ErrThrottled, nil, fmt.Errorf("%w: gone", channels.ErrUnknown)}
	b.start()
	for i := range 20 {
		text := fmt.Sprint("m", i)
		want = append(want, text)
		b.put(message(text))
	}
	b.until("all sent", func() bool { return len(b.link.texts()) == len(want) })
	if got := b.link.texts(); !slices.Equal(got, want) {
		t.Errorf("sent = %v, want %v", got, want)
	}
	c := b.worker.Counts()
	if c.Throttled.Load() != 1 || c.Repeated.Load() != 1 {
		t.Errorf("throttled = %d, repeated = %d; want 1 and 1", c.Throttled.Load(), c.Repeated.Load())
	}
}

func TestWorker_LinkDownHoldsMessages(t *testing.T) {
	t.Parallel()
	b := open(t, t.TempDir())
	b.link.down = true
	b.start()
	b.put(message("late"))
	b.until("taken up", func() bool { return b.worker.Waiting() == 0 })
	b.link.mu.Lock()
	b.link.down = false
	b.link.mu.Unlock()
	b.worker.Wake("op")
	b.until("sent", func() bool { return len(b.link.texts()) == 1 })
	b.until("written down", func() bool { return b.item(1).State == gateway.Sent })
}

// smallDisk is a store whose disk has no room for some words.
type smallDisk struct {
	outbox.Store
	refuse atomic.Int64 // so many words are still refused
}

func (d *smallDisk) Progress(p gateway.Progress, done func([]gateway.Item, error)) {
	if d.refuse.Add(-1) >= 0 {
		done(nil, gateway.ErrFull)
		return
	}
	d.Store.Progress(p, done)
}

// TestWorker_DiskFull: what is done is written down when there is room, long
// before the lease ends, and is not done twice.
func TestWorker_DiskFull(t *testing.T) {
	t.Parallel()
	disk := &smallDisk{}
	disk.refuse.Store(5)
	b := openOn(t, t.TempDir(), func(s outbox.Store) outbox.Store { disk.Store = s; return disk })
	b.start()
	b.put(message("once"), transaction("1234-5678-9012", "body"))
	b.until("written down", func() bool {
		return b.item(1).State == gateway.Sent && b.item(2).State == gateway.Recorded
	})
	b.ledger.mu.Lock()
	defer b.ledger.mu.Unlock()
	if n := b.ledger.recorded["body"]; n != 1 {
		t.Errorf("%d times on the ledger, want once", n)
	}
	if got := b.link.texts(); slices.Index(got, "once") < 0 || len(got) > 2 {
		t.Errorf("sent %q; want each once", got)
	}
}

func TestWorker_MessageEnds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		said    error
		expires time.Duration
		want    gateway.State
	}{
		{"taken", nil, 0, gateway.Sent},
		{"refused", channels.ErrRefused, 0, gateway.Rejected},
		{"too late", nil, -time.Second, gateway.Expired},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := open(t, t.TempDir())
			b.link.fail = []error{tt.said}
			b.start()
			m := message("m")
			if tt.expires != 0 {
				m.Expires = time.Now().Add(tt.expires)
			}
			b.put(m)
			b.until(tt.want.String(), func() bool { return b.item(1).State == tt.want })
		})
	}
}

func TestWorker_TransactionRecorded(t *testing.T) {
	t.Parallel()
	b := open(t, t.TempDir())
	b.start()
	notice := message("received")
	notice.Lane, notice.Lease, notice.Due, notice.Unless = "receipt:1", false, time.Now().Add(time.Hour), "1"
	b.put(transaction("1", "body"), notice)
	b.until("told", func() bool { return slices.Equal(b.link.texts(), []string{"done1"}) })
	if it := b.item(1); it.State != gateway.Recorded {
		t.Errorf("transaction is %v, want recorded", it.State)
	}
	if it := b.item(2); it.State != gateway.Superseded {
		t.Errorf("notice is %v, want superseded", it.State)
	}
	st, err := b.store.Standing(t.Context(), "1")
	if err != nil || st.State != gateway.Recorded || st.Block != 7 {
		t.Errorf("Standing = %+v, %v; want recorded in block 7", st, err)
	}
}

// TestWorker_Classes has a row for each class of error and step.
func TestWorker_Classes(t *testing.T) {
	t.Parallel()
	all := func(c ledgerclient.Class, n int) []error { return slices.Repeat([]error{classed(c)}, n) }
	for _, tt := range []struct {
		name            string
		prepare, submit []error
		forget          int
		want            gateway.State
		calls           []string
		recorded        int
	}{
		{
			name: "before, at prepare", prepare: all(ledgerclient.Before, 2), want: gateway.Recorded, recorded: 1,
			calls: []string{"prepare", "find", "prepare", "find", "prepare", "submit"},
		},
		{
			name: "stale", prepare: all(ledgerclient.Stale, 1), want: gateway.Recorded, recorded: 1,
			calls: []string{"prepare", "find", "prepare", "submit"},
		},
		{
			name: "config", prepare: all(ledgerclient.Config, 1), want: gateway.Recorded, recorded: 1,
			calls: []string{"prepare", "find", "prepare", "submit"},
		},
		{name: "poison", prepare: all(ledgerclient.Poison, 1), want: gateway.Parked, calls: []string{"prepare"}},
		{
			name: "unknown, not on the ledger", submit: all(ledgerclient.Unknown, 1), want: gateway.Recorded, recorded: 1,
			calls: []string{"prepare", "submit", "find", "submit"},
		},
		{
			name: "unknown, on the ledger", forget: 1, want: gateway.Recorded, recorded: 1,
			calls: []string{"prepare", "submit", "find"},
		},
		{
			name: "duplicate id", submit: all(ledgerclient.DuplicateID, 1), want: gateway.Recorded, recorded: 1,
			calls: []string{"prepare", "submit", "find", "submit"},
		},
		{
			name: "conflict", submit: all(ledgerclient.Conflict, 1), want: gateway.Recorded, recorded: 1,
			calls: []string{"prepare", "submit", "find", "prepare", "submit"},
		},
		{
			name: "stale after an outage of the orderers", want: gateway.Recorded, recorded: 1,
			submit: append(all(ledgerclient.Unknown, outbox.MaxRebuilds), classed(ledgerclient.Stale)),
		},
		{name: "policy for ever", submit: all(ledgerclient.Policy, outbox.MaxRebuilds+1), want: gateway.Parked},
		{name: "refused by the orderer", submit: all(ledgerclient.Refused, 1), want: gateway.Parked, calls: []string{"prepare", "submit"}},
		{name: "key revoked while it waited", prepare: all(ledgerclient.Disowned, 1), want: gateway.Parked, calls: []string{"prepare"}},
		{
			name: "before, at submit", submit: all(ledgerclient.Before, 1), want: gateway.Recorded, recorded: 1,
			calls: []string{"prepare", "submit", "find", "submit"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := open(t, t.TempDir())
			b.ledger.prepare, b.ledger.submit, b.ledger.forget = tt.prepare, tt.submit, tt.forget
			b.start()
			b.put(transaction("1", "body"))
			b.until(tt.want.String(), func() bool { return b.item(1).State == tt.want })
			if got := b.ledger.called(); tt.calls != nil && !slices.Equal(got, tt.calls) {
				t.Errorf("calls = %v, want %v", got, tt.calls)
			}
			if got := b.ledger.recorded["body"]; got != tt.recorded {
				t.Errorf("recorded %d times, want %d", got, tt.recorded)
			}
		})
	}
}

// TestWorker_RetryAfterRebuilds: who is parked because its bytes were refused again
// and again is built anew when an operator puts it back.
func TestWorker_RetryAfterRebuilds(t *testing.T) {
	t.Parallel()
	b := open(t, t.TempDir())
	b.ledger.submit = slices.Repeat([]error{classed(ledgerclient.Policy)}, outbox.MaxRebuilds+1)
	b.start()
	b.put(transaction("1", "body"))
	b.until("parked", func() bool { return b.item(1).State == gateway.Parked })
	before := len(b.ledger.called())
	if err := b.store.Requeue(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	b.worker.WakeLedger()
	b.until("recorded", func() bool { return b.item(1).State == gateway.Recorded })
	if got, want := b.ledger.called()[before:], []string{"find", "prepare", "submit"}; !slices.Equal(got, want) {
		t.Errorf("calls after the retry = %v, want %v", got, want)
	}
}

func TestWorker_ContractRefuses(t *testing.T) {
	t.Parallel()
	b := open(t, t.TempDir())
	b.start()
	b.put(transaction("1", "refuse"))
	b.until("told", func() bool { return slices.Equal(b.link.texts(), []string{"missing1"}) })
	if it := b.item(1); it.State != gateway.Rejected {
		t.Errorf("transaction is %v, want rejected", it.State)
	}
}

func TestWorker_PanicParks(t *testing.T) {
	t.Parallel()
	b := open(t, t.TempDir())
	b.ledger.panics = true
	b.start()
	b.put(transaction("1", "body"))
	b.until("parked", func() bool { return b.item(1).State == gateway.Parked })
	b.ledger.mu.Lock()
	b.ledger.panics = false
	b.ledger.mu.Unlock()
	if err := b.store.Requeue(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	b.until("recorded after an operator's retry", func() bool { return b.item(1).State == gateway.Recorded })
}

// TestWorker_Discarded: a citizen who was told that she would hear of it is told when an
// operator has discarded it.
func TestWorker_Discarded(t *testing.T) {
	t.Parallel()
	b := open(t, t.TempDir())
	silent, saved := transaction("1", "body"), transaction("1", "body")
	silent.Ask.Silent = true
	saved.Tx.Saved.Bytes = []byte("endorsed")
	for _, tt := range []struct {
		name  string
		of    gateway.Effect
		state gateway.State
		want  string // empty: nothing
	}{
		{"transaction", transaction("1", "body"), gateway.Parked, outbox.NoticeRefused},
		{"transaction that may have been submitted", saved, gateway.Parked, outbox.NoticeUnsure},
		{"transaction whose answer was lost", transaction("1", "body"), gateway.Unknown, outbox.NoticeUnsure},
		{"transaction of which nobody is told", silent, gateway.Parked, ""},
		{"question", gateway.Effect{Kind: gateway.Question, To: route(), Ask: &gateway.Ask{}}, gateway.Queued, outbox.NoticeExpired},
		{"message", message("m"), gateway.Queued, ""},
	} {
		got := b.worker.Discarded(gateway.Item{Effect: tt.of, State: tt.state})
		switch {
		case tt.want == "" && len(got) == 0:
		case len(got) != 1 || got[0].SMS.Text.Reveal() != tt.want || got[0].To != route() || got[0].Lease:
			t.Errorf("%s: %+v, want %q to its citizen, not leased", tt.name, got, tt.want)
		}
	}
	if err := b.store.Close(); err != nil {
		t.Error(err)
	}
}

// TestWorker_SavedBytesOutliveTheProcess: a process dies after the bytes were
// saved; the next one asks, and submits the same bytes.
func TestWorker_SavedBytesOutliveTheProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := open(t, dir)
	b.put(transaction("1", "body"))
	items, err := b.store.Claim(t.Context(), gateway.Transaction, "", 1)
	if err != nil || len(items) != 0 {
		t.Fatalf("Claim = %v, %v; want none: the item is leased", items, err)
	}
	leased := b.item(1)
	saved := make(chan error, 1)
	b.store.Progress(gateway.Progress{
		ID: 1, Token: leased.Token, State: gateway.Endorsed, Saved: &ledgerclient.Transaction{ID: "tx", Bytes: []byte("saved")},
	}, func(_ []gateway.Item, err error) { saved <- err })
	if err := <-saved; err != nil {
		t.Fatal(err)
	}
	if err := b.store.Close(); err != nil {
		t.Fatal(err)
	}

	b = open(t, dir)
	b.start()
	b.until("recorded", func() bool { return b.item(1).State == gateway.Recorded })
	if got, want := b.ledger.called(), []string{"find", "submit"}; !slices.Equal(got, want) {
		t.Errorf("calls = %v, want %v", got, want)
	}
	if b.ledger.recorded["saved"] != 1 {
		t.Errorf("recorded = %v, want the saved bytes", b.ledger.recorded)
	}
}

// TestWorker_LedgerDown: an outage costs no attempt, and all is done in order
// when it is over.
func TestWorker_LedgerDown(t *testing.T) {
	t.Parallel()
	b := open(t, t.TempDir())
	b.ledger.down = true
	b.start()
	question := gateway.Effect{
		Kind: gateway.Question, Lane: gateway.Question.Lane(citizen), To: route(), Ask: &gateway.Ask{},
	}
	b.put(transaction("1", "first"), question, transaction("2", "second"))
	b.until("tried", func() bool { return len(b.ledger.called()) > 0 })
	if it := b.item(1); it.State != gateway.Queued || it.Attempts != 0 {
		t.Errorf("while down: %v after %d attempts, want queued after 0", it.State, it.Attempts)
	}
	b.ledger.mu.Lock()
	b.ledger.down = false
	b.ledger.mu.Unlock()
	b.worker.WakeLedger()
	want := []string{"done1", "found", "done2"}
	b.until("answered in order", func() bool { return slices.Equal(b.link.texts(), want) })
}

func TestWorker_QuestionExpires(t *testing.T) {
	t.Parallel()
	b := open(t, t.TempDir())
	b.start()
	b.put(gateway.Effect{
		Kind: gateway.Question, Lane: "l", Lease: true, To: route(), Ask: &gateway.Ask{}, Expires: time.Now().Add(-time.Second),
	})
	b.until("told", func() bool { return slices.Equal(b.link.texts(), []string{outbox.NoticeExpired}) })
	if it := b.item(1); it.State != gateway.Expired {
		t.Errorf("question is %v, want expired", it.State)
	}
}
