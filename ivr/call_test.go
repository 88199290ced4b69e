package ivr_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/i18n"
	"setu/ivr"
)

func words(t testing.TB) *catalogue.Catalogue {
	t.Helper()
	c, err := catalogue.Load(catalogue.Limits{gateway.IVR: ivr.Texts()}, catalogue.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func question(service, step string, in catalogue.InputType) gateway.Reply {
	return gateway.Reply{
		Format: i18n.Format{Lang: i18n.English}, Expect: string(in), Back: true,
		Parts: []gateway.Part{{Service: service, Text: step}},
	}
}

func choice(n int, more bool) gateway.Reply {
	r := question("produce", "crop", catalogue.InputChoice)
	for i, id := range []string{"paddy", "wheat", "potato", "jute"}[:n] {
		r.Options = append(r.Options, gateway.Option{Digit: string(rune('1' + i)), Label: gateway.Part{Service: "produce", Text: "crop.options." + id}})
	}
	r.More = more
	return r
}

func sure() gateway.Reply {
	r := question("consent", "sure", catalogue.InputChoice)
	for i, key := range []string{"yes", "no"} {
		r.Options = append(r.Options, gateway.Option{Digit: string(rune('1' + i)), Label: gateway.Part{Text: key}})
	}
	return r
}

func ended() gateway.Reply {
	return gateway.Reply{Format: i18n.Format{Lang: i18n.English}, End: true, Parts: []gateway.Part{{
		Service: "benefit", Text: "thanks",
		Values: map[string]i18n.Value{"receipt": {Kind: i18n.Receipt, Raw: "123456789018"}, "amount": {Kind: i18n.Money, Raw: "1250000"}},
	}}}
}

// TestLayout_Plan: what may be cut short, which keys there are, how long a number
// is, and that a receipt is said twice.
func TestLayout_Plan(t *testing.T) {
	t.Parallel()
	l := ivr.Layout{Words: words(t)}
	for _, tt := range []struct {
		name        string
		reply       gateway.Reply
		barge       bool
		keys        string
		least, most int
		secret      bool
		want        string
	}{
		{"choice", choice(4, true), true, "1234 5=9", 0, 0, false, "Price of which crop?\nPaddy, press one.\nWheat, press two.\nPotato, press three.\nJute, press four.\nTo hear more, press five."},
		{"consent", sure(), false, "12", 0, 0, false, "Take this consent back?\nYes, press one.\nNo, press two."},
		{"fixed", question("benefit", "card", catalogue.InputDigits), true, "", 10, 10, false, "Press the ten digits of your beneficiary number."},
		{"again", question("benefit", "card.again", catalogue.InputDigits), true, "", 10, 10, false, "That number does not match. Press the ten digits on your card one by one."},
		{"ranged", question("land", "khatian", catalogue.InputDigits), true, "", 1, 5, false, "Press the khatian number.\nThen press hash."},
		{"date", question("produce", "day", catalogue.InputDate), true, "", 8, 8, false, "On which date will you bring it?\nPress two digits for the day, two for the month and four for the year."},
		{"weight", question("produce", "kg", catalogue.InputNumber), true, "", 1, 12, false, "Press how many kilos.\nThen press hash."},
		{"pin", question("", "pin-ask", catalogue.InputPIN), true, "", 4, 4, true, "Press the four digits of your PIN."},
		{"letters", question("site", "site", catalogue.InputHost), true, "", 0, 0, false, "Checking a government website.\nThis cannot be typed with the keys of a phone. Please send an S M S, or visit your office."},
		{
			"result", ended(), false, "", 0, 0, false,
			"Recorded: you received twelve lakh fifty thousand rupees. Receipt one two three four, five six seven eight, nine zero one eight.\n" +
				"The receipt number once more, one two three four, five six seven eight, nine zero one eight.",
		},
	} {
		p := l.Plan(tt.reply)
		var keys []string
		for key := byte('1'); key <= '9'; key++ {
			if input, ok := p.Keys[key]; ok && input != string(key) {
				keys = append(keys, " "+string(key)+"="+input)
			} else if ok {
				keys = append(keys, string(key))
			}
		}
		got := ivr.Text(p.Prompts)
		if tt.name == "consent" {
			got = got[strings.Index(got, "Take"):]
		}
		if p.Barge != tt.barge || strings.Join(keys, "") != tt.keys || p.Least != tt.least || p.Most != tt.most || p.Secret != tt.secret || got != tt.want {
			t.Errorf("%s: barge-in %v, keys %q, %d to %d, secret %v:\n%s\nwant\n%s", tt.name, p.Barge, keys, p.Least, p.Most, p.Secret, got, tt.want)
		}
		if ivr.Length(p.Prompts) < time.Second {
			t.Errorf("%s: takes %v", tt.name, ivr.Length(p.Prompts))
		}
	}
}

// TestCall_PIN: a PIN is never read back.
func TestCall_PIN(t *testing.T) {
	t.Parallel()
	c := ivr.NewCall(ivr.Layout{Words: words(t)})
	c.Hear(question("", "pin-ask", catalogue.InputPIN))
	var last ivr.Step
	for _, key := range []byte("4712") {
		last = c.Press(key)
		if text := ivr.Text(last.Say); text != "" {
			t.Errorf("after a key of the PIN: %q", text)
		}
	}
	if !last.Send || last.Input.Reveal() != "4712" {
		t.Errorf("the PIN is not sent: %v", last.Send)
	}
}

// TestCall_Times: eight seconds for the first key, four for the next.
func TestCall_Times(t *testing.T) {
	t.Parallel()
	c := ivr.NewCall(ivr.Layout{Words: words(t)})
	if s := c.Hear(question("land", "khatian", catalogue.InputDigits)); s.Wait != 8*time.Second || !s.Barge {
		t.Errorf("the question waits %v, barge-in %v", s.Wait, s.Barge)
	}
	if s := c.Press('1'); s.Wait != 4*time.Second || !s.Stop {
		t.Errorf("the next key has %v, stop %v", s.Wait, s.Stop)
	}
	if s := c.Quiet(); !strings.HasPrefix(ivr.Text(s.Say), "You pressed one.") {
		t.Errorf("a number that is not ended: %q", ivr.Text(s.Say))
	}
}

// TestCall_Hash: the hash that she was told to press behind a number confirms none
// that ended without it, and does not take the read-back away.
func TestCall_Hash(t *testing.T) {
	t.Parallel()
	c := ivr.NewCall(ivr.Layout{Words: words(t)})
	c.Hear(question("land", "khatian", catalogue.InputDigits)) // five digits at the most
	var s ivr.Step
	for _, key := range []byte("10123") {
		s = c.Press(key)
	}
	if text := ivr.Text(s.Say); !strings.HasPrefix(text, "You pressed") {
		t.Fatalf("five digits: %q", text)
	}
	if s = c.Press('#'); s.Send || s.Stop || len(s.Say) > 0 {
		t.Errorf("a hash behind them sends %v, stops %v, says %q", s.Send, s.Stop, ivr.Text(s.Say))
	}
	if s = c.Press('1'); !s.Send || s.Input.Reveal() != "10123" {
		t.Errorf("one sends %q", s.Input.Reveal())
	}
}

// TestCall_Offer: the third time without a usable key, who may be called can have
// that for one key, in her language.
func TestCall_Offer(t *testing.T) {
	t.Parallel()
	layout := ivr.Layout{Words: words(t), CallBack: true}
	for _, tt := range []struct {
		lang   i18n.Lang
		offer  string
		answer string
	}{
		{i18n.Bengali, "আমাদের ফোন পেতে চাইলে এক টিপুন।", "আমরা এই নম্বরে আপনাকে ফোন করব।"},
		{i18n.Hindi, "हमारा फ़ोन पाने के लिए एक दबाएँ।", "हम इसी नंबर पर आपको फ़ोन करेंगे।"},
		{i18n.English, "For us to call you press one.", "We will call you on this number."},
	} {
		c := ivr.NewCall(layout)
		ask := question("benefit", "card", catalogue.InputDigits)
		ask.Format.Lang = tt.lang
		c.Hear(ask)
		c.Quiet()
		c.Press('#')
		s := c.Quiet()
		if text := ivr.Text(s.Say); s.End || s.Wait == 0 || !s.Barge || !strings.Contains(text, tt.offer) {
			t.Fatalf("%s: the third try ends %v, waits %v:\n%s\nwant %q", tt.lang, s.End, s.Wait, text, tt.offer)
		}
		if s = c.Press('8'); !strings.Contains(ivr.Text(s.Say), tt.offer) || s.End {
			t.Errorf("%s: said again: %q", tt.lang, ivr.Text(s.Say))
		}
		if s = c.Press('1'); !s.Send || s.Input.Reveal() != "CALL" {
			t.Fatalf("%s: sends %q", tt.lang, s.Input.Reveal())
		}
		s = c.Hear(gateway.Reply{Format: i18n.Format{Lang: tt.lang}, Parts: []gateway.Part{{Text: "will-call"}}})
		if text := ivr.Text(s.Say); !s.End || !s.GaveUp || !strings.HasPrefix(text, tt.answer) {
			t.Errorf("%s: the call goes on (%v) with %q", tt.lang, !s.End, text)
		}
	}
	for _, key := range []byte{'9', '5', 0} { // no wish
		c := ivr.NewCall(layout)
		c.Hear(choice(2, false))
		c.Quiet()
		c.Quiet()
		c.Quiet()
		s := c.Quiet
		if key != 0 {
			s = func() ivr.Step { return c.Press(key) }
		}
		if got := s(); !got.End || !got.GaveUp || got.Send {
			t.Errorf("key %q behind the offer: end %v, sends %v", key, got.End, got.Send)
		}
	}
}

// TestCall_Properties: whatever is pressed, a call never goes silent: it says
// something, waits for a key, asks the dialogue or ends, and after three times
// without a usable key it ends with a word.
func TestCall_Properties(t *testing.T) {
	t.Parallel()
	layout := ivr.Layout{Words: words(t), CallBack: true}
	replies := []gateway.Reply{
		choice(4, true), choice(2, false), sure(), ended(), question("benefit", "card", catalogue.InputDigits), question("produce", "day", catalogue.InputDate),
		question("", "pin-ask", catalogue.InputPIN), question("site", "site", catalogue.InputHost),
		{Format: i18n.Format{Lang: i18n.Bengali}, Expect: "choice", Options: []gateway.Option{{Digit: "1", Label: gateway.Part{Text: "language-bn"}}, {Digit: "2", Label: gateway.Part{Text: "language-hi"}}}},
	}
	rapid.Check(t, func(t *rapid.T) {
		c := ivr.NewCall(layout)
		s := c.Hear(rapid.SampledFrom(replies).Draw(t, "first"))
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			if s.End {
				if len(s.Say) == 0 {
					t.Fatal("the call ends without a word")
				}
				if s = c.Press('1'); s.Send || len(s.Say) > 0 {
					t.Fatal("a key after the end does something")
				}
				return
			}
			switch {
			case s.Send:
				if s.Input == "" {
					t.Fatal("nothing is sent")
				}
				s = c.Hear(rapid.SampledFrom(replies).Draw(t, "reply"))
			case s.Wait == 0:
				t.Fatalf("nothing is waited for: %q", ivr.Text(s.Say))
			default:
				key := rapid.SampledFrom([]byte("0123456789*#?")).Draw(t, "key")
				next := s
				if key == '?' {
					next = c.Quiet()
				} else {
					next = c.Press(key)
				}
				if key == '#' && !next.Send && !next.Stop && next.Wait == 0 { // nothing: what was waited for still is
					continue
				}
				s = next
			}
		}
		for range 8 { // left alone, it ends
			if s.End {
				return
			}
			if s.Send {
				s = c.Hear(choice(2, false))
			}
			s = c.Quiet()
		}
		if !s.End {
			t.Fatal("a call that is left alone does not end")
		}
	})
}
