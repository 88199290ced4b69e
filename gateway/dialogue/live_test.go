package dialogue_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/gateway/dialogue"
	"setu/i18n"
)

// dialMenu is the main menu on USSD: nine services and the language, eight on a
// page.
const dialMenu = "menu (8) more"

// newCall is a citizen who dials and reads Bengali.
func newCall(e *dialogue.Engine) *talk {
	k := newTalk(e)
	k.medium, k.s.Lang = gateway.USSD, i18n.Bengali
	return k
}

// call dials, as "*51969*1#", or enters something in the session that is open.
func (k *talk) call(text string) gateway.Outcome {
	in := gateway.Inbound{Text: gateway.Private(text)}
	if dialled, ok := strings.CutPrefix(text, "*51969"); ok && strings.HasSuffix(text, "#") {
		n := 0
		_, _ = fmt.Sscan(k.session, &n)
		k.session = fmt.Sprint(n + 1)
		in.Event, in.Text = gateway.New, gateway.Private(strings.Trim(dialled, "*#"))
	}
	in.Session = k.session
	return k.hear(in)
}

// seen is a screen in short: its texts, 0 and its page, where there are such.
func seen(r gateway.Reply) string {
	s := heard(r)
	if r.Back {
		s += " 0"
	}
	if r.Page > 0 {
		s += fmt.Sprint(" p", r.Page)
	}
	if r.End {
		s += " end"
	}
	return s
}

func dial(t *testing.T, k *talk, lines []exchange) {
	t.Helper()
	for i, x := range lines {
		if minutes, ok := strings.CutPrefix(x.said, "@+"); ok {
			d, err := time.ParseDuration(minutes)
			if err != nil {
				t.Fatal(err)
			}
			k.now = k.now.Add(d)
			continue
		}
		if got := seen(k.call(x.said).Reply); got != x.want {
			t.Fatalf("line %d: %q shows %q, want %q", i+1, x.said, got, x.want)
		}
	}
}

// threeScreens says that a payment takes three screens, and all else one.
func threeScreens(r gateway.Reply, m gateway.Medium, link string) int {
	if m != gateway.USSD || link != "" {
		return 0
	}
	for _, p := range r.Parts {
		if p.Text == "payment" {
			return 3
		}
	}
	return 1
}

