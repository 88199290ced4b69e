package ussdhttp_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"setu/gateway"
	"setu/ussd/ussdhttp"
)

// ask sends one request and gives status and body.
func ask(t *testing.T, method, url, body string, headers ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := resp.Body.Close(); err != nil {
			t.Error(err)
		}
	}()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// dial is an opening request of Africa's Talking.
const dial = "sessionId=1&serviceCode=*51969%23&phoneNumber=%2B919830000001&text="

func hello(gateway.Inbound) (gateway.Reply, error) { return say("hello", false) }

// TestAccess: who may use a gateway.
func TestAccess(t *testing.T) {
	t.Parallel()
	mac := hmac.New(sha256.New, []byte("key"))
	mac.Write([]byte(dial))
	signed := "sha256=" + hex.EncodeToString(mac.Sum(nil))
	only := func(nets ...string) (list []netip.Prefix) {
		for _, n := range nets {
			list = append(list, netip.MustParsePrefix(n))
		}
		return list
	}
	for _, tt := range []struct {
		name    string
		gateway ussdhttp.Gateway
		query   string
		headers []string
		want    int
	}{
		{"open", ussdhttp.Gateway{}, "", nil, 200},
		{"header", ussdhttp.Gateway{Secret: "s3", SecretIn: "header:X-Key"}, "", []string{"X-Key", "s3"}, 200},
		{"header missing", ussdhttp.Gateway{Secret: "s3", SecretIn: "header:X-Key"}, "", nil, 401},
		{"header wrong", ussdhttp.Gateway{Secret: "s3", SecretIn: "header:X-Key"}, "", []string{"X-Key", "s"}, 401},
		{"query", ussdhttp.Gateway{Secret: "s3", SecretIn: "query:key"}, "?key=s3", nil, 200},
		{"query wrong", ussdhttp.Gateway{Secret: "s3", SecretIn: "query:key"}, "?key=s4", nil, 401},
		{"basic", ussdhttp.Gateway{Secret: "s3", SecretIn: "basic"}, "", []string{"Authorization", "Basic YW55OnMz"}, 200},
		{"basic user", ussdhttp.Gateway{Secret: "s3", SecretIn: "basic", User: "any"}, "", []string{"Authorization", "basic YW55OnMz"}, 200},
		{"basic other user", ussdhttp.Gateway{Secret: "s3", SecretIn: "basic", User: "op"}, "", []string{"Authorization", "Basic YW55OnMz"}, 401},
		{"basic garbled", ussdhttp.Gateway{Secret: "s3", SecretIn: "basic"}, "", []string{"Authorization", "Basic %%"}, 401},
		{"allowed", ussdhttp.Gateway{Allow: only("10.0.0.0/8", "127.0.0.0/8")}, "", nil, 200},
		{"not allowed", ussdhttp.Gateway{Allow: only("10.0.0.0/8")}, "", []string{"X-Forwarded-For", "10.1.1.1"}, 403},
		{"by our proxy", ussdhttp.Gateway{Allow: only("10.0.0.0/8"), Proxies: only("127.0.0.0/8")}, "", []string{"X-Forwarded-For", "10.1.1.1"}, 200},
		{"by our proxy, made up", ussdhttp.Gateway{Allow: only("10.0.0.0/8"), Proxies: only("127.0.0.0/8")}, "", []string{"X-Forwarded-For", "10.1.1.1, 192.0.2.7"}, 403},
		{"by our proxy, made up in a header before", ussdhttp.Gateway{Allow: only("10.0.0.0/8"), Proxies: only("127.0.0.0/8")}, "", []string{"X-Forwarded-For", "10.1.1.1", "X-Forwarded-For", "192.0.2.7"}, 403},
		{"by two proxies", ussdhttp.Gateway{Allow: only("10.0.0.0/8"), Proxies: only("127.0.0.0/8", "192.0.2.0/24")}, "", []string{"X-Forwarded-For", "10.1.1.1, 192.0.2.7"}, 200},
		{"proxy says nothing", ussdhttp.Gateway{Allow: only("10.0.0.0/8"), Proxies: only("127.0.0.0/8")}, "", nil, 403},
		{"signed", ussdhttp.Gateway{Signature: ussdhttp.Signature{Header: "X-Sig", Prefix: "sha256=", Secret: "key"}}, "", []string{"X-Sig", signed}, 200},
		{"signed with another key", ussdhttp.Gateway{Signature: ussdhttp.Signature{Header: "X-Sig", Prefix: "sha256=", Secret: "other"}}, "", []string{"X-Sig", signed}, 401},
		{"signed otherwise", ussdhttp.Gateway{Signature: ussdhttp.Signature{Header: "X-Sig", Base64: true, Secret: "key"}}, "", []string{"X-Sig", signed}, 401},
		{"not signed", ussdhttp.Gateway{Signature: ussdhttp.Signature{Header: "X-Sig", Prefix: "sha256=", Secret: "key"}}, "", nil, 401},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := tt.gateway
			g.Name, g.Dialect = "op", "africastalking"
			d := &desk{reply: hello}
			base, driver := serve(t, ussdhttp.Config{Handler: d, Gateways: []ussdhttp.Gateway{g}})
			got, body := ask(t, http.MethodPost, base+"/ussd/op"+tt.query, dial, tt.headers...)
			if got != tt.want {
				t.Errorf("status %d, want %d: %s", got, tt.want, body)
			}
			counts := driver.Counts()["op"]
			if ok := tt.want == 200; (len(d.heard()) == 1) != ok || (counts.Screens.Load() == 1) != ok || (counts.Refused.Load() == 0) != ok {
				t.Errorf("status %d, and the request was taken: %v", got, !ok)
			}
		})
	}
}

