package handset_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/i18n"
	"setu/ivr"
	"setu/ivr/conductor"
	"setu/ivr/speech"
	"setu/ivr/voice"
	"setu/mobileapi/handset"
)

const (
	number  = gateway.Address("+919830000001")
	another = gateway.Address("+919830000002")
)

// table is a desk on a server, with what is behind it.
type table struct {
	t    *testing.T
	app  *fiber.App
	desk *handset.Desk

	mu   sync.Mutex
	now  time.Time
	got  []gateway.Inbound // of messages and of calls
	full error             // why messages are not accepted
}

// Accept takes a message.
func (b *table) Accept(in gateway.Inbound, _ gateway.FragmentKey, done func(error)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.full == nil {
		b.got = append(b.got, in)
	}
	done(b.full)
}

// Handle answers on a call: a question first, and then the end.
func (b *table) Handle(_ context.Context, in gateway.Inbound) (gateway.Reply, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got = append(b.got, in)
	f := i18n.Format{Lang: i18n.English}
	if in.Text != "" {
		return gateway.Reply{Format: f, End: true, Parts: []gateway.Part{{Text: "later"}}}, nil
	}
	return gateway.Reply{Format: f, Expect: "digits", Parts: []gateway.Part{{Service: "benefit", Text: "card"}}}, nil
}

// Clips is a moment of silence for all that is said.
func (b *table) Clips(context.Context, []speech.Sentence) ([]voice.Clip, error) {
	return []voice.Clip{voice.Silence(20 * time.Millisecond)}, nil
}

func (b *table) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *table) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

var loadWords = sync.OnceValues(func() (*catalogue.Catalogue, error) {
	return catalogue.Load(catalogue.Limits{gateway.IVR: ivr.Texts()}, catalogue.Embedded())
})

func lay(t *testing.T) *table {
	t.Helper()
	words, err := loadWords()
	if err != nil {
		t.Fatal(err)
	}
	b := &table{t: t, app: fiber.New(), now: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)}
	log := slog.New(slog.DiscardHandler)
	b.desk = handset.New(handset.Config{
		Acceptor: b, Code: "51969", Log: log, Now: b.clock, Board: new(conductor.Board),
		Conductor: conductor.New(conductor.Config{Handler: b, Words: words, Voice: b, Log: log, Now: b.clock}),
	})
	b.desk.Mount(b.app)
	t.Cleanup(b.desk.Close)
	return b
}

// ask sends a request and reads its answer into out, if there is one.
func (b *table) ask(method, path, body string, out any) (status int) {
	b.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	resp, err := b.app.Test(r, 60_000)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = resp.Body.Close() }()
	octets, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if out != nil {
		if err := json.Unmarshal(octets, out); err != nil {
			b.t.Fatalf("%s %s = %d %q: %v", method, path, resp.StatusCode, octets, err)
		}
	}
	return resp.StatusCode
}

func (b *table) send(to gateway.Address, text string) {
	b.t.Helper()
	sent := ""
	err := b.desk.Send(b.t.Context(), gateway.Route{Citizen: to}, gateway.SMSOut{Text: gateway.Private(text)}, func(id string, err error) {
		if err == nil {
			sent = id
		}
	})
	if err != nil || sent == "" {
		b.t.Fatalf("Send() = %v, identifier %q", err, sent)
	}
}

type message struct {
	ID   int64
	Text string
}

func (b *table) read(of gateway.Address, after int64) (list []message) {
	b.t.Helper()
	path := fmt.Sprintf("/try/sms?number=%s&after=%d", strings.TrimPrefix(of.Reveal(), "+"), after)
	if status := b.ask("GET", path, "", &list); status != 200 {
		b.t.Fatalf("GET %s = %d", path, status)
	}
	return list
}

func TestSMS_Write(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, body string
		full       error
		want       int
	}{
		{"a message", `{"number":"+919830000001","text":"HELP"}`, nil, 202},
		{"a disk that is full", `{"number":"+919830000001","text":"HELP"}`, errors.New("full"), 503},
		{"another country", `{"number":"+8801712345678","text":"HELP"}`, nil, 400},
		{"no number", `{"text":"HELP"}`, nil, 400},
		{"no text", `{"number":"+919830000001"}`, nil, 400},
		{"too long", `{"number":"+919830000001","text":"` + strings.Repeat("x", 4001) + `"}`, nil, 400},
		{"no JSON", `HELP`, nil, 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := lay(t)
			b.full = tt.full
			if status := b.ask("POST", "/try/sms", tt.body, nil); status != tt.want {
				t.Errorf("POST /try/sms = %d, want %d", status, tt.want)
			}
			if accepted := len(b.got) == 1; accepted != (tt.want == 202) {
				t.Errorf("%d messages were accepted", len(b.got))
			}
			if len(b.got) == 1 && (b.got[0].From != number || b.got[0].Text != "HELP" || b.got[0].Medium != gateway.SMS || b.got[0].Key == "") {
				t.Errorf("accepted %+v", b.got[0])
			}
		})
	}
}

