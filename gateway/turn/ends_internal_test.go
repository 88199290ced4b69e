package turn

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestEnds: nobody waits for less than her patience or much longer, and those who
// came together wait together.
func TestEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const patience = 3 * time.Second
		parent, stop := context.WithCancel(t.Context())
		var e ends
		begun := time.Now()
		first := e.after(parent, patience)
		time.Sleep(endsApart - time.Nanosecond)
		second, other := e.after(parent, patience), e.after(parent, patience/2)
		if first != second || first == other {
			t.Error("a context is not shared by those, and only those, with the same patience at the same time")
		}
		time.Sleep(time.Nanosecond)
		third := e.after(parent, patience)
		if third == first {
			t.Error("a context is shared by one who came later")
		}
		<-first.Done()
		if waited := time.Since(begun); !errors.Is(first.Err(), context.DeadlineExceeded) || waited < patience+endsApart-time.Nanosecond || waited > patience+endsApart {
			t.Errorf("ended by %v after %v", first.Err(), waited)
		}
		if other.Err() == nil || third.Err() != nil {
			t.Errorf("the shorter one: %v, the later one: %v", other.Err(), third.Err())
		}
		stop()
		synctest.Wait()
		if !errors.Is(third.Err(), context.Canceled) {
			t.Errorf("with its parent: %v", third.Err())
		}
	})
}
