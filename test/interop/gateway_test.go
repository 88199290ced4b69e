package interop_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gosmpp "github.com/fiorix/go-smpp/smpp"
	"github.com/fiorix/go-smpp/smpp/pdu"
	"github.com/fiorix/go-smpp/smpp/pdu/pdufield"
	"github.com/fiorix/go-smpp/smpp/pdu/pdutext"

	"setu/channels/smpp"
	"setu/channels/sms"
	"setu/test/gatewaytest"
)

// bin is the whole gateway, built once by TestMain.
var bin string

func TestMain(m *testing.M) { os.Exit(build(m)) }

func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "setu-interop-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }() // in the system's folder for such
	if bin, err = gatewaytest.Build(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// talk is what a citizen says and a part of what she is told, in the
// language of her script.
type talk struct{ say, want string }

// inPayload is a citizen whose provider hands a long text over whole, in
// message_payload.
const inPayload = "919700000004"

// talks are questions and transactions, by keyword and by menu.
func talks() []struct {
	number string
	lines  []talk
} {
	return []struct {
		number string
		lines  []talk
	}{
		{"919700000001", []talk{
			{"ভাতা ১০০০০০০০০১", "বার্ধক্য ভাতা: 1,000 টাকা"},
			{"মেনু", "1 ভাতা"},
			{"5", "2 নতুন অভিযোগ"},
			{"অভিযোগ নতুন ভাতা গত তিন মাস ধরে ভাতার টাকা আমার অ্যাকাউন্টে আসেনি, ব্লক অফিসে তিন বার গিয়েছি, কেউ কিছু বলে না।", "বিষয়: ভাতা"},
			{"হ্যাঁ", "রসিদ"},
		}},
		{"919700000002", []talk{
			{"भत्ता 1000000001", "वृद्धावस्था पेंशन: 1,000 रुपये"},
			{"मिला 1000000001", "1 हाँ"},
			{"1", "1,000 रुपये मिल गए"},
			{"रद्द", "वापस ले लिया गया"},
		}},
		{"919700000003", []talk{
			{"BENEFIT 1000000001", "Old Age Pension: Rs 1,000"},
			{"MENU", "1 Benefit"},
			{"3", "1 Price today"},
			{"1", "1 Paddy"},
			{"3", "Potato: Rs 1,150 per quintal"},
		}},
		{inPayload, []talk{
			{"অভিযোগ নতুন ভাতা গত তিন মাস ধরে ভাতার টাকা আমার অ্যাকাউন্টে আসেনি, ব্লক অফিসে তিন বার গিয়েছি, কেউ কিছু বলে না। আমার মায়ের টাকাও আসেনি।", "বিষয়: ভাতা"},
		}},
	}
}

// mailbox puts the messages to one citizen together from the events of a peer.
type mailbox struct {
	n     *node
	event string // submit_sm or deliver_sm
	parts []event
}

// next is the next whole message to a number.
func (b *mailbox) next(number string) string {
	b.n.t.Helper()
	for {
		e := b.n.await(b.event)
		if e.To != number || e.From != "51969" {
			b.n.t.Fatalf("a message from %s to %s, want one from 51969 to %s", e.From, e.To, number)
		}
		if len(e.UDH) == 0 {
			return e.Text
		}
		b.parts = append(b.parts, e)
		total, _ := place(b.n.t, e)
		if len(b.parts) < total {
			continue
		}
		slices.SortFunc(b.parts, func(x, y event) int {
			_, i := place(b.n.t, x)
			_, j := place(b.n.t, y)
			return i - j
		})
		var text strings.Builder
		for _, p := range b.parts {
			text.WriteString(p.Text)
		}
		b.parts = nil
		return text.String()
	}
}

// place is how many parts the message of e has, and which of them e is.
func place(t *testing.T, e event) (total, seq int) {
	t.Helper()
	ie, err := hex.DecodeString(e.UDH[0])
	if err != nil || len(ie) < 5 {
		t.Fatalf("user data header %q, %v", e.UDH, err)
	}
	return int(ie[len(ie)-2]), int(ie[len(ie)-1])
}

// said are a citizen's text as a peer sends it: one message, or its parts.
func said(t *testing.T, number, text string, ref uint16) []map[string]any {
	t.Helper()
	coding := sms.Choose(text)
	if number == inPayload {
		return []map[string]any{{"from": number, "to": "51969", "data_coding": byte(coding), "text": text, "payload": true}}
	}
	segments, err := sms.Split(text, coding, ref, false)
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]any
	for _, s := range segments {
		m := map[string]any{"from": number, "to": "51969", "data_coding": byte(coding)}
		if len(s.UDH) == 0 {
			m["text"] = text
		} else {
			m["esm_class"], m["hex"] = smpp.ESMHeaderIndicator, hex.EncodeToString(append(slices.Clone(s.UDH), s.Body...))
		}
		out = append(out, m)
	}
	return out
}

