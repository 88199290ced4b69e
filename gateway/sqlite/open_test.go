package sqlite

import (
	"database/sql"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

//nolint:gochecknoglobals // a flag
var update = flag.Bool("update", false, "rewrite golden files")

func TestCheckVersion(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		version string
		want    bool
	}{
		{"3.54.1", true},
		{"3.51.3", true},
		{"3.53.0", true},
		{"3.52.1", true},
		{"4.0.0", true},
		{"3.52.0", false}, // withdrawn
		{"3.51.2", false}, // the WAL-reset race
		{"3.7.0", false},
		{"3.46", false},
		{"3.51.3.1", false},
		{"", false},
		{"latest", false},
	} {
		if err := checkVersion(tt.version); (err == nil) != tt.want {
			t.Errorf("checkVersion(%q) = %v, want accepted %v", tt.version, err, tt.want)
		}
	}
}

func TestConnect_ReadsPragmasBack(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "দত্ত ?#%&")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	reader := <-s.readers
	defer func() { s.readers <- reader }()
	for _, c := range []struct {
		name, synchronous string
		*conn
	}{{"writer", "1", s.w.conn}, {"reader", "2", reader}} {
		for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": c.synchronous, "foreign_keys": "1", "busy_timeout": "5000"} {
			if got, err := c.pragma("PRAGMA " + pragma); err != nil || got != want {
				t.Errorf("%s: %s = %s, %v; want %s", c.name, pragma, got, err, want)
			}
		}
	}
	if err := reader.script("DELETE FROM meta"); err == nil {
		t.Error("a reader wrote")
	}
	c := &conn{db: reader.db}
	if err := c.script("PRAGMA synchronous = OFF"); err != nil {
		t.Fatal(err)
	}
	if err := c.verify(reads); err == nil || !strings.Contains(err.Error(), "synchronous is 0") {
		t.Errorf("verify of synchronous=OFF = %v", err)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if st, err := os.Stat(filepath.Join(dir, FileName+suffix)); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v; want it here, for its owner only", FileName+suffix, st, err)
		}
	}
}

func TestOpen_Refuses(t *testing.T) {
	t.Parallel()
	t.Run("a folder in use", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		s, err := Open(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), "in use by another gateway; stop") {
			t.Errorf("second Open = %v", err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if s, err = Open(dir, Options{}); err != nil {
			t.Fatalf("Open after Close = %v", err)
		}
		_ = s.Close()
	})
	t.Run("no folder", func(t *testing.T) {
		t.Parallel()
		if _, err := Open(filepath.Join(t.TempDir(), "none"), Options{}); err == nil {
			t.Error("Open of no folder succeeded")
		}
	})
	t.Run("data of a newer version", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		s, err := Open(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.w.script("PRAGMA user_version = 99"); err != nil {
			t.Fatal(err)
		}
		_ = s.Close()
		if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), "newer Setu") {
			t.Errorf("Open = %v", err)
		}
	})
	t.Run("a file that is no database", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, FileName), []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, Options{}); err == nil {
			t.Error("Open of garbage succeeded")
		}
	})
}

// schemaOf is the schema of a data folder that no store has open.
func schemaOf(t *testing.T, dir string) string {
	t.Helper()
	db, err := sql.Open("sqlite3", filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	rows, err := db.QueryContext(t.Context(), "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type DESC, name")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var b strings.Builder
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		b.WriteString(s + ";\n\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestSchema_Golden(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	got := schemaOf(t, dir)
	const golden = "testdata/schema.sql"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatalf("%v; run with -update", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("schema changed without a migration of its own? (-want +got):\n%s", diff)
	}
}

// TestTriggers_FinalStatesNeverChange goes past the store's own checks.
func TestTriggers_FinalStatesNeverChange(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
	db, err := sql.Open("sqlite3", filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	exec := func(q string, args ...any) error {
		_, err := db.ExecContext(t.Context(), q, args...)
		return err
	}
	for from := 1; from <= 14; from++ {
		err := exec(`INSERT INTO outbox (id, kind, lane, head, state, token, due, next, expires, link, payload, created, updated)
VALUES (?1, 1, '', 2, ?1, 0, 0, 0, 0, '', x'', 0, 0)`, from)
		if err != nil {
			t.Fatal(err)
		}
		for to := 1; to <= 14; to++ {
			want := from < 6 || to == from || from == 6 && (to == 7 || to == 9 || to == 10)
			err := exec("UPDATE outbox SET state = ? WHERE id = ?", to, from)
			if (err == nil) != want {
				t.Errorf("state %d to %d = %v, want allowed %v", from, to, err, want)
			}
			if err := exec("DELETE FROM outbox"); err != nil {
				t.Fatal(err)
			}
			if err := exec(`INSERT INTO outbox (id, kind, lane, head, state, token, due, next, expires, link, payload, created, updated)
VALUES (?1, 1, '', 2, ?1, 0, 0, 0, 0, '', x'', 0, 0)`, from); err != nil {
				t.Fatal(err)
			}
		}
		if err := exec("INSERT INTO receipt (receipt, service, state, at) VALUES (?1, '', ?1, 0)", from); err != nil {
			t.Fatal(err)
		}
		if err := exec("UPDATE receipt SET code = 'x' WHERE receipt = ?", from); (err == nil) != (from < 6) {
			t.Errorf("receipt in state %d changed: %v", from, err)
		}
	}
}

func TestStore_First(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, want := range []bool{true, false} {
		s, err := Open(dir, Options{Reserve: -1})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.First(); got != want {
			t.Errorf("First() = %v, want %v", got, want)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
