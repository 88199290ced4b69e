package ussdsmpp_test

import (
	"context"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"setu/channels"
	"setu/channels/smpp"
	"setu/channels/sms"
	"setu/gateway"
	"setu/ussd"
	"setu/ussd/ussdsmpp"
)

// TestDialect_Notification: the octets of a notification, which names no
// dialogue.
func TestDialect_Notification(t *testing.T) {
	t.Parallel()
	to := gateway.Route{Citizen: "+919830000001", Code: "51969"}
	for _, tt := range []struct {
		name   string
		screen ussd.Screen
		want   []byte
	}{
		{"GSM 7-bit", ussd.Screen{Text: "Paid", Coding: sms.GSM7}, body(t, `"USSD"`, "00 00", `"51969"`, "01 01", `"919830000001"`,
			"00 00 00 00 00 00 00", "0f 00 04", hex.EncodeToString([]byte("Paid")), "0501 0001 03")},
		{"UCS-2", ussd.Screen{Text: "ভাতা", Coding: sms.UCS2}, body(t, `"USSD"`, "00 00", `"51969"`, "01 01", `"919830000001"`,
			"00 00 00 00 00 00 00", "48 00 08", "09ad 09be 09a4 09be", "0501 0001 03")},
	} {
		m, err := embedded(t)["standard"].Notification(to, tt.screen)
		if err != nil {
			t.Fatal(err)
		}
		got, err := smpp.AppendMessage(nil, smpp.SubmitSM, 1, &m)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(hex.EncodeToString(tt.want), hex.EncodeToString(got[smpp.HeaderOctets:])); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	if _, err := embedded(t)["standard"].Notification(to, ussd.Screen{Text: "ভাতা", Coding: sms.GSM7}); err == nil {
		t.Error("a text is sent in an alphabet that lacks its letters")
	}
}

// letters takes what goes by SMS.
type letters chan string

func (l letters) Send(_ context.Context, _ gateway.Route, m gateway.SMSOut, done func(string, error)) error {
	l <- m.Text.Reveal()
	done("sms", nil)
	return nil
}

// closedLetters is a link that is down.
type closedLetters struct{}

func (closedLetters) Send(context.Context, gateway.Route, gateway.SMSOut, func(string, error)) error {
	return channels.ErrLinkDown
}

// pushing is a house whose partner may be pushed to, and its notifier.
func pushing(t *testing.T, by channels.Sender, change func(*ussdsmpp.Config)) (*house, *ussdsmpp.Notifier) {
	t.Helper()
	var h *house
	ready := make(chan struct{})
	h = open(t, "standard", "", nil, echo, func(c *ussdsmpp.Config) {
		l := c.Links["partner"]
		l.Push = true
		c.Links["partner"] = l
		c.Out = func(ctx context.Context, link string, m *smpp.ShortMessage, done func(smpp.Resp, error)) error {
			<-ready
			return h.sms.Pass(ctx, link, m, done)
		}
		if change != nil {
			change(c)
		}
	})
	close(ready)
	return h, &ussdsmpp.Notifier{Driver: h.ussd, Link: "partner", AtOnce: "answer", SMS: by}
}

// reach binds a peer that the house can send to: it knows of the bind a moment
// later than the peer.
func reach(h *house) *peer {
	h.t.Helper()
	p := h.bind(smpp.Transceiver)
	for deadline := time.Now().Add(patience); !h.sms.Up()["partner"]; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			h.t.Fatal("the partner does not come up")
		}
	}
	return p
}

// outcome is what a sender says of a message.
type outcome struct {
	id  string
	err error
}

// push sends a text and gives the channel of its outcome.
func push(t *testing.T, n *ussdsmpp.Notifier, text, class string) <-chan outcome {
	t.Helper()
	said := make(chan outcome, 2)
	err := n.Send(t.Context(), gateway.Route{Citizen: "+919830000001", Code: "51969"},
		gateway.SMSOut{Text: gateway.Private(text), Class: class}, func(id string, err error) { said <- outcome{id, err} })
	if err != nil {
		t.Fatal(err)
	}
	return said
}

// TestNotifier_Shown: the handset confirms, and nothing goes by SMS.
func TestNotifier_Shown(t *testing.T) {
	t.Parallel()
	by := make(letters, 8)
	h, n := pushing(t, by, nil)
	p := reach(h)
	said := push(t, n, "Paid", "result")
	m := receive(t, p.screens)
	if op, _ := op(m); op != 0x03 || string(m.Text) != "Paid" || m.Dest.Addr != "919830000001" {
		t.Errorf("notified by operation 0x%02x with %q to %q", op, m.Text, m.Dest.Addr)
	}
	select {
	case o := <-said:
		t.Errorf("%+v before the handset has confirmed", o)
	case <-time.After(50 * time.Millisecond):
	}
	if r := receive(t, p.put(pdu(0x13, 0, ""))); r.Status != smpp.ROK {
		t.Errorf("the confirmation is answered with %v", r.Status)
	}
	if o := receive(t, said); o.err != nil || o.id != "" {
		t.Errorf("outcome %+v", o)
	}
	// Once more, when nobody waits for it.
	if r := receive(t, p.put(pdu(0x13, 0, ""))); r.Status != smpp.ROK {
		t.Errorf("a late confirmation is answered with %v", r.Status)
	}
	h.stop()
	if c := h.ussd.Counts(); len(by) > 0 || c.Notified.Load() != 1 || c.Unnotified.Load() != 0 || c.Unsure.Load() != 0 || c.Inputs.Load() != 0 {
		t.Errorf("%d SMS, %d notified, %d not, %d unsure, %d inputs", len(by), c.Notified.Load(), c.Unnotified.Load(), c.Unsure.Load(), c.Inputs.Load())
	}
}

