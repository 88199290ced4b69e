package turn_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"setu/gateway"
	"setu/gateway/packed"
	"setu/gateway/sqlite"
	"setu/gateway/turn"
	"setu/i18n"
	"setu/ledgerclient"
)

const citizen = gateway.Address("+919830000001")

// dialogue does what a message says: "query", "submit", "lookup 123…",
// "panic"; anything else is echoed. Session.Dialogue.Page counts its steps.
type dialogue struct {
	mu      sync.Mutex
	steps   []string
	noticed i18n.Format // of the latest notice

	stopped bool // every citizen wrote STOP
	short   bool // a screen has less than a message
	retries bool // the same key again is a retry
}

func said(text string) gateway.Reply { return gateway.Reply{Parts: []gateway.Part{{Text: text}}} }

func (d *dialogue) Step(s gateway.Session, in gateway.Inbound) gateway.Outcome {
	text := in.Text.Reveal()
	d.mu.Lock()
	d.steps = append(d.steps, text)
	d.mu.Unlock()
	if shown, ok := packed.Reply(s.Live.Shown); d.retries && ok && s.Live.Key == in.Key {
		return gateway.Outcome{Session: s, Reply: shown, Again: true}
	}
	s.Dialogue.Page++
	s.Stopped = d.stopped
	s.Live = gateway.Live{Session: in.Session, Key: in.Key}
	out := gateway.Outcome{Session: s}
	verb, arg, _ := strings.Cut(text, " ")
	switch verb {
	case "query":
		out.Query = &gateway.Ask{Silent: arg == "silently", Service: "s", Department: "d", Call: ledgerclient.Call{Contract: "c", Function: "Get"}}
	case "offer", "anew": // of a crop: the same one again is a repetition
		asked := s
		out.Asked, out.Repeat = &asked, gateway.Repeat{Within: 24 * time.Hour, Done: "done", Wanted: verb == "anew"}
		out.Submit = &gateway.Ask{
			Service: "s", Department: "d", Medium: in.Medium, Private: []string{"words"},
			Call: ledgerclient.Call{Contract: "c", Function: "Put", Args: map[string]string{"crop": arg, "words": "for " + arg}},
		}
		out.Reply = said("received")
	case "cancel":
		out.Submit, out.Undoes = &gateway.Ask{Service: "s", Department: "d", Call: ledgerclient.Call{Contract: "c", Function: "Undo"}}, ledgerclient.Receipt(arg)
		out.Reply = said("cancelling")
	case "submit":
		out.Submit = &gateway.Ask{
			Service: "s", Department: "d", Medium: gateway.SMS, Private: []string{"text"},
			Call: ledgerclient.Call{Contract: "c", Function: "Put", Args: map[string]string{"text": "words", "crop": "paddy"}},
		}
		out.Session.Undo = &gateway.Undo{}
		out.Reply = said("received")
	case "pin":
		out.PIN = gateway.Private(arg)
	case "lookup":
		out.Lookup = ledgerclient.Receipt(arg)
	case "panic":
		panic("fault in a service")
	default:
		out.Reply = said(fmt.Sprintf("%s %d", text, s.Dialogue.Page))
	}
	return out
}

func (d *dialogue) Resume(s gateway.Session, _ gateway.Ask, a ledgerclient.Answer, _ time.Time) gateway.Outcome {
	r := said("answer " + a.Code)
	r.End = true
	return gateway.Outcome{Session: s, Reply: r}
}

func (d *dialogue) Repeated(out gateway.Outcome, st gateway.Standing, _ time.Time) gateway.Outcome {
	return gateway.Outcome{Session: *out.Asked, Reply: said("repeated " + string(st.Receipt)), Notes: []gateway.Meter{{Kind: gateway.MeterRefused, Outcome: gateway.RefusedRepeat}}}
}

func (d *dialogue) Standing(s gateway.Session, st gateway.Standing, _ time.Time) gateway.Outcome {
	return gateway.Outcome{Session: s, Reply: said("standing " + st.State.String())}
}

func (d *dialogue) Proven(s gateway.Session, _ gateway.Medium, mac string, _ time.Time) gateway.Outcome {
	return gateway.Outcome{Session: s, Reply: said("proven " + mac)}
}

func (d *dialogue) Notice(f i18n.Format, key string, _ map[string]i18n.Value) gateway.Reply {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.noticed = f
	return said("notice " + key)
}