// TestNew_Wrong: a gateway that cannot be served is told at the start.
func TestNew_Wrong(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		gateways []ussdhttp.Gateway
		want     string
	}{
		{[]ussdhttp.Gateway{{Name: "op", Dialect: "klingon"}}, `gateway "op": no dialect "klingon"`},
		{[]ussdhttp.Gateway{{Name: "a b", Dialect: "setu"}}, "its name has small letters"},
		{[]ussdhttp.Gateway{{Name: "op", Dialect: "setu", Path: "x"}}, "does not begin with /"},
		{[]ussdhttp.Gateway{{Name: "op", Dialect: "setu"}, {Name: "op", Dialect: "setu"}}, "another one has its name"},
		{[]ussdhttp.Gateway{{Name: "op", Dialect: "setu", Path: "/u"}, {Name: "op2", Dialect: "setu", Path: "/u"}}, "another one has its name or its path"},
		{[]ussdhttp.Gateway{{Name: "op", Dialect: "setu", PushURL: "http://127.0.0.1:1/"}}, `dialect "setu" does not push`},
		{[]ussdhttp.Gateway{{Name: "op", Dialect: "comviva"}}, `gateway "op": dialect "comviva" knows`},
		{[]ussdhttp.Gateway{{Name: "op", Dialect: "imimobile"}}, "set short_codes"},
		{[]ussdhttp.Gateway{{Name: "op", Dialect: "setu", Secret: "x", SecretIn: "cookie:x"}}, "use basic, header:NAME or query:NAME"},
		{[]ussdhttp.Gateway{{Name: "op", Dialect: "setu", CountryCode: "+91"}}, "is no digits"},
		{[]ussdhttp.Gateway{{Name: "op", Dialect: "setu", Signature: ussdhttp.Signature{Header: "X"}}}, "a signature needs its secret"},
	} {
		_, err := ussdhttp.New(ussdhttp.Config{Gateways: tt.gateways, Dialects: dialects(t), Layout: layout})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("New(%v) = %v, want %q", tt.gateways, err, tt.want)
		}
	}
	for _, name := range dialects(t).Names() { // all others are told of a first request
		_, err := ussdhttp.New(ussdhttp.Config{Gateways: []ussdhttp.Gateway{{Name: "op", Dialect: name}}, Dialects: dialects(t), Layout: layout})
		if refused := name == "comviva" || name == "imimobile"; (err != nil) != refused {
			t.Errorf("New with dialect %q without short codes = %v, want refused %v", name, err, refused)
		}
	}
	if got := fmt.Sprintf("%v %#v", ussdhttp.Gateway{Secret: "s3cret"}, ussdhttp.Secret("s3cret")); strings.Contains(got, "s3cret") {
		t.Errorf("a secret is printed: %s", got)
	}
}

