package sqlite

import (
	"embed"
	"fmt"
	"io/fs"
	"strconv"
)

//go:embed migration/*.sql
var migrations embed.FS

// migrate brings the file to the newest schema, each step in a transaction of
// its own. PRAGMA user_version counts the steps taken.
func migrate(c *conn) error {
	names, err := fs.Glob(migrations, "migration/*.sql") // in the order of their names
	if err != nil {
		return err
	}
	got, err := c.pragma("PRAGMA user_version")
	if err != nil {
		return err
	}
	at, err := strconv.Atoi(got)
	if err != nil {
		return fmt.Errorf("user_version %q: %w", got, err)
	}
	if at > len(names) {
		return fmt.Errorf("sqlite: the data is of a newer Setu (schema %d, this one knows %d); start that version, or restore an older copy", at, len(names))
	}
	for i, name := range names[at:] {
		sql, err := fs.ReadFile(migrations, name)
		if err != nil {
			return err
		}
		step := fmt.Sprintf("BEGIN IMMEDIATE; %s; PRAGMA user_version = %d; COMMIT", sql, at+i+1)
		if err := c.script(step); err != nil {
			return fmt.Errorf("migrate to %s: %w", name, err)
		}
	}
	return nil
}
