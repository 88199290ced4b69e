package sandbox

import (
	"errors"
	"slices"

	"github.com/tidwall/btree"
)

// Errors of the state that a contract function writes to.
var (
	errReadOnly = errors.New("sandbox: a query tried to write")
	errStateKey = errors.New("sandbox: state key is not printable ASCII")
)

// reader is a state that can be read.
type reader interface {
	Get(key string) ([]byte, error)
	Range(from, to string, each func(key string, value []byte) bool) error
}

// world is the committed state. It is locked by its owner, and writes come
// from one goroutine only.
type world struct{ tree btree.Map[string, []byte] }

func (w *world) Get(key string) ([]byte, error) {
	value, _ := w.tree.Get(key)
	return value, nil
}

func (w *world) Range(from, to string, each func(key string, value []byte) bool) error {
	w.tree.Ascend(from, func(key string, value []byte) bool {
		return key < to && each(key, value)
	})
	return nil
}

// Put refuses: contract functions reach the world itself only in queries.
func (w *world) Put(string, []byte) error { return errReadOnly }

func (w *world) apply(writes []write) {
	for _, wr := range writes {
		if wr.Value == nil {
			w.tree.Delete(wr.Key)
		} else {
			w.tree.Set(wr.Key, wr.Value)
		}
	}
}

// write is one change of the state. A nil value removes the key.
type write struct {
	Key   string
	Value []byte
}

// overlay is a state with writes that are not in the world yet: those of one
// transaction, or of all transactions of the block in the making.
type overlay struct {
	below reader
	put   map[string][]byte
	order []string // of the keys in put, by first write
}

func newOverlay(below reader) *overlay {
	return &overlay{below: below, put: make(map[string][]byte, 4)}
}

func (o *overlay) Get(key string) ([]byte, error) {
	if value, ok := o.put[key]; ok {
		return value, nil
	}
	return o.below.Get(key)
}

func (o *overlay) Put(key string, value []byte) error {
	for i := range len(key) {
		if key[i] <= ' ' || key[i] >= 0x7f || key[i] == '"' || key[i] == '\\' {
			return errStateKey
		}
	}
	if _, again := o.put[key]; !again {
		o.order = append(o.order, key)
	}
	o.put[key] = value
	return nil
}

func (o *overlay) Range(from, to string, each func(key string, value []byte) bool) error {
	var mine []string
	for _, key := range o.order {
		if from <= key && key < to {
			mine = append(mine, key)
		}
	}
	slices.Sort(mine)
	more := true
	// flush passes on the own keys before limit.
	flush := func(limit string) {
		for more && len(mine) > 0 && mine[0] < limit {
			if value := o.put[mine[0]]; value != nil {
				more = each(mine[0], value)
			}
			mine = mine[1:]
		}
	}
	err := o.below.Range(from, to, func(key string, value []byte) bool {
		flush(key)
		if _, covered := o.put[key]; more && !covered {
			more = each(key, value)
		}
		return more
	})
	flush(to)
	return err
}

// writes are the changes in the order in which they were made first.
func (o *overlay) writes() []write {
	ws := make([]write, len(o.order))
	for i, key := range o.order {
		ws[i] = write{key, o.put[key]}
	}
	return ws
}

// take adds the writes of a transaction.
func (o *overlay) take(ws []write) {
	for _, w := range ws {
		if _, again := o.put[w.Key]; !again {
			o.order = append(o.order, w.Key)
		}
		o.put[w.Key] = w.Value
	}
}