// TestNotifier_NoConfirmation: where the dialect knows none, it is enough that
// the gateway takes the notification.
func TestNotifier_NoConfirmation(t *testing.T) {
	t.Parallel()
	by := make(letters, 8)
	h, n := pushing(t, by, func(c *ussdsmpp.Config) {
		l := c.Links["partner"]
		d := *l.Dialect
		d.FromGateway.Confirm = nil
		l.Dialect = &d
		c.Links["partner"] = l
	})
	p := reach(h)
	said := push(t, n, "Paid", "result")
	receive(t, p.screens)
	if o := receive(t, said); o.err != nil || len(by) > 0 {
		t.Errorf("outcome %+v, %d SMS", o, len(by))
	}
}

// TestNotifier_BySMS: whatever is not shown goes by SMS, once.
func TestNotifier_BySMS(t *testing.T) {
	t.Parallel()
	type counts struct{ not, unsure, long int64 }
	for _, tt := range []struct {
		name    string
		bound   bool
		answer  smpp.Status
		text    string
		class   string
		off     bool
		want    counts
		screens int
	}{
		{name: "link down", text: "Paid", want: counts{not: 1}},
		{name: "refused", bound: true, answer: smpp.RSubmitFail, text: "Paid", want: counts{not: 1}},
		{name: "congested", bound: true, answer: smpp.RThrottled, text: "Paid", want: counts{not: 1}},
		{name: "not confirmed", bound: true, text: "Paid", want: counts{unsure: 1}, screens: 1},
		{name: "too long", bound: true, text: strings.Repeat("Paid ", 40), want: counts{long: 1}},
		{name: "goes with a screen", bound: true, text: "Paid", class: "answer"},
		{name: "not allowed", bound: true, text: "Paid", off: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			by := make(letters, 8)
			h, n := pushing(t, by, func(c *ussdsmpp.Config) {
				c.Patience = 300 * time.Millisecond
				if tt.off {
					l := c.Links["partner"]
					l.Push = false
					c.Links["partner"] = l
				}
			})
			p := newPeer(t)
			if tt.bound {
				p = reach(h)
			}
			if tt.answer != smpp.ROK {
				p.mu.Lock()
				p.answers = []smpp.Status{tt.answer}
				p.mu.Unlock()
			}
			said := push(t, n, tt.text, tt.class)
			if got := receive(t, by); got != tt.text {
				t.Errorf("SMS %q, want %q", got, tt.text)
			}
			if o := receive(t, said); o.err != nil || o.id != "sms" {
				t.Errorf("outcome %+v", o)
			}
			h.stop()
			c := h.ussd.Counts()
			if got := (counts{c.Unnotified.Load(), c.Unsure.Load(), c.TooLong.Load()}); got != tt.want || len(p.screens) != tt.screens || len(by) > 0 || len(said) > 0 {
				t.Errorf("%+v, %d notifications, %d SMS and %d outcomes more; want %+v, %d", got, len(p.screens), len(by), len(said), tt.want, tt.screens)
			}
			if log := h.log.String(); strings.Contains(log, "9830000001") || strings.Contains(log, "Paid") {
				t.Errorf("the log tells of the citizen:\n%s", log)
			}
		})
	}
}

// TestNotifier_OneAtATime: nothing in a confirmation says what it confirms, so a
// second notification goes by SMS.
func TestNotifier_OneAtATime(t *testing.T) {
	t.Parallel()
	by := make(letters, 8)
	h, n := pushing(t, by, nil)
	p := reach(h)
	first := push(t, n, "first", "result")
	receive(t, p.screens)
	second := push(t, n, "second", "result")
	if got := receive(t, by); got != "second" {
		t.Errorf("SMS %q", got)
	}
	if o := receive(t, second); o.err != nil {
		t.Error(o.err)
	}
	receive(t, p.put(pdu(0x13, 0, "")))
	if o := receive(t, first); o.err != nil || len(by) > 0 {
		t.Errorf("outcome %+v, %d SMS", o, len(by))
	}
}

// TestNotifier_Stop: a gateway that stops does not wait for a handset.
func TestNotifier_Stop(t *testing.T) {
	t.Parallel()
	by := make(letters, 8)
	h, n := pushing(t, by, func(c *ussdsmpp.Config) { c.Patience = 10 * patience })
	p := reach(h)
	said := push(t, n, "Paid", "result")
	receive(t, p.screens)
	h.stop()
	if o := receive(t, said); o.err != nil || len(by) != 1 {
		t.Errorf("outcome %+v, %d SMS", o, len(by))
	}
	if said := push(t, n, "Paid", "result"); (receive(t, said) != outcome{"sms", nil}) {
		t.Error("what comes after the stop does not go by SMS")
	}
}

// TestNotifier_NoWayAtAll: the sender of SMS is down too, and the message is not
// given up.
func TestNotifier_NoWayAtAll(t *testing.T) {
	t.Parallel()
	_, n := pushing(t, closedLetters{}, nil)
	if o := receive(t, push(t, n, "Paid", "result")); o.err != channels.ErrLinkDown { //nolint:errorlint // as it came
		t.Errorf("outcome %+v", o)
	}
}
