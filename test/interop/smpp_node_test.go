package interop_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"setu/channels/smpp"
)

const patience = 20 * time.Second

// event is a line that a node peer prints.
type event struct {
	Event       string         `json:"event"`
	Port        int            `json:"port"`
	Command     string         `json:"command"`
	Status      smpp.Status    `json:"status"`
	MessageID   string         `json:"message_id"`
	From        string         `json:"from"`
	To          string         `json:"to"`
	Text        string         `json:"text"`
	Hex         string         `json:"hex"`
	UDH         []string       `json:"udh"`
	ServiceType string         `json:"service_type"`
	ESMClass    byte           `json:"esm_class"`
	DataCoding  byte           `json:"data_coding"`
	SystemID    string         `json:"system_id"`
	Ref         any            `json:"ref"`
	Message     string         `json:"message"`
	TLVs        map[string]any `json:"tlvs"`
	Bind        string         `json:"bind"`

	// Of ussdmenu.js.
	Session string `json:"session"`
	Number  string `json:"number"`
	Code    string `json:"code"`
	Last    string `json:"last"`
}

// node is a running peer script.
type node struct {
	t      *testing.T
	in     io.WriteCloser
	events chan event
}

// installed makes sure, once, that the npm packages are there.
var installed = sync.OnceValue(func() error {
	missing := false
	for _, name := range []string{"smpp", "ussd-menu-builder", "playwright-core", "axe-core", "twilio", "fast-xml-parser"} {
		_, err := os.Stat("node_modules/" + name)
		missing = missing || err != nil
	}
	if !missing {
		return nil
	}
	if out, err := exec.Command("./setup").CombinedOutput(); err != nil {
		return fmt.Errorf("test/interop/setup: %w: %s", err, out)
	}
	return nil
})

// startNode runs a peer script until the test ends.
func startNode(t *testing.T, script string, args ...string) *node {
	t.Helper()
	if err := installed(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", append([]string{script}, args...)...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	n := &node{t: t, in: in, events: make(chan event, 10_000)}
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer close(n.events)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var e event
			if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
				t.Errorf("%s printed %q: %v", script, lines.Text(), err)
				return
			}
			n.events <- e
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended by itself
		<-read
		_ = cmd.Wait() // killed
	})
	return n
}

// say writes messages to the script, one JSON object a line.
func (n *node) say(messages ...map[string]any) {
	n.t.Helper()
	for _, m := range messages {
		if err := json.NewEncoder(n.in).Encode(m); err != nil {
			n.t.Fatal(err)
		}
	}
}

// await gives the next event of this name.
func (n *node) await(name string) event {
	n.t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		select {
		case e, ok := <-n.events:
			if !ok {
				n.t.Fatalf("peer ended before %q", name)
			}
			if e.Event == "error" {
				n.t.Fatalf("peer: %s", e.Message)
			}
			if e.Event == name {
				return e
			}
		case <-timer.C:
			n.t.Fatalf("no event %q", name)
		}
	}
}

// run starts a part of ours until the test ends.
func run(t *testing.T, f func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = f(ctx) }) // ends with the context's error
	t.Cleanup(func() { cancel(); wg.Wait() })
}

// serve starts a server of ours with the partner sandbox / sandbox.
func serve(t *testing.T, cfg smpp.ServerConfig) net.Addr {
	t.Helper()
	cfg.SystemID = "setu"
	cfg.Authenticate = func(_ context.Context, r smpp.BindRequest) (smpp.Partner, smpp.Status) {
		if r.SystemID != "sandbox" || !r.Password.Equal("sandbox") {
			return smpp.Partner{}, smpp.RInvPaswd
		}
		return smpp.Partner{}, smpp.ROK
	}
	sv, err := smpp.NewServer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	run(t, func(ctx context.Context) error { return sv.Serve(ctx, l) })
	return l.Addr()
}

func port(a net.Addr) string { return fmt.Sprint(a.(*net.TCPAddr).Port) }

func utf16be(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u>>8), byte(u))
	}
	return b
}

