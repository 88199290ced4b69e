package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"setu/ivr/callback"
	"setu/test/gatewaytest"
	"setu/test/siptest"
)

// callBacks is what is configured of call-backs in these tests.
const callBacks = `
ledger: {patience: 2s}
ivr:
  cache: %q
  patience: 1s
  sip: {trunks: [{name: exchange, address: %q, allow: ["127.0.0.0/8"], keep_alive: 1s}]}
  missed_call: ["033-2200-0001"]
  call_back: {from: "03322000000", delay: 1s, retry: [2s, 4s]%s}
`

// called is a gateway and the exchange that it calls by.
type called struct {
	*testing.T
	g      *gatewaytest.Gateway
	phones *siptest.Exchange
	rings  chan siptest.Ringing
	ctx    context.Context //nolint:containedctx // of the test
}

func startCalled(t *testing.T, more string) *called {
	t.Helper()
	phones := siptest.New(t)
	rings := make(chan siptest.Ringing, 8)
	phones.Ring(rings)
	phones.Handle(sip.OPTIONS, func(req *sip.Request, tx sip.ServerTransaction) {
		_ = tx.Respond(sip.NewResponseFromRequest(req, 200, "OK", nil))
	})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	c := &called{T: t, phones: phones, rings: rings, ctx: ctx}
	c.g = gatewaytest.Start(t, gatewaytest.Options{
		Bin: bin, SIP: gatewaytest.FreeAddress(t), Config: fmt.Sprintf(callBacks, speechCache(t), phones.Addr().String(), more),
	})
	return c
}

