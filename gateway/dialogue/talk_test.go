package dialogue_test

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"setu/gateway"
	"setu/gateway/dialogue"
	"setu/gateway/packed"
	"setu/i18n"
	"setu/ledgerclient"
)

// talk is a conversation of one citizen with an engine, on a ledger that is a
// function.
type talk struct {
	e      *dialogue.Engine
	s      gateway.Session
	now    time.Time
	medium gateway.Medium
	answer func(gateway.Ask) ledgerclient.Answer
	asked  []gateway.Ask
	sent   []gateway.Ask

	session string   // of the live dialogue
	pins    []string // that were given out to be digested
	key     string   // names the key of their digests
}

// digest stands for the keyed digest of a PIN.
func digest(key string, pin gateway.Private) string {
	return fmt.Sprintf("%s.%x", key, sha256.Sum256([]byte(pin.Reveal())))
}

func newTalk(e *dialogue.Engine) *talk {
	return &talk{e: e, now: at(0), medium: gateway.SMS, answer: found}
}

// found answers every query with something, of each kind that services need.
// Each field has the widest value that texts are measured with.
func found(ask gateway.Ask) ledgerclient.Answer {
	code := "found"
	switch ask.Call.Contract + "." + ask.Call.Function {
	case "documents.Verify", "documents.VerifyHash":
		code = "valid"
	case "academic.Verify":
		code = "consented"
	case "sites.Check":
		code = "anchored"
	case "consents.List":
		var items []map[string]string
		for i := range 12 {
			row := wide("holder:16", "purpose:12")
			row["id"], row["since"], row["until"] = fmt.Sprint(1001+i), "2026-01-28", "2026-10-28"
			items = append(items, row)
		}
		return ledgerclient.Answer{Code: code, Items: items}
	}
	if ask.Call.Args["beneficiary"] == "1000000028" {
		return ledgerclient.Answer{Code: "missing"}
	}
	a := ledgerclient.Answer{Code: code, AsOf: ledgerclient.AsOf{Block: 999_999_999, Time: at(0)}}
	a.Fields = wide("scheme:28", "market:24", "centre:24", "office:28", "mouza:20", "class:12", "owner:24", "kind:24",
		"name:20", "exam:24", "board:28", "family:24", "holder:24", "purpose:20", "district:20")
	for name, raw := range map[string]string{
		"amount": "9999999.99", "month": "2026-09-28", "paid": "2026-09-28", "next": "2026-09-28", "status": "paid",
		"crop": "mustard", "price": "99999.99", "date": "2026-09-28", "lot": "99999999", "weight": "8999.9",
		"case": "9999999999", "khatian": "99999", "plot": "99999", "area": "9999.99", "number": "WB99999999",
		"issued": "2026-09-28", "year": "2026", "result": "first", "balance": "999999.99", "valid": "2026-09-28",
		"members": "99", "site": strings.Repeat("w", 40) + ".gov.example", "time": "2026-09-28T12:30:00Z", "changed": "no",
		"pages": "9999", "subject": "benefit", "by": "2026-09-28", "since": "2026-09-28", "until": "2026-09-28",
		"sha256": strings.Repeat("f", 64),
	} {
		a.Fields[name] = raw
	}
	return a
}

// wide are fields of so many letters in each script.
func wide(names ...string) map[string]string {
	fields := make(map[string]string)
	for _, name := range names {
		name, width, _ := strings.Cut(name, ":")
		n, _ := strconv.Atoi(width)
		fields[name+".bn"], fields[name+".hi"], fields[name+".en"] = strings.Repeat("ক", n), strings.Repeat("क", n), strings.Repeat("W", n)
	}
	return fields
}