func receive[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

// texts are sent both ways through each peer.
var texts = []struct {
	name   string
	text   string
	octets []byte
	coding byte
}{
	{"ASCII", "BHATA 1000000001", []byte("BHATA 1000000001"), 0},
	{"Bengali", "ভাতা ১০০০০০০০০১", utf16be("ভাতা ১০০০০০০০০১"), 8},
	{"Hindi", "भत्ता", utf16be("भत्ता"), 8},
	{"emoji", "ধন্যবাদ 🙏", utf16be("ধন্যবাদ 🙏"), 8},
	{"message_payload", strings.Repeat("ভাতা ", 60), utf16be(strings.Repeat("ভাতা ", 60)), 8},
}

// TestNodeESME: a partner with the npm package binds to our server, submits, and is
// delivered to.
func TestNodeESME(t *testing.T) {
	t.Parallel()
	requests := make(chan *smpp.Request, 100)
	bound := make(chan *smpp.Session, 1)
	closed := make(chan error, 1)
	addr := serve(t, smpp.ServerConfig{
		OnBound:  func(s *smpp.Session) { bound <- s },
		OnClosed: func(_ *smpp.Session, err error) { closed <- err },
		SessionConfig: smpp.SessionConfig{Handler: func(r *smpp.Request) {
			r.Respond(smpp.ROK, "id-"+fmt.Sprint(r.Seq))
			requests <- r
		}},
	})
	n := startNode(t, "esme.js", "--port", port(addr), "--refuse", "1", "--wait", fmt.Sprint(len(texts)))
	if e := n.await("bound"); e.SystemID != "setu" {
		t.Errorf("peer bound to %q, want setu", e.SystemID)
	}
	s := receive(t, bound)
	type answer struct {
		resp smpp.Resp
		err  error
	}
	for _, tt := range texts {
		n.say(map[string]any{"from": "919800000001", "to": "51969", "text": tt.text, "data_coding": tt.coding, "payload": len(tt.octets) > 140})
		r := receive(t, requests)
		if diff := cmp.Diff(tt.octets, r.Message.Text); diff != "" || r.Message.DataCoding != tt.coding ||
			r.Message.Source.Addr != "919800000001" || r.Message.Dest.Addr != "51969" {
			t.Errorf("%s: submitted %v (-want +got):\n%s", tt.name, r.Message.DataCoding, diff)
		}
		if e := n.await("response"); e.Status != smpp.ROK || e.MessageID != "id-"+fmt.Sprint(r.Seq) {
			t.Errorf("%s: response %+v", tt.name, e)
		}
	}
	m := &smpp.ShortMessage{Source: smpp.Address{Addr: "51969"}, Dest: smpp.Address{TON: 1, NPI: 1, Addr: "919800000001"}}
	m.Text = []byte("refused once")
	answers := make(chan answer, 1)
	send := func() answer {
		if err := s.Send(t.Context(), m, func(r smpp.Resp, err error) { answers <- answer{r, err} }); err != nil {
			t.Fatal(err)
		}
		return receive(t, answers)
	}
	if a := send(); a.err != nil || a.resp.Status != smpp.RXTAppn {
		t.Errorf("first delivery = %+v, want ESME_RX_T_APPN", a)
	}
	for i, tt := range texts {
		if i == len(texts)-1 {
			if err := n.in.Close(); err != nil { // it unbinds after the last delivery
				t.Fatal(err)
			}
		}
		m.Text, m.DataCoding = tt.octets, tt.coding
		if a := send(); a.err != nil || a.resp.Status != smpp.ROK {
			t.Errorf("%s: delivery = %+v", tt.name, a)
		}
		if e := n.await("deliver_sm"); e.Text != tt.text || e.From != "51969" || e.To != "919800000001" {
			t.Errorf("%s: delivered %+v", tt.name, e)
		}
	}
	n.await("unbound")
	if err := receive(t, closed); err == nil || err.Error() != smpp.ErrUnbound.Error() {
		t.Errorf("session ended with %v, want ErrUnbound", err)
	}
}

func TestNodeESME_WrongPassword(t *testing.T) {
	t.Parallel()
	addr := serve(t, smpp.ServerConfig{SessionConfig: smpp.SessionConfig{Handler: func(*smpp.Request) {}}})
	n := startNode(t, "esme.js", "--port", port(addr), "--password", "guess")
	if e := n.await("refused"); e.Status != smpp.RInvPaswd {
		t.Errorf("refused with %v, want ESME_RINVPASWD", e.Status)
	}
	n.await("closed")
}

// link binds a client of ours to a node SMSC.
func link(t *testing.T, n *node, cfg smpp.ClientConfig) (*smpp.Client, chan smpp.LinkState) {
	t.Helper()
	states := make(chan smpp.LinkState, 100)
	cfg.Name, cfg.Addr = "node", fmt.Sprintf("127.0.0.1:%d", n.await("listening").Port)
	cfg.SystemID, cfg.OnState = "setu", func(s smpp.LinkState) { states <- s }
	if cfg.Password == "" {
		cfg.Password = "secret"
	}
	c, err := smpp.NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	run(t, c.Run)
	return c, states
}

// TestNodeSMSC: we bind to an operator's SMSC by the npm package, are delivered to,
// submit, are throttled, get receipts, and query.
func TestNodeSMSC(t *testing.T) {
	t.Parallel()
	requests := make(chan *smpp.Request, 100)
	n := startNode(t, "smsc.js", "--receipts", "--throttle", "1")
	c, states := link(t, n, smpp.ClientConfig{SessionConfig: smpp.SessionConfig{Handler: func(r *smpp.Request) {
		r.Respond(smpp.ROK, "")
		requests <- r
	}}})
	if s := receive(t, states); s.Session == nil || s.Session.Peer() != "smsc.js" {
		t.Fatalf("state = %+v, want bound to smsc.js", s)
	}
	n.await("bound")
	for _, tt := range texts {
		n.say(map[string]any{"from": "919800000001", "to": "51969", "text": tt.text, "data_coding": tt.coding, "payload": len(tt.octets) > 140})
		r := receive(t, requests)
		if diff := cmp.Diff(tt.octets, r.Message.Text); diff != "" || r.Message.DataCoding != tt.coding {
			t.Errorf("%s: delivered %v (-want +got):\n%s", tt.name, r.Message.DataCoding, diff)
		}
		if e := n.await("response"); e.Status != smpp.ROK || e.Command != "deliver_sm_resp" {
			t.Errorf("%s: response %+v", tt.name, e)
		}
	}
	resps := make(chan smpp.Resp, 1)
	done := func(r smpp.Resp, err error) {
		if err != nil {
			t.Errorf("done: %v", err)
		}
		resps <- r
	}
	m := &smpp.ShortMessage{
		Source: smpp.Address{TON: 5, Addr: "WBGOVT"}, Dest: smpp.Address{TON: 1, NPI: 1, Addr: "919800000001"}, RegisteredDelivery: 1,
		TLVs: smpp.TLVs{{Tag: smpp.TagDLTEntityID, Value: []byte("1701158019811140068")}, {Tag: smpp.TagUserMessageRef, Value: []byte{0, 7}}},
	}
	m.Text = []byte("throttled once")
	if err := c.Send(t.Context(), m, done); err != nil {
		t.Fatal(err)
	}
	if r := receive(t, resps); r.Status != smpp.RThrottled || c.Rate() == 0 {
		t.Errorf("first answer = %+v at rate %v, want ESME_RTHROTTLED and a slower link", r, c.Rate())
	}
	for _, tt := range texts {
		m.Text, m.DataCoding = tt.octets, tt.coding
		if err := c.Send(t.Context(), m, done); err != nil {
			t.Fatal(err)
		}
		r := receive(t, resps)
		e := n.await("submit_sm")
		if r.Status != smpp.ROK || r.MessageID != e.MessageID || e.Text != tt.text || e.From != "WBGOVT" || e.To != "919800000001" {
			t.Errorf("%s: answer %+v, peer got %+v", tt.name, r, e)
		}
		if e.TLVs["0x1400"] != "31373031313538303139383131313430303638" || e.TLVs["user_message_reference"] != 7.0 {
			t.Errorf("%s: peer got TLVs %v", tt.name, e.TLVs)
		}
		receipt := receive(t, requests)
		got, err := smpp.ParseReceipt(&receipt.Message)
		if err != nil || got.State != smpp.Delivered || got.ID != r.MessageID || !receipt.Message.IsReceipt() {
			t.Errorf("%s: receipt %v of %q, %v, want DELIVRD of %q", tt.name, got, got.ID, err, r.MessageID)
		}
		n.await("response")
	}
	if err := c.Query(t.Context(), smpp.Query{MessageID: "00000001", Source: m.Source}, done); err != nil {
		t.Fatal(err)
	}
	if r := receive(t, resps); r.Query.State != smpp.Delivered || r.MessageID != "00000001" {
		t.Errorf("query = %+v, want DELIVRD", r)
	}
}

func TestNodeSMSC_WrongPassword(t *testing.T) {
	t.Parallel()
	n := startNode(t, "smsc.js")
	_, states := link(t, n, smpp.ClientConfig{Password: "guess", SessionConfig: smpp.SessionConfig{Handler: func(*smpp.Request) {}}})
	s := receive(t, states)
	if want := "ESME_RINVPASWD"; s.Err == nil || !strings.Contains(s.Err.Error(), want) || s.Retry < time.Minute {
		t.Errorf("state = %+v, want %s and a slow retry", s, want)
	}
}

// TestNodeSMSC_Volume: many messages at once, both ways, none lost or mixed.
func TestNodeSMSC_Volume(t *testing.T) {
	t.Parallel()
	const total = 2000
	received := make(chan string, total)
	n := startNode(t, "smsc.js")
	c, states := link(t, n, smpp.ClientConfig{SessionConfig: smpp.SessionConfig{Handler: func(r *smpp.Request) {
		r.Respond(smpp.ROK, "")
		received <- string(r.Message.Text)
	}}})
	receive(t, states)
	n.await("bound")
	ids := make(chan string, total)
	go func() {
		for i := range total {
			m := &smpp.ShortMessage{Dest: smpp.Address{Addr: "919800000001"}, Text: fmt.Appendf(nil, "out %d", i)}
			if err := c.Send(t.Context(), m, func(r smpp.Resp, err error) { ids <- r.MessageID }); err != nil {
				t.Errorf("Send: %v", err)
				return
			}
		}
	}()
	for i := range total {
		n.say(map[string]any{"from": "919800000001", "to": "51969", "text": fmt.Sprintf("in %d", i), "data_coding": 0})
	}
	in, out, id := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for range total {
		in[receive(t, received)] = true
		out[n.await("submit_sm").Text] = true
		id[receive(t, ids)] = true
	}
	if len(in) != total || len(out) != total || len(id) != total {
		t.Errorf("%d different messages in, %d out, %d ids, want %d each", len(in), len(out), len(id), total)
	}
}
