package dialogue_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/gateway/dialogue"
	"setu/i18n"
	"setu/ussd"
)

// keyed are things that people enter on a handset, and dial.
var keyed = []string{
	"0", "00", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "1", "2", "9", "0",
	"1000000001", "1000000028", "12345", "500", "70000018", "2-11-2026", "today", "4817", "1111",
	"123456789018", "LANG", "HELP", "REPEAT", "CANCEL", "MENU", "PIN", "STOP", "START", "MORE", "BACK",
	"রাস্তা ভাঙা, তিন মাস", "WB10000001", "YES", "ভাতা", "", "🙏", "*", "১", "९",
	"*51969#", "*51969*1*1000000001#", "*51969*3*4*1*500#", "*51969*8#", "*51969*10#", "*51969*99#", "*51969*5*2*1#",
}

// screensOf are the screens that the catalogue's replies take on a plain link.
func screensOf(c *catalogue.Catalogue) (ussd.Layout, func(gateway.Reply, gateway.Medium, string) int) {
	layout := ussd.Layout{Words: c}
	return layout, func(r gateway.Reply, _ gateway.Medium, _ string) int { return layout.Count(r) }
}

// TestEngine_DialledAnywhere: whatever is entered, there is a screen that fits;
// only the last screen of a reply that ends ends the session; 00 leads to the
// main menu at once and 0 in the end; and what was cut off is gone on with.
func TestEngine_DialledAnywhere(t *testing.T) {
	t.Parallel()
	c, err := catalogue.Load(catalogue.Limits{gateway.USSD: ussd.Limit{Septets: 160}.Texts()}, catalogue.Embedded(), os.DirFS("../../test/pin"))
	if err != nil {
		t.Fatal(err)
	}
	layout, screens := screensOf(c)
	e := dialogue.New(c, dialogue.Options{Screens: screens})
	rapid.Check(t, func(t *rapid.T) {
		k := newCall(e)
		k.key = "1"
		lang := rapid.SampledFrom(append(i18n.Langs(), "")).Draw(t, "lang")
		k.s.Lang, k.s.LangChosen, k.s.Latin = lang, lang != "", lang != "" && lang != i18n.English && rapid.Bool().Draw(t, "latin")
		k.call("*51969#")
		for i, text := range rapid.SliceOfN(rapid.SampledFrom(keyed), 1, 30).Draw(t, "keyed") {
			k.now = k.now.Add(time.Duration(rapid.IntRange(0, 300).Draw(t, "seconds")) * time.Second)
			out := k.call(text)
			checkScreens(t, layout, out.Reply, fmt.Sprintf("%d: %q", i, text))
		}
		checkResumes(t, k)
		back := *k
		if got := heard(k.call("00").Reply); !strings.HasPrefix(got, "menu (") {
			t.Fatalf("00 shows %q, want the menu", got)
		}
		for range 40 {
			if got := heard(back.call("0").Reply); strings.HasPrefix(got, "menu (") {
				return
			}
		}
		t.Fatal("0 does not lead to the menu")
	})
}

func checkScreens(t *rapid.T, layout ussd.Layout, r gateway.Reply, where string) {
	if r.Empty() {
		t.Fatalf("%s: no reply", where)
	}
	all := layout.Screens(r)
	for i, s := range all {
		if s.Octets > ussd.MaxOctets || strings.TrimSpace(s.Text) == "" {
			t.Fatalf("%s: screen of %d octets: %q", where, s.Octets, s.Text)
		}
		if s.End != (r.End && i == len(all)-1) {
			t.Fatalf("%s: screen %d of %d has End = %v, the reply %v", where, i+1, len(all), s.End, r.End)
		}
	}
	if r.Page < 0 || r.Page >= len(all) {
		t.Fatalf("%s: screen %d of %d", where, r.Page, len(all))
	}
	if last := all[len(all)-1]; !r.End && !r.Back && !r.More && r.Expect == "" && !last.End {
		t.Fatalf("%s: nothing is waited for, and the session does not end: %q", where, last.Text)
	}
}

// checkResumes dials again and goes on, if a question of a service is open.
func checkResumes(t *rapid.T, k *talk) {
	d := k.s.Dialogue
	if d.Service == "" || len(d.Offers) > 0 && (d.Offers[0].Do == "pin" || d.Offers[0].Do == "letters" || d.Offers[0].Do == "resume") {
		return
	}
	again := *k
	want := heard(again.call("REPEAT").Reply)
	if again.s.Dialogue.Service == "" || again.s.Dialogue.Step != d.Step || len(again.s.Dialogue.Offers) == 0 {
		return // nothing of a service is asked
	}
	again = *k
	again.now = again.now.Add(9 * time.Minute)
	asked := "resume (2)"
	if k.s.Lang == "" {
		asked = "letters (5)"
	}
	if got := heard(again.call("*51969#").Reply); got != asked {
		t.Fatalf("dialled again at %s.%s: %q, want %q", d.Service, d.Step, got, asked)
	}
	if got := heard(again.call("1").Reply); got != want {
		t.Fatalf("gone on with %s.%s: %q, want %q", d.Service, d.Step, got, want)
	}
}

// FuzzDialled enters random texts, one a line, also as cumulative ones. There is
// always a screen, sessions stay within their bound, and a PIN gets nowhere.
func FuzzDialled(f *testing.F) {
	f.Add("*51969#\n1\n1\n1000000001\n9\n0\n00")
	f.Add("*51969*10*1000000001#\n4817\n4817\n1000000001\n1\nCANCEL")
	f.Add("*51969*3*4*1*500#\n\x00\xff\n*51969#\n1\n2-11-2026\n1")
	f.Add("\n9\n9\nPIN\n1234\n1987\n4817\n" + strings.Repeat("*", 300))
	e := guardedServices(f)
	f.Fuzz(func(t *testing.T, said string) {
		k := newTalk(e)
		k.medium, k.key = gateway.USSD, "1"
		for i, text := range strings.SplitN(said, "\n", 40) {
			k.now = k.now.Add(time.Duration(len(text)%5) * 3 * time.Minute)
			before := len(k.pins)
			out := k.call(text)
			if out.Reply.Empty() && out.Submit == nil {
				t.Fatalf("line %d: no screen", i)
			}
			if n := sessionSize(t, out.Session); n > 2*maxSession {
				t.Fatalf("line %d: session of %d octets", i, n)
			}
			if len(k.pins) > before {
				pin := k.pins[len(k.pins)-1]
				macs := out.Session
				macs.PIN, macs.Updated = gateway.PIN{}, time.Time{}
				kept := strings.ReplaceAll(dump(macs), "0001-01-01T00:00:00Z", "")
				if strings.Contains(kept, pin) && !strings.Contains(strings.ReplaceAll(said, text, ""), pin) {
					t.Fatalf("line %d: the PIN is in the session: %s", i, kept)
				}
			}
		}
	})
}
