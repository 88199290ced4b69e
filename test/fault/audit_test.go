package fault_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"setu/gateway"
	"setu/gateway/audit"
	"setu/gateway/outbox"
	"setu/gateway/sqlite"
	"setu/gateway/turn"
	"setu/ledgerclient"
	"setu/ledgerclient/keys"
	"setu/ledgerclient/sandbox"
)

// slack is how long before a kill the first copy of an answer may have come
// that came again: the gateway had not stored yet that it was sent.
const slack = 5 * time.Second

// departments of the services that the citizens use for transactions.
const departments = "agriculture grievance"

// ledgerFile is the sandbox ledger in the data folder.
const ledgerFile = "sandbox.ledger"

// entry is a citizen's transaction on the ledger.
type entry struct {
	ledgerclient.Envelope
	block uint64
}

// books are what the gateway has left on disk.
type books struct {
	store *sqlite.Store
	// messages and transactions are the items of the store by citizen.
	messages, transactions map[string][]gateway.Item
	questions              map[string]int
	// entries are the ledger's, by citizen, in the order of the chain.
	entries map[string][]entry
	ledger  int // entries in all
	expired int // questions that came to nothing
	// own are the gateway's own transactions, and anchors those on the ledger.
	own     []gateway.Item
	anchors []entry
}

// figures are what an audit has counted.
type figures struct {
	messages, answers, doubled, held, notices, effects int
	undone, unseen, repeats                            int // of USSD: receipts not shown, requests sent again
}

// audit stops the gateway in good order and checks that all promises were kept.
func (w *world) audit() {
	w.t.Helper()
	w.sealing = unanchored
	l := w.ready("", 0)
	l.drain(&batch{ended: closed()})
	_, metrics := l.Get("/metrics")
	if !strings.Contains(metrics, "setu_items_parked_total 0") {
		w.t.Error("an item is parked")
	}
	l.stop()
	if w.last != nil {
		w.last()
	}
	b := w.open()
	var f figures
	for _, c := range w.citizens {
		w.checkAnswers(c, b, &f)
		w.checkEffects(c, b, &f)
		w.checkReceipts(c, b)
	}
	for _, d := range w.diallers {
		w.checkLot(d, b, &f)
	}
	if b.ledger != f.effects {
		w.t.Errorf("the ledger holds %d transactions, of %d requests", b.ledger, f.effects)
	}
	w.checkMeter(b, gateway.MeterTransaction, f.effects)
	w.checkLog(b)
	if n := w.provider.strange.Load(); n > 0 {
		w.t.Errorf("%d messages of the gateway are to nobody, or cannot be read", n)
	}
	w.report(f)
}

// checkMeter checks that what departments pay for was counted once, however
// often a process died over it.
func (w *world) checkMeter(b *books, kind gateway.Metered, want int) {
	w.t.Helper()
	readings, err := b.store.Readings(context.Background(), time.Time{}, time.Now().Add(time.Hour), gateway.ByMonth, kind)
	if err != nil {
		w.t.Fatal(err)
	}
	var n int64
	for _, r := range readings {
		n += r.Count
	}
	if n != int64(want) {
		w.t.Errorf("the meter has counted %d of %d: %+v", n, want, readings)
	}
}

// report prints what was done and counted.
func (w *world) report(f figures) {
	w.t.Helper()
	p := w.provider
	w.t.Logf("%s: %d lives, %d of them killed (places: %v); %d citizens, %d messages, %d answers and %d notices in the store, %d effects on the ledger",
		w.dir, w.life, w.kills, w.hits, len(w.citizens), f.messages, f.answers, f.notices, f.effects)
	w.t.Logf("%s: of them %d are taken back, and %d by USSD, %d with a receipt that a kill kept from the screen; %d USSD requests were repeated",
		w.dir, f.undone, len(w.diallers), f.unseen, f.repeats)
	w.t.Logf("%s: PDUs of citizens: %d sent, %d of them again, %d refused for the moment, %d acknowledged; delivery receipts: %d",
		w.dir, p.sent.Load(), p.redelivered.Load(), p.refused.Load(), p.acked.Load(), p.receipted.Load())
	w.t.Logf("%s: messages to citizens: %d, of them %d doubled; %d were in a sender's hands at a kill (%g repeated by the lives that could be asked)",
		w.dir, p.received.Load(), f.doubled, f.held, w.repeated)
}

