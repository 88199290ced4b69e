package fault_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"setu/channels"
	"setu/channels/sms"
	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/gateway/dialogue"
	"setu/gateway/outbox"
	"setu/gateway/sqlite"
	"setu/gateway/turn"
	"setu/ivr"
	"setu/ledgerclient"
	"setu/ledgerclient/circuit"
	"setu/ledgerclient/keys"
	"setu/ledgerclient/sandbox"
	"setu/ussd"
)

// The outage, and what comes in while it lasts.
const (
	outageTime    = 72 * time.Hour
	outageBegin   = "2026-11-25T04:30:00Z"
	outageItems   = 5_000 // unless SETU_FAULT_ITEMS says another number
	itemsEach     = 20    // of a citizen
	outageLink    = "operator"
	outageHeap    = 256 << 20 // octets in use at most when it ends
	outageDrained = 6 * time.Hour
	outagePoll    = time.Minute // each asks the disk; it would be half a million times
)

// TestOutage takes the ledger away for three days, in which citizens go on to ask
// and to order, and gives it back: each order is done once and in its citizen's
// order, each question is answered or its citizen is told that it was too late.
// The days are virtual (testing/synctest): all clocks and timers of the gateway's
// parts run by them.
func TestOutage(t *testing.T) {
	t.Parallel()
	items := fromEnv("SETU_FAULT_ITEMS", outageItems)
	r := random(t, *seed)
	synctest.Test(t, func(t *testing.T) {
		begin, err := time.Parse(time.RFC3339, outageBegin)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Until(begin)) // virtual
		o := newOutage(t, r, items)
		o.open()
		o.last()
		o.drain()
		o.close()
		o.audit()
	})
}

// outage is a gateway without its process: store, turns, outbox and ledger.
type outage struct {
	*world
	random *rand.Rand
	by     map[string]*citizen
	next   []int // step of each citizen
	turns  []int // whose item is next, of all that come

	store  *sqlite.Store
	keys   *keys.Store
	pool   *keys.Pool
	ledger *sandbox.Ledger
	taker  *turn.Taker
	worker *outbox.Worker
	stop   func()
	ran    chan struct{}

	came, drained time.Duration // of the processor's clock
	heap          uint64
	virtual       time.Duration // of the drain
}

// newOutage draws what will come: a question or an order for each item.
func newOutage(t *testing.T, r *rand.Rand, items int) *outage {
	t.Helper()
	o := &outage{
		world: &world{t: t, dir: partner, data: t.TempDir(), host: newHost(), day: time.Now().AddDate(0, 0, 20)},
		by:    map[string]*citizen{}, random: r,
	}
	tongues := []*tongue{bengali(), hindi(), english()}
	for i := range (items + itemsEach - 1) / itemsEach {
		c := &citizen{number: fmt.Sprintf("9198%08d", i+1)}
		l := tongues[i%len(tongues)]
		for n := range min(itemsEach, items-i*itemsEach) {
			if r.IntN(5) < 2 {
				c.steps = append(c.steps, step{say: l.queries[1]})
				continue
			}
			c.steps = append(c.steps, l.offer(n%len(l.sell), 10+n, o.day, l.yes[0])...)
		}
		o.turns = append(o.turns, slices.Repeat([]int{i}, min(itemsEach, items-i*itemsEach))...)
		o.citizens = append(o.citizens, c)
		o.by[c.number] = c
	}
	o.next = make([]int, len(o.citizens))
	r.Shuffle(len(o.turns), func(i, j int) { o.turns[i], o.turns[j] = o.turns[j], o.turns[i] })
	return o
}

// Send is the operator, who takes everything.
func (o *outage) Send(_ context.Context, to gateway.Route, m gateway.SMSOut, done func(string, error)) error {
	o.by[to.Citizen.Reveal()[1:]].hear(told{text: m.Text.Reveal(), at: time.Now()})
	done("", nil)
	return nil
}

// signer signs as the gateway does.
type signer struct {
	*keys.Store
	pool *keys.Pool
}

func (s signer) SignQuery(ctx context.Context, q ledgerclient.Query) (ledgerclient.SignedQuery, error) {
	return ledgerclient.SignQuery(ctx, s.pool, q)
}

func (s signer) SignEnvelope(ctx context.Context, e ledgerclient.Envelope) (ledgerclient.SignedEnvelope, error) {
	return ledgerclient.SignEnvelope(ctx, s.Store, e)
}

// open puts the parts together, as `setu serve` does.
func (o *outage) open() {
	o.t.Helper()
	fatal := func(err error) {
		if err != nil {
			o.t.Helper()
			o.t.Fatal(err)
		}
	}
	log := slog.New(slog.DiscardHandler)
	cat, err := catalogue.Load(catalogue.Limits{
		gateway.SMS: {Max: 10, Measure: func(text string) (int, string) {
			_, segments, _ := sms.Count(text)
			return segments, ""
		}},
		gateway.USSD: ussd.Limit{}.Texts(), gateway.IVR: ivr.Texts(),
	}, catalogue.Embedded())
	fatal(err)
	o.store, err = sqlite.Open(o.data, sqlite.Options{Log: log})
	fatal(err)
	o.keys, err = keys.OpenSandbox(o.data, keys.Options{})
	fatal(err)
	o.pool = keys.NewPool(o.keys, nil)
	o.ledger, err = sandbox.Open(sandbox.Options{
		Path: filepath.Join(o.data, ledgerFile), Seed: 1, Keys: keys.NewVerifier(o.keys), Pseudonym: o.keys.Pseudonym, Now: time.Now,
	})
	fatal(err)
	way := circuit.New(o.ledger, circuit.Options{OnChange: func(up bool) {
		if up {
			o.worker.WakeLedger()
		}
	}})
	engine, by := dialogue.New(cat, dialogue.Options{}), signer{o.keys, o.pool}
	o.worker = outbox.New(outbox.Config{
		Store: o.store, Ledger: way, Dialogue: engine, Words: cat, Signer: by, Log: log, Now: time.Now,
		Senders: map[string]channels.Sender{outageLink: o}, Poll: outagePoll,
	})
	o.taker = turn.New(o.t.Context(), turn.Config{
		Store: o.store, Dialogue: engine, Ledger: way, Signer: by, Words: cat, Outbox: o.worker, Log: log, Now: time.Now,
	})
	ctx, stop := context.WithCancel(context.Background())
	o.stop, o.ran = stop, make(chan struct{})
	go func() { defer close(o.ran); _ = o.worker.Run(ctx) }()
}

