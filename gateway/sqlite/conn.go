package sqlite

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	sqlite3 "github.com/mattn/go-sqlite3"
)

// busyTimeout is how long a connection waits for a lock, in milliseconds. The
// writer is alone, so that only a checkpoint or a copy taken from outside ever
// makes it wait.
const busyTimeout = 5000

// conn is one connection with its prepared statements. It belongs to one
// goroutine at a time. database/sql is left out: it would take the connection
// from a pool and put it back for each of the four statements of a message,
// and start a goroutine for each context that can end.
type conn struct {
	db    *sqlite3.SQLiteConn
	stmts [queries]*sqlite3.SQLiteStmt
	args  []driver.NamedValue
	dest  []driver.Value
}

// value is what SQLite stores: nil, int64, string or []byte.
type value = driver.Value

// access is what a connection does.
type access int

const (
	reads  access = iota
	writes        // and leaves the sync of commits to [Store.sync]
	syncs         // writes, and waits for the disk in each commit
)

// synchronous is the setting of that name. FULL is no matter of course: mattn's
// driver compiles NORMAL, which without a sync of one's own loses acknowledged
// commits in a power cut.
func (a access) synchronous() string {
	if a == writes {
		return "NORMAL"
	}
	return "FULL"
}

// dsn names the file of a connection and its pragmas. They belong here and not
// into an Exec, so that no connection can lack them.
func dsn(path string, a access) string {
	q := url.Values{
		"_journal_mode": {"WAL"},
		"_synchronous":  {a.synchronous()},
		"_foreign_keys": {"on"},
		"_busy_timeout": {strconv.Itoa(busyTimeout)},
		"_txlock":       {"immediate"},
		"_mutex":        {"no"}, // one goroutine at a time
	}
	if a == reads {
		q.Set("mode", "ro")
		q.Set("_query_only", "on")
		q.Del("_journal_mode") // a property of the file, which a reader cannot set
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// connect opens a connection and reads back what durability hangs on.
func connect(path string, a access) (*conn, error) {
	dc, err := (&sqlite3.SQLiteDriver{}).Open(dsn(path, a))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db, ok := dc.(*sqlite3.SQLiteConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("open %s: driver gave a %T", path, dc), dc.Close())
	}
	c := &conn{db: db}
	if err := c.verify(a); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), c.close())
	}
	return c, nil
}

// verify reads back the version and the pragmas.
func (c *conn) verify(a access) error {
	version, err := c.pragma("SELECT sqlite_version()")
	if err != nil {
		return err
	}
	if err := checkVersion(version); err != nil {
		return err
	}
	want := map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "query_only": "0"}
	switch a {
	case reads:
		want["query_only"] = "1"
	case writes:
		want["synchronous"] = "1"
	case syncs:
	}
	for name, w := range want {
		got, err := c.pragma("PRAGMA " + name)
		if err != nil {
			return err
		}
		if got != w {
			return fmt.Errorf("sqlite: %s is %s, not %s, so that commits would not be durable; check that the file system allows WAL", name, got, w)
		}
	}
	return nil
}

// checkVersion refuses a SQLite that can corrupt a WAL: 3.7.0 to 3.51.2 have
// the WAL-reset race of two connections, and 3.52.0 was withdrawn.
func checkVersion(v string) error {
	var n [3]int
	for i, part := range strings.SplitN(v, ".", 4) {
		x, err := strconv.Atoi(part)
		if err != nil || i > 2 {
			return fmt.Errorf("sqlite: version %q is not understood; build Setu with its own SQLite", v)
		}
		n[i] = x
	}
	num := n[0]*1_000_000 + n[1]*1_000 + n[2]
	if num < 3_051_003 || num == 3_052_000 {
		return fmt.Errorf("sqlite: version %s can corrupt a write-ahead log; build Setu with SQLite 3.51.3 or later, and not 3.52.0", v)
	}
	return nil
}

// pragma is the first column of the first row of sql, as text.
func (c *conn) pragma(sql string) (string, error) {
	rows, err := c.db.Query(sql, nil)
	if err != nil {
		return "", fmt.Errorf("%s: %w", sql, err)
	}
	dest := make([]value, len(rows.Columns()))
	err = rows.Next(dest)
	if err = errors.Join(err, rows.Close()); err != nil {
		return "", fmt.Errorf("%s: %w", sql, err)
	}
	return fmt.Sprint(dest[0]), nil
}

// int is the first column of the first row of sql.
func (c *conn) int(sql string) (int64, error) {
	s, err := c.pragma(sql)
	if err != nil {
		return 0, err
	}
	var n int64
	_, err = fmt.Sscan(s, &n)
	return n, err
}

// script runs statements without arguments.
func (c *conn) script(sql string) error {
	_, err := c.db.Exec(sql, nil)
	return err
}

// prepare prepares the statements from first to last.
func (c *conn) prepare(first, last query) error {
	for q := first; q <= last; q++ {
		st, err := c.db.Prepare(statement(q))
		if err != nil {
			return fmt.Errorf("prepare %s: %w", statement(q), err)
		}
		c.stmts[q], _ = st.(*sqlite3.SQLiteStmt)
	}
	return nil
}

// bind puts args into the connection's own buffer.
func (c *conn) bind(args []value) []driver.NamedValue {
	for len(c.args) < len(args) {
		c.args = append(c.args, driver.NamedValue{Ordinal: len(c.args) + 1})
	}
	for i, a := range args {
		c.args[i].Value = a
	}
	return c.args[:len(args)]
}

// exec runs a statement that gives no rows, and reports the rowid of an insert
// and the number of rows that were changed. The contexts here can not end: one
// that can would cost a goroutine for each statement, and the writer must not
// leave a commit half-way.
func (c *conn) exec(q query, args ...value) (id, changed int64, err error) {
	res, err := c.stmts[q].ExecContext(background, c.bind(args))
	if err != nil {
		return 0, 0, err
	}
	r, _ := res.(*sqlite3.SQLiteResult)
	id, _ = r.LastInsertId()
	changed, _ = r.RowsAffected()
	return id, changed, nil
}

// run runs a statement that gives no rows. It is the quicker of the two ways:
// the driver binds all arguments in one call into C, and not one by one, but
// does not say what was changed.
func (c *conn) run(q query, args ...value) error {
	rows, err := c.stmts[q].QueryContext(background, c.bind(args))
	if err != nil {
		return err
	}
	return rows.Close()
}

// each calls row for every row of a query. The slice that row gets is used
// again for the next one.
func (c *conn) each(q query, row func([]value) error, args ...value) (err error) {
	rows, err := c.stmts[q].QueryContext(background, c.bind(args))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	n := len(rows.Columns())
	for len(c.dest) < n {
		c.dest = append(c.dest, nil)
	}
	for {
		dest := c.dest[:n]
		switch err := rows.Next(dest); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := row(dest); err != nil {
			return err
		}
	}
}

// rows are all rows of a query.
func (c *conn) rows(q query, args ...value) (rows [][]value, err error) {
	err = c.each(q, func(v []value) error {
		rows = append(rows, append([]value(nil), v...))
		return nil
	}, args...)
	return rows, err
}

// first is the first row of a query, or nil. It is good until the next query.
func (c *conn) first(q query, args ...value) ([]value, error) {
	var found []value
	err := c.each(q, func(v []value) error {
		found = v
		return io.EOF
	}, args...)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return found, err
}

// close closes the connection and its statements.
func (c *conn) close() error {
	var errs []error
	for _, st := range c.stmts {
		if st != nil {
			errs = append(errs, st.Close())
		}
	}
	return errors.Join(append(errs, c.db.Close())...)
}