// converse holds all talks over a peer and gives the number of replies. The
// peer has one link or bind.
func converse(t *testing.T, n *node, command string) int {
	t.Helper()
	box := &mailbox{n: n, event: command}
	replies := 0
	for _, citizen := range talks() {
		for i, l := range citizen.lines {
			n.say(said(t, citizen.number, l.say, uint16(40+i))...) //nolint:gosec // small
			t.Logf("%s says %q", citizen.number, l.say)
			if got := box.next(citizen.number); !strings.Contains(got, l.want) {
				t.Fatalf("%q was answered with %q, want %q", l.say, got, l.want)
			}
			replies++
		}
	}
	return replies
}

// start starts a gateway; what operators see of it is shown when its test
// fails.
func start(t *testing.T, config string) *gatewaytest.Gateway {
	t.Helper()
	g := gatewaytest.Start(t, gatewaytest.Options{Bin: bin, Config: config})
	t.Cleanup(func() {
		if t.Failed() {
			list, _ := g.Setu("queue", "list") // an error is in the output
			t.Logf("%s%s", list, g.Log())
		}
	})
	return g
}

// until waits until a gateway is as it should be.
func until(t *testing.T, g *gatewaytest.Gateway, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("not so: %s", what)
		}
	}
}

// operatorLink is the configuration of a link to smsc.js at addr.
func operatorLink(t *testing.T, addr, bind string) string {
	t.Helper()
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`
links:
  - name: operator-a
    address: %s
    system_id: setu
    password_file: %s
    bind: %s
    window: 16
    short_codes: ["51969"]
    receipts: true
    dlt: {entity: "1701158019811140068"}
`, addr, password, bind)
}

// delivered are the messages that handsets have, as `setu queue` counts them.
func delivered(t *testing.T, g *gatewaytest.Gateway) int {
	t.Helper()
	out, err := g.Setu("queue", "list", "--state", "delivered", "--kind", "message", "--limit", "1000")
	if err != nil {
		t.Fatalf("setu queue list: %v\n%s", err, out)
	}
	return strings.Count(out, "delivered")
}

// TestGateway_Operator: the gateway binds to an operator's SMSC by the npm
// package. Citizens' messages come as deliver_sm, answers go as submit_sm, and
// the operator's delivery receipts end them as delivered.
func TestGateway_Operator(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		bind  string
		binds []string // that the SMSC sees
		args  []string
	}{
		{"transceiver", []string{"transceiver"}, []string{"--receipts"}},
		{"separate", []string{"receiver", "transmitter"}, []string{"--receipts"}},
		{"transceiver", []string{"transceiver"}, []string{"--receipts", "--throttle", "2"}},
	} {
		t.Run(strings.Join(append([]string{tt.bind}, tt.args...), " "), func(t *testing.T) {
			t.Parallel()
			n := startNode(t, "smsc.js", tt.args...)
			addr := fmt.Sprintf("127.0.0.1:%d", n.await("listening").Port)
			g := start(t, operatorLink(t, addr, tt.bind))
			var binds []string
			for range tt.binds {
				binds = append(binds, n.await("bound").Bind)
			}
			if slices.Sort(binds); !slices.Equal(binds, tt.binds) {
				t.Errorf("bound as %v, want %v", binds, tt.binds)
			}
			replies := converse(t, n, "submit_sm")
			until(t, g, "all replies are delivered", func() bool { return delivered(t, g) == replies })
			if out, err := g.Setu("queue", "list"); err != nil || !strings.Contains(out, "nothing waits") {
				t.Errorf("setu queue list: %v\n%s", err, out)
			}
			_, ready := g.Get("/readyz")
			if !strings.Contains(ready, `"link operator-a":"ok"`) {
				t.Errorf("/readyz: %s", ready)
			}
		})
	}
}

