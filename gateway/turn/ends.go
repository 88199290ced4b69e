package turn

import (
	"context"
	"sync"
	"time"
)

// endsApart is how much later than asked for a context of [ends] may end.
const endsApart = 20 * time.Millisecond

// ends gives contexts that end by themselves. Turns that begin at the same moment
// and have the same patience share one: a context and a timer for each of ten
// thousand questions a second would cost as much as signing them.
type ends struct {
	mu  sync.Mutex
	now map[time.Duration]end // the latest by their patience
}

type end struct {
	ctx  context.Context
	made time.Time
}

// after is a context that ends when its parent does, which is the same for all,
// or the patience, and up to [endsApart], has passed.
func (e *ends) after(parent context.Context, patience time.Duration) context.Context {
	now := time.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	if one, ok := e.now[patience]; ok && now.Sub(one.made) < endsApart {
		return one.ctx
	}
	ctx, cancel := context.WithDeadline(parent, now.Add(patience+endsApart))
	context.AfterFunc(ctx, cancel) // nobody ends it sooner: others have it too
	if e.now == nil {
		e.now = map[time.Duration]end{}
	}
	e.now[patience] = end{ctx, now}
	return ctx
}
