package fault_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"setu/gateway"
	"setu/gateway/audit"
	"setu/gateway/audit/proof"
	"setu/gateway/operators"
	"setu/gateway/sqlite"
	"setu/ledgerclient/keys"
)

// actsFile is the operators' log in the data folder.
const actsFile = "operators.log"

// Of the audit log: often sealed and anchored, so that kills fall among that; and
// not anchored any more, for a life that is to end with nothing left to do.
const (
	sealed     = "audit: {checkpoint: 200ms, anchor: 500ms}\n"
	unanchored = "audit: {checkpoint: 200ms, anchor: -1s}\n"
)

// note keeps the checkpoint that a life shows to operators, if it still shows one:
// whatever becomes of the life, the log must hold it in the end.
func (l *life) note() {
	var s audit.Status
	if l.Admin == "" || l.call(http.MethodGet, "/api/documents/audit", nil, &s) != nil || s.Checkpoint == "" {
		return
	}
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	l.w.shown = append(l.w.shown, s.Checkpoint)
}

// leaves are the leaves of the audit log.
type leaves struct {
	report              proof.Report
	messages            []string // digests
	decisions, outcomes map[string][]numbered
	repeats             []proof.Leaf
	acts                []string                   // digests of lines of the operators' log
	sealed              map[int64]proof.Checkpoint // those that are stored, by their sizes
}

// numbered is a leaf with its place in the log.
type numbered struct {
	proof.Leaf
	n int64
}

// checkLog checks that the audit log is whole, that it holds what the ledger and
// operators were told of it, and that its leaves are what was done: one for each
// message, transaction, end and act, and none besides.
func (w *world) checkLog(b *books) {
	w.t.Helper()
	public := w.publicKeys()
	older, last := w.shownCheckpoints(public), int64(0)
	for i, e := range b.anchors {
		size, err := strconv.ParseInt(e.Call.Args["size"], 10, 64)
		root, rootErr := hex.DecodeString(e.Call.Args["root"])
		if err = errors.Join(err, rootErr); err != nil {
			w.t.Fatal(err)
		}
		c := proof.Checkpoint{Origin: e.Call.Args["origin"], Size: size}
		copy(c.Root[:], root)
		older = append(older, c)
		if size <= last {
			w.t.Errorf("anchor %d on the ledger is of %d leaves, the one before it of %d", i, size, last)
		}
		last = size
	}
	log := w.readLog(b, proof.NewReader(public, older...))
	for _, c := range older {
		if log.sealed[c.Size].Root != c.Root {
			w.t.Errorf("a checkpoint of %d leaves was anchored or shown, and the store has no such one", c.Size)
		}
	}
	w.checkMessages(log)
	w.checkDecisions(b, log)
	w.checkRepeats(b, log)
	w.checkActs(log)
	w.t.Logf("%s: the audit log has %d leaves (%v), %d checkpoints and %d anchors on the ledger; %d checkpoints were shown",
		w.dir, log.report.Size, log.report.Kinds, log.report.Checkpoints, len(b.anchors), len(w.shown))
}

