package ivrtwiml_test

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/gofiber/fiber/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/twilio/twilio-go/client"
	"github.com/twilio/twilio-go/twiml"

	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/i18n"
	"setu/ivr"
	"setu/ivr/conductor"
	"setu/ivr/ivrtwiml"
	"setu/ivr/speech"
	"setu/ivr/voice"
)

const (
	public = "https://setu.example.in"
	token  = "12345"
	citiz  = "+919830000001"
	ours   = "+913322000000"
)

// desk answers inputs, and keeps them.
type desk struct {
	mu  sync.Mutex
	got []gateway.Inbound
}

func (d *desk) Handle(_ context.Context, in gateway.Inbound) (gateway.Reply, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.got = append(d.got, in)
	f := i18n.Format{Lang: i18n.English}
	switch {
	case in.Event == gateway.Abort:
		return gateway.Reply{}, nil
	case in.Text == "1":
		return gateway.Reply{Format: f, Expect: "digits", Back: true, Parts: []gateway.Part{{Service: "benefit", Text: "card"}}}, nil
	case len(in.Text) > 3:
		return gateway.Reply{Format: f, End: true, Parts: []gateway.Part{{Text: "later"}}}, nil
	}
	return gateway.Reply{Format: f, Parts: []gateway.Part{{Text: "menu"}}, Options: []gateway.Option{
		{Digit: "1", Label: gateway.Part{Service: "benefit", Text: "title"}}, {Digit: "2", Label: gateway.Part{Service: "land", Text: "title"}},
	}}, nil
}

// events are what the desk was told.
func (d *desk) events() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []string
	for _, in := range d.got {
		switch in.Event {
		case gateway.New:
			list = append(list, "new")
		case gateway.Abort:
			list = append(list, "abort")
		default:
			list = append(list, in.Text.Reveal())
		}
	}
	return strings.Join(list, " ")
}

// mouth speaks a second for each sentence, or not at all.
type mouth struct{ err error }

func (m mouth) Clips(_ context.Context, s []speech.Sentence) ([]voice.Clip, error) {
	return []voice.Clip{voice.Silence(time.Duration(len(s)) * time.Second)}, m.err
}

// doorman turns calls to one number away.
type doorman struct {
	number gateway.Address
	err    error
	mu     sync.Mutex
	missed []gateway.Address
}

func (d *doorman) Missed(_ context.Context, from, to gateway.Address) (bool, error) {
	if to != d.number {
		return false, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.missed = append(d.missed, from)
	return true, d.err
}

type world struct {
	*testing.T
	driver  *ivrtwiml.Driver
	app     *fiber.App
	desk    *desk
	doorman *doorman
	board   *conductor.Board
	now     time.Time
}

func newWorld(t *testing.T, change func(c *ivrtwiml.Config)) *world {
	t.Helper()
	words, err := catalogue.Load(catalogue.Limits{gateway.IVR: ivr.Texts()}, catalogue.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		T: t, app: fiber.New(), desk: &desk{}, doorman: &doorman{number: "+913322000001"}, board: &conductor.Board{},
		now: time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC),
	}
	c := ivrtwiml.Config{
		Gateways: []ivrtwiml.Gateway{
			{Name: "twilio", Dialect: ivrtwiml.Twilio, URL: public, Account: "AC1", Token: token, NextToken: "next"},
			{Name: "exotel", Dialect: ivrtwiml.Exotel, URL: public, Key: "k1"},
		},
		Handler: w.desk, Words: words, Voice: mouth{}, Board: w.board, Doorman: w.doorman,
		Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return w.now },
	}
	if change != nil {
		change(&c)
	}
	if w.driver, err = ivrtwiml.New(c); err != nil {
		t.Fatal(err)
	}
	w.driver.Mount(w.app)
	return w
}

// post sends a form as Twilio does, signed with a token.
func (w *world) post(token, path string, form url.Values) (status int, body string) {
	w.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Twilio-Signature", signature(token, public+path, form))
	return w.send(r)
}

func (w *world) send(r *http.Request) (status int, body string) {
	w.Helper()
	res, err := w.app.Test(r, -1)
	if err != nil {
		w.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		w.Fatal(err)
	}
	return res.StatusCode, string(raw)
}

func call(more ...string) url.Values {
	form := url.Values{"CallSid": {"CA1"}, "From": {citiz}, "To": {ours}, "CallStatus": {"ringing"}}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return form
}

