package console_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"setu/gateway"
	"setu/gateway/console"
	"setu/gateway/sqlite"
	"setu/ledgerclient"
)

const token = "operators-token"

// desk is a store as operators work on it; nobody is told what they discard.
type desk struct{ *sqlite.Store }

// Discard gives an item up.
func (d desk) Discard(ctx context.Context, id int64, reason string) error {
	return d.Store.Discard(ctx, id, reason)
}

// serve runs a console over a real store with one parked message.
func serve(t *testing.T, ready bool) (base string, faults *console.Faults) {
	t.Helper()
	store, err := sqlite.Open(t.TempDir(), sqlite.Options{Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	put(t, store)
	faults = &console.Faults{}
	s := console.New(console.Config{
		Token: token, Queue: desk{store}, Standing: store.Standing, Metrics: prometheus.NewRegistry(),
		Checks: []console.Check{
			{Name: "store", Vital: true, Ready: func(context.Context) (bool, string) { return ready, "disk is full" }},
			{Name: "ledger", Ready: func(context.Context) (bool, string) { return false, "out of reach" }},
		},
		ResetPIN: func(_ context.Context, citizen gateway.Address) error {
			if citizen != "+919830000001" {
				return gateway.ErrNoPIN
			}
			return nil
		},
		Documents: map[string]func(context.Context, url.Values) (console.Document, error){
			"note": func(_ context.Context, ask url.Values) (console.Document, error) {
				if ask.Get("of") == "" {
					return console.Document{}, fmt.Errorf("%w: of what?", console.ErrAsked)
				}
				return console.Document{Type: "text/csv", Body: []byte("a," + ask.Get("of"))}, nil
			},
		},
		SetFaults: func(f console.Faults) error { *faults = f; return nil },
		Log:       slog.New(slog.DiscardHandler),
	})
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, store.Close()); err != nil {
			t.Error(err)
		}
	})
	return "http://" + l.Addr().String(), faults
}

// put commits a message and a transaction, and parks the message.
func put(t *testing.T, store *sqlite.Store) {
	t.Helper()
	done := make(chan gateway.Committed, 1)
	store.Commit(gateway.Commit{Effects: []gateway.Effect{
		{
			Kind: gateway.Message, Lane: "sms:1", Lease: true, To: gateway.Route{Link: "op", Citizen: "+919830000001"},
			SMS: &gateway.SMSOut{Text: "words of a citizen"},
		},
		{Kind: gateway.Transaction, Lane: "ledger:1", Ask: &gateway.Ask{Service: "produce"}, Tx: &gateway.TxOut{Receipt: "123456789018"}},
	}}, func(c gateway.Committed, err error) {
		if err != nil {
			t.Error(err)
		}
		done <- c
	})
	it := (<-done).Items[0]
	parked := make(chan error, 1)
	store.Progress(gateway.Progress{ID: it.ID, Token: it.Token, State: gateway.Parked, Reason: "fault"},
		func(_ []gateway.Item, err error) { parked <- err })
	if err := <-parked; err != nil {
		t.Fatal(err)
	}
}

func ask(t *testing.T, method, url, body string, authorized bool) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if authorized {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(raw)
}

