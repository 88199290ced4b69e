package fault_test

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"setu/test/gatewaytest"
	"setu/ussd/ussdhttp"
)

const (
	diallers  = 8  // citizens who register lots by USSD at the same time
	ussdKills = 10 // of the gateway, while they do
)

// asks are what the screens of registering a lot ask, each by a part of it, and
// what is entered then; weight and day stand for the lot's own.
func asks() []struct{ screen, key string } {
	return []struct{ screen, key string }{
		{"3 English", "3"},
		{"2 Start again", "1"},
		{"1 Benefit", "3"},
		{"4 Sell", "4"},
		{"1 Paddy", "1"},
		{"1 Yes", "1"}, // before what it repeats
		{"kg", "weight"},
		{"date", "day"},
	}
}

// exchange is the operator of the diallers, and what they got.
type exchange struct {
	t       *testing.T
	ctx     context.Context //nolint:containedctx // the test's
	peer    *ussdhttp.Peer
	weight  atomic.Int64 // of the last lot: each has its own
	day     string
	closing atomic.Bool // no further lot is begun

	mu    sync.Mutex
	lots  map[string]string // receipts shown by weight, "" for one that was committed unseen
	again int               // requests sent again
}

// dialler is one citizen at her handset.
type dialler struct {
	x      *exchange
	r      *rand.Rand
	number string
}

// TestKill_USSD kills the gateway at random moments while citizens register
// lots by USSD. They dial again, or their operator repeats its request; each
// lot that they confirmed is on the ledger once, under the receipt that they
// were shown.
func TestKill_USSD(t *testing.T) {
	t.Parallel()
	r := random(t)
	all, err := ussdhttp.Load(ussdhttp.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	x := &exchange{
		t: t, ctx: t.Context(), lots: map[string]string{}, day: time.Now().AddDate(0, 0, 20).Format("02-01-2006"),
	}
	data, address := t.TempDir(), gatewaytest.FreeAddress(t)
	x.peer = all["africastalking"].Peer("http://" + address)
	var wg sync.WaitGroup
	launch := func() *gatewaytest.Gateway {
		return gatewaytest.Start(t, gatewaytest.Options{Bin: built, Dir: data, HTTP: address})
	}
	g := launch()
	for i := range diallers {
		d := &dialler{x: x, r: rand.New(rand.NewPCG(r.Uint64(), 1)), number: "+9197" + strconv.Itoa(10_000_000+i)} //nolint:gosec // to be repeated
		wg.Go(d.run)
	}
	for range ussdKills {
		if pause(t.Context(), time.Duration(100+r.IntN(900))*time.Millisecond) != nil {
			break
		}
		g.Kill()
		g = launch()
	}
	x.closing.Store(true)
	wg.Wait()
	deadline := time.Now().Add(drainTime)
	for {
		list, err := g.Setu("queue", "list", "--kind", "transaction")
		if err == nil && list == "nothing waits\n" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("transactions wait still: %v\n%s", err, list)
		}
		if pause(t.Context(), 50*time.Millisecond) != nil {
			break
		}
	}
	if err := g.Stop(); err != nil {
		t.Fatal(err)
	}
	x.audit(data)
}

// audit compares the ledger with what was confirmed.
func (x *exchange) audit(data string) {
	x.t.Helper()
	found := map[string][]string{}
	for _, e := range (&world{t: x.t}).entries(filepath.Join(data, ledgerFile)) {
		weight := e.Call.Args["weight"]
		found[weight] = append(found[weight], e.Receipt.String())
	}
	unseen := 0
	for weight, shown := range x.lots {
		got := found[weight]
		if len(got) != 1 || shown != "" && got[0] != shown {
			x.t.Errorf("a lot of %s kg is on the ledger under %q, its citizen was shown %q", weight, got, shown)
		}
		if shown == "" {
			unseen++
		}
		delete(found, weight)
	}
	for weight, got := range found {
		x.t.Errorf("a lot of %s kg is on the ledger under %q, and nobody was to confirm it", weight, got)
	}
	x.t.Logf("%d lots, %d of them with a receipt that a kill kept from the screen; %d requests were repeated", len(x.lots), unseen, x.again)
	if len(x.lots) < diallers {
		x.t.Errorf("only %d lots", len(x.lots))
	}
}

// run registers lots until there are to be no more.
func (d *dialler) run() {
	for !d.x.closing.Load() && !d.x.t.Failed() {
		weight := strconv.FormatInt(10+d.x.weight.Add(1), 10)
		receipt, ok := d.register(weight)
		if !ok {
			return
		}
		d.x.mu.Lock()
		d.x.lots[weight] = receipt
		d.x.mu.Unlock()
	}
}

// register registers one lot, however often it is cut off. The receipt is empty
// if the lot was registered and the screen did not come.
func (d *dialler) register(weight string) (receipt string, ok bool) {
	var call *ussdhttp.Call
	confirmed, key := false, ""
	for range 1_000 {
		var a ussdhttp.Answer
		var err error
		if call == nil {
			call, key = d.x.peer.Dial(d.number, "51969"), ""
		}
		a, err = call.Send(d.x.ctx, key)
		for err != nil {
			if pause(d.x.ctx, 20*time.Millisecond) != nil {
				return "", false
			}
			if call == nil || d.r.IntN(2) == 0 { // she dials again
				call, key = d.x.peer.Dial(d.number, "51969"), ""
				a, err = call.Send(d.x.ctx, key)
				continue
			}
			d.x.mu.Lock()
			d.x.again++
			d.x.mu.Unlock()
			a, err = call.Again(d.x.ctx)
		}
		if got := gatewaytest.Receipt(a.Text); got != "" {
			return got, true
		}
		switch {
		case a.End:
			d.x.t.Errorf("%s kg: an end without a receipt: %q", weight, a.Text)
			return "", false
		case confirmed && strings.Contains(a.Text, "1 Benefit"):
			return "", true // what she confirmed is done: nothing is left to go on with
		}
		if key = d.entry(a.Text, weight); key == "" {
			d.x.t.Errorf("%s kg: nobody knows what to enter at %q", weight, a.Text)
			return "", false
		}
		confirmed = confirmed || strings.Contains(a.Text, "1 Yes")
	}
	d.x.t.Errorf("%s kg: no end in sight", weight)
	return "", false
}

// entry is what is entered at a screen.
func (d *dialler) entry(screen, weight string) string {
	for _, ask := range asks() {
		if !strings.Contains(screen, ask.screen) {
			continue
		}
		switch ask.key {
		case "weight":
			return weight
		case "day":
			return d.x.day
		}
		return ask.key
	}
	return ""
}
