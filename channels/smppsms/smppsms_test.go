package smppsms_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"setu/channels"
	"setu/channels/smpp"
	"setu/channels/smppsms"
	"setu/channels/sms"
	"setu/gateway"
	"setu/gateway/sqlite"
)

// acceptor keeps what is accepted in the store, as a turn does, and fails on
// demand.
type acceptor struct {
	store *sqlite.Store
	mu    sync.Mutex
	got   []gateway.Inbound
	fail  error
}

func (a *acceptor) Accept(in gateway.Inbound, joined gateway.FragmentKey, done func(error)) {
	a.mu.Lock()
	fail := a.fail
	a.mu.Unlock()
	if fail != nil {
		done(fail)
		return
	}
	a.store.Commit(gateway.Commit{Accept: &in, Turned: true, Joined: joined}, func(c gateway.Committed, err error) {
		if err == nil && !c.Duplicate {
			a.mu.Lock()
			a.got = append(a.got, in)
			a.mu.Unlock()
		}
		done(err)
	})
}

func (a *acceptor) texts() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []string
	for _, in := range a.got {
		out = append(out, in.Text.Reveal())
	}
	return out
}

// house is a driver with one partner, and a peer bound as that partner.
type house struct {
	t        *testing.T
	store    *sqlite.Store
	acceptor *acceptor
	driver   *smppsms.Driver
	addr     string
	peer     *smpp.Client
	mu       sync.Mutex
	told     []smpp.ShortMessage
	answer   smpp.Status // to what the peer is told
}

func open(t *testing.T, dir string, change func(*smppsms.Config)) *house {
	t.Helper()
	h := &house{t: t}
	var err error
	if h.store, err = sqlite.Open(dir, sqlite.Options{Reserve: -1}); err != nil {
		t.Fatal(err)
	}
	h.acceptor = &acceptor{store: h.store}
	c := smppsms.Config{
		Acceptor: h.acceptor, Store: h.store, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Partners: []smppsms.Partner{{SystemID: "partner", Password: "secret", ShortCodes: []string{"51969"}}},
	}
	if change != nil {
		change(&c)
	}
	if h.driver, err = smppsms.New(c); err != nil {
		t.Fatal(err)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.addr = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.driver.Run(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := h.store.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// bind binds the peer.
func (h *house) bind(password string) error {
	h.t.Helper()
	return h.bindFor("", password, func(r *smpp.Request) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.told = append(h.told, r.Message)
		r.Respond(h.answer, "")
	})
}

// bindFor binds a peer that serves a number, or any.
func (h *house) bindFor(number, password string, handler func(*smpp.Request)) error {
	h.t.Helper()
	states := make(chan smpp.LinkState, 8)
	c, err := smpp.NewClient(smpp.ClientConfig{
		Name: "peer", Addr: h.addr, SystemID: "partner", Password: smpp.Secret(password),
		TON: 1, NPI: 1, Addresses: number,
		OnState:       func(s smpp.LinkState) { states <- s },
		SessionConfig: smpp.SessionConfig{Handler: handler},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = c.Run(ctx) }()
	h.t.Cleanup(func() { cancel(); <-ended })
	select {
	case s := <-states:
		h.peer = c
		return s.Err
	case <-time.After(20 * time.Second):
		h.t.Fatal("no bind")
		return nil
	}
}

// submit sends one message and gives the status of its answer.
func (h *house) submit(m smpp.ShortMessage) smpp.Status {
	h.t.Helper()
	answered := make(chan smpp.Status, 1)
	err := h.peer.Send(h.t.Context(), &m, func(r smpp.Resp, err error) {
		if err != nil {
			h.t.Error(err)
		}
		answered <- r.Status
	})
	if err != nil {
		h.t.Fatal(err)
	}
	select {
	case s := <-answered:
		return s
	case <-time.After(20 * time.Second):
		h.t.Fatal("no answer")
		return 0
	}
}

func (h *house) until(what string, ok func() bool) {
	h.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			h.t.Fatalf("never came: %s", what)
		}
		time.Sleep(2 * time.Millisecond) // the driver runs on its own goroutines
	}
}

func from(number string) smpp.ShortMessage {
	return smpp.ShortMessage{Source: smpp.Address{TON: 1, NPI: 1, Addr: number}, Dest: smpp.Address{Addr: "51969"}}
}

func text(number, s string) smpp.ShortMessage {
	m := from(number)
	c := sms.Choose(s)
	m.DataCoding = byte(c)
	m.Text, _ = sms.Encode(s, c) // in the alphabet that was chosen for it
	return m
}

// parts are the segments of a long message.
func parts(t *testing.T, number, s string, ref uint16, wide bool) []smpp.ShortMessage {
	t.Helper()
	c := sms.Choose(s)
	segments, err := sms.Split(s, c, ref, wide)
	if err != nil {
		t.Fatal(err)
	}
	var out []smpp.ShortMessage
	for _, seg := range segments {
		m := from(number)
		m.DataCoding, m.ESMClass = byte(c), smpp.ESMHeaderIndicator
		m.Text = append(slices.Clone(seg.UDH), seg.Body...)
		out = append(out, m)
	}
	return out
}

func TestDriver_Addresses(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), nil)
	if err := h.bind("secret"); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, from, to string
		ton            byte
		want           smpp.Status
	}{
		{"international", "919830000001", "51969", 1, smpp.ROK},
		{"with plus", "+919830000002", "51969", 1, smpp.ROK},
		{"national", "9830000003", "51969", 2, smpp.ROK},
		{"alphanumeric", "BANK", "51969", 5, smpp.RInvSrcAdr},
		{"none", "", "51969", 0, smpp.RInvSrcAdr},
		{"another short code", "919830000001", "12345", 1, smpp.RInvDstAdr},
	} {
		m := text(tt.from, tt.name)
		m.Source.TON, m.Dest.Addr = tt.ton, tt.to
		if got := h.submit(m); got != tt.want {
			t.Errorf("%s: status %v, want %v", tt.name, got, tt.want)
		}
	}
	for i, in := range h.acceptor.got {
		if want := fmt.Sprintf("+91983000000%d", i+1); in.From.Reveal() != want {
			t.Errorf("sender %d is not in E.164", i)
		}
	}
}

