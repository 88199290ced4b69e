package smppsms_test

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"setu/channels/smpp"
	"setu/channels/smppsms"
	"setu/gateway"
)

// smsc is a driver with one link, and the operator's end of it.
type smsc struct {
	*house
	session *smpp.Session
}

// operator runs an operator whose link is bound, and that takes messages by h.
func operator(t *testing.T, h func(*smpp.Request)) *smsc {
	t.Helper()
	bound := make(chan *smpp.Session, 1)
	server, err := smpp.NewServer(smpp.ServerConfig{
		SystemID:      "smsc",
		Authenticate:  func(context.Context, smpp.BindRequest) (smpp.Partner, smpp.Status) { return smpp.Partner{}, smpp.ROK },
		OnBound:       func(s *smpp.Session) { bound <- s },
		SessionConfig: smpp.SessionConfig{Handler: h},
	})
	if err != nil {
		t.Fatal(err)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = server.Serve(ctx, l) }()
	t.Cleanup(func() { cancel(); <-ended })
	o := &smsc{house: open(t, t.TempDir(), func(c *smppsms.Config) {
		c.Links = []smppsms.Link{{
			Name: "operator", Address: l.Addr().String(), SystemID: "setu", Password: "secret",
			Binds: []smpp.BindType{smpp.Transceiver}, Receipts: true,
		}}
	})}
	select {
	case o.session = <-bound:
	case <-time.After(20 * time.Second):
		t.Fatal("no bind")
	}
	o.until("up", func() bool { return o.driver.Up()["operator"] })
	return o
}

// way is how messages go to a citizen of the operator.
var way = gateway.Route{Medium: gateway.SMS, Link: "operator", Citizen: "+919830000001", Code: "51969"}

// send sends a text and gives the identifier of the message.
func (o *smsc) send(s string) string {
	o.t.Helper()
	ids := make(chan string, 1)
	err := o.driver.Senders()["operator"].Send(o.t.Context(), way, gateway.SMSOut{Text: gateway.Private(s)}, func(id string, err error) {
		if err != nil {
			o.t.Error(err)
		}
		ids <- id
	})
	if err != nil {
		o.t.Fatal(err)
	}
	select {
	case id := <-ids:
		return id
	case <-time.After(20 * time.Second):
		o.t.Fatal("no answer")
		return ""
	}
}

// TestDriver_IDOfTheLastSegment: an operator that answers the segments in another
// order accounts for the last of them all the same.
func TestDriver_IDOfTheLastSegment(t *testing.T) {
	t.Parallel()
	const segments = 3
	var asked []*smpp.Request // only used on the session's reading goroutine
	o := operator(t, func(r *smpp.Request) {
		if asked = append(asked, r); len(asked) < segments {
			return
		}
		for i := segments - 1; i >= 0; i-- {
			asked[i].Respond(smpp.ROK, "7"+strconv.Itoa(i+1))
		}
	})
	if got := o.send(strings.Repeat("আপনার ভাতা পাঠানো হয়েছে। ", 6)); got != "73" {
		t.Errorf("the message is known by %q, want the last segment's, 73", got)
	}
}

// TestDriver_ReceiptInAnotherForm: operators write an identifier in the receipt
// otherwise than in the answer, and some send the receipt first.
func TestDriver_ReceiptInAnotherForm(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		answer, receipt string
		early           bool
	}{
		{"75BCD15", "0123456789", false},
		{"75BCD15", "0123456789", true},
		{"123456789", "0075bcd15", false},
		{"ab", "00AB", false},
		{"000AB", "000ab", true},
		{"6F9619FF-8B86", "6f9619ff-8b86", false},
		{"Zx9", "Zx9", false},
	} {
		t.Run(fmt.Sprintf("%s early=%v", tt.answer, tt.early), func(t *testing.T) {
			t.Parallel()
			o := operator(t, func(r *smpp.Request) { r.Respond(smpp.ROK, tt.answer) })
			it := o.leased()
			id := o.send("x")
			if tt.early {
				o.account(tt.receipt)
			}
			o.word(gateway.Progress{ID: it.ID, Token: it.Token, State: gateway.Sent, MessageID: id})
			if !tt.early {
				o.account(tt.receipt)
			}
			it, err := o.store.Item(t.Context(), it.ID)
			if err != nil || it.State != gateway.Delivered {
				t.Errorf("message answered with %q, accounted for as %q: %v, %v; want delivered", tt.answer, tt.receipt, it.State, err)
			}
		})
	}
}

// leased is a message in the store that is being sent.
func (o *smsc) leased() gateway.Item {
	o.t.Helper()
	type answer struct {
		c   gateway.Committed
		err error
	}
	ch := make(chan answer, 1)
	o.store.Commit(gateway.Commit{Effects: []gateway.Effect{{
		Kind: gateway.Message, Lane: "m:1", Lease: true, SMS: &gateway.SMSOut{Text: "x"},
		To: way,
	}}}, func(c gateway.Committed, err error) { ch <- answer{c, err} })
	a := <-ch
	if a.err != nil || len(a.c.Items) != 1 {
		o.t.Fatalf("%d items leased, %v", len(a.c.Items), a.err)
	}
	return a.c.Items[0]
}

// word writes down what became of a message.
func (o *smsc) word(p gateway.Progress) {
	o.t.Helper()
	ch := make(chan error, 1)
	o.store.Progress(p, func(_ []gateway.Item, err error) { ch <- err })
	if err := <-ch; err != nil {
		o.t.Fatal(err)
	}
}

// account gives a delivery receipt.
func (o *smsc) account(id string) {
	o.t.Helper()
	m := smpp.ShortMessage{
		Source: smpp.Address{TON: 1, NPI: 1, Addr: "919830000001"}, Dest: smpp.Address{Addr: "51969"}, ESMClass: smpp.ESMDeliveryReceipt,
		Text: smpp.AppendReceipt(nil, smpp.Receipt{ID: id, State: smpp.Delivered}),
	}
	taken := make(chan error, 1)
	err := o.session.Send(o.t.Context(), &m, func(r smpp.Resp, err error) {
		if err == nil && r.Status != smpp.ROK {
			err = fmt.Errorf("status %v", r.Status)
		}
		taken <- err
	})
	if err != nil {
		o.t.Fatal(err)
	}
	if err := <-taken; err != nil {
		o.t.Fatalf("receipt: %v", err)
	}
}
