package dialogue_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/gateway/dialogue"
	"setu/i18n"
	"setu/ledgerclient"
)

// probeOf loads a service PROBE with the given steps and texts, the same in all
// languages.
func probeOf(tb testing.TB, access, steps, texts string) *dialogue.Engine {
	tb.Helper()
	files := fstest.MapFS{"probe/service.yaml": {Data: []byte(`id: probe
version: 1
department: probe
keywords: {bn: [পরখ], hi: [परख], en: [PROBE]}
access: ` + access + "\nsteps:\n" + steps)}}
	for _, lang := range i18n.Langs() {
		files["probe/"+string(lang)+".yaml"] = &fstest.MapFile{Data: []byte("title: P\nabout: P.\nshown: \"{value}\"\n" + texts)}
	}
	c, err := catalogue.Load(nil, files)
	if err != nil {
		tb.Fatal(err)
	}
	return dialogue.New(c, dialogue.Options{})
}

// probe is a service with one input, which goes to the ledger as "value".
func probe(tb testing.TB, access, input string) *dialogue.Engine {
	tb.Helper()
	texts := "value: Write it.\n"
	if strings.Contains(input, "choice") {
		texts = "value: {text: Which?, options: {red: Red, green: Green}, words: {red: [rouge]}}\n"
	}
	return probeOf(tb, access, `
  - id: value
    input: `+input+`
    query: {contract: probe, function: Get, args: {value: "{value}", fixed: "x"}}
    answers: {found: {say: shown}}
`, texts)
}

// TestEngine_Inputs types values of each kind; what is wanted is the argument
// of the call, or after "!" the engine's reason.
func TestEngine_Inputs(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ক্ষ্মী", 400)
	tests := []struct {
		input string
		typed map[string]string
	}{
		{"{type: digits, length: 4}", map[string]string{
			"1234": "1234", "১২৩৪": "1234", "१२३४": "1234", "0012": "0012", "12 34": "1234", "12-34": "1234", "1234.": "1234",
			"123": "!again-digits", "12345": "!again-digits", "abcd": "!again-digits", "12a4": "!again-digits",
		}},
		{"{type: digits, min_length: 1, max_length: 3}", map[string]string{"7": "7", "8": "8", "9": "9", "1234": "!again-digits-range"}},
		{"{type: digits, length: 10, check: mod11}", map[string]string{"1000000001": "1000000001", "1000000002": "!again-check"}},
		{"{type: number, min: 1, max: 9000, decimals: 1}", map[string]string{
			"500": "500", "৫০০": "500", "1,500": "1500", "১,৫০০": "1500", "12.5": "12.5", "500 kg": "500", "500kg": "500", "৫০০ কেজি": "500",
			"9000": "9000", "9000.1": "!again-number", "9001": "!again-number", "12.55": "!again-decimals", "-5": "5",
			"five": "!again-number", "5 quintal": "5", "5quintal": "!again-number", "0.5": "!again-number",
		}},
		{"{type: money, min: 1, max: 100000}", map[string]string{
			"1500": "1500", "Rs 1500": "1500", "১,৫০০ টাকা": "1500", "1500.50": "1500.50", "₹1500": "1500", "100001": "!again-money", "free": "!again-money",
		}},
		{"{type: date, when: past}", map[string]string{
			"2-11-2026": "2026-11-02", "2 Nov 2026": "2026-11-02", "২ নভেম্বর ২০২৬": "2026-11-02", "आज": "2026-11-25", "আজ": "2026-11-25",
			"26-11-2026": "!again-past", "কাল": "!again-day", "31-2-2026": "!again-date", "soon": "!again-date",
		}},
		{"{type: date, when: future}", map[string]string{"today": "2026-11-25", "1-12-2026": "2026-12-01", "24-11-2026": "!again-future"}},
		{"{type: choice, options: [red, green]}", map[string]string{"1": "red", "২": "green", "Rouge": "red", "3": "!again-choice", "blue": "!again-choice"}},
		{"{type: text, max: 20}", map[string]string{
			"রাস্তা  ভাঙা": "রাস্তা ভাঙা", "Road, broken!": "Road, broken!", "HELP me": "HELP me", "bhata late": "bhata late",
			"123": "!again-text", "…": "!again-empty", long: "!again-long",
		}},
		{"{type: text, max: 500, upper: true}", map[string]string{"abc": "ABC", strings.Repeat("অ ", 251): "!again-long", "ক" + strings.Repeat("ি", 2500): "!again-long"}},
		{"{type: phone}", map[string]string{"98300 00001": "+919830000001", "+91 98300-00001": "+919830000001", "৯৮৩০০০০০০১": "+919830000001", "12345": "!again-phone"}},
		{"{type: hash, min_length: 12}", map[string]string{
			"0123456789AB": "0123456789ab", "0123 4567 89ab": "0123456789ab", "0123456789": "!again-hash", "xyz": "!again-hash",
			strings.Repeat("a", 65): "!again-hash",
		}},
		{"{type: host}", map[string]string{
			"WB.Example.gov": "wb.example.gov", "https://wb.example.gov/page": "wb.example.gov", "wb": "!again-host",
			"wb..gov": "!again-host", "a-.gov": "!again-host", "1.2.3.4": "!again-host", "ওয়েব.গভ": "!again-host",
		}},
		{"{type: code, pattern: AA9999, upper: true}", map[string]string{"wb1234": "WB1234", "WB 1234": "WB1234", "WB-12 34": "WB1234", "WB12345": "!again-code", "1234WB": "!again-code"}},
	}
	for _, tt := range tests {
		t.Run(tt.input, func(t *testing.T) {
			t.Parallel()
			e := probe(t, "open", tt.input)
			for typed, want := range tt.typed {
				if got := typedAt(e, "PROBE", typed); got != want {
					t.Errorf("%.80q at the question = %.80q, want %q", typed, got, want)
				}
				if strings.Contains(want, "empty") {
					continue
				}
				if got := typedAt(e, "PROBE "+typed); got != want {
					t.Errorf("%.80q with the keyword = %.80q, want %q", typed, got, want)
				}
			}
		})
	}
}