func TestEngine_Dialled(t *testing.T) {
	t.Parallel()
	e := dialogue.New(load(t), dialogue.Options{Screens: threeScreens})
	const want, card, sure = "benefit.want (2) 0", "benefit.card 0", "benefit.sure (2) 0"
	tests := []struct {
		name  string
		lines []exchange
	}{
		{"menu", []exchange{{"*51969#", dialMenu}, {"1", want}, {"1", card}, {"0", want}, {"0", dialMenu}, {"0", dialMenu}}},
		{"the menu goes round", []exchange{{"*51969#", dialMenu}, {"9", "menu (3) more 0"}, {"9", dialMenu}, {"9", "menu (3) more 0"}, {"0", dialMenu}}},
		{"language at the end", []exchange{{"*51969#", dialMenu}, {"9", "menu (3) more 0"}, {"2", "letters (5) 0"}, {"0", dialMenu}}},
		{"deep dial", []exchange{{"*51969*1*1000000001#", "benefit.payment end"}}},
		{"deep dial by options", []exchange{{"*51969*1*2*1000000001#", sure}, {"0", "benefit.card-received 0"}}},
		{"deep dial to a place behind the first page", []exchange{{"*51969*9#", "site.site 0"}}},
		{"deep dial to the language", []exchange{{"*51969*10#", "letters (5) 0"}}},
		{"a receipt by the menu", []exchange{{"*51969#", dialMenu}, {"9", "menu (3) more 0"}, {"3", "receipt-ask 0"}, {"12", "again-receipt 0"}, {"123456789018", "receipt-recorded end"}}},
		{"deep dial to the receipts", []exchange{{"*51969*11#", "receipt-ask 0"}, {"0", dialMenu}}},
		{"deep dial behind the menu", []exchange{{"*51969*12#", "again-choice " + dialMenu}}},
		{"deep dial by keyword", []exchange{{"*51969*BHATA*1000000001#", "benefit.payment end"}, {"*51969*भत्ता 1#", card}}},
		{"deep dial to nowhere", []exchange{{"*51969*77#", "again-choice " + dialMenu}, {"*51969*00#", dialMenu}, {"*51969*0#", dialMenu}, {"*51969*###", dialMenu}}},
		{"deep dial of a receipt", []exchange{{"*51969*123456789018#", "receipt-recorded end"}}},
		{"deep dial with a slip", []exchange{{"*51969*1*12345#", "benefit.card.again 0"}, {"1000000001", "benefit.payment end"}}},
		{"deep dial leaves what was under way", []exchange{{"*51969*1*2#", "benefit.card-received 0"}, {"*51969*9#", "site.site 0"}, {"*51969#", "resume (2) 0"}}},
		{"redial soon: go on", []exchange{{"*51969*1*2#", "benefit.card-received 0"}, {"@+9m", ""}, {"*51969#", "resume (2) 0"}, {"1", "benefit.card-received 0"}}},
		{"redial soon: begin again", []exchange{{"*51969*1*2*1000000001#", sure}, {"*51969#", "resume (2) 0"}, {"2", dialMenu}}},
		{"redial soon: the answer itself", []exchange{{"*51969*1*2#", "benefit.card-received 0"}, {"*51969#", "resume (2) 0"}, {"1000000001", sure}}},
		{"redial soon, at the menu", []exchange{{"*51969#", dialMenu}, {"*51969#", dialMenu}}},
		{"redial later", []exchange{{"*51969*1*2#", "benefit.card-received 0"}, {"@+11m", ""}, {"*51969#", dialMenu}, {"*51969#", dialMenu}}},
		{"screens of an answer", []exchange{
			{"*51969*1*1000000001#", "benefit.payment end"},
			{"9", "benefit.payment p1 end"},
			{"৯", "benefit.payment p2 end"},
			{"0", "benefit.payment p1 end"},
			{"BACK", "benefit.payment end"},
			{"আরও", "benefit.payment p1 end"},
			{"8", "benefit.payment end"},
			{"0", dialMenu},
		}},
		{"an answer's screens and something else", []exchange{{"*51969*1*1000000001#", "benefit.payment end"}, {"9", "benefit.payment p1 end"}, {"1", dialMenu}, {"1", want}}},
		{"00 from an answer", []exchange{{"*51969*1*1000000001#", "benefit.payment end"}, {"00", dialMenu}}},
		{"what is not on the screen", []exchange{{"*51969*3#", "produce.want (4) 0"}, {"5", "again-choice produce.want (4) 0"}}},
		{"no to the confirmation", []exchange{{"*51969*1*2*1000000001#", sure}, {"2", "declined end"}}},
		{"STOP and a dial", []exchange{{"*51969#", dialMenu}, {"STOP", "stopped end"}, {"*51969*1*1000000001#", "benefit.payment end"}, {"*51969#", dialMenu}, {"START", "started " + dialMenu}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dial(t, newCall(e), tt.lines)
		})
	}
}