// TestDriver_Call goes through a call, from the menu to the receipt of a number.
func TestDriver_Call(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for i, step := range []struct {
		n, digits string
		want      []string // in the answer, in this order
		events    string
	}{
		{"", "", []string{`<Gather input="dtmf" numDigits="1" timeout="8" finishOnKey="" action="` + public + `/twilio/voice?n=1" method="POST" actionOnEmptyResult="true"><Play>` + public + `/twilio/clip/`, `</Play></Gather>`}, "new"},
		{"1", "7", []string{"<Gather", "n=2"}, "new"},                                                       // nothing on that key
		{"2", "1", []string{`numDigits="10"`, `timeout="8"`, `finishOnKey=""`, "n=3"}, "new 1"},             // ten digits
		{"3", "1000000001", []string{`numDigits="1"`, "n=4"}, "new 1"},                                      // read back
		{"4", "1", []string{"<Play>", "</Play><Gather", `numDigits="1"`, "></Gather>"}, "new 1 1000000001"}, // to be heard to its end
		{"5", "9", []string{"<Play>", "<Hangup>"}, "new 1 1000000001 abort"},
	} {
		path := "/twilio/voice"
		if step.n != "" {
			path += "?n=" + step.n
		}
		form := call("Digits", step.digits)
		status, body := w.post(token, path, form)
		if status != http.StatusOK {
			t.Fatalf("step %d: status %d", i, status)
		}
		rest := body
		for _, want := range step.want {
			_, after, ok := strings.Cut(rest, want)
			if !ok {
				if want = strings.ReplaceAll(want, "&", "&amp;"); !strings.Contains(rest, want) {
					t.Fatalf("step %d: %s, want %q", i, body, want)
				}
			}
			rest = after
		}
		// The same webhook once more gets the same answer, and changes nothing.
		if _, again := w.post(token, path, form); again != body {
			t.Errorf("step %d, delivered again: %s, want %s", i, again, body)
		}
		if got := w.desk.events(); got != step.events {
			t.Fatalf("step %d: the desk was told %q, want %q", i, got, step.events)
		}
	}
	if got := w.board.Lines(); len(got) != 1 || got[0].End != conductor.Completed {
		t.Errorf("board: %+v", got)
	}
}

func TestDriver_Signatures(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, tt := range []struct {
		name   string
		change func(r *http.Request)
		want   int
	}{
		{"right", func(*http.Request) {}, http.StatusOK},
		{"the next token", func(r *http.Request) {
			r.Header.Set("X-Twilio-Signature", signature("next", public+"/twilio/voice", call()))
		}, http.StatusOK},
		{"another token", func(r *http.Request) {
			r.Header.Set("X-Twilio-Signature", signature("no", public+"/twilio/voice", call()))
		}, http.StatusForbidden},
		{"none", func(r *http.Request) { r.Header.Del("X-Twilio-Signature") }, http.StatusForbidden},
		{"over another host", func(r *http.Request) {
			r.Header.Set("X-Twilio-Signature", signature(token, "https://evil.example/twilio/voice", call()))
		}, http.StatusForbidden},
		{"another body", func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader(call("From", "+919830000009").Encode()))
		}, http.StatusForbidden},
		{"a further query", func(r *http.Request) { r.URL.RawQuery = "n=7"; r.RequestURI = "/twilio/voice?n=7" }, http.StatusForbidden},
	} {
		r := httptest.NewRequest(http.MethodPost, "/twilio/voice", strings.NewReader(call().Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Twilio-Signature", signature(token, public+"/twilio/voice", call()))
		tt.change(r)
		if got, _ := w.send(r); got != tt.want {
			t.Errorf("%s: status %d, want %d", tt.name, got, tt.want)
		}
	}
}

// TestSignature_Published holds the validator, and the signatures of these tests,
// against the one that Twilio publishes in its guide to security.
func TestSignature_Published(t *testing.T) {
	t.Parallel()
	form := url.Values{"CallSid": {"CA1234567890ABCDE"}, "Caller": {"+14158675309"}, "Digits": {"1234"}, "From": {"+14158675309"}, "To": {"+18005551212"}}
	v := client.NewRequestValidator("12345")
	const at, want = "https://mycompany.com/myapp.php?foo=1&bar=2", "RSOYDt4T1cUTdK1PDd93/VVr8B8="
	if got := signature("12345", at, form); got != want {
		t.Errorf("signature() = %q, want %q", got, want)
	}
	if !v.ValidateBody(at, []byte(form.Encode()), want) {
		t.Error("the published signature is refused")
	}
}

func TestDriver_Missed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	form := call("To", w.doorman.number.Reveal())
	if _, body := w.post(token, "/twilio/voice", form); !strings.Contains(body, `<Reject reason="busy">`) {
		t.Errorf("missed call: %s", body)
	}
	if len(w.doorman.missed) != 1 || w.doorman.missed[0] != citiz || w.desk.events() != "" {
		t.Errorf("missed: %d, desk: %q", len(w.doorman.missed), w.desk.events())
	}
	for i, from := range []string{"anonymous", "+913322000077"} {
		if _, body := w.post(token, "/twilio/voice", call("CallSid", "CA3"+from, "From", from, "To", w.doorman.number.Reveal())); !strings.Contains(body, "<Reject") || len(w.doorman.missed) != i+2 {
			t.Errorf("missed call from %s: %s", from, body)
		}
	}
	w.doorman.err = errors.New("no disk")
	if status, _ := w.post(token, "/twilio/voice", call("CallSid", "CA2", "To", w.doorman.number.Reveal())); status != http.StatusServiceUnavailable {
		t.Errorf("missed call that is not kept: status %d", status)
	}
}