// hear takes one message, with all that it leads to.
func (k *talk) hear(in gateway.Inbound) gateway.Outcome {
	in.Medium, in.At = k.medium, k.now
	out := k.e.Step(k.s, in)
	for out.Query != nil || out.PIN != "" {
		if out.PIN != "" {
			k.pins = append(k.pins, out.PIN.Reveal())
			out = k.e.Proven(out.Session, k.medium, digest(k.key, out.PIN), k.now)
			continue
		}
		ask := *out.Query
		k.asked = append(k.asked, ask)
		out = k.e.Resume(out.Session, ask, k.answer(ask), k.now)
	}
	if out.Lookup != "" {
		out = k.e.Standing(out.Session, gateway.Standing{
			Receipt: out.Lookup, State: gateway.Recorded, Service: "benefit", Block: 7, At: k.now,
		}, k.now)
	}
	if out.Submit != nil {
		k.sent = append(k.sent, *out.Submit)
		if u := out.Session.Undo; u != nil && u.Receipt == "" {
			undo := *u
			undo.Receipt = "123456789018"
			out.Session.Undo = &undo
		}
	}
	k.s = out.Session
	if k.medium.Live() && !out.Reply.Empty() {
		packed.Show(&k.s, out.Reply)
	}
	k.s.Version++
	return out
}

func (k *talk) say(text string) gateway.Outcome {
	return k.hear(gateway.Inbound{Text: gateway.Private(text)})
}

// heard is a reply in short: the keys of its texts, and the number of options.
func heard(r gateway.Reply) string {
	var parts []string
	for _, p := range r.Parts {
		key := p.Text
		if p.Service != "" {
			key = p.Service + "." + key
		}
		parts = append(parts, key)
	}
	if n := len(r.Options); n > 0 && r.Expect == "item" {
		parts = append(parts, "(rows)") // how many depends on their length
	} else if n > 0 {
		parts = append(parts, fmt.Sprintf("(%d)", n))
	}
	if r.More {
		parts = append(parts, "more")
	}
	return strings.Join(parts, " ")
}

// exchange is what is said and what is heard.
type exchange struct{ said, want string }

func converse(t *testing.T, k *talk, lines []exchange) {
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
		out := k.say(x.said)
		if got := heard(out.Reply); got != x.want {
			t.Fatalf("line %d: Step(%q) = %q, want %q", i+1, x.said, got, x.want)
		}
		if out.Reply.End == (len(out.Session.Dialogue.Offers) > 0 || out.Session.Dialogue.Step != "") && !out.Reply.Empty() {
			t.Fatalf("line %d: Step(%q).End = %v, but the dialogue says otherwise", i+1, x.said, out.Reply.End)
		}
	}
}

const mainMenu = "menu (8) more"

