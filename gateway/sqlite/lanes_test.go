package sqlite

import (
	"fmt"
	"testing"

	"setu/gateway"
)

// TestLanes_TooManyToTellApart keeps the order of lanes with more of them
// waiting than the filter holds.
func TestLanes_TooManyToTellApart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open := func() *Store {
		s, err := Open(dir, Options{Reserve: -1})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	effect := func(i int, lease bool) gateway.Effect {
		return gateway.Effect{Kind: gateway.Message, Lane: fmt.Sprint(i), Lease: lease, SMS: &gateway.SMSOut{Text: "x"}}
	}
	for i := 0; i < laneFill+1000; i += 1000 {
		var c gateway.Commit
		for k := range 1000 {
			c.Effects = append(c.Effects, effect(i+k, false))
		}
		if _, err := commit(s, c); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		for lane, want := range map[int]int{5: 0, laneFill: 0, -1: 1} { // one of them is new
			out, err := commit(s, gateway.Commit{Effects: []gateway.Effect{effect(lane, true)}})
			if err != nil || len(out.Items) != want {
				t.Errorf("lane %d: %d items leased, %v; want %d", lane, len(out.Items), err, want)
			}
			for _, it := range out.Items {
				if err := progress(s, gateway.Progress{ID: it.ID, Token: it.Token, State: gateway.Sent}); err != nil {
					t.Error(err)
				}
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if !s.w.lanes.all {
			t.Error("the filter claims to tell so many lanes apart")
		}
		s = open()
	}
	_ = s.Close()
}
