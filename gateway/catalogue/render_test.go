package catalogue_test

import (
	"strings"
	"testing"

	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/i18n"
)

func TestCatalogue_Render(t *testing.T) {
	t.Parallel()
	files := demo()
	files["demo/en.yaml"] = strings.Replace(files["demo/en.yaml"], "card: Write the number.", "card: {text: Write the number., ussd: Number?}", 1)
	c, err := catalogue.Load(nil, folder(files))
	if err != nil {
		t.Fatal(err)
	}
	card := gateway.Part{Service: "demo", Text: "card"}
	title := gateway.Part{Service: "demo", Text: "title"}
	shown := gateway.Part{Service: "demo", Text: "shown", Values: map[string]i18n.Value{
		"card": {Kind: i18n.Code, Raw: "12"}, "name.bn": {Raw: "রাম"}, "name.hi": {Raw: "राम"}, "name.en": {Raw: "Ram"},
	}}
	bn, hi, en := i18n.Format{Lang: i18n.Bengali, Native: true}, i18n.Format{Lang: i18n.Hindi}, i18n.Format{Lang: i18n.English}
	tests := []struct {
		name   string
		reply  gateway.Reply
		medium gateway.Medium
		want   string
	}{
		{"nothing", gateway.Reply{}, gateway.SMS, ""},
		{"name in the reader's language", gateway.Reply{Format: hi, Parts: []gateway.Part{shown}}, gateway.SMS, "12: राम"},
		{"digits of the reader's script", gateway.Reply{Format: bn, Parts: []gateway.Part{shown}}, gateway.SMS, "১২: রাম"},
		{"a variant", gateway.Reply{Format: en, Parts: []gateway.Part{card}}, gateway.USSD, "Number?"},
		{"no variant", gateway.Reply{Format: en, Parts: []gateway.Part{card}}, gateway.SMS, "Write the number."},
		{"a variant of another language", gateway.Reply{Format: hi, Parts: []gateway.Part{card}}, gateway.USSD, "नंबर लिखें।"},
		{"no language is English", gateway.Reply{Parts: []gateway.Part{title}}, gateway.SMS, "Demo"},
		{"parts, options and more", gateway.Reply{
			Format: en, Parts: []gateway.Part{card, title}, More: true,
			Options: []gateway.Option{{Digit: "1", Label: title}, {Digit: "2", Label: card}},
		}, gateway.SMS, "Write the number.\nDemo\n1 Demo\n2 Write the number.\n9 More"},
		{"options only, in native digits", gateway.Reply{Format: bn, Options: []gateway.Option{{Digit: "1", Label: title}}}, gateway.SMS, "১ নমুনা"},
		{"Latin letters, whatever the digits", gateway.Reply{
			Format: i18n.Format{Lang: i18n.Bengali, Native: true, Latin: true}, Parts: []gateway.Part{shown}, More: true,
			Options: []gateway.Option{{Digit: "1", Label: title}},
		}, gateway.SMS, "12: ram\n1 nomuna\n9 aro"},
		{"texts that are gone", gateway.Reply{Format: en, Parts: []gateway.Part{{Service: "gone", Text: "x"}, {Text: "gone"}, title}}, gateway.SMS, "Demo"},
		{"missing value stays visible", gateway.Reply{Format: en, Parts: []gateway.Part{{Service: "demo", Text: "shown"}}}, gateway.SMS, "{card}: {name}"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := c.Render(tt.reply, tt.medium); got != tt.want {
				t.Errorf("Render = %q, want %q", got, tt.want)
			}
			if got := string(c.AppendReply([]byte("before"), tt.reply, tt.medium)); got != "before"+tt.want {
				t.Errorf("AppendReply = %q, want %q after what stood there", got, tt.want)
			}
		})
	}
}

