package interop_test

import (
	"encoding/hex"
	"net"
	"strings"
	"testing"
	"time"

	"setu/channels/smpp"
	"setu/channels/sms"
	"setu/test/gatewaytest"
)

// ussdDialect is how a make of USSD gateway speaks, as its application has to
// know it: written apart from the gateway's own files.
type ussdDialect struct {
	name          string
	begin, answer int
	// session gives the parameters of a dialogue's messages.
	session      map[string]any
	goesOn, ends float64 // ussd_service_op of screens
	wantOn       map[string]any
	wantEnd      map[string]any
	gsm7, ucs2   byte
	to           string // destination_addr of the gateway's messages
	abort        int
}

func ussdDialects() []ussdDialect {
	its := func(v string) map[string]any { return map[string]any{"its_session_info": v} }
	comverse := map[string]any{"ussd_session_id": "00012345"}
	mica := map[string]any{"user_message_reference": 7.0}
	return []ussdDialect{
		{"standard", 1, 18, its("2a04"), 2, 17, its("2a04"), its("2a05"), 0x0F, 0x48, "51969", 18},
		{"tata", 1, 18, its("0010"), 2, 2, its("0010"), its("0011"), 0x00, 0x08, "51969", 17},
		{"6d", 1, 18, its("0010"), 2, 23, its("0010"), its("0011"), 0x00, 0x08, "51969", 129},
		{"mica", 1, 18, mica, 2, 23, mica, mica, 0x00, 0x08, "1234", 23},
		{"comverse", 1, 18, comverse, 2, 17, comverse, comverse, 0x0F, 0x48, "51969", 17},
	}
}

// said is an input of a citizen as the gateway of the dialect sends it.
func (d ussdDialect) said(number, text string, op int) map[string]any {
	tlvs := map[string]any{"ussd_service_op": op}
	for k, v := range d.session {
		tlvs[k] = v
	}
	coding, dcs := sms.Choose(text), d.gsm7
	if coding == sms.UCS2 {
		dcs = d.ucs2
	}
	octets, _ := sms.Encode(text, coding) // in the alphabet chosen for it
	return map[string]any{
		"from": number, "to": d.to, "service_type": "USSD", "data_coding": dcs, "hex": hex.EncodeToString(octets), "tlvs": tlvs,
	}
}

// screen is the text of a screen, and checks everything else of it.
func (d ussdDialect) screen(t *testing.T, e event, number string, end bool) string {
	t.Helper()
	op, want := d.goesOn, d.wantOn
	if end {
		op, want = d.ends, d.wantEnd
	}
	if e.From != d.to || e.To != number || e.ServiceType != "USSD" || e.TLVs["ussd_service_op"] != op {
		t.Errorf("screen from %s to %s, service_type %q, ussd_service_op %v; want %v", e.From, e.To, e.ServiceType, e.TLVs["ussd_service_op"], op)
	}
	for k, v := range want {
		if e.TLVs[k] != v {
			t.Errorf("%s is %v, want %v", k, e.TLVs[k], v)
		}
	}
	coding, limit := sms.GSM7, 182
	switch e.DataCoding {
	case d.gsm7:
	case d.ucs2:
		coding, limit = sms.UCS2, 160
	default:
		t.Errorf("data_coding 0x%02x", e.DataCoding)
	}
	text := e.Text
	if e.Hex != "" { // of an alphabet that the library leaves alone
		octets, err := hex.DecodeString(e.Hex)
		if err != nil {
			t.Fatal(err)
		}
		if text, err = sms.Decode(octets, coding); err != nil {
			t.Errorf("screen: %v", err)
		}
	}
	if octets, err := sms.Encode(text, coding); err != nil || len(octets) > limit {
		t.Errorf("%d octets of %d, %v:\n%s", len(octets), limit, err, text)
	}
	return text
}