func TestDriver_Exotel(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	get := func(query string) (int, string) {
		return w.send(httptest.NewRequest(http.MethodGet, "/exotel/voice?"+query, nil))
	}
	if status, _ := get("CallSid=e1&CallFrom=09830000001&CallTo=03322000000"); status != http.StatusForbidden {
		t.Errorf("without the key: status %d", status)
	}
	status, body := get("key=k1&CallSid=e1&CallFrom=09830000001&CallTo=03322000000")
	if status != http.StatusOK || !strings.Contains(body, `action="`+public+`/exotel/voice?n=1&amp;key=k1"`) {
		t.Fatalf("status %d: %s", status, body)
	}
	if _, body = get("key=k1&n=1&CallSid=e1&CallFrom=09830000001&DigitsPressed=%221%22"); !strings.Contains(body, `numDigits="10"`) {
		t.Errorf("after 1: %s", body)
	}
	if got := w.desk.got[0].From; got != citiz {
		t.Error("the caller's number is not in E.164")
	}
}

// TestDriver_OtherCallers has callers without a number and too many at a time.
func TestDriver_OtherCallers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *ivrtwiml.Config) { c.MostCalls = 1 })
	if _, body := w.post(token, "/twilio/voice", call("From", "anonymous")); !strings.Contains(body, "<Play>") || !strings.Contains(body, "<Hangup>") {
		t.Errorf("anonymous: %s", body)
	}
	if _, body := w.post(token, "/twilio/voice", call("From", "+913322000077")); !strings.Contains(body, "<Gather") {
		t.Errorf("fixed line: %s", body)
	}
	if _, body := w.post(token, "/twilio/voice", call("CallSid", "CA2")); !strings.Contains(body, "<Reject") {
		t.Errorf("one too many: %s", body)
	}
	if status, _ := w.post(token, "/twilio/voice", call("CallSid", strings.Repeat("x", 65))); status != http.StatusBadRequest {
		t.Errorf("a name without end: status %d", status)
	}
	if status, _ := w.post(token, "/twilio/status", call("CallStatus", "completed")); status != http.StatusNoContent {
		t.Errorf("status callback: %d", status)
	}
	if got := w.desk.events(); got != "new abort" {
		t.Errorf("the desk was told %q, want the end of the call", got)
	}
	if _, body := w.post(token, "/twilio/voice", call("CallSid", "CA4")); !strings.Contains(body, "<Gather") {
		t.Errorf("after the end of another call: %s", body)
	}
	if _, body := w.post(token, "/twilio/voice", call("CallSid", "CA5")); !strings.Contains(body, "<Reject") {
		t.Errorf("one too many again: %s", body)
	}
}

func TestDriver_ProvidersVoice(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *ivrtwiml.Config) { c.Voice = mouth{errors.New("no voice")} })
	_, body := w.post(token, "/twilio/voice", call())
	if !strings.Contains(body, `<Say voice="Google.en-IN-Standard-A" language="en-IN">`) || strings.Contains(body, "<Play>") {
		t.Errorf("without a voice of ours: %s", body)
	}
}

