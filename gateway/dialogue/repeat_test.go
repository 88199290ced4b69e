package dialogue_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"setu/gateway"
	"setu/gateway/dialogue"
	"setu/i18n"
)

// firstOne is where the transaction stands that is asked for again.
func firstOne(s gateway.State) gateway.Standing {
	return gateway.Standing{Receipt: receipt, State: s, Service: "produce", Code: "done", Block: 7, At: at(-60)}
}

// repeated brings a citizen who reads English to the question whether she wants
// the same once more.
func repeated(t *testing.T, m gateway.Medium, s gateway.State) (*talk, gateway.Outcome) {
	t.Helper()
	k := newTalk(dialogue.New(load(t), dialogue.Options{}))
	k.medium, k.s.Lang, k.s.LangChosen = m, i18n.English, true
	undo := &gateway.Undo{Receipt: receipt, Until: at(5)}
	k.s.Undo = undo
	k.say("SELL PADDY 450 25-12-2026")
	out := k.e.Step(k.s, gateway.Inbound{Medium: m, Text: "1", At: k.now})
	if out.Submit == nil || out.Repeat != (gateway.Repeat{Within: 24 * time.Hour, Done: "done"}) {
		t.Fatalf("nothing submitted: %s, %+v", heard(out.Reply), out.Repeat)
	}
	out = k.e.Repeated(out, firstOne(s), k.now)
	if k.s = out.Session; k.s.Undo != undo || !k.s.Updated.Equal(k.now) || len(out.Notes) != 1 || out.Notes[0].Step != "day" {
		t.Errorf("Repeated() left undo %+v, %v, notes %+v", k.s.Undo, k.s.Updated, out.Notes)
	}
	return k, out
}

func TestEngine_Repeated(t *testing.T) {
	t.Parallel()
	for s, want := range map[gateway.State]string{
		gateway.Queued: "repeat-waiting (2)", gateway.Submitted: "repeat-waiting (2)",
		gateway.Parked: "repeat-held (2)", gateway.Recorded: "repeat-recorded (2)",
	} {
		for _, m := range []gateway.Medium{gateway.SMS, gateway.USSD, gateway.IVR, gateway.App} {
			_, out := repeated(t, m, s)
			if got := heard(out.Reply); got != want || out.Reply.End || out.Submit != nil {
				t.Errorf("%s, %v: says %q, ends %v, want %q", m, s, got, out.Reply.End, want)
			}
			switch r := out.Reply.Result; {
			case m != gateway.App && r != nil:
				t.Errorf("%s: result %+v", m, r)
			case m == gateway.App && *r != (gateway.Result{Receipt: receipt, Code: "done", Pending: !s.Final(), Repeated: true}):
				t.Errorf("%v: result %+v", s, r)
			}
		}
	}
}

// TestEngine_RepeatedAnswers: only the second option does it once more, whatever
// else she says; above all a yes that she sends twice.
func TestEngine_RepeatedAnswers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ said, want string }{
		{"1", "repeat-kept"},
		{"YES", "repeat-kept"},
		{"হ্যাঁ", "repeat-kept"},
		{"NO", "repeat-kept"},
		{"नहीं", "repeat-kept"},
		{"2", "received undo-line"},
		{"3", "again-confirm produce.sure (2)"},
		{"hello", "again-confirm produce.sure (2)"},
		{"REPEAT", "produce.sure (2)"},
		{"BACK", "produce.day"},
		{"CANCEL", "left"},
		{"MENU", "menu (8) more"},
		{"SELL PADDY 450 25-12-2026", "produce.sure (2)"},
	} {
		k, _ := repeated(t, gateway.SMS, gateway.Recorded)
		out := k.say(tt.said)
		if got := heard(out.Reply); got != tt.want {
			t.Errorf("%q: says %q, want %q", tt.said, got, tt.want)
		}
		if once := out.Submit != nil; once != (tt.said == "2") || once && !out.Repeat.Wanted {
			t.Errorf("%q: submits %v, %+v", tt.said, once, out.Repeat)
		}
	}
}

// TestEngine_RepeatedWanders: after the question nothing is signed as wanted once
// more but by its second option, however she wanders.
func TestEngine_RepeatedWanders(t *testing.T) {
	t.Parallel()
	e := dialogue.New(load(t), dialogue.Options{})
	rapid.Check(t, func(t *rapid.T) {
		k := newTalk(e)
		lang := rapid.IntRange(0, 2).Draw(t, "lang")
		k.say("SELL PADDY 450 25-12-2026")
		out := k.e.Step(k.s, gateway.Inbound{Medium: k.medium, Text: "1", At: k.now})
		k.s = k.e.Repeated(out, firstOne(gateway.Recorded), k.now).Session
		asked := true
		for _, i := range drawWalk(t) {
			said := walk[i][lang]
			out := k.e.Step(k.s, gateway.Inbound{Medium: k.medium, Text: gateway.Private(said), At: k.now})
			if out.Submit != nil && out.Repeat.Wanted && (!asked || said != walk[21][lang]) {
				t.Fatalf("%q wants it once more", said)
			}
			asked = asked && len(out.Session.Dialogue.Offers) == 2 && out.Session.Dialogue.Offers[1].Do == "anew"
			k.say(said)
		}
	})
}