func TestEngine_Conversation(t *testing.T) {
	t.Parallel()
	e := dialogue.New(load(t), dialogue.Options{})
	tests := []struct {
		name  string
		lines []exchange
	}{
		{"number alone gives the menu", []exchange{{"3", mainMenu}, {"1", "benefit.want (2)"}}},
		{"a wrong number at the menu", []exchange{{"MENU", mainMenu}, {"77", "again-choice " + mainMenu}}},
		{"more goes round", []exchange{{"MENU", mainMenu}, {"9", "menu (1) more"}, {"1", "site.site"}, {"MENU", mainMenu}, {"MORE", "menu (1) more"}, {"9", mainMenu}}},
		{"one message", []exchange{{"BHATA 1000000001", "benefit.payment"}}},
		{"written together", []exchange{{"BHATA1000000001", "benefit.payment"}, {"ভাতা১০০০০০০০০১", "benefit.payment"}}},
		{"stars and hashes", []exchange{{"*BHATA*1000000001#", "benefit.payment"}}},
		{"number in groups", []exchange{{"BHATA 1000 0000 01", "benefit.payment"}, {"BHATA 1000-0000-01", "benefit.payment"}}},
		{"step by step", []exchange{{"BHATA", "benefit.want (2)"}, {"1", "benefit.card"}, {"1000000001", "benefit.payment"}}},
		{"the number answers the first question too", []exchange{{"BHATA", "benefit.want (2)"}, {"1000000001", "benefit.payment"}}},
		{"an option by its word", []exchange{{"BHATA", "benefit.want (2)"}, {"received", "benefit.card-received"}}},
		{"an option within the message", []exchange{{"BHATA 2 1000000001", "benefit.sure (2)"}}},
		{"words that mean nothing after a keyword", []exchange{{"BHATA please", "benefit.want (2)"}}},
		{"wrong token in the message", []exchange{{"BHATA 12345", "benefit.card.again"}, {"1000000001", "benefit.payment"}}},
		{"three wrong inputs", []exchange{
			{"BHATA 12345", "benefit.card.again"},
			{"1000000002", "again-check benefit.card.again hint"},
			{"no idea", "give-up " + mainMenu},
			{"1", "benefit.want (2)"},
		}},
		{"not on the ledger, three times", []exchange{
			{"BHATA 1000000028", "benefit.unknown-card benefit.card"},
			{"1000000028", "benefit.unknown-card benefit.card"},
			{"1000000028", "benefit.unknown-card give-up"},
		}},
		{"back", []exchange{
			{"BHATA", "benefit.want (2)"},
			{"1", "benefit.card"},
			{"0", "benefit.want (2)"},
			{"BACK", mainMenu},
			{"0", mainMenu},
		}},
		{"back from the confirmation", []exchange{{"RECEIVED 1000000001", "benefit.sure (2)"}, {"0", "benefit.card-received"}, {"0", mainMenu}}},
		{"back over what one message filled", []exchange{
			{"LOT", "produce.lot"},
			{"SELL PADDY 500 today", "produce.sure (2)"},
			{"0", "produce.day"},
			{"0", "produce.kg"},
			{"0", "produce.sell (5)"},
			{"0", mainMenu},
		}},
		{"00 from anywhere", []exchange{{"RECEIVED 1000000001", "benefit.sure (2)"}, {"00", mainMenu}}},
		{"repeat", []exchange{{"BHATA", "benefit.want (2)"}, {"8", "benefit.want (2)"}, {"REPEAT", "benefit.want (2)"}, {"1", "benefit.card"}, {"REPEAT", "benefit.card"}}},
		{"repeat the last answer", []exchange{{"BHATA 1000000001", "benefit.payment"}, {"8", "benefit.payment"}, {"REPEAT", "benefit.payment"}}},
		{"repeat with nothing said", []exchange{{"REPEAT", mainMenu}}},
		{"help", []exchange{{"HELP", "help"}, {"?", "help"}, {"HELP BHATA", "benefit.about"}, {"INFO please", "help"}}},
		{"help within a service", []exchange{{"BHATA", "benefit.want (2)"}, {"HELP", "benefit.about benefit.want (2)"}, {"1", "benefit.card"}, {"help", "benefit.about benefit.card"}}},
		{"confirmation", []exchange{
			{"RECEIVED 1000000001", "benefit.sure (2)"},
			{"hmm", "again-confirm benefit.sure (2)"},
			{"no", "declined"},
		}},
		{"confirmation three times wrong", []exchange{
			{"RECEIVED 1000000001", "benefit.sure (2)"},
			{"3", "again-confirm benefit.sure (2)"},
			{"4", "again-confirm benefit.sure (2)"},
			{"5", "give-up " + mainMenu},
		}},
		{"transaction and cancel", []exchange{
			{"RECEIVED 1000000001", "benefit.sure (2)"},
			{"yes", "received undo-line"},
			{"@+9m", ""},
			{"CANCEL", "cancelling"},
			{"CANCEL", "nothing-to-cancel"},
		}},
		{"cancel too late", []exchange{
			{"RECEIVED 1000000001", "benefit.sure (2)"},
			{"1", "received undo-line"},
			{"@+11m", ""},
			{"CANCEL", "too-late-to-cancel"},
			{"CANCEL", "nothing-to-cancel"},
		}},
		{"cancel leaves a dialogue first", []exchange{
			{"RECEIVED 1000000001", "benefit.sure (2)"},
			{"1", "received undo-line"},
			{"BHATA", "benefit.want (2)"},
			{"CANCEL", "left"},
			{"CANCEL", "cancelling"},
		}},
		{"cancel with nothing done", []exchange{{"CANCEL", "nothing-to-cancel"}}},
		{"near miss", []exchange{{"BHATAA 1000000001", "meant (2)"}, {"1", "benefit.payment"}}},
		{"near miss, yes by word", []exchange{{"BENIFIT", "meant (2)"}, {"yes", "benefit.want (2)"}}},
		{"near miss, no", []exchange{{"BENIFIT", "meant (2)"}, {"2", mainMenu}}},
		{"near miss of a word of the engine", []exchange{{"LANGAUGE", "meant (2)"}, {"1", "language (3)"}}},
		{"keyword within a sentence", []exchange{{"my land where", "meant (2)"}, {"1", "land.want (2)"}}},
		{"unknown", []exchange{{"qqqq wwww", "unknown " + mainMenu}}},
		{"a greeting is no language", []exchange{{"hi", "unknown " + mainMenu}}},
		{"nothing, and emoji only", []exchange{{"", mainMenu}, {"🙏🙏", mainMenu}, {"BHATA", "benefit.want (2)"}, {"🙏", "again-empty benefit.want (2)"}}},
		{"emoji at a question", []exchange{{"BHATA", "benefit.want (2)"}, {"1", "benefit.card"}, {"👍", "benefit.card.again"}}},
		{"another service in between", []exchange{{"BHATA", "benefit.want (2)"}, {"LAND", "land.want (2)"}}},
		{"an option that is called like a service", []exchange{
			{"COMPLAINT", "grievance.want (2)"},
			{"2", "grievance.subject (5)"},
			{"land", "grievance.matter"},
			{"land officer did not come", "grievance.sure (2)"},
			{"0", "grievance.matter"},
			{"STOP the dust from the mill please", "grievance.sure (2)"},
		}},
		{"stop at a question that takes any text", []exchange{
			{"COMPLAINT 2 land", "grievance.matter"},
			{"STOP", "stopped"},
			{"anything", ""},
			{"STOP", ""},
			{"BHATA 1000000001", ""},
			{"START", "started " + mainMenu},
		}},
		{"stop politely", []exchange{{"STOP sms please", "stopped"}}},
		{"start without stop", []exchange{{"START", mainMenu}}},
		{"rest for half an hour", []exchange{
			{"RECEIVED 1000000001", "benefit.sure (2)"},
			{"@+31m", ""},
			{"1", "resume (2)"},
			{"1", "benefit.sure (2)"},
			{"1", "received undo-line"},
		}},
		{"rest, and begin again", []exchange{{"BHATA", "benefit.want (2)"}, {"@+31m", ""}, {"hello", "resume (2)"}, {"2", mainMenu}}},
		{"rest, and answer at once", []exchange{
			{"BHATA 123", "benefit.card.again"},
			{"@+40m", ""},
			{"1000000001", "resume (2)"},
			{"1000000001", "benefit.payment"},
		}},
		{"rest, and something else", []exchange{{"BHATA", "benefit.want (2)"}, {"@+31m", ""}, {"LAND", "land.want (2)"}, {"@+31m", ""}, {"HELP", "land.about land.want (2)"}}},
		{"rest for a day", []exchange{{"BHATA", "benefit.want (2)"}, {"@+25h", ""}, {"1", mainMenu}}},
		{"menu rests", []exchange{{"MENU", mainMenu}, {"@+31m", ""}, {"1", mainMenu}}},
		{"list", []exchange{
			{"CONSENT", "consent.which (rows) more"},
			{"0", mainMenu},
		}},
		{"receipt", []exchange{
			{"RECEIPT 1234-5678-9018", "receipt-recorded"},
			{"123456789018", "receipt-recorded"},
			{"RECEIPT", "receipt-ask"},
			{"hello", "again-receipt"},
			{"1234 5678 9012", "again-receipt hint"},
			{"1234 5678 9018", "receipt-recorded"},
			{"RECEIPT 12", "again-receipt"},
			{"12", "again-receipt hint"},
			{"12", "give-up " + mainMenu},
		}},
		{"language", []exchange{
			{"BHATA", "benefit.want (2)"},
			{"LANG", "language (3)"},
			{"2", "language-set benefit.want (2)"},
			{"LANG BANGLA", "language-set benefit.want (2)"},
			{"LANG", "language (3)"},
			{"English", "language-set benefit.want (2)"},
			{"LANG", "language (3)"},
			{"received", "benefit.card-received"},
			{"MENU", mainMenu},
			{"हिन्दी", "language-set"},
			{"DIGITS", "digits-native"},
			{"DIGITS", "digits-western"},
		}},
		{"too long", []exchange{
			{"BHATA", "benefit.want (2)"},
			{strings.Repeat("x", 9000), "too-long"},
			{"COMPLAINT 2 land", "grievance.matter"},
			{strings.Repeat("খারাপ ", 60), "grievance.matter.again"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			converse(t, newTalk(e), tt.lines)
		})
	}
}

// TestEngine_Words says each word of the engine in each spelling.
func TestEngine_Words(t *testing.T) {
	t.Parallel()
	e := dialogue.New(load(t), dialogue.Options{})
	for want, said := range map[string][]string{
		mainMenu:                    {"MENU", "menu", "Main Menu", "মেনু", "মূল মেনু", "मेनू", "मुख्य मेनू", "00", "০০", "००", "START", "শুরু", "शुरू", "SHURU"},
		"help":                      {"HELP", "help!", "SAHAJYO", "সাহায্য", "সাহায্য", "मदद", "MADAD", "?", "সাহায্য চাই"},
		"language (3)":              {"LANG", "BHASHA", "ভাষা", "भाषा", "Language"},
		"language-set":              {"LANG HI", "ভাষা বাংলা", "भाषा अंग्रेज़ी", "HINDI", "বাংলা", "english", "LANG bn"},
		"digits-native":             {"DIGITS", "সংখ্যা", "अंक", "ANK"},
		"stopped":                   {"STOP", "stop.", "BONDHO", "BAND", "ROKO", "বন্ধ", "बंद", "बन्द", "বন্ধ করুন", "बंद करें"},
		"nothing-to-cancel":         {"CANCEL", "BATIL", "RADD", "বাতিল", "रद्द"},
		"receipt-ask":               {"RECEIPT", "ROSID", "RASID", "রসিদ", "रसीद"},
		"receipt-recorded":          {"RECEIPT 123456789018", "রসিদ ১২৩৪-৫৬৭৮-৯০১৮", "रसीद १२३४ ५६७८ ९०१८", "১২৩৪৫৬৭৮৯০১৮"},
		"benefit.payment":           {"BHATA 1000000001", "ভাতা ১০০০০০০০০১", "भत्ता १०००००००01", "BENEFIT,1000000001", "bhatta 1000000001", "টাকা ১০০০০০০০০১"},
		"benefit.want (2)":          {"भत्ता", "ভাতা", "Benefit"},
		"benefit.about":             {"HELP BHATA", "সাহায্য ভাতা", "मदद भत्ता"},
		"produce.crop (5)":          {"DOR", "দর", "भाव"},
		"consent.which (rows) more": {"সম্মতি", "सहमति"},
	} {
		for _, text := range said {
			if got := heard(newTalk(e).say(text).Reply); got != want {
				t.Errorf("Step(%q) = %q, want %q", text, got, want)
			}
		}
	}
	inside := func(want string, said ...string) {
		for _, text := range said {
			k := newTalk(e)
			k.say("RECEIVED 1000000001")
			if got := heard(k.say(text).Reply); got != want {
				t.Errorf("at the confirmation Step(%q) = %q, want %q", text, got, want)
			}
		}
	}
	inside("received undo-line", "YES", "HA", "HAAN", "হ্যাঁ", "हाँ", "हां", "1", "১", "१", "ok")
	inside("declined", "NO", "NA", "NAHI", "না", "नहीं", "2", "২", "२")
	inside("benefit.card-received", "BACK", "পিছনে", "পেছনে", "पीछे", "0", "০")
	inside("benefit.sure (2)", "REPEAT", "আবার", "फिर से", "दोबारा", "8", "৮")
	inside("left", "CANCEL", "বাতিল", "रद्द")
}

func TestEngine_Language(t *testing.T) {
	t.Parallel()
	e := dialogue.New(load(t), dialogue.Options{})
	tests := []struct {
		name string
		said []string
		want i18n.Lang
	}{
		{"Bengali letters", []string{"ভাতা"}, i18n.Bengali},
		{"Devanagari letters", []string{"भत्ता"}, i18n.Hindi},
		{"Latin letters", []string{"BHATA"}, i18n.English},
		{"digits only", []string{"1"}, i18n.Bengali},
		{"keyword in Latin letters later", []string{"भत्ता", "BHATA"}, i18n.Hindi},
		{"another script later", []string{"BHATA", "भत्ता"}, i18n.Hindi},
		{"chosen for good", []string{"LANG EN", "भत्ता"}, i18n.English},
		{"a code in Latin letters within a dialogue", []string{"1", "6", "1", "WB10000001"}, i18n.Bengali},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := newTalk(e)
			var got gateway.Reply
			for _, text := range tt.said {
				got = k.say(text).Reply
			}
			if got.Format.Lang != tt.want {
				t.Errorf("after %q language = %q, want %q", tt.said, got.Format.Lang, tt.want)
			}
		})
	}
}

