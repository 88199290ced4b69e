package mobileapi_test

import (
	"net"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"setu/gateway"
)

// listen serves the world on a real connection.
func (w *world) listen() string {
	w.t.Helper()
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	ended := make(chan error, 1)
	go func() { ended <- w.app.Listener(l) }()
	w.t.Cleanup(func() {
		w.api.Close()
		if err := w.app.ShutdownWithTimeout(5 * time.Second); err != nil {
			w.t.Error(err)
		}
		<-ended
	})
	return l.Addr().String()
}

type pushed struct {
	Changes []struct{ ID, Prompt string }
	Cursor  string
}

// open opens a live connection.
func (p *phone) open(addr, since string) (conn *websocket.Conn, status int, err error) {
	p.w.t.Helper()
	ticket := read[struct{ Ticket string }](p.w.t, p.ask("POST", "/v1/live", ""))
	return dial("ws://" + addr + "/v1/live?since=" + since + "&ticket=" + ticket.Ticket)
}

// dial connects, and gives the status of the answer.
func dial(url string) (conn *websocket.Conn, status int, err error) {
	conn, resp, err := websocket.DefaultDialer.Dial(url, nil)
	if resp != nil {
		status = resp.StatusCode
		_ = resp.Body.Close() // the library has read it
	}
	return conn, status, err
}

// TestLive: changes come as they happen, and a connection that was lost goes on
// from its cursor.
func TestLive(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.TempDir())
	p := logIn(t, w, citizen)
	addr := w.listen()
	conn, _, err := p.open(addr, "")
	if err != nil {
		t.Fatal(err)
	}
	next := func() (m pushed) {
		t.Helper()
		if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if err := conn.ReadJSON(&m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	first := next() // the notice of the login
	say := func(text string) {
		t.Helper()
		done := make(chan struct{})
		err := w.api.Send(t.Context(), gateway.Route{Citizen: citizen}, gateway.SMSOut{Text: gateway.Private(text), Class: "notice"}, func(string, error) { close(done) })
		if err != nil {
			t.Fatal(err)
		}
		<-done
	}
	say("one")
	if m := next(); len(m.Changes) != 1 || m.Changes[0].Prompt != "one" {
		t.Fatalf("pushed %+v, want one", m)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	say("two")
	if conn, _, err = p.open(addr, first.Cursor); err != nil {
		t.Fatal(err)
	}
	if m := next(); len(m.Changes) != 2 || m.Changes[1].Prompt != "two" {
		t.Errorf("after the cursor: %+v, want one and two", m)
	}
	if got := p.ask("DELETE", "/v1/devices/"+p.id, ""); got.status != 204 {
		t.Fatalf("remove = %d", got.status)
	}
	if _, _, err := conn.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseGoingAway) {
		t.Errorf("a removed phone's connection: %v, want it closed", err)
	}
}

func TestLive_Refused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.TempDir())
	p := logIn(t, w, citizen)
	addr := w.listen()
	if got := w.ask("GET", "/v1/live", ""); got.status != 426 {
		t.Errorf("without an upgrade = %d", got.status)
	}
	for name, url := range map[string]string{"no ticket": "", "another's ticket": "?ticket=x", "a bad cursor": "?since=x"} {
		if _, status, err := dial("ws://" + addr + "/v1/live" + url); err == nil || status != 401 && status != 400 {
			t.Errorf("%s: %d, %v", name, status, err)
		}
	}
	for i := range 5 {
		conn, status, err := p.open(addr, "")
		if i < 4 {
			if err != nil {
				t.Fatalf("connection %d: %v", i+1, err)
			}
			defer func() { _ = conn.Close() }()
			continue
		}
		if err == nil || status != 429 {
			t.Errorf("the fifth of a phone: %v; want 429", err)
		}
	}
}
