package dialogue_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"setu/channels/sms"
	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/gateway/dialogue"
	"setu/i18n"
	"setu/ledgerclient"
)

// maxSession bounds a session as it is stored, in octets.
const maxSession = 8 << 10

// sessionSize is how large a session is when it is stored; private values are
// written out, as a store does.
func sessionSize(tb testing.TB, s gateway.Session) int {
	tb.Helper()
	raw, err := json.Marshal(s)
	if err != nil {
		tb.Fatal(err)
	}
	n := len(raw)
	for _, v := range s.Dialogue.Slots {
		n += len(v.Reveal())
	}
	return n
}

// walk are things that people say, for random walks. The three of an entry mean
// the same in the three languages.
var walk = [][3]string{
	{"মেনু", "मेनू", "MENU"},
	{"সাহায্য", "मदद", "HELP"},
	{"পিছনে", "पीछे", "BACK"},
	{"আরও", "और", "MORE"},
	{"আবার", "फिर से", "REPEAT"},
	{"বাতিল", "रद्द", "CANCEL"},
	{"রসিদ", "रसीद", "RECEIPT"},
	{"সংখ্যা", "अंक", "DIGITS"},
	{"হ্যাঁ", "हाँ", "YES"},
	{"না", "नहीं", "NO"},
	{"ভাতা", "भत्ता", "BENEFIT"},
	{"ভাতা ১০০০০০০০০১", "भत्ता १०००००००01", "BENEFIT 1000000001"},
	{"ভাতা 123456", "भत्ता 123456", "BENEFIT 123456"},
	{"ফসল", "फसल", "PRODUCE"},
	{"দর", "भाव", "PRICE"},
	{"জমি", "ज़मीन", "LAND"},
	{"অভিযোগ", "शिकायत", "COMPLAINT"},
	{"সম্মতি", "सहमति", "CONSENT"},
	{"শংসাপত্র", "प्रमाणपत्र", "CERTIFICATE"},
	{"০", "०", "0"},
	{"১", "१", "1"},
	{"২", "२", "2"},
	{"৩", "३", "3"},
	{"৮", "८", "8"},
	{"৯", "९", "9"},
	{"০০", "००", "00"},
	{"১০০০০০০০০১", "१०००००००01", "1000000001"},
	{"১২৩৪-৫৬৭৮-৯০১৮", "१२३४-५६७८-९०१८", "1234-5678-9018"},
	{"৫০০ কেজি", "500 किलो", "500 kg"},
	{"আজ", "आज", "today"},
	{"রাস্তা ভাঙা, তিন মাস", "रास्ता टूटा, तीन महीने", "road broken, three months"},
	{"🙏", "🙏", "🙏"},
	{"", "", ""},
}

func drawWalk(t *rapid.T) []int {
	return rapid.SliceOfN(rapid.IntRange(0, len(walk)-1), 1, 25).Draw(t, "walk")
}

// TestEngine_MenuFromAnywhere: whatever was said, MENU gives the main menu.
func TestEngine_MenuFromAnywhere(t *testing.T) {
	t.Parallel()
	e := dialogue.New(load(t), dialogue.Options{})
	rapid.Check(t, func(t *rapid.T) {
		k := newTalk(e)
		lang := rapid.IntRange(0, 2).Draw(t, "lang")
		for _, i := range drawWalk(t) {
			k.now = k.now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "minutes")) * time.Minute)
			k.say(walk[i][lang])
		}
		for _, word := range []string{"MENU", "00", "মেনু"} {
			if got := heard(k.say(word).Reply); got != mainMenu {
				t.Fatalf("Step(%q) = %q, want the menu", word, got)
			}
		}
	})
}

// TestEngine_SameInEveryLanguage: the same walk has the same shape in Bengali,
// Hindi and English.
func TestEngine_SameInEveryLanguage(t *testing.T) {
	t.Parallel()
	e := dialogue.New(load(t), dialogue.Options{})
	rapid.Check(t, func(t *rapid.T) {
		var talks [3]*talk
		for lang, l := range i18n.Langs() {
			talks[lang] = newTalk(e)
			talks[lang].s.Lang, talks[lang].s.LangChosen = l, true
		}
		for _, i := range drawWalk(t) {
			var got [3]string
			for lang, k := range talks {
				out := k.say(walk[i][lang])
				got[lang] = heard(out.Reply) + fmt.Sprint(out.Session.Dialogue.Offers, out.Session.Dialogue.Trail)
			}
			if got[0] != got[1] || got[1] != got[2] {
				t.Fatalf("after %q: bn %q, hi %q, en %q", walk[i], got[0], got[1], got[2])
			}
		}
	})
}

