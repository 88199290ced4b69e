package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"setu/test/gatewaytest"
)

// page asks the gateway what its page with a handset asks.
type page struct {
	*town
	t *testing.T
}

// ask gives the status and the body of an answer.
func (p page) ask(method, path, body string) (int, []byte) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, "http://"+p.HTTP+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.StatusCode, out
}

// heard are the words of an SMS or of what is said on a call.
type heard struct {
	Seq                  int
	ID                   int64
	Text, Say, Play, End string
}

func (p page) hear(path string) []heard {
	p.t.Helper()
	var list []heard
	status, body := p.ask(http.MethodGet, path, "")
	if err := json.Unmarshal(body, &list); status != http.StatusOK || err != nil {
		p.t.Fatalf("GET %s = %d %s, %v", path, status, body, err)
	}
	return list
}

// follow gives what is told of a call after an event, until want is among it.
func (p page) follow(call string, after int, want func(heard) bool) heard {
	p.t.Helper()
	for range 40 {
		for _, e := range p.hear(fmt.Sprintf("/try/call/%s?after=%d", call, after)) {
			if after = e.Seq; want(e) {
				return e
			}
		}
	}
	p.t.Fatal("the call went on without it")
	return heard{}
}

func TestHandset(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		t.Skip("espeak-ng is not installed")
	}
	p := page{open(t, gatewaytest.Options{}), t}
	status, body := p.ask(http.MethodGet, "/try", "")
	if status != http.StatusOK || !bytes.Contains(body, []byte("/try/try.js")) {
		t.Fatalf("GET /try = %d %s", status, body)
	}
	number := newNumber()
	p.Note(number)

	if status, body := p.ask(http.MethodPost, "/try/sms", `{"number": "+`+number+`", "text": "ভাতা 1000000001"}`); status != http.StatusAccepted {
		t.Fatalf("POST /try/sms = %d %s", status, body)
	}
	inbox := p.hear("/try/sms?number=" + number)
	if len(inbox) != 1 || !strings.Contains(inbox[0].Text, "1,000 টাকা") {
		t.Fatalf("the inbox holds %+v, want the answer", inbox)
	}

	status, body = p.ask(http.MethodPost, "/try/call", `{"number": "+`+number+`"}`)
	var call struct{ ID string }
	if err := json.Unmarshal(body, &call); status != http.StatusCreated || err != nil {
		t.Fatalf("POST /try/call = %d %s", status, body)
	}
	menu := p.follow(call.ID, 0, func(e heard) bool { return e.Say != "" })
	if !strings.Contains(menu.Say, "ভাতা") {
		t.Errorf("the call begins with %q, want the menu in Bengali", menu.Say)
	}
	sound := p.follow(call.ID, 0, func(e heard) bool { return e.Play != "" })
	if status, wav := p.ask(http.MethodGet, "/try/call/"+call.ID+"/"+sound.Play, ""); status != http.StatusOK || !bytes.HasPrefix(wav, []byte("RIFF")) || len(wav) < 16_000 {
		t.Errorf("the sound is %d, %d octets, want a WAV of more than a second", status, len(wav))
	}
	if status, _ := p.ask(http.MethodPost, "/try/call/"+call.ID, `{"keys": "1"}`); status != http.StatusNoContent {
		t.Errorf("a key is answered %d", status)
	}
	p.follow(call.ID, menu.Seq, func(e heard) bool { return strings.Contains(e.Say, "শেষ টাকা") })
	if status, _ := p.ask(http.MethodDelete, "/try/call/"+call.ID, ""); status != http.StatusNoContent {
		t.Errorf("hanging up is answered %d", status)
	}
	if end := p.follow(call.ID, 0, func(e heard) bool { return e.End != "" }); end.End != "hung_up" {
		t.Errorf("the call ended as %q, want hung_up", end.End)
	}
}

func TestHandset_Refuses(t *testing.T) {
	t.Parallel()
	p := page{open(t, gatewaytest.Options{}), t}
	tests := []struct {
		name, method, path, body string
		want                     int
	}{
		{"a number of another country", http.MethodPost, "/try/sms", `{"number": "+14155550100", "text": "HELP"}`, http.StatusBadRequest},
		{"no text", http.MethodPost, "/try/sms", `{"number": "+919830000001"}`, http.StatusBadRequest},
		{"a text without end", http.MethodPost, "/try/sms", `{"number": "+919830000001", "text": "` + strings.Repeat("a", 4001) + `"}`, http.StatusBadRequest},
		{"no JSON", http.MethodPost, "/try/call", `number`, http.StatusBadRequest},
		{"no number", http.MethodGet, "/try/sms", "", http.StatusBadRequest},
		{"no such call", http.MethodGet, "/try/call/X", "", http.StatusNotFound},
		{"no such sound", http.MethodGet, "/try/call/X/1.wav", "", http.StatusNotFound},
		{"no such call to hang up", http.MethodDelete, "/try/call/X", "", http.StatusNotFound},
	}
	for _, tt := range tests {
		if status, body := p.ask(tt.method, tt.path, tt.body); status != tt.want {
			t.Errorf("%s: %d %s, want %d", tt.name, status, body, tt.want)
		}
	}
}
