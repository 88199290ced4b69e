package sqlite_test

import (
	"bufio"
	"database/sql"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"setu/gateway"
	"setu/gateway/audit/proof"
	"setu/gateway/sqlite"
)

// childDir names the data folder to a process that is to be killed.
const childDir = "SETU_STORE_TEST_DIR"

// TestKill kills a process that writes without end, ten times over the same
// data. Nothing that it was told to be on disk may be missing, no commit may be
// there in part, and the file must be sound.
func TestKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	var kept, sent int
	for round := range 10 {
		told := runAndKill(t, dir, time.Duration(20+random.IntN(120))*time.Millisecond)
		rows, done := inspect(t, dir)
		for _, line := range told {
			what, key, _ := strings.Cut(line, " ")
			switch {
			case what == "kept" && !rows[key]:
				t.Errorf("round %d: message %s was acknowledged and is gone", round, key)
			case what == "sent" && !done[key]:
				t.Errorf("round %d: item of %s was told to be sent and is not", round, key)
			}
		}
		kept, sent = len(rows), len(done)
	}
	if kept < 100 || sent < 10 {
		t.Errorf("%d messages, %d sent in ten rounds: too few to mean anything", kept, sent)
	}
	t.Logf("%d messages kept, %d sent", kept, sent)
}

// runAndKill lets a child write for a while; it gives what that was told.
func runAndKill(t *testing.T, dir string, d time.Duration) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$", "-test.v")
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var told []string
	lines := bufio.NewScanner(out)
	kill := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	for first := true; lines.Scan(); {
		if !strings.HasPrefix(lines.Text(), "kept ") && !strings.HasPrefix(lines.Text(), "sent ") {
			continue
		}
		if first { // the time runs from the first commit
			kill.Reset(d)
			first = false
		}
		told = append(told, lines.Text())
	}
	_ = cmd.Wait() // it was killed
	return told
}

// inspect checks the file, and gives the messages and those whose item is sent.
func inspect(t *testing.T, dir string) (rows, done map[string]bool) {
	t.Helper()
	s, err := sqlite.Open(dir, sqlite.Options{}) // the log is recovered
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite3", filepath.Join(dir, sqlite.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var sound string
	if err := db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&sound); err != nil || sound != "ok" {
		t.Fatalf("integrity_check: %s, %v", sound, err)
	}
	list := func(query string) map[string]bool {
		rows, err := db.QueryContext(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
		out := map[string]bool{}
		for rows.Next() {
			var key string
			if err := rows.Scan(&key); err != nil {
				t.Fatal(err)
			}
			out[key] = true
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return out
	}
	rows = list("SELECT key FROM inbox")
	for what, other := range map[string]map[string]bool{
		"item":    list("SELECT lane FROM outbox"),
		"session": list("SELECT citizen FROM session"),
	} {
		if len(other) != len(rows) {
			t.Errorf("%d messages, and %d with an %s: a commit was kept in part", len(rows), len(other), what)
		}
	}
	// What was counted is what there is, however often the process was killed.
	for service, want := range map[string]int{
		"":     len(rows),
		"late": len(list("SELECT lane FROM outbox WHERE kind = 3 AND state = 14")),
	} {
		var counted int
		if err := db.QueryRowContext(t.Context(), "SELECT ifnull(sum(count), 0) FROM meter WHERE service = ?", service).Scan(&counted); err != nil || counted != want {
			t.Errorf("%d of service %q counted, want %d; %v", counted, service, want, err)
		}
	}
	compareLeaves(t, dir, db)
	return rows, list("SELECT lane FROM outbox WHERE state = 6")
}

// compareLeaves checks that each message in the inbox has its leaf in the audit
// log, and each leaf of a message its message.
func compareLeaves(t *testing.T, dir string, db *sql.DB) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT link, key, bind, medium, sender, dest, text, salt FROM inbox ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var want []string
	for rows.Next() {
		var m proof.Message
		var salt []byte
		if err := rows.Scan(&m.Link, &m.Key, &m.Bind, &m.Medium, &m.From, &m.To, &m.Text, &salt); err != nil {
			t.Fatal(err)
		}
		want = append(want, m.Digest(salt))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	s, err := sqlite.Open(dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	size, err := s.LogSize(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.Leaves(t.Context(), 0, size)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, octets := range all {
		l, err := proof.ParseLeaf(octets)
		if err != nil {
			t.Fatal(err)
		}
		if l.Kind == proof.Accepted {
			got = append(got, l.Get("digest"))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d leaves of messages, %d messages in the inbox: they are not the same", len(got), len(want))
	}
}

// TestChild is the process that is killed; on its own it does nothing.
func TestChild(t *testing.T) {
	dir := os.Getenv(childDir)
	if dir == "" {
		t.Skip("only as a child of TestKill")
	}
	s, err := sqlite.Open(dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var told sync.Mutex
	say := func(what, key string) {
		told.Lock()
		defer told.Unlock()
		_, _ = io.WriteString(os.Stdout, what+" "+key+"\n")
	}
	var n atomic.Int64
	var callers sync.WaitGroup
	for range 64 {
		callers.Go(func() {
			for {
				key := strconv.Itoa(os.Getpid()) + "/" + strconv.FormatInt(n.Add(1), 10)
				it, err := keep(s, key)
				if err != nil {
					say("error", err.Error())
					return
				}
				say("kept", key)
				next, err := finish(s, it, gateway.Sent)
				if err != nil {
					say("error", err.Error())
					return
				}
				say("sent", key)
				for _, it := range next {
					if _, err := finish(s, it, gateway.Answered); err != nil {
						say("error", err.Error())
						return
					}
				}
			}
		})
	}
	callers.Wait()
}

// finish ends an item; it gives what was leased by that.
func finish(s *sqlite.Store, it gateway.Item, to gateway.State) ([]gateway.Item, error) {
	type result struct {
		next []gateway.Item
		err  error
	}
	ch := make(chan result, 1)
	s.Progress(gateway.Progress{ID: it.ID, Token: it.Token, State: to}, func(next []gateway.Item, err error) { ch <- result{next, err} })
	r := <-ch
	return r.next, r.err
}

// keep commits a message with its session, an item, a question that waits behind
// that, and what is counted.
func keep(s *sqlite.Store, key string) (gateway.Item, error) {
	type result struct {
		c   gateway.Committed
		err error
	}
	ch := make(chan result, 1)
	s.Commit(gateway.Commit{
		Accept: &gateway.Inbound{Key: key, Link: "a"}, Turned: true,
		Session: &gateway.Session{Citizen: gateway.Address(key)},
		Effects: []gateway.Effect{
			{Kind: gateway.Message, Lane: key, Lease: true, SMS: &gateway.SMSOut{Text: "x"}},
			{Kind: gateway.Question, Lane: key, Ask: &gateway.Ask{Service: "late"}},
		},
		Meters: []gateway.Meter{{Kind: gateway.MeterQuery, Outcome: "answered"}},
	}, func(c gateway.Committed, err error) { ch <- result{c, err} })
	r := <-ch
	if r.err == nil && len(r.c.Items) != 1 {
		return gateway.Item{}, fmt.Errorf("%d items leased", len(r.c.Items))
	}
	if r.err != nil {
		return gateway.Item{}, r.err
	}
	return r.c.Items[0], nil
}