// TestEngine_FirstDial: somebody whose language is not known is asked for it and
// for her letters, once, and then gets what she dialled.
func TestEngine_FirstDial(t *testing.T) {
	t.Parallel()
	e := dialogue.New(load(t), dialogue.Options{})
	tests := []struct {
		name string
		said []string
		want string
		f    i18n.Format
	}{
		{"bengali", []string{"*51969#", "1"}, dialMenu, i18n.Format{Lang: i18n.Bengali}},
		{"hindi, in its own digits", []string{"*51969#", "२"}, dialMenu, i18n.Format{Lang: i18n.Hindi}},
		{"english", []string{"*51969#", "3"}, dialMenu, i18n.Format{Lang: i18n.English}},
		{"bengali in latin letters", []string{"*51969#", "4"}, dialMenu, i18n.Format{Lang: i18n.Bengali, Latin: true}},
		{"hindi in latin letters", []string{"*51969#", "5"}, dialMenu, i18n.Format{Lang: i18n.Hindi, Latin: true}},
		{"by name", []string{"*51969#", "HINDI"}, dialMenu, i18n.Format{Lang: i18n.Hindi}},
		{"a slip", []string{"*51969#", "7", "", "55", "3"}, dialMenu, i18n.Format{Lang: i18n.English}},
		{"deep dial", []string{"*51969*1*1000000001#", "5"}, "benefit.payment end", i18n.Format{Lang: i18n.Hindi, Latin: true}},
		{"asked again on the next dial", []string{"*51969*1#", "*51969#"}, "letters (5)", i18n.Format{Lang: i18n.Bengali}},
		{"00 all the same", []string{"*51969#", "00"}, dialMenu, i18n.Format{Lang: i18n.Bengali}},
		{"not asked twice", []string{"*51969#", "4", "*51969#"}, dialMenu, i18n.Format{Lang: i18n.Bengali, Latin: true}},
		{"another language later", []string{"*51969#", "4", "9", "2", "3"}, dialMenu, i18n.Format{Lang: i18n.English}},
		{"another language within a question", []string{"*51969*1*1#", "4", "LANG", "2"}, "benefit.card 0", i18n.Format{Lang: i18n.Hindi}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := newTalk(e)
			k.medium = gateway.USSD
			var got gateway.Reply
			for _, text := range tt.said {
				got = k.call(text).Reply
			}
			if seen(got) != tt.want || got.Format != tt.f {
				t.Errorf("after %q: %q in %+v, want %q in %+v", tt.said, seen(got), got.Format, tt.want, tt.f)
			}
		})
	}
	t.Run("a citizen known by SMS", func(t *testing.T) {
		t.Parallel()
		k := newTalk(e)
		k.say("भत्ता 1000000001")
		k.medium = gateway.USSD
		if got := k.call("*51969#").Reply; seen(got) != dialMenu || got.Format.Lang != i18n.Hindi {
			t.Errorf("dial shows %q in %q, want the menu in Hindi", seen(got), got.Format.Lang)
		}
	})
}

// TestEngine_Retry: the same input again shows the same screen, and does
// nothing.
func TestEngine_Retry(t *testing.T) {
	t.Parallel()
	e := dialogue.New(load(t), dialogue.Options{Screens: threeScreens})
	input := func(event gateway.Event, session, key, text string) gateway.Inbound {
		return gateway.Inbound{Event: event, Session: session, Key: key, Text: gateway.Private(text)}
	}
	for _, tt := range []struct {
		name   string
		inputs []gateway.Inbound
		again  gateway.Inbound
		want   string
		retry  bool
	}{
		{"a dial", []gateway.Inbound{input(gateway.New, "a", "a/1", "")}, input(gateway.New, "a", "a/1", ""), dialMenu, true},
		{"an option", []gateway.Inbound{input(gateway.New, "a", "a/1", ""), input(gateway.Input, "a", "a/2", "1")}, input(gateway.Input, "a", "a/2", "1"), "benefit.want (2) 0", true},
		{"a page", []gateway.Inbound{input(gateway.New, "a", "a/1", "1*1000000001"), input(gateway.Input, "a", "a/2", "9")}, input(gateway.Input, "a", "a/2", "9"), "benefit.payment p1 end", true},
		{"the next input", []gateway.Inbound{input(gateway.New, "a", "a/1", ""), input(gateway.Input, "a", "a/2", "1")}, input(gateway.Input, "a", "a/3", "1"), "benefit.card 0", false},
		{"another session", []gateway.Inbound{input(gateway.New, "a", "1", "")}, input(gateway.New, "b", "1", "1"), "benefit.want (2) 0", false},
		{"no key", []gateway.Inbound{input(gateway.New, "a", "", ""), input(gateway.Input, "a", "", "1")}, input(gateway.Input, "a", "", "1"), "benefit.card 0", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := newCall(e)
			for _, in := range tt.inputs {
				k.hear(in)
			}
			k.now = k.now.Add(time.Second)
			out := k.hear(tt.again)
			if got := seen(out.Reply); got != tt.want || out.Again != tt.retry {
				t.Errorf("again shows %q (again %v), want %q (%v)", got, out.Again, tt.want, tt.retry)
			}
			if tt.retry && !k.s.Updated.Equal(at(0)) {
				t.Errorf("a retry moved the session to %v", k.s.Updated)
			}
		})
	}
}