// TestDriver_AccountsForMessages: a partner that asks for a delivery receipt gets
// it, with the identifier that it was answered with.
func TestDriver_AccountsForMessages(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), nil)
	if err := h.bind("secret"); err != nil {
		t.Fatal(err)
	}
	answered := make(chan string, 2)
	for _, wanted := range []byte{0, 1} {
		m := text("919830000001", "HELP")
		m.RegisteredDelivery = wanted
		if err := h.peer.Send(t.Context(), &m, func(r smpp.Resp, _ error) { answered <- r.MessageID }); err != nil {
			t.Fatal(err)
		}
	}
	<-answered
	id := <-answered
	h.until("receipt", func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return len(h.told) > 0
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	rc, err := smpp.ParseReceipt(&h.told[0])
	if len(h.told) != 1 || err != nil || !h.told[0].IsReceipt() || rc.ID != id || rc.State != smpp.Delivered {
		t.Errorf("%d receipts, first %v for %q, %v; want one, delivered, for %q", len(h.told), rc.State, rc.ID, err, id)
	}
}

func TestDriver_Texts(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), nil)
	if err := h.bind("secret"); err != nil {
		t.Fatal(err)
	}
	odd, garbage, strange, headed := text("919830000001", "ভাতা"), from("919830000001"), from("919830000001"), from("919830000001")
	odd.Text = odd.Text[:5]
	garbage.DataCoding, garbage.Text = 8, []byte{0xd8, 0x00, 0xff}
	strange.DataCoding, strange.Text = 13, []byte("JIS")
	headed.ESMClass, headed.Text = smpp.ESMHeaderIndicator, []byte("hi")
	long := strings.Repeat("আমার ধানের টাকা আসেনি। ", 12)
	for _, tt := range []struct {
		name        string
		m           smpp.ShortMessage
		want        string
		undecodable bool
	}{
		{name: "Bengali", m: text("919830000001", "ভাতা ১০০০০০০০০১"), want: "ভাতা ১০০০০০০০০১"},
		{name: "English", m: text("919830000001", "HELP"), want: "HELP"},
		{name: "empty", m: from("919830000001"), want: ""},
		{name: "odd octets", m: odd, undecodable: true},
		{name: "lone surrogate", m: garbage, undecodable: true},
		{name: "unknown alphabet", m: strange, undecodable: true},
		{name: "header that is none", m: headed, want: "hi"},
		{name: "long, in message_payload", m: text("919830000001", long), want: long},
	} {
		if got := h.submit(tt.m); got != smpp.ROK {
			t.Fatalf("%s: status %v, want accepted", tt.name, got)
		}
		in := h.acceptor.got[len(h.acceptor.got)-1]
		if in.Undecodable != tt.undecodable || tt.want != "" && in.Text.Reveal() != tt.want {
			t.Errorf("%s: text %q, undecodable %v; want %q, %v", tt.name, in.Text.Reveal(), in.Undecodable, tt.want, tt.undecodable)
		}
	}
}

