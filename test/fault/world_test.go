package fault_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"setu/channels/smpp"
	"setu/gateway/console"
	"setu/test/gatewaytest"
	"setu/ussd/ussdhttp"
)

// direction is who binds to whom.
type direction string

const (
	partner  direction = "partner"  // a partner binds to the gateway and submits
	operator direction = "operator" // the gateway binds to an operator, who delivers
)

// directionOf is the one in turn, where two for each seed take too long.
func directionOf(seed uint64) direction {
	if seed%2 == 0 {
		return partner
	}
	return operator
}

// drainTime is how long the gateway may take to answer all and to be idle.
const drainTime = 60 * time.Second

// world is one data folder, its provider and its citizens, through many lives
// of the gateway.
type world struct {
	t        *testing.T
	random   *rand.Rand
	dir      direction
	data     string
	host     string // where its lives listen
	config   string
	provider *provider
	citizens []*citizen
	diallers []*dialler
	ussd     *ussdhttp.Peer
	http     atomic.Pointer[string] // public address of the life that serves
	day      time.Time              // of lots, in the future

	// sealing is how the audit log is sealed, and shown the checkpoints of it that
	// operators have seen.
	sealing string
	shown   []string

	full bool // the disk may be
	// read reads the ledger in the end; nil is the sandbox's file.
	read   func() []entry
	last   func() // to be done when the last life has ended, or nil
	ctx    context.Context
	life   int
	mu     sync.Mutex
	deaths map[int]time.Time // by life, of those that were killed
	hits   map[string]int    // deaths at each place
	kills  int
	// back is when the ledger was back after an outage of days, and idle when
	// nothing waited any more; zero if there was none.
	back, idle time.Time
	// repeated adds up setu_messages_repeated_total of the lives that could
	// still be asked.
	repeated float64
}

// newWorld makes a world with an empty data folder. Its provider serves until
// the test ends.
func newWorld(t *testing.T, dir direction, seed uint64) *world {
	t.Helper()
	r := random(t, seed)
	w := &world{
		t: t, random: r, dir: dir, data: t.TempDir(), host: newHost(), provider: newProvider(r), ctx: t.Context(),
		sealing: sealed, day: time.Now().AddDate(0, 0, 20), deaths: map[int]time.Time{}, hits: map[string]int{},
	}
	if dir == operator {
		w.provider.receipts = true
		w.operate()
	}
	w.openUSSD()
	t.Cleanup(w.provider.running.Wait)
	return w
}

// hosts counts the worlds.
var hosts atomic.Uint32

// newHost is an address of this machine for one world. Its lives come and go, and
// so do their ports: a citizen who dials the port of one that was killed must not
// reach the gateway of another world, which would take what she says.
func newHost() string {
	n := hosts.Add(1)
	return fmt.Sprintf("127.1.%d.%d", n/250, 1+n%250)
}

