package interop_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"setu/ussd/ussdhttp"
)

// menuBuilder is a running ussdmenu.js.
type menuBuilder struct {
	*node
	base string
}

func startMenuBuilder(t *testing.T) *menuBuilder {
	t.Helper()
	n := startNode(t, "ussdmenu.js")
	return &menuBuilder{n, fmt.Sprintf("http://127.0.0.1:%d/", n.await("listening").Port)}
}

// read is what somebody reads from a request.
type read struct{ session, number, code, text string }

// recordedExchange is a request of a recorded conversation, and what we read
// from it and answer.
type recordedExchange struct {
	contentType, body string
	event             string // "" when nothing was read
	read              read
	answer            string
}

// recorded plays a conversation with the screens that ussdmenu.js would show,
// and gives its exchanges as they come out.
func recorded(t *testing.T, dialect *ussdhttp.Dialect, bodies []string, contentType string, screens []string) []recordedExchange {
	t.Helper()
	var script strings.Builder
	for i, body := range bodies {
		fmt.Fprintf(&script, "> POST /ussd/%s HTTP/1.1\n> Content-Type: %s\n>\n> %s\n! %s\n\n", dialect.Name, contentType, body, screens[i])
	}
	out, err := ussdhttp.Replay(dialect, []byte(script.String()))
	if err != nil {
		t.Fatal(err)
	}
	var list []recordedExchange
	for i, text := range strings.Split(strings.TrimSpace(string(out)), "\n\n") {
		e := recordedExchange{contentType: contentType, body: bodies[i]}
		for line := range strings.SplitSeq(text, "\n") {
			switch {
			case strings.HasPrefix(line, "= "):
				if _, err := fmt.Sscanf(line, "= %s session=%q number=%s code=%s text=%q", &e.event, &e.read.session, &e.read.number, &e.read.code, &e.read.text); err != nil {
					e.event = ""
				}
			case strings.HasPrefix(line, "< "): // the body is the last line
				e.answer = strings.TrimPrefix(line, "< ")
			}
		}
		list = append(list, e)
	}
	return list
}

// bodies are the bodies of the requests of a recorded conversation that ships.
func bodies(t *testing.T, name string) []string {
	t.Helper()
	src, err := os.ReadFile("../../ussd/ussdhttp/dialects/test/" + name + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	head := true
	for line := range strings.SplitSeq(string(src), "\n") {
		switch {
		case !strings.HasPrefix(line, ">"):
			head = true
		case line == ">":
			head = false
		case !head:
			list = append(list, strings.TrimPrefix(line, "> "))
		}
	}
	return list
}

// post posts a request to the script and gives its answer.
func (m *menuBuilder) post(ctx context.Context, path, contentType, body string) string {
	m.t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.base+path, strings.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		m.t.Fatal(err)
	}
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		m.t.Fatal(err)
	}
	return string(answer)
}

// TestUSSDMenuBuilder_Reads: the library and we read the same from the recorded
// requests of both dialects that it knows, and frame the same screen alike.
func TestUSSDMenuBuilder_Reads(t *testing.T) {
	t.Parallel()
	all, err := ussdhttp.Load(ussdhttp.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	m := startMenuBuilder(t)
	for _, tt := range []struct{ dialect, path, contentType string }{
		{"africastalking", "africasTalking", "application/x-www-form-urlencoded"},
		{"hubtel", "hubtel", "application/json"},
	} {
		list := bodies(t, tt.dialect)
		// The first pass tells what we read, and so what the script will show.
		screens := make([]string, len(list))
		for i := range screens {
			screens[i] = `more "x"`
		}
		for i, e := range recorded(t, all[tt.dialect], list, tt.contentType, screens) {
			screens[i] = screenOf(e)
		}
		compared := 0
		for _, e := range recorded(t, all[tt.dialect], list, tt.contentType, screens) {
			if reason := differs(tt.dialect, e); reason != "" {
				t.Logf("%s: not compared, %s: %s", tt.dialect, reason, e.body)
				continue
			}
			answer := m.post(t.Context(), tt.path, tt.contentType, e.body)
			saw := m.await("read")
			got := read{saw.Session, saw.Number, strings.Trim(saw.Code, "*#"), saw.Text}
			if got != e.read {
				t.Errorf("%s: the library reads %+v, we read %+v: %s", tt.dialect, got, e.read, e.body)
			}
			if !sameAnswer(t, tt.dialect, answer, e.answer) {
				t.Errorf("%s: the library answers %s, we answer %s: %s", tt.dialect, answer, e.answer, e.body)
			}
			compared++
		}
		if compared < 3 {
			t.Errorf("%s: only %d requests were compared", tt.dialect, compared)
		}
	}
}

// screenOf is the screen that ussdmenu.js shows for what was read.
func screenOf(e recordedExchange) string {
	last := e.read.text[strings.LastIndex(e.read.text, "*")+1:]
	switch {
	case e.event == "new" || last == "":
		return `more "welcome"`
	case last == "0":
		return `end "bye"`
	}
	return "more " + strconv.Quote("you said "+last)
}

// differs says why the library does not read a request as we do: it knows less.
func differs(dialect string, e recordedExchange) string {
	switch {
	case e.event == "":
		return "we refuse it or only acknowledge it, and the library takes everything"
	case e.event == "abort" || e.event == "timeout":
		return "the library takes the end of a session for an input"
	case dialect == "africastalking" && strings.Contains(e.body, "phoneNumber=+"):
		return "the library keeps the space that an unescaped plus sign is"
	case dialect == "hubtel" && strings.Contains(e.body, `"initiation"`):
		return "the library knows only Initiation with a capital letter"
	}
	return ""
}

// sameAnswer compares answers: of JSON the fields that the library knows.
func sameAnswer(t *testing.T, dialect, theirs, ours string) bool {
	t.Helper()
	if dialect != "hubtel" {
		return theirs == ours
	}
	var a, b struct{ Message, Type string }
	if json.Unmarshal([]byte(theirs), &a) != nil || json.Unmarshal([]byte(ours), &b) != nil {
		return false
	}
	return a == b
}

// TestUSSDMenuBuilder_Peer: our gateway's side talks to an application that the
// library makes, as an operator's gateway would.
func TestUSSDMenuBuilder_Peer(t *testing.T) {
	t.Parallel()
	all, err := ussdhttp.Load(ussdhttp.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	m := startMenuBuilder(t)
	for dialect, path := range map[string]string{"africastalking": "africasTalking", "hubtel": "hubtel"} {
		peer := all[dialect].Peer(m.base)
		peer.URL = m.base + path
		call := peer.Dial("+919830000001", "51969")
		for _, step := range []struct {
			typed, shown string
			end          bool
		}{{"", "welcome", false}, {"1", "you said 1", false}, {"1000000001", "you said 1000000001", false}, {"0", "bye", true}} {
			a, err := call.Send(t.Context(), step.typed)
			if err != nil || a.Text != step.shown || a.End != step.end {
				t.Errorf("%s: Send(%q) = %+v, %v, want %q", dialect, step.typed, a, err, step.shown)
			}
			saw := m.await("read")
			if saw.Session != call.Session || saw.Number != "+919830000001" || strings.Trim(saw.Code, "*#") != "51969" || saw.Last != step.typed {
				t.Errorf("%s: the library reads %+v of %q", dialect, saw, step.typed)
			}
		}
	}
}