// TestSMS_Read: a page reads what came after what it has, and is woken by more.
func TestSMS_Read(t *testing.T) {
	t.Parallel()
	b := lay(t)
	b.send(number, "one")
	b.send(another, "not hers")
	b.send(number, "two")
	if got := b.read(number, 1); len(got) != 1 || got[0] != (message{2, "two"}) {
		t.Errorf("after the first: %v", got)
	}
	if got := b.read(number, 99); len(got) != 2 { // the page is older than the gateway
		t.Errorf("after one that there is not: %v", got)
	}
	woken := make(chan []message, 1)
	go func() { woken <- b.read(number, 2) }()
	b.send(number, "three")
	if got := <-woken; len(got) != 1 || got[0].Text != "three" {
		t.Errorf("woken by %v", got)
	}
	for i := range 60 {
		b.send(number, fmt.Sprint(i))
	}
	if got := b.read(number, 0); len(got) != 50 || got[49].Text != "59" || got[49].ID != 63 {
		t.Errorf("%d messages are kept, the last of them %v", len(got), got[len(got)-1])
	}
	if status := b.ask("GET", "/try/sms?number=123", "", nil); status != 400 {
		t.Errorf("a number that is none = %d", status)
	}
}

// TestHas: a handset is there while its page asks, and the oldest makes room.
func TestHas(t *testing.T) {
	t.Parallel()
	b := lay(t)
	if b.desk.Has(number) {
		t.Error("a handset that nobody has opened is there")
	}
	b.send(number, "x")
	b.read(number, 0)
	if !b.desk.Has(number) {
		t.Error("a handset whose page has just asked is not there")
	}
	b.pass(time.Minute)
	if b.desk.Has(number) {
		t.Error("a handset whose page is gone is there")
	}
	for i := range 200 {
		other := gateway.Address(fmt.Sprintf("+91983000%04d", 1000+i))
		b.send(other, "x")
		b.read(other, 0)
	}
	b.send(number, "y")
	if got := b.read(number, 0); len(got) != 1 || got[0].Text != "y" {
		t.Errorf("the oldest of 201 handsets still has %v", got)
	}
}

type event struct {
	Seq            int
	Say, Play, End string
	Stop           bool
}

// hear follows a call until what is wanted happens.
func (b *table) hear(id string, after int, want func(event) bool) event {
	b.t.Helper()
	for range 50 {
		var list []event
		b.ask("GET", fmt.Sprintf("/try/call/%s?after=%d", id, after), "", &list)
		for _, e := range list {
			if after = e.Seq; want(e) {
				return e
			}
			if e.End != "" {
				b.t.Fatalf("the call ended: %s", e.End)
			}
		}
	}
	b.t.Fatal("the call goes on without it")
	return event{}
}

func (b *table) call() string {
	b.t.Helper()
	var placed struct{ ID string }
	if status := b.ask("POST", "/try/call", `{"number":"+919830000001"}`, &placed); status != 201 {
		b.t.Fatalf("POST /try/call = %d", status)
	}
	return placed.ID
}

// TestCall: what is said is heard and can be read, keys are heard, and the end is
// told.
func TestCall(t *testing.T) {
	t.Parallel()
	b := lay(t)
	id := b.call()
	played := b.hear(id, 0, func(e event) bool { return e.Play != "" })
	resp, err := b.app.Test(httptest.NewRequest("GET", "/try/call/"+id+"/"+played.Play, nil))
	if err != nil {
		t.Fatal(err)
	}
	wav, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 || !strings.HasPrefix(string(wav), "RIFF") {
		t.Errorf("the sound = %d, %.8q, %v", resp.StatusCode, wav, err)
	}
	_ = resp.Body.Close()
	for _, part := range []string{"0.wav", "99.wav", "x.wav"} {
		if status := b.ask("GET", "/try/call/"+id+"/"+part, "", nil); status != 404 {
			t.Errorf("the sound %s = %d", part, status)
		}
	}
	if said := b.hear(id, 0, func(e event) bool { return e.Say != "" }); !strings.Contains(said.Say, "number") {
		t.Errorf("said %q", said.Say)
	}
	if status := b.ask("POST", "/try/call/"+id, `{"keys":"1000000001#1"}`, nil); status != 204 {
		t.Errorf("keys = %d", status)
	}
	if end := b.hear(id, 0, func(e event) bool { return e.End != "" }); end.End != string(conductor.Completed) {
		t.Errorf("the call ended %q", end.End)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if last := b.got[len(b.got)-1]; last.From != number || last.To != "51969" {
		t.Errorf("the call was of %v to %v", last.From, last.To)
	}
}

func TestCall_HangUp(t *testing.T) {
	t.Parallel()
	b := lay(t)
	id := b.call()
	b.hear(id, 0, func(e event) bool { return e.Play != "" })
	if status := b.ask("DELETE", "/try/call/"+id, "", nil); status != 204 {
		t.Errorf("hang up = %d", status)
	}
	if end := b.hear(id, 0, func(e event) bool { return e.End != "" }); end.End != string(conductor.HungUp) {
		t.Errorf("the call ended %q", end.End)
	}
}

func TestCall_Refused(t *testing.T) {
	t.Parallel()
	b := lay(t)
	if status := b.ask("POST", "/try/call", `{"number":"12"}`, nil); status != 400 {
		t.Errorf("a number that is none = %d", status)
	}
	for _, method := range []string{"GET", "POST", "DELETE"} {
		if status := b.ask(method, "/try/call/none", `{"keys":"1"}`, nil); status != 404 {
			t.Errorf("%s of no call = %d", method, status)
		}
	}
	for range 50 {
		b.call()
	}
	if status := b.ask("POST", "/try/call", `{"number":"+919830000001"}`, nil); status != 503 {
		t.Errorf("call 51 = %d, want 503", status)
	}
}
