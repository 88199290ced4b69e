package dialogue_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/gateway/dialogue"
	"setu/i18n"
	"setu/ledgerclient"
)

const receipt = ledgerclient.Receipt("123456789018")

// submitted is the call of a transaction that a citizen has just confirmed.
func submitted(t *testing.T, e *dialogue.Engine, lang i18n.Lang) gateway.Ask {
	t.Helper()
	k := newTalk(e)
	k.s.Lang, k.s.LangChosen = lang, true
	k.say("RECEIVED 1000000001")
	out := k.say("1")
	if out.Submit == nil {
		t.Fatalf("nothing submitted: %s", heard(out.Reply))
	}
	return *out.Submit
}

func TestEngine_SubmitAsk(t *testing.T) {
	t.Parallel()
	ask := submitted(t, dialogue.New(load(t), dialogue.Options{}), i18n.Hindi)
	want := ledgerclient.Call{Contract: "benefits", Function: "Acknowledge", Args: map[string]string{"beneficiary": "1000000001"}}
	if ask.Call.Contract != want.Contract || ask.Call.Function != want.Function || !maps.Equal(ask.Call.Args, want.Args) {
		t.Errorf("Call = %+v, want %+v", ask.Call, want)
	}
	if ask.Service != "benefit" || ask.Department != "women-child" || ask.Step != "card-received" || ask.Version != "1" ||
		ask.Format.Lang != i18n.Hindi || ask.Medium != gateway.SMS {
		t.Errorf("Ask = %+v", ask)
	}
	if ask.Undo == nil || ask.Undo.Call.Function != "Undo" || ask.Undo.Window != 10*time.Minute || !ask.Undo.Until.Equal(at(10)) {
		t.Errorf("Undo = %+v", ask.Undo)
	}
}

func TestEngine_Settle(t *testing.T) {
	t.Parallel()
	c := load(t)
	e := dialogue.New(c, dialogue.Options{})
	tx := submitted(t, e, i18n.English)
	query := *e.Step(gateway.Session{}, gateway.Inbound{Text: "BHATA 1000000001", At: at(0)}).Query
	done := paidAnswer()
	done.Code = "done"
	tests := []struct {
		name string
		ask  gateway.Ask
		a    ledgerclient.Answer
		r    ledgerclient.Receipt
		want string // keys
		text string // part of the words
	}{
		{"transaction", tx, done, receipt, "benefit.thanks undo-line", "Receipt 1234-5678-9018"},
		{"recorded when the window is over", tx, with(done, func(a *ledgerclient.Answer) { a.AsOf.Time = at(12) }), receipt, "benefit.thanks", "Rs 1,000"},
		{"recorded within the window", tx, with(done, func(a *ledgerclient.Answer) { a.AsOf.Time = at(6) }), receipt, "benefit.thanks undo-line", "within 4 minutes"},
		{"refused by the contract", tx, ledgerclient.Answer{Code: "already"}, receipt, "benefit.already", "1234-5678-9018"},
		{"code without a text", tx, ledgerclient.Answer{Code: "denied"}, receipt, "refused-later", "1234-5678-9018"},
		{"service is gone", changed(tx, func(a *gateway.Ask) { a.Service = "gone" }), done, receipt, "recorded", "1234-5678-9018"},
		{"step is gone", changed(tx, func(a *gateway.Ask) { a.Step = "gone" }), done, receipt, "recorded", "1234-5678-9018"},
		{"late query", query, paidAnswer(), "", "benefit.payment", "Rs 1,000 sent on 2 Nov 2026"},
		{"late query, not found", query, ledgerclient.Answer{Code: "missing"}, "", "benefit.unknown-card write-again", "send BENEFIT and the number"},
		{"late query, code without a text", query, ledgerclient.Answer{Code: "denied"}, "", "unexpected", "office"},
		{"late query, service is gone", changed(query, func(a *gateway.Ask) { a.Service = "gone" }), paidAnswer(), "", "unexpected", "office"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := e.Settle(tt.ask, tt.a, tt.r)
			if heard(got) != tt.want || !got.End {
				t.Errorf("Settle = %q (end %v), want %q", heard(got), got.End, tt.want)
			}
			if text := c.Render(got, gateway.SMS); !strings.Contains(text, tt.text) || strings.Contains(text, "{") {
				t.Errorf("Settle says %q, want %q in it", text, tt.text)
			}
		})
	}
}

func with(a ledgerclient.Answer, change func(*ledgerclient.Answer)) ledgerclient.Answer {
	change(&a)
	return a
}

func changed(a gateway.Ask, change func(*gateway.Ask)) gateway.Ask {
	change(&a)
	return a
}