// TestEngine_BackUndoesAStep: an answer and BACK lead to the question again.
func TestEngine_BackUndoesAStep(t *testing.T) {
	t.Parallel()
	e := dialogue.New(load(t), dialogue.Options{})
	rapid.Check(t, func(t *rapid.T) {
		k := newTalk(e)
		k.say("LANG EN")
		for _, i := range drawWalk(t) {
			before := k.s
			out := k.say(walk[i][2])
			d := out.Session.Dialogue
			onwards := before.Dialogue.Service != "" && d.Service == before.Dialogue.Service &&
				len(d.Trail) == len(before.Dialogue.Trail)+1 && len(d.Slots) == len(before.Dialogue.Slots)+1
			if !onwards {
				continue
			}
			back := e.Step(out.Session, gateway.Inbound{Medium: gateway.SMS, Text: "0", At: k.now})
			if b := back.Session.Dialogue; b.Step != before.Dialogue.Step || len(b.Slots) != len(before.Dialogue.Slots) {
				t.Fatalf("%q and 0 lead to step %q with %d slots, want %q with %d",
					walk[i][2], b.Step, len(b.Slots), before.Dialogue.Step, len(before.Dialogue.Slots))
			}
		}
	})
}

// TestEngine_Pure: a step does not change the session that it is given.
func TestEngine_Pure(t *testing.T) {
	t.Parallel()
	e := dialogue.New(load(t), dialogue.Options{})
	rapid.Check(t, func(t *rapid.T) {
		k := newTalk(e)
		for _, i := range drawWalk(t) {
			before := k.s
			want := dump(before)
			k.say(walk[i][rapid.IntRange(0, 2).Draw(t, "lang")])
			if got := dump(before); got != want {
				t.Fatalf("after %q the old session is %s, was %s", walk[i], got, want)
			}
		}
	})
}

// dump writes out a session with its private values.
func dump(s gateway.Session) string {
	raw, _ := json.Marshal(s)
	slots := make(map[string]string)
	for k, v := range s.Dialogue.Slots {
		slots[k] = v.Reveal()
	}
	private, _ := json.Marshal(slots)
	return string(raw) + string(private)
}

// FuzzDialogueTurn says random texts, one a line, mixed with words that lead
// deep into services. No reply is too long for an SMS screen, no session grows
// beyond its bound, and what was meant to stay private is in neither.
func FuzzDialogueTurn(f *testing.F) {
	f.Add("BHATA 1000000001\nRECEIVED 1000000001\nYES\nCANCEL")
	f.Add("অভিযোগ\n2\n3\nরাস্তা ভাঙা\n1\nSTOP\nSTART\n9\n0\n00")
	f.Add("CONSENT\n9\n9\n3\n1\nLANG HI\nभाव\n1\n\x00\xff\u200d\u202e")
	f.Add("SELL PADDY 1,500 kg 2 Nov 2026\n0\n8\n9999999999999999\nHASH 0123456789ab")
	f.Add("PIN 1234\n🙏\n" + strings.Repeat("ক্ষ্ম", 700) + "\nRECEIPT 1234-5678-9018")
	c := load(f)
	e := dialogue.New(c, dialogue.Options{})
	f.Fuzz(func(t *testing.T, said string) {
		k := newTalk(e)
		for i, text := range strings.SplitN(said, "\n", 40) {
			k.now = k.now.Add(time.Duration(len(text)%7) * 6 * time.Minute)
			out := k.say(text)
			shown := c.Render(out.Reply, gateway.SMS)
			if _, segments, units := sms.Count(shown); segments > 3 {
				t.Fatalf("line %d: reply %s of %d segments, %d units", i, heard(out.Reply), segments, units)
			}
			if out.Reply.Empty() && !out.Session.Stopped {
				t.Fatalf("line %d: no reply", i)
			}
			if strings.Contains(shown, "{") && !strings.Contains(shown, "{receipt}") && !strings.Contains(said, "{") {
				t.Fatalf("line %d: a slot stayed empty: %s", i, shown)
			}
			if n := sessionSize(t, out.Session); n > maxSession {
				t.Fatalf("line %d: session of %d octets", i, n)
			}
			checkPrivate(t, c, out)
		}
		if k.s.Stopped {
			k.say("START")
		}
		if got := heard(k.say("MENU").Reply); got != mainMenu {
			t.Fatalf("MENU = %q", got)
		}
	})
}

// checkPrivate fails if a private argument is anywhere but in the call itself.
func checkPrivate(t *testing.T, c *catalogue.Catalogue, out gateway.Outcome) {
	t.Helper()
	ask := out.Submit
	if ask == nil {
		return
	}
	for _, name := range ask.Private {
		secret := ask.Call.Args[name]
		if len(secret) < 12 {
			continue
		}
		rest := *ask
		rest.Call = ledgerclient.Call{}
		raw, err := json.Marshal(rest)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(raw)+dump(out.Session)+c.Render(out.Reply, gateway.SMS), secret) {
			t.Fatalf("private argument %q outlives its call", name)
		}
	}
}