// operate serves as the operator's SMSC, and writes the gateway's configuration.
func (w *world) operate() {
	server, err := smpp.NewServer(smpp.ServerConfig{
		SystemID:     "smsc",
		Authenticate: func(context.Context, smpp.BindRequest) (smpp.Partner, smpp.Status) { return smpp.Partner{}, smpp.ROK },
		OnBound:      w.provider.bound,
		OnClosed:     func(s *smpp.Session, _ error) { w.provider.lost(s) },
		DrainTime:    time.Millisecond,
		SessionConfig: smpp.SessionConfig{
			Handler: func(r *smpp.Request) { w.provider.take(w.ctx, r) },
			Window:  256, ResponseTimeout: patience, ProgressTimeout: patience,
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(w.ctx, "tcp", net.JoinHostPort(w.host, "0"))
	if err != nil {
		w.t.Fatal(err)
	}
	served := make(chan struct{})
	go func() { defer close(served); _ = server.Serve(w.ctx, l) }() // ends with the test
	w.t.Cleanup(func() { <-served })
	w.config = fmt.Sprintf("links:\n  - {name: operator-a, address: %q, system_id: setu, bind: transceiver, window: 256, short_codes: [%q], receipts: true}\n", l.Addr(), code)
}

// life is one process of the gateway.
type life struct {
	*gatewaytest.Gateway
	w      *world
	number int
	ended  chan struct{}
}

// begin counts one more life.
func (w *world) begin() {
	w.t.Helper()
	w.life++
	ctx, cancel := context.WithTimeout(w.ctx, drainTime)
	defer cancel()
	if err := w.provider.begin(ctx, w.life); err != nil {
		w.t.Fatalf("the link of a life that has ended stays: %v", err)
	}
}

// launch begins a life that dies at the n-th passing of a place, or at none
// when place is empty.
func (w *world) launch(place string, n int) *life {
	w.t.Helper()
	if place == "" {
		return w.live(gatewaytest.Options{Bin: built})
	}
	return w.live(gatewaytest.Options{Bin: built, Env: []string{fmt.Sprintf("SETU_CRASH=%s:%d", place, n)}})
}

// live begins a life in the world's folder.
func (w *world) live(o gatewaytest.Options) *life {
	w.t.Helper()
	w.begin()
	o.Dir, o.Host, o.Config = w.data, w.host, w.config+w.sealing
	l := &life{Gateway: gatewaytest.Launch(w.t, o), w: w, number: w.life, ended: make(chan struct{})}
	l.Bin = built // of the commands that ask it
	go func() {
		for !l.Wait(time.Minute) { //nolint:revive // until the process has ended
		}
		close(l.ended)
	}()
	if l.HTTP != "" {
		w.http.Store(&l.HTTP)
	}
	if w.dir == partner && l.SMPP != "" {
		w.dial(l)
	}
	return l
}

// interrupt begins a life and kills it after a time, wherever its start stands.
func (w *world) interrupt(after time.Duration) {
	w.t.Helper()
	w.begin()
	path := filepath.Join(w.t.TempDir(), "setu.yaml")
	if err := os.WriteFile(path, []byte(w.config+w.sealing), 0o600); err != nil {
		w.t.Fatal(err)
	}
	free := net.JoinHostPort(w.host, "0")
	args := []string{
		"serve", "--config", path, "--data", w.data, "--smpp", free, "--admin", free, "--public", free, "--sip", "none",
	}
	cmd := exec.CommandContext(w.ctx, built, args...) //nolint:gosec // the binary under test
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	_ = pause(w.ctx, after) // the test's end kills as well
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // says that it was killed
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deaths[w.life] = time.Now()
	w.kills++
}

// dial binds to a life as the sandbox partner, until it ends.
func (w *world) dial(l *life) {
	var last *smpp.Session
	c, err := smpp.NewClient(smpp.ClientConfig{
		Name: "partner", Addr: l.SMPP, SystemID: "sandbox", Password: "sandbox", DrainTime: time.Millisecond,
		Random: func() float64 { return 0 }, // bind again soon
		OnState: func(s smpp.LinkState) {
			if s.Session != nil {
				last = s.Session
				w.provider.bound(s.Session)
			} else if last != nil {
				w.provider.lost(last)
			}
		},
		SessionConfig: smpp.SessionConfig{
			Handler: func(r *smpp.Request) { w.provider.take(w.ctx, r) },
			Window:  256, ResponseTimeout: patience, ProgressTimeout: patience,
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.ctx)
	go func() { <-l.ended; cancel() }()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_ = c.Run(ctx) // ends with the life
		if last != nil {
			w.provider.lost(last)
		}
	}()
	w.t.Cleanup(func() { cancel(); <-gone })
}

// died takes down a life that has ended by kill -9.
func (l *life) died() {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	if _, known := l.w.deaths[l.number]; !known {
		l.w.deaths[l.number] = time.Now()
		l.w.kills++
	}
}

// kill ends a life as kill -9 does.
func (l *life) kill() {
	l.Kill()
	l.died()
}

// within waits for the life to end, or for a time.
func (l *life) within(d time.Duration) bool {
	if !l.Wait(d) {
		return false
	}
	l.died()
	return true
}

// ready launches a life and waits until it serves.
func (w *world) ready(place string, n int) *life {
	w.t.Helper()
	l := w.launch(place, n)
	if !l.Ready(drainTime) {
		w.t.Fatalf("life %d is not ready:\n%s", l.number, l.Log())
	}
	return l
}

// batch is citizens who write and dial at the same time.
type batch struct {
	citizens []*citizen
	ended    chan struct{} // all was acknowledged and, for the patient, answered
}

// callers is how many citizens dial while others write.
const callers = 2

// write lets n new citizens write until all is acknowledged, and a few others
// dial.
func (w *world) write(n int) *batch {
	b := &batch{ended: make(chan struct{})}
	var writing sync.WaitGroup
	for range n {
		c := newCitizen(w.random, fmt.Sprintf("9198%08d", len(w.citizens)+1), w.day)
		w.citizens = append(w.citizens, c)
		b.citizens = append(b.citizens, c)
		w.provider.add(c)
		delay := time.Duration(w.random.IntN(100)) * time.Millisecond
		writing.Go(func() { w.converse(c, delay) })
	}
	for range callers {
		writing.Go(w.newDialler().register)
	}
	go func() { writing.Wait(); close(b.ended) }()
	w.t.Cleanup(func() { <-b.ended })
	return b
}

// converse works through a citizen's steps.
func (w *world) converse(c *citizen, delay time.Duration) {
	if pause(w.ctx, delay) != nil {
		return
	}
	for i := range c.steps {
		s := &c.steps[i]
		before, _ := c.heard()
		if err := w.provider.say(w.ctx, c.number, s.say); err != nil {
			if w.ctx.Err() == nil {
				w.t.Errorf("%s: %q cannot be sent: %v", c.number, s.say, err)
			}
			return
		}
		c.taken()
		for c.patient {
			if now, _ := c.heard(); now > before {
				break
			}
			if pause(w.ctx, 2*time.Millisecond) != nil {
				return
			}
		}
	}
}

// count gives the number of the batch's messages, and of those that confirm a
// transaction.
func (b *batch) count() (messages, requests int) {
	for _, c := range b.citizens {
		messages += len(c.steps)
		for _, s := range c.steps {
			if s.effect != nil {
				requests++
			}
		}
	}
	return messages, requests
}

// answered says that all messages are acknowledged and answered.
func (b *batch) answered() bool {
	select {
	case <-b.ended:
	default:
		return false
	}
	return !slices.ContainsFunc(b.citizens, func(c *citizen) bool { return !c.answered() })
}

// await waits until a condition holds, the life has ended, or the time is over.
// It says whether the condition holds.
func (l *life) await(d time.Duration, holds func() bool) bool {
	deadline := time.After(d)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-l.ended:
			return holds()
		case <-deadline:
			return false
		case <-tick.C:
		}
	}
	return true
}

// amid waits until a part of the batch, drawn at random, is acknowledged: a
// moment with work under way everywhere.
func (l *life) amid(b *batch) {
	messages, _ := b.count()
	already := l.w.provider.acked.Load()
	part := 1 + l.w.random.Int64N(int64(messages))
	l.await(2*time.Second, func() bool { return l.w.provider.acked.Load()-already >= part || b.answered() })
	l.note()
}

// drain waits until a batch is answered and the gateway has nothing left to do.
func (l *life) drain(b *batch) {
	l.w.t.Helper()
	if !l.await(drainTime, b.answered) {
		l.w.missing(b)
		waits, _ := l.Setu("queue", "list")
		l.w.t.Fatalf("life %d did not answer all within %v; what waits:\n%s\nits log:\n%s", l.number, drainTime, waits, l.Log())
	}
	var s console.Stats
	idle := func() bool {
		s = console.Stats{}
		return l.call(http.MethodGet, "/api/queue/stats", nil, &s) == nil && len(s.Waiting) == 0 && s.Accepted == 0
	}
	if !l.await(drainTime, idle) {
		l.w.t.Fatalf("life %d is not idle within %v: %+v; its log:\n%s", l.number, drainTime, s, l.Log())
	}
	l.note()
}

// missing tells whose messages have no answer.
func (w *world) missing(b *batch) {
	w.t.Helper()
	for _, c := range b.citizens {
		if c.answered() {
			continue
		}
		c.mu.Lock()
		w.t.Errorf("%s: %d of %d messages are acknowledged: %+v; told: %+v", c.number, c.acked, len(c.steps), c.steps, c.told)
		c.mu.Unlock()
	}
}

// call asks a life's admin API. in is sent as JSON unless nil, and the answer
// decoded into out unless nil.
func (l *life) call(method, path string, in, out any) error {
	token, err := os.ReadFile(filepath.Join(l.Dir, "admin.token"))
	if err != nil {
		return err
	}
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second) // also of a test that ends
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, "http://"+l.Admin+path, &body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("status %s", resp.Status)
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

// fault makes the sandbox ledger misbehave. A life that has died is left alone.
func (l *life) fault(f console.Faults) {
	l.w.t.Helper()
	if err := l.call(http.MethodPost, "/api/sandbox/faults", f, nil); err != nil && !l.within(time.Second) {
		l.w.t.Fatalf("set faults: %v", err)
	}
}

// end ends a life that is idle: in good order or by kill -9, as the draw goes.
func (l *life) end() {
	l.w.t.Helper()
	_, metrics := l.Get("/metrics")
	for line := range strings.Lines(metrics) {
		var n float64
		if _, err := fmt.Sscanf(line, "setu_messages_repeated_total %g", &n); err == nil {
			l.w.repeated += n
		}
	}
	if l.w.random.IntN(2) == 0 {
		l.kill()
		return
	}
	l.stop()
}

// stop ends a life in good order.
func (l *life) stop() {
	l.w.t.Helper()
	if err := l.Stop(); err != nil {
		l.w.t.Fatalf("stop: %v\n%s", err, l.Log())
	}
}
