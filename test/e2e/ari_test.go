package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"setu/i18n"
	"setu/ivr/voice"
	"setu/test/aritest"
	"setu/test/gatewaytest"
)

// exchangeConfig is a gateway whose calls come and go by an Asterisk only.
const exchangeConfig = `
ivr:
  cache: %s
  ari: [{name: pbx, url: %q, user: %s, password_file: %s, dial: "PJSIP/{national}@trunk"}]
  missed_call: ["033-2200-0001"]
  call_back: {from: "03322000000", lines: [pbx], delay: 1s}
`

// exchanged is a gateway with its exchange.
type exchanged struct {
	*town
	pbx     *aritest.Asterisk
	options gatewaytest.Options
	speaker *voice.Speaker
	ctx     context.Context //nolint:containedctx // of the test
}

func openExchange(t *testing.T) *exchanged {
	t.Helper()
	cache, secret := speechCache(t), filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(secret, []byte(aritest.Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	x := &exchanged{pbx: aritest.New(t)}
	var err error
	if x.speaker, err = voice.Open(voice.Config{Engine: &voice.ESpeak{}, Cache: cache}); err != nil {
		t.Fatal(err)
	}
	x.options = gatewaytest.Options{Config: fmt.Sprintf(exchangeConfig, cache, x.pbx.URL(), aritest.User, secret)}
	x.town = open(t, x.options)
	ctx, cancel := context.WithTimeout(t.Context(), callTime)
	t.Cleanup(cancel)
	x.ctx = ctx
	x.linked()
	return x
}

// linked waits until the operator sees that the exchange is linked.
func (x *exchanged) linked() {
	x.t.Helper()
	x.until("the exchange is linked", func() bool { return strings.Contains(x.setu("calls"), "exchange pbx: linked") })
}

// calls calls from a number, and is answered.
func (x *exchanged) calls(number string) *aritest.Phone {
	x.t.Helper()
	x.Note(number)
	p, err := x.pbx.Call(aritest.Options{From: "+" + number, To: "1800"})
	if err == nil {
		err = p.Talking(x.ctx)
	}
	if err != nil {
		x.t.Fatal(err, x.Log())
	}
	return p
}

// hears waits until a sentence was heard, in the voice that says it, from its first
// sample to its last.
func (x *exchanged) hears(p *aritest.Phone, lang i18n.Lang, sentence string) {
	x.t.Helper()
	clip, err := x.speaker.Say(x.ctx, sentencesOf(lang, sentence))
	if err != nil {
		x.t.Fatal(err)
	}
	for !bytes.Contains(p.Sound(), clip.ULaw) {
		select {
		case <-x.ctx.Done():
			x.t.Fatalf("%q was not heard in %d s of sound; log:\n%s", sentence, len(p.Sound())/8000, x.Log())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// TestExchange_Service does a service by keypress in Bengali through an Asterisk, from
// the first call of a number to its answer, in the voice that should have said it.
func TestExchange_Service(t *testing.T) {
	x := openExchange(t)
	p := x.calls(newNumber())
	for _, step := range []struct{ hears, presses string }{
		{"English, press three.", "1"},
		{"একবার অভ্যাস করে নিন: এখন এক টিপুন।", "1"},
		{"স্বাস্থ্য, দুই টিপুন।", "2"},
		{"স্বাস্থ্য কার্ডের দশ সংখ্যার নম্বর টিপুন।", "4000000004"},
	} {
		lang := i18n.Bengali
		if step.hears[0] < 0x80 {
			lang = i18n.English
		}
		x.hears(p, lang, step.hears)
		p.Press(step.presses)
	}
	time.Sleep(300 * time.Millisecond) // a person's
	p.Press("1")
	x.hears(p, i18n.Bengali, "কার্ডে বাকি দুই লাখ বাইশ হাজার পাঁচশো টাকা।")
	p.HangUp()
	x.until("the call is over", func() bool { return strings.Contains(x.setu("calls"), "completed") })
	_, metrics := x.Get("/metrics")
	within(t, "metrics", metrics, `setu_exchange_up{exchange="pbx"} 1`, `setu_calls_total{end="completed",link="pbx"} 1`, "setu_rtp_streams 0")
	if left := x.pbx.Left(); len(left) != 0 {
		t.Errorf("left at the exchange: %v", left)
	}
}

// TestExchange_Missed: a missed call costs nothing and leads to one call back, from
// the configured number, by the exchange.
func TestExchange_Missed(t *testing.T) {
	x := openExchange(t)
	number := newNumber()
	x.Note(number)
	missed, err := x.pbx.Call(aritest.Options{From: "0" + strings.TrimPrefix(number, "91"), To: "03322000001"})
	if err != nil {
		t.Fatal(err)
	}
	if cause, err := missed.Ended(x.ctx); err != nil || cause != 21 {
		t.Fatalf("the missed call ended with cause %d, %v", cause, err)
	}
	select {
	case p := <-x.pbx.Rings:
		if p.Endpoint != "PJSIP/"+strings.TrimPrefix(number, "91")+"@trunk" || p.CallerID != "+913322000000" {
			t.Errorf("dialled %s from %s", p.Endpoint, p.CallerID)
		}
		p.Ring()
		p.Answer()
		x.hears(p, i18n.English, "English, press three.")
		p.HangUp()
	case <-x.ctx.Done():
		t.Fatal("nobody is called", x.Log())
	}
	x.until("she was reached", func() bool { return strings.Contains(x.setu("call-backs", "--all"), "reached") })
}

// TestExchange_Killed: a call whose gateway dies is hung up by the next one, and goes
// on where it was when she calls again.
func TestExchange_Killed(t *testing.T) {
	x := openExchange(t)
	number := newNumber()
	x.ask(number, "LANGUAGE English")
	p := x.calls(number)
	x.hears(p, i18n.English, "Health card, press two.")
	p.Press("2")
	x.hears(p, i18n.English, "Press the ten digits of your health card.")
	x.Kill()
	x.again(x.options)
	if _, err := p.Ended(x.ctx); err != nil {
		t.Fatal(err)
	}
	x.linked()
	again := x.calls(number)
	x.hears(again, i18n.English, "You were using Health card.")
	again.Press("1")
	x.hears(again, i18n.English, "Press the ten digits of your health card.")
	again.HangUp()
	x.until("nothing is left at the exchange", func() bool { return len(x.pbx.Left()) == 0 })
}