// TestFaults: an error behind us is a screen all the same, a panic is a 500, and
// neither says who it happened to.
func TestFaults(t *testing.T) {
	t.Parallel()
	var logged bytes.Buffer
	d := &desk{}
	base, driver := serve(t, ussdhttp.Config{
		Handler: d, Gateways: []ussdhttp.Gateway{{Name: "op", Dialect: "africastalking"}},
		Log: slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	d.reply = func(gateway.Inbound) (gateway.Reply, error) {
		r, _ := say("busy", true)
		return r, errors.New("the store is full")
	}
	if status, body := ask(t, http.MethodPost, base+"/ussd/op", dial+"4711"); status != 200 || body != "END busy" {
		t.Errorf("an error behind us: %d %q", status, body)
	}
	d.reply = func(in gateway.Inbound) (gateway.Reply, error) { panic(in) }
	if status, body := ask(t, http.MethodPost, base+"/ussd/op", dial+"4711"); status != 500 || body != "internal error" {
		t.Errorf("a panic behind us: %d %q", status, body)
	}
	d.reply = hello
	if status, body := ask(t, http.MethodPost, base+"/ussd/op", dial+"4711"); status != 200 || body != "CON hello" {
		t.Errorf("after the panic: %d %q", status, body)
	}
	if c := driver.Counts()["op"]; c.Faults.Load() != 2 || c.Requests.Load() != 3 || driver.Under() != 0 {
		t.Errorf("%d faults of %d requests, %d under way", c.Faults.Load(), c.Requests.Load(), driver.Under())
	}
	for _, secret := range []string{"9830000001", "4711"} {
		if strings.Contains(logged.String(), secret) {
			t.Errorf("the log says %q:\n%s", secret, &logged)
		}
	}
	if !strings.Contains(logged.String(), "the store is full") || !strings.Contains(logged.String(), "gateway=op") {
		t.Errorf("the log does not say what happened:\n%s", &logged)
	}
}

// TestBusy: beyond the room, requests get the notice at once and are not taken.
func TestBusy(t *testing.T) {
	t.Parallel()
	for _, notice := range []bool{true, false} {
		entered, leave := make(chan struct{}), make(chan struct{})
		d := handle(func(ctx context.Context, _ gateway.Inbound) (gateway.Reply, error) {
			close(entered)
			select {
			case <-leave:
			case <-ctx.Done():
			}
			return say("hello", false)
		})
		c := ussdhttp.Config{Handler: d, Room: 1, Gateways: []ussdhttp.Gateway{{Name: "op", Dialect: "africastalking"}}}
		if notice {
			c.Busy, _ = say("later", true)
		}
		base, driver := serve(t, c)
		first := make(chan string, 1)
		go func() {
			_, body := ask(t, http.MethodPost, base+"/ussd/op", dial)
			first <- body
		}()
		<-entered
		status, body := ask(t, http.MethodPost, base+"/ussd/op", dial)
		if notice && (status != 200 || body != "END later") || !notice && status != 503 {
			t.Errorf("without room: %d %q", status, body)
		}
		close(leave)
		if got := <-first; got != "CON hello" {
			t.Errorf("the first got %q", got)
		}
		if n := driver.Counts()["op"].Busy.Load(); n != 1 {
			t.Errorf("%d were counted as busy", n)
		}
	}
}

// handle is a handler that is a function.
type handle func(context.Context, gateway.Inbound) (gateway.Reply, error)

func (h handle) Handle(ctx context.Context, in gateway.Inbound) (gateway.Reply, error) {
	return h(ctx, in)
}

// TestBounds: what is too large is refused, and nothing of it is taken.
func TestBounds(t *testing.T) {
	t.Parallel()
	d := &desk{reply: hello}
	base, _ := serve(t, ussdhttp.Config{Handler: d, Gateways: []ussdhttp.Gateway{
		{Name: "op", Dialect: "africastalking"}, {Name: "json", Dialect: "setu"},
	}})
	for _, tt := range []struct {
		name, path, body string
		want             int
	}{
		{"text", "op", dial + strings.Repeat("1", 5000), 400},
		{"session", "op", dial + "1&sessionId=" + strings.Repeat("1", 300), 200}, // the first one counts
		{"long session", "op", "sessionId=" + strings.Repeat("1", 300) + "&phoneNumber=919830000001&text=", 400},
		{"body", "op", dial + strings.Repeat("1", 20_000), 413},
		{"depth", "json", strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40), 400},
		{"array", "json", "[1]", 400},
		{"nothing", "json", "", 400},
		{"lone surrogate", "json", `{"session":"1","from":"919830000001","event":"input","text":"\ud800"}`, 200},
	} {
		if got, body := ask(t, http.MethodPost, base+"/ussd/"+tt.path, tt.body); got != tt.want {
			t.Errorf("%s: status %d, want %d: %s", tt.name, got, tt.want, body)
		}
	}
	if n := len(d.heard()); n != 2 {
		t.Errorf("%d requests were taken", n)
	}
	// What is no UTF-8 is hers all the same: she is told in words.
	if got, body := ask(t, http.MethodPost, base+"/ussd/op", dial+"%ff"); got != 200 {
		t.Errorf("no UTF-8: status %d: %s", got, body)
	}
	if heard := d.heard(); len(heard) != 1 || !heard[0].Undecodable || heard[0].Text != "" {
		t.Errorf("no UTF-8 arrived as %d inputs", len(heard))
	}
}

// TestAgain: a request that is sent again has the key of the first one, in the
// dialects that can tell; and never what was typed.
func TestAgain(t *testing.T) {
	t.Parallel()
	all := dialects(t)
	d := &desk{reply: hello}
	base, _ := serve(t, ussdhttp.Config{Handler: d, Dialects: all, Gateways: everyDialect(all)})
	for name, keyed := range map[string]bool{
		"africastalking": true, "hubtel": true, "hsenid": true, "setu": true,
		"nalo": false, "infobip": false, "comviva": false, "imimobile": false, "dmark": false, "arkesel": false, "oneapi": false,
	} {
		call := all[name].Peer(base).Dial(citizen, code)
		seen := map[string]bool{}
		for i, typed := range []string{"", "1", "4711", "4711", "0", "00"} {
			if _, err := call.Send(t.Context(), typed); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			first := d.heard()
			if _, err := call.Again(t.Context()); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			again := d.heard()
			key := first[0].Key
			switch {
			case key != again[0].Key || first[0].Text != again[0].Text:
				t.Errorf("%s: %q sent again has another key or text", name, typed)
			case keyed && (key == "" || seen[key]):
				t.Errorf("%s: input %d has the key %q of another or none", name, i, key)
			case !keyed && i > 0 && key != "":
				t.Errorf("%s: input %d has the key %q, which the dialect cannot tell", name, i, key)
			case strings.Contains(key[strings.LastIndex(key, "/")+1:], "4711"):
				t.Errorf("%s: the key tells what was typed", name)
			}
			seen[key] = true
		}
	}
}

// TestPush: a gateway that takes screens by a request of ours.
func TestPush(t *testing.T) {
	t.Parallel()
	pushed := make(chan string, 1)
	status := http.StatusOK
	platform := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		pushed <- r.Method + " " + r.Header.Get("Content-Type") + " " + string(b)
		w.WriteHeader(status)
	}))
	defer platform.Close()
	d := &desk{reply: func(gateway.Inbound) (gateway.Reply, error) { return say("বিদায়", true) }}
	base, driver := serve(t, ussdhttp.Config{Handler: d, Gateways: []ussdhttp.Gateway{
		{Name: "op", Dialect: "hsenid", PushURL: platform.URL + "/ussd/send", PushSecret: `pass"word`},
	}})
	const mo = `{"message":"1","ussdOperation":"mo-cont","requestId":"1","sessionId":"13","sourceAddress":"tel:8801812345678","applicationId":"APP_1"}`
	if got, body := ask(t, http.MethodPost, base+"/ussd/op", mo); got != 200 || body != `{"statusCode":"S1000","statusDetail":"Success"}` {
		t.Errorf("answered %d %s", got, body)
	}
	want := `POST application/json {"applicationId":"APP_1","password":"pass\"word","message":"বিদায়","sessionId":"13","ussdOperation":"mt-fin","destinationAddress":"tel:8801812345678"}`
	if got := <-pushed; got != want {
		t.Errorf("pushed %s, want %s", got, want)
	}
	status = http.StatusForbidden
	if got, body := ask(t, http.MethodPost, base+"/ussd/op", mo); got != 502 || !strings.Contains(body, "E1312") {
		t.Errorf("a screen that was not taken: answered %d %s", got, body)
	}
	<-pushed
	if n := driver.Counts()["op"].Unpushed.Load(); n != 1 {
		t.Errorf("%d screens are counted as not pushed", n)
	}
}

