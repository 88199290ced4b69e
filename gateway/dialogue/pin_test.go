package dialogue_test

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/gateway/dialogue"
	"setu/ledgerclient"
)

const (
	newPIN  = "pin-new 0"
	askPIN  = "pin-ask 0"
	thePIN  = "4817"
	pinCard = "alive.card 0"
)

// withPIN is a citizen who has chosen a PIN.
func withPIN(e *dialogue.Engine) *talk {
	k := newCall(e)
	k.key = "1"
	k.s.PIN.MAC = digest(k.key, thePIN)
	return k
}

func TestEngine_PIN(t *testing.T) {
	t.Parallel()
	e := guardedServices(t)
	tests := []struct {
		name  string
		has   bool // a PIN
		lines []exchange
	}{
		{"chosen", false, []exchange{{"*51969*10#", newPIN}, {"4817", "pin-again 0"}, {"4817", "pin-set " + pinCard}, {"1000000001", "alive.sure (2) 0"}}},
		{"chosen in Bengali digits", false, []exchange{{"*51969*10#", newPIN}, {"৪৮১৭", "pin-again 0"}, {"4817", "pin-set " + pinCard}}},
		{"chosen, not twice the same", false, []exchange{{"*51969*10#", newPIN}, {"4817", "pin-again 0"}, {"4818", "pin-differs " + newPIN}, {"4818", "pin-again 0"}, {"4818", "pin-set " + pinCard}}},
		{"weak", false, []exchange{{"*51969*10#", newPIN}, {"1234", "pin-weak " + newPIN}, {"0000", "pin-weak " + newPIN}, {"9876", "give-up " + dialMenu}}},
		{"a year", false, []exchange{{"*51969*10#", newPIN}, {"1987", "pin-weak " + newPIN}, {"2004", "pin-weak " + newPIN}}},
		{"no PIN at all", false, []exchange{{"*51969*10#", newPIN}, {"48", "pin-digits " + newPIN}, {"hello there", "pin-digits " + newPIN}, {"48171", "give-up " + dialMenu}}},
		{"back", false, []exchange{{"*51969*10#", newPIN}, {"0", dialMenu}, {"9", "menu (4) more 0"}, {"2", newPIN}, {"4817", "pin-again 0"}, {"00", dialMenu}}},
		{"asked for", true, []exchange{{"*51969*10#", askPIN}, {"4817", pinCard}, {"1000000001", "alive.sure (2) 0"}, {"0", pinCard}}},
		{"what else was dialled is dropped", true, []exchange{{"*51969*10*1000000001#", askPIN}, {"4817", pinCard}}},
		{"by keyword", true, []exchange{{"*51969#", dialMenu}, {"JEEVAN 1000000001", askPIN}, {"4817", pinCard}}},
		{"once in a dialogue", true, []exchange{{"*51969*10#", askPIN}, {"4817", pinCard}, {"00", dialMenu}, {"ALIVE 1000000001", "alive.sure (2) 0"}}},
		{"again in the next", true, []exchange{{"*51969*10#", askPIN}, {"4817", pinCard}, {"1000000001", "alive.sure (2) 0"}, {"*51969#", "resume (2) 0"}, {"1", askPIN}, {"4817", "alive.sure (2) 0"}}},
		{"not got round by going back", true, []exchange{{"*51969*10#", askPIN}, {"4817", pinCard}, {"1000000001", "alive.sure (2) 0"}, {"*51969#", "resume (2) 0"}, {"0", askPIN}, {"HELP", "pin-digits " + askPIN}, {"0", dialMenu}}},
		{"wrong", true, []exchange{{"*51969*10#", askPIN}, {"4818", "pin-wrong " + askPIN}, {"4817", pinCard}}},
		{"locked", true, []exchange{
			{"*51969*10#", askPIN},
			{"1111", "pin-wrong " + askPIN},
			{"*51969*10#", askPIN},
			{"2222", "pin-wrong " + askPIN},
			{"3333", "pin-locked end"},
			{"*51969*10#", "pin-locked end"},
			{"@+14m", ""},
			{"*51969*10#", "pin-locked end"},
			{"PIN", "pin-locked end"},
			{"@+2m", ""},
			{"*51969*10#", askPIN},
			{"1111", "pin-wrong " + askPIN},
			{"2222", "pin-wrong " + askPIN},
			{"3333", "pin-locked end"},
			{"@+23h", ""},
			{"*51969*10#", "pin-locked end"},
			{"@+2h", ""},
			{"*51969*10#", askPIN},
			{"4817", pinCard},
			{"*51969*10#", askPIN},
			{"1111", "pin-wrong " + askPIN},
			{"2222", "pin-wrong " + askPIN},
			{"3333", "pin-locked end"},
			{"@+16m", ""},
			{"*51969*10#", askPIN},
		}},
		{"another PIN", true, []exchange{
			{"*51969*PIN#", "pin-old 0"},
			{"1111", "pin-wrong pin-old 0"},
			{"4817", newPIN},
			{"7293", "pin-again 0"},
			{"7293", "pin-set end"},
			{"*51969*10#", askPIN},
			{"4817", "pin-wrong " + askPIN},
			{"7293", pinCard},
		}},
		{"a first PIN by keyword", false, []exchange{{"*51969#", dialMenu}, {"পিন", newPIN}, {"4817", "pin-again 0"}, {"4817", "pin-set end"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := newCall(e)
			if tt.has {
				k = withPIN(e)
			}
			dial(t, k, tt.lines)
		})
	}
}

// TestEngine_PINUnderAnotherKey: a digest that cannot be compared any more asks
// for a new PIN, and locks nobody out.
func TestEngine_PINUnderAnotherKey(t *testing.T) {
	t.Parallel()
	k := withPIN(guardedServices(t))
	k.key = "2"
	dial(t, k, []exchange{{"*51969*10#", askPIN}, {"4817", newPIN}, {"4817", "pin-again 0"}, {"4817", "pin-set " + pinCard}})
}

// TestEngine_PINAssurance: what is done with a PIN says so, and by SMS neither
// the service nor its undoing is given.
func TestEngine_PINAssurance(t *testing.T) {
	t.Parallel()
	e := guardedServices(t)
	submit := func() *talk {
		k := withPIN(e)
		dial(t, k, []exchange{{"*51969*10#", askPIN}, {"4817", pinCard}, {"1000000001", "alive.sure (2) 0"}})
		out := k.call("1")
		if out.Submit == nil || out.Submit.Assurance != ledgerclient.PIN || out.Submit.Medium != gateway.USSD {
			t.Fatalf("submit = %+v, want it made with the PIN", out.Submit)
		}
		return k
	}
	k := submit()
	dial(t, k, []exchange{{"*51969*CANCEL#", askPIN}})
	if out := k.call(thePIN); out.Submit == nil || out.Submit.Call.Function != "Undo" || out.Submit.Assurance != ledgerclient.PIN {
		t.Errorf("CANCEL after the PIN: %q, %+v; want it undone", heard(out.Reply), out.Submit)
	}
	k = submit()
	k.medium = gateway.SMS
	for _, said := range []string{"CANCEL", "ALIVE 1000000001", "PIN"} {
		if got := heard(k.say(said).Reply); got != "no-pin" {
			t.Errorf("%q by SMS: %q, want no-pin", said, got)
		}
	}
	k = withPIN(e)
	dial(t, k, []exchange{{"*51969*10#", askPIN}, {"4817", pinCard}, {"1000000001", "alive.sure (2) 0"}})
	k.medium = gateway.SMS
	for _, said := range []string{"1", "YES", "8", "0"} {
		if out := k.say(said); out.Submit != nil || strings.Contains(heard(out.Reply), "alive") {
			t.Errorf("%q by SMS goes on with what a PIN guards: %q", said, heard(out.Reply))
		}
	}
	k = newCall(e)
	dial(t, k, []exchange{{"*51969*1*2*1000000001#", "benefit.sure (2) 0"}})
	if out := k.call("1"); out.Submit == nil || out.Submit.Assurance != "" {
		t.Errorf("without a PIN: %+v, want no assurance but the number", out.Submit)
	}
}

// TestEngine_PINGuardsAnswers: what is shown for a PIN is for the screen only. No
// SMS brings it, neither at once nor late nor as what was said last.
func TestEngine_PINGuardsAnswers(t *testing.T) {
	t.Parallel()
	folder := fstest.MapFS{}
	for _, name := range []string{"service.yaml", "bn.yaml", "hi.yaml", "en.yaml"} {
		src, err := os.ReadFile("../../test/services/library/" + name)
		if err != nil {
			t.Fatal(err)
		}
		folder["library/"+name] = &fstest.MapFile{Data: bytes.Replace(src, []byte("access: number"), []byte("access: pin"), 1)}
	}
	c, err := catalogue.Load(nil, catalogue.Embedded(), folder)
	if err != nil {
		t.Fatal(err)
	}
	k := withPIN(dialogue.New(c, dialogue.Options{}))
	for _, entered := range []string{"*51969*LIBRARY#", thePIN, "1"} {
		k.call(entered)
	}
	if got := heard(k.call("70000018").Reply); got != "library.standing" {
		t.Fatalf("the answer is %q", got)
	}
	if len(k.asked) != 1 || !k.asked[0].Silent {
		t.Errorf("asked %+v, want it marked as silent", k.asked)
	}
	k.medium = gateway.SMS
	if got := heard(k.say("REPEAT").Reply); strings.Contains(got, "library.") {
		t.Errorf("by SMS it is said again: %q", got)
	}
}

// TestEngine_PINStaysAway: a PIN that was typed is in no session, reply or call,
// and a slow one does not hold for ever.
func TestEngine_PINStaysAway(t *testing.T) {
	t.Parallel()
	e := guardedServices(t)
	k := newCall(e)
	for _, in := range []string{"10", "10*4817", "10*4817*4817", "10*4817*4817*4817"} {
		event := gateway.Input
		if in == "10" {
			event = gateway.New
		}
		out := k.hear(gateway.Inbound{Event: event, Session: "s", Key: "s/" + in, Cumulative: true, Text: gateway.Private(in)})
		if strings.Contains(dump(out.Session)+heard(out.Reply), thePIN) {
			t.Fatalf("after %q the PIN is in %s", in, dump(out.Session))
		}
	}
	if len(k.pins) != 2 {
		t.Errorf("%d PINs were given out to be digested, want 2: the last one answers the next question", len(k.pins))
	}
	k = withPIN(e)
	dial(t, k, []exchange{{"*51969*10#", askPIN}})
	if r := k.hear(gateway.Inbound{Session: k.session, Undecodable: true}).Reply; heard(r) != "undecodable" || r.Expect != "pin" {
		t.Errorf("of what was unreadable: %q, expects %q; want a PIN expected, so that it is masked", heard(r), r.Expect)
	}
	dial(t, k, []exchange{{"4817", pinCard}})
	k = withPIN(e)
	k.s.Lang = "" // the first dial
	k.call("*51969*10*4817#")
	if strings.Contains(dump(k.s), thePIN) {
		t.Errorf("the first dial keeps a PIN: %s", dump(k.s))
	}
	k = withPIN(e)
	dial(t, k, []exchange{{"*51969*10#", askPIN}, {"4817", pinCard}})
	k.now = k.now.Add(11 * time.Minute)
	dial(t, k, []exchange{{"1000000001", askPIN}, {"4817", pinCard}})
}