func (d *dialogue) Render(r gateway.Reply, m gateway.Medium) string {
	text := r.Parts[0].Text
	if d.short && m == gateway.USSD {
		return text[:1]
	}
	if v, ok := r.Parts[0].Values["receipt"]; ok {
		text += " " + v.Raw
	}
	return text
}

func (d *dialogue) heard() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.steps)
}

// ledger answers when it is let, with err.
type ledger struct {
	let  chan struct{} // nil: at once
	err  error
	down bool
	near bool
	look func() // before each answer; nil: nothing

	asked atomic.Int64
}

func (l *ledger) Up() bool   { return !l.down }
func (l *ledger) Near() bool { return l.near }

func (l *ledger) Evaluate(ctx context.Context, _ ledgerclient.SignedQuery) (ledgerclient.Answer, error) {
	l.asked.Add(1)
	if l.let != nil {
		select {
		case <-l.let:
		case <-ctx.Done():
			return ledgerclient.Answer{}, ctx.Err()
		}
	}
	if l.look != nil {
		l.look()
	}
	return ledgerclient.Answer{Code: "found"}, l.err
}

// signer keeps what it signed.
type signer struct {
	mu        sync.Mutex
	envelopes []ledgerclient.Envelope
	err       error
}

func (*signer) Pseudonym(department, number string) (string, error) {
	if department == "setu/repeat" {
		return number, nil
	}
	return "p-" + department, nil
}

func (*signer) SignQuery(_ context.Context, q ledgerclient.Query) (ledgerclient.SignedQuery, error) {
	return ledgerclient.SignedQuery{Query: q}, nil
}

func (s *signer) SignEnvelope(_ context.Context, e ledgerclient.Envelope) (ledgerclient.SignedEnvelope, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.envelopes = append(s.envelopes, e)
	return ledgerclient.SignedEnvelope{Canonical: []byte(e.Key)}, s.err
}

// fail has it fail with an error from now on; nil is that it signs again.
func (s *signer) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// tray keeps what is dispatched.
type tray struct {
	mu    sync.Mutex
	items []gateway.Item
	// dispatched, if not nil, is called with what is dispatched.
	dispatched func([]gateway.Item)
}

func (tr *tray) Dispatch(items []gateway.Item) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.items = append(tr.items, items...)
	if tr.dispatched != nil {
		tr.dispatched(items)
	}
}

// token is that of an item's lease.
func (tr *tray) token(id int64) int64 {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	for _, it := range tr.items {
		if it.ID == id {
			return it.Token
		}
	}
	return 0
}

type house struct {
	t        *testing.T
	store    *sqlite.Store
	disk     *smallDisk // or nil
	dialogue *dialogue
	ledger   *ledger
	signer   *signer
	tray     *tray
	taker    *turn.Taker
}

func open(t *testing.T, dir string, change func(*house, *turn.Config, *sqlite.Options)) *house {
	t.Helper()
	h := &house{t: t, dialogue: &dialogue{}, ledger: &ledger{}, signer: &signer{}, tray: &tray{}}
	options := sqlite.Options{Reserve: -1}
	c := turn.Config{
		Dialogue: h.dialogue, Ledger: h.ledger, Signer: h.signer, Words: h.dialogue, Outbox: h.tray,
		Log: slog.New(slog.DiscardHandler), Now: time.Now,
	}
	if change != nil {
		change(h, &c, &options)
	}
	var err error
	if h.store, err = sqlite.Open(dir, options); err != nil {
		t.Fatal(err)
	}
	c.Store = h.store
	if h.disk != nil {
		h.disk.Store, c.Store = h.store, h.disk
	}
	h.taker = turn.New(t.Context(), c)
	t.Cleanup(h.close)
	return h
}

func (h *house) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	h.taker.Close(ctx)
	if err := h.store.Close(); err != nil && !errors.Is(err, gateway.ErrClosed) {
		h.t.Error(err)
	}
}

var at = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func inbound(text string) gateway.Inbound {
	return gateway.Inbound{Key: text, Bind: "b1", Link: "op", Medium: gateway.SMS, From: citizen, To: "51969", Text: gateway.Private(text), At: at}
}

// say accepts a message and waits until its provider may be answered.
func (h *house) say(in gateway.Inbound) error {
	h.t.Helper()
	done := make(chan error, 1)
	h.taker.Accept(in, gateway.FragmentKey{}, func(err error) { done <- err })
	select {
	case err := <-done:
		return err
	case <-time.After(20 * time.Second):
		h.t.Fatal("provider was never answered")
		return nil
	}
}