func TestEngine_Unreadable(t *testing.T) {
	t.Parallel()
	e := dialogue.New(load(t), dialogue.Options{})
	k := newTalk(e)
	k.say("BHATA")
	before := k.s
	if got := heard(k.hear(gateway.Inbound{Incomplete: true}).Reply); got != "incomplete" {
		t.Errorf("incomplete: %q", got)
	}
	if got := heard(k.hear(gateway.Inbound{Undecodable: true}).Reply); got != "undecodable" {
		t.Errorf("undecodable: %q", got)
	}
	if k.s.Dialogue.Step != before.Dialogue.Step || len(k.s.Dialogue.Offers) != 2 {
		t.Errorf("the dialogue moved: %+v", k.s.Dialogue)
	}
	k.say("STOP")
	for _, in := range []gateway.Inbound{{Incomplete: true}, {Undecodable: true}, {Text: gateway.Private(strings.Repeat("x", 9000))}} {
		if out := k.hear(in); !out.Reply.Empty() {
			t.Errorf("after STOP: %q", heard(out.Reply))
		}
	}
}

// TestEngine_CallMe: who wants to be called is, unless she has sent STOP.
func TestEngine_CallMe(t *testing.T) {
	t.Parallel()
	k := newTalk(dialogue.New(load(t), dialogue.Options{Calls: func(gateway.Address) bool { return true }}))
	for _, tt := range []struct {
		medium  gateway.Medium
		stopped bool
		want    string
	}{{gateway.SMS, false, "will-call"}, {gateway.USSD, false, "will-call"}, {gateway.USSD, true, "no-calls"}, {gateway.SMS, true, ""}} {
		k.medium, k.s.Lang, k.s.Stopped = tt.medium, i18n.English, tt.stopped
		out := k.say("CALL")
		if got := heard(out.Reply); !strings.HasPrefix(got, tt.want) || (got == "") != (tt.want == "") || out.CallBack == tt.stopped {
			t.Errorf("CALL by %s, stopped %v: %q, called %v, want %q", tt.medium, tt.stopped, got, out.CallBack, tt.want)
		}
	}
}