func closed() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

// open reads what is on disk.
func (w *world) open() *books {
	w.t.Helper()
	b := &books{
		messages: map[string][]gateway.Item{}, transactions: map[string][]gateway.Item{},
		questions: map[string]int{}, entries: map[string][]entry{},
	}
	var err error
	if b.store, err = sqlite.Open(w.data, sqlite.Options{}); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := b.store.Close(); err != nil {
			w.t.Error(err)
		}
	})
	w.readItems(b)
	w.readLedger(b)
	return b
}

// readItems reads the outbox. Nothing in it may be unfinished.
func (w *world) readItems(b *books) {
	w.t.Helper()
	ctx := context.Background() // a test's own ends before its clean-up
	for after := int64(0); ; {
		items, err := b.store.List(ctx, gateway.Filter{After: after, Limit: 1000})
		if err != nil {
			w.t.Fatal(err)
		}
		for _, it := range items {
			after = it.ID
			if it.Ask != nil && it.Ask.Service == audit.Service {
				b.own = append(b.own, it)
				continue
			}
			w.checkEnd(it, b)
			number := strings.TrimPrefix(it.To.Citizen.Reveal(), "+")
			switch it.Kind {
			case gateway.Message:
				b.messages[number] = append(b.messages[number], it)
			case gateway.Transaction:
				b.transactions[number] = append(b.transactions[number], it)
			case gateway.Question:
				b.questions[number]++
			}
		}
		if len(items) < 1000 {
			break
		}
	}
	st, err := b.store.Stats(ctx)
	if err != nil || len(st.Waiting) > 0 || st.Accepted > 0 {
		w.t.Errorf("the store's work is not finished: %+v, %v", st, err)
	}
	parts, err := b.store.Fragments(ctx, time.Now().Add(time.Hour))
	if err != nil || len(parts) > 0 {
		w.t.Errorf("%d long messages were never put together, %v", len(parts), err)
	}
}

// checkEnd checks that an item has come to the end that it should.
func (w *world) checkEnd(it gateway.Item, b *books) {
	w.t.Helper()
	want := map[gateway.Kind]gateway.State{
		gateway.Message: gateway.Sent, gateway.Transaction: gateway.Recorded, gateway.Question: gateway.Answered,
	}[it.Kind]
	if it.Kind == gateway.Message && w.dir == operator {
		want = gateway.Delivered
	}
	switch {
	case it.State == gateway.Superseded && it.Unless != "":
		return // a notice that was needless
	case it.Kind == gateway.Question && it.State == gateway.Expired && it.Created.Before(w.idle.Add(-turn.DefaultAnswerLife)):
		b.expired++
		return // nobody waits for the answer any more
	case it.Kind == gateway.Question && it.Created.Before(w.back.Add(-turn.DefaultAnswerLife)):
		w.t.Errorf("item %d, a question, ended as %v (%s) although it was too late", it.ID, it.State, it.Reason)
		return
	}
	if it.State != want {
		w.t.Errorf("item %d, a %v, ended as %v (%s), not as %v", it.ID, it.Kind, it.State, it.Reason, want)
	}
}

