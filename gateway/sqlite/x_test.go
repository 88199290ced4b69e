package sqlite

import (
	"database/sql/driver"

	sqlite3 "github.com/mattn/go-sqlite3"
)

func asStmt(s driver.Stmt) *sqlite3.SQLiteStmt { return s.(*sqlite3.SQLiteStmt) }
