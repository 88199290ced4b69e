package sqlite

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	sqlite3 "github.com/mattn/go-sqlite3"
)

// TestStatements_KeepTheirPlans binds other values to each statement again and
// again. SQLite prepares a statement anew when a value is bound that its plan
// was chosen by, which costs ten times what the statement does; such a
// parameter has to be written as an expression (+?).
func TestStatements_KeepTheirPlans(t *testing.T) {
	t.Parallel()
	s, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	c, err := connect(s.dir+"/"+FileName, writes)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.close() }()
	if err := c.prepare(0, queries-1); err != nil {
		t.Fatal(err)
	}
	var prepared atomic.Int64
	c.db.RegisterAuthorizer(func(int, string, string, string) int {
		prepared.Add(1)
		return sqlite3.SQLITE_OK
	})
	for q := qRollback + 1; q < queries; q++ {
		before := int64(0)
		for i := range 6 {
			if i == 1 { // registering the authorizer expires all statements once
				before = prepared.Load()
			}
			args := make([]value, c.stmts[q].NumInput())
			for k := range args {
				args[k] = []value{int64(i), fmt.Sprint("x", i), int64(100 + i), nil}[(i+k)%3]
			}
			_, _ = c.first(q, args...) // a wrong type in a strict table is refused, after planning
		}
		if n := prepared.Load() - before; n > 0 {
			t.Errorf("prepared anew when bound again: %s", statement(q))
		}
	}
}

// TestStatements_UseIndexes looks for scans of tables that grow.
func TestStatements_UseIndexes(t *testing.T) {
	t.Parallel()
	s, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	c, err := connect(s.dir+"/"+FileName, reads)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.close() }()
	for q := qRollback + 1; q < queries; q++ {
		if q == qBackwards {
			continue // broken off after the redelivery window
		}
		sql := statement(q)
		rows, err := c.db.Query("EXPLAIN QUERY PLAN "+sql, make([]value, strings.Count(sql, "?")))
		if err != nil {
			t.Fatalf("explain %s: %v", sql, err)
		}
		dest := make([]value, len(rows.Columns()))
		for rows.Next(dest) == nil {
			plan := fmt.Sprint(dest[len(dest)-1])
			for _, table := range []string{"outbox", "o", "n", "inbox", "session", "receipt", "r", "meter", "device", "otp", "change", "kept", "nonce", "allowance", "proof", "request", "q", "undo", "u"} {
				if plan == "SCAN "+table {
					t.Errorf("%s: %s", plan, sql)
				}
			}
		}
		_ = rows.Close()
	}
}
