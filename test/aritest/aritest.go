// Package aritest is an Asterisk for tests: the part of its REST interface, of its
// events and of its external media that a gateway needs, with the statuses, the
// fields and the order of events of Asterisk 18 (rest-api/api-docs, res/ari), and
// with the faults that networks and exchanges have.
package aritest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// User and Password are those of ari.conf.
const (
	User     = "setu"
	Password = "secret of the exchange"
)

// App is the application that the dialplan names.
const App = "setu"

// Asterisk is an exchange. Make it with [New].
type Asterisk struct {
	// Rings are the telephones that the gateway has called.
	Rings chan *Phone

	server *httptest.Server

	mu       sync.Mutex
	link     *websocket.Conn // the latest that serves the application
	links    int
	last     int
	channels map[string]*channel
	bridges  map[string][]string // the channels in each
	statuses map[string]int      // by method and path, see [Asterisk.Fail]
	holds    map[string]time.Duration
	delay    time.Duration
	event    func(e map[string]any) []map[string]any // see [Asterisk.Bend]
	frozen   bool
}

// channel is a channel of Asterisk's.
type channel struct {
	id, name     string
	state        string
	caller       string
	exten        string
	in           bool // Stasis
	subscribed   bool
	phone        *Phone
	media        *media
	presentation string
	created      time.Time
}

// New starts an exchange, which is stopped when the test ends.
func New(t testing.TB) *Asterisk {
	t.Helper()
	a := &Asterisk{
		Rings: make(chan *Phone, 16), channels: make(map[string]*channel), bridges: make(map[string][]string),
		statuses: make(map[string]int), holds: make(map[string]time.Duration),
	}
	a.server = httptest.NewServer(http.HandlerFunc(a.serve))
	t.Cleanup(func() {
		a.Cut()
		a.mu.Lock()
		for _, ch := range a.channels {
			ch.close()
		}
		a.mu.Unlock()
		a.server.CloseClientConnections()
		a.server.Close()
	})
	return a
}

func (ch *channel) close() {
	if ch.media != nil {
		ch.media.close()
	}
}

// URL is where the exchange's HTTP server is.
func (a *Asterisk) URL() string { return a.server.URL }

// Fail answers requests such as "POST /channels/externalMedia" with a status; a path
// is compared without the identifiers in it: "DELETE /channels/*". 0 ends it.
func (a *Asterisk) Fail(request string, status int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.statuses[request] = status
}

// LoseAnswer has the answer of one request such as "POST /channels" be lost, though
// it is done.
func (a *Asterisk) LoseAnswer(request string) { a.Fail(request, lost) }

// lost in the place of a status is an answer that does not arrive.
const lost = -1

// Hold has answers to requests such as "POST /channels" arrive so long after what was
// asked for is done, behind the events of it.
func (a *Asterisk) Hold(request string, d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.holds[request] = d
}

// Slow makes each answer take so long.
func (a *Asterisk) Slow(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.delay = d
}

// Bend lets events pass through a function, which may drop them, double them or
// change them; nil ends it.
func (a *Asterisk) Bend(f func(e map[string]any) []map[string]any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.event = f
}

// Freeze has the exchange say nothing on its link and answer no ping, though the
// connection stays.
func (a *Asterisk) Freeze(on bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.frozen = on
}

// Cut breaks the link.
func (a *Asterisk) Cut() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.link != nil {
		_ = a.link.Close() // that is the point
		a.link = nil
	}
}

// Steal has another program take the application.
func (a *Asterisk) Steal() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tell("ApplicationReplaced", nil)
	if a.link != nil {
		_ = a.link.Close() // as Asterisk does
		a.link = nil
	}
}

// Links is how often the gateway has linked itself.
func (a *Asterisk) Links() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.links
}

// Linked says that the gateway serves the application.
func (a *Asterisk) Linked() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.link != nil
}

// Left are the channels and bridges that there are.
func (a *Asterisk) Left() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var list []string
	for _, ch := range a.channels {
		list = append(list, ch.name)
	}
	return append(slices.Sorted(slices.Values(list)), slices.Sorted(maps.Keys(a.bridges))...)
}

// Say sends a message as it is.
func (a *Asterisk) Say(message string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.link != nil {
		_ = a.link.WriteMessage(websocket.TextMessage, []byte(message)) // the link may have broken
	}
}