// until waits for a condition.
func (c *called) until(what string, ok func() bool) {
	c.Helper()
	for !ok() {
		select {
		case <-c.ctx.Done():
			c.Fatalf("%s: not in time; log:\n%s", what, c.g.Log())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// missed gives a missed call.
func (c *called) missed(from string) {
	c.Helper()
	_, err := c.phones.Call(c.ctx, c.g.SIP, siptest.Options{From: from, To: "+913322000001"})
	if got := siptest.Code(err); got != 603 {
		c.Fatalf("missed call: %v, want to be turned away with 603", err)
	}
}

// rung is the next call that comes in.
func (c *called) rung() siptest.Ringing {
	c.Helper()
	select {
	case r := <-c.rings:
		if r.From() != "+913322000000" {
			c.Errorf("called from %q", r.From())
		}
		return r
	case <-c.ctx.Done():
		c.Fatalf("nobody calls; log:\n%s", c.g.Log())
	}
	return siptest.Ringing{}
}

// silence checks that nobody calls for a while.
func (c *called) silence(d time.Duration) {
	c.Helper()
	select {
	case <-c.rings:
		c.Error("she is called once more")
	case <-time.After(d):
	}
}

// list is what an operator sees of call-backs.
func (c *called) list(want ...string) {
	c.Helper()
	var out string
	c.until("the list", func() bool {
		var err error
		if out, err = c.g.Setu("call-backs", "--all"); err != nil {
			c.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(out, w) {
				return false
			}
		}
		return true
	})
}

func (c *called) hears(call *siptest.Call, want string) {
	c.Helper()
	if _, err := call.Hear(c.ctx, want); err != nil {
		c.Fatal(err)
	}
}

// TestCallBack_Missed: three missed calls lead to one call back, which is placed
// again after she was busy, from the configured number, and once only.
func TestCallBack_Missed(t *testing.T) {
	c := startCalled(t, "")
	began := time.Now()
	for range 3 {
		c.missed("+919830007001")
	}
	if err := c.rung().Refuse(486); err != nil {
		t.Fatal(err)
	}
	busy := time.Now()
	r := c.rung()
	if pause := time.Since(busy); pause < 1500*time.Millisecond || time.Since(began) > time.Minute {
		t.Errorf("called again after %v, %v after the missed call", pause, time.Since(began))
	}
	if r.To() != "+919830007001" {
		t.Error("somebody else is called")
	}
	call, err := r.Answer()
	if err != nil {
		t.Fatal(err)
	}
	c.hears(call, "English")
	if err := call.Press("9"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-call.Ended():
	case <-c.ctx.Done():
		t.Fatal("the call does not end")
	}
	c.list("missed", "reached")
	c.silence(5 * time.Second)
}

// TestCallBack_LateAnswer: what the ledger did not answer in time is the first
// thing that she hears when she is called.
func TestCallBack_LateAnswer(t *testing.T) {
	c := startCalled(t, "")
	sms := gatewaytest.Dial(t, c.g.SMPP, "sandbox", "sandbox")
	defer sms.Close()
	c.until("the link", func() bool { return strings.Contains(c.g.Log(), "smpp partner bound") })
	sms.Ask(t, "919830000001", "LANGUAGE English")
	if _, err := c.g.Setu("sandbox", "down"); err != nil {
		t.Fatal(err)
	}
	call, err := c.phones.Call(c.ctx, c.g.SIP, siptest.Options{From: "+919830000001", To: "1800"})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ hears, presses string }{
		{"Which service", "1"},
		{"press one", "1"},
		{"number", "1000000001"},
		{"If that is right", "1"},
	} {
		c.hears(call, step.hears)
		time.Sleep(300 * time.Millisecond) // a person's
		if err := call.Press(step.presses); err != nil {
			t.Fatal(err)
		}
	}
	c.hears(call, "tell you by a call")
	if err := call.HangUp(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.g.Setu("sandbox", "up"); err != nil {
		t.Fatal(err)
	}
	called, err := c.rung().Answer()
	if err != nil {
		t.Fatal(err)
	}
	first, err := called.Hear(c.ctx, "")
	if err != nil || !strings.Contains(first, "rupees") {
		t.Errorf("the first words are %q, %v, want the answer", first, err)
	}
}

// TestCallBack_Hours: outside the hours of calls she waits.
func TestCallBack_Hours(t *testing.T) {
	now := time.Now().In(callback.IST())
	from := (now.Hour() + 2) % 23 // not now, and not over midnight
	c := startCalled(t, fmt.Sprintf(`, hours: "%02d:00-%02d:59"`, from, from))
	c.missed("+919830007002")
	c.list("waiting", "waits for the hours of calls")
	c.silence(3 * time.Second)
}

// TestCallBack_Killed: a call that was placed when the gateway died is not placed
// again.
func TestCallBack_Killed(t *testing.T) {
	c := startCalled(t, "")
	c.missed("+919830007003")
	if err := c.rung().Refuse(180); err != nil {
		t.Fatal(err)
	}
	c.list("dialling")
	c.g.Kill()
	c.g = gatewaytest.Start(t, gatewaytest.Options{
		Bin: bin, Dir: c.g.Dir, SIP: gatewaytest.FreeAddress(t), Config: fmt.Sprintf(callBacks, speechCache(t), c.phones.Addr().String(), ""),
	})
	c.list("unknown")
	c.silence(4 * time.Second)
	c.missed("+919830007003") // and not again at once when she is impatient
	c.silence(3 * time.Second)
}

// TestCallBack_Offered: who finds no key that helps is offered a call, in her
// language, and gets it for one key.
func TestCallBack_Offered(t *testing.T) {
	c := startCalled(t, "")
	sms := gatewaytest.Dial(t, c.g.SMPP, "sandbox", "sandbox")
	defer sms.Close()
	c.until("the link", func() bool { return strings.Contains(c.g.Log(), "smpp partner bound") })
	var wg sync.WaitGroup
	for i, tt := range []struct{ choose, offer, promise string }{
		{"", "আমাদের ফোন পেতে চাইলে এক টিপুন।", "আমরা এই নম্বরে আপনাকে ফোন করব।"}, // before any language is chosen
		{"LANGUAGE Hindi", "हमारा फ़ोन पाने के लिए एक दबाएँ।", "हम इसी नंबर पर आपको फ़ोन करेंगे।"},
		{"LANGUAGE English", "For us to call you press one.", "We will call you on this number."},
	} {
		number := fmt.Sprintf("91983000720%d", i)
		if tt.choose != "" {
			sms.Ask(t, number, tt.choose)
		}
		wg.Go(func() {
			if err := c.offered(number, tt.offer, tt.promise); err != nil {
				t.Errorf("%q: %v", tt.choose, err)
			}
		})
	}
	wg.Wait()
	rung := make(map[string]bool)
	for range 3 {
		r := c.rung()
		rung[r.To()] = true
		if err := r.Refuse(404); err != nil {
			t.Fatal(err)
		}
	}
	if len(rung) != 3 {
		t.Errorf("%d of three are called", len(rung))
	}
	c.list("asked")
}

// offered calls, presses what is no key three times, and takes the offer.
func (c *called) offered(number, offer, promise string) error {
	call, err := c.phones.Call(c.ctx, c.g.SIP, siptest.Options{From: "+" + number, To: "1800"})
	if err != nil {
		return err
	}
	for _, step := range []struct{ hears, presses string }{{"", "7"}, {"", "7"}, {"", "7"}, {offer, "1"}} {
		if _, err := call.Hear(c.ctx, step.hears); err != nil {
			return err
		}
		if err := call.Press(step.presses); err != nil {
			return err
		}
	}
	_, err = call.Hear(c.ctx, promise)
	return err
}