// keys are what a citizen types and a part of what her screen then shows, in
// her language.
type keys struct {
	number string
	lines  []talk
}

func ussdTalks() []keys {
	return []keys{
		{"919700000021", []talk{{"*51969#", "1 বাংলা"}, {"1", "1 ভাতা"}, {"3", "1 "}, {"1", "1 ধান"}, {"3", "আলু"}}},
		{"919700000022", []talk{{"*51969#", "2 हिन्दी"}, {"2", "1 भत्ता"}, {"3", "1 "}, {"1", "1 धान"}, {"3", "आलू"}}},
		{"919700000023", []talk{{"*51969#", "3 English"}, {"3", "1 Benefit"}, {"3", "1 "}, {"1", "1 Paddy"}, {"3", "Potato"}}},
		{"919700000024", []talk{{"*51969*PRICE POTATO#", "3 English"}, {"3", "Potato"}}},
	}
}

// dialogues holds all dialogues over a peer. command is that of the screens.
func (d ussdDialect) dialogues(t *testing.T, n *node, command string) {
	t.Helper()
	for _, citizen := range ussdTalks() {
		for i, l := range citizen.lines {
			op := d.answer
			if i == 0 {
				op = d.begin
			}
			n.say(d.said(citizen.number, l.say, op))
			end := i == len(citizen.lines)-1
			// The answer to the input and the screen, in whatever order they are printed.
			got := d.screen(t, n.await(command), citizen.number, end)
			t.Logf("%s %s\n%s", citizen.number, l.say, got)
			if !strings.Contains(got, l.want) {
				t.Fatalf("%q shows %q, want %q", l.say, got, l.want)
			}
		}
	}
	// A dialogue that the citizen leaves: answered, and nothing is shown.
	const number = "919700000025"
	n.say(d.said(number, "*51969#", d.begin))
	if got := d.screen(t, n.await(command), number, false); !strings.Contains(got, "English") {
		t.Errorf("first screen %q", got)
	}
	if d.name == "standard" { // whose only abort is the end bit
		d.session = map[string]any{"its_session_info": "2a05"}
	}
	leave := d.said(number, "", d.abort)
	leave["ref"] = "abort"
	n.say(leave)
	for {
		e := n.await("response")
		if e.Status != smpp.ROK {
			t.Errorf("%v is answered with %v", e.Ref, e.Status)
		}
		if e.Ref == "abort" {
			break
		}
	}
	for len(n.events) > 0 {
		if e := <-n.events; e.Event == command {
			t.Errorf("a screen after the abort: %q", e.Text)
		}
	}
}

// TestUSSD_NodeGateway: the npm package is a USSD gateway that we bind to, in
// each dialect.
func TestUSSD_NodeGateway(t *testing.T) {
	t.Parallel()
	for _, d := range ussdDialects() {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			addr := gatewaytest.FreeAddress(t)
			_, port, err := net.SplitHostPort(addr)
			if err != nil {
				t.Fatal(err)
			}
			n := startNode(t, "smsc.js", "--port", port)
			bind := "transceiver"
			if d.name == "mica" {
				bind = "separate"
			}
			start(t, operatorLink(t, addr, bind)+"    ussd: "+d.name+"\n")
			n.await("bound")
			if bind == "separate" {
				n.await("bound")
			}
			d.dialogues(t, n, "submit_sm")
		})
	}
}

// TestUSSD_NodePartner: the npm package is a partner that brings USSD, in the
// dialect of the sandbox, and SMS beside it on the same bind.
func TestUSSD_NodePartner(t *testing.T) {
	t.Parallel()
	g := start(t, "")
	_, port, err := net.SplitHostPort(g.SMPP)
	if err != nil {
		t.Fatal(err)
	}
	n := startNode(t, "esme.js", "--port", port)
	n.await("bound")
	ussdDialects()[0].dialogues(t, n, "deliver_sm")
	n.say(said(t, "919700000026", "PRICE POTATO", 1)...)
	if e := n.await("deliver_sm"); e.ServiceType != "" || !strings.Contains(e.Text, "Potato: Rs 1,150") {
		t.Errorf("the SMS is answered with %q, service_type %q", e.Text, e.ServiceType)
	}
}