// typedAt says the texts and gives the argument of the query that follows, or
// the first part of the reply that is the engine's.
func typedAt(e *dialogue.Engine, said ...string) string {
	var out gateway.Outcome
	for _, text := range said {
		out = e.Step(out.Session, gateway.Inbound{Medium: gateway.SMS, Text: gateway.Private(text), At: at(0)})
	}
	if out.Query != nil {
		return out.Query.Call.Args["value"]
	}
	for _, p := range out.Reply.Parts {
		if p.Service == "" {
			return "!" + p.Text
		}
	}
	return heard(out.Reply)
}

// TestEngine_NoPIN: a PIN is neither asked nor kept.
func TestEngine_NoPIN(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, input, access string }{
		{"service with a PIN", "{type: digits, length: 4}", "pin"},
		{"service for known devices", "{type: digits, length: 4}", "device"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			checkNoPIN(t, probe(t, tt.access, tt.input))
		})
	}
	t.Run("step with a PIN", func(t *testing.T) {
		t.Parallel()
		checkNoPIN(t, probeOf(t, "open", `
  - id: secret
    input: {type: pin}
    next: value
  - id: value
    input: {type: digits, length: 4}
    query: {contract: probe, function: Get, args: {value: "{value}"}}
    answers: {found: {say: shown}}
`, "secret: Your PIN?\nvalue: Write it.\n"))
	})
}

func checkNoPIN(t *testing.T, e *dialogue.Engine) {
	t.Helper()
	k := newTalk(e)
	for _, text := range []string{"PROBE 4711", "PROBE", "4711"} {
		out := k.say(text)
		if text != "4711" && heard(out.Reply) != "no-pin" {
			t.Errorf("Step(%q) = %q, want no-pin", text, heard(out.Reply))
		}
		if strings.Contains(dump(out.Session)+fmt.Sprint(out.Query, out.Submit), "4711") {
			t.Errorf("after %q the session holds the PIN: %s", text, dump(out.Session))
		}
	}
}

func TestEngine_Outdated(t *testing.T) {
	t.Parallel()
	e := dialogue.New(load(t), dialogue.Options{})
	for _, tt := range []struct {
		name   string
		change func(*gateway.Dialogue)
		said   string
		want   string
	}{
		{"newer version", func(d *gateway.Dialogue) { d.Version = "0" }, "1", "renewed benefit.want (2)"},
		{"step is gone", func(d *gateway.Dialogue) { d.Step = "gone" }, "1", "renewed benefit.want (2)"},
		{"service is gone", func(d *gateway.Dialogue) { d.Service = "gone" }, "1", "renewed " + mainMenu},
		{"a command works all the same", func(d *gateway.Dialogue) { d.Service = "gone" }, "HELP", "help"},
		{"a keyword works all the same", func(d *gateway.Dialogue) { d.Service = "gone" }, "LAND", "land.want (2)"},
		{"repeat", func(d *gateway.Dialogue) { d.Service = "gone" }, "REPEAT", mainMenu},
		{"back", func(d *gateway.Dialogue) { d.Step = "gone" }, "0", mainMenu},
		{"language", func(d *gateway.Dialogue) { d.Service = "gone" }, "LANG HI", "language-set " + mainMenu},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := newTalk(e)
			k.say("BHATA")
			tt.change(&k.s.Dialogue)
			if got := heard(k.say(tt.said).Reply); got != tt.want {
				t.Errorf("Step(%q) = %q, want %q", tt.said, got, tt.want)
			}
		})
	}
}

// TestEngine_Waiting: what comes while a question is with the ledger is not
// taken for its answer, and the dialogue does not get stuck.
func TestEngine_Waiting(t *testing.T) {
	t.Parallel()
	e := dialogue.New(load(t), dialogue.Options{})
	ask := func() gateway.Session {
		return e.Step(gateway.Session{}, gateway.Inbound{Text: "BHATA 1000000001", At: at(0)}).Session
	}
	for said, want := range map[string]string{
		"1000000001": mainMenu, "MENU": mainMenu, "BHATA": "benefit.want (2)", "0": "benefit.card", "REPEAT": mainMenu,
		"CANCEL": "nothing-to-cancel", "HELP": "help", "LANG HI": "language-set", "🙏": mainMenu,
	} {
		out := e.Step(ask(), gateway.Inbound{Medium: gateway.SMS, Text: gateway.Private(said), At: at(1)})
		if got := heard(out.Reply); got != want || out.Query != nil {
			t.Errorf("Step(%q) = %q, want %q", said, got, want)
		}
	}
	// The answer belongs to another dialogue by now: it is said, and that is all.
	s := e.Step(gateway.Session{}, gateway.Inbound{Text: "LAND", At: at(0)}).Session
	out := e.Step(gateway.Session{}, gateway.Inbound{Text: "BHATA 1000000001", At: at(0)})
	late := e.Resume(s, *out.Query, paidAnswer(), at(1))
	if heard(late.Reply) != "benefit.payment" || late.Session.Dialogue.Service != "land" {
		t.Errorf("Resume = %q in %q", heard(late.Reply), late.Session.Dialogue.Service)
	}
	odd := e.Resume(out.Session, *out.Query, ledgerclient.Answer{Code: "surprise"}, at(1))
	if heard(odd.Reply) != "unexpected" || !odd.Reply.End {
		t.Errorf("Resume of an unknown code = %q", heard(odd.Reply))
	}
}