func TestDriver_StoreRefuses(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), nil)
	if err := h.bind("secret"); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		fail error
		want smpp.Status
	}{{gateway.ErrFull, smpp.RMsgQFul}, {errors.New("busy"), smpp.RThrottled}, {nil, smpp.ROK}} {
		h.acceptor.mu.Lock()
		h.acceptor.fail = tt.fail
		h.acceptor.mu.Unlock()
		if got := h.submit(text("919830000001", "HELP")); got != tt.want {
			t.Errorf("with %v: status %v, want %v", tt.fail, got, tt.want)
		}
	}
}

// TestDriver_LongMessages: parts of two citizens with one reference, in any
// order, with doubles, and with a restart in between.
func TestDriver_LongMessages(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	long := map[string]string{
		"919830000001": strings.Repeat("আমার ধানের টাকা আসেনি। ", 12),
		"919830000002": strings.Repeat("मेरा भुगतान नहीं आया। ", 12),
		"919830000003": strings.Repeat("My payment has not come. ", 20),
	}
	var sent []smpp.ShortMessage
	for number, s := range long {
		ps := parts(t, number, s, 7, number == "919830000003")
		slices.Reverse(ps)
		sent = append(sent, ps...)
		sent = append(sent, ps[0]) // redelivered
	}
	half := len(sent) / 2
	t.Run("first process", func(t *testing.T) {
		h := open(t, dir, nil)
		if err := h.bind("secret"); err != nil {
			t.Fatal(err)
		}
		for _, m := range sent[:half] {
			if got := h.submit(m); got != smpp.ROK {
				t.Fatalf("part: status %v", got)
			}
		}
		for _, in := range h.acceptor.got {
			delete(long, strings.TrimPrefix(in.From.Reveal(), "+"))
		}
	})
	h := open(t, dir, nil)
	if err := h.bind("secret"); err != nil {
		t.Fatal(err)
	}
	for _, m := range sent[half:] {
		if got := h.submit(m); got != smpp.ROK {
			t.Fatalf("part: status %v", got)
		}
	}
	h.until("all joined", func() bool { return len(h.acceptor.texts()) >= len(long) })
	for _, in := range h.acceptor.got {
		if want := long[strings.TrimPrefix(in.From.Reveal(), "+")]; in.Text.Reveal() != want {
			t.Errorf("joined %q, want %q", in.Text.Reveal(), want)
		}
	}
}

func TestDriver_PartsThatNeverCome(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	t.Run("first process", func(t *testing.T) {
		h := open(t, dir, nil)
		if err := h.bind("secret"); err != nil {
			t.Fatal(err)
		}
		ps := parts(t, "919830000001", strings.Repeat("ভাতা ", 60), 9, false)
		if got := h.submit(ps[1]); got != smpp.ROK {
			t.Fatalf("part: status %v", got)
		}
	})
	h := open(t, dir, func(c *smppsms.Config) { c.PartLife = time.Nanosecond })
	h.until("taken as it is", func() bool { return len(h.acceptor.texts()) == 1 })
	if in := h.acceptor.got[0]; !in.Incomplete || !strings.Contains(in.Text.Reveal(), "ভাতা") {
		t.Errorf("incomplete = %v, want what came, marked", in.Incomplete)
	}
}

func TestDriver_SegmentationTLVs(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), nil)
	if err := h.bind("secret"); err != nil {
		t.Fatal(err)
	}
	for seq, body := range []string{"first ", "second"} {
		m := text("919830000001", body)
		m.TLVs = smpp.TLVs{
			{Tag: smpp.TagSARMsgRefNum, Value: []byte{0, 5}},
			{Tag: smpp.TagSARTotalSegments, Value: []byte{2}},
			{Tag: smpp.TagSARSegmentSeqnum, Value: []byte{byte(seq + 1)}},
		}
		if got := h.submit(m); got != smpp.ROK {
			t.Fatalf("part: status %v", got)
		}
	}
	h.until("joined", func() bool { return slices.Equal(h.acceptor.texts(), []string{"first second"}) })
}

// TestDriver_PartThatIsNone: what no phone sends is refused, since it would be
// missing from its message.
func TestDriver_PartThatIsNone(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), nil)
	if err := h.bind("secret"); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		octets int
		want   smpp.Status
	}{{sms.MaxPartOctets, smpp.ROK}, {sms.MaxPartOctets + 1, smpp.RInvMsgLen}} {
		m := text("919830000001", strings.Repeat("x", tt.octets))
		m.TLVs = smpp.TLVs{
			{Tag: smpp.TagSARMsgRefNum, Value: []byte{0, 5}},
			{Tag: smpp.TagSARTotalSegments, Value: []byte{2}},
			{Tag: smpp.TagSARSegmentSeqnum, Value: []byte{1}},
		}
		if got := h.submit(m); got != tt.want {
			t.Errorf("part of %d octets: status %v, want %v", tt.octets, got, tt.want)
		}
	}
}