// StrayChannel is a channel in the application of which no event was sent.
func (a *Asterisk) StrayChannel() *Phone {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.phone("+919830099999", "1800")
	p.ch.in, p.ch.subscribed = true, true
	return p
}

// StrayBridge is a bridge of ours that no call has.
func (a *Asterisk) StrayBridge() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.bridges[App+"-gateway-before-7-media-bridge"] = nil
}

// OtherCall is a call of the exchange that is none of our business.
func (a *Asterisk) OtherCall() *Phone {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.phone("+919830088888", "200")
}

// phone makes a channel with somebody at it.
func (a *Asterisk) phone(from, to string) *Phone {
	a.last++
	ch := &channel{
		id: fmt.Sprintf("%d.%d", 1586730880+a.last, a.last), name: fmt.Sprintf("PJSIP/trunk-%08x", a.last),
		state: "Ring", caller: from, exten: to, created: time.Now(), presentation: "allowed_passed_screen",
	}
	a.channels[ch.id] = ch
	return a.at(ch)
}

// at puts a telephone to a channel.
func (a *Asterisk) at(ch *channel) *Phone {
	ch.phone = &Phone{a: a, ch: ch, answered: make(chan struct{}), ended: make(chan struct{}), talking: make(chan struct{})}
	return ch.phone
}

// tell sends an event about a channel, unless nobody listens.
func (a *Asterisk) tell(kind string, ch *channel, more ...any) {
	if a.link == nil || a.frozen || ch != nil && !ch.subscribed {
		return
	}
	e := map[string]any{"type": kind, "timestamp": stamp(time.Now()), "asterisk_id": "42:01:0a:a4:00:05", "application": App}
	if ch != nil {
		e["channel"] = ch.json()
	}
	for i := 0; i+1 < len(more); i += 2 {
		if key, ok := more[i].(string); ok {
			e[key] = more[i+1]
		}
	}
	events := []map[string]any{e}
	if a.event != nil {
		events = a.event(e)
	}
	for _, one := range events {
		_ = a.link.WriteJSON(one) // the link may have broken
	}
}

// stamp is a time as Asterisk writes it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000-0700") }

// json is a channel as Asterisk shows it.
func (ch *channel) json() map[string]any {
	plan := map[string]any{"context": "from-trunk", "exten": ch.exten, "priority": 2, "app_name": "", "app_data": ""}
	if ch.in {
		plan["app_name"], plan["app_data"] = "Stasis", App
	}
	return map[string]any{
		"id": ch.id, "name": ch.name, "state": ch.state, "protocol_id": "", "caller": map[string]any{"name": "", "number": ch.caller},
		"connected": map[string]any{"name": "", "number": ""}, "accountcode": "", "dialplan": plan,
		"creationtime": stamp(ch.created), "language": "en",
	}
}

// enter takes a channel into the application.
func (a *Asterisk) enter(ch *channel) {
	ch.in, ch.subscribed = true, true
	a.tell("StasisStart", ch, "args", []string{})
}

// destroy ends a channel, with the events that tell it.
func (a *Asterisk) destroy(ch *channel, cause int) {
	if a.channels[ch.id] != ch {
		return
	}
	if ch.in {
		for bridge, in := range a.bridges {
			if slices.Contains(in, ch.id) {
				a.bridges[bridge] = slices.DeleteFunc(in, func(id string) bool { return id == ch.id })
				a.tell("ChannelLeftBridge", ch, "bridge", map[string]any{"id": bridge, "bridge_type": "mixing", "channels": a.bridges[bridge]})
			}
		}
		ch.in = false
		a.tell("StasisEnd", ch)
	}
	a.tell("ChannelDestroyed", ch, "cause", cause, "cause_txt", "")
	delete(a.channels, ch.id)
	ch.close()
	if ch.phone != nil {
		ch.phone.cause = cause
		close(ch.phone.ended)
	}
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // who asks may be gone
}

func refuse(w http.ResponseWriter, status int, message string) {
	write(w, status, map[string]string{"message": message})
}

// shape is a path without its identifiers.
func shape(parts []string) string {
	out := slices.Clone(parts)
	for i := 1; i < len(out); i += 2 {
		if out[i] != "externalMedia" && out[i] != "info" {
			out[i] = "*"
		}
	}
	return "/" + strings.Join(out, "/")
}
