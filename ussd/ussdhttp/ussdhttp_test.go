package ussdhttp_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/go-cmp/cmp"

	"setu/gateway"
	"setu/i18n"
	"setu/ussd"
	"setu/ussd/ussdhttp"
)

// plain is words without a catalogue: a part's text is what it says.
type plain struct{}

func (plain) Lines(r gateway.Reply, _ gateway.Medium) (parts, options []string) {
	for _, p := range r.Parts {
		parts = append(parts, p.Text)
	}
	for _, o := range r.Options {
		options = append(options, o.Digit+" "+o.Label.Text)
	}
	return parts, options
}

func (plain) Own(key string, _ i18n.Format) string {
	return map[string]string{"nav-back": "0 Back", "nav-more": "9 More"}[key]
}

func layout(string) ussd.Layout { return ussd.Layout{Words: plain{}} }

// answerTime is how long a test waits for what must come.
const answerTime = 10 * time.Second

// desk answers inputs as the test says and notes them.
type desk struct {
	mu    sync.Mutex
	said  []gateway.Inbound
	reply func(gateway.Inbound) (gateway.Reply, error)
}

func (d *desk) Handle(_ context.Context, in gateway.Inbound) (gateway.Reply, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	in.At = time.Time{}
	d.said = append(d.said, in)
	return d.reply(in)
}

func (d *desk) heard() []gateway.Inbound {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := d.said
	d.said = nil
	return list
}

// say makes a reply of one text.
func say(text string, end bool) (gateway.Reply, error) {
	return gateway.Reply{Parts: []gateway.Part{{Text: text}}, End: end}, nil
}

// dialects are those that ship.
func dialects(tb testing.TB) ussdhttp.Dialects {
	tb.Helper()
	all, err := ussdhttp.Load(ussdhttp.Embedded())
	if err != nil {
		tb.Fatal(err)
	}
	return all
}

// serve mounts gateways on a listener of their own and gives its URL.
func serve(tb testing.TB, c ussdhttp.Config) (string, *ussdhttp.Driver) {
	tb.Helper()
	if c.Dialects == nil {
		c.Dialects = dialects(tb)
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Layout == nil {
		c.Layout = layout
	}
	d, err := ussdhttp.New(c)
	if err != nil {
		tb.Fatal(err)
	}
	app := fiber.New(fiber.Config{DisableStartupMessage: true, BodyLimit: 64 << 10})
	d.Mount(app)
	var lc net.ListenConfig
	l, err := lc.Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- app.Listener(l) }()
	tb.Cleanup(func() {
		if err := errors.Join(app.ShutdownWithTimeout(5*time.Second), <-ended); err != nil {
			tb.Error(err)
		}
	})
	return "http://" + l.Addr().String(), d
}

// everyDialect is a gateway for each dialect.
func everyDialect(all ussdhttp.Dialects) []ussdhttp.Gateway {
	var list []ussdhttp.Gateway
	for _, name := range all.Names() {
		list = append(list, ussdhttp.Gateway{Name: name, Dialect: name, ShortCodes: []string{"51969"}})
	}
	return list
}

const (
	citizen = "+919830000001"
	code    = "51969"
)

// TestDialects_Walk: the gateway's side of every dialect and ours understand
// each other: what is dialled and typed arrives, and the screens come back.
func TestDialects_Walk(t *testing.T) {
	t.Parallel()
	all := dialects(t)
	for _, name := range all.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &desk{}
			base, _ := serve(t, ussdhttp.Config{Handler: d, Dialects: all, Gateways: everyDialect(all)})
			call := all[name].Peer(base).Dial(citizen, code)
			for i, step := range []struct {
				typed, shown string
				end          bool
			}{
				{"", "স্বাগতম \"Setu\"\n1 ভাতা", false},
				{"1", "नंबर?\n0 Back", false},
				{"1000000001", "Paid 1,000. Receipt 1234-5678-9012", true},
			} {
				d.reply = func(gateway.Inbound) (gateway.Reply, error) { return say(step.shown, step.end) }
				a, err := call.Send(t.Context(), step.typed)
				if err != nil {
					t.Fatalf("Send(%q): %v", step.typed, err)
				}
				if a.Text != step.shown || a.End != step.end || a.Status != 200 {
					t.Errorf("Send(%q) = %+v, want %q, end %v", step.typed, a, step.shown, step.end)
				}
				heard := d.heard()
				if len(heard) != 1 {
					t.Fatalf("Send(%q) was handled %d times", step.typed, len(heard))
				}
				in := heard[0]
				text := in.Text.Reveal()
				if in.Cumulative && i == 2 {
					text = text[len("1*"):]
				}
				if text != step.typed || in.From.Reveal() != citizen || in.To.Reveal() != code || in.Link != name || in.Medium != gateway.USSD {
					t.Errorf("Send(%q) arrived as %q from %q to %q by %s", step.typed, text, in.From.Reveal(), in.To.Reveal(), in.Link)
				}
				if (i == 0) != (in.Event == gateway.New) {
					t.Errorf("Send(%q) arrived as event %d", step.typed, in.Event)
				}
			}
			err := call.Abort(t.Context())
			if errors.Is(err, ussdhttp.ErrNotTold) {
				return
			}
			heard := d.heard()
			if err != nil || len(heard) != 1 || heard[0].Event != gateway.Abort {
				t.Errorf("Abort() = %v, handled as %d inputs", err, len(heard))
			}
		})
	}
}

// TestAfricasTalking is the dialect by its wire.
func TestAfricasTalking(t *testing.T) {
	t.Parallel()
	d := &desk{reply: func(gateway.Inbound) (gateway.Reply, error) { return say("Hello", false) }}
	base, _ := serve(t, ussdhttp.Config{Handler: d, Gateways: []ussdhttp.Gateway{{Name: "at", Dialect: "africastalking"}}})
	peer := dialects(t)["africastalking"].Peer(base)
	peer.URL = base + "/ussd/at"
	call := peer.Dial(citizen, code)
	call.Session = "ATUid_1"
	if _, err := call.Send(t.Context(), "1*1000000001"); err != nil {
		t.Fatal(err)
	}
	want := []gateway.Inbound{{
		Key: "ATUid_1/1.12", Link: "at", Medium: gateway.USSD, Event: gateway.Input, Session: "ATUid_1", Cumulative: true,
		From: citizen, To: code, Text: "1*1000000001",
	}}
	if diff := cmp.Diff(want, d.heard()); diff != "" {
		t.Error(diff)
	}
}