func TestDriver_Clips(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	_, body := w.post(token, "/twilio/voice", call())
	var doc struct {
		Gather struct {
			Play string `xml:"Play"`
		}
	}
	if err := xml.Unmarshal([]byte(body), &doc); err != nil {
		t.Fatal(err)
	}
	path := strings.TrimPrefix(strings.TrimSpace(doc.Gather.Play), public)
	get := func(path string) (int, string) { return w.send(httptest.NewRequest(http.MethodGet, path, nil)) }
	if status, wav := get(path); status != http.StatusOK || !strings.HasPrefix(wav, "RIFF") {
		t.Errorf("clip: status %d, %d octets", status, len(wav))
	}
	if status, _ := get(strings.Replace(path, "&s=", "&s=0", 1)); status != http.StatusNotFound {
		t.Errorf("clip with another signature: status %d", status)
	}
	if status, _ := get("/twilio/clip/x?e=1&s=2"); status != http.StatusNotFound {
		t.Errorf("no clip: status %d", status)
	}
	w.now = w.now.Add(time.Hour)
	if status, _ := get(path); status != http.StatusNotFound {
		t.Errorf("clip after its time: status %d", status)
	}
}

// TestTwiML_AsTwilio holds what is rendered against Twilio's own library, but for
// the empty attribute that it drops.
func TestTwiML_AsTwilio(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *ivrtwiml.Config) { c.Voice = mouth{errors.New("no voice")} })
	_, body := w.post(token, "/twilio/voice", call())
	ours := etree.NewDocument()
	if err := ours.ReadFromString(body); err != nil {
		t.Fatal(err)
	}
	var said []twiml.Element
	for _, e := range ours.FindElements("//Say") {
		said = append(said, &twiml.VoiceSay{Message: e.Text(), Voice: e.SelectAttrValue("voice", ""), Language: e.SelectAttrValue("language", "")})
	}
	if len(said) == 0 {
		t.Fatalf("nothing is said: %s", body)
	}
	theirs, err := twiml.Voice([]twiml.Element{&twiml.VoiceGather{
		Input: "dtmf", NumDigits: "1", Timeout: "8", Action: public + "/twilio/voice?n=1", Method: "POST", ActionOnEmptyResult: "true", InnerElements: said,
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := etree.NewDocument()
	if err := want.ReadFromString(theirs); err != nil {
		t.Fatal(err)
	}
	gather := ours.FindElement("//Gather")
	if gather.SelectAttr("finishOnKey") == nil {
		t.Error("finishOnKey is missing: # would not be told")
	}
	gather.RemoveAttr("finishOnKey")
	if diff := cmp.Diff(flat(want.Root()), flat(ours.Root())); diff != "" {
		t.Errorf("TwiML (-twilio-go +ours):\n%s", diff)
	}
}

// flat is an element with its attributes in order.
func flat(e *etree.Element) []string {
	e.SortAttrs()
	list := []string{e.Tag + " " + strings.TrimSpace(e.Text())}
	for _, a := range e.Attr {
		list = append(list, a.Key+"="+a.Value)
	}
	for _, child := range e.ChildElements() {
		list = append(list, flat(child)...)
	}
	return list
}

// TestDriver_Place places a call at a provider's API.
func TestDriver_Place(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		status string // of the callback; "" is an error of the API
		answer int
		body   string
		talks  bool
		want   ivrtwiml.Result
	}{
		{"answered", "completed", 201, `{"sid":"CA9"}`, true, ivrtwiml.Result{Answered: true, Reason: "completed"}},
		{"busy", "busy", 201, `{"sid":"CA9"}`, false, ivrtwiml.Result{Busy: true, Reason: "busy"}},
		{"no answer", "no-answer", 201, `{"sid":"CA9"}`, false, ivrtwiml.Result{NoAnswer: true, Reason: "no-answer"}},
		{"no such number", "", 400, `{"status":400,"code":21211,"message":"x"}`, false, ivrtwiml.Result{Refused: true, Reason: "the API answered 400, code 21211"}},
		{"too many", "", 429, `{"status":429,"code":20429,"message":"x"}`, false, ivrtwiml.Result{NoLine: true, Reason: "the API answered 429, code 20429"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var w *world
			api := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				user, pass, _ := r.BasicAuth()
				if err := r.ParseForm(); err != nil || user != "AC1" || pass != token || r.URL.Path != "/2010-04-01/Accounts/AC1/Calls.json" || r.Form.Get("From") != ours {
					t.Errorf("request %s: %v, %v", r.URL.Path, r.Form, err)
				}
				hook, word := strings.TrimPrefix(r.Form.Get("Url"), public), strings.TrimPrefix(r.Form.Get("StatusCallback"), public)
				rw.WriteHeader(tt.answer)
				_, _ = io.WriteString(rw, tt.body)
				if tt.status == "" {
					return
				}
				go func() {
					form := url.Values{"CallSid": {"CA9"}, "From": {ours}, "To": {citiz}}
					if tt.talks {
						if _, body := w.post(token, hook, form); !strings.Contains(body, "<Gather") || !strings.Contains(body, "out=") {
							t.Errorf("who is called: %s", body)
						}
					}
					form.Set("CallStatus", tt.status)
					_, _ = w.post(token, word, form)
				}()
			}))
			t.Cleanup(api.Close)
			w = newWorld(t, func(c *ivrtwiml.Config) { c.Gateways[0].API = api.URL })
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			got := w.driver.Call(ctx, "twilio", ours, citiz)
			if tt.talks {
				got.Reason = tt.want.Reason // of the call's end or of the callback, whichever is first
				if w.desk.got[0].From != citiz || w.desk.got[0].To != ours {
					t.Error("the desk does not know who is called")
				}
			}
			if got != tt.want {
				t.Errorf("Call() = %+v, want %+v", got, tt.want)
			}
		})
	}
	w := newWorld(t, func(c *ivrtwiml.Config) { c.Gateways[0].API = "http://127.0.0.1:1" })
	if got := w.driver.Call(t.Context(), "twilio", ours, citiz); !got.NoLine {
		t.Errorf("Call() without an API = %+v", got)
	}
	if got := w.driver.Call(t.Context(), "exotel", ours, citiz); !got.NoLine {
		t.Errorf("Call() by exotel = %+v", got)
	}
}