// TestPeer_Refused: the gateway's side says what was wrong.
func TestPeer_Refused(t *testing.T) {
	t.Parallel()
	d := &desk{reply: hello}
	base, _ := serve(t, ussdhttp.Config{Handler: d, Gateways: []ussdhttp.Gateway{{Name: "setu", Dialect: "setu", Secret: "x", SecretIn: "header:X-Key"}}})
	peer := dialects(t)["setu"].Peer(base)
	if _, err := peer.Dial(citizen, code).Send(t.Context(), ""); !errors.Is(err, ussdhttp.ErrStatus) {
		t.Errorf("Send() = %v, want ErrStatus", err)
	}
	peer.Headers = map[string]string{"X-Key": "x"}
	if a, err := peer.Dial(citizen, code).Send(t.Context(), ""); err != nil || a.Text != "hello" || a.Octets != 5 || a.Page != 1 {
		t.Errorf("Send() = %+v, %v", a, err)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	other := &http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: answerTime}
	go func() { _ = other.Serve(l) }() // its error is that it was closed
	defer func() {
		if err := other.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := dialects(t)["setu"].Dial("http://"+l.Addr().String(), citizen, code).Send(t.Context(), ""); !errors.Is(err, ussdhttp.ErrStatus) {
		t.Errorf("Send() to another server = %v, want ErrStatus", err)
	}
}

// TestPatience: a turn that takes too long is given up on, not waited for.
func TestPatience(t *testing.T) {
	t.Parallel()
	d := handle(func(ctx context.Context, _ gateway.Inbound) (gateway.Reply, error) {
		<-ctx.Done()
		r, _ := say("later", true)
		return r, ctx.Err()
	})
	base, _ := serve(t, ussdhttp.Config{Handler: d, Patience: 10 * time.Millisecond, Gateways: []ussdhttp.Gateway{{Name: "op", Dialect: "africastalking"}}})
	if status, body := ask(t, http.MethodPost, base+"/ussd/op", dial); status != 200 || body != "END later" {
		t.Errorf("answered %d %q", status, body)
	}
}
