package catalogue_test

import (
	"strings"
	"testing"

	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/i18n"
	"setu/ussd"
)

// readings are all that a citizen may choose to read.
func readings() []i18n.Format {
	return []i18n.Format{
		{Lang: i18n.Bengali},
		{Lang: i18n.Hindi},
		{Lang: i18n.English},
		{Lang: i18n.Bengali, Latin: true},
		{Lang: i18n.Hindi, Latin: true},
	}
}

// mainMenu is the first page of the main menu.
func mainMenu(c *catalogue.Catalogue, f i18n.Format) gateway.Reply {
	r := gateway.Reply{Format: f, Parts: []gateway.Part{{Text: "menu"}}, More: true}
	for i, s := range c.Services()[:min(len(c.Services()), c.MenuPage(gateway.USSD))] {
		r.Options = append(r.Options, gateway.Option{Digit: string(rune('1' + i)), Label: gateway.Part{Service: s.ID, Text: "title"}})
	}
	return r
}

// TestUSSD_Menu: the first screen of the main menu shows five services or more
// in every language, and it is one screen.
func TestUSSD_Menu(t *testing.T) {
	t.Parallel()
	c := loadEmbedded(t)
	if n := c.MenuPage(gateway.USSD); n < 5 {
		t.Errorf("%d services on a page of the menu, want 5", n)
	}
	layout := ussd.Layout{Words: c, Limit: room()}
	for f, want := range map[i18n.Format]string{
		{Lang: i18n.Bengali}:              "কী চান?\n1 ভাতা\n2 স্বাস্থ্য\n3 ফসল\n4 জমি\n5 অভিযোগ\n",
		{Lang: i18n.Hindi}:                "क्या चाहिए?\n1 भत्ता\n2 स्वास्थ्य\n3 फसल\n4 ज़मीन\n5 शिकायत\n",
		{Lang: i18n.English}:              "Which service?\n1 Benefit\n2 Health card\n3 Farm produce\n4 Land\n5 Complaint\n",
		{Lang: i18n.Bengali, Latin: true}: "ki chan?\n1 bhata\n2 swasthya\n3 fosol\n4 jomi\n5 obhijog\n",
		{Lang: i18n.Hindi, Latin: true}:   "kya chahiye?\n1 bhatta\n2 swasthya\n3 fasal\n4 zamin\n5 shikayat\n",
	} {
		screens := layout.Screens(mainMenu(c, f))
		if len(screens) != 1 || !strings.HasPrefix(screens[0].Text, i18n.NFC(want)) || !strings.HasSuffix(screens[0].Text, c.Own("nav-more", f)) {
			t.Errorf("the menu in %v is %d screens: %q, want %q", f, len(screens), screens[0].Text, want)
		}
	}
}

// ussdScreens are all screens of all services and of the engine, in all letters.
func ussdScreens(c *catalogue.Catalogue) map[string][]catalogue.Screen {
	all := make(map[string][]catalogue.Screen)
	for _, latin := range []bool{false, true} {
		all["engine"] = append(all["engine"], c.EngineScreens(gateway.USSD, latin)...)
		for _, s := range c.Services() {
			all[s.ID] = append(all[s.ID], c.Screens(s, gateway.USSD, latin)...)
		}
	}
	return all
}

// TestUSSD_Screens: a question with its page of options is one screen, and
// nothing takes more than three.
func TestUSSD_Screens(t *testing.T) {
	t.Parallel()
	c := loadEmbedded(t)
	for owner, screens := range ussdScreens(c) {
		keys := make(map[string]int)
		for _, s := range screens {
			keys[s.Key]++
			cut := room().Screens(s.Sheet)
			if !s.Fits || s.N != len(cut) || s.N > 3 {
				t.Errorf("%s: %q in %s, Latin %v: %d screens (%s)", owner, s.Key, s.Lang, s.Latin, s.N, s.Size)
			}
			question := !strings.ContainsAny(s.Key, " .") && len(s.Sheet.Options) > 0
			if question && s.N != 1 {
				t.Errorf("%s: question %q in %s, Latin %v: %d screens", owner, s.Key, s.Lang, s.Latin, s.N)
			}
			if s.Latin && i18n.Latin(s.Text) != s.Text {
				t.Errorf("%s: %q in %s is not in Latin letters: %q", owner, s.Key, s.Lang, s.Text)
			}
		}
		for key, n := range keys {
			if n != len(readings()) {
				t.Errorf("%s: %q is there %d times, want %d", owner, key, n, len(readings()))
			}
		}
	}
}

// TestUSSD_Choices: a choice of up to six options is on one page, so that
// nobody has to look for the rest.
func TestUSSD_Choices(t *testing.T) {
	t.Parallel()
	for _, s := range loadEmbedded(t).Services() {
		for _, st := range s.Steps {
			if st.Input == nil {
				continue
			}
			if n := len(st.Input.Options); n <= 6 && st.PageOn(gateway.USSD) < n {
				t.Errorf("%s: %d of the %d options of %q on a page", s.ID, st.PageOn(gateway.USSD), n, st.ID)
			}
		}
	}
}

