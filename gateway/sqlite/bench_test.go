package sqlite_test

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"setu/gateway"
	"setu/gateway/packed"
	"setu/gateway/sqlite"
)

// underWay is the number of goroutines that wait for their commits in the
// benchmarks, as many as the ceiling's.
const underWay = 1000

// BenchmarkCeiling is what the machine allows: see [sqlite.Ceiling].
func BenchmarkCeiling(b *testing.B) {
	b.ReportAllocs()
	rate, err := sqlite.Ceiling(context.Background(), b.TempDir(), b.N)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(rate, "msg/s")
}

// BenchmarkRoundTrip takes messages through the store: accepted, turned and
// replied to, sent. With steps=2 acceptance and turn share a commit, as they do
// for a message that needs no ledger.
func BenchmarkRoundTrip(b *testing.B) {
	for _, bc := range []struct {
		steps   int
		session bool
	}{{3, false}, {2, false}, {3, true}, {2, true}} {
		b.Run(fmt.Sprintf("steps=%d/session=%t", bc.steps, bc.session), func(b *testing.B) {
			s, err := sqlite.Open(b.TempDir(), sqlite.Options{})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			var left, failed atomic.Int64
			left.Store(int64(b.N))
			var callers sync.WaitGroup
			b.ResetTimer()
			for range min(underWay, b.N) {
				callers.Go(func() {
					c := newCaller(s, bc.session)
					for {
						i := left.Add(-1)
						if i < 0 {
							return
						}
						if err := c.roundTrip(i, bc.steps); err != nil {
							failed.Add(1)
							return
						}
					}
				})
			}
			callers.Wait()
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
			if err := s.Close(); err != nil || failed.Load() > 0 {
				b.Fatalf("%d round trips failed; close: %v", failed.Load(), err)
			}
		})
	}
}

// caller is one goroutine of the benchmark. Its own work is as little as that of
// the ceiling's callers.
type caller struct {
	s       *sqlite.Store
	session bool
	results chan result
	told    func(gateway.Committed, error)
	sent    func([]gateway.Item, error)
}

type result struct {
	c   gateway.Committed
	err error
}

func newCaller(s *sqlite.Store, session bool) *caller {
	c := &caller{s: s, session: session, results: make(chan result, 1)}
	c.told = func(out gateway.Committed, err error) { c.results <- result{out, err} }
	c.sent = func(_ []gateway.Item, err error) { c.results <- result{err: err} }
	return c
}

func (c *caller) commit(g gateway.Commit) (gateway.Committed, error) {
	c.s.Commit(g, c.told)
	r := <-c.results
	return r.c, r.err
}

const question, reply = "ভাতা 1000000001", "নারী সহায়: 1,500 টাকা, 1 নভেম্বর 2026। পরের টাকা 1 ডিসেম্বর।"

// roundTrip takes message i of a citizen of its own.
func (c *caller) roundTrip(i int64, steps int) error {
	citizen := gateway.Address("+91" + strconv.FormatInt(9_800_000_000+i, 10))
	in := &gateway.Inbound{
		Key: "0123456789abcdef" + strconv.FormatUint(uint64(i)*0x9e3779b97f4a7c15, 16), Bind: "partner/1", Link: "partner", Medium: gateway.SMS,
		From: citizen, To: "51969", Text: question,
	}
	turn := gateway.Commit{Accept: in, Turned: true, Effects: []gateway.Effect{{
		Kind: gateway.Message, Lane: gateway.Message.Lane(citizen), Lease: true,
		To:  gateway.Route{Medium: gateway.SMS, Link: "partner", Citizen: citizen, Code: "51969"},
		SMS: &gateway.SMSOut{Text: reply, Class: "answer"},
	}}}
	if c.session {
		turn.Session = &gateway.Session{Citizen: citizen, Lang: "bn", Dialogue: gateway.Dialogue{
			Service: "benefit", Version: "1", Step: "card", Slots: map[string]gateway.Private{"card": "1000000001"},
			Last: packed.Of(gateway.Reply{Parts: []gateway.Part{{Service: "benefit", Text: "card"}}, Expect: "digits"}),
		}}
	}
	if steps == 3 {
		out, err := c.commit(gateway.Commit{Accept: in})
		if err != nil {
			return err
		}
		turn.Accept, turn.Inbox = nil, out.Inbox
	}
	out, err := c.commit(turn)
	if err != nil {
		return err
	}
	it := out.Items[0]
	c.s.Progress(gateway.Progress{ID: it.ID, Token: it.Token, State: gateway.Sent}, c.sent)
	return (<-c.results).err
}

// TestMemory_Flat compares the heap after some messages with that after four
// times as many.
func TestMemory_Flat(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	s, err := sqlite.Open(t.TempDir(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	var n atomic.Int64
	heap := func(messages int64) uint64 {
		var callers sync.WaitGroup
		for range 100 {
			callers.Go(func() {
				c := newCaller(s, true)
				for i := n.Add(1); i <= messages; i = n.Add(1) {
					if err := c.roundTrip(i, 3); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		callers.Wait()
		n.Store(messages)
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	first, last := heap(5_000), heap(20_000)
	// The redelivery window alone may grow, by some 40 octets a message.
	if limit := first + 15_000*48 + 1<<20; last > limit {
		t.Errorf("heap grew from %d to %d octets over 15,000 messages, want at most %d", first, last, limit)
	}
}
