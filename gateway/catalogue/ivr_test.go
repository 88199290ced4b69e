package catalogue_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/i18n"
	"setu/ivr"
)

func loadHeard(t *testing.T) *catalogue.Catalogue {
	t.Helper()
	c, err := catalogue.Load(catalogue.Limits{gateway.IVR: ivr.Texts()}, catalogue.Embedded(), os.DirFS(tenth))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// forTheEye are words that make no sense to somebody who listens and presses
// keys. To announce an SMS is another thing.
var (
	forTheEye = regexp.MustCompile(`লিখুন|লিখে পাঠা|লিখে জানা|পাঠান[ ।]|নিচের|যেমন|लिखें|लिखकर|भेजें[ ।]|नीचे|जैसे|(?i)\b(write|send|reply|below|such as|for example)\b`)
	announced = regexp.MustCompile(`send an SMS|send it by SMS|send you no more SMS|Complaint sent|get a reply|Send this complaint\?`)
)

// TestIVR_Ear: no text that is heard tells anybody to write, and none holds what
// only an eye can use.
func TestIVR_Ear(t *testing.T) {
	t.Parallel()
	c := loadHeard(t)
	for _, l := range i18n.Langs() {
		sayings := c.Sayings(l)
		if len(sayings) < 200 {
			t.Fatalf("%s: %d texts", l, len(sayings))
		}
		for _, s := range sayings {
			var b strings.Builder
			for _, p := range s.Pieces {
				b.WriteString(p.Text)
			}
			text := announced.ReplaceAllString(b.String(), "")
			if found := forTheEye.FindString(text); found != "" {
				t.Errorf("%s: %s says %q: %q", l, s.Key, found, b.String())
			}
		}
	}
}

// TestIVR_Limits: questions and results are heard in 20 seconds, and a page has
// no more options than can be remembered.
func TestIVR_Limits(t *testing.T) {
	t.Parallel()
	c := loadHeard(t)
	n := 0
	for _, s := range c.Services() {
		for _, screen := range c.Screens(s, gateway.IVR, false) {
			n++
			question := !strings.ContainsAny(screen.Key, " .")
			if !screen.Fits || question && screen.N > ivr.MaxResult {
				t.Errorf("%s: %q in %s: %s", s.ID, screen.Key, screen.Lang, screen.Size)
			}
			if options := len(screen.Sheet.Options); options > 6 || screen.Sheet.HasMore && options > 5 {
				t.Errorf("%s: %q in %s: %d options", s.ID, screen.Key, screen.Lang, options)
			}
		}
	}
	if n < 300 || c.MenuPage(gateway.IVR) != 4 {
		t.Errorf("%d screens, %d services on a page of the menu", n, c.MenuPage(gateway.IVR))
	}
}

// TestIVR_TooLong: a service with a text that takes too long does not load.
func TestIVR_TooLong(t *testing.T) {
	t.Parallel()
	files := demo()
	long := strings.Repeat("এই কথাটি অনেক লম্বা হয়ে গেছে। ", 12) + "শেষ।"
	files["demo/bn.yaml"] = strings.Replace(files["demo/bn.yaml"], "about: নমুনা দেখুন।", `about: {text: "ছোট", ivr: "`+long+`"}`, 1)
	_, err := catalogue.Load(catalogue.Limits{gateway.IVR: ivr.Texts()}, folder(files))
	if err == nil || !strings.Contains(err.Error(), "too long for ivr") || !strings.Contains(err.Error(), "demo/bn.yaml:2") {
		t.Errorf("Load with a text of half a minute: %v", err)
	}
}
