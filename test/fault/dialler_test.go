package fault_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"time"

	"setu/test/gatewaytest"
	"setu/ussd/ussdhttp"
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

// dialler is a citizen who registers one lot by USSD. When she is cut off she
// dials again, or her operator repeats its request; the lot that she confirmed
// is on the ledger once, under the receipt that she was shown.
type dialler struct {
	*citizen // who gets what comes by SMS besides
	w        *world
	r        *rand.Rand
	weight   string
	receipt  string // that she was shown; empty if a kill kept it from the screen
	again    int    // requests sent again
}

// newDialler makes a citizen with a number and a weight of her own.
func (w *world) newDialler() *dialler {
	n := len(w.diallers)
	d := &dialler{
		citizen: &citizen{number: fmt.Sprintf("9197%08d", n+1)}, w: w, weight: strconv.Itoa(100 + n%8000),
		r: rand.New(rand.NewPCG(w.random.Uint64(), 1)), //nolint:gosec // to be repeated
	}
	w.diallers = append(w.diallers, d)
	w.provider.add(d.citizen)
	return d
}

// errNowhere says that no life serves.
var errNowhere = errors.New("no gateway listens")

// openUSSD makes the operator's USSD gateway, which calls whichever life serves.
func (w *world) openUSSD() {
	all, err := ussdhttp.Load(ussdhttp.Embedded())
	if err != nil {
		w.t.Fatal(err)
	}
	w.ussd = all["africastalking"].Peer("http://gateway:80")
	w.ussd.Client.Dial = func(string) (net.Conn, error) {
		at := w.http.Load()
		if at == nil {
			return nil, errNowhere
		}
		return (&net.Dialer{Timeout: time.Second}).DialContext(w.ctx, "tcp", *at)
	}
}

// register registers the lot, and may not be sure of it: then she does it all
// again, and must be shown the receipt that she has.
func (d *dialler) register() {
	d.receipt = d.try()
	if d.r.IntN(2) != 0 {
		return
	}
	switch again := d.try(); {
	case again == "" || again == d.receipt:
	case d.receipt == "":
		d.receipt = again
	default:
		d.w.t.Errorf("%s kg: receipt %s when she was not sure of %s", d.weight, again, d.receipt)
	}
}

// try registers the lot, however often it is cut off, and gives the receipt that
// is shown; empty if a kill kept it from the screen.
func (d *dialler) try() (receipt string) {
	var call *ussdhttp.Call
	confirmed, key := false, ""
	for d.w.ctx.Err() == nil {
		a, lost := d.press(&call, key)
		if lost {
			return "" // the test has ended
		}
		if receipt = gatewaytest.Receipt(a.Text); receipt != "" {
			return receipt
		}
		switch {
		case a.End && d.w.full:
			call, key = nil, "" // try later, she was told
			_ = pause(d.w.ctx, 20*time.Millisecond)
			continue
		case a.End:
			d.w.t.Errorf("%s kg: an end without a receipt: %q", d.weight, a.Text)
			return ""
		case confirmed && strings.Contains(a.Text, "1 Benefit"):
			return "" // what she confirmed is done: nothing is left to go on with
		}
		if key = d.entry(a.Text); key == "" {
			d.w.t.Errorf("%s kg: nobody knows what to enter at %q", d.weight, a.Text)
			return ""
		}
		confirmed = confirmed || strings.Contains(a.Text, "1 Yes")
	}
	return ""
}

// press sends a key until a screen comes, in a call that is new if there was
// none or if she dials again. lost says that the test has ended before.
func (d *dialler) press(call **ussdhttp.Call, key string) (a ussdhttp.Answer, lost bool) {
	dial := func() (ussdhttp.Answer, error) {
		*call = d.w.ussd.Dial("+"+d.number, code)
		return (*call).Send(d.w.ctx, "")
	}
	var err error
	if *call == nil {
		a, err = dial()
	} else {
		a, err = (*call).Send(d.w.ctx, key)
	}
	for err != nil {
		if pause(d.w.ctx, 20*time.Millisecond) != nil {
			return a, true
		}
		if d.r.IntN(2) == 0 {
			a, err = dial()
			continue
		}
		d.again++
		a, err = (*call).Again(d.w.ctx)
	}
	return a, false
}

// entry is what is entered at a screen.
func (d *dialler) entry(screen string) string {
	for _, ask := range asks() {
		if !strings.Contains(screen, ask.screen) {
			continue
		}
		switch ask.key {
		case "weight":
			return d.weight
		case "day":
			return d.w.day.Format("02-01-2006")
		}
		return ask.key
	}
	return ""
}

// checkLot checks that her lot is on the ledger once, under the receipt that she
// was shown.
func (w *world) checkLot(d *dialler, b *books, f *figures) {
	w.t.Helper()
	f.effects++
	f.repeats += d.again
	if d.receipt == "" {
		f.unseen++
	}
	got := b.entries[d.number]
	if len(got) != 1 || got[0].Call.Args["weight"] != d.weight || d.receipt != "" && got[0].Receipt.String() != d.receipt {
		w.t.Errorf("%s: a lot of %s kg was registered by USSD, under %q; the ledger holds %+v", d.number, d.weight, d.receipt, got)
	}
	if len(b.transactions[d.number]) != 1 {
		w.t.Errorf("%s: the store holds %d transactions of one lot", d.number, len(b.transactions[d.number]))
	}
	w.checkRecorded(d.citizen, b)
}
