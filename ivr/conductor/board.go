package conductor

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"
)

// keptCalls is how many ended calls a [Board] remembers.
const keptCalls = 200

// Board shows operators the calls of all drivers: those under way, those that ended
// last, and how many ended how. It knows no numbers of citizens. The zero value is
// an empty board; it may be used by many goroutines.
type Board struct {
	mu    sync.Mutex
	last  int64
	live  map[int64]Line
	ended []Line // a ring of the last ones
	next  int
	ends  map[Ending]int64
}

// Line is a call on the board.
type Line struct {
	ID   int64  `json:"id"` // since the start
	Link string `json:"link"`
	// Out says that we called.
	Out      bool      `json:"out,omitempty"`
	Began    time.Time `json:"began"`             // UTC
	Answered time.Time `json:"answered,omitzero"` // UTC; zero if nobody heard anything
	Ended    time.Time `json:"ended,omitzero"`    // UTC; zero if it is under way
	End      End       `json:"end,omitempty"`
}

// Ending is how calls of a link ended.
type Ending struct {
	Link string
	End  End
}

// Begin puts a call on the board and gives its number there.
func (b *Board) Begin(link string, out bool, now time.Time) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last++
	if b.live == nil {
		b.live = make(map[int64]Line)
	}
	b.live[b.last] = Line{ID: b.last, Link: link, Out: out, Began: now.UTC()}
	return b.last
}

// Answered notes that both sides hear each other.
func (b *Board) Answered(id int64, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l, ok := b.live[id]; ok {
		l.Answered = now.UTC()
		b.live[id] = l
	}
}

// End notes how a call ended. Only the first word about a call counts.
func (b *Board) End(id int64, end End, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l, ok := b.live[id]
	if !ok {
		return
	}
	delete(b.live, id)
	l.End, l.Ended = end, now.UTC()
	if len(b.ended) < keptCalls {
		b.ended = append(b.ended, l)
	} else {
		b.ended[b.next] = l
		b.next = (b.next + 1) % keptCalls
	}
	b.count(Ending{l.Link, end})
}

// Refused counts a call that was turned away at once.
func (b *Board) Refused(link string, end End) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count(Ending{link, end})
}

func (b *Board) count(e Ending) {
	if b.ends == nil {
		b.ends = make(map[Ending]int64)
	}
	b.ends[e]++
}

// Live is how many calls are under way.
func (b *Board) Live() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.live)
}

// Lines are the calls under way and those that ended last, the latest first.
func (b *Board) Lines() []Line {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := slices.Collect(maps.Values(b.live))
	list = append(list, b.ended...)
	slices.SortFunc(list, func(a, c Line) int { return cmp.Compare(c.ID, a.ID) })
	return list
}

// Ends are how many calls ended how, since the start.
func (b *Board) Ends() map[Ending]int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.ends)
}