// TestDriver_Silent ends calls that nothing is heard of.
func TestDriver_Silent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	_, _ = w.post(token, "/twilio/voice", call())
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := w.driver.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if got := w.desk.events(); got != "new abort" {
		t.Errorf("the desk was told %q", got)
	}
}

func TestNew_Refusals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		g    ivrtwiml.Gateway
		want string
	}{
		{"no token", ivrtwiml.Gateway{Name: "a", Dialect: ivrtwiml.Twilio, URL: public}, "token_file"},
		{"no key", ivrtwiml.Gateway{Name: "a", Dialect: ivrtwiml.Exotel, URL: public}, "key_file"},
		{"no url", ivrtwiml.Gateway{Name: "a", Dialect: ivrtwiml.Twilio, Token: "x"}, "url"},
		{"dialect", ivrtwiml.Gateway{Name: "a", Dialect: "b", URL: public}, "dialect"},
		{"name", ivrtwiml.Gateway{Name: "a/b", Dialect: ivrtwiml.Twilio, URL: public}, "name"},
	} {
		_, err := ivrtwiml.New(ivrtwiml.Config{Gateways: []ivrtwiml.Gateway{tt.g}})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: New() = %v, want %q", tt.name, err, tt.want)
		}
	}
}

// FuzzWebhook holds that no form crashes the driver, and that every answer is a
// document.
func FuzzWebhook(f *testing.F) {
	f.Add("CallSid=CA1&From=%2B919830000001&To=1&Digits=1", "n=0")
	f.Add("CallSid=CA1&From=anonymous", "n=-9&out=x")
	f.Add("CallSid=%ff&From=%00&Digits=%F0", "n=99999999999999999999")
	words, err := catalogue.Load(catalogue.Limits{gateway.IVR: ivr.Texts()}, catalogue.Embedded())
	if err != nil {
		f.Fatal(err)
	}
	d, err := ivrtwiml.New(ivrtwiml.Config{
		Gateways: []ivrtwiml.Gateway{{Name: "exotel", Dialect: ivrtwiml.Exotel, URL: public, Key: "k"}},
		Handler:  &desk{}, Words: words, Voice: mouth{}, Board: &conductor.Board{}, Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	if err != nil {
		f.Fatal(err)
	}
	app := fiber.New()
	d.Mount(app)
	f.Fuzz(func(t *testing.T, body, query string) {
		at := &url.URL{Path: "/exotel/voice", RawQuery: "key=k&" + query}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, at.String(), strings.NewReader(body))
		if err != nil {
			return
		}
		res, err := app.Test(r, -1)
		if err != nil {
			return // not a request that the server reads
		}
		defer func() { _ = res.Body.Close() }()
		raw, _ := io.ReadAll(res.Body)
		if res.StatusCode != http.StatusOK {
			if res.StatusCode >= 500 {
				t.Errorf("status %d", res.StatusCode)
			}
			return
		}
		if err := xml.Unmarshal(raw, &struct{ XMLName xml.Name }{}); err != nil {
			t.Errorf("answer %q: %v", raw, err)
		}
	})
}