// asked waits until the ledger was asked n times.
func (h *house) asked(n int64) {
	h.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); h.ledger.asked.Load() < n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			h.t.Fatalf("the ledger was not asked %d times", n)
		}
	}
}

// items waits for n items in the store, and gives all of them by their number.
func (h *house) items(n int) []gateway.Item {
	h.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		items, err := h.store.List(h.t.Context(), gateway.Filter{})
		if err != nil {
			h.t.Fatal(err)
		}
		if len(items) >= n {
			return items
		}
		if time.Now().After(deadline) {
			h.t.Fatalf("%d items in the outbox, want %d", len(items), n)
		}
		time.Sleep(2 * time.Millisecond) // turns run on their own goroutines
	}
}

func TestTaker_AnswersWithoutLedger(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), nil)
	for _, text := range []string{"one", "two"} {
		if err := h.say(inbound(text)); err != nil {
			t.Fatalf("say %q: %v", text, err)
		}
	}
	items := h.items(2)
	if got := items[0].SMS.Text.Reveal() + ", " + items[1].SMS.Text.Reveal(); got != "one 1, two 2" {
		t.Errorf("replies = %q, want the session kept between them", got)
	}
	left, err := h.store.Accepted(t.Context(), 0, 10)
	if err != nil || len(left) != 0 {
		t.Errorf("Accepted = %v, %v; want nothing left: acceptance and turn shared a commit", left, err)
	}
}

func TestTaker_ProviderDoesNotWaitForLedger(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), func(h *house, _ *turn.Config, _ *sqlite.Options) { h.ledger.let = make(chan struct{}) })
	if err := h.say(inbound("query")); err != nil { // the ledger has not answered
		t.Fatal(err)
	}
	if err := h.say(inbound("next")); err != nil { // nor does this wait for the turn before it
		t.Fatal(err)
	}
	close(h.ledger.let)
	items := h.items(2)
	if got := items[0].SMS.Text.Reveal() + ", " + items[1].SMS.Text.Reveal(); got != "answer found, next 2" {
		t.Errorf("replies = %q, want them in the order of the messages", got)
	}
}

// TestTaker_LedgerAtHand asks a ledger that answers from memory: the question is
// not on disk before its answer, and then both are, in one commit.
func TestTaker_LedgerAtHand(t *testing.T) {
	t.Parallel()
	var before int
	h := open(t, t.TempDir(), func(h *house, _ *turn.Config, _ *sqlite.Options) {
		h.ledger.near = true
		h.ledger.look = func() {
			rows, err := h.store.Accepted(h.t.Context(), 0, 10)
			if err != nil {
				h.t.Error(err)
			}
			before = len(rows)
		}
	})
	if err := h.say(inbound("query")); err != nil {
		t.Fatal(err)
	}
	if before != 0 {
		t.Errorf("%d messages accepted before the ledger was asked, want none", before)
	}
	items, err := h.store.List(t.Context(), gateway.Filter{})
	if err != nil || len(items) != 1 || items[0].SMS.Text.Reveal() != "answer found" {
		t.Errorf("items when the provider is answered = %v, %v; want the answer", items, err)
	}
	if err := h.say(inbound("query")); err != nil {
		t.Errorf("the same question again: %v", err)
	}
	h.asked(2)
}

func TestTaker_LateQuestionIsKept(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*house, *turn.Config, *sqlite.Options)
	}{
		{"slow", func(h *house, c *turn.Config, _ *sqlite.Options) {
			h.ledger.let, c.Patience = make(chan struct{}), 20*time.Millisecond
		}},
		{"down", func(h *house, _ *turn.Config, _ *sqlite.Options) {
			h.ledger.err = &ledgerclient.Error{Class: ledgerclient.Before, Op: "evaluate", Err: errors.New("down")}
		}},
		{"at hand and failing", func(h *house, _ *turn.Config, _ *sqlite.Options) {
			h.ledger.near = true
			h.ledger.err = &ledgerclient.Error{Class: ledgerclient.Before, Op: "evaluate", Err: errors.New("down")}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := open(t, t.TempDir(), tt.change)
			if err := h.say(inbound("query")); err != nil {
				t.Fatal(err)
			}
			items := h.items(2)
			if items[0].Kind != gateway.Question || items[1].SMS.Text.Reveal() != "notice later" {
				t.Errorf("items = %v, %v; want the question kept and the citizen told", items[0].Kind, items[1].Kind)
			}
		})
	}
}