// last lets the outage last, minute by minute.
func (o *outage) last() {
	o.ledger.SetFaults(sandbox.Faults{Down: true})
	began := uptime()
	minutes := int(outageTime / time.Minute)
	for m := range minutes {
		var taken sync.WaitGroup
		for _, i := range o.turns[len(o.turns)*m/minutes : len(o.turns)*(m+1)/minutes] {
			for {
				taken.Add(1)
				o.say(i, taken.Done)
				if n := o.next[i]; n == len(o.citizens[i].steps) || o.citizens[i].steps[n].effect == nil {
					break
				}
			}
		}
		taken.Wait()
		time.Sleep(time.Minute) // virtual
	}
	o.came = uptime() - began
	runtime.GC()
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	o.heap = mem.HeapInuse
	if mem.HeapInuse > outageHeap {
		o.t.Errorf("%d MiB of memory are in use after the outage, want %d at most", mem.HeapInuse>>20, outageHeap>>20)
	}
}

// say hands over a citizen's next message.
func (o *outage) say(i int, taken func()) {
	c := o.citizens[i]
	n := o.next[i]
	o.next[i]++
	in := gateway.Inbound{
		Key: fmt.Sprintf("%s/%d", c.number, n), Link: outageLink, Medium: gateway.SMS, At: time.Now(),
		From: gateway.Address("+" + c.number), To: code, Text: gateway.Private(c.steps[n].say),
	}
	o.taker.Accept(in, gateway.FragmentKey{}, func(err error) {
		if err != nil {
			o.t.Errorf("%s: message %d is not taken: %v", c.number, n, err)
		}
		taken()
	})
}

// drain gives the ledger back and waits until nothing waits.
func (o *outage) drain() {
	o.t.Helper()
	o.ledger.SetFaults(sandbox.Faults{})
	began, from := uptime(), time.Now()
	o.back = from
	for {
		st, err := o.store.Stats(o.t.Context())
		if err != nil {
			o.t.Fatal(err)
		}
		if len(st.Waiting) == 0 && st.Accepted == 0 {
			break
		}
		if time.Since(from) > outageDrained {
			o.t.Fatalf("%v after the outage there wait: %+v", outageDrained, st)
		}
		time.Sleep(time.Second) // virtual
	}
	o.idle = time.Now()
	o.drained, o.virtual = uptime()-began, o.idle.Sub(from)
}

// close ends the parts as `setu serve` does.
func (o *outage) close() {
	o.t.Helper()
	o.taker.Close(context.Background())
	o.stop()
	<-o.ran
	for name, end := range map[string]func() error{
		"store": o.store.Close, "ledger": o.ledger.Close, "keys": func() error { o.pool.Close(); return o.keys.Close() },
	} {
		if err := end(); err != nil {
			o.t.Errorf("close %s: %v", name, err)
		}
	}
}

// audit checks the promises, and reports what was measured.
func (o *outage) audit() {
	o.t.Helper()
	info, err := os.Stat(filepath.Join(o.data, sqlite.FileName))
	if err != nil {
		o.t.Fatal(err)
	}
	b, f := o.world.open(), figures{}
	asked, orders, questions := 0, 0, 0
	for _, c := range o.citizens {
		o.checkAnswers(c, b, &f)
		o.checkEffects(c, b, &f)
		o.checkReceipts(c, b)
		orders += len(b.transactions[c.number])
		questions += b.questions[c.number]
		for _, s := range c.steps {
			if s.echo == "" && s.effect == nil {
				asked++
			}
		}
	}
	if b.ledger != f.effects || f.effects == 0 || b.expired == 0 || b.expired >= questions || questions != asked {
		o.t.Errorf("the ledger holds %d of %d orders; of %d questions %d waited, and %d expired", b.ledger, f.effects, asked, questions, b.expired)
	}
	if f.notices != f.effects {
		o.t.Errorf("%d orders were received, and %d citizens told so", f.effects, f.notices)
	}
	o.checkMeter(b, gateway.MeterTransaction, orders)
	o.checkMeter(b, gateway.MeterQuery, questions)
	o.checkLog(b)
	items := orders + questions
	o.t.Logf("%d items of %d citizens in %v without a ledger (%d orders, %d questions, %d of those too late): %v to take them in; "+
		"%d MiB in use at the end; drained in %v, %.0f a second (%v by the gateway's clock); setu.db has %d MiB",
		items, len(o.citizens), outageTime, orders, questions, b.expired, o.came.Round(time.Millisecond),
		o.heap>>20, o.drained.Round(time.Millisecond), float64(items)/o.drained.Seconds(), o.virtual, info.Size()>>20)
}

// uptime is a clock that is not virtual.
func uptime() time.Duration {
	var tv syscall.Timeval
	_ = syscall.Gettimeofday(&tv) // cannot fail
	return time.Duration(tv.Nano())
}
