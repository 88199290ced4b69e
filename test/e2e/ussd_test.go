package e2e_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"setu/channels/sms"
	"setu/test/gatewaytest"
	"setu/ussd/ussdhttp"
)

// caller is a citizen who dials, through a gateway of one dialect. Every screen
// that she sees is measured.
type caller struct {
	w       *town
	t       *testing.T
	dialect *ussdhttp.Dialect
	peer    *ussdhttp.Peer
	base    string // of the gateway that the peer asks
	from    string // without plus
	call    *ussdhttp.Call
	open    bool // a session is
	screens int  // of the session
	last    ussdhttp.Answer
}

// dialects are the shipped ones.
func dialects(t *testing.T) ussdhttp.Dialects {
	t.Helper()
	all, err := ussdhttp.Load(ussdhttp.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// caller is a citizen of this number whose operator speaks a dialect.
func (w *town) caller(t *testing.T, dialect, number string) *caller {
	t.Helper()
	d, ok := dialects(t)[dialect]
	if !ok {
		t.Fatalf("no dialect %q", dialect)
	}
	w.Note(number)
	return &caller{w: w, t: t, dialect: d, from: number}
}

// newCaller is a citizen who has chosen her language, 1 to 5, at her first dial.
func (w *town) newCaller(t *testing.T, choice string) *caller {
	t.Helper()
	c := w.caller(t, "africastalking", newNumber())
	within(t, "first dial", c.dial(""), "1 বাংলা", "2 हिन्दी", "3 English", "4 Bangla", "5 Hindi")
	within(t, "after the choice", c.key(choice), "1 ")
	return c
}

// dial begins a session, with what is dialled behind the code, and gives the
// first screen.
func (c *caller) dial(rest string) string {
	c.t.Helper()
	if c.base != c.w.HTTP { // it is another process
		c.base, c.peer = c.w.HTTP, c.dialect.Peer("http://"+c.w.HTTP)
	}
	c.call = c.peer.Dial("+"+c.from, "51969")
	c.screens = 0
	return c.key(rest)
}

// key enters something and gives the next screen.
func (c *caller) key(input string) string {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	a, err := c.call.Send(ctx, input)
	return c.see(input, a, err)
}

// again sends the last request once more, as a gateway does that lost the answer.
func (c *caller) again() string {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	a, err := c.call.Again(ctx)
	return c.see("again", a, err)
}

func (c *caller) see(input string, a ussdhttp.Answer, err error) string {
	c.t.Helper()
	if err != nil {
		c.t.Fatalf("%s: after %q: %v\n%s", c.dialect.Name, input, err, c.w.Log())
	}
	c.w.Heard(input, a.Text)
	if n := octets(a.Text); n > 160 || strings.TrimSpace(a.Text) == "" {
		c.t.Errorf("%s: the screen after %q is of %d octets: %q", c.dialect.Name, input, n, a.Text)
	}
	c.last, c.open = a, !a.End
	c.screens++
	return a.Text
}

// octets is what a screen takes on the air.
func octets(text string) int {
	coding, units := sms.Units(text)
	if coding == sms.GSM7 {
		return (units*7 + 7) / 8
	}
	return 2 * units
}

// drop ends the session as the network does.
func (c *caller) drop() { c.end((*ussdhttp.Call).Timeout) }

// cancel ends the session as its owner does.
func (c *caller) cancel() { c.end((*ussdhttp.Call).Abort) }

func (c *caller) end(tell func(*ussdhttp.Call, context.Context) error) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	if err := tell(c.call, ctx); err != nil && !errors.Is(err, ussdhttp.ErrNotTold) {
		c.t.Fatalf("%s: end of the session: %v", c.dialect.Name, err)
	}
	c.open = false
}

// choose enters the digit of an option, after as many 9 as its list has pages
// before it.
func (c *caller) choose(title string) string {
	c.t.Helper()
	for range 10 {
		for line := range strings.SplitSeq(c.last.Text, "\n") {
			if digit, rest, ok := strings.Cut(line, " "); ok && len(digit) == 1 && strings.Contains(rest, title) {
				return c.key(digit)
			}
		}
		c.key("9")
	}
	c.t.Fatalf("no option %q; the last screen is %q", title, c.last.Text)
	return ""
}

// whole reads a reply of several screens to its end and gives all of it.
func (c *caller) whole() string {
	c.t.Helper()
	text := c.last.Text
	for range 6 {
		if !c.open {
			return text
		}
		text += "\n" + c.key("9")
	}
	c.t.Fatalf("a last screen never came; the one now is %q", c.last.Text)
	return ""
}

// ended asserts that the session is over.
func (c *caller) ended() {
	c.t.Helper()
	if c.open {
		c.t.Errorf("the session goes on after %q", c.last.Text)
	}
}

// most is how many screens a citizen who is known may need for a service.
const most = 5

// TestUSSD_Services does each errand by the menu in each language, from a first
// dial on. At least one errand of each service takes five screens at the most.
func TestUSSD_Services(t *testing.T) {
	t.Parallel()
	for i, l := range languages {
		t.Run(l.code, func(t *testing.T) {
			t.Parallel()
			w := open(t, gatewaytest.Options{})
			w.t = t
			shortest := map[string]int{}
			follow := errand{service: "grievance", digits: []string{"5", "1", "60000015"}, titles: [3]string{"অভিযোগ", "शिकायत", "Complaint"}, want: [3][]string{{"60000015: ফসল"}, {"60000015: फसल"}, {"60000015: produce"}}}
			for _, e := range append(errands(), follow) {
				n := w.errand(t, e, i)
				if now, ok := shortest[e.service]; !ok || n < now {
					shortest[e.service] = n
				}
			}
			for service, n := range shortest {
				if n > most {
					t.Errorf("%s takes %d screens at least, want %d", service, n, most)
				}
			}
			if len(shortest) != 9 {
				t.Errorf("%d services were used, want 9", len(shortest))
			}
			t.Logf("screens in %s: %v", l.code, shortest)
		})
	}
}

// errand does one errand and gives the number of its screens, that of the
// language apart.
func (w *town) errand(t *testing.T, e errand, lang int) int {
	t.Helper()
	number := e.from
	if number == "" {
		number = newNumber()
	}
	c := w.caller(t, "africastalking", number)
	c.dial("")
	c.key([]string{"1", "2", "3"}[lang])
	c.choose(e.titles[lang])
	for _, digit := range e.digits[1:] {
		c.key(digit)
	}
	n := c.screens - 1
	told := c.whole()
	want := e.want
	if len(e.screen[lang]) > 0 {
		want = e.screen
	}
	within(t, e.service+" by USSD", told, want[lang]...)
	if e.submits {
		within(t, "setu receipt", w.setu("receipt", lastReceipt(t, told)), `"state": "recorded"`, `"service": "`+e.service+`"`)
	}
	c.ended()
	return n
}