func TestTaker_SignsTransaction(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), nil)
	if err := h.say(inbound("submit")); err != nil {
		t.Fatal(err)
	}
	items := h.items(2)
	tx, notice := items[0], items[1]
	e := h.signer.envelopes[0]
	switch {
	case tx.Kind != gateway.Transaction || string(tx.Tx.Envelope.Canonical) != e.Key:
		t.Errorf("first item = %v, want the signed transaction", tx.Kind)
	case !ledgerclient.IsHidden(e.Call.Args["text"]) || e.Call.Args["crop"] != "paddy":
		t.Errorf("args = %v, want the private one hidden and the other not", e.Call.Args)
	case ledgerclient.Hide("words", tx.Tx.Salts["text"]) != e.Call.Args["text"]:
		t.Errorf("the kept salt does not give the hash on the ledger")
	case notice.Unless != tx.Tx.Receipt || !notice.Due.After(time.Now()):
		t.Errorf("notice is due at %v unless %q; want it later, unless the transaction is final", notice.Due, notice.Unless)
	case notice.SMS.Text.Reveal() != "received "+string(tx.Tx.Receipt):
		t.Errorf("notice = %q, want the receipt's number in it", notice.SMS.Text.Reveal())
	case e.Caller.Pseudonym != "p-d" || e.Caller.Assurance != ledgerclient.Number:
		t.Errorf("caller = %+v, want the department's pseudonym", e.Caller)
	}
	s, err := h.store.Session(t.Context(), citizen)
	if err != nil || s.Undo == nil || s.Undo.Receipt != tx.Tx.Receipt {
		t.Errorf("undo = %+v, %v; want the receipt of the transaction", s.Undo, err)
	}
	if err := h.say(inbound("lookup " + string(tx.Tx.Receipt))); err != nil {
		t.Fatal(err)
	}
	if got := h.items(3)[2].SMS.Text.Reveal(); got != "standing queued" {
		t.Errorf("look-up = %q, want standing queued", got)
	}
}

// TestTaker_QuestionWaitsForHerTransaction: what she asks after a transaction
// shows its effect.
func TestTaker_QuestionWaitsForHerTransaction(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), nil)
	if err := h.say(inbound("submit")); err != nil {
		t.Fatal(err)
	}
	tx := h.items(2)[0]
	h.ledger.look = func() {
		if st, err := h.store.Standing(context.Background(), tx.Tx.Receipt); err != nil || st.State != gateway.Recorded {
			t.Errorf("asked while the transaction is %v, %v; want recorded", st.State, err)
		}
	}
	if err := h.say(inbound("query")); err != nil {
		t.Fatal(err)
	}
	recorded := make(chan error, 1)
	h.store.Progress(gateway.Progress{ID: tx.ID, Token: h.tray.token(tx.ID), State: gateway.Recorded, Code: "done", Block: 3},
		func(_ []gateway.Item, err error) { recorded <- err })
	if err := <-recorded; err != nil {
		t.Fatal(err)
	}
	if got := h.items(3)[2]; got.ID != 3 || got.SMS.Text.Reveal() != "answer found" {
		t.Errorf("third item is %q, want the answer after the transaction was recorded", got.SMS.Text.Reveal())
	}
	s, err := h.store.Session(t.Context(), citizen)
	if err != nil || s.Pending != "" {
		t.Errorf("pending = %q, %v; want none any more", s.Pending, err)
	}
}

func TestTaker_QuestionQueuesBehindHerTransaction(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), func(h *house, _ *turn.Config, _ *sqlite.Options) { h.ledger.down = true })
	for _, text := range []string{"submit", "query"} {
		if err := h.say(inbound(text)); err != nil {
			t.Fatal(err)
		}
	}
	items := h.items(4)
	if tx, question := items[0], items[2]; question.Kind != gateway.Question || question.Lane != tx.Lane {
		t.Errorf("question is a %v in another lane than the transaction", question.Kind)
	}
}

func TestTaker_TellsAtOnceWhileLedgerIsDown(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), func(h *house, _ *turn.Config, _ *sqlite.Options) { h.ledger.down = true })
	if err := h.say(inbound("submit")); err != nil {
		t.Fatal(err)
	}
	if due := h.items(2)[1].Due; due.After(time.Now()) {
		t.Errorf("notice is due at %v, want at once", due)
	}
}