// TestEngine_Events: a live session that is opened again offers to go on, and
// one that is cut off loses nothing.
func TestEngine_Events(t *testing.T) {
	t.Parallel()
	e := dialogue.New(load(t), dialogue.Options{})
	k := newTalk(e)
	k.medium, k.s.Lang = gateway.USSD, i18n.Bengali
	if got := heard(k.hear(gateway.Inbound{Event: gateway.New}).Reply); got != mainMenu {
		t.Errorf("opened for the first time: %q, want the menu", got)
	}
	k.say("1")
	k.say("1")
	for _, event := range []gateway.Event{gateway.Abort, gateway.Timeout} {
		before := dump(k.s)
		out := e.Step(k.s, gateway.Inbound{Event: event, Medium: gateway.USSD, At: k.now})
		if !out.Reply.Empty() || dump(out.Session) != before {
			t.Errorf("event %d: %q, session %s, was %s", event, heard(out.Reply), dump(out.Session), before)
		}
	}
	k.now = k.now.Add(5 * time.Minute)
	if got := heard(k.hear(gateway.Inbound{Event: gateway.New}).Reply); got != "resume (2)" {
		t.Errorf("opened again: %q, want to be asked whether to go on", got)
	}
	if got := heard(k.say("1").Reply); got != "benefit.card" {
		t.Errorf("going on: %q", got)
	}
	k.say("STOP")
	if got := heard(k.hear(gateway.Inbound{Event: gateway.New}).Reply); got != mainMenu || !k.s.Stopped {
		t.Errorf("opened after STOP: %q, want the menu: STOP is about messages", got)
	}
}