func TestEngine_SettleUndo(t *testing.T) {
	t.Parallel()
	c := load(t)
	e := dialogue.New(c, dialogue.Options{})
	k := newTalk(e)
	k.say("RECEIVED 1000000001")
	k.say("1")
	k.say("CANCEL")
	ask := k.sent[1]
	if ask.Call.Function != "Undo" || ask.Call.Args["receipt"] != "123456789018" || ask.Step != catalogue.UndoStep {
		t.Fatalf("CANCEL sends %+v", ask)
	}
	for code, want := range map[string]string{"undone": "undone", "late": "undo-late", "missing": "undo-missing", "denied": "refused-later"} {
		got := e.Settle(ask, ledgerclient.Answer{Code: code}, "234567890126")
		if heard(got) != want {
			t.Errorf("Settle(%q) = %q, want %q", code, heard(got), want)
		}
		if text := c.Render(got, gateway.SMS); strings.Contains(text, "{") {
			t.Errorf("Settle(%q) says %q", code, text)
		}
	}
}

// TestEngine_ReceiptLine: a text that does not show the receipt gets a line
// that does.
func TestEngine_ReceiptLine(t *testing.T) {
	t.Parallel()
	e := probeOf(t, "open", `
  - id: value
    input: {type: digits, length: 4}
    submit: {contract: probe, function: Put, args: {value: "{value}"}, confirm: sure}
    answers: {done: {say: shown}}
`, "value: Write it.\nsure: \"{value}?\"\n")
	k := newTalk(e)
	k.say("PROBE 1234")
	out := k.say("1")
	if out.Submit == nil {
		t.Fatalf("nothing submitted: %s", heard(out.Reply))
	}
	if heard(out.Reply) != "received" || out.Session.Undo != nil {
		t.Errorf("Step = %q with undo %v, want received without", heard(out.Reply), out.Session.Undo)
	}
	if got := heard(e.Settle(*out.Submit, ledgerclient.Answer{Code: "done"}, receipt)); got != "probe.shown receipt-line" {
		t.Errorf("Settle = %q", got)
	}
}

func TestEngine_Standing(t *testing.T) {
	t.Parallel()
	c := load(t)
	e := dialogue.New(c, dialogue.Options{})
	for state, want := range map[gateway.State]string{
		0: "receipt-missing", gateway.Queued: "receipt-waiting", gateway.Endorsed: "receipt-waiting",
		gateway.Submitted: "receipt-waiting", gateway.Unknown: "receipt-waiting", gateway.Parked: "receipt-held",
		gateway.Recorded: "receipt-recorded", gateway.Rejected: "receipt-refused", gateway.Expired: "receipt-refused",
		gateway.Dead: "receipt-refused", gateway.Withdrawn: "receipt-withdrawn",
	} {
		for _, lang := range i18n.Langs() {
			s := gateway.Session{Lang: lang}
			out := e.Standing(s, gateway.Standing{Receipt: receipt, State: state, Service: "benefit", Block: 7, At: at(0)}, at(1))
			if got := heard(out.Reply); got != want {
				t.Errorf("Standing(%v) = %q, want %q", state, got, want)
			}
			text := c.Render(out.Reply, gateway.SMS)
			if !strings.Contains(text, "1234-5678-9018") || strings.Contains(text, "{") {
				t.Errorf("Standing(%v) in %s says %q", state, lang, text)
			}
		}
	}
}

// TestEngine_StandingUndone: what was recorded and taken back since is said to be
// taken back, and no proof of it is offered.
func TestEngine_StandingUndone(t *testing.T) {
	t.Parallel()
	e := dialogue.New(load(t), dialogue.Options{})
	st := gateway.Standing{Receipt: receipt, State: gateway.Recorded, Code: "done", Undone: true, Service: "benefit", Block: 7, At: at(0)}
	if got := heard(e.Standing(gateway.Session{}, st, at(1)).Reply); got != "receipt-withdrawn" {
		t.Errorf("Standing = %q, want receipt-withdrawn", got)
	}
}

func TestEngine_Notice(t *testing.T) {
	t.Parallel()
	c := load(t)
	e := dialogue.New(c, dialogue.Options{})
	vals := map[string]i18n.Value{"receipt": {Kind: i18n.Receipt, Raw: string(receipt)}}
	for _, key := range []string{"received", "later", "late-expired", "refused-later", "busy", "incomplete", "undecodable"} {
		var texts []string
		for _, lang := range i18n.Langs() {
			text := c.Render(e.Notice(i18n.Format{Lang: lang}, key, vals), gateway.SMS)
			if text == "" || strings.Contains(text, "{") {
				t.Errorf("Notice(%s, %q) = %q", lang, key, text)
			}
			texts = append(texts, text)
		}
		if slices.Sort(texts); len(slices.Compact(texts)) != 3 {
			t.Errorf("Notice(%q) is the same in two languages", key)
		}
	}
}