// TestUSSD_Receipts: whatever comes of a transaction, the last screen ends with
// its receipt, whole.
func TestUSSD_Receipts(t *testing.T) {
	t.Parallel()
	const receipt = "9999-9999-9999" // the widest
	n := 0
	for owner, screens := range ussdScreens(loadEmbedded(t)) {
		for _, s := range screens {
			if !strings.Contains(s.Text, receipt) || strings.HasPrefix(s.Key, "undo-") || strings.HasPrefix(s.Key, "repeat-") || s.Key == "too-late-to-cancel" || s.Key == "receipt-missing" {
				continue // of a receipt that is not new
			}
			n++
			cut := room().Screens(s.Sheet)
			if last := strings.TrimRight(strings.TrimSuffix(cut[len(cut)-1].Text, "\n"+s.Sheet.Back), "।."); !strings.HasSuffix(last, receipt) {
				t.Errorf("%s: %q in %s, Latin %v: the last screen is %q", owner, s.Key, s.Lang, s.Latin, cut[len(cut)-1].Text)
			}
		}
	}
	if n < 100 {
		t.Errorf("%d screens with a receipt", n)
	}
}

// TestUSSD_Refused: a service whose texts do not fit the screen is refused with
// the place and the reason.
func TestUSSD_Refused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, file, old, repl, want string
	}{
		{
			"question", "demo/bn.yaml", "card: নম্বর লিখুন।", "card: " + strings.TrimSpace(strings.Repeat("নম্বর লিখুন। ", 7)),
			`demo/bn.yaml:3: demo: screen "card" in bn is too long for ussd: ucs2, 156 + 66 octets, screens: 2, where 1 are allowed`,
		},
		{
			"answer", "demo/hi.yaml", "unknown: नहीं मिला।", "unknown: " + strings.TrimSpace(strings.Repeat("नहीं मिला। ", 24)),
			`demo/hi.yaml:5: demo: screen "unknown > card" in hi is too long for ussd: ucs2,`,
		},
		{
			"a short text with a long variant", "demo/en.yaml", "card: Write the number.",
			"card: {text: Write the number., ussd: \"" + strings.Repeat("Write the number, please. ", 7) + "Now.\"}",
			`demo/en.yaml:3: demo: screen "card" in en is too long for ussd: gsm7,`,
		},
		{
			"Latin letters", "demo/bn.yaml", "card: নম্বর লিখুন।", "card: নম্বর" + strings.Repeat("…", 60),
			`demo/bn.yaml:3: demo: screen "card" in bn in Latin letters is too long for ussd: gsm7,`,
		},
		{
			"silence", "demo/en.yaml", "card: Write the number.", "card: {text: Write the number., ussd: \"\"}",
			`demo/en.yaml:3: text "card" has an empty variant`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			files := demo()
			files[tt.file] = strings.Replace(files[tt.file], tt.old, tt.repl, 1)
			c, err := catalogue.Load(catalogue.Limits{gateway.USSD: room().Texts()}, folder(files))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Load = %v, %v, want %s", c, err, tt.want)
			}
		})
	}
}

// TestUSSD_Silent: a text that says nothing on a medium leaves no line there.
func TestUSSD_Silent(t *testing.T) {
	t.Parallel()
	c := loadEmbedded(t)
	minutes := map[string]i18n.Value{"minutes": {Kind: i18n.Number, Raw: "10"}}
	r := gateway.Reply{Format: i18n.Format{Lang: i18n.English}, Parts: []gateway.Part{
		{Text: "yes"}, {Text: "undo-line", Values: minutes}, {Text: "no"}, {Text: "undo-line", Values: minutes},
	}}
	if got, want := c.Render(r, gateway.USSD), "Yes\nNo"; got != want {
		t.Errorf("Render by USSD = %q, want %q", got, want)
	}
	if parts, _ := c.Lines(r, gateway.USSD); len(parts) != 2 {
		t.Errorf("Lines = %q, want 2", parts)
	}
	if got := c.Render(r, gateway.SMS); strings.Count(got, "CANCEL") != 2 {
		t.Errorf("Render by SMS = %q, want CANCEL twice", got)
	}
}

// BenchmarkUSSD makes the first screen of the main menu, from the reply.
func BenchmarkUSSD(b *testing.B) {
	c := loadEmbedded(b)
	layout := ussd.Layout{Words: c}
	for name, f := range map[string]i18n.Format{
		"lang=bn": {Lang: i18n.Bengali}, "lang=bn-Latn": {Lang: i18n.Bengali, Latin: true}, "lang=en": {Lang: i18n.English},
	} {
		r := mainMenu(c, f)
		b.Run("count/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				layout.Count(r)
			}
		})
		b.Run("screen/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				layout.Screen(r)
			}
		})
	}
}
