package sqlite

const sqlMark = `UPDATE meta SET value = ? WHERE name = ?`

// mark is a note in the file from which row of a table on there may be rows of
// which only the writer's memory knows: leased items, waiting messages. So the
// next process need not look through the whole table for them.
type mark struct {
	name string // in meta
	from int64  // all of them are at or after it
	// noted is what the file says; tried is the newest row when the mark was
	// last moved up.
	noted, tried int64
}

// markEvery is how many rows are made before a mark is moved up.
const markEvery = 4096

// lower keeps the mark at or before row.
func (m *mark) lower(row int64) { m.from = min(m.from, row) }

// raise moves the mark up to the first of rows, or behind the newest one.
func raise[V any](m *mark, newest int64, rows map[int64]V) {
	if newest-m.from <= markEvery || newest-m.tried <= markEvery {
		return
	}
	m.tried, m.from = newest, newest+1
	for row := range rows {
		m.lower(row)
	}
}

// note writes the mark into the file if it has moved.
func (w *writer) note(m *mark) error {
	if m.from == m.noted {
		return nil
	}
	return w.run(qMark, m.from, m.name)
}