// readLedger reads the transactions, and whose they are.
func (w *world) readLedger(b *books) {
	w.t.Helper()
	ring, err := keys.OpenSandbox(w.data, keys.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	known := map[string]string{}
	everybody := slices.Clone(w.citizens)
	for _, d := range w.diallers {
		everybody = append(everybody, d.citizen)
	}
	for _, c := range everybody {
		for d := range strings.FieldsSeq(departments) {
			pseudonym, err := ring.Pseudonym(d, "+"+c.number)
			if err != nil {
				w.t.Fatal(err)
			}
			known[pseudonym] = c.number
		}
	}
	read := w.read
	if read == nil {
		read = func() []entry { return w.sandboxEntries(ring) }
	}
	for _, e := range read() {
		if e.Call.Contract == audit.Service {
			b.anchors = append(b.anchors, e)
			continue
		}
		number, ok := known[e.Caller.Pseudonym]
		if !ok {
			w.t.Errorf("the ledger holds a %s.%s of nobody", e.Call.Contract, e.Call.Function)
		}
		b.entries[number] = append(b.entries[number], e)
		b.ledger++
	}
}

// sandboxEntries checks the chain and every signature of the sandbox's ledger,
// and reads its transactions.
func (w *world) sandboxEntries(ring *keys.Store) []entry {
	w.t.Helper()
	path := filepath.Join(w.data, ledgerFile)
	l, err := sandbox.Open(sandbox.Options{Path: path, Keys: keys.NewVerifier(ring), Pseudonym: ring.Pseudonym, Now: time.Now})
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := l.Verify(); err != nil {
		w.t.Error(err)
	}
	if err := l.Close(); err != nil {
		w.t.Error(err)
	}
	return w.entries(path)
}

// entries reads the transactions of the ledger's file: a block is a line of JSON.
func (w *world) entries(path string) []entry {
	w.t.Helper()
	f, err := os.Open(path) //nolint:gosec // the test's own
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var out []entry
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var block struct {
			Number uint64
			Txs    []struct{ Envelope json.RawMessage }
		}
		if err := json.Unmarshal(lines.Bytes(), &block); err != nil {
			w.t.Fatalf("block: %v", err)
		}
		for _, tx := range block.Txs {
			if len(tx.Envelope) == 0 {
				continue // laid down by the sandbox itself
			}
			e, err := ledgerclient.ParseEnvelope(tx.Envelope)
			if err != nil {
				w.t.Fatalf("envelope in block %d: %v", block.Number, err)
			}
			out = append(out, entry{e, block.Number})
		}
	}
	if err := lines.Err(); err != nil {
		w.t.Fatal(err)
	}
	return out
}

// checkAnswers checks that the store holds one answer to each message of a
// citizen, in her order, and one result for each transaction and late question.
func (w *world) checkAnswers(c *citizen, b *books, f *figures) {
	w.t.Helper()
	var answers, results []string
	notices := 0
	for _, it := range b.messages[c.number] {
		text := it.SMS.Text.Reveal()
		switch it.SMS.Class {
		case turn.ClassAnswer:
			answers = append(answers, text)
		case outbox.ClassResult:
			results = append(results, text)
		case turn.ClassReceipt:
			notices++
		default:
			w.t.Errorf("%s: item %d is of class %q", c.number, it.ID, it.SMS.Class)
		}
	}
	f.messages += len(c.steps)
	f.answers += len(answers) + len(results)
	f.notices += notices
	requests := 0
	for _, s := range c.steps {
		if s.effect != nil {
			requests++
			continue
		}
		if len(answers) == 0 || !strings.Contains(answers[0], s.echo) {
			w.t.Errorf("%s: no answer to %q in its place, there are left: %q", c.number, s.say, answers)
			return
		}
		answers = answers[1:]
	}
	if len(answers) > 0 {
		w.t.Errorf("%s: answers that nobody asked for: %q", c.number, answers)
	}
	if len(results) != requests+b.questions[c.number] {
		w.t.Errorf("%s: %d results of %d transactions and %d late questions: %q", c.number, len(results), requests, b.questions[c.number], results)
	}
	w.checkCopies(c, b.messages[c.number], f)
}

// checkCopies compares what came with what the store has sent. A message that
// was in a sender's hands at a kill may have come once more for each such kill,
// counted as its attempts, and only if a copy came shortly before.
func (w *world) checkCopies(c *citizen, items []gateway.Item, f *figures) {
	w.t.Helper()
	sent, attempts := map[string]int{}, map[string]int{}
	for _, it := range items {
		text := it.SMS.Text.Reveal()
		attempts[text] += it.Attempts
		f.held += it.Attempts
		if it.State != gateway.Superseded {
			sent[text]++
		}
	}
	came := map[string][]told{}
	for _, t := range c.told {
		came[t.text] = append(came[t.text], t)
	}
	for text, n := range sent {
		if len(came[text]) < n {
			w.t.Errorf("%s: %q was sent %d times and came %d times", c.number, text, n, len(came[text]))
		}
	}
	for text, copies := range came {
		doubled := len(copies) - sent[text]
		if doubled <= 0 {
			continue
		}
		f.doubled += doubled
		if doubled > attempts[text] {
			w.t.Errorf("%s: %q came %d times; the store knows of %d sendings and %d in doubt", c.number, text, len(copies), sent[text], attempts[text])
		}
		if n := w.unexplained(copies); n > sent[text] {
			w.t.Errorf("%s: %q came %d times without a kill shortly after: %v", c.number, text, n, copies)
		}
	}
}

