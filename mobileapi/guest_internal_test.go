package mobileapi

import (
	"fmt"
	"testing"
	"time"
)

// TestGuests_Take: a source has its burst and then its rate, and takes nothing from
// others.
func TestGuests_Take(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	g := newGuests(2)
	for i := range 2 * guestBurst {
		if wait := g.take("a", now); wait != 0 {
			t.Fatalf("request %d of the burst waits %v", i+1, wait)
		}
	}
	if wait := g.take("a", now); wait != 500*time.Millisecond {
		t.Errorf("behind the burst: wait %v, want 500ms", wait)
	}
	if wait := g.take("b", now); wait != 0 {
		t.Errorf("another source waits %v", wait)
	}
	if wait := g.take("a", now.Add(500*time.Millisecond)); wait != 0 {
		t.Errorf("after the wait: %v more", wait)
	}
	if wait := g.take("a", now.Add(500*time.Millisecond)); wait == 0 {
		t.Error("and one more is let in")
	}
}

// TestGuests_Bounded: however many sources there are, few are remembered.
func TestGuests_Bounded(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	g := newGuests(2)
	for i := range maxSources + 100 {
		g.take(fmt.Sprint(i), now)
	}
	if n := len(g.due); n > maxSources {
		t.Errorf("%d sources, want at most %d", n, maxSources)
	}
	g.take("late", now.Add(time.Hour))
	if n := len(g.due); n != 1 {
		t.Errorf("%d sources after an hour, want 1", n)
	}
}
