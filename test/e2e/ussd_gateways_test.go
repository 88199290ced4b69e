package e2e_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"setu/test/gatewaytest"
)

// TestUSSDConfiguration: a gateway that cannot be served as it is configured is
// refused before anything listens.
func TestUSSDConfiguration(t *testing.T) {
	t.Parallel()
	const gateway = "ussd:\n  gateways:\n    - {name: op, dialect: hubtel"
	for _, tt := range []struct{ name, config, want string }{
		{"unknown key", gateway + ", colour: red}\n", "colour"},
		{"no dialect", "ussd: {gateways: [{name: op}]}\n", "ussd.gateways[0] needs name and dialect"},
		{"unknown dialect", "ussd: {gateways: [{name: op, dialect: klingon}]}\n", `no dialect "klingon"`},
		{"secret without its place", gateway + ", secret_file: x}\n", "secret_in is missing"},
		{"secret that is not there", gateway + ", secret_file: /nowhere, secret_in: basic}\n", `ussd gateway "op"`},
		{"no network", gateway + ", allow: [localhost]}\n", `"localhost" is no network`},
		{"a link's name", "ussd: {gateways: [{name: sandbox, dialect: hubtel}]}\n", "is also a link or a partner"},
		{"way back that is none", "ussd: {sms: {link: nobody}}\n", `ussd.sms.link is "nobody"`},
		{"push without USSD", "links: [{name: op, address: \"x:1\", system_id: s, ussd_push: true}]\n", `link "op": ussd_push needs ussd`},
		{"push in a dialect without it", "links: [{name: op, address: \"x:1\", system_id: s, ussd: tata, ussd_push: true}]\n", `the dialect tata has no to_gateway.notify`},
		{"name of the push", "links: [{name: op, address: \"x:1\", system_id: s}, {name: op/ussd, address: \"x:1\", system_id: s}]\n", `"op/ussd" is the name of USSD on "op"`},
		{"code that is not told", "ussd: {gateways: [{name: op, dialect: imimobile}]}\n", "set short_codes"},
		{"no patience", "ussd: {patience: 0s}\n", "ussd.patience"},
		{"no folder", "ussd: {dialects: [/nowhere]}\n", "/nowhere is no folder"},
		{"open in production", "profile: production\n" + gateway + "}\n", "everybody could dial in any citizen's name"},
		{"proxy that is none", "listen: {proxies: [me]}\n", `"me" is no network`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "setu.yaml")
			if err := os.WriteFile(path, []byte(tt.config), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{
				{"check", "--config", path},
				{"serve", "--config", path, "--data", t.TempDir(), "--smpp", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--public", "127.0.0.1:0", "--sip", "none"},
			} {
				if out, err := command(t, args...); err == nil || !strings.Contains(out, tt.want) {
					t.Errorf("setu %s says (%v), want %q:\n%s", args[0], err, tt.want, out)
				}
			}
		})
	}
}

// TestUSSDGateway_Configured: a configured gateway is served at its path, to
// whoever knows its secret, within its room; and no other dialect is open then.
func TestUSSDGateway_Configured(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("open sesame\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w := open(t, gatewaytest.Options{Config: `
ussd:
  gateways:
    - {name: op, path: /dial/op, dialect: africastalking, short_codes: ["51969"], secret_file: ` + secret + `, secret_in: "header:X-Key", septets: 60}
`})
	number := newNumber()
	w.Note(number)
	dial := func(path, key, text string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+w.HTTP+path,
			strings.NewReader("sessionId=1&serviceCode=*51969%23&phoneNumber=%2B"+number+"&text="+text))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("X-Key", key)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	if status, body := dial("/dial/op", "open", ""); status != http.StatusUnauthorized {
		t.Errorf("with a wrong secret: %d %s", status, body)
	}
	if status, body := dial("/ussd/setu", "open sesame", ""); status != http.StatusNotFound {
		t.Errorf("a dialect that is not configured: %d %s", status, body)
	}
	if status, body := dial("/dial/op", "open sesame", ""); status != http.StatusOK || !strings.HasPrefix(body, "CON ") {
		t.Errorf("with the secret: %d %q", status, body)
	}
	status, body := dial("/dial/op", "open sesame", "3") // English
	if screen, ok := strings.CutPrefix(body, "CON "); status != http.StatusOK || !ok || len(screen) > 60 || !strings.HasSuffix(screen, "9 More") {
		t.Errorf("a screen of at most 60 characters: %d %q", status, body)
	}
	for name, want := range map[string]float64{`setu_ussd_screens_total{gateway="op"}`: 2, `setu_ussd_refused_total{gateway="op"}`: 1, `setu_ussd_requests_total{gateway="op"}`: 3} {
		if got := w.metric(name); got != want {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
}

// TestUSSD_Drain: a gateway that is told to stop answers who is waiting for a
// screen.
func TestUSSD_Drain(t *testing.T) {
	t.Parallel()
	w := open(t, gatewaytest.Options{})
	c := w.newCaller(t, "3")
	w.setu("sandbox", "slow", "--delay", "1500ms")
	shown := make(chan string, 1)
	go func() {
		a, err := c.peer.Dial("+"+c.from, "51969").Send(t.Context(), "1*1*1000000001")
		if err != nil {
			a.Text = err.Error()
		}
		shown <- a.Text
	}()
	w.until("the question is asked", func() bool { return w.metric("setu_ussd_under_way") == 1 })
	if err := w.Stop(); err != nil {
		t.Errorf("Stop() = %v\n%s", err, w.Log())
	}
	select {
	case screen := <-shown:
		within(t, "the screen", screen, "1,000")
	case <-time.After(patience):
		t.Error("no screen came")
	}
}