// publicKeys are the gateway's, as it gives them to strangers.
func (w *world) publicKeys() []proof.PublicKey {
	w.t.Helper()
	ring, err := keys.OpenSandbox(w.data, keys.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	var out []proof.PublicKey
	for _, k := range ring.List() {
		p, err := proof.NewPublicKey(k.Public)
		if err != nil {
			w.t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

// shownCheckpoints are those that operators were shown.
func (w *world) shownCheckpoints(public []proof.PublicKey) []proof.Checkpoint {
	w.t.Helper()
	var out []proof.Checkpoint
	for _, signed := range w.shown {
		c, err := proof.OpenCheckpoint(signed, public)
		if err != nil {
			w.t.Errorf("a checkpoint that was shown: %v", err)
			continue
		}
		out = append(out, c)
	}
	return out
}

// readLog reads the whole log and holds it against its checkpoints.
func (w *world) readLog(b *books, r *proof.Reader) *leaves {
	w.t.Helper()
	ctx := context.Background() // a test's own ends before its clean-up
	k, err := audit.Open(ctx, audit.Config{Store: b.store, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil || k.Fault() != nil {
		w.t.Fatal(errors.Join(err, k.Fault()))
	}
	out := &leaves{decisions: map[string][]numbered{}, outcomes: map[string][]numbered{}, sealed: map[int64]proof.Checkpoint{}}
	line := func(l proof.Line) {
		w.t.Helper()
		octets, err := json.Marshal(l)
		if err == nil {
			err = r.Line(octets)
		}
		if err != nil {
			w.t.Fatalf("audit log: %v", err)
		}
	}
	begin, err := k.Begin(ctx, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	line(proof.Line{Begin: &begin})
	n := int64(0)
	for page := (audit.Page{Size: 1}); n < page.Size; n = page.Next {
		if page, err = k.Page(ctx, n); err != nil {
			w.t.Fatal(err)
		}
		at := n
		for _, l := range page.Lines {
			line(l)
			if l.Leaf != "" {
				out.take(l.Leaf, at)
				at++
			}
			if c, err := proof.ReadCheckpoint(l.Checkpoint); err == nil {
				out.sealed[c.Size] = c
			}
		}
	}
	line(proof.Line{End: &proof.End{Size: n}})
	if out.report, err = r.End(); err != nil {
		w.t.Errorf("audit log: %v", err)
	}
	return out
}

// take sorts a leaf, which the reader has parsed, in.
func (o *leaves) take(octets string, n int64) {
	l, _ := proof.ParseLeaf([]byte(octets))
	switch l.Kind {
	case proof.Accepted:
		o.messages = append(o.messages, l.Get("digest"))
	case proof.Decision:
		o.decisions[l.Get("receipt")] = append(o.decisions[l.Get("receipt")], numbered{l, n})
	case proof.Outcome:
		o.outcomes[l.Get("receipt")] = append(o.outcomes[l.Get("receipt")], numbered{l, n})
	case proof.Repeat:
		o.repeats = append(o.repeats, l)
	case proof.Act:
		if l.Get("line") == "" {
			break // of an item, which tells of it too
		}
		o.acts = append(o.acts, l.Get("digest"))
	}
}

// checkMessages compares the leaves of messages with the messages of the inbox,
// whose salts bind the two, and these with what citizens wrote.
func (w *world) checkMessages(log *leaves) {
	w.t.Helper()
	db, err := sql.Open("sqlite3", filepath.Join(w.data, sqlite.FileName))
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	rows, err := db.QueryContext(context.Background(), "SELECT link, key, bind, medium, sender, dest, text, at, salt FROM inbox WHERE salt IS NOT NULL")
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var kept []string
	for rows.Next() {
		var m proof.Message
		var at int64
		var salt []byte
		if err := rows.Scan(&m.Link, &m.Key, &m.Bind, &m.Medium, &m.From, &m.To, &m.Text, &at, &salt); err != nil {
			w.t.Fatal(err)
		}
		m.At = time.UnixMilli(at).UTC()
		kept = append(kept, m.Digest(salt))
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	written := 0
	for _, c := range w.citizens {
		written += len(c.steps)
	}
	slices.Sort(kept)
	slices.Sort(log.messages)
	if !slices.Equal(kept, log.messages) || len(kept) != written {
		w.t.Errorf("the audit log has %d leaves of messages, the store %d messages, citizens wrote %d; or they are not the same ones", len(log.messages), len(kept), written)
	}
}

// checkDecisions compares the leaves of transactions with those of the store, and
// with where their receipts lead.
func (w *world) checkDecisions(b *books, log *leaves) {
	w.t.Helper()
	all := slices.Clone(b.own)
	for _, items := range b.transactions {
		all = append(all, items...)
	}
	for _, it := range all {
		receipt := string(it.Tx.Receipt)
		decided, ended := log.decisions[receipt], log.outcomes[receipt]
		if len(decided) != 1 || len(ended) != 1 {
			w.t.Errorf("receipt %s has %d leaves of its decision and %d of its end", it.Tx.Receipt, len(decided), len(ended))
			continue
		}
		st, err := b.store.Standing(context.Background(), it.Tx.Receipt)
		if err != nil || st.Leaf != decided[0].n || st.Ended != ended[0].n {
			w.t.Errorf("receipt %s leads to leaves %d and %d, not %d and %d: %v", it.Tx.Receipt, st.Leaf, st.Ended, decided[0].n, ended[0].n, err)
		}
		digest := sha256.Sum256(it.Tx.Envelope.Canonical)
		if decided[0].Get("envelope") != hex.EncodeToString(digest[:]) {
			w.t.Errorf("receipt %s: the leaf of its decision is of another envelope", it.Tx.Receipt)
		}
		if e := ended[0]; e.Get("state") != st.State.String() || e.Get("code") != st.Code || e.Get("tx") != st.TxID || st.State == gateway.Recorded && e.Get("block") != strconv.FormatUint(st.Block, 10) {
			w.t.Errorf("receipt %s stands as %+v, the leaf of its end is %+v", it.Tx.Receipt, st, e.Fields)
		}
	}
	if len(log.decisions) != len(all) || len(log.outcomes) != len(all) {
		w.t.Errorf("the audit log has %d decisions and %d ends, the store %d transactions", len(log.decisions), len(log.outcomes), len(all))
	}
}

// checkRepeats compares the leaves of requests that were made again with what
// citizens wrote, and with what was counted. Who dials again after a kill makes
// hers more often.
func (w *world) checkRepeats(b *books, log *leaves) {
	w.t.Helper()
	written, leaves := 0, 0
	for _, c := range w.citizens {
		for _, s := range c.steps {
			if s.repeats {
				written++
			}
		}
	}
	for _, l := range log.repeats {
		if l.Get("medium") == string(gateway.SMS) {
			leaves++
		}
		if len(log.decisions[l.Get("receipt")]) != 1 {
			w.t.Errorf("a request is said to be that of receipt %q, which was never decided", l.Get("receipt"))
		}
	}
	if leaves != written {
		w.t.Errorf("the audit log has %d requests that were made again by message, citizens made %d", leaves, written)
	}
	readings, err := b.store.Readings(context.Background(), time.Time{}, time.Now().Add(time.Hour), gateway.ByMonth, gateway.MeterRefused)
	if err != nil {
		w.t.Fatal(err)
	}
	counted := int64(0)
	for _, r := range readings {
		if r.Outcome == gateway.RefusedRepeat {
			counted += r.Count
		}
	}
	if counted != int64(len(log.repeats)) {
		w.t.Errorf("%d requests are counted as made again, the audit log has %d", counted, len(log.repeats))
	}
}

// checkActs compares the leaves of operators' acts with the operators' log. The
// last life has looked at all of it.
func (w *world) checkActs(log *leaves) {
	w.t.Helper()
	octets, err := os.ReadFile(filepath.Join(w.data, actsFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		w.t.Fatal(err)
	}
	var want []string
	for line := range bytes.Lines(octets) {
		var l operators.Line
		if whole, ended := bytes.CutSuffix(line, []byte("\n")); ended && json.Unmarshal(whole, &l) == nil {
			digest := sha256.Sum256(whole)
			want = append(want, hex.EncodeToString(digest[:]))
		}
	}
	slices.Sort(want)
	slices.Sort(log.acts)
	if !slices.Equal(want, log.acts) {
		w.t.Errorf("the operators' log has lines\n%s\nthe audit log leaves of\n%s", strings.Join(want, "\n"), strings.Join(log.acts, "\n"))
	}
}