// TestUSSD_Restart: the gateway is killed in the middle of a dialogue. The next
// life of it answers the citizen where she stood, in the same dialogue and after
// another dial.
func TestUSSD_Restart(t *testing.T) {
	t.Parallel()
	addr := gatewaytest.FreeAddress(t)
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	const number = "919700000027"
	d, n := ussdDialects()[1], startNode(t, "smsc.js", "--port", port)
	options := gatewaytest.Options{Bin: bin, Dir: t.TempDir(), Config: operatorLink(t, addr, "transceiver") + "    ussd: " + d.name + "\n"}
	first := gatewaytest.Start(t, options)
	n.await("bound")
	step := func(op int, text, want string, end bool) {
		t.Helper()
		n.say(d.said(number, text, op))
		if got := d.screen(t, n.await("submit_sm"), number, end); !strings.Contains(got, want) {
			t.Fatalf("%q shows %q, want %q", text, got, want)
		}
	}
	step(d.begin, "*51969*PRICE#", "English", false)
	step(d.answer, "3", "3 Potato", false)
	first.Kill()
	for receive(t, n.events).Event != "closed" { // before it, perhaps, that the connection was reset
	}
	gatewaytest.Start(t, options)
	n.await("bound")
	step(d.answer, "8", "3 Potato", false)
	d.session, d.wantOn, d.wantEnd = map[string]any{"its_session_info": "0020"}, map[string]any{"its_session_info": "0020"}, map[string]any{"its_session_info": "0021"}
	step(d.begin, "*51969#", "1 ", false)
	step(d.answer, "1", "3 Potato", false)
	step(d.answer, "3", "Potato: Rs 1,150", true)
}