// TestEngine_Cumulative: of a text that holds all inputs only the last counts,
// and what is kept to know a retry by does not hold what was typed.
func TestEngine_Cumulative(t *testing.T) {
	t.Parallel()
	e := dialogue.New(load(t), dialogue.Options{})
	k := newCall(e)
	for _, x := range []exchange{
		{"", dialMenu},
		{"1", "benefit.want (2) 0"},
		{"1*1", "benefit.card 0"},
		{"1*1*0", "benefit.want (2) 0"},
		{"1*1*0*2", "benefit.card-received 0"},
		{"1*1*0*2", "benefit.card-received 0"},
		{"1*1*0*2*1000000001", "benefit.sure (2) 0"},
	} {
		in := gateway.Inbound{Session: "s", Key: "s/" + x.said, Cumulative: true, Text: gateway.Private(x.said)}
		if x.said == "" {
			in.Event = gateway.New
		}
		if got := seen(k.hear(in).Reply); got != x.want {
			t.Fatalf("%q shows %q, want %q", x.said, got, x.want)
		}
	}
	if strings.Contains(k.s.Live.Key, "1000000001") {
		t.Errorf("Live.Key = %q holds what was typed", k.s.Live.Key)
	}
	fresh := newCall(e)
	in := gateway.Inbound{Session: "s", Key: "s/1*1000000001", Cumulative: true, Text: "1*1000000001"}
	if got := seen(fresh.hear(in).Reply); got != "benefit.payment end" {
		t.Errorf("first word of an unknown session shows %q, want it taken as a deep dial", got)
	}
}

// TestEngine_Cut: what is cut off is not lost, and nothing is said.
func TestEngine_Cut(t *testing.T) {
	t.Parallel()
	e := dialogue.New(load(t), dialogue.Options{})
	for _, event := range []gateway.Event{gateway.Abort, gateway.Timeout} {
		k := newCall(e)
		k.call("*51969*1*2#")
		before := dump(k.s)
		out := e.Step(k.s, gateway.Inbound{Event: event, Medium: gateway.USSD, Session: k.session, At: k.now})
		if !out.Reply.Empty() || dump(out.Session) != before {
			t.Errorf("event %d: %q, session %s, was %s", event, heard(out.Reply), dump(out.Session), before)
		}
	}
	k := newCall(e)
	k.call("*51969*1*2#")
	if got := seen(k.hear(gateway.Inbound{Session: k.session, Undecodable: true}).Reply); got != "undecodable 0" {
		t.Errorf("undecodable input shows %q", got)
	}
	if got := seen(k.call("1000000001").Reply); got != "benefit.sure (2) 0" {
		t.Errorf("after it: %q", got)
	}
}

// TestEngine_MediaShareOneDialogue: what was begun by SMS is gone on with by a
// dial soon after, and the other way round.
func TestEngine_MediaShareOneDialogue(t *testing.T) {
	t.Parallel()
	e := dialogue.New(load(t), dialogue.Options{})
	k := newTalk(e)
	k.say("পেয়েছি")
	k.medium = gateway.USSD
	dial(t, k, []exchange{{"@+3m", ""}, {"*51969#", "resume (2) 0"}, {"1", "benefit.card-received 0"}})
	k.medium = gateway.SMS
	if got := heard(k.say("1000000001").Reply); got != "benefit.sure (2)" {
		t.Errorf("by SMS: %q", got)
	}
	if out := k.say("1"); out.Submit == nil || out.Submit.Medium != gateway.SMS || out.Submit.Assurance != "" {
		t.Errorf("submit = %+v", out.Submit)
	}
}

// guardedServices are the state's services and one that asks for a PIN.
func guardedServices(tb testing.TB) *dialogue.Engine {
	tb.Helper()
	c, err := catalogue.Load(nil, catalogue.Embedded(), os.DirFS("../../test/pin"))
	if err != nil {
		tb.Fatal(err)
	}
	return dialogue.New(c, dialogue.Options{})
}
