package sqlite_test

import (
	"testing"
	"time"

	"setu/gateway/sqlite"
	"setu/gateway/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Exercise(t, func(t *testing.T, dir string, now func() time.Time) storetest.Store {
		t.Helper()
		s, err := sqlite.Open(dir, sqlite.Options{Now: now})
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
