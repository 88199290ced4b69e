package mobileapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"setu/channels"
	"setu/gateway"
	"setu/gateway/audit"
	"setu/gateway/catalogue"
	"setu/gateway/dialogue"
	"setu/gateway/outbox"
	"setu/gateway/sqlite"
	"setu/gateway/turn"
	"setu/i18n"
	"setu/ledgerclient"
	"setu/ledgerclient/circuit"
	"setu/ledgerclient/keys"
	"setu/ledgerclient/sandbox"
	"setu/mobileapi"
)

// citizen is one of the sandbox's: card 1000000001 is hers.
const citizen = gateway.Address("+919830000001")

// world is a gateway behind the API, with a sandbox ledger.
type world struct {
	t     testing.TB
	app   *fiber.App
	api   *mobileapi.API
	store *sqlite.Store
	keys  *keys.Store
	chain *sandbox.Ledger
	spec  *description
	ahead atomic.Int64 // of the clock, ns
	sent  atomic.Value // text of the latest SMS
	log   *bytes.Buffer
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

// signer signs as the gateway does.
type signer struct{ *keys.Store }

func (s signer) SignQuery(ctx context.Context, q ledgerclient.Query) (ledgerclient.SignedQuery, error) {
	return ledgerclient.SignQuery(ctx, s.Store, q)
}

func (s signer) SignEnvelope(ctx context.Context, e ledgerclient.Envelope) (ledgerclient.SignedEnvelope, error) {
	return ledgerclient.SignEnvelope(ctx, s.Store, e)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// loadWords reads all services, once for all tests: nothing changes them.
var loadWords = sync.OnceValue(func() *catalogue.Catalogue {
	return must(catalogue.Load(nil, catalogue.Embedded(), os.DirFS("../test/services")))
})

// newWorld makes a gateway in dir.
func newWorld(t testing.TB, dir string) *world {
	t.Helper()
	return newWorldWith(t, dir, func(*mobileapi.Config) {})
}

// newWorldWith makes one with another configuration of the API.
func newWorldWith(t testing.TB, dir string, change func(*mobileapi.Config)) *world {
	t.Helper()
	return makeWorld(t, dir, 0, change)
}

// newWorldAt makes one whose clock is ahead.
func newWorldAt(t testing.TB, dir string, ahead time.Duration) *world {
	t.Helper()
	return makeWorld(t, dir, ahead, func(*mobileapi.Config) {})
}

func makeWorld(t testing.TB, dir string, ahead time.Duration, change func(*mobileapi.Config)) *world {
	t.Helper()
	w := &world{t: t, spec: loadDescription(), log: &bytes.Buffer{}}
	w.ahead.Store(int64(ahead))
	log := slog.New(slog.NewTextHandler(&lockedWriter{w: w.log}, nil))
	words := loadWords()
	ring := must(keys.OpenSandbox(dir, keys.Options{Now: w.now}))
	w.keys = ring
	w.store = must(sqlite.Open(dir, sqlite.Options{Now: w.now}))
	w.chain = must(sandbox.Open(sandbox.Options{
		Path: filepath.Join(dir, "sandbox.ledger"), Seed: 1, Keys: keys.NewVerifier(ring), Pseudonym: ring.Pseudonym, Now: w.now,
	}))
	engine := dialogue.New(words, dialogue.Options{})
	ledger := circuit.New(w.chain, circuit.Options{})
	sealed := must(audit.Open(t.Context(), audit.Config{Store: w.store, Signer: ring, Log: log, Now: w.now, Pseudonym: ring.Pseudonym}))
	var turns *turn.Taker
	config := mobileapi.Config{
		Handler: handler(func(ctx context.Context, in gateway.Inbound) (gateway.Reply, error) { return turns.Handle(ctx, in) }),
		Words:   words, Log: log, Now: w.now, Standing: w.store.Standing,
		Say: func(l i18n.Lang, st gateway.Standing) gateway.Reply {
			return engine.Standing(gateway.Session{Lang: l}, st, w.now()).Reply
		},
		Session: w.store.Session, Devices: w.store, OTPs: w.store, Answers: w.store, Feed: w.store, Proof: w.store.Proof, MAC: ring.Pseudonym, Sandbox: true,
		Prove: func(ctx context.Context, r ledgerclient.Receipt) ([]byte, error) {
			p, err := sealed.Prove(ctx, r, 0)
			if errors.Is(err, audit.ErrNoReceipt) {
				return nil, gateway.ErrNotFound
			}
			return must(json.Marshal(p)), err
		},
		SendOTP: func(to gateway.Address, text gateway.Reply, _ time.Time) error {
			w.sent.Store(words.Render(text, gateway.SMS))
			return nil
		},
	}
	change(&config)
	api := must(mobileapi.New(config))
	work := outbox.New(outbox.Config{
		Store: w.store, Ledger: ledger, Dialogue: engine, Words: words, Signer: signer{ring}, Log: log, Now: w.now,
		Outcome: func(r ledgerclient.Receipt, reply gateway.Reply) { turns.Settled(r, reply) },
		Senders: map[string]channels.Sender{mobileapi.Link: api},
	})
	turns = turn.New(t.Context(), turn.Config{
		Store: w.store, Dialogue: engine, Ledger: ledger, Signer: signer{ring}, Words: words, Outbox: work, Log: log, Now: w.now,
		Back: func(in gateway.Inbound) gateway.Route {
			to := gateway.Route{Medium: gateway.App, Citizen: in.From}
			if !in.From.Guest() {
				to.Link = mobileapi.Link
			}
			return to
		},
		LivePatience: map[gateway.Medium]time.Duration{gateway.App: mobileapi.DefaultPatience},
	})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- work.Run(ctx) }()
	t.Cleanup(func() {
		turns.Close(context.Background())
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := w.store.Close(); err != nil {
			t.Error(err)
		}
		if err := w.chain.Close(); err != nil {
			t.Error(err)
		}
	})
	w.app = fiber.New(fiber.Config{DisableStartupMessage: true, BodyLimit: 4 * mobileapi.MaxBody})
	w.api = api
	api.Mount(w.app)
	w.ahead.Add(int64(time.Second)) // what is made in the second of the start is refused
	return w
}

// handler is a function as a channel's handler.
type handler func(context.Context, gateway.Inbound) (gateway.Reply, error)

func (h handler) Handle(ctx context.Context, in gateway.Inbound) (gateway.Reply, error) {
	return h(ctx, in)
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// do sends a request, and holds what comes back to the description.
func (w *world) do(r *http.Request) answer {
	w.t.Helper()
	return w.doIn(w.t, r)
}

// doIn is do in another test than the world's, as in the runs of a fuzz target.
func (w *world) doIn(t testing.TB, r *http.Request) answer {
	t.Helper()
	var sent []byte
	if r.Body != nil {
		sent = must(io.ReadAll(r.Body))
		r.Body = io.NopCloser(bytes.NewReader(sent))
	}
	resp, err := w.app.Test(r, 60_000)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	defer func() { _ = resp.Body.Close() }()
	got := answer{status: resp.StatusCode, header: resp.Header, body: must(io.ReadAll(resp.Body))}
	for _, fault := range w.spec.faults(r, got) {
		t.Errorf("%s %s %.200s = %d: not as described: %v\n%.500s", r.Method, r.URL, sent, got.status, fault, got.body)
	}
	return got
}

// ask sends a request without a signature. headers are names and values.
func (w *world) ask(method, path, body string, headers ...string) answer {
	w.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Accept-Language", "en")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return w.do(r)
}