// TestCatalogue_Lines: the lines are those that Render puts together.
func TestCatalogue_Lines(t *testing.T) {
	t.Parallel()
	c := loadEmbedded(t)
	part := func(key string) gateway.Part { return gateway.Part{Service: "benefit", Text: key} }
	r := gateway.Reply{
		Parts:   []gateway.Part{{Service: "gone", Text: "x"}, part("about"), part("want")},
		Options: []gateway.Option{{Digit: "1", Label: part("title")}, {Digit: "2", Label: part("want.options.received")}},
	}
	for _, f := range []i18n.Format{{Lang: i18n.Bengali}, {Lang: i18n.Bengali, Latin: true}, {Lang: i18n.Hindi, Native: true}, {Lang: i18n.English}} {
		r.Format = f
		parts, options := c.Lines(r, gateway.SMS)
		if len(parts) != 2 || len(options) != 2 {
			t.Fatalf("Lines in %v = %q, %q, want 2 parts, 2 options", f, parts, options)
		}
		if got, want := strings.Join(append(parts, options...), "\n"), c.Render(r, gateway.SMS); got != want {
			t.Errorf("Lines in %v = %q, want %q", f, got, want)
		}
	}
}

func TestCatalogue_Own(t *testing.T) {
	t.Parallel()
	c := loadEmbedded(t)
	for _, tt := range []struct {
		key  string
		f    i18n.Format
		want string
	}{
		{"nav-back", i18n.Format{Lang: i18n.Bengali}, "0 পিছনে"},
		{"nav-back", i18n.Format{Lang: i18n.Hindi, Latin: true}, "0 piche"},
		{"nav-more", i18n.Format{}, "9 More"},
		{"no such text", i18n.Format{}, ""},
		{"received", i18n.Format{}, ""}, // has a slot
	} {
		if got := c.Own(tt.key, tt.f); got != tt.want {
			t.Errorf("Own(%q, %v) = %q, want %q", tt.key, tt.f, got, tt.want)
		}
	}
}

func TestCatalogue_Suggest(t *testing.T) {
	t.Parallel()
	c := loadEmbedded(t)
	for said, want := range map[string]string{
		"benifit": "BENEFIT", "beneift": "BENEFIT", "complant": "COMPLAINT", "languege": "LANGUAGE", "reciept": "RECEIPT",
		"ভাতাা": "ভাতা", "সাহাজ্য": "সাহায্য", "शिकायात": "शिकायत",
		"dor": "", "xyzxyz": "", "": "", "hyan": "", strings.Repeat("benefit", 9): "",
	} {
		w, ok := c.Suggest(i18n.Fold(said))
		if ok != (want != "") || w.Text != want && i18n.Fold(w.Text) != i18n.Fold(want) {
			t.Errorf("Suggest(%q) = %q, %v, want %q", said, w.Text, ok, want)
		}
	}
}

// TestCatalogue_Screens: every screen of every service is there in each
// language, and fits.
func TestCatalogue_Screens(t *testing.T) {
	t.Parallel()
	c := loadEmbedded(t)
	check := func(owner string, screens []catalogue.Screen) {
		seen := make(map[string]int)
		for _, s := range screens {
			seen[s.Key]++
			if s.Text == "" || strings.Contains(s.Text, "{") || !s.Fits || s.N < 1 || s.N > 3 || s.Size == "" {
				t.Errorf("%s: screen %q in %s: %d (%s): %s", owner, s.Key, s.Lang, s.N, s.Size, s.Text)
			}
		}
		for key, n := range seen {
			if n != 3 {
				t.Errorf("%s: screen %q in %d languages", owner, key, n)
			}
		}
	}
	check("engine", c.EngineScreens(gateway.SMS, false))
	for _, s := range c.Services() {
		screens := c.Screens(s, gateway.SMS, false)
		if len(screens) < 3*3 {
			t.Errorf("%s: %d screens", s.ID, len(screens))
		}
		check(s.ID, screens)
	}
}

// TestCatalogue_EngineTexts: each of the engine's own texts is at most two
// segments long, since citizens see them most.
func TestCatalogue_EngineTexts(t *testing.T) {
	t.Parallel()
	for _, s := range loadEmbedded(t).EngineScreens(gateway.SMS, false) {
		if s.N > 2 && !strings.Contains(s.Key, "menu") {
			t.Errorf("%q in %s: %s: %s", s.Key, s.Lang, s.Size, s.Text)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		loadEmbedded(b)
	}
}

func BenchmarkWord(b *testing.B) {
	c := loadEmbedded(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := c.Word("ভাতা"); !ok {
			b.Fatal("no such word")
		}
	}
}