// TestTaker_Recover: a process dies between acceptance and turn. The next one
// takes the turn, with the idempotency key that the first would have used.
func TestTaker_Recover(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h := open(t, dir, func(h *house, _ *turn.Config, _ *sqlite.Options) { h.signer.err = errors.New("died here") })
	if err := h.say(inbound("submit")); err != nil {
		t.Fatal(err)
	}
	h.close()
	if len(h.signer.envelopes) == 0 {
		t.Fatal("the first process signed nothing")
	}
	second := open(t, dir, nil)
	n, err := second.taker.Recover(t.Context())
	if err != nil || n != 1 {
		t.Fatalf("Recover = %d, %v; want 1", n, err)
	}
	second.items(2)
	if got, want := second.signer.envelopes[0].Key, h.signer.envelopes[0].Key; got != want {
		t.Errorf("key = %s, want %s as before the crash", got, want)
	}
}

func TestTaker_RedeliveredMessage(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), nil)
	first, again := inbound("one"), inbound("one")
	again.Bind = "b2"
	for _, in := range []gateway.Inbound{first, again, first} {
		if err := h.say(in); err != nil {
			t.Fatal(err)
		}
	}
	h.items(2)
	if got := h.taker.Counts().Duplicates.Load(); got != 1 {
		t.Errorf("duplicates = %d, want 1: the redelivery, and not the citizen's second message", got)
	}
}

func TestTaker_OrderOfOneCitizen(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), nil)
	var want []string
	var waiting sync.WaitGroup
	for i := range 200 {
		text := fmt.Sprint("m", i)
		want = append(want, text)
		waiting.Add(1)
		h.taker.Accept(inbound(text), gateway.FragmentKey{}, func(err error) {
			defer waiting.Done()
			if err != nil {
				t.Errorf("accept %s: %v", text, err)
			}
		})
	}
	waiting.Wait()
	h.items(100) // a page of them
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	h.taker.Close(ctx)
	if got := h.dialogue.heard(); !slices.Equal(got, want) {
		t.Errorf("turns out of order: %v", got)
	}
}

func TestTaker_FloodOfOneCitizen(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), func(h *house, _ *turn.Config, _ *sqlite.Options) { h.ledger.let = make(chan struct{}) })
	if err := h.say(inbound("query")); err != nil {
		t.Fatal(err)
	}
	busy := 0
	for i := range 600 {
		if err := h.say(inbound(fmt.Sprint("m", i))); errors.Is(err, turn.ErrBusy) {
			busy++
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if busy != 600-512 {
		t.Errorf("%d messages turned away, want %d", busy, 600-512)
	}
	other := inbound("other")
	other.From = "+919830000002"
	if err := h.say(other); err != nil {
		t.Errorf("another citizen: %v, want served", err)
	}
	close(h.ledger.let)
}

func TestTaker_PanicEndsOnlyItsMessage(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), nil)
	if err := h.say(inbound("panic")); err != nil {
		t.Fatalf("provider got %v, want the message taken off its hands", err)
	}
	if err := h.say(inbound("next")); err != nil {
		t.Fatal(err)
	}
	items := h.items(2)
	if got := items[0].SMS.Text.Reveal(); got != "notice busy" {
		t.Errorf("reply = %q, want the citizen asked to try again", got)
	}
	left, err := h.store.Accepted(t.Context(), 0, 10)
	if err != nil || len(left) != 0 {
		t.Errorf("Accepted = %v, %v; want none, so that no start meets the panic again", left, err)
	}
}

func TestTaker_SessionMovedOn(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), nil)
	if err := h.say(inbound("one")); err != nil {
		t.Fatal(err)
	}
	// Another process commits a later session.
	s, err := h.store.Session(t.Context(), citizen)
	if err != nil {
		t.Fatal(err)
	}
	s.Dialogue.Page = 41
	done := make(chan error, 1)
	h.store.Commit(gateway.Commit{Session: &s}, func(_ gateway.Committed, err error) { done <- err })
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if err := h.say(inbound("two")); err != nil {
		t.Fatal(err)
	}
	if got := h.items(2)[1].SMS.Text.Reveal(); got != "two 42" {
		t.Errorf("reply = %q, want two 42: the turn taken again on the later session", got)
	}
}

