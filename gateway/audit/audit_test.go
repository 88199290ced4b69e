package audit_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"setu/gateway"
	"setu/gateway/audit"
	"setu/gateway/audit/proof"
	"setu/gateway/sqlite"
	"setu/ledgerclient"
	"setu/ledgerclient/keys"
)

// world is a gateway's folder with a keeper of its log.
type world struct {
	*testing.T
	dir   string
	now   time.Time
	keys  *keys.Store
	store *sqlite.Store
	*audit.Keeper
	// anchors are those that were passed on.
	anchors []gateway.Item
	seen    []gateway.Observation
	kept    int // how often seen was
	config  audit.Config
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, dir: t.TempDir(), now: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)}
	var err error
	if w.keys, err = keys.OpenSandbox(w.dir, keys.Options{Now: func() time.Time { return w.now }}); err != nil {
		t.Fatal(err)
	}
	w.config = audit.Config{Anchor: 10 * time.Minute}
	w.again()
	t.Cleanup(func() { _ = w.store.Close() })
	return w
}

// again opens the store and the keeper, as after a restart.
func (w *world) again() {
	w.Helper()
	if w.store != nil {
		if err := w.store.Close(); err != nil {
			w.Fatal(err)
		}
	}
	var err error
	if w.store, err = sqlite.Open(w.dir, sqlite.Options{Now: func() time.Time { return w.now }}); err != nil {
		w.Fatal(err)
	}
	c := w.config
	c.Store, c.Signer, c.Log, c.Now, c.Pseudonym = w.store, w.keys, slog.New(slog.DiscardHandler), func() time.Time { return w.now }, w.keys.Pseudonym
	c.Dispatch = func(items []gateway.Item) { w.anchors = append(w.anchors, items...) }
	c.Look = func(context.Context) ([]gateway.Observation, func(), error) {
		return w.seen, func() { w.kept++ }, nil
	}
	if w.Keeper, err = audit.Open(w.Context(), c); err != nil {
		w.Fatal(err)
	}
}

func (w *world) commit(c gateway.Commit) gateway.Committed {
	w.Helper()
	type result struct {
		out gateway.Committed
		err error
	}
	done := make(chan result, 1)
	w.store.Commit(c, func(out gateway.Committed, err error) { done <- result{out, err} })
	r := <-done
	if r.err != nil {
		w.Fatal(r.err)
	}
	return r.out
}

// messages accepts so many messages.
func (w *world) messages(n int) {
	w.Helper()
	for range n {
		w.commit(gateway.Commit{Turned: true, Accept: &gateway.Inbound{
			Key: fmt.Sprint(w.size()), Link: "a", Medium: gateway.SMS, From: "+919830000001", To: "51969", Text: "x", At: w.now,
		}})
	}
}