func TestDriver_Sends(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), nil)
	to := gateway.Route{Medium: gateway.SMS, Link: "partner", Citizen: "+919830000001", Code: "51969"}
	out := h.driver.Senders()["partner"]
	done := make(chan error, 1)
	send := func(s string) error {
		return out.Send(t.Context(), to, gateway.SMSOut{Text: gateway.Private(s)}, func(_ string, err error) { done <- err })
	}
	if err := send("nobody there"); !errors.Is(err, channels.ErrLinkDown) {
		t.Errorf("Send without a bind = %v, want ErrLinkDown", err)
	}
	if err := h.bind("secret"); err != nil {
		t.Fatal(err)
	}
	h.until("up", func() bool { return h.driver.Up()["partner"] })
	long := strings.Repeat("আপনার ভাতা পাঠানো হয়েছে। ", 8)
	for _, tt := range []struct {
		answer smpp.Status
		want   error
	}{
		{smpp.ROK, nil}, {smpp.RThrottled, channels.ErrThrottled}, {smpp.RInvDstAdr, channels.ErrRefused},
	} {
		h.mu.Lock()
		h.answer, h.told = tt.answer, nil
		h.mu.Unlock()
		if err := send(long); err != nil {
			t.Fatal(err)
		}
		if err := <-done; !errors.Is(err, tt.want) {
			t.Errorf("operator says %v: %v, want %v", tt.answer, err, tt.want)
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	var ps []sms.Part
	for _, m := range h.told {
		if m.Dest.Addr != "919830000001" || m.Source.Addr != "51969" {
			t.Errorf("addresses are not those of the route")
		}
		head, body, err := sms.ParseUDH(m.Text)
		if err != nil {
			t.Fatal(err)
		}
		ps = append(ps, sms.Part{Seq: head.Concat.Seq, Coding: sms.Coding(m.DataCoding), Body: body})
	}
	if j := sms.Join(uint8(len(ps)), ps); j.Text != long || len(ps) < 2 { //nolint:gosec // a few parts
		t.Errorf("%d segments say %q, want %q", len(ps), j.Text, long)
	}
}

// TestDriver_AnswersGoToTheBindThatServesTheNumber: two handsets are bound as one
// partner.
func TestDriver_AnswersGoToTheBindThatServesTheNumber(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), nil)
	numbers := []string{"919830000001", "919830000002"}
	got := make(chan string, 40)
	for _, own := range numbers {
		err := h.bindFor(own, "secret", func(r *smpp.Request) {
			got <- own + " got " + r.Message.Dest.Addr
			r.Respond(smpp.ROK, "")
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	out := h.driver.Senders()["partner"]
	send := func(number string) string {
		to := gateway.Route{Link: "partner", Citizen: gateway.Address("+" + number), Code: "51969"}
		h.until("sent", func() bool {
			return out.Send(t.Context(), to, gateway.SMSOut{Text: "x"}, func(string, error) {}) == nil
		})
		return <-got
	}
	for _, number := range numbers { // a bind is of use a moment after it is answered
		h.until("up", func() bool { return send(number) == number+" got "+number })
	}
	for i := range 20 {
		number := numbers[i%2]
		if g, want := send(number), number+" got "+number; g != want {
			t.Errorf("%s, want %s", g, want)
		}
	}
}

func TestDriver_WrongPassword(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), nil)
	var refused *smpp.BindError
	if err := h.bind("wrong"); !errors.As(err, &refused) || refused.Status != smpp.RInvPaswd {
		t.Errorf("bind with a wrong password = %v, want ESME_RINVPASWD", err)
	}
}

func TestDriver_AllowedAddresses(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), func(c *smppsms.Config) {
		c.Partners[0].Allow = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	})
	if err := h.bind("secret"); err == nil {
		t.Error("bind from an address that is not allowed succeeded")
	}
}

func TestNew_NamesAreTold(t *testing.T) {
	t.Parallel()
	_, err := smppsms.New(smppsms.Config{
		Partners: []smppsms.Partner{{SystemID: "a", Password: "p"}, {SystemID: "a", Password: "p"}},
	})
	if err == nil {
		t.Error("two partners of one name were taken")
	}
}
