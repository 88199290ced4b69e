package console_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"setu/gateway/console"
	"setu/gateway/operators"
	"setu/gateway/sqlite"
)

// serveActs runs a console whose acts need the operators that are named.
func serveActs(t *testing.T, names ...operators.Key) (base string) {
	t.Helper()
	dir := t.TempDir()
	store, err := sqlite.Open(dir, sqlite.Options{Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	put(t, store)
	c := operators.Config{
		Path: filepath.Join(dir, "operators.log"), Now: time.Now,
		Kinds: map[string]operators.Kind{console.Discard: console.DiscardKind(desk{store})},
	}
	for _, k := range names {
		o, err := operators.ParseOperator(k.Name, k.Public())
		if err != nil {
			t.Fatal(err)
		}
		c.Operators = append(c.Operators, o)
	}
	book, err := operators.NewBook(c)
	if err != nil {
		t.Fatal(err)
	}
	s := console.New(console.Config{
		Token: token, Queue: desk{store}, Standing: store.Standing, Metrics: prometheus.NewRegistry(), Acts: book,
		Log: slog.New(slog.DiscardHandler),
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
		if err := errors.Join(<-ended, store.Close(), book.Close()); err != nil {
			t.Error(err)
		}
	})
	return "http://" + l.Addr().String()
}

func newOperator(t *testing.T, name string) operators.Key {
	t.Helper()
	k, err := operators.NewKey(name)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// list asks for the acts as an operator.
func list(t *testing.T, base string, k operators.Key) (int, operators.Listing) {
	t.Helper()
	s, err := k.Sign(operators.Statement{Verb: operators.List, Time: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/api/acts", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", console.ActHeader(s))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var out operators.Listing
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, out
}

func take(t *testing.T, base string, k operators.Key, s operators.Statement) (int, string) {
	t.Helper()
	s.Time = time.Now()
	signed, err := k.Sign(s)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(console.ActRequest{Signed: signed})
	if err != nil {
		t.Fatal(err)
	}
	return ask(t, http.MethodPost, base+"/api/acts", string(raw), false)
}

func TestServer_Acts(t *testing.T) {
	t.Parallel()
	asha, ben := newOperator(t, "asha"), newOperator(t, "ben")
	base := serveActs(t, asha, ben)
	status, before := list(t, base, asha)
	if status != http.StatusOK || !before.Two || before.Gateway == "" {
		t.Fatalf("acts = %d %+v, want an empty list of a gateway that needs two", status, before)
	}
	if status, _ := list(t, base, newOperator(t, "asha")); status != http.StatusUnauthorized {
		t.Errorf("acts for a stranger = %d, want 401", status)
	}
	if status, body := ask(t, http.MethodPost, base+"/api/queue/1/discard", `{"reason":"test"}`, true); status != http.StatusForbidden || !strings.Contains(body, "--as") {
		t.Errorf("discard with the token alone = %d %s, want 403", status, body)
	}
	if status, body := ask(t, http.MethodPost, base+"/api/acts", `{"kind":"queue.discard","args":{"item":"1","reason":"test"}}`, true); status != http.StatusForbidden {
		t.Errorf("the act with the token alone = %d %s, want 403", status, body)
	}
	status, body := take(t, base, asha, operators.Statement{
		Verb: operators.Propose, Gateway: before.Gateway, Kind: console.Discard, Args: map[string]string{"item": "1", "reason": "test"},
	})
	var a operators.Act
	if err := json.Unmarshal([]byte(body), &a); err != nil || status != http.StatusOK || a.State != operators.Waiting {
		t.Fatalf("propose = %d %s", status, body)
	}
	if status, body := take(t, base, asha, operators.Statement{Verb: operators.Confirm, Gateway: before.Gateway, Act: a.Digest}); status != http.StatusForbidden || !strings.Contains(body, "another operator") {
		t.Errorf("confirm by oneself = %d %s, want 403", status, body)
	}
	for range 2 {
		if status, body := take(t, base, ben, operators.Statement{Verb: operators.Confirm, Gateway: before.Gateway, Act: a.Digest}); status != http.StatusOK || !strings.Contains(body, "item 1 is discarded") {
			t.Errorf("confirm = %d %s, want it done", status, body)
		}
	}
	if status, body := ask(t, http.MethodGet, base+"/api/queue/1", "", true); status != http.StatusOK || !strings.Contains(body, `"state":"dead"`) {
		t.Errorf("the item = %d %s, want it dead", status, body)
	}
	if status, body := take(t, base, ben, operators.Statement{Verb: operators.Propose, Gateway: before.Gateway, Kind: console.Discard, Args: map[string]string{"item": "1"}}); status != http.StatusBadRequest {
		t.Errorf("propose without a reason = %d %s, want 400", status, body)
	}
	if status, body := take(t, base, ben, operators.Statement{Verb: operators.Withdraw, Gateway: before.Gateway, Act: "00"}); status != http.StatusNotFound {
		t.Errorf("withdraw nothing = %d %s, want 404", status, body)
	}
}

func TestServer_ActsWithoutOperators(t *testing.T) {
	t.Parallel()
	base := serveActs(t)
	for _, tt := range []struct {
		name, method, path, body string
		anonymous                bool
		status                   int
		want                     string
	}{
		{name: "list", method: "GET", path: "/api/acts", status: 200, want: `"two":false`},
		{name: "list without the token", method: "GET", path: "/api/acts", anonymous: true, status: 401},
		{name: "without the token", method: "POST", path: "/api/acts", body: `{"kind":"queue.discard"}`, anonymous: true, status: 401},
		{name: "nonsense", method: "POST", path: "/api/acts", body: `{`, status: 400},
		{name: "no such kind", method: "POST", path: "/api/acts", body: `{"kind":"format"}`, status: 400, want: "queue.discard"},
		{name: "no reason", method: "POST", path: "/api/acts", body: `{"kind":"queue.discard","args":{"item":"1"}}`, status: 400, want: "reason"},
		{name: "no such item", method: "POST", path: "/api/acts", body: `{"kind":"queue.discard","args":{"item":"99","reason":"test"}}`, status: 422},
		{name: "discard", method: "POST", path: "/api/queue/1/discard", body: `{"reason":"test"}`, status: 204},
		{name: "discard none", method: "POST", path: "/api/queue/99/discard", body: `{"reason":"test"}`, status: 404},
	} {
		status, body := ask(t, tt.method, base+tt.path, tt.body, !tt.anonymous)
		if status != tt.status || !strings.Contains(body, tt.want) {
			t.Errorf("%s: %d %s, want %d with %q", tt.name, status, body, tt.status, tt.want)
		}
	}
}