// unexplained counts the copies that were not followed at once by a kill, or at
// all where a full disk may have taken no word of the sending.
func (w *world) unexplained(copies []told) int {
	n := 0
	for _, t := range copies {
		if death, killed := w.deaths[t.life]; !killed || death.Sub(t.at) > slack && !w.full {
			n++
		}
	}
	return n
}

// checkEffects checks that the ledger holds what a citizen has confirmed, once
// and in her order.
func (w *world) checkEffects(c *citizen, b *books, f *figures) {
	w.t.Helper()
	var want, got []string
	entries := b.entries[c.number]
	for _, s := range c.steps {
		e := s.effect
		if e == nil {
			continue
		}
		value := e.value
		if n := len(want); e.function == undo && 0 < n && n <= len(entries) {
			value = string(entries[n-1].Receipt)
			f.undone++
		}
		want = append(want, fmt.Sprintf("%s.%s %s=%s", e.contract, e.function, e.arg, value))
	}
	for i, e := range entries {
		arg := "weight"
		switch {
		case e.Call.Function == undo:
			arg = "receipt"
		case e.Call.Contract == "grievances":
			arg = "subject"
		}
		got = append(got, fmt.Sprintf("%s.%s %s=%s", e.Call.Contract, e.Call.Function, arg, e.Call.Args[arg]))
		if i > 0 && e.block < entries[i-1].block {
			w.t.Errorf("%s: her transactions are out of order in the chain", c.number)
		}
	}
	f.effects += len(want)
	if !slices.Equal(got, want) {
		w.t.Errorf("%s: the ledger holds %q, she confirmed %q", c.number, got, want)
	}
}

// checkReceipts checks that each receipt of a citizen leads to what became of
// it, and that one result tells her of it; one more names it if it was taken
// back.
func (w *world) checkReceipts(c *citizen, b *books) {
	w.t.Helper()
	w.checkRecorded(c, b)
	want := map[string]int{}
	for _, e := range b.entries[c.number] {
		want[e.Receipt.String()]++
		if e.Call.Function == undo {
			want[ledgerclient.Receipt(e.Call.Args["receipt"]).String()]++
		}
	}
	for said, n := range want {
		results := 0
		for _, m := range b.messages[c.number] {
			if m.SMS.Class == outbox.ClassResult && strings.Contains(m.SMS.Text.Reveal(), said) {
				results++
			}
		}
		if results != n {
			w.t.Errorf("%s: %d results with receipt %s, want %d", c.number, results, said, n)
		}
	}
}

// checkRecorded checks that store and ledger agree about a citizen's
// transactions.
func (w *world) checkRecorded(c *citizen, b *books) {
	w.t.Helper()
	byKey := map[string]entry{}
	for _, e := range b.entries[c.number] {
		byKey[e.Key] = e
	}
	if len(byKey) != len(b.transactions[c.number]) {
		w.t.Errorf("%s: the ledger knows %d keys, the store %d", c.number, len(byKey), len(b.transactions[c.number]))
	}
	for _, it := range b.transactions[c.number] {
		e, ok := byKey[it.Tx.Key]
		if !ok || e.Receipt != it.Tx.Receipt {
			w.t.Errorf("%s: the ledger does not hold transaction %s of the store", c.number, it.Tx.Receipt)
			continue
		}
		code := "done"
		if e.Call.Function == undo {
			code = "undone"
		}
		st, err := b.store.Standing(context.Background(), it.Tx.Receipt)
		if err != nil || st.State != gateway.Recorded || st.Code != code || st.Block != e.block {
			w.t.Errorf("%s: receipt stands as %v %q in block %d, %v; the ledger holds it in block %d", c.number, st.State, st.Code, st.Block, err, e.block)
		}
	}
}