// TestGateway_OperatorComesLate: the gateway starts before its operator, and
// loses it in the middle. What was accepted is answered when it is back.
func TestGateway_OperatorComesLate(t *testing.T) {
	t.Parallel()
	addr := gatewaytest.FreeAddress(t)
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	g := start(t, operatorLink(t, addr, "transceiver")+"ledger: {patience: 1s}\n")
	const number = "919700000004"
	first := startNode(t, "smsc.js", "--receipts", "--port", port)
	first.await("bound")
	box := &mailbox{n: first, event: "submit_sm"}
	first.say(said(t, number, "BENEFIT 1000000001", 1)...)
	if got := box.next(number); !strings.Contains(got, "Old Age Pension") {
		t.Errorf("answered with %q", got)
	}
	until(t, g, "the reply is delivered", func() bool { return delivered(t, g) == 1 })
	if out, err := g.Setu("sandbox", "slow", "--delay", "800ms"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	first.say(said(t, number, "PRICE POTATO", 2)...)
	if e := first.await("response"); e.Status != smpp.ROK {
		t.Fatalf("refused with %v", e.Status)
	}
	first.leave()
	until(t, g, "the answer waits for the link", func() bool {
		out, err := g.Setu("queue", "list", "--kind", "message")
		return err == nil && strings.Contains(out, "queued")
	})
	second := startNode(t, "smsc.js", "--receipts", "--port", port)
	second.await("bound")
	box = &mailbox{n: second, event: "submit_sm"}
	if got := box.next(number); !strings.Contains(got, "Potato: Rs 1,150") {
		t.Errorf("answered with %q", got)
	}
	until(t, g, "both replies are delivered", func() bool { return delivered(t, g) == 2 })
}

// TestGateway_NodePartner: a partner with the npm package binds to the gateway.
func TestGateway_NodePartner(t *testing.T) {
	t.Parallel()
	g := start(t, "")
	_, port, err := net.SplitHostPort(g.SMPP)
	if err != nil {
		t.Fatal(err)
	}
	n := startNode(t, "esme.js", "--port", port)
	n.await("bound")
	converse(t, n, "deliver_sm")
}

// TestGateway_GoSMPPPartner: a partner with go-smpp binds to the gateway. It is
// let rest between a submission and a delivery, which it mixes up.
func TestGateway_GoSMPPPartner(t *testing.T) {
	t.Parallel()
	g := start(t, "")
	replies := make(chan pdu.Body, 10)
	partner := &gosmpp.Transceiver{
		Addr: g.SMPP, User: "sandbox", Passwd: "sandbox", RespTimeout: patience,
		Handler: func(p pdu.Body) {
			if p.Header().ID == pdu.DeliverSMID {
				replies <- p
			}
		},
	}
	if s := receive(t, partner.Bind()); s.Status() != gosmpp.Connected {
		t.Fatalf("bind: %v", s.Error())
	}
	t.Cleanup(func() { _ = partner.Close() }) // it may have ended
	for _, tt := range []struct {
		number string
		text   pdutext.Codec
		want   []byte
	}{
		{"919700000015", pdutext.UCS2("স্বাস্থ্য ৪০০০০০০০০৪"), utf16be("2,22,500 টাকা")},
		{"919700000016", pdutext.UCS2("भाव धान"), utf16be("धान: 2,290 रुपये")},
		{"919700000017", pdutext.Raw("DOR DHAN"), []byte("Paddy: Rs 2,290")},
	} {
		if _, err := partner.Submit(&gosmpp.ShortMessage{Src: "+" + tt.number, Dst: "51969", Text: tt.text}); err != nil {
			t.Fatalf("%s: %v", tt.number, err)
		}
		var whole []byte
		for !bytes.Contains(whole, tt.want) {
			f := receive(t, replies).Fields()
			if f[pdufield.DestinationAddr].String() == tt.number { // else: the rest of a long one before
				whole = append(whole, f[pdufield.ShortMessage].Bytes()...)
			}
		}
	}
}

// leave ends the peer.
func (n *node) leave() {
	n.t.Helper()
	if err := n.in.Close(); err != nil {
		n.t.Fatal(err)
	}
}