func TestServer_API(t *testing.T) {
	t.Parallel()
	base, faults := serve(t, true)
	for _, tt := range []struct {
		name, method, path, body string
		anonymous                bool
		status                   int
		want                     string
	}{
		{name: "alive", method: "GET", path: "/healthz", anonymous: true, status: 200, want: "ok"},
		{name: "ready without a ledger", method: "GET", path: "/readyz", anonymous: true, status: 200, want: "out of reach"},
		{name: "metrics", method: "GET", path: "/metrics", anonymous: true, status: 200},
		{name: "no token", method: "GET", path: "/api/queue", anonymous: true, status: 401, want: "token"},
		{name: "list", method: "GET", path: "/api/queue", status: 200, want: `"state":"parked"`},
		{name: "list by kind", method: "GET", path: "/api/queue?kind=transaction", status: 200, want: `"service":"produce"`},
		{name: "list of no such kind", method: "GET", path: "/api/queue?kind=letters", status: 400, want: "message, transaction or question"},
		{name: "list of no such state", method: "GET", path: "/api/queue?state=lost", status: 400, want: "lost"},
		{name: "show", method: "GET", path: "/api/queue/1", status: 200, want: `"reason":"fault"`},
		{name: "show none", method: "GET", path: "/api/queue/99", status: 404, want: "setu queue list"},
		{name: "show no number", method: "GET", path: "/api/queue/x", status: 400},
		{name: "stats", method: "GET", path: "/api/queue/stats", status: 200, want: `"waiting"`},
		{name: "reset a PIN", method: "POST", path: "/api/pins/reset", body: `{"number":"98300 00001"}`, status: 204},
		{name: "reset none", method: "POST", path: "/api/pins/reset", body: `{"number":"+919830000002"}`, status: 404, want: "has no PIN"},
		{name: "reset of no number", method: "POST", path: "/api/pins/reset", body: `{"number":"1"}`, status: 400, want: "telephone"},
		{name: "reset without token", method: "POST", path: "/api/pins/reset", body: `{"number":"9830000001"}`, anonymous: true, status: 401, want: "token"},
		{name: "discard without reason", method: "POST", path: "/api/queue/1/discard", body: `{"reason":" "}`, status: 400, want: "reason"},
		{name: "retry", method: "POST", path: "/api/queue/1/retry", status: 204},
		{name: "discard", method: "POST", path: "/api/queue/2/discard", body: `{"reason":"test"}`, status: 204},
		{name: "discard what is final", method: "POST", path: "/api/queue/2/discard", body: `{"reason":"test"}`, status: 409, want: "final"},
		{name: "receipt", method: "GET", path: "/api/receipts/1234-5678-9018", status: 200, want: `"state":"dead"`},
		{name: "mistyped receipt", method: "GET", path: "/api/receipts/123456789019", status: 400, want: "mistyped"},
		{name: "document", method: "GET", path: "/api/documents/note?of=b%20%26c", status: 200, want: "a,b &c"},
		{name: "document without what it needs", method: "GET", path: "/api/documents/note", status: 400, want: `"detail":"of what?"`},
		{name: "no such document", method: "GET", path: "/api/documents/letter", status: 404},
		{name: "document without token", method: "GET", path: "/api/documents/note?of=b", anonymous: true, status: 401, want: "token"},
		{name: "faults", method: "POST", path: "/api/sandbox/faults", body: `{"down":true,"delay":"3s"}`, status: 204},
		{name: "nonsense", method: "POST", path: "/api/sandbox/faults", body: `{`, status: 400},
		{name: "no such page", method: "GET", path: "/etc/passwd", anonymous: true, status: 404},
	} {
		status, body := ask(t, tt.method, base+tt.path, tt.body, !tt.anonymous)
		if status != tt.status || !strings.Contains(body, tt.want) {
			t.Errorf("%s: %d %s, want %d with %q", tt.name, status, body, tt.status, tt.want)
		}
		if strings.Contains(body, "98300") || strings.Contains(body, "words of") {
			t.Errorf("%s: shows a number or a text: %s", tt.name, body)
		}
	}
	if !faults.Down || time.Duration(faults.Delay) != 3*time.Second {
		t.Errorf("faults = %+v, want down after 3 s", faults)
	}
}

func TestServer_NotReady(t *testing.T) {
	t.Parallel()
	base, _ := serve(t, false)
	status, body := ask(t, http.MethodGet, base+"/readyz", "", false)
	var r console.Readiness
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		t.Fatal(err)
	}
	if status != http.StatusServiceUnavailable || r.Ready || r.Checks["store"] != "disk is full" {
		t.Errorf("readyz = %d %+v, want 503 and why", status, r)
	}
}

// The receipt used above is one that a citizen could be given.
func TestReceiptIsValid(t *testing.T) {
	t.Parallel()
	if _, err := ledgerclient.ParseReceipt("1234-5678-9018"); err != nil {
		t.Error(err)
	}
}
