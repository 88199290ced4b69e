package storetest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"setu/gateway"
	"setu/ledgerclient"
)

// model walks at random through the life of items and checks every answer of
// the store against a model that is too simple to be wrong.
func model(w *world) {
	rapid.Check(w.T, func(t *rapid.T) {
		m := &machine{w: newWorld(w.T, w.open), items: map[int64]*modelItem{}, receipts: map[ledgerclient.Receipt]gateway.State{}}
		t.Repeat(map[string]func(*rapid.T){
			"put":      m.put,
			"claim":    m.claim,
			"word":     m.word,
			"pass":     m.pass,
			"operator": m.operator,
			"reopen":   m.reopen,
			"":         m.check,
		})
		if err := m.w.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// modelItem is what the model knows of an item.
type modelItem struct {
	id       int64
	kind     gateway.Kind
	lane     string
	state    gateway.State
	due      time.Time
	attempts int
	receipt  ledgerclient.Receipt
	unless   ledgerclient.Receipt
	// token and until are those of the lease; live says that it was neither
	// given back nor made void.
	token int64
	until time.Time
	live  bool
}

type machine struct {
	w        *world
	items    map[int64]*modelItem
	receipts map[ledgerclient.Receipt]gateway.State
	n        int
}

func (m *machine) sorted() []*modelItem {
	var out []*modelItem
	for _, it := range m.items {
		out = append(out, it)
	}
	slices.SortFunc(out, func(a, b *modelItem) int { return int(a.id - b.id) })
	return out
}

// head is the first unfinished item of a lane.
func (m *machine) head(lane string) *modelItem {
	for _, it := range m.sorted() {
		if it.lane == lane && !it.state.Final() {
			return it
		}
	}
	return nil
}

// held says that the lease of an item goes on.
func (m *machine) held(it *modelItem) bool { return it.live && it.until.After(m.w.clock()) }

// lose ends the leases whose time is over as far as they matter to the model:
// the token stays good until somebody claims.
func (m *machine) claimable(it *modelItem) bool {
	return it == m.head(it.lane) && it.state < gateway.Parked && !m.held(it) && !it.due.After(m.w.clock())
}

// leased takes note of an item that the store has leased.
func (m *machine) leased(t *rapid.T, it gateway.Item) {
	mi := m.items[it.ID]
	switch {
	case mi == nil:
		t.Fatalf("leased item %d is unknown", it.ID)
	case mi != m.head(mi.lane):
		t.Fatalf("item %d was leased and is not the head of lane %s", it.ID, mi.lane)
	case it.Token == 0 || it.Token == mi.token:
		t.Fatalf("item %d leased under token %d again", it.ID, it.Token)
	case it.State != mi.state || it.Attempts != mi.attempts:
		t.Fatalf("item %d is %v after %d attempts, want %v after %d", it.ID, it.State, it.Attempts, mi.state, mi.attempts)
	}
	mi.token, mi.until, mi.live = it.Token, it.Leased, true
}

func (m *machine) put(t *rapid.T) {
	for range rapid.IntRange(1, 3).Draw(t, "items") {
		m.putOne(t)
	}
}

func (m *machine) putOne(t *rapid.T) {
	m.n++
	lane := rapid.SampledFrom([]string{"x", "y", "z"}).Draw(t, "lane")
	e := message(lane)
	if rapid.Bool().Draw(t, "transaction") {
		e = transaction(lane, ledgerclient.Receipt(fmt.Sprint("r", m.n)))
	} else if len(m.receipts) > 0 && rapid.Bool().Draw(t, "unless") {
		e.Unless = ledgerclient.Receipt(fmt.Sprint("r", rapid.IntRange(1, m.n).Draw(t, "receipt")))
	}
	e.Lease = rapid.Bool().Draw(t, "lease")
	if rapid.Bool().Draw(t, "later") {
		e.Due = m.w.clock().Add(30 * time.Second)
	}
	out, err := m.w.commit(gateway.Commit{Effects: []gateway.Effect{e}})
	if err != nil {
		t.Fatal(err)
	}
	id := int64(len(m.items) + 1)
	it := &modelItem{id: id, kind: e.Kind, lane: lane, state: gateway.Queued, due: e.Due, unless: e.Unless}
	if e.Due.IsZero() {
		it.due = m.w.clock()
	}
	if e.Tx != nil {
		it.receipt = e.Tx.Receipt
		m.receipts[it.receipt] = gateway.Queued
	}
	if m.receipts[it.unless].Final() {
		it.state = gateway.Superseded
	}
	m.items[id] = it
	want := e.Lease && m.claimable(it)
	if want != (len(out.Items) == 1) {
		t.Fatalf("%d items leased with the commit, want %v", len(out.Items), want)
	}
	for _, leased := range out.Items {
		m.leased(t, leased)
	}
}

func (m *machine) claim(t *rapid.T) {
	kind := rapid.SampledFrom([]gateway.Kind{gateway.Message, gateway.Transaction}).Draw(t, "kind")
	items, err := m.w.Claim(m.w.Context(), kind, linkOf(kind), 100)
	if err != nil {
		t.Fatal(err)
	}
	want, passed := map[int64]bool{}, map[string]bool{}
	for _, it := range m.sorted() {
		if it.kind != kind || !m.claimable(it) {
			continue
		}
		if it.state == gateway.Queued && m.receipts[it.unless].Final() {
			m.end(it, gateway.Superseded)
			passed[it.lane] = true // the next of its lane is for the claim after this
			continue
		}
		want[it.id] = true
		if it.live && it.kind == gateway.Message {
			it.attempts++
		}
	}
	for _, it := range items {
		if !want[it.ID] {
			t.Fatalf("claimed item %d, which is not to be claimed", it.ID)
		}
		delete(want, it.ID)
		m.leased(t, it)
	}
	for id := range want {
		if it := m.items[id]; it == m.head(it.lane) && !passed[it.lane] {
			t.Fatalf("item %d was not claimed", id)
		}
	}
}

// end makes an item final in the model, with what follows from it.
func (m *machine) end(it *modelItem, s gateway.State) {
	it.state, it.live = s, false
	if it.receipt == "" {
		return
	}
	m.receipts[it.receipt] = s
	for _, o := range m.sorted() {
		if o.unless == it.receipt && o.state == gateway.Queued && !m.held(o) {
			m.end(o, gateway.Superseded)
		}
	}
}

func (m *machine) word(t *rapid.T) {
	if len(m.items) == 0 {
		return
	}
	among := m.sorted()
	if live := slices.DeleteFunc(m.sorted(), func(it *modelItem) bool { return !it.live || it.state.Final() }); len(live) > 0 && rapid.IntRange(0, 4).Draw(t, "any") > 0 {
		among = live
	}
	it := rapid.SampledFrom(among).Draw(t, "item")
	p := gateway.Progress{
		ID: it.id, Token: it.token,
		State: gateway.State(rapid.IntRange(int(gateway.Queued), int(gateway.Answered)).Draw(t, "state")), //nolint:gosec // small
		Retry: rapid.Bool().Draw(t, "retry"),
	}
	if rapid.IntRange(0, 4).Draw(t, "stale") == 0 {
		p.Token++
	}
	if !p.State.Final() && rapid.Bool().Draw(t, "due") {
		p.Due = m.w.clock().Add(15 * time.Second)
	}
	next, err := m.w.tell(p)
	switch want := m.refusal(it, p); {
	case !errors.Is(err, want):
		t.Fatalf("word %v about item %d (%v) = %v, want %v", p.State, it.id, it.state, err, want)
	case want != nil:
		return
	}
	m.apply(it, p)
	follower := m.head(it.lane)
	want := p.State.Final() && follower != nil && follower.id > it.id && m.claimable(follower) && !follower.live
	if want != (len(next) == 1) {
		t.Fatalf("%d items leased after item %d became %v, want %v", len(next), it.id, p.State, want)
	}
	for _, n := range next {
		m.leased(t, n)
	}
}

func (m *machine) refusal(it *modelItem, p gateway.Progress) error {
	switch {
	case it.state.Final():
		return gateway.ErrFinal
	case !it.live || p.Token != it.token:
		return gateway.ErrLease
	}
	return nil
}

// apply makes a word that the store has taken true in the model.
func (m *machine) apply(it *modelItem, p gateway.Progress) {
	if p.Retry {
		it.attempts++
	}
	if p.State.Final() {
		m.end(it, p.State)
		return
	}
	it.state = p.State
	switch p.State {
	case gateway.Queued, gateway.Endorsed:
		if it.receipt != "" {
			m.receipts[it.receipt] = gateway.Queued
		}
	case gateway.Submitted, gateway.Unknown:
		if it.receipt != "" {
			m.receipts[it.receipt] = gateway.Submitted
		}
	case gateway.Parked:
		if it.receipt != "" {
			m.receipts[it.receipt] = gateway.Parked
		}
	}
	if p.Due.IsZero() && p.State != gateway.Queued && p.State != gateway.Parked {
		return // the lease goes on
	}
	it.live, it.due = false, p.Due
	if p.Due.IsZero() {
		it.due = m.w.clock()
	}
	if it.state == gateway.Queued && m.receipts[it.unless].Final() {
		m.end(it, gateway.Superseded)
	}
}

func (m *machine) pass(t *rapid.T) {
	m.w.pass(time.Duration(rapid.IntRange(1, 40).Draw(t, "seconds")) * time.Second)
}

func (m *machine) operator(t *rapid.T) {
	if len(m.items) == 0 {
		return
	}
	it := m.items[int64(rapid.IntRange(1, len(m.items)).Draw(t, "item"))]
	var want error
	switch {
	case it.state.Final():
		want = gateway.ErrFinal
	case m.held(it):
		want = gateway.ErrLease
	}
	if rapid.Bool().Draw(t, "discard") {
		if err := m.w.Discard(m.w.Context(), it.id, "why"); !errors.Is(err, want) {
			t.Fatalf("Discard(%d) = %v, want %v", it.id, err, want)
		}
		if want == nil {
			m.end(it, gateway.Dead)
		}
		return
	}
	if err := m.w.Requeue(m.w.Context(), it.id); !errors.Is(err, want) {
		t.Fatalf("Requeue(%d) = %v, want %v", it.id, err, want)
	}
	if want == nil {
		it.state, it.live, it.due = gateway.Queued, false, m.w.clock()
		if it.receipt != "" {
			m.receipts[it.receipt] = gateway.Queued
		}
	}
}

func (m *machine) reopen(*rapid.T) {
	m.w.reopen()
	for _, it := range m.sorted() {
		if it.live && !it.state.Final() {
			it.live = false
			if it.kind == gateway.Message {
				it.attempts++
			}
		}
		if it.state == gateway.Queued && m.receipts[it.unless].Final() {
			m.end(it, gateway.Superseded)
		}
	}
}

// check compares the whole store with the model.
func (m *machine) check(t *rapid.T) {
	items, err := m.w.List(m.w.Context(), gateway.Filter{Limit: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	if len(items) != len(m.items) {
		t.Fatalf("%d items, want %d", len(items), len(m.items))
	}
	for _, got := range items {
		if want := m.items[got.ID]; got.State != want.state || got.Attempts != want.attempts {
			t.Fatalf("item %d is %v after %d attempts, want %v after %d", got.ID, got.State, got.Attempts, want.state, want.attempts)
		}
	}
	for r, want := range m.receipts {
		st, err := m.w.Standing(m.w.Context(), r)
		if err != nil || st.State != want {
			t.Fatalf("receipt %s is %v, %v; want %v", r, st.State, err, want)
		}
	}
}
