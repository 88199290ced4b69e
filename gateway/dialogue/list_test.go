package dialogue_test

import (
	"testing"

	"setu/channels/sms"
	"setu/gateway"
	"setu/gateway/dialogue"
	"setu/ledgerclient"
)

// TestEngine_List goes through all pages of a list in each language: each row
// is shown once, each page fits, and what is chosen is what stood there.
func TestEngine_List(t *testing.T) {
	t.Parallel()
	c := load(t)
	e := dialogue.New(c, dialogue.Options{})
	for _, keyword := range []string{"সম্মতি", "सहमति", "CONSENT"} {
		k := newTalk(e)
		out := k.say(keyword)
		seen := make(map[string]bool)
		for page := 0; len(seen) < 12; page++ {
			if page > 12 {
				t.Fatalf("%s: after %d pages %d rows seen", keyword, page, len(seen))
			}
			if _, segments, _ := sms.Count(c.Render(out.Reply, gateway.SMS)); segments > 3 {
				t.Errorf("%s, page %d: %d segments", keyword, page, segments)
			}
			for _, o := range out.Session.Dialogue.Offers {
				if seen[o.Value] {
					t.Fatalf("%s: row %s is there twice", keyword, o.Value)
				}
				seen[o.Value] = true
			}
			again := k.say("77")
			if got, want := again.Session.Dialogue.Offers, out.Session.Dialogue.Offers; len(got) != len(want) {
				t.Fatalf("%s, page %d: %d rows after a wrong number, want %d", keyword, page, len(got), len(want))
			}
			k.s.Dialogue.Tries = 0
			out = k.say("9")
		}
		if got := heard(out.Reply); got != "consent.which (rows) more" {
			t.Fatalf("%s: after the last page %q", keyword, got)
		}
		first := out.Session.Dialogue.Offers[0].Value
		if first != "1001" {
			t.Errorf("%s: after the last page comes row %s, want the first", keyword, first)
		}
		k.say("2")
		k.say("1")
		if n := len(k.sent); n != 1 || k.sent[0].Call.Args["consent"] != "1002" {
			t.Errorf("%s: sent %v, want the second row's id", keyword, k.sent)
		}
	}
}

// TestEngine_LongList keeps a session small when a ledger gives far too much,
// and says that there is more.
func TestEngine_LongList(t *testing.T) {
	t.Parallel()
	e := dialogue.New(load(t), dialogue.Options{})
	k := newTalk(e)
	one := found(gateway.Ask{Call: ledgerclient.Call{Contract: "consents", Function: "List"}})
	k.answer = func(gateway.Ask) ledgerclient.Answer {
		many := one
		for range 20 {
			many.Items = append(many.Items, one.Items...)
		}
		return many
	}
	out := k.say("সম্মতি")
	if got := heard(out.Reply); got != "list-cut consent.which (rows) more" {
		t.Errorf("Step = %q, want to be told that rows are left out", got)
	}
	if n := sessionSize(t, out.Session); n > maxSession {
		t.Errorf("session of %d octets, want at most %d", n, maxSession)
	}
	k.answer = func(gateway.Ask) ledgerclient.Answer { return ledgerclient.Answer{Code: "found"} }
	if got := heard(k.say("সম্মতি").Reply); got != "none" {
		t.Errorf("an empty list: %q, want none", got)
	}
}