func TestTaker_DiskFull(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), func(_ *house, _ *turn.Config, o *sqlite.Options) { o.Reserve = 1 << 62 })
	if err := h.say(inbound("one")); !errors.Is(err, gateway.ErrFull) {
		t.Errorf("provider got %v, want ErrFull", err)
	}
}

// smallDisk is a store whose disk has room for what is accepted, and while it is
// full for no turn.
type smallDisk struct {
	turn.Store
	full    atomic.Bool
	commits atomic.Int64 // asked for
	refused atomic.Int64
}

func (d *smallDisk) Commit(c gateway.Commit, done func(gateway.Committed, error)) {
	d.commits.Add(1)
	if (c.Turned || c.Live != nil) && d.full.Load() {
		d.refused.Add(1)
		done(gateway.Committed{}, gateway.ErrFull)
		return
	}
	d.Store.Commit(c, done)
}

func TestTaker_DiskFullOfAccepted(t *testing.T) {
	t.Parallel()
	disk := &smallDisk{}
	disk.full.Store(true)
	h := open(t, t.TempDir(), func(h *house, _ *turn.Config, _ *sqlite.Options) { h.disk = disk })
	for _, text := range []string{"submit", "one"} {
		if err := h.say(inbound(text)); err != nil {
			t.Fatalf("%s: provider got %v; it is accepted", text, err)
		}
	}
	for deadline := time.Now().Add(20 * time.Second); disk.refused.Load() < 2; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the turn was not tried again")
		}
	}
	if heard := h.dialogue.heard(); slices.Contains(heard, "one") {
		t.Errorf("turns while the disk is full: %v; the second message is to wait for the first", heard)
	}
	disk.full.Store(false)
	h.items(3)
	if heard := h.dialogue.heard(); heard[len(heard)-1] != "one" {
		t.Errorf("turns: %v; the second message is to come last", heard)
	}
}

// TestTaker_FaultHoldsTheLane: while a token does not sign, a citizen's next message
// waits for the one before it, but not for ever.
func TestTaker_FaultHoldsTheLane(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		away time.Duration // that the token does
		want []string      // the messages, in the order of their last turns
	}{
		{"for seconds", 10 * time.Second, []string{"submit", "menu"}},
		{"for minutes", 2 * time.Minute, []string{"menu", "submit"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := open(t, t.TempDir(), nil)
				h.signer.fail(errors.New("the token is out of reach"))
				for _, text := range []string{"submit", "menu"} {
					if err := h.say(inbound(text)); err != nil {
						t.Fatalf("%s: provider got %v; it is accepted", text, err)
					}
				}
				time.Sleep(tt.away)
				h.signer.fail(nil)
				time.Sleep(time.Minute)
				synctest.Wait()
				heard := h.dialogue.heard()
				if got := lastTurns(heard); !slices.Equal(got, tt.want) {
					t.Errorf("turns: %v; want the last ones in the order %v", heard, tt.want)
				}
				if left, err := h.store.Accepted(t.Context(), 0, 10); err != nil || len(left) != 0 {
					t.Errorf("Accepted = %v, %v; want none left", left, err)
				}
				h.close()
			})
		})
	}
}

// lastTurns are the texts of turns in the order of the last turn of each.
func lastTurns(heard []string) (order []string) {
	for _, text := range heard {
		order = append(slices.DeleteFunc(order, func(s string) bool { return s == text }), text)
	}
	return order
}

func BenchmarkTaker(b *testing.B) {
	store, err := sqlite.Open(b.TempDir(), sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	d := &dialogue{}
	taker := turn.New(b.Context(), turn.Config{
		Store: store, Dialogue: d, Ledger: &ledger{}, Signer: &signer{}, Words: d, Outbox: &tray{},
		Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	defer func() {
		taker.Close(context.Background())
		if err := store.Close(); err != nil {
			b.Error(err)
		}
	}()
	b.ReportAllocs()
	var under sync.WaitGroup
	room := make(chan struct{}, 1000)
	n := 0
	for b.Loop() {
		n++
		in := inbound(fmt.Sprint("m", n))
		in.From = gateway.Address(fmt.Sprintf("+9198%08d", n%10000))
		room <- struct{}{}
		under.Add(1)
		taker.Accept(in, gateway.FragmentKey{}, func(error) { <-room; under.Done() })
	}
	under.Wait()
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "msg/s")
}