// TestUSSD_SlowLedger: a ledger that is slower than a screen. The screen says
// so, and the answer comes as an SMS on the same link.
func TestUSSD_SlowLedger(t *testing.T) {
	t.Parallel()
	addr := gatewaytest.FreeAddress(t)
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	const number = "919700000028"
	d, n := ussdDialects()[0], startNode(t, "smsc.js", "--receipts", "--port", port)
	g := start(t, operatorLink(t, addr, "transceiver")+"    ussd: standard\nussd: {patience: 200ms}\n")
	n.await("bound")
	n.say(d.said(number, "*51969*PRICE POTATO#", d.begin))
	if got := d.screen(t, n.await("submit_sm"), number, false); !strings.Contains(got, "3 English") {
		t.Fatalf("first screen %q", got)
	}
	if out, err := g.Setu("sandbox", "slow", "--delay", "800ms"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	n.say(d.said(number, "3", d.answer))
	if got := d.screen(t, n.await("submit_sm"), number, true); strings.Contains(got, "1,150") {
		t.Errorf("the screen waited for the ledger: %q", got)
	}
	e := n.await("submit_sm")
	if e.ServiceType != "" || e.TLVs["ussd_service_op"] != nil || e.From != "51969" || e.To != number || !strings.Contains(e.Text, "Potato: Rs 1,150") {
		t.Errorf("after it comes %q, service_type %q, ussd_service_op %v", e.Text, e.ServiceType, e.TLVs["ussd_service_op"])
	}
	until(t, g, "the answer is delivered", func() bool { return delivered(t, g) == 1 })
}

// TestUSSD_Push: where the operator allows it, an answer that is late for its
// screen is shown on the handset; if the gateway refuses that, it comes as an
// SMS, whose delivery is known.
func TestUSSD_Push(t *testing.T) {
	t.Parallel()
	const number = "919700000029"
	for _, tt := range []struct {
		name   string
		args   []string
		metric string
	}{
		{"confirmed", nil, "setu_ussd_push_shown_total 1"},
		{"refused", []string{"--refuse_notify", "--receipts"}, "setu_ussd_push_refused_total 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			addr := gatewaytest.FreeAddress(t)
			_, port, err := net.SplitHostPort(addr)
			if err != nil {
				t.Fatal(err)
			}
			d, n := ussdDialects()[0], startNode(t, "smsc.js", append(tt.args, "--port", port)...)
			g := start(t, operatorLink(t, addr, "transceiver")+"    ussd: standard\n    ussd_push: true\nussd: {patience: 200ms}\n")
			n.await("bound")
			n.say(d.said(number, "*51969*PRICE POTATO#", d.begin))
			if got := d.screen(t, n.await("submit_sm"), number, false); !strings.Contains(got, "3 English") {
				t.Fatalf("first screen %q", got)
			}
			if out, err := g.Setu("sandbox", "slow", "--delay", "800ms"); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			n.say(d.said(number, "3", d.answer))
			d.screen(t, n.await("submit_sm"), number, true)
			command := "submit_sm"
			if tt.name == "refused" {
				command = "unnotified"
			}
			e := n.await(command)
			d.goesOn, d.wantOn = 3, nil // a USSN request, of no dialogue
			if got := d.screen(t, e, number, false); !strings.Contains(got, "Potato: Rs 1,150") || e.TLVs["its_session_info"] != nil {
				t.Errorf("notified with %q, its_session_info %v", got, e.TLVs["its_session_info"])
			}
			if tt.name == "refused" {
				e = n.await("submit_sm")
				if e.ServiceType != "" || e.TLVs["ussd_service_op"] != nil || e.From != "51969" || e.To != number || !strings.Contains(e.Text, "Potato: Rs 1,150") {
					t.Errorf("after it comes %q, service_type %q, ussd_service_op %v", e.Text, e.ServiceType, e.TLVs["ussd_service_op"])
				}
				until(t, g, "the SMS is delivered", func() bool { return delivered(t, g) == 1 })
			} else {
				n.say(d.said(number, "", 19)) // USSN confirm
			}
			until(t, g, tt.metric, func() bool { _, m := g.Get("/metrics"); return strings.Contains(m, tt.metric+"\n") })
			until(t, g, "nothing waits", func() bool {
				out, err := g.Setu("queue", "list")
				return err == nil && strings.Contains(out, "nothing waits")
			})
			for len(n.events) > 0 {
				if e := <-n.events; e.Event == "submit_sm" {
					t.Errorf("it is told twice: %q", e.Text)
				}
			}
		})
	}
}

// TestUSSD_PushStopped: who has written STOP is told nothing after her dialogue,
// on her handset no more than by SMS.
func TestUSSD_PushStopped(t *testing.T) {
	t.Parallel()
	const number = "919700000030"
	addr := gatewaytest.FreeAddress(t)
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	d, n := ussdDialects()[0], startNode(t, "smsc.js", "--port", port)
	g := start(t, operatorLink(t, addr, "transceiver")+"    ussd: standard\n    ussd_push: true\nussd: {patience: 200ms}\n")
	n.await("bound")
	n.say(said(t, number, "STOP", 1)...)
	n.await("submit_sm")
	if out, err := g.Setu("sandbox", "slow", "--delay", "800ms"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	n.say(d.said(number, "*51969*PRICE POTATO#", d.begin))
	if got := d.screen(t, n.await("submit_sm"), number, true); strings.Contains(got, "1,150") {
		t.Fatalf("the screen waited for the ledger: %q", got)
	}
	for quiet := time.After(2 * time.Second); ; { // more than twice the ledger's delay
		select {
		case e := <-n.events:
			if e.Event == "submit_sm" {
				t.Errorf("she is told %q", e.Text)
			}
			continue
		case <-quiet:
		}
		break
	}
}