func (w *world) size() int64 {
	w.Helper()
	n, err := w.store.LogSize(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return n
}

// transaction signs one, and ends it as recorded if it is to.
func (w *world) transaction(ends bool) ledgerclient.Receipt {
	w.Helper()
	r := ledgerclient.NewReceipt()
	e, err := ledgerclient.SignEnvelope(w.Context(), w.keys, ledgerclient.Envelope{
		Receipt: r, Key: "k" + string(r), Service: "benefit", Version: "1", Time: w.now,
		Call:   ledgerclient.Call{Contract: "benefits", Function: "Acknowledge"},
		Caller: ledgerclient.Caller{Pseudonym: "1.a-pseudonym-of-somebody", Channel: "sms", Assurance: ledgerclient.Number},
	})
	if err != nil {
		w.Fatal(err)
	}
	out := w.commit(gateway.Commit{Effects: []gateway.Effect{{
		Kind: gateway.Transaction, Lane: string(r), Lease: true, Ask: &gateway.Ask{Service: "benefit"},
		Tx: &gateway.TxOut{Receipt: r, Key: "k" + string(r), Envelope: e},
	}}})
	if ends {
		w.end(out.Items[0])
	}
	return r
}

func (w *world) end(it gateway.Item) {
	w.Helper()
	w.ends(it, gateway.Recorded, "done")
}

func (w *world) ends(it gateway.Item, state gateway.State, code string) {
	w.Helper()
	done := make(chan error, 1)
	w.store.Progress(gateway.Progress{ID: it.ID, Token: it.Token, State: state, Code: code, Block: 7, TxID: "f0"},
		func(_ []gateway.Item, err error) { done <- err })
	if err := <-done; err != nil {
		w.Fatal(err)
	}
}

func (w *world) seal() {
	w.Helper()
	w.now = w.now.Add(time.Minute)
	if err := w.Checkpoint(w.Context()); err != nil {
		w.Fatal(err)
	}
}

// trusted are the keys as a stranger has them.
func (w *world) trusted() []proof.PublicKey {
	w.Helper()
	var out []proof.PublicKey
	for _, k := range w.keys.List() {
		p, err := proof.NewPublicKey(k.Public)
		if err != nil {
			w.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

// verify reads the whole log, from a leaf on.
func (w *world) verify(from int64, older ...proof.Checkpoint) (proof.Report, error) {
	w.Helper()
	r := proof.NewReader(w.trusted(), older...)
	line := func(l proof.Line) error {
		octets, err := json.Marshal(l)
		if err != nil {
			return err
		}
		return r.Line(octets)
	}
	begin, err := w.Begin(w.Context(), from)
	if err != nil {
		return proof.Report{}, err
	}
	if err := line(proof.Line{Begin: &begin}); err != nil {
		return proof.Report{}, err
	}
	for {
		page, err := w.Page(w.Context(), from)
		if err != nil {
			return proof.Report{}, err
		}
		for _, l := range page.Lines {
			if err := line(l); err != nil {
				return proof.Report{}, err
			}
		}
		if from = page.Next; from == page.Size {
			break
		}
	}
	if err := line(proof.Line{End: &proof.End{Size: from}}); err != nil {
		return proof.Report{}, err
	}
	return r.End()
}

// TestKeeper_Restarts grows a log over several tiles, with restarts between: what
// is signed is what a reader computes of the leaves.
func TestKeeper_Restarts(t *testing.T) {
	t.Parallel()
	w := open(t)
	var kept []proof.Checkpoint
	for _, n := range []int{1, 254, 1, 300, 40, 700} {
		w.messages(n)
		w.seal()
		last, err := w.store.LastCheckpoint(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		c, err := proof.OpenCheckpoint(last.Note, w.trusted())
		if err != nil || c.Size < int64(n) {
			t.Fatalf("after %d more: %+v, %v", n, c, err)
		}
		kept = append(kept, c)
		w.again()
		if err := w.Fault(); err != nil {
			t.Fatalf("after a restart: %v", err)
		}
	}
	for _, from := range []int64{0, 256, 300} {
		var older []proof.Checkpoint
		for _, c := range kept {
			if c.Size >= from {
				older = append(older, c)
			}
		}
		if got, err := w.verify(from, older...); err != nil || got.Size != w.size() || got.Checkpoints < 2 {
			t.Errorf("verify from %d: %+v, %v", from, got, err)
		}
	}
	before, _ := w.store.LastCheckpoint(t.Context(), false)
	w.seal()
	if after, _ := w.store.LastCheckpoint(t.Context(), false); after.Size != before.Size {
		t.Errorf("a checkpoint of %d leaves when nothing was new since %d", after.Size, before.Size)
	}
}

// TestKeeper_Prove proves receipts, before and after their end, with the log
// grown over several tiles since.
func TestKeeper_Prove(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.messages(3)
	w.seal()
	first, err := w.store.LastCheckpoint(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	older, err := proof.OpenCheckpoint(first.Note, w.trusted())
	if err != nil {
		t.Fatal(err)
	}
	waiting, done := w.transaction(false), w.transaction(true)
	prove := func(r ledgerclient.Receipt) proof.Verdict {
		t.Helper()
		p, err := w.Prove(t.Context(), r, older.Size)
		if err != nil {
			t.Fatal(err)
		}
		e, err := w.store.Envelope(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		p.Envelope = &e
		v, err := p.Check(proof.Trust{Keys: w.trusted(), Older: &older})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if v := prove(waiting); v.Ended != nil || !v.Grown {
		t.Errorf("of one that waits: %+v", v)
	}
	if v := prove(done); v.Ended == nil || v.Ended.Get("tx") != "f0" {
		t.Errorf("of one that is recorded: %+v", v)
	}
	w.messages(600)
	w.seal()
	late := w.transaction(true)
	w.seal()
	for _, r := range []ledgerclient.Receipt{waiting, done, late} {
		prove(r)
	}
	trace, err := w.Trace(t.Context(), done)
	if err != nil || trace.Leaf == 0 || trace.Ended <= trace.Leaf || trace.Covered <= trace.Ended || trace.Accepted.IsZero() {
		t.Errorf("Trace = %+v, %v", trace, err)
	}
	if _, err := w.Prove(t.Context(), ledgerclient.NewReceipt(), 0); !errors.Is(err, audit.ErrNoReceipt) {
		t.Errorf("Prove of no receipt = %v, want ErrNoReceipt", err)
	}
	if _, err := w.Prove(t.Context(), done, 1<<40); !errors.Is(err, proof.ErrShrunk) {
		t.Errorf("Prove since a checkpoint of the future = %v, want ErrShrunk", err)
	}
}

// TestKeeper_Anchors: an anchor at an interval, none while one waits, and none
// for what only anchors have added.
func TestKeeper_Anchors(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.messages(2)
	w.seal()
	if len(w.anchors) > 0 {
		t.Error("an anchor before it is time")
	}
	w.now = w.now.Add(10 * time.Minute)
	w.seal()
	if len(w.anchors) != 1 {
		t.Fatalf("%d anchors of a checkpoint that had none, want 1", len(w.anchors))
	}
	e, err := w.anchors[0].Tx.Envelope.Open(keys.NewVerifier(w.keys), w.now)
	last, _ := w.store.LastCheckpoint(t.Context(), true)
	if err != nil || e.Call.Contract != "audit" || e.Call.Args["size"] != fmt.Sprint(last.Size) || e.Receipt != last.Anchor {
		t.Errorf("anchor %+v of %+v, %v", e, last, err)
	}
	w.messages(1)
	w.now = w.now.Add(time.Hour)
	w.seal()
	if len(w.anchors) != 1 {
		t.Error("an anchor while another waits")
	}
	w.end(w.anchors[0])
	w.seal()
	if len(w.anchors) != 2 {
		t.Errorf("%d anchors when the first is recorded, want 2", len(w.anchors))
	}
	w.end(w.anchors[1])
	for range 3 {
		w.now = w.now.Add(time.Hour)
		w.seal()
	}
	if len(w.anchors) != 2 {
		t.Errorf("%d anchors when nothing else happened, want 2", len(w.anchors))
	}
	if n, err := w.store.Readings(t.Context(), w.now.AddDate(0, 0, -1), w.now.AddDate(0, 0, 1), gateway.ByDay); err != nil || len(n) != 0 {
		t.Errorf("Readings = %+v, %v; want no anchor on a statement", n, err)
	}
	if got, err := w.verify(0); err != nil || len(got.Anchors) != 2 || got.Anchors[0].State != "recorded" {
		t.Errorf("verify: %+v, %v", got, err)
	}
}

// TestKeeper_Figures: an anchor counts once the ledger holds it, also after a
// restart, and one that the ledger refuses is a failure.
func TestKeeper_Figures(t *testing.T) {
	t.Parallel()
	w := open(t)
	check := func(what string, sealed, anchored int64, failures int64) {
		t.Helper()
		f, err := w.Figures(t.Context())
		if err != nil || f.Leaves != w.size() || f.Sealed != sealed || f.Anchored != anchored || f.Failures != failures ||
			f.SealedAt.IsZero() != (sealed == 0) || f.AnchoredAt.IsZero() != (anchored == 0) {
			t.Errorf("%s: %+v, %v, want %d leaves sealed, %d anchored, %d failures", what, f, err, sealed, anchored, failures)
		}
	}
	check("at the start", 0, 0, 0)
	w.messages(2)
	w.now = w.now.Add(time.Hour)
	w.seal()
	check("an anchor waits", 3, 0, 0)
	w.end(w.anchors[0])
	check("it is recorded", 3, 3, 0)
	w.again()
	check("after a restart", 3, 3, 0)
	w.messages(1)
	w.now = w.now.Add(time.Hour)
	w.seal()
	sealed := w.size() - 1 // behind it is the anchor's own leaf
	w.ends(w.anchors[1], gateway.Rejected, "denied")
	w.messages(1)
	w.now = w.now.Add(time.Hour)
	check("the next is refused", sealed, 3, 0)
	sealed = w.size()
	w.seal()
	check("another is made", sealed, 3, 1)
	w.end(w.anchors[2])
	check("which is recorded", sealed, sealed, 1)
}

// TestKeeper_Looks: what is outside is told when it changes.
func TestKeeper_Looks(t *testing.T) {
	t.Parallel()
	w := open(t)
	for _, state := range []string{"active", "active", "revoked"} {
		w.seen = []gateway.Observation{{Subject: "key/1", Value: state, Leaf: proof.Encode(proof.Key, w.now, ledgerclient.Field{Name: "state", Value: state})}}
		w.seal()
	}
	if got, err := w.verify(0); err != nil || got.Kinds[proof.Key] != 2 {
		t.Errorf("verify: %+v, %v", got, err)
	}
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Checkpoint(t.Context()); err == nil || w.kept != 3 {
		t.Errorf("Checkpoint in a closed store = %v, and what was seen is kept %d times; want an error and the 3 of before", err, w.kept)
	}
}

// TestKeeper_Changed changes the stored log behind the gateway's back.
func TestKeeper_Changed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, sql string
		start     bool // it is seen when the gateway starts; else when the log is verified
	}{
		{"a leaf in a tile", `UPDATE audit_leaf SET leaves = CAST(replace(CAST(leaves AS TEXT), '"link":"a"', '"link":"b"') AS BLOB) WHERE first = 20`, false},
		{"a leaf at the edge", `UPDATE audit_leaf SET leaves = CAST(replace(CAST(leaves AS TEXT), '"link":"a"', '"link":"b"') AS BLOB) WHERE first = 300`, true},
		{"a tile", `UPDATE audit_tile SET hashes = zeroblob(length(hashes))`, true},
		{"a tile taken away", `DELETE FROM audit_tile`, true},
		{"a checkpoint", `UPDATE audit_checkpoint SET note = replace(note, 'time 2026', 'time 2027')`, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := open(t)
			w.messages(310)
			r := w.transaction(true)
			w.seal()
			change(t, w, tt.sql)
			w.again()
			if err := w.Fault(); errors.Is(err, audit.ErrChanged) != tt.start {
				t.Errorf("Fault() = %v", err)
			}
			if _, err := w.verify(0); err == nil && tt.name != "a tile" && tt.name != "a tile taken away" {
				t.Error("a changed log was verified") // tiles are not exported: they follow from the leaves
			}
			if tt.start {
				w.messages(1)
				if err := w.Checkpoint(t.Context()); !errors.Is(err, audit.ErrChanged) {
					t.Errorf("Checkpoint() = %v, want ErrChanged", err)
				}
			}
			_, _ = w.Prove(t.Context(), r, 0) // it may fail, and ends
		})
	}
}

// change runs SQL on the folder of a world, whose store is closed for it.
func change(t *testing.T, w *world, statement string) {
	t.Helper()
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite3", filepath.Join(w.dir, sqlite.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	res, err := db.ExecContext(t.Context(), statement)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		t.Fatalf("nothing was changed: %v", err)
	}
	w.store = nil
}
